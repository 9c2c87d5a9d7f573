"""A bill of quantities 工程量清单: its one model, its arithmetic, and a priced bill held against the tender's. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from enum import StrEnum
from statistics import median
from typing import Any

from ggzy.kernel.canonical import canonical, sha256
from ggzy.kernel.money import CENT, yuan
from ggzy.kernel.refusals import BadInput, Refusal

FORMAT = "openggzy-bill/1"
MOST_ITEMS = 20_000
#: the rounding of a line's amount: 综合单价 × 工程量, half up to the 分
LINE_ROUNDING = ROUND_HALF_UP
QUANTITY_PLACES = Decimal("0.000001")
#: beyond these shares of the bidders' median a unit price is pointed at, if the line weighs at least this share
UNBALANCED_HIGH, UNBALANCED_LOW, UNBALANCED_WEIGHT = Decimal("1.5"), Decimal("0.5"), Decimal("0.005")


class BillBroken(Refusal):
    """A bill that cannot be read or cannot be right."""

    code = "quantities.bill_broken"
    status = 422


class Part(StrEnum):
    """The parts of a bill."""

    DIVISIONAL = "divisional"
    MEASURES = "measures"
    OTHER = "other"
    FEES = "fees"

    @property
    def label(self) -> str:
        """Return the word of the standard."""
        return {
            "divisional": "分部分项工程",
            "measures": "措施项目",
            "other": "其他项目",
            "fees": "规费和税金",
        }[self.value]


class Weight(StrEnum):
    """Whether a problem stops the bill or is a hint for people."""

    ERROR = "error"
    HINT = "hint"


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """Something about a bill, at a row where it has one."""

    row: int
    code: str
    weight: Weight
    says: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """One line: measured (quantity × unit price) or, without a quantity, a lump sum whose amount is priced."""

    row: int
    part: Part
    code: str
    name: str
    features: str
    unit: str
    quantity: Decimal | None
    unit_price: Decimal | None = None
    amount: Decimal | None = None

    @property
    def computed(self) -> Decimal | None:
        """Return what the line's amount must be; None while it has no price."""
        if self.quantity is None:
            return self.amount
        if self.unit_price is None:
            return None
        return (self.quantity * self.unit_price).quantize(CENT, LINE_ROUNDING)

    @property
    def place(self) -> str:
        """Return where it stands, in words."""
        return f"{self.part.label}第{self.row}行“{self.name[:20]}”"


@dataclass(frozen=True, kw_only=True)
class Bill:
    """A bill. `total` is the sum somebody wrote on it, if somebody did."""

    title: str
    items: tuple[Item, ...]
    total: Decimal | None = None

    def as_json(self, *, prices: bool = True) -> dict[str, Any]:
        """Return the bill as JSON, Decimals as strings; without prices it is what is published and hashed."""
        out: dict[str, Any] = {"format": FORMAT, "title": self.title, "items": []}
        for item in self.items:
            row = {
                "row": item.row,
                "part": item.part.value,
                "code": item.code,
                "name": item.name,
                "features": item.features,
                "unit": item.unit,
                "quantity": _shown(item.quantity),
                "unit_price": _shown(item.unit_price) if prices else None,
                "amount": _shown(item.amount) if prices else None,
            }
            out["items"].append(row)
        out["total"] = _shown(self.total) if prices else None
        return out

    @property
    def sha256(self) -> str:
        """Return the hash of the bill without any price: what bidders may not change."""
        return sha256(canonical(self.as_json(prices=False))).hex()

    @property
    def priced(self) -> bool:
        """Say whether any line carries a price."""
        return any(i.unit_price is not None or i.amount is not None for i in self.items)


def _shown(number: Decimal | None) -> str | None:
    return None if number is None else f"{number:f}"


def read(raw: Any) -> Bill:
    """Return the bill in our own JSON.

    :raises BillBroken: not in this format, or a value cannot be right; the sentence names the row
    """
    if not isinstance(raw, Mapping) or raw.get("format") != FORMAT or not isinstance(raw.get("items"), list):
        raise BillBroken(f"清单文件不是本平台的格式({FORMAT}), 请下载空白清单后填写")
    if not 1 <= len(raw["items"]) <= MOST_ITEMS:
        raise BillBroken(f"清单应有1至{MOST_ITEMS}行")
    items = []
    for number, row in enumerate(raw["items"], 1):
        if not isinstance(row, Mapping):
            raise BillBroken(f"清单第{number}行不是一组字段")
        try:
            items.append(
                Item(
                    row=number,
                    part=Part(str(row.get("part"))),
                    code=words(row.get("code"), 40),
                    name=words(row.get("name"), 300),
                    features=words(row.get("features"), 3000),
                    unit=words(row.get("unit"), 30),
                    quantity=quantity(row.get("quantity")),
                    unit_price=price(row.get("unit_price")),
                    amount=price(row.get("amount")),
                )
            )
        except (ValueError, BadInput) as wrong:
            raise BillBroken(f"清单第{number}行: {wrong}") from None
    return Bill(title=words(raw.get("title"), 200), items=tuple(items), total=price(raw.get("total")))


