"""A tender sealed with the national algorithms, from the notice to the recomputed pack; and SM2 in an ordinary one."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from ggzy.bidding import bidbox
from ggzy.bidding.profiles import AGE, GM, Profile
from ggzy.client import bids, story
from ggzy.client.party import Identity, Party, Problem
from ggzy.client.story import PASSWORD
from ggzy.identity import cms
from ggzy.opendata import checks
from tests.journeys.tale import PRICES, Tale


def national(tale: Tale, name: str) -> Party:
    """Sign a demo bidder in with its SM2 pair instead."""
    known = tale.bidder(name)
    party = Party(known.base, transport=known._transport)
    party.name, party.uscc = known.name, known.uscc
    pem = (settings.KEYS / "training" / f"{name}-sm2.pem").read_bytes()
    party.sign_in(username=name, password=PASSWORD, identity=Identity.from_pem(pem))
    tale.platform._known[name] = party
    return party


@pytest.fixture
def tale(platform, tmp_path):
    return Tale(platform, tmp_path, changes={"sealing": "gm"}).published()


def test_the_whole_way(tale):
    for name in PRICES:
        national(tale, name)
        tale.bid(name)
    folder = tale.folder / tale.round / "jia"
    assert {p.name for p in folder.iterdir()} == {"bid.sm4", "key.p7m", "manifest.json", "manifest.p7s"}
    tale.platform.sequence()
    tale.platform.advance(tale.deadline)
    tale.owner.post(f"/tenders/{tale.tender['tender']}/opening")
    for name in PRICES:
        tale.release(name)
    tale.platform.work()
    hall = tale.owner.get(f"/rounds/{tale.round}/opening")
    assert {b["bidder"]: (b["state"], b["price"]) for b in hall["bids"]} == {
        tale.bidder(name).name: ("opened", str(price)) for name, price in PRICES.items()
    }
    tale.platform.sequence()
    pack = tale.platform.demo("jiandu").get(f"/evidence/{tale.tender['ocid']}?level=supervisor")
    said = {check.name: check.outcome for check in checks.bids(pack)}
    assert {"bids.manifest", "bids.commitment"} <= set(said) and "failed" not in said.values()
    shown = next(e for e in pack["entries"] if json.loads(e["leaf"])["act"] == "opening.bid_shown")
    shown["fields"]["fields"]["value"]["price"]["value"] = "1.00"
    assert {c.outcome for c in checks.bids(pack) if c.name == "bids.commitment"} >= {"failed"}


def refused(tale: Tale, name: str, *, code: str) -> Problem:
    with pytest.raises(Problem) as no:
        bids.submit(party=tale.bidder(name), round_id=tale.round, folder=tale.folder / name)
    assert no.value.code == code, no.value
    return no.value


def seal(tale: Tale, name: str, *, profile: Profile = GM, receives: Any = None) -> Path:
    """Seal whatever is asked, past what the client would refuse."""
    party = tale.bidder(name)
    folder = tale.folder / name
    folder.mkdir(parents=True, exist_ok=True)
    made = bidbox.seal(
        fields={"bidder": party.name, "uscc": party.uscc, "price": "1.00", "duration_days": 3},
        attachments=[],
        round_id=tale.round,
        ocid=tale.tender["ocid"],
        bidder=party.uscc,
        certificate=party.identity.certificate,
        key=party.identity.key,
        payload=folder / profile.payload,
        receives=receives or party.identity.receives,
        profile=profile,
    )
    for name_, data in (
        ("manifest.json", made.manifest),
        ("manifest.p7s", made.signature),
        ("key.p7m", made.envelope),
    ):
        (folder / name_).write_bytes(data)
    return folder


def test_what_is_not_sealed_as_the_file_says_is_refused(tale):
    national(tale, "jia")
    seal(tale, "jia", profile=AGE)
    assert "国密算法" in str(refused(tale, "jia", code="bidding.other_algorithms"))
    (tale.folder / "jia" / "bid.age").unlink()
    seal(tale, "jia", receives=tale.bidder("jia").identity.certificate)
    assert "不是给您登录所用证书的" in str(refused(tale, "jia", code="identity.envelope_broken"))
    folder = seal(tale, "jia")
    whole = (folder / "bid.sm4").read_bytes()
    for changed in (whole[:-16], whole + bytes(16), b"plain text", whole[:90]):
        (folder / "bid.sm4").write_bytes(changed)
        refused(tale, "jia", code="bidding.unsealed")
    (folder / "bid.sm4").write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    refused(tale, "jia", code="bidding.package_broken")
    (folder / "bid.sm4").write_bytes(whole)
    assert bids.submit(party=tale.bidder("jia"), round_id=tale.round, folder=folder)["bid"]


def test_without_an_sm2_certificate_one_is_told_so(tale):
    with pytest.raises(cms.EnvelopeBroken, match="SM2证书"):
        tale.bid("jia")
    seal(tale, "jia")
    assert "SM2证书登录" in str(refused(tale, "jia", code="bidding.other_algorithms"))


def test_the_algorithms_stay_once_the_notice_is_out(tale):
    file = story.document(method=tale.method, deposit=Decimal("100000"))
    with pytest.raises(Problem, match="公告发出后不能更改"):
        tale.owner.ask("PUT", f"/tenders/{tale.tender['tender']}/document", {"document": file})
    with pytest.raises(Problem, match="加密算法"):
        tale.owner.ask(
            "PUT", f"/tenders/{tale.tender['tender']}/document", {"document": file | {"sealing": "rot13"}}
        )


def test_an_sm2_certificate_bids_in_an_ordinary_round_too(platform, tmp_path):
    tale = Tale(platform, tmp_path).published()
    national(tale, "jia")
    for name in PRICES:
        tale.bid(name)
    tale.platform.advance(tale.deadline)
    tale.owner.post(f"/tenders/{tale.tender['tender']}/opening")
    for name in PRICES:
        tale.release(name)
    tale.platform.work()
    assert {b["state"] for b in tale.owner.get(f"/rounds/{tale.round}/opening")["bids"]} == {"opened"}


def test_another_key_of_the_same_form_does_not_open_it(tale):
    national(tale, "jia")
    folder = seal(tale, "jia")
    manifest = bidbox.read_manifest((folder / "manifest.json").read_bytes())
    for key in ("SM4-SECRET-KEY-" + "0" * 32, "SM4-SECRET-KEY-0", "AGE-SECRET-KEY-1", ""):
        with pytest.raises(bidbox.WrongBidKey):
            bidbox.open_payload(folder / "bid.sm4", bid_key=key, manifest=manifest)
