"""Acts of sessions: opening by password, ending, the password itself; what slows guessing down; what is written down."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password
from django.db import transaction

from ggzy.identity import rules
from ggzy.identity.models import Authenticator, FailedLogin, LoginEvent, Passkey, RecoveryCode, Session
from ggzy.kernel.actors import Actor, Role
from ggzy.kernel.clock import BEIJING, real_now
from ggzy.kernel.refusals import BadInput, NotFound, NotSignedIn, Refusal
from ggzy.parties.actions import require_good_password
from ggzy.parties.grid import Permission, require
from ggzy.parties.models import Account


class WrongPassword(Refusal):
    """Username and password do not fit."""

    code = "identity.wrong_password"
    status = 401


class WrongCode(Refusal):
    """A second factor's code is not the one of now, or was taken before."""

    code = "identity.wrong_code"
    status = 401


class TooManyTries(Refusal):
    """Guessing is slowed down."""

    code = "identity.too_many_tries"
    status = 429


@dataclass(frozen=True)
class SignedIn:
    """A fresh session: the token to present, and the text to sign to prove a certificate; half: it waits for more."""

    token: str
    challenge: str
    account: Account
    half: bool = False


def token_hash(token: str) -> str:
    """Return what is kept of a session token."""
    return hashlib.sha256(token.encode()).hexdigest()


def challenge_text(username: str) -> str:
    """Return a fresh text to sign."""
    return f"OpenGGZY 登录验证\n中心: {settings.CENTRE_ID}\n用户: {username}\n随机数: {secrets.token_hex(32)}"


def session_of(token: str, *, lock: bool = False) -> Session:
    """Return the session of a token, a half one too.

    :raises NotSignedIn: there is none
    """
    rows = Session.objects.select_for_update(of=("self",)) if lock else Session.objects
    session = (
        rows.select_related("account")
        .filter(token_hash=token_hash(token), ends_at__gt=real_now(), account__active=True)
        .first()
    )
    if session is None:
        raise NotSignedIn("登录已失效, 请重新登录", next_steps=(("登录", "/login"),))
    return session


def write_down(
    account: Account,
    kind: str,
    *,
    note: str = "",
    by: int | None = None,
    device: str = "",
    address: str | None = "",
) -> None:
    """Keep what happened around an account's sign-in (`logins.KINDS` has the words)."""
    LoginEvent.objects.create(
        account=account,
        kind=kind,
        note=note[:120],
        by_id=by,
        device=device,
        address=address or None,
        at=real_now(),
    )


def locked_until(username: str) -> datetime | None:
    """Return until when a username is locked, None if it is not."""
    now = real_now()
    rows = FailedLogin.objects.filter(username=username[:64], at__gt=now - rules.LOCKOUT)
    return rules.locked_until(list(rows.values_list("at", flat=True)), now=now)


def require_not_locked(username: str) -> None:
    """Let a try go on, or refuse.

    :raises TooManyTries: this username has failed too often of late
    """
    until = locked_until(username)
    if until is not None:
        raise TooManyTries(
            f"密码或验证码错误次数过多, 该用户名锁定至 {until.astimezone(BEIJING):%H:%M}(北京时间)。"
            "请到时再试; 急用可改用通行密钥登录, 或联系系统管理员解锁",
            next_steps=(("登录", "/login"),),
        )


def require_calm_address(address: str) -> None:
    """Let a try go on, or refuse.

    :raises TooManyTries: from this block of addresses too many tries have failed of late, whatever the names
    """
    block, now = rules.block_of(address), real_now()
    if not block:
        return
    rows = FailedLogin.objects.filter(block=block, at__gt=now - rules.LOCKOUT)
    until = rules.locked_until(
        list(rows.values_list("at", flat=True)), now=now, most=settings.LOGIN_ADDRESS_FAILURES
    )
    if until is not None:
        raise TooManyTries(
            f"从您所在的网络登录失败次数过多, {until.astimezone(BEIJING):%H:%M}(北京时间)以后再试; 急用请换一个网络",
            next_steps=(("登录", "/login"),),
        )


def failed(username: str, *, account: Account | None, address: str, device: str = "", note: str = "") -> None:
    """Count a failure; what is older than a day goes."""
    now = real_now()
    FailedLogin.objects.create(username=username[:64], at=now, block=rules.block_of(address))
    FailedLogin.objects.filter(at__lt=now - timedelta(days=1)).delete()
    if account is not None:
        write_down(account, "failed", note=note, device=device, address=address)
        if locked_until(username) is not None:
            write_down(account, "locked", device=device, address=address)


