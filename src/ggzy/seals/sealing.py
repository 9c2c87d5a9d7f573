"""The two steps of sealing a PDF as acts: what waits for a signer, and putting the signature in.

Where a signature with SM2 has to stand beside (`settings.SM2_BESIDE`), it is a sealing of its own on the sealed document,
by the signer's SM2 certificate: `prepare_beside` and `finish_beside`.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import partial

from cryptography import x509
from django.conf import settings

from ggzy.identity import recognition, seals, trust
from ggzy.identity.actions import decode_signature
from ggzy.identity.models import Certificate, Sealing
from ggzy.identity.trustlist import Purpose
from ggzy.kernel.actors import Actor
from ggzy.kernel.clock import legal_now
from ggzy.kernel.ids import new_public_id
from ggzy.kernel.refusals import BadInput, NotFound
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
    """
    certificate = Certificate.objects.get(fingerprint=actor.certificate)
    stamp = stamp_for(purpose=purpose, certificate=certificate, actor=actor)
    return _prepare(
        pdf,
        document=document,
        purpose=purpose,
        subject=subject,
        box=box,
        reason=reason,
        actor=actor,
        now=now,
        certificate=certificate,
        stamp=stamp,
    )


def _prepare(
    pdf: bytes,
    *,
    document: str,
    purpose: str,
    subject: str,
    box: tuple[int, int, int, int],
    reason: str,
    actor: Actor,
    now: datetime,
    certificate: Certificate,
    stamp: Stamp | None,
    words: str = "电子签章",
) -> Sealing:
    loaded = trust.load(certificate.pem)
    recognition.require_recognised(loaded, purposes=(_purpose(loaded),), at=now)
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
    Sealing.objects.filter(account_id=actor.account_pk, purpose=purpose, subject=subject).delete()
    used = {"stamp": stamp.public_id, "image": stamp.image} if stamp else {"stamp": "", "image": ""}
    return Sealing.objects.create(
        account_id=actor.account_pk,
        certificate=certificate,
        purpose=purpose,
        subject=subject,
        document=document,
        prepared=prepared.pdf,
        state={**prepared.state, **used, "reason": reason[:100]},
        to_sign=prepared.to_sign,
        made_at=now,
    )


def _purpose(certificate: x509.Certificate) -> Purpose:
    """Return what a certificate must be recognised for: an SM2 signature beside is a signature, the seal is the other one."""
    return Purpose.SIGN if trust.algorithm_of(certificate) == "SM2" else Purpose.SEAL


def finish_seal(*, purpose: str, subject: str, signature: str, actor: Actor) -> Sealed:
    """Put the actor's signature into the PDF it was prepared for, with a timestamp where one is to be had.

    Which image was used is written down with the document before and after.

    :raises NotFound: nothing waits for this signer
    :raises trust.CertificateNotTrusted: the certificate is no good any more
    :raises SignatureWrong: the signature is not on the prepared bytes
    :raises StampSuspended: the stamp was suspended after the seal was prepared
    """
    waiting = (
        Sealing.objects.select_for_update(of=("self",))
        .select_related("certificate")
        .filter(account_id=actor.account_pk, purpose=purpose, subject=subject)
        .first()
    )
    if waiting is None:
        raise NotFound("没有等待您签章的文件, 请重新生成待签文件")
    raw = decode_signature(signature)
    certificate = trust.load(waiting.certificate.pem)
    now = legal_now()
    recognition.require_recognised(certificate, purposes=(_purpose(certificate),), at=now)
    trust.require_signature(certificate, signature=raw, data=bytes(waiting.to_sign))
    stamp = _still_good(waiting, actor)
    pdf, level, trouble = stamping.sealed_with(
        partial(_finished, waiting, certificate, raw, now), certificate=certificate, at=now
    )
    after = stamping.digest_of(pdf)
    SealUse.objects.create(
        stamp=stamp,
        image=waiting.state.get("image", ""),
        certificate=waiting.certificate,
        purpose=purpose,
        subject=subject,
        reason=waiting.state.get("reason", ""),
        before=waiting.document,
        after=after,
        level=level if trust.algorithm_of(certificate) != "SM2" else f"SM2 {level}",
        at=now,
    )
    Timestamping.objects.filter(document=waiting.document, state=Timestamping.WAITING).update(
        state=Timestamping.SUPERSEDED
    )
    if trouble:
        stamping.note_waiting(document=after, trouble=trouble, now=now)
    sealed = Sealed(pdf=pdf, certificate=waiting.certificate, document=waiting.document, level=level)
    waiting.delete()
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
