"""A formula as a small tree: read from text, checked for what it may name, computed in `Decimal`, told in Chinese.

The text is Python's arithmetic over named quantities (`min(price) / price * weight`); Python's parser reads it, a short
list says what may stand in it, and our own functions compute it. Nothing is ever evaluated as a program.

A quantity has one of three shapes: one value for the whole tender (ONE), one for each bid (EACH), or a list of values.
Where a function wants a list and is given a quantity of each bid, it takes that quantity of all bids: `mean(price)`.
"""

import ast
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import (
    ROUND_CEILING,
    ROUND_FLOOR,
    ROUND_HALF_UP,
    Context,
    Decimal,
    DivisionByZero,
    InvalidOperation,
    Overflow,
)
from enum import StrEnum
from typing import Any

from ggzy.kernel.refusals import BadInput

LONGEST, DEEPEST, MOST_NODES, MOST_PLACES = 600, 24, 160, 10
#: 70 digits carry a quotient; what differs by less than TINY differs only because a quotient had to be cut off,
#: so a comparison and a rounding treat it as equal: 2/3 × 3 is 2, and 24.045 rounds up however it was reached
CONTEXT = Context(prec=70, traps=[DivisionByZero, InvalidOperation, Overflow])
TINY = Decimal("1E-40")
_DIGITS = re.compile(r"[0-9]{1,20}(\.[0-9]{1,12})?", re.ASCII)
ZERO, ONE_UNIT = Decimal(0), Decimal(1)


class BadFormula(BadInput):
    """A formula cannot be read, or names what it may not; the sentence says where and how to mend it."""

    code = "method.formula"


class CannotCompute(BadInput):
    """A formula has no value for these figures: a division by zero, or the mean of nothing."""

    code = "method.cannot_compute"


class Shape(StrEnum):
    """For whom a quantity has a value."""

    ONE = "one"
    EACH = "each"
    LIST = "list"


@dataclass(frozen=True)
class Number:
    """A number written in the formula."""

    value: Decimal


@dataclass(frozen=True)
class Name:
    """A named quantity."""

    name: str


@dataclass(frozen=True)
class Call:
    """A function or an operator and what it is applied to."""

    function: str
    args: tuple["Node", ...]


Node = Number | Name | Call


@dataclass
class Frame:
    """The figures a formula is computed with: `values[name]` is a number, a list, or a list with a place for each bid.

    `present` are the places of the bids still in. What a formula computes over all of them is computed once: a formula
    belongs to one step, and who is in changes only between steps.
    """

    values: dict[str, Any]
    present: list[int]
    known: dict[int, Any] = field(default_factory=dict)


Run = Callable[[Frame, int], Any]


@dataclass(frozen=True)
class Formula:
    """A checked formula: its tree, shape, whether it answers yes or no, and how to compute it."""

    text: str
    node: Node
    shape: Shape
    truth: bool
    run: Run = field(compare=False, repr=False)


# --- what a formula may compute -------------------------------------------------------------------------------


def half_up(value: Decimal, places: Decimal | int) -> Decimal:
    """Return the value rounded half up (away from zero) to so many places."""
    if not 0 <= places <= MOST_PLACES or places != int(places):
        raise CannotCompute(f"保留的小数位数应为0至{MOST_PLACES}的整数")
    nudged = value + TINY if value >= 0 else value - TINY
    return nudged.quantize(ONE_UNIT.scaleb(-int(places)), ROUND_HALF_UP) + 0


def _mean(values: Sequence[Decimal]) -> Decimal:
    return sum(values, ZERO) / len(_some(values))


def _some(values: Sequence[Decimal]) -> Sequence[Decimal]:
    if not values:
        raise CannotCompute("没有可用的数值, 请检查去掉的个数或筛选的范围")
    return values


def _median(values: Sequence[Decimal]) -> Decimal:
    ordered, half = sorted(_some(values)), len(values) // 2
    return ordered[half] if len(values) % 2 else (ordered[half - 1] + ordered[half]) / 2


def _whole(value: Decimal, says: str) -> int:
    if value < 0 or value != value.to_integral_value():
        raise CannotCompute(f"{says}应为非负整数, 现为{value}")
    return int(value)


def _trim(values: Sequence[Decimal], low: Decimal, high: Decimal) -> list[Decimal]:
    first, last = _whole(low, "去掉的个数"), _whole(high, "去掉的个数")
    return sorted(values)[first : max(first, len(values) - last)]


def _lowest(values: Sequence[Decimal], count: Decimal) -> list[Decimal]:
    return sorted(values)[: _whole(count, "取用的个数")]


