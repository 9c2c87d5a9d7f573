"""kill -9 in the middle of a submission, of an opening and of a log batch: nothing acknowledged is lost, nothing half done."""

import os
import signal
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

from ggzy.cli.verify import check_pack
from ggzy.client import bids
from tests.journeys.tale import PRICES, Tale

pytestmark = pytest.mark.django_db(transaction=True)


def kill(point: str, tale: Tale, folder: Path) -> None:
    """Let a process of its own begin the act and die in it."""
    database = connection.settings_dict
    url = f"postgresql://{database['USER']}:{database['PASSWORD']}@{database['HOST']}:{database['PORT']}/{database['NAME']}"
    victim = subprocess.run(
        [sys.executable, "-m", "tests.races.victim", point, tale.round, tale.tender["ocid"], str(folder)],
        env=os.environ
        | {
            "DATABASE_URL": url,
            "GGZY_KEYS": str(settings.KEYS),
            "GGZY_FILES": str(settings.FILES),
            "GGZY_POOL": "0",
            "PYTHONPATH": os.pathsep.join(["src", "."]),
        },
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert victim.returncode == -signal.SIGKILL, victim.stdout + victim.stderr


def rows(sql: str, *values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, list(values))
        return cursor.fetchall()


def test_in_a_submission(committed_platform: Any, folder: Path) -> None:
    tale = Tale(committed_platform, folder).published()
    jia = tale.bidder("jia")
    fields = {
        "bidder": jia.name,
        "uscc": jia.uscc,
        "price": "9000000.00",
        "duration_days": 300,
        "quality": "合格",
        "manager": {"name": "张三", "certificate": "1"},
    }
    sealed = bids.seal(
        party=jia,
        round_id=tale.round,
        ocid=tale.tender["ocid"],
        fields=fields,
        attachments=[],
        into=folder / "mine",
    )
    kill("submission", tale, sealed)
    assert rows("SELECT count(*) FROM bidding_bid")[0][0] == 0
    assert rows("SELECT count(*) FROM evidence_entry WHERE act = 'bidding.received'")[0][0] == 0
    # the same key again: nothing was remembered of the first, and twice more is still one bid
    made = bids.submit(party=jia, round_id=tale.round, folder=sealed, key="one-key")
    assert bids.submit(party=jia, round_id=tale.round, folder=sealed, key="one-key") == made
    assert rows("SELECT count(*) FROM bidding_bid")[0][0] == 1


def test_in_an_opening(committed_platform: Any, folder: Path) -> None:
    tale = Tale(committed_platform, folder).opened()
    for name in PRICES:
        tale.release(name)
    kill("opening", tale, folder)
    assert {r[0] for r in rows("SELECT state FROM opening_bidopening")} == {"released"}
    assert committed_platform.anonymous().get(f"/rounds/{tale.round}/opening")["shown_at"] is None
    committed_platform.work()
    hall = committed_platform.anonymous().get(f"/rounds/{tale.round}/opening")
    assert [Decimal(b["price"]) for b in hall["bids"]] == sorted(PRICES.values())


def test_in_a_log_batch(committed_platform: Any, folder: Path) -> None:
    tale = Tale(committed_platform, folder).closed()
    kill("log", tale, folder)
    tale.owner.post(f"/tenders/{tale.tender['tender']}/opening")
    committed_platform.sequence()
    pack = committed_platform.anonymous().get(f"/evidence/{tale.tender['ocid']}")
    assert not pack["pending"]
    acknowledgements = [made["acknowledgement"] for made in tale.acknowledgements.values()]
    failed = [c for c in check_pack(pack, acknowledgements=acknowledgements) if c.outcome == "failed"]
    assert not failed, failed
