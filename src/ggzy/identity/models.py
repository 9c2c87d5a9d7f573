"""Certificates, sessions and document signatures."""

from django.db import models

from ggzy.kernel.models import BusinessRow
from ggzy.parties.models import Account, Organisation


class Certificate(BusinessRow):
    """A certificate bound to an organisation; its key never was here."""

    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="certificates", null=True
    )
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="certificates")
    fingerprint = models.CharField(max_length=64)
    issuer = models.CharField(max_length=300)
    serial = models.CharField(max_length=64)
    subject = models.CharField(max_length=300)
    pem = models.TextField()
    not_before = models.DateTimeField()
    not_after = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="a_certificate_is_bound_once", fields=["centre_id", "fingerprint"]),
        ]


class Session(models.Model):
    """Somebody signed in; in real time. The token itself is not kept, only its hash."""

    token_hash = models.CharField(max_length=64, unique=True)
    account = models.ForeignKey(Account, on_delete=models.CASCADE)
    certificate = models.ForeignKey(Certificate, on_delete=models.PROTECT, null=True)
    challenge = models.CharField(max_length=300, blank=True)
    challenged_at = models.DateTimeField(null=True)
    made_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    address = models.GenericIPAddressField(null=True)


class FailedLogin(models.Model):
    """A wrong password, so that guessing can be slowed down."""

    username = models.CharField(max_length=64, db_index=True)
    at = models.DateTimeField(db_index=True)


class Signature(BusinessRow):
    """One party's signature on a document's canonical bytes."""

    kind = models.CharField(max_length=40)
    subject = models.CharField(max_length=32, db_index=True)
    digest = models.CharField(max_length=64)
    signature = models.BinaryField()
    certificate = models.ForeignKey(Certificate, on_delete=models.PROTECT)
    signed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="a_document_is_signed_once_by_each", fields=["kind", "subject", "digest", "certificate"]
            ),
        ]


class Sealing(BusinessRow):
    """A PDF that waits for a seal: the signer's device signs `to_sign`, the server never holds a key."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    certificate = models.ForeignKey(Certificate, on_delete=models.CASCADE)
    purpose = models.CharField(max_length=40)
    subject = models.CharField(max_length=32)
    document = models.CharField(max_length=64)
    prepared = models.BinaryField()
    state = models.JSONField()
    to_sign = models.BinaryField()
    made_at = models.DateTimeField()
