"""./ggzy docs: the pages of the handbook that are drawn from the code, so that they cannot say anything else."""

import argparse
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from ggzy.law import table
from ggzy.law.limits import Status, TimeLimit
from ggzy.procedures.catalogue import BY_CODE
from ggzy.procedures.diagram import mermaid
from ggzy.procedures.diagram import table as moves_table
from ggzy.procedures.spec import Hold, Procedure

DOCS = Path(__file__).resolve().parents[3] / "docs"
MADE = "<!-- 由 ./ggzy docs 从代码生成, 请勿手工修改 -->"
STATUS = {Status.READ: "已读原文", Status.MEMORY: "待核对原文"}


def main(argv: Sequence[str]) -> int:
    """Write the generated pages, or with --check say which differ from the code; 1 if one does."""
    parser = argparse.ArgumentParser(prog="./ggzy docs", description="由代码生成文档中的图表")
    parser.add_argument("--check", action="store_true", help="只核对, 有出入时退出码为1")
    parser.add_argument("--to", type=Path, default=DOCS, help="文档目录")
    args = parser.parse_args(argv)
    wanted = pages()
    stale = [name for name, text in wanted.items() if _read(args.to / name) != text]
    if args.check:
        for name in stale:
            print(f"与代码不符: docs/{name}, 请运行 ./ggzy docs", file=sys.stderr)
        return 1 if stale else 0
    for name in stale:
        (args.to / name).parent.mkdir(parents=True, exist_ok=True)
        (args.to / name).write_text(wanted[name], encoding="utf-8")
    print(f"文档 {len(wanted)} 页, 更新 {len(stale)} 页")
    return 0


def pages() -> dict[str, str]:
    """Return every generated page: its path under docs/, and its text."""
    procedures = {f"procedures/{code}.md": procedure_page(BY_CODE[code]) for code in sorted(BY_CODE)}
    return {**procedures, "law/limits.md": limits_page(), "api/operations.md": operations_page()}


def procedure_page(procedure: Procedure) -> str:
    """Return one procedure as a diagram, its stages, its holds and the table of its moves."""
    final = "、".join(stage.label for stage in procedure.stages if stage in procedure.final)
    stages = [f"| {s.label} | `{s}` | {'是' if s in procedure.final else ''} |" for s in procedure.stages]
    holds = [
        f"| {hold.label} | `{hold}` | {_free(procedure, hold)} |"
        for hold in Hold
        if any(hold in move.blocked_by for move in procedure.moves)
    ]
    return _page(
        f"# {procedure.label}",
        f"编号 `{procedure.code}`, 类别 `{procedure.scope}`, 依据 {procedure.basis}。"
        f"{f'投标人少于 {procedure.minimum_bids} 个不得开标。' if procedure.bids else '没有投标。'}终态: {final}。",
        "标为“待建”的步骤列在程序里, 目前不能办理。",
        "## 流程图",
        f"```mermaid\n{mermaid(procedure)}\n```",
        "## 步骤",
        moves_table(procedure),
        "## 阶段",
        _table(("阶段", "代码", "终态"), stages),
        "## 暂停事项",
        "暂停事项与阶段并存。下表列出每种事项不阻止的步骤, 其余步骤都须等它解除。",
        _table(("事项", "代码", "不受其阻止的步骤"), holds),
    )


def _free(procedure: Procedure, hold: Hold) -> str:
    """Return what a hold does not stop, or all but what it stops where that is less to say."""
    stopped = list(dict.fromkeys(m.label for m in procedure.moves if hold in m.blocked_by))
    free = list(dict.fromkeys(m.label for m in procedure.moves if hold not in m.blocked_by))
    if len(stopped) * 4 < len(free):
        return f"除{'、'.join(stopped)}以外的全部步骤"
    return "、".join(free) or "—"


def limits_page() -> str:
    """Return the table of statutory limits, statute by statute in the order of its articles."""
    parts = [
        "# 时限一览表",
        "每一行是法律表的一行, 以规则编号为准。首次公告发布时, 当日有效的各行记在该轮次上, 管到这一轮结束。"
        "“已读原文”的可以阻止办理, “待核对原文”的只提醒。",
        "天数的算法: 起算当日不计; 按日计的期限到末日北京时间24时届满; 小时和分钟按实际时长。"
        "“遇休息日”一栏说明末日是休息日时怎么办, 各法不同。",
    ]
    by_statute: dict[str, list[TimeLimit]] = {}
    for row in table.ALL:
        by_statute.setdefault(row.basis[0].instrument, []).append(row)
    for statute, rows in by_statute.items():
        parts += [f"## {statute}", _limits(rows)]
    return _page(*parts)


def _limits(rows: Iterable[TimeLimit]) -> str:
    rolls = {"none": "不顺延", "statutory": "遇法定休假日顺延", "rest_day": "顺延至工作日"}
    return _table(
        ("编号", "事项", "期限", "依据", "遇休息日", "本平台的读法", "核对", "生效"),
        [
            "| "
            + " | ".join(
                (
                    f"`{row.key}`",
                    row.says,
                    row.length_label,
                    row.cites,
                    rolls[row.roll.value],
                    row.reading or "—",
                    STATUS[row.status],
                    f"{row.in_force_from:%Y-%m-%d}"
                    + (f" 至 {row.in_force_to:%Y-%m-%d}" if row.in_force_to else ""),
                )
            )
            + " |"
            for row in rows
        ],
    )


def operations_page() -> str:
    """Return every operation of the API by its tag, from the OpenAPI schema."""
    from ggzy.api.v1 import api

    schema: dict[str, Any] = api.get_openapi_schema()
    by_tag: dict[str, list[str]] = {}
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            tag = (operation.get("tags") or ["其他"])[0]
            row = f"| `{method.upper()}` | `{path}` | {operation.get('summary', '')} |"
            by_tag.setdefault(tag, []).append(row)
    parts = [
        "# 接口一览",
        schema["info"]["description"],
        "登录后以 `Authorization: Bearer <令牌>` 表明身份; 公开信息不用登录。字段用 OCDS 的名称, 金额是元、两位小数的字符串。",
    ]
    for tag, rows in by_tag.items():
        parts += [f"## {tag}", _table(("方法", "地址", "作用"), rows)]
    return _page(*parts)


def _table(heads: Sequence[str], rows: Iterable[str]) -> str:
    return "\n".join(["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads), *rows])


def _page(title: str, *parts: str) -> str:
    return "\n\n".join((title, MADE, *parts)) + "\n"


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
