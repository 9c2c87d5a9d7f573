"""Who may judge, what a file must keep, who is ranked and chosen, what is compensated. Pure, so that a stranger recomputes it."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from ggzy.kernel.canonical import commitment, sha256
from ggzy.kernel.ids import require_uscc
from ggzy.kernel.money import CENT, yuan
from ggzy.kernel.programs import program_kind
from ggzy.kernel.refusals import BadInput, Citation, Refusal

BASIS = "财库〔2024〕13号"
HUNDRED, NOTHING = Decimal(100), Decimal(0)
#: the research plan weighs at least half (第十八条)
LEAST_PLAN = Decimal(50)
#: at most three research side by side (第二十三条)
MOST_SUPPLIERS = 3
LEAST_GROUP = 5
MOST_STAGES, MOST_FACTORS, MOST_PARTNERS = 12, 20, 5
SALT_BYTES = 32
#: months of a research contract: as a rule, and of a major project
USUAL_MONTHS, MAJOR_MONTHS, MOST_MONTHS = 24, 36, 120


class Ground(StrEnum):
    """When the way may be taken (第三条)."""

    BREAKTHROUGH = "breakthrough"
    PARADIGM = "paradigm"

    @property
    def label(self) -> str:
        """Return the case in short words."""
        return {
            "breakthrough": "市场现有产品或者技术不能满足要求, 需要技术突破",
            "paradigm": "以研发创新产品为基础, 形成新范式或者新的解决方案, 能够显著改善功能性能",
        }[self.value]


class Buyer(StrEnum):
    """Who may buy this way (第四条)."""

    CENTRAL = "central"
    PROVINCIAL = "provincial"
    AUTHORISED = "authorised"
    CITY = "city"

    @property
    def label(self) -> str:
        """Return the words people read."""
        return {
            "central": "中央主管预算单位",
            "provincial": "省级主管预算单位",
            "authorised": "中央或者省级主管预算单位授权的预算单位",
            "city": "设区的市级主管预算单位(经省级主管部门批准)",
        }[self.value]


class Way(StrEnum):
    """How suppliers are asked to apply (第十六条)."""

    NOTICE = "notice"
    INVITATION = "invitation"

    @property
    def label(self) -> str:
        """Return the words people read."""
        return {
            "notice": "发布合作创新采购公告",
            "invitation": "向全部符合条件的供应商发出邀请书(只能从有限范围或者唯一供应商采购)",
        }[self.value]


class Seat(StrEnum):
    """As what somebody sits in the group (第十五条)."""

    BUYER = "buyer"
    TECHNICAL = "technical"
    LAW = "law"
    ECONOMY = "economy"

    @property
    def label(self) -> str:
        """Return the words people read."""
        return {"buyer": "采购人代表", "technical": "技术专家", "law": "法律专家", "economy": "经济专家"}[
            self.value
        ]


class Cost(StrEnum):
    """The kinds of cost that a cost-compensation contract knows."""

    EQUIPMENT = "equipment"
    BUSINESS = "business"
    LABOUR = "labour"
    INDIRECT = "indirect"

    @property
    def label(self) -> str:
        """Return the word of the rules on research money."""
        return {"equipment": "设备费", "business": "业务费", "labour": "劳务费", "indirect": "间接费用"}[
            self.value
        ]


class Weighs(StrEnum):
    """What a factor of a review looks at."""

    PLAN = "plan"
    OTHER = "other"
    PRICE = "price"

    @property
    def label(self) -> str:
        """Return the words people read."""
        return {"plan": "研发方案", "other": "其他", "price": "价格(按最低价优先计算)"}[self.value]


class EndGround(StrEnum):
    """Why a first purchase is ended that stands after the research."""

    REFUSED = "refused"
    CANCELLED = "cancelled"
    UNLAWFUL = "unlawful"

    @property
    def label(self) -> str:
        """Return the words people read."""
        return {
            "refused": "首购产品供应商拒绝或者逾期不签订首购协议",
            "cancelled": "因重大变故, 采购任务取消",
            "unlawful": "出现影响采购公正的违法、违规行为",
        }[self.value]


class GroupNotLawful(Refusal):
    """A group that is too small, even, or lacks the buyer, a lawyer or an economist."""

    code = "innovation.group_not_lawful"
    basis = Citation(BASIS, "第十五条")


class PlanWeighsTooLittle(Refusal):
    """The research plan weighs less than half."""

    code = "innovation.plan_weighs_too_little"
    basis = Citation(BASIS, "第十八条")


class TooManySuppliers(Refusal):
    """More than three research side by side."""

    code = "innovation.too_many_suppliers"
    basis = Citation(BASIS, "第二十三条")


class OverMostCost(Refusal):
    """Compensation and first purchase together are over the most that the research may cost."""

    code = "innovation.over_most_cost"
    basis = Citation(BASIS, "第九条")


class OverCompensation(Refusal):
    """More than the cost that was spent, than the stage's limit, or than what is left of the contract's."""

    code = "innovation.over_compensation"
    basis = Citation(BASIS, "第二十四条")


class WrongReveal(Refusal):
    """What was revealed is not what was sealed."""

    code = "innovation.wrong_reveal"


# --- the group


def require_group(seats: Sequence[Seat]) -> None:
    """Let a group sit: five or more, an odd number, the buyer's side in it, a lawyer and an economist among the experts.

    :raises GroupNotLawful: something of it is missing
    """
    missing = [s.label for s in (Seat.BUYER, Seat.LAW, Seat.ECONOMY) if s not in seats]
    if len(seats) < LEAST_GROUP or len(seats) % 2 == 0 or missing:
        raise GroupNotLawful(
            f"谈判小组应为{LEAST_GROUP}人以上单数, 含采购人代表、法律专家和经济专家; 现有{len(seats)}人"
            + (f", 缺少{'、'.join(missing)}" if missing else "")
            + "。请补充或者调整成员"
        )


def qualified(findings: Sequence[bool]) -> bool:
    """Say whether more than half of the members find an applicant qualified."""
    return 2 * sum(findings) > len(findings)


# --- consortia


def partners(text: str) -> list[dict[str, str]]:
    """Return the other members of a consortium, one a line: USCC, then the name.

    :raises BadInput: a line that is not that, a USCC whose check digit is wrong, one twice, or too many
    """
    out: list[dict[str, str]] = []
    for line in filter(None, (line.strip() for line in text.splitlines())):
        uscc, _, name = line.partition(" ")
        uscc, name = require_uscc(uscc, field="partners"), name.strip()
        if not 0 < len(name) <= 200:
            raise BadInput(
                f"联合体成员“{line[:60]}”请每行写一家: 统一社会信用代码, 空格, 名称", field="partners"
            )
        if any(one["uscc"] == uscc for one in out):
            raise BadInput(f"联合体成员“{name}”填写了两次", field="partners")
        out.append({"uscc": uscc, "name": name})
    if len(out) > MOST_PARTNERS:
        raise BadInput(f"联合体其他成员不超过{MOST_PARTNERS}家", field="partners")
    return out


def doubled(applications: Iterable[Iterable[str]]) -> list[str]:
    """Return the USCCs that stand in more than one application: a consortium's member takes part nowhere else (实施条例第二十二条)."""
    seen = Counter(uscc for one in applications for uscc in set(one))
    return sorted(uscc for uscc, times in seen.items() if times > 1)


