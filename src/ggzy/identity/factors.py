"""Acts of second factors and passkeys: adding, using, taking away. A passkey never binds; it spares the password."""

import hashlib
import json
import secrets
from dataclasses import dataclass
from urllib.parse import quote

import pyotp
from django.conf import settings
from django.db import transaction
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import base64url_to_bytes
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from ggzy.identity import rules
from ggzy.identity.models import (
    Authenticator,
    Certificate,
    LoginEvent,
    Passkey,
    PasskeyChallenge,
    RecoveryCode,
    Session,
)
from ggzy.identity.sessions import (
    SignedIn,
    WrongCode,
    failed,
    has_code,
    open_session,
    require_calm_address,
    require_not_locked,
    require_own_password,
    session_of,
    token_hash,
    write_down,
)
from ggzy.kernel.actors import Role
from ggzy.kernel.clock import legal_now, real_now
from ggzy.kernel.refusals import BadInput, NotFound, Refusal
from ggzy.parties.models import Account

_SECURITY = (("我的登录方式", "/security"),)
_LOGIN = (("登录", "/login"),)


class PasskeyRefused(Refusal):
    """A passkey's answer is not good; the sentence says what to do."""

    code = "identity.passkey_refused"
    status = 401


class PasskeysImpossible(Refusal):
    """At this platform's public address no browser makes a passkey."""

    code = "identity.passkeys_impossible"


class SecondFactorFirst(Refusal):
    """A half session must show the factor it has before it adds another."""

    code = "identity.second_factor_first"
    status = 403


@dataclass(frozen=True)
class Half:
    """Who has given the password and still owes the second factor, and by what it can be shown."""

    account_pk: int
    username: str
    role: Role
    by_code: bool
    by_passkey: bool
    by_certificate: bool
    was_reset: bool = False

    @property
    def may_add(self) -> bool:
        """Say whether the first factor is made now: there is none to show, or an administrator has reset them."""
        return self.was_reset or not (self.by_code or self.by_passkey or self.by_certificate)


def _half(session: Session) -> Half:
    account = session.account
    return Half(
        account_pk=account.pk,
        username=account.username,
        role=Role(account.role),
        by_code=has_code(account),
        by_passkey=Passkey.objects.filter(account=account, ended_at=None).exists(),
        by_certificate=Certificate.objects.filter(
            account=account, revoked_at=None, not_after__gt=legal_now()
        ).exists(),
        # whoever lost the certificate's key cannot show it: what counts is that nothing was shown since the reset
        was_reset=_last_of(account, "factors_reset", "code_added", "passkey_added", "coded", "proved")
        == "factors_reset",
    )


def _last_of(account: Account, *kinds: str) -> str:
    rows = LoginEvent.objects.filter(account=account, kind__in=kinds).order_by("-at", "-pk")
    return rows.values_list("kind", flat=True).first() or ""


def half_of(token: str) -> Half | None:
    """Return what a half session waits for; None for a whole one and for none."""
    row = (
        Session.objects.select_related("account")
        .filter(token_hash=token_hash(token), ends_at__gt=real_now(), account__active=True, half=True)
        .first()
        if token
        else None
    )
    return _half(row) if row else None


def _may_add(*, token: str, password: str, address: str) -> Session:
    """Return the session that may add a factor: a whole one with the password typed again, or one that has none yet."""
    session = session_of(token)
    if not session.half:
        return require_own_password(token=token, password=password, address=address)
    if not _half(session).may_add:
        raise SecondFactorFirst("请先用已有的第二种验证完成登录, 再增加新的", next_steps=_LOGIN)
    return session


# -- codes by the clock -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Draft:
    """A secret to put into an app: as text and as the address that a QR code carries."""

    secret: str
    uri: str