def words(value: Any, most: int) -> str:
    """Return a text of a row, cleaned of what cannot be seen.

    :raises ValueError: too long
    """
    text = " ".join(str(value if value is not None else "").replace("\0", "").split())
    if len(text) > most:
        raise ValueError(f"文字超过{most}字")
    return text


def quantity(value: Any) -> Decimal | None:
    """Return a quantity with at most six places; None for an empty cell.

    :raises ValueError: not a number
    """
    number = _number(value)
    return None if number is None else _plain(number.quantize(QUANTITY_PLACES, ROUND_HALF_UP))


def price(value: Any) -> Decimal | None:
    """Return a price rounded to the 分; None for an empty cell. A negative price is kept, so that it can be named.

    :raises ValueError: not a number
    """
    number = _number(value)
    return None if number is None else number.quantize(CENT, ROUND_HALF_UP) + 0


def _number(value: Any) -> Decimal | None:
    text = str(value if value is not None else "").strip().replace(",", "").replace("，", "")
    if not text:
        return None
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or number.copy_abs() >= Decimal(10) ** 15:
        raise ValueError(f"“{text[:30]}”不是可用的数字")
    return number


def _plain(number: Decimal) -> Decimal:
    whole = number.normalize()
    return whole.quantize(Decimal(1)) + 0 if whole == whole.to_integral_value() else whole


def problems(bill: Bill) -> list[Problem]:
    """Return what is wrong with a bill's lines before any price: codes, names, units, quantities."""
    out: list[Problem] = []
    seen: dict[str, Item] = {}
    for item in bill.items:
        if not item.name:
            out.append(_error(item.row, "name", f"{item.part.label}第{item.row}行没有项目名称"))
        measured = item.part is Part.DIVISIONAL or (item.part is Part.MEASURES and item.quantity is not None)
        if measured and not (len(item.code) == 12 and item.code.isascii() and item.code.isdigit()):
            says = f"{item.place}的项目编码应为12位数字, 现为“{item.code[:20]}”"
            out.append(_error(item.row, "code", says))
        if item.code:
            first = seen.setdefault(item.code, item)
            if first is not item:
                says = f"{item.place}的项目编码{item.code}与第{first.row}行重复"
                out.append(_error(item.row, "code_twice", says))
        if measured and not item.unit:
            out.append(_error(item.row, "unit", f"{item.place}没有计量单位"))
        if item.part is Part.DIVISIONAL and item.quantity is None:
            out.append(_error(item.row, "quantity", f"{item.place}没有工程量"))
        if item.quantity is not None and item.quantity <= 0:
            out.append(_error(item.row, "quantity", f"{item.place}的工程量应大于0, 现为{item.quantity}"))
        if item.part is Part.DIVISIONAL and not item.features:
            out.append(
                Problem(row=item.row, code="features", weight=Weight.HINT, says=f"{item.place}没有项目特征")
            )
    return out


def _error(row: int, code: str, says: str) -> Problem:
    return Problem(row=row, code=code, weight=Weight.ERROR, says=says)


@dataclass(frozen=True, kw_only=True)
class Sums:
    """A bill added up by parts."""

    parts: Mapping[Part, Decimal]
    total: Decimal


def sums(bill: Bill) -> Sums:
    """Return the sums of the parts from the lines (quantity × unit price), and their total."""
    parts = {part: Decimal("0.00") for part in Part}
    for item in bill.items:
        parts[item.part] += item.computed or Decimal(0)
    return Sums(parts=parts, total=sum(parts.values(), Decimal("0.00")))


def price_problems(bill: Bill) -> list[Problem]:
    """Return what is wrong with the prices: missing, zero, negative, a line or the total that does not add up."""
    out: list[Problem] = []
    for item in bill.items:
        asked = item.amount if item.quantity is None else item.unit_price
        if asked is None:
            out.append(_error(item.row, "no_price", f"{item.place}没有报价"))
        elif asked < 0:
            out.append(_error(item.row, "negative", f"{item.place}的报价为负: {asked}"))
        elif asked == 0:
            says = f"{item.place}报价为零, 视为已含在其他项目中"
            out.append(Problem(row=item.row, code="zero", weight=Weight.HINT, says=says))
        computed = item.computed
        if item.amount is not None and computed is not None and item.amount != computed:
            says = f"{item.place}的合价{item.amount}与工程量×单价={computed}不一致"
            out.append(_error(item.row, "line", says))
    if bill.total is not None and bill.total != sums(bill).total:
        out.append(_error(0, "total", f"总价{bill.total}与各项之和{sums(bill).total}不一致"))
    return out


