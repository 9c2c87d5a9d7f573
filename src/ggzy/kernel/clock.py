"""The one clock. Only the edges (portals, api, jobs, cli) ask it; everything below takes `now`.

Time is the database's `clock_timestamp()`; a training centre may shift it forward and speed it up.
Sessions, nonces and `recorded_at` use real time.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

from django.conf import settings
from django.db import connection

from ggzy.kernel.refusals import BadInput, Refusal

BEIJING = timezone(timedelta(hours=8), "Asia/Shanghai")
TRAINING_STARTS = datetime(2026, 3, 2, 9, 0, tzinfo=BEIJING)
MOST_SPEED = Decimal(3600)


class ClockOnlyInTraining(Refusal):
    """A production centre's clock is nobody's to move."""

    code = "clock.only_in_training"
    status = 403


class ClockOnlyForward(Refusal):
    """Time that has passed cannot be given back."""

    code = "clock.only_forward"


@dataclass(frozen=True)
class ClockFace:
    """What a page shows of the clock: the legal moment, its speed, and whether it is shifted."""

    now: datetime
    speed: Decimal
    shifted: bool


def legal_now() -> datetime:
    """Return the legal moment by the database's clock, as an aware UTC datetime."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT ggzy_now(%s)", [settings.CENTRE_ID])
        now: datetime = cursor.fetchone()[0]
        return now.astimezone(UTC)


def real_now() -> datetime:
    """Return the real moment, for sessions, nonces and `recorded_at`."""
    return datetime.now(UTC)


def face() -> ClockFace:
    """Return the clock as a page shows it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT ggzy_now(%s), (SELECT speed FROM kernel_clock WHERE centre_id = %s)",
            [settings.CENTRE_ID, settings.CENTRE_ID],
        )
        now, speed = cursor.fetchone()
    return ClockFace(now=now.astimezone(UTC), speed=speed or Decimal(1), shifted=speed is not None)


def leaps() -> list[tuple[datetime, datetime]]:
    """Return the stretches of legal time that the training clock jumped over, in order; a production centre has none."""
    if settings.MODE != "training":
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT since, until FROM kernel_leap WHERE centre_id = %s ORDER BY since", [settings.CENTRE_ID]
        )
        return list(cursor.fetchall())


def start_training_clock() -> None:
    """Start the training clock at 2026-03-02 09:00 北京时间, once."""
    _training_only()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO kernel_clock (centre_id, anchor_real, anchor_legal, speed)"
            " VALUES (%s, clock_timestamp(), %s, 1) ON CONFLICT DO NOTHING",
            [settings.CENTRE_ID, TRAINING_STARTS],
        )


def advance_to(moment: datetime) -> datetime:
    """Move the training clock forward to `moment` and return the new legal moment.

    :raises ClockOnlyInTraining: this is a production centre
    :raises ClockOnlyForward: `moment` has passed
    """
    _training_only()
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE kernel_clock SET anchor_real = clock_timestamp(), anchor_legal = %s"
            " WHERE centre_id = %s AND %s >= ggzy_now(%s)",
            [moment, settings.CENTRE_ID, moment, settings.CENTRE_ID],
        )
        if cursor.rowcount != 1:
            raise ClockOnlyForward("训练时钟只能向前拨动, 请选择晚于当前训练时间的时刻")
        cursor.execute("NOTIFY ggzy_clock")
    return legal_now()


def set_speed(speed: Decimal) -> None:
    """Let the training clock run `speed` times as fast as real time, from this moment on.

    :raises ClockOnlyInTraining: this is a production centre
    :raises BadInput: slower than real time, or faster than 3600 times
    """
    _training_only()
    if not (Decimal(1) <= speed <= MOST_SPEED):
        raise BadInput("训练时钟的速度应在1到3600倍之间", field="speed")
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE kernel_clock SET anchor_legal = ggzy_now(%s), anchor_real = clock_timestamp(), speed = %s"
            " WHERE centre_id = %s",
            [settings.CENTRE_ID, speed, settings.CENTRE_ID],
        )
        cursor.execute("NOTIFY ggzy_clock")


def refuse_shifted_clock_in_production() -> None:
    """Stop a production centre from starting on a database whose clock was ever shifted.

    :raises SystemExit: the database holds a training clock
    """
    if settings.MODE == "training":
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM kernel_clock")
        if cursor.fetchone()[0]:
            raise SystemExit("正式运行的中心不能使用训练时钟: 此数据库曾用于训练, 请使用新的数据库")


def _training_only() -> None:
    if settings.MODE != "training":
        raise ClockOnlyInTraining("只有训练中心可以拨动时钟, 正式运行以数据库服务器时间为准")
