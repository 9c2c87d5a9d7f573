"""Stamps: the holder's own with their history and the form to apply, and the centre's desk where applications are decided."""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse

from ggzy.kernel.refusals import BadInput, Refusal
from ggzy.parties.grid import Permission as P
from ggzy.parties.grid import may
from ggzy.portals.frame import done, now, route, show, text, who
from ggzy.portals.work import Todo, only_posted, refused_here, refused_json
from ggzy.seals import actions, queries
from ggzy.seals.rules import MOST_BYTES, State, kinds_for
from ggzy.seals.sealing import finish_beside

_OWN, _DESK = "work/seals.html", "work/seals_desk.html"


def todos() -> list[Todo]:
    """Return the applications that wait, as one thing to do."""
    count = queries.waiting_count()
    where = f"{count}枚印章等待审核"
    return [Todo(what="审核印章申请", where=where, href="/work/seals/desk", label="审核")] if count else []


def _own_page(request: HttpRequest) -> dict[str, Any]:
    actor = who(request)
    rows = queries.own_stamps(viewer=actor)
    certificates = queries.bindable(viewer=actor, now=now())
    return {
        "rows": rows,
        "waiting": [row for row in rows if row.state == State.APPLIED],
        "kinds": [
            (k.value, k.label) for k in kinds_for(actor.role, organisation=bool(actor.organisation_pk))
        ],
        "certificates": certificates,
        "may_decide": may(actor, P.STAMP_DESK),
        "most_kb": MOST_BYTES // 1024,
        "given": {"kind": "", "certificates": [actor.certificate]},
    }


def own(request: HttpRequest) -> HttpResponse:
    """List one's own stamps; take an application."""
    if request.method != "POST":
        return show(request, _OWN, _own_page(request))
    given: dict[str, Any] = {
        "kind": text(request, "kind"),
        "how": text(request, "how"),
        "certificates": request.POST.getlist("certificates"),
    }
    try:
        upload = request.FILES.get("image") if given["how"] == "upload" else None
        if given["how"] == "upload" and upload is None:
            raise BadInput("请选择印章图片, 或改选由平台绘制", field="image")
        if upload is not None and (upload.size or 0) > MOST_BYTES:
            raise BadInput(f"印章图片超过{MOST_BYTES // 1024}KB, 请压缩后再上传", field="image")
        made = actions.apply_for_stamp(
            kind=given["kind"],
            image=upload.read() if upload else None,
            certificates=given["certificates"],
            actor=who(request),
            now=now(),
        )
    except Refusal as refusal:
        return refused_here(request, _OWN, _own_page(request), refusal, given=given)
    return done(f"/work/seals#s-{made.public_id}", "已申请, 等交易中心审核; 结果会发消息")


def change(request: HttpRequest, stamp_id: str) -> HttpResponse:
    """Suspend, resume or withdraw a stamp, from either page."""
    at_desk = text(request, "from") == "desk"
    try:
        row = actions.change_stamp(
            stamp_id=stamp_id,
            act=text(request, "act"),
            reason=text(request, "reason"),
            actor=who(request),
            now=now(),
        )
    except Refusal as refusal:
        page = _desk_page(request) if at_desk else _own_page(request)
        template = _DESK if at_desk else _OWN
        given = {**page["given"], "stamp": stamp_id, "reason": text(request, "reason")}
        return refused_here(request, template, page, refusal, given=given)
    back = f"/work/seals/desk?state={row.state}" if at_desk else "/work/seals"
    return done(back, f"印章{State(row.state).label}")


def bind(request: HttpRequest, stamp_id: str) -> HttpResponse:
    """Bind one more certificate to a stamp."""
    try:
        actions.bind_to_stamp(
            stamp_id=stamp_id, fingerprint=text(request, "fingerprint"), actor=who(request), now=now()
        )
    except Refusal as refusal:
        page = _own_page(request)
        return refused_here(request, _OWN, page, refusal, given={**page["given"], "stamp": stamp_id})
    return done(f"/work/seals#s-{stamp_id}", "证书已绑定")


def beside(request: HttpRequest) -> HttpResponse:
    """Take the SM2 signature that stands beside a seal, from the script that signs."""
    try:
        finish_beside(
            purpose=text(request, "purpose"),
            subject=text(request, "subject"),
            signature=text(request, "signature"),
            actor=who(request),
        )
    except Refusal as refusal:
        return refused_json(request, refusal)
    return JsonResponse({"message": "SM2签名已加入"})


def image(request: HttpRequest, stamp_id: str) -> HttpResponse:
    """Send the image of a stamp."""
    answer = HttpResponse(queries.image_of(stamp_id=stamp_id, viewer=who(request)), content_type="image/png")
    answer["Cache-Control"] = "private, max-age=3600"
    return answer


def _desk_page(request: HttpRequest) -> dict[str, Any]:
    state = request.GET.get("state", "")
    if state not in list(State):
        state = State.APPLIED.value
    return {
        "rows": queries.stamps_to_decide(viewer=who(request), state=state),
        "state": state,
        "states": [(s.value, s.label) for s in State],
        "given": {},
    }


def desk(request: HttpRequest) -> HttpResponse:
    """List what waits for the centre, or stamps in any other state."""
    return show(request, _DESK, _desk_page(request))


def decide(request: HttpRequest, stamp_id: str) -> HttpResponse:
    """Approve or refuse an application."""
    good = text(request, "act") == "approve"
    try:
        actions.decide_stamp(
            stamp_id=stamp_id, good=good, reason=text(request, "reason"), actor=who(request), now=now()
        )
    except Refusal as refusal:
        given = {"stamp": stamp_id, "reason": text(request, "reason")}
        return refused_here(request, _DESK, _desk_page(request), refusal, given=given)
    return done("/work/seals/desk", "已审核通过, 印章在用" if good else "已退回, 理由已告知申请人")


urlpatterns = [
    route("work/seals", own, name="work-seals", permission=P.STAMP_KEEP),
    route("work/seals/beside", only_posted(beside), name="work-seal-beside", permission=P.STAMP_KEEP),
    route("work/seals/desk", desk, name="work-seals-desk", permission=P.STAMP_DESK),
    route("work/seals/<str:stamp_id>.png", image, name="work-seal-image", permission=P.STAMP_KEEP),
    route(
        "work/seals/<str:stamp_id>/change",
        only_posted(change),
        name="work-seal-change",
        permission=P.STAMP_KEEP,
    ),
    route(
        "work/seals/<str:stamp_id>/bind", only_posted(bind), name="work-seal-bind", permission=P.STAMP_KEEP
    ),
    route(
        "work/seals/<str:stamp_id>/decide",
        only_posted(decide),
        name="work-seal-decide",
        permission=P.STAMP_DECIDE,
    ),
]
