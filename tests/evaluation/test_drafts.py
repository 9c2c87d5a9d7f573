"""Drafts: for their member alone, the last one wins, gone when the sheet is in; and a large desk stays fast."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ggzy.bidding.models import Bid
from ggzy.client import story
from ggzy.evaluation.models import Draft, Evaluation
from ggzy.evidence.models import Entry
from ggzy.kernel.ids import new_public_id
from ggzy.opening.models import BidOpening
from ggzy.parties.models import Organisation
from tests.journeys.tale import Tale
from tests.portals.test_work import Person

_UNSENT_HIDDEN = "data-unsent hidden"
ITEMS = [{"key": f"item_{n}", "title": f"评审项{n}", "weight": "1", "reasons": n < 10} for n in range(40)]


def _save(person: Person, round_id: str, kind: str, content: Any) -> Any:
    return person.client.post(
        f"/work/rounds/{round_id}/draft", json.dumps({"kind": kind, "content": content}), "application/json"
    )


def test_a_draft_is_its_members_until_the_sheet_is_in(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder).seated()
    story.elect_leader(tale.members, tale.draw)
    one, other = (Person(platform, m.name) for m in tale.members[:2])
    desk = tale.members[0].get(f"/rounds/{tale.round}/desk")
    names = [f"{b['bid']}:{r['key']}" for b in desk["bids"] for r in desk["document"]["requirements"]]
    before = Entry.objects.count()

    reason = {f"passes:{names[0]}": "no", f"reason:{names[0]}": "印章与签名不一致之处甚多"}
    for content in ({f"passes:{names[0]}": "yes"}, reason, reason):
        reply = _save(one, tale.round, "preliminary", content)
        assert reply.status_code == 200 and len(reply.json()["saved"]) == 8
    assert Draft.objects.get().content == reason and Entry.objects.count() == before
    again = one.get(f"/work/rounds/{tale.round}/desk?form=table")
    assert "印章与签名不一致之处甚多" in again
    for who, address in (
        (other, f"/work/rounds/{tale.round}/desk?form=table"),
        (Person(platform, "jiandu"), f"/work/rounds/{tale.round}/sheets"),
    ):
        assert "印章与签名不一致之处甚多" not in who.get(address)
    assert tale.members[1].get(f"/rounds/{tale.round}/desk")["draft"] == {}

    for kind, content, status in (
        ("scores", {}, 409),
        ("preliminary", [], 422),
        ("preliminary", {"a": 1}, 422),
        ("preliminary", {"a": "x" * 1001}, 422),
        ("preliminary", {str(n): "" for n in range(8001)}, 422),
    ):
        assert _save(one, tale.round, kind, content).status_code == status, (kind, str(content)[:20])
    assert _save(Person(platform, "jia"), tale.round, "preliminary", {}).status_code == 403
    assert one.client.post(f"/work/rounds/{tale.round}/draft", "[", "application/json").status_code == 422
    assert Draft.objects.get().content == reason

    one.post(f"/work/rounds/{tale.round}/preliminary", **{f"passes:{n}": "yes" for n in names})
    assert not Draft.objects.exists()
    assert _save(one, tale.round, "preliminary", reason).status_code == 409
    assert not Draft.objects.exists()


def test_corrections_are_kept_until_confirmed_and_go_with_a_replaced_member(
    platform: Any, folder: Path
) -> None:
    tale = Tale(platform, folder, method="comprehensive").seated()
    story.elect_leader(tale.members, tale.draw)
    at = f"/rounds/{tale.round}"
    desk = tale.members[0].get(f"{at}/desk")
    yes = {
        b["bid"]: {r["key"]: {"passes": True, "reason": ""} for r in desk["document"]["requirements"]}
        for b in desk["bids"]
    }
    scores = {b["bid"]: {c["key"]: "10" for c in desk["document"]["criteria"]} for b in desk["bids"]}
    for member in tale.members:
        member.post(f"{at}/preliminary", {"results": yes})
    for member in tale.members:
        member.post(f"{at}/scores", {"scores": scores})
    first, second, third = (Person(platform, m.name) for m in tale.members[:3])
    page, cell = f"/work{at}/desk?form=table", f"score:{desk['bids'][0]['bid']}:plan"
    assert cell in first.get(page) and _UNSENT_HIDDEN in first.get(page)
    for person, points in ((first, "3.25"), (second, "4.75"), (third, "5.25")):
        assert _save(person, tale.round, "scores", {cell: points}).status_code == 200
    assert 'value="3.25"' in first.get(page) and _UNSENT_HIDDEN not in first.get(page)
    assert "3.25" not in second.get(page)

    # one hands the correction in, one confirms what stands, one is replaced: nothing of the three is left
    tale.members[0].post(f"{at}/scores", {"scores": scores})
    tale.members[1].post(f"{at}/summary")
    assert [d.content[cell] for d in Draft.objects.all()] == ["5.25"]
    # who has confirmed may still correct
    assert _save(second, tale.round, "scores", {cell: "6"}).status_code == 200
    code = tale.members[2].get(f"/draws/{tale.draw}/meeting")["code"]
    asked = tale.owner.post(f"/draws/{tale.draw}/replacements", {"code": code, "reason": "突发疾病送医"})
    assert Draft.objects.count() == 2
    platform.demo("zhongxin").post(f"/replacements/{asked['replacement']}", {"approve": True})
    assert [d.content[cell] for d in Draft.objects.all()] == ["6"]


def _more_bids(tale: Tale, count: int) -> None:
    """Put further opened bids beside the first of a round, straight into the tables."""
    first = BidOpening.objects.select_related("bid").filter(session__round__public_id=tale.round)[0]
    for n in range(count):
        who = Organisation.objects.create(
            uscc=f"C{n:017d}", name=f"填充{n}建设有限公司", kinds=["bidder"], public_id=new_public_id()
        )
        bid = Bid.objects.get(pk=first.bid_id)
        bid.pk, bid.public_id, bid.bidder_id = None, new_public_id(), who.pk
        bid.entry_hash = f"{n:064x}"
        bid._state.adding = True
        bid.save(force_insert=True)
        row = BidOpening.objects.get(pk=first.pk)
        row.pk, row.public_id, row.bid_id = None, new_public_id(), bid.pk
        row._state.adding = True
        row.save(force_insert=True)


@pytest.fixture
def filled(platform: Any, folder: Path) -> Iterator[Tale]:
    """Return a tale that stands at the scores of 40 items."""
    changes = {"criteria": ITEMS, "low_price": {"of_ceiling": "1", "of_others": "1"}}
    tale = Tale(platform, folder, method="comprehensive", changes=changes).seated()
    story.elect_leader(tale.members, tale.draw)
    yield tale


def test_a_desk_of_thirty_bids_and_forty_items_costs_what_three_bids_cost(filled: Tale) -> None:
    Evaluation.objects.filter(round__public_id=filled.round).update(step=Evaluation.DETAILED)
    person = Person(filled.platform, filled.members[0].name)
    address = f"/work/rounds/{filled.round}/desk"
    person.get(address)
    few = _queries(person, address)
    _more_bids(filled, 27)
    bids = [b["bid"] for b in filled.members[0].get(f"/rounds/{filled.round}/desk")["bids"]]
    cells = [f"{bid}:{item['key']}" for bid in bids for item in ITEMS]
    draft = {f"score:{cell}": "0.5" for cell in cells} | {f"why:{cell}": "方案可行" for cell in cells[::4]}
    assert _save(person, filled.round, "scores", draft).status_code == 200
    many = _queries(person, address)
    page = person.get(address)
    data = json.loads(page.split('id="sheet-data" type="application/json">')[1].split("</script>")[0])
    assert (len(data["entries"]), len(data["items"]), len(data["values"])) == (30, 40, 1500)
    assert 5 < many == few <= 41
    # the sheet is a value for the script, not 1,500 fields
    assert page.count("<input") < 60 and len(page) < 300_000


def _queries(person: Person, address: str) -> int:
    with CaptureQueriesContext(connection) as seen:
        person.get(address)
    return len(seen)
