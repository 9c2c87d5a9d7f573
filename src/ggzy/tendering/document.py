"""The structured tender file: what a bidder must meet, and how bids are judged. Pure: JSON in, value out."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from ggzy.drafting import clauses as drafted
from ggzy.kernel.canonical import sha256
from ggzy.kernel.money import yuan
from ggzy.kernel.refusals import BadInput
from ggzy.methods import checks
from ggzy.methods import method as methods
from ggzy.methods.run import Scheme, promise
from ggzy.tendering import plan as plans


class Method(StrEnum):
    """How bids are ranked."""

    LOWEST_EVALUATED_PRICE = "lowest_evaluated_price"
    COMPREHENSIVE = "comprehensive"

    @property
    def label(self) -> str:
        """Return the statutory name."""
        return {"lowest_evaluated_price": "经评审的最低投标价法", "comprehensive": "综合评估法"}[self.value]


#: what the same two are called in government procurement (87号令第五十三条)
PROCUREMENT_METHODS = {"lowest_evaluated_price": "最低评标价法", "comprehensive": "综合评分法"}
#: and where a framework agreement is collected (110号令第二十五条)
FRAMEWORK_METHODS = {"lowest_evaluated_price": "价格优先法", "comprehensive": "质量优先法"}


class ReviewPart(StrEnum):
    """The three parts of 初步评审; with two envelopes, what concerns the price is a fourth, after the second is opened."""

    FORMAL = "formal"
    QUALIFICATION = "qualification"
    RESPONSIVE = "responsive"
    OFFER = "offer"

    @property
    def label(self) -> str:
        """Return the word of the standard file."""
        return {
            "formal": "形式评审",
            "qualification": "资格评审",
            "responsive": "响应性评审",
            "offer": "报价文件评审",
        }[self.value]


@dataclass(frozen=True, kw_only=True)
class Requirement:
    """One ground of 初步评审: a bid that fails it is rejected, for this reason and no other."""

    key: str
    part: ReviewPart
    text: str


#: what an objective item may count of a bid's registry snapshot → kind and code of the records, and the word for people
FACTS = {
    "performances": ("performance", "", "业绩"),
    "certificates": ("honour", "system", "管理体系认证"),
    "awards": ("honour", "award", "工程奖项"),
    "qualifications": ("qualification", "", "资质"),
    "persons": ("person", "", "人员"),
}


@dataclass(frozen=True, kw_only=True)
class FactRule:
    """How an objective item follows from sealed records: points for each, at most so many; bounds on performances only.

    at_least: 元 of the contract; since: the day from which on it was finished.
    """

    fact: str
    each: Decimal
    most: Decimal
    at_least: Decimal = Decimal(0)
    since: date | None = None

    def as_json(self) -> dict[str, str]:
        """Return the rule as JSON values; a bound that is not set is not there."""
        out = {"fact": self.fact, "each": str(self.each), "most": str(self.most)}
        out |= {"at_least": str(self.at_least)} if self.at_least else {}
        return out | ({"since": self.since.isoformat()} if self.since else {})


@dataclass(frozen=True, kw_only=True)
class Criterion:
    """One scored item of 综合评估法 beside the price."""

    key: str
    title: str
    weight: Decimal
    #: settled by facts: every member must come to the same points
    objective: bool = False
    #: members write down why they give these points
    reasons: bool = False
    #: judged without knowing whose it is 暗标
    dark: bool = False
    #: from which sealed records the points follow; they prefill the members' sheets, who may change them
    facts: FactRule | None = None


@dataclass(frozen=True, kw_only=True)
class LowPriceRule:
    """Below which a price is looked at: in percent of the ceiling and of the mean of the other bids. It rejects nothing."""

    of_ceiling: Decimal = Decimal(75)
    of_others: Decimal = Decimal(80)


@dataclass(frozen=True, kw_only=True)
class PriceRule:
    """How a price becomes points or an evaluated price.

    weight: points of the price part (comprehensive only). `above` and `below` are the points lost per 1 % above
    and below the base price, which is the mean of the responsive bids lowered by `lowered_by` percent.
    `per_day`: 元 by which the evaluated price falls for each day a bid is shorter than the lot's duration.
    """

    weight: Decimal = Decimal(0)
    above: Decimal = Decimal(2)
    below: Decimal = Decimal(1)
    lowered_by: Decimal = Decimal(0)
    per_day: Decimal = Decimal(0)


class QualificationMethod(StrEnum):
    """How applicants for prequalification are chosen."""

    ALL_QUALIFIED = "all_qualified"
    LIMITED_NUMBER = "limited_number"
    #: 政府采购邀请招标: as many as the file says are drawn among all who meet the requirements
    DRAWN = "drawn"

    @property
    def label(self) -> str:
        """Return the statutory name."""
        return {"all_qualified": "合格制", "limited_number": "有限数量制", "drawn": "合格者中随机抽取"}[
            self.value
        ]


@dataclass(frozen=True, kw_only=True)
class Prequalification:
    """The prequalification part of a tender file: what applicants must meet and, where the number is limited,
    how those who meet it are scored. What is not written here may not be a ground (条例第十八条)."""

    method: QualificationMethod
    requirements: tuple[Requirement, ...]
    limit: int
    criteria: tuple[Criterion, ...]


class Sealing(StrEnum):
    """With which algorithms bids are sealed; set with the first notice of a round, and then for good."""

    AGE = "age"
    GM = "gm"

    @property
    def label(self) -> str:
        """Return what people call it."""
        return {"age": "国际通用算法", "gm": "国密算法"}[self.value]

    @property
    def says(self) -> str:
        """Return which algorithms those are."""
        return {
            "age": "X25519、ChaCha20-Poly1305、SHA-256; RSA、P-256、SM2证书都可以投标",
            "gm": "SM2、SM3、SM4; 投标人须有SM2证书(签名证书和加密证书)",
        }[self.value]


@dataclass(frozen=True, kw_only=True)
class ShareHolder:
    """Who keeps a part of a bid_key, where a bidder chooses so: an organisation and its certificate (PEM)."""

    uscc: str
    name: str
    fingerprint: str
    certificate: str


class Subject(StrEnum):
    """What a government procurement buys: the price counts for more where goods are bought (87号令第五十五条)."""

    GOODS = "goods"
    SERVICES = "services"

    @property
    def label(self) -> str:
        """Return the word of the law."""
        return {"goods": "货物", "services": "服务"}[self.value]

    @property
    def least_weight(self) -> Decimal:
        """Return the least points of the price out of 100 (87号令第五十五条)."""
        return Decimal(30 if self is Subject.GOODS else 10)


@dataclass(frozen=True, kw_only=True)
class Several:
    """How many suppliers a result names, where it names several: the first of the ranking, as many as the file says.

    most: at most so many, 0 for no such number. rate: the share of those ranked that drops out, and at least one (110号令
    第二十六条); 0 where nobody has to.
    """

    most: int = 0
    rate: Decimal = Decimal(0)

    @property
    def least(self) -> int:
        """Return how many must be left to choose among: two where some drop out (110号令第二十七条)."""
        return 2 if self.rate else 3

    def keeps(self, ranked: int) -> int:
        """Return how many of those ranked are chosen: the least of what is named, floor(n × (1 - rate)) and n - 1.

        At two the floor would be one below: one is kept.
        """
        kept = ranked
        if self.rate:
            kept = max(1, min(int(ranked * (1 - self.rate)), ranked - 1))
        return min(kept, self.most) if self.most else kept


@dataclass(frozen=True, kw_only=True)
class Policy:
    """What a government procurement takes off a price before it is compared, in percent of it (RULEBOOK 2.7).

    sme: of a small or micro enterprise; joint: of a consortium or with subcontracts of which small enterprises carry
    30 % or more; domestic: of domestic products. reserved: only small and medium enterprises may bid. group_checks: the
    group that judges checks the qualification too, as in the ways that are no tendering (74号令), not the buyer (87号令44).
    negotiated: answers carry no price, prices come in last offers after the talks (磋商, 谈判). two: on what ground talks
    go on with two suppliers, "" where three are needed (74号令27二款; 财库〔2015〕124号). solutions: the need cannot be
    told in detail, and after the talks the group votes whose solutions go on (74号令33二款, 214号21二款).
    several: how many suppliers the result names, where it names several.
    """

    subject: Subject = Subject.GOODS
    reserved: bool = False
    sme: Decimal = Decimal(10)
    joint: Decimal = Decimal(4)
    domestic: Decimal = Decimal(20)
    group_checks: bool = False
    negotiated: bool = False
    two: str = ""
    solutions: bool = False
    several: Several | None = None

    def deduction(self, claim: str) -> Decimal:
        """Return the percent that a bid's declaration on its size takes off its price."""
        if self.reserved:
            return Decimal(0)
        return {"small": self.sme, "joint": self.joint}.get(claim, Decimal(0))


