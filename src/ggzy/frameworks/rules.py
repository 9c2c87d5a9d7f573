"""Who is shortlisted, whose turn it is, who wins a second competition, what a call costs. Pure, so that a stranger recomputes it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from ggzy.kernel.canonical import commitment, sha256
from ggzy.kernel.money import CENT, yuan
from ggzy.kernel.refusals import BadInput, Citation, Refusal
from ggzy.tendering.document import Several

BASIS = "政府采购框架协议采购方式管理暂行办法"
#: 淘汰比例一般不得低于20%; 仪器设备采用质量优先法的不得低于40%
LEAST_RATE, LEAST_RATE_OF_INSTRUMENTS = Decimal("0.20"), Decimal("0.40")
LEAST_RESPONSES = 2
#: 剩余入围供应商不足入围供应商总数的70%
SUPPLEMENT_BELOW = Decimal("0.70")
SALT_BYTES = 32
MOST_ITEMS = 200
THOUSANDTH = Decimal("0.001")
NOTHING = Decimal(0)


class Kind(StrEnum):
    """How suppliers come in: once, by a competition, or at any time by accepting the terms."""

    OPEN = "open"
    CLOSED = "closed"

    @property
    def label(self) -> str:
        """Return the word of the statute."""
        return {"open": "开放式", "closed": "封闭式"}[self.value]


class Category(StrEnum):
    """What is bought; the usual term differs (110号令第十五条)."""

    GOODS = "goods"
    SERVICES = "services"

    @property
    def label(self) -> str:
        """Return the word people read."""
        return {"goods": "货物", "services": "服务"}[self.value]

    @property
    def usual_years(self) -> int:
        """Return how many years an agreement lasts at most, as a rule."""
        return 1 if self is Category.GOODS else 2


class Collector(StrEnum):
    """Who may collect (110号令第六条)."""

    AGENCY = "agency"
    UNIT = "unit"

    @property
    def label(self) -> str:
        """Return the word of the statute."""
        return {"agency": "集中采购机构", "unit": "主管预算单位"}[self.value]


class QualityCase(StrEnum):
    """In which case suppliers may be shortlisted by quality first (110号令第二十五条)."""

    FIXED_PRICE = "fixed_price"
    INSTRUMENTS = "instruments"

    @property
    def label(self) -> str:
        """Return the words of the statute."""
        return {
            "fixed_price": "有政府定价、政府指导价的项目",
            "instruments": "对质量有特别要求的检测、实验等仪器设备",
        }[self.value]


class Way(StrEnum):
    """How a contract is called off."""

    DIRECT = "direct"
    COMPETE = "compete"
    TURNS = "turns"
    LOWER = "lower"

    @property
    def label(self) -> str:
        """Return the word of the statute."""
        return {
            "direct": "直接选定",
            "compete": "二次竞价",
            "turns": "顺序轮候",
            "lower": "非入围供应商价格更低",
        }[self.value]


class TurnRule(StrEnum):
    """By what the order of turns is fixed, named by the file beforehand."""

    PLACE = "place"
    JOINED = "joined"

    @property
    def label(self) -> str:
        """Return the words people read."""
        return {"place": "按入围名次", "joined": "按入围时间先后"}[self.value]


class TieRule(StrEnum):
    """Who of equal lowest offers wins, named by the file beforehand."""

    EARLIEST = "earliest"
    PLACE = "place"
    LOT = "lot"

    @property
    def label(self) -> str:
        """Return the words people read."""
        return {
            "earliest": "先封存报价的成交",
            "place": "入围名次(同名次的按入围时间)在前的成交",
            "lot": "由各家揭示的随机数抽定",
        }[self.value]


class Ground(StrEnum):
    """The six grounds on which a supplier is removed (110号令第十九条)."""

    COLLUSION = "collusion"
    FALSE_MATERIAL = "false_material"
    REFUSED_CONTRACT = "refused_contract"
    NOT_PERFORMED = "not_performed"
    BANNED = "banned"
    AGREED = "agreed"

    @property
    def label(self) -> str:
        """Return what happened, in short words."""
        return {
            "collusion": "恶意串通谋取入围或者合同成交",
            "false_material": "提供虚假材料谋取入围或者合同成交",
            "refused_contract": "无正当理由拒不接受合同授予",
            "not_performed": "不履行合同义务或者履行不符合约定, 经请求后仍不履行或者仍不符合约定",
            "banned": "有效期内因违法行为被禁止或者限制参加政府采购活动",
            "agreed": "框架协议约定的其他情形",
        }[self.value]


class Outcome(StrEnum):
    """What somebody whose turn it was did with it."""

    WAITING = "waiting"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    LAPSED = "lapsed"
    #: the buyer took the need back before an answer
    VOID = "void"

    @property
    def label(self) -> str:
        """Return the words people read."""
        return {
            "waiting": "等待答复",
            "accepted": "接受",
            "declined": "不接受",
            "lapsed": "逾期未答复",
            "void": "采购人撤回需求, 不计一次机会",
        }[self.value]


class TooFewResponses(Refusal):
    """Fewer than two qualified responses: the collection failed."""

    code = "frameworks.too_few_responses"
    basis = Citation(BASIS, "第二十七条")


class RateTooLow(Refusal):
    """An elimination rate under the floor."""

    code = "frameworks.rate_too_low"
    basis = Citation(BASIS, "第二十五条")


class WayNotNamed(Refusal):
    """A way of calling off that the file of the collection does not name."""

    code = "frameworks.way_not_named"
    basis = Citation(BASIS, "第三十二条")


class EnoughLeft(Refusal):
    """A supplement while seven tenths or more are left."""

    code = "frameworks.enough_left"
    basis = Citation(BASIS, "第三十一条")


class WrongReveal(Refusal):
    """What was revealed is not what was sealed."""

    code = "frameworks.wrong_reveal"


# --- the first stage


def keep(responses: int, *, rate: Decimal, cap: int | None = None) -> int:
    """Return how many of the qualified responses are shortlisted.

    Of n at least the rate is eliminated, and at least one; the file may cap the number: min(cap, floor(n(1-rate)), n-1).
    At two the floor would be one below: one is kept.

    :raises TooFewResponses: fewer than two
    """
    if responses < LEAST_RESPONSES:
        raise TooFewResponses(f"合格的响应{responses}家, 少于{LEAST_RESPONSES}家, 征集失败, 应当重新征集")
    # at least one drops out whatever the rate
    return min(Several(most=cap or 0, rate=rate).keeps(responses), max(1, responses - 1))


def require_rate(rate: Decimal, *, instruments_by_quality: bool) -> None:
    """Let an elimination rate pass that the law allows.

    :raises RateTooLow: under 20%, or 40% for instruments judged by quality first
    """
    least = LEAST_RATE_OF_INSTRUMENTS if instruments_by_quality else LEAST_RATE
    if rate < least:
        raise RateTooLow(f"淘汰比例不得低于{least * 100:.0f}%, 现为{rate * 100:.0f}%", field="rate")
    if rate >= 1:
        raise BadInput("淘汰比例应小于100%", field="rate")


@dataclass(frozen=True, kw_only=True)
class Response:
    """One qualified response: whose, and what it is ranked by."""

    uscc: str
    price: Decimal
    score: Decimal = Decimal(0)


def shortlisted(
    responses: Sequence[Response], *, by_quality: bool, rate: Decimal, cap: int | None = None
) -> list[str]:
    """Return the USCCs that are shortlisted, best first; equal ones stay in the order of the report."""
    if by_quality:
        ranked = sorted(responses, key=lambda r: -r.score)
    else:
        ranked = sorted(responses, key=lambda r: r.price)
    return [r.uscc for r in ranked[: keep(len(responses), rate=rate, cap=cap)]]


def require_supplement(*, left: int, original: int) -> None:
    """Let a supplement begin when fewer than seven tenths of the shortlisted are left.

    :raises EnoughLeft: there are more
    """
    if left >= SUPPLEMENT_BELOW * original:
        raise EnoughLeft(f"入围{original}家, 现有{left}家, 没有少于70%, 不能补充征集")


def term_warning(category: Category, *, begins: date, ends: date) -> str:
    """Return a warning where a term is longer than the law allows as a rule (110号令第十五条), "" where it is not."""
    years = category.usual_years
    try:
        usual = begins.replace(year=begins.year + years)
    except ValueError:
        usual = begins.replace(year=begins.year + years, day=28)
    if ends <= usual:
        return ""
    return f"{category.label}的框架协议有效期一般不超过{years}年(《{BASIS}》第十五条), 请确认有延长的依据"


def ways_warning(kind: Kind, ways: Iterable[str]) -> str:
    """Return a warning where an open framework names more than the direct choice, "" where it does not.

    第四十二条 is known from memory; what is not read in the text warns and does not block.
    """
    if kind is Kind.OPEN and set(ways) - {Way.DIRECT.value}:
        return f"开放式框架协议的第二阶段一般由采购人或者服务对象直接选定(《{BASIS}》第四十二条, 条文待核)"
    return ""


# --- items and what they cost


def items(rows: Iterable[Mapping[str, Any]], *, ceilings: bool) -> list[dict[str, str]]:
    """Return the items of a framework, each with its number, name, unit, specification and price in 元.

    :param ceilings: the price is a ceiling (最高限制单价), else it is what everybody is paid
    :raises BadInput: something of one is missing
    """
    out: list[dict[str, str]] = []
    for row in rows:
        given = {key: str(row.get(key, "")).strip() for key in ("name", "unit", "spec", "price")}
        if not any(given.values()):
            continue
        at = len(out) + 1
        for key, says, most in (
            ("name", "名称", 100),
            ("unit", "计量单位", 20),
            ("spec", "规格或者服务标准", 500),
        ):
            if not given[key] or len(given[key]) > most:
                raise BadInput(f"请填写第{at}项的{says}(不超过{most}字)", field="items")
        price = yuan(given["price"] or "x", field="items")
        if price <= 0:
            raise BadInput(f"第{at}项的{'最高限制单价' if ceilings else '协议价格'}应大于0", field="items")
        out.append({"number": str(at)} | given | {"price": str(price)})
    if not 1 <= len(out) <= MOST_ITEMS:
        raise BadInput(f"请填写1至{MOST_ITEMS}项采购标的", field="items")
    return out


def quantities(given: Mapping[str, str], *, known: Iterable[str]) -> dict[str, str]:
    """Return {number of the item: quantity} of what is called off, without the empty ones.

    :raises BadInput: nothing, an item that is none, or not a positive number of at most three places
    """
    names, out = set(known), {}
    for number, text in given.items():
        if not str(text).strip():
            continue
        if number not in names:
            raise BadInput(f"框架协议没有第{number}项", field="quantities")
        try:
            amount = Decimal(str(text).strip())
        except InvalidOperation:
            amount = Decimal(0)
        if not amount.is_finite() or not 0 < amount <= 1_000_000_000 or amount != amount.quantize(THOUSANDTH):
            raise BadInput(f"第{number}项的数量应为大于0的数, 最多三位小数", field="quantities")
        out[number] = f"{amount.normalize():f}"
    if not out:
        raise BadInput("请至少填写一项的数量", field="quantities")
    return out


def total(prices: Mapping[str, str], wanted: Mapping[str, str]) -> Decimal:
    """Return in 元 what the wanted quantities cost at these unit prices; the sum is rounded half up once."""
    whole = sum((Decimal(prices[n]) * Decimal(q) for n, q in wanted.items()), Decimal(0))
    return whole.quantize(CENT, ROUND_HALF_UP)


# --- turns


@dataclass(frozen=True, kw_only=True)
class Seat:
    """One member in the order of turns, by its supplier: its place, and from when until when it was in."""

    member: str
    place: int
    joined_at: datetime
    left_at: datetime | None = None

    def within(self, at: datetime) -> bool:
        """Say whether it was in at a moment."""
        return self.joined_at <= at and (self.left_at is None or at < self.left_at)


@dataclass(frozen=True, kw_only=True)
class Chance:
    """One chance that was given; void ones are left out by whoever asks."""

    member: str
    at: datetime


@dataclass(frozen=True)
class Turn:
    """Whose turn it is, and the number of the round."""

    member: str
    round: int


def in_order(seats: Iterable[Seat], *, rule: TurnRule) -> list[Seat]:
    """Return the members in the order of turns: by place, or by when they joined; the other settles what is equal."""
    if rule is TurnRule.PLACE:
        return sorted(seats, key=lambda s: (s.place, s.joined_at, s.member))
    return sorted(seats, key=lambda s: (s.joined_at, s.place, s.member))


def whose_turn(
    seats: Iterable[Seat],
    chances: Iterable[Chance],
    *,
    rule: TurnRule,
    at: datetime,
    without: Iterable[str] = (),
) -> Turn | None:
    """Return whose turn it is at a moment: the first in order who has had no chance in this round. None: nobody is left.

    A round ends when everybody who was in at the moment of a chance has had one. Who joins during a round takes part
    at once, who leaves is passed over; the order itself never changes (110号令第三十四条).

    :param without: who has declined this very call, and is not asked again for it
    """
    order, had, number = in_order(seats, rule=rule), set[str](), 1
    for chance in sorted(chances, key=lambda c: c.at):
        if {s.member for s in order if s.within(chance.at)} <= had:
            had, number = set(), number + 1
        had.add(chance.member)
    standing = [s.member for s in order if s.within(at)]
    free = [member for member in standing if member not in had]
    if standing and not free:
        free, number = standing, number + 1
    passed = set(without)
    found = next((member for member in free if member not in passed), None)
    if found is None and set(standing) - passed:
        # the round is over for everybody who has not declined this call
        found, number = next(member for member in standing if member not in passed), number + 1
    return Turn(found, number) if found else None


# --- a second competition


def sealed_price(*, call: str, supplier: str, price: Decimal, salt: str) -> str:
    """Return the digest that seals a price: SHA-256(salt ‖ canonical {"call", "price", "supplier"}).

    :param salt: 32 random bytes in lower-case hexadecimal, known to the supplier alone until it reveals
    :raises BadInput: not such a salt
    """
    try:
        raw = bytes.fromhex(salt)
    except ValueError:
        raw = b""
    if len(raw) != SALT_BYTES or salt != raw.hex():
        raise BadInput("随机数应为64位小写十六进制, 见封存时保存的报价凭证", field="salt")
    return commitment(raw, {"call": call, "price": f"{price:.2f}", "supplier": supplier})


@dataclass(frozen=True, kw_only=True)
class Sealed:
    """One sealed offer after its time: its ceiling is the member's own agreement price for what is wanted."""

    member: str
    place: int
    joined_at: datetime
    committed_at: datetime
    ceiling: Decimal
    #: None where it was not revealed
    price: Decimal | None = None
    salt: str = ""

    @property
    def stands(self) -> bool:
        """Say whether it is an offer: revealed, and not above the agreement price."""
        return self.price is not None and 0 < self.price <= self.ceiling


def lots(offers: Iterable[Sealed]) -> dict[str, str]:
    """Return the lot of each revealed offer: SHA-256 of all revealed salts, sorted and joined, followed by its own."""
    revealed = [o for o in offers if o.salt]
    joined = bytes.fromhex("".join(sorted(o.salt for o in revealed)))
    return {o.member: sha256(joined + bytes.fromhex(o.salt)).hex() for o in revealed}


def winner(offers: Sequence[Sealed], *, ties: TieRule) -> Sealed | None:
    """Return the lowest offer that stands, equal ones by the rule that the file named beforehand; None: there is none."""
    standing = [o for o in offers if o.stands]
    if not standing:
        return None
    drawn = lots(offers)
    lowest = min(o.price for o in standing if o.price is not None)
    equal = [o for o in standing if o.price == lowest]
    match ties:
        case TieRule.EARLIEST:
            return min(equal, key=lambda o: (o.committed_at, o.member))
        case TieRule.PLACE:
            return min(equal, key=lambda o: (o.place, o.joined_at, o.member))
        case TieRule.LOT:
            return min(equal, key=lambda o: drawn[o.member])
