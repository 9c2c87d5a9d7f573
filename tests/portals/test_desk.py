"""Desk work at forty lots a day: the same act for many, each for itself; exports that no spreadsheet misreads; the next one."""

import csv
import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from openpyxl import load_workbook

from ggzy.client import story
from ggzy.evidence.models import SecurityEvent
from ggzy.papers import queries
from ggzy.portals.exports import EXPORTS, as_csv, as_xlsx
from tests.journeys.tale import PRICES, Tale
from tests.journeys.test_after_the_report import end
from tests.portals.test_work import Person


@pytest.fixture
def owner(platform: Any) -> Person:
    return Person(platform, "zhaobiao")


def _one(person: Person, kind: str, item: str, status: int = 200, signature: str = "") -> dict[str, Any]:
    """Do what the page's script does for one ticked item."""
    data = {"kind": kind, "item": item, "signature": signature}
    reply = person.client.post("/work/batch/do", data, headers={"accept": "application/json"})
    assert reply.status_code == status, reply.content.decode()
    said: dict[str, Any] = reply.json()
    return said


def _signed(person: Person, kind: str, item: str) -> dict[str, Any]:
    reply = person.client.get("/work/batch/to-sign", {"kind": kind, "item": item})
    assert reply.status_code == 200, reply.content.decode()
    return _one(person, kind, item, signature=person.party.signature_on(reply.json()["to_sign"]))


@pytest.mark.django_db
def test_a_plain_form_does_many_and_says_what_became_of_each(platform: Any, owner: Person) -> None:
    tenders = []
    for serial in (1, 2):
        project = story.register_project(owner.party, name=f"批量工程{serial}", serial=770_000 + serial)
        lots = [{"name": "一标段", "budget": "900000", "ceiling_price": "", "duration_days": "90"}]
        made = owner.party.post(
            "/tenders",
            {
                "project": project,
                "name": f"批量招标{serial}",
                "procedure_code": "GC_OPEN_POST",
                "state_controlled": True,
                "lots": lots,
            },
        )
        tenders.append(made["tender"])
    assert "批量招标1" in owner.get("/work/batch")
    gone = "f" * 32
    page = owner.post("/work/batch/do", status=200, kind="register", item=[*tenders, gone]).content.decode()
    assert page.count("已提交") == 2 and page.count("未能办理") == 1 and "没有这个招标项目" in page
    assert "批量招标1" not in owner.get("/work/batch")
    # done already: refused, and nothing is done twice
    again = owner.post("/work/batch/do", status=200, kind="register", item=tenders).content.decode()
    assert again.count("未能办理") == 2 and "已提交" not in again


@pytest.mark.django_db
def test_a_whole_afternoon_in_batches(platform: Any, owner: Person, folder: Any) -> None:
    """Two tenders of two lots: opened, their records signed, published, awarded, their letters sent, all by the batch."""
    tales = [Tale(platform, folder / str(n), lots=2) for n in (1, 2)]
    for tale in tales:
        tale.sealed()
    platform.sequence()
    platform.advance(max(t.deadline for t in tales if t.deadline))
    for tale in tales:
        assert _one(owner, "open", tale.tender["tender"])["done"]
        for name in PRICES:
            tale.release(name)
    platform.work()
    rounds = [round_id for tale in tales for round_id in tale.rounds]
    page = owner.get("/work/batch")
    assert all(round_id in page for round_id in rounds) and "3家投标, 3家解密成功" in page
    for round_id in rounds:
        assert _signed(owner, "record", round_id)["message"] == "已签署并公布"
    assert [tale.stage(n) for tale in tales for n in (0, 1)] == ["OPENED"] * 4

    cast = platform.cast()
    for tale in tales:
        draw = story.draw(owner.party, cast, tale.tender["tender"])
        members = story.check_in(cast, draw, story.answer_calls(cast)[draw])
        owner.party.post(f"/draws/{draw}/committee")
        for round_id in tale.rounds:
            story.evaluate(members, round_id)
    platform.work()
    for round_id in rounds:
        _one(owner, "publicity", round_id)
    platform.advance(platform.now + timedelta(days=30))
    page = owner.get("/work/batch")
    items = [part.split('"')[0] for part in page.split('name="item" value="')[1:]]
    assert len(items) == 4 and {i.partition("/")[0] for i in items} == set(rounds)
    assert _one(owner, "award", f"{rounds[0]}/{'0' * 32}", status=409)["code"] == "awarding.not_the_first"
    for item in items:
        _one(owner, "award", item)
    for round_id in rounds:
        assert _signed(owner, "letter", round_id)["message"] == "已签发"
    assert [tale.stage(n) for tale in tales for n in (0, 1)] == ["NOTIFIED"] * 4
    papers = owner.party.get("/papers?kind=result_letter")["papers"]
    assert len([p for p in papers if p["round"] in rounds]) == 8
    for row in papers:
        assert _signed(owner, "paper", f"{row['round']}/{row['ref']}")["message"] == "已签章"


