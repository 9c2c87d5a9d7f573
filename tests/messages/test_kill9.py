"""kill -9 after a letter was taken: none lost, the same key again. A hanging server makes no request wait."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from email import message_from_bytes
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from django.conf import settings
from django.db import connection, connections

from ggzy.deadlines.models import Timer
from ggzy.jobs.worker import work_once
from ggzy.messages.actions import SEND
from ggzy.messages.models import Delivery
from tests.messages.conftest import address
from tests.messages.test_telling import tell

pytestmark = pytest.mark.django_db(transaction=True)


class Server:
    """A mail server that keeps what it takes, and may hold a letter back until it is let go."""

    def __init__(self) -> None:
        self.letters: list[bytes] = []
        self.asked, self.go = threading.Event(), threading.Event()
        self.go.set()

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.asked.set()
        self.go.wait(timeout=20)
        self.letters.append(envelope.content)
        return "250 OK"


@pytest.fixture
def server(settings: Any) -> Iterator[Server]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    handler = Server()
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    settings.MAILER = "ggzy.adapters.mail.smtp.SmtpMailer"
    settings.SMTP_URL, settings.MAIL_FROM = f"smtp://127.0.0.1:{port}", "notice@centre.example"
    settings.SENDING_SECONDS = 20
    yield handler
    handler.go.set()
    controller.stop()


def _kill() -> None:
    database = connection.settings_dict
    url = f"postgresql://{database['USER']}:{database['PASSWORD']}@{database['HOST']}:{database['PORT']}/{database['NAME']}"
    victim = subprocess.run(
        [sys.executable, "-m", "tests.messages.victim"],
        env=os.environ
        | {
            "DATABASE_URL": url,
            "GGZY_KEYS": str(settings.KEYS),
            "GGZY_FILES": str(settings.FILES),
            "GGZY_SMTP_URL": settings.SMTP_URL,
            "GGZY_MAIL_FROM": settings.MAIL_FROM,
            "GGZY_POOL": "0",
            "PYTHONPATH": os.pathsep.join(["src", "."]),
        },
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert victim.returncode == -signal.SIGKILL, victim.stdout + victim.stderr


def test_after_kill_9_nothing_is_lost_and_what_comes_twice_has_one_key(
    committed_platform: Any, server: Server
) -> None:
    address("jia")
    address("yi")
    tell("jia", "yi", now=committed_platform.now)
    _kill()
    assert len(server.letters) == 1
    assert set(Delivery.objects.filter(channel="email").values_list("state", "tries")) == {("queued", 0)}
    work_once()
    keys = [message_from_bytes(letter)["Message-ID"] for letter in server.letters]
    rows = Delivery.objects.filter(channel="email")
    assert set(rows.values_list("state", flat=True)) == {"sent"}
    assert len(keys) == 3 and set(keys) == {f"<{row.public_id}@centre.example>" for row in rows}


def test_two_workers_send_each_letter_once(committed_platform: Any, server: Server) -> None:
    from tests.races.test_races import together

    for name in ("jia", "yi", "bing", "ding"):
        address(name)
        tell(name, now=committed_platform.now)
    together(*[work_once] * 3)
    assert len(server.letters) == 4
    assert not Timer.objects.filter(kind=SEND, done_at=None).exists()


def test_while_a_server_hangs_an_act_tells_and_a_person_reads_at_once(
    committed_platform: Any, server: Server
) -> None:
    address("jia")
    tell("jia", now=committed_platform.now)
    server.go.clear()

    def work() -> None:
        try:
            work_once()
        finally:
            connections.close_all()

    worker = threading.Thread(target=work)
    worker.start()
    assert server.asked.wait(timeout=20)
    began = time.monotonic()
    tell("jia", now=committed_platform.now, title="第二份")
    jia = committed_platform.demo("jia")
    for row in jia.get("/messages")["messages"][:2]:
        jia.post(f"/messages/{row['public_id']}/read")
    assert time.monotonic() - began < 5 and not server.letters
    server.go.set()
    worker.join(timeout=30)
    work_once()
    assert len(server.letters) == 2
