"""What is called off from framework agreements: each call for its buyer, its suppliers, its collector, and the public."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse

from ggzy.frameworks import calling, competing, outsider, queries, turns
from ggzy.kernel import files
from ggzy.kernel.refusals import BadInput, Refusal
from ggzy.parties.grid import Permission as P
from ggzy.portals import disputes
from ggzy.portals.frame import done, moment, now, route, show, text, who
from ggzy.portals.ranges import send_file
from ggzy.portals.work import only_posted, refused_here, signing

_ONE = "work/calloff.html"


def public_one(request: HttpRequest, call_id: str) -> HttpResponse:
    """Show one call once it came to a deal, with everything from which the result is recomputed."""
    row = queries.call_row(call_id, viewer=who(request))
    page = {"row": row, "now": now(), **disputes.card(call_id, who(request))}
    return show(request, "public/calloff.html", page)


def _page(request: HttpRequest, call_id: str) -> dict[str, Any]:
    at, actor = now(), who(request)
    row = queries.own_call(call_id, viewer=actor)
    says, anchor = queries.call_step(row, now=at)
    return {
        "row": row,
        "step": says,
        "anchor": anchor,
        "due": queries.due_on(row, now=at),
        "sealing": row.sealed_until is not None and at < row.sealed_until,
        "revealing": row.sealed_until is not None
        and row.reveal_until is not None
        and row.sealed_until <= at < row.reveal_until,
        "answered": row.answer_until is not None and at >= row.answer_until,
        "uscc": actor.uscc,
        "may_stop": queries.may_stop(row, now=at),
        **(disputes.card(call_id, actor) if row.dealt_at else {}),
        "now": at,
        "given": {},
    }


def one(request: HttpRequest, call_id: str) -> HttpResponse:
    """Show one call to somebody who works on it, with the form of the next step."""
    return show(request, _ONE, _page(request, call_id))


def _tried(
    request: HttpRequest, call_id: str, act: Callable[[], object], says: str, **given: Any
) -> HttpResponse:
    """Do an act on a call and go back to it; a refusal is shown beside its form."""
    try:
        act()
    except Refusal as refusal:
        return refused_here(request, _ONE, _page(request, call_id), refusal, given=given)
    return done(f"/work/call-offs/{call_id}", says)


def select(request: HttpRequest, call_id: str) -> HttpResponse:
    """Choose a member directly."""
    member, reason = text(request, "member"), text(request, "reason")

    def act() -> object:
        if not member:
            raise BadInput("请选择一家入围供应商", field="member")
        return calling.select_directly(
            call_id=call_id, member_id=member, reason=reason, actor=who(request), now=now()
        )

    return _tried(request, call_id, act, "已选定, 请核对后确认。", member=member, reason=reason)


def confirm(request: HttpRequest, call_id: str) -> HttpResponse:
    """Confirm the choice."""

    def act() -> object:
        return calling.confirm_selection(call_id=call_id, actor=who(request), now=now())

    return _tried(request, call_id, act, "已确定成交, 请双方签订合同或者订单。")


def compete(request: HttpRequest, call_id: str) -> HttpResponse:
    """Invite to a second competition."""

    def act() -> object:
        return competing.invite_competition(
            call_id=call_id,
            sealed_until=moment(request, "sealed_until", says="封存报价的截止时间"),
            actor=who(request),
            now=now(),
        )

    until = text(request, "sealed_until")
    return _tried(request, call_id, act, "已同时邀请全部符合的入围供应商。", sealed_until=until)


def offer_to_sign(request: HttpRequest, call_id: str) -> bytes:
    """Return the sealed offer to sign."""
    return competing.offer_to_sign(
        call_id=call_id, commitment=request.GET.get("commitment", ""), actor=who(request), now=now()
    )


def seal(request: HttpRequest, call_id: str) -> HttpResponse:
    """Seal an offer."""

    def act() -> object:
        return competing.seal_offer(
            call_id=call_id,
            commitment=text(request, "commitment"),
            signature=text(request, "signature"),
            actor=who(request),
            now=now(),
        )

    says = "报价已封存。平台只有摘要, 看不到价格; 请保管报价凭证, 截止后24小时内用它揭示。"
    return _tried(request, call_id, act, says)


def reveal(request: HttpRequest, call_id: str) -> HttpResponse:
    """Reveal an offer."""
    given = {name: text(request, name) for name in ("price", "salt")}

    def act() -> object:
        return competing.reveal_offer(call_id=call_id, **given, actor=who(request), now=now())

    return _tried(request, call_id, act, "报价已揭示, 揭示期满后同时公布。", **given)


def turn(request: HttpRequest, call_id: str) -> HttpResponse:
    """Give the next chance in the order of turns."""

    def act() -> object:
        return turns.take_turn(call_id=call_id, actor=who(request), now=now())

    return _tried(request, call_id, act, "已通知轮到的供应商。")


def answer(request: HttpRequest, call_id: str) -> HttpResponse:
    """Accept or decline one's turn."""
    said, reason = text(request, "accepts"), text(request, "reason")

    def act() -> object:
        if said not in {"yes", "no"}:
            raise BadInput("请选择接受或者不接受", field="accepts")
        return turns.answer_turn(
            call_id=call_id, accepts=said == "yes", reason=reason, actor=who(request), now=now()
        )

    says = "已接受, 请双方签订合同。" if said == "yes" else "已答复不接受, 机会转给下一家。"
    return _tried(request, call_id, act, says, accepts=said, reason=reason)


