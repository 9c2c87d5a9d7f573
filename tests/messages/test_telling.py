"""Told at once inside, sent outside by the worker, tried again, raised after a day, proved by a receipt."""

import hashlib
import hmac
import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.utils import ProgrammingError
from django.test.utils import CaptureQueriesContext

from ggzy.client.party import Problem
from ggzy.deadlines.models import Timer
from ggzy.evidence.models import Entry
from ggzy.jobs.worker import work_once
from ggzy.kernel.actors import Actor, Role
from ggzy.kernel.clock import BEIJING
from ggzy.kernel.ids import make_uscc
from ggzy.kernel.refusals import Citation, NotFound
from ggzy.law import table
from ggzy.messages import actions, addresses, queries
from ggzy.messages.models import Address, Delivery, Line, Message
from ggzy.messages.ports import NotSent, Turned
from ggzy.messages.rules import Kind
from ggzy.parties.models import Account, Organisation, Person
from tests.messages.conftest import Postman, account, address
from tests.portals.test_work import Person as Visitor

pytestmark = pytest.mark.django_db
LAW = Citation("招标投标法", "第二十三条")


def tell(
    *usernames: str, now: datetime, kind: Kind = Kind.LEGAL, rounds: tuple[str, ...] = (), **more: Any
) -> None:
    legal = {"basis": LAW, "until_opening": rounds} if kind is Kind.LEGAL else {}
    said = legal | {"title": "甲标段澄清", "text": "截止时间改为五月", "link": "/tenders"} | more
    organisations = [account(name).organisation_id for name in usernames]
    with transaction.atomic():
        actions.tell(organisations=organisations, kind=kind, **said, now=now)


def newest() -> Message:
    return Message.objects.order_by("-pk")[0]


def states(**where: Any) -> dict[str, str]:
    where = where or {"message": newest()}
    return dict(Delivery.objects.filter(**where).values_list("channel", "state"))


def who(username: str) -> Actor:
    row = account(username)
    return Actor(
        role=Role(row.role),
        person=row.public_id,
        account_pk=row.pk,
        organisation_pk=row.organisation_id or 0,
    )


def night(platform: Any) -> datetime:
    day = platform.now.astimezone(BEIJING) + timedelta(days=1)
    return day.replace(hour=23, minute=0, second=0, microsecond=0)


def test_a_legal_notice_is_inside_at_once_and_leaves_even_at_night(
    platform: Any, postman: type[Postman]
) -> None:
    platform.advance(night(platform))
    address("jia")
    address("jia", "sms", "13800000000")
    tell("jia", now=platform.now, basis=table.limit("GC-T08", on=platform.now.date()))
    assert states() == {"in_app": "delivered", "email": "queued", "sms": "queued"}
    assert postman.taken == []  # nothing leaves inside the act
    work_once()
    assert states() == {"in_app": "delivered", "email": "sent", "sms": "sent"}
    mail, sms = sorted(postman.taken, key=lambda one: "@" not in one.to)
    assert (mail.to, sms.to) == ("jia@example.com", "13800000000")
    assert "截止时间改为五月" in mail.text and "3日内" in mail.text and "第二十二条" in mail.text
    assert len(mail.key) == 32 and mail.key != sms.key
    work_once()
    assert len(postman.taken) == 2 and not Timer.objects.filter(kind=actions.SEND, done_at=None).exists()


def test_what_the_law_sets_no_clock_for_waits_until_the_morning(
    platform: Any, postman: type[Postman]
) -> None:
    platform.advance(night(platform))
    address("jia")
    tell("jia", now=platform.now, kind=Kind.SERVICE)
    work_once()
    assert states() == {"in_app": "delivered", "email": "queued"}
    platform.advance((night(platform) - timedelta(days=1)).replace(hour=8) + timedelta(days=1))
    assert states() == {"in_app": "delivered", "email": "sent"}


def test_a_choice_holds_and_the_law_takes_one_way(platform: Any, postman: type[Postman]) -> None:
    address("jia")
    jia = platform.demo("jia")
    with pytest.raises(Problem) as no:
        jia.ask("PUT", "/messages/preferences", {"on": {"legal": ["in_app"]}})
    assert "至少留一种站外方式" in no.value.body["message"]
    with pytest.raises(Problem):
        jia.ask("PUT", "/messages/preferences", {"on": {"legal": ["email"]}})
    said = jia.ask(
        "PUT",
        "/messages/preferences",
        {"on": {"legal": ["in_app", "email"], "service": ["in_app"]}, "quiet_from": ""},
    )
    assert said["on"]["service"] == ["in_app"] and said["reachable"] == ["email"]
    tell("jia", now=platform.now, kind=Kind.SERVICE)
    assert states() == {"in_app": "delivered"}


