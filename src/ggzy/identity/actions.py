"""Acts of signing in and of binding certificates; document signatures."""

import hashlib
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction

from ggzy.deadlines.actions import set_timer
from ggzy.evidence.actions import record_act
from ggzy.identity import recognition, trust
from ggzy.identity.life import AHEAD, ENDED, EXPIRY, ask_again, authority, end_certificate
from ggzy.identity.mapping import Fact, Holder, Rule, holder_of
from ggzy.identity.models import Certificate, Session, Signature
from ggzy.identity.ports import Applicant, AuthorityUnavailable
from ggzy.identity.rules import CHALLENGE_LIVES
from ggzy.identity.sessions import challenge_text, session_of, token_hash, write_down
from ggzy.identity.sm2_ca import is_request
from ggzy.identity.trustlist import Purpose
from ggzy.kernel.actors import Actor, Role
from ggzy.kernel.clock import legal_now, real_now
from ggzy.kernel.refusals import BadInput, NotFound, Refusal
from ggzy.kernel.secrets import open_text
from ggzy.parties.grid import Permission, require
from ggzy.parties.models import Account


class ChallengeExpired(Refusal):
    """The challenge is not there any more."""

    code = "identity.challenge_expired"
    status = 401


class CertificateOfSomebodyElse(Refusal):
    """The certificate is bound to another account or not at all."""

    code = "identity.certificate_of_somebody_else"
    status = 403


class CertificateEnded(Refusal):
    """The certificate was reported lost, or its CA took it back."""

    code = "identity.certificate_ended"


@transaction.atomic
def renew_challenge(*, token: str) -> str:
    """Return a new challenge for a session.

    :raises NotSignedIn: no such session
    """
    session = session_of(token)
    session.challenge, session.challenged_at = challenge_text(session.account.username), real_now()
    session.save(update_fields=["challenge", "challenged_at"])
    return session.challenge


@transaction.atomic
def prove_certificate(*, token: str, certificate: str, signature: bytes) -> Certificate:
    """Bind a certificate to the session after its holder signed the challenge.

    :raises NotSignedIn: no such session
    :raises ChallengeExpired: no challenge is open, or it is older than two minutes
    :raises CertificateOfSomebodyElse: not a certificate of this account
    :raises CertificateEnded: reported lost, or revoked
    :raises trust.CertificateNotTrusted: its CA is not recognised now, or the certificate is no good now
    :raises trust.SignatureWrong: the signature does not fit
    """
    session = session_of(token)
    _require_fresh(session)
    found = Certificate.objects.filter(fingerprint=certificate, account=session.account).first()
    if found is None:
        raise CertificateOfSomebodyElse("该证书没有绑定到您的账号, 请选择本账号的证书, 或先申请绑定")
    if found.revoked_at is not None:
        raise CertificateEnded(
            f"这张证书已{ENDED.get(found.ended_by, '停用')}, 不能再用于登录, 请选择有效的证书或重新申请",
            next_steps=(("我的数字证书", "/certificates"),),
        )
    loaded = trust.load(found.pem)
    finding = recognition.require_recognised(loaded, purposes=(Purpose.LOGIN,), at=legal_now())
    trust.require_signature(loaded, signature=signature, data=session.challenge.encode())
    if not found.ca:  # bound before there was a list
        found.ca = finding.ca.id
        found.save(update_fields=["ca"])
        _announce_its_end(found)
    session.certificate, session.challenge = found, ""
    session.proven_at, session.half = real_now(), False
    session.save(update_fields=["certificate", "challenge", "proven_at", "half"])
    write_down(session.account, "proved", device=session.device, address=session.address)
    return found


def _require_fresh(session: Session) -> None:
    if not session.challenge or real_now() - session.challenged_at > CHALLENGE_LIVES:
        raise ChallengeExpired("登录验证已过期(2分钟), 请重新登录", next_steps=(("重新登录", "/login"),))


@transaction.atomic
def apply_for_certificate(*, csr_pem: str, actor: Actor, now: datetime, renews: str = "") -> Certificate:
    """Have a training CA issue a certificate for the key (P-256, RSA, SM2) in a CSR, and bind it to the actor's account.

    `renews` is the fingerprint of the certificate it takes the place of; that one stays good until its own end.

    :raises BadInput: this centre has no training CA
    :raises trust.CertificateNotTrusted: the CSR is no good
    """
    require(actor, Permission.CERTIFICATE_APPLY)
    if settings.MODE != "training":
        raise BadInput("正式运行的中心不签发证书, 请到认可的CA机构办理, 再到此绑定")
    account = Account.objects.select_related("organisation", "person").get(pk=actor.account_pk)
    organisation = account.organisation
    ca = recognition.TRAINING_SM2 if is_request(csr_pem.encode()) else recognition.TRAINING
    issued = authority(ca).issue(
        csr_pem,
        Applicant(
            organisation=organisation.name if organisation else "",
            uscc=organisation.uscc if organisation else "",
            person=account.person.name,
        ),
        now=now,
    )
    return bind_certificate(
        pem=issued.certificate,
        account=account,
        actor=actor,
        now=now,
        renews=renews,
        encryption=(issued.encryption_certificate, issued.encryption_key),
    )


