"""What dies is started again, later each time; what is stopped stays stopped."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ggzy.boot import processes
from ggzy.boot.children import Child, deaths_in_a_row, pause_before_restart
from ggzy.boot.paths import Place
from ggzy.boot.supervisor import Supervisor

pytestmark = pytest.mark.pure

SLEEPER = (sys.executable, "-c", "import time; time.sleep(60)")
STUBBORN = (
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)",
)


def supervisor(var: Path, *children: Child) -> Supervisor:
    where = Place(var=var, port=1, mode="training")
    where.make()
    return Supervisor(where=where, children=list(children), cluster=None, url="postgresql://none")


def test_pauses_grow_and_stay_bounded() -> None:
    assert [pause_before_restart(deaths) for deaths in (1, 2, 3, 4)] == [0.5, 1.0, 2.0, 4.0]
    assert pause_before_restart(50) == 30.0


def test_a_steady_life_forgives_earlier_deaths() -> None:
    assert deaths_in_a_row(4, lived=1.0) == 5
    assert deaths_in_a_row(4, lived=61.0) == 1


def test_a_killed_child_is_started_again(tmp_path: Path) -> None:
    child = Child("sleeper", "休眠", SLEEPER, tmp_path / "sleeper.log")
    boss = supervisor(tmp_path, child)
    boss.look()
    first = child.identity()
    assert first is not None
    try:
        os.kill(first.pid, signal.SIGKILL)
        assert processes.wait_until(lambda: not first.alive(), 5)
        boss.look()
        assert child.identity() is None, "it waits for its pause"
        assert processes.wait_until(lambda: (boss.look(), child.identity())[1] is not None, 5)
        assert child.identity() != first
        assert processes.read_identities(tmp_path / "run" / "children.json") == {"sleeper": child.identity()}
    finally:
        boss.stop()
    assert child.identity() is None


def test_a_stopping_supervisor_starts_nothing(tmp_path: Path) -> None:
    child = Child("sleeper", "休眠", SLEEPER, tmp_path / "sleeper.log")
    boss = supervisor(tmp_path, child)
    boss.stopping = True
    boss.look()
    assert child.identity() is None


def test_a_stubborn_child_is_killed(tmp_path: Path) -> None:
    child = Child("stubborn", "不听话", STUBBORN, tmp_path / "stubborn.log")
    child.start(os.environ, tmp_path)
    assert processes.wait_until(lambda: "up" in (tmp_path / "stubborn.log").read_text(), 5)
    one = child.identity()
    child.stop(seconds=0.2)
    assert one is not None
    assert not one.alive()


def test_children_die_with_a_killed_supervisor(tmp_path: Path) -> None:
    program = (
        "import os, time; from pathlib import Path; from ggzy.boot.children import Child\n"
        f"child = Child('s', 's', {SLEEPER!r}, Path({str(tmp_path / 's.log')!r}))\n"
        "child.start(os.environ, Path('/'))\n"
        "print(child.process.pid, flush=True); time.sleep(60)"
    )
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2] / "src")}
    boss = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, env=env)
    assert boss.stdout is not None
    with boss.stdout as output:
        one = processes.identify(int(output.readline()))
    assert one is not None
    boss.kill()
    boss.wait()
    assert processes.wait_until(lambda: not one.alive(), 5)


def test_leftovers_of_a_killed_supervisor_are_ended(tmp_path: Path) -> None:
    left = subprocess.Popen(SLEEPER, start_new_session=True)
    one = processes.identify(left.pid)
    assert one is not None
    processes.write_identities(tmp_path / "children.json", {"web": one})
    begun = time.monotonic()
    assert processes.end_leftovers(tmp_path / "children.json", "GGZY_VAR=/nowhere") == ["web"]
    assert left.wait() == -signal.SIGTERM
    assert time.monotonic() - begun < 5


def test_a_strangers_pid_is_left_alone(tmp_path: Path) -> None:
    stranger = subprocess.Popen(SLEEPER, start_new_session=True)
    one = processes.identify(stranger.pid)
    assert one is not None
    stale = processes.Identity(one.pid, one.started - 1)
    processes.write_identities(tmp_path / "children.json", {"web": stale})
    try:
        assert processes.end_leftovers(tmp_path / "children.json", "GGZY_VAR=/nowhere") == []
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


@pytest.mark.parametrize("content", ["", "{", "[1, 2]", '{"web": 7}'])
def test_a_torn_pid_file_means_none(tmp_path: Path, content: str) -> None:
    (tmp_path / "children.json").write_text(content)
    assert processes.read_identities(tmp_path / "children.json") == {}


def test_a_lock_is_free_again_when_its_holder_is_killed(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    program = f"import fcntl, time; f = open({str(lock)!r}, 'a'); fcntl.flock(f, 2); print('held', flush=True); time.sleep(60)"
    holder = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
    assert holder.stdout is not None
    with holder.stdout as output:
        output.readline()
    assert processes.try_lock(lock) is None
    holder.kill()
    holder.wait()
    mine = processes.try_lock(lock)
    assert mine is not None
    mine.close()
