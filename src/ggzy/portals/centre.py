"""The centre's bench: checks of form, and the seeds of draws that it, the owner side and the supervisor give."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse

from ggzy.experts import desks, seeding
from ggzy.experts import queries as draws
from ggzy.kernel.actors import Actor, Role
from ggzy.kernel.refusals import BadInput, Refusal
from ggzy.portals import seals
from ggzy.portals.exports import EXPORT_LIST
from ggzy.portals.frame import done, now, show, text, who
from ggzy.portals.work import Todo, refused_here
from ggzy.procedures.spec import Stage
from ggzy.publishing.queries import red_count
from ggzy.services.catalogue import SERVICES
from ggzy.services.queries import case_of
from ggzy.tendering import actions as tendering
from ggzy.tendering import queries as tenders
from ggzy.tendering import worklist

PARTY = {Role.TENDEREE: "owner", Role.AGENCY: "owner", Role.CENTRE: "centre", Role.SUPERVISOR: "supervisor"}


def seed_todos(
    party: str, waiting: Sequence[dict[str, Any]], *, only: Collection[str] | None = None
) -> list[Todo]:
    """Return the draws in which a party's seed is awaited; the owner side gives seeds for its own tenders only."""
    out = []
    for row in waiting:
        if only is not None and row["tender"] not in only:
            continue
        if row["stalled"]:
            continue
        all_in = len(row["committed"]) == len(draws.PARTY_LABELS)
        if party in row["revealed"] or (party in row["committed"] and not all_in):
            continue
        what = "公开随机种子" if all_in else "提交随机种子的承诺"
        href = f"/work/draws/{row['draw']}/seed"
        clause = "《招标投标法》第三十七条"
        out.append(
            Todo(what=what, where=f"专家抽取: {row['tender_name']}", href=href, label="办理", clause=clause)
        )
    for row in draws.draws_unanswered() if party == "owner" else ():
        if only is None or row["tender"] in only:
            out.append(
                Todo(
                    what=f"{row['pool']}没有答复: 继续等待, 或者申请不再等待",
                    where=f"专家抽取: {row['tender_name']}",
                    href=f"/work/draws/{row['draw']}/committee",
                    label="查看",
                )
            )
    for row in draws.dry_draws() if party == "owner" else ():
        if only is None or row["tender"] in only:
            out.append(
                Todo(
                    what=f"候选专家用尽, 还缺{row['short']}人: 提出扩大范围",
                    where=f"专家抽取: {row['tender_name']}",
                    href=f"/work/draws/{row['draw']}/committee",
                    label="办理",
                    clause="《招标投标法实施条例》第四十六条",
                    urgent=True,
                )
            )
    return out


def bench(actor: Actor, moment: datetime) -> dict[str, Any]:
    """Return the tenders whose form is to be checked and the draws that wait for a seed."""
    forms, waiting = worklist.tenders_for_form_check(), draws.draws_for_seed()
    todos = [
        Todo(what="形式核验", where=row.name, href=f"/work/tenders/{row.tender}/form-check", label="核验")
        for row in forms
        if row.complete is None
    ]
    return {
        "bench": "centre",
        "export_list": EXPORT_LIST,
        "red_publications": red_count(viewer=actor, now=moment),
        "todos": todos + seed_todos("centre", waiting) + seals.todos() + _replacement_todos(actor),
        "forms": forms,
        "running": _running(),
        "draws": waiting,
        "attending": desks.draws_attending(actor=actor),
        "parties": draws.PARTY_LABELS,
    }


def _replacement_todos(actor: Actor) -> list[Todo]:
    return [
        Todo(
            what=f"确认更换{row['code']}",
            where=row["tender_name"],
            href=f"/work/draws/{row['draw']}/attendance",
            label="办理",
            clause="《招标投标法实施条例》第四十八条",
            urgent=True,
        )
        for row in desks.to_confirm(actor=actor)
    ]


_RUNNING = (
    Stage.OPEN_FOR_BID,
    Stage.CLOSED,
    Stage.OPENING,
    Stage.OPENED,
    Stage.QUAL,
    Stage.EVALUATING,
    Stage.CAND_PUB,
)


def _running() -> list[tenders.LotRow]:
    """Return one lot of every published tender that runs, the next deadline first: where trouble may be reported."""
    rows = [r for r in tenders.recent_lots(limit=200) if r.stage in _RUNNING and r.bid_deadline]
    rows.sort(key=lambda r: r.bid_deadline or r.published_at)
    return list({r.tender: r for r in rows}.values())[:20]


