"""By which ways a message goes, when it may go, and when it is tried again. Pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from enum import StrEnum

from ggzy.kernel.refusals import BadInput
from ggzy.law.limits import BEIJING, Direction, TimeLimit


class Kind(StrEnum):
    """What a message is to who gets it."""

    LEGAL = "legal"
    SERVICE = "service"
    REMINDER = "reminder"
    NEWS = "news"

    @property
    def label(self) -> str:
        """Return the word people read."""
        return {"legal": "法定通知", "service": "办理进度", "reminder": "到期提醒", "news": "订阅"}[
            self.value
        ]

    @property
    def says(self) -> str:
        """Return what falls under it, in plain words."""
        return {
            "legal": "法律规定应当告知您的事项, 由此开始计算期限或者产生权利: 澄清修改、资格结果、解密、中标通知书、异议和答复等",
            "service": "您或本单位办理事项的进展",
            "reminder": "证书等快要到期",
            "news": "您订阅的公告和项目",
        }[self.value]


class Channel(StrEnum):
    """A way to a person."""

    IN_APP = "in_app"
    EMAIL = "email"
    SMS = "sms"

    @property
    def label(self) -> str:
        """Return the word people read."""
        return {"in_app": "站内", "email": "电子邮件", "sms": "短信"}[self.value]


#: ways that leave the platform, the one that is kept first for a legal notice coming first
OUTSIDE = (Channel.EMAIL, Channel.SMS)


class State(StrEnum):
    """Where one delivery stands."""

    QUEUED = "queued"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"

    @property
    def label(self) -> str:
        """Return the word people read."""
        return {
            "queued": "等待发送",
            "sent": "已交对方服务器",
            "delivered": "已送达",
            "failed": "未能送达",
        }[self.value]


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What one person has chosen: the ways for each kind, and the hours (北京时间) in which nothing rings."""

    on: Mapping[Kind, Collection[Channel]] = field(default_factory=lambda: DEFAULT_ON)
    quiet_from: time | None = time(21)
    quiet_to: time | None = time(8)


_ALL = frozenset(Channel)
DEFAULT_ON: Mapping[Kind, Collection[Channel]] = {
    Kind.LEGAL: _ALL,
    Kind.SERVICE: frozenset({Channel.IN_APP, Channel.EMAIL}),
    Kind.REMINDER: _ALL,
    Kind.NEWS: frozenset({Channel.IN_APP, Channel.EMAIL}),
}


def ways(kind: Kind, choice: Choice, *, reachable: Collection[Channel]) -> frozenset[Channel]:
    """Return by which ways a message of a kind goes to a person.

    `reachable` are the outside ways for which there is a verified address and a provider. What the law tells a
    person always stands in the inbox and takes one outside way at least, where there is any; whatever was chosen.
    Other kinds go as chosen, and stand in the inbox unless another way is left.
    """
    outside = {way for way in OUTSIDE if way in reachable}
    chosen = {way for way in choice.on.get(kind, ()) if way is Channel.IN_APP or way in outside}
    if kind is Kind.LEGAL:
        chosen.add(Channel.IN_APP)
        if outside and not chosen & outside:
            chosen.add(next(way for way in OUTSIDE if way in outside))
    return frozenset(chosen or {Channel.IN_APP})


def in_quiet_hours(choice: Choice, moment: datetime) -> bool:
    """Say whether a moment lies in the person's quiet hours; they may run across midnight."""
    since, until = choice.quiet_from, choice.quiet_to
    if since is None or until is None or since == until:
        return False
    clock = moment.astimezone(BEIJING).time()
    return since <= clock < until if since < until else clock >= since or clock < until


def goes_at(kind: Kind, choice: Choice, moment: datetime) -> datetime:
    """Return from when a message may leave the platform: at once where the law sets a clock, else after the quiet hours."""
    if kind is Kind.LEGAL or not in_quiet_hours(choice, moment):
        return moment
    assert choice.quiet_to is not None, "quiet hours have an end"
    local = moment.astimezone(BEIJING)
    morning = datetime.combine(local.date(), choice.quiet_to, BEIJING)
    return morning if morning > moment else morning + timedelta(days=1)


def require_lawful(choice: Choice, *, reachable: Collection[Channel]) -> None:
    """Let a choice stand, or refuse.

    :raises BadInput: it would keep legal notices from the inbox, or from every outside way that there is
    """
    legal = set(choice.on.get(Kind.LEGAL, ()))
    if Channel.IN_APP not in legal:
        raise BadInput("法定通知总是放在站内, 不能关闭; 其他种类可以自己选", field="legal.in_app")
    outside = [way for way in OUTSIDE if way in reachable]
    if outside and not legal & set(outside):
        names = "或".join(way.label for way in outside)
        raise BadInput(f"法定通知关系期限和权利, 请至少留一种站外方式: {names}", field="legal")
    if (choice.quiet_from is None) is not (choice.quiet_to is None):
        raise BadInput("请同时填写免打扰的开始和结束时间, 或都不填", field="quiet_from")


FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=30), timedelta(hours=1)
#: after this a message is no longer tried; a legal one that has not left by `OVERDUE` is raised
GIVE_UP, OVERDUE = timedelta(days=3), timedelta(hours=24)


def pause_after(failures: int) -> timedelta:
    """Return how long to wait after so many failed tries in a row: 30 s, doubled each time, at most an hour."""
    assert failures >= 1, "a pause follows a failure"
    return min(FIRST_PAUSE * (1 << min(failures - 1, 12)), LONGEST_PAUSE)


def period_of(limit: TimeLimit) -> str:
    """Return what a limit gives to who is told, e.g. 异议答复（文件、评标结果）: 3日内; "" where it gives no span."""
    return (
        f"{limit.says}: {limit.length_label}" if limit.direction is Direction.AFTER and limit.length else ""
    )


CODE_LIVES, CODE_TRIES = timedelta(minutes=10), 5
#: how soon a code may be asked for again, and how often a day
CODE_PAUSE, CODES_A_DAY = timedelta(minutes=1), 10
