"""Bid deposits: the bidder's own page, the list after the opening with holds and forfeiture, the book, figures, a stand-in bank."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse

from ggzy.adapters.bank.http import sign
from ggzy.adapters.bank.twin import TwinBank, notice_of
from ggzy.deposits import actions, bonds, keeping, listening, queries, reconciling, releasing
from ggzy.deposits.rules import Form
from ggzy.kernel.actors import Actor
from ggzy.kernel.money import yuan
from ggzy.kernel.refusals import BadInput, Refusal
from ggzy.parties.grid import Permission as P
from ggzy.parties.grid import may
from ggzy.portals.frame import done, now, refused, route, show, text, who
from ggzy.portals.work import Todo, only_posted, refused_here

_OWN, _LIST, _LEDGER = "work/deposit.html", "work/deposits.html", "work/deposit_ledger.html"
_NAMES = (
    "form",
    "payer_account",
    "payer_bank",
    "issuer",
    "account",
    "bank",
    "ground",
    "reason",
    "amount",
    "name",
    "review_on",
)


def todos(actor: Actor) -> list[Todo]:
    """Return what deposits ask of somebody: holds to review and proposals for the tenderee, refunds that came back."""
    moment = now()
    if may(actor, P.DEPOSIT_HOLD):
        return [
            Todo(
                what=row["what"],
                where=row["where"],
                href=f"/work/rounds/{row['round']}/deposits",
                label="去办理",
                clause="《招标投标法实施条例》第五十七条",
            )
            for row in queries.reviews_due(viewer=actor, now=moment)
        ]
    if may(actor, P.DEPOSIT_DESK):
        waiting = sum(1 for row in queries.stuck(now=moment) if row.failed)
        says = f"{waiting}笔退款被银行退回, 待核对账户"
        return (
            [Todo(what="保证金退还失败", where=says, href="/work/deposits/ledger", label="查看")]
            if waiting
            else []
        )
    return []


# -- the bidder ---------------------------------------------------------------------------------------------------------


def own(request: HttpRequest, round_id: str) -> HttpResponse:
    """Show a bidder's own deposit in a round and what can be done about it."""
    return show(request, _OWN, _own_page(request, round_id))


def _own_page(request: HttpRequest, round_id: str) -> dict[str, Any]:
    page = queries.own(round_id=round_id, viewer=who(request), now=now())
    return {"page": page, "given": {}, "now": now()}


def _given(request: HttpRequest) -> dict[str, str]:
    return {name: text(request, name) for name in _NAMES}


def _on_own_page(request: HttpRequest, round_id: str, act: Callable[[], Any], says: str) -> HttpResponse:
    try:
        act()
    except Refusal as refusal:
        page = _own_page(request, round_id)
        return refused_here(request, _OWN, page, refusal, given=_given(request))
    return done(f"/work/rounds/{round_id}/deposit", says)


def choose(request: HttpRequest, round_id: str) -> HttpResponse:
    """Choose the form."""
    form = text(request, "form")
    act = partial(
        actions.choose_form,
        round_id=round_id,
        form=form,
        payer_account=text(request, "payer_account"),
        payer_bank=text(request, "payer_bank"),
        issuer=text(request, "issuer"),
        actor=who(request),
        now=now(),
    )
    says = "已选择, 正在向银行申请子账号, 几秒后刷新" if form == Form.TRANSFER else "已办理"
    return _on_own_page(request, round_id, act, says)


def take_back(request: HttpRequest, round_id: str, receipt_id: str) -> HttpResponse:
    """Have a payment that does not count sent back."""
    act = partial(actions.take_back, receipt_id=receipt_id, actor=who(request), now=now())
    return _on_own_page(request, round_id, act, "正在原路退回")


def offer_account(request: HttpRequest, round_id: str, deposit_id: str) -> HttpResponse:
    """Give an account for a refund that came back."""
    act = partial(
        releasing.offer_account,
        deposit_id=deposit_id,
        account=text(request, "account"),
        bank=text(request, "bank"),
        actor=who(request),
        now=now(),
    )
    return _on_own_page(request, round_id, act, "账户已登记, 核对后重新退还")


def convert(request: HttpRequest, round_id: str) -> HttpResponse:
    """Ask that the own deposit becomes the performance bond."""
    act = partial(
        bonds.ask_conversion,
        round_id=round_id,
        amount=text(request, "amount"),
        actor=who(request),
        now=now(),
    )
    return _on_own_page(request, round_id, act, "已申请, 等待招标人答复")


# -- after the opening --------------------------------------------------------------------------------------------------


def _list_page(request: HttpRequest, round_id: str) -> dict[str, Any]:
    row = queries.deposits_of_round(round_id=round_id, viewer=who(request), now=now())
    return {"row": row, "given": {}, "now": now(), "me": who(request).account_pk}


