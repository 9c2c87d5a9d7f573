"""邀请招标的随机抽取: who of the qualified is invited follows from seeds that no one alone chose (87号令第十四条).

The list is frozen at the deadline, under salted labels; only then may the review committee's experts be drawn, whose
three seeds order the list as well. The reviewers see no label, so nobody can judge by who would be drawn.
"""

import secrets
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from ggzy.evidence.actions import record_act
from ggzy.experts.rules import label_of, pool_digest
from ggzy.fronts import rules
from ggzy.fronts.models import DrawLabel, InviteeDraw, QualificationReview
from ggzy.kernel.actors import SYSTEM, Actor
from ggzy.kernel.refusals import Refusal
from ggzy.parties.grid import Permission, require
from ggzy.procedures.spec import Stage
from ggzy.tendering.document import parse
from ggzy.tendering.models import Round
from ggzy.tendering.moves import lock_rounds_of, make_move, place_of, require_owner_side


class NothingToDraw(Refusal):
    """No review is reported, or it was drawn already."""

    code = "fronts.nothing_to_draw"


def freeze_list(round_: Round, packages: Sequence[tuple[str, int]], *, now: datetime) -> InviteeDraw:
    """Freeze the list (package, applicant) of a closed front; its digest is public at once and tells no number."""
    rows = []
    for package, applicant in packages:
        salt = secrets.token_bytes(32)
        rows.append(
            DrawLabel(
                applicant_id=applicant,
                package=package,
                salt=salt.hex(),
                label=label_of(salt=salt, expert=package),
                region_code=round_.region_code,
            )
        )
    draw = InviteeDraw.objects.create(
        round=round_,
        list_sha256=pool_digest(row.label for row in rows),
        frozen_at=now,
        region_code=round_.region_code,
    )
    for row in rows:
        row.draw = draw
    DrawLabel.objects.bulk_create(rows)
    record_act(
        "fronts.list_frozen",
        subject=draw.public_id,
        actor=SYSTEM,
        legal_at=now,
        **place_of(round_) | {"escrowed": False},
        public={"list_sha256": draw.list_sha256, "frozen_at": now.isoformat()},
    )
    return draw


@transaction.atomic
def draw_invitees(
    *, tender_id: str, witnesses: Sequence[str], actor: Actor, now: datetime
) -> list[InviteeDraw]:
    """Draw those invited among the qualified, once: the seeds are given, nothing is chosen any more.

    The owner side presses the button before two of its staff and learns no name and no number.

    :raises WitnessesMissing: fewer than two watch
    :raises NothingToDraw: nothing waits for a draw: it is made once
    """
    require(actor, Permission.TENDER_PUBLISH)
    watched = rules.require_witnesses(witnesses)
    rounds = lock_rounds_of(tender_id, stages=[Stage.PQ_RESULT.value])
    for round_ in rounds:
        require_owner_side(round_.lot.tender, actor)
    waiting = list(
        InviteeDraw.objects.select_for_update(of=("self",))
        .filter(round__in=rounds, drawn_at=None)
        .order_by("pk")
    )
    if not waiting:
        raise NothingToDraw("没有等待随机抽取的标段: 资格审查报告提交后抽取一次, 抽取结果不能更改")
    by_pk = {round_.pk: round_ for round_ in rounds}
    for draw in waiting:
        _draw(draw, by_pk[draw.round_id], watched, actor=actor, now=now)
    return waiting


def _draw(draw: InviteeDraw, round_: Round, watched: list[str], *, actor: Actor, now: datetime) -> None:
    review = QualificationReview.objects.select_related("draw").get(round=round_)
    make_move(round_, "draw_invitees", actor=actor, now=now)
    draw.witnesses, draw.randomness, draw.drawn_at = watched, review.draw.randomness, now
    draw.save(update_fields=["witnesses", "randomness", "drawn_at"])
    rows = list(draw.labels.order_by("label"))
    passed = _passed(review)
    record_act(
        "fronts.invitees_drawn",
        subject=draw.public_id,
        actor=actor,
        legal_at=now,
        **place_of(round_),
        public={
            "draw": review.draw.public_id,
            "labels": [row.label for row in rows],
            "qualified": [row.label for row in rows if row.package in passed],
            "count": count_of(round_),
            "drawn": drawn_labels(draw, review),
            "drawn_at": now.isoformat(),
        },
        supervisor={
            "witnesses": watched,
            "opened": [{"label": r.label, "package": r.package, "salt": r.salt} for r in rows],
        },
    )


def count_of(round_: Round) -> int:
    """Return how many the reviewed file says are invited."""
    part = parse(round_.lot.tender.document).prequalification
    assert part is not None, "a published prequalification has its part"
    return part.limit


def _passed(review: QualificationReview) -> set[str]:
    return {row["package"] for row in (review.report or {})["applicants"] if row["passed"]}


def drawn_labels(draw: InviteeDraw, review: QualificationReview) -> list[str]:
    """Return the labels of those drawn, in the order of the draw; for the platform, never for a page before the opening."""
    rows = list(draw.labels.all())
    passed = _passed(review)
    return rules.drawn(
        [row.label for row in rows],
        qualified=[row.label for row in rows if row.package in passed],
        count=count_of(draw.round),
        randomness=bytes.fromhex(draw.randomness),
        code=bytes.fromhex(draw.round.public_id),
    )


def drawn_packages(round_: Round, review: QualificationReview) -> set[str]:
    """Return the packages of those drawn.

    :raises InviteesNotDrawn: not drawn yet
    """
    draw = InviteeDraw.objects.filter(round=round_).exclude(drawn_at=None).first()
    if draw is None:
        raise rules.InviteesNotDrawn("请先随机抽取受邀人, 再发出资格预审结果和投标邀请书")
    labels = set(drawn_labels(draw, review))
    return {row.package for row in draw.labels.all() if row.label in labels}
