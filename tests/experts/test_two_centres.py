"""Two centres, two databases, two keys: an agreement by letters, a merged list, calls across, a guest who sits."""

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509

from ggzy.client import story
from ggzy.client.party import Identity, Party, new_request
from ggzy.experts.models import Candidate, Draw, Expert
from tests.conftest import BASE
from tests.experts.neighbour import Neighbour, neighbour
from tests.experts.test_draw import agree, asked, seeds, shown
from tests.experts.test_recipe import recompute
from tests.journeys.tale import Tale
from tests.journeys.test_whole_tender import no

pytestmark = pytest.mark.slow_boot
GUEST = "a-guest-of-ours-2026"


def agreed(platform: Any, other: Neighbour) -> str:
    """Let the other centre propose to lend, both exchange letters and compare digits; return our agreement."""
    theirs, ours = other.party("zhongxin"), platform.demo("zhongxin")
    our_side, their_side = ours.get("/pool-agreements"), theirs.get("/pool-agreements")
    said = {"side": "lends", "partner_name": "训练市公共资源交易中心", "partner_address": our_side["address"]}
    days = {"since": "2026-03-01", "until": str(date(2027, 12, 31))}
    letter = theirs.post("/pool-agreements", {**said, **days, "specialties": ["A08"]})["letter"]
    text = json.dumps(letter, ensure_ascii=False)
    made = ours.post("/pool-agreements/letters", {"letter": text})
    assert made["state"] == "received"
    to = f"/pool-agreements/{made['agreement']}/acceptance"
    no(ours.post, to, {"digits": our_side["digits"]}, code="input.invalid")
    answer = ours.post(to, {"digits": their_side["digits"]})
    assert answer["state"] == "in_force"
    theirs_made = theirs.post("/pool-agreements/letters", {"letter": json.dumps(answer["letter"])})
    back = f"/pool-agreements/{theirs_made['agreement']}/acceptance"
    assert theirs.post(back, {"digits": our_side["digits"]})["state"] == "in_force"
    return str(made["agreement"])


def arrived(platform: Any, home: Party) -> Party:
    """Let an expert of the other centre show what they were given there, get an account here and a certificate."""
    (call,) = [c for c in home.get("/lent-calls")["calls"] if c["state"] == "accepted"]
    here = platform.anonymous()
    username = f"guest-{home.name}"
    said = {"label": call["label"][:12], "token": call["token"], "username": username, "password": GUEST}
    no(here.post, "/arrivals", said | {"token": "000000000000"}, code="experts.not_our_guest")
    here.post("/arrivals", said)
    assert here.post("/arrivals", said)["username"] == username, "twice is once"
    here.sign_in(username=username, password=GUEST, identity=None)
    key, csr = new_request()
    issued = here.post("/certificates", {"csr": csr})["pem"]
    here.identity = Identity(key, x509.load_pem_x509_certificate(issued.encode()))
    here.prove_again()
    here.name = username
    return here


@pytest.mark.django_db(transaction=True)
def test_an_expert_of_another_centre_is_drawn_called_and_seated(
    committed_platform: Any, folder: Path, tmp_path: Path
) -> None:
    platform = committed_platform
    with neighbour(tmp_path / "neighbour") as other:
        # three of our own: at least two places fall to the other centre
        few = Expert.objects.filter(active=True).order_by("pk").values_list("pk", flat=True)[4:7]
        Expert.objects.exclude(pk__in=list(few)).update(active=False)
        agreement = agreed(platform, other)
        tale = Tale(platform, folder).published()
        start = tale.deadline + timedelta(hours=1)
        draw = asked(
            tale,
            partners=[agreement],
            session_from=start.isoformat(),
            session_to=(start + timedelta(hours=4)).isoformat(),
        )
        assert Draw.objects.get(public_id=draw).state == Draw.GATHERING
        platform.work()
        row = shown(tale, draw)
        (loan,) = row["loans"]
        assert (row["state"], loan["state"], loan["trouble"]) == ("seeding", "frozen", "")
        assert len(row["entries"]) == 3 + loan["size"]
        assert other.rows("SELECT sha256 FROM experts_lent") == [(loan["sha256"],)]
        seeds(tale, draw)
        platform.work()
        homes = _answered_across(platform, tale, other, draw)
        assert shown(tale, draw)["state"] == "confirmed"
        with httpx.Client(base_url=BASE, transport=platform.transport) as client:
            public = client.get(f"/api/v1/draws/{draw}").json()
        told = recompute(public, folder)
        assert told.stdout.startswith("相符"), told.stderr

        # nobody is known before the opening
        lent = Candidate.objects.filter(draw__public_id=draw, loan__isnull=False)
        assert not lent.exclude(expert=None).exists()
        first = next(iter(homes.values()))
        (call,) = first.get("/lent-calls")["calls"]
        early = {"label": call["label"], "token": call["token"], "username": "early", "password": GUEST}
        no(platform.anonymous().post, "/arrivals", early, code="experts.draw_not_now")

        _opened(tale)
        tale.draw = draw
        guests = [arrived(platform, home) for home in homes.values()]
        own = Candidate.objects.filter(draw__public_id=draw, loan=None, state=Candidate.ACCEPTED)
        names = set(own.values_list("expert__account__username", flat=True))
        cast = platform.cast()
        members = story.check_in(cast, draw, [*guests, *(e for e in cast.experts if e.name in names)])
        assert len(members) == 5
        tale.owner.post(f"/draws/{draw}/committee")
        assert Draw.objects.get(public_id=draw).state == Draw.SEATED
        sat = Candidate.objects.filter(draw__public_id=draw, loan__isnull=False, member__left=False)
        assert sat.count() >= 2 and not sat.filter(expert__active=True).exists()
        shown(tale, draw)
        acts = {r[0] for r in other.rows("SELECT act FROM evidence_entry WHERE act LIKE 'experts.%%l%%'")}
        assert {"experts.list_lent", "experts.lent_called", "experts.lent_answered"} <= acts
        assert "experts.label_opened" in acts


def _answered_across(platform: Any, tale: Tale, other: Neighbour, draw: str) -> dict[str, Party]:
    """Let everybody who is called agree, here and there; return those of the other centre who agreed."""
    homes: dict[str, Party] = {}
    for turn in range(12):
        agree(tale, draw)
        for username in other.called():
            home = other.party(username)
            (call,) = [c for c in home.get("/lent-calls")["calls"] if c["state"] == "called"]
            # the first one declines: the next by rank is called, wherever they are
            said = home.post(f"/lent-calls/{call['call']}/answer", {"accept": turn > 0})
            if said["state"] == "accepted":
                homes[username] = home
        platform.advance(platform.now + timedelta(seconds=11))
        if Draw.objects.get(public_id=draw).state == Draw.CONFIRMED:
            return homes
    raise AssertionError("the committee is not full")


def _opened(tale: Tale) -> None:
    for name in ("jia", "yi", "bing"):
        tale.bid(name)
    tale.platform.sequence()
    tale.platform.advance(tale.deadline + timedelta(seconds=1))
    tale.owner.post(f"/tenders/{tale.tender['tender']}/opening")
    for name in ("jia", "yi", "bing"):
        tale.release(name)
    tale.platform.work()
    story.end_opening(tale.owner, tale.round)