def form_check(request: HttpRequest, tender_id: str) -> HttpResponse:
    """Check the form of a tender: complete, or everything that is missing, told once. It approves nothing."""
    actor = who(request)
    page: dict[str, Any] = {
        "tender": tenders.tender(tender_id, viewer=actor),
        "figures": worklist.lot_drafts(tender_id),
        "check": worklist.last_form_check(tender_id),
        "case": case_of(service="admission", subject=tender_id),
        "may_owe": SERVICES["admission"].may_owe,
        "now": now(),
        "given": {},
    }
    if request.method != "POST":
        return show(request, "work/form_check.html", page)
    given = {name: text(request, name) for name in ("verdict", "missing", "because")}
    owed = request.POST.getlist("owed")
    missing = [line.strip() for line in given["missing"].splitlines() if line.strip()]
    try:
        if given["verdict"] not in {"complete", "missing"}:
            raise BadInput("请选择核验结果", field="verdict")
        if given["verdict"] == "missing" and not missing and not owed:
            raise BadInput("请一次列明全部缺项, 每行一项", field="missing")
        if given["verdict"] == "complete" and missing:
            raise BadInput("选择了材料齐全, 请清空缺项, 或改选有缺项", field="missing")
        tendering.check_form(
            tender_id=tender_id,
            missing=missing,
            owed=owed if given["verdict"] == "missing" else (),
            because=given["because"],
            actor=actor,
            now=now(),
        )
    except Refusal as refusal:
        return refused_here(request, "work/form_check.html", page, refusal, given=given | {"owed": owed})
    says = "形式核验已记录: " + ("有缺项, 已一次告知" if missing else "容缺受理" if owed else "材料齐全")
    if text(request, "then") != "next":
        return done("/work", says)
    left = [row for row in worklist.tenders_for_form_check() if row.complete is None]
    if not left:
        return done("/work", f"{says}; 没有等待核验的了")
    return done(f"/work/tenders/{left[0].tender}/form-check", f"{says}。这是下一件, 还有{len(left)}件")


def _seed_page(request: HttpRequest, draw_id: str) -> dict[str, Any]:
    party = PARTY[who(request).role]
    draw = draws.draw_row(draw_id)
    mine = next(s for s in draw.seeds if s["party"] == party)
    return {
        "draw": draw,
        "party": party,
        "party_label": draws.PARTY_LABELS[party],
        "mine": mine,
        "all_committed": all(s["commitment"] for s in draw.seeds),
        "kept_as": f"{draw_id}-{party}",
        "back": f"/work/tenders/{draw.tender}" if party == "owner" else "/work",
        "given": {},
    }


def seed(request: HttpRequest, draw_id: str) -> HttpResponse:
    """Show one's own part in a draw: commit, wait, reveal. Before the list is frozen there is none."""
    if not draws.draw_row(draw_id).lists:
        return done(f"/draws/{draw_id}", "名单还没有冻结, 冻结后再给种子")
    return show(request, "work/seed.html", _seed_page(request, draw_id))


def commit_seed(request: HttpRequest, draw_id: str) -> HttpResponse:
    """Publish the hash of one's seed."""
    given = {"commitment": text(request, "commitment")}
    try:
        seeding.commit_seed(draw_id=draw_id, commitment=given["commitment"], actor=who(request), now=now())
    except Refusal as refusal:
        return refused_here(request, "work/seed.html", _seed_page(request, draw_id), refusal, given=given)
    return done(f"/work/draws/{draw_id}/seed", "承诺已提交; 三方全部提交后再公开种子")


def reveal_seed(request: HttpRequest, draw_id: str) -> HttpResponse:
    """Reveal one's seed."""
    given = {"seed": text(request, "seed")}
    try:
        made = seeding.reveal_seed(draw_id=draw_id, seed=given["seed"], actor=who(request), now=now())
    except Refusal as refusal:
        return refused_here(request, "work/seed.html", _seed_page(request, draw_id), refusal, given=given)
    ranked = made.state != "seeding"
    return done(
        f"/work/draws/{draw_id}/seed",
        "三方种子已齐, 名次已算出, 专家邀请已发出" if ranked else "本方种子已公开",
    )
