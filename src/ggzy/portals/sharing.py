"""Pages of experts shared between centres: agreements, pools that do not answer, calls for partners, guests at the check-in."""

from typing import Any

from django.http import HttpRequest, HttpResponse

from ggzy.experts import agreements, borrowing, guests, lending
from ggzy.experts import queries as draws
from ggzy.kernel.actors import Actor, Role
from ggzy.kernel.refusals import BadInput, NotFound, Refusal
from ggzy.parties.grid import Permission as P
from ggzy.parties.grid import may
from ggzy.portals.draws import owner_page
from ggzy.portals.frame import done, now, route, show, text, who
from ggzy.portals.pool_own import day
from ggzy.portals.work import Todo, only_posted, refused_here

_PAGE, _HERE = "work/pool_agreements.html", "/work/pool/agreements"
_FIELDS = ("side", "partner_name", "partner_address", "specialties", "since", "until")


def todos(actor: Actor) -> list[Todo]:
    """Return the letters the centre has to answer."""
    if actor.role is not Role.CENTRE:
        return []
    return [
        Todo(
            what="核对对方密钥, 使专家共享协议生效",
            where=name,
            href=f"{_HERE}#{agreement}",
            label="办理",
        )
        for agreement, name in agreements.to_answer()
    ]


def _agreements(request: HttpRequest) -> dict[str, Any]:
    actor = who(request)
    return {
        **agreements.agreements(actor=actor, now=now()),
        "centre": may(actor, P.AGREEMENT_KEEP),
        "given": {},
    }


def list_agreements(request: HttpRequest) -> HttpResponse:
    """Show the agreements; propose one."""
    if request.method != "POST":
        return show(request, _PAGE, _agreements(request))
    given = {name: text(request, name) for name in _FIELDS}
    try:
        agreements.propose(
            side=given["side"],
            partner_name=given["partner_name"],
            partner_address=given["partner_address"],
            specialties=given["specialties"].replace(",", " ").replace("、", " ").split(),
            since=day(request, "since", says="开始日期"),
            until=day(request, "until", says="截止日期"),
            actor=who(request),
            now=now(),
        )
    except Refusal as refusal:
        return refused_here(request, _PAGE, _agreements(request), refusal, given=given)
    return done(_HERE, "已签署协议函, 请下载后发给对方")


def receive(request: HttpRequest) -> HttpResponse:
    """Take a partner's letter, as a file or pasted."""
    upload = request.FILES.get("file")
    letter = upload.read(100_000).decode("utf-8", "replace") if upload else text(request, "letter")
    try:
        agreements.receive(text=letter, actor=who(request), now=now())
    except Refusal as refusal:
        given = {"letter": letter if not upload else ""}
        return refused_here(request, _PAGE, _agreements(request), refusal, given=given, field="letter")
    return done(_HERE, "已收下协议函, 请电话核对对方的核对码")


def letter(request: HttpRequest, agreement_id: str) -> HttpResponse:
    """Send the centre's signed letter as a file."""
    rows = agreements.agreements(actor=who(request), now=now())["rows"]
    found = next((r["letter"] for r in rows if r["agreement"] == agreement_id), "")
    if not found:
        raise NotFound("没有这份协议函", next_steps=(("专家共享协议", _HERE),))
    answer = HttpResponse(found, content_type="application/json")
    answer["Content-Disposition"] = f'attachment; filename="agreement-{agreement_id[:8]}.json"'
    return answer


def accept(request: HttpRequest, agreement_id: str) -> HttpResponse:
    """Bring an agreement into force."""
    given = {"digits": text(request, "digits"), "at": agreement_id}
    try:
        agreements.accept(agreement_id=agreement_id, digits=given["digits"], actor=who(request), now=now())
    except Refusal as refusal:
        return refused_here(request, _PAGE, _agreements(request), refusal, given=given, field="digits")
    return done(_HERE, "协议在本中心已生效, 请把复函发给对方")


def end(request: HttpRequest, agreement_id: str) -> HttpResponse:
    """End an agreement."""
    given = {"reason": text(request, "reason"), "at": agreement_id}
    try:
        agreements.end(agreement_id=agreement_id, reason=given["reason"], actor=who(request), now=now())
    except Refusal as refusal:
        return refused_here(request, _PAGE, _agreements(request), refusal, given=given, field="reason")
    return done(_HERE, "协议已终止, 请通知对方; 已冻结的名单用到该次抽取结束")


