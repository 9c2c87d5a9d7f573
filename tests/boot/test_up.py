"""`up` with a stand-in for the product: it starts, heals, survives its own kill -9, stops."""

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ggzy.boot import postgres, processes
from ggzy.boot.paths import ROOT

pytestmark = pytest.mark.slow_boot

STAND_IN = """
import os, sys, time
command = sys.argv[1:]
with open(os.environ["GGZY_VAR"] + "/asked", "a") as asked:
    asked.write(" ".join(command) + "\\n")
if command == ["training", "logins"]:
    print("zhang / secret")
while command[0] in ("sequencer", "worker"):
    time.sleep(1)
"""
WEB = """
async def app(scope, receive, send):
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"ok"})
"""


class House:
    """A checkout with a stand-in product, and the commands typed in it."""

    def __init__(self, root: Path) -> None:
        self.root, self.var, self.port = root, root / "var", postgres.free_port()
        package = root / "src" / "ggzy"
        shutil.copytree(
            ROOT / "src/ggzy/boot", package / "boot", ignore=shutil.ignore_patterns("__pycache__")
        )
        (package / "edge").mkdir()
        for name, content in {"__init__": "", "settings": "", "__main__": STAND_IN, "edge/asgi": WEB}.items():
            (package / f"{name}.py").write_text(content)
        kept = {key: value for key, value in os.environ.items() if key not in {"DATABASE_URL", "GGZY_MODE"}}
        own = {"PORT": str(self.port), "GGZY_VAR": str(self.var), "PYTHONPATH": str(root / "src")}
        self.env = {**kept, **own, "PYTHONUTF8": "1"}

    def type(self, *command: str) -> "subprocess.CompletedProcess[str]":
        """Run one command of ggzy.boot."""
        program = [sys.executable, "-m", "ggzy.boot", *command]
        return subprocess.run(
            program, env=self.env, cwd=self.root, capture_output=True, text=True, check=False, timeout=90
        )

    def answers(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def asked(self) -> list[str]:
        return (self.var / "asked").read_text().splitlines()

    def child(self, name: str) -> processes.Identity:
        return processes.read_identities(self.var / "run" / "children.json")[name]

    def supervisor(self) -> processes.Identity:
        content = json.loads((self.var / "run" / "supervisor.json").read_text())
        return processes.Identity(content["pid"], content["started"])


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.type("down")


def test_a_day_in_the_life(house: House) -> None:
    first = house.type("up", "--detach")
    assert first.returncode == 0, first.stdout + first.stderr
    assert f"http://127.0.0.1:{house.port}/" in first.stdout
    assert "zhang / secret" in first.stdout
    assert house.answers()
    assert house.asked().count("migrate") == 1
    assert "已经在运行" in house.type("up").stdout

    for name in ("web", "sequencer"):
        one = house.child(name)
        os.kill(one.pid, signal.SIGKILL)
        assert processes.wait_until(lambda one=one, name=name: house.child(name) != one, 10), name
    assert processes.wait_until(house.answers, 10)

    database = postgres.cluster(house.var).postmaster()
    assert database is not None
    os.kill(database.pid, signal.SIGKILL)
    assert processes.wait_until(lambda: postgres.cluster(house.var).postmaster() not in (None, database), 15)

    web, killed = house.child("web"), house.supervisor()
    os.kill(killed.pid, signal.SIGKILL)
    assert processes.wait_until(lambda: not web.alive(), 10), "children die with the supervisor"
    again = house.type("up", "--detach")
    assert again.returncode == 0, again.stdout + again.stderr
    assert house.answers()
    assert house.asked().count("migrate") == 1, "nothing changed, so nothing is done twice"

    assert house.type("down").returncode == 0
    assert not house.answers()
    assert postgres.cluster(house.var).postmaster() is None
    assert "没有在运行" in house.type("down").stdout


def test_a_port_in_use_is_refused_in_words(house: House) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", house.port))
        other.listen()
        refused = house.type("up")
    assert refused.returncode == 1
    assert f"端口 {house.port} 已被别的程序占用" in refused.stderr


def test_a_failing_migration_is_told_and_everything_stops(house: House) -> None:
    (house.root / "src/ggzy/__main__.py").write_text("raise SystemExit('表坏了')")
    failed = house.type("up")
    assert failed.returncode == 1
    assert "表坏了" in failed.stderr
    assert postgres.cluster(house.var).postmaster() is None


def test_ctrl_c_stops_in_order(house: House) -> None:
    program = [sys.executable, "-m", "ggzy.boot", "up"]
    up = subprocess.Popen(program, env=house.env, cwd=house.root, stdout=subprocess.PIPE, text=True)
    assert processes.wait_until(house.answers, 60)
    up.send_signal(signal.SIGINT)
    output, _ = up.communicate(timeout=30)
    assert up.returncode == 0, output
    assert output.rstrip().endswith("已停止")
    assert not house.answers()
    assert postgres.cluster(house.var).postmaster() is None