#: what a bid may declare of the size of its bidder → in words (财库〔2020〕46号)
SIZE_CLAIMS = {
    "": "不声明",
    "medium": "中型企业",
    "small": "小型、微型企业",
    "joint": "与小微企业组成联合体或者分包不少于30%",
}


@dataclass(frozen=True, kw_only=True)
class TenderDocument:
    """Everything of the tender file that the platform acts upon."""

    method: Method
    requirements: tuple[Requirement, ...]
    criteria: tuple[Criterion, ...]
    price: PriceRule
    quality: str
    deposit: Decimal
    deposit_forms: tuple[str, ...]
    bid_validity_days: int
    decryption_minutes: int
    consortium_allowed: bool
    committee_size: int
    owner_representatives: int
    specialty: str
    text: str
    #: minutes beyond what was left of the window after an interruption of the opening (20号令31); 0: no remedy
    remedy_minutes: int = 0
    #: in how many lots of this tender one bidder may win; 0: no limit
    most_lots: int = 0
    subcontract_allowed: bool = False
    #: where anyone may look at the site alone, at any time; nobody is gathered (条例28)
    site: str = ""
    #: the template filled in (招标文件范本); None while the file is a free text only
    clauses: drafted.ClauseSet | None = None
    prequalification: Prequalification | None = None
    sealing: Sealing = Sealing.AGE
    #: three holders of parts of a bid_key, or none (20号令31: a remedy that the file itself states)
    share_holders: tuple[ShareHolder, ...] = ()
    low_price: LowPriceRule = LowPriceRule()
    #: the evaluation method as data; None: the two statutory methods as `price` and `criteria` say
    scheme: Scheme | None = None
    #: of government procurement alone; None: a construction tender
    policy: Policy | None = None
    #: 评定分离: candidates without an order, and how a panel chooses among them; None: the first of the ranking wins
    award_plan: plans.AwardPlan | None = None
    #: what the file fixes for what follows from its result, as the context that acts upon it has checked it
    #: (`tendering.terms`): of a framework agreement its items with their highest unit prices and how contracts are called off
    terms: Mapping[str, Any] | None = None

    @property
    def unit_ceilings(self) -> dict[str, Decimal]:
        """Return {number of the item: highest unit price in 元} where responses name a unit price of each item."""
        return {i["number"]: Decimal(i["price"]) for i in (self.terms or {}).get("items", [])}

    @property
    def method_label(self) -> str:
        """Return what the evaluation method is called."""
        if self.scheme:
            return self.scheme.method.title
        if self.drops_out:
            return FRAMEWORK_METHODS[self.method.value]
        if self.policy:
            return PROCUREMENT_METHODS[self.method.value]
        return self.method.label

    @property
    def owners_requirements(self) -> tuple[Requirement, ...]:
        """Return what the buyer itself checks after the opening (87号令第四十四条); nothing in construction."""
        if self.policy is None or self.policy.group_checks:
            return ()
        return tuple(r for r in self.requirements if r.part is ReviewPart.QUALIFICATION)

    @property
    def committees_requirements(self) -> tuple[Requirement, ...]:
        """Return what the committee checks in its preliminary review 初步评审, in government procurement 符合性审查."""
        apart = (*self.owners_requirements, *self.offers_requirements)
        return tuple(r for r in self.requirements if r not in apart)

    @property
    def negotiated(self) -> bool:
        """Say whether prices come in last offers, after the group has talked with those who answered."""
        return self.policy is not None and self.policy.negotiated

    @property
    def least_bidders(self) -> int:
        """Return how many bidders must be left: three, or two where the law has a ground for it."""
        if self.policy is None:
            return 3
        least = self.policy.several.least if self.policy.several else 3
        return 2 if self.policy.two else least

    @property
    def drops_out(self) -> bool:
        """Say whether a share of those ranked drops out, as where a closed framework is collected."""
        several = self.policy.several if self.policy else None
        return several is not None and several.rate > 0

    @property
    def two_envelopes(self) -> bool:
        """Say whether prices are in an envelope of their own 双信封, opened after the rest was judged."""
        return self.scheme is not None and self.scheme.method.envelopes > 1

    @property
    def offers_requirements(self) -> tuple[Requirement, ...]:
        """Return what the committee checks of the second envelope; nothing where there is one only."""
        return tuple(r for r in self.requirements if r.part is ReviewPart.OFFER)

    def clauses_read(self) -> list[drafted.Rendered]:
        """Return the clauses as they are read; with a plan of award the one on candidates says what the plan says."""
        read = self.clauses.rendered() if self.clauses else []
        if self.award_plan is None:
            return read
        says = self.award_plan.clause
        return [
            replace(c, text=says, sha256=sha256(says.encode()).hex()) if c.key == plans.CANDIDATES else c
            for c in read
        ]

    def as_json(self) -> dict[str, Any]:
        """Return the document as JSON values, Decimals as strings: what is hashed and published."""
        plain: dict[str, Any] = _plain(asdict(replace(self, scheme=None, award_plan=None)))
        del plain["scheme"], plain["award_plan"]
        if self.policy is None:
            del plain["policy"]  # a construction file is hashed as it always was
        else:
            for mark in ("group_checks", "negotiated", "two", "solutions", "several"):
                if not plain["policy"][mark]:
                    del plain["policy"][mark]
        del plain["clauses"]  # a file without a template is hashed as it always was
        if self.sealing is Sealing.AGE:
            del plain["sealing"]  # and so is one without the national algorithms
        if not self.share_holders:
            del plain["share_holders"]
        if self.low_price == (ABNORMAL if self.policy else LowPriceRule()):
            del plain["low_price"]
        # a file without rules for facts is hashed as it always was
        for row in [*plain["criteria"], *(plain["prequalification"] or {}).get("criteria", [])]:
            del row["facts"]
        for row, criterion in zip(plain["criteria"], self.criteria, strict=True):
            if criterion.facts:
                row["facts"] = criterion.facts.as_json()
            for mark in ("objective", "reasons", "dark"):
                if not row[mark]:
                    del row[mark]
        if self.scheme:
            plain["scheme"] = self.scheme.as_json()
        if self.award_plan:
            plain["award_plan"] = self.award_plan.as_json()
        if self.terms is None:
            del plain["terms"]
        return plain | ({"clauses": self.clauses.as_json()} if self.clauses else {})


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value.value if isinstance(value, StrEnum) else value