def _at(values: Sequence[Decimal], places: Sequence[Decimal]) -> list[Decimal]:
    ordered = sorted(values)
    return [ordered[int(p) - 1] for p in places if 1 <= p <= len(ordered)]


def _from_table(value: Decimal, *table: Decimal) -> Decimal:
    result = table[0]
    for least, then in zip(table[1::2], table[2::2], strict=True):
        if value - least >= -TINY:
            result = then
    return result


def _clamp(value: Decimal, least: Decimal, most: Decimal) -> Decimal:
    return max(least, min(most, value))


@dataclass(frozen=True)
class Function:
    """What a function takes (`l` list, `n` number, `b` yes or no; `+` more of the last), gives, and is called."""

    takes: str
    gives: str
    words: str
    run: Callable[..., Any]
    #: how tightly an operator binds in the words; 0: a function
    binds: int = 0


FUNCTIONS: dict[str, Function] = {
    "mean": Function("l", "n", "算术平均值({0})", _mean),
    "median": Function("l", "n", "中位数({0})", _median),
    "sum": Function("l", "n", "合计({0})", lambda v: sum(v, ZERO)),
    "count": Function("l", "n", "个数({0})", lambda v: Decimal(len(v))),
    "min": Function("l", "n", "最低值({0})", lambda v: min(_some(v))),
    "max": Function("l", "n", "最高值({0})", lambda v: max(_some(v))),
    "trim": Function("lnn", "l", "去高去低({0}; 最低去掉{1}, 最高去掉{2})", _trim),
    "above": Function("ln", "l", "筛选({0}; 高于{1})", lambda v, x: [p for p in v if p - x > TINY]),
    "below": Function("ln", "l", "筛选({0}; 低于{1})", lambda v, x: [p for p in v if x - p > TINY]),
    "not_above": Function("ln", "l", "筛选({0}; 不高于{1})", lambda v, x: [p for p in v if p - x <= TINY]),
    "not_below": Function("ln", "l", "筛选({0}; 不低于{1})", lambda v, x: [p for p in v if x - p <= TINY]),
    "lowest": Function("ln", "l", "最低的几个({0}; 个数{1})", _lowest),
    "at": Function("ll", "l", "按位置取({0}; 由低到高第{1}位)", _at),
    "smallest": Function("nn+", "n", "较小者({*})", lambda *v: min(v)),
    "largest": Function("nn+", "n", "较大者({*})", lambda *v: max(v)),
    "clamp": Function("nnn", "n", "限定({0}; 不低于{1}, 不高于{2})", _clamp),
    "abs": Function("n", "n", "绝对值({0})", abs),
    "round": Function("nn", "n", "四舍五入({0}; {1}位小数)", half_up),
    "up": Function("n", "n", "向上取整({0})", lambda x: (x - TINY).to_integral_value(ROUND_CEILING) + 0),
    "down": Function("n", "n", "向下取整({0})", lambda x: (x + TINY).to_integral_value(ROUND_FLOOR) + 0),
    "from_table": Function("nn+", "n", "按{0}查表", _from_table),
    "+": Function("nn", "n", "{0} + {1}", lambda a, b: a + b, 4),
    "-": Function("nn", "n", "{0} - {1}", lambda a, b: a - b, 4),
    "*": Function("nn", "n", "{0} × {1}", lambda a, b: a * b, 5),
    "/": Function("nn", "n", "{0} ÷ {1}", lambda a, b: a / b, 5),
    "neg": Function("n", "n", "-{0}", lambda a: -a, 6),
    "<": Function("nn", "b", "{0} 低于 {1}", lambda a, b: b - a > TINY, 3),
    "<=": Function("nn", "b", "{0} 不高于 {1}", lambda a, b: a - b <= TINY, 3),
    ">": Function("nn", "b", "{0} 高于 {1}", lambda a, b: a - b > TINY, 3),
    ">=": Function("nn", "b", "{0} 不低于 {1}", lambda a, b: b - a <= TINY, 3),
    "==": Function("nn", "b", "{0} 等于 {1}", lambda a, b: abs(a - b) <= TINY, 3),
    "!=": Function("nn", "b", "{0} 不等于 {1}", lambda a, b: abs(a - b) > TINY, 3),
    "and": Function("bb", "b", "{0}, 且 {1}", lambda a, b: a and b, 1),
    "or": Function("bb", "b", "{0}, 或 {1}", lambda a, b: a or b, 1),
    "not": Function("b", "b", "不满足 {0}", lambda a: not a, 2),
    "if": Function("bnn", "n", "(如{0}, 取{1}; 否则取{2})", lambda a, b, c: b if a else c),
}
COMPARISONS = {"<", "<=", ">", ">=", "==", "!="}
_OPERATORS: dict[type[ast.AST], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.And: "and",
    ast.Or: "or",
}


