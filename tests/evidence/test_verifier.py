"""The verifier: an honest pack passes at every level, and each kind of tampering is found and named."""

import copy
import json
import subprocess
import sys
from datetime import timedelta

import pytest
from django.db import transaction

from ggzy.evidence import keys, notes, queries, sequencer, tlog, verifier
from ggzy.evidence.actions import acknowledge, disclose, erase
from ggzy.evidence.models import Entry

from .conftest import BIDDER, NOON, REAL

pytestmark = pytest.mark.django_db


def fetch(path):
    if path == "checkpoint":
        return (queries.checkpoint_note() or "").encode() or None
    return queries.tile_data(tlog.parse_tile_path(path))


@pytest.fixture
def story(act):
    """A published tender, two bids in escrow and opened, one erased name, and a log of other things around."""
    for _ in range(3):
        act("other.thing", ocid="ocds-other", round="round-other")
    published = act(public={"title": "招标公告"}, party={"floor": "100.00"}, supervisor={"memo": "内部"})
    bids = [
        act("bidding.submitted", actor=BIDDER, escrowed=True, public={"price": price})
        for price in ("98.00", "97.50")
    ]
    given = [acknowledge(entry) for entry in (published, *bids)]
    sequencer.catch_up(REAL)
    disclose([entry.pk for entry in bids], now=NOON)
    erase(bids[1], ["person"])
    return given


def pack(level="party"):
    return json.loads(json.dumps(queries.pack(scope={"round": "round-1"}, level=level)))


def outcomes(checks):
    return {check.name: check.outcome for check in checks}


def failures(checks):
    return [check for check in checks if check.outcome == "failed"]


@pytest.mark.parametrize(("level", "withheld"), [("public", 7), ("party", 6), ("supervisor", 0)])
def test_an_honest_pack_passes_at_every_level(story, level, withheld):
    checks = verifier.verify_log(pack(level), fetch, acknowledgements=story, log_key=keys.log_vkey())
    assert not failures(checks)
    found = [check.outcome for check in checks]
    # the escrow root is always packed for the public: its two own fields are withheld from everybody
    assert (found.count("withheld"), found.count("erased")) == (withheld + 2, 1)
    assert found.count("passed") > 10


def test_levels_show_what_they_may(story):
    values = {}
    for level in ("public", "party", "supervisor"):
        entry = pack(level)["entries"][0]
        values[level] = verifier.shown_values(entry)
        assert set(entry["fields"]) == {"title", "floor", "memo", "actor", "person"}
        for field in entry["fields"].values():
            assert ("value" in field) == ("salt" in field) == (field["state"] == "shown")
    assert values["public"] == {"title": "招标公告"}
    assert values["party"] == {"title": "招标公告", "floor": "100.00"}
    assert values["supervisor"]["memo"] == "内部"
    assert values["supervisor"]["person"]["address"] == "192.0.2.7"


def test_no_entry_costs_a_query_of_its_own(act, django_assert_num_queries):
    with transaction.atomic():
        for n in range(40):
            act("x.y", escrowed=n % 2 == 0)
    sequencer.catch_up(REAL)
    disclose(Entry.objects.filter(escrowed=True), now=NOON)
    with django_assert_num_queries(4):
        assert len(pack()["entries"]) == 40


# -- tampering


def change(path, value):
    def tamper(data):
        *way, last = path
        for step in way:
            data = data[step]
        assert data[last] != value
        data[last] = value

    return tamper