# --- the file


@dataclass(frozen=True, kw_only=True)
class Factor:
    """One factor of a review: its points out of a hundred, and what it looks at."""

    key: str
    name: str
    weight: Decimal
    weighs: Weighs


def points(text: object, *, field: str) -> Decimal:
    """Return a number of points with at most two places.

    :raises BadInput: no number, negative, over a hundred or with more places
    """
    try:
        found = Decimal(str(text).strip())
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite() or not 0 <= found <= HUNDRED or found != found.quantize(CENT):
        raise BadInput(f"分值“{text}”应为0至100的数, 最多两位小数", field=field)
    return found.quantize(CENT)


def factors(rows: Iterable[Mapping[str, Any]], *, plan: bool, field: str = "factors") -> list[dict[str, str]]:
    """Return the factors of a review as they are kept: numbered, together a hundred points.

    :param plan: whether a research plan is judged, which then weighs at least half
    :raises BadInput: a name missing, no hundred points, two prices, or nothing that members judge
    :raises PlanWeighsTooLittle: less than half
    """
    kept = []
    for n, row in enumerate(rows, 1):
        name, weighs = str(row.get("name", "")).strip(), str(row.get("weighs", ""))
        if not name or len(name) > 200:
            raise BadInput(f"第{n}项评审因素请填写名称(不超过200字)", field=field)
        if weighs not in set(Weighs) or (weighs == Weighs.PLAN and not plan):
            raise BadInput(f"第{n}项评审因素请选择评审的内容", field=field)
        weight = points(row.get("weight", ""), field=field)
        if weight <= 0:
            raise BadInput(f"第{n}项评审因素的分值应大于0", field=field)
        kept.append({"key": str(n), "name": name, "weight": str(weight), "weighs": weighs})
    if not kept or len(kept) > MOST_FACTORS:
        raise BadInput(f"请填写评审因素(不超过{MOST_FACTORS}项)", field=field)
    found = read_factors(kept)
    if sum(f.weight for f in found) != HUNDRED:
        raise BadInput(f"各项分值合计应为100, 现为{sum(f.weight for f in found)}", field=field)
    if sum(f.weighs is Weighs.PRICE for f in found) > 1:
        raise BadInput("价格只能是一项评审因素", field=field)
    if all(f.weighs is Weighs.PRICE for f in found):
        raise BadInput("应当有由谈判小组评审的因素, 不能只比价格", field=field)
    of_plan = sum((f.weight for f in found if f.weighs is Weighs.PLAN), NOTHING)
    if plan and of_plan < LEAST_PLAN:
        raise PlanWeighsTooLittle(f"研发方案分值为{of_plan}, 占总分值的比重不得低于50%, 请调整", field=field)
    return kept


