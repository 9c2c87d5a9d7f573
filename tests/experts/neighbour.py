"""A second centre beside the tests' own: its own database, keys, name and address, served on a real port."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg
from django.conf import settings
from django.db import connection

from ggzy.boot.postgres import free_port
from ggzy.client import story
from ggzy.client.party import Party
from ggzy.evidence.keys import ack_public

NAME = "邻市公共资源交易中心"


@dataclass
class Neighbour:
    """The other centre: parties speak HTTP to it, and a test may look into its tables."""

    base: str
    database: str

    def party(self, username: str) -> Party:
        """Return one of its people, signed in with a certificate."""
        return story.demo_party(self.base, username)

    def rows(self, sql: str, *given: Any) -> list[tuple[Any, ...]]:
        """Return what its database holds."""
        with psycopg.connect(self.database, autocommit=True) as its:
            return its.execute(sql, given).fetchall()

    def called(self) -> list[str]:
        """Return the usernames of its experts who are called for somebody else's committee."""
        sql = """SELECT a.username FROM experts_lentlabel l JOIN experts_expert e ON e.id = l.expert_id
                 JOIN parties_account a ON a.id = e.account_id WHERE l.state = 'called' ORDER BY l.id"""
        return [row[0] for row in self.rows(sql)]


@contextmanager
def neighbour(folder: Path) -> Iterator[Neighbour]:
    """Serve a second centre: a copy of the test's database as it is now, with people, keys and ids of its own."""
    own = connection.settings_dict
    place = f"postgresql://{own['USER']}:{own['PASSWORD']}@{own['HOST']}:{own['PORT']}"
    name, port = f"{own['NAME']}_neighbour", free_port()
    keys = folder / "keys"
    shutil.copytree(settings.KEYS, keys)
    # what was signed before, the trust list, was signed with the former key
    (keys / "ack.former").write_text(ack_public())
    for key in ("ack.key", "log.key", "published.checkpoint"):
        (keys / key).unlink(missing_ok=True)
    connection.close()
    with psycopg.connect(f"{place}/postgres", autocommit=True) as server:
        server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        server.execute(f'CREATE DATABASE "{name}" TEMPLATE "{own["NAME"]}"')
    with psycopg.connect(f"{place}/{name}", autocommit=True) as its:
        its.execute("UPDATE experts_expert SET public_id = md5(public_id), employer_uscc = ''")
    base = f"http://127.0.0.1:{port}"
    env = os.environ | {
        "DATABASE_URL": f"{place}/{name}",
        "GGZY_VAR": str(folder),
        "GGZY_KEYS": str(keys),
        "GGZY_FILES": str(settings.FILES),
        "GGZY_SECRET_KEY": "neighbour",
        "GGZY_CENTRE_NAME": NAME,
        "GGZY_PUBLIC_ADDRESS": base,
        "GGZY_POOL": "4",
        "PYTHONPATH": os.pathsep.join(["src", "."]),
        "DJANGO_SETTINGS_MODULE": "tests.edge.fast_settings",
    }
    web = [sys.executable, "-m", "granian", "--interface", "asgi", "--host", "127.0.0.1", "--port", str(port)]
    child = subprocess.Popen(
        [*web, "--workers", "1", "--no-access-log", "--no-ws", "ggzy.edge.asgi:app"],
        env=env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(150):
            try:
                if httpx.get(f"{base}/healthz", timeout=2, trust_env=False).status_code == 200:
                    break
            except httpx.TransportError:
                time.sleep(0.1)
        yield Neighbour(base, f"{place}/{name}")
    finally:
        child.terminate()
        child.wait(timeout=15)
        with psycopg.connect(f"{place}/postgres", autocommit=True) as server:
            server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
