"""The verifier that travels inside every package: one Python file, made of the pure sources of this platform."""

import ast
import io
import zipfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]
_STARTS = ("ggzy.cli.archive", "ggzy.archives.check", "ggzy.opendata.checks", "ggzy.evidence.verifier")
#: what a module reads beside its own source
_DATA = {"ggzy.methods.shelf": "ggzy/methods/files/*.toml"}
_MAIN = '''"""python verify.pyz 归档包: 离线检测, 不需要原来的平台。"""

import sys
import types

try:
    import pyrage  # noqa: F401 - only opening a bid needs it, checking one does not
except ImportError:
    stub = types.ModuleType("pyrage")
    stub.x25519 = types.SimpleNamespace(Identity=object)
    stub.IdentityError = stub.DecryptError = ValueError
    sys.modules["pyrage"] = stub

from ggzy.cli.archive import main

sys.exit(main(["check", *(sys.argv[1:] or ["."])]))
'''
README = """离线检测和复核
================

这个包可以在任何时候、任何人的电脑上检测, 不需要联网, 不需要原来的交易平台。

1. 安装 Python 3.11 或更新版本, 然后安装验签用的库:
       python3 -m pip install cryptography asn1crypto rfc8785 pyOpenSSL
   (没有这些库也能检测封装、清单和格式; 验签各项会回答“未公开”, 并说明原因)
2. 解开ZIP, 在解开的文件夹里执行:
       python3 tools/verify.pyz .
   或者不解开: 先取出 tools/verify.pyz, 再执行 python3 verify.pyz 包的文件名.zip
   (加 --all 逐项列出)
3. 每一项回答“通过”“不符”“未公开”或“已删除”。有“不符”时退出码为1, 并指明是哪个文件、哪条记录或哪个字段。

不相信这个检测程序的人, 可以只用通用工具:
- 封装是 BagIt 1.0 (RFC 8493): sha256sum -c manifest-sha256.txt
- 日志是 C2SP tlog-tiles, 检查点是 C2SP signed note; 瓦片在 data/8-evidence/tile/
- 投标的密文是 age v1, 信封和签名是 CMS, 可用 openssl 和 age 打开 (bid_key 在 data/5-bids/*/opened.json)
- 文书是 PDF/A-2b, 签章是 PAdES, 可用常见的PDF阅读器验签

密钥请核对: data/8-evidence/evidence.json 里的 log_key 和 ack_key 应当与中心当年公布的相同。
"""


def _path(module: str) -> Path | None:
    plain = _ROOT.joinpath(*module.split("."))
    for found in (plain.with_suffix(".py"), plain / "__init__.py"):
        if found.exists():
            return found
    return None


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@cache
def verifier() -> bytes:
    """Return verify.pyz, the same bytes for the same sources."""
    found: dict[str, Path] = {}
    waiting = list(_STARTS)
    while waiting:
        module = waiting.pop()
        path = _path(module) if module.startswith("ggzy") else None
        if path is None or module in found:
            continue
        found[module] = path
        waiting += [*_imports(path), module.rpartition(".")[0]]
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        read = [path for module, pattern in _DATA.items() if module in found for path in _ROOT.glob(pattern)]
        sources = {p.relative_to(_ROOT).as_posix(): p.read_bytes() for p in (*found.values(), *read)}
        for name, data in sorted({**sources, "__main__.py": _MAIN.encode()}.items()):
            archive.writestr(zipfile.ZipInfo(name, date_time=(2000, 1, 1, 0, 0, 0)), data)
    return b"#!/usr/bin/env python3\n" + out.getvalue()
