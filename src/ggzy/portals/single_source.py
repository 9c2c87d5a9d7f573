"""Buying from one supplier 单一来源: the public list and its objections, the desks of buyer, supplier and finance department."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from ggzy.kernel.actors import Actor
from ggzy.kernel.clock import BEIJING
from ggzy.kernel.refusals import BadInput, NotFound, Refusal
from ggzy.parties.grid import Permission as P
from ggzy.parties.grid import may
from ggzy.portals import disputes
from ggzy.portals.frame import done, moment, now, route, show, text, who
from ggzy.portals.work import Todo, only_posted, refused_here, signing
from ggzy.procedures.catalogue import GP_DY
from ggzy.procedures.spec import Stage
from ggzy.single_source import actions, negotiating, queries
from ggzy.single_source.queries import PurchaseRow
from ggzy.single_source.rules import Ending, Ground

_ONE, _FORM, _PUBLIC = "work/single_source.html", "work/single_source_argue.html", "public/single_source.html"
_FIELDS = ("name", "needs", "budget", "supplier_uscc", "ground", "reason", "contact", "finance_contact")
_ADDED = ("first_contract", "first_price")
_EXPERT = ("name", "unit", "title", "opinion", "kept")
EXPERT_ROWS = 3


# --- for everybody


def public_list(request: HttpRequest) -> HttpResponse:
    """Show the purchases that the public has heard of, those open to objections first."""
    return show(request, "public/single_sources.html", {"rows": queries.public_rows(), "now": now()})


def _public_page(request: HttpRequest, purchase_id: str) -> dict[str, Any]:
    actor, at = who(request), now()
    row = queries.purchase_row(purchase_id, viewer=actor)
    return {
        "row": row,
        "open": row.stage == Stage.PUBLICITY.value and bool(row.due_at and at < row.due_at),
        **disputes.card(purchase_id, actor),
        "own_objection": next((o for o in row.objections if o.text and row.side not in _READS_ALL), None),
        "now": at,
        "given": {},
    }


#: sides that read every objection, so that one they can read is not their own
_READS_ALL = {"buyer", "finance"}


def public_one(request: HttpRequest, purchase_id: str) -> HttpResponse:
    """Show one purchase with its whole story, and the form to object while its publicity lasts."""
    return show(request, _PUBLIC, _public_page(request, purchase_id))


def object_to(request: HttpRequest, purchase_id: str) -> HttpResponse:
    """Object to a purchase."""
    said = text(request, "text")
    try:
        actions.object_to(purchase_id=purchase_id, text=said, actor=who(request), now=now())
    except Refusal as refusal:
        page = _public_page(request, purchase_id)
        return refused_here(request, _PUBLIC, page, refusal, given={"text": said}, field="text")
    return done(
        f"/single-sources/{purchase_id}", "异议已提出, 同时抄送财政部门。采购人补充论证后, 结论会通知您。"
    )


# --- the desks


def desk(request: HttpRequest) -> HttpResponse:
    """Show the purchases that somebody works on, each with the one next step."""
    actor = who(request)
    rows = [(row, *queries.next_step(row)) for row in queries.rows_of(actor)]
    page = {"rows": rows, "may_argue": may(actor, P.SOURCE_ARGUE), "now": now()}
    return show(request, "work/single_sources.html", page)


def todos(actor: Actor) -> list[Todo]:
    """Return the next steps of purchases that wait for whoever is signed in."""
    if not actor.signed_in:
        return []
    out = []
    for row in queries.rows_of(actor):
        says, anchor = queries.next_step(row)
        if says:
            out.append(
                Todo(
                    what=says,
                    where=f"单一来源采购: {row.name}",
                    href=f"/work/single-sources/{row.purchase}#{anchor}",
                    label="办理",
                    due=row.due_at,
                    clause=row.due_clause,
                )
            )
    return out


def _page(request: HttpRequest, purchase_id: str) -> dict[str, Any]:
    row = queries.own_row(purchase_id, viewer=who(request))
    says, anchor = queries.next_step(row)
    ends = [m.source.value for m in GP_DY.moves if m.code == "terminate"]
    return {
        "row": row,
        "step": says,
        "anchor": anchor,
        "may_end": row.side == "buyer" and row.stage in ends,
        "endings": [(one.value, one.label) for one in Ending],
        "answers": [(o, "") for o in row.objections],
        **(disputes.card(purchase_id, who(request)) if row.announced_at else {}),
        "now": now(),
        "given": _kept(row),
    }


def _kept(row: PurchaseRow) -> dict[str, Any]:
    """Return what an offer or a record holds already, so that its form begins with it."""
    if row.record and row.met_at:
        met_at = f"{row.met_at.astimezone(BEIJING):%Y-%m-%dT%H:%M}"
        return {**row.record, "price": row.price, "met_at": met_at}
    return dict(row.offer) if row.side == "supplier" else {}


def one(request: HttpRequest, purchase_id: str) -> HttpResponse:
    """Show one purchase to somebody who works on it, with the form of the next step."""
    return show(request, _ONE, _page(request, purchase_id))


def _experts(request: HttpRequest) -> list[dict[str, str]]:
    columns = {key: request.POST.getlist(f"expert_{key}") for key in _EXPERT}
    most = max((len(column) for column in columns.values()), default=0)
    return [
        {key: (column[n] if n < len(column) else "").strip() for key, column in columns.items()}
        for n in range(most)
    ]


def _argue_page(
    given: dict[str, Any], experts: list[dict[str, str]], row: PurchaseRow | None
) -> dict[str, Any]:
    empty = dict.fromkeys(_EXPERT, "")
    filled = [e for e in experts if any(e[key] for key in _EXPERT if key != "kept")]
    return {
        "row": row,
        "grounds": [(one.value, one.label) for one in Ground],
        "experts": [*filled, *([empty] * max(1, EXPERT_ROWS - len(filled)))],
        "threshold": settings.OPEN_TENDER_THRESHOLD,
        "given": given,
    }


def argue(request: HttpRequest, purchase_id: str = "") -> HttpResponse:
    """Argue a purchase, or argue it anew before it goes on."""
    actor = who(request)
    row = queries.own_row(purchase_id, viewer=actor) if purchase_id else None
    if row is not None and (row.side != "buyer" or row.stage != Stage.ARGUE.value):
        raise NotFound(
            "论证已经提交, 不能再改", next_steps=(("打开这项采购", f"/work/single-sources/{purchase_id}"),)
        )
    if request.method != "POST":
        given = {name: getattr(row, name) for name in (*_FIELDS, *_ADDED)} if row else {}
        return show(request, _FORM, _argue_page(given, row.experts if row else [], row))
    given, experts = {name: text(request, name) for name in (*_FIELDS, *_ADDED)}, _experts(request)
    try:
        made = actions.argue(**given, experts=experts, purchase_id=purchase_id, actor=actor, now=now())
    except Refusal as refusal:
        return refused_here(request, _FORM, _argue_page(given, experts, row), refusal, given=given)
    return done(f"/work/single-sources/{made.public_id}", "论证已保存, 请核对后进行下一步。")


def _tried(
    request: HttpRequest, purchase_id: str, act: Callable[[], object], says: str, **given: Any
) -> HttpResponse:
    """Do an act on a purchase and go back to it; a refusal is shown beside its form."""
    try:
        act()
    except Refusal as refusal:
        return refused_here(request, _ONE, _page(request, purchase_id), refusal, given=given)
    return done(f"/work/single-sources/{purchase_id}", says)


def go_on(request: HttpRequest, purchase_id: str) -> HttpResponse:
    """Take an argued purchase on."""
    asked = text(request, "workdays") or "5"
    given = {"purchase_id": purchase_id, "actor": who(request), "now": now()}

    def act() -> object:
        if not (asked.isascii() and asked.isdigit() and int(asked) <= 60):
            raise BadInput("公示期限请填5至60个工作日", field="workdays")
        return actions.go_on(workdays=int(asked), **given)

    return _tried(request, purchase_id, act, "已办理, 进入下一阶段。", workdays=asked)


def conclude(request: HttpRequest, purchase_id: str) -> HttpResponse:
    """Publish the conclusion on the objections."""
    upheld, said = text(request, "upheld"), text(request, "conclusion")
    answers = {
        name.removeprefix("answer:"): text(request, name)
        for name in request.POST
        if name.startswith("answer:")
    }

    def act() -> object:
        if upheld not in {"yes", "no"}:
            raise BadInput("请选择异议是否成立", field="upheld")
        return actions.argue_anew(
            purchase_id=purchase_id,
            upheld=upheld == "yes",
            conclusion=said,
            answers=answers,
            actor=who(request),
            now=now(),
        )

    try:
        act()
    except Refusal as refusal:
        page = _page(request, purchase_id)
        page["answers"] = [(o, answers.get(o.objection, "")) for o in page["row"].objections]
        return refused_here(request, _ONE, page, refusal, given={"upheld": upheld, "conclusion": said})
    return done(f"/work/single-sources/{purchase_id}", "结论已公布, 并通知提出异议的人。")


def decide(request: HttpRequest, purchase_id: str) -> HttpResponse:
    """Approve or refuse, as the finance department."""
    given = {name: text(request, name) for name in ("opinion", "document_number")}
    said = text(request, "approved")

    def act() -> object:
        if said not in {"yes", "no"}:
            raise BadInput("请选择批准或者不批准", field="approved")
        return actions.decide(
            purchase_id=purchase_id, approved=said == "yes", **given, actor=who(request), now=now()
        )

    return _tried(request, purchase_id, act, "审批已作出, 并通知采购人和供应商。", approved=said, **given)


def offer(request: HttpRequest, purchase_id: str) -> HttpResponse:
    """Offer a price with what the law asks the supplier to say."""
    given = {name: text(request, name) for name in ("price", "cost", "similar", "patents")}

    def act() -> object:
        return negotiating.offer(purchase_id=purchase_id, **given, actor=who(request), now=now())

    return _tried(request, purchase_id, act, "报价和情况说明已提交, 等采购人组织协商。", **given)


def write_record(request: HttpRequest, purchase_id: str) -> HttpResponse:
    """Write what was negotiated."""
    given = {name: text(request, name) for name in ("place", "terms", "agreed", "price")}
    members = text(request, "members")

    def act() -> object:
        return negotiating.write_record(
            purchase_id=purchase_id,
            met_at=moment(request, "met_at", says="协商的日期和时间"),
            members=members.replace(",", " ").replace("、", " ").split(),
            **given,
            actor=who(request),
            now=now(),
        )

    kept = given | {"members": members, "met_at": text(request, "met_at")}
    return _tried(request, purchase_id, act, "协商情况记录已写成, 请全体人员和供应商签名。", **kept)


def record_to_sign(request: HttpRequest, purchase_id: str) -> bytes:
    """Return the record as this person signs it."""
    return negotiating.record_to_sign(
        purchase_id=purchase_id,
        agrees=request.GET.get("agrees", "yes") == "yes",
        reason=request.GET.get("reason", "").strip(),
        actor=who(request),
    )


def sign_record(request: HttpRequest, purchase_id: str) -> HttpResponse:
    """Sign the record."""
    agrees, reason = text(request, "agrees") or "yes", text(request, "reason")

    def act() -> object:
        return negotiating.sign_record(
            purchase_id=purchase_id,
            agrees=agrees == "yes",
            reason=reason,
            signature=text(request, "signature"),
            actor=who(request),
            now=now(),
        )

    return _tried(request, purchase_id, act, "协商情况记录已签名。", agrees=agrees, reason=reason)


def note_silent(request: HttpRequest, purchase_id: str) -> HttpResponse:
    """Note that somebody refuses to sign and gives no reason."""

    def act() -> object:
        return negotiating.note_silent(
            purchase_id=purchase_id, negotiator=text(request, "negotiator"), actor=who(request), now=now()
        )

    return _tried(request, purchase_id, act, "已登记: 拒绝签名又未书面说明的, 视为同意。")


def stands(request: HttpRequest, purchase_id: str) -> HttpResponse:
    """Let the record stand."""

    def act() -> object:
        return negotiating.conclude_record(purchase_id=purchase_id, actor=who(request), now=now())

    return _tried(request, purchase_id, act, "协商情况记录已生效, 请在2个工作日内公告成交结果。")


def announce(request: HttpRequest, purchase_id: str) -> HttpResponse:
    """Announce the result."""

    def act() -> object:
        return negotiating.announce_result(purchase_id=purchase_id, actor=who(request), now=now())

    return _tried(request, purchase_id, act, "成交结果已公告, 成交通知书已发出。")


def contract_to_sign(request: HttpRequest, purchase_id: str) -> bytes:
    """Return the contract to sign."""
    return negotiating.contract_to_sign(purchase_id=purchase_id, actor=who(request))


def sign_contract(request: HttpRequest, purchase_id: str) -> HttpResponse:
    """Sign the contract for one's side."""

    def act() -> object:
        return negotiating.sign_contract(
            purchase_id=purchase_id, signature=text(request, "signature"), actor=who(request), now=now()
        )

    return _tried(request, purchase_id, act, "合同本方已签名; 双方签名后自动公告。")