def begin_authenticator(*, token: str, password: str, address: str) -> Draft:
    """Make a secret for an app; it counts for nothing until a first code of it was right.

    :raises WrongPassword: the password typed again does not fit
    :raises SecondFactorFirst: a half session that has a factor already
    """
    session = _may_add(token=token, password=password, address=address)
    secret = pyotp.random_base32()
    with transaction.atomic():
        Authenticator.objects.filter(account=session.account, confirmed_at=None).delete()
        Authenticator.objects.create(account=session.account, secret=secret, made_at=real_now())
    return _draft(secret, session.account.username)


def waiting_authenticator(*, token: str) -> Draft:
    """Return the secret that waits for its first code, to show it again after a wrong one.

    :raises NotFound: none waits
    """
    session = session_of(token)
    row = Authenticator.objects.filter(account=session.account, confirmed_at=None).order_by("-pk").first()
    if row is None or (session.half and not _half(session).may_add):
        raise NotFound("没有等待确认的动态验证码, 请重新开始", next_steps=_SECURITY)
    return _draft(row.secret, session.account.username)


def _draft(secret: str, username: str) -> Draft:
    label = f"{settings.CENTRE_NAME}:{username}"
    issuer = quote(settings.CENTRE_NAME)
    return Draft(secret, f"otpauth://totp/{quote(label)}?secret={secret}&issuer={issuer}")


def confirm_authenticator(*, token: str, code: str, address: str) -> list[str]:
    """Take an app into use by its first code; return ten recovery codes, shown this once.

    :raises NotFound: none waits
    :raises WrongCode: not a code of it; it counts as a wrong password
    """
    waiting_authenticator(token=token)
    session = session_of(token)
    account = session.account
    require_not_locked(account.username)
    with transaction.atomic():
        rows = Authenticator.objects.select_for_update().filter(account=account, confirmed_at=None)
        row = rows.order_by("-pk").first()
        step = rules.good_step(row.secret, code, at=real_now(), after=0) if row else None
        codes = _confirmed(row, step) if row and step is not None else []
        if codes:
            Session.objects.filter(pk=session.pk).update(half=False)
            write_down(account, "code_added", device=session.device, address=address)
    if not codes:
        failed(account.username, account=account, address=address, device=session.device, note="验证码")
        raise WrongCode("验证码不正确。请核对手机时间, 等下一个六位数字再输入", field="code")
    return codes


def _confirmed(row: Authenticator, step: int) -> list[str]:
    now = real_now()
    Authenticator.objects.filter(account=row.account, ended_at=None, confirmed_at__isnull=False).update(
        ended_at=now
    )
    row.confirmed_at, row.last_step = now, step
    row.save(update_fields=["confirmed_at", "last_step"])
    codes = rules.new_recovery_codes()
    RecoveryCode.objects.bulk_create(
        RecoveryCode(authenticator=row, code_hash=rules.recovery_hash(one)) for one in codes
    )
    return codes


def end_authenticator(*, token: str, password: str, address: str) -> None:
    """Take the app out of use; its recovery codes with it.

    :raises WrongPassword: the password typed again does not fit
    :raises NotFound: there is none
    """
    session = _whole(token, password, address)
    with transaction.atomic():
        rows = Authenticator.objects.filter(
            account=session.account, ended_at=None, confirmed_at__isnull=False
        )
        if not rows.update(ended_at=real_now()):
            raise NotFound("没有启用动态验证码", next_steps=_SECURITY)
        write_down(session.account, "code_ended", device=session.device, address=address)


def _whole(token: str, password: str, address: str) -> Session:
    session = require_own_password(token=token, password=password, address=address)
    if session.half:
        raise SecondFactorFirst("请先用已有的第二种验证完成登录", next_steps=_LOGIN)
    return session


# -- passkeys ---------------------------------------------------------------------------------------------------


def _party() -> rules.RelyingParty:
    found = rules.relying_party(settings.PUBLIC_ADDRESS)
    if found is None:
        raise PasskeysImpossible(
            f"本平台的地址是 {settings.PUBLIC_ADDRESS}, 浏览器只在https的域名(或本机的localhost)下支持通行密钥",
            next_steps=_LOGIN,
        )
    return found