def of_round(request: HttpRequest, round_id: str) -> HttpResponse:
    """Show the deposits of an opened round; before the opening there is nothing to see for anybody."""
    return show(request, _LIST, _list_page(request, round_id))


def _on_list(
    request: HttpRequest, round_id: str, act: Callable[[], Any], says: str, of: str = ""
) -> HttpResponse:
    try:
        act()
    except Refusal as refusal:
        given = {**_given(request), "of": of}
        return refused_here(request, _LIST, _list_page(request, round_id), refusal, given=given)
    return done(f"/work/rounds/{round_id}/deposits", says)


def hold(request: HttpRequest, round_id: str, deposit_id: str) -> HttpResponse:
    """Hold a deposit for a while."""

    def act() -> None:
        try:
            day = date.fromisoformat(text(request, "review_on"))
        except ValueError:
            raise BadInput("请选择复查日期", field="review_on") from None
        keeping.hold(
            deposit_id=deposit_id,
            reason=text(request, "reason"),
            review_on=day,
            actor=who(request),
            now=now(),
        )

    return _on_list(request, round_id, act, "已暂缓, 投标人已收到理由", deposit_id)


def lift(request: HttpRequest, round_id: str, hold_id: str) -> HttpResponse:
    """Lift a hold."""
    act = partial(keeping.lift, hold_id=hold_id, actor=who(request), now=now())
    return _on_list(request, round_id, act, "已解除, 到应退时点即时退还")


def propose(request: HttpRequest, round_id: str, deposit_id: str) -> HttpResponse:
    """Propose not to return a deposit."""
    act = partial(
        keeping.propose_forfeiture,
        deposit_id=deposit_id,
        ground=text(request, "ground"),
        reason=text(request, "reason"),
        name=text(request, "name"),
        account=text(request, "account"),
        actor=who(request),
        now=now(),
    )
    return _on_list(request, round_id, act, "已提出, 等待本单位另一名经办人确认", deposit_id)


def decide(request: HttpRequest, round_id: str, forfeiture_id: str) -> HttpResponse:
    """Decide a proposal as the second person."""
    act = partial(
        keeping.decide_forfeiture,
        forfeiture_id=forfeiture_id,
        upheld=text(request, "upheld") == "yes",
        actor=who(request),
        now=now(),
    )
    return _on_list(request, round_id, act, "已决定, 投标人已收到通知")


def decide_conversion(request: HttpRequest, round_id: str, conversion_id: str) -> HttpResponse:
    """Agree that a winner's deposit becomes the performance bond, or decline."""
    agreed = text(request, "agreed") == "yes"
    act = partial(
        bonds.decide_conversion,
        conversion_id=conversion_id,
        agreed=agreed,
        name=text(request, "name"),
        account=text(request, "account"),
        actor=who(request),
        now=now(),
    )
    says = "已同意, 合同签订时办理" if agreed else "已答复不同意, 合同签订后退还"
    return _on_list(request, round_id, act, says)


# -- the book -----------------------------------------------------------------------------------------------------------


def _ledger_page(request: HttpRequest) -> dict[str, Any]:
    row = queries.ledger_overview(viewer=who(request), now=now())
    return {"row": row, "given": {}, "keeps": may(who(request), P.DEPOSIT_DESK)}


def ledger(request: HttpRequest) -> HttpResponse:
    """Show the book of opened rounds, what has not gone out, and where bank and book disagree."""
    return show(request, _LEDGER, _ledger_page(request))


def _on_ledger(request: HttpRequest, act: Callable[[], Any], says: str) -> HttpResponse:
    try:
        act()
    except Refusal as refusal:
        given = {"says": text(request, "says")}
        return refused_here(request, _LEDGER, _ledger_page(request), refusal, given=given)
    return done("/work/deposits/ledger", says)


def again(request: HttpRequest, payment_id: str) -> HttpResponse:
    """Order a payment that came back once more."""
    act = partial(releasing.pay_again, payment_id=payment_id, actor=who(request), now=now())
    return _on_ledger(request, act, "已重新发出退付指令")


def settle(request: HttpRequest, difference_id: str) -> HttpResponse:
    """Note how a difference was cleared up."""
    act = partial(
        reconciling.settle_difference,
        difference_id=difference_id,
        says=text(request, "says"),
        actor=who(request),
        now=now(),
    )
    return _on_ledger(request, act, "已销号")


# -- the public ---------------------------------------------------------------------------------------------------------