def read_factors(rows: Iterable[Mapping[str, str]]) -> list[Factor]:
    """Return the factors of a published file."""
    return [
        Factor(key=r["key"], name=r["name"], weight=Decimal(r["weight"]), weighs=Weighs(r["weighs"]))
        for r in rows
    ]


@dataclass(frozen=True, kw_only=True)
class Money:
    """What a file sets in 元: the most of everything, of one supplier's compensation, of the first purchase, an incentive."""

    most_cost: Decimal
    compensation: Decimal
    first_price: Decimal
    incentive: Decimal


def require_money(money: Money, *, suppliers: int) -> None:
    """Let a file pass whose parts, for every supplier that it takes, stay within the most that the research may cost.

    :raises TooManySuppliers: none, or more than three
    :raises OverMostCost: together they are over it
    """
    if not 1 <= suppliers <= MOST_SUPPLIERS:
        raise TooManySuppliers(f"研发供应商的数量应为1至{MOST_SUPPLIERS}家", field="suppliers")
    whole = suppliers * money.compensation + money.first_price + money.incentive
    if whole > money.most_cost:
        raise OverMostCost(
            f"{suppliers}家的研发成本补偿限额、首购费用和激励费用合计{whole}元, 超过最高研发费用{money.most_cost}元。"
            "请调低限额或者供应商数量",
            field="compensation",
        )


# --- responses