DEPOSIT_FORMS = {
    "transfer": "银行转账",
    "guarantee": "银行保函",
    "insurance": "保证保险",
    "commitment": "信用承诺",
}

STANDARD_REQUIREMENTS = (
    ("formal", "seal", "投标函已按要求签名", ReviewPart.FORMAL),
    ("formal", "one_price", "只有一个有效报价", ReviewPart.FORMAL),
    ("qualification", "licence", "营业执照、资质和安全生产许可符合要求", ReviewPart.QUALIFICATION),
    ("qualification", "manager", "项目负责人资格符合要求", ReviewPart.QUALIFICATION),
    ("responsive", "duration", "工期、质量和投标有效期响应招标文件", ReviewPart.RESPONSIVE),
    ("responsive", "ceiling", "报价不超过最高投标限价", ReviewPart.RESPONSIVE),
)


#: what every supplier must meet (政府采购法第二十二条), and what a response must keep
PROCUREMENT_REQUIREMENTS = (
    (
        "legal",
        ReviewPart.QUALIFICATION,
        "具有独立承担民事责任的能力, 具有履行合同的设备、能力, 财务、纳税、社保记录良好",
    ),
    (
        "credit",
        ReviewPart.QUALIFICATION,
        "未被列入失信被执行人、重大税收违法失信主体、政府采购严重违法失信行为记录名单",
    ),
    ("seal", ReviewPart.FORMAL, "投标函已按要求签名"),
    ("response", ReviewPart.RESPONSIVE, "响应招标文件标明的全部实质性要求"),
    ("budget", ReviewPart.RESPONSIVE, "报价不超过采购预算和最高限价"),
)


