"""An evaluation method as data: parameters, figures of each bid, named steps, the order. Checked when it is read.

What the law forbids is refused here, whoever wrote the file: rejecting or ranking by 标底 (条例第五十条), a lowest price
(条例第二十七条), choosing bidders by lot (发改法规规〔2022〕1117号), a price weight below that of 87号令第五十五条.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, ClassVar

from ggzy.kernel.refusals import BadInput, Citation
from ggzy.methods.expression import FUNCTIONS, BadFormula, Call, Formula, Node, Shape, compiled, names_in

MOST_STEPS, MOST_QUANTITIES = 40, 40
NAME = re.compile(r"[a-z][a-z0-9_]{0,39}", re.ASCII)
#: what a bid always brings, and what one bids with where the method says `value = "discount"`
VALUES = {"price": "投标报价", "discount": "下浮率"}
UNITS = ("", "元", "%", "分", "天", "个")
#: the parameter of this name is 标底, and no other may be
ESTIMATE = "estimate"
SCOPES = {
    "any": "各类交易",
    "gc": "工程建设招标投标",
    "gp_goods": "政府采购货物",
    "gp_services": "政府采购服务",
    "gp": "政府采购",
}
LEAST_PRICE_WEIGHT = {"gp_goods": Decimal(30), "gp_services": Decimal(10)}


class BadMethod(BadInput):
    """A method file is incomplete or contradicts itself; the sentence says which part and how to mend it."""

    code = "method.invalid"


class UnlawfulMethod(BadInput):
    """A method file does what a law forbids."""

    code = "method.unlawful"


class StepKind(StrEnum):
    """What a step gives: one figure, one for each bid, a list, or which bids stay in."""

    ALL = "all"
    EACH = "each"
    LIST = "list"
    KEEP = "keep"


class Ties(StrEnum):
    """What becomes of bids equal in every key."""

    SHARED = "shared"
    DRAW = "draw"

    @property
    def label(self) -> str:
        """Return the words for people."""
        return {"shared": "并列", "draw": "当众抽签排序"}[self.value]


class Frozen(StrEnum):
    """From when a rejection no longer changes what is computed over all bids."""

    OPENING = "opening"
    REVIEW = "after_preliminary_review"

    @property
    def label(self) -> str:
        """Return the words for people."""
        return {"opening": "开标时", "after_preliminary_review": "初步评审结束时"}[self.value]


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """How a parameter is drawn in public: one of `choices`, or `count` of the places 1 to `of`."""

    choices: tuple[Decimal, ...] = ()
    count: int = 0
    of: int = 0


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """A parameter of the method, or a figure that each bid brings."""

    name: str
    title: str
    unit: str
    default: Decimal | tuple[Decimal, ...] | None
    least: Decimal | None
    most: Decimal | None
    drawn: Drawn | None = None


@dataclass(frozen=True, kw_only=True)
class Step:
    """One named step; `places`: its result is rounded half up to so many, or not at all."""

    name: str
    title: str
    kind: StepKind
    formula: Formula
    places: int | None
    unit: str


@dataclass(frozen=True, kw_only=True)
class Key:
    """By what bids are ordered, and whether the highest or the lowest comes first."""

    title: str
    formula: Formula
    highest: bool


@dataclass(frozen=True, kw_only=True)
class Separation:
    """评定分离: candidates without an order, where a region's rules allow it."""

    region: str
    basis: str


