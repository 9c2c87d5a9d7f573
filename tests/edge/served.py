"""The edge on a real port of its own, for clients that speak real HTTP."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from django.conf import settings
from django.db import connection

from ggzy.boot.postgres import free_port

#: a page that watches stays on the line: nobody waits for it at the end
ENDS = ("--workers-kill-timeout", "3")


@contextmanager
def served(port: int = 0) -> Iterator[str]:
    """Serve the edge on a port of its own, on the test's database and files."""
    database = connection.settings_dict
    port = port or free_port()
    env = os.environ | {
        "DATABASE_URL": f"postgresql://{database['USER']}:{database['PASSWORD']}@{database['HOST']}:"
        f"{database['PORT']}/{database['NAME']}",
        "GGZY_KEYS": str(settings.KEYS),
        "GGZY_FILES": str(settings.FILES),
        "GGZY_SECRET_KEY": settings.SECRET_KEY,
        "GGZY_POOL": "2",
        "PYTHONPATH": os.pathsep.join(["src", "."]),
        "DJANGO_SETTINGS_MODULE": "tests.edge.fast_settings",
    }
    web = [sys.executable, "-m", "granian", "--interface", "asgi", "--host", "127.0.0.1", "--port", str(port)]
    child = subprocess.Popen(
        [*web, "--workers", "1", "--no-access-log", "--no-ws", *ENDS, "ggzy.edge.asgi:app"],
        env=env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    base = f"http://127.0.0.1:{port}"
    try:
        for _ in range(150):
            try:
                if httpx.get(f"{base}/healthz", timeout=2, trust_env=False).status_code == 200:
                    break
            except httpx.TransportError:
                time.sleep(0.1)
        yield base
    finally:
        child.terminate()
        child.wait(timeout=15)
