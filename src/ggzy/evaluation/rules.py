"""How bids become a ranking: majority review, evaluated price, points, order. Pure; every rounding is named.

《招标投标法》第四十条、四十一条; 《招标投标法实施条例》第四十九至五十三条; RULEBOOK 3.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal, localcontext

from ggzy.kernel.money import CENT
from ggzy.kernel.refusals import BadInput
from ggzy.methods.expression import CONTEXT
from ggzy.methods.method import Frozen
from ggzy.methods.run import Bid, Outcome, Rejected, Scheme, complete, first_envelope, promise, what_if
from ggzy.methods.shelf import method_named
from ggzy.tendering.document import (
    MOST_CHOSEN,
    SCORED,
    UNIT_PRICES,
    Criterion,
    Method,
    Policy,
    Requirement,
    TenderDocument,
)

HUNDRED = Decimal(100)
MOST_CANDIDATES = 3
#: with fewer responsive bids the committee argues whether they still compete (法42)


@dataclass(frozen=True, kw_only=True)
class Offer:
    """What the ranking reads of a bid: price in 元, days to build."""

    bid: str
    price: Decimal
    duration_days: int
    #: percent that its declarations take off the price in a government procurement, and the brand of its core product
    sme: Decimal = Decimal(0)
    domestic: Decimal = Decimal(0)
    brand: str = ""


def declared(offer: Offer, fields: Mapping[str, object], *, policy: Policy | None) -> Offer:
    """Return an offer with what the bid's declarations take off its price; nothing where the file has no policies."""
    if policy is None:
        return offer
    return replace(
        offer,
        sme=policy.deduction(str(fields.get("size", ""))),
        domestic=policy.domestic if fields.get("domestic") is True else Decimal(0),
        brand=str(fields.get("brand") or "")[:100],
    )


@dataclass(frozen=True, kw_only=True)
class Place:
    """One bid's place in the ranking. `evaluated_price` and the scores are None where the method has none."""

    bid: str
    rank: int
    price: Decimal
    evaluated_price: Decimal | None
    price_score: Decimal | None
    other_score: Decimal | None
    total: Decimal | None
    drawn: bool


def majority_of(members: int) -> int:
    """Return how many of so many members are more than half."""
    return members // 2 + 1


def rejected_by_majority(
    sheets: Sequence[Mapping[str, Mapping[str, Mapping[str, object]]]],
    *,
    bids: Sequence[str],
    requirements: Sequence[Requirement],
) -> dict[str, list[str]]:
    """Return {bid: reasons} of the bids that more than half of the members find to fail a requirement."""
    rejected: dict[str, list[str]] = {}
    for bid in bids:
        for requirement in requirements:
            verdicts = [sheet[bid][requirement.key] for sheet in sheets]
            against = [v for v in verdicts if not v["passes"]]
            if 2 * len(against) > len(verdicts):
                said = sorted({str(v["reason"]) for v in against})
                rejected.setdefault(bid, []).append(f"{requirement.text}: {'; '.join(said)}")
    return rejected


def require_preliminary(
    content: Mapping[str, object],
    *,
    bids: Sequence[str],
    requirements: Sequence[Requirement],
    what: str = "初步评审表",
) -> dict[str, dict[str, dict[str, object]]]:
    """Return a preliminary sheet that judges every bid on every requirement, with a reason for each "no".

    :raises BadInput: something is missing or beside the tender file
    """
    out: dict[str, dict[str, dict[str, object]]] = {}
    if set(content) != set(bids):
        raise BadInput(f"{what}应覆盖全部投标文件, 且不含其他内容", field="results")
    keys = {r.key: r for r in requirements}
    for bid in bids:
        given = content[bid]
        if not isinstance(given, Mapping) or set(given) != set(keys):
            raise BadInput("每份投标文件都要对招标文件列明的每项要求作出判断", field=f"results.{bid}")
        out[bid] = {}
        for key, verdict in given.items():
            if not isinstance(verdict, Mapping) or not isinstance(verdict.get("passes"), bool):
                raise BadInput("每项判断应为通过或不通过", field=f"results.{bid}.{key}")
            reason = str(verdict.get("reason") or "").strip()
            if not verdict["passes"] and not reason:
                raise BadInput(f"“{keys[key].text}”判为不通过的, 要写明理由", field=f"results.{bid}.{key}")
            out[bid][key] = {"passes": verdict["passes"], "reason": reason}
    return out