TAMPERING = {
    "a field's value": (
        change(["entries", 0, "fields", "title", "value"], "别的公告"),
        "字段“title”",
        "字段内容与承诺不符",
    ),
    "a price": (
        change(["entries", 2, "fields", "price", "value"], "9.75"),
        "字段“price”",
        "字段内容与承诺不符",
    ),
    "a salt": (
        change(["entries", 0, "fields", "title", "salt"], "00" * 32),
        "字段“title”",
        "字段内容与承诺不符",
    ),
    "a commitment": (
        change(["entries", 0, "fields", "memo", "commitment"], "00" * 32),
        "tendering.published",
        "有字段被增删或替换",
    ),
    "a field left out": (
        lambda data: data["entries"][0]["fields"].pop("memo"),
        "tendering.published",
        "有字段被增删或替换",
    ),
    "a leaf": (
        lambda data: data["entries"][0].update(
            leaf=data["entries"][0]["leaf"].replace("published", "cancelled")
        ),
        "tendering.cancelled",
        "内容被改动过",
    ),
    "a leaf's time": (
        lambda data: data["entries"][1].update(
            leaf=data["entries"][1]["leaf"].replace("04:00:00", "03:59:59")
        ),
        "bidding.submitted",
        "内容被改动过",
    ),
    "an index": (change(["entries", 0, "index"], 7), "在日志中的位置", "包含证明不成立"),
    "a proof": (lambda data: data["entries"][0]["proof"].reverse(), "在日志中的位置", "包含证明不成立"),
    "a slot": (
        lambda data: data["entries"][1]["escrow"].update(
            slot=(data["entries"][1]["escrow"]["slot"] + 1) % 1024
        ),
        "bidding.submitted",
        "到批次根的路径不成立",
    ),
    "an escrow path": (
        change(["entries", 1, "escrow", "path", 3], "00" * 32),
        "bidding.submitted",
        "到批次根的路径不成立",
    ),
    "an escrow root": (
        change(["entries", 1, "escrow", "root"], "00" * 32),
        "bidding.submitted",
        "批次的根未在日志中得到证明",
    ),
    "a logged root": (
        change(["escrow_roots", 0, "fields", "root", "value"], "00" * 32),
        "evidence.escrow_root",
        "字段内容与承诺不符",
    ),
    "a root that is not in the log": (
        change(["escrow_roots", 0, "index"], 0),
        "bidding.submitted",
        "批次的根未在日志中得到证明",
    ),
    "no logged root": (
        lambda data: data.update(escrow_roots=[]),
        "bidding.submitted",
        "批次的根未在日志中得到证明",
    ),
    "the checkpoint": (
        lambda data: data.update(checkpoint=data["checkpoint"].replace("\n5\n", "\n6\n")),
        "检查点签名",
        "不是日志",
    ),
    "the centre": (change(["centre"], "other"), "tendering.published", "不是本中心"),
    "nonsense": (change(["entries", 0, "proof"], None), "tendering.published", "格式不符"),
    "no fields": (lambda data: data["entries"][0].pop("fields"), "tendering.published", "格式不符"),
}


@pytest.mark.parametrize("what", TAMPERING)
def test_tampering_with_a_pack_is_found_and_named(story, what):
    tamper, title, detail = TAMPERING[what]
    data = pack()
    tamper(data)
    found = failures(verifier.verify_log(data))
    assert any(title in check.title_zh and detail in check.detail_zh for check in found), found


def test_an_entry_of_another_log_is_not_of_this_one(story):
    data, other = pack(), pack()
    data["entries"][0]["leaf"] = other["entries"][1]["leaf"]
    data["entries"][0]["entry_hash"] = other["entries"][1]["entry_hash"]
    assert len(failures(verifier.verify_log(data))) >= 2


@pytest.mark.parametrize(
    ("victim", "at", "names"),
    [
        ("tile/0/000", 0, "tile/0/000 中第 0 条不是证据包中的记录"),
        ("tile/0/000", 3 * 32, "tile/0/000 与上一级瓦片 tile/1/000.p/1 不符"),  # not of this pack
        ("tile/0/001.p/46", 0, "tile/0/001.p/46"),
        ("tile/0/001.p/46", None, "tile/0/001.p/46 的长度不对"),
        ("tile/1/000.p/1", 0, "tile/1/000.p/1"),
    ],
)
def test_a_changed_tile_is_found_and_named(story, act, victim, at, names):
    with transaction.atomic():
        for _ in range(297):
            act("other.thing", ocid="ocds-other", round="round-other")
    sequencer.run_once(REAL)
    # entries of the pack in both tiles, so that each is looked at
    data = json.loads(json.dumps(queries.pack(scope={"ocid": "ocds-other"}, level="public")))
    assert data["checkpoint"].split("\n")[1] == "302"

    def tampered(path):
        body = fetch(path)
        if path != victim:
            return body
        return body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :] if at is not None else body[:-1]

    assert not failures(verifier.verify_log(data, fetch))
    found = failures(verifier.verify_log(data, tampered))
    assert found and any(names in check.detail_zh for check in found), found


def test_a_tile_that_cannot_be_had_is_withheld_not_passed(story):
    checks = outcomes(verifier.verify_log(pack(), lambda path: None))
    assert checks["log.tiles"] == checks["log.current"] == "withheld"


# -- keys, memory, acknowledgements


def test_a_pack_signed_by_another_key_fails_whatever_it_says(story, settings, tmp_path):
    settings.KEYS = tmp_path / "impostor"
    impostor = keys.log_vkey()
    checks = verifier.verify_log(pack(), log_key=impostor)
    assert [(check.name, check.outcome) for check in checks] == [("log.checkpoint", "failed")]