@pytest.mark.django_db
def test_an_agency_is_not_offered_what_only_the_tenderee_may_do(platform: Any, folder: Any) -> None:
    tale = Tale(platform, folder).publicity_over()
    agency = Person(platform, "daili")
    assert "确定第一中标候选人中标" not in agency.get("/work/batch")
    item = f"{tale.round}/{'0' * 32}"
    assert _one(agency, "award", item, status=403)["code"] == "permission.denied"


@pytest.mark.django_db
def test_bad_batches_are_refused_in_words(platform: Any, owner: Person) -> None:
    assert "请勾选至少一项" in owner.post("/work/batch/do", status=422, kind="open").content.decode()
    assert (
        "请选择要批量办理的事项"
        in owner.post("/work/batch/do", status=422, kind="x", item="y").content.decode()
    )
    said = owner.post("/work/batch/do", status=422, kind="letter", item="y").content.decode()
    assert "逐份签名" in said
    assert _one(owner, "nothing", "y", status=422)["message"] == "请选择要批量办理的事项"
    assert _one(owner, "paper", "no-round/no-paper", status=404)["done"] is False
    reply = owner.client.get("/work/batch/to-sign", {"kind": "open", "item": "y"})
    assert reply.status_code == 422 and "不需要签名" in reply.json()["message"]
    assert owner.client.get("/work/batch/do").status_code == 200
    before = SecurityEvent.objects.count()
    _one(owner, "open", "f" * 32, status=404)
    assert SecurityEvent.objects.count() == before + 1
    Person(platform, "jia").get("/work/batch", status=403)


@pytest.mark.django_db
def test_forty_lots_cost_no_more_questions_than_four(platform: Any, owner: Person, folder: Any) -> None:
    def asked(path: str) -> int:
        owner.get(path)
        with CaptureQueriesContext(connection) as seen:
            owner.get(path)
        return len(seen)

    Tale(platform, folder / "a", lots=1).read_out()
    few = {path: asked(path) for path in ("/work/batch", "/work/papers", "/work/export/bids.csv")}
    Tale(platform, folder / "b", lots=5).read_out()
    assert {path: asked(path) for path in few} == few


@pytest.mark.django_db
def test_a_long_list_of_papers_has_pages_and_its_export_has_all(
    platform: Any, owner: Person, folder: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    tale = Tale(platform, folder, lots=3).read_out()
    monkeypatch.setattr(queries, "PAGE_ROUNDS", 2)
    first, second, third = (owner.get(f"/work/papers?page={n}") for n in (1, 2, 3))
    assert [page.count('name="item"') for page in (first, second, third)] == [4, 2, 0]
    assert "下一页" in first and "下一页" not in second
    assert sum(round_id in first for round_id in tale.rounds) == 2
    assert owner.party.get("/papers?page=1")["more"] and not owner.party.get("/papers?page=2")["more"]
    assert owner.party.get("/papers?page=-5") == owner.party.get("/papers?page=1")
    said = owner.client.get("/work/export/papers.csv").content.decode()
    assert said.count("开标一览表") == 3


# exports


@pytest.mark.pure
def test_a_name_that_looks_like_a_formula_stays_a_name() -> None:
    rows = [("=1+1", "@x", Decimal("12.30"), 3, None, datetime(2026, 3, 24, 1, 30, tzinfo=UTC))]
    columns = ("甲", "乙", "丙", "丁", "戊", "己")
    data = as_csv(columns, rows)
    assert data.startswith(b"\xef\xbb\xbf")
    read = list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))
    assert read == [list(columns), ["'=1+1", "'@x", "12.30", "3", "", "2026-03-24 09:30:00"]]
    sheet = load_workbook(io.BytesIO(as_xlsx("表", columns, rows))).active
    assert sheet is not None
    cells = [cell.value for cell in sheet[2]]
    assert cells[:2] == ["=1+1", "@x"] and sheet["A2"].data_type == "s"
    assert cells[2] == 12.3 and sheet["C2"].number_format == "#,##0.00"
    assert cells[5] == datetime.fromisoformat("2026-03-24T09:30")