def unit_price_faults(
    bids: Mapping[str, tuple[Decimal, object]], *, ceilings: Mapping[str, Decimal]
) -> dict[str, str]:
    """Return {bid: what is wrong} of the bids whose unit prices are not as the file demands: pure arithmetic.

    :param bids: {bid: its price, and its unit prices as it gives them}
    """
    out = {}
    for bid, (price, given) in bids.items():
        said = given if isinstance(given, Mapping) else {}
        try:
            prices = {number: Decimal(str(said[number])) for number in ceilings}
        except (KeyError, ArithmeticError):
            out[bid] = "没有逐项报出单价"
            continue
        if any(not p.is_finite() or p <= 0 for p in prices.values()):
            out[bid] = "单价应大于0"
        elif above := [n for n, p in prices.items() if p > ceilings[n]]:
            out[bid] = f"第{'、'.join(above)}项单价超过最高限制单价"
        elif sum(prices.values(), Decimal(0)) != price:
            out[bid] = f"报价{price}元不等于各项单价之和"
    return out


def require_arithmetic(
    content: Mapping[str, Mapping[str, Mapping[str, object]]], *, faults: Mapping[str, str]
) -> None:
    """Let a review pass that judges unit prices as they add up.

    :raises BadInput: a fault is passed, or a response without one is rejected for it
    """
    for bid, row in content.items():
        verdict = row.get(UNIT_PRICES)
        if verdict is None or verdict["passes"] == (bid not in faults):
            continue
        raise BadInput(
            f"该响应的单价不符合要求: {faults[bid]}, 应判为不通过"
            if bid in faults
            else "该响应的单价经计算符合要求, 应判为通过",
            field=f"results.{bid}.{UNIT_PRICES}",
        )


def unqualified(
    results: Mapping[str, Mapping[str, Mapping[str, object]]],
    credit: Mapping[str, Mapping[str, object]],
    *,
    requirements: Sequence[Requirement],
) -> dict[str, list[str]]:
    """Return {bid: reasons} of those who fail a requirement of the buyer's check, or whose credit record bars them."""
    out: dict[str, list[str]] = {}
    for bid, row in results.items():
        for requirement in requirements:
            verdict = row[requirement.key]
            if not verdict["passes"]:
                out.setdefault(bid, []).append(f"{requirement.text}: {verdict['reason']}")
        if not credit[bid]["clean"]:
            out.setdefault(bid, []).append(f"信用记录查询结果不符合要求({credit[bid]['source']})")
    return out


def require_scores(
    content: Mapping[str, object], *, bids: Sequence[str], criteria: Sequence[Criterion]
) -> dict[str, dict[str, str]]:
    """Return a score sheet that scores every remaining bid on every criterion within its range.

    :raises BadInput: something is missing or out of range
    """
    if set(content) != set(bids):
        raise BadInput("打分表应覆盖全部通过初步评审的投标文件, 且不含其他内容", field="scores")
    out: dict[str, dict[str, str]] = {}
    for bid in bids:
        given = content[bid]
        if not isinstance(given, Mapping) or set(given) != {c.key for c in criteria}:
            raise BadInput("每份投标文件都要对每个评分项打分", field=f"scores.{bid}")
        out[bid] = {}
        for criterion in criteria:
            try:
                score = Decimal(str(given[criterion.key]))
            except ArithmeticError:
                raise BadInput(
                    f"“{criterion.title}”的分数不是数字", field=f"scores.{bid}.{criterion.key}"
                ) from None
            if not score.is_finite() or not 0 <= score <= criterion.weight:
                raise BadInput(
                    f"“{criterion.title}”应在0至{criterion.weight}分之间",
                    field=f"scores.{bid}.{criterion.key}",
                )
            out[bid][criterion.key] = str(score)
    return out


def require_reasons(
    content: Mapping[str, object], *, bids: Sequence[str], criteria: Sequence[Criterion]
) -> dict[str, dict[str, str]]:
    """Return the reasons beside a score sheet: one for each item for which the file demands them, else what is given.

    :raises BadInput: a reason is missing
    """
    out: dict[str, dict[str, str]] = {}
    for bid in bids:
        given = content.get(bid)
        given = given if isinstance(given, Mapping) else {}
        for criterion in criteria:
            said = str(given.get(criterion.key) or "").strip()[:1000]
            if criterion.reasons and not said:
                raise BadInput(
                    f"“{criterion.title}”按招标文件应写明打分理由", field=f"reasons.{bid}.{criterion.key}"
                )
            if said:
                out.setdefault(bid, {})[criterion.key] = said
    return out