@transaction.atomic
def bind_own_certificate(
    *, token: str, pem: str, signature: bytes, actor: Actor, now: datetime, renews: str = ""
) -> Certificate:
    """Bind a certificate that a recognised CA issued, once its holder signed this session's challenge with it.

    :raises NotSignedIn: no such session
    :raises ChallengeExpired: no challenge is open, or it is older than two minutes
    :raises trust.SignatureWrong: the signature does not fit: the key is not in the holder's hand
    :raises trust.CertificateNotTrusted: the CA is not recognised, or the certificate is no good now
    """
    require(actor, Permission.CERTIFICATE_APPLY)
    session = session_of(token)
    _require_fresh(session)
    trust.require_signature(trust.load(pem), signature=signature, data=session.challenge.encode())
    session.challenge = ""
    session.save(update_fields=["challenge"])
    account = Account.objects.select_related("organisation", "person").get(pk=actor.account_pk)
    return bind_certificate(
        pem=pem, account=account, actor=actor, now=now, renews=renews, encryption=(_second(pem, now=now), "")
    )


def _second(text: str, *, now: datetime) -> str:
    """Return the encryption certificate of a dual pair, which stands second in the text; "" where there is none.

    :raises trust.CertificateNotTrusted: it is not of the first one's holder, or not made to receive
    """
    both = trust.load_all(text)
    if len(both) == 1:
        return ""
    signs, receives = both[0], both[1]
    if receives.subject != signs.subject:
        raise trust.CertificateNotTrusted("两张证书不是同一持有人的一对: 请依次粘贴签名证书和加密证书")
    recognition.require_recognised(receives, purposes=(Purpose.ENVELOPE,), at=now)
    return trust.pem(receives)


@transaction.atomic
def bind_certificate(
    *,
    pem: str,
    account: Account,
    actor: Actor,
    now: datetime,
    renews: str = "",
    encryption: tuple[str, str] = ("", ""),
) -> Certificate:
    """Bind a certificate of a recognised CA to an account, once; it must be the account's own by the CA's rule table.

    `encryption` is the other certificate of a dual pair and its wrapped key.

    :raises trust.CertificateNotTrusted: the CA is not recognised, or the certificate is no good now
    :raises CertificateOfSomebodyElse: it is bound elsewhere, or names another organisation or person
    :raises CertificateEnded: it was reported lost or revoked
    """
    loaded = trust.load(pem)
    found = recognition.require_recognised(loaded, purposes=(Purpose.LOGIN,), at=now)
    _require_holder(holder_of(loaded, found.ca.rules), account, rules=found.ca.rules)
    before = _own(account, renews) if renews else None
    bound, _ = Certificate.objects.get_or_create(
        fingerprint=trust.fingerprint(loaded),
        defaults={
            "organisation": account.organisation,
            "account": account,
            "issuer": loaded.issuer.rfc4514_string()[:300],
            "serial": f"{loaded.serial_number:x}",
            "subject": loaded.subject.rfc4514_string()[:300],
            "pem": trust.pem(loaded),
            "not_before": loaded.not_valid_before_utc,
            "not_after": loaded.not_valid_after_utc,
            "ca": found.ca.id,
            "bound_at": now,
            "renews": before,
            "encryption_pem": encryption[0],
            "encryption_key": encryption[1],
        },
    )
    if bound.account_id != account.pk:
        raise CertificateOfSomebodyElse("该证书已绑定到其他账号")
    if bound.revoked_at is not None:
        raise CertificateEnded("该证书已挂失或吊销, 不能再绑定, 请向签发机构重新办理")
    _announce_its_end(bound)
    record_act(
        "identity.certificate_bound",
        subject=bound.public_id,
        actor=actor,
        legal_at=now,
        supervisor={
            "account": account.username,
            "fingerprint": bound.fingerprint,
            "ca": found.ca.id,
            "trust_list": found.version,
            "renews": before.fingerprint if before else "",
        },
    )
    return bound


@transaction.atomic
def report_lost(*, fingerprint: str, note: str, actor: Actor, now: datetime) -> Certificate:
    """Report one's own certificate lost: at once good for no new act, and every session proved with it ends.

    What it signed stays good. Its CA is told where this centre is connected with it.

    :raises NotFound: not a certificate of this account
    :raises CertificateEnded: it had ended before
    """
    require(actor, Permission.CERTIFICATE_APPLY)
    row = _own(Account.objects.get(pk=actor.account_pk), fingerprint, lock=True)
    if row.revoked_at is not None:
        raise CertificateEnded("这张证书此前已经挂失或吊销")
    told = False
    if row.ca in settings.AUTHORITIES:
        try:
            authority(row.ca).revoke(int(row.serial, 16), reason="keyCompromise", now=now)
            told = True
        except AuthorityUnavailable:
            told = False
    end_certificate(row, by="lost", note=note.strip() or "持有人挂失", at=now)
    ask_again(row.ca, now=now)
    record_act(
        "identity.certificate_lost",
        subject=row.public_id,
        actor=actor,
        legal_at=now,
        supervisor={"fingerprint": row.fingerprint, "ca_told": told},
    )
    return row


