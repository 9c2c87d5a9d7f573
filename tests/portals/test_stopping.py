"""Stopping an evaluation for a flawed file, through the desk's own page."""

from pathlib import Path
from typing import Any

import pytest

from tests.journeys.test_inquiry import asked, judged
from tests.journeys.test_procurement import SAYS
from tests.portals.test_work import Person

pytestmark = pytest.mark.django_db


def test_a_group_stops_through_its_desk_and_the_buyer_goes_on(platform: Any, folder: Path) -> None:
    tale = judged(asked(platform, folder))
    desk = f"/work/rounds/{tale.round}/desk"
    at = f"/work/rounds/{tale.round}/stoppages"
    first, second = (Person(platform, member.name) for member in tale.members[:2])
    page = first.get(desk)
    assert "询价通知书有问题, 需要停止评审" in page
    assert "至少2人" in page
    assert "存在歧义" not in page
    short = first.client.post(at, {"ground": "unlawful", "text": "不合法"})
    assert short.status_code == 422
    assert "20至4000字" in short.content.decode()
    assert ">不合法</textarea>" in short.content.decode(), "nothing entered is lost"
    first.post(at, ground="unlawful", text=SAYS)
    first.sign(f"{at}/1", f"{at}/1/to-sign")
    assert "您已签名" in first.get(desk)
    assert SAYS in second.get(desk)
    second.sign(f"{at}/1", f"{at}/1/to-sign")
    assert "询价小组过半数成员签名, 已停止评审" in second.get(desk)
    owner = Person(platform, "zhaobiao")
    console = f"/work/tenders/{tale.tender['tender']}"
    assert SAYS in owner.get(console)
    owner.post(f"/work/rounds/{tale.round}/next", tender=tale.tender["tender"])
    assert SAYS not in owner.get(console)
