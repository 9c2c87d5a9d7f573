"""`./ggzy up` and `./ggzy down`."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from ggzy.boot import postgres, processes
from ggzy.boot.beside import bucket_of
from ggzy.boot.logs import open_log
from ggzy.boot.paths import ROOT, Place, environment, place, python
from ggzy.boot.say import BootError, complain, say
from ggzy.boot.supervisor import Supervisor, healthy, usual_children

STOP_WITHIN = 60.0


def up(arguments: list[str]) -> int:
    """Start everything; stay in the foreground, or with --detach leave it running in the background."""
    unknown = set(arguments) - {"--detach"}
    if unknown:
        complain(f"不认识的参数: {' '.join(sorted(unknown))}。用法: ./ggzy up [--detach]")
        return 2
    where = place()
    where.make()
    bucket_of(where)  # half a configuration is said before anything starts
    if running(where):
        say(f"已经在运行: {address(running_port(where) or where.port)} (停止请用 ./ggzy down)")
        return 0
    return detach(where) if arguments else foreground(where)


def address(port: int) -> str:
    """Return the address to type into a browser."""
    return f"http://127.0.0.1:{port}/"


def running(where: Place) -> bool:
    """Tell whether a supervisor holds the lock of this var directory (a killed one does not)."""
    if not where.run.is_dir():
        return False
    lock = processes.try_lock(where.run / "supervisor.lock")
    if lock is None:
        return True
    lock.close()
    return False


def running_port(where: Place) -> int:
    """Return the port written down by the running supervisor, 0 if unknown."""
    try:
        return int(json.loads((where.run / "supervisor.json").read_text())["port"])
    except (FileNotFoundError, ValueError, KeyError):
        return 0


def _write_self(where: Place) -> None:
    me = processes.identify(os.getpid())
    assert me is not None, "this process runs"
    content: dict[str, object] = {"pid": me.pid, "started": me.started, "port": where.port, "ready": False}
    _replace(where.run / "supervisor.json", content)


def _replace(path: Path, content: dict[str, object]) -> None:
    path.with_suffix(".new").write_text(json.dumps(content))
    path.with_suffix(".new").replace(path)


def foreground(where: Place) -> int:
    """Supervise until Ctrl-C or SIGTERM."""
    lock = processes.take_lock(where.run / "supervisor.lock", 1.0)
    if lock is None:
        say("另一个 ./ggzy up 正在启动, 本次不再重复")
        return 0
    begun = time.monotonic()
    _write_self(where)
    ended = processes.end_leftovers(where.run / "children.json", f"GGZY_VAR={where.var}")
    if ended:
        say(f"清理了上次异常退出留下的进程: {', '.join(ended)}")
    if not processes.wait_until(lambda: postgres.port_is_free(where.port), 2.0):
        raise BootError(f"端口 {where.port} 已被别的程序占用。换一个端口: PORT=8001 ./ggzy up")
    given = os.environ.get("DATABASE_URL", "")
    supervisor = Supervisor(
        where=where,
        children=usual_children(where),
        cluster=None if given else postgres.cluster(where.var),
        given_url=given,
    )
    supervisor.catch_signals()
    try:
        return _supervise(supervisor, begun)
    finally:
        say("正在停止 …")
        supervisor.stop()
        (where.run / "supervisor.json").unlink(missing_ok=True)
        lock.close()
        say("已停止")


def _supervise(supervisor: Supervisor, begun: float) -> int:
    where = supervisor.where
    say("启动数据库 …")
    supervisor.start_database()
    supervisor.prepare()
    if supervisor.stopping:
        return 0
    say("启动服务 …")
    supervisor.start_children()
    logins = _ask_logins(supervisor) if where.mode == "training" else None
    if not supervisor.wait_healthy():
        return 0
    say(f"已就绪 (用时 {time.monotonic() - begun:.1f} 秒): {address(where.port)}")
    if logins is not None:
        output = logins.communicate(timeout=60)[0].decode("utf-8", "replace").rstrip()
        print(
            output if logins.returncode == 0 else f"(取不到演示账号, 退出码 {logins.returncode})", flush=True
        )
    say(("按 Ctrl-C 停止; " if sys.stdin.isatty() else "") + "日志在 " + str(where.log))
    me = json.loads((where.run / "supervisor.json").read_text())
    _replace(where.run / "supervisor.json", {**me, "ready": True})
    supervisor.watch()
    return 0


def _ask_logins(supervisor: Supervisor) -> "subprocess.Popen[bytes]":
    """Ask for the table of demo logins while the web process is starting."""
    return subprocess.Popen(
        [python(), "-m", "ggzy", "training", "logins"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=supervisor.env,
        cwd=ROOT,
        start_new_session=True,
        preexec_fn=processes.dies_with_parent(),
    )


def detach(where: Place) -> int:
    """Start the supervisor in the background; show its lines until it is ready or has failed."""
    log = where.log / "supervisor.log"
    with open_log(log) as output:
        shown = log.stat().st_size
        env = environment(where, os.environ.get("DATABASE_URL", ""))
        if not env["DATABASE_URL"]:
            del env["DATABASE_URL"]
        child = subprocess.Popen(
            [python(), "-m", "ggzy.boot", "up"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=env,
            cwd=ROOT,
            start_new_session=True,
        )
    while True:
        over = child.poll() is not None
        ready = _ready(where, child.pid)
        with log.open("rb") as file:
            file.seek(shown)
            new = file.read()
            shown += len(new)
        print(new.decode("utf-8", "replace"), end="", flush=True)
        if over:
            return child.returncode
        if ready:
            say("已在后台运行; 停止请用 ./ggzy down")
            return 0
        time.sleep(0.1)


def _ready(where: Place, pid: int) -> bool:
    try:
        content = json.loads((where.run / "supervisor.json").read_text())
    except (FileNotFoundError, ValueError):
        return False
    return content.get("pid") == pid and content.get("ready") is True


def down(arguments: list[str]) -> int:
    """Stop the running supervisor, and our own PostgreSQL if a single command had started it."""
    where = place()
    stopped = running(where) and _stop_supervisor(where)
    if where.run.is_dir():
        left = processes.end_leftovers(where.run / "children.json", f"GGZY_VAR={where.var}")
        stopped = bool(left) or stopped
    stopped = postgres.stop(where.var) or stopped
    stopped = postgres.stop_tests(where.var) or stopped
    say("已停止" if stopped else "没有在运行")
    return 0


def _stop_supervisor(where: Place) -> bool:
    try:
        content = json.loads((where.run / "supervisor.json").read_text())
        one = processes.Identity(int(content["pid"]), int(content["started"]))
    except (FileNotFoundError, ValueError, KeyError) as error:
        raise BootError("有一个 ./ggzy up 正在启动或停止, 请稍后再试") from error
    if not one.alive():
        raise BootError(f"{where.run / 'supervisor.json'} 里的进程 {one.pid} 不是我们的, 请稍后再试")
    say(f"正在停止 (进程 {one.pid}) …")
    os.kill(one.pid, signal.SIGTERM)
    if not processes.wait_until(lambda: not running(where), STOP_WITHIN):
        raise BootError(f"{STOP_WITHIN:.0f} 秒内没有停下来, 详见 {where.log}")
    return True


def run(arguments: list[str]) -> int:
    """Become `python -m ggzy ARGUMENTS` with a database; our own is started if it is not running."""
    where = place()
    where.make()
    given = os.environ.get("DATABASE_URL", "")
    own = None if given else postgres.cluster(where.var)
    if own is not None and not own.running():
        complain("数据库没有在运行, 先启动它 (停止请用 ./ggzy down) …")
    url = given if own is None else own.start()
    os.execve(python(), [python(), "-m", "ggzy", *arguments], environment(where, url))


def is_up(where: Place) -> bool:
    """Tell whether a supervisor runs and its web process answers."""
    return running(where) and healthy(running_port(where) or where.port)
