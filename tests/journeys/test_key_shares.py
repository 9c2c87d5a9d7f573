"""A lost private key and three holders: the bidder's own choice, asked for by the bidder, three of three, in the log."""

import base64
import json
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from ggzy.bidding import shares
from ggzy.client import bids
from ggzy.client.party import Problem
from ggzy.identity import cms
from ggzy.opening.models import KeyShare
from tests.journeys.tale import PRICES, Tale

HOLDERS = ("zhaobiao", "daili", "zhongxin")


def _named(platform: Any, *names: str) -> list[dict[str, str]]:
    return [{"uscc": platform.demo(name).uscc} for name in names]


@pytest.fixture
def tale(platform: Any, tmp_path: Any) -> Tale:
    return Tale(platform, tmp_path, changes={"share_holders": _named(platform, *HOLDERS)}).published()


def _opened(tale: Tale, **more: Any) -> str:
    """Let all bid, jia with shares, open, and let the others release; return jia's bid."""
    for name in PRICES:
        tale.bid(name, **(more if name == "jia" else {}))
    tale.platform.advance(tale.deadline)
    tale.owner.post(f"/tenders/{tale.tender['tender']}/opening")
    for name in ("yi", "bing"):
        tale.release(name)
    tale.platform.work()
    return next(b["bid"] for b in tale.bidder("jia").get("/bids")["bids"] if b["round"] == tale.round)


def _holders(tale: Tale) -> list[shares.Holder]:
    return bids.holders_of(tale.bidder("jia"), tale.tender["tender"])


def _asked(tale: Tale, name: str, bid: str) -> list[dict[str, Any]]:
    return [one for one in tale.platform.demo(name).get("/key-shares")["shares"] if one["bid"] == bid]


def test_three_of_three_open_it_and_two_do_not(tale: Tale) -> None:
    bid = _opened(tale, holders=_holders(tale))
    assert not _asked(tale, "daili", bid)
    early = {"text": "00"}
    with pytest.raises(Problem) as no:
        tale.owner.post(f"/bids/{bid}/shares", early)
    assert no.value.code == "opening.shares_not_asked"
    with pytest.raises(Problem) as foreign:
        tale.bidder("yi").post(f"/bids/{bid}/shares/request")
    assert foreign.value.status == 404

    first = tale.bidder("jia").post(f"/bids/{bid}/shares/request")
    assert tale.bidder("jia").post(f"/bids/{bid}/shares/request")["asked_at"] == first["asked_at"]
    for n, name in enumerate(HOLDERS, 1):
        (asked,) = _asked(tale, name, bid)
        party = tale.platform.demo(name)
        with pytest.raises(Problem) as wrong:
            party.post(f"/bids/{bid}/shares", {"text": "ab" * 40})
        assert wrong.value.code == "bidding.shares_broken"
        assert bids.release_share(party=party, asked=asked)["released"] == n
        assert bids.release_share(party=party, asked=asked)["released"] == n  # twice is once
        tale.platform.work()
        states = {b["bidder"]: b["state"] for b in tale.owner.get(f"/rounds/{tale.round}/opening")["bids"]}
        assert states[tale.bidder("jia").name] == ("opened" if n == 3 else "waiting")
    assert KeyShare.objects.filter(opening__bid__public_id=bid).count() == 3
    tale.platform.sequence()
    pack = tale.platform.demo("jiandu").get(f"/evidence/{tale.tender['ocid']}?level=public")
    acts = [json.loads(e["leaf"])["act"] for e in pack["entries"]]
    assert acts.count("opening.share_released") == 3 and "opening.key_joined" in acts


def test_who_gave_none_has_none(tale: Tale) -> None:
    bid = _opened(tale)
    with pytest.raises(Problem) as no:
        tale.bidder("jia").post(f"/bids/{bid}/shares/request")
    assert no.value.code == "opening.no_shares"


