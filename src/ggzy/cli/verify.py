"""./ggzy verify URL: fetch a process's evidence once, then recompute everything offline, on this machine."""

import argparse
import getpass
import hashlib
import json
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from ggzy.client.party import Identity, Party, Problem
from ggzy.evidence import verifier
from ggzy.evidence.verifier import Check
from ggzy.opendata.checks import ALL, acts
from ggzy.opendata.front_checks import ALL as FRONTS
from ggzy.opendata.procured_checks import ALL as PROCURED
from ggzy.opendata.second_checks import ALL as SECOND
from ggzy.opendata.separation_checks import ALL as PANELS

MARKS = {"passed": "通过", "failed": "不符", "withheld": "未公开", "erased": "已删除"}
STATE = Path(os.environ.get("XDG_STATE_HOME", Path.home() / ".local" / "state")) / "openggzy"


def main(argv: Sequence[str]) -> int:
    """Verify a process; return 0 when no check failed."""
    parser = argparse.ArgumentParser(
        prog="./ggzy verify", description="离线复核: 日志一致性、回执、承诺、抽取、评分、排序、期限"
    )
    parser.add_argument("url", nargs="?", help="招标项目、标段、开标大厅的网址, 或证据包接口地址")
    parser.add_argument("--pack", type=Path, help="复核已保存的证据包, 不联网")
    parser.add_argument("--save", type=Path, help="保存取得的证据包")
    parser.add_argument("--level", default="public", choices=("public", "party", "supervisor"))
    parser.add_argument("--user", help="当事人或监督人员的用户名(party、supervisor 级需要)")
    parser.add_argument("--password")
    parser.add_argument("--cert", type=Path, help="证书和私钥PEM")
    parser.add_argument("--ack", type=Path, action="append", default=[], help="回执文件, 可多次")
    parser.add_argument("--state", type=Path, default=STATE, help="保存见过的检查点, 用于发现日志分叉")
    parser.add_argument("--json", action="store_true", help="输出JSON")
    args = parser.parse_args(argv)
    if not args.url and not args.pack:
        parser.error("请给出网址或 --pack")
    try:
        checks = _run(args)
    except (Problem, httpx.HTTPError, OSError, ValueError) as trouble:
        print(f"无法取得证据包: {trouble}", file=sys.stderr)
        return 2
    if args.json:
        print(json.dumps([c.__dict__ for c in checks], ensure_ascii=False, indent=1))
    else:
        _print(checks)
    return 1 if any(c.outcome == "failed" for c in checks) else 0


def _run(args: argparse.Namespace) -> list[Check]:
    acknowledgements = [json.loads(path.read_text()) for path in args.ack]
    if args.pack:
        return check_pack(
            json.loads(args.pack.read_text()), acknowledgements=acknowledgements, state=args.state
        )
    base, ocid = resolve(args.url)
    party = Party(base)
    if args.user:
        identity = Identity.from_pem(args.cert.read_bytes()) if args.cert else None
        party.sign_in(
            username=args.user, password=args.password or getpass.getpass("密码: "), identity=identity
        )
    pack = party.get(f"/evidence/{ocid}?level={args.level}")
    if args.save:
        args.save.write_text(json.dumps(pack, ensure_ascii=False))
    return check_pack(
        pack, fetch=_fetcher(base), acknowledgements=acknowledgements, state=args.state
    ) + _files(party, pack)


def resolve(url: str) -> tuple[str, str]:
    """Return the platform's address and the ocid that a page's URL is about.

    :raises ValueError: the URL is of none of the pages that have evidence
    """
    parts = urlsplit(url)
    base = f"{parts.scheme}://{parts.netloc}"
    segments = [s for s in parts.path.split("/") if s]
    if segments[:1] == ["api"]:
        segments = segments[2:]
    party = Party(base)
    match segments:
        case ["evidence", ocid, *_]:
            return base, ocid
        case ["tenders", tender, *_]:
            return base, party.get(f"/tenders/{tender}")["ocid"]
        case ["lots", lot, *_]:
            return base, party.get(f"/lots/{lot}")["tender"]["ocid"]
        case ["rounds", round_, *_]:
            return base, party.get(f"/rounds/{round_}/opening")["ocid"]
    raise ValueError("请给出招标项目(/tenders/…)、标段(/lots/…)或开标大厅(/rounds/…/hall)的网址")


def _fetcher(base: str) -> verifier.Fetch:
    def fetch(path: str) -> bytes | None:
        reply = httpx.get(f"{base}/log/{path}", timeout=30, trust_env=False)
        return reply.content if reply.status_code == 200 else None

    return fetch


def check_pack(
    pack: dict[str, Any],
    *,
    fetch: verifier.Fetch | None = None,
    acknowledgements: Sequence[dict[str, Any]] = (),
    state: Path | None = None,
) -> list[Check]:
    """Return every finding on a pack: the log's own, then the process's."""
    for check in (*ALL, *FRONTS, *PROCURED, *PANELS, *SECOND):
        if check not in verifier.DOMAIN_CHECKS:
            verifier.DOMAIN_CHECKS.append(check)
    return verifier.verify(pack, fetch, acknowledgements=acknowledgements, state=state, now=datetime.now(UTC))


def _files(party: Party, pack: dict[str, Any]) -> list[Check]:
    """Fetch the public documents that the log names and compare their hashes."""
    named = {
        "awarding.notified": ("letter_sha256", "中标通知书"),
        "contracting.signed": ("pdf_sha256", "合同"),
    }
    out = []
    for act in acts(pack):
        if act.act not in named:
            continue
        field, title = named[act.act]
        digest = act.fields[field]
        reply = httpx.get(f"{party.base}/api/v1/documents/{digest}", timeout=60, trust_env=False)
        if reply.status_code != 200:
            out.append(Check("file.document", f"{title}文件", "failed", f"平台没有提供摘要为{digest}的文件"))
            continue
        same = hashlib.sha256(reply.content).hexdigest() == digest
        out.append(
            Check(
                "file.document",
                f"{title}文件",
                "passed" if same else "failed",
                "文件与日志中的摘要一致" if same else f"文件已被改动: 日志中的摘要是{digest}",
            )
        )
    return out


def _print(checks: Sequence[Check]) -> None:
    grouped: dict[tuple[str, str], int] = {}
    for check in checks:
        if check.outcome in {"failed", "erased"} or check.name.split(".")[0] not in {"entry", "place", "log"}:
            print(f"  [{MARKS[check.outcome]}] {check.title_zh}: {check.detail_zh}")
        else:
            key = (check.name.split(".")[0], check.outcome)
            grouped[key] = grouped.get(key, 0) + 1
    for (name, outcome), count in sorted(grouped.items()):
        says = {"entry": "存证记录", "place": "日志位置证明", "log": "日志"}[name]
        print(f"  [{MARKS[outcome]}] {says}: {count} 项")
    totals = {o: sum(1 for c in checks if c.outcome == o) for o in MARKS}
    print("结论: " + ", ".join(f"{MARKS[o]} {n}" for o, n in totals.items() if n or o == "failed"))


def verified(url: str, ocid: str, *, party: Party) -> bool:
    """Verify one process at the supervisor's level (replay); the pack may lag the last act by a moment."""
    import time

    for _ in range(200):  # an escrow batch may be a minute away
        pack = party.get(f"/evidence/{ocid}?level=supervisor")
        if not pack["pending"]:
            break
        time.sleep(0.5)
    return not any(c.outcome == "failed" for c in check_pack(pack))