#: standard requirements that cannot be judged before the price is known
OF_THE_OFFER = frozenset({"one_price", "ceiling"})


#: what takes the place of the budget where responses name unit prices; what it says is arithmetic
UNIT_PRICES = "unit_prices"
_UNIT_PRICES = (
    UNIT_PRICES,
    ReviewPart.RESPONSIVE,
    "逐项报出单价, 均不超过最高限制单价, 报价等于各项单价之和",
)


def procurement_requirements(*, priced: bool = True, by_units: bool = False) -> list[dict[str, str]]:
    """Return the rows with which the file of a government procurement starts; without a price, what needs none."""
    rows = [row for row in PROCUREMENT_REQUIREMENTS if row[0] != "budget" or (priced and not by_units)]
    return [
        {"key": key, "part": part.value, "text": text}
        for key, part, text in (*rows, *([_UNIT_PRICES] if by_units else []))
    ]


def standard_requirements() -> list[dict[str, str]]:
    """Return the rows of the standard file with which a new document starts."""
    return [{"key": key, "part": part.value, "text": text} for _, key, text, part in STANDARD_REQUIREMENTS]


def parse(raw: Mapping[str, Any]) -> TenderDocument:
    """Return the document in a JSON object.

    :raises BadInput: a part is missing or cannot be right; the sentence says which
    """
    policy = _policy(raw.get("policy"))
    scheme = _scheme(raw.get("scheme"), policy)
    terms = _terms(raw.get("terms"))
    method = _choice(Method, raw.get("method"), "method", "评标办法")
    price_raw = raw.get("price") or {}
    if not isinstance(price_raw, Mapping):
        raise BadInput("报价计算规则应为一组“名称: 数值”", field="price")
    price = PriceRule(
        weight=_number(price_raw.get("weight", 0), "price.weight", "报价分值"),
        above=_number(price_raw.get("above", 2), "price.above", "高于基准价每1%扣分"),
        below=_number(price_raw.get("below", 1), "price.below", "低于基准价每1%扣分"),
        lowered_by=_number(price_raw.get("lowered_by", 0), "price.lowered_by", "基准价下浮"),
        per_day=yuan(price_raw.get("per_day", 0), field="price.per_day"),
    )
    requirements = tuple(
        Requirement(
            key=_word(row.get("key"), f"requirements.{n}.key"),
            part=_choice(ReviewPart, row.get("part"), f"requirements.{n}.part", "评审环节"),
            text=_text(row.get("text"), f"requirements.{n}.text", "评审要求", 300),
        )
        for n, row in enumerate(
            _rows(raw.get("requirements"), "requirements", "评审要求")
            or (
                procurement_requirements(
                    priced=not policy.negotiated, by_units=bool((terms or {}).get("items"))
                )
                if policy
                else standard_requirements()
            )
        )
    )
    two = scheme is not None and scheme.method.envelopes > 1
    two = scheme is not None and scheme.method.envelopes > 1
    requirements = tuple(replace(r, part=_part_of(r, two=two)) for r in requirements)
    criteria = tuple(
        Criterion(
            key=_word(row.get("key"), f"criteria.{n}.key"),
            title=_text(row.get("title"), f"criteria.{n}.title", "评分项名称", 100),
            weight=_number(row.get("weight"), f"criteria.{n}.weight", "评分项分值"),
            objective=_yes(row.get("objective", False), f"criteria.{n}.objective", "是否客观项"),
            reasons=_yes(row.get("reasons", False), f"criteria.{n}.reasons", "是否写明理由"),
            dark=_yes(row.get("dark", False), f"criteria.{n}.dark", "是否暗标评审"),
            facts=_facts(row, f"criteria.{n}.facts"),
        )
        for n, row in enumerate(_rows(raw.get("criteria"), "criteria", "评分项"))
    )
    for keys, says in (([r.key for r in requirements], "评审要求"), ([c.key for c in criteria], "评分项")):
        if len(set(keys)) != len(keys):
            raise BadInput(f"{says}的编号不能重复", field="document")
    if scheme is not None:
        method = _require_scored(scheme, criteria)
    elif method is Method.COMPREHENSIVE:
        if not criteria:
            raise BadInput("综合评估法至少要有一个报价以外的评分项", field="criteria")
        total = price.weight + sum(c.weight for c in criteria)
        quality_only = policy is not None and policy.several is not None and policy.several.rate > 0
        if quality_only:
            if total != 100 or price.weight:
                raise BadInput(
                    f"质量优先法只按质量评分, 各评分项合计应为100分, 价格不计分; 现为{total}分",
                    field="criteria",
                )
        elif total != 100 or price.weight <= 0:
            raise BadInput(f"综合评估法各项分值合计应为100分且报价分大于0, 现为{total}分", field="criteria")
        if price.above < 0 or price.below < 0:
            raise BadInput("偏离基准价的扣分不能为负", field="price")
        if price.lowered_by >= 100:
            raise BadInput("基准价下浮应小于100%", field="price.lowered_by")
        if policy and not quality_only and price.weight < policy.subject.least_weight:
            raise BadInput(
                f"{policy.subject.label}项目的价格分值占总分值的比重不得低于{policy.subject.least_weight}%, "
                f"现为{price.weight}%(87号令第五十五条)",
                field="price.weight",
            )
    if policy and not any(r.part is ReviewPart.QUALIFICATION for r in requirements):
        raise BadInput("政府采购的资格条件由采购人在开标后审查, 至少要写明一项资格要求", field="requirements")
    given_forms = raw.get("deposit_forms") or list(DEPOSIT_FORMS)
    if not isinstance(given_forms, list | tuple):
        raise BadInput("保证金形式应为列表", field="deposit_forms")
    forms = tuple(str(form) for form in given_forms)
    if unknown := [form for form in forms if form not in DEPOSIT_FORMS]:
        raise BadInput(f"保证金形式“{unknown[0]}”不在可选范围内", field="deposit_forms")
    size = _whole(raw.get("committee_size", 5), "committee_size", "评标委员会人数", 3, 21)
    award_plan = plans.parse(raw.get("award_plan"))
    most_lots = _whole(raw.get("most_lots", 0), "most_lots", "最多中标标段数", 0, 50)
    if award_plan is not None and most_lots:
        # who is passed over follows from who is first in the lots before, and here nobody is first
        raise BadInput("采用评定分离的, 不能再限制每个投标人的中标标段数", field="most_lots")
    owners = _whole(raw.get("owner_representatives", 0), "owner_representatives", "招标人代表人数", 0, 7)
    document = TenderDocument(
        method=method,
        requirements=requirements,
        criteria=criteria if method is Method.COMPREHENSIVE else (),
        price=price,
        quality=_text(raw.get("quality", "合格"), "quality", "质量要求", 100),
        deposit=yuan(raw.get("deposit", 0), field="deposit"),
        deposit_forms=forms,
        bid_validity_days=_whole(
            raw.get("bid_validity_days", 90), "bid_validity_days", "投标有效期", 30, 365
        ),
        decryption_minutes=_whole(
            raw.get("decryption_minutes", 30), "decryption_minutes", "解密时限", 5, 240
        ),
        consortium_allowed=_yes(raw.get("consortium_allowed", True), "consortium_allowed", "是否接受联合体"),
        committee_size=size,
        owner_representatives=owners,
        specialty=_word(raw.get("specialty", "A08"), "specialty"),
        text=_text(raw.get("text", ""), "text", "招标文件正文", 200_000, empty=True),
        remedy_minutes=_whole(raw.get("remedy_minutes", 0), "remedy_minutes", "开标补救时间", 0, 240),
        most_lots=most_lots,
        subcontract_allowed=_yes(
            raw.get("subcontract_allowed", False), "subcontract_allowed", "是否允许分包"
        ),
        site=_text(raw.get("site", ""), "site", "踏勘地点", 500, empty=True),
        clauses=drafted.parse(raw.get("clauses")),
        prequalification=_prequalification(raw.get("prequalification")),
        sealing=_choice(Sealing, raw.get("sealing", Sealing.AGE), "sealing", "投标文件的加密算法"),
        share_holders=_share_holders(raw.get("share_holders")),
        low_price=_low_price(raw.get("low_price"), policy),
        scheme=scheme,
        policy=policy,
        award_plan=award_plan,
        terms=terms,
    )
    if two:
        _require_fit_for_two(document)
    if document.negotiated and document.share_holders:
        raise BadInput(
            "磋商、谈判的响应文件只向小组开启, 不设密钥份额保管人(保管人会得知谁参加了); 请改用恢复码",
            field="share_holders",
        )
    return document


