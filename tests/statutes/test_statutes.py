"""The law as it holds here: only stricter, two persons, named readers, and nothing of it touches a running round."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ggzy.law import table
from ggzy.law.limits import Bound, Direction, Status
from ggzy.statutes.rules import Local, NotStricter, adjusted, require_stricter
from ggzy.tendering.models import Round
from ggzy.tendering.stamps import governing, law_of
from tests.api.test_refusals import no
from tests.journeys.tale import Tale
from tests.portals.test_work import Person

DAY = date(2026, 3, 2)
LAW = table.in_force(DAY)


def local(key: str, length: int, **more: Any) -> Local:
    values = {"region": "370000", "since": DAY, "until": None, "document": "某省条例", "article": "第十条"}
    return Local(key=key, length=length, **{**values, **more})


@pytest.mark.pure
@pytest.mark.parametrize(
    ("key", "length"), [("GC-T03", 19), ("GC-T13", 2), ("GC-T08", 4), ("GC-T05", 14), ("GP-T08", 6)]
)
def test_nothing_laxer_than_the_law_is_entered(key: str, length: int) -> None:
    with pytest.raises(NotStricter, match="只能更严"):
        require_stricter(LAW[key], length=length, document="某省条例", since=DAY)


@pytest.mark.pure
@given(st.sampled_from(sorted(LAW)), st.integers(0, 60), st.sampled_from(["370100", "370000", "320000"]))
def test_whatever_is_entered_no_row_becomes_laxer(key: str, length: int, region: str) -> None:
    """A row in force here is the law's own or a stricter one, and only in the region and its parts."""
    row = LAW[key]
    try:
        require_stricter(row, length=length, document="某省条例", since=DAY)
    except NotStricter:
        return
    found = adjusted(LAW, local=[local(key, length)], read=(), region=region, on=DAY)[key]
    floor = row.bound is Bound.AT_LEAST or row.direction is Direction.BEFORE
    assert found.length >= row.length if floor else found.length <= row.length
    assert found.length == (length if region.startswith("37") else row.length)


@pytest.mark.pure
def test_a_promise_changes_no_lawful_date_and_a_rule_only_within_its_days() -> None:
    rows = [local("GC-T03", 30, promise=True)]
    assert adjusted(LAW, local=rows, read=(), region="370100", on=DAY)["GC-T03"].length == 20
    rows = [local("GC-T03", 30, since=DAY + timedelta(1))]
    assert adjusted(LAW, local=rows, read=(), region="370100", on=DAY)["GC-T03"].length == 20
    rows = [local("GC-T03", 30), local("GC-T03", 25, region="370100")]
    found = adjusted(LAW, local=rows, read=(), region="370100", on=DAY)["GC-T03"]
    assert (found.length, str(found.basis[0])) == (30, "《某省条例》第十条")


@pytest.mark.pure
def test_a_clause_that_was_read_may_block_and_its_successor_must_be_read_again() -> None:
    row = LAW["GC-T22"]
    assert not row.may_block
    read = {("GC-T22", row.in_force_from)}
    assert adjusted(LAW, local=(), read=read, region="370100", on=DAY)["GC-T22"].status is Status.READ
    other = {("GC-T22", date(2030, 1, 1))}
    assert not adjusted(LAW, local=(), read=other, region="370100", on=DAY)["GC-T22"].may_block


RULE = {
    "key": "GC-T03",
    "kind": "rule",
    "region": "370000",
    "length": 25,
    "document": "训练省招标投标条例",
    "article": "第十二条",
    "since": "2026-03-01",
}


@pytest.mark.django_db
def test_a_stricter_rule_governs_later_notices_and_leaves_the_running_alone(
    platform: Any, folder: Path
) -> None:
    first, second = platform.demo("guanli"), platform.demo("guanli2")
    before = Tale(platform, folder).published()
    no(first.post, "/local-limits", {**RULE, "length": 19}, code="statutes.not_stricter")
    made = first.post("/local-limits", RULE)["limit"]
    no(first.post, "/local-limits", RULE, code="statutes.limit_not_open")
    no(first.post, f"/local-limits/{made}/confirmation", code="statutes.same_administrator")
    second.post(f"/local-limits/{made}/confirmation")
    no(second.post, f"/local-limits/{made}/confirmation", code="statutes.limit_not_open")
    # 21 days were enough before; now the rule of the province asks for 25
    tale = Tale(platform, folder / "later").prepared()
    deadline = (platform.now + timedelta(days=21)).isoformat()
    to = f"/tenders/{tale.tender['tender']}/publication"
    no(tale.owner.post, to, {"bid_deadline": deadline}, code="tendering.deadline_too_early")
    tale.owner.post(to, {"bid_deadline": (platform.now + timedelta(days=26)).isoformat()})
    assert law_of(Round.objects.get(public_id=tale.round))["GC-T03"].length == 25
    assert law_of(Round.objects.get(public_id=before.round))["GC-T03"].length == 20
    newest, oldest = governing()[:2]
    assert (newest.differs, newest.rounds, oldest.rounds) == (("GC-T03",), 1, 1)


@pytest.mark.django_db
def test_the_administrators_page_and_the_public_one(platform: Any, folder: Path) -> None:
    one, two = Person(platform, "guanli"), Person(platform, "guanli2")
    reply = one.client.post("/work/law", {**RULE, "length": "15"})
    assert reply.status_code == 422 and "只能更严" in reply.content.decode()
    assert 'value="训练省招标投标条例"' in reply.content.decode(), "nothing entered is lost"
    one.post("/work/law", **{**RULE, "length": "25"})
    assert "确认本地期限或服务承诺" in two.get("/work")
    assert "训练省招标投标条例" not in one.get("/law")
    address = two.get("/work/law").split('action="/work/law/')[1].split("/")[0]
    two.post(f"/work/law/{address}/confirm")
    assert "训练省招标投标条例" in one.get("/law")
    one.post(
        "/work/law/clauses", key="GC-T22", source="工程建设项目施工招标投标办法, 30号令, 国家法律法规数据库"
    )
    assert "国家法律法规数据库" in one.get("/law")
    one.post(f"/work/law/{address}/end", reason="条例废止")
    assert "训练省招标投标条例" not in one.get("/law")
    Person(platform, "zhaobiao").get("/work/law", status=403)
