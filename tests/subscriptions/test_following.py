"""A search is followed with an account or an address, told once a day, and ended by whoever has the letter."""

import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ggzy.kernel.clock import BEIJING
from ggzy.messages.models import Delivery, Message
from ggzy.subscriptions import actions
from ggzy.subscriptions.models import Subscription
from tests.journeys.tale import Tale
from tests.portals.test_work import Browser, Person

pytestmark = pytest.mark.django_db


def _news() -> list[Message]:
    return list(Message.objects.filter(kind="news").order_by("pk"))


def _next_morning(platform: Any) -> None:
    at = platform.now.astimezone(BEIJING)
    morning = datetime(at.year, at.month, at.day, 8, 31, tzinfo=BEIJING)
    platform.advance(morning if morning > at else morning + timedelta(days=1))


def test_an_account_follows_a_search(platform: Any, folder: Path) -> None:
    person = Person(platform, "jia")
    assert "先检索" in person.get("/subscriptions")
    assert "检索词 测试" in person.get("/subscriptions?words=测试")
    for _ in range(2):  # the second time is no second subscription
        person.post("/subscriptions", words="测试")
    person.post("/subscriptions", words="没有这个词的公告")
    person.post("/subscriptions", 422, region="3")
    assert Subscription.objects.count() == 2
    _next_morning(platform)
    assert not _news()
    Tale(platform, folder).published()
    platform.advance(platform.now + timedelta(minutes=10))
    _next_morning(platform)
    (told,) = _news()
    assert "检索词 测试" in told.title and "招标公告" in told.text and told.link.startswith("/notices?words=")
    _next_morning(platform)
    assert len(_news()) == 1  # nothing is told twice
    key = Subscription.objects.get(label="检索词 测试").key
    person.post(f"/subscriptions/{key}/end")
    person.post(f"/subscriptions/{key}/end")
    assert "没有这个词的公告" in person.get("/subscriptions") and "检索词 测试" not in person.get(
        "/subscriptions"
    )


def test_an_address_follows_after_its_code_came_back(platform: Any, folder: Path) -> None:
    visitor = Browser()
    refused = visitor.post("/subscriptions", {"words": "测试", "mail": "no address"})
    assert refused.status_code == 422 and 'role="alert"' in refused.content.decode()
    reply = visitor.post("/subscriptions", {"words": "测试", "mail": "reader@example.org"})
    there = reply.headers["Location"]
    assert "确认邮箱" in visitor.get(there).content.decode()
    platform.work()
    Tale(platform, folder).published()
    platform.advance(platform.now + timedelta(minutes=10))
    _next_morning(platform)
    assert not _news()  # nothing before the code came back
    assert visitor.post(there, {"code": "000000"}).status_code >= 400
    assert visitor.post(there, {"code": _code()}).status_code == 303
    _next_morning(platform)
    assert not _news()  # what came out before it began is not news
    assert visitor.get("/subscriptions/unknown").status_code == 404
    key = there.rsplit("/", 1)[-1]
    row = actions.end(key=key, now=platform.now)
    assert row.ended_at and "已在" in visitor.get(there).content.decode()
    assert not Delivery.objects.filter(message__kind="news").exists()


def test_codes_are_not_sent_without_end(platform: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actions, "MOST_WAITING", 2)
    tries = [
        Browser().post("/subscriptions", {"words": "测试", "mail": f"reader{n}@example.org"}).status_code
        for n in range(3)
    ]
    assert tries == [302, 302, 429]


def _code() -> str:
    from ggzy.messages.queries import Address  # type: ignore[attr-defined]

    return re.sub(r"\D", "", str(Address.objects.get().code))[:6]
