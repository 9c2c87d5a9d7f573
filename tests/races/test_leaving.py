"""A supplier leaves the talks while its last offer is on the way, at a fixed interleaving: it has left, and offered nothing."""

import threading
from pathlib import Path
from typing import Any

import pytest
from django.db import connections, transaction

from ggzy.bidding.models import Bid
from ggzy.client import story
from ggzy.client.party import Problem
from tests.journeys.test_negotiated import OFFERS, answered, asked, talking
from tests.races.test_bookings import somebody_waits

pytestmark = pytest.mark.django_db(transaction=True)


def test_who_has_left_offers_nothing(committed_platform: Any, folder: Path) -> None:
    tale = talking(
        answered(committed_platform, folder, "jia", "yi", "bing", "ding"), "jia", "yi", "bing", "ding"
    )
    asked(tale)
    jia, answers = tale.bidder("jia"), []

    def offer() -> None:
        try:
            here = {"ocid": tale.tender["ocid"], "main_id": tale.round, "folder": folder / "last"}
            answers.append(str(story.last_offer(jia, price=OFFERS["jia"], **here)))
        except Problem as refusal:
            answers.append(refusal.code)
        finally:
            connections.close_all()

    rival = threading.Thread(target=offer)
    with transaction.atomic():
        jia.post(f"/rounds/{tale.round}/leave", {"reason": "不再参加"})
        rival.start()
        somebody_waits()
    rival.join(timeout=30)
    assert answers == ["bidding.not_admitted"]
    assert not Bid.objects.filter(round__phase=2).exists()
