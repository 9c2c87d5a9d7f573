"""The training CAs (P-256 and RSA; SM2) behind the port of every CA: their keys lie in the keys folder, their register in the database."""

from base64 import b64encode
from datetime import datetime

from cryptography.x509 import Certificate
from django.conf import settings

from ggzy.identity.models import IssuedCertificate
from ggzy.identity.ports import Applicant, AuthorityUnavailable, Issued
from ggzy.identity.recognition import TRAINING_SM2
from ggzy.identity.sm2_ca import Dual, sm2_ca
from ggzy.identity.training_ca import Revoked, training_ca
from ggzy.identity.trust import pem


class TrainingAuthority:
    """A training CA of this centre, in this process."""

    def __init__(self, ca: str) -> None:
        if settings.MODE != "training":
            raise AuthorityUnavailable("正式运行的中心没有训练CA")
        self._name = ca
        sm2 = ca == TRAINING_SM2
        self._ca = sm2_ca(settings.KEYS / "ca-sm2") if sm2 else training_ca(settings.KEYS / "ca")

    def crl(self, address: str, *, now: datetime) -> bytes:
        """Sign a revocation list of this moment."""
        rows = IssuedCertificate.objects.filter(
            centre_id=settings.CENTRE_ID, ca=self._name, revoked_at__isnull=False
        ).order_by("pk")
        revoked = [Revoked(int(r.serial, 16), r.revoked_at, r.reason or "unspecified") for r in rows]
        return self._ca.crl(revoked, number=int(now.timestamp()), at=now.replace(microsecond=0))

    def issue(self, csr: str, applicant: Applicant, *, now: datetime) -> Issued:
        """Issue a certificate at once; nobody looks at the application."""
        made = self._ca.issue(
            csr.encode(),
            organisation=applicant.organisation,
            uscc=applicant.uscc,
            person=applicant.person,
        )
        if not isinstance(made, Dual):
            self._register(made, now)
            return Issued(certificate=pem(made))
        self._register(made.signing, now)
        self._register(made.encryption, now)
        return Issued(
            certificate=pem(made.signing),
            encryption_certificate=pem(made.encryption),
            encryption_key=b64encode(made.enveloped_key).decode(),
        )

    def _register(self, made: Certificate, now: datetime) -> None:
        IssuedCertificate.objects.create(
            ca=self._name, serial=f"{made.serial_number:x}", pem=pem(made), issued_at=now
        )

    def revoke(self, serial: int, *, reason: str, now: datetime) -> None:
        """Put a certificate on the next list; one that was issued before there was a register gets its row now."""
        row, _ = IssuedCertificate.objects.get_or_create(
            ca=self._name, serial=f"{serial:x}", defaults={"pem": "", "issued_at": now}
        )
        if row.revoked_at is None:
            row.revoked_at, row.reason = now.replace(microsecond=0), reason
            row.save(update_fields=["revoked_at", "reason"])
