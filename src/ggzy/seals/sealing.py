"""The two steps of sealing a PDF as acts: what waits for a signer, and putting the signature in.

Where an SM2 signature has to stand beside (`settings.SM2_BESIDE`), it comes first and is not seen: `prepare_seal` then
gives what the signer's SM2 key signs, `finish_beside` puts that in, and `prepare_seal` asked again gives what the seal
itself signs. So the seal that PDF readers know covers both.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from cryptography import x509
from django.conf import settings
from django.db import transaction

from ggzy.identity import recognition, seals, trust
from ggzy.identity.actions import decode_signature
from ggzy.identity.models import Certificate, Sealing
from ggzy.identity.trustlist import Purpose
from ggzy.kernel.actors import Actor
from ggzy.kernel.clock import legal_now
from ggzy.kernel.ids import new_public_id
from ggzy.kernel.refusals import BadInput, NotFound, Refusal
from ggzy.seals import images, stamping
from ggzy.seals.models import SealUse, Stamp, Timestamping
from ggzy.seals.queries import stamp_for
from ggzy.ui.documents import seal_pdf


@dataclass(frozen=True, kw_only=True)
class Sealed:
    """A PDF with the new seal in it, and whose certificate made it."""

    pdf: bytes
    certificate: Certificate
    document: str
    level: str


def prepare_seal(
    *,
    pdf: bytes,
    document: str,
    purpose: str,
    subject: str,
    box: tuple[int, int, int, int],
    reason: str,
    actor: Actor,
    now: datetime,
) -> Sealing:
    """Prepare a seal of the actor's certificate on a PDF (known by its digest `document`).

    The holder's stamp in force is what is seen; a holder without one is named in words.

    :raises trust.CertificateNotTrusted: the certificate is no good for seals at this moment
    :raises StampSuspended: the holder's stamp is suspended
    :raises CertificateNotBound: the holder's stamp is bound to other certificates
    :raises Sm2Needed: an SM2 signature has to stand beside and the signer has no such certificate
    """
    certificate = Certificate.objects.get(fingerprint=actor.certificate)
    stamp = stamp_for(purpose=purpose, certificate=certificate, actor=actor)
    loaded = trust.load(certificate.pem)
    recognition.require_recognised(loaded, purposes=(Purpose.SEAL,), at=now)
    known = {"document": document, "purpose": purpose, "subject": subject}
    state = {"stamp": stamp.public_id, "image": stamp.image} if stamp else {"stamp": "", "image": ""}
    state["reason"] = reason[:100]
    words = "电子签章"
    if needs_beside(purpose) and trust.algorithm_of(loaded) != "SM2":
        signed = _beside_of(actor, **known)
        if signed is None:
            return _prepare_beside(pdf, reason=reason, actor=actor, now=now, **known)
        pdf, words = bytes(signed.prepared), "电子签章, 另附SM2签名"
        state["beside"] = signed.certificate.fingerprint
    prepared = seals.prepare(
        pdf,
        field=f"seal-{purpose}-{new_public_id()[:8]}",
        box=box,
        reason=reason,
        certificate=loaded,
        chain=recognition.certificates_of_cas(now),
        appearance=seal_pdf(
            organisation=actor.organisation_name,
            person=actor.name,
            at=now,
            stamp=images.as_svg(stamp.image) if stamp else "",
            words=words,
        ),
        at=now,
    )
    return _keep(prepared, certificate, state, actor=actor, now=now, **known)


def _keep(
    prepared: seals.Prepared,
    certificate: Certificate,
    state: Mapping[str, str],
    *,
    document: str,
    purpose: str,
    subject: str,
    actor: Actor,
    now: datetime,
) -> Sealing:
    mine = Sealing.objects.filter(account_id=actor.account_pk, purpose=purpose, subject=subject)
    mine.delete()
    return Sealing.objects.create(
        account_id=actor.account_pk,
        certificate=certificate,
        purpose=purpose,
        subject=subject,
        document=document,
        prepared=prepared.pdf,
        state={**prepared.state, **state},
        to_sign=prepared.to_sign,
        made_at=now,
    )


def finish_seal(*, purpose: str, subject: str, signature: str, actor: Actor) -> Sealed:
    """Put the actor's signature into the PDF it was prepared for, with a timestamp where one is to be had.

    Which image was used is written down with the document before and after.

    :raises NotFound: nothing waits for this signer
    :raises trust.CertificateNotTrusted: the certificate is no good any more
    :raises SignatureWrong: the signature is not on the prepared bytes
    :raises StampSuspended: the stamp was suspended after the seal was prepared
    :raises BesideFirst: the SM2 signature has to come first
    """
    waiting = (
        Sealing.objects.select_for_update(of=("self",))
        .select_related("certificate")
        .filter(account_id=actor.account_pk, purpose=purpose, subject=subject)
        .first()
    )
    if waiting is None:
        raise NotFound("没有等待您签章的文件, 请重新生成待签文件")
    if waiting.state.get("stage") == _BESIDE:
        raise BesideFirst("这份文件要先用SM2证书签名, 再盖章: 请重新打开页面办理, 或先完成SM2签名")
    raw = decode_signature(signature)
    certificate = trust.load(waiting.certificate.pem)
    now = legal_now()
    recognition.require_recognised(certificate, purposes=(Purpose.SEAL,), at=now)
    trust.require_signature(certificate, signature=raw, data=bytes(waiting.to_sign))
    stamp = _still_good(waiting, actor)
    other = _other(waiting)
    signers = [certificate, *([trust.load(other.pem)] if other else [])]
    pdf, level, trouble = stamping.sealed_with(
        partial(_finished, waiting, certificate, raw, now), certificates=signers, at=now
    )
    after = stamping.digest_of(pdf)
    for row, used, of_level in ((other, None, "SM2"), (waiting.certificate, stamp, level)):
        if row is not None:
            SealUse.objects.create(
                stamp=used,
                image=used.image if used else "",
                certificate=row,
                purpose=purpose,
                subject=subject,
                reason=waiting.state.get("reason", ""),
                before=waiting.document,
                after=after,
                level=of_level,
                at=now,
            )
    Timestamping.objects.filter(document=waiting.document, state=Timestamping.WAITING).update(
        state=Timestamping.SUPERSEDED
    )
    if trouble:
        stamping.note_waiting(document=after, trouble=trouble, now=now)
    sealed = Sealed(pdf=pdf, certificate=waiting.certificate, document=waiting.document, level=level)
    waiting.delete()
    Sealing.objects.filter(account_id=actor.account_pk, purpose=purpose + _TAIL, subject=subject).delete()
    return sealed


def _finished(
    waiting: Sealing,
    certificate: x509.Certificate,
    raw: bytes,
    now: datetime,
    stamp: seals.Stamp | None,
) -> bytes:
    return seals.finish(
        seals.Prepared(pdf=bytes(waiting.prepared), state=waiting.state, to_sign=bytes(waiting.to_sign)),
        signature=raw,
        certificate=certificate,
        chain=recognition.certificates_of_cas(now),
        stamp=stamp,
    )


def _still_good(waiting: Sealing, actor: Actor) -> Stamp | None:
    """Return the stamp that stands in the prepared document, if it may still be used.

    :raises StampSuspended: it is suspended
    :raises BadInput: it was withdrawn or replaced meanwhile
    """
    prepared = waiting.state.get("stamp", "")
    if not prepared:
        return None
    stamp = stamp_for(purpose=waiting.purpose, certificate=waiting.certificate, actor=actor)
    if stamp is None or stamp.public_id != prepared:
        raise BadInput("您取得待签文件以后印章已更换或注销, 请重新生成待签文件", field="signature")
    return stamp


def needs_beside(purpose: str) -> bool:
    """Say whether this centre wants an SM2 signature beside the seals of a purpose."""
    return bool({purpose, "*"} & settings.SM2_BESIDE)


#: the stage of what waits for the SM2 signature, and of what has it and waits for the seal
_BESIDE, _SIGNED = "beside", "signed"


class BesideFirst(Refusal):
    """The seal is asked for before the SM2 signature beside it."""

    code = "seals.beside_first"


class Sm2Needed(Refusal):
    """The signer has no SM2 certificate for the signature beside."""

    code = "seals.sm2_needed"


def _beside_of(actor: Actor, *, document: str, purpose: str, subject: str) -> Sealing | None:
    """Return the document with this signer's SM2 signature, which waits for the seal."""
    return (
        Sealing.objects.select_related("certificate")
        .filter(
            account_id=actor.account_pk,
            purpose=purpose + _TAIL,
            subject=subject,
            document=document,
            state__stage=_SIGNED,
        )
        .first()
    )