def test_after_the_window_nothing_is_released(tale: Tale) -> None:
    bid = _opened(tale, holders=_holders(tale))
    tale.bidder("jia").post(f"/bids/{bid}/shares/request")
    (asked,) = _asked(tale, "daili", bid)
    ends = tale.owner.get(f"/rounds/{tale.round}/opening")["window_ends_at"]
    tale.platform.advance(datetime.fromisoformat(ends))
    with pytest.raises(Problem):
        bids.release_share(party=tale.platform.demo("daili"), asked=asked)
    assert not KeyShare.objects.filter(opening__bid__public_id=bid).exists()


@pytest.mark.parametrize("change", ["missing", "other", "foreign", "unnamed"])
def test_parts_that_are_not_the_files_are_refused(tale: Tale, change: str) -> None:
    holders = _holders(tale)
    if change == "foreign":  # one part to the bidder itself
        jia = tale.bidder("jia")
        holders[0] = shares.Holder(uscc=holders[0].uscc, name="", certificate=jia.identity.certificate)
    folder = tale.folder / "sealed"
    bids.seal(
        party=tale.bidder("jia"),
        round_id=tale.round,
        ocid=tale.tender["ocid"],
        fields={"uscc": tale.bidder("jia").uscc, "price": "1.00", "duration_days": 3},
        attachments=[],
        into=folder,
        holders=holders,
    )
    part = folder / "shares.json"
    if change == "missing":
        part.unlink()
    if change == "other":
        part.write_bytes(part.read_bytes().replace(b'"sha256":"', b'"sha256":"0', 1))
    if change == "unnamed":
        plain = tale.folder / "plain"
        bids.seal(
            party=tale.bidder("jia"),
            round_id=tale.round,
            ocid=tale.tender["ocid"],
            fields={"uscc": tale.bidder("jia").uscc, "price": "1.00", "duration_days": 3},
            attachments=[],
            into=plain,
        )
        (plain / "shares.json").write_bytes(part.read_bytes())
        folder = plain
    with pytest.raises(Problem) as no:
        bids.submit(party=tale.bidder("jia"), round_id=tale.round, folder=folder)
    assert no.value.code in {"bidding.package_broken", "bidding.shares_broken"}


def test_a_file_that_names_nobody_takes_no_parts(platform: Any, tmp_path: Any, tale: Tale) -> None:
    holders = _holders(tale)
    other = Tale(platform, tmp_path / "other").published()
    with pytest.raises(Problem) as no:
        other.bid("jia", holders=holders)
    assert no.value.code == "bidding.shares_broken"


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (("zhaobiao", "daili"), "3个不同的单位"),
        (("zhaobiao", "zhaobiao", "daili"), "3个不同的单位"),
        (("zhaobiao", "daili", "jiandu"), "监督部门"),
        (("zhaobiao", "daili", "yi"), "投标人不能"),
    ],
)
def test_who_may_not_keep_a_part(platform: Any, tmp_path: Any, names: tuple[str, ...], says: str) -> None:
    with pytest.raises(Problem, match=says):
        Tale(platform, tmp_path, changes={"share_holders": _named(platform, *names)}).prepared()


def test_the_certificate_in_the_file_is_the_platforms_word(platform: Any, tmp_path: Any) -> None:
    """A tenderee that writes its own certificate for all three gets the holders' own in the file."""
    mine = platform.demo("zhaobiao").identity
    lie = [
        {**row, "name": "x", "fingerprint": mine.fingerprint, "certificate": base64.b64encode(b"x").decode()}
        for row in _named(platform, *HOLDERS)
    ]
    tale = Tale(platform, tmp_path, changes={"share_holders": lie}).published()
    kept = {h.uscc: h.certificate for h in _holders(tale)}
    for name in HOLDERS:
        party = platform.demo(name)
        assert kept[party.uscc] == party.identity.certificate
        cms.require_envelope_for(cms.seal_to(kept[party.uscc], b"x"), party.identity.certificate)


def test_a_bid_with_parts_is_a_bid_like_any_other(tale: Tale) -> None:
    bid = _opened(tale, holders=_holders(tale))
    assert bids.release(party=tale.bidder("jia"), bid_id=bid)["state"] == "released"
    tale.platform.work()
    hall = tale.owner.get(f"/rounds/{tale.round}/opening")
    assert {b["price"] for b in hall["bids"]} == {str(Decimal(p)) for p in PRICES.values()}
