"""The deadlines before the bids move through the same engine: looked at, confirmed, done; nobody is named or counted."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ggzy.cli.verify import check_pack
from ggzy.client import fronts, story
from tests.changes.test_gaps import pass_time
from tests.fronts.fronttale import FrontTale, refused
from tests.fronts.test_invitation import Inviting
from tests.fronts.test_two_stage import NAMES, TwoStage
from tests.journeys.test_changes import change, look, titles

pytestmark = [pytest.mark.journey, pytest.mark.django_db]


def deadline(tale: FrontTale) -> datetime:
    return datetime.fromisoformat(tale.fronts()[0]["bid_deadline"])


def later(tale: FrontTale, days: int = 3) -> dict[str, Any]:
    """Return the wish to move a front's deadline back."""
    new = (deadline(tale) + timedelta(days=days)).isoformat()
    return {"kind": "postpone", "front": True, "text": "踏勘道路封闭, 顺延", "new_deadline": new}


def test_each_front_moves_its_deadline_through_the_engine(platform: Any, folder: Path) -> None:
    tale = FrontTale(platform, folder).applied("jia", "yi", "bing")
    drawn = story.draw(tale.owner, platform.cast(), tale.id)
    old, wish = deadline(tale), later(tale)
    no_one = refused(look, tale.bidder("jia"), tale, **wish)
    assert no_one.code == "permission.denied"
    assert refused(look, tale.owner, tale, **(wish | {"kind": "suspend"})).code == "input.invalid"
    earlier = wish | {"new_deadline": (old - timedelta(hours=1)).isoformat()}
    assert refused(look, tale.owner, tale, **earlier).code == "changes.deadline_only_later"
    same = wish | {"new_deadline": old.isoformat()}
    assert refused(look, tale.owner, tale, **same).code == "changes.nothing_changes"
    plan = look(tale.owner, tale, **wish)
    assert {"time", "clock", "draw", "notice", "message", "bids"} == {c["sort"] for c in plan["consequences"]}
    assert all(c["clause"] for c in plan["consequences"])
    keys = str(plan["consequences"])
    assert "3日" in keys and "2日" in keys and "解密时限" in keys
    assert deadline(tale) == old, "looking changes nothing"
    stale = {**wish, "confirmed": "0" * 64}
    assert refused(tale.owner.post, f"/tenders/{tale.id}/changes", stale).code == "changes.plan_changed"
    change(tale.owner, tale, **wish)
    assert deadline(tale) == old + timedelta(days=3)
    assert platform.anonymous().get(f"/draws/{drawn}")["state"] == "cancelled"
    for name in ("jia", "yi", "bing"):
        assert "申请截止时间推后" in titles(tale.bidder(name))[0]
    assert not any("推后" in t for t in titles(tale.bidder("ding")))
    newest = tale.owner.get("/notices?kind=prequalification")["notices"][0]
    assert "(澄清、延期)" in newest["title"]
    seen = tale.owner.get(f"/tenders/{tale.id}/changes")["changes"]
    assert [c["kind"] for c in seen] == ["postpone"] and seen[0]["consequences"]
    # the old clock closes nothing, the new one does
    platform.advance(old + timedelta(seconds=1))
    assert tale.front_stage() == "PQ_OPEN"
    tale.front_deadline = deadline(tale)
    tale.front_closed()
    assert tale.front_stage() == "PQ_CLOSED"
    assert refused(look, tale.owner, tale, **wish).code == "changes.nothing_changes"
    tale.sequence()
    pack = platform.demo("jiandu").get(f"/evidence/{tale.tender['ocid']}?level=supervisor")
    found = {c.name: c.outcome for c in check_pack(pack)}
    assert found["change.front_later"] == found["clock.front_closed"] == "passed"


def test_what_is_shown_is_the_same_for_any_number_of_applicants(platform: Any, folder: Path) -> None:
    tale = FrontTale(platform, folder).noticed()
    wish = later(tale)
    before = look(tale.owner, tale, **wish)["consequences"]
    tale.apply("jia")
    tale.apply("yi")
    assert look(tale.owner, tale, **wish)["consequences"] == before