def _terms(raw: Any) -> Mapping[str, Any] | None:
    if raw is not None and not isinstance(raw, Mapping):
        raise BadInput("结果确定以后适用的条款应为一组“名称: 内容”", field="terms")
    return raw or None


def _part_of(requirement: Requirement, *, two: bool) -> ReviewPart:
    """Return in which part a requirement is judged: what concerns the price waits for the second envelope, if any."""
    if two and requirement.key in OF_THE_OFFER:
        return ReviewPart.OFFER
    if not two and requirement.part is ReviewPart.OFFER:
        return ReviewPart.RESPONSIVE
    return requirement.part


def _require_fit_for_two(document: TenderDocument) -> None:
    """Let a file with two envelopes pass that asks for nothing the platform cannot do with two.

    :raises BadInput: it does; the sentence says what
    """
    assert document.scheme is not None, "two envelopes are a method's"
    title = document.scheme.method.title
    if document.award_plan is not None:
        raise BadInput(
            f"“{title}”是双信封的办法, 平台尚不能同时采用评定分离; 请只选用一种", field="award_plan"
        )
    if document.prequalification is not None:
        raise BadInput(
            f"“{title}”是双信封的办法, 平台尚不能同时采用资格预审; 请在第一信封评审资格", field="scheme"
        )
    if document.sealing is not Sealing.AGE:
        raise BadInput(
            f"“{title}”是双信封的办法, 第二信封目前只能用国际通用算法加密; 请把加密算法改为国际通用算法",
            field="sealing",
        )
    if document.share_holders:
        raise BadInput(
            f"“{title}”是双信封的办法, 密钥份额只保管一把投标密钥, 不能用于两个信封; 请不设保管人",
            field="share_holders",
        )
    if drawn := [p.title for p in document.scheme.method.parameters if p.drawn is not None]:
        raise BadInput(
            f"双信封的办法不能当众抽取参数“{drawn[0]}”, 因为抽取所用的随机数来自报价; 请给定它的值",
            field="scheme",
        )


