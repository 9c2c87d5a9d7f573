"""The public portal: search page, feed, notice pages, the open lists, figures and tables, all from what is published."""

import csv
import io
import re
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ggzy.awarding.models import Award
from ggzy.client import story
from ggzy.kernel.actors import SYSTEM
from ggzy.kernel.ids import new_public_id
from ggzy.notices.actions import NoticeKind, publish_notice
from ggzy.portals import market
from ggzy.portals.charts import Bar, bars
from tests.journeys.tale import Tale
from tests.portals.test_public import Browser, page

_ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture
def client() -> Browser:
    """Return the browser of somebody who is not signed in."""
    return Browser()


@pytest.fixture(autouse=True)
def counted_anew() -> None:
    cache.clear()


def _publish(platform: Any, title: str, *, minutes: int = 0, series: str = "", **body: Any) -> Any:
    return publish_notice(
        kind=NoticeKind.PREQUALIFICATION,
        ocid="ocds-x",
        tender=new_public_id(),
        rounds=[],
        title=title,
        body=body,
        actor=SYSTEM,
        now=platform.now + timedelta(minutes=minutes),
        series=series,
    )


def _csv(client: Browser, name: str) -> list[dict[str, str]]:
    reply = client.get(f"/data/{name}.csv")
    content = b"".join(reply.streaming_content)
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


def test_a_whole_tender_in_the_portal(platform: Any, folder: Path, client: Browser) -> None:
    """Lists, figures and tables say what the notices say, and nothing before."""
    tale = Tale(platform, folder).sealed()
    platform.work()
    for address in ("/open/awards", "/open/enterprises", "/figures", "/", "/notices", "/data/notices.csv"):
        reply = client.get(address)
        text = (b"".join(reply) if reply.streaming else reply.content).decode()
        assert not any(tale.bidder(n).name in text for n in ("jia", "yi", "bing")), address
    assert "还没有中标结果" in page(client, "/open/awards")
    assert "测试工程" in page(client, "/open/projects") and "测试招标" in page(
        client, "/open/projects?words=测试"
    )
    assert "没有符合条件的项目" in page(client, "/open/projects?words=火星")
    day = tale.deadline.strftime("%Y-%m")
    assert "测试招标" in page(client, f"/calendar/openings?month={day}")
    assert "这个月没有已定的开标" in page(client, "/calendar/openings?month=2030-01")

    tale = Tale(platform, folder).notified()
    story.contract(tale.owner, tale.bidder("jia"), tale.round)
    platform.sequence()
    platform.work()
    cache.clear()
    winner = tale.bidder("jia")
    listed = page(client, "/open/awards")
    assert winner.name in listed and "9,120,000.00" in listed
    found = re.search(rf'/organisations/([0-9a-f]{{32}})">{winner.name}', listed)
    assert found
    own = page(client, f"/organisations/{found[1]}")
    assert "中标和合同" in own and "签订" in own
    loser = tale.bidder("yi")
    assert loser.name not in page(client, "/open/enterprises") and winner.name in page(
        client, "/open/enterprises"
    )

    # figures are a plain recount of what the tables to take away say
    awards, contracts, notices = (_csv(client, name) for name in ("awards", "contracts", "notices"))
    assert [row["中标人"] for row in awards] == [row["承包人"] for row in contracts] == [winner.name]
    told = client.get("/api/v1/figures").json()
    assert sum(line["count"] for line in told["awarded_by_month"]) == len(awards)
    assert sum(Decimal(line["amount"]) for line in told["awarded_by_month"]) == Decimal(
        awards[0]["中标价(元)"]
    )
    capped = Decimal(awards[0]["最高投标限价(元)"])
    saved = (capped - Decimal(awards[0]["中标价(元)"])) * 100 / capped
    assert Decimal(told["saved_percent"]) == round(saved, 2) == Decimal("8.80")
    kinds = [row["种类"] for row in notices]
    assert {line["label"]: line["count"] for line in told["notices_by_kind"]} == {
        k: kinds.count(k) for k in kinds
    }
    record = next(n for n in client.get("/api/v1/notices?kind=opening_record").json()["notices"])
    bids = client.get(f"/api/v1/notices/{record['public_id']}").json()["body"]["bids"]
    assert (told["opened_rounds"], told["opened_bids"]) == (1, len(bids)) == (1, 3)
    assert told["bids_a_round"] == "3.00"
    assert sum(line["count"] for line in told["tendered_by_scope"]) == 2  # the sealed one and this one
    shown = page(client, "/figures")
    main = shown[shown.index("<main") : shown.index("</main>")]
    assert "8.80%" in shown and main.count("<svg") == main.count("<details>") > 0

    # its notice leads to the round, the letter, its seal, and on
    result = next(row for row in notices if row["种类"] == "中标结果公告")
    text = page(client, f"/notices/{result['公告编号']}")
    assert "进行到哪一步" in text and "中标通知书(PDF)" in text and 'class="segno"' in text
    check = re.search(rf"/notices/{result['公告编号']}/documents/[0-9a-f]{{64}}", text)
    assert check and "枚签章" in page(client, check[0])
    page(client, f"/notices/{result['公告编号']}/documents/{'0' * 64}", status=404)
    page(client, "/data/bids.csv", status=404)

    # an award that came to nothing is no result any more, but stays told
    Award.objects.update(ended_at=platform.now, end_kind=Award.REFUSED)
    cache.clear()
    assert client.get("/api/v1/figures").json()["awarded_by_month"] == []
    assert "还没有中标结果" in page(client, "/open/awards")
    assert "公告过的中标资格终止" in page(client, f"/organisations/{found[1]}")
    assert re.search(r'data-label="中标">0<', page(client, f"/open/enterprises?words={winner.name}"))
    assert [row["终止原因"] for row in _csv(client, "awards")] == ["中标人放弃中标"]