def test_a_first_stage_is_postponed_with_a_new_version_of_its_notice(platform: Any, folder: Path) -> None:
    tale = TwoStage(platform, folder).proposed("jia")
    old = deadline(tale)
    assert (
        refused(look, tale.owner, tale, **(later(tale) | {"kind": "clarify"})).code
        == "changes.nothing_changes"
    )
    change(tale.owner, tale, **later(tale))
    newest = tale.owner.get("/notices?kind=first_stage")["notices"][0]
    assert newest["title"].endswith("(延期)")
    body = tale.owner.get(f"/notices/{newest['public_id']}")["body"]
    assert datetime.fromisoformat(body["deadline"]) == old + timedelta(days=3)
    assert body["clarifications"][0]["text"] == "踏勘道路封闭, 顺延"
    assert "技术建议截止时间推后" in titles(tale.bidder("jia"))[0]
    platform.advance(old + timedelta(seconds=1))
    tale.propose("yi", attachments=[])
    tale.propose("bing", attachments=[])
    tale.front_deadline = deadline(tale)
    tale.front_closed()
    assert tale.front_stage() == "TS1_REVIEW"


def test_an_invitation_is_postponed_without_a_word_to_others(platform: Any, folder: Path) -> None:
    tale = Inviting(platform, folder).invited("jia", "yi", "bing")
    tale.answer("jia")
    notices = platform.anonymous().get("/notices")["notices"]
    plan = change(tale.owner, tale, **later(tale, days=2))
    assert "依法保密" in str(plan["consequences"])
    assert platform.anonymous().get("/notices")["notices"] == notices
    for name in ("jia", "yi", "bing"):
        assert "回复截止时间推后" in titles(tale.bidder(name))[0]
    for other in (platform.anonymous(), tale.bidder("ding")):
        assert refused(other.get, f"/tenders/{tale.id}/changes").code == "not_found"
    platform.sequence()
    pack = platform.demo("jiandu").get(f"/evidence/{tale.tender['ocid']}?level=supervisor")
    assert "fronts.postponed" not in str(pack), "it stays in escrow until the bids are opened"
    platform.advance(tale.reply_by + timedelta(seconds=1))
    tale.answer("yi")  # the old clock counted nobody
    tale.answer("bing")
    platform.advance(tale.reply_by + timedelta(days=2, seconds=1))
    assert tale.owner.get(f"/tenders/{tale.id}/fronts")["fronts"][0]["decided_at"]


def test_what_a_silence_took_from_a_front_is_given_back(platform: Any, folder: Path) -> None:
    tale = FrontTale(platform, folder).applied("jia")
    old = deadline(tale)
    platform.advance(old - timedelta(hours=1))
    pass_time(timedelta(hours=2), silent=True)
    platform.work()
    assert tale.front_stage() == "PQ_OPEN", "with one application it would have failed for good"
    assert deadline(tale) >= platform.now + timedelta(hours=2)
    assert "申请截止时间推后" in titles(tale.bidder("jia"))[0]
    [made] = tale.owner.get(f"/tenders/{tale.id}/changes")["changes"]
    assert "无法访问" in made["text"]
    pass_time(timedelta(0), silent=False)
    tale.apply("yi")
    tale.apply("bing")
    tale.front_deadline = deadline(tale)
    tale.front_closed()
    assert tale.front_stage() == "PQ_CLOSED"
    # and so is a window in which nobody could decrypt
    fronts.release(tale.bidder("jia"), round_id=tale.front)
    platform.advance(platform.now + timedelta(hours=23))
    pass_time(timedelta(hours=3), silent=True)
    platform.work()
    assert tale.front_stage() == "PQ_CLOSED"
    assert "解密时限补足" in titles(tale.bidder("yi"))[0]
    assert "解密时限补足" not in titles(tale.bidder("jia"))[0]
    for name in NAMES[1:]:
        fronts.release(tale.bidder(name), round_id=tale.front)
    platform.work()
    assert tale.owner.get(f"/tenders/{tale.id}/fronts")["fronts"][0]["settled"]


def test_an_invitation_whose_answers_fell_due_in_a_silence_is_not_counted(
    platform: Any, folder: Path
) -> None:
    tale = Inviting(platform, folder).invited("jia", "yi", "bing")
    platform.advance(tale.reply_by - timedelta(hours=1))
    pass_time(timedelta(hours=2), silent=True)
    platform.work()
    assert tale.front_stage() == "IV_SENT" and deadline(tale) > platform.now
    for name in NAMES:
        tale.answer(name)
