"""The wall: what is opened, drawn and evaluated today. Before the opening nothing here could tell of bidders: no row has a field for it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta

from django.db.models import Count, Prefetch, Q

from ggzy.committees.queries import interruptions
from ggzy.evaluation.models import Evaluation
from ggzy.evidence import queries as evidence
from ggzy.experts.models import Draw
from ggzy.kernel.actors import Actor
from ggzy.kernel.refusals import BadInput, NotFound
from ggzy.law.limits import BEIJING
from ggzy.opening.models import OpeningObjection, OpeningSession
from ggzy.parties.grid import Permission, require
from ggzy.procedures.catalogue import QUIET
from ggzy.procedures.spec import Stage
from ggzy.tendering.models import Round
from ggzy.ui import words
from ggzy.venues.queries import rooms_by_round
from ggzy.witnessing import rules
from ggzy.witnessing.models import WitnessSession
from ggzy.witnessing.rules import Facts, Kind

STEPS = {
    "leader": "推选组长",
    "preliminary": "初步评审",
    "competition": "竞争性论证",
    "price": "报价评审",
    "detailed": "详细评审(打分)",
    "summary": "汇总复核",
    "talks": "磋商(谈判)和最后报价",
    "second": "等待第二信封开标",
    "offers": "报价文件评审",
    "findings": "撰写评审意见",
    "signing": "签署评标报告",
    "done": "评标结束",
}
#: acts of the log that move a kind of session
ACTS = {
    Kind.OPENING: ("opening.",),
    Kind.DRAW: ("experts.",),
    Kind.EVALUATION: ("evaluation.", "experts.checked_in"),
}
#: what the wall shows of a round: it looks at hundreds every few seconds
_OF_ROUND = (
    "public_id", "stage", "bid_deadline", "lot__name", "lot__number", "lot__tender__name",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Watched:
    """One thing that may be witnessed: what it is and where it stands."""

    kind: Kind
    subject: str
    round: Round
    step: str
    start: datetime | None
    facts: Facts


@dataclass(frozen=True, kw_only=True)
class WallRow:
    """One session on the wall."""

    kind: str
    label: str
    subject: str
    round: str
    title: str
    room: str
    start: datetime | None
    step: str
    quiet_seconds: int | None
    open_objections: int
    incidents: int
    alarms: tuple[str, ...]
    over: bool
    state: str
    state_label: str
    session: str
    mine: bool


def wall(*, viewer: Actor, now: datetime) -> list[WallRow]:
    """Return today's openings, draws and evaluations with what rings first; a fixed number of queries for any number.

    :raises NotPermitted: only the centre and the supervisor
    """
    require(viewer, Permission.WITNESS_READ)
    found = _today(now)
    rounds = [w.round.public_id for w in found]
    sessions = {
        (s.kind, s.subject): s
        for s in WitnessSession.objects.filter(subject__in=[w.subject for w in found]).annotate(
            told=Count("incidents"),
            unread=Count(
                "incidents",
                filter=Q(incidents__notified_at__isnull=False, incidents__acknowledged_at__isnull=True),
            ),
        )
    }
    last = {
        Kind.OPENING: evidence.last_events(by="round", keys=rounds, acts=ACTS[Kind.OPENING]),
        Kind.EVALUATION: evidence.last_events(by="round", keys=rounds, acts=ACTS[Kind.EVALUATION]),
        Kind.DRAW: evidence.last_events(by="subject", keys=[w.subject for w in found], acts=ACTS[Kind.DRAW]),
    }
    objections = _open_objections(rounds)
    places = rooms_by_round(rounds)
    rows = []
    for w in found:
        session = sessions.get((w.kind.value, w.subject))
        facts = _with(
            w.facts,
            session,
            unread=session.unread if session else 0,  # type: ignore[attr-defined]
            # the seating of a committee is an act of the tender, not of a round: an evaluation begins with it
            last=last[w.kind].get(w.subject, w.start if w.facts.begun else None),
            objections=objections.get(w.round.public_id, 0) if w.kind is Kind.OPENING else 0,
        )
        state = session.state if session else "waiting"
        lot = w.round.lot
        rows.append(
            WallRow(
                kind=w.kind.value,
                label=w.kind.label,
                subject=w.subject,
                round=w.round.public_id,
                title=f"{lot.tender.name} · {lot.name}" if w.kind is not Kind.DRAW else lot.tender.name,
                room=places.get((w.round.public_id, w.kind.value), ""),
                start=w.start,
                step=w.step,
                quiet_seconds=None if w.facts.over else rules.quiet_for(facts, now=now),
                open_objections=facts.open_objections,
                incidents=session.told if session else 0,  # type: ignore[attr-defined]
                alarms=rules.alarms(facts, now=now),
                over=w.facts.over,
                state=state,
                state_label=rules.STATES[state],
                session=session.public_id if session else "",
                mine=session is not None and session.witness_id == viewer.account_pk,
            )
        )
    far = datetime.max.replace(tzinfo=BEIJING)
    return sorted(rows, key=lambda r: (not r.alarms, r.over, r.start or far, r.title, r.kind))


def _with(
    facts: Facts, session: WitnessSession | None, *, unread: int, last: datetime | None, objections: int
) -> Facts:
    return replace(
        facts,
        last_event=last,
        open_objections=objections,
        unread=unread,
        state=session.state if session else "waiting",
    )


def _today(now: datetime) -> list[Watched]:
    """Return what is opened, drawn or evaluated today, what of it still goes on, and what is witnessed and not reported."""
    start = datetime.combine(now.astimezone(BEIJING).date(), time(0), BEIJING)
    end = start + timedelta(days=1)
    open_sessions = WitnessSession.objects.exclude(state=WitnessSession.REPORTED).values_list(
        "kind", "subject"
    )
    kept: dict[str, set[str]] = {kind.value: set() for kind in Kind}
    for kind, subject in open_sessions:
        kept[kind].add(subject)
    today = Q(bid_deadline__gte=start, bid_deadline__lt=end)
    rounds = (
        Round.objects.filter(
            Q(published_at__isnull=False) & (today | Q(stage__in=[Stage.CLOSED, Stage.OPENING]))
            | Q(public_id__in=kept["opening"])
        )
        .exclude(procedure_code__in=QUIET)
        .select_related("lot__tender", "opening")
        .only(*_OF_ROUND, "opening__ended_at", "opening__shown_at")
        .order_by("bid_deadline", "pk")
    )
    evaluations = (
        Evaluation.objects.filter(
            Q(reported_at=None) | Q(reported_at__gte=start) | Q(round__public_id__in=kept["evaluation"])
        )
        .select_related("round__lot__tender")
        .only("step", "started_at", "reported_at", "draw", *(f"round__{name}" for name in _OF_ROUND))
        .order_by("started_at", "pk")
    )
    draws = (
        Draw.objects.filter(
            Q(state__in=[Draw.SEEDING, Draw.CALLING])
            | Q(requested_at__gte=start)
            | Q(public_id__in=kept["draw"])
        )
        .prefetch_related(
            Prefetch(
                "rounds",
                Round.objects.select_related("lot__tender").only(*_OF_ROUND),
            )
        )
        .order_by("requested_at", "pk")
    )
    watched = list(evaluations[:200])
    troubled = interruptions([e.draw_id for e in watched])
    return (
        [_opening(r) for r in rounds[:200]]
        + [_draw(d) for d in draws[:200]]
        + [_evaluation(e, troubled.get(e.draw_id, ())) for e in watched]
    )


def _opening(round_: Round) -> Watched:
    session: OpeningSession | None = getattr(round_, "opening", None)
    if round_.stage == Stage.OPEN_FOR_BID:
        step = "等待投标截止"
    elif session is None:
        step = "已流标, 不开标" if Stage(round_.stage).failed else "已截止, 等待主持人开标"
    elif session.ended_at:
        step = "开标结束"
    else:
        step = "唱标和异议" if session.shown_at else "投标人解密"
    over = (
        bool(session and session.ended_at) or Stage(round_.stage).failed or round_.stage == Stage.TERMINATED
    )
    facts = Facts(kind=Kind.OPENING, deadline=round_.bid_deadline, begun=session is not None, over=over)
    return Watched(
        kind=Kind.OPENING,
        subject=round_.public_id,
        round=round_,
        step=step,
        start=round_.bid_deadline,
        facts=facts,
    )


def _evaluation(row: Evaluation, interrupted: tuple[str, ...] = ()) -> Watched:
    over = row.reported_at is not None
    return Watched(
        kind=Kind.EVALUATION,
        subject=row.round.public_id,
        round=row.round,
        step=STEPS[row.step],
        start=row.started_at,
        facts=Facts(kind=Kind.EVALUATION, begun=True, over=over, interrupted=interrupted),
    )


def _draw(row: Draw) -> Watched:
    first = sorted(row.rounds.all(), key=lambda r: r.lot.number)[0]
    return Watched(
        kind=Kind.DRAW,
        subject=row.public_id,
        round=first,
        step=words.DRAW_STATES[row.state],
        start=row.requested_at,
        facts=Facts(kind=Kind.DRAW, begun=True, over=row.state in {Draw.CONFIRMED, Draw.SEATED}),
    )


def watched(*, kind: str, subject: str, lock: bool = False) -> Watched:
    """Return one thing that may be witnessed; `lock` holds its round, so that two witnesses begin one after the other.

    :raises BadInput: no such kind
    :raises NotFound: no such opening, draw or evaluation
    """
    found: Watched | None = None
    if kind == Kind.OPENING:
        row = Round.objects.filter(public_id=subject, published_at__isnull=False)
        round_ = row.select_related("lot__tender", "opening").first()
        found = _opening(round_) if round_ else None
    elif kind == Kind.EVALUATION:
        evaluation = (
            Evaluation.objects.filter(round__public_id=subject).select_related("round__lot__tender").first()
        )
        found = _evaluation(evaluation) if evaluation else None
    elif kind == Kind.DRAW:
        draw = Draw.objects.filter(public_id=subject).prefetch_related("rounds__lot__tender").first()
        found = _draw(draw) if draw else None
    else:
        raise BadInput("见证的事项应为开标、专家抽取或评标", field="kind")
    if found is None:
        raise NotFound("没有可以见证的场次, 请从见证墙进入", next_steps=(("见证墙", "/work/witness"),))
    if lock:
        Round.objects.select_for_update(no_key=True).get(pk=found.round.pk)
    return found


def facts_of(session: WitnessSession) -> Facts:
    """Return where what a session watches stands."""
    return watched(kind=session.kind, subject=session.subject).facts


def _open_objections(rounds: Iterable[str]) -> dict[str, int]:
    rows = (
        OpeningObjection.objects.filter(session__round__public_id__in=list(rounds), answered_at=None)
        .values("session__round__public_id")
        .annotate(n=Count("pk"))
        .values_list("session__round__public_id", "n")
    )
    return dict(rows)