#: what a response says, all of it text; two amounts in 元
RESPONSE = {
    "plan": ("研发方案", 20_000),
    "milestones": ("各阶段标志性成果和完成时间", 10_000),
    "months": ("完成研发的月数", 3),
    "compensation": ("研发成本补偿金额(元)", 24),
    "first_price": ("首购产品金额(元)", 24),
    "ip": ("知识产权归属和使用的承诺", 5000),
    "upgrades": ("升级、迭代的承诺", 5000),
    "service": ("售后服务", 5000),
}
#: where a file goes with a response, its name and its SHA-256 are part of what is sealed; else neither is
RESPONSE_FILE = ("file_name", "file_sha256")
MOST_FILE_BYTES = 20 * 1024 * 1024
_HEX = frozenset("0123456789abcdef")


def response_text(given: Mapping[str, object]) -> dict[str, str]:
    """Return the parts of a response as they are sealed: all of its texts, and the file's two where a file goes with it."""
    parts = {name: str(given.get(name, "")) for name in RESPONSE}
    return parts | {name: str(given[name]) for name in RESPONSE_FILE if given.get(name)}


def require_file(said: Mapping[str, str], data: bytes) -> None:
    """Let the file pass that was sealed with a response, or none where none was.

    :raises BadInput: the file's part is not whole, the file is missing, empty, too large, or a program
    :raises WrongReveal: it is another file
    """
    name, digest = (said.get(part, "") for part in RESPONSE_FILE)
    if not name and not digest:
        if data:
            raise BadInput("封存的响应文件没有附件, 请不要上传", field="file")
        return
    if not 0 < len(name) <= 100 or len(digest) != 64 or set(digest) - _HEX:
        raise BadInput("封存的附件应有名称(不超过100字)和64位小写十六进制SHA-256值", field="file")
    if not 0 < len(data) <= MOST_FILE_BYTES:
        raise BadInput("请同时上传封存的附件, 不超过20MB", field="file")
    if program_kind(name, data[:4]):
        raise BadInput("附件不能是程序或者脚本文件", field="file")
    if sha256(data).hex() != digest:
        raise WrongReveal("附件与封存时的不一致: 请用封存时选择的那份文件", field="file")


def response(
    given: Mapping[str, object],
    *,
    compensation: Decimal,
    first_price: Decimal,
    most_months: int = MOST_MONTHS,
) -> dict[str, str]:
    """Return a response as it was sealed, where it answers the file; `most_months` are the file's.

    The text is kept as it is, since it was sealed as it is.

    :raises BadInput: a part missing or too long, an amount that is none, or over the file's
    """
    said = response_text(given)
    for name, (says, most) in RESPONSE.items():
        if not said[name].strip() or len(said[name]) > most:
            raise BadInput(f"响应文件应有{says}(不超过{most}字)", field=name)
    months = said["months"]
    if not (months.isascii() and months.isdigit() and len(months) < 4 and 0 < int(months) <= most_months):
        raise BadInput(f"完成研发的月数应为正整数, 不超过研发谈判文件的{most_months}个月", field="months")
    for name, limit in (("compensation", compensation), ("first_price", first_price)):
        amount = yuan(said[name], field=name)
        if str(amount) != said[name]:
            raise BadInput(f"{RESPONSE[name][0]}请写成两位小数, 例如 {amount}", field=name)
        if amount > limit:
            raise BadInput(f"{RESPONSE[name][0]}{amount}超过研发谈判文件的限额{limit}", field=name)
        if name == "first_price" and not amount:
            raise BadInput(f"{RESPONSE[name][0]}应大于0", field=name)
    return said


def sealed(*, purchase: str, supplier: str, kind: str, response: Mapping[str, str], salt: str) -> str:
    """Return the digest that a supplier sealed: SHA-256(salt ‖ canonical JSON of whose response it is and what it says).

    :raises WrongReveal: the salt is none
    """
    try:
        raw = bytes.fromhex(salt)
    except ValueError:
        raw = b""
    if len(raw) != SALT_BYTES:
        raise WrongReveal("随机数应为64位十六进制, 请用封存时保存的响应凭证", field="salt")
    return commitment(
        raw, {"kind": kind, "purchase": purchase, "response": dict(response), "supplier": supplier}
    )


# --- points


