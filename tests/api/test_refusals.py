"""Refusals that the stories do not meet on their way: each by its code, and nothing changed."""

import hashlib
import secrets
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ggzy.client import story
from ggzy.client.party import Party, Problem
from ggzy.kernel import clock
from ggzy.kernel.ids import make_uscc
from tests.conftest import BASE
from tests.journeys.tale import Tale

pytestmark = pytest.mark.django_db


def no(call: Any, *args: Any, code: str, **more: Any) -> None:
    """Let a call be refused with this code and a Chinese sentence."""
    with pytest.raises(Problem) as refused:
        call(*args, **more)
    assert refused.value.code == code, refused.value
    assert any("\u4e00" <= c <= "\u9fff" for c in refused.value.body["message"])


def test_before_the_notice_there_is_nothing_to_bid_for(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder).prepared()
    no(tale.bidder("jia").post, f"/rounds/{tale.round}/withdrawal", code="bidding.not_open")


def test_a_bid_beyond_the_weight_is_refused(
    platform: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ggzy.bidding import actions

    tale = Tale(platform, folder).published()
    monkeypatch.setattr(actions, "MOST_BYTES", 100)
    no(tale.bid, "jia", code="bidding.too_large")
    assert tale.bidder("jia").get("/bids")["bids"] == []


def test_a_project_and_a_username_are_registered_once(platform: Any) -> None:
    owner = platform.demo("zhaobiao")
    story.register_project(owner, name="工程", serial=424242)
    no(story.register_project, owner, name="工程", serial=424242, code="projects.known")
    taken = Party(BASE, transport=platform.transport)
    no(
        taken.register,
        uscc=make_uscc(region="370100", serial=6000001),
        name="新公司",
        role="bidder",
        username="jia",
        password="a-long-password",
        person="某人",
        code="parties.already_registered",
    )


def test_a_file_changed_after_its_review_is_not_published(platform: Any, folder: Path) -> None:
    from ggzy.tendering.models import Tender

    tale = Tale(platform, folder).prepared()
    row = Tender.objects.get(public_id=tale.tender["tender"])
    row.document["quality"] = "优良"
    row.save(update_fields=["document"])
    deadline = platform.now + timedelta(days=30)
    no(
        story.publish,
        tale.owner,
        tale.tender["tender"],
        deadline=deadline,
        code="tendering.review_not_of_this_file",
    )
    assert tale.stage() == "DOC_READY"


def test_a_key_after_the_window_is_refused_even_before_the_worker_came(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder).opened()
    clock.advance_to(platform.now + timedelta(minutes=60))
    no(tale.release, "jia", code="opening.window_closed")


def test_a_pool_without_the_specialty_is_too_small(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder, changes={"specialty": "B99"}).published()
    no(tale.owner.post, f"/tenders/{tale.tender['tender']}/draws", code="experts.pool_too_small")


def test_a_seed_that_was_not_committed_to_is_refused(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder).published()
    draw = tale.owner.post(f"/tenders/{tale.tender['tender']}/draws")["draw"]
    seed = secrets.token_bytes(32)
    body = {"commitment": hashlib.sha256(seed).hexdigest()}
    for party in map(platform.demo, ("zhaobiao", "zhongxin", "jiandu")):
        party.post(f"/draws/{draw}/seed-commitment", body)
    no(tale.owner.post, f"/draws/{draw}/seed", {"seed": secrets.token_hex(32)}, code="experts.seed_wrong")
    tale.owner.post(f"/draws/{draw}/seed", {"seed": seed.hex()})


def test_a_sheet_is_handed_in_once(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder).seated()
    story.elect_leader(tale.members, tale.draw)
    member, path = tale.members[0], f"/rounds/{tale.round}/preliminary"
    desk = member.get(f"/rounds/{tale.round}/desk")
    rows = [r["key"] for r in desk["document"]["requirements"]]
    results = {b["bid"]: {key: {"passes": True, "reason": ""} for key in rows} for b in desk["bids"]}
    member.post(path, {"results": results})
    no(member.post, path, {"results": results}, code="evaluation.not_this_step")
    no(member.post, f"/rounds/{tale.round}/scores", {"scores": {}}, code="evaluation.not_this_step")


def test_a_challenge_is_answered_once(platform: Any) -> None:
    jia = platform.demo("jia")
    proof = {"certificate": jia.identity.fingerprint, "signature": jia.identity.sign(b"anything")}
    no(jia.post, "/sessions/proof", proof, code="identity.challenge_expired")


def test_each_side_seals_the_contract_once_and_on_its_newest_state(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder).publicity_over()
    first = story.award(tale.owner, tale.round)
    winner = next(p for p in map(tale.bidder, ("jia", "yi", "bing")) if p.name == first["bidder"])
    path = f"/rounds/{tale.round}/contract"
    mine, theirs = tale.owner.post(path)["to_sign"], winner.post(path)["to_sign"]
    tale.owner.post(f"{path}/seal", {"signature": tale.owner.signature_on(mine)})
    no(tale.owner.post, path, code="contracting.already_sealed")
    no(winner.post, f"{path}/seal", {"signature": winner.signature_on(theirs)}, code="contracting.changed")
    assert tale.stage() == "NOTIFIED"
    again = winner.post(path)["to_sign"]
    no(winner.post, f"{path}/seal", {"signature": winner.signature_on(mine)}, code="identity.signature_wrong")
    winner.post(f"{path}/seal", {"signature": winner.signature_on(again)})
    assert tale.stage() == "CONTRACTED"


def test_without_a_chinese_font_no_document_is_made(
    platform: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ggzy.ui import documents

    tale = Tale(platform, folder).publicity_over()
    bid = tale.owner.get(f"/rounds/{tale.round}/report")["report"]["ranking"][0]["bid"]
    tale.owner.post(f"/rounds/{tale.round}/award", {"bid": bid})
    monkeypatch.setattr(documents, "_fonts", lambda: None)
    no(tale.owner.post, f"/rounds/{tale.round}/letter", code="documents.no_chinese_font")
    assert tale.stage() == "AWARDED"