@dataclass(frozen=True, kw_only=True)
class Method:
    """A checked method. `source` is what was read, as plain JSON: it is what a tender file keeps and hashes.

    `envelopes`: 2 where prices are opened only after the first envelope is judged. `base` names the step that is the base price; `falling`: the file says that a dearer bid never scores more.
    """

    id: str
    title: str
    about: str
    basis: tuple[str, ...]
    scope: str
    value: str
    frozen: Frozen
    parameters: tuple[Quantity, ...]
    figures: tuple[Quantity, ...]
    steps: tuple[Step, ...]
    order: tuple[Key, ...]
    ties: Ties
    one_per: str
    candidates: Formula
    base: str
    score: str
    falling: bool
    envelopes: int
    separation: Separation | None
    warnings: tuple[str, ...]
    source: Mapping[str, Any]

    #: figures that every reader may see from the opening on: what is read out
    READ_OUT: ClassVar[frozenset[str]] = frozenset({"price", "discount", "duration_days"})

    @property
    def titles(self) -> dict[str, str]:
        """Return the Chinese title of every quantity."""
        quantities = {q.name: q.title for q in (*self.figures, *self.parameters)}
        return quantities | {step.name: step.title for step in self.steps}

    def leans_on(self, names: set[str]) -> set[str]:
        """Return the parameters and figures that these quantities come from in the end."""
        steps = {step.name: step for step in self.steps}
        found: set[str] = set()
        for name in names:
            found |= self.leans_on(names_in(steps[name].formula.node)) if name in steps else {name}
        return found


# --- reading ------------------------------------------------------------------------------------------------

_KEYS = {
    "id", "title", "about", "basis", "scope", "value", "base_frozen_at", "parameters", "bid", "steps", "rank", "base",
    "score", "dearer_never_scores_more", "separation", "envelopes",
}  # fmt: skip


def parse(raw: Mapping[str, Any]) -> Method:
    """Return the method in a mapping (from TOML or JSON).

    :raises BadMethod: something is missing, unknown or out of bounds
    :raises BadFormula: a formula cannot be read
    :raises UnlawfulMethod: it does what a law forbids
    """
    if not isinstance(raw, Mapping):
        raise BadMethod("评标办法应为一组“名称: 内容”")
    if unknown := sorted(set(raw) - _KEYS):
        raise BadMethod(f"评标办法里有不认识的项目: {'、'.join(unknown)}")
    value = str(raw.get("value", "price"))
    if value not in VALUES:
        raise BadMethod("value 应为 price (报价) 或 discount (下浮率)", field="value")
    scope = str(raw.get("scope", "any"))
    if scope not in SCOPES:
        raise BadMethod(f"scope 应为其中之一: {'、'.join(SCOPES)}", field="scope")
    parameters = _quantities(raw.get("parameters"), "parameters")
    figures = _figures(raw.get("bid"), value)
    shapes: dict[str, Shape] = {q.name: Shape.EACH for q in figures}
    for parameter in parameters:
        _new_name(parameter.name, shapes)
        positions = parameter.drawn is not None and parameter.drawn.count > 0
        shapes[parameter.name] = Shape.LIST if positions else Shape.ONE
    steps = _steps(raw.get("steps"), shapes)
    rank = _group(raw.get("rank"), "rank")
    if unknown := sorted(set(rank) - {"by", "ties", "candidates", "one_per"}):
        raise BadMethod(f"rank 里有不认识的项目: {'、'.join(unknown)}", field="rank")
    candidates = _formula(str(rank.get("candidates", "3")), shapes, "rank.candidates")
    if candidates.shape is not Shape.ONE or candidates.truth:
        raise BadMethod("推荐的候选人个数应是一个数", field="rank.candidates")
    method = Method(
        id=_identifier(raw.get("id"), "id"),
        title=_text(raw.get("title"), "title", 100),
        about=_text(raw.get("about", ""), "about", 500, empty=True),
        basis=tuple(_text(b, "basis", 200) for b in _list(raw.get("basis", []), "basis")),
        scope=scope,
        value=value,
        frozen=_choice(Frozen, raw.get("base_frozen_at", Frozen.REVIEW), "base_frozen_at"),
        parameters=parameters,
        figures=figures,
        steps=steps,
        order=_order(rank.get("by"), shapes, {q.name: q.title for q in (*figures, *parameters)}, steps),
        ties=_choice(Ties, rank.get("ties", Ties.SHARED), "rank.ties"),
        one_per=str(rank.get("one_per", "")),
        candidates=candidates,
        base=_step_named(raw.get("base", ""), steps, "base"),
        score=_step_named(raw.get("score", ""), steps, "score"),
        falling=bool(raw.get("dearer_never_scores_more", False)),
        envelopes=_envelopes(raw.get("envelopes", 1)),
        separation=_separation(raw.get("separation")),
        warnings=_warnings(parameters),
        source=_plain(raw),
    )
    _require_lawful(method)
    return method