def file_contract(request: HttpRequest, purchase_id: str) -> HttpResponse:
    """Record the filing of the contract."""
    number = text(request, "number")

    def act() -> object:
        return negotiating.file_contract(
            purchase_id=purchase_id, number=number, actor=who(request), now=now()
        )

    return _tried(request, purchase_id, act, "合同备案已登记。", number=number)


def end(request: HttpRequest, purchase_id: str) -> HttpResponse:
    """End a purchase."""
    ending, reason = text(request, "ending"), text(request, "end_reason")

    def act() -> object:
        return actions.terminate(
            purchase_id=purchase_id, ending=ending, reason=reason, actor=who(request), now=now()
        )

    return _tried(request, purchase_id, act, "采购活动已终止并公告。", ending=ending, end_reason=reason)


_AT = "work/single-sources/<str:purchase_id>/"
_DECIDE, _SIGN, _ARGUE = P.SOURCE_DECIDE, P.SOURCE_SIGN, P.SOURCE_ARGUE
urlpatterns = [
    route("single-sources", public_list, name="single-sources", permission=P.PORTAL_READ),
    route("single-sources/<str:purchase_id>", public_one, name="single-source", permission=P.PORTAL_READ),
    route(
        "single-sources/<str:purchase_id>/objections",
        only_posted(object_to),
        name="single-source-object",
        permission=P.SOURCE_OBJECT,
    ),
    route("work/single-sources", desk, name="work-sources", permission=P.WORKBENCH_READ),
    route("work/single-sources/new", argue, name="work-source-new", permission=_ARGUE),
    route("work/single-sources/<str:purchase_id>", one, name="work-source", permission=P.WORKBENCH_READ),
    route(f"{_AT}argument", argue, name="work-source-argue", permission=_ARGUE),
    route(f"{_AT}next", only_posted(go_on), name="work-source-next", permission=_DECIDE),
    route(f"{_AT}conclusion", only_posted(conclude), name="work-source-conclude", permission=_DECIDE),
    route(f"{_AT}approval", only_posted(decide), name="work-source-decide", permission=P.SOURCE_APPROVE),
    route(f"{_AT}offer", only_posted(offer), name="work-source-offer", permission=P.SOURCE_OFFER),
    route(f"{_AT}record", only_posted(write_record), name="work-source-record", permission=_ARGUE),
    route(f"{_AT}record/to-sign", signing(record_to_sign), name="source-record-to-sign", permission=_SIGN),
    route(f"{_AT}record/sign", only_posted(sign_record), name="work-source-sign", permission=_SIGN),
    route(f"{_AT}record/silence", only_posted(note_silent), name="work-source-silent", permission=_DECIDE),
    route(f"{_AT}record/conclusion", only_posted(stands), name="work-source-stands", permission=_DECIDE),
    route(f"{_AT}result", only_posted(announce), name="work-source-announce", permission=_DECIDE),
    route(
        f"{_AT}contract/to-sign", signing(contract_to_sign), name="source-contract-to-sign", permission=_SIGN
    ),
    route(f"{_AT}contract", only_posted(sign_contract), name="work-source-contract", permission=_SIGN),
    route(f"{_AT}contract/filing", only_posted(file_contract), name="work-source-filing", permission=_ARGUE),
    route(f"{_AT}termination", only_posted(end), name="work-source-end", permission=_DECIDE),
]
