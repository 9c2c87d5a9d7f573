"""`python -m ggzy sequencer`: one tick every CHECKPOINT_SECONDS, whatever the load. `--once` catches up and ends."""

import json
import logging
import os
import signal
import sys
import threading
from datetime import datetime

import django
import psycopg
from django.conf import settings
from django.db import DatabaseError, connection

logger = logging.getLogger("ggzy.sequencer")


def main(argv: list[str]) -> int:
    """Run the sequencer and return the exit code: 0 ended in order, 1 refused to sign, 2 wrong arguments."""
    if argv not in ([], ["--once"]):
        print("用法: python -m ggzy sequencer [--once]", file=sys.stderr)
        return 2
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ggzy.settings")
    django.setup()
    from ggzy.evidence import sequencer
    from ggzy.kernel.clock import real_now
    from ggzy.kernel.refusals import Refusal

    if argv == ["--once"]:
        try:
            tick = sequencer.catch_up(real_now())
        except Refusal as refusal:
            print(refusal.message, file=sys.stderr)
            return 1
        print(f"日志现有 {tick.size} 条记录")
        return 0

    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    try:
        return _loop(stop)
    except Refusal as refusal:
        heartbeat(real_now(), refusal=refusal.message)
        logger.critical("%s", refusal.message)
        return 1


def _loop(stop: threading.Event) -> int:
    from ggzy.evidence import audit, sequencer
    from ggzy.kernel.clock import real_now

    lock = None
    while not stop.is_set():
        now = real_now()
        try:
            if lock is None:
                lock = _take_the_loop()
                if lock is not None:
                    logger.info("日志校验完毕, 共 %d 条记录", audit.check_tree())
            if lock is not None:
                lock.execute("SELECT 1")  # a lost session has lost the lock
                tick = sequencer.run_once(now)
                heartbeat(now, size=tick.size)
                if tick.placed == sequencer.MOST_A_TICK:
                    continue
        except (DatabaseError, psycopg.Error) as error:
            logger.warning("数据库暂不可用, 稍后重试: %s", " ".join(str(error).split()))
            connection.close()
            if lock is not None:
                lock.close()
            lock = None
        stop.wait(_until_next(now, real_now()))
    return 0


def _take_the_loop() -> psycopg.Connection | None:
    """Return the session that makes this process the one sequencer, or None while another is.

    Its own connection: one given back to a pool would keep the lock and be lost to us.
    """
    from ggzy.evidence import aside

    session = aside.connect()
    took = session.execute(
        "SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", [f"ggzy_sequencer:{settings.CENTRE_ID}"]
    ).fetchone()
    if took is not None and took[0]:
        return session
    session.close()
    return None


def _until_next(started: datetime, now: datetime) -> float:
    """Return the seconds to the next point of the grid: ticks do not drift with the work they do."""
    step = settings.CHECKPOINT_SECONDS
    following = (started.timestamp() // step + 1) * step
    if following <= now.timestamp():
        following = (now.timestamp() // step + 1) * step
    return following - now.timestamp()


def heartbeat(now: datetime, *, size: int | None = None, refusal: str = "") -> None:
    """Write what doctor reads: VAR/run/sequencer.heartbeat."""
    path = settings.VAR / "run" / "sequencer.heartbeat"
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}")
    draft.write_text(
        json.dumps(
            {"pid": os.getpid(), "at": now.isoformat(), "size": size, "refusal": refusal}, ensure_ascii=False
        )
    )
    os.replace(draft, path)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
