"""The forty items: complete, judged by facts and moments, never by hand."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ggzy.kernel.calendars import CHINA
from ggzy.kernel.refusals import NotFound
from ggzy.publishing import disclosed
from ggzy.publishing.disclosure import ITEMS, OPEN, Fact, Sector, Standing, judge
from tests.conftest import BASE
from tests.journeys.tale import Tale

T0 = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
DAY = timedelta(days=1)
BY_NAME = {item.name: item for item in ITEMS}
OPENING, CANDIDATES = BY_NAME["开标记录"], BY_NAME["中标候选人公示"]


def _fact(sign: str, at: datetime, *rounds: str) -> Fact:
    return Fact(sign=sign, rounds=frozenset(rounds), at=at, link="/x")


@pytest.mark.pure
def test_there_are_forty_in_five_sectors_and_what_is_not_open_says_so() -> None:
    assert [item.number for item in ITEMS] == list(range(1, 41))
    assert {item.sector for item in ITEMS} == set(Sector)
    for item in ITEMS:
        if item.sector not in OPEN:
            row = judge(item, [], calendar=CHINA, now=T0)
            assert (row.standing, row.standing.label) == (Standing.NOT_OPEN, "尚未开通")
        assert item.name and item.content and item.responsible and item.basis


@pytest.mark.pure
def test_every_act_an_item_names_is_an_act_of_the_log() -> None:
    from ggzy.ui.words import ACTS

    signs = {sign for item in ITEMS for sign in (*item.formed, *item.shown)}
    assert {s for s in signs if not s.startswith("notice:")} <= set(ACTS)


@pytest.mark.pure
@pytest.mark.parametrize(
    ("shown", "now", "standing"),
    [
        (None, T0 + DAY, Standing.DUE),
        # twenty working days after Monday 2026-03-02 are Monday 2026-03-30, to its end in Beijing
        (None, datetime(2026, 3, 30, 15, 59, 59, tzinfo=UTC), Standing.DUE),
        (None, datetime(2026, 3, 30, 16, 0, tzinfo=UTC), Standing.OVERDUE),
        (T0, T0, Standing.DONE),
        (datetime(2026, 3, 30, 15, 59, 59, tzinfo=UTC), T0 + 99 * DAY, Standing.DONE),
        (datetime(2026, 3, 30, 16, 0, tzinfo=UTC), T0 + 99 * DAY, Standing.DONE_LATE),
        (T0 - DAY, T0 + DAY, Standing.DUE),
    ],
)
def test_twenty_working_days(shown: datetime | None, now: datetime, standing: Standing) -> None:
    facts = [_fact("opening.ended", T0, "r")]
    facts += [_fact("notice:opening_record", shown, "r")] if shown else []
    assert judge(OPENING, facts, calendar=CHINA, now=now).standing is standing


@pytest.mark.pure
def test_a_statute_s_shorter_limit_comes_first() -> None:
    facts = [_fact("evaluation.reported", T0, "r")]
    row = judge(CANDIDATES, facts, calendar=CHINA, now=T0 + 10 * DAY)
    assert row.standing is Standing.OVERDUE
    assert row.due_at and row.due_at <= T0 + 5 * DAY


@pytest.mark.pure
def test_one_round_s_notice_does_not_satisfy_another_round() -> None:
    facts = [
        _fact("opening.ended", T0, "r1"),
        _fact("opening.ended", T0, "r2"),
        _fact("notice:opening_record", T0, "r1"),
    ]
    assert judge(OPENING, facts, calendar=CHINA, now=T0 + DAY).standing is Standing.DUE
    assert judge(OPENING, facts, calendar=CHINA, now=T0 + 99 * DAY).standing is Standing.OVERDUE
    assert judge(OPENING, [], calendar=CHINA, now=T0).standing is Standing.NOT_FORMED


@pytest.mark.pure
@given(st.integers(0, 200), st.integers(0, 200))
def test_time_alone_never_makes_a_due_item_better(one: int, two: int) -> None:
    facts = [_fact("opening.ended", T0, "r")]
    earlier, later = sorted((one, two))
    order = [Standing.DUE, Standing.OVERDUE]
    rows = [judge(OPENING, facts, calendar=CHINA, now=T0 + n * DAY).standing for n in (earlier, later)]
    assert order.index(rows[0]) <= order.index(rows[1])


def _standings(platform: Any, tender: str) -> dict[str, str]:
    items = platform.anonymous().get(f"/tenders/{tender}/disclosure")["items"]
    return {row["name"]: row["standing"] for row in items if row["sector"] == "construction"}


@pytest.mark.django_db
def test_a_tender_s_items_follow_its_notices_and_the_log(platform: Any, folder: Path, twins: Path) -> None:
    tale = Tale(platform, folder).prepared()
    tender = tale.tender["tender"]
    with pytest.raises(NotFound):  # a draft is nobody's to see
        disclosed.of_tender(tender, now=platform.now)
    tale = Tale(platform, folder).in_publicity()
    platform.sequence()
    found = _standings(platform, tale.tender["tender"])
    assert found["招标公告、资格预审公告"] == found["开标记录"] == found["中标候选人公示"] == "done"
    assert found["评标专家抽取过程"] == found["招标文件"] == "done"
    assert found["合同订立信息"] == found["中标结果"] == found["招标失败(流标)"] == "not_formed"
    assert found["合同履行和变更信息"] == "not_open"
    rows = platform.anonymous().get("/disclosure")["items"]
    assert len(rows) == 40
    assert next(row for row in rows if row["name"] == "开标记录")["done"] == 1


@pytest.mark.django_db
def test_the_overview_costs_the_same_for_any_number_of_tenders(
    platform: Any, folder: Path, twins: Path, django_assert_max_num_queries: Any
) -> None:
    for number in range(3):
        Tale(platform, folder / str(number)).published()
    with django_assert_max_num_queries(5):
        assert len(disclosed.tenders(now=platform.now)) == 3


@pytest.mark.django_db
def test_the_pages_and_the_table(platform: Any, folder: Path, twins: Path) -> None:
    tale = Tale(platform, folder).published()
    platform.sequence()
    with httpx.Client(base_url=BASE, transport=platform.transport) as client:
        page = client.get("/disclosure").text
        assert "尚未开通" in page and "测试招标" in page
        assert "招标文件的澄清和修改" in client.get(f"/disclosure/{tale.tender['tender']}").text
        assert client.get("/disclosure/nothing").status_code == 404
        table = client.get("/disclosure.csv")
        assert table.headers["Content-Type"].startswith("text/csv")
        lines = table.text.splitlines()
        assert len(lines) == 1 + sum(item.sector in OPEN for item in ITEMS)
        assert "已公开" in table.text
