"""What every test shares: fast password hashing, a clock, and the training cast signed in over the real API."""

import copy
import os
import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import hypothesis
import pytest

# machines are noisy: how long an example took says nothing of what it proves
hypothesis.settings.register_profile(
    "house", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("house")

BASE = "http://testserver"


def pytest_configure() -> None:
    from django.conf import settings

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    if worker := os.environ.get("PYTEST_XDIST_WORKER"):
        _give_a_place_of_its_own(settings, worker)


def _give_a_place_of_its_own(settings: Any, worker: str) -> None:
    """Give a worker that tests beside others its own keys and files (pytest-django gives it a database)."""
    os.environ["GGZY_SECRET_KEY"] = settings.SECRET_KEY
    settings.VAR = settings.VAR / "workers" / worker
    settings.KEYS, settings.FILES = settings.VAR / "keys", settings.VAR / "files"
    # what an earlier run left there would be found by the tests that search the disk for secrets
    shutil.rmtree(settings.FILES, ignore_errors=True)
    for name in ("VAR", "KEYS", "FILES"):
        os.environ[f"GGZY_{name}"] = str(getattr(settings, name))


class InProcess(httpx.WSGITransport):
    """Requests within this process share the test's connection, as with Django's own test client."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        from django.core.signals import request_finished, request_started
        from django.db import close_old_connections

        for signal in (request_started, request_finished):
            signal.disconnect(close_old_connections)
        return super().handle_request(request)


class Platform:
    """The platform in this process: its clock, its worker, its sequencer, and parties who talk HTTP to it."""

    def __init__(self) -> None:
        from django.core.wsgi import get_wsgi_application

        from ggzy.jobs.worker import load_effects

        load_effects()
        self.transport = InProcess(app=get_wsgi_application())
        self._signed_in: dict[str, Any] = {}
        self._known: dict[str, Any] = {}

    def sign_everybody_in(self) -> None:
        """Sign the whole cast in, before the first test: the sessions stand when a test begins."""
        from ggzy.client import story
        from ggzy.training.cast import EXPERTS, PEOPLE, expert_username

        for username in [*(d.username for d in PEOPLE), *map(expert_username, range(1, EXPERTS + 1))]:
            party = story.demo_party(BASE, username, transport=self.transport)
            mine = party.get("/whoami")
            party.name = mine["organisation_name"] or username
            party.uscc = mine["uscc"]
            self._signed_in[username] = party

    def demo(self, username: str) -> Any:
        """Return a demo party, signed in; the same one throughout a test."""
        if username not in self._known:
            self._known[username] = copy.copy(self._signed_in[username])
        return self._known[username]

    def forget(self) -> None:
        """Forget what an earlier test did to its parties."""
        self._known.clear()

    def cast(self) -> Any:
        """Return the officials and the experts."""
        from ggzy.client import story
        from ggzy.training.cast import EXPERTS, expert_username

        experts = []
        for number in range(1, EXPERTS + 1):
            expert = self.demo(expert_username(number))
            expert.name = expert_username(number)
            experts.append(expert)
        return story.Cast(
            admin=self.demo("guanli"),
            centre=self.demo("zhongxin"),
            supervisor=self.demo("jiandu"),
            experts=experts,
        )

    def anonymous(self) -> Any:
        """Return somebody who is not signed in."""
        from ggzy.client.party import Party

        return Party(BASE, transport=self.transport)

    def read_json(self, path: str) -> Any:
        """Return the JSON at an address, as anyone may read it."""
        with httpx.Client(base_url=BASE, transport=self.transport) as client:
            return client.get(path).json()

    @property
    def now(self) -> datetime:
        """Return the legal moment."""
        from ggzy.kernel.clock import legal_now

        return legal_now()

    def advance(self, moment: datetime) -> None:
        """Move the training clock and let everything that is due happen."""
        from ggzy.kernel import clock

        clock.advance_to(max(moment, self.now + timedelta(milliseconds=50)))
        self.work()

    def work(self) -> None:
        """Let everything that is due happen, as the worker does."""
        from ggzy.jobs.worker import work_once

        work_once()

    def sequence(self, *, escrow: bool = True, hours: int = 1) -> None:
        """Let the sequencer run: escrow, place, sign. Both ticks in one period of escrow, whatever the time is.

        Two runs with the same `hours` share a period of escrow or not, by chance; with other hours they never do.
        """
        from ggzy.evidence import sequencer

        later = in_one_minute(timedelta(hours=hours))
        if escrow:
            sequencer.run_once(later)
        sequencer.run_once(later + timedelta(seconds=2))


def in_one_minute(ahead: timedelta) -> datetime:
    """Return a real moment to come, at the beginning of a minute."""
    from ggzy.kernel.clock import real_now

    return (real_now() + ahead).replace(second=0, microsecond=0)


_PLATFORM: list[Platform] = []


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """Put the training cast into the test database once; tests roll back to it, or it is put back."""
    from django.db import connection
    from django.test import TransactionTestCase

    from ggzy.kernel.clock import start_training_clock
    from ggzy.training.cast import build_cast
    from tests.ground import Ground

    with django_db_blocker.unblock():
        start_training_clock()
        build_cast()
        _PLATFORM.append(Platform())
        _PLATFORM[0].sign_everybody_in()
        with connection.cursor() as cursor:  # tests of the log count from an empty one
            cursor.execute("TRUNCATE evidence_entry, evidence_securityevent RESTART IDENTITY CASCADE")
        ground = Ground()
    # Django would leave every table empty
    TransactionTestCase._fixture_teardown = lambda _: ground.put_back()


@pytest.fixture(autouse=True)
def own_keys(settings: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Give each test an anchor of its own: what one test's log published must not bind the next one's."""
    anchor = settings.KEYS / "published.checkpoint"
    anchor.unlink(missing_ok=True)
    settings.TWIN_BANK_BOOK = settings.VAR / "twin-bank.jsonl"
    settings.TWIN_BANK_BOOK.unlink(missing_ok=True)


def _platform() -> Platform:
    _PLATFORM[0].forget()
    return _PLATFORM[0]


@pytest.fixture
def platform(db: None) -> Platform:
    """Return the running platform with its cast; what the test does is rolled back."""
    return _platform()


@pytest.fixture
def committed_platform(transactional_db: None) -> Platform:
    """Return the platform for a test that commits (threads, processes); its cast is put back afterwards."""
    return _platform()


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Return a folder on the bidder's machine."""
    yield tmp_path / "bids"
