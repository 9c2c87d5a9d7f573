"""`./ggzy restore FILE.tar`: check every hash, load into a new database, then change over.

Nothing of the old state is lost before the new one is complete: the old database is renamed and the
old files are moved aside.
"""

import os
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from ggzy.boot import archive, postgres, processes
from ggzy.boot.backup import pg_tool
from ggzy.boot.paths import Place, place
from ggzy.boot.say import BootError, complain, say


def restore(arguments: list[str]) -> int:
    """Bring back a backup."""
    names = [one for one in arguments if not one.startswith("-")]
    if len(names) != 1 or set(arguments) - {*names, "--force"}:
        complain("用法: ./ggzy restore 文件.tar [--force]")
        return 2
    source, force = Path(names[0]).absolute(), "--force" in arguments
    where = place()
    where.make()
    lock = processes.take_lock(where.run / "supervisor.lock", 1.0)
    if lock is None:
        raise BootError("系统正在运行, 不能恢复。请先执行 ./ggzy down")
    try:
        say("核对备份文件的哈希 …")
        manifest = archive.verify(source)
        say(f"备份完整 (作于 {manifest.get('made_at')})")
        own = None if os.environ.get("DATABASE_URL") else postgres.cluster(where.var)
        was_running = own is None or own.running()
        try:
            _bring_back(where, postgres.ensure_started(where.var), source, force)
        finally:
            if own is not None and not was_running:
                own.stop()
    finally:
        lock.close()
    if isinstance(beside := manifest.get("bucket"), dict):
        say(
            f"注意: 备份时文件另存于存储桶 {beside.get('endpoint')} {beside.get('name')}; "
            "只在桶里的文件不在备份中, 启动前请配置同一个存储桶 (GGZY_S3_*)。"
        )
    say("恢复完成。执行 ./ggzy up 启动; 若库中的存证日志早于已发布的检查点, 定序进程会拒绝签发。")
    return 0


def with_database(url: str, name: str) -> str:
    """Return the address of another database of the same server."""
    return urlunsplit(urlsplit(url)._replace(path="/" + name))


def _bring_back(where: Place, url: str, source: Path, force: bool) -> None:
    stored = where.files
    empty = _is_empty(url)
    has_files = stored.is_dir() and any(stored.iterdir())
    if (not empty or has_files) and not force:
        raise BootError("数据库或文件目录里已有内容。确定要用备份取代它们, 请加 --force (旧的会改名保留)")
    stamp = datetime.now(UTC).strftime("%Y%m%d%H%M%S")
    stored.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".restore-", dir=stored.parent) as folder:
        dump, files = Path(folder) / archive.DUMP, Path(folder) / "files"
        archive.unpack(source, dump, files)
        say("装入数据库 …")
        _load(url, dump, stamp, keep_old=not empty)
        if has_files:
            aside = stored.with_name(f"{stored.name}.before-{stamp}")
            stored.rename(aside)
            say(f"原来的文件改名为 {aside}")
        elif stored.is_dir():
            stored.rmdir()
        files.rename(stored)
    (where.run / "stamps.json").unlink(missing_ok=True)


def _is_empty(url: str) -> bool:
    query = "select not exists (select from information_schema.tables where table_schema = 'public')"
    with psycopg.connect(url) as connection:
        row = connection.execute(query).fetchone()
        return bool(row and row[0])


def _load(url: str, dump: Path, stamp: str, keep_old: bool) -> None:
    """Load the dump into a new database, then give it the name of the old one."""
    name = conninfo_to_dict(url)["dbname"]
    new, old = f"{name}_new_{stamp}", f"{name}_before_{stamp}"
    try:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(sql.SQL("create database {} template template0").format(sql.Identifier(new)))
    except psycopg.errors.InsufficientPrivilege as error:
        raise BootError(f"数据库用户需要 CREATEDB 权限才能恢复: {error}") from error
    try:
        options = [
            "--exit-on-error",
            "--single-transaction",
            "--no-owner",
            "--no-privileges",
            "--no-comments",
        ]
        pg_tool("pg_restore", [*options, f"--dbname={new}", str(dump)], url)
    except BootError:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(sql.SQL("drop database {}").format(sql.Identifier(new)))
        raise
    with psycopg.connect(with_database(url, "postgres"), autocommit=True) as connection:
        rename = sql.SQL("alter database {} rename to {}")
        try:
            connection.execute(rename.format(sql.Identifier(str(name)), sql.Identifier(old)))
        except psycopg.errors.ObjectInUse as error:
            raise BootError(f"还有别的程序连着数据库 {name}, 请先断开 (新库已装好, 名为 {new})") from error
        connection.execute(rename.format(sql.Identifier(new), sql.Identifier(str(name))))
        if keep_old:
            say(f"原来的数据库改名为 {old}; 确认无误后可以删除")
        else:
            connection.execute(sql.SQL("drop database {}").format(sql.Identifier(old)))
