"""What anyone may take of a result holds no member's sheet, no discussion and no rival's document: over all fields."""

import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from ggzy.bidding.models import Bid
from ggzy.client import story
from ggzy.client.party import Problem
from ggzy.evaluation import actions as evaluation
from ggzy.evaluation.models import Sheet
from ggzy.experts.models import Expert
from ggzy.opening.models import BidOpening
from tests.conftest import BASE
from tests.journeys.tale import Tale

#: said by members and bidders in this tale, found nowhere outside
MARKS = ("评委私下的理由", "讨论时说的话", "向一家提的问题", "一家的答复", "不同意见的全文", "附件里的机密")


def _fields(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every leaf of a JSON value with its path."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _fields(inner, f"{path}.{key}")
    elif isinstance(value, list):
        for n, inner in enumerate(value):
            yield from _fields(inner, f"{path}[{n}]")
    else:
        yield path, value


def _page(platform: Any, path: str) -> str:
    """Return a page as anyone reads it."""
    with httpx.Client(base_url=BASE, transport=platform.transport) as client:
        return client.get(path).text


def _evaluated(platform: Any, folder: Path) -> Tale:
    criteria = [
        {"key": "plan", "title": "施工组织设计", "weight": "25", "reasons": True},
        {"key": "team", "title": "项目管理机构", "weight": "15"},
    ]
    tale = Tale(platform, folder, method="comprehensive", changes={"criteria": criteria}).published()
    secret = folder / "技术标.txt"
    folder.mkdir(parents=True, exist_ok=True)
    secret.write_text(MARKS[5])
    for name in ("jia", "yi", "bing"):
        tale.bid(name, attachments=[secret])
    assert tale.deadline is not None
    platform.sequence()
    platform.advance(tale.deadline + timedelta(seconds=1))
    tale.owner.post(f"/tenders/{tale.tender['tender']}/opening")
    for name in ("jia", "yi", "bing"):
        tale.release(name)
    platform.work()
    story.end_opening(tale.owner, tale.round)
    cast = platform.cast()
    tale.draw = story.draw(tale.owner, cast, tale.tender["tender"])
    tale.members = members = story.check_in(cast, tale.draw, story.answer_calls(cast)[tale.draw])
    tale.owner.post(f"/draws/{tale.draw}/committee")
    story.elect_leader(members, tale.draw)
    at = f"/rounds/{tale.round}"
    members[1].post(f"/draws/{tale.draw}/messages", {"text": MARKS[1]})
    desk = members[0].get(f"{at}/desk")
    leader = next(
        m for m in members if m.get(f"/draws/{tale.draw}/meeting")["leader"] == m.get(f"{at}/desk")["code"]
    )
    asked = leader.post(
        f"{at}/clarifications",
        {"bid": desk["bids"][0]["bid"], "ground": "unclear", "text": MARKS[2], "minutes": 30},
    )["clarification"]
    bidder = next(
        b for b in map(tale.bidder, ("jia", "yi", "bing")) if b.get("/clarifications")["clarifications"]
    )
    said = {"text": MARKS[3]}
    to_sign = bidder.post(f"/clarifications/{asked}/to-sign", said)["to_sign"]
    bidder.post(f"/clarifications/{asked}", said | {"signature": bidder.signature_on(to_sign)})
    results = {
        b["bid"]: {r["key"]: {"passes": True, "reason": MARKS[0]} for r in desk["document"]["requirements"]}
        for b in desk["bids"]
    }
    for member in members:
        member.post(f"{at}/preliminary", {"results": results})
    for n, member in enumerate(members):
        points = {b["bid"]: {"plan": f"{17 + n}.37", "team": f"{9 + n}.73"} for b in desk["bids"]}
        why = {b["bid"]: {"plan": MARKS[0]} for b in desk["bids"]}
        member.post(f"{at}/scores", {"scores": points, "reasons": why})
    for member in members:
        member.post(f"{at}/summary")
    return tale


def test_the_public_pack_of_a_result_holds_no_sheet_and_no_rival_s_document(
    platform: Any, folder: Path
) -> None:
    tale = _evaluated(platform, folder)
    at = f"/rounds/{tale.round}"
    first, *others = tale.members
    to_sign = first.get(f"{at}/report-to-sign")["to_sign"]
    first.post(f"{at}/report-signature", {"signature": first.signature_on(to_sign), "dissent": MARKS[4]})
    story.sign_report(others, tale.round)
    platform.work()
    made = tale.owner.post(f"{at}/publicity")
    platform.advance(datetime.fromisoformat(made["ends_at"]) + timedelta(seconds=1))
    story.award(tale.owner, tale.round)
    platform.work()
    platform.sequence()

    ocid, anyone = tale.tender["ocid"], platform.anonymous()
    lot = tale.tender["rounds"][0]["lot"]
    taken = {
        "evidence": anyone.get(f"/evidence/{ocid}"),
        "lot": anyone.get(f"/lots/{lot}"),
        "tender": anyone.get(f"/tenders/{tale.tender['tender']}"),
        "draw": anyone.get(f"/draws/{tale.draw}"),
        "ocds": platform.read_json(f"/api/ocds/records/{ocid}"),
        "computed": _page(platform, f"/rounds/{tale.round}/computed"),
        "loser": platform.demo("ding").get(f"/evidence/{ocid}"),
    }
    points = {
        value
        for content in Sheet.objects.filter(kind="scores").values_list("content", flat=True)
        for row in content.values()
        for value in row.values()
    }
    experts = {e.account.person.name for e in Expert.objects.select_related("account__person")}
    digests = {a["sha256"] for row in BidOpening.objects.all() for a in row.attachments}
    files = {b.payload for b in Bid.objects.all()}
    for where, what in taken.items():
        leaves = list(_fields(what)) if not isinstance(what, str) else [("", what)]
        for path, value in leaves:
            text = str(value)
            assert not [m for m in MARKS if m in text], (where, path)
            assert not [e for e in experts if e in text], (where, path)
            assert not digests & {text} and not files & {text}, (where, path)
            if isinstance(what, str):
                assert not [p for p in points if re.search(rf"(?<![\d.]){re.escape(p)}(?!\d)", text)], where
            else:
                assert text not in points, (where, path)
    # the test can fail: the supervisor's pack holds them
    whole = json.dumps(platform.demo("jiandu").get(f"/evidence/{ocid}?level=supervisor"), ensure_ascii=False)
    assert MARKS[0] in whole and MARKS[1] in whole and MARKS[3] in whole and "17.37" in whole


def test_a_crash_during_signing_leaves_all_or_nothing(
    platform: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tale = _evaluated(platform, folder)
    at = f"/rounds/{tale.round}"
    story.sign_report(tale.members[:4], tale.round)

    def breaks(*_: Any, **__: Any) -> None:
        raise RuntimeError("the process dies here")

    last = tale.members[4]
    signed = {"signature": last.signature_on(last.get(f"{at}/report-to-sign")["to_sign"])}
    with monkeypatch.context() as broken:
        broken.setattr(evaluation, "make_move", breaks)
        with pytest.raises(Problem) as broke:
            last.post(f"{at}/report-signature", signed)
        assert broke.value.status == 500
    assert tale.stage() == "EVALUATING"
    assert last.get(f"{at}/desk")["signed"] is False
    assert last.post(f"{at}/report-signature", signed)["step"] == "done"
    assert tale.stage() == "REPORTED"