def _figures(raw: Any, value: str) -> tuple[Quantity, ...]:
    given = _quantities(raw, "bid")
    if lots := [q.name for q in given if q.drawn]:
        raise UnlawfulMethod(
            f"“{lots[0]}”对每个投标人分别抽取, 等于以抽签影响谁中标; 只能抽取对各投标都相同的参数",
            basis=Citation("发改法规规〔2022〕1117号", "(二)"),
            field=f"bid.{lots[0]}",
        )
    own = Quantity(
        name=value,
        title=VALUES[value],
        unit="元" if value == "price" else "%",
        default=None,
        least=None,
        most=None,
    )
    if value in {q.name for q in given}:
        raise BadMethod(f"{value} 每份投标都有, 不用再写", field=f"bid.{value}")
    return (own, *given)


def _steps(raw: Any, shapes: dict[str, Shape]) -> tuple[Step, ...]:
    rows = _list(raw or [], "steps")
    if len(rows) > MOST_STEPS:
        raise BadMethod(f"步骤不能超过{MOST_STEPS}个", field="steps")
    steps = []
    for number, row in enumerate(rows, start=1):
        at = f"steps.{number}"
        row = _group(row, at)
        kinds = [kind for kind in StepKind if kind in row]
        if len(kinds) != 1 or set(row) - {"name", "title", "unit", "round", *StepKind}:
            raise BadMethod(
                f"第{number}步应写明 name、title 和 all、each、list、keep 中的一个公式, 可加 unit、round",
                field=at,
            )
        kind, name = kinds[0], _identifier(row.get("name"), f"{at}.name")
        _new_name(name, shapes)
        formula = _formula(row[kind], shapes, at)
        wanted = {
            StepKind.ALL: formula.shape is Shape.ONE and not formula.truth,
            StepKind.EACH: formula.shape is not Shape.LIST and not formula.truth,
            StepKind.LIST: formula.shape is Shape.LIST,
            StepKind.KEEP: formula.shape is Shape.EACH and formula.truth,
        }
        if not wanted[kind]:
            says = {"all": "一个数", "each": "每份投标一个数", "list": "一组数", "keep": "对每份投标的条件"}
            raise BadMethod(f"第{number}步“{name}”的公式得出的不是{says[kind.value]}", field=at)
        places = row.get("round")
        if places is not None and (type(places) is not int or not 0 <= places <= 10):
            raise BadMethod(f"第{number}步的 round 应为0至10的整数", field=at)
        if places is not None and kind in {StepKind.LIST, StepKind.KEEP}:
            raise BadMethod(f"第{number}步得出的不是数, 不能 round", field=at)
        steps.append(
            Step(
                name=name,
                title=_text(row.get("title"), f"{at}.title", 100),
                kind=kind,
                formula=formula,
                places=places,
                unit=_unit(row.get("unit", ""), at),
            )
        )
        if kind is not StepKind.KEEP:
            shapes[name] = {"all": Shape.ONE, "each": Shape.EACH, "list": Shape.LIST}[kind.value]
    return tuple(steps)


