"""kill -9 while a notice is taken up, and after a medium took it before we noted so: once at the medium, none lost."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

from ggzy.publishing.models import Delivery
from tests.journeys.tale import Tale

pytestmark = pytest.mark.django_db(transaction=True)


def _kill(point: str) -> None:
    database = connection.settings_dict
    url = f"postgresql://{database['USER']}:{database['PASSWORD']}@{database['HOST']}:{database['PORT']}/{database['NAME']}"
    victim = subprocess.run(
        [sys.executable, "-m", "tests.publishing.victim", point],
        env=os.environ
        | {
            "DATABASE_URL": url,
            "GGZY_KEYS": str(settings.KEYS),
            "GGZY_FILES": str(settings.FILES),
            "GGZY_OUTLETS": json.dumps(settings.OUTLETS),
            "GGZY_POOL": "0",
            "PYTHONPATH": os.pathsep.join(["src", "."]),
        },
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert victim.returncode == -signal.SIGKILL, victim.stdout + victim.stderr


def _at(twins: Path) -> dict[str, int]:
    return {code: len(list((twins / code).glob("*.json"))) for code in ("ceb", "province", "ccgp")}


def test_four_workers_at_once_hand_each_notice_over_once(
    committed_platform: Any, folder: Path, twins: Path
) -> None:
    from ggzy.jobs.worker import work_once
    from tests.races.test_races import together

    for number in range(3):
        Tale(committed_platform, folder / str(number)).published()
    together(*[work_once] * 4)
    committed_platform.work()
    assert Delivery.objects.count() == 6
    assert set(Delivery.objects.values_list("state", "tries")) == {("received", 1)}
    assert _at(twins) == {"ceb": 3, "province": 3, "ccgp": 0}


@pytest.mark.parametrize("point", ["taking up", "answered"])
def test_after_a_restart_each_medium_has_it_exactly_once(
    committed_platform: Any, folder: Path, twins: Path, point: str
) -> None:
    Tale(committed_platform, folder).published()
    _kill(point)
    if point == "answered":
        assert sum(_at(twins).values()) == 1  # it arrived, and we do not know it
        assert set(Delivery.objects.values_list("state", flat=True)) == {"waiting"}
    else:
        assert not Delivery.objects.exists()
    committed_platform.work()
    assert _at(twins) == {"ceb": 1, "province": 1, "ccgp": 0}
    assert set(Delivery.objects.values_list("state", flat=True)) == {"received"}