def _ask(mark: str, purpose: str) -> bytes:
    """Keep a fresh challenge under a mark that only this browser has; what is old goes."""
    now, challenge = real_now(), secrets.token_bytes(32)
    PasskeyChallenge.objects.filter(made_at__lt=now - rules.CHALLENGE_LIVES).delete()
    PasskeyChallenge.objects.update_or_create(
        token_hash=_mark(mark, purpose),
        defaults={"purpose": purpose, "challenge": challenge, "made_at": now},
    )
    return challenge


def _asked(mark: str, purpose: str) -> bytes:
    """Use a challenge up.

    :raises PasskeyRefused: there is none, or it is older than two minutes
    """
    with transaction.atomic():
        row = (
            PasskeyChallenge.objects.select_for_update()
            .filter(token_hash=_mark(mark, purpose), purpose=purpose)
            .first()
        )
        challenge = bytes(row.challenge) if row and real_now() - row.made_at <= rules.CHALLENGE_LIVES else b""
        if row:
            row.delete()
    if not challenge:
        raise PasskeyRefused("通行密钥的验证已过期(2分钟), 请再点一次", next_steps=_LOGIN)
    return challenge


def _mark(mark: str, purpose: str) -> str:
    return hashlib.sha256(f"{purpose}\n{mark}".encode()).hexdigest()


def begin_passkey(*, token: str, password: str, address: str) -> str:
    """Return what the browser needs to make a passkey (JSON).

    :raises PasskeysImpossible: not at this address
    :raises WrongPassword: the password typed again does not fit
    :raises SecondFactorFirst: a half session that has a factor already
    """
    party = _party()
    session = _may_add(token=token, password=password, address=address)
    account = session.account
    own = Passkey.objects.filter(account=account, ended_at=None)
    return options_to_json(
        generate_registration_options(
            rp_id=party.id,
            rp_name=settings.CENTRE_NAME,
            user_name=account.username,
            user_id=account.public_id.encode(),
            challenge=_ask(token, PasskeyChallenge.ADD),
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED,
                require_resident_key=True,
                user_verification=UserVerificationRequirement.REQUIRED,
            ),
            exclude_credentials=[PublicKeyCredentialDescriptor(id=bytes(row.credential)) for row in own],
        )
    )


def add_passkey(*, token: str, credential: str, name: str, address: str) -> Passkey:
    """Keep a passkey that the holder's device made for this session's challenge.

    :raises PasskeyRefused: the challenge is gone, or the answer does not fit it
    """
    party, session = _party(), session_of(token)
    challenge = _asked(token, PasskeyChallenge.ADD)
    try:
        made = verify_registration_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=party.origin,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError):
        raise PasskeyRefused(
            "浏览器交来的通行密钥核对不通过, 没有保存, 请再试一次", next_steps=_SECURITY
        ) from None
    with transaction.atomic():
        row, created = Passkey.objects.get_or_create(
            credential=made.credential_id,
            defaults={
                "account": session.account,
                "public_key": made.credential_public_key,
                "sign_count": made.sign_count,
                "name": name.strip()[:40] or session.device or "通行密钥",
                "made_at": real_now(),
            },
        )
        if not created:
            raise PasskeyRefused("这个通行密钥已经登记过, 请换一个设备", next_steps=_SECURITY)
        Session.objects.filter(pk=session.pk).update(half=False)
        write_down(session.account, "passkey_added", note=row.name, device=session.device, address=address)
    return row


def begin_passkey_login(*, mark: str, address: str) -> str:
    """Return what the browser needs to ask for a passkey of this platform, whoever's it is (JSON).

    :raises PasskeysImpossible: not at this address
    :raises TooManyTries: too many failures from this block of addresses
    """
    party = _party()
    require_calm_address(address)
    return options_to_json(
        generate_authentication_options(
            rp_id=party.id,
            challenge=_ask(mark, PasskeyChallenge.LOGIN),
            user_verification=UserVerificationRequirement.REQUIRED,
        )
    )


