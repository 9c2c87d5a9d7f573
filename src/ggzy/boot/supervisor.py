"""One process that starts everything, watches it, and stops it in order."""

import http.client
import signal
import subprocess
import time
from dataclasses import dataclass, field
from types import FrameType

from ggzy.boot import postgres, processes, stamps
from ggzy.boot.children import Child
from ggzy.boot.logs import last_lines, rotate
from ggzy.boot.paths import ROOT, Place, environment, python
from ggzy.boot.say import BootError, say

LOOK_EVERY = 0.25
ROTATE_EVERY = 30.0
HEALTHY_WITHIN = 60.0


def usual_children(where: Place) -> list[Child]:
    """Return the product's processes, in the order in which they start; they stop in the opposite order."""
    ours = (python(), "-m", "ggzy")
    web = (python(), "-m", "granian", "--interface", "asgi", "--host", "127.0.0.1", "--port", str(where.port))
    app = (
        *web,
        "--workers",
        "1",
        "--no-access-log",
        "--no-ws",
        # open event streams count against the backpressure: leave room for thousands of watchers
        "--backpressure",
        "6000",
        "--backlog",
        "2048",
        "--workers-kill-timeout",
        "3",
        "ggzy.edge.asgi:app",
    )
    return [
        Child("sequencer", "存证定序", (*ours, "sequencer"), where.log / "sequencer.log"),
        Child("worker", "时限与任务", (*ours, "worker"), where.log / "worker.log"),
        Child("web", "网页与接口", app, where.log / "web.log"),
    ]


def healthy(port: int, seconds: float = 3.0) -> bool:
    """Tell whether GET /healthz on loopback answers 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


@dataclass
class Supervisor:
    """The state of one `up`: where, the database, the children, and whether to stop."""

    where: Place
    children: list[Child]
    cluster: postgres.Cluster | None
    given_url: str = ""
    stopping: bool = False
    url: str = ""
    started_database: bool = False
    _rotated: float = field(default_factory=time.monotonic)

    def catch_signals(self) -> None:
        """Let Ctrl-C, SIGTERM and a closed terminal stop everything cleanly."""
        for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(one, self._asked_to_stop)

    def _asked_to_stop(self, number: int, frame: FrameType | None) -> None:
        self.stopping = True

    @property
    def env(self) -> dict[str, str]:
        """Return the children's environment."""
        return environment(self.where, self.url)

    def start_database(self) -> None:
        """Start our own cluster, or check the one named by DATABASE_URL."""
        if self.cluster is None:
            self.url = postgres.checked(self.given_url)
            return
        self.started_database = True
        self.url = self.cluster.start(tied=True)

    def prepare(self) -> None:
        """Run the migrations and load the training centre, unless nothing has changed since the last time."""
        source = ROOT / "src"
        done = stamps.Stamps(self.where.run / "stamps.json", stamps.database_identity(self.url))
        self._once(done, "migrate", stamps.migrations(source), "建立数据表", ["migrate"])
        if self.where.mode == "training":
            self._once(done, "training", stamps.program(source), "装入训练数据", ["training", "load"])
        else:
            # at every start: no training clock in the database, and every key in its place
            self._once(done, "preflight", f"{time.time_ns()}", "启动前检查", ["preflight"])

    def _once(self, done: stamps.Stamps, step: str, digest: str, label: str, command: list[str]) -> None:
        if self.stopping or done.done(step, digest):
            return
        say(f"{label} …")
        log = self.where.log / f"{step}.log"
        with log.open("ab") as output:
            child = subprocess.Popen(
                [python(), "-m", "ggzy", *command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=self.env,
                cwd=ROOT,
                start_new_session=True,
                preexec_fn=processes.dies_with_parent(),
            )
            while child.poll() is None:
                if self.stopping:
                    processes.signal_group(child.pid, signal.SIGTERM)
                    child.wait(30)
                    return
                time.sleep(0.05)
        if child.returncode:
            raise BootError(f"{label}失败 (退出码 {child.returncode}), 详见 {log}\n{last_lines(log)}")
        done.write(step, digest)

    def start_children(self) -> None:
        """Start every child that should run and does not, if its pause is over."""
        changed = False
        for child in self.children:
            if child.wants_start() and not self.stopping:
                child.start(self.env, ROOT)
                changed = True
        if changed:
            self._write_down()

    def _write_down(self) -> None:
        named = {child.name: one for child in self.children if (one := child.identity())}
        processes.write_identities(self.where.run / "children.json", named)

    def look(self) -> None:
        """Look once at everything: start again what has died."""
        if self.cluster is not None and not self.cluster.running():
            self._revive_database()
        for child in self.children:
            code = child.found_dead()
            if code is not None and not self.stopping:
                wait = max(0.0, child.due - time.monotonic())
                say(
                    f"{child.label} ({child.name}) 意外退出 (代码 {code}), {wait:.1f} 秒后重新启动; 详见 {child.log}"
                )
        self.start_children()
        if time.monotonic() - self._rotated > ROTATE_EVERY:
            self._rotated = time.monotonic()
            for log in self.where.log.glob("*.log"):
                rotate(log)

    def _revive_database(self) -> None:
        if self.stopping or self.cluster is None:
            return
        say("数据库意外退出, 正在重新启动 …")
        before = self.url
        try:
            self.url = self.cluster.start(tied=True)
        except BootError as error:
            say(f"数据库暂时启动不了, 稍后再试: {error}")
            time.sleep(1.0)
            return
        say("数据库已恢复")
        if self.url != before:  # the old port was taken meanwhile
            for child in self.children:
                child.stop()

    def wait_healthy(self) -> bool:
        """Watch until the web process answers; False if asked to stop first.

        :raises BootError: it does not answer in time
        """
        end = time.monotonic() + HEALTHY_WITHIN
        while not self.stopping:
            self.look()
            if healthy(self.where.port):
                return True
            if time.monotonic() >= end:
                log = self.where.log / "web.log"
                raise BootError(f"网页服务 {HEALTHY_WITHIN:.0f} 秒内没有就绪, 详见 {log}\n{last_lines(log)}")
            time.sleep(0.1)
        return False

    def watch(self) -> None:
        """Watch until asked to stop."""
        while not self.stopping:
            self.look()
            time.sleep(LOOK_EVERY)

    def stop(self) -> None:
        """Stop the children in the opposite order of their start, then the database."""
        self.stopping = True
        for child in reversed(self.children):
            child.stop()
        (self.where.run / "children.json").unlink(missing_ok=True)
        if self.cluster is not None and self.started_database:
            self.cluster.stop()
