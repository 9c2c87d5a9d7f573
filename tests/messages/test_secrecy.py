"""Before the opening nobody learns who was told or how many: with 0 and with 50 recipients the outside is the same."""

import logging
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction

from ggzy.evidence.models import Entry
from ggzy.kernel.ids import make_uscc
from ggzy.kernel.refusals import Citation
from ggzy.messages import actions, queries
from ggzy.messages.models import Address, Delivery
from ggzy.messages.ports import NotSent
from ggzy.messages.rules import Kind
from ggzy.parties.models import Account, Organisation, Person
from tests.journeys.tale import Tale
from tests.messages.conftest import Postman
from tests.portals.test_work import Person as Visitor
from tests.secrecy.test_before_the_deadline import CHANGING, _views

pytestmark = pytest.mark.django_db


def _bidders(platform: Any, count: int) -> list[Organisation]:
    made = Organisation.objects.bulk_create(
        Organisation(
            uscc=make_uscc(region="370100", serial=5_500_000 + n), name=f"对手{n:03d}公司", kinds=["bidder"]
        )
        for n in range(count)
    )
    people = Person.objects.bulk_create(Person(name="经办") for _ in made)
    accounts = Account.objects.bulk_create(
        Account(username=f"rival{n}", password="!", person=person, organisation=org, role="bidder")
        for n, (person, org) in enumerate(zip(people, made, strict=True))
    )
    Address.objects.bulk_create(
        Address(account=a, channel="email", value=f"{a.username}@example.com", verified_at=platform.now)
        for a in accounts
    )
    return made


def _files() -> set[str]:
    """Return the names of what lies on the disk, ids blanked."""
    places = [settings.FILES, settings.VAR / "log"]
    return {re.sub(r"[0-9a-f]{16,}", "·", p.name) for at in places if at.exists() for p in at.rglob("*")}


def _world(platform: Any, tale: Tale, told: int, *, dead: bool) -> tuple[dict[str, Any], int]:
    """Return all that outsiders and officials see after so many were told, and how many entries the log escrowed."""
    (settings.KEYS / "published.checkpoint").unlink(missing_ok=True)  # what the other world signed
    with transaction.atomic():
        bidders = _bidders(platform, 50)
        Postman.trouble = NotSent("邮件服务器无法连接") if dead else None
        platform.sequence()
        actions.tell(
            organisations=[org.pk for org in bidders[:told]],
            kind=Kind.LEGAL,
            basis=Citation("招标投标法", "第二十三条"),
            until_opening=[tale.round],
            title=f"{tale.tender['name']}澄清" if "name" in tale.tender else "澄清",
            text="工期不含冬休",
            link=f"/tenders/{tale.tender['tender']}",
            now=platform.now,
        )
        platform.work()
        platform.advance(platform.now + timedelta(hours=25))
        assert Delivery.objects.filter(raised_at__isnull=False).count() == (told if dead else 0)
        platform.sequence(hours=2)
        seen: dict[str, Any] = {
            key: re.sub(r"[A-Za-z0-9+/]{40,}=*", "·", text) for key, text in _views(platform, tale).items()
        }
        seen["files"] = _files()
        seen["todo"] = Visitor(platform, "zhongxin").get("/work/undelivered").count("<li")
        for name in ("zhaobiao", "daili", "zhongxin", "jiandu", "guanli"):
            rows = platform.demo(name).get("/messages")["messages"]
            seen[f"inbox {name}"] = sorted((row["title"], row["kind"]) for row in rows)
        seen["mailbox"] = CHANGING.sub("·", Visitor(platform, "zhaobiao").get("/training/mailbox"))
        kept = Entry.objects.filter(act__startswith="messages.").count()
        assert not Entry.objects.filter(act__startswith="messages.").exclude(
            escrowed=True, ocid="", lot="", round="", disclosed_at=None
        )
        transaction.set_rollback(True)
    return seen, kept


@pytest.mark.parametrize("dead", [False, True], ids=["sent", "server dead for a day"])
def test_with_0_and_with_50_recipients_the_outside_looks_the_same(
    platform: Any, folder: Path, postman: type[Postman], caplog: pytest.LogCaptureFixture, dead: bool
) -> None:
    tale = Tale(platform, folder).published()
    with caplog.at_level(logging.INFO):
        none, nothing = _world(platform, tale, 0, dead=dead)
        before = len(caplog.records)
        many, entries = _world(platform, tale, 50, dead=dead)
    spoken = [r.getMessage() for r in caplog.records[before:] if not r.name.startswith("httpx")]
    assert not [line for line in spoken if "message" in line or "example.com" in line or "对手" in line], (
        spoken
    )
    assert (nothing, entries) == (0, 50 if dead else 100)
    assert none.keys() == many.keys()
    for key in none:
        assert none[key] == many[key], key


def test_after_the_opening_the_centre_sees_a_number_and_still_no_name(
    platform: Any, folder: Path, postman: type[Postman]
) -> None:
    from ggzy.portals.messages import _undelivered

    tale = Tale(platform, folder).closed()
    bidders = _bidders(platform, 3)
    Postman.trouble = NotSent("邮件服务器无法连接")
    actions.tell(
        organisations=[org.pk for org in bidders],
        kind=Kind.LEGAL,
        basis=Citation("招标投标法", "第二十三条"),
        until_opening=[tale.round],
        title="澄清",
        text="工期不含冬休",
        link="",
        now=platform.now,
    )
    platform.advance(platform.now + timedelta(hours=25))
    assert [row.people for row in queries.undelivered()] == [3] and not _undelivered()
    tale.owner.post(f"/tenders/{tale.tender['tender']}/opening")
    assert [row.people for row in _undelivered()] == [3]
    page = Visitor(platform, "zhongxin").get("/work/undelivered")
    assert "3 人" in page and "对手" not in page