def has_code(account: Account) -> bool:
    """Say whether an account has an app that makes codes."""
    return Authenticator.objects.filter(account=account, ended_at=None, confirmed_at__isnull=False).exists()


def sign_in(*, username: str, password: str, address: str, agent: str = "", code: str = "") -> SignedIn:
    """Open a session by password and offer a challenge for the certificate.

    An account that has a second factor, or must have one, gets a half session: nobody's until the factor is shown.

    :raises TooManyTries: this username, or this block of addresses, has failed too often of late
    :raises WrongPassword: username and password do not fit
    :raises WrongCode: a code was given and is not good
    """
    require_calm_address(address)
    require_not_locked(username)
    account = (
        Account.objects.select_related("person", "organisation")
        .filter(username=username, active=True)
        .first()
    )
    # an unknown name costs the same time as a known one
    fits = check_password(password, account.password if account else _nobody())
    device = rules.device_words(agent)
    if account is None or not fits:
        failed(username, account=account, address=address, device=device, note="密码")
        raise WrongPassword("用户名或密码不正确, 请检查大小写后重试")
    coded = has_code(account)
    must = Role(account.role) in rules.STAFF and settings.STAFF_SECOND_FACTOR == "required"
    opened = open_session(account, by="password", address=address, agent=agent, half=coded or must)
    if code and coded:
        prove_code(token=opened.token, code=code, address=address)
        return SignedIn(opened.token, opened.challenge, account)
    return opened


_NOBODY: list[str] = []


def _nobody() -> str:
    if not _NOBODY:
        _NOBODY.append(make_password(secrets.token_hex(8)))
    return _NOBODY[0]


def open_session(account: Account, *, by: str, address: str, agent: str, half: bool) -> SignedIn:
    """Open a session; the caller has seen what it stands on."""
    now, token, challenge = real_now(), secrets.token_urlsafe(32), challenge_text(account.username)
    device = rules.device_words(agent)
    Session.objects.filter(ends_at__lt=now - timedelta(days=1)).delete()
    Session.objects.create(
        token_hash=token_hash(token),
        account=account,
        challenge=challenge,
        challenged_at=now,
        made_at=now,
        ends_at=now + timedelta(hours=settings.SESSION_HOURS),
        address=address or None,
        opened_by=by,
        device=device,
        half=half,
    )
    write_down(account, by, device=device, address=address, note="等待第二种验证" if half else "")
    return SignedIn(token=token, challenge=challenge, account=account, half=half)


def prove_code(*, token: str, code: str, address: str) -> None:
    """Make a half session whole by a code of the app, or by a recovery code; either is good once.

    :raises NotSignedIn: no such session
    :raises TooManyTries: too many wrong ones of late; they count with the wrong passwords
    :raises WrongCode: not the code of now, or taken before
    """
    session = session_of(token)
    account = session.account
    require_calm_address(address)
    require_not_locked(account.username)
    says = _take(account, code)
    if not says:
        failed(account.username, account=account, address=address, device=session.device, note="验证码")
        raise WrongCode(
            "验证码不正确, 或已经用过。请等应用显示下一个六位数字再输入; 手机时间要准", field="code"
        )
    Session.objects.filter(pk=session.pk).update(half=False)
    write_down(account, "coded", note=says, device=session.device, address=address)


@transaction.atomic
def _take(account: Account, code: str) -> str:
    """Use a code up; return in words what it was, "" for none."""
    row = (
        Authenticator.objects.select_for_update()
        .filter(account=account, ended_at=None, confirmed_at__isnull=False)
        .first()
    )
    if row is None:
        return ""
    if rules.looks_like_recovery(code):
        used = RecoveryCode.objects.filter(
            authenticator=row, code_hash=rules.recovery_hash(code), used_at=None
        ).update(used_at=real_now())
        return "恢复码" if used else ""
    step = rules.good_step(row.secret, code, at=real_now(), after=row.last_step)
    if step is None:
        return ""
    row.last_step = step
    row.save(update_fields=["last_step"])
    return "动态验证码"