def test_a_fork_is_found_the_next_time(story, act, tmp_path, settings):
    state = tmp_path / "state"
    assert not failures(verifier.verify_log(pack(), fetch, state=state))
    act()
    sequencer.run_once(REAL)
    assert not failures(verifier.verify_log(pack(), fetch, state=state))

    # the centre, with its true key, signs another history of the same length
    data, size = pack(), queries.published_size()
    forged = tlog.Pyramid([tlog.leaf_hash(b"x")] * size)
    text = notes.Checkpoint(origin=data["origin"], size=size, root=forged.root).text
    data |= {
        "checkpoint": notes.sign(text, name=data["origin"], key=keys.log_key()),
        "entries": [],
        "escrow_roots": [],
    }
    found = failures(verifier.verify_log(data, state=state))
    assert [check.name for check in found] == ["log.saved"]
    assert "日志分叉" in found[0].detail_zh

    # nor does a longer one that does not begin with the old
    longer = tlog.Pyramid([tlog.leaf_hash(b"x")] * (size + 5))
    text = notes.Checkpoint(origin=data["origin"], size=size + 5, root=longer.root).text
    data["checkpoint"] = notes.sign(text, name=data["origin"], key=keys.log_key())
    tiles = tlog.grow(0, {}, [tlog.leaf_hash(b"x")] * (size + 5))

    def forger(path):
        address = tlog.parse_tile_path(path)
        if address is None:
            return data["checkpoint"].encode()
        return tiles[address.level, address.index]

    found = failures(verifier.verify_log(data, forger, state=state))
    assert [check.name for check in found] == ["log.saved"]
    assert "并不以此前的" in found[0].detail_zh
    # offline the question stays open, and says so
    assert outcomes(verifier.verify_log(data, state=state))["log.saved"] == "withheld"


def test_an_older_pack_than_the_one_remembered_is_fine(story, act, tmp_path):
    old = pack()
    act()
    sequencer.run_once(REAL)
    verifier.verify_log(pack(), fetch, state=tmp_path)
    assert outcomes(verifier.verify_log(old, fetch, state=tmp_path))["log.saved"] == "passed"


def test_acknowledgements_are_held_against_the_centre(story, act):
    late, hidden = acknowledge(act()), acknowledge(act(escrowed=True))
    soon, later = REAL, REAL + timedelta(days=3650)
    given = [story[0], late, hidden, {**story[1], "received_at": "2026-03-02T03:59:59.000000Z"}]
    found = outcomes(verifier.verify_log(pack(), acknowledgements=given, now=soon - timedelta(days=3650)))
    assert [found[f"acknowledgement.{a['entry_hash'][:12]}"] for a in given] == [
        "passed",
        "withheld",
        "withheld",
        "failed",
    ]
    found = verifier.verify_log(pack(), acknowledgements=given, now=later)
    overdue = next(check for check in found if check.name == f"acknowledgement.{late['entry_hash'][:12]}")
    assert overdue.outcome == "failed"
    assert "违约的证据" in overdue.detail_zh


@pytest.mark.parametrize("escrowed", [False, True])
def test_the_own_receipt_is_proven_before_anything_is_disclosed(act, escrowed):
    entry = act("bidding.submitted", actor=BIDDER, escrowed=escrowed)
    given = acknowledge(entry)
    options = {"log_key": keys.log_vkey(), "ack_key": keys.ack_public()}
    waiting = verifier.verify_receipt(given, queries.proof(entry.entry_hash), **options)
    assert [check.outcome for check in waiting] == ["withheld"]
    sequencer.catch_up(REAL)
    proof = json.loads(json.dumps(queries.proof(entry.entry_hash)))
    checks = verifier.verify_receipt(given, proof, **options)
    assert not failures(checks) and checks[-1].outcome == "passed"

    other = acknowledge(act())
    assert failures(verifier.verify_receipt(other, proof, **options))
    assert failures(verifier.verify_receipt(given, proof, **options | {"ack_key": "00" * 32}))
    broken = copy.deepcopy(proof)
    broken["proof"] = ["00" * 32, *broken["proof"][1:]] if broken["proof"] else ["00" * 32]
    assert failures(verifier.verify_receipt(given, broken, **options))


def test_domain_checks_stand_in_the_same_report(story, monkeypatch):
    def prices(data):
        lowest = min(verifier.shown_values(e)["price"] for e in data["entries"] if e["escrow"])
        return [verifier.Check("prices.lowest", "最低报价", "passed", lowest)]

    def broken(data):
        raise KeyError("draw")

    monkeypatch.setattr(verifier, "DOMAIN_CHECKS", [prices, broken])
    checks = verifier.verify(pack())
    assert checks[-2] == verifier.Check("prices.lowest", "最低报价", "passed", "97.50")
    assert (checks[-1].name, checks[-1].outcome) == ("domain.broken", "failed")


def test_the_verifier_needs_neither_django_nor_a_database():
    script = (
        "import sys, ggzy.evidence.verifier; sys.exit('django' in sys.modules or 'psycopg' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], env={"PYTHONPATH": "src"}).returncode == 0
