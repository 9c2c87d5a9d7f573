"""Searching in the database: exact, bounded, in order, and only what has been published."""

import json
from datetime import timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ggzy.kernel.actors import SYSTEM
from ggzy.kernel.ids import new_public_id
from ggzy.kernel.refusals import BadInput
from ggzy.notices.actions import NoticeKind, publish_notice
from ggzy.search import queries, rules
from ggzy.search.actions import file_new_notices, rebuild
from ggzy.search.queries import FITTEST, Search, search
from tests.journeys.tale import Tale
from tests.shared import shared
from tests.single_source.test_life import Buying

_NUMBERS = count(1)


def publish(platform: Any, title: str, *lines: str, kind: NoticeKind = NoticeKind.TENDER, **more: Any) -> str:
    """Publish a notice of no tender in particular, some minutes after the one before; return its series."""
    made = publish_notice(
        kind=kind,
        ocid="ocds-test",
        tender=new_public_id(),
        rounds=[],
        title=title,
        body={"says": list(lines), **{k: v for k, v in more.items() if k != "series"}},
        actor=SYSTEM,
        now=platform.now + timedelta(minutes=next(_NUMBERS)),
        series=more.get("series", ""),
    )
    return made.series


def titles(**asked: Any) -> list[str]:
    return [row.title for row in search(Search(**asked)).rows]


def test_words_are_found_where_they_stand_and_nowhere_else(platform: Any) -> None:
    publish(platform, "东区污水管网工程招标公告", "第１标段, 钢管DN300")
    publish(platform, "水管与管网、线缆工程招标公告")
    publish(platform, "西区自来水管道工程招标公告", "污染治理, 水质监测; 管道与网线")
    file_new_notices()
    assert titles(words="水管网") == [
        "东区污水管网工程招标公告"
    ]  # both pairs stand in two others, the word does not
    assert titles(words="水管网、线缆工程") == []
    assert titles(words="污水管网") == ["东区污水管网工程招标公告"]
    assert titles(words="水管 区") == ["西区自来水管道工程招标公告", "东区污水管网工程招标公告"]
    assert titles(words="管 网 区") == ["西区自来水管道工程招标公告", "东区污水管网工程招标公告"]
    assert titles(words='"管网" 东') == ["东区污水管网工程招标公告"]
    assert titles(words="水管 -自来水 -线缆") == ["东区污水管网工程招标公告"]
    assert titles(words="dn300") == titles(words="第1标段") == ["东区污水管网工程招标公告"]
    assert titles(words="n300") == titles(words="管污水") == titles(words="公告第1") == []
    with pytest.raises(BadInput):
        search(Search(words="-自来水"))


def test_kinds_amounts_dates_and_order(platform: Any) -> None:
    start = platform.now
    publish(platform, "甲项目中标结果公告", kind=NoticeKind.RESULT, price="100.00")
    publish(platform, "乙项目招标公告", "甲项目的二期", lots=[{"budget": "70.00"}, {"budget": "80.50"}])
    publish(platform, "丙项目流标公告", kind=NoticeKind.FAILURE)
    file_new_notices()
    assert titles(kind="result") == ["甲项目中标结果公告"]
    assert titles(least=Decimal("100.01")) == ["乙项目招标公告"]
    assert titles(most=Decimal("100.00")) == ["甲项目中标结果公告"]
    assert titles(until=start) == []
    assert titles(words="甲项目") == ["乙项目招标公告", "甲项目中标结果公告"]
    assert titles(words="甲项目", sort=FITTEST) == ["甲项目中标结果公告", "乙项目招标公告"]
    found = search(Search())
    assert found.total == 3 and ("failure", 1) in found.facets["kind"]
    with pytest.raises(BadInput):
        search(Search(sort="dearest"))
    with pytest.raises(BadInput):
        search(Search(after="1 OR 1_2"))