def require_own_password(*, token: str, password: str, address: str) -> Session:
    """Return the session once its holder has typed the password again: before what would outlive the session.

    :raises WrongPassword: it is not the password; it counts as a wrong one at the login
    """
    session = session_of(token)
    require_not_locked(session.account.username)
    if not check_password(password, session.account.password):
        failed(
            session.account.username,
            account=session.account,
            address=address,
            device=session.device,
            note="核对密码",
        )
        refusal = WrongPassword("当前密码不正确, 请重新输入", field="password")
        refusal.status = 422
        raise refusal
    return session


def sign_out(*, token: str) -> None:
    """End a session."""
    Session.objects.filter(token_hash=token_hash(token)).delete()


@transaction.atomic
def end_session(*, handle: str, actor: Actor) -> None:
    """End one of one's own sessions.

    :raises NotFound: no such session of this account
    """
    require(actor, Permission.SECURITY_OWN)
    rows = Session.objects.filter(account_id=actor.account_pk, token_hash__startswith=handle)
    row = rows.first() if len(handle) == 16 else None
    if row is None:
        raise NotFound("没有这个登录, 可能已经退出", next_steps=(("我的登录方式", "/security"),))
    write_down(row.account, "ended", note=row.device, address=actor.address)
    row.delete()


@transaction.atomic
def end_other_sessions(*, token: str, actor: Actor) -> int:
    """End every session of one's own but this one; return how many."""
    require(actor, Permission.SECURITY_OWN)
    rows = Session.objects.filter(account_id=actor.account_pk).exclude(token_hash=token_hash(token))
    count = rows.count()
    rows.delete()
    if count:
        account = Account.objects.get(pk=actor.account_pk)
        write_down(account, "ended", note=f"其他{count}处", address=actor.address)
    return count


def change_password(*, token: str, password: str, new: str, actor: Actor) -> None:
    """Change one's own password; every other session ends.

    :raises WrongPassword: the password of now does not fit
    :raises BadInput: the new one is too short, commonplace, like the username, or the old one
    """
    require(actor, Permission.SECURITY_OWN)
    session = require_own_password(token=token, password=password, address=actor.address)
    require_good_password(new, username=session.account.username, field="new")
    if new == password:
        raise BadInput("新密码与当前密码相同, 请换一个", field="new")
    with transaction.atomic():
        Account.objects.filter(pk=session.account_id).update(password=make_password(new))
        Session.objects.filter(account_id=session.account_id).exclude(pk=session.pk).delete()
        write_down(session.account, "password_changed", device=session.device, address=actor.address)


def _other(username: str) -> Account:
    row = Account.objects.select_for_update().filter(username=username).first()
    if row is None:
        raise NotFound("没有这个用户名", next_steps=(("账号", "/work/accounts"),))
    return row


@transaction.atomic
def end_sessions_of(*, username: str, actor: Actor) -> int:
    """As an administrator, end every session of an account; return how many.

    :raises NotFound: no such account
    """
    require(actor, Permission.ACCOUNT_MANAGE)
    account = _other(username)
    count, _ = Session.objects.filter(account=account).delete()
    write_down(account, "ended", note=f"全部{count}处", by=actor.account_pk, address=actor.address)
    return count


@transaction.atomic
def unlock(*, username: str, actor: Actor) -> None:
    """As an administrator, let a locked account try again at once.

    :raises NotFound: no such account
    """
    require(actor, Permission.ACCOUNT_MANAGE)
    account = _other(username)
    FailedLogin.objects.filter(username=username).delete()
    write_down(account, "unlocked", by=actor.account_pk, address=actor.address)


@transaction.atomic
def reset_factors(*, username: str, actor: Actor) -> None:
    """As an administrator, take an account's code app and passkeys away (the phone is lost); its sessions end.

    :raises NotFound: no such account
    :raises BadInput: one's own: somebody else must see to it that it is oneself
    """
    require(actor, Permission.ACCOUNT_MANAGE)
    account = _other(username)
    if account.pk == actor.account_pk:
        raise BadInput("不能重置自己的第二种验证, 请由另一名管理员办理")
    now = real_now()
    Authenticator.objects.filter(account=account, ended_at=None).update(ended_at=now)
    Passkey.objects.filter(account=account, ended_at=None).update(ended_at=now)
    Session.objects.filter(account=account).delete()
    write_down(account, "factors_reset", by=actor.account_pk, address=actor.address)