# --- reading ------------------------------------------------------------------------------------------------


def read(text: str) -> Node:
    """Return the tree of a formula's text.

    :raises BadFormula: not arithmetic, an unknown function, or too long or deep
    """
    if not isinstance(text, str) or not text.strip():
        raise BadFormula("公式不能为空")
    text = text.strip()
    if len(text) > LONGEST or "\n" in text:
        raise BadFormula(f"公式应写在一行, 不超过{LONGEST}个字符, 请把它分成几步")
    try:
        tree = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise BadFormula(f"公式“{text}”读不懂, 请检查括号、逗号和运算符") from None
    if sum(1 for _ in ast.walk(tree)) > MOST_NODES * 2:
        raise BadFormula("公式过长, 请把它分成几步")
    return _node(tree, text, 1)


def _node(tree: ast.expr, text: str, depth: int) -> Node:
    if depth > DEEPEST:
        raise BadFormula(f"公式的括号超过{DEEPEST}层, 请把它分成几步")
    inner = depth + 1
    match tree:
        case ast.Constant() if _DIGITS.fullmatch(written := ast.get_source_segment(text, tree) or ""):
            return Number(Decimal(written))  # the digits as written: 0.1 passes through no binary fraction
        case ast.Name(id=name):
            return Name(name)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            return Call(_OPERATORS[type(op)], (_node(left, text, inner), _node(right, text, inner)))
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return Call("neg", (_node(operand, text, inner),))
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return Call("not", (_node(operand, text, inner),))
        case ast.BoolOp(op=op, values=values):
            nodes = [_node(value, text, inner) for value in values]
            whole = nodes[0]
            for following in nodes[1:]:
                whole = Call(_OPERATORS[type(op)], (whole, following))
            return whole
        case ast.Compare(left=left, ops=ops, comparators=sides) if all(type(o) in _OPERATORS for o in ops):
            nodes = [_node(side, text, inner) for side in (left, *sides)]
            parts = [Call(_OPERATORS[type(o)], (nodes[n], nodes[n + 1])) for n, o in enumerate(ops)]
            whole = parts[0]
            for part in parts[1:]:
                whole = Call("and", (whole, part))
            return whole
        case ast.IfExp(test=test, body=body, orelse=other):
            return Call("if", tuple(_node(part, text, inner) for part in (test, body, other)))
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]):
            if name not in FUNCTIONS or not name.isidentifier() or name in {"and", "or", "not", "if", "neg"}:
                known = "、".join(f for f in FUNCTIONS if f.isidentifier() and f not in {"neg"})
                raise BadFormula(f"没有名为“{name}”的函数, 可用的有: {known}")
            return Call(name, tuple(_node(arg, text, inner) for arg in args))
    raise BadFormula(f"公式“{text}”里有不能使用的写法, 只能用数字、量的名称、四则运算、比较和列出的函数")


# --- checking and compiling ---------------------------------------------------------------------------------


def compiled(text: str, *, shapes: Mapping[str, Shape]) -> Formula:
    """Return the formula with its shape known and a way to compute it.

    :raises BadFormula: it names an unknown quantity, or gives a function what it cannot take
    """
    node = read(text)
    shape, truth, run = _compile(node, shapes)
    return Formula(text.strip(), node, shape, truth, run)


def _compile(node: Node, shapes: Mapping[str, Shape]) -> tuple[Shape, bool, Run]:
    if isinstance(node, Number):
        value = node.value
        return Shape.ONE, False, lambda frame, place: value
    if isinstance(node, Name):
        name = node.name
        if name not in shapes:
            raise BadFormula(f"公式里的“{name}”不是已说明的量, 可用的有: {'、'.join(sorted(shapes))}")
        if shapes[name] is Shape.EACH:
            return Shape.EACH, False, lambda frame, place: frame.values[name][place]
        return shapes[name], False, lambda frame, place: frame.values[name]
    return _compile_call(node, shapes)


