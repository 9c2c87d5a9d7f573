"""Certificates, sessions and document signatures."""

import pgtrigger
from django.db import models

from ggzy.kernel.models import BusinessRow
from ggzy.kernel.secrets import PersonalField
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
    #: the CA of the trust list that issued it; "" before there was a list
    ca = models.CharField(max_length=40, blank=True)
    bound_at = models.DateTimeField(null=True)
    #: from then on it is good for no new act, and why: lost, revoked, replaced
    revoked_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=10, blank=True)
    ended_note = models.CharField(max_length=300, blank=True)
    #: the certificate it takes the place of
    renews = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="renewed_by")
    #: of a dual pair (SM2): the encryption certificate that came with this signing certificate
    encryption_pem = models.TextField(blank=True)
    #: its private key, wrapped for the signing key (GB/T 35276, base64): only the holder opens it
    encryption_key = models.TextField(blank=True)
    #: how many days ahead its end was last announced; 0 not yet
    announced = models.PositiveSmallIntegerField(default=0)

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
    #: when the certificate last signed a challenge; an act that binds wants it fresh
    proven_at = models.DateTimeField(null=True)
    opened_by = models.CharField(max_length=10, default="password")
    device = models.CharField(max_length=60, blank=True)
    #: it waits for a second factor: until then it is nobody's
    half = models.BooleanField(default=False)


class FailedLogin(models.Model):
    """A wrong password or code, so that guessing can be slowed down; by name and by block of addresses."""

    username = models.CharField(max_length=64, db_index=True)
    at = models.DateTimeField(db_index=True)
    block = models.CharField(max_length=43, blank=True, db_index=True)


class Signature(BusinessRow):
    """One party's signature on a document's canonical bytes."""

    kind = models.CharField(max_length=40)
    subject = models.CharField(max_length=32, db_index=True)
    digest = models.CharField(max_length=64)
    signature = models.BinaryField()
    certificate = models.ForeignKey(Certificate, on_delete=models.PROTECT)
    signed_at = models.DateTimeField()
    #: what was known of the certificate at that moment: version of the trust list, CA, revocation lists, warnings
    checked = models.JSONField(default=dict)

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


class TrustList(BusinessRow):
    """A version of the list of recognised CAs: proposed by one administrator, in force once another has confirmed it."""

    PROPOSED, CONFIRMED, DROPPED = "proposed", "confirmed", "dropped"

    number = models.PositiveIntegerField()
    state = models.CharField(max_length=10)
    entries = models.JSONField()
    reason = models.CharField(max_length=300)
    proposed_by = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    confirmed_by = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+", null=True)
    confirmed_at = models.DateTimeField(null=True)
    #: SHA-256 of the canonical body, and the body with the centre's signature; empty until it is in force
    sha256 = models.CharField(max_length=64, blank=True)
    signed = models.JSONField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="a_version_of_the_trust_list_is_in_force_once",
                fields=["centre_id", "number"],
                condition=models.Q(state="confirmed"),
            ),
            models.CheckConstraint(
                name="nobody_confirms_an_own_trust_list",
                condition=models.Q(confirmed_by=None) | ~models.Q(confirmed_by=models.F("proposed_by")),
            ),
            models.CheckConstraint(
                name="a_trust_list_in_force_was_confirmed",
                condition=~models.Q(state="confirmed")
                | models.Q(confirmed_by__isnull=False, confirmed_at__isnull=False, signed__isnull=False),
            ),
        ]


class CrlSource(BusinessRow):
    """An address of a CA's revocation list: when it was last asked, and what was wrong."""

    ca = models.CharField(max_length=40)
    address = models.CharField(max_length=500)
    tried_at = models.DateTimeField(null=True)
    trouble = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="an_address_of_a_crl_is_asked_once", fields=["centre_id", "ca", "address"]
            ),
        ]


class RevocationList(BusinessRow):
    """A revocation list as it was fetched; kept, so that a past moment can be judged by what was known then."""

    source = models.ForeignKey(CrlSource, on_delete=models.PROTECT, related_name="lists")
    der = models.BinaryField()
    sha256 = models.CharField(max_length=64)
    issuer = models.CharField(max_length=300)
    number = models.CharField(max_length=48, blank=True)
    revoked = models.PositiveIntegerField()
    this_update = models.DateTimeField()
    next_update = models.DateTimeField(null=True)
    fetched_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="a_revocation_list_is_kept_once", fields=["source", "sha256"]),
        ]
        indexes = [models.Index(fields=["source", "-this_update"])]


class IssuedCertificate(BusinessRow):
    """The training CA's register: what it issued and what it took back."""

    ca = models.CharField(max_length=40)
    serial = models.CharField(max_length=48)
    pem = models.TextField()
    issued_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=30, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="a_serial_number_is_given_once", fields=["centre_id", "ca", "serial"]
            ),
        ]


class Passkey(BusinessRow):
    """A passkey 通行密钥 of an account: its public key; the private one is in the holder's device."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="passkeys")
    credential = models.BinaryField()
    public_key = models.BinaryField()
    sign_count = models.BigIntegerField()
    name = models.CharField(max_length=40)
    made_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="a_passkey_is_added_once", fields=["centre_id", "credential"]),
        ]


class PasskeyChallenge(models.Model):
    """What a passkey must sign, once, within two minutes, for one purpose and in one browser."""

    ADD, LOGIN = "add", "login"

    token_hash = models.CharField(max_length=64, unique=True)
    purpose = models.CharField(max_length=8)
    challenge = models.BinaryField()
    made_at = models.DateTimeField()


class Authenticator(BusinessRow):
    """An app that makes codes by the clock (RFC 6238) for an account; good once a first code was right."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="authenticators")
    secret = PersonalField()
    made_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    #: the step of time of the last code that was taken: no code is taken twice
    last_step = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="an_account_has_one_authenticator",
                fields=["account"],
                condition=models.Q(confirmed_at__isnull=False, ended_at=None),
            ),
        ]


class RecoveryCode(models.Model):
    """A code for the day the phone is lost; only its hash is kept, and it is good once."""

    authenticator = models.ForeignKey(Authenticator, on_delete=models.CASCADE, related_name="recovery_codes")
    code_hash = models.CharField(max_length=64)
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="a_recovery_code_is_one", fields=["authenticator", "code_hash"]),
        ]


class LoginEvent(BusinessRow):
    """What happened around an account's sign-in, in real time; the holder and an administrator read it, nobody else."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="login_events")
    kind = models.CharField(max_length=24)
    note = models.CharField(max_length=120, blank=True)
    #: the administrator who did it, where it was not the holder
    by = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+", null=True)
    device = models.CharField(max_length=60, blank=True)
    address = models.GenericIPAddressField(null=True)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["account", "-at"], name="login_events_newest_first")]
        triggers = [
            pgtrigger.Protect(name="login_events_stay", operation=pgtrigger.Update | pgtrigger.Delete)
        ]
