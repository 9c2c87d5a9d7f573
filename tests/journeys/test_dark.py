"""A technical part judged without knowing whose it is: by code only, until no score can change any more."""

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

from ggzy.client import story
from tests.api.test_refusals import no
from tests.evaluation.test_darkness import _telling
from tests.journeys.tale import PRICES, Tale
from tests.portals.test_work import Person

CRITERIA = [
    {"key": "plan", "title": "施工组织设计", "weight": "25", "dark": True},
    {"key": "deeds", "title": "类似业绩", "weight": "15"},
]


def test_members_score_the_dark_part_by_codes(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder, method="comprehensive", changes={"criteria": CRITERIA}).published()
    dark = folder / "暗标-1.pdf"
    folder.mkdir(parents=True, exist_ok=True)
    dark.write_bytes(_telling())
    for name in PRICES:
        tale.bid(name, attachments=[dark])
    assert tale.deadline is not None
    platform.sequence()
    platform.advance(tale.deadline + timedelta(seconds=1))
    tale.owner.post(f"/tenders/{tale.tender['tender']}/opening")
    for name in PRICES:
        tale.release(name)
    platform.work()
    story.end_opening(tale.owner, tale.round)
    cast = platform.cast()
    tale.draw = story.draw(tale.owner, cast, tale.tender["tender"])
    members = story.check_in(cast, tale.draw, story.answer_calls(cast)[tale.draw])
    tale.owner.post(f"/draws/{tale.draw}/committee")
    platform.work()
    story.elect_leader(members, tale.draw)
    at = f"/rounds/{tale.round}"
    desk = members[0].get(f"{at}/desk")
    yes = {
        b["bid"]: {r["key"]: {"passes": True, "reason": ""} for r in desk["document"]["requirements"]}
        for b in desk["bids"]
    }
    for member in members:
        member.post(f"{at}/preliminary", {"results": yes})

    # each member knows the same bids by other codes; nothing of a page tells which is whose
    desks = [m.get(f"{at}/desk") for m in members]
    own = [[d["code"] for d in desk["dark"]] for desk in desks]
    assert all(len(codes) == 3 for codes in own) and not set(own[0]) & set(own[1])
    person = Person(platform, members[0].name)
    page = person.get(f"/work{at}/desk?form=table")
    data = re.search(r'<script id="sheet-data"[^>]*>(.*?)</script>', person.get(f"/work{at}/desk"), re.S)
    assert data
    page += json.dumps(json.loads(data[1]), ensure_ascii=False)
    assert own[0][0] in page and "暗标-1.pdf" not in page and "出现电话号码" in page
    digests = {
        a["sha256"] for bidder in PRICES for a in _attachments(tale, bidder) if a["name"] == "暗标-1.pdf"
    }
    assert digests and not digests & set(re.findall(r"[0-9a-f]{64}", page))
    shown = person.client.get(desks[0]["dark"][0]["files"][0]["address"])
    assert shown.status_code == 200 and b"secret" not in b"".join(shown.streaming_content)
    assert person.client.get(f"/work{at}/dark/{own[1][0]}/1.pdf").status_code == 404
    for digest in digests:
        assert person.client.get(f"/documents/{digest}").status_code == 403

    # by bid the dark items are refused; by code they count
    bids = [b["bid"] for b in desk["bids"]]
    by_bid = {b: {"plan": "20", "deeds": "10"} for b in bids}
    no(members[0].post, f"{at}/scores", {"scores": by_bid}, code="input.invalid")
    for member, codes in zip(members, own, strict=True):
        scores = {b: {"deeds": "10"} for b in bids} | {c: {"plan": "20"} for c in codes}
        member.post(f"{at}/scores", {"scores": scores})
    summary = members[0].get(f"{at}/desk")
    assert summary["step"] == "summary" and set(summary["own_scores"]["scores"]) == {*bids, *own[0]}
    for member in members:
        member.post(f"{at}/summary")
    assert members[0].get(f"{at}/desk")["dark"] == []
    assert person.client.get(f"/documents/{next(iter(digests))}").status_code == 200
    story.sign_report(members, tale.round)
    assert tale.stage() == "REPORTED"


def _attachments(tale: Tale, name: str) -> list[dict[str, Any]]:
    from ggzy.opening.models import BidOpening

    rows = BidOpening.objects.filter(
        session__round__public_id=tale.round, bid__bidder__name=tale.bidder(name).name
    )
    return [a for row in rows for a in row.attachments]
