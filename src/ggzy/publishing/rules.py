"""Which notice goes to which medium, when it is tried again, and what is wrong with a delivery. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Medium(StrEnum):
    """The statutory media and the upper platform a centre's notices go to."""

    NATIONAL = "ceb"
    PROVINCE = "province"
    PROCUREMENT = "ccgp"

    @property
    def label(self) -> str:
        """Return the name people know."""
        return {
            "ceb": "中国招标投标公共服务平台",
            "province": "省级公共资源交易平台",
            "ccgp": "中国政府采购网",
        }[self.value]


class State(StrEnum):
    """Where one notice stands at one medium."""

    WAITING = "waiting"
    SENT = "sent"
    RECEIVED = "received"
    PUBLISHED = "published"
    REFUSED = "refused"
    FAILED = "failed"

    @property
    def label(self) -> str:
        """Return the word people read."""
        return {
            "waiting": "待发送",
            "sent": "已送出, 待回执",
            "received": "已接收, 待发布",
            "published": "已发布",
            "refused": "被退回",
            "failed": "未送达, 将重试",
        }[self.value]


#: not handed over yet: a later version of the same series must wait behind one of these
NOT_HANDED_OVER = frozenset({State.WAITING, State.FAILED})
#: how far a delivery has come; what a medium says can only move it forward
_RANK = {State.WAITING: 0, State.FAILED: 0, State.SENT: 1, State.RECEIVED: 2, State.REFUSED: 3}


class Scope(StrEnum):
    """The legal family: construction tendering or government procurement."""

    CONSTRUCTION = "GC"
    PROCUREMENT = "GP"


_BY_SCOPE: dict[Scope, tuple[Medium, ...]] = {
    Scope.CONSTRUCTION: (Medium.NATIONAL, Medium.PROVINCE),
    Scope.PROCUREMENT: (Medium.PROCUREMENT, Medium.PROVINCE),
}
#: kinds that do not go everywhere; every other kind, also one that is invented later, goes to all of its scope
_NARROWER: dict[str, tuple[Medium, ...]] = {
    "opening_record": (Medium.PROVINCE,),
    "contract": (Medium.PROVINCE, Medium.PROCUREMENT),
}


def scope_of(deal_code: str) -> Scope:
    """Return the legal family by the class letter of the 统一交易标识码: D is government procurement."""
    return Scope.PROCUREMENT if deal_code[:1] == "D" else Scope.CONSTRUCTION


def media_for(kind: str, scope: Scope) -> tuple[Medium, ...]:
    """Return the media a kind of notice must go to; total: an unknown kind goes to every medium of its scope."""
    everywhere = _BY_SCOPE[scope]
    narrower = _NARROWER.get(kind)
    return everywhere if narrower is None else tuple(m for m in everywhere if m in narrower)


FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(hours=1)


def pause_after(failures: int) -> timedelta:
    """Return how long to wait after so many failed tries in a row: 30 s, doubled each time, at most an hour."""
    assert failures >= 1
    return min(FIRST_PAUSE * (1 << min(failures - 1, 12)), LONGEST_PAUSE)


def moves_forward(state: State, said: State) -> bool:
    """Say whether what a medium says is news: an old or repeated receipt never moves a delivery back."""
    if state is State.PUBLISHED:
        return False
    return said is State.PUBLISHED or _RANK[said] > _RANK[state]


class Trouble(StrEnum):
    """Why a delivery is shown red."""

    NOT_CONFIGURED = "not_configured"
    REFUSED = "refused"
    FAILED = "failed"
    DIFFERS = "differs"
    LATE = "late"

    @property
    def label(self) -> str:
        """Return the word people read."""
        return {
            "not_configured": "未配置",
            "refused": "被退回",
            "failed": "未送达",
            "differs": "内容不一致",
            "late": "超过时限",
        }[self.value]


def missed_by_leaps(
    *, started: datetime, due_at: datetime, ended: datetime, leaps: Iterable[tuple[datetime, datetime]]
) -> bool:
    """Say whether a limit was missed only because a training clock jumped: without what it jumped over there was time."""
    jumped = sum(
        (max(min(until, ended) - max(since, started), timedelta(0)) for since, until in leaps),
        timedelta(0),
    )
    return ended >= due_at and ended - started - jumped < due_at - started


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What is known of one delivery, for judging it."""

    state: State
    configured: bool
    ours: str
    held: str
    due_at: datetime
    published_at: datetime | None
    #: too late only because the training clock was moved: told beside it, and no trouble
    by_clock: bool = False


def troubles(standing: Standing, *, now: datetime) -> tuple[Trouble, ...]:
    """Return everything that is wrong with a delivery, worst first; nothing means it is on its way or done."""
    out = []
    if standing.state is State.PUBLISHED:
        if standing.held != standing.ours:
            out.append(Trouble.DIFFERS)
        late = standing.published_at is not None and standing.published_at >= standing.due_at
        if late and not standing.by_clock:
            out.append(Trouble.LATE)
        return tuple(out)
    if not standing.configured:
        out.append(Trouble.NOT_CONFIGURED)
    if standing.state is State.REFUSED:
        out.append(Trouble.REFUSED)
    if standing.state is State.FAILED:
        out.append(Trouble.FAILED)
    if now >= standing.due_at and not standing.by_clock:
        out.append(Trouble.LATE)
    return tuple(out)


@dataclass(frozen=True, kw_only=True)
class Anchor:
    """From when the clocks of a round run: both moments, and which of them counts."""

    at: datetime | None
    platform_at: datetime
    medium_at: datetime | None
    medium: str
    reading: str


def anchor(
    *,
    scope: Scope,
    platform_at: datetime,
    by_medium: Mapping[str, datetime],
    platform_is_medium: bool,
) -> Anchor:
    """Return the anchor of the clocks that begin with a notice.

    Government procurement: the earliest of the media (87号令 art. 16, read in the text). Construction: likewise
    (10号令, from memory), and this platform's own moment counts with them where it is a designated medium.
    """
    first = min(by_medium.items(), key=lambda pair: (pair[1], pair[0]), default=None)
    medium, medium_at = first if first else ("", None)
    own_counts = platform_is_medium and scope is Scope.CONSTRUCTION
    if own_counts and (medium_at is None or platform_at <= medium_at):
        at: datetime | None = platform_at
        reading = "本平台是依法指定的发布媒介, 以本平台发布时间起算"
    elif medium_at is not None:
        at, reading = medium_at, f"以最早发布的法定媒介({medium})的发布时间起算"
    else:
        at, reading = None, "法定媒介尚未发布, 起算时间待定"
    return Anchor(at=at, platform_at=platform_at, medium_at=medium_at, medium=medium, reading=reading)