def propose_aside(request: HttpRequest, loan_id: str) -> HttpResponse:
    """Propose to wait for a pool no longer."""
    draw, given = text(request, "draw"), {"aside": text(request, "aside"), "loan": loan_id}
    try:
        borrowing.propose_aside(loan_id=loan_id, reason=given["aside"], actor=who(request), now=now())
    except Refusal as refusal:
        page = owner_page(request, draw)
        return refused_here(request, "work/draw_owner.html", page, refusal, given=given, field="aside")
    return done(f"/work/draws/{draw}/committee", "已提出, 由监督部门决定")


def decide_aside(request: HttpRequest, loan_id: str) -> HttpResponse:
    """Decide whether a draw goes on without a pool."""
    draw, given = text(request, "draw"), {"aside": text(request, "aside"), "loan": loan_id}
    approve = text(request, "approve") == "yes"
    try:
        borrowing.decide_aside(
            loan_id=loan_id, approve=approve, opinion=given["aside"], actor=who(request), now=now()
        )
    except Refusal as refusal:
        page = {"draw": draws.draw_row(draw)}
        return refused_here(request, "work/draw_oversight.html", page, refusal, given=given, field="aside")
    says = "已同意, 该专家库不再参加本次抽取" if approve else "已不同意, 继续等待"
    return done(f"/work/draws/{draw}/oversight", says)


def answer_lent(request: HttpRequest, call_id: str) -> HttpResponse:
    """Answer a call for a partner's committee."""
    accept = text(request, "accept")
    if accept not in {"yes", "no"}:
        raise BadInput("请选择参加或不能参加", field="accept")
    lending.answer_lent(call_id=call_id, accept=accept == "yes", actor=who(request), now=now())
    says = "已答复: 同意参加, 请记下签到凭证" if accept == "yes" else "已答复: 不能参加, 由下一名递补"
    return done("/work/calls", says)


def arrive(request: HttpRequest) -> HttpResponse:
    """Identify an expert of another pool once the bids are opened, and open their account here."""
    page: dict[str, Any] = {"given": {}}
    if request.method != "POST":
        return show(request, "work/arrive.html", page)
    given = {name: text(request, name) for name in ("label", "token", "username")}
    password = str(request.POST.get("password", ""))
    try:
        if password != str(request.POST.get("password_again", "")):
            raise BadInput("两次输入的密码不一致, 请重新输入", field="password_again")
        guests.arrive(**given, password=password, actor=who(request), now=now())
    except Refusal as refusal:
        return refused_here(request, "work/arrive.html", page, refusal, given=given)
    return done("/login?next=/certificates", "身份已核对。请登录, 绑定数字证书, 然后在工作台签到")


_AGREEMENT, _LOAN = f"{_HERE[1:]}/<str:agreement_id>", "work/loans/<str:loan_id>"
urlpatterns = [
    route(_HERE[1:], list_agreements, name="pool-agreements", permission=P.POOL_OPEN),
    route(f"{_HERE[1:]}/letters", only_posted(receive), name="pool-letter-in", permission=P.AGREEMENT_KEEP),
    route(f"{_AGREEMENT}/letter.json", letter, name="pool-letter", permission=P.POOL_OPEN),
    route(f"{_AGREEMENT}/accept", only_posted(accept), name="pool-accept", permission=P.AGREEMENT_KEEP),
    route(f"{_AGREEMENT}/end", only_posted(end), name="pool-end", permission=P.AGREEMENT_KEEP),
    route(f"{_LOAN}/aside", only_posted(propose_aside), name="loan-aside", permission=P.DRAW_REQUEST),
    route(f"{_LOAN}/decision", only_posted(decide_aside), name="loan-decision", permission=P.DRAW_OVERSEE),
    route(
        "work/lent-calls/<str:call_id>/answer",
        only_posted(answer_lent),
        name="lent-answer",
        permission=P.DRAW_ANSWER,
    ),
    route("experts/arrive", arrive, name="expert-arrive", permission=P.PARTY_REGISTER),
]
