"""Papers of a real tender: sealed one by one, delivered, checked by anyone, refused the second time and to others."""

import base64
import hashlib
from io import BytesIO
from typing import Any

import pytest
from pypdf import PdfReader

from ggzy.client.party import Party, Problem
from ggzy.kernel import files
from ggzy.papers.models import Paper
from ggzy.papers.rules import Kind
from ggzy.parties.models import Organisation
from ggzy.tendering.models import Tender
from tests.journeys.tale import PRICES, Tale
from tests.portals.test_work import Person

pytestmark = pytest.mark.django_db


def _papers(party: Party, tale: Tale) -> list[dict[str, Any]]:
    return [p for p in party.get("/papers")["papers"] if p["tender"] == tale.tender["tender"]]


def _one(party: Party, tale: Tale, kind: str) -> dict[str, Any]:
    return next(p for p in _papers(party, tale) if p["kind"] == kind)


def _seal(party: Party, row: dict[str, Any]) -> dict[str, Any]:
    path = f"/rounds/{row['round']}/papers/{row['ref']}"
    waiting = party.post(path)
    made: dict[str, Any] = party.post(f"{path}/seal", {"signature": party.signature_on(waiting["to_sign"])})
    return made


def test_a_round_has_its_papers_as_it_goes(platform: Any, folder: Any) -> None:
    tale = Tale(platform, folder).shown()
    assert _papers(tale.owner, tale) == []
    tale = Tale(platform, folder / "two").seated()
    assert {p["kind"] for p in _papers(tale.owner, tale)} == {
        Kind.OPENING_TABLE,
        Kind.OPENING_SIGN_IN,
        Kind.COMMITTEE_SIGN_IN,
    }


def test_papers_are_sealed_delivered_and_checked(platform: Any, folder: Any) -> None:
    tale = Tale(platform, folder).notified()
    owner, anyone = tale.owner, platform.anonymous()
    rows = _papers(owner, tale)
    letters = [p for p in rows if p["kind"] == Kind.RESULT_LETTER]
    assert {p["addressee"] for p in letters} == {tale.bidder(n).name for n in PRICES} - {tale.first["bidder"]}
    award = next(p for p in rows if p["kind"] == "award_letter")
    assert award["sealed"] and award["addressee"] == tale.first["bidder"]

    # the opening table: public content, hash as the file, in the log once placed
    table = _one(owner, tale, Kind.OPENING_TABLE)
    made = _seal(owner, table)
    platform.sequence()
    page = anyone.get(f"/papers/{made['code']}")
    assert page["sha256"] == hashlib.sha256(files.read(made["pdf_sha256"])).hexdigest()
    assert page["sealed_by"] == owner.name and page["leaf_index"] is not None
    assert [row[1] for row in page["content"]["tables"][0]["rows"]] == [
        tale.bidder(n).name for n in sorted(PRICES, key=lambda n: PRICES[n])
    ]
    assert "9,120,000.00" in PdfReader(BytesIO(files.read(made["pdf_sha256"]))).pages[0].extract_text()

    # a letter: its words only for its reader and the owner's side, its seal for anyone
    letter = next(p for p in letters if p["addressee"] == tale.bidder("yi").name)
    sent = _seal(owner, letter)
    page = anyone.get(f"/papers/{sent['code']}")
    assert page["sealed_at"] and page["content"] is None and page["readable"] is False
    assert tale.bidder("yi").get(f"/papers/{sent['code']}")["content"]["to"] == letter["addressee"]
    assert tale.bidder("bing").get(f"/papers/{sent['code']}")["content"] is None
    reader, other = Person(platform, "yi"), Person(platform, "bing")
    reader.get(f"/documents/{sent['pdf_sha256']}")
    other.get(f"/documents/{sent['pdf_sha256']}", status=403)
    assert "中标结果通知书" in reader.get("/work")

    # the letter of award carries its own code
    assert anyone.get(f"/papers/{award['code']}")["sha256"] == award["sealed"]
    assert award["code"] in PdfReader(BytesIO(files.read(award["sealed"]))).pages[0].extract_text()