def test_pages_follow_each_other_without_a_gap(platform: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(25):
        publish(platform, f"{number}号项目招标公告")
    file_new_notices()
    for walked in (3, 400):  # by the index alone, and by walking the newest
        monkeypatch.setattr(queries, "WALKED", walked)
        for sort in (queries.NEWEST, FITTEST):
            seen, after = [], ""
            while True:
                found = search(Search(words="项目", size=10, after=after, sort=sort))
                seen += [row.title for row in found.rows]
                after = found.next
                if not after:
                    break
            assert seen == [f"{number}号项目招标公告" for number in reversed(range(25))]


def test_too_many_are_called_too_many(platform: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "COUNTED", 3)
    for number in range(5):
        publish(platform, f"{number}号{'工程' if number % 2 else '项目'}", "工程")
    file_new_notices()
    assert search(Search(words="工程")).total is None
    assert search(Search(words="工程")).facets == {}
    found = search(Search(words="工程", sort=FITTEST))
    assert found.titles_only and [row.title for row in found.rows] == ["3号工程", "1号工程"]


def test_the_newest_version_is_found(platform: Any) -> None:
    series = publish(platform, "资格预审公告", "旧的说法")
    file_new_notices()
    publish(platform, "资格预审公告(澄清)", "新的说法", series=series)
    assert file_new_notices() == 1
    assert titles(words="旧的说法") == [] and titles(words="新的说法") == ["资格预审公告(澄清)"]
    assert file_new_notices() == 0
    assert rebuild() == 1
    assert titles() == ["资格预审公告(澄清)"]


def test_a_buyer_is_found_by_its_name_in_any_width(platform: Any) -> None:
    publish(platform, "甲公告", "城投（集团）公司是监理")
    publish(platform, "乙公告")
    file_new_notices()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE search_indexednotice SET buyer = '城投（集团）公司ABC' WHERE text LIKE '乙%'")
        cursor.execute(
            "UPDATE search_indexednotice SET terms = array_to_tsvector(%s) WHERE text LIKE '乙%%'",
            [
                rules.terms(
                    title="乙公告",
                    lines=["城投（集团）公司ABC"],
                    facts=rules.Facts(kind="tender", scope="GC", region="37", published_at=platform.now),
                )
            ],
        )
    assert titles(buyer="(集团)公司abc") == titles(buyer="城投（集团）") == ["乙公告"]


def test_a_question_costs_the_same_whatever_is_asked(platform: Any) -> None:
    for number in range(30):
        publish(platform, f"{number}号污水工程")
    file_new_notices()
    costs = set()
    for asked in (
        Search(),
        Search(words="污水"),
        Search(words="没有的词"),
        Search(words="污水", sort=FITTEST),
    ):
        with CaptureQueriesContext(connection) as spent:
            search(asked)
        costs.add(len(spent))
    assert max(costs) <= 10


def test_nothing_is_found_before_it_is_published(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder).prepared()
    file_new_notices()
    assert titles(words="测试招标") == titles(code=tale.tender["deal_code"]) == []
    tale = Tale(platform, folder).sealed()
    platform.work()
    assert titles(words="测试招标") and titles(words="训练市") is not None
    deal = tale.tender["deal_code"]
    assert titles(code=deal[:12]) == titles(code=deal.lower()) == ["测试招标招标公告"]
    assert titles(code=deal[3:]) == []
    lot = tale.tender["rounds"][0]["lot"]
    assert titles(code=lot) == ["测试招标招标公告"]
    buyer = search(Search(words="测试招标")).rows[0]
    assert titles(buyer=buyer.buyer_uscc) == titles(buyer=buyer.buyer[:4]) == ["测试招标招标公告"]
    assert titles(region="37") == ["测试招标招标公告"] and titles(region="3702") == []
    # who has bid is in no word, no term and no code
    names = [tale.bidder(name) for name in ("jia", "yi", "bing")]
    with connection.cursor() as cursor:
        cursor.execute("SELECT text || folded || terms::text FROM search_indexednotice")
        kept = "".join(row[0] for row in cursor.fetchall())
    for party in names:
        assert party.name not in kept and rules.fold(party.name) not in kept and party.uscc not in kept
        assert titles(words=party.name) == titles(code=party.uscc) == []


_REAL, _MARKS = shared("data/cn_notices.jsonl")


@pytest.mark.parametrize("folder_of", [pytest.param(_REAL, marks=_MARKS)])
def test_real_notices_are_found_as_by_a_plain_look(platform: Any, folder_of: Path) -> None:
    rows = [json.loads(line) for line in folder_of.read_text().splitlines()][:400]
    for row in rows:
        publish(platform, row.get("title", ""), row.get("detail", ""), row.get("buyer", ""))
    file_new_notices()
    with connection.cursor() as cursor:
        cursor.execute("SELECT public_id, folded FROM search_indexednotice")
        texts = dict(cursor.fetchall())
    for words in (
        "手术",
        "医院",
        "德航",
        "采购 -手术",
        "智能化",
        "“手术室 ”",
        "3d",
        "2024",
        "医",
        "公告",
        "人脸识别 系统",
    ):
        question = rules.read_question(words)
        plain = {pk for pk, folded in texts.items() if rules.holds(folded, question)}
        found, after = set(), ""
        while True:
            page = search(Search(words=words, size=100, after=after))
            found |= {row.public_id for row in page.rows}
            after = page.next
            if not after:
                break
        assert found == plain, words
        assert page.total == len(plain)


def test_a_purchase_from_one_supplier_is_found_as_government_procurement(platform: Any) -> None:
    buying = Buying(platform).on()
    file_new_notices()
    found = search(Search(words="接口升级", scope="GP")).rows
    assert [row.title for row in found] == ["政务系统接口升级单一来源公示"]
    assert found[0].scope == "GP"
    assert titles(code=buying.seen(buying.buyer)["deal_code"]) == ["政务系统接口升级单一来源公示"]
    assert titles(words="接口升级", scope="GC") == []
    rebuild()
    assert titles(words="接口升级", scope="GP") == ["政务系统接口升级单一来源公示"]