_TAIL = "+sm2"


def _other(waiting: Sealing) -> Certificate | None:
    found = waiting.state.get("beside", "")
    return Certificate.objects.filter(fingerprint=found).first() if found else None


def _prepare_beside(
    pdf: bytes, *, document: str, purpose: str, subject: str, reason: str, actor: Actor, now: datetime
) -> Sealing:
    """Prepare the SM2 signature that stands beside a seal; it is not seen."""
    certificate = next((row for row in _sm2_certificates(actor, now)), None)
    if certificate is None:
        raise Sm2Needed(
            "这份文件除盖章外还要用SM2证书签名, 您的账号没有可用的SM2证书: 请先申请或绑定一张, 再来办理",
            next_steps=(("我的数字证书", "/certificates"),),
        )
    loaded = trust.load(certificate.pem)
    recognition.require_recognised(loaded, purposes=(Purpose.SIGN,), at=now)
    prepared = seals.prepare(
        pdf,
        field=f"sm2-{purpose}-{new_public_id()[:8]}",
        box=None,
        reason=reason,
        certificate=loaded,
        chain=recognition.certificates_of_cas(now),
        appearance=None,
        at=now,
    )
    Sealing.objects.filter(account_id=actor.account_pk, purpose=purpose + _TAIL, subject=subject).delete()
    return _keep(
        prepared,
        certificate,
        {"stage": _BESIDE, "reason": reason[:100]},
        document=document,
        purpose=purpose,
        subject=subject,
        actor=actor,
        now=now,
    )


