"""Our own PostgreSQL really starts, survives kill -9, and loses nothing that was committed."""

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from ggzy.boot import postgres, processes, stamps
from ggzy.boot.backup import pg_tool

pytestmark = pytest.mark.slow_boot


@pytest.fixture
def var(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    yield tmp_path
    postgres.stop(tmp_path)
    shutil.rmtree(postgres.cluster(tmp_path).footing.home)  # may be outside tmp_path when nobody runs it


def test_a_committed_row_survives_kill_9(var: Path) -> None:
    url = postgres.ensure_started(var)
    with psycopg.connect(url) as connection:
        connection.execute("create table kept (word text)")
        connection.execute("insert into kept values ('公共资源交易')")
    one = postgres.cluster(var).postmaster()
    assert one is not None
    os.kill(one.pid, signal.SIGKILL)

    again = postgres.ensure_started(var)

    assert postgres.cluster(var).postmaster() != one
    with psycopg.connect(again) as connection:
        assert connection.execute("select word from kept").fetchall() == [("公共资源交易",)]


def test_chinese_text_search_and_utc(var: Path) -> None:
    """A plain C locale would find no trigram in Chinese."""
    with psycopg.connect(postgres.ensure_started(var)) as connection:
        connection.execute("create extension pg_trgm")
        connection.execute("create extension btree_gist")
        row = connection.execute(
            "select cardinality(show_trgm('公共资源')), current_setting('TimeZone')"
        ).fetchone()
    assert row is not None
    assert row[0] > 0
    assert row[1] == "UTC"


def test_a_half_made_cluster_is_made_anew(var: Path) -> None:
    half = postgres.cluster(var).footing.home / "pgdata.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    assert postgres.server_version(postgres.ensure_started(var)) >= postgres.OLDEST_SERVER


def test_a_pid_file_with_a_strangers_pid_does_not_stop_the_start(var: Path) -> None:
    postgres.ensure_started(var)
    own = postgres.cluster(var)
    pid_file = own.data / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    own.stop()
    pid_file.write_text("\n".join([str(os.getppid()), *lines[1:]]) + "\n")
    own.footing.give(pid_file)
    assert own.postmaster() is None
    assert postgres.server_version(postgres.ensure_started(var)) >= postgres.OLDEST_SERVER


def test_a_dump_comes_back_and_a_new_database_is_not_the_old_one(var: Path) -> None:
    url = postgres.ensure_started(var)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("create extension pg_trgm")
        connection.execute("create table kept (x int)")
        connection.execute("insert into kept values (7)")
        connection.execute("create database other template template0")
    pg_tool("pg_dump", ["--format=custom", f"--file={var / 'd'}"], url)
    other = postgres.cluster(var).url(database="other")
    pg_tool("pg_restore", ["--exit-on-error", "--no-comments", "--dbname=other", str(var / "d")], url)
    with psycopg.connect(other) as connection:
        assert connection.execute("select x from kept").fetchall() == [(7,)]
    assert stamps.database_identity(url) != stamps.database_identity(other)


def test_stop_really_stops(var: Path) -> None:
    postgres.ensure_started(var)
    one = postgres.cluster(var).postmaster()
    assert one is not None
    assert postgres.stop(var)
    assert processes.wait_until(lambda: not one.alive(), 5)
    assert not postgres.stop(var)
