"""政府采购邀请招标: applications without a price, a blind draw among the qualified, then bids as in open tendering."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ggzy.cli.verify import check_pack
from ggzy.client import fronts, story
from ggzy.experts.rules import proves
from ggzy.fronts import rules
from ggzy.fronts.models import InviteeDraw
from tests.fronts.fronttale import FrontTale, refused
from tests.journeys.tale import PRICES
from tests.journeys.test_changes import change, look

NAMES = ("jia", "yi", "bing", "ding")
TWO = {"witnesses": ["监督员一", "监督员二"]}


@dataclass
class Drawing(FrontTale):
    """A procurement whose bidders are drawn among the qualified."""

    procedure: str = "GP_INVITE"
    limit: int = 3

    def file(self) -> dict[str, Any]:
        part = fronts.prequalification(limit=self.limit, drawn=True)
        return story.document(
            method=self.method,
            deposit=Decimal("100000"),
            **{"committee_size": 7, "prequalification": part, **self.changes},
        )

    def noticed(self) -> "Drawing":
        self.prepared()
        until = self.platform.now + timedelta(days=10)
        self.front_deadline = until + timedelta(hours=1)
        fronts.publish_prequalification(self.owner, self.id, file_until=until, deadline=self.front_deadline)
        return self

    def drawing(self, body: Any = None) -> Any:
        return self.owner.post(f"/tenders/{self.id}/prequalification/drawing", body or TWO)

    def results(self) -> Any:
        return self.owner.post(f"/tenders/{self.id}/prequalification/results")

    def own(self, name: str) -> Any:
        return self.bidder(name).get(f"/rounds/{self.front}/own-part")


@pytest.mark.django_db
@pytest.mark.journey
def test_an_invited_procurement_from_the_notice_to_the_opening(platform: Any, folder: Path) -> None:
    tale = Drawing(platform, folder).noticed()
    assert tale.front_stage() == "PQ_OPEN"
    assert tale.stage() == "DOC_READY"
    for name in NAMES:
        tale.apply(name)
    # the seeds of the experts order the applications too: no seed before the list is frozen
    no = refused(story.draw, tale.owner, platform.cast(), tale.id)
    assert no.code == "experts.draw_not_now"
    tale.front_opened(*NAMES).front_seated()
    assert refused(tale.drawing).code == "fronts.nothing_to_draw"
    fronts.review(tale.members, tale.front)
    assert tale.front_stage() == "PQ_RESULT"

    assert refused(tale.results).code == "fronts.invitees_not_drawn"
    assert refused(tale.drawing, {"witnesses": ["监督员一", " 监督员一"]}).code == "fronts.witnesses_missing"
    assert refused(tale.bidder("jia").post, f"/tenders/{tale.id}/prequalification/drawing", TWO).code == (
        "permission.denied"
    )
    assert tale.own("jia")["label"] == ""
    made = tale.drawing()
    assert set(made["drawn"][0]) == {"round", "drawn_at"}
    assert refused(tale.drawing).code == "fronts.nothing_to_draw"
    tale.results()
    assert tale.front_stage() == "PQ_DONE"

    # each is told its own part; three of four qualified ones are invited
    mine = {name: tale.own(name) for name in NAMES}
    invited = [name for name in NAMES if mine[name]["passed"]]
    (left,) = [name for name in NAMES if not mine[name]["passed"]]
    assert "未被抽中" in mine[left]["reasons"][0]
    for name in NAMES:
        own = mine[name]
        assert proves(salt=own["salt"], expert=own["package"]["package"], label=own["label"])
    # the owner side learns no name and no number, on no page and in no pack
    tale.sequence()
    seen = "".join(tale.views("zhaobiao").values()) + "".join(tale.views("").values())
    labels = [own["label"] for own in mine.values()]
    assert not [label for label in labels if label in seen]
    assert "fronts.invitees_drawn" not in seen and "监督员一" in seen
    listed = InviteeDraw.objects.get().list_sha256
    assert listed in str(platform.anonymous().get(f"/evidence/{tale.tender['ocid']}?level=public"))

    tale.issued()
    assert tale.stage() == "OPEN_FOR_BID"
    assert refused(tale.bidder(left).get, f"/tenders/{tale.id}/file").code == "tendering.not_admitted"
    size = {"more": {"size": ""}}
    prices = dict(zip(invited, PRICES.values(), strict=True))
    assert refused(tale.bid, left, price=Decimal("9000000.00"), **size).code == "bidding.not_admitted"
    for name, price in prices.items():
        tale.bid(name, price=price, **size)
    tale.sequence()
    platform.advance(tale.deadline + timedelta(seconds=1))
    tale.owner.post(f"/tenders/{tale.id}/opening")
    for name in invited:
        tale.release(name)
    platform.work()
    assert len(platform.anonymous().get(f"/rounds/{tale.round}/opening")["bids"]) == 3
    story.end_opening(tale.owner, tale.round)
    assert tale.stage() == "QUAL"
    # from the opening on a stranger draws again: the list, the seeds, the labels drawn
    tale.sequence()
    supervisor = platform.demo("jiandu")
    for level, party in (("public", platform.anonymous()), ("party", tale.owner), ("supervisor", supervisor)):
        checks = check_pack(party.get(f"/evidence/{tale.tender['ocid']}?level={level}"))
        assert not [c for c in checks if c.outcome == "failed"], level
        found = {c.name: c.outcome for c in checks}
        assert found["clock.GP-T02"] == found["clock.GP-T06"] == "passed"
        assert found["invitation.list"] == found["invitation.drawn"] == "passed"
        assert found.get("invitation.names") == ("passed" if level == "supervisor" else None)
    record = platform.read_json(f"/api/ocds/records/{tale.tender['ocid']}")["records"][0]["compiledRelease"]
    assert record["tender"]["procurementMethod"] == "selective"


@pytest.mark.django_db
@pytest.mark.journey
def test_fewer_than_three_qualified_begin_anew(platform: Any, folder: Path) -> None:
    tale = Drawing(platform, folder)
    tale.applied("jia", "yi", "bing").front_opened("jia", "yi", "bing").front_seated()
    fronts.review(tale.members, tale.front, failing={tale.uscc("bing"): "财务状况不符合要求"})
    assert tale.front_stage() == "PQ_FAILED"
    assert refused(tale.drawing).code == "fronts.nothing_to_draw"
    notice = next(n for n in tale.owner.get("/notices")["notices"] if n["kind"] == "failure")
    body = tale.owner.get(f"/notices/{notice['public_id']}")["body"]
    assert body["basis"] == "《政府采购货物和服务招标投标管理办法》第十四条"
    tale.owner.post(f"/rounds/{tale.front}/next")
    assert tale.front_stage() == "PQ_EDIT"
    assert tale.stage() == "BUDGET"


@pytest.mark.django_db
def test_the_dates_are_those_of_procurement(platform: Any, folder: Path) -> None:
    """Both are counted in working days, and from the notice (87号令第十八条, 条例第二十一条)."""
    tale = Drawing(platform, folder)
    tale.prepared()
    at = platform.now
    publish = fronts.publish_prequalification
    short = refused(
        publish, tale.owner, tale.id, file_until=at + timedelta(days=5), deadline=at + timedelta(days=30)
    )
    assert short.code == "fronts.time_to_apply_too_short"
    assert "第十八条" in short.body["basis"]
    ten = at + timedelta(days=10)
    early = refused(publish, tale.owner, tale.id, file_until=ten, deadline=ten - timedelta(days=1))
    assert early.body["field"] == "deadline"
    publish(tale.owner, tale.id, file_until=ten, deadline=ten)
    assert (
        refused(
            tale.bidder("jia").post, f"/rounds/{tale.front}/prequalification-objections", {"text": "异议"}
        ).code
        == "procedure.move_not_allowed"
    )
    wish = {"kind": "clarify", "front": True, "text": "补充要求", "affects_bids": True}
    change(tale.owner, tale, **wish)
    platform.advance(ten - timedelta(days=2))
    [demand] = look(tale.owner, tale, **wish)["demands"]
    assert "第二十七条" in demand["clause"]


@pytest.mark.django_db
def test_the_file_says_how_many_are_drawn(platform: Any, folder: Path) -> None:
    plain = Drawing(platform, folder / "a", changes={"prequalification": fronts.prequalification()})
    assert refused(plain.prepared).body["field"] == "prequalification.method"
    few = Drawing(platform, folder / "b", limit=2)
    assert refused(few.prepared).body["field"] == "prequalification.limit"
    construction = FrontTale(
        platform, folder / "c", changes={"prequalification": fronts.prequalification(limit=3, drawn=True)}
    )
    assert refused(construction.prepared).body["field"] == "prequalification.method"


@pytest.mark.pure
def test_the_draw_takes_the_first_qualified_of_an_order_that_others_do_not_move() -> None:
    labels = [f"{n:064x}" for n in range(9)]
    more = {"randomness": b"seed" * 24, "code": b"\x01" * 16}
    order = rules.drawn(labels, qualified=labels, count=9, **more)
    assert sorted(order) == labels and order != labels
    for out in labels:
        rest = [one for one in labels if one != out]
        assert rules.drawn(labels, qualified=rest, count=3, **more) == [o for o in order if o != out][:3]
        assert rules.drawn(rest, qualified=rest, count=3, **more) == [o for o in order if o != out][:3]
    assert rules.drawn(labels, qualified=labels[:2], count=3, **more) == [o for o in order if o in labels[:2]]
    other = rules.drawn(labels, qualified=labels, count=9, randomness=b"other", code=b"\x01" * 16)
    assert other != order