def test_five_hundred_are_told_with_as_many_statements_as_one(platform: Any, postman: type[Postman]) -> None:
    made = Organisation.objects.bulk_create(
        Organisation(uscc=make_uscc(region="370100", serial=6_000_000 + n), name=f"单位{n}", kinds=["bidder"])
        for n in range(500)
    )
    people = Person.objects.bulk_create(Person(name="某某") for _ in made)
    accounts = Account.objects.bulk_create(
        Account(username=f"u{n}", password="!", person=who, organisation=org, role="bidder")
        for n, (who, org) in enumerate(zip(people, made, strict=True))
    )
    Address.objects.bulk_create(
        Address(account=a, channel="email", value=f"{a.username}@example.com", verified_at=platform.now)
        for a in accounts
    )
    address("jia")

    def told(organisations: list[int]) -> int:
        with transaction.atomic(), CaptureQueriesContext(connection) as counted:
            actions.tell(
                organisations=organisations,
                kind=Kind.LEGAL,
                basis=LAW,
                until_opening=["r"],
                title="澄清",
                text="澄清",
                link="",
                now=platform.now,
            )
        return len(counted)

    one, many = told([account("jia").organisation_id]), told([org.pk for org in made])
    assert many == one <= 14
    assert Delivery.objects.filter(account__in=accounts).count() == 1000
    assert Entry.objects.filter(act=actions.TOLD, escrowed=True, round="", ocid="").count() == 501


def test_a_dead_server_pauses_everybody_and_nothing_is_lost(platform: Any, postman: type[Postman]) -> None:
    address("jia")
    address("yi")
    Postman.trouble = NotSent("邮件服务器无法连接")
    tell("jia", now=platform.now)
    tell("yi", now=platform.now)
    work_once()
    assert Postman.tries == 1  # the second did not find it out by itself
    assert Line.objects.get(channel="email").failures == 1
    platform.advance(platform.now + timedelta(seconds=31))
    assert Postman.tries == 2
    Postman.trouble = None
    platform.advance(platform.now + timedelta(minutes=5))
    assert {one.to for one in postman.taken} == {"jia@example.com", "yi@example.com"}
    assert Line.objects.get(channel="email").failures == 0


def test_the_same_key_goes_with_each_try(platform: Any, postman: type[Postman]) -> None:
    address("jia")
    tell("jia", now=platform.now)
    row = Delivery.objects.get(channel="email")
    work_once()
    Delivery.objects.filter(pk=row.pk).update(state="queued", next_try_at=platform.now)  # as after a crash
    Timer.objects.filter(kind=actions.SEND).update(done_at=None, due_at=platform.now)
    work_once()
    assert [one.key for one in postman.taken] == [row.public_id] * 2


def test_what_did_not_leave_within_a_day_is_told_to_the_person_and_counted_after_the_opening(
    platform: Any, postman: type[Postman]
) -> None:
    from ggzy.portals import messages as pages
    from tests.people import actor

    address("jia")
    Postman.trouble = Turned("550 no such mailbox")
    tell("jia", now=platform.now, rounds=("sealed-round",))
    tell("jia", now=platform.now, title="中标通知书")
    work_once()
    assert states(message__title="中标通知书")["email"] == "failed"
    assert not queries.undelivered()
    platform.advance(platform.now + timedelta(hours=24))
    warned = Message.objects.filter(account=account("jia"))
    assert warned.count() == 2 and set(warned.values_list("kind", flat=True)) == {"service"}
    assert {row.rounds for row in queries.undelivered()} == {(), ("sealed-round",)}
    (seen,) = pages._undelivered()  # of the sealed round not even a number
    assert (seen.title, seen.people) == ("中标通知书", 1)
    (todo,) = pages.todos(actor(Role.CENTRE))
    assert "1人次" in todo.where and "jia" not in todo.where and "甲建工" not in todo.where
    assert pages.todos(actor(Role.TENDEREE)) == []
    page = Visitor(platform, "zhongxin").get("/work/undelivered")
    assert "中标通知书" in page and "澄清" not in page and "甲建工" not in page


