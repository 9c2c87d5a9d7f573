"""Desk work for many at once: each act stays one act in its own transaction, with its own answer; a batch may stop anywhere."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse

from ggzy.awarding import actions as awarding
from ggzy.awarding.queries import awards_of, not_plain
from ggzy.evaluation.queries import rankings_of
from ggzy.evidence.actions import record_refusal
from ggzy.kernel.actors import Actor, Role
from ggzy.kernel.refusals import BadInput, Refusal
from ggzy.opening import actions as opening
from ggzy.opening import queries as openings
from ggzy.papers import actions as papers
from ggzy.parties.grid import Permission as P
from ggzy.parties.grid import require
from ggzy.portals.exports import EXPORT_LIST
from ggzy.portals.frame import now, route, show, text, who
from ggzy.portals.work import refused_here, to_sign_answer
from ggzy.procedures.catalogue import BY_CODE
from ggzy.procedures.spec import Stage
from ggzy.tendering import actions as tendering
from ggzy.tendering.worklist import WorkRow, work_rows


@dataclass(frozen=True, kw_only=True)
class Item:
    """One thing that may be ticked: what it is, what the person decides by, where it is looked at."""

    ref: str
    name: str
    detail: str
    href: str


Act = Callable[[str, str, Actor, datetime], Any]


@dataclass(frozen=True, kw_only=True)
class Job:
    """One kind of act that may be done for many: `act` and `to_sign` take the item's ref (and the signature)."""

    label: str
    done: str
    permission: P
    act: Act
    #: the move that the act makes; its clauses are the procedure's
    move: str = ""
    to_sign: Callable[[str, Actor, datetime], bytes] | None = None
    ask: str = ""

    @property
    def clause(self) -> str:
        """Return the clauses of the move, as the procedure has them."""
        found = next((m for m in BY_CODE["GC_OPEN_POST"].moves if m.code == self.move), None)
        return "、".join(map(str, found.basis)) if found else ""


def _award(ref: str, _: str, actor: Actor, at: datetime) -> Any:
    round_id, _, bid_id = ref.partition("/")
    return awarding.award(round_id=round_id, bid_id=bid_id, actor=actor, now=at)


def _paper(ref: str, signature: str, actor: Actor, at: datetime) -> Any:
    round_id, _, name = ref.partition("/")
    return papers.finish_paper_seal(round_id=round_id, ref=name, signature=signature, actor=actor, now=at)


def _paper_bytes(ref: str, actor: Actor, at: datetime) -> bytes:
    round_id, _, name = ref.partition("/")
    return bytes(papers.prepare_paper_seal(round_id=round_id, ref=name, actor=actor, now=at).to_sign)


JOBS: dict[str, Job] = {
    "register": Job(
        label="提交进场登记",
        done="已提交",
        permission=P.TENDER_EDIT,
        move="register",
        act=lambda ref, _, actor, at: tendering.register(tender_id=ref, actor=actor, now=at),
    ),
    "open": Job(
        label="宣布开标",
        done="已开标",
        permission=P.OPENING_HOST,
        move="open_bids",
        act=lambda ref, _, actor, at: opening.open_bids(tender_id=ref, actor=actor, now=at),
        ask="宣布勾选的各项开标? 解密时限即刻开始。",
    ),
    "record": Job(
        label="签署开标记录",
        done="已签署并公布",
        permission=P.OPENING_HOST,
        move="end_opening",
        act=lambda ref, signature, actor, at: opening.end_opening(
            round_id=ref, signature=signature, actor=actor, now=at
        ),
        to_sign=lambda ref, actor, at: openings.record_to_sign(round_id=ref, viewer=actor),
        ask="签署勾选的各份开标记录? 签署后开标结束, 记录公布。",
    ),
    "publicity": Job(
        label="公示中标候选人",
        done="已开始公示",
        permission=P.PUBLICITY_START,
        move="start_publicity",
        act=lambda ref, _, actor, at: awarding.start_publicity(round_id=ref, actor=actor, now=at),
    ),
    "award": Job(
        label="确定第一中标候选人中标",
        done="已定标",
        permission=P.AWARD,
        move="award",
        act=_award,
        ask="确定勾选的各标段由所列排名第一的中标候选人中标?",
    ),
    "letter": Job(
        label="签发中标通知书",
        done="已签发",
        permission=P.AWARD,
        move="notify",
        act=lambda ref, signature, actor, at: awarding.finish_letter(
            round_id=ref, signature=signature, actor=actor, now=at
        ),
        to_sign=lambda ref, actor, at: bytes(
            awarding.prepare_letter(round_id=ref, actor=actor, now=at).to_sign
        ),
        ask="签发勾选的各份中标通知书? 通知书、结果公告和各投标人的通知同时发出。",
    ),
    "paper": Job(
        label="签章",
        done="已签章",
        permission=P.PAPER_SEAL,
        act=_paper,
        to_sign=_paper_bytes,
    ),
}


def _job(code: str) -> Job:
    if code not in JOBS:
        raise BadInput("请选择要批量办理的事项", field="kind")
    return JOBS[code]


def _items(actor: Actor) -> dict[str, list[Item]]:
    """Return what waits for each kind of act, one item per tender where the act is of the whole tender."""
    rows = [row for row in work_rows(actor.organisation_pk) if not row.holds and not row.shows_front]
    by_stage: dict[str, list[WorkRow]] = {}
    for row in rows:
        by_stage.setdefault(row.stage, []).append(row)

    def at(stage: Stage) -> list[WorkRow]:
        return by_stage.get(stage, [])

    found = {
        "register": _whole(at(Stage.DRAFT), "尚未登记", "/work/tenders/{0.tender}"),
        "open": _whole(at(Stage.CLOSED), "投标已截止", "/work/rounds/{0.round}/host"),
        "record": _records(at(Stage.OPENING)),
        "publicity": _reports(at(Stage.REPORTED), award=False),
    }
    if actor.role is Role.TENDEREE:
        found |= {"award": _reports(at(Stage.CAND_END), award=True), "letter": _letters(at(Stage.AWARDED))}
    return found


