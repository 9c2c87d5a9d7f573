"""Rows about certificates."""

from functools import lru_cache

from ggzy.identity.models import Certificate, Signature


def certificates_of(*, account_pk: int) -> list[dict[str, str]]:
    """Return the certificates of an account, newest first."""
    return [
        {
            "fingerprint": c.fingerprint,
            "subject": c.subject,
            "serial": c.serial,
            "not_after": c.not_after.isoformat(),
            "pem": c.pem,
        }
        for c in Certificate.objects.filter(account_id=account_pk, revoked_at=None).order_by("-pk")
    ]


def by_fingerprint(fingerprint: str) -> Certificate | None:
    """Return a bound certificate."""
    return Certificate.objects.filter(fingerprint=fingerprint, revoked_at=None).first()


def signatures_on(*, kind: str, subject: str) -> list[Signature]:
    """Return the signatures on a document, oldest first."""
    return list(
        Signature.objects.select_related("certificate__account", "certificate__organisation")
        .filter(kind=kind, subject=subject)
        .order_by("pk")
    )


@lru_cache(maxsize=4096)
def certificate_of(fingerprint: str) -> tuple[int, str]:
    """Return (primary key, PEM) of a bound certificate; neither ever changes, and revocation is the session's."""
    pk, pem = Certificate.objects.values_list("pk", "pem").get(fingerprint=fingerprint)
    return pk, pem
