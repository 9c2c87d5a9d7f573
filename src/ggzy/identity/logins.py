"""What the holder, and an administrator, see of an account's sign-ins: sessions, factors, what happened lately."""

from dataclasses import dataclass
from datetime import datetime

from ggzy.identity.models import Authenticator, LoginEvent, Passkey, Session
from ggzy.identity.sessions import locked_until, token_hash
from ggzy.kernel.actors import Actor, Role
from ggzy.kernel.clock import real_now
from ggzy.kernel.refusals import NotFound
from ggzy.parties.grid import Permission, require
from ggzy.parties.models import Account

KINDS = {
    "password": "用密码登录",
    "passkey": "用通行密钥登录",
    "coded": "第二种验证通过",
    "proved": "数字证书验证",
    "failed": "登录失败",
    "locked": "失败次数过多, 账号锁定",
    "unlocked": "管理员解锁",
    "ended": "结束登录",
    "password_changed": "修改密码",
    "code_added": "启用动态验证码",
    "code_ended": "停用动态验证码",
    "passkey_added": "增加通行密钥",
    "passkey_removed": "移除通行密钥",
    "passkey_copied": "通行密钥次数倒退, 已拒绝",
    "factors_reset": "管理员重置第二种验证",
}
BAD = frozenset({"failed", "locked", "passkey_copied"})
_OPENED = {"password": "密码", "passkey": "通行密钥"}


@dataclass(frozen=True, kw_only=True)
class SessionRow:
    """One place where somebody is signed in."""

    handle: str
    device: str
    address: str
    made_at: datetime
    ends_at: datetime
    how: str
    this: bool


@dataclass(frozen=True, kw_only=True)
class PasskeyRow:
    """One passkey."""

    public_id: str
    name: str
    made_at: datetime
    last_used_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class EventRow:
    """One thing that happened."""

    says: str
    bad: bool
    note: str
    by: str
    device: str
    address: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Factors:
    """By what an account is guarded beyond its password."""

    code_since: datetime | None
    recovery_left: int
    passkeys: tuple[PasskeyRow, ...]


@dataclass(frozen=True, kw_only=True)
class AccountRow:
    """An account as an administrator sees it."""

    username: str
    role: Role
    organisation: str
    active: bool
    locked_until: datetime | None
    factors: Factors
    sessions: list[SessionRow]
    events: list[EventRow]


def _sessions(account_pk: int, token: str) -> list[SessionRow]:
    rows = Session.objects.filter(account_id=account_pk, ends_at__gt=real_now()).order_by("-made_at")
    return [
        SessionRow(
            handle=row.token_hash[:16],
            device=row.device or "未知设备",
            address=row.address or "",
            made_at=row.made_at,
            ends_at=row.ends_at,
            how=_OPENED.get(row.opened_by, row.opened_by)
            + (" + 证书" if row.certificate_id else "")
            + (" (等待第二种验证)" if row.half else ""),
            this=bool(token) and row.token_hash == token_hash(token),
        )
        for row in rows
    ]


def _factors(account_pk: int) -> Factors:
    code = Authenticator.objects.filter(
        account_id=account_pk, ended_at=None, confirmed_at__isnull=False
    ).first()
    keys = Passkey.objects.filter(account_id=account_pk, ended_at=None).order_by("pk")
    return Factors(
        code_since=code.confirmed_at if code else None,
        recovery_left=code.recovery_codes.filter(used_at=None).count() if code else 0,
        passkeys=tuple(
            PasskeyRow(
                public_id=key.public_id, name=key.name, made_at=key.made_at, last_used_at=key.last_used_at
            )
            for key in keys
        ),
    )


def _events(account_pk: int, most: int) -> list[EventRow]:
    rows = LoginEvent.objects.filter(account_id=account_pk).select_related("by").order_by("-at", "-pk")
    return [
        EventRow(
            says=KINDS.get(row.kind, row.kind),
            bad=row.kind in BAD,
            note=row.note,
            by=row.by.username if row.by else "",
            device=row.device,
            address=row.address or "",
            at=row.at,
        )
        for row in rows[:most]
    ]


def sessions_of(*, actor: Actor, token: str) -> list[SessionRow]:
    """Return one's own sessions, newest first."""
    require(actor, Permission.SECURITY_OWN)
    return _sessions(actor.account_pk, token)


def factors_of(*, actor: Actor) -> Factors:
    """Return one's own second factors."""
    require(actor, Permission.SECURITY_OWN)
    return _factors(actor.account_pk)


def events_of(*, actor: Actor, most: int = 30) -> list[EventRow]:
    """Return what happened lately around one's own sign-in, newest first."""
    require(actor, Permission.SECURITY_OWN)
    return _events(actor.account_pk, most)


def account_for_admin(*, username: str, actor: Actor) -> AccountRow:
    """Return an account's sign-ins as an administrator may look them up.

    :raises NotFound: no such account
    """
    require(actor, Permission.ACCOUNT_MANAGE)
    row = Account.objects.select_related("organisation").filter(username=username).first()
    if row is None:
        raise NotFound("没有这个用户名, 请核对后再查", next_steps=(("账号", "/work/accounts"),))
    return AccountRow(
        username=row.username,
        role=Role(row.role),
        organisation=row.organisation.name if row.organisation else "",
        active=row.active,
        locked_until=locked_until(row.username),
        factors=_factors(row.pk),
        sessions=_sessions(row.pk, ""),
        events=_events(row.pk, 60),
    )