def test_a_paper_is_sealed_once_and_by_its_own_side(platform: Any, folder: Any) -> None:
    tale = Tale(platform, folder).notified()
    table = _one(tale.owner, tale, Kind.OPENING_TABLE)
    path = f"/rounds/{table['round']}/papers/{table['ref']}"
    with pytest.raises(Problem) as before:
        tale.owner.post(f"{path}/seal", {"signature": "AAAA"})
    assert before.value.status == 404
    waiting = tale.owner.post(path)
    with pytest.raises(Problem) as wrong:
        tale.owner.post(f"{path}/seal", {"signature": base64.b64encode(b"0" * 64).decode()})
    assert "签名" in str(wrong.value)
    tale.owner.post(f"{path}/seal", {"signature": tale.owner.signature_on(waiting["to_sign"])})
    for again in (path, f"{path}/seal"):
        with pytest.raises(Problem) as second:
            tale.owner.post(again, {"signature": "AAAA"})
        assert second.value.code == "papers.sealed_already"
    for name in ("jia", "zhongxin", "jiandu", "zhuanjia01"):
        with pytest.raises(Problem) as refused:
            platform.demo(name).post(path)
        assert refused.value.status == 403
    with pytest.raises(Problem) as none:
        tale.owner.post(f"/rounds/{table['round']}/papers/opening_table.{'0' * 32}")
    assert none.value.status == 404


def test_the_agency_seals_the_sheets_and_never_the_tenderees_letters(platform: Any, folder: Any) -> None:
    tale, agency = Tale(platform, folder).notified(), platform.demo("daili")
    letter = _one(tale.owner, tale, Kind.RESULT_LETTER)
    with pytest.raises(Problem) as stranger:
        agency.post(f"/rounds/{letter['round']}/papers/{letter['ref']}")
    assert stranger.value.status == 403
    Tender.objects.filter(public_id=tale.tender["tender"]).update(
        agency=Organisation.objects.get(uscc=agency.uscc)
    )
    assert {p["kind"] for p in _papers(agency, tale) if not p["may_seal"]} == {
        Kind.RESULT_LETTER,
        "award_letter",
    }
    _seal(agency, _one(agency, tale, Kind.OPENING_TABLE))
    with pytest.raises(Problem) as own:
        agency.post(f"/rounds/{letter['round']}/papers/{letter['ref']}")
    assert own.value.status == 403 and "招标人本单位" in str(own.value)


def test_an_unsealed_paper_follows_the_record(platform: Any, folder: Any) -> None:
    tale = Tale(platform, folder).read_out()
    row = _one(tale.owner, tale, Kind.OPENING_SIGN_IN)
    path = f"/rounds/{row['round']}/papers/{row['ref']}"
    tale.owner.post(path)
    first = Paper.objects.get(kind=Kind.OPENING_SIGN_IN, round__public_id=row["round"])
    assert all(cells[5] == "—" for cells in first.facts["tables"][0]["rows"])
    bidder = tale.bidder("jia")
    record = bidder.get(f"/rounds/{tale.round}/opening/record")
    bidder.post(
        f"/rounds/{tale.round}/opening/signatures",
        {"signature": bidder.signature_on(record["to_sign"])},
    )
    made = _seal(tale.owner, row)
    after = Paper.objects.get(kind=Kind.OPENING_SIGN_IN, round__public_id=row["round"])
    assert after.public_id == first.public_id == made["code"]
    assert sum(cells[5] != "—" for cells in after.facts["tables"][0]["rows"]) == 1


