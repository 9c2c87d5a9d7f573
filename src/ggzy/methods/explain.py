"""A result told step by step in Chinese, at the level of who asks. Data; pages and the command line show it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from ggzy.methods.expression import FUNCTIONS, Call, Name, Node, names_in, shown, words
from ggzy.methods.method import Method, Quantity, Step, StepKind
from ggzy.methods.run import OF_THE_LOT, Line, Outcome, Scheme


class Level(StrEnum):
    """Who asks: everyone, one bidder (who also sees its own figures), or committee and supervisor."""

    PUBLIC = "public"
    BIDDER = "bidder"
    FULL = "full"


@dataclass(frozen=True, kw_only=True)
class Told:
    """One figure told: whose (empty: everybody's), the formula with its figures put in (empty: withheld), the result."""

    bid: str
    put_in: str
    result: str


@dataclass(frozen=True, kw_only=True)
class StepTold:
    """One step told; `rows` holds what this reader may see, `withheld` why there is no more."""

    number: int
    title: str
    formula: str
    rounding: str
    rows: tuple[Told, ...]
    withheld: str = ""


@dataclass(frozen=True, kw_only=True)
class PlaceTold:
    """One bid's place told: `rank` is empty where it was not ranked; `keys` are the figures it is ordered by."""

    bid: str
    rank: str
    candidate: bool
    keys: tuple[str, ...]
    says: str


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """A whole result: method, parameters (title, value), steps, by what is ordered, places."""

    title: str
    about: str
    parameters: tuple[tuple[str, str], ...]
    steps: tuple[StepTold, ...]
    order: str
    order_titles: tuple[str, ...]
    places: tuple[PlaceTold, ...]


def formula_in_words(method: Method, step: Step) -> str:
    """Return a step's formula with the quantities' titles."""
    return words(step.formula.node, say=lambda name: method.titles[name.name])


def in_words(method: Method) -> tuple[StepTold, ...]:
    """Return the steps of a method without any figures: how it computes."""
    return tuple(
        StepTold(
            number=n,
            title=step.title,
            formula=formula_in_words(method, step),
            rounding=_rounding(step),
            rows=(),
        )
        for n, step in enumerate(method.steps, start=1)
    )


def order_in_words(method: Method) -> str:
    """Return by what a method orders, and what becomes of equals."""
    keys = ", 再".join(f"按“{key.title}”{'由高到低' if key.highest else '由低到高'}" for key in method.order)
    return f"{keys}; 仍相同的{method.ties.label}"


def scheme_in_words(scheme: Scheme) -> list[tuple[str, str]]:
    """Return a promised scheme as (title, words): its parameters with values or ranges, its steps, its order."""
    method, out = scheme.method, []
    for parameter in method.parameters:
        out.append((parameter.title, parameter_in_words(parameter, scheme.values.get(parameter.name))))
    for step in method.steps:
        rounding = _rounding(step)
        out.append((step.title, formula_in_words(method, step) + (f" ({rounding})" if rounding else "")))
    out.append(("排序", order_in_words(method)))
    out.append(("基准价何时起不再改变", f"{method.frozen.label}; 计算错误除外"))
    return out


def parameter_in_words(parameter: Quantity, value: Decimal | tuple[Decimal, ...] | None) -> str:
    """Return a parameter's value, or from what it is drawn."""
    drawn = parameter.drawn
    if value is not None:
        return _with_unit(value, parameter)
    if drawn is not None and drawn.count:
        return f"开标时当众抽取: 1至{drawn.of}中的{drawn.count}个位置"
    if drawn is not None:
        few = len(drawn.choices) <= 12
        among = "、".join(map(str, drawn.choices)) if few else f"{drawn.choices[0]}至{drawn.choices[-1]}"
        return f"开标时当众抽取: {among}{parameter.unit}" + ("" if few else f", 共{len(drawn.choices)}个值")
    return "取自标段" if parameter.name in OF_THE_LOT else shown(parameter.default) + parameter.unit


def explain(
    outcome: Outcome,
    *,
    level: Level,
    viewer: str = "",
    names: Mapping[str, str] | None = None,
) -> Explanation:
    """Return the result told for one reader.

    PUBLIC tells parameters, the figures computed over all prices, each bid's rank and the figures it is ordered by. BIDDER
    adds the figures of the `viewer`'s own bid. FULL tells everything. What is computed over figures that were not
    read out at the opening (members' scores) is told only at FULL.

    :param names: what bids are called, by their reference
    """
    method, called = outcome.scheme.method, names or {}
    whose = {line.bid: line for line in outcome.lines}
    return Explanation(
        title=method.title,
        about=method.about,
        parameters=tuple(
            (parameter.title, _with_unit(outcome.scheme.values[parameter.name], parameter))
            for parameter in method.parameters
        ),
        steps=tuple(
            _step(n, step, outcome, level, viewer, called, whose)
            for n, step in enumerate(method.steps, start=1)
        ),
        order=order_in_words(method),
        order_titles=tuple(key.title for key in method.order),
        places=tuple(_place(line, outcome, called, level) for line in outcome.lines),
    )


def _step(
    number: int,
    step: Step,
    outcome: Outcome,
    level: Level,
    viewer: str,
    called: Mapping[str, str],
    whose: Mapping[str, Line],
) -> StepTold:
    method = outcome.scheme.method
    rows: list[Told] = []
    withheld = ""
    if step.kind in {StepKind.ALL, StepKind.LIST}:
        if level is not Level.FULL and _private_over_all(step.formula.node, method):
            withheld = "由评委评分得出, 只向评标委员会和监督部门显示"
        elif step.name in outcome.ones:
            value = outcome.ones[step.name]
            rows.append(
                Told(bid="", put_in=_put_in(step, outcome, None), result=f"{shown(value)}{step.unit}")
            )
        elif step.name in outcome.lists:
            rows.append(Told(bid="", put_in="", result=shown(outcome.lists[step.name])))
    else:
        seen = [line for line in whose.values() if level is Level.FULL or (line.bid == viewer and viewer)]
        if level is not Level.FULL:
            withheld = "" if seen and level is Level.BIDDER else "各投标自己的数, 只向该投标人显示"
        for line in seen if level is not Level.PUBLIC else []:
            if told := _own(step, line, outcome, called, level):
                rows.append(told)
    return StepTold(
        number=number,
        title=step.title,
        formula=formula_in_words(method, step),
        rounding=_rounding(step),
        rows=tuple(rows),
        withheld=withheld,
    )


def _own(step: Step, line: Line, outcome: Outcome, called: Mapping[str, str], level: Level) -> Told | None:
    name = called.get(line.bid, line.bid)
    if step.kind is StepKind.KEEP:
        failed = line.out == f"未通过: {step.title}"
        return (
            Told(bid=name, put_in="", result="未通过" if failed else "通过") if failed or line.rank else None
        )
    if step.name not in line.figures:
        return None
    method = outcome.scheme.method
    secret = level is not Level.FULL and _private_over_all(step.formula.node, method)
    return Told(
        bid=name,
        put_in="" if secret else _put_in(step, outcome, line),
        result=f"{shown(line.figures[step.name])}{step.unit}",
    )


def _put_in(step: Step, outcome: Outcome, line: Line | None) -> str:
    """Return the formula with its figures put in; what is computed over all bids keeps its title."""
    method = outcome.scheme.method
    single = {**outcome.scheme.values, **outcome.ones} | (dict(line.figures) if line else {})

    def say(name: Name) -> str:
        value = single.get(name.name)
        if value is None or isinstance(value, tuple):
            return method.titles[name.name.removeprefix(OVER_ALL)]
        return shown(value)

    each = {q.name for q in method.figures} | {s.name for s in method.steps if s.kind is StepKind.EACH}
    return words(_marked(step.formula.node, each, over_all=False), say=say)


#: marks a quantity that a formula takes of all bids: it has no one figure to put in
OVER_ALL = "all "


def _marked(node: Node, each: set[str], *, over_all: bool) -> Node:
    if isinstance(node, Name):
        return Name(OVER_ALL + node.name) if over_all and node.name in each else node
    if not isinstance(node, Call):
        return node
    takes = FUNCTIONS[node.function].takes
    return Call(
        node.function,
        tuple(
            _marked(a, each, over_all=over_all or takes[n : n + 1] == "l") for n, a in enumerate(node.args)
        ),
    )


def _private_over_all(node: Node, method: Method) -> bool:
    """Say whether a formula computes over all bids with figures that were not read out."""
    private = {q.name for q in method.figures} - Method.READ_OUT
    steps = {s.name: s for s in method.steps}
    each = {s.name for s in method.steps if s.kind is StepKind.EACH} | {q.name for q in method.figures}
    for name in names_in(node):
        if name in each:
            continue
        if name in steps and (
            method.leans_on({name}) & private or _private_over_all(steps[name].formula.node, method)
        ):
            return True
    return _lists_private(node, method, private)


def _lists_private(node: Node, method: Method, private: set[str]) -> bool:
    if not isinstance(node, Call):
        return False
    if "l" in FUNCTIONS[node.function].takes and method.leans_on(names_in(node)) & private:
        return True
    return any(_lists_private(arg, method, private) for arg in node.args)


def _place(line: Line, outcome: Outcome, called: Mapping[str, str], level: Level) -> PlaceTold:
    method, keys = outcome.scheme.method, []
    for n, key in enumerate(method.order):
        # the total is published with the candidates; the members' points behind it are not
        told = level is Level.FULL or n == 0 or method.leans_on(names_in(key.formula.node)) <= method.READ_OUT
        value = line.figures.get(key.formula.text) if told else None
        keys.append(shown(value))
    says = line.out or ("与他人各项相同, 由公开抽签定次序" if line.drawn else "")
    return PlaceTold(
        bid=called.get(line.bid, line.bid),
        rank="" if line.rank is None else str(line.rank),
        candidate=line.candidate,
        keys=tuple(keys),
        says=says,
    )


def _rounding(step: Step) -> str:
    if step.kind in {StepKind.LIST, StepKind.KEEP}:
        return ""
    return "不取舍" if step.places is None else f"四舍五入到{step.places}位小数"


def _with_unit(value: Decimal | tuple[Decimal, ...], quantity: Quantity) -> str:
    return shown(value) + quantity.unit


def as_json(explanation: Explanation) -> dict[str, Any]:
    """Return an explanation as plain JSON: what a report keeps."""
    return asdict(explanation)