def _announce_its_end(row: Certificate) -> None:
    set_timer(kind=EXPIRY, subject=row.public_id, due_at=row.not_after - timedelta(days=AHEAD[0]))


def _own(account: Account, fingerprint: str, *, lock: bool = False) -> Certificate:
    rows = Certificate.objects.select_for_update() if lock else Certificate.objects
    row = rows.filter(account=account, fingerprint=fingerprint).first()
    if row is None:
        raise NotFound("您的账号没有绑定这张证书", next_steps=(("我的数字证书", "/certificates"),))
    return row


def _require_holder(holder: Holder, account: Account, *, rules: Sequence[Rule]) -> None:
    """Let a certificate pass that names the account's organisation, or none for an account without one.

    A CA whose entry has no rule for the code of an organisation names nobody; its entry says so to everyone.
    """
    organisation = account.organisation
    says_who = any(rule.fact in (Fact.USCC, Fact.ORGANISATION_CODE) for rule in rules)
    if organisation is not None and says_who and holder.is_of(organisation.uscc) is None:
        raise CertificateOfSomebodyElse(
            "按这家CA的证书字段规则认不出证书上的单位, 不能绑定到单位账号; 请使用单位证书, 或请管理员核对信任列表里的规则",
            next_steps=(("查看认可的CA", "/trust"),),
        )
    if organisation is not None and holder.is_of(organisation.uscc) is False:
        raise CertificateOfSomebodyElse(
            f"证书上的统一社会信用代码({holder.uscc or holder.organisation_code})与本账号单位"
            f"({organisation.name}, {organisation.uscc})不一致, 不能绑定"
        )
    if organisation is None and (holder.uscc or holder.organisation_code):
        raise CertificateOfSomebodyElse("这是单位证书, 您的账号是个人账号, 请使用个人证书")


_ACTOR = """
SELECT a.role, a.public_id, a.id, p.name, coalesce(o.public_id, ''), coalesce(o.id, 0), coalesce(o.name, ''),
       coalesce(o.uscc, ''), coalesce(c.fingerprint, ''),
       coalesce(s.proven_at < clock_timestamp() - make_interval(mins => %s), true)
  FROM identity_session s
  JOIN parties_account a ON a.id = s.account_id AND a.active
  JOIN parties_person p ON p.id = a.person_id
  LEFT JOIN parties_organisation o ON o.id = a.organisation_id
  LEFT JOIN identity_certificate c ON c.id = s.certificate_id AND c.revoked_at IS NULL
 WHERE s.token_hash = %s AND s.ends_at > clock_timestamp() AND NOT s.half
"""


def actor_of(*, token: str, address: str, reads: bool = False) -> Actor | None:
    """Return who a session token stands for, or None. One query, on every request: so it is plain SQL.

    A session that waits for its second factor is nobody's. `reads`: the request only reads, which binds nobody.
    """
    with connection.cursor() as cursor:
        cursor.execute(_ACTOR, [settings.STEP_UP_MINUTES, token_hash(token)])
        row = cursor.fetchone()
    if row is None:
        return None
    return Actor(
        role=Role(row[0]),
        person=row[1],
        account_pk=row[2],
        name=open_text(bytes(row[3])),
        organisation=row[4],
        organisation_pk=row[5],
        organisation_name=row[6],
        uscc=row[7],
        certificate=row[8],
        proof_is_old=row[9] and not reads,
        address=address,
    )


def decode_signature(text: str) -> bytes:
    """Return the bytes of a base64 signature.

    :raises BadInput: not base64
    """
    try:
        return b64decode(text, validate=True)
    except (NotBase64, ValueError):
        raise BadInput("签名不是有效的Base64编码", field="signature") from None


def sign_document(
    *, kind: str, subject: str, document: bytes, signature: str, actor: Actor, now: datetime
) -> Signature:
    """Check and keep the actor's signature on a document; the second try gives the first one's row.

    :raises trust.CertificateNotTrusted: the certificate is no good at this moment
    :raises trust.SignatureWrong: the signature does not fit the document and the session's certificate
    """
    certificate = Certificate.objects.get(fingerprint=actor.certificate)
    raw = decode_signature(signature)
    loaded = trust.load(certificate.pem)
    found = recognition.require_recognised(loaded, purposes=(Purpose.SIGN,), at=now)
    trust.require_signature(loaded, signature=raw, data=document)
    row, _ = Signature.objects.get_or_create(
        kind=kind,
        subject=subject,
        digest=hashlib.sha256(document).hexdigest(),
        certificate=certificate,
        defaults={"signature": raw, "signed_at": now, "checked": found.as_facts()},
    )
    return row