def compare(tendered: Bill, offered: Bill, *, bid_price: Decimal | None) -> list[Problem]:
    """Return how a priced bill departs from the tender's bill and from the bid's price; rows are the tender's."""
    out: list[Problem] = []
    theirs: dict[tuple[Part, str], Item] = {}
    for item in offered.items:
        theirs.setdefault(_identity(item), item)
    for item in tendered.items:
        other = theirs.pop(_identity(item), None)
        if other is None:
            out.append(_error(item.row, "missing", f"{item.place}在报价清单中没有"))
            continue
        for name, says in (("name", "名称"), ("features", "特征"), ("unit", "单位"), ("quantity", "工程量")):
            mine, given = getattr(item, name), getattr(other, name)
            if mine != given:
                text = f"{item.place}的{says}被改动: 招标清单为“{_cut(mine)}”, 报价清单为“{_cut(given)}”"
                out.append(_error(item.row, f"changed_{name}", text))
    out += [_error(i.row, "added", f"{i.place}是报价清单自行增加的") for i in theirs.values()]
    out += price_problems(offered)
    total = sums(offered).total
    if bid_price is not None and total != bid_price:
        says = f"报价清单各项之和{total}与投标报价{bid_price}不一致, 相差{total - bid_price}"
        out.append(_error(0, "bid_price", says))
    return out


def _cut(value: Any) -> str:
    return str(value if value is not None else "")[:30]


def _identity(item: Item) -> tuple[Part, str]:
    """Return what a line is known by: its code, or for lump sums without one, its name."""
    return item.part, item.code or f"名称:{item.name}"


def unbalanced(offers: Mapping[str, Bill]) -> dict[str, list[Problem]]:
    """Return hints on unit prices far from the bidders' median: for people to look at, never to reject by.

    Fewer than three offers have no median that says anything.
    """
    out: dict[str, list[Problem]] = {bidder: [] for bidder in offers}
    if len(offers) < 3:
        return out
    lines = {b: {_identity(i): i for i in bill.items if i.unit_price} for b, bill in offers.items()}
    totals = {b: sums(bill).total for b, bill in offers.items()}
    for bidder, mine in lines.items():
        for key, item in mine.items():
            others = [o[key].unit_price for o in lines.values() if key in o]
            known = [p for p in others if p is not None]
            asked, weight = item.unit_price, item.computed or Decimal(0)
            if len(known) < 3 or asked is None or weight < totals[bidder] * UNBALANCED_WEIGHT:
                continue
            middle = median(known)
            if asked > middle * UNBALANCED_HIGH or asked < middle * UNBALANCED_LOW:
                says = f"{item.place}的单价{asked}与各投标人的中位数{middle.quantize(CENT, ROUND_HALF_UP)}相差较大"
                out[bidder].append(Problem(row=item.row, code="unbalanced", weight=Weight.HINT, says=says))
    return out


def emptied(bill: Bill) -> Bill:
    """Return the bill without prices: what bidders download."""
    items = tuple(replace(i, unit_price=None, amount=None) for i in bill.items)
    return Bill(title=bill.title, items=items)


def filled(bill: Bill) -> Bill:
    """Return a priced bill with each line's amount and the total computed."""
    items = tuple(replace(i, amount=i.computed) for i in bill.items)
    return Bill(title=bill.title, items=items, total=sums(bill).total)


def require_sound(found: Iterable[Problem]) -> None:
    """Let a bill pass that has no error.

    :raises BillBroken: it has; the sentence names the first and says how many there are
    """
    errors = [p for p in found if p.weight is Weight.ERROR]
    if errors:
        more = f" (共{len(errors)}处)" if len(errors) > 1 else ""
        raise BillBroken(f"清单有问题: {errors[0].says}{more}", field="bill")


def self_check(tendered: Bill, offered: Bill, *, bid_price: str) -> None:
    """Let a bidder seal a priced bill that keeps the tender's lines and adds up to the bid price.

    :raises BillBroken: it does not; nothing is sealed
    """
    require_sound(compare(tendered, offered, bid_price=yuan(bid_price, field="price")))
