"""A platform of its own for measuring: embedded database, one web process, sequencer, worker; cast only."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parents[1]
VAR = ROOT / "var" / "bench"
PORT = int(os.environ.get("BENCH_PORT", "8390"))
URL = f"http://127.0.0.1:{PORT}"
TICKS = os.sysconf("SC_CLK_TCK")


def _environment(database: str) -> dict[str, str]:
    return os.environ | {
        "DATABASE_URL": database,
        "GGZY_VAR": str(VAR),
        "GGZY_MODE": "training",
        "DJANGO_SETTINGS_MODULE": "ggzy.settings",
        "PYTHONPATH": str(ROOT / "src"),
    }


def environment_of(name: str) -> dict[str, str]:
    """Return the environment of a database of its own under this name, started if need be."""
    sys.path.insert(0, str(ROOT / "src"))
    from ggzy.boot import postgres

    os.environ.pop("DATABASE_URL", None)
    place = VAR.with_name(f"bench-{name}")
    place.mkdir(parents=True, exist_ok=True)
    return _environment(postgres.ensure_started(place)) | {"GGZY_VAR": str(place)}


@contextmanager
def running() -> Iterator[int]:
    """Run the platform; yields the process id of the one web worker's parent."""
    sys.path.insert(0, str(ROOT / "src"))
    from ggzy.boot import postgres

    os.environ.pop("DATABASE_URL", None)
    VAR.mkdir(parents=True, exist_ok=True)
    database = postgres.ensure_started(VAR)
    environment = _environment(database)
    os.environ.update(environment)
    ggzy = [sys.executable, "-m", "ggzy"]
    subprocess.run([*ggzy, "migrate", "-v", "0"], env=environment, check=True, cwd=ROOT)
    subprocess.run([*ggzy, "training", "load", "--cast-only"], env=environment, check=True, cwd=ROOT)
    web = [sys.executable, "-m", "granian", "--interface", "asgi", "--host", "127.0.0.1", "--port", str(PORT)]
    web += ["--workers", "1", "--no-access-log", "--no-ws", "--backpressure", "6000", "--backlog", "2048"]
    web += ["--workers-kill-timeout", "3", "ggzy.edge.asgi:app"]
    children = [
        subprocess.Popen(c, env=environment, cwd=ROOT) for c in (web, [*ggzy, "sequencer"], [*ggzy, "worker"])
    ]
    try:
        for _ in range(100):
            try:
                if httpx.get(f"{URL}/healthz", timeout=2, trust_env=False).status_code == 200:
                    break
            except httpx.HTTPError:
                time.sleep(0.2)
        yield children[0].pid
    finally:
        for child in children:
            child.terminate()
        for child in children:
            child.wait(timeout=15)
        postgres.stop(VAR)


def cpu_seconds(pid: int) -> float:
    """Return the CPU seconds that a process and its descendants have used."""
    children: dict[int, list[int]] = {}
    used: dict[int, float] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue  # it ended while we looked
            children.setdefault(int(fields[1]), []).append(int(entry.name))
            used[int(entry.name)] = (int(fields[11]) + int(fields[12])) / TICKS
    total, waiting = 0.0, [pid]
    while waiting:
        one = waiting.pop()
        total += used.get(one, 0.0)
        waiting += children.get(one, [])
    return total
