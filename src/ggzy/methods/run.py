"""A method executed on bids: every step's figures, the order, who is recommended. Exact, and the same on every machine."""

import hashlib
import hmac
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal, localcontext
from enum import StrEnum
from itertools import takewhile
from typing import Any

from ggzy.methods.expression import CONTEXT, TINY, CannotCompute, Frame, half_up
from ggzy.methods.method import (
    BadMethod,
    Method,
    Quantity,
    StepKind,
    Ties,
    number,
    require_weight,
    require_within,
)

Value = Decimal | tuple[Decimal, ...]


class Rejected(StrEnum):
    """Whether a bid is out, and whether that was before the base was frozen: only then it sets none."""

    NO = ""
    BEFORE = "before"
    AFTER = "after"


@dataclass(frozen=True, kw_only=True)
class Bid:
    """One bid: its figures by name, and the word it is grouped by where only one of a group may be recommended."""

    ref: str
    figures: Mapping[str, Decimal]
    group: str = ""
    rejected: Rejected = Rejected.NO


@dataclass(frozen=True, kw_only=True)
class Scheme:
    """A method with the values of its parameters."""

    method: Method
    values: Mapping[str, Value]

    def as_json(self) -> dict[str, Any]:
        """Return it as plain JSON, numbers as text: what a tender file keeps."""
        return {
            "method": dict(self.method.source),
            "values": {
                name: [str(v) for v in value] if isinstance(value, tuple) else str(value)
                for name, value in self.values.items()
            },
        }