def require_price_judgement(
    content: Mapping[str, object], *, bids: Sequence[str], explained: set[str]
) -> dict[str, dict[str, object]]:
    """Return a sheet that judges every markedly low price, with reasons.

    :raises BadInput: a bid or a reason is missing, or a price is found below cost before its bidder was asked
    """
    if set(content) != set(bids):
        raise BadInput("应对每份报价明显偏低的投标作出判断", field="results")
    out: dict[str, dict[str, object]] = {}
    for bid in bids:
        verdict = content[bid]
        if not isinstance(verdict, Mapping) or not isinstance(verdict.get("passes"), bool):
            raise BadInput("请判断报价是否合理", field=f"results.{bid}")
        reason = str(verdict.get("reason") or "").strip()[:1000]
        if not reason:
            raise BadInput("请写明判断的理由", field=f"results.{bid}")
        if not verdict["passes"] and bid not in explained:
            raise BadInput(
                "认定低于成本前, 应先要求投标人书面说明并等待答复或期满(由组长发出澄清)",
                field=f"results.{bid}",
            )
        out[bid] = {"passes": verdict["passes"], "reason": reason}
    return out


def below_cost(
    sheets: Sequence[Mapping[str, Mapping[str, object]]],
    *,
    bids: Sequence[str],
    finding: str = "投标报价低于成本, 不能作出合理说明",
) -> dict[str, list[str]]:
    """Return {bid: reasons} of the bids whose price more than half of the members find below cost (条例51第五项).

    In government procurement `finding` says that the low price was not proven to be reasonable (87号令第六十条).
    """
    rejected = {}
    for bid in bids:
        against = [s[bid] for s in sheets if not s[bid]["passes"]]
        if 2 * len(against) > len(sheets):
            said = "; ".join(sorted({str(v["reason"]) for v in against}))
            rejected[bid] = [f"{finding}: {said}"]
    return rejected


def mean_score(
    sheets: Sequence[Mapping[str, Mapping[str, str]]], *, bid: str, criteria: Sequence[Criterion]
) -> Decimal:
    """Return the sum over criteria of the members' arithmetic mean; rounded once, at the end."""
    total = sum(
        (sum((Decimal(s[bid][c.key]) for s in sheets), Decimal(0)) / len(sheets) for c in criteria),
        Decimal(0),
    )
    return total.quantize(CENT, ROUND_HALF_UP)


@dataclass(frozen=True, kw_only=True)
class LotFacts:
    """What a method given as data reads of the lot and its opening: ceiling in 元, days, parameters drawn."""

    ceiling: Decimal | None
    duration_days: int
    drawn: Mapping[str, object]


def scheme_of(document: TenderDocument) -> Scheme:
    """Return the file's own method, or the shipped one that is equal to the statutory method it names."""
    if document.scheme is not None:
        return document.scheme
    price = document.price
    if document.drops_out:
        first = "price" if document.method is Method.LOWEST_EVALUATED_PRICE else "quality"
        return promise(method_named(f"gp_framework_{first}_first"), _elimination(document))
    if document.policy is not None:
        if document.method is Method.LOWEST_EVALUATED_PRICE:
            return promise(method_named("gp_lowest_price"), {})
        named = f"gp_low_price_score_{document.policy.subject.value}"
        return promise(method_named(named), {"price_weight": price.weight})
    if document.method is Method.LOWEST_EVALUATED_PRICE:
        return promise(method_named("gc_lowest_evaluated_price"), {"per_day": price.per_day})
    return promise(
        method_named("gc_comprehensive_deviation"),
        {
            "full": price.weight,
            "lost_above": price.above,
            "lost_below": price.below,
            "lowered_by": price.lowered_by,
        },
    )


def _elimination(document: TenderDocument) -> dict[str, Decimal]:
    """Return what of a framework's file its method counts the shortlisted by."""
    assert document.policy is not None and document.policy.several is not None, "a share drops out"
    several = document.policy.several
    return {"elimination": several.rate * 100, "cap": Decimal(several.most or MOST_CHOSEN)}


