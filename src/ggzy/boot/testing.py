"""`./ggzy test`: the checks and the tests, with everything they need.

./ggzy test              all checks, then all tests
./ggzy test --quick      only rules that need no database (marker `pure`)
./ggzy test --check      only the checks
./ggzy test tests/law    only these tests; every other argument goes to pytest

All tests, and those of a folder or of a marker, run on every core: one worker process each, with its own
database, keys and files. Files named one by one, `--quick` and `-n 0` stay in one process.
"""

import os
import shutil
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from ggzy.boot import postgres
from ggzy.boot.paths import ROOT, Place, environment, place, python
from ggzy.boot.say import complain, say

#: what tests use, the Debian package it comes in, and where it is seen
PACKAGES = {
    "chromium": ("chromium",),
    "fonts-noto-cjk": ("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",),
    "openssl": ("openssl",),
    "age": ("age",),
    "poppler-utils": ("pdfsig", "pdftotext"),
}
#: the cluster for tests has a hundred connections, a worker uses about ten at most
MOST_WORKERS = 8
PURE_DATABASE = "postgresql://nobody@127.0.0.1:1/none"


def steps() -> list[tuple[str, list[str]]]:
    """Return the checks, in their order: (what is said, command)."""
    tools = Path(python()).parent
    return [
        ("ruff check", [str(tools / "ruff"), "check", "."]),
        ("ruff format", [str(tools / "ruff"), "format", "--check", "."]),
        ("mypy", [str(tools / "mypy")]),
        ("import contracts", [str(tools / "lint-imports")]),
        ("house lints", [python(), "-m", "tools.lints"]),
        ("migrations", [python(), "-m", "ggzy", "makemigrations", "--check", "--dry-run"]),
    ]


def missing_packages() -> list[str]:
    """Return the Debian packages that tests use and this machine lacks."""

    def there(thing: str) -> bool:
        return Path(thing).exists() if thing.startswith("/") else shutil.which(thing) is not None

    return [package for package, things in PACKAGES.items() if not all(there(thing) for thing in things)]


def install_packages() -> None:
    """Install what is missing when we may; otherwise name the command and go on (those tests skip)."""
    missing = missing_packages()
    if not missing:
        return
    names = " ".join(missing)
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        say(
            f"缺少测试用的软件包, 相关测试会跳过。安装命令: sudo apt-get install -y --no-install-recommends {names}"
        )
        return
    say(f"安装测试用的软件包: {names} …")
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", *missing]):
        done = subprocess.run(
            ["apt-get", *command], env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=False
        )
        if done.returncode:
            say(f"apt-get {command[0]} 失败, 相关测试会跳过")
            return


def test(arguments: list[str]) -> int:
    """Run the checks and the tests; 0 only if all of them pass."""
    own = {"--quick", "--check", "--no-apt"}
    flags, rest = own & set(arguments), [one for one in arguments if one not in own]
    where = place({**os.environ, "GGZY_VAR": os.environ.get("GGZY_TEST_VAR", str(ROOT / "var" / "test"))})
    where.make()
    if "--quick" in flags:
        return _pytest(["-m", "pure", *rest], surroundings(where, PURE_DATABASE))
    if "--no-apt" not in flags and "--check" not in flags and not rest:
        install_packages()
    env = surroundings(where, postgres.for_tests())
    try:
        failed = [] if rest else check(env)
        code = 0 if "--check" in flags else _pytest([*workers(rest), *rest], env)
    finally:
        if os.environ.get("CI"):
            postgres.stop_tests()
    if failed:
        complain(f"没有通过的检查: {', '.join(failed)}")
    return code or int(bool(failed))


def surroundings(where: Place, database_url: str) -> dict[str, str]:
    """Return the environment of checks and tests.

    Compiled modules are kept beside the tests' other files: tests start many processes, and a machine that
    wants no compiled files in its checkouts would compile everything anew in each.
    """
    env = environment(where, database_url)
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    # one connection a test: a pool would hand its transaction to somebody else
    return {**env, "GGZY_POOL": "0", "PYTHONPYCACHEPREFIX": str(where.var / "pycache")}


def check(env: Mapping[str, str]) -> list[str]:
    """Run every check, also after one has failed; return the names of those that failed."""
    failed = []
    for name, command in steps():
        begun = time.monotonic()
        done = subprocess.run(command, cwd=ROOT, env=dict(env), capture_output=True, text=True, check=False)
        say(f"{'通过' if done.returncode == 0 else '未通过'} {name} ({time.monotonic() - begun:.1f} 秒)")
        if done.returncode:
            failed.append(name)
            print((done.stdout + done.stderr).rstrip(), flush=True)
    return failed


def workers(arguments: list[str]) -> list[str]:
    """Return what pytest is told about workers: one for each core, unless only some files were asked for.

    A worker makes a database of its own first, which costs more than a file or two of tests. What follows
    one test (a debugger, its output as it comes) needs a single process.
    """
    single = {"-s", "--pdb", "--trace", "--capture=no", "--collect-only", "--co"}
    files = any(one.split("::")[0].endswith(".py") for one in arguments)
    cores = min(len(os.sched_getaffinity(0)), MOST_WORKERS)
    if (
        cores < 2
        or files
        or single & set(arguments)
        or any(one.startswith(("-n", "--num")) for one in arguments)
    ):
        return []
    return ["-n", str(cores), "--dist", "worksteal"]


def _pytest(arguments: list[str], env: Mapping[str, str]) -> int:
    children = {**env, "GGZY_TEST_DATABASE_URL": env["DATABASE_URL"]}
    run = subprocess.Popen(
        [python(), "-m", "pytest", *arguments], cwd=ROOT, env=children, stdin=subprocess.DEVNULL
    )
    while True:
        try:
            return run.wait()
        except KeyboardInterrupt:  # pytest has heard it too: it says how far it came and ends its workers
            continue
