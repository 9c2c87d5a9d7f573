"""One child process of the supervisor, and how soon it is started again when it dies."""

import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ggzy.boot import processes
from ggzy.boot.logs import open_log

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
STEADY_AFTER = 60.0


def pause_before_restart(deaths: int) -> float:
    """Return the seconds to wait after this many deaths in a row: 0.5, 1, 2, 4 ... 30."""
    return min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** max(0, deaths - 1))


def deaths_in_a_row(before: int, lived: float) -> int:
    """Count one more death; a child that had run steadily starts the count anew."""
    return 1 if lived >= STEADY_AFTER else before + 1


@dataclass
class Child:
    """A named command that should always run."""

    name: str
    label: str
    command: Sequence[str]
    log: Path
    deaths: int = 0
    due: float = 0.0
    since: float = 0.0
    process: "subprocess.Popen[bytes] | None" = field(default=None, repr=False)

    def start(self, env: Mapping[str, str], cwd: Path) -> None:
        """Start the command in a process group of its own; it ends when the supervisor ends."""
        with open_log(self.log) as log:
            self.process = subprocess.Popen(
                list(self.command),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=dict(env),
                cwd=cwd,
                start_new_session=True,
                preexec_fn=processes.dies_with_parent(signal.SIGTERM),
            )
        self.since = time.monotonic()

    def found_dead(self) -> int | None:
        """Return the exit code if the child has died since it was last looked at, and plan its restart."""
        if self.process is None:
            return None
        code = self.process.poll()
        if code is None:
            return None
        processes.signal_group(
            self.process.pid, signal.SIGKILL
        )  # what it may have left behind holds the port
        now = time.monotonic()
        self.deaths = deaths_in_a_row(self.deaths, now - self.since)
        self.due = now + pause_before_restart(self.deaths)
        self.process = None
        return code

    def wants_start(self) -> bool:
        """Tell whether it is dead and its pause is over."""
        return self.process is None and time.monotonic() >= self.due

    def stop(self, seconds: float = 10.0) -> None:
        """Ask the child to end, wait, then end it and whatever it started."""
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            processes.signal_group(self.process.pid, signal.SIGKILL)
            self.process.wait(5)
        processes.signal_group(self.process.pid, signal.SIGKILL)
        self.process = None

    def identity(self) -> processes.Identity | None:
        """Return who the running process is."""
        return processes.identify(self.process.pid) if self.process else None