def figures(request: HttpRequest) -> HttpResponse:
    """Show how fast deposits go home, and verify a letter of guarantee."""
    number, amount = request.GET.get("number", "").strip()[:60], request.GET.get("amount", "").strip()[:20]
    page: dict[str, Any] = {"row": queries.figures(), "number": number, "amount": amount}
    if number:
        page |= {"asked": True, "found": queries.verify(number, amount)}
    return show(request, "public/deposits.html", page)


# -- a training centre's bank -------------------------------------------------------------------------------------------


def bank(request: HttpRequest) -> HttpResponse:
    """Pay into a sub-account at the stand-in, as banks and payers do, well or badly; a production centre has no such page."""
    if settings.MODE != "training" or not settings.BANK.endswith("TwinBank"):
        raise Http404
    if request.method != "POST":
        asked = ("sub_account", "amount", "payer_name", "payer_account")
        return show(request, "training/bank.html", {name: request.GET.get(name, "")[:200] for name in asked})
    try:
        says = _pay_in(request)
    except Refusal as refusal:
        return refused(request, refusal)
    return done("/training/bank", says)


def _pay_in(request: HttpRequest) -> str:
    twin = TwinBank()
    account = text(request, "payer_account")
    if text(request, "how") == "close":
        twin.close_account(account)
        return "付款账户已销户, 退到这个账户的款项会被退回"
    amount: Decimal = yuan(text(request, "amount"), field="amount")
    if not amount or not text(request, "sub_account") or not account:
        raise BadInput("请填写子账号、金额和付款账号", field="amount")
    credit = twin.pay_in(
        sub_account=text(request, "sub_account"),
        amount=amount,
        payer_name=text(request, "payer_name"),
        payer_account=account,
        at=now(),
    )
    how = text(request, "how")
    if how == "late":
        return "已入账; 银行没有通知平台, 夜间对账时补记"
    body = notice_of(credit)
    for _ in range(2 if how == "twice" else 1):
        listening.receive_notice(body=body, signature=sign(body), now=now())
    return f"已入账并通知平台{'两次' if how == 'twice' else ''}, 流水号{credit.reference}"


urlpatterns = [
    route("work/rounds/<str:round_id>/deposit", own, name="deposit", permission=P.DEPOSIT_OWN),
    route(
        "work/rounds/<str:round_id>/deposit/choose",
        only_posted(choose),
        name="deposit-choose",
        permission=P.DEPOSIT_BIND,
    ),
    route(
        "work/rounds/<str:round_id>/deposit/receipts/<str:receipt_id>/return",
        only_posted(take_back),
        name="deposit-take-back",
        permission=P.DEPOSIT_BIND,
    ),
    route(
        "work/rounds/<str:round_id>/deposit/<str:deposit_id>/account",
        only_posted(offer_account),
        name="deposit-account",
        permission=P.DEPOSIT_BIND,
    ),
    route(
        "work/rounds/<str:round_id>/deposit/conversion",
        only_posted(convert),
        name="deposit-convert",
        permission=P.DEPOSIT_BIND,
    ),
    route(
        "work/rounds/<str:round_id>/deposits/conversions/<str:conversion_id>",
        only_posted(decide_conversion),
        name="deposit-convert-decide",
        permission=P.DEPOSIT_CONVERT,
    ),
    route("work/rounds/<str:round_id>/deposits", of_round, name="deposits", permission=P.DEPOSIT_READ),
    route(
        "work/rounds/<str:round_id>/deposits/<str:deposit_id>/hold",
        only_posted(hold),
        name="deposit-hold",
        permission=P.DEPOSIT_HOLD,
    ),
    route(
        "work/rounds/<str:round_id>/deposits/holds/<str:hold_id>/lift",
        only_posted(lift),
        name="deposit-lift",
        permission=P.DEPOSIT_HOLD,
    ),
    route(
        "work/rounds/<str:round_id>/deposits/<str:deposit_id>/forfeiture",
        only_posted(propose),
        name="deposit-propose",
        permission=P.DEPOSIT_FORFEIT,
    ),
    route(
        "work/rounds/<str:round_id>/deposits/forfeitures/<str:forfeiture_id>",
        only_posted(decide),
        name="deposit-decide",
        permission=P.DEPOSIT_FORFEIT,
    ),
    route("work/deposits/ledger", ledger, name="deposit-ledger", permission=P.DEPOSIT_LEDGER),
    route(
        "work/deposits/payments/<str:payment_id>/again",
        only_posted(again),
        name="deposit-again",
        permission=P.DEPOSIT_DESK,
    ),
    route(
        "work/deposits/differences/<str:difference_id>",
        only_posted(settle),
        name="deposit-settle",
        permission=P.DEPOSIT_DESK,
    ),
    route("deposits", figures, name="deposit-figures", permission=P.PORTAL_READ),
    route("training/bank", bank, name="training-bank", permission=P.PORTAL_READ),
]