def _policy(raw: Any) -> Policy | None:
    """Return what policies a government procurement keeps; the platform sets this part by the tender's family.

    :raises BadInput: a percentage beyond what the rules allow
    """
    if raw is None:
        return None
    if not isinstance(raw, Mapping):
        raise BadInput("政府采购政策应写明采购内容和各项价格扣除的百分比", field="policy")
    made = Policy(
        subject=_choice(Subject, raw.get("subject", Subject.GOODS), "policy.subject", "采购货物还是服务"),
        reserved=_yes(raw.get("reserved", False), "policy.reserved", "是否专门面向中小企业"),
        sme=_number(raw.get("sme", 10), "policy.sme", "小微企业价格扣除"),
        joint=_number(raw.get("joint", 4), "policy.joint", "联合体或分包的价格扣除"),
        domestic=_number(raw.get("domestic", 20), "policy.domestic", "本国产品价格扣除"),
        group_checks=_yes(raw.get("group_checks", False), "policy.group_checks", "是否由小组审查资格"),
        negotiated=_yes(raw.get("negotiated", False), "policy.negotiated", "报价是否在磋商或者谈判以后提出"),
        two=_text(raw["two"], "policy.two", "只有两家也可以继续的依据", 300) if raw.get("two") else "",
        solutions=_yes(raw.get("solutions", False), "policy.solutions", "是否由供应商提供最终方案"),
        several=_several(raw.get("several")),
    )
    if made.two and not made.negotiated:
        raise BadInput("只有竞争性磋商、竞争性谈判在法定情形下可以由两家供应商继续", field="policy.two")
    if made.solutions and not made.negotiated:
        raise BadInput("只有竞争性磋商、竞争性谈判由供应商提供最终方案、投票推荐", field="policy.solutions")
    if not 10 <= made.sme <= 20:
        raise BadInput("货物、服务项目对小微企业报价的扣除为10%至20%", field="policy.sme")
    if not 4 <= made.joint <= 6:
        raise BadInput("联合体或者分包中小微企业占30%以上的, 扣除为4%至6%", field="policy.joint")
    if made.domestic not in {0, 20}:
        raise BadInput("本国产品的价格扣除为20%; 不适用的填0", field="policy.domestic")
    return made


MOST_CHOSEN = 1000


def _several(raw: Any) -> Several | None:
    """Return how many suppliers the result names, if it names several.

    :raises BadInput: neither a number nor a rate, or one that is none
    """
    if raw is None:
        return None
    if not isinstance(raw, Mapping):
        raise BadInput("确定多家供应商的, 应写明数量上限和淘汰比例", field="policy.several")
    rate = _number(raw.get("rate") or 0, "policy.several.rate", "淘汰比例")
    most = _whole(raw.get("most") or 0, "policy.several.most", "数量上限", 0, MOST_CHOSEN)
    if rate >= 1 or not (rate or most):
        raise BadInput("应写明最多确定几家供应商, 或者小于1的淘汰比例(例如0.2)", field="policy.several")
    return Several(most=most, rate=rate)


def _facts(row: Mapping[str, Any], field: str) -> FactRule | None:
    """Return the rule by which an objective item is prefilled, if there is one.

    :raises BadInput: an unknown fact, no points, more points than the item has, or an item that facts may not settle
    """
    raw = row.get("facts")
    if raw is None:
        return None
    if not isinstance(raw, Mapping) or raw.get("fact") not in FACTS:
        raise BadInput(
            f"自动计分的依据应为{'、'.join(says for _, _, says in FACTS.values())}之一", field=field
        )
    if row.get("objective") is not True or row.get("dark") is True:
        # a dark item that is prefilled from the registry would tell whose it is
        raise BadInput("只有客观项可以按登记信息自动计分, 暗标评审的不可以", field=field)
    weight = _number(row.get("weight"), field, "评分项分值")
    rule = FactRule(
        fact=str(raw["fact"]),
        each=_number(raw.get("each"), f"{field}.each", "每项得分"),
        most=_number(raw.get("most") or weight, f"{field}.most", "最多得分"),
        at_least=yuan(raw.get("at_least") or 0, field=f"{field}.at_least"),
        since=_day(raw.get("since"), f"{field}.since"),
    )
    if not 0 < rule.each <= rule.most <= weight:
        raise BadInput("自动计分应为: 每项得分大于0, 不超过最多得分; 最多得分不超过该项分值", field=field)
    if (rule.at_least or rule.since) and rule.fact != "performances":
        raise BadInput("合同金额和完成日期的条件只用于业绩", field=field)
    return rule


def _day(value: Any, field: str) -> date | None:
    try:
        return date.fromisoformat(str(value)) if value else None
    except ValueError:
        raise BadInput("完成日期应写成2023-01-01", field=field) from None


