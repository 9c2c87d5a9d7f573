"""How `./ggzy test` calls pytest."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ggzy.boot import testing
from ggzy.boot.paths import ROOT, Place

pytestmark = pytest.mark.pure


@pytest.fixture
def four_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(testing.os, "sched_getaffinity", lambda _: {0, 1, 2, 3})


@pytest.mark.parametrize("arguments", [[], ["-m", "journey"], ["tests/journeys"], ["-x", "-k", "a_tender"]])
def test_many_tests_run_on_every_core(four_cores: None, arguments: list[str]) -> None:
    assert testing.workers(arguments) == ["-n", "4", "--dist", "worksteal"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["tests/law/test_table.py"],
        ["tests/law/test_table.py::TestTheTable::test_it"],
        ["--pdb"],
        ["-s", "tests/law"],
        ["-n", "0"],
        ["-n2"],
        ["--numprocesses=3"],
    ],
)
def test_some_files_and_a_debugger_stay_in_one_process(four_cores: None, arguments: list[str]) -> None:
    assert testing.workers(arguments) == []


def test_one_core_has_no_workers_and_a_great_machine_not_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(testing.os, "sched_getaffinity", lambda _: {7})
    assert testing.workers([]) == []
    monkeypatch.setattr(testing.os, "sched_getaffinity", lambda _: set(range(96)))
    assert testing.workers([])[1] == str(testing.MOST_WORKERS)


def test_tests_keep_compiled_modules_beside_their_other_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    env = testing.surroundings(Place(tmp_path, 8000, "training"), "postgresql://x")
    assert env["PYTHONPYCACHEPREFIX"] == str(tmp_path / "pycache")
    assert env["GGZY_POOL"] == "0"
    assert "PYTHONDONTWRITEBYTECODE" not in env


def test_ctrl_c_waits_for_pytest_to_end_its_workers(tmp_path: Path) -> None:
    """The terminal tells both; the launcher must not kill pytest while it puts things in order."""
    stand_in = tmp_path / "python"
    stand_in.write_text(
        f"#!{sys.executable}\n"
        "import signal, sys, time\n"
        "signal.signal(signal.SIGINT, lambda *_: (time.sleep(0.6), print('in order', flush=True), sys.exit(2)))\n"
        "print('testing', flush=True); time.sleep(30)\n"
    )
    stand_in.chmod(0o755)
    program = (
        "import os, sys; from ggzy.boot import testing\n"
        f"testing.python = lambda: {str(stand_in)!r}\n"
        "sys.exit(testing._pytest([], {**os.environ, 'DATABASE_URL': ''}))"
    )
    launcher = subprocess.Popen(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": str(ROOT / "src")},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert launcher.stdout is not None
    assert launcher.stdout.readline() == "testing\n"
    time.sleep(0.1)
    testing.os.killpg(launcher.pid, signal.SIGINT)
    assert launcher.communicate(timeout=20)[0] == "in order\n"
    assert launcher.returncode == 2
