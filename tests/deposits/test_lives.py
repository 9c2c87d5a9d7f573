"""Deposits through whole tenders: what comes in, what frees it, what is kept, and that the book agrees with the bank."""

import base64
import hashlib
import re
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction

from ggzy.adapters.bank.twin import TwinBank, notice_of
from ggzy.client import story as words
from ggzy.client.party import Problem
from ggzy.deposits import bonds, book, ledger, ports, reconciling, releasing
from ggzy.deposits.actions import receive
from ggzy.deposits.models import BankDifference, Deposit, Payment, PostingLine, Receipt
from ggzy.deposits.queries import deposit_of
from ggzy.law.limits import beijing_date
from ggzy.messages.models import Message
from tests.api.test_refusals import no
from tests.deposits.bank import choose, credit, notify, pay, problem, tale
from tests.journeys.tale import Tale
from tests.portals.test_work import Person

pytestmark = pytest.mark.django_db


def _settled(row: Deposit) -> tuple[str, str]:
    row.refresh_from_db()
    return row.state, row.released_by


def _book_agrees_with_the_bank(platform: Any) -> None:
    """Every deferred constraint holds, and the bank has what the book says."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    end = platform.now + timedelta(days=1)
    statement = TwinBank().statement(since=end - timedelta(days=1000), until=end)
    assert book.bank_balance(until=end) == statement.closing
    assert sum(row.amount for row in PostingLine.objects.all()) == 0


@pytest.mark.journey
def test_everybody_gets_its_money_back_at_its_own_moment(platform: Any, folder: Path) -> None:
    """Four pay; one has no bid, one loses, one is second, one wins: each is paid when its own event happens, with interest."""
    story = tale(platform, folder).published()
    rows = {name: pay(story, name) for name in ("jia", "yi", "bing", "ding")}
    assert {row.state for row in rows.values()} == {"matched"}
    for name in ("jia", "yi", "bing"):
        story.bid(name)
    platform.sequence()
    platform.advance(story.deadline + timedelta(seconds=1))
    assert _settled(rows["ding"]) == ("refunded", "no_bid")
    story.owner.post(f"/tenders/{story.tender['tender']}/opening")
    for name in ("jia", "yi", "bing"):
        story.release(name)
    platform.work()
    round_pk, fact = (
        rows["jia"].round_id,
        deposit_of(round_pk=rows["jia"].round_id, bidder_pk=rows["jia"].bidder_id),
    )
    assert fact is not None and fact.in_time and fact.counted == Decimal("100000.00")
    assert deposit_of(round_pk=round_pk, bidder_pk=rows["ding"].bidder_id) is not None
    assert {_settled(rows[n])[0] for n in ("jia", "yi", "bing")} == {"matched"}
    _goes_on_to_the_contract(platform, story, rows)
    _book_agrees_with_the_bank(platform)


def _goes_on_to_the_contract(platform: Any, story: Any, rows: dict[str, Deposit]) -> None:
    for round_id in story.rounds:
        words.end_opening(story.owner, round_id)
    cast = platform.cast()
    story.draw = words.draw(story.owner, cast, story.tender["tender"])
    accepted = words.answer_calls(cast)
    story.members = words.check_in(cast, story.draw, accepted[story.draw])
    story.owner.post(f"/draws/{story.draw}/committee")
    words.evaluate(story.members, story.round)
    platform.work()
    made = story.owner.post(f"/rounds/{story.round}/publicity")
    platform.advance(datetime.fromisoformat(made["ends_at"]) + timedelta(seconds=1))
    three = ("jia", "yi", "bing")
    assert {_settled(rows[n]) for n in three} == {("matched", "")}, "all three are candidates"
    story.first = words.award(story.owner, story.round)
    platform.work()
    won = next(n for n in three if story.bidder(n).name == story.first["bidder"])
    assert {_settled(rows[n]) for n in three if n != won} == {("refunded", "candidate")}
    assert _settled(rows[won]) == ("matched", "")
    words.contract(story.owner, story.bidder(won), story.round)
    platform.work()
    assert _settled(rows[won]) == ("refunded", "winner")
    refund = Payment.objects.get(deposit=rows[won])
    came = Receipt.objects.get(deposit=rows[won]).credited_at
    days = (beijing_date(refund.paid_at) - beijing_date(came)).days
    assert days > 20
    assert refund.interest == (Decimal(100000) * Decimal("0.0035") * days / 360).quantize(Decimal("0.01"))
    assert refund.paid_at - refund.due_at < timedelta(minutes=1)
    assert book.held(rows[won]) == 0


def test_a_notice_that_comes_twice_late_or_unsigned(platform: Any, folder: Path) -> None:
    story = tale(platform, folder).published()
    row = choose(story, "jia")
    assert row.state == "issued" and row.sub_account.startswith("99")
    came = credit(row)
    assert problem(notify(platform, notice_of(came), secret="another")) == "deposits.notice_not_signed"
    assert not Receipt.objects.exists()
    platform.advance(story.deadline + timedelta(hours=2))
    # the bank's word is late; its value moment was not, and that alone counts
    first, again = notify(platform, notice_of(came)).json(), notify(platform, notice_of(came)).json()
    assert first == again and Receipt.objects.count() == 1
    receipt = Receipt.objects.get()
    assert (receipt.counts, receipt.returns) == (Decimal(0), Decimal("100000.00")), (
        "no bid: the account was closed"
    )
    contradicts = notice_of(came).replace(b"100000.00", b"200000.00")
    assert problem(notify(platform, contradicts)) == "deposits.notice_contradicts"
    assert problem(notify(platform, b"{}")) == "input.invalid"
    platform.work()
    assert Payment.objects.get().state == Payment.PAID
    _book_agrees_with_the_bank(platform)


def test_wrong_amounts_and_wrong_payers_are_kept_topped_up_or_sent_back(platform: Any, folder: Path) -> None:
    story = tale(platform, folder).published()
    row = pay(story, "jia", "60000.00")
    assert row.state == "short"
    notify(platform, notice_of(credit(row, "50000.00")))
    row.refresh_from_db()
    assert row.state == "matched" and book.held(row) == Decimal("100000.00")
    other = pay(story, "yi", account="999999999999")
    assert other.state == "doubtful"
    doubtful = Receipt.objects.get(deposit=other)
    with pytest.raises(Problem) as refused:
        story.bidder("jia").post(f"/receipts/{doubtful.public_id}/return")
    assert refused.value.code == "not_found"
    for _ in range(2):
        story.bidder("yi").post(f"/receipts/{doubtful.public_id}/return")
    platform.work()
    assert _settled(other)[0] == "issued" and book.held(other) == 0
    notify(platform, notice_of(credit(other)))
    assert _settled(other)[0] == "matched"
    stray = TwinBank().pay_in(
        sub_account="990000",
        amount=Decimal("7.00"),
        payer_name="路人",
        payer_account="11111111",
        at=platform.now,
    )
    notify(platform, notice_of(stray))
    platform.work()
    sent = Payment.objects.filter(kind=Payment.SURPLUS).order_by("pk")
    assert [(p.principal, p.state) for p in sent] == [
        (Decimal("10000.00"), "paid"),
        (Decimal("100000.00"), "paid"),
        (Decimal("7.00"), "paid"),
    ]
    assert book.balance(ledger.UNKNOWN) == 0
    _book_agrees_with_the_bank(platform)


def test_a_withdrawn_bid_frees_at_once_and_a_new_bid_has_a_new_deposit(platform: Any, folder: Path) -> None:
    story = tale(platform, folder).published()
    first = pay(story, "jia")
    story.bid("jia")
    platform.work()
    assert _settled(first) == ("matched", "")
    story.bidder("jia").post(f"/rounds/{story.round}/withdrawal")
    platform.work()
    assert _settled(first) == ("refunded", "withdrawn")
    second = pay(story, "jia")
    assert second.pk != first.pk and second.sub_account != first.sub_account
    reconciling.look_again(now=platform.now)
    assert _settled(second) == ("matched", ""), "the old withdrawal says nothing of the new deposit"
    story.bid("jia")
    platform.advance(story.deadline + timedelta(seconds=1))
    assert _settled(second) == ("refunded", "not_opened"), "one bid: the round failed"
    _book_agrees_with_the_bank(platform)


def test_a_choice_is_refused_after_the_deadline_and_outside_the_file(platform: Any, folder: Path) -> None:
    story = tale(platform, folder).published()
    refusals = []
    for given in (
        {"form": "cash"},
        {"form": "transfer", "payer_account": "x"},
        {"form": "guarantee", "issuer": "nobody"},
    ):
        with pytest.raises(Problem) as refused:
            story.bidder("jia").post(f"/rounds/{story.round}/deposit", given)
        refusals.append(refused.value.code)
    assert refusals == ["deposits.form_not_offered", "input.invalid", "input.invalid"]
    row = choose(story, "jia", "commitment")
    assert row.state == "matched"
    again = choose(story, "jia", "commitment")
    assert again.pk == row.pk
    changed = choose(story, "jia")
    assert changed.pk != row.pk and _settled(row)[0] == "ended"
    notify(platform, notice_of(credit(changed)))
    with pytest.raises(Problem) as refused:
        choose(story, "jia", "commitment")
    assert refused.value.code == "deposits.already_secured"
    platform.advance(story.deadline + timedelta(seconds=1))
    with pytest.raises(Problem) as late:
        story.bidder("yi").post(f"/rounds/{story.round}/deposit", {"form": "commitment"})
    assert late.value.code == "deposits.closed"


def _with_one_revoked(platform: Any, folder: Path) -> tuple[Any, dict[str, Deposit]]:
    """Four bids; bing never releases its key, so that its bid counts as revoked."""
    story = tale(platform, folder).published()
    rows = {name: pay(story, name) for name in ("jia", "yi", "bing", "ding")}
    for name in rows:
        story.bid(name, price=Decimal("9100000.00"))
    platform.sequence()
    platform.advance(story.deadline + timedelta(seconds=1))
    story.owner.post(f"/tenders/{story.tender['tender']}/opening")
    for name in ("jia", "yi", "ding"):
        story.release(name)
    platform.work()
    from ggzy.opening.models import OpeningSession

    platform.advance(OpeningSession.objects.get().window_ends_at + timedelta(seconds=1))
    return story, rows


@pytest.mark.journey
def test_a_deposit_is_kept_by_two_people_on_facts_or_goes_home(platform: Any, folder: Path) -> None:
    story, rows = _with_one_revoked(platform, folder)
    bing, jia = rows["bing"].public_id, rows["jia"].public_id
    why = {
        "ground": "revoked",
        "reason": "投标截止后未解密, 依法视为撤销投标文件",
        "name": "招标人",
        "account": "88880000",
    }
    owner, second = story.owner, platform.demo("zhaobiao2")

    def refused(party: Any, path: str, body: Any) -> str:
        with pytest.raises(Problem) as no:
            party.post(path, body)
        return str(no.value.code)

    assert refused(owner, f"/deposits/{jia}/forfeiture", why) == "deposits.no_ground"
    assert refused(owner, f"/deposits/{bing}/forfeiture", {**why, "ground": "other"}) == "deposits.no_ground"
    assert refused(platform.demo("daili"), f"/deposits/{bing}/forfeiture", why) == "permission.denied"
    made = owner.post(f"/deposits/{bing}/forfeiture", why)["forfeiture"]
    assert refused(owner, f"/deposits/{bing}/forfeiture", why) == "deposits.not_in_this_state"
    path = f"/deposits/forfeitures/{made}/decision"
    assert refused(owner, path, {"upheld": True}) == "deposits.second_person_needed"
    assert _settled(rows["bing"])[0] == "matched"
    second.post(path, {"upheld": True})
    assert refused(second, path, {"upheld": True}) == "deposits.not_in_this_state"
    platform.work()
    assert _settled(rows["bing"]) == ("forfeited", "")
    paid = Payment.objects.get(deposit=rows["bing"])
    assert (paid.kind, paid.state, paid.account) == ("forfeiture", "paid", "88880000")
    told = Message.objects.get(
        recipient_id=rows["bing"].bidder_id, kind="legal", title="投标保证金不予退还决定"
    )
    assert "第三十五条" in told.clause
    _book_agrees_with_the_bank(platform)


def test_the_database_itself_keeps_one_person_from_deciding(platform: Any, folder: Path) -> None:
    from django.db import IntegrityError

    from ggzy.deposits.models import Forfeiture

    story, rows = _with_one_revoked(platform, folder)
    why = {
        "ground": "revoked",
        "reason": "投标截止后未解密, 依法视为撤销",
        "name": "招标人",
        "account": "88880000",
    }
    made = story.owner.post(f"/deposits/{rows['bing'].public_id}/forfeiture", why)["forfeiture"]
    row = Forfeiture.objects.get(public_id=made)
    with pytest.raises(IntegrityError), transaction.atomic():
        Forfeiture.objects.filter(pk=row.pk).update(
            decided_by=row.proposed_by_id, decided_at=platform.now, upheld=True
        )
    platform.demo("zhaobiao2").post(f"/deposits/forfeitures/{made}/decision", {"upheld": False})
    assert _settled(rows["bing"])[0] == "matched", "it waits for the publicity as everybody does"


def test_a_hold_stands_until_it_is_lifted_and_is_asked_after(platform: Any, folder: Path) -> None:
    story, rows = _with_one_revoked(platform, folder)
    row = rows["yi"]
    day = (platform.now + timedelta(days=3)).date().isoformat()
    held = story.owner.post(
        f"/deposits/{row.public_id}/hold",
        {"reason": "涉嫌弄虚作假, 正在核实该单位业绩证明", "review_on": day},
    )["hold"]
    # terminated: everybody is free, but who is held
    from ggzy.deadlines.actions import set_timer
    from ggzy.tendering.models import Round
    from ggzy.tendering.moves import MOVED

    Round.objects.filter(public_id=story.round).update(stage="TERMINATED", decided_at=platform.now)
    set_timer(kind=MOVED, subject=story.round, due_at=platform.now)
    platform.work()
    assert _settled(rows["jia"])[0] == "refunded"
    assert _settled(row) == ("matched", "")
    platform.advance(platform.now + timedelta(days=4))
    assert Message.objects.filter(title="暂缓退还的保证金到期复查").exists()
    for _ in range(2):
        story.owner.post(f"/deposits/holds/{held}/lift")
    platform.work()
    assert _settled(row)[0] == "refunded"
    _book_agrees_with_the_bank(platform)


def test_a_closed_account_comes_back_is_found_dormant_and_goes_home_after_all(
    platform: Any, folder: Path
) -> None:
    story = tale(platform, folder).published()
    row = pay(story, "jia")
    TwinBank().close_account(row.payer_account)
    story.bid("jia")
    platform.advance(story.deadline + timedelta(seconds=1))
    assert _settled(row) == ("failed_pay", "not_opened")
    refund = Payment.objects.get(deposit=row)
    platform.advance(platform.now + timedelta(days=31))
    refund.refresh_from_db()
    assert refund.dormant_at is not None and refund.contacts == 1
    assert Message.objects.filter(recipient_id=row.bidder_id, title="您有一笔保证金一直未能退还").count() == 1
    centre = platform.demo("zhongxin")
    seen = centre.get("/deposits/ledger")["stuck"]
    assert [(s["payment"], s["dormant"], s["days"] >= 31) for s in seen] == [(refund.public_id, True, True)]
    story.bidder("jia").post(f"/deposits/{row.public_id}/account", {"account": "622299990000"})
    platform.work()
    if _settled(row)[0] == "failed_pay":
        centre.post(f"/deposits/payments/{refund.public_id}/again")
    platform.work()
    refund.refresh_from_db()
    assert _settled(row)[0] == "refunded" and refund.account == "622299990000" and refund.attempt == 1
    assert refund.interest > Decimal("30.00"), "interest runs to the day it was paid"
    _book_agrees_with_the_bank(platform)


def test_the_night_takes_in_what_was_never_told_and_says_what_differs(platform: Any, folder: Path) -> None:
    story = tale(platform, folder).published()
    row = choose(story, "jia")
    credit(row)
    platform.advance(platform.now + timedelta(days=1, hours=2))
    row.refresh_from_db()
    assert row.state == "matched", "the notice was lost, the statement was not"
    healed = BankDifference.objects.get()
    assert healed.settled_at is not None and "补记" in healed.says
    # what we have and the bank has not
    ghost = ports.Credit(
        reference="GHOST",
        sub_account="990000",
        amount=Decimal("5.00"),
        payer_name="x",
        payer_account="11111111",
        credited_at=platform.now,
    )
    receive(ghost, now=platform.now)
    platform.advance(platform.now + timedelta(days=1, hours=2))
    open_ = {d.reference: d.says for d in BankDifference.objects.filter(settled_at=None)}
    assert open_["GHOST"] == "平台有记录, 银行对账单没有"
    centre = platform.demo("zhongxin")
    assert Message.objects.filter(title="保证金对账有差异, 请核对").exists()
    listed = centre.get("/deposits/ledger")["differences"]
    assert {d["reference"] for d in listed} >= {"GHOST"} and healed.reference not in {
        d["reference"] for d in listed
    }
    one = next(d for d in listed if d["reference"] == "GHOST")
    centre.post(f"/deposits/differences/{one['difference']}", {"says": "银行已补账, 双方相符"})
    with pytest.raises(Problem):
        centre.post(f"/deposits/differences/{one['difference']}", {"says": "银行已补账, 双方相符"})


class Stumbling(TwinBank):
    """A bank that pays, after which everything of ours crashes before it is kept."""

    crashes = 0

    def pay(self, order: ports.Order) -> None:
        super().pay(order)
        if Stumbling.crashes:
            Stumbling.crashes -= 1
            raise ports.NotReached("the line broke after the bank had paid")


def test_a_crash_after_the_bank_has_paid_pays_nothing_twice(
    platform: Any, folder: Path, settings: Any
) -> None:
    settings.BANK = "tests.deposits.test_lives.Stumbling"
    story = tale(platform, folder).published()
    row = pay(story, "jia")
    Stumbling.crashes = 3
    story.bid("jia")
    platform.advance(story.deadline + timedelta(seconds=1))
    for minute in range(1, 8):
        platform.advance(platform.now + timedelta(minutes=minute))
    assert Stumbling.crashes == 0 and _settled(row)[0] == "refunded"
    assert book.balance(ledger.BANK) == 0
    _book_agrees_with_the_bank(platform)


@pytest.mark.parametrize("statement", range(1, 60, 3))
def test_a_crash_between_any_two_statements_leaves_nothing_half_done(
    platform: Any, folder: Path, statement: int
) -> None:
    """The nth statement of taking a payment in breaks: nothing of it is there, and the same notice then counts once."""
    story = tale(platform, folder).published()
    row = choose(story, "jia")
    came = credit(row)
    seen = {"n": 0}

    def breaks(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        seen["n"] += 1
        if seen["n"] == statement:
            raise OperationalError("crash")
        return execute(sql, params, many, context)

    before = (Receipt.objects.count(), PostingLine.objects.count(), Message.objects.count())
    try:
        with connection.execute_wrapper(breaks), transaction.atomic():
            receive(came, now=platform.now)
        crashed = False
    except OperationalError:
        crashed = True
    after = (Receipt.objects.count(), PostingLine.objects.count(), Message.objects.count())
    assert (after == before) is crashed
    receive(came, now=platform.now)
    assert Receipt.objects.count() == 1 and book.held(row) == Decimal("100000.00")
    _book_agrees_with_the_bank(platform)


def test_a_letter_from_the_request_to_the_claim(platform: Any, folder: Path) -> None:
    story = tale(platform, folder).published()
    danbao = platform.demo("danbao")
    issuers = {name: pk for pk, name in story.bidder("bing").get(f"/rounds/{story.round}/deposit")["issuers"]}
    row = choose(story, "bing", "guarantee", issuer=issuers["演示担保有限公司"])
    letter = danbao.get("/guarantees")["letters"][0]
    assert (
        letter["bidder"] == ""
        and letter["amount"] == "100000.00"
        and platform.demo("yinhang").get("/guarantees")["letters"] == []
    )
    path = f"/guarantees/{letter['letter']}"
    danbao.post(f"{path}/quote", {"value": "300"})
    assert danbao.get(path)["bidder"] == ""
    story.bidder("bing").post(f"{path}/accept", {"value": "凭证001"})
    assert danbao.get(path)["bidder"] == story.bidder("bing").name
    danbao.post(f"{path}/issue", {"value": "BH20260001"})
    assert _settled(row)[0] == "matched"
    for party in (platform.demo("yinhang"), story.bidder("jia"), story.owner):
        with pytest.raises(Problem):
            party.get(path)
    found = platform.read_json("/api/v1/guarantees/verify?number=BH20260001&amount=100000")["letter"]
    shown = danbao.get(path)
    assert found["sha256"] == shown["sha256"] == hashlib.sha256(shown["text"].encode()).hexdigest()
    assert "bidder" not in found
    assert platform.read_json("/api/v1/guarantees/verify?number=BH20260001&amount=1")["letter"] is None
    with pytest.raises(Problem) as refused:
        story.owner.post(f"{path}/claim", {"value": "投标人撤销投标文件, 现依约索赔"})
    assert refused.value.code == "not_found"


def test_random_lives_in_the_database_keep_every_cent(platform: Any, folder: Path) -> None:
    """Four bidders, random payments from random accounts at random moments, withdrawals, a failed round: all goes home."""
    import random

    chance = random.Random(20260302)
    story = tale(platform, folder).published()
    rows = {name: choose(story, name) for name in ("jia", "yi", "bing", "ding")}
    came = Decimal(0)
    for _ in range(60):
        row = chance.choice(list(rows.values()))
        amount = Decimal(chance.randrange(1, 12_000_000)) / 100
        account = chance.choice([row.payer_account, row.payer_account, "33333333"])
        made = credit(row, str(amount), account=account)
        came += amount
        for _ in range(chance.choice([0, 1, 1, 2])):
            notify(platform, notice_of(made))
        if chance.random() < 0.3:
            platform.advance(platform.now + timedelta(hours=chance.randrange(1, 9)))
    platform.advance(story.deadline + timedelta(days=3))
    assert Receipt.objects.count() == 60, "what was never told was in the statement"
    assert {_settled(row)[0] for row in rows.values()} <= {"refunded", "ended"}
    assert not Payment.objects.exclude(state=Payment.PAID).exists()
    assert sum(p.principal for p in Payment.objects.all()) == came
    assert all(balance == 0 for balance in book.balances().values())
    assert releasing.rates()
    _book_agrees_with_the_bank(platform)


def test_how_a_deposit_stands_is_read_out_with_the_bid_and_nowhere_before(
    platform: Any, folder: Path
) -> None:
    """RULEBOOK 7.1: hidden from everybody until the bids are opened, then beside each bid, in the hall and in the record."""
    story = tale(platform, folder).published()
    pay(story, "jia")
    choose(story, "yi", "commitment")
    for name in ("jia", "yi", "bing"):
        story.bid(name)
    pay(story, "ding")  # pays and does not bid
    hall = f"/rounds/{story.round}/hall"
    paid, promised = "银行转账, 截止前已足额提交", "信用承诺, 截止前已足额提交"
    platform.sequence()
    platform.advance(story.deadline + timedelta(seconds=1))
    story.owner.post(f"/tenders/{story.tender['tender']}/opening")
    host, public = Person(platform, "zhaobiao"), Person(platform, "ding")
    for page in (host.get(f"/work/rounds/{story.round}/host"), public.get(hall)):
        assert "投标保证金" not in page, "keys are still coming in"
    for name in ("jia", "yi", "bing"):
        story.release(name)
    platform.work()
    for page in (host.get(f"/work/rounds/{story.round}/host"), public.get(hall)):
        assert paid in page
        assert promised in page
        assert "没有在平台办理" in page
        assert story.bidder("ding").name not in page.partition("hall-bids")[2].partition("</table>")[0]
    words.end_opening(story.owner, story.round)
    rows = story.owner.get("/notices")["notices"]
    found = next(r for r in rows if r["kind"] == "opening_record" and r["ocid"] == story.tender["ocid"])
    body = story.owner.get(f"/notices/{found['public_id']}")["body"]
    said = {bid["bidder"]: bid["deposit"] for bid in body["bids"]}
    assert said == {
        story.bidder("jia").name: paid,
        story.bidder("yi").name: promised,
        story.bidder("bing").name: "没有在平台办理",
    }
    assert paid in public.get(f"/notices/{found['public_id']}")


def test_where_no_deposit_is_asked_for_nothing_is_read_out(platform: Any, folder: Path) -> None:
    story = Tale(platform, folder, changes={"deposit": Decimal(0)}).shown()
    assert "投标保证金" not in Person(platform, "jia").get(f"/rounds/{story.round}/hall")
    to_sign = story.owner.get(f"/rounds/{story.round}/opening/record")["to_sign"]
    assert b"deposit" not in base64.b64decode(to_sign)


def _awarded(platform: Any, folder: Path) -> tuple[Tale, str, Deposit]:
    """Return a tender whose winner has the letter, with the winner's name and its deposit."""
    story = tale(platform, folder).published()
    rows = {name: pay(story, name) for name in ("jia", "yi", "bing")}
    for name in rows:
        story.bid(name)
    platform.sequence()
    platform.advance(story.deadline + timedelta(seconds=1))
    story.owner.post(f"/tenders/{story.tender['tender']}/opening")
    for name in rows:
        story.release(name)
    platform.work()
    words.end_opening(story.owner, story.round)
    cast = platform.cast()
    story.draw = words.draw(story.owner, cast, story.tender["tender"])
    story.members = words.check_in(cast, story.draw, words.answer_calls(cast)[story.draw])
    story.owner.post(f"/draws/{story.draw}/committee")
    words.evaluate(story.members, story.round)
    platform.work()
    made = story.owner.post(f"/rounds/{story.round}/publicity")
    platform.advance(datetime.fromisoformat(made["ends_at"]) + timedelta(seconds=1))
    won = next(iter(rows))
    asking = f"/rounds/{story.round}/deposit/conversion"
    no(story.bidder(won).post, asking, {"amount": "1"}, code="deposits.conversion_not_now")
    story.first = words.award(story.owner, story.round)
    platform.work()
    won = next(n for n in rows if story.bidder(n).name == story.first["bidder"])
    loser = next(n for n in rows if n != won)
    no(story.bidder(loser).post, asking, {"amount": "1"}, code="deposits.conversion_not_now")
    return story, won, rows[won]