#: of 财库〔2026〕2号, from which a file may only go up, and not beyond the last
ABNORMAL, HIGHEST_LINE = (
    LowPriceRule(of_ceiling=checks.OF_CEILING, of_others=checks.OF_MEAN),
    checks.HIGHEST_LINE,
)


def _low_price(raw: Any, policy: Policy | None) -> LowPriceRule:
    if raw is None:
        return ABNORMAL if policy else LowPriceRule()
    if not isinstance(raw, Mapping):
        raise BadInput("报价偏低的提示线应写明占最高投标限价和其他投标平均价的百分比", field="low_price")
    rule = LowPriceRule(
        of_ceiling=_number(raw.get("of_ceiling", 75), "low_price.of_ceiling", "占最高投标限价的百分比"),
        of_others=_number(raw.get("of_others", 80), "low_price.of_others", "占其他投标平均价的百分比"),
    )
    if policy and not (
        ABNORMAL.of_ceiling <= rule.of_ceiling <= HIGHEST_LINE
        and ABNORMAL.of_others <= rule.of_others <= HIGHEST_LINE
    ):
        raise BadInput(
            f"政府采购异常低价的比例: 占最高限价{ABNORMAL.of_ceiling}%至{HIGHEST_LINE}%, "
            f"占平均报价{ABNORMAL.of_others}%至{HIGHEST_LINE}%(财库〔2026〕2号)",
            field="low_price",
        )
    if max(rule.of_ceiling, rule.of_others) > 100:
        raise BadInput("报价偏低的提示线不超过100%", field="low_price")
    return rule


#: figures of a bid that the members' scores give, all criteria together
SCORED = frozenset({"other", "technical", "quality"})
#: figures of a bid that are read out
READ_OUT = frozenset({"price", "discount", "duration_days"})
#: figures of a bid that the file's policies and the bid's own declarations give
DECLARED = frozenset({"sme", "domestic"})
#: the parameters that hold the points of the price, beside which `other` completes 100
POINTS = ("full", "price_weight")


def _scheme(raw: Any, policy: Policy | None) -> Scheme | None:
    """Return the evaluation method of a file, if it is given as data.

    :raises BadInput: it is none, or a value is missing
    """
    if raw is None:
        return None
    if not isinstance(raw, Mapping) or not isinstance(raw.get("values", {}), Mapping):
        raise BadInput("评标办法应写明办法 (method) 和参数的值 (values)", field="scheme")
    method = methods.parse(raw.get("method") or {})
    if method.envelopes > 1 and policy is not None:
        raise BadInput(
            f"“{method.title}”是双信封的办法, 政府采购不适用; 请选用最低评标价法或综合评分法", field="scheme"
        )
    if method.separation:
        raise BadInput(
            "评定分离写在招标文件的定标方案 (award_plan) 里, 并且要有本地区的依据, 不写在评标办法里",
            field="scheme",
        )
    if policy is not None:
        return _procurement_scheme(method, raw.get("values") or {}, policy)
    if method.candidates.text != "3" or method.one_per:
        # a file must not promise what the award would not keep: candidates are up to three, in order (条例第五十三条)
        raise BadInput(
            "中标候选人由平台按排序推荐, 不超过3名, 办法里不用写 candidates; 同品牌只推荐一家 (one_per) 只用于政府采购",
            field="scheme",
        )
    return promise(method, raw.get("values") or {})


def _procurement_scheme(method: methods.Method, values: Mapping[str, Any], policy: Policy) -> Scheme:
    """Return the method of a government procurement.

    :raises BadInput: a method of another family, or a price that counts for too little (its file says how much)
    """
    if method.scope not in {"gp", f"gp_{policy.subject.value}"} or method.candidates.text != "3":
        raise BadInput(
            f"“{method.title}”不用于政府采购{policy.subject.label}的公开招标, 请选用最低评标价法或综合评分法",
            field="scheme",
        )
    return promise(method, values)


def _require_scored(scheme: Scheme, criteria: tuple[Criterion, ...]) -> Method:
    """Return whether members score, by the figures the method asks of a bid.

    :raises BadInput: a figure nobody gives, no criteria where members score, or points that are not 100 together
    """
    figures = {f.name: f for f in scheme.method.figures}
    keys = {c.key for c in criteria}
    scored = [name for name in figures if name in SCORED or name in keys]
    for name, figure in figures.items():
        if name not in {*READ_OUT, *SCORED, *DECLARED, *keys} and figure.default is None:
            raise BadInput(
                f"办法要用“{figure.title}”({name}), 请设一个编号为{name}的评分项", field="criteria"
            )
    if not criteria and any(figures[name].default is None for name in scored):
        raise BadInput(f"“{scheme.method.title}”要评委打分, 至少要有一个报价以外的评分项", field="criteria")
    if not scored:
        return Method.LOWEST_EVALUATED_PRICE
    total = sum((c.weight for c in criteria), Decimal(0))
    points = next((scheme.values[name] for name in POINTS if name in scheme.values), None)
    if "other" in figures and isinstance(points, Decimal):
        total += points
    if total != 100:
        raise BadInput(f"评分项分值(和报价分值)合计应为100分, 现为{total}分", field="criteria")
    return Method.COMPREHENSIVE if criteria else Method.LOWEST_EVALUATED_PRICE


SHARE_HOLDERS = 3


