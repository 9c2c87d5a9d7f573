"""What the result of a government procurement tells beyond a construction award (87号令第六十九条)."""

from typing import Any

from ggzy.awarding.models import Award
from ggzy.evaluation.models import Qualification
from ggzy.evaluation.queries import report_of_round
from ggzy.experts.models import Member
from ggzy.opening.queries import OpenedBid, opened_bids
from ggzy.tendering.document import SIZE_CLAIMS
from ggzy.tendering.models import Round, TenderFile


def result_body(round_: Round, award: Award) -> dict[str, Any]:
    """Return what the notice of the result names: what was bought, the experts, the file, the winner's declaration.

    Empty for a construction tender, whose experts are not named.
    """
    tender = round_.lot.tender
    if tender.scope != "GP":
        return {}
    bid = next(b for b in opened_bids(round_.pk) if b.bid == award.bid.public_id)
    return of_the_bid(bid) | of_the_round(round_) | {"address": award.bid.bidder.address}


def of_the_bid(bid: OpenedBid) -> dict[str, Any]:
    """Return what the notice of the result names of a supplier that was chosen: what it declares of its size."""
    return {"size": SIZE_CLAIMS.get(str(bid.fields.get("size", "")), "")}


def of_the_round(round_: Round) -> dict[str, Any]:
    """Return what the notice of the result names of a government procurement whoever was chosen."""
    tender = round_.lot.tender
    file = TenderFile.objects.get(tender=tender, version=round_.file_version)
    evaluation = report_of_round(round_.pk)
    assert evaluation is not None, "a result follows a report"
    members = (
        Member.objects.filter(draw_id=evaluation.draw_id, left=False)
        .select_related("account__person")
        .order_by("code")
    )
    return {
        "items": round_.lot.scope_of_work,
        "experts": [m.account.person.name for m in members if m.kind == Member.EXPERT],
        "representatives": [m.account.person.name for m in members if m.kind != Member.EXPERT],
        "notice_days": "公告期限1个工作日; 供应商认为结果使自己的权益受到损害的, 可以自公告期限届满之日起7个工作日内提出质疑",
        "file": {"version": file.version, "sha256": file.sha256},
    }


def own_results(round_: Round) -> dict[int, str]:
    """Return {organisation: what it alone is told}: why it was not qualified, or its own score and rank."""
    tender = round_.lot.tender
    evaluation = report_of_round(round_.pk)
    if tender.scope != "GP" or evaluation is None or evaluation.report is None:
        return {}
    found = Qualification.objects.filter(round=round_).first()
    reasons = {bid: "; ".join(said) for bid, said in (found.unqualified if found else {}).items()}
    rejected = {row["bid"]: "; ".join(row["reasons"]) for row in evaluation.report["rejected"]}
    placed = {row["bid"]: row for row in evaluation.report["ranking"]}
    out = {}
    for bid in opened_bids(round_.pk):
        if bid.bid in reasons:
            out[bid.bidder_pk] = f"贵单位未通过资格审查: {reasons[bid.bid]}。"
        elif bid.bid in rejected:
            out[bid.bidder_pk] = f"贵单位未通过符合性审查或者报价审查: {rejected[bid.bid]}。"
        elif row := placed.get(bid.bid):
            score = f"评审得分{row['total']}分, " if row["total"] else f"评标价{row['evaluated_price']}元, "
            out[bid.bidder_pk] = f"贵单位{score}排序第{row['rank']}名。"
    return out
