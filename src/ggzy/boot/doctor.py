"""`./ggzy doctor`: look at everything a centre needs, and name the command for whatever is missing."""

import json
import os
import shutil
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

import psycopg

from ggzy.boot import beside, fonts, postgres, processes
from ggzy.boot.paths import ROOT, Place, place
from ggzy.boot.say import BootError
from ggzy.boot.up import running, running_port

GIGABYTE = 1024**3
LEAST_DISK = 2 * GIGABYTE
LARGEST_SKEW = 2.0


@dataclass(frozen=True)
class Finding:
    """The answer of one check. `good` None means: missing, and the product runs without it."""

    name: str
    good: bool | None
    text: str
    remedy: str = ""


def doctor(arguments: list[str]) -> int:
    """Print every finding; 0 if nothing needed is missing, else 1."""
    where = place()
    findings = [finding for check in CHECKS for finding in check(where)]
    for one in findings:
        mark = {True: "[好]", False: "[坏]", None: "[缺]"}[one.good]
        print(f"{mark} {one.name}: {one.text}")
        if one.remedy and one.good is not True:
            print(f"     处理: {one.remedy}")
    bad = sum(one.good is False for one in findings)
    print(f"共 {len(findings)} 项, {bad} 项有问题" if bad else f"共 {len(findings)} 项, 没有问题")
    return 1 if bad else 0


def check_python(where: Place) -> list[Finding]:
    """The interpreter is new enough."""
    version = ".".join(str(part) for part in sys.version_info[:3])
    remedy = "apt-get install -y python3 python3-venv"
    return [Finding("Python", sys.version_info >= (3, 11), version, remedy)]


def check_lock(where: Place) -> list[Finding]:
    """The venv is what the lock says (the launcher wrote its stamp)."""
    try:
        stamp = (ROOT / "var" / "venv" / "ggzy-lock.sha256").read_text()
    except FileNotFoundError:
        return [Finding("依赖", False, "没有安装记录", "./ggzy up")]
    same = sha256((ROOT / "requirements.lock").read_bytes()).hexdigest() in stamp.split()
    return [
        Finding(
            "依赖", same, "与 requirements.lock 一致" if same else "与 requirements.lock 不一致", "./ggzy up"
        )
    ]


def check_database(where: Place) -> list[Finding]:
    """A PostgreSQL of version 15 or newer answers, and its clock is the machine's."""
    given = os.environ.get("DATABASE_URL", "")
    name = "数据库 (DATABASE_URL)" if given else "数据库 (自带)"
    try:
        if not given and not postgres.cluster(where.var).running():
            installed = postgres.installed().is_dir()
            return [Finding(name, None if installed else False, "没有在运行", "./ggzy up")]
        url = given or postgres.cluster(where.var).url()
        with psycopg.connect(url, connect_timeout=5) as connection:
            version = connection.info.server_version
            row = connection.execute("select clock_timestamp(), current_setting('TimeZone')").fetchone()
    except (BootError, psycopg.Error, OSError) as error:
        return [Finding(name, False, f"连不上: {error}".strip(), "./ggzy up, 或检查 DATABASE_URL")]
    assert row is not None, "a select without from has one row"
    skew = abs((datetime.now(UTC) - row[0]).total_seconds())
    return [
        Finding(
            name,
            version >= postgres.OLDEST_SERVER,
            f"PostgreSQL {version // 10000}.{version % 10000}",
            "升级到 15 以上",
        ),
        Finding("数据库时钟", skew <= LARGEST_SKEW, f"与本机相差 {skew:.3f} 秒", "apt-get install -y chrony"),
    ]


def check_disk(where: Place) -> list[Finding]:
    """There is room to write."""
    folder = where.var if where.var.exists() else ROOT
    free = shutil.disk_usage(folder).free
    text = f"{folder} 剩余 {free / GIGABYTE:.1f} GB"
    return [Finding("磁盘", free >= LEAST_DISK, text, "清理磁盘, 或用 GGZY_VAR 换一个位置")]


def check_store(where: Place) -> list[Finding]:
    """What is kept can be kept."""
    return [Finding("文件存储", *beside.answers(where), "检查 GGZY_S3_* 设置, 或启动存储服务")]


def check_web(where: Place) -> list[Finding]:
    """The web process answers, or its port is free; the sequencer has a heartbeat."""
    if not running(where):
        free = postgres.port_is_free(where.port)
        text = f"{where.port} 空闲" if free else f"{where.port} 被别的程序占用"
        return [
            Finding("端口", free, text, "PORT=8001 ./ggzy up"),
            Finding("服务", None, "没有在运行", "./ggzy up"),
        ]
    port = running_port(where) or where.port
    status, health = ask_health(port)
    answers = Finding(
        "网页", status == 200, f"/healthz 回答 {status or '(无)'}", f"查看 {where.log / 'web.log'}"
    )
    return [answers, sequencer_finding(where, health)]


def ask_health(port: int) -> tuple[int, dict[str, object]]:
    """Return the status of GET /healthz and its JSON, (0, {}) if there is no answer."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"http://127.0.0.1:{port}/healthz", timeout=5) as answer:
            body, status = answer.read(65_536), answer.status
    except urllib.error.HTTPError as error:
        return error.code, {}
    except OSError:
        return 0, {}
    try:
        content = json.loads(body)
    except ValueError:
        content = {}
    return status, content if isinstance(content, dict) else {}


def sequencer_finding(where: Place, health: dict[str, object]) -> Finding:
    """Judge the sequencer by /healthz if that tells its age, else by its process."""
    remedy = f"查看 {where.log / 'sequencer.log'}"
    if refused := health.get("sequencer_refusal"):
        return Finding("存证定序", False, str(refused), remedy)
    age = health.get("sequencer_age_seconds")
    if isinstance(age, int | float):
        return Finding("存证定序", age < 30, f"{age:.1f} 秒前有心跳", remedy)
    one = processes.read_identities(where.run / "children.json").get("sequencer")
    alive = one is not None and one.alive()
    return Finding("存证定序", alive, "进程在运行" if alive else "进程不在", remedy)


def check_clock(where: Place) -> list[Finding]:
    """Say which clock this centre runs by."""
    text = {"training": "训练模式, 时钟可以拨动, 页面有标记", "production": "生产模式, 时钟不可拨动"}[
        where.mode
    ]
    return [Finding("时钟", True, text)]


def check_fonts(where: Place) -> list[Finding]:
    """A PDF in Chinese can be made."""
    good = fonts.has_chinese()
    return [Finding("中文字体", good, ", ".join(fonts.font_paths()) if good else "没有", fonts.REMEDY)]


OPTIONAL = (
    ("浏览器测试", ("chromium", "chromium-browser"), "chromium"),
    ("密码工具", ("openssl",), "openssl"),
    ("age 解密工具", ("age",), "age"),
    ("PDF 验签工具", ("pdfsig",), "poppler-utils"),
)


def check_optional(where: Place) -> list[Finding]:
    """Tools that only tests and outside checks use."""
    found = []
    for name, programs, package in OPTIONAL:
        path = next((path for program in programs if (path := shutil.which(program))), None)
        found.append(
            Finding(name, True if path else None, path or "没有 (可选)", f"apt-get install -y {package}")
        )
    return found


CHECKS: tuple[Callable[[Place], list[Finding]], ...] = (
    check_python,
    check_lock,
    check_database,
    check_disk,
    check_store,
    check_web,
    check_clock,
    check_fonts,
    check_optional,
)
