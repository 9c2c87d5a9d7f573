"""What of challenges 质疑 and complaints 投诉 goes into a package: to those concerned, without a name before the opening."""

from ggzy.archives.models import Package
from ggzy.archives.shelf import Shelf, when
from ggzy.complaints.models import Complaint
from ggzy.complaints.rules import DECISIONS, REMEDIES
from ggzy.objections.models import Challenge

#: of whom a package is whole: who takes part in a dispute as owner side, or oversees it
_OWNER_SIDE = frozenset({Package.ARCHIVE, Package.OWNER, Package.SUPERVISOR})


def lay_in(shelf: Shelf, package: Package, *, opened: bool) -> None:
    """Lay in the challenges with their answers, and the decided complaints with their decisions."""
    everything = package.reader in _OWNER_SIDE
    challenges = Challenge.objects.filter(round=package.round).select_related("challenger").order_by("pk")
    for number, row in enumerate(challenges, 1):
        mine = row.challenger_id == package.organisation_id
        if not (mine or everything):
            continue
        challenger = row.challenger.name if mine or opened else None
        said = {
            "about": row.about,
            "challenger": challenger,
            "matter": row.matter,
            "facts": row.facts,
            "law": row.law,
            "request": row.request,
            "filed_at": when(row.filed_at),
            "answer": row.answer,
            "answered_at": when(row.answered_at),
            "outcome": row.outcome,
            "withdrawn_at": when(row.withdrawn_at),
        }
        path = f"4-challenges/{number:02d}.json"
        shelf.put_json(path, said, title="质疑和答复", by=challenger or "", at=row.filed_at)
    decided = Complaint.objects.filter(round=package.round).exclude(notice="").order_by("pk")
    for number, case in enumerate(decided.select_related("complainant", "department"), 1):
        mine = case.complainant_id == package.organisation_id
        if not (mine or everything):
            continue
        department = case.department.name if case.department else ""
        decision = {
            "number": case.decision_number,
            "department": department,
            "complainant": case.complainant.name if mine or opened else None,
            "matter": case.matter,
            "text": case.text,
            "filed_at": when(case.filed_at),
            "decision": DECISIONS[case.scope][case.decision],
            "findings": case.decision_text,
            "remedy": REMEDIES[case.scope][case.remedy],
            "decided_at": when(case.decided_at),
            "notice": case.notice,
        }
        path = f"4-complaints/{number:02d}.json"
        shelf.put_json(path, decision, title="投诉处理决定", by=department, at=case.decided_at)