def _order(
    raw: Any, shapes: Mapping[str, Shape], quantities: Mapping[str, str], steps: Sequence[Step]
) -> tuple[Key, ...]:
    rows = _list(raw or [], "rank.by")
    if not rows:
        raise BadMethod('rank.by 应写明按什么排序, 例如 { highest = "total" }', field="rank.by")
    titles = {**quantities, **{step.name: step.title for step in steps}}
    keys = []
    for row in rows:
        row = _group(row, "rank.by")
        ways = [way for way in ("highest", "lowest") if way in row]
        if len(ways) != 1 or set(row) - {"highest", "lowest", "title"}:
            raise BadMethod("rank.by 的每一项应写 highest (高者在前) 或 lowest (低者在前)", field="rank.by")
        formula = _formula(row[ways[0]], shapes, "rank.by")
        if formula.shape is Shape.LIST or formula.truth:
            raise BadMethod("rank.by 的每一项应是每份投标一个数", field="rank.by")
        title = str(row.get("title") or titles.get(formula.text, formula.text))
        keys.append(Key(title=title, formula=formula, highest=ways[0] == "highest"))
    return tuple(keys)


def _quantities(raw: Any, at: str) -> tuple[Quantity, ...]:
    rows = _group(raw or {}, at)
    if len(rows) > MOST_QUANTITIES:
        raise BadMethod(f"{at} 不能超过{MOST_QUANTITIES}个", field=at)
    return tuple(
        _quantity(str(name), _group(row, f"{at}.{name}"), f"{at}.{name}") for name, row in rows.items()
    )


def _quantity(name: str, row: Mapping[str, Any], at: str) -> Quantity:
    if unknown := sorted(set(row) - {"title", "unit", "default", "least", "most", "drawn"}):
        raise BadMethod(f"{at} 里有不认识的项目: {'、'.join(unknown)}", field=at)
    drawn = _drawn(row["drawn"], at) if "drawn" in row else None
    default: Decimal | tuple[Decimal, ...] | None = None
    if "default" in row:
        given = row["default"]
        default = tuple(number(g, at) for g in given) if isinstance(given, list) else number(given, at)
    quantity = Quantity(
        name=_identifier(name, at),
        title=_text(row.get("title"), f"{at}.title", 60),
        unit=_unit(row.get("unit", ""), at),
        default=default,
        least=number(row["least"], at) if "least" in row else None,
        most=number(row["most"], at) if "most" in row else None,
        drawn=drawn,
    )
    if default is not None:
        require_within(quantity, default)
    return quantity


def _drawn(raw: Any, at: str) -> Drawn:
    """Return how a parameter is drawn: a list of values, {from, to, step}, or {count, of} places."""
    if isinstance(raw, list | tuple):
        choices = tuple(number(one, at) for one in raw)
    else:
        row = _group(raw, at)
        if set(row) == {"count", "of"}:
            count, of = number(row["count"], at), number(row["of"], at)
            if count != int(count) or of != int(of) or not 1 <= count <= of <= 100:
                raise BadMethod(f"{at} 的 count 和 of 应为整数, 且 count 不大于 of", field=at)
            return Drawn(count=int(count), of=int(of))
        if set(row) != {"from", "to", "step"}:
            raise BadMethod(f"{at} 的 drawn 应为一列数值, 或 from、to、step, 或 count、of", field=at)
        first, last, step = (number(row[key], at) for key in ("from", "to", "step"))
        if step <= 0 or last < first or (last - first) / step > 100_000:
            raise BadMethod(f"{at} 的抽取范围不成立", field=at)
        choices = tuple(first + step * n for n in range(int((last - first) / step) + 1))
    if len(choices) < 2 or len(set(choices)) != len(choices):
        raise BadMethod(f"{at} 至少要有两个不同的值可抽", field=at)
    return Drawn(choices=choices)


