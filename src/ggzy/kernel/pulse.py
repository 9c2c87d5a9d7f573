"""Whether the platform could be reached: the web process's sign of life, and the silences it leaves when it cannot.

Measured in real time by the database's clock, and mapped to legal time only as far as the training clock ran on by
itself: what a clock that was moved jumped over was missed by nobody.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection

from ggzy.kernel.clock import BEIJING

#: how often the web process writes its sign of life
BEAT_SECONDS = 5.0
_CLOCK = "SELECT anchor_real, anchor_legal, speed::double precision FROM kernel_clock WHERE centre_id = %s"
_SILENCES = """
SELECT since, until FROM (
  SELECT beat_at AS since, clock_timestamp() AS until FROM kernel_pulse WHERE centre_id = %(centre)s
  UNION ALL
  (SELECT since, until FROM kernel_silence WHERE centre_id = %(centre)s ORDER BY until DESC LIMIT 100)
) AS all_of_them ORDER BY until DESC
"""


@dataclass(frozen=True, kw_only=True)
class Leg:
    """A stretch in which the legal clock runs on by itself; a production centre has one, at the speed of real time."""

    real: datetime
    legal: datetime
    speed: float

    def in_real_time(self, moment: datetime) -> datetime:
        """Return the real moment of a legal one."""
        return self.real + (moment - self.legal) / self.speed

    def in_legal_time(self, moment: datetime) -> datetime:
        """Return the legal moment of a real one."""
        return self.legal + (moment - self.real) * self.speed


@dataclass(frozen=True, kw_only=True)
class Silence:
    """A time in which nobody could reach the platform, in real and in legal time."""

    since: datetime
    until: datetime
    legal_since: datetime
    legal_until: datetime

    def words(self, now: datetime) -> str:
        """Return from when to when, as a notice says it."""
        ends = min(self.legal_until, now)
        since, until = (f"{m.astimezone(BEIJING):%Y年%m月%d日 %H:%M:%S}" for m in (self.legal_since, ends))
        return f"平台自{since}至{until}无法访问"


def silence_at(
    moment: datetime,
    *,
    silences: Iterable[tuple[datetime, datetime]],
    leg: Leg | None,
    tolerance: timedelta,
) -> Silence | None:
    """Return the silence that kept everybody away before a legal moment, or None. Pure.

    It began at least `tolerance` before the moment, and ended too late for anybody to say so in time. What lies
    before the training clock was last moved does not count, and a moment that was jumped over was not missed.
    """
    if leg is not None and moment < leg.legal:
        return None
    latest = (moment if leg is None else leg.in_real_time(moment)) - tolerance
    for since, until in silences:
        began = since if leg is None else max(since, leg.real)
        if began <= latest < until:
            return Silence(
                since=began,
                until=until,
                legal_since=began if leg is None else leg.in_legal_time(began),
                legal_until=until if leg is None else leg.in_legal_time(until),
            )
    return None


def silence_before(moment: datetime) -> Silence | None:
    """Return the silence in which a legal moment passed unnoticed, or None where the platform could be reached.

    A centre whose web process never gave a sign of life has no silences; nor has one that asks for none.
    """
    tolerance = timedelta(seconds=settings.OUTAGE_GAP_SECONDS)
    if not tolerance:
        return None
    with connection.cursor() as cursor:
        cursor.execute(_CLOCK, [settings.CENTRE_ID])
        row = cursor.fetchone()
        cursor.execute(_SILENCES, {"centre": settings.CENTRE_ID})
        silences = cursor.fetchall()
    leg = Leg(real=row[0], legal=row[1], speed=row[2]) if row else None
    return silence_at(moment, silences=silences, leg=leg, tolerance=tolerance)


def beat() -> None:
    """Write a sign of life (the web process does the same over a connection of its own)."""
    longest = settings.OUTAGE_GAP_SECONDS or 120
    with connection.cursor() as cursor:
        cursor.execute("SELECT ggzy_beat(%s, make_interval(secs => %s))", [settings.CENTRE_ID, longest])