def _compile_call(node: Call, shapes: Mapping[str, Shape]) -> tuple[Shape, bool, Run]:
    function, parts = FUNCTIONS[node.function], [_compile(arg, shapes) for arg in node.args]
    takes = function.takes
    if takes.endswith("+"):
        takes = takes[:-1] + takes[-2] * max(0, len(parts) - len(takes) + 1)
    if len(parts) != len(takes):
        raise BadFormula(f"函数“{node.function}”的参数个数不对, 应有{len(function.takes.rstrip('+'))}个")
    if node.function == "from_table" and len(parts) % 2:
        raise BadFormula("from_table 应写成: 量, 起始值, 界限1, 值1, 界限2, 值2")
    runs: list[Run] = []
    for wants, (shape, truth, run) in zip(takes, parts, strict=True):
        if (wants == "b") != truth:
            raise BadFormula(f"“{node.function}”" + ("需要一个条件" if wants == "b" else "不能用条件作数值"))
        if wants == "l" and shape is Shape.ONE:
            raise BadFormula(f"函数“{node.function}”需要一组数值, 例如全部投标的报价")
        if wants != "l" and shape is Shape.LIST:
            raise BadFormula(f"“{node.function}”需要一个数值, 不能直接用一组数值")
        runs.append(_listed(run) if wants == "l" and shape is Shape.EACH else run)
    over_all = "l" in takes
    single = [s for wants, (s, _, _) in zip(takes, parts, strict=True) if wants != "l"]
    if over_all and Shape.EACH in single:
        raise BadFormula(f"函数“{node.function}”的界限对各投标应当相同, 不能逐家不同")
    if function.gives == "l":
        result = Shape.LIST
    else:
        result = Shape.EACH if Shape.EACH in single else Shape.ONE
    return result, function.gives == "b", _runner(node.function, runs, kept=over_all)


def _listed(run: Run) -> Run:
    return lambda frame, place: [run(frame, p) for p in frame.present]


def _runner(name: str, runs: Sequence[Run], *, kept: bool) -> Run:
    """Return how to compute a call: lazily where a branch may have no value, once where it is over all bids."""
    if name == "if":
        test, then, other = runs
        return lambda frame, place: then(frame, place) if test(frame, place) else other(frame, place)
    if name in {"and", "or"}:
        first, second = runs
        if name == "and":
            return lambda frame, place: first(frame, place) and second(frame, place)
        return lambda frame, place: first(frame, place) or second(frame, place)
    compute = FUNCTIONS[name].run
    if kept:
        key = object()

        def once(frame: Frame, place: int) -> Any:
            if id(key) not in frame.known:
                frame.known[id(key)] = compute(*[run(frame, place) for run in runs])
            return frame.known[id(key)]

        return once
    if len(runs) == 2:
        left, right = runs
        return lambda frame, place: compute(left(frame, place), right(frame, place))
    return lambda frame, place: compute(*[run(frame, place) for run in runs])


def names_in(node: Node) -> set[str]:
    """Return the quantities a tree names."""
    if isinstance(node, Name):
        return {node.name}
    return set().union(*(names_in(arg) for arg in node.args)) if isinstance(node, Call) else set()


# --- telling ------------------------------------------------------------------------------------------------


def shown(value: Any) -> str:
    """Return a figure as people read it: as it is, or with 8 places where it is longer ("约")."""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, list | tuple):
        return "、".join(shown(one) for one in value) or "(无)"
    if value is None:
        return "-"
    short = half_up(value, 8)
    text = f"{short.normalize():f}" if short != value or int(value.as_tuple().exponent) < -2 else f"{value:f}"
    return text if short == value else f"约{text}"


def words(node: Node, *, say: Callable[[Name], str]) -> str:
    """Return the tree in Chinese; `say` gives the words for a quantity (its title, or its figure)."""
    return _words(node, say, 0)


def _words(node: Node, say: Callable[[Name], str], outer: int) -> str:
    if isinstance(node, Number):
        return f"{node.value:f}"
    if isinstance(node, Name):
        return say(node)
    function = FUNCTIONS[node.function]
    if not function.binds:
        inside = [_words(arg, say, 0) for arg in node.args]
        if node.function == "from_table":
            rows = "; ".join(f"{a}及以上取{b}" for a, b in zip(inside[2::2], inside[3::2], strict=True))
            return f"查表({inside[0]}; 起始取{inside[1]}; {rows})"
        return function.words.replace("{*}", ", ".join(inside)).format(*inside)
    # the right side of a difference or a quotient is bracketed where it binds no tighter: a - (b - c)
    tighter = node.function in {"-", "/"}
    inside = [_words(arg, say, function.binds + (tighter and n > 0)) for n, arg in enumerate(node.args)]
    text = function.words.format(*inside)
    return f"({text})" if function.binds < outer else text