def require_within(quantity: Quantity, value: Decimal | tuple[Decimal, ...]) -> None:
    """Let a value of a quantity pass that is within its bounds and among what may be drawn.

    :raises BadMethod: it is not
    """
    drawn = quantity.drawn
    if drawn is not None and drawn.count:
        places = value if isinstance(value, tuple) else (value,)
        if len(set(places)) != drawn.count or not all(1 <= p <= drawn.of and p == int(p) for p in places):
            raise BadMethod(
                f"“{quantity.title}”应为1至{drawn.of}中{drawn.count}个不同的整数", field=quantity.name
            )
        return
    if isinstance(value, tuple):
        raise BadMethod(f"“{quantity.title}”应是一个数", field=quantity.name)
    low, high = quantity.least, quantity.most
    if (low is not None and value < low) or (high is not None and value > high):
        bounds = " ".join(
            text
            for text in ("" if low is None else f"不低于{low}", "" if high is None else f"不高于{high}")
            if text
        )
        raise BadMethod(f"“{quantity.title}”应{bounds}, 现为{value}", field=quantity.name)
    if drawn is not None and value not in drawn.choices:
        raise BadMethod(f"“{quantity.title}”的值{value}不在可抽取的范围内", field=quantity.name)


# --- what the law forbids -----------------------------------------------------------------------------------


def _require_lawful(method: Method) -> None:
    for step in method.steps:
        if step.kind is StepKind.KEEP:
            leans = method.leans_on(names_in(step.formula.node))
            if ESTIMATE in leans:
                raise UnlawfulMethod(
                    f"“{step.title}”以标底筛选投标: 标底只能作为评标的参考, 不得以报价超出标底上下浮动范围作为否决投标的条件",
                    basis=Citation("招标投标法实施条例", "第五十条"),
                    field=step.name,
                )
            if _is_lowest_price(step.formula.node, method, wanted=True):
                raise UnlawfulMethod(
                    f"“{step.title}”要求报价不低于事先定下的数, 等于规定最低投标限价; "
                    "报价明显偏低的, 应由评标委员会要求说明后判断",
                    basis=Citation("招标投标法实施条例", "第二十七条"),
                    field=step.name,
                )
    for key in method.order:
        if ESTIMATE in method.leans_on(names_in(key.formula.node)):
            raise UnlawfulMethod(
                f"排序依据“{key.title}”由标底得出: 不得以投标报价是否接近标底作为中标条件",
                basis=Citation("招标投标法实施条例", "第五十条"),
                field="rank.by",
            )
    if method.scope in LEAST_PRICE_WEIGHT and "price_weight" not in {p.name for p in method.parameters}:
        raise BadMethod(
            "政府采购货物、服务的综合评分办法应有参数 price_weight (价格分值)", field="parameters"
        )
    for parameter in method.parameters:
        if isinstance(parameter.default, Decimal):
            require_weight(method, parameter.name, parameter.default)


def require_weight(method: Method, name: str, value: Decimal) -> None:
    """Let a price weight pass that is not below the least of 87号令第五十五条.

    :raises UnlawfulMethod: it is below
    """
    least = LEAST_PRICE_WEIGHT.get(method.scope)
    if name == "price_weight" and least is not None and value < least:
        raise UnlawfulMethod(
            f"{SCOPES[method.scope]}的价格分值不得低于{least}分, 现为{value}分",
            basis=Citation("政府采购货物和服务招标投标管理办法", "第五十五条"),
            field=name,
        )


def _is_lowest_price(node: Node, method: Method, *, wanted: bool) -> bool:
    """Say whether a condition demands a price above something fixed beforehand (`wanted`: the condition must hold)."""
    if not isinstance(node, Call):
        return False
    if node.function == "not":
        return _is_lowest_price(node.args[0], method, wanted=not wanted)
    if node.function in {"and", "or"}:
        return any(_is_lowest_price(arg, method, wanted=wanted) for arg in node.args)
    if node.function not in {"<", "<=", ">", ">="}:
        return False
    greater, lesser = node.args if node.function in {">", ">="} else node.args[::-1]
    if wanted is (method.value == "discount"):  # a higher discount is a lower price
        greater, lesser = lesser, greater
    figures = {q.name for q in method.figures}
    own, fixed = method.leans_on(names_in(greater)), method.leans_on(names_in(lesser))
    return method.value in own and not fixed & figures and FUNCTIONS[node.function].gives == "b"


