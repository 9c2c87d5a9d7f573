"""Rows about certificates."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from ggzy.identity import sm2_ca, trust
from ggzy.identity.life import AHEAD, ENDED
from ggzy.identity.models import Certificate, Signature
from ggzy.parties.models import Account


@dataclass(frozen=True, kw_only=True)
class OwnCertificate:
    """One of an account's certificates in its life: state is good, ending, replaced, expired, lost or revoked."""

    fingerprint: str
    subject: str
    serial: str
    ca: str
    pem: str
    not_before: datetime
    not_after: datetime
    bound_at: datetime | None
    state: str
    ended_at: datetime | None
    ended_note: str
    renews: str
    renewed_by: str

    @property
    def says(self) -> str:
        """Return the word people read."""
        words = {
            "good": "有效",
            "ending": "即将到期",
            "replaced": "已换新证, 到期前仍可用",
            "expired": "已过期",
        }
        return words.get(self.state) or f"已{ENDED[self.state]}"

    @property
    def usable(self) -> bool:
        """Say whether it is good for new acts."""
        return self.state in ("good", "ending", "replaced")


def life_of(*, account_pk: int, now: datetime) -> list[OwnCertificate]:
    """Return every certificate an account ever had, newest first, with where each stands."""
    rows = list(Certificate.objects.filter(account_id=account_pk).select_related("renews").order_by("-pk"))
    successors = {row.renews.fingerprint: row for row in rows if row.renews and row.revoked_at is None}
    return [_own(row, successors.get(row.fingerprint), now) for row in rows]


def _own(row: Certificate, successor: Certificate | None, now: datetime) -> OwnCertificate:
    if row.revoked_at is not None:
        state = row.ended_by or "revoked"
    elif now >= row.not_after:
        state = "expired"
    elif successor is not None:
        state = "replaced"
    else:
        state = "ending" if now >= row.not_after - timedelta(days=AHEAD[0]) else "good"
    return OwnCertificate(
        fingerprint=row.fingerprint,
        subject=row.subject,
        serial=row.serial,
        ca=row.ca,
        pem=row.pem,
        not_before=row.not_before,
        not_after=row.not_after,
        bound_at=row.bound_at,
        state=state,
        ended_at=row.revoked_at,
        ended_note=row.ended_note,
        renews=row.renews.fingerprint if row.renews else "",
        renewed_by=successor.fingerprint if successor else "",
    )


def certificates_of(*, account_pk: int) -> list[dict[str, str]]:
    """Return the certificates of an account that have not ended, newest first."""
    return [
        {
            "fingerprint": c.fingerprint,
            "subject": c.subject,
            "serial": c.serial,
            "not_after": c.not_after.isoformat(),
            "pem": c.pem,
            "pair": c.encryption_pem + (sm2_ca.wrapped_pem(c.encryption_key) if c.encryption_key else ""),
        }
        for c in Certificate.objects.filter(account_id=account_pk, revoked_at=None).order_by("-pk")
    ]


def by_fingerprint(fingerprint: str) -> Certificate | None:
    """Return a bound certificate."""
    return Certificate.objects.filter(fingerprint=fingerprint, revoked_at=None).first()


def receiving_of(*, organisation_pk: int, roles: Iterable[str]) -> dict[str, str] | None:
    """Return the newest certificate by which an organisation, in one of these roles, receives envelopes: its
    fingerprint, and what to seal to."""
    rows = Certificate.objects.filter(
        organisation_id=organisation_pk, account__role__in=list(roles), revoked_at=None
    ).order_by("-pk")
    for row in rows:
        pem = row.encryption_pem or row.pem
        try:
            trust.require_usage(trust.load(pem), to_seal=True)
        except trust.CertificateNotTrusted:
            continue
        return {"fingerprint": row.fingerprint, "certificate": pem}
    return None


def signatures_on(*, kind: str, subject: str) -> list[Signature]:
    """Return the signatures on a document, oldest first."""
    return list(
        Signature.objects.select_related("certificate__account", "certificate__organisation")
        .filter(kind=kind, subject=subject)
        .order_by("pk")
    )


class BoundCertificate(NamedTuple):
    """A bound certificate: its primary key, its PEM, and the PEM of what receives envelopes for its holder."""

    pk: int
    pem: str
    receives: str


@lru_cache(maxsize=4096)
def certificate_of(fingerprint: str) -> BoundCertificate:
    """Return a bound certificate; nothing of it ever changes, and revocation is the session's."""
    row = Certificate.objects.values_list("pk", "pem", "encryption_pem").get(fingerprint=fingerprint)
    return BoundCertificate(row[0], row[1], row[2] or row[1])


def username_of(*, account_pk: int) -> str:
    """Return an account's username."""
    return str(Account.objects.values_list("username", flat=True).get(pk=account_pk))