def test_the_search_page_keeps_what_was_asked(platform: Any, client: Browser) -> None:
    _publish(platform, "东区污水管网资格预审公告", need="钢管<b>")
    _publish(platform, "=SUM(A1)公告", minutes=1)
    platform.work()
    shown = page(client, "/notices?words=水管&kind=prequalification&sort=fittest")
    assert "污<mark>水管</mark>网" in shown and "钢管<b>" not in shown
    assert 'value="水管"' in shown and "共 1 条" in shown
    assert "/feeds/notices.atom?words=%E6%B0%B4%E7%AE%A1&amp;kind=prequalification" in shown
    assert "没有符合条件的公告" in page(client, "/notices?words=火星")
    for wrong in (
        "words=-x",
        "since=2026-13-01",
        "least=abc",
        "region=3",
        "after=x_y",
        "sort=z",
        "words=" + "字" * 201,
    ):
        assert 'role="alert"' in page(client, f"/notices?{wrong}", status=422), wrong
    page(client, "/notices?words=%00&after=99999999999999999_1", status=422)
    # a title that a spreadsheet would take for a formula
    assert "'=SUM(A1)公告" in [row["标题"] for row in _csv(client, "notices")]


def test_a_feed_is_the_search_and_says_when_nothing_is_new(platform: Any, client: Browser) -> None:
    _publish(platform, "东区污水管网公告 & <附件>\x0b")
    platform.work()
    address = "/feeds/notices.atom?words=污水"
    reply = client.get(address)
    assert reply["Content-Type"].startswith("application/atom+xml")
    feed = ElementTree.fromstring(reply.content)  # noqa: S314 - our own
    assert feed.tag == f"{_ATOM}feed"
    for needed in ("id", "title", "updated", "author"):
        assert feed.find(f"{_ATOM}{needed}") is not None
    (entry,) = feed.findall(f"{_ATOM}entry")
    assert entry.findtext(f"{_ATOM}title") == "东区污水管网公告 & <附件>"
    assert "/notices/" in entry.find(f"{_ATOM}link").attrib["href"]
    assert client.get(address, headers={"If-None-Match": reply["ETag"]}).status_code == 304
    assert client.get(address, headers={"If-Modified-Since": reply["Last-Modified"]}).status_code == 304
    _publish(platform, "西区污水管网公告", minutes=1)
    platform.work()
    again = client.get(address, headers={"If-None-Match": reply["ETag"]})
    assert again.status_code == 200 and again["ETag"] != reply["ETag"]
    empty = ElementTree.fromstring(client.get("/feeds/notices.atom?words=火星").content)  # noqa: S314
    assert empty.findall(f"{_ATOM}entry") == []
    page(client, "/feeds/notices.atom?since=x", status=422)