def _warnings(parameters: Sequence[Quantity]) -> tuple[str, ...]:
    """Return what the law does not forbid but a reader would ask about."""
    by = {p.name: p.default for p in parameters}
    above, below = by.get("lost_above"), by.get("lost_below")
    if isinstance(above, Decimal) and isinstance(below, Decimal) and above < below:
        return (f"高于基准价每1%扣{above}分, 少于低于基准价的{below}分: 通常前者不小于后者",)
    return ()


def _envelopes(raw: Any) -> int:
    if raw not in (1, 2):
        raise BadMethod("envelopes 应为1或2", field="envelopes")
    return int(raw)


def _separation(raw: Any) -> Separation | None:
    if raw is None:
        return None
    row = _group(raw, "separation")
    if not str(row.get("region", "")).strip() or not str(row.get("basis", "")).strip():
        raise UnlawfulMethod(
            "评定分离只在有地方性法规或经批准的改革依据的地区使用, 请写明地区 (region) 和依据 (basis)",
            basis=Citation("招标投标法实施条例", "第五十五条"),
            field="separation",
        )
    if "draw" in str(row.get("award_by", "")) or set(row) - {"region", "basis", "award_by"}:
        raise UnlawfulMethod(
            "定标不得以抽签、摇号确定中标人",
            basis=Citation("发改法规规〔2022〕1117号", "(二)"),
            field="separation",
        )
    return Separation(region=str(row["region"]).strip(), basis=str(row["basis"]).strip())


# --- small readers ------------------------------------------------------------------------------------------


def number(value: Any, field: str) -> Decimal:
    """Return a number written as text or digits.

    :raises BadMethod: it is none
    """
    try:
        result = Decimal(str(value).strip())
    except InvalidOperation:
        result = Decimal("NaN")
    if isinstance(value, bool) or not result.is_finite() or abs(result) >= Decimal("1E18"):
        raise BadMethod(f"“{value}”不是数字", field=field)
    return result


def _formula(text: Any, shapes: Mapping[str, Shape], at: str) -> Formula:
    try:
        return compiled(text, shapes=shapes)
    except BadFormula as no:
        no.field = at
        raise


def _step_named(name: Any, steps: Sequence[Step], at: str) -> str:
    if name and name not in {step.name for step in steps}:
        raise BadMethod(f"{at} 应是一个步骤的名称", field=at)
    return str(name)


def _new_name(name: str, shapes: Mapping[str, Shape]) -> None:
    if name in shapes or name in FUNCTIONS or name in VALUES:
        raise BadMethod(f"名称“{name}”已经用过, 或是函数的名称", field=name)


def _identifier(value: Any, at: str) -> str:
    if not isinstance(value, str) or not NAME.fullmatch(value):
        raise BadMethod(f"{at} 应为小写英文字母开头的名称, 可含数字和下划线", field=at)
    return value


def _text(value: Any, at: str, most: int, *, empty: bool = False) -> str:
    if not isinstance(value, str) or len(value) > most or not (value.strip() or empty):
        raise BadMethod(f"{at} 应为不超过{most}字的文字", field=at)
    return value.strip()


def _unit(value: Any, at: str) -> str:
    if value not in UNITS:
        raise BadMethod(f"{at} 的单位应为 {'、'.join(u for u in UNITS if u)} 之一", field=at)
    return str(value)


def _choice(kind: type[StrEnum], value: Any, at: str) -> Any:
    try:
        return kind(value)
    except ValueError:
        raise BadMethod(f"{at} 应为其中之一: {'、'.join(kind)}", field=at) from None


def _group(value: Any, at: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise BadMethod(f"{at} 应为一组“名称 = 内容”", field=at)
    return value


def _list(value: Any, at: str) -> Sequence[Any]:
    if not isinstance(value, list | tuple):
        raise BadMethod(f"{at} 应为一列", field=at)
    return value


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, Decimal) else value