def _share_holders(raw: Any) -> tuple[ShareHolder, ...]:
    rows = _rows(raw, "share_holders", "密钥份额保管人")
    holders = tuple(
        ShareHolder(
            uscc=_text(row.get("uscc"), "share_holders", "保管人的统一社会信用代码", 18),
            name=_text(row.get("name"), "share_holders", "保管人名称", 200),
            fingerprint=_text(row.get("fingerprint"), "share_holders", "保管人证书", 64),
            certificate=_text(row.get("certificate"), "share_holders", "保管人证书", 10_000) + "\n",
        )
        for row in rows
    )
    if holders and (len(holders) != SHARE_HOLDERS or len({h.uscc for h in holders}) != SHARE_HOLDERS):
        raise BadInput(f"密钥份额保管人应为{SHARE_HOLDERS}个不同的单位, 或不设", field="share_holders")
    return holders


LEAST_QUALIFIED = 3


def _prequalification(raw: Any) -> Prequalification | None:
    """Return the prequalification part, if there is one.

    :raises BadInput: a part of it is missing or cannot be right
    """
    if raw is None:
        return None
    at = "prequalification"
    if not isinstance(raw, Mapping):
        raise BadInput("资格预审部分应写明审查方法、要求和评分项", field=at)
    method = _choice(
        QualificationMethod, raw.get("method"), f"{at}.method", "资格审查方法(合格制或有限数量制)"
    )
    requirements = tuple(
        Requirement(
            key=_word(row.get("key"), f"{at}.requirements.{n}.key"),
            part=ReviewPart.QUALIFICATION,
            text=_text(row.get("text"), f"{at}.requirements.{n}.text", "资格要求", 300),
        )
        for n, row in enumerate(_rows(raw.get("requirements"), f"{at}.requirements", "资格要求"))
    )
    if not requirements:
        raise BadInput(
            "资格预审至少要写明一项资格要求, 没有写明的不能作为审查依据", field=f"{at}.requirements"
        )
    criteria: tuple[Criterion, ...] = ()
    limit = 0
    if method is QualificationMethod.DRAWN:
        limit = _whole(raw.get("limit"), f"{at}.limit", "拟邀请的供应商数量", LEAST_QUALIFIED, 50)
    elif method is QualificationMethod.LIMITED_NUMBER:
        limit = _whole(raw.get("limit"), f"{at}.limit", "通过资格预审的数量", LEAST_QUALIFIED, 50)
        criteria = tuple(
            Criterion(
                key=_word(row.get("key"), f"{at}.criteria.{n}.key"),
                title=_text(row.get("title"), f"{at}.criteria.{n}.title", "评分项名称", 100),
                weight=_number(row.get("weight"), f"{at}.criteria.{n}.weight", "评分项分值"),
            )
            for n, row in enumerate(_rows(raw.get("criteria"), f"{at}.criteria", "评分项"))
        )
        total = sum((c.weight for c in criteria), Decimal(0))
        if total != 100:
            raise BadInput(f"有限数量制的评分项合计应为100分, 现为{total}分", field=f"{at}.criteria")
    for keys, says in (([r.key for r in requirements], "资格要求"), ([c.key for c in criteria], "评分项")):
        if len(set(keys)) != len(keys):
            raise BadInput(f"资格预审{says}的编号不能重复", field=at)
    return Prequalification(method=method, requirements=requirements, limit=limit, criteria=criteria)


def _choice(kind: type[StrEnum], value: Any, field: str, says: str) -> Any:
    try:
        return kind(value)
    except ValueError:
        raise BadInput(f"请选择{says}", field=field) from None


def _number(value: Any, field: str, says: str) -> Decimal:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise BadInput(f"{says}应为数字", field=field) from None
    if not number.is_finite() or not 0 <= number <= 1000:
        raise BadInput(f"{says}应在0至1000之间", field=field)
    return number


def _whole(value: Any, field: str, says: str, least: int, most: int) -> int:
    try:
        number = int(value)
        if number != Decimal(str(value)):
            raise ValueError
    except (TypeError, ValueError, ArithmeticError):
        raise BadInput(f"{says}应为整数", field=field) from None
    if not least <= number <= most:
        raise BadInput(f"{says}应在{least}至{most}之间", field=field)
    return number


def _rows(value: Any, field: str, says: str) -> list[Mapping[str, Any]]:
    rows = value or []
    if not isinstance(rows, list | tuple) or not all(isinstance(row, Mapping) for row in rows):
        raise BadInput(f"{says}应为列表, 每行含编号和内容", field=field)
    return list(rows)


def _yes(value: Any, field: str, says: str) -> bool:
    if not isinstance(value, bool):
        raise BadInput(f"{says}应为是或否", field=field)
    return value


def _text(value: Any, field: str, says: str, most: int, *, empty: bool = False) -> str:
    text = str(value or "").strip()
    if not text and not empty:
        raise BadInput(f"请填写{says}", field=field)
    if "\0" in text:
        raise BadInput(f"{says}含有不可见的控制字符, 请重新输入", field=field)
    if len(text) > most:
        raise BadInput(f"{says}不超过{most}字", field=field)
    return text


def _word(value: Any, field: str) -> str:
    word = str(value or "")
    if not word.replace("_", "").isalnum() or not word.isascii() or len(word) > 40:
        raise BadInput("编号应为英文字母、数字或下划线", field=field)
    return word
