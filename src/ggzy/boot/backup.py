"""`./ggzy backup FILE.tar`: the database and the stored files, while everything runs.

The dump is one consistent snapshot. Files are taken after it: they are never changed or removed, so
every file that the snapshot names is there. With a bucket beside the disk (GGZY_S3_*) the backup holds
what lies on the disk, and says how many files only the bucket has. Keys (var/keys) are not in it: who finds a backup must
not be able to read sealed personal fields or sign for the log.
"""

import os
import subprocess
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict

from ggzy.boot import archive, beside, postgres
from ggzy.boot.paths import Place, place
from ggzy.boot.say import BootError, complain, say


def backup(arguments: list[str]) -> int:
    """Write a backup file."""
    if len(arguments) != 1 or arguments[0].startswith("-"):
        complain("用法: ./ggzy backup 文件.tar")
        return 2
    target = Path(arguments[0]).absolute()
    if target.exists():
        raise BootError(f"{target} 已经存在, 不覆盖已有的备份")
    where = place()
    where.make()
    own = None if os.environ.get("DATABASE_URL") else postgres.cluster(where.var)
    was_running = own is None or own.running()
    url = postgres.ensure_started(where.var)
    try:
        _write(where, url, target)
    finally:
        if own is not None and not was_running:
            own.stop()
    return 0


def _write(where: Place, url: str, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".backup-", dir=target.parent) as folder:
        dump = Path(folder) / archive.DUMP
        say("导出数据库 …")
        pg_tool("pg_dump", ["--format=custom", "--no-owner", "--no-privileges", f"--file={dump}"], url)
        say("打包文件并计算哈希 …")
        about: dict[str, object] = {
            "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "mode": where.mode,
            "server_version": postgres.server_version(url),
        }
        if bucket := beside.bucket_of(where):
            about["bucket"] = {"endpoint": bucket.endpoint, "name": bucket.name, "prefix": bucket.prefix}
        count = archive.write(target, dump, where.files, about)
    say(f"已备份到 {target} (数据库和 {count} 个文件, {target.stat().st_size / 1024 / 1024:.1f} MB)")
    if bucket:
        say(beside.only_there(bucket, where.files))
    say(
        f"注意: 备份不含密钥。请把 {where.var / 'keys'} 另行备份, 与本文件分开保管; 没有它, 恢复后读不出加密字段, 也不能继续签发存证。"
    )


def pg_tool(name: str, arguments: list[str], url: str) -> None:
    """Run one of PostgreSQL's client programs against a database; the password is not shown in the process list.

    :raises BootError: it failed
    """
    parts = conninfo_to_dict(url)
    names = {
        "host": "PGHOST",
        "port": "PGPORT",
        "user": "PGUSER",
        "password": "PGPASSWORD",
        "dbname": "PGDATABASE",
    }
    names |= {"sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT"}
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
    env = {**kept, **{names[key]: str(value) for key, value in parts.items() if key in names}}
    done = subprocess.run(
        [postgres.tool(name), *arguments], env=env, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise BootError(f"{name} 失败: {done.stderr.strip()[-2000:]}")
