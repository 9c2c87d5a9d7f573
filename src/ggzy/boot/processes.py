"""Processes of ours: who they are, how they die with us, how they are stopped.

A process is known by its pid *and* the moment it started: a pid alone is soon someone else's.
"""

import contextlib
import ctypes
import fcntl
import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Identity:
    """One process: its pid, and its start in clock ticks since boot."""

    pid: int
    started: int

    def alive(self) -> bool:
        """Tell whether this very process still runs (a zombie does not)."""
        return identify(self.pid) == self


def identify(pid: int) -> Identity | None:
    """Return the identity of a running process, or None if there is none."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = stat.rpartition(")")[2].split()
    if fields[0] in "ZX":
        return None
    return Identity(pid=pid, started=int(fields[19]))


def dies_with_parent(with_signal: signal.Signals = signal.SIGTERM) -> Callable[[], None]:
    """Return a preexec function: the kernel sends the signal when the parent's thread ends, even by kill -9."""
    parent = os.getpid()

    def preexec() -> None:
        _LIBC.prctl(PR_SET_PDEATHSIG, int(with_signal), 0, 0, 0)
        if os.getppid() != parent:  # it was already gone before the kernel knew
            os._exit(1)

    return preexec


def signal_group(pid: int, with_signal: signal.Signals) -> None:
    """Send a signal to the process group that this process leads, if it is still there."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, with_signal)


def group_members(group: int) -> list[int]:
    """Return the pids of the living processes of a group (its leader may be gone)."""
    members = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            if int(fields[2]) == group and fields[0] not in "ZX":
                members.append(int(entry.name))
    return members


def wait_until(condition: Callable[[], bool], seconds: float, step: float = 0.05) -> bool:
    """Wait for a condition; tell whether it came true in time."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() >= end:
            return False
        time.sleep(step)
    return True


def write_identities(path: Path, named: dict[str, Identity]) -> None:
    """Write down which processes are ours, so that a later start can clean up after a kill -9."""
    new = path.with_suffix(".new")
    new.write_text(json.dumps({name: [one.pid, one.started] for name, one in named.items()}))
    new.replace(path)


def read_identities(path: Path) -> dict[str, Identity]:
    """Read what `write_identities` wrote; a missing or torn file means none."""
    try:
        content = json.loads(path.read_text())
        return {name: Identity(int(pid), int(started)) for name, (pid, started) in content.items()}
    except (FileNotFoundError, ValueError, AttributeError, TypeError):
        return {}


def end_leftovers(path: Path, marker: str, seconds: float = 5.0) -> list[str]:
    """End the process groups of an earlier supervisor that was killed; return their names.

    A group whose leader is gone is ours only if a member carries `marker` in its environment.
    """
    left = {
        name: one for name, one in read_identities(path).items() if one.alive() or _marked(one.pid, marker)
    }
    for one in left.values():
        signal_group(one.pid, signal.SIGTERM)
    for one in left.values():
        if not wait_until(partial(_gone, one.pid), seconds):
            signal_group(one.pid, signal.SIGKILL)
            wait_until(partial(_gone, one.pid), 2.0)
    path.unlink(missing_ok=True)
    return sorted(left)


def _gone(group: int) -> bool:
    return not group_members(group)


def _marked(group: int, marker: str) -> bool:
    for pid in group_members(group):
        with contextlib.suppress(OSError):
            if marker.encode() in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"):
                return True
    return False


def try_lock(path: Path) -> IO[str] | None:
    """Take a file lock without waiting; None if someone holds it. The kernel frees it with the process."""
    file = path.open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file


def take_lock(path: Path, seconds: float) -> IO[str] | None:
    """Take a file lock, patient enough for someone who only looks whether it is held."""
    end = time.monotonic() + seconds
    while (lock := try_lock(path)) is None and time.monotonic() < end:
        time.sleep(0.05)
    return lock


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a file lock; several starters wait for each other."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
