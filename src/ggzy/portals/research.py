"""Research contracts of 合作创新采购: for the two sides and the group, stage by stage to acceptance."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse

from ggzy.innovation import contracts, queries
from ggzy.innovation.rules import Cost
from ggzy.kernel.refusals import BadInput, Refusal
from ggzy.parties.grid import Permission as P
from ggzy.portals.frame import done, moment, now, route, show, text, who
from ggzy.portals.innovation import as_local
from ggzy.portals.work import only_posted, refused_here, signing

_ONE = "work/research.html"


def _page(request: HttpRequest, contract_id: str) -> dict[str, Any]:
    row = queries.contract_row(contract_id, viewer=who(request))
    says, anchor = queries.contract_step(row)
    current = next((s for s in row.stages if s["number"] == row.current), None)
    spent = dict(current["costs"]) if current else {}
    held = current["interim"] if current else {}
    return {
        "row": row,
        "step": says,
        "anchor": anchor,
        "current": current,
        # a form that corrects begins with what is kept
        "costs": [(one.value, one.label, spent.get(one.label, "")) for one in Cost],
        "interim": {
            "met_at": as_local(held.get("met_at", "")),
            "text": held.get("text", ""),
            "most": current["limit"] if held and current else "",
        },
        "now": now(),
        "given": {},
    }


def one(request: HttpRequest, contract_id: str) -> HttpResponse:
    """Show one research contract, with the form of the next step."""
    return show(request, _ONE, _page(request, contract_id))


def _tried(
    request: HttpRequest, contract_id: str, act: Callable[..., object], says: str, **given: Any
) -> HttpResponse:
    """Do an act on a contract and go back to it; a refusal is shown beside its form."""
    try:
        act(contract_id=contract_id, actor=who(request), now=now())
    except Refusal as refusal:
        page = _page(request, contract_id)
        if "interim" in given:
            page["interim"] = given["interim"]
        if "costs" in given:
            page["costs"] = [(code, label, given["costs"][code]) for code, label, _ in page["costs"]]
        return refused_here(request, _ONE, page, refusal, given=given)
    return done(f"/work/research/{contract_id}", says)


def contract_to_sign(request: HttpRequest, contract_id: str) -> bytes:
    """Return the contract to sign."""
    return contracts.contract_to_sign(contract_id=contract_id, actor=who(request))


def sign(request: HttpRequest, contract_id: str) -> HttpResponse:
    """Sign the contract."""

    def act(**more: Any) -> object:
        return contracts.sign_contract(signature=text(request, "signature"), **more)

    return _tried(request, contract_id, act, "研发合同本方已签名。")


def interim(request: HttpRequest, contract_id: str) -> HttpResponse:
    """Write down the interim talk."""
    given = {name: text(request, name) for name in ("met_at", "text", "most")}

    def act(**more: Any) -> object:
        return contracts.record_interim(
            met_at=moment(request, "met_at", says="谈判时间"), text=given["text"], most=given["most"], **more
        )

    return _tried(request, contract_id, act, "中期谈判已记录, 等双方签名。", interim=given)


def interim_to_sign(request: HttpRequest, contract_id: str) -> bytes:
    """Return the record of the interim talk to sign."""
    return contracts.interim_to_sign(contract_id=contract_id, actor=who(request))


def confirm(request: HttpRequest, contract_id: str) -> HttpResponse:
    """Sign the record of the interim talk."""

    def act(**more: Any) -> object:
        return contracts.confirm_interim(signature=text(request, "signature"), **more)

    return _tried(request, contract_id, act, "中期谈判记录本方已签名。")


def results(request: HttpRequest, contract_id: str) -> HttpResponse:
    """Hand in what came of a stage, and its cost."""
    said, costs = text(request, "results"), {kind.value: text(request, kind.value) for kind in Cost}

    def act(**more: Any) -> object:
        return contracts.hand_in_results(results=said, costs=costs, **more)

    return _tried(request, contract_id, act, "阶段成果和成本说明已提交。", results=said, costs=costs)


def _yes(request: HttpRequest, name: str, says: str) -> bool:
    said = text(request, name)
    if said not in {"yes", "no"}:
        raise BadInput(f"请选择{says}", field=name)
    return said == "yes"


def decide(request: HttpRequest, contract_id: str) -> HttpResponse:
    """Decide a stage."""
    given = {name: text(request, name) for name in ("reason", "compensated")}
    met = text(request, "met")

    def act(**more: Any) -> object:
        return contracts.decide_stage(met=_yes(request, "met", "是否达到要求"), **given, **more)

    return _tried(request, contract_id, act, "阶段验收和成本补偿已决定。", met=met, **given)


def pay(request: HttpRequest, contract_id: str) -> HttpResponse:
    """Note a payment."""
    voucher, number = text(request, "voucher"), text(request, "number")

    def act(**more: Any) -> object:
        if not (number.isascii() and number.isdigit() and len(number) < 4):
            raise BadInput("请选择研发阶段", field="number")
        return contracts.note_payment(number=int(number), voucher=voucher, **more)

    return _tried(request, contract_id, act, "支付已登记。", voucher=voucher, paying=number)


def product(request: HttpRequest, contract_id: str) -> HttpResponse:
    """Hand in the product."""
    given = {name: text(request, name) for name in ("product", "price")}

    def act(**more: Any) -> object:
        return contracts.hand_in_product(**given, **more)

    return _tried(request, contract_id, act, "创新产品和首购报价已提交。", **given)


def accept(request: HttpRequest, contract_id: str) -> HttpResponse:
    """Accept the product, or refuse it."""
    report, passed = text(request, "report"), text(request, "passed")

    def act(**more: Any) -> object:
        return contracts.accept_product(passed=_yes(request, "passed", "是否通过验收"), report=report, **more)

    return _tried(request, contract_id, act, "验收结论已登记。", report=report, passed=passed)


def end(request: HttpRequest, contract_id: str) -> HttpResponse:
    """End the contract."""
    reason = text(request, "reason")

    def act(**more: Any) -> object:
        return contracts.end_research(reason=reason, **more)

    return _tried(request, contract_id, act, "研发合同已终止。", end_reason=reason)


_AT = "work/research/<str:contract_id>/"
_BUY, _SIGN, _HAND_IN = P.INNOVATION_BUY, P.INNOVATION_SIGN, P.INNOVATION_RESEARCH
urlpatterns = [
    route("work/research/<str:contract_id>", one, name="work-research", permission=P.WORKBENCH_READ),
    route(f"{_AT}sign/to-sign", signing(contract_to_sign), name="research-to-sign", permission=_SIGN),
    route(f"{_AT}sign", only_posted(sign), name="work-research-sign", permission=_SIGN),
    route(f"{_AT}interim", only_posted(interim), name="work-research-interim", permission=P.INNOVATION_JUDGE),
    route(f"{_AT}confirm/to-sign", signing(interim_to_sign), name="research-interim", permission=_SIGN),
    route(f"{_AT}confirm", only_posted(confirm), name="work-research-confirm", permission=_SIGN),
    route(f"{_AT}results", only_posted(results), name="work-research-results", permission=_HAND_IN),
    route(f"{_AT}decide", only_posted(decide), name="work-research-decide", permission=_BUY),
    route(f"{_AT}pay", only_posted(pay), name="work-research-pay", permission=_BUY),
    route(f"{_AT}product", only_posted(product), name="work-research-product", permission=_HAND_IN),
    route(f"{_AT}accept", only_posted(accept), name="work-research-accept", permission=_BUY),
    route(f"{_AT}end", only_posted(end), name="work-research-end", permission=_SIGN),
]