def sign_in_with_passkey(*, mark: str, credential: str, address: str, agent: str) -> SignedIn:
    """Open a session by a passkey: as a password's, with both factors shown, since the device knew its holder.

    :raises PasskeyRefused: the challenge is gone, the passkey is not known here, its answer or its counter is no good
    :raises TooManyTries: too many failures from this block of addresses
    """
    party = _party()
    require_calm_address(address)
    challenge = _asked(mark, PasskeyChallenge.LOGIN)
    device = rules.device_words(agent)
    row = _known(credential)
    if row is None:
        failed("", account=None, address=address)
        raise PasskeyRefused("这个通行密钥没有登记, 或已移除, 请用密码或证书登录", next_steps=_LOGIN)
    try:
        with transaction.atomic():
            row = Passkey.objects.select_for_update().get(pk=row.pk)
            seen = verify_authentication_response(
                credential=credential,
                expected_challenge=challenge,
                expected_rp_id=party.id,
                expected_origin=party.origin,
                credential_public_key=bytes(row.public_key),
                # the counter is judged below, where what is found can be written down
                credential_current_sign_count=0,
                require_user_verification=True,
            )
            back = rules.went_back(kept=row.sign_count, given=seen.new_sign_count)
            if not back:
                row.sign_count, row.last_used_at = seen.new_sign_count, real_now()
                row.save(update_fields=["sign_count", "last_used_at"])
    except (WebAuthnException, ValueError):
        failed("", account=None, address=address)
        write_down(row.account, "failed", note="通行密钥", device=device, address=address)
        raise PasskeyRefused("通行密钥核对不通过, 请再试一次, 或用密码登录", next_steps=_LOGIN) from None
    if back:
        failed("", account=None, address=address)
        write_down(row.account, "passkey_copied", note=row.name, device=device, address=address)
        raise PasskeyRefused(
            "这个通行密钥的使用次数比上次少, 可能被复制, 没有登录。请用密码登录后移除它, 再登记新的",
            next_steps=_LOGIN,
        )
    return open_session(row.account, by="passkey", address=address, agent=agent, half=False)


def _known(credential: str) -> Passkey | None:
    """Return the passkey a browser's answer speaks of; its word for whose it is must agree."""
    try:
        given = json.loads(credential)
        raw = base64url_to_bytes(str(given["rawId"]))
        handle = base64url_to_bytes(str(given["response"]["userHandle"])).decode()
    except (ValueError, KeyError, TypeError):
        return None
    return (
        Passkey.objects.select_related("account")
        .filter(credential=raw, ended_at=None, account__active=True, account__public_id=handle)
        .first()
    )


def _own(account: Account, public_id: str) -> Passkey:
    row = Passkey.objects.filter(account=account, public_id=public_id, ended_at=None).first()
    if row is None:
        raise NotFound("没有这个通行密钥, 可能已经移除", next_steps=_SECURITY)
    return row


def rename_passkey(*, token: str, public_id: str, name: str) -> None:
    """Give one's passkey another name.

    :raises NotFound: not a passkey of this account
    :raises BadInput: no name
    """
    session = session_of(token)
    row = _own(session.account, public_id)
    if session.half or not name.strip():
        raise BadInput("请填写名称, 例如“办公室电脑”", field="name")
    row.name = name.strip()[:40]
    row.save(update_fields=["name"])


@transaction.atomic
def remove_passkey(*, token: str, public_id: str, address: str) -> None:
    """Take a passkey away: it signs nobody in any more.

    :raises NotFound: not a passkey of this account
    """
    session = session_of(token)
    if session.half:
        raise SecondFactorFirst("请先用已有的第二种验证完成登录", next_steps=_LOGIN)
    row = _own(session.account, public_id)
    row.ended_at = real_now()
    row.save(update_fields=["ended_at"])
    write_down(session.account, "passkey_removed", note=row.name, device=session.device, address=address)