def prove(request: HttpRequest, call_id: str) -> HttpResponse:
    """Prove that somebody outside is cheaper."""
    given = {name: text(request, name) for name in ("supplier_uscc", "price", "proof")}

    def act() -> object:
        sent = request.FILES.get("file")
        return outsider.prove_lower(
            call_id=call_id,
            **given,
            file_name=str(sent.name) if sent else "",
            file_data=sent.read() if sent else b"",
            actor=who(request),
            now=now(),
        )

    return _tried(request, call_id, act, "已询问全部入围供应商是否愿意降到该价格以下。", **given)


def lower(request: HttpRequest, call_id: str) -> HttpResponse:
    """Agree to go lower, as a member."""
    price = text(request, "price")

    def act() -> object:
        return outsider.go_lower(call_id=call_id, price=price, actor=who(request), now=now())

    return _tried(request, call_id, act, "已告知采购人本单位愿意降价。", price=price)


def deal_lower(request: HttpRequest, call_id: str) -> HttpResponse:
    """Give the contract to the outsider."""

    def act() -> object:
        return outsider.deal_lower(call_id=call_id, actor=who(request), now=now())

    return _tried(request, call_id, act, "已授予非入围供应商, 成交结果已抄送征集人并公告。")


def give_up(request: HttpRequest, call_id: str) -> HttpResponse:
    """Give the exception up."""

    def act() -> object:
        return outsider.give_up_lower(call_id=call_id, actor=who(request), now=now())

    return _tried(request, call_id, act, "已转回, 请直接选定入围供应商。")


def contract_to_sign(request: HttpRequest, call_id: str) -> bytes:
    """Return the contract to sign."""
    return calling.contract_to_sign(call_id=call_id, actor=who(request))


def sign_contract(request: HttpRequest, call_id: str) -> HttpResponse:
    """Sign the contract for one's side."""

    def act() -> object:
        return calling.sign_contract(
            call_id=call_id, signature=text(request, "signature"), actor=who(request), now=now()
        )

    return _tried(request, call_id, act, "合同本方已签名; 双方签名后自动公告。")


def refuse(request: HttpRequest, call_id: str) -> HttpResponse:
    """Refuse to sign, as the supplier."""
    reason = text(request, "reason")

    def act() -> object:
        return calling.refuse_contract(call_id=call_id, reason=reason, actor=who(request), now=now())

    try:
        act()
    except Refusal as refusal:
        return refused_here(request, _ONE, _page(request, call_id), refusal, given={"refusal": reason})
    return done("/work/frameworks", "已告知采购人和征集人。")


def stop(request: HttpRequest, call_id: str) -> HttpResponse:
    """Take a need back."""
    reason = text(request, "stop_reason")

    def act() -> object:
        return calling.stop_call(call_id=call_id, reason=reason, actor=who(request), now=now())

    return _tried(request, call_id, act, "采购需求已取消。", stop_reason=reason)


def proof(request: HttpRequest, call_id: str) -> HttpResponse:
    """Send the kept proof that an outsider is cheaper."""
    name, digest = queries.proof_of(call_id, viewer=who(request))
    return send_file(
        request,
        files.path_of(digest),
        mark=digest,
        content_type="application/octet-stream",
        filename=name,
        as_attachment=True,
    )


_AT = "work/call-offs/<str:call_id>/"
_CALL, _ANSWER, _SIGN = P.FRAMEWORK_CALL, P.FRAMEWORK_ANSWER, P.FRAMEWORK_SIGN
urlpatterns = [
    route("call-offs/<str:call_id>", public_one, name="calloff", permission=P.PORTAL_READ),
    route("work/call-offs/<str:call_id>", one, name="work-call", permission=P.WORKBENCH_READ),
    route(f"{_AT}selection", only_posted(select), name="work-call-select", permission=_CALL),
    route(f"{_AT}confirmation", only_posted(confirm), name="work-call-confirm", permission=_CALL),
    route(f"{_AT}competition", only_posted(compete), name="work-call-compete", permission=_CALL),
    route(f"{_AT}offer/to-sign", signing(offer_to_sign), name="call-offer-to-sign", permission=_ANSWER),
    route(f"{_AT}offer", only_posted(seal), name="work-call-seal", permission=_ANSWER),
    route(f"{_AT}reveal", only_posted(reveal), name="work-call-reveal", permission=_ANSWER),
    route(f"{_AT}turn", only_posted(turn), name="work-call-turn", permission=_CALL),
    route(f"{_AT}answer", only_posted(answer), name="work-call-answer", permission=_ANSWER),
    route(f"{_AT}lower", only_posted(prove), name="work-call-prove", permission=_CALL),
    route(f"{_AT}lower/answer", only_posted(lower), name="work-call-lower", permission=_ANSWER),
    route(f"{_AT}lower/deal", only_posted(deal_lower), name="work-call-lower-deal", permission=_CALL),
    route(f"{_AT}lower/end", only_posted(give_up), name="work-call-lower-end", permission=_CALL),
    route(f"{_AT}lower/proof", proof, name="work-call-proof", permission=P.WORKBENCH_READ),
    route(
        f"{_AT}contract/to-sign", signing(contract_to_sign), name="call-contract-to-sign", permission=_SIGN
    ),
    route(f"{_AT}contract", only_posted(sign_contract), name="work-call-contract", permission=_SIGN),
    route(f"{_AT}refusal", only_posted(refuse), name="work-call-refuse", permission=_ANSWER),
    route(f"{_AT}stop", only_posted(stop), name="work-call-stop", permission=_CALL),
]
