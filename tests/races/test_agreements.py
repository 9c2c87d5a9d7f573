"""Signing a framework agreement while its result is voided, at a fixed interleaving: both take the round first."""

import threading
from pathlib import Path
from typing import Any

import pytest
from django.db import connections, transaction

from ggzy.frameworks.models import Framework
from ggzy.tendering.moves import lock_round
from tests.journeys.test_collection import announced, shortlisted, sign
from tests.races.test_bookings import somebody_waits

pytestmark = pytest.mark.django_db(transaction=True)


def test_who_signs_waits_before_it_holds_anything(committed_platform: Any, folder: Path) -> None:
    tale = announced(committed_platform, folder)
    jia, first = tale.bidder("jia"), shortlisted(tale)["members"][0]
    sign(tale, tale.owner, first)
    answers: list[Any] = []

    def last() -> None:
        try:
            answers.append(sign(tale, jia, first))
        finally:
            connections.close_all()

    rival = threading.Thread(target=last)
    with transaction.atomic():
        lock_round(tale.round)
        rival.start()
        somebody_waits()
        # what voids the result goes on from the round to its framework, and does not wait for who waits for it
        assert Framework.objects.select_for_update(nowait=True).get().stage == "SHORTLIST"
    rival.join(timeout=30)
    assert answers == [{"supplier": True, "collector": True}]