def test_an_older_state_is_not_sealed_under_a_newer_one(platform: Any, folder: Any) -> None:
    """Tenderee and agency prepare the same sheet; a bidder confirms in between: the older one must not be sealed."""
    tale, agency = Tale(platform, folder).read_out(), platform.demo("daili")
    Tender.objects.filter(public_id=tale.tender["tender"]).update(
        agency=Organisation.objects.get(uscc=agency.uscc)
    )
    row = _one(tale.owner, tale, Kind.OPENING_SIGN_IN)
    path = f"/rounds/{row['round']}/papers/{row['ref']}"
    old = tale.owner.post(path)
    bidder = tale.bidder("jia")
    record = bidder.get(f"/rounds/{tale.round}/opening/record")
    bidder.post(
        f"/rounds/{tale.round}/opening/signatures", {"signature": bidder.signature_on(record["to_sign"])}
    )
    agency.post(path)
    with pytest.raises(Problem) as changed:
        tale.owner.post(f"{path}/seal", {"signature": tale.owner.signature_on(old["to_sign"])})
    assert changed.value.code == "papers.changed"
    _seal(tale.owner, row)


def test_the_list_belongs_to_ones_own_rounds(platform: Any, folder: Any) -> None:
    tale = Tale(platform, folder).read_out()
    assert len(_papers(platform.demo("zhongxin"), tale)) == 2
    assert not any(p["may_seal"] for p in _papers(platform.demo("zhongxin"), tale))
    assert len(_papers(platform.demo("jiandu"), tale)) == 2
    for name in ("jia", "zhuanjia01"):
        with pytest.raises(Problem) as refused:
            platform.demo(name).get("/papers")
        assert refused.value.status == 403
    with pytest.raises(Problem) as span:
        tale.owner.get("/papers?days=12")
    assert span.value.status == 422
    with pytest.raises(Problem) as unknown:
        platform.anonymous().get("/papers/" + "0" * 32)
    assert "不是本平台签发" in str(unknown.value)


def test_many_are_printed_as_one(platform: Any, folder: Any) -> None:
    tale = Tale(platform, folder).read_out()
    person = Person(platform, "zhaobiao")
    rows = _papers(tale.owner, tale)
    items = [f"{row['round']}/{row['ref']}" for row in rows]
    said = person.post("/work/papers/print", status=422, item=items)
    assert "还没有签章" in said.content.decode()
    for row in rows:
        _seal(tale.owner, row)
    printed = person.post("/work/papers/print", status=200, item=items)
    assert printed["Content-Type"] == "application/pdf"
    pages = PdfReader(BytesIO(printed.content)).pages
    assert (
        len(pages) == 2
        and "开标一览表" in pages[0].extract_text()
        and "开标签到表" in pages[1].extract_text()
    )
    person.post("/work/papers/print", status=422)
    Person(platform, "zhongxin").post("/work/papers/print", status=200, item=items[:1])
    Person(platform, "jia").post("/work/papers/print", status=403, item=items)


def test_a_preview_is_marked_and_kept_from_strangers(platform: Any, folder: Any) -> None:
    tale = Tale(platform, folder).read_out()
    row = _one(tale.owner, tale, Kind.OPENING_TABLE)
    path = f"/work/rounds/{row['round']}/papers/{row['ref']}.pdf"
    shown = Person(platform, "zhaobiao").client.get(path)
    assert "尚未签章" in PdfReader(BytesIO(shown.content)).pages[0].extract_text()
    Person(platform, "jia").get(path, status=403)
    assert not Paper.objects.exists()


def test_the_page_of_a_code_tells_a_stranger_what_to_compare(platform: Any, folder: Any) -> None:
    tale = Tale(platform, folder).read_out()
    made = _seal(tale.owner, _one(tale.owner, tale, Kind.OPENING_TABLE))
    from django.test import Client

    page = Client().get(f"/v/{made['code']}").content.decode()
    assert "由本平台签发并已签章" in page and made["pdf_sha256"] in page and "9,120,000.00" in page
    reply = Client().get("/v/" + "0" * 32)
    assert reply.status_code == 404 and "不是本平台签发" in reply.content.decode()
