"""Open data: libcoveocds finds no error in releases and records; the feed follows the log and never skips."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.innovation.test_life import determined
from tests.journeys.tale import Tale
from tests.shared import shared
from tests.single_source.test_life import OFFER, Buying

pytestmark = pytest.mark.django_db


def _errors(package: Any, schemas: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Any]:
    """Return what libcoveocds finds; schemas come from the local archive, and nothing from the network."""
    import requests
    from libcoveocds.api import ocds_json_output
    from libcoveocds.config import LibCoveOCDSConfig

    with zipfile.ZipFile(schemas) as archive:
        known = {Path(n).name: archive.read(n) for n in archive.namelist() if n.endswith(".json")}

    def local(session: Any, request: Any, **_: Any) -> Any:
        reply = requests.Response()
        name = request.url.rsplit("/", 1)[1].split("#")[0]
        reply.status_code, reply._content = (200, known[name]) if name in known else (404, b"")
        return reply

    monkeypatch.setattr(requests.Session, "send", local)
    path = tmp_path / "package.json"
    path.write_text(json.dumps(package, ensure_ascii=False))
    config = LibCoveOCDSConfig()
    config.config["context"] = "api"
    config.config["standard_zip"] = schemas.resolve().as_uri()
    found = ocds_json_output(
        str(tmp_path), str(path), schema_version="1.1", convert=False, lib_cove_ocds_config=config
    )
    return [*found["validation_errors"], *(found.get("conformance_errors") or [])]


SCHEMAS, THERE = shared("data/ocds-standard-1__1__5.zip")


def _third_party(test: Any) -> Any:
    """Mark a test that needs the standard's schemas beside the checkout."""
    for mark in THERE:
        test = mark(test)
    return test


