"""Where things are: the checkout, the var directory, and the environment of every child."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ggzy.boot.say import BootError

ROOT = Path(__file__).resolve().parents[3]
MODES = ("training", "production")


@dataclass(frozen=True)
class Place:
    """One var directory and the settings read from the environment."""

    var: Path
    port: int
    mode: str

    @property
    def run(self) -> Path:
        """Return the directory of pid files, locks and stamps."""
        return self.var / "run"

    @property
    def log(self) -> Path:
        """Return the directory of log files."""
        return self.var / "log"

    @property
    def files(self) -> Path:
        """Return the directory of stored files (the one that a backup holds)."""
        return Path(os.environ.get("GGZY_FILES") or self.var / "files")

    def make(self) -> None:
        """Create the directories that a start needs."""
        self.var.mkdir(parents=True, exist_ok=True)
        for folder in (self.run, self.log):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def place(env: Mapping[str, str] | None = None) -> Place:
    """Read GGZY_VAR, PORT and GGZY_MODE.

    :raises BootError: a value makes no sense
    """
    env = os.environ if env is None else env
    mode = env.get("GGZY_MODE", "training")
    if mode not in MODES:
        raise BootError(f"GGZY_MODE 只能是 training 或 production, 现在是 {mode!r}")
    text = env.get("PORT", "8000")
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 65536:
        raise BootError(f"PORT 应是 1 到 65535 的整数, 现在是 {text!r}")
    return Place(var=Path(env.get("GGZY_VAR") or ROOT / "var").absolute(), port=int(text), mode=mode)


def environment(where: Place, database_url: str, env: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment of a child process: the caller's, and what every child must agree on."""
    return {
        **(os.environ if env is None else env),
        "DATABASE_URL": database_url,
        "GGZY_VAR": str(where.var),
        "GGZY_MODE": where.mode,
        "PORT": str(where.port),
        "DJANGO_SETTINGS_MODULE": "ggzy.settings",
        "PYTHONPATH": str(ROOT / "src"),
        "PYTHONUTF8": "1",
        "PYTHONUNBUFFERED": "1",
    }


def python() -> str:
    """Return the interpreter that children run under: the one of this venv."""
    return sys.executable
