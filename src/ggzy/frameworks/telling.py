"""What every act on a framework shares: its entry in the log, its notice, whom it tells, and the clocks it is reminded of."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from ggzy.deadlines.actions import cancel_timer, effect, set_timer
from ggzy.evidence.actions import disclose, record_act
from ggzy.evidence.models import Entry
from ggzy.frameworks.models import CallOff, Framework, FrameworkMember
from ggzy.frameworks.rules import Kind
from ggzy.kernel import calendars
from ggzy.kernel.actors import Actor
from ggzy.kernel.clock import BEIJING
from ggzy.law.limits import Count, beijing_date, runs_out
from ggzy.law.table import limit
from ggzy.messages.actions import tell
from ggzy.messages.rules import Kind as MessageKind
from ggzy.notices.actions import NoticeKind, publish_notice
from ggzy.procedures.catalogue import GP_KJ_CLOSED
from ggzy.procedures.spec import Stage
from ggzy.tendering.holding import held_up
from ggzy.tendering.models import Round

#: clocks of the collector → whose they are
REVIEW, SIGN, FILE, INFORM, SUMMARY = "GP-T43", "GP-T38", "GP-T39", "GP-T40", "GP-T42"
_REMIND = "frameworks.remind."
_AHEAD = timedelta(days=1)


def record(
    act: str,
    framework: Framework,
    *,
    subject: str = "",
    actor: Actor,
    now: datetime,
    public: Mapping[str, Any] | None = None,
    party: Mapping[str, Any] | None = None,
    supervisor: Mapping[str, Any] | None = None,
    escrowed: bool = False,
) -> None:
    """Write one act on a framework, a member or a call into the evidence log.

    :param escrowed: what no page shows either: it is in the log for nobody until `tell_all`
    """
    record_act(
        f"frameworks.{act}",
        subject=subject or framework.public_id,
        ocid=framework.ocid,
        actor=actor,
        legal_at=now,
        public=public or {},
        party=party,
        supervisor=supervisor,
        escrowed=escrowed,
    )


def tell_all(subject: str, *acts: str, now: datetime) -> None:
    """Disclose what was escrowed about a member or a call once its result stands; only these acts where some are named."""
    rows = Entry.objects.filter(subject=subject)
    disclose(rows.filter(act__in=[f"frameworks.{act}" for act in acts]) if acts else rows, now=now)


def announce(
    kind: NoticeKind,
    framework: Framework,
    what: str,
    facts: Sequence[tuple[str, str]],
    *,
    call: CallOff | None = None,
    actor: Actor,
    now: datetime,
) -> None:
    """Publish a notice of a framework: facts in words, as the clauses list them."""
    publish_notice(
        kind=kind,
        ocid=framework.ocid,
        tender="",
        rounds=[],
        title=f"{call.name if call else framework.name}{what}",
        body={
            "framework": framework.public_id,
            "call": call.public_id if call else "",
            "deal_code": framework.deal_code,
            "facts": [{"name": name, "value": value} for name, value in facts],
        },
        actor=actor,
        now=now,
    )


def tell_those(
    framework: Framework,
    organisations: Iterable[int | None],
    *,
    title: str,
    text: str,
    call: CallOff | None = None,
    now: datetime,
) -> None:
    """Tell organisations how a framework, or a call, stands."""
    about = call.name if call else framework.name
    path = f"call-offs/{call.public_id}" if call else f"frameworks/{framework.public_id}"
    tell(
        organisations=[pk for pk in organisations if pk is not None],
        kind=MessageKind.SERVICE,
        title=f"{about}: {title}",
        text=text,
        link=f"/work/{path}",
        now=now,
    )


def day(moment: datetime) -> str:
    """Return a day in Beijing in words."""
    return f"{moment.astimezone(BEIJING):%Y年%m月%d日}"


def in_words(moment: datetime) -> str:
    """Return a moment in Beijing in words."""
    return f"{moment.astimezone(BEIJING):%Y年%m月%d日%H时%M分}"


def counted(key: str, *, started: datetime, paused: frozenset[date] = frozenset()) -> Count:
    """Return when a limit that began at a moment has run out; `paused` are the days that it does not count."""
    row = limit(key, on=beijing_date(started))
    return runs_out(row, started=started, calendar=calendars.CHINA, paused=paused)


def held_days(frameworks: Iterable[Framework], *, now: datetime) -> dict[str, frozenset[date]]:
    """Return of each collected framework the days on which it could not be signed: something held its round (GP-T38)."""
    of = {row.collection["round"]: row.public_id for row in frameworks if row.collection.get("round")}
    rounds = dict(Round.objects.filter(public_id__in=list(of)).values_list("pk", "public_id"))
    held, row = held_up(list(rounds), now=now), limit(SIGN, on=beijing_date(now))
    return {of[public_id]: held.days(pk, row, GP_KJ_CLOSED.code) for pk, public_id in rounds.items()}


def begin_clock(key: str, *, subject: str, started: datetime) -> None:
    """Let the collector be reminded a day before a limit is over, and when it is."""
    set_timer(kind=_REMIND + key, subject=subject, due_at=counted(key, started=started).instant - _AHEAD)


def end_clock(key: str, *, subject: str, now: datetime) -> None:
    """Stop reminding: it is done."""
    cancel_timer(kind=_REMIND + key, subject=subject, now=now)


def clock_of(framework: Framework, key: str) -> datetime | None:
    """Return since when a clock of a framework runs, None where it does not (reviews are the members')."""
    # what was never in force has no contracts to sum up
    over = framework.expired_at and (framework.agreed_at or framework.kind == Kind.OPEN.value)
    unsigned = any(member.stage == Stage.SHORTLIST.value for member in framework.members.all())
    running = {
        SIGN: framework.letter_sent_at if unsigned else None,
        FILE: None if framework.filed_at or framework.expired_at else framework.agreed_at,
        INFORM: framework.agreed_at if framework.stage == Stage.AGREED.value else None,
        SUMMARY: framework.ends_at if over and not framework.summarised_at else None,
    }
    return running[key]


def _runs(key: str, subject: str) -> tuple[Framework, datetime] | None:
    if key == REVIEW:
        member = (
            FrameworkMember.objects.select_related("framework")
            .filter(public_id=subject, stage=Stage.APPLIED.value)
            .first()
        )
        return (member.framework, member.applied_at) if member else None
    framework = Framework.objects.get(public_id=subject)
    started = clock_of(framework, key)
    return (framework, started) if started else None


def _remind(key: str, subject: str, now: datetime) -> datetime | None:
    found = _runs(key, subject)
    if found is None:
        return None
    framework, started = found
    row = limit(key, on=beijing_date(started))
    paused = held_days([framework], now=now) if key == SIGN else {}
    due = counted(key, started=started, paused=paused.get(framework.public_id, frozenset())).instant
    if now < due - _AHEAD:
        return due - _AHEAD  # held meanwhile: there is more time now
    late = now >= due
    tell_those(
        framework,
        [framework.collector_id],
        title=f"{row.says}{'已过期限' if late else '期限将满'}",
        text=f"{row.cites}规定{row.length_label}, 至{day(due - timedelta(seconds=1))}止。请尽快办理。",
        now=now,
    )
    return None if late else due


def _register(key: str) -> None:
    @effect(_REMIND + key)
    def remind(subject: str, now: datetime) -> datetime | None:
        return _remind(key, subject, now)


for _key in (REVIEW, SIGN, FILE, INFORM, SUMMARY):
    _register(_key)