@pytest.mark.django_db
@pytest.mark.parametrize("form", ["csv", "xlsx"])
@pytest.mark.parametrize("what", EXPORTS)
def test_each_export_has_its_columns(platform: Any, owner: Person, what: str, form: str) -> None:
    reply = owner.client.get(f"/work/export/{what}.{form}")
    assert reply.status_code == 200 and f'filename="{what}.{form}"' in reply["Content-Disposition"]
    first = (
        reply.content.decode("utf-8-sig").splitlines()[0].split(",")
        if form == "csv"
        else [c.value for c in next(load_workbook(io.BytesIO(reply.content)).active.rows)]
    )
    assert first == list(EXPORTS[what][1])


@pytest.mark.django_db
def test_an_export_tells_no_more_than_the_pages(platform: Any, owner: Person, folder: Any) -> None:
    """Before the opening nobody's export has a bidder in it; drafts are in nobody's export but their owner's."""
    tale = Tale(platform, folder).sealed()
    centre = Person(platform, "zhongxin")
    names = [tale.bidder(name).name for name in PRICES]
    for person in (owner, centre, Person(platform, "jiandu")):
        for what in EXPORTS:
            said = person.client.get(f"/work/export/{what}.csv").content.decode()
            assert not any(name in said for name in names), what
    draft = Tale(platform, folder / "draft").prepared()
    assert owner.client.get("/work/export/lots.csv").content.decode().count("测试招标") == 2
    assert centre.client.get("/work/export/lots.csv").content.decode().count("测试招标") == 1
    assert draft.tender["tender"]
    platform.advance(tale.deadline)
    owner.party.post(f"/tenders/{tale.tender['tender']}/opening")
    assert not any(n in owner.client.get("/work/export/bids.csv").content.decode() for n in names)
    for name in PRICES:
        tale.release(name)
    platform.work()
    said = owner.client.get("/work/export/bids.csv").content.decode()
    assert all(name in said for name in names) and "9120000.00" in said
    Person(platform, "jia").get("/work/export/bids.csv", status=403)
    owner.get("/work/export/secrets.csv", status=422)


@pytest.mark.django_db
def test_after_one_check_of_form_comes_the_next(platform: Any, folder: Any) -> None:
    tales = [Tale(platform, folder / str(n)).prepared() for n in (1, 2)]
    centre = Person(platform, "zhongxin")
    first, second = (t.tender["tender"] for t in tales)
    next_one = centre.post(f"/work/tenders/{first}/form-check", verdict="complete", missing="", then="next")
    assert next_one["Location"] == f"/work/tenders/{second}/form-check"
    last = centre.post(f"/work/tenders/{second}/form-check", verdict="complete", missing="", then="next")
    assert last["Location"] == "/work"


@pytest.mark.django_db
def test_what_is_not_the_plain_case_is_left_to_its_own_page(
    platform: Any, owner: Person, folder: Any
) -> None:
    """An objection without answer keeps its opening out; an award that came to nothing keeps its lot out."""
    tale = Tale(platform, folder).shown()
    assert tale.round in owner.get("/work/batch")
    objection = tale.bidder("yi").post(f"/rounds/{tale.round}/opening/objections", {"text": "工期念错了"})
    assert tale.round not in owner.get("/work/batch")
    tale.owner.post(f"/opening-objections/{objection['objection']}/answer", {"text": "以投标文件为准"})
    assert tale.round in owner.get("/work/batch")

    again = Tale(platform, folder / "again").publicity_over()
    assert again.round in owner.get("/work/batch")
    again.first = story.award(again.owner, again.round)
    end(again.winner, again.round, kind="refused", reason="资金困难")
    assert again.stage() == "CAND_END" and again.round not in owner.get("/work/batch")