@dataclass(frozen=True, kw_only=True)
class Entrant:
    """Somebody who is ranked: its price in 元, and when it sealed or was accepted, which parts equals last."""

    entrant: str
    price: Decimal
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Place:
    """One place of a ranking: the mean of the members' points, those of the price, and their sum."""

    entrant: str
    judged: Decimal
    priced: Decimal

    @property
    def total(self) -> Decimal:
        """Return all points."""
        return self.judged + self.priced


def sheet(
    given: Mapping[str, Mapping[str, object]], *, entrants: Iterable[str], by: Sequence[Factor]
) -> dict[str, dict[str, str]]:
    """Return one member's sheet: points for every entrant on every factor that members judge.

    :raises BadInput: somebody or something is not judged, or more points than a factor has
    """
    judged, out = [f for f in by if f.weighs is not Weighs.PRICE], {}
    for entrant in entrants:
        said, row = given.get(entrant) or {}, {}
        for factor in judged:
            found = points(said.get(factor.key, ""), field=f"{entrant}:{factor.key}")
            if found > factor.weight:
                raise BadInput(
                    f"“{factor.name}”最高{factor.weight}分, 不能给{found}分", field=f"{entrant}:{factor.key}"
                )
            row[factor.key] = str(found)
        out[entrant] = row
    if set(given) - set(out):
        raise BadInput("评分表中有不参加评审的供应商", field="scores")
    return out


def ranking(
    sheets: Sequence[Mapping[str, Mapping[str, str]]], *, entrants: Sequence[Entrant], by: Sequence[Factor]
) -> list[Place]:
    """Return the entrants in order: points from high to low, then the lower price, then the earlier.

    Members' points are the mean of their sums; a price has the lowest price over it times its weight. Both are rounded
    half up to two places.
    """
    weight = sum((f.weight for f in by if f.weighs is Weighs.PRICE), NOTHING)
    lowest = min((e.price for e in entrants), default=NOTHING)
    places = []
    for one in entrants:
        whole = sum((Decimal(p) for s in sheets for p in s[one.entrant].values()), NOTHING)
        share = lowest / one.price if one.price else Decimal(1)
        places.append(
            Place(
                entrant=one.entrant,
                judged=(whole / len(sheets)).quantize(CENT, ROUND_HALF_UP),
                priced=(share * weight).quantize(CENT, ROUND_HALF_UP),
            )
        )
    known = {e.entrant: e for e in entrants}
    return sorted(places, key=lambda p: (-p.total, known[p.entrant].price, known[p.entrant].at))


def chosen(places: Sequence[Place], *, suppliers: int) -> list[str]:
    """Return who researches: the first of the ranking, as many as the file says or as there are."""
    return [p.entrant for p in places[:suppliers]]


# --- compensation


def costs(given: Mapping[str, object]) -> dict[str, str]:
    """Return a statement of what was spent, by kind of cost.

    :raises BadInput: an amount that is none, or an unknown kind
    """
    if set(given) - set(Cost):
        raise BadInput("成本说明中有不认识的费用类别", field="costs")
    return {kind.value: str(yuan(str(given.get(kind.value) or "0"), field=kind.value)) for kind in Cost}


def most_compensable(
    spent: Mapping[str, str], *, kinds: Iterable[str], stage_limit: Decimal | None, left: Decimal
) -> Decimal:
    """Return the most that a stage is compensated: what was spent within the kinds, its limit, what is left of the contract's."""
    counted = sum((Decimal(spent[kind]) for kind in set(kinds) if kind in spent), NOTHING)
    return min(counted, left) if stage_limit is None else min(counted, stage_limit, left)


def require_compensation(amount: Decimal, *, most: Decimal) -> None:
    """Let a compensation pass that is not over the most.

    :raises OverCompensation: it is
    """
    if amount > most:
        raise OverCompensation(
            f"成本补偿{amount}元超过{most}元: 以合同约定的成本范围内的实际成本、本阶段限额和合同余额中最小的为限",
            field="compensated",
        )