def test_versions_are_compared_field_by_field(platform: Any, client: Browser) -> None:
    old = _publish(
        platform, "预审公告", need="甲乙丙", lots=[{"name": "一标段", "budget": "10.00"}], gone="旧"
    )
    new = _publish(
        platform,
        "预审公告(澄清)",
        need="甲丁丙",
        lots=[{"name": "一标段", "budget": "12.00"}],
        added=["一", "二"],
        series=old.series,
        minutes=1,
    )
    shown = page(client, f"/notices/{new.public_id}/changes")
    assert "<del>乙</del><ins>丁</ins>" in shown and "标段 1 · 估算价" in shown
    assert "<del>旧</del>" in shown and "<ins>(澄清)</ins>" in shown and "<ins>一<br>二</ins>" in shown
    assert "一标段" not in shown
    page(client, f"/notices/{old.public_id}/changes", status=404)
    assert f"/notices/{new.public_id}/changes" in page(client, f"/notices/{new.public_id}")


def test_pages_cost_the_same_for_any_number_of_rows(platform: Any, folder: Path, client: Browser) -> None:
    Tale(platform, folder).published()
    notice = _publish(platform, "污水公告")
    platform.work()
    addresses = {
        "/": 6,
        "/notices?words=公告": 12,
        "/feeds/notices.atom": 12,
        "/open/projects": 4,
        "/open/awards": 3,
        "/open/enterprises": 6,
        "/calendar/openings": 5,
        "/figures": 8,
        f"/notices/{notice.public_id}": 14,
    }
    before = {}
    for address, most in addresses.items():
        cache.clear()
        with CaptureQueriesContext(connection) as spent:
            page(client, address)
        before[address] = len(spent)
        assert len(spent) <= most, (address, [q["sql"][:90] for q in spent])
    for number in range(3):
        Tale(platform, folder).published()
        _publish(platform, f"污水公告{number}", minutes=number + 1)
    platform.work()
    for address, cost in before.items():
        cache.clear()
        with CaptureQueriesContext(connection) as spent:
            page(client, address)
        assert len(spent) <= max(cost, addresses[address]), address


def test_a_month_with_many_openings_turns_pages(
    platform: Any, folder: Path, client: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(market, "OPENINGS", 2)
    tales = [Tale(platform, folder).published() for _ in range(3)]
    month = tales[0].deadline.strftime("%Y-%m")
    shown = [page(client, f"/calendar/openings?month={month}&page={n}") for n in (1, 2, 9)]
    assert [text.count("/hall") for text in shown] == [2, 1, 1], "a page beyond the last one is the last one"
    assert all("共 3 场" in text and f"?month={month}&amp;page=1#d" in text for text in shown)
    assert all(sum(tale.round in text for text in shown[:2]) == 1 for tale in tales)
    assert "下一页" in shown[0] and "下一页" not in shown[1]


@pytest.mark.pure
def test_a_chart_says_in_words_what_it_shows() -> None:
    drawn = bars(
        key="k",
        title="标题<",
        says="说明",
        rows=[Bar(label="甲", value=1, shown="1"), Bar(label="乙", value=2, shown="2")],
    )
    assert "标题&lt;" in drawn and 'aria-labelledby="k-t k-d"' in drawn
    widths = [int(w) for w in re.findall(r'width="(\d+)" height="17"', drawn)]
    assert widths[1] == 2 * widths[0]
    assert "style=" not in drawn
