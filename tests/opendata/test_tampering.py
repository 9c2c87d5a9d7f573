"""Tampering with an entry, a row of evidence or a file is found and named by the offline verifier."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from ggzy.cli.verify import _files, check_pack
from ggzy.client import story
from ggzy.kernel import files
from tests.ground import Ground
from tests.journeys.tale import Tale

pytestmark = pytest.mark.django_db


_TOLD: list[tuple[Tale, Ground, bytes]] = []


@pytest.fixture
def finished(platform: Any, settings: Any, tmp_path_factory: pytest.TempPathFactory) -> Tale:
    """Return a tender that has come to its contract. It is told once; every other test has its rows put back."""
    anchor = settings.KEYS / "published.checkpoint"
    if not _TOLD:
        tale = Tale(platform, tmp_path_factory.mktemp("finished")).publicity_over()
        first = story.award(tale.owner, tale.round)
        winner = next(p for p in map(tale.bidder, ("jia", "yi", "bing")) if p.name == first["bidder"])
        story.contract(tale.owner, winner, tale.round)
        platform.sequence()
        _TOLD.append((tale, Ground(), anchor.read_bytes()))
    tale, ground, published = _TOLD[0]
    ground.put_back()
    anchor.write_bytes(published)
    return tale


def _pack(tale: Tale, level: str = "supervisor") -> dict[str, Any]:
    return tale.platform.demo("jiandu").get(f"/evidence/{tale.tender['ocid']}?level={level}")


def _entry(pack: dict[str, Any], act: str) -> dict[str, Any]:
    return next(e for e in pack["entries"] if json.loads(e["leaf"])["act"] == act)


def _value(act: str, field: str, change: Callable[[Any], Any]) -> Callable[[dict[str, Any]], None]:
    def tamper(pack: dict[str, Any]) -> None:
        part = _entry(pack, act)["fields"][field]
        part["value"] = change(part["value"])

    return tamper


def _first_price(ranking: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [ranking[0] | {"price": "1.00"}, *ranking[1:]]


@pytest.mark.parametrize(
    ("tamper", "named"),
    [
        (_value("awarding.awarded", "price", lambda _: "1.00"), "award"),
        (_value("awarding.publicity_started", "ranking", _first_price), "ranking"),
        (
            _value("awarding.publicity_started", "ends_at", lambda t: t.replace("2026-", "2025-")),
            "clock.GC-T13",
        ),
        (
            _value("tendering.published", "bid_deadline", lambda _: "2026-03-03T09:00:00+08:00"),
            "clock.GC-T03",
        ),
        (_value("experts.ranked", "order", lambda o: o[::-1]), "draw.rank"),
        (_value("experts.seed_revealed", "seed", lambda s: "0" * 64), "draw.seeds"),
        (_value("opening.opened", "live", lambda live: live[1:]), "bids.live_set"),
        (
            _value("opening.bid_shown", "manifest", lambda m: m.replace("openggzy", "openggzz")),
            "bids.manifest",
        ),
        (
            _value(
                "tendering.published", "document", lambda d: d | {"method": "comprehensive", "text": "改"}
            ),
            "file.hash",
        ),
        (_value("contracting.signed", "price", lambda _: "1.00"), "contract.price"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_changed_value_breaks_its_commitment_and_its_own_check(
    finished: Tale, tamper: Callable[[dict[str, Any]], None], named: str
) -> None:
    pack = copy.deepcopy(_pack(finished))
    assert not [c for c in check_pack(pack) if c.outcome == "failed"]
    tamper(pack)
    failed = [c for c in check_pack(pack) if c.outcome == "failed"]
    assert any(c.name.startswith("entry") or "承诺" in c.detail_zh for c in failed), failed
    assert named in {c.name for c in failed} or named.startswith("file"), failed


def test_a_row_changed_behind_the_triggers_is_named(finished: Tale) -> None:
    """The administrator of the database rewrites a price in the evidence: the commitment tells, and so does the tree."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(
            "UPDATE evidence_entry SET fields = jsonb_set(fields, '{price,value}', '\"1.00\"')"
            " WHERE act = 'awarding.awarded' AND ocid = %s",
            [finished.tender["ocid"]],
        )
        assert cursor.rowcount == 1
        cursor.execute("SET LOCAL session_replication_role = origin")
    failed = [c for c in check_pack(_pack(finished)) if c.outcome == "failed"]
    assert any(c.name.endswith("field.price") and "awarding.awarded" in c.title_zh for c in failed), failed


def test_a_changed_document_is_named(finished: Tale) -> None:
    from ggzy.cli import verify

    pack = _pack(finished)
    digest = _entry(pack, "awarding.notified")["fields"]["letter_sha256"]["value"]
    path = files.path_of(digest)
    good = path.read_bytes()
    path.chmod(0o600)
    path.write_bytes(good + b" ")

    class Reply:
        """What a platform answers for a document."""

        def __init__(self, address: str) -> None:
            kept = files.path_of(address.rsplit("/", 1)[1])
            self.status_code, self.content = (200, kept.read_bytes()) if kept.exists() else (404, b"")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(verify.httpx, "get", lambda address, **_: Reply(address))
        found = _files(finished.owner, pack)
    assert {(c.title_zh, c.outcome) for c in found} == {("中标通知书文件", "failed"), ("合同文件", "passed")}
    path.write_bytes(good)


def test_an_erased_field_leaves_the_log_intact_and_is_said_to_be_erased(finished: Tale) -> None:
    from ggzy.evidence.actions import erase
    from ggzy.evidence.models import Entry

    entry = Entry.objects.get(act="awarding.awarded", ocid=finished.tender["ocid"])
    erase(entry, ["person"])
    checks = check_pack(_pack(finished))
    assert not [c for c in checks if c.outcome == "failed"]
    assert [c for c in checks if c.outcome == "erased"]


def test_the_public_pack_withholds_sheets_and_who_acted(finished: Tale) -> None:
    text = json.dumps(_pack(finished, "public"), ensure_ascii=False)
    assert "zhuanjia" not in text and "responsive" not in json.dumps(
        [e for e in _pack(finished, "public")["entries"] if "sheet" in e["leaf"]]
    )
    for entry in _pack(finished, "public")["entries"]:
        assert all(part["state"] != "shown" for part in entry["fields"].values() if part["level"] != "public")
