"""The two steps of sealing a PDF as acts: what waits for a signer, and putting the signature in."""

from dataclasses import dataclass
from datetime import datetime

from ggzy.identity import recognition, seals, trust
from ggzy.identity.actions import decode_signature
from ggzy.identity.models import Certificate, Sealing
from ggzy.identity.trustlist import Purpose
from ggzy.kernel.actors import Actor
from ggzy.kernel.clock import legal_now
from ggzy.kernel.ids import new_public_id
from ggzy.kernel.refusals import NotFound
from ggzy.ui.documents import seal_pdf


@dataclass(frozen=True, kw_only=True)
class Sealed:
    """A PDF with the new seal in it, and whose certificate made it."""

    pdf: bytes
    certificate: Certificate
    document: str


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

    :raises trust.CertificateNotTrusted: the certificate is no good for seals at this moment
    """
    certificate = Certificate.objects.get(fingerprint=actor.certificate)
    loaded = trust.load(certificate.pem)
    recognition.require_recognised(loaded, purposes=(Purpose.SEAL,), at=now)
    prepared = seals.prepare(
        pdf,
        field=f"seal-{purpose}-{new_public_id()[:8]}",
        box=box,
        reason=reason,
        certificate=loaded,
        chain=recognition.certificates_of_cas(now),
        appearance=seal_pdf(organisation=actor.organisation_name, person=actor.name, at=now),
    )
    Sealing.objects.filter(account_id=actor.account_pk, purpose=purpose, subject=subject).delete()
    return Sealing.objects.create(
        account_id=actor.account_pk,
        certificate=certificate,
        purpose=purpose,
        subject=subject,
        document=document,
        prepared=prepared.pdf,
        state=prepared.state,
        to_sign=prepared.to_sign,
        made_at=now,
    )


def finish_seal(*, purpose: str, subject: str, signature: str, actor: Actor) -> Sealed:
    """Put the actor's signature into the PDF it was prepared for.

    :raises NotFound: nothing waits for this signer
    :raises trust.CertificateNotTrusted: the certificate is no good any more
    :raises SignatureWrong: the signature is not on the prepared bytes
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
    recognition.require_recognised(certificate, purposes=(Purpose.SEAL,), at=now)
    trust.require_signature(certificate, signature=raw, data=bytes(waiting.to_sign))
    pdf = seals.finish(
        seals.Prepared(pdf=bytes(waiting.prepared), state=waiting.state, to_sign=bytes(waiting.to_sign)),
        signature=raw,
        certificate=certificate,
        chain=recognition.certificates_of_cas(now),
    )
    sealed = Sealed(pdf=pdf, certificate=waiting.certificate, document=waiting.document)
    waiting.delete()
    return sealed
