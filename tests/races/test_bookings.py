"""Two connections want one room: at a fixed interleaving one has it, and the other is told what is taken."""

import threading
import time
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, connections, transaction

from ggzy.client.party import Problem
from ggzy.venues.models import Booking
from tests.venues.test_bookings import DEADLINE, Desk, room

pytestmark = pytest.mark.django_db(transaction=True)


def somebody_waits() -> None:
    """Return once another connection to this database waits for a lock."""
    for _ in range(500):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)"
                " WHERE NOT granted AND datname = current_database()"
            )
            if cursor.fetchone()[0]:
                return
        time.sleep(0.01)
    raise AssertionError("nobody waits")


def _rival(desk: Desk, answers: list[str]) -> threading.Thread:
    """Start a booking of the same room and time on a connection of its own."""

    def run() -> None:
        try:
            answers.append(desk.book("第一评标室", by=desk.centre)["state"])
        except Problem as refusal:
            answers.append(f"{refusal.code}: {refusal.body['message']}")
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_who_comes_second_waits_and_is_told_what_is_taken(committed_platform: Any, folder: Path) -> None:
    desk, answers = Desk(committed_platform, folder), []
    _ = (desk.centre, desk.owner, room("第一评标室"))
    with transaction.atomic():
        desk.book("第一评标室")
        rival = _rival(desk, answers)
        somebody_waits()
    rival.join(timeout=30)
    assert answers[0].startswith("venues.slot_taken: 第一评标室5月11日09:30至10:30已有预约"), answers
    assert "最近的空闲" in answers[0]
    assert Booking.objects.count() == 1


def test_the_constraint_decides_when_the_other_took_no_lock(committed_platform: Any, folder: Path) -> None:
    """A row written past our lock, seen only by the exclusion constraint, is answered with the same sentence."""
    desk, answers = Desk(committed_platform, folder), []
    template = Booking.objects.get(public_id=desk.book("第一评标室", DEADLINE.replace(hour=14))["booking"])
    template.pk, template.public_id = None, "1" * 32
    template.starts_at, template.ends_at = DEADLINE, DEADLINE.replace(hour=10, minute=30)
    template.blocked = (template.starts_at, DEADLINE.replace(hour=10, minute=45))
    with transaction.atomic():
        template.save(force_insert=True)
        rival = _rival(desk, answers)
        somebody_waits()
    rival.join(timeout=30)
    assert answers[0].startswith("venues.slot_taken: 第一评标室5月11日09:30至10:30已有预约"), answers
    assert Booking.objects.count() == 2


def test_who_waited_for_one_that_gave_up_has_the_room(committed_platform: Any, folder: Path) -> None:
    desk, answers = Desk(committed_platform, folder), []
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        desk.book("第一评标室")
        rival = _rival(desk, answers)
        somebody_waits()
        raise ZeroDivisionError
    rival.join(timeout=30)
    assert answers == ["booked"] and Booking.objects.count() == 1
