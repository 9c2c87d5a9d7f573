"""What goes with the report: how the committee sat, every vote and score by code, what bidders were asked, who was away."""

from collections.abc import Mapping, Sequence
from typing import Any

from ggzy.committees import rules as committees
from ggzy.committees.models import Meeting
from ggzy.committees.queries import absences_of, clarifications_of
from ggzy.evaluation import standing
from ggzy.evaluation.models import Evaluation
from ggzy.kernel.clock import BEIJING
from ggzy.tendering.document import Method, TenderDocument
from ggzy.tendering.models import Round


def annexes(
    evaluation: Evaluation, round_: Round, document: TenderDocument, *, names: Mapping[str, str]
) -> dict[str, Any]:
    """Return the annexes of a report as JSON values; members by code, bids by their bidder's name."""
    meeting = Meeting.objects.select_related("leader").get(draw_id=evaluation.draw_id)
    members = list(evaluation.draw.members.filter(left=False).order_by("code"))
    codes = [m.code for m in members]
    return {
        "committee": {
            "form": committees.FORMS[meeting.form],
            "leader": meeting.leader.code if meeting.leader else "",
            "members": [{"code": m.code, "kind": m.kind} for m in members],
            "replaced": [
                m.code
                for m in evaluation.draw.members.filter(left=True).order_by("code")
                if _judged(evaluation, m.pk)
            ],
        },
        "preliminary": _preliminary(evaluation, document, names),
        "competition": standing.last_sheets(evaluation, "competition"),
        "prices": _prices(evaluation, names),
        "scores": _scores(evaluation, document, codes, names),
        "clarifications": [
            {
                "bidder": names.get(c.bid, ""),
                "question": c.text,
                "answer": c.answer,
                "state": c.state,
                "asked_at": _minute(c.asked_at),
            }
            for c in clarifications_of([round_.pk])
        ],
        "absences": [
            {
                "code": a["code"],
                "kind": a["kind"],
                "reason": a["reason"],
                "began_at": _minute(a["began_at"]),
                "ended_at": _minute(a["ended_at"]) if a["ended_at"] else "",
            }
            for a in absences_of(evaluation.draw_id)
        ],
    }


def _judged(evaluation: Evaluation, member_pk: int) -> bool:
    return evaluation.sheets.filter(member_id=member_pk).exists()


def _minute(moment: Any) -> str:
    return f"{moment.astimezone(BEIJING):%Y-%m-%d %H:%M}"


def _preliminary(
    evaluation: Evaluation, document: TenderDocument, names: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Return, for each requirement and bid, how many found it met and how many not."""
    judged = [
        (standing.last_sheets(evaluation, kind), requirements)
        for kind, requirements in (
            ("preliminary", document.committees_requirements),
            ("offers", document.offers_requirements),
        )
    ]
    return [
        {
            "part": r.part.label,
            "requirement": r.text,
            "bids": [
                {
                    "bidder": name,
                    "for": sum(1 for s in sheets if s[bid][r.key]["passes"]),
                    "against": sum(1 for s in sheets if not s[bid][r.key]["passes"]),
                }
                for bid, name in names.items()
                if sheets and bid in sheets[0]
            ],
        }
        for sheets, requirements in judged
        for r in requirements
    ]


def _prices(evaluation: Evaluation, names: Mapping[str, str]) -> list[dict[str, Any]]:
    sheets = standing.last_sheets(evaluation, "price")
    bids: Sequence[str] = list(sheets[0]) if sheets else []
    return [
        {
            "bidder": names.get(bid, ""),
            "for": sum(1 for s in sheets if s[bid]["passes"]),
            "against": sum(1 for s in sheets if not s[bid]["passes"]),
            "reasons": sorted({str(s[bid]["reason"]) for s in sheets}),
        }
        for bid in bids
    ]


def _scores(
    evaluation: Evaluation, document: TenderDocument, codes: Sequence[str], names: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Return, for each bid and item, the points of each member by code, in the order of the codes."""
    if document.method is not Method.COMPREHENSIVE:
        return []
    sheets = standing.scores_of(evaluation)
    return [
        {
            "bidder": name,
            "items": [
                {"title": c.title, "points": dict(zip(codes, (s[bid][c.key] for s in sheets), strict=True))}
                for c in document.criteria
            ],
        }
        for bid, name in names.items()
        if sheets and bid in sheets[0]
    ]
