"""./ggzy archive check PACKAGE: test an archive or a dispute pack again, offline, years later."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from ggzy.archives.check import MARKS, PROCESS, Finding, check, is_defect
from ggzy.archives.rules import Nature


def main(argv: Sequence[str]) -> int:
    """Test a package; return 0 when the package has no defect, 1 when it has one, 2 when it cannot be read."""
    parser = argparse.ArgumentParser(
        prog="./ggzy archive", description="离线检测归档包或争议证据包: 真实性、完整性、可用性、安全性"
    )
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("check", help="检测一个包")
    one.add_argument("package", type=Path, help="ZIP文件, 或解开后的文件夹")
    one.add_argument("--all", action="store_true", help="逐项列出, 通过的也列")
    one.add_argument("--json", action="store_true", help="输出JSON")
    args = parser.parse_args(argv)
    try:
        findings = check(args.package)
    except (OSError, ValueError) as trouble:
        print(f"无法打开: {trouble}", file=sys.stderr)
        return 2
    if args.json:
        print(json.dumps([f.__dict__ for f in findings], ensure_ascii=False, indent=1))
    else:
        _print(findings, everything=args.all)
    return 1 if any(is_defect(f) for f in findings) else 0


def _print(findings: Sequence[Finding], *, everything: bool) -> None:
    groups = [(n.value, n.label) for n in Nature] + [(PROCESS, "法定时限(不是包的缺陷)")]
    for part, label in groups:
        mine = [f for f in findings if f.name.split(".", 1)[0] == part]
        if not mine:
            continue
        totals = {o: sum(f.outcome == o for f in mine) for o in MARKS}
        print(f"{label}: " + ", ".join(f"{MARKS[o]} {n}" for o, n in totals.items() if n))
        for finding in mine:
            field = finding.outcome == "withheld" and finding.name.startswith("authenticity.entry.")
            if everything or (finding.outcome != "passed" and not field):
                print(f"  [{MARKS[finding.outcome]}] {finding.title_zh}: {finding.detail_zh}")
    failed = sum(map(is_defect, findings))
    unread = any(f.name == "authenticity.signatures" and f.outcome == "withheld" for f in findings)
    good = "其余没有不符, 但签名没有核验" if unread else "没有不符"
    print(f"结论: {f'有{failed}项不符' if failed else good}")
