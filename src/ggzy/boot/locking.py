"""`./ggzy lock`: compute the hash locks anew from requirements*.in.

Settings of this machine (mirrors, local wheel folders) must leave no trace in a lock: pip's and
uv's own configuration is not read, and no address is written.
"""

import os
import subprocess

from ggzy.boot.paths import ROOT
from ggzy.boot.say import BootError, say

OPTIONS = (
    "--universal",
    "--python-version=3.11",
    "--generate-hashes",
    "--no-emit-index-url",
    "--no-header",
    "--custom-compile-command=./ggzy lock",
    "--quiet",
)


def lock(arguments: list[str]) -> int:
    """Write requirements.lock and requirements-test.lock; further arguments (--upgrade) go to uv."""
    env = {key: value for key, value in os.environ.items() if not key.startswith(("PIP_", "UV_"))}
    uv = [str(ROOT / "var" / "uv" / "bin" / "uv"), "--no-config", "pip", "compile", *OPTIONS, *arguments]
    product = ["requirements.in", "-o", "requirements.lock"]
    test = ["-c", "requirements.lock", "requirements-test.in", "-o", "requirements-test.lock"]
    for paths in (product, test):
        say(f"计算 {paths[-1]} …")
        if subprocess.run([*uv, *paths], cwd=ROOT, env=env, check=False).returncode:
            raise BootError(f"{paths[-1]} 计算失败")
    return 0