@pytest.mark.journey
@pytest.mark.parametrize("amount", ["60000.00", "100000.00"])
def test_a_deposit_becomes_the_performance_bond_with_the_contract(
    platform: Any, folder: Path, amount: str
) -> None:
    """87号令38: asked for, agreed to, done by the contract; the rest and all interest go home; no 分 appears or vanishes."""
    story, won, row = _awarded(platform, folder)
    winner, asking = story.bidder(won), f"/rounds/{story.round}/deposit/conversion"
    for wrong in ("0", "100000.01", "-1"):
        no(winner.post, asking, {"amount": wrong}, code="input.invalid")
    made = winner.post(asking, {"amount": amount})["conversion"]
    no(winner.post, asking, {"amount": "1"}, code="deposits.conversion_not_now")
    deciding = f"/conversions/{made}/decision"
    no(winner.post, deciding, {"agreed": True}, code="permission.denied")
    no(story.owner.post, deciding, {"agreed": True, "name": "测试业主"}, code="input.invalid")
    yes = {"agreed": True, "name": "测试业主", "account": "622299990001"}
    story.owner.post(deciding, yes)
    no(story.owner.post, deciding, yes, code="deposits.not_in_this_state")
    platform.work()
    assert _settled(row) == ("matched", ""), "nothing moves before the contract"
    # less is there than was agreed: nothing turns over, and both sides hear of it
    with transaction.atomic():
        assert bonds.convert(row, held=Decimal(amount) - 1, now=platform.now) is None
    assert Message.objects.filter(title__contains="未能转为履约保证金").count() == 2
    words.contract(story.owner, winner, story.round)
    platform.work()
    assert _settled(row) == ("converted", "winner")
    over, home = Payment.objects.filter(deposit=row).order_by("pk")
    assert (over.kind, over.principal, over.interest) == ("conversion", Decimal(amount), 0)
    assert (over.state, over.account) == ("paid", "622299990001")
    assert (home.kind, home.principal) == ("refund", Decimal(100000) - Decimal(amount))
    came = Receipt.objects.get(deposit=row).credited_at
    days = (beijing_date(home.paid_at) - beijing_date(came)).days
    # the interest of all of it, to its bidder
    assert home.interest == (Decimal(100000) * Decimal("0.0035") * days / 360).quantize(Decimal("0.01"))
    assert (home.state, home.account) == ("paid", row.payer_account)
    assert book.held(row) == 0
    assert book.balance(ledger.BOND) == 0
    # looking again, at night or by the same clock, turns nothing over twice
    assert releasing.release_round(row.round, now=platform.now) == 0
    assert Payment.objects.filter(deposit=row).count() == 2
    _book_agrees_with_the_bank(platform)
    end = platform.now + timedelta(days=1)
    reconciling.reconcile(until=end, now=end)
    assert not BankDifference.objects.exists()
    shown = Person(platform, won).get(f"/work/rounds/{story.round}/deposit")
    assert "已转为履约保证金" in shown
    # a bank that sends it back is told of to both; here it had been paid, so the book takes this back at once
    over.refresh_from_db()
    with transaction.atomic():
        releasing._come_back(over, "账户不存在", at=platform.now, now=platform.now)
        assert Message.objects.filter(title__contains="未能付到招标人账户").count() == 2
        transaction.set_rollback(True)


def test_a_deposit_that_is_not_to_become_a_bond_goes_home(platform: Any, folder: Path) -> None:
    story, won, row = _awarded(platform, folder)
    person, owner = Person(platform, won), Person(platform, "zhaobiao")
    own = f"/work/rounds/{story.round}/deposit"
    assert "本单位最多可转" in person.get(own)
    person.post(f"{own}/conversion", amount="50000")
    (asked,) = row.conversions.all()
    listed = f"/work/rounds/{story.round}/deposits"
    assert re.search(r"申请\s*[^<]*50,000.00[^<]*转为履约保证金", owner.get(listed))
    owner.post(f"{listed}/conversions/{asked.public_id}", agreed="no")
    assert "不转为履约保证金" in person.get(own)
    words.contract(story.owner, story.bidder(won), story.round)
    platform.work()
    assert _settled(row) == ("refunded", "winner")
    assert Payment.objects.get(deposit=row).principal == Decimal("100000.00")
    _book_agrees_with_the_bank(platform)