def _name(row: WorkRow) -> str:
    again = f" (第{row.number}次)" if row.number > 1 else ""
    return f"{row.tender_name} · {row.lot_name}{again}"


def _whole(rows: list[WorkRow], says: str, href: str) -> list[Item]:
    lots: dict[str, list[WorkRow]] = {}
    for row in rows:
        lots.setdefault(row.tender, []).append(row)
    return [
        Item(
            ref=tender,
            name=of[0].tender_name,
            detail=f"{says}, {len(of)}个标段",
            href=href.format(of[0]),
        )
        for tender, of in lots.items()
    ]


def _records(rows: list[WorkRow]) -> list[Item]:
    ready = openings.ready_to_end([row.round_pk for row in rows])
    return [
        Item(
            ref=row.round,
            name=_name(row),
            detail=f"{ready[row.round_pk].bids}家投标, {ready[row.round_pk].opened}家解密成功, 没有未答复的异议",
            href=f"/work/rounds/{row.round}/host",
        )
        for row in rows
        if row.round_pk in ready
    ]


def _reports(rows: list[WorkRow], *, award: bool) -> list[Item]:
    """Return the lots by their first candidates; what is not the plain case is decided on its own page, not here."""
    pks = [row.round_pk for row in rows]
    rankings, unusual = rankings_of(pks), (not_plain(pks) if award else set())
    out = []
    for row in rows:
        ranking = rankings.get(row.round_pk, [])
        if not ranking or row.round_pk in unusual:
            continue
        first = ranking[0]
        out.append(
            Item(
                ref=f"{row.round}/{first['bid']}" if award else row.round,
                name=_name(row),
                detail=f"第一名 {first['bidder']}, 报价 {first['price']} 元",
                href=f"/work/rounds/{row.round}/result",
            )
        )
    return out


def _letters(rows: list[WorkRow]) -> list[Item]:
    awards = awards_of([row.round_pk for row in rows])
    return [
        Item(
            ref=row.round,
            name=_name(row),
            detail=f"中标人 {awards[row.round_pk].bidder}, 中标价 {awards[row.round_pk].price} 元",
            href=f"/work/rounds/{row.round}/result",
        )
        for row in rows
        if row.round_pk in awards
    ]


def _page(actor: Actor) -> dict[str, Any]:
    items = _items(actor)
    return {
        "groups": [(code, JOBS[code], rows) for code, rows in items.items()],
        "waiting": sum(map(len, items.values())),
        "export_list": EXPORT_LIST,
    }


def batch(request: HttpRequest) -> HttpResponse:
    """Show what waits, by kind of act."""
    return show(request, "work/batch.html", _page(who(request)))


def _did(request: HttpRequest, code: str, ref: str, signature: str) -> Mapping[str, Any]:
    """Do one act; return what became of it."""
    job, actor = _job(code), who(request)
    try:
        job.act(ref, signature, actor, now())
    except Refusal as refusal:
        record_refusal(f"batch {code}"[:64], refusal=refusal, actor=actor, legal_at=now())
        return {"ref": ref, "done": False, "status": refusal.status, **refusal.as_problem()}
    return {"ref": ref, "done": True, "status": 200, "message": job.done}


def do(request: HttpRequest) -> HttpResponse:
    """Do the ticked items of one kind: one by one for the browser's script (JSON), all at once for a plain form."""
    code, refs = text(request, "kind"), request.POST.getlist("item")
    plain = "application/json" not in request.headers.get("Accept", "")
    actor = who(request)
    if request.method != "POST":
        return batch(request)
    try:
        job = _job(code)
        require(actor, job.permission, signed=job.to_sign is not None)
        if not refs:
            raise BadInput("请勾选至少一项", field="item")
        if not plain and len(refs) > 1:
            raise BadInput("一次请求只办一项", field="item")
        if job.to_sign and plain:
            raise BadInput("这一事项要逐份签名, 请在启用JavaScript的浏览器中办理, 或者逐个办理", field="item")
    except Refusal as refusal:
        if not plain:
            return JsonResponse(refusal.as_problem(), status=refusal.status)
        return refused_here(request, "work/batch.html", _page(actor), refusal, given={})
    if not plain:
        result = _did(request, code, refs[0], text(request, "signature"))
        return JsonResponse(result, status=int(result["status"]))
    names = {item.ref: item.name for item in _items(actor).get(code, [])}
    results = [{"name": names.get(ref, ""), **_did(request, code, ref, "")} for ref in refs]
    return show(request, "work/batch.html", _page(actor) | {"results": results})


def to_sign(request: HttpRequest) -> HttpResponse:
    """Answer with the bytes to sign for one item."""
    try:
        job = _job(request.GET.get("kind", ""))
        require(who(request), job.permission, signed=True)
        if job.to_sign is None:
            raise BadInput("这一事项不需要签名", field="kind")
        data = job.to_sign(request.GET.get("item", ""), who(request), now())
    except Refusal as refusal:
        return JsonResponse(refusal.as_problem(), status=refusal.status)
    return JsonResponse(to_sign_answer(data, who(request)))


urlpatterns = [
    route("work/batch", batch, name="work-batch", permission=P.TENDER_EDIT),
    route("work/batch/do", do, name="work-batch-do", permission=P.TENDER_EDIT),
    route("work/batch/to-sign", to_sign, name="work-batch-to-sign", permission=P.TENDER_EDIT),
]