def test_while_recipients_are_secret_nothing_that_leaves_names_the_tender(
    platform: Any, postman: type[Postman]
) -> None:
    address("jia")
    address("jia", "sms", "13800000000")
    tell("jia", now=platform.now, rounds=("r",), title="某路改造工程资格预审结果")
    work_once()
    assert len(postman.taken) == 2
    assert not any("某路" in one.subject + one.text or "五月" in one.text for one in postman.taken)


def test_the_first_opening_is_kept_and_the_receipt_proves_it(platform: Any, postman: type[Postman]) -> None:
    from ggzy.evidence import tlog
    from ggzy.kernel.canonical import commitment

    address("jia")
    tell("jia", now=platform.now)
    work_once()
    jia, message = platform.demo("jia"), newest()
    before = queries.unread(account("jia").pk)
    assert jia.get("/messages?unread=true")["messages"][0]["title"] == "甲标段澄清"
    first = jia.post(f"/messages/{message.public_id}/read", {})["message"]["opened_at"]
    assert jia.post(f"/messages/{message.public_id}/read", {})["message"]["opened_at"] == first
    assert queries.unread(account("jia").pk) == before - 1
    platform.sequence()
    receipt = jia.get(f"/messages/{message.public_id}/receipt")
    acts = [entry["act"] for entry in receipt["entries"]]
    assert acts == ["messages.told", "messages.sent", "messages.opened"]
    for entry in receipt["entries"]:
        assert (entry["promise"], entry["state"]) == ("escrow", "proven")
        leaf = tlog.leaf_hash(entry["leaf"].encode())
        assert leaf.hex() == entry["entry_hash"]
        for field in entry["fields"].values():
            assert commitment(bytes.fromhex(field["salt"]), field["value"]) == field["commitment"]
    opened = receipt["entries"][2]["fields"]["person"]["value"]
    assert opened["person"] == account("jia").public_id
    assert receipt["entries"][0]["fields"]["recipient"]["value"] == jia.uscc
    for other in ("yi", "zhaobiao", "zhongxin", "jiandu", "guanli"):
        with pytest.raises(Problem) as no:
            platform.demo(other).get(f"/messages/{message.public_id}/receipt")
        assert no.value.status == 404
    with pytest.raises(ProgrammingError), transaction.atomic():
        Message.objects.update(text="别的")


def test_a_phone_that_got_it_is_reported_by_signature_alone(
    platform: Any, postman: type[Postman], settings: Any
) -> None:
    from ggzy.messages.sending import ReportNotSigned, receive_report

    settings.SMS_TOKEN = "secret"
    address("jia", "sms", "13800000000")
    tell("jia", now=platform.now)
    work_once()
    (sms,) = postman.taken
    body = json.dumps({"key": sms.key, "state": "delivered"}).encode()
    signed = hmac.new(b"secret", body, hashlib.sha256).hexdigest()
    with pytest.raises(ReportNotSigned):
        receive_report(body=body, signature="0" * 64, now=platform.now)
    assert receive_report(body=body, signature=signed, now=platform.now)
    assert not receive_report(body=body, signature=signed, now=platform.now)
    assert states()["sms"] == "delivered"
    settings.SMS_TOKEN = ""
    with pytest.raises(ReportNotSigned):
        receive_report(body=body, signature=hmac.new(b"", body, hashlib.sha256).hexdigest(), now=platform.now)


def test_an_address_is_used_after_its_code_came_back(platform: Any, postman: type[Postman]) -> None:
    with connection.cursor() as cursor:
        jia = Visitor(platform, "jia")
        jia.post("/me/notifications/address", channel="email", value="new@example.com")
        tell("jia", now=platform.now, kind=Kind.SERVICE)
        assert states() == {"in_app": "delivered"}
        work_once()
        (letter,) = postman.taken
        code = Address.objects.get().code
        assert letter.to == "new@example.com" and code and code in letter.text
        jia.post(
            "/me/notifications/address", status=409, channel="email", value="new@example.com"
        )  # too soon
        for _ in range(4):
            jia.post("/me/notifications/confirm", status=409, channel="email", code="000000x")
        jia.post("/me/notifications/confirm", channel="email", code=code)
        row = Address.objects.get()
        assert (row.value, row.code, bool(row.verified_at)) == ("new@example.com", None, True)
        cursor.execute("SELECT value FROM messages_address")
        assert b"example" not in bytes(cursor.fetchone()[0])
    jia.post("/me/notifications/remove", channel="email")
    assert Address.objects.get().value is None


