"""两阶段招标: proposals without a price, read under letters, the file from them, bids of those who proposed."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from ggzy.cli.verify import check_pack
from ggzy.client import fronts, story
from tests.fronts.fronttale import FrontTale, entries, refused

pytestmark = pytest.mark.django_db

NAMES = ("jia", "yi", "bing")


class TwoStage(FrontTale):
    """A two-stage tender on its way."""

    def registered(self) -> "TwoStage":
        self.procedure = "GC_TWO_STAGE"
        self.prepared()
        return self

    def publish_first(self, **change: Any) -> None:
        self.front_deadline = self.platform.now + timedelta(days=20)
        body = {"need": "污水处理厂工艺包, 请提出工艺路线建议", "deadline": self.front_deadline.isoformat()}
        self.owner.post(f"/tenders/{self.id}/first-stage", body | change)

    def asked(self) -> "TwoStage":
        self.registered()
        self.publish_first()
        return self

    def propose(self, name: str, **more: Any) -> Any:
        return fronts.propose(
            self.bidder(name),
            ocid=self.tender["ocid"],
            round_id=self.front,
            folder=self.folder / "front" / name,
            **more,
        )

    def proposed(self, *names: str) -> "TwoStage":
        self.asked()
        for name in names or NAMES:
            self.propose(name, attachments=[])
        return self

    def written(self) -> "TwoStage":
        story.write_file(self.owner, self.id, file=self.file())
        return self


@pytest.mark.journey
def test_a_two_stage_tender_from_the_need_to_the_opening(platform: Any, folder: Path) -> None:
    tale = TwoStage(platform, folder).asked()
    assert (tale.front_stage(), tale.stage()) == ("TS1_OPEN", "REGISTERED")
    assert refused(tale.written).code == "tendering.front_not_done"
    plan = folder.parent / "工艺方案-甲建工.txt"
    plan.write_text("工艺路线")
    for name in NAMES:
        tale.propose(name, route=f"路线{name}", attachments=[plan])
    tale.front_closed()
    assert tale.front_stage() == "TS1_REVIEW"
    assert refused(tale.owner.get, f"/rounds/{tale.front}/proposals").code == "not_found"
    assert refused(tale.written).code == "tendering.front_not_done"
    for name in NAMES:
        fronts.release(tale.bidder(name), round_id=tale.front)
    platform.work()
    read = tale.owner.get(f"/rounds/{tale.front}/proposals")["proposals"]
    assert [p["label"] for p in read] == ["建议01", "建议02", "建议03"]
    assert sorted(p["fields"]["route"] for p in read) == sorted(f"路线{n}" for n in NAMES)
    for name in NAMES:
        assert tale.uscc(name) not in str(read)
        assert tale.bidder(name).name not in str(read)
    assert "甲建工" not in str(read)
    assert (
        refused(platform.demo("zhongxin").get, f"/rounds/{tale.front}/proposals").code == "permission.denied"
    )
    tale.written()
    tale.issued()
    assert (tale.front_stage(), tale.stage()) == ("TS2_OPEN", "OPEN_FOR_BID")
    assert refused(tale.bid, "ding", price="9000000.00").code == "bidding.not_admitted"
    tale.bid("jia")
    assert refused(tale.propose, "jia").code == "bidding.too_late"
    tale.to_opened_bids(*NAMES)
    assert tale.front_stage() == "TS_DONE"
    tale.sequence()
    for level, party in (("public", platform.anonymous()), ("supervisor", platform.demo("jiandu"))):
        checks = check_pack(party.get(f"/evidence/{tale.tender['ocid']}?level={level}"))
        assert not [c for c in checks if c.outcome == "failed"], level
        assert {c.name: c.outcome for c in checks}["clock.front_closed"] == "passed"


def test_the_first_stage_is_published_once_with_a_need(platform: Any, folder: Path) -> None:
    tale = TwoStage(platform, folder)
    tale.procedure = "GC_TWO_STAGE"
    project = story.register_project(tale.owner, name="测试工程", serial=77)
    lots = [{"name": "1标段", "budget": "10000000", "duration_days": "365"}]
    tale.tender = tale.owner.post(
        "/tenders", {"project": project, "name": "未登记", "lots": lots, "procedure_code": "GC_TWO_STAGE"}
    )
    assert refused(tale.publish_first).code == "tendering.front_not_done"
    tale.owner.post(f"/tenders/{tale.id}/registration")
    assert refused(tale.propose, "jia").code == "bidding.not_open"
    assert refused(tale.publish_first, need=" ").body["field"] == "need"
    past = (platform.now - timedelta(days=1)).isoformat()
    assert refused(tale.publish_first, deadline=past).body["field"] == "deadline"
    tale.publish_first()
    assert refused(tale.publish_first).code == "fronts.nothing_to_do"
    tale.propose("jia")
    no = refused(tale.propose, "jia", price="1.00")
    assert (no.code, no.body["basis"]) == ("bidding.price_not_allowed", "《招标投标法实施条例》第三十条")
    tale.bidder("jia").post(f"/rounds/{tale.front}/withdrawal")
    assert refused(tale.bidder("jia").post, f"/rounds/{tale.front}/withdrawal").code == "bidding.no_live_bid"


def test_too_few_proposals_fail(platform: Any, folder: Path) -> None:
    tale = TwoStage(platform, folder).proposed("jia", "yi")
    tale.front_closed()
    assert tale.front_stage() == "TS_FAILED"
    notices = platform.anonymous().get("/notices?kind=failure")["notices"]
    body = platform.anonymous().get(f"/notices/{notices[0]['public_id']}")["body"]
    assert body["reason"] == "至截止时间, 提交技术建议的投标人少于3个"
    assert refused(tale.written).code == "tendering.nothing_to_do"
    tale.owner.post(f"/rounds/{tale.front}/next")
    assert (tale.front_stage(), tale.stage()) == ("TS1_OPEN", "DRAFT")


def test_a_proposal_that_is_not_decrypted_lets_nobody_in(platform: Any, folder: Path) -> None:
    tale = TwoStage(platform, folder).proposed(*NAMES, "ding")
    tale.front_opened()
    platform.advance(tale.front_deadline + timedelta(hours=25))
    tale.written()
    tale.issued()
    assert refused(tale.bid, "ding", price="9000000.00").code == "bidding.not_admitted"
    assert tale.bid("jia")["bid"]


def test_nobody_but_the_owner_side_learns_of_proposals(platform: Any, folder: Path, settings: Any) -> None:
    """With three and with four proposals the public and the centre read the same, and nobody reads a name."""
    tale = TwoStage(platform, folder).asked()
    for name in (*NAMES, "ding", "jiandu", "zhongxin", "guanli"):
        platform.demo(name)
    shown = []
    for names in (NAMES, (*NAMES, "ding")):
        point = transaction.savepoint()
        tale.folder = folder / str(len(names))
        for name in names:
            tale.propose(name)
        before = {w: tale.views(w, blank=True) for w in ("", "zhaobiao", "zhongxin")}
        tale.front_opened(*names)
        tale.written()
        tale.issued()
        tale.sequence()
        after = {w: tale.views(w, blank=True) for w in ("", "zhongxin")}
        shown.append((before, after))
        secrets = {s for n in names for s in (tale.uscc(n), tale.bidder(n).name)}
        for who in ("", "zhaobiao", "zhongxin", "guanli"):
            for path, text in tale.views(who).items():
                assert not [s for s in secrets if s in text], (who, path)
        assert not entries(tale) & {"bidding.received", "opening.opened", "opening.bid_shown"}
        transaction.savepoint_rollback(point)
        (settings.KEYS / "published.checkpoint").unlink(missing_ok=True)
        tale.ticks = 0
    for few, many in zip(*shown, strict=True):
        for who in few:
            for path in few[who]:
                assert few[who][path] == many[who][path], (who, path)
