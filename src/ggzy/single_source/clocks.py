"""The clock that runs for a purchase, and the reminders of it: a working day ahead, and when it has run out unheeded."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from ggzy.deadlines.actions import cancel_timer, effect, set_timer
from ggzy.kernel import calendars
from ggzy.kernel.clock import BEIJING
from ggzy.law.limits import beijing_date, runs_out
from ggzy.law.table import limit
from ggzy.messages.actions import tell
from ggzy.messages.rules import Kind
from ggzy.procedures.spec import Stage
from ggzy.single_source.models import Purchase
from ggzy.single_source.moves import locked

REMIND = "single_source.reminder"
#: limit → what is to be done by then. A contract's notice (GP-T13) comes out with its second signature, by itself
SAYS = {
    "GP-T36": "公示期满",
    "GP-T37": "完成补充论证",
    "GP-T10": "公告成交结果、发出成交通知书",
    "GP-T12": "签订合同",
    "GP-T14": "合同副本备案",
}


@dataclass(frozen=True, kw_only=True)
class Clock:
    """The clock that runs: which limit, what for, when it is over, its clause, and how it was counted."""

    key: str
    says: str
    due_at: datetime
    clause: str
    arithmetic: str


def clock_of(row: Purchase) -> Clock | None:
    """Return the clock that runs for a purchase, None where none does."""
    running = {
        Stage.PUBLICITY.value: ("GP-T36", row.published_at),
        Stage.REARGUE.value: ("GP-T37", row.publicity_ended_at),
        Stage.RECORDED.value: ("GP-T10", row.recorded_at),
        Stage.ANNOUNCED.value: ("GP-T12", row.announced_at),
        Stage.CONTRACTED.value: ("GP-T14", None if row.filed_at else row.signed_at),
    }
    key, started = running.get(row.stage, ("", None))
    if started is None:
        return None
    found = limit(key, on=beijing_date(started))
    counted = runs_out(found, started=started, calendar=calendars.CHINA)
    due_at, arithmetic = counted.instant, counted.arithmetic
    if key == "GP-T36" and row.publicity_ends_at not in (None, due_at):
        assert row.publicity_ends_at is not None, "it was just compared"
        due_at, arithmetic = row.publicity_ends_at, "采购人定得比法定最短期限更长"
    return Clock(key=key, says=SAYS[key], due_at=due_at, clause=found.cites, arithmetic=arithmetic)


def follow(purchase: Purchase, *, now: datetime) -> None:
    """Let the reminder follow the clock that runs after an act; it rests where none does."""
    clock = clock_of(purchase)
    if clock is None:
        cancel_timer(kind=REMIND, subject=purchase.public_id, now=now)
    else:
        set_timer(kind=REMIND, subject=purchase.public_id, due_at=max(now, _ahead(clock)))


def _ahead(clock: Clock) -> datetime:
    """Return the beginning of the last working day of a clock: a reminder on a day off helps nobody."""
    last = beijing_date(clock.due_at - timedelta(microseconds=1))
    while not calendars.CHINA.is_working(last):
        last -= timedelta(days=1)
    return datetime(last.year, last.month, last.day, tzinfo=BEIJING)


@effect(REMIND)
def remind(subject: str, now: datetime) -> datetime | None:
    """Remind of the clock that runs now, and again when it has run out; what is done by then needs no word."""
    purchase = locked(subject)
    clock = clock_of(purchase)
    if clock is None:
        return None
    if now < _ahead(clock):
        return _ahead(clock)
    over = now >= clock.due_at
    if over and clock.key == "GP-T36":
        return None  # a publicity ends by itself
    last = (clock.due_at - timedelta(microseconds=1)).astimezone(BEIJING)
    text = f"{'已超过' if over else '请在'}{last:%Y年%m月%d日}{'的期限, 尚未' if over else '前'}{clock.says}。依据{clock.clause}。"
    if clock.key == "GP-T36":
        text = f"公示至{last:%Y年%m月%d日}止, 期满自动办理下一步。依据{clock.clause}。"
    both = clock.key == "GP-T12"
    tell(
        organisations=[purchase.buyer_id, *([purchase.supplier_id] if both else [])],
        kind=Kind.REMINDER,
        title=f"{purchase.name}: {clock.says}{'已超期' if over else '即将到期'}",
        text=text,
        link=f"/work/single-sources/{purchase.public_id}",
        now=now,
    )
    return None if over or clock.key == "GP-T36" else clock.due_at