@_third_party
def test_the_release_feed_is_valid_and_in_the_log_s_order(
    platform: Any, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Tale(platform, folder / "a").publicity_over()
    Tale(platform, folder / "b").closed("jia", "yi")
    platform.sequence()
    package = platform.read_json("/api/ocds/releases?after=-1&limit=1000")
    assert {r["tag"][0] for r in package["releases"]} >= {"tender", "tenderUpdate"}
    assert _errors(package, SCHEMAS, monkeypatch, tmp_path) == []
    # page by page gives the same, in the same order, and nothing twice
    walked, after = [], -1
    while True:
        page = platform.read_json(f"/api/ocds/releases?after={after}&limit=7")
        walked += [r["id"] for r in page["releases"]]
        if "links" not in page:
            break
        after = int(page["links"]["next"].split("after=")[1].split("&")[0])
    assert walked == [r["id"] for r in package["releases"]] and len(set(walked)) == len(walked)


@_third_party
def test_the_record_of_a_contracted_process_is_valid(
    platform: Any, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ggzy.client import story

    tale = Tale(platform, folder).publicity_over()
    first = story.award(tale.owner, tale.round)
    winner = next(p for p in map(tale.bidder, ("jia", "yi", "bing")) if p.name == first["bidder"])
    story.contract(tale.owner, winner, tale.round)
    platform.sequence()
    record = platform.read_json(f"/api/ocds/records/{tale.tender['ocid']}")
    assert record["records"][0]["compiledRelease"]["contracts"]
    assert _errors(record, SCHEMAS, monkeypatch, tmp_path) == []
    record["records"][0]["compiledRelease"]["tender"]["value"]["amount"] = "much"
    assert _errors(record, SCHEMAS, monkeypatch, tmp_path)


def test_a_failed_tender_says_nothing_of_bidders(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder).closed("jia", "yi")
    platform.sequence()
    record = platform.read_json(f"/api/ocds/records/{tale.tender['ocid']}")["records"][0]
    assert record["compiledRelease"]["tender"]["status"] == "unsuccessful"
    assert "甲建工" not in json.dumps(record, ensure_ascii=False)
    assert "numberOfTenderers" not in record["compiledRelease"]["tender"]


def test_before_the_deadline_a_process_shows_no_tenderers(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder).sealed()
    platform.sequence()
    record = platform.read_json(f"/api/ocds/records/{tale.tender['ocid']}")["records"][0]
    assert [r["tag"] for r in record["releases"]] == [["tender"]]
    assert "tenderers" not in record["compiledRelease"]["tender"]


@_third_party
def test_a_purchase_from_one_supplier_is_a_direct_process(
    platform: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    buying = Buying(platform).on()
    hidden = Buying(platform, name="零星采购", ground="urgent", budget="100000", experts=[]).on()
    platform.sequence()
    package = platform.read_json("/api/ocds/releases?after=-1&limit=1000")
    assert [r["tag"] for r in package["releases"]] == [["tender"]]
    assert hidden.id not in str(package), "nobody has heard of it yet"
    buying.over().decided()
    buying.supplier.post(f"{buying.at}/offer", OFFER)
    buying.recorded()
    buying.sign(buying.buyer)
    buying.sign(buying.supplier)
    buying.buyer.post(f"{buying.at}/record/conclusion")
    buying.buyer.post(f"{buying.at}/result")
    buying.contract(buying.supplier)
    buying.contract(buying.buyer)
    platform.sequence()
    package = platform.read_json("/api/ocds/releases?after=-1&limit=1000")
    assert [r["tag"] for r in package["releases"]] == [["tender"], ["award"], ["contract"]]
    assert not _errors(package, SCHEMAS, monkeypatch, tmp_path)
    ocid = package["releases"][0]["ocid"]
    whole = platform.read_json(f"/api/ocds/records/{ocid}")
    assert not _errors(whole, SCHEMAS, monkeypatch, tmp_path)
    compiled = whole["records"][0]["compiledRelease"]
    assert compiled["tender"]["procurementMethod"] == "direct"
    assert compiled["awards"][0]["value"]["amount"] == 2800000
    assert compiled["contracts"][0]["awardID"] == compiled["awards"][0]["id"]
    # what a supplier said of its cost is for the negotiation
    assert OFFER["cost"] not in str(whole)


@_third_party
def test_a_purchase_by_cooperation_and_innovation_has_research_contracts_and_a_first_purchase(
    platform: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    purchase = determined(platform)
    yi, jia = purchase.contract("yi").signed().researched(), purchase.contract("jia").signed().researched()
    yi.accepted("4000000")
    jia.accepted("3100000")
    purchase.buyer.post(f"{purchase.at}/research/conclusion")
    purchase.judged({purchase.id_of("yi"): {"1": "60"}, purchase.id_of("jia"): {"1": "55"}})
    ocid = f"ocds-ggzy01-{purchase.id}"
    platform.sequence()
    record = f"/api/ocds/records/{ocid}"
    before = platform.read_json(record)["records"][0]["compiledRelease"]
    # what nobody may know before the notice of the first purchase
    assert len(before["awards"]) == 2 and "3100000" not in json.dumps(before)
    purchase.buyer.post(f"{purchase.at}/first/notice")
    for party in (purchase.buyer, jia.supplier):
        purchase.sign(party, f"{purchase.at}/first")
    platform.sequence()
    whole = platform.read_json(record)
    assert not _errors(whole, SCHEMAS, monkeypatch, tmp_path)
    releases = whole["records"][0]["releases"]
    assert [r["tag"][0] for r in releases] == [
        *("tender", "tenderUpdate", "award", "contract", "contract", "award", "contract")
    ]
    compiled = whole["records"][0]["compiledRelease"]
    assert [c["value"]["amount"] for c in compiled["contracts"]] == [3000000, 2800000, 3100000]
    assert {c["awardID"] for c in compiled["contracts"]} == {a["id"] for a in compiled["awards"]}
    assert compiled["tender"]["procurementMethod"] == "selective"
    # nothing of who was not chosen, of a plan or of a loser's price of the first purchase
    shown = json.dumps(whole, ensure_ascii=False)
    assert purchase.demo("bing").get("/whoami")["uscc"] not in shown and "第二行" not in shown
    feed = platform.read_json("/api/ocds/releases?after=-1&limit=1000")["releases"]
    assert [r["id"] for r in feed if r["ocid"] == ocid] == [r["id"] for r in releases]