@dataclass(frozen=True, kw_only=True)
class Line:
    """One bid's result. `rank` is None where it was not ranked, and `out` then says why.

    `drawn`: its place among equals was, or must be, drawn in public.
    """

    bid: str
    rank: int | None
    candidate: bool
    figures: Mapping[str, Decimal]
    out: str = ""
    drawn: bool = False


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a method makes of bids: the figures of all (`ones`), of each (in `lines`, best first), and lists."""

    scheme: Scheme
    ones: Mapping[str, Decimal]
    lists: Mapping[str, Sequence[Decimal]]
    lines: tuple[Line, ...]

    @property
    def first(self) -> tuple[str, ...]:
        """Return the bids in the first place: one, or several where they are equal in everything."""
        return tuple(line.bid for line in self.lines if line.rank == 1)


def bind(method: Method, given: Mapping[str, Any]) -> Scheme:
    """Return the method with these parameter values; what is not given takes the file's own default.

    :raises BadMethod: a value is missing, out of bounds or unknown
    :raises UnlawfulMethod: a price weight below the least
    """
    if unknown := sorted(set(given) - {p.name for p in method.parameters}):
        raise BadMethod(f"办法“{method.title}”没有参数: {'、'.join(unknown)}")
    values: dict[str, Value] = {}
    for parameter in method.parameters:
        raw = given.get(parameter.name, parameter.default)
        if raw is None:
            raise BadMethod(f"还没有参数“{parameter.title}”({parameter.name})的值", field=parameter.name)
        value: Value
        if isinstance(raw, list | tuple):
            value = tuple(number(one, parameter.name) for one in raw)
        else:
            value = number(raw, parameter.name)
        if parameter.drawn is not None and parameter.drawn.count and not isinstance(value, tuple):
            value = (value,)
        require_within(parameter, value)
        if isinstance(value, Decimal):
            require_weight(method, parameter.name, value)
        values[parameter.name] = value
    return Scheme(method=method, values=values)


#: parameters that the lot itself gives; a file that names them needs no value for them
OF_THE_LOT = {"ceiling": "最高投标限价", "duration": "招标工期"}


def promise(method: Method, given: Mapping[str, Any]) -> Scheme:
    """Return the method with the values that a tender file fixes; what is drawn or is the lot's own comes later.

    :raises BadMethod: a value is missing, out of bounds, unknown, or is to be drawn and yet given
    """
    drawn = {p.name: p for p in method.parameters if p.drawn is not None}
    for name in given:
        if name in drawn:
            raise BadMethod(f"“{drawn[name].title}”在开标时当众抽取, 招标文件只写范围, 不能先定", field=name)
        if name in OF_THE_LOT:
            raise BadMethod(f"“{OF_THE_LOT[name]}”取自标段, 不用填写", field=name)
    bound = bind(method, {**samples(method), **given})
    return Scheme(method=method, values={n: v for n, v in bound.values.items() if n not in samples(method)})


def samples(method: Method) -> dict[str, Value]:
    """Return a value for each parameter that is not known when the file is written: for checks and previews."""
    found: dict[str, Value] = {}
    for parameter in method.parameters:
        if parameter.name in OF_THE_LOT:
            found[parameter.name] = Decimal(1)
        elif parameter.drawn is not None and parameter.drawn.count:
            found[parameter.name] = tuple(Decimal(n) for n in range(1, parameter.drawn.count + 1))
        elif parameter.drawn is not None:
            found[parameter.name] = parameter.drawn.choices[0]
    return found


def complete(promised: Scheme, *, drawn: Mapping[str, Any], of_the_lot: Mapping[str, Any]) -> Scheme:
    """Return a promised scheme with all its values: what was drawn, and what the lot gives.

    :raises BadMethod: one is missing
    """
    needed = {p.name for p in promised.method.parameters}
    lot = {n: v for n, v in of_the_lot.items() if n in needed and v is not None}
    return bind(promised.method, {**promised.values, **drawn, **lot})


def randomness_of(salts: Sequence[str]) -> bytes:
    """Return the public randomness of an opening: SHA-256 of the opened bids' price salts (hex), sorted.

    Each bidder's manifest committed to its salt before the deadline, and nobody but that bidder can know it before
    the bid is opened; all are published at the reading-out. One honest bidder makes it unpredictable to all others.
    """
    joined = hashlib.sha256()
    for salt in sorted(bytes.fromhex(one) for one in salts):
        joined.update(salt)
    return joined.digest()


def draw(method: Method, *, randomness: bytes, code: bytes) -> dict[str, Value]:
    """Return the parameters drawn from public randomness, each by its own label: anyone can draw them again.

    HKDF-SHA256 (salt `code`, input `randomness`) gives each label a number; the number modulo the count of choices is
    the place drawn. Places are drawn without putting back. The bias of the modulus is below 2^-230.
    """
    extracted = hmac.digest(code, randomness, "sha256")

    def drawn(label: str, choices: int) -> int:
        block = hmac.digest(extracted, label.encode() + b"\x01", "sha256")
        return int.from_bytes(block) % choices

    found: dict[str, Value] = {}
    for parameter in method.parameters:
        if parameter.drawn is None:
            continue
        label = f"method-parameter:{parameter.name}"
        if parameter.drawn.choices:
            found[parameter.name] = parameter.drawn.choices[drawn(label, len(parameter.drawn.choices))]
        else:
            left = list(range(1, parameter.drawn.of + 1))
            taken = [left.pop(drawn(f"{label}:{n}", len(left))) for n in range(parameter.drawn.count)]
            found[parameter.name] = tuple(Decimal(place) for place in sorted(taken))
    return found


def run(scheme: Scheme, bids: Sequence[Bid], *, order: Mapping[str, bytes] | None = None) -> Outcome:
    """Return what the method makes of the bids. The order in which they are given never matters.

    :param order: each bid's position in a public draw, by which equals are placed where the method says so
    :raises CannotCompute: a step has no value for these figures; the sentence names the step
    :raises BadMethod: a bid lacks a figure
    """
    if len({bid.ref for bid in bids}) != len(bids):
        raise BadMethod("投标的编号不能重复")
    with localcontext(CONTEXT):
        return _run(scheme, sorted(bids, key=lambda b: b.ref), order)


def what_if(
    scheme: Scheme,
    bids: Sequence[Bid],
    *,
    without: Collection[str] = (),
    rejected: Collection[str] = (),
    order: Mapping[str, bytes] | None = None,
) -> Outcome:
    """Return the outcome had the bids `without` never been handed in, or were those in `rejected` rejected now.

    What is rejected now leaves the base as it is (the base is frozen); what was never handed in sets none.

    :raises BadMethod: a bid is not among these
    """
    if unknown := sorted({*without, *rejected} - {bid.ref for bid in bids}):
        raise BadMethod(f"没有编号为“{unknown[0]}”的投标")
    left = [
        replace(bid, rejected=Rejected.AFTER) if bid.ref in rejected and not bid.rejected else bid
        for bid in bids
        if bid.ref not in without
    ]
    return run(scheme, left, order=order)


#: figures that stand in the second of two envelopes
OF_THE_SECOND = frozenset({"price", "discount"})


def first_envelope(scheme: Scheme, bids: Sequence[Bid]) -> dict[str, str]:
    """Return {bid: why} of the bids that a method of two envelopes keeps out before any price is known.

    That is what the steps before the first one that leans on a price decide. The bids carry no price.

    :raises CannotCompute: a step has no value for these figures
    """
    method = scheme.method
    before = takewhile(lambda step: not method.leans_on({step.name}) & OF_THE_SECOND, method.steps)
    figures = tuple(f for f in method.figures if f.name not in OF_THE_SECOND)
    first = replace(method, steps=tuple(before), figures=figures, order=(), one_per="")
    outcome = run(replace(scheme, method=first), bids)
    return {line.bid: line.out for line in outcome.lines if line.rank is None}


@dataclass
class _Work:
    """A run in progress."""

    frame: Frame
    counted: list[Bid]
    out: dict[str, str] = field(default_factory=dict)
    each: list[str] = field(default_factory=list)
    ones: dict[str, Decimal] = field(default_factory=dict)
    lists: dict[str, Sequence[Decimal]] = field(default_factory=dict)


def _run(scheme: Scheme, bids: Sequence[Bid], order: Mapping[str, bytes] | None) -> Outcome:
    method = scheme.method
    counted = [bid for bid in bids if bid.rejected is not Rejected.BEFORE]
    values: dict[str, Any] = {
        name: list(value) if isinstance(value, tuple) else value for name, value in scheme.values.items()
    }
    for figure in method.figures:
        values[figure.name] = [_figure(bid, figure) for bid in counted]
    work = _Work(Frame(values, list(range(len(counted)))), counted)
    work.out = {bid.ref: "已否决" for bid in bids if bid.rejected}
    work.each = [figure.name for figure in method.figures]
    for count, step in enumerate(method.steps, start=1):
        if not work.frame.present:
            break
        try:
            _take(step.name, step, work)
        except ArithmeticError:
            raise CannotCompute(
                f"第{count}步“{step.title}”算不出来: 除数为零或数值过大, 请检查参数", field=step.name
            ) from None
        except CannotCompute as no:
            raise CannotCompute(f"第{count}步“{step.title}”算不出来: {no.message}", field=step.name) from None
    return Outcome(
        scheme=scheme, ones=work.ones, lists=work.lists, lines=tuple(_lines(scheme, bids, work, order))
    )


def _take(name: str, step: Any, work: _Work) -> None:
    frame, compute = work.frame, step.formula.run
    if step.kind is StepKind.KEEP:
        kept = [place for place in frame.present if compute(frame, place)]
        for place in set(frame.present) - set(kept):
            work.out.setdefault(work.counted[place].ref, f"未通过: {step.title}")
        frame.present = kept
        return
    places = step.places
    if step.kind is StepKind.EACH:
        column: list[Decimal | None] = [None] * len(work.counted)
        for place in frame.present:
            value = compute(frame, place)
            column[place] = value if places is None else half_up(value, places)
        frame.values[name] = column
        work.each.append(name)
        return
    value = compute(frame, -1)
    if step.kind is StepKind.LIST:
        frame.values[name] = work.lists[name] = value
    else:
        frame.values[name] = work.ones[name] = value if places is None else half_up(value, places)


def _lines(scheme: Scheme, bids: Sequence[Bid], work: _Work, order: Mapping[str, bytes] | None) -> list[Line]:
    method, frame = scheme.method, work.frame
    ranked: list[tuple[tuple[Decimal, ...], bytes, int]] = []
    settled = TINY * 1000
    for place in frame.present:
        bid = work.counted[place]
        if bid.rejected:
            continue
        keys = tuple(
            # what differs by less than TINY is equal, also for the order
            (-v if key.highest else v).quantize(settled)
            for key in method.order
            for v in (key.formula.run(frame, place),)
        )
        drawn = order[bid.ref] if order is not None and method.ties is Ties.DRAW else b""
        ranked.append((keys, drawn, place))
    ranked.sort(key=lambda row: (row[0], row[1], work.counted[row[2]].ref))
    groups: set[str] = set()
    if method.one_per:
        best = []
        for row in ranked:
            bid = work.counted[row[2]]
            if bid.group and bid.group in groups:
                work.out[bid.ref] = f"与排序在前的投标{method.one_per}相同, 不再推荐"
            else:
                best.append(row)
                groups.add(bid.group)
        ranked = best
    most = int(method.candidates.run(frame, -1)) if frame.present else 0
    lines, rank = [], 0
    equals: dict[tuple[Decimal, ...], int] = {}
    for row in ranked:
        equals[row[0]] = equals.get(row[0], 0) + 1
    previous: Any = None
    for number_in_row, row in enumerate(ranked, start=1):
        if row[:2] != previous:
            rank, previous = number_in_row, row[:2]
        lines.append(
            Line(
                bid=work.counted[row[2]].ref,
                rank=rank,
                candidate=rank <= most,
                figures=_figures(work, row[2]),
                drawn=method.ties is Ties.DRAW and equals[row[0]] > 1,
            )
        )
    done = {line.bid for line in lines}
    places = {bid.ref: place for place, bid in enumerate(work.counted)}
    for bid in bids:
        if bid.ref not in done:
            own = _figures(work, places[bid.ref]) if bid.ref in places else dict(bid.figures)
            lines.append(
                Line(bid=bid.ref, rank=None, candidate=False, figures=own, out=work.out.get(bid.ref, ""))
            )
    return lines


def _figures(work: _Work, place: int) -> dict[str, Decimal]:
    return {n: work.frame.values[n][place] for n in work.each if work.frame.values[n][place] is not None}


def _figure(bid: Bid, figure: Quantity) -> Decimal:
    value = bid.figures.get(figure.name, figure.default)
    if value is None or isinstance(value, tuple):
        raise BadMethod(f"投标“{bid.ref}”没有“{figure.title}”({figure.name})", field=figure.name)
    try:
        require_within(figure, value)
    except BadMethod as no:
        raise BadMethod(f"投标“{bid.ref}”: {no.message}", field=figure.name) from None
    return value
