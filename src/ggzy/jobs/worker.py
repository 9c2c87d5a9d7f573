"""The worker: fires due clocks and background effects. Several may run; each clock is claimed by one."""

import importlib
import logging
import os
import select
import signal
import time
from collections.abc import Sequence
from datetime import timedelta

from django.conf import settings
from django.db import OperationalError, close_old_connections, connection

from ggzy.deadlines.actions import fire_one, next_due
from ggzy.deposits.reconciling import start_nights
from ggzy.jobs.bundles import note_bundles
from ggzy.kernel.clock import face, legal_now, refuse_shifted_clock_in_production
from ggzy.publishing.actions import take_up_new_notices
from ggzy.search.actions import file_new_notices

log = logging.getLogger("ggzy.worker")
LONGEST_SLEEP = 1.0

#: where effects live: importing registers them
EFFECTS = (
    "ggzy.complaints.actions",
    "ggzy.complaints.clock",
    "ggzy.complaints.answering",
    "ggzy.opening.actions",
    "ggzy.opening.negotiated",
    "ggzy.experts.seeding",
    "ggzy.experts.calling",
    "ggzy.experts.borrowing",
    "ggzy.experts.lending",
    "ggzy.experts.guests",
    "ggzy.committees.sites",
    "ggzy.committees.clarifying",
    "ggzy.evaluation.dark",
    "ggzy.evaluation.actions",
    "ggzy.pool.actions",
    "ggzy.awarding.actions",
    "ggzy.changes.gaps",
    "ggzy.publishing.actions",
    "ggzy.tendering.filepdf",
    "ggzy.fronts.actions",
    "ggzy.fronts.invitation",
    "ggzy.archives.actions",
    "ggzy.registry.actions",
    "ggzy.identity.revocation",
    "ggzy.messages.reminders",
    "ggzy.messages.sending",
    "ggzy.messages.addresses",
    "ggzy.subscriptions.actions",
    "ggzy.seals.stamping",
    "ggzy.papers.batches",
    "ggzy.single_source.actions",
    "ggzy.frameworks.telling",
    "ggzy.frameworks.ending",
    "ggzy.frameworks.turns",
    "ggzy.frameworks.competing",
    "ggzy.innovation.telling",
    "ggzy.innovation.actions",
    "ggzy.innovation.talking",
    "ggzy.deposits.releasing",
    "ggzy.deposits.keeping",
    "ggzy.deposits.reconciling",
    "ggzy.deposits.listening",
)


def load_effects() -> None:
    """Import every module that registers an effect."""
    for module in EFFECTS:
        importlib.import_module(module)


def run_due() -> int:
    """Fire everything that is due now; return how many fired."""
    count = 0
    while fire_one(now=legal_now):
        count += 1
    return count


def work_once() -> int:
    """Fire everything that is due, then hand new notices to the media and file them; return how many things happened."""
    count = run_due()
    if _take_up_notices():
        count += run_due()
    _file_notices()
    return count


def _take_up_notices(*, all_of_them: bool = False) -> int:
    """Give new notices their deliveries; trouble with it must not stop the clocks."""
    try:
        return take_up_new_notices(now=legal_now(), all_of_them=all_of_them)
    except OperationalError:
        raise
    except Exception:  # noqa: BLE001 - a notice that cannot be taken up waits; clocks of openings do not
        log.exception("new notices were not taken up")
        return 0


def _file_notices(*, all_of_them: bool = False) -> int:
    """Let new notices be found; trouble with it must not stop the clocks."""
    try:
        return file_new_notices(all_of_them=all_of_them)
    except OperationalError:
        raise
    except Exception:  # noqa: BLE001 - a notice that cannot be filed is read all the same; clocks of openings go on
        log.exception("new notices were not filed")
        return 0


def _note_bundles() -> None:
    """Say in the log which scripts seal bids; trouble with it must not stop the clocks."""
    try:
        note_bundles(now=legal_now())
    except OperationalError:
        raise
    except Exception:  # noqa: BLE001 - pages go on working, and it is tried again at the next start
        log.exception("the bundles were not noted")


def _sleep_seconds() -> float:
    due = next_due()
    if due is None:
        return LONGEST_SLEEP
    clock = face()
    return max(0.01, min(LONGEST_SLEEP, (due - clock.now) / timedelta(seconds=1) / float(clock.speed)))


def main(argv: Sequence[str]) -> int:
    """Run until stopped; a lost database is waited for."""
    load_effects()
    stopping: list[int] = []
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda number, _: stopping.append(number))
    refuse_shifted_clock_in_production()
    beat = settings.VAR / "run" / f"worker.{os.getpid()}.heartbeat"
    beat.parent.mkdir(parents=True, exist_ok=True)
    while not stopping:
        try:
            with connection.cursor() as cursor:
                cursor.execute("LISTEN ggzy_timers")
                cursor.execute("LISTEN ggzy_clock")
            _note_bundles()
            start_nights(legal_now())
            _take_up_notices(all_of_them=True)
            while _file_notices(all_of_them=True):
                continue
            while not stopping:
                work_once()
                beat.touch()
                _wait(_sleep_seconds())
        except OperationalError as trouble:
            log.warning("waiting for the database: %s", trouble)
            close_old_connections()
            connection.close()
            time.sleep(0.5)
    beat.unlink(missing_ok=True)
    return 0


def _wait(seconds: float) -> None:
    """Sleep until the next clock, or until a new clock or a moved training clock is announced."""
    connection.ensure_connection()
    raw = connection.connection
    ready, _, _ = select.select([raw.fileno()], [], [], seconds)
    if ready:
        for _ in raw.notifies(timeout=0, stop_after=100):
            continue
