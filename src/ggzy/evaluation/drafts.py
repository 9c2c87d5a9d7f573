"""What a member has entered and not handed in yet: kept for that member alone, until the sheet is handed in."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from ggzy.evaluation import standing
from ggzy.evaluation.actions import NotAMember, NotThisStep, document_of
from ggzy.evaluation.models import Draft, Evaluation
from ggzy.experts.models import Member
from ggzy.kernel.actors import Actor
from ggzy.kernel.refusals import BadInput, NotFound
from ggzy.parties.grid import Permission, require

#: of a sheet of 60 bids and 60 items, with reasons
MOST_FIELDS = 8000
MOST_NAME, MOST_TEXT = 120, 1000
#: steps whose sheet is filled in field by field
STEPS = {
    Evaluation.PRELIMINARY: "preliminary",
    Evaluation.COMPETITION: "competition",
    Evaluation.PRICE: "price",
    Evaluation.DETAILED: "scores",
    # corrections, until all have confirmed
    Evaluation.SUMMARY: "scores",
    Evaluation.OFFERS: "offers",
    Evaluation.FINDINGS: "findings",
}


@transaction.atomic
def save_draft(*, round_id: str, kind: str, content: Mapping[str, Any], actor: Actor, now: datetime) -> Draft:
    """Keep what a member has entered so far, {field: text}; the last one wins, and saying it twice changes nothing.

    It is kept while a meeting is paused too: nothing is decided by it. It is not an act of the log, and nobody but
    its member reads it.

    :raises NotThisStep: the evaluation is at another step, or the sheet is in
    :raises BadInput: no sheet of fields and texts
    """
    require(actor, Permission.EVALUATE)
    fields = _fields(content)
    evaluation = (
        Evaluation.objects.select_for_update(of=("self",))
        .select_related("round__lot__tender", "draw")
        .filter(round__public_id=round_id)
        .order_by("-number")
        .first()
    )
    if evaluation is None:
        raise NotFound("该标段尚未开始评标")
    member = Member.objects.filter(draw=evaluation.draw, account_id=actor.account_pk, left=False).first()
    if member is None:
        raise NotAMember("您不是本标段评标委员会成员")
    if STEPS.get(evaluation.step) != kind:
        raise NotThisStep("评标已进入其他步骤, 请刷新页面")
    round_ = evaluation.round
    correcting = evaluation.step == Evaluation.SUMMARY
    if not correcting and member.pk not in standing.waiting_for(evaluation, round_, document_of(round_)):
        raise NotThisStep("您的评审表已提交, 不再暂存")
    draft, _ = Draft.objects.update_or_create(
        evaluation=evaluation,
        member=member,
        kind=kind,
        defaults={"content": fields, "saved_at": now, "region_code": round_.region_code},
    )
    return draft


def _fields(content: Mapping[str, Any]) -> dict[str, str]:
    if not isinstance(content, Mapping) or len(content) > MOST_FIELDS:
        raise BadInput("暂存的内容应为一张评审表", field="content")
    for name, value in content.items():
        if not isinstance(value, str) or len(name) > MOST_NAME or len(value) > MOST_TEXT or "\0" in value:
            raise BadInput(f"暂存的每格不超过{MOST_TEXT}字", field="content")
    return dict(content)


def own_draft(evaluation: Evaluation, member: Member) -> Draft | None:
    """Return what a member has entered at the present step, for that member's own desk."""
    kind = STEPS.get(evaluation.step)
    return Draft.objects.filter(evaluation=evaluation, member=member, kind=kind).first() if kind else None