def _sm2_certificates(actor: Actor, now: datetime) -> list[Certificate]:
    rows = Certificate.objects.filter(
        account_id=actor.account_pk, revoked_at=None, not_before__lte=now, not_after__gt=now
    )
    return [row for row in rows.order_by("-pk") if trust.algorithm_of(trust.load(row.pem)) == "SM2"]


@transaction.atomic
def finish_beside(*, purpose: str, subject: str, signature: str, actor: Actor) -> Sealing:
    """Put the SM2 signature in; the document then waits for the seal itself.

    :raises NotFound: nothing waits for this signer's SM2 certificate
    :raises trust.CertificateNotTrusted: the certificate is no good any more
    :raises SignatureWrong: the signature is not on the prepared bytes
    """
    waiting = (
        Sealing.objects.select_for_update(of=("self",))
        .select_related("certificate")
        .filter(account_id=actor.account_pk, purpose=purpose, subject=subject, state__stage=_BESIDE)
        .first()
    )
    if waiting is None:
        raise NotFound("没有等待您用SM2证书签名的文件, 请重新打开页面办理")
    certificate = trust.load(waiting.certificate.pem)
    raw, now = decode_signature(signature), legal_now()
    recognition.require_recognised(certificate, purposes=(Purpose.SIGN,), at=now)
    trust.require_signature(certificate, signature=raw, data=bytes(waiting.to_sign))
    waiting.prepared = _finished(waiting, certificate, raw, now, None)
    waiting.state, waiting.to_sign = {"stage": _SIGNED}, b""
    waiting.purpose = purpose + _TAIL
    waiting.save(update_fields=["prepared", "state", "to_sign", "purpose"])
    return waiting


@dataclass(frozen=True, kw_only=True)
class Beside:
    """What waits for a signer's SM2 key."""

    purpose: str
    subject: str
    certificate: str
    to_sign: bytes


def beside_waiting(*, viewer: Actor, to_sign: bytes | None = None) -> list[Beside]:
    """Return what waits for the signer's SM2 key (only what has these bytes to sign)."""
    rows = Sealing.objects.filter(account_id=viewer.account_pk, state__stage=_BESIDE)
    return [
        Beside(
            purpose=row.purpose,
            subject=row.subject,
            certificate=row.certificate.fingerprint,
            to_sign=bytes(row.to_sign),
        )
        for row in rows.select_related("certificate").order_by("pk")
        if to_sign is None or bytes(row.to_sign) == to_sign
    ]