def by_scheme(
    offers: Sequence[Offer],
    *,
    document: TenderDocument,
    lot: LotFacts,
    score_sheets: Sequence[Mapping[str, Mapping[str, str]]],
    lot_of: Mapping[str, bytes],
    rejected: Sequence[Offer] = (),
    without: Collection[str] = (),
) -> Outcome:
    """Return what the file's method, as data, makes of the responsive bids.

    :param without: bids to be computed without, as if they had never been handed in
    :param rejected: bids rejected in the review; they set a base only where the file froze it at the opening
    """
    scheme = scheme_of(document)
    still = Rejected.AFTER if scheme.method.frozen is Frozen.OPENING else Rejected.BEFORE
    bids = [
        Bid(
            ref=o.bid,
            figures=_figures(o, document, lot, score_sheets),
            group=o.brand,
            rejected=standing,
        )
        for standing, rows in ((Rejected.NO, offers), (still, rejected))
        for o in rows
    ]
    facts = {"ceiling": lot.ceiling, "duration": lot.duration_days}
    whole = complete(scheme, drawn=lot.drawn, of_the_lot=facts)
    return what_if(whole, bids, without=without, order=lot_of)


def _figures(
    offer: Offer,
    document: TenderDocument,
    lot: LotFacts,
    sheets: Sequence[Mapping[str, Mapping[str, str]]],
) -> dict[str, Decimal]:
    figures = {"price": offer.price, "sme": offer.sme, "domestic": offer.domestic}
    if lot.ceiling:
        with localcontext(CONTEXT):
            figures["discount"] = (lot.ceiling - offer.price) / lot.ceiling * HUNDRED
    return _judged_figures(offer.bid, offer.duration_days, document, sheets) | figures


def _judged_figures(
    bid: str,
    duration_days: int,
    document: TenderDocument,
    sheets: Sequence[Mapping[str, Mapping[str, str]]],
) -> dict[str, Decimal]:
    """Return the figures of a bid beside its price: what is read out of it, and what the members' scores give."""
    figures = {"duration_days": Decimal(duration_days)}
    # nobody scored a bid that was rejected in the review; where it still sets a base, it does so by its price
    scored = bool(sheets) and all(bid in sheet for sheet in sheets)
    # only a method of the file's own asks for an item by its key: a statutory one reads all of them together
    for criterion in document.criteria if document.scheme is not None else ():
        figures[criterion.key] = mean_score(sheets, bid=bid, criteria=[criterion]) if scored else Decimal(0)
    total = mean_score(sheets, bid=bid, criteria=document.criteria) if scored else Decimal(0)
    return dict.fromkeys(SCORED, total) | figures


def out_by_first_envelope(
    bids: Mapping[str, int],
    *,
    document: TenderDocument,
    lot: LotFacts,
    score_sheets: Sequence[Mapping[str, Mapping[str, str]]],
) -> dict[str, list[str]]:
    """Return {bid: reasons} of the bids whose second envelope the file's method keeps closed, by the members' scores.

    :param bids: {bid: days} of those that the review let pass; no price is known yet
    """
    facts = {"ceiling": lot.ceiling, "duration": lot.duration_days}
    out = first_envelope(
        complete(scheme_of(document), drawn=lot.drawn, of_the_lot=facts),
        [
            Bid(ref=bid, figures=_judged_figures(bid, days, document, score_sheets))
            for bid, days in bids.items()
        ],
    )
    return {bid: [f"第一信封{reason}"] for bid, reason in sorted(out.items())}


def places_of(
    outcome: Outcome, *, document: TenderDocument, offers: Sequence[Offer], lot_of: Mapping[str, bytes]
) -> list[Place]:
    """Return the ranked bids of an outcome as the report lists them, equals in the order of the public draw.

    `lot_of` holds each bid's drawn position, and `drawn` says that it decided (87号令第六十八条: 并列的随机抽取确定).
    """
    price = {o.bid: o.price for o in offers}
    method = outcome.scheme.method
    total = method.order[0].formula.text if method.order[0].highest else ""
    other = next((f.name for f in method.figures if f.name in SCORED), "") if document.criteria else ""
    ranked = [(line.rank, line) for line in outcome.lines if line.rank is not None]
    shared = Counter(rank for rank, _ in ranked)
    places = [
        Place(
            bid=line.bid,
            rank=rank,
            price=price[line.bid],
            # a method that adjusts nothing ranks by the price itself
            evaluated_price=None if total else line.figures.get("evaluated", price[line.bid]),
            price_score=line.figures.get(method.score),
            other_score=line.figures.get(other),
            total=line.figures.get(total),
            drawn=line.drawn or (document.policy is not None and shared[rank] > 1),
        )
        for rank, line in ranked
    ]
    return sorted(places, key=lambda p: (p.rank, lot_of[p.bid] if p.drawn else b""))
