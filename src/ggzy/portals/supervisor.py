"""The supervisor's bench: seeds, evaluations with their sheets, evidence of every process."""

from datetime import datetime
from itertools import groupby
from typing import Any

from django.http import HttpRequest, HttpResponse

from ggzy.committees import queries as meetings
from ggzy.evaluation import queries as evaluations
from ggzy.experts import desks
from ggzy.experts import queries as draws
from ggzy.experts.queries import draw_of_rounds
from ggzy.kernel.actors import Actor
from ggzy.portals.centre import seed_todos
from ggzy.portals.expert import STEPS
from ggzy.portals.frame import show, who
from ggzy.portals.work import Todo
from ggzy.publishing.queries import red_count
from ggzy.tendering import queries as tenders
from ggzy.witnessing import queries as witnessing

_KINDS = {
    "preliminary": "初步评审表",
    "competition": "竞争性论证",
    "price": "报价评审表",
    "scores": "打分表",
    "offers": "报价文件评审表",
    "findings": "评审意见",
}


def bench(actor: Actor, moment: datetime) -> dict[str, Any]:
    """Return the draws that wait for a seed, the evaluations and the processes."""
    from ggzy.portals.front_pages import supervisor_todos  # it stands above the benches

    rows, waiting = tenders.recent_lots(limit=100), draws.draws_for_seed()
    return {
        "bench": "supervisor",
        "todos": [
            *seed_todos("supervisor", waiting),
            *_draw_todos(actor),
            *_witness_todos(actor),
            *supervisor_todos(),
        ],
        "red_publications": red_count(viewer=actor, now=moment),
        "draws": waiting,
        "parties": draws.PARTY_LABELS,
        "evaluations": [{**e, "label": STEPS[e["step"]]} for e in evaluations.evaluations(actor=actor)],
        "processes": [
            (lots[0], lots) for lots in (list(g) for _, g in groupby(rows, key=lambda row: row.tender))
        ],
    }


def _draw_todos(actor: Actor) -> list[Todo]:
    """Return what a draw waits for: seeds that were voided, a pool to be widened."""
    if not actor.certificate:
        return []
    words = {"stalled": "核实逾期未公开的种子, 重新开始", "widening": "确认扩大专家抽取范围"}
    words["aside"] = "决定是否不再等待没有答复的专家库"
    return [
        Todo(
            what=words[row["what"]],
            where=row["tender_name"],
            href=f"/work/draws/{row['draw']}/oversight",
            label="办理",
            clause="《招标投标法实施条例》第四十六条",
            urgent=True,
        )
        for row in desks.to_oversee(actor=actor)
    ]


def _witness_todos(actor: Actor) -> list[Todo]:
    """Return the incidents of witnesses that wait to be read."""
    return [
        Todo(
            what=f"阅知见证异常: {row.label}",
            where=row.title,
            href=f"/work/witness/{row.session}#i-{row.incident}",
            label="阅知",
            urgent=True,
        )
        for row in witnessing.unread(viewer=actor)
    ]


def sheets(request: HttpRequest, round_id: str) -> HttpResponse:
    """Show every member's sheets of one evaluation."""
    row = tenders.round_row(round_id)
    found = evaluations.sheets_for_supervisor(round_id=round_id, actor=who(request))
    document = tenders.tender_file(tender_id=row.tender, viewer=who(request)).document
    titles = {r["key"]: r["text"] for r in document["requirements"]}
    titles |= {c["key"]: c["title"] for c in document["criteria"]}
    page = {
        "row": row,
        "groups": [
            (label, kind, [s for s in found if s["kind"] == kind])
            for kind, label in _KINDS.items()
            if any(s["kind"] == kind for s in found)
        ],
        "separated": "award_plan" in document,
        "titles": titles,
        "names": evaluations.bidder_names(round_id=round_id, actor=who(request)),
        "record": meetings.record_for_supervisor(draw_of_rounds([round_id]), actor=who(request)),
    }
    return show(request, "work/sheets.html", page)
