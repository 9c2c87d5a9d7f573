"""Walking through a procedure with pretend dates: which moves were made when, and what each clock says of it.

Everything comes from the catalogue and the table of limits; nothing is written anywhere. What one move cannot know
(the contents of a file, who bids) stays its guard, shown in words.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time

from ggzy.kernel.calendars import WorkCalendar
from ggzy.law.limits import (
    BEIJING,
    Bound,
    Direction,
    TimeLimit,
    beijing_date,
    earliest_moment,
    latest_before,
    runs_out,
)
from ggzy.procedures.spec import Hold, Move, MoveNotAllowed, Procedure, Stage

#: what happens by a move, in the words of the limits that it begins
EVENTS: Mapping[str, tuple[str, ...]] = {
    "publish": ("document.issued", "notice.published"),
    "publish_prequalification": ("document.issued", "notice.published", "prequalification.published"),
    "close_bidding": ("bid.deadline", "prequalification.deadline"),
    "open_bids": ("opening.session",),
    "submit_report": ("report.received", "evaluation.ended"),
    "start_publicity": ("publicity.started",),
    "award": ("winner.determined",),
    "end_publicity_disputed": ("single_source.publicity_ended",),
    "record_negotiation": ("winner.determined",),
    "notify": ("letter.sent", "award_letter.sent", "result.published"),
    "sign_contract": ("contract.signed",),
    "apply_to_join": ("admission.applied",),
    "choose": ("framework.letter_sent", "result.published"),
    "shortlist": ("framework.letter_sent",),
    "register_shortlist": ("framework.letter_sent",),
    "conclude_agreements": ("framework.signed",),
    "expire_framework": ("framework.expired",),
    "publish_call": ("innovation.called",),
    "issue_file": ("innovation.file_issued",),
    "ask_finals": ("innovation.finals_asked",),
    "sign_research": ("innovation.research_signed",),
    "name_first": ("innovation.first_chosen",),
    "settle_first": ("innovation.first_chosen",),
}


class WalkRefused(MoveNotAllowed):
    """A pretend step that cannot be walked."""

    code = "procedure.walk_refused"


@dataclass(frozen=True)
class Clock:
    """One limit in a walk: from when it runs, when it ends, and whether the move that it is about kept it.

    `day` is the earliest day of a floor and the last day of a ceiling. `kept` is None while it is not decided.
    """

    limit: TimeLimit
    since: date
    day: date
    arithmetic: str
    provisional: bool
    kept: bool | None = None

    @property
    def floor(self) -> bool:
        """Say whether it is a floor: nothing before its day."""
        return self.limit.bound is Bound.AT_LEAST and self.limit.direction is Direction.AFTER


@dataclass(frozen=True)
class Step:
    """One move that was made on a day, and what the clocks that it ends say."""

    move: Move
    day: date
    judged: tuple[Clock, ...]

    @property
    def broken(self) -> tuple[Clock, ...]:
        """Return the clocks that it did not keep."""
        return tuple(clock for clock in self.judged if clock.kept is False)


@dataclass(frozen=True)
class Way:
    """A move that could come next: what its clocks demand of its day, or why a hold stops it."""

    move: Move
    clocks: tuple[Clock, ...]
    stopped: tuple[Hold, ...]

    def suggested(self, today: date) -> date:
        """Return the first day on which no floor is broken."""
        return max([today, *(clock.day for clock in self.clocks if clock.floor)])


@dataclass(frozen=True)
class Walk:
    """Where a walk has come to."""

    procedure: Procedure
    stage: Stage
    today: date
    steps: tuple[Step, ...]
    ways: tuple[Way, ...]
    #: what runs, of all that was begun and not decided yet
    running: tuple[Clock, ...]

    @property
    def ended(self) -> bool:
        """Say whether it is over."""
        return self.stage in self.procedure.final


def walk(
    procedure: Procedure,
    *,
    begins: date,
    made: Iterable[tuple[str, date]],
    holds: frozenset[Hold] = frozenset(),
    law: Mapping[str, TimeLimit],
    calendar: WorkCalendar,
) -> Walk:
    """Walk the moves that were made from the beginning, and say what may come next.

    A limit that a move names runs from the event it names, where an earlier move was that event, and is decided by the
    move that names it; otherwise it runs from the move itself: a floor is decided when its stage is left, a ceiling by the
    move that names it. Holds stop what comes next, not what was made.

    :raises WalkRefused: a move that is not to be made from where the walk stands, or a day before the last one
    """
    stage, today = procedure.initial, begins
    happened: dict[str, date] = {}
    open_clocks: list[Clock] = []
    steps: list[Step] = []
    for code, day in made:
        move = next((m for m in procedure.from_stage(stage) if m.code == code), None)
        if move is None:
            raise WalkRefused(
                f"当前处于“{stage.label}”, 没有这一步。请从列出的步骤里选", next_steps=(("从头开始", "?"),)
            )
        if day < today:
            raise WalkRefused(f"日期不能早于上一步({today}), 请改成{today}或者以后")
        judged = [_judged(clock, day) for clock in _decides(move, open_clocks, happened, law, calendar)]
        for event in EVENTS.get(code, ()):
            happened[event] = day
            judged += [
                _judged_before(limit, event_day=day, acts=steps, calendar=calendar)
                for limit in law.values()
                if limit.direction is Direction.BEFORE and limit.starts == event and limit.length
                if any(limit.key in step.move.limits for step in steps)
            ]
        if not move.stays:
            open_clocks = []
        open_clocks += [
            clock
            for clock in _own(move, day, happened, law, calendar)
            if clock.limit.key not in _keys(open_clocks)
        ]
        steps.append(Step(move, day, tuple(judged)))
        stage, today = move.target, day
    return Walk(
        procedure=procedure,
        stage=stage,
        today=today,
        steps=tuple(steps),
        ways=tuple(
            Way(
                move,
                tuple(_decides(move, open_clocks, happened, law, calendar)),
                tuple(hold for hold in Hold if hold in holds and hold in move.blocked_by),
            )
            for move in procedure.from_stage(stage)
        ),
        running=tuple(open_clocks),
    )


def _keys(clocks: Iterable[Clock]) -> set[str]:
    return {clock.limit.key for clock in clocks}


def _decides(
    move: Move,
    running: Iterable[Clock],
    happened: Mapping[str, date],
    law: Mapping[str, TimeLimit],
    calendar: WorkCalendar,
) -> list[Clock]:
    """Return the clocks that a move decides: the floors that run, where it leaves the stage, and what it names that began earlier."""
    out = [] if move.stays else [clock for clock in running if clock.floor]
    for limit in _named(move, law):
        since = happened.get(limit.starts)
        if since is not None and limit.direction is Direction.AFTER and limit.key not in _keys(out):
            out.append(_clock(limit, since, calendar))
    return out


def _own(
    move: Move,
    day: date,
    happened: Mapping[str, date],
    law: Mapping[str, TimeLimit],
    calendar: WorkCalendar,
) -> list[Clock]:
    """Return the clocks that begin with a move."""
    own = EVENTS.get(move.code, ())
    return [
        _clock(limit, day, calendar)
        for limit in _named(move, law)
        if limit.direction is Direction.AFTER and (limit.starts in own or limit.starts not in happened)
    ]


def _named(move: Move, law: Mapping[str, TimeLimit]) -> list[TimeLimit]:
    return [law[key] for key in move.limits if key in law and law[key].length]


def _clock(limit: TimeLimit, since: date, calendar: WorkCalendar) -> Clock:
    moment = _morning(since)
    if limit.bound is Bound.AT_LEAST:
        count = earliest_moment(limit, started=moment, calendar=calendar)
        day = beijing_date(count.instant)
    else:
        count = runs_out(limit, started=moment, calendar=calendar)
        day = beijing_date(_last_instant(count.instant))
    return Clock(limit, since, day, count.arithmetic, count.provisional)


def _judged(clock: Clock, day: date) -> Clock:
    kept = day >= clock.day if clock.floor else day <= clock.day
    return Clock(clock.limit, clock.since, clock.day, clock.arithmetic, clock.provisional, kept)


def _judged_before(
    limit: TimeLimit, *, event_day: date, acts: Iterable[Step], calendar: WorkCalendar
) -> Clock:
    """Judge a limit that lies before an event by the last act that named it."""
    count = latest_before(limit, event=_morning(event_day), calendar=calendar)
    last = beijing_date(_last_instant(count.instant))
    acted = max(step.day for step in acts if limit.key in step.move.limits)
    return Clock(limit, acted, last, count.arithmetic, count.provisional, acted <= last)


def _morning(day: date) -> datetime:
    return datetime.combine(day, time(9), BEIJING)


def _last_instant(end: datetime) -> datetime:
    """Return the last microsecond before an exclusive end."""
    return end - datetime.resolution