def test_five_wrong_codes_end_it(platform: Any, postman: type[Postman]) -> None:
    jia = Visitor(platform, "jia")
    jia.post("/me/notifications/address", channel="email", value="new@example.com")
    for _ in range(5):
        jia.post("/me/notifications/confirm", status=409, channel="email", code="xxxxxx")
    jia.post("/me/notifications/confirm", status=409, channel="email", code=Address.objects.get().code)


def test_a_subscriber_without_an_account_gets_news_and_ends_it(platform: Any, postman: type[Postman]) -> None:
    row = addresses.offer_for_subscriber(channel="email", value="anyone@example.com", now=platform.now)
    work_once()
    news = {"kind": Kind.NEWS, "title": "新公告", "text": "一条", "link": "/notices"}
    assert actions.post(**news, addresses=[row.public_id], now=platform.now) == 0
    code = Address.objects.get().code
    assert code
    addresses.confirm_for_subscriber(address_id=row.public_id, code=code)
    assert (
        actions.post(**news, addresses=[row.public_id], accounts=[account("jia").pk], now=platform.now) == 2
    )
    platform.advance(platform.now + timedelta(days=1))
    assert [one.to for one in postman.taken[1:]] == ["anyone@example.com"]
    assert addresses.remove_for_subscriber(address_id=row.public_id)
    assert actions.post(**news, addresses=[row.public_id], now=platform.now) == 0


def test_nobody_opens_what_another_was_told(platform: Any) -> None:
    tell("jia", now=platform.now)
    for other in ("yi", "zhaobiao", "zhongxin", "jiandu", "guanli", "zhuanjia01"):
        with pytest.raises(NotFound):
            actions.open_message(message_id=newest().public_id, actor=who(other), now=platform.now)
    assert not Delivery.objects.filter(opened_at__isnull=False).exists()


def test_inbox_pages_as_people_use_them(platform: Any, postman: type[Postman]) -> None:
    actions.open_all(actor=who("jia"), now=platform.now)
    for number in range(21):
        tell("jia", now=platform.now, kind=Kind.SERVICE, title=f"进度{number:02d}", text="正文")
    tell("jia", now=platform.now)
    jia = Visitor(platform, "jia")
    assert "22 条未读" in jia.get("/work")
    page = jia.get("/work/messages")
    assert "甲标段澄清" in page and "进度00" not in page and "下一页" in page
    assert "进度00" in jia.get("/work/messages?page=2")
    assert "进度07" in (found := jia.get("/work/messages?words=度07")) and "进度08" not in found
    assert "没有符合的通知" in jia.get("/work/messages?kind=news")
    jia.post("/work/messages/read-all")
    assert queries.unread(account("jia").pk) == 1  # a legal notice is opened, not ticked off
    message = Message.objects.get(kind="legal")
    jia.client.get(f"/work/messages/{message.public_id}", headers={"Sec-Purpose": "prefetch"})
    assert queries.unread(account("jia").pk) == 1
    page = jia.get(f"/work/messages/{message.public_id}")
    assert "送达回执" in page and "《招标投标法》第二十三条" in page
    assert queries.unread(account("jia").pk) == 0
    assert (
        json.loads(jia.get(f"/work/messages/{message.public_id}/receipt.json"))["message"]["kind"] == "legal"
    )
    jia.post("/me/notifications", service=["in_app"], quiet_from="22:00", quiet_to="07:00")
    assert 'value="22:00"' in jia.get("/me/notifications")
    jia.post("/me/notifications", status=422, quiet_from="22:00", quiet_to="")
    Visitor(platform, "yi").get(f"/work/messages/{message.public_id}", status=404)


def test_the_training_mailbox_shows_ones_own_alone(platform: Any) -> None:
    Visitor(platform, "jia").post("/me/notifications/address", channel="sms", value="13800000000")
    work_once()
    code = Address.objects.get().code
    assert code and code in Visitor(platform, "jia").get("/training/mailbox")
    assert code not in Visitor(platform, "yi").get("/training/mailbox")
    address("jia")
    tell("jia", now=platform.now)
    work_once()
    assert "甲标段澄清" in Visitor(platform, "jia").get("/training/mailbox")
    assert "甲标段澄清" not in Visitor(platform, "yi").get("/training/mailbox")
    import httpx

    with httpx.Client(base_url="http://testserver", transport=platform.transport) as client:
        assert client.get("/training/mailbox").headers["location"].startswith("/login")
