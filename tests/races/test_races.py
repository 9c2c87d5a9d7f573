"""Races on PostgreSQL: two hosts, a bid at the deadline, two workers at one clock, one key twice."""

import threading
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, connections

from ggzy.client import story
from ggzy.client.party import Problem
from tests.journeys.tale import Tale

pytestmark = pytest.mark.django_db(transaction=True)


def together(*works: Callable[[], Any]) -> list[Any]:
    """Run the works at the same moment, each on a connection of its own; return answers or the refusals' codes."""
    barrier = threading.Barrier(len(works))
    answers: list[Any] = [None] * len(works)

    def run(number: int, work: Callable[[], Any]) -> None:
        barrier.wait(timeout=10)
        try:
            answers[number] = work()
        except Problem as refusal:
            answers[number] = refusal.code
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    return answers


def test_two_hosts_press_open_and_one_opening_stands(committed_platform: Any, folder: Path) -> None:
    tale = Tale(committed_platform, folder).closed()
    path = f"/tenders/{tale.tender['tender']}/opening"
    answers = together(*[lambda: tale.owner.post(path)["sessions"][0]["round"]] * 2)
    assert sorted(map(str, answers)) == sorted([tale.round, "opening.nothing_to_open"])
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM evidence_entry WHERE act = 'opening.opened' AND round = %s", [tale.round]
        )
        assert cursor.fetchone()[0] == 1


def test_one_key_sent_twice_at_once_is_one_act(committed_platform: Any, folder: Path) -> None:
    tale = Tale(committed_platform, folder).sealed()
    jia = tale.bidder("jia")
    answers = together(*[lambda: jia.post(f"/rounds/{tale.round}/withdrawal", key="the-same")["bid"]] * 4)
    assert len(set(answers)) == 1 and len(answers[0]) == 32
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM evidence_entry WHERE act = 'bidding.withdrawn' AND round = %s", [tale.round]
        )
        assert cursor.fetchone()[0] == 1


def test_eight_rivals_at_once_are_none_refused(committed_platform: Any, folder: Path) -> None:
    tale = Tale(committed_platform, folder).published()
    names = ["jia", "yi", "bing", "ding"]
    for name in names:
        tale.bidder(name)
    answers = together(*[lambda n=n: tale.bid(n, price=Decimal("9000000.00"))["bid"] for n in names])
    assert all(len(str(a)) == 32 for a in answers), answers


def test_one_bidder_who_submits_three_times_at_once_has_one_live_bid(
    committed_platform: Any, folder: Path
) -> None:
    tale = Tale(committed_platform, folder).published()
    jia = tale.bidder("jia")
    packages = []
    for number in range(3):
        fields = {"bidder": jia.name, "uscc": jia.uscc, "price": f"{number + 1}.00", "duration_days": 1}
        packages.append(
            story.bids.seal(
                party=jia,
                round_id=tale.round,
                ocid=tale.tender["ocid"],
                fields=fields,
                attachments=[],
                into=folder / str(number),
            )
        )
    answers = together(
        *[lambda p=p: story.bids.submit(party=jia, round_id=tale.round, folder=p)["bid"] for p in packages]
    )
    accepted = [a for a in answers if a != "bidding.other_submission_under_way"]
    assert accepted and all(len(str(a)) == 32 for a in accepted), answers
    states = [b["state"] for b in jia.get("/bids")["bids"]]
    assert states.count("live") == 1 and len(states) == len(accepted)


def test_a_bid_while_the_round_closes_is_in_or_refused_and_never_half(
    committed_platform: Any, folder: Path
) -> None:
    """Submissions that are complete before the moment are in the closed set; later ones are refused as too late."""
    tale = Tale(committed_platform, folder).sealed()
    for name in ("jia", "yi", "bing"):
        tale.bidder(name)

    def close() -> str:
        committed_platform.advance(tale.deadline + timedelta(milliseconds=1))
        return "closed"

    answers = together(
        *[lambda n=n: tale.bid(n, price=Decimal("8888888.00"))["bid"] for n in ("jia", "yi", "bing")], close
    )
    committed_platform.work()
    assert tale.stage() == "CLOSED"
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT b.public_id, b.received_at < r.bid_deadline FROM bidding_bid b JOIN tendering_round r ON r.id = b.round_id"
            " WHERE r.public_id = %s AND b.state = 'live'",
            [tale.round],
        )
        live = dict(cursor.fetchall())
    assert len(live) == 3 and all(live.values())
    for answer in answers[:3]:
        assert answer == "bidding.too_late" or answer in live, answer


def test_two_workers_fire_one_clock_once(committed_platform: Any, folder: Path) -> None:
    from ggzy.jobs.worker import run_due
    from ggzy.kernel import clock

    tale = Tale(committed_platform, folder).sealed()
    clock.advance_to(tale.deadline + timedelta(seconds=1))
    together(*[run_due] * 4)  # other clocks may be due as well; the one that closes fires once
    assert tale.stage() == "CLOSED"
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM evidence_entry WHERE act = 'opening.closed' AND round = %s", [tale.round]
        )
        assert cursor.fetchone()[0] == 1


def test_two_members_hand_in_the_last_sheet_together_and_one_report_is_compiled(
    committed_platform: Any, folder: Path
) -> None:
    tale = Tale(committed_platform, folder).seated()
    story.elect_leader(tale.members, tale.draw)
    desk = tale.members[0].get(f"/rounds/{tale.round}/desk")
    results = {
        b["bid"]: {r["key"]: {"passes": True, "reason": ""} for r in desk["document"]["requirements"]}
        for b in desk["bids"]
    }
    for member in tale.members[:3]:
        member.post(f"/rounds/{tale.round}/preliminary", {"results": results})
    answers = together(
        *[
            lambda m=m: m.post(f"/rounds/{tale.round}/preliminary", {"results": results})["step"]
            for m in tale.members[3:]
        ]
    )
    assert sorted(answers) == ["preliminary", "signing"]
    story.sign_report(tale.members, tale.round)
    assert tale.stage() == "REPORTED"
