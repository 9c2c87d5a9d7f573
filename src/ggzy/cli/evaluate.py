"""./ggzy evaluate CSV --method FILE: run a method on plain prices, and hold its winners against those recorded."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from ggzy.kernel.refusals import Refusal
from ggzy.methods.explain import Explanation, Level, explain, in_words, order_in_words
from ggzy.methods.expression import shown
from ggzy.methods.method import BadMethod, Method
from ggzy.methods.run import Outcome, bind, what_if
from ggzy.methods.shelf import FILES, method_named, read_toml, shipped
from ggzy.methods.table import Table, TenderRows, read_table

FEW = 30


def main(argv: Sequence[str]) -> int:
    """Evaluate a table; 0 when it was evaluated, 1 when something in it or in the method file cannot be, 2 for usage."""
    parser = argparse.ArgumentParser(
        prog="./ggzy evaluate",
        description="用评标办法文件计算一张报价表, 与记录的中标结果核对",
        epilog=f"随附的办法文件在 {FILES.relative_to(FILES.parents[3])}/, --list 列出",
    )
    parser.add_argument(
        "table", nargs="?", type=Path, help="CSV, 列: Tender, Bid_value, 可有 Winner、ceiling"
    )
    parser.add_argument("--method", help="办法文件(.toml), 或随附办法的名称")
    parser.add_argument("--value", default="", help="报价(或下浮率)所在的列, 默认 Bid_value")
    parser.add_argument("--set", action="append", default=[], metavar="参数=值", help="参数的值, 可多次")
    parser.add_argument("--each", action="store_true", help=f"逐个列出(不超过{FEW}个时总是列出)")
    parser.add_argument("--tender", help="只算这一个, 并逐步说明")
    parser.add_argument(
        "--without", default="", help="假如没有这些投标(表中的行号, 逗号分开), 与 --tender 合用"
    )
    parser.add_argument("--list", action="store_true", help="列出随附的办法, 或与 --method 合用说明一个办法")
    args = parser.parse_args(argv)
    try:
        if args.list:
            return _list(args.method)
        if args.table is None or args.method is None:
            parser.print_usage(sys.stderr)
            return 2
        method = _method(args.method)
        table = read_table(args.table.read_bytes(), method=method, value=args.value)
        given = dict(_pair(text) for text in args.set)
        if args.tender is not None:
            return _one(method, table, args.tender, given, [w for w in args.without.split(",") if w])
        return _all(method, table, given, each=args.each or len(table.tenders) <= FEW)
    except Refusal as no:
        print(f"未计算: {no.message}" + (f" (依据: {no.basis})" if no.basis else ""), file=sys.stderr)
        return 1
    except OSError as trouble:
        print(f"读不到文件: {trouble}", file=sys.stderr)
        return 1


def _method(name: str) -> Method:
    path = Path(name)
    if path.exists() or path.stem not in shipped():
        return read_toml(path.read_text(encoding="utf-8-sig")) if path.suffix else method_named(name)
    return method_named(path.stem)


def _pair(text: str) -> tuple[str, str | list[str]]:
    name, equals, value = text.partition("=")
    if not equals:
        raise BadMethod(f"--set 应写成 参数=值, 现为“{text}”")
    return name.strip(), value.split(",") if "," in value else value.strip()


def _outcome(
    method: Method, rows: TenderRows, given: dict[str, str | list[str]], without: Sequence[str] = ()
) -> Outcome:
    return what_if(bind(method, rows.values | given), rows.bids, without=without)


def _all(method: Method, table: Table, given: dict[str, str | list[str]], *, each: bool) -> int:
    matches = recorded = equal = 0
    failed: list[str] = []
    for rows in table.tenders:
        recorded += bool(rows.winners)
        try:
            outcome = _outcome(method, rows, given)
        except Refusal as no:
            failed.append(f"{rows.tender}: {no.message}")
            continue
        match = bool(rows.winners & set(outcome.first))
        matches += match
        equal += match and len(outcome.first) > len(rows.winners & set(outcome.first))
        if each:
            print(_line(method, rows, outcome))
    for text in failed[:5]:
        print(f"算不出: {text}", file=sys.stderr)
    print(
        f"办法: {method.title}; 招标 {len(table.tenders)} 个, 投标 {sum(len(t.bids) for t in table.tenders)} 份",
        end="",
    )
    print(f", 没有报价的行 {table.blank} 个" if table.blank else "", end="")
    print(f", 算不出 {len(failed)} 个" if failed else "")
    if equal:
        print(f"其中 {equal} 个的第一名不止一家(各项相同), 记录的中标人是其中之一")
    if table.has_winners:
        print(f"winner matches {matches} / {recorded}")
    return 1 if failed and len(failed) == len(table.tenders) else 0


def _line(method: Method, rows: TenderRows, outcome: Outcome) -> str:
    first = [line for line in outcome.lines if line.rank == 1]
    value = shown(first[0].figures[method.value]) if first else "无"
    base = f", 基准 {shown(outcome.ones[method.base])}" if method.base in outcome.ones else ""
    verdict = ""
    if rows.winners:
        verdict = ", 与记录一致" if rows.winners & set(outcome.first) else ", 与记录不同"
    return f"{rows.tender}: {len(rows.bids)} 份, 第一名 {value} (第 {'、'.join(outcome.first)} 行){base}{verdict}"


def _one(
    method: Method, table: Table, tender: str, given: dict[str, str | list[str]], without: Sequence[str]
) -> int:
    rows = next((t for t in table.tenders if t.tender == tender), None)
    if rows is None:
        print(f"表中没有 Tender 为“{tender}”的行", file=sys.stderr)
        return 1
    outcome = _outcome(method, rows, given)
    names = {bid.ref: f"第{bid.ref}行" for bid in rows.bids}
    _print(explain(outcome, level=Level.FULL, names=names))
    if without:
        other = _outcome(method, rows, given, [w.strip() for w in without])
        print(f"假如没有第{'、'.join(without)}行: 第一名是第{'、'.join(other.first)}行", end="")
        print(f", 基准 {shown(other.ones[method.base])}" if method.base in other.ones else "")
    return 0


def _print(told: Explanation) -> None:
    print(f"{told.title}\n{told.about}")
    for title, value in told.parameters:
        print(f"  参数 {title}: {value}")
    for step in told.steps:
        print(
            f"{step.number}. {step.title} = {step.formula}" + (f" ({step.rounding})" if step.rounding else "")
        )
        for row in step.rows:
            print(
                f"     {row.bid + ': ' if row.bid else ''}{row.put_in + ' = ' if row.put_in else ''}{row.result}"
            )
    print(f"排序: {told.order}")
    for place in told.places:
        print(f"  {place.rank or '-'}  {place.bid}  {'  '.join(place.keys)}  {place.says}".rstrip())


def _list(name: str | None) -> int:
    if name is None:
        for method in shipped().values():
            print(f"{method.id:<28} {method.title}")
        return 0
    method = _method(name)
    print(f"{method.title}\n{method.about}\n依据: {'; '.join(method.basis)}")
    for step in in_words(method):
        print(
            f"{step.number}. {step.title} = {step.formula}" + (f" ({step.rounding})" if step.rounding else "")
        )
    print(f"排序: {order_in_words(method)}")
    for warning in method.warnings:
        print(f"提示: {warning}")
    return 0
