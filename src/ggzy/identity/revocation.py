"""Revocation lists: fetched by a clock through the port, checked, kept with their history; what they end ends at once."""

from datetime import datetime, timedelta

from cryptography import x509
from django.conf import settings

from ggzy.deadlines.actions import effect
from ggzy.evidence.actions import record_act
from ggzy.identity import recognition, trust
from ggzy.identity.life import FETCH, authority, end_certificate, end_sessions
from ggzy.identity.models import Certificate, CrlSource, RevocationList
from ggzy.identity.ports import AuthorityUnavailable
from ggzy.identity.trustlist import Status, TrustedCA
from ggzy.kernel.actors import SYSTEM
from ggzy.kernel.canonical import sha256
from ggzy.kernel.refusals import Refusal

ASK_AGAIN = timedelta(minutes=10)


@effect(FETCH)
def fetch(subject: str, now: datetime) -> datetime | None:
    """Fetch one address; return when to ask again, or None when its CA is recognised no more."""
    source = CrlSource.objects.select_for_update().get(public_id=subject)
    ca = next((one for one in recognition.known_at(now).entries if one.id == source.ca), None)
    if ca is None or ca.status is not Status.ACTIVE or source.address not in ca.crl:
        return None
    source.tried_at = now
    try:
        kept = _take(authority(ca.id).crl(source.address, now=now), source=source, ca=ca, now=now)
    except (AuthorityUnavailable, Refusal) as trouble:
        source.trouble = (
            trouble.message if isinstance(trouble, Refusal) else f"没有取到吊销列表: {trouble}"
        )[:300]
        source.save(update_fields=["tried_at", "trouble"])
        return now + ASK_AGAIN
    source.trouble = ""
    source.save(update_fields=["tried_at", "trouble"])
    _end_what_it_ends(kept, ca=ca, now=now)
    return now + timedelta(hours=settings.CRL_HOURS)


def _take(data: bytes, *, source: CrlSource, ca: TrustedCA, now: datetime) -> x509.CertificateRevocationList:
    """Keep a fetched list, once.

    :raises trust.CrlBroken: not a list, not this CA's, of the future, or older than the one that is known
    """
    crl = trust.load_crl(data)
    trust.require_crl_of(crl, ca.certificates)
    if crl.last_update_utc > now + timedelta(minutes=5):
        raise trust.CrlBroken("取回的吊销列表写的更新时间晚于现在, 不予采信")
    newest = source.lists.order_by("-this_update").first()
    if newest is not None and crl.last_update_utc < newest.this_update:
        raise trust.CrlBroken("取回的吊销列表比已有的旧, 继续使用已有的")
    RevocationList.objects.get_or_create(
        source=source,
        sha256=sha256(data).hex(),
        defaults={
            "der": data,
            "issuer": crl.issuer.rfc4514_string()[:300],
            "number": _number(crl),
            "revoked": len(crl),
            "this_update": crl.last_update_utc,
            "next_update": crl.next_update_utc,
            "fetched_at": now,
        },
    )
    return crl


def _number(crl: x509.CertificateRevocationList) -> str:
    try:
        found = crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    except x509.ExtensionNotFound:
        return ""
    return f"{found:x}"[:48]


def _end_what_it_ends(crl: x509.CertificateRevocationList, *, ca: TrustedCA, now: datetime) -> None:
    for row in Certificate.objects.select_for_update().filter(ca__in=[ca.id, ""], revoked_at=None):
        loaded = trust.load(row.pem)
        found = (
            crl.get_revoked_certificate_by_serial_number(loaded.serial_number)
            if loaded.issuer == crl.issuer
            else None
        )
        if found is None:
            continue
        reason = trust.reason_of(found)
        if reason == "冻结":  # a hold may be lifted: only what is open ends
            end_sessions(row)
            continue
        end_certificate(
            row, by="revoked", note=f"签发机构吊销: {reason}", at=min(found.revocation_date_utc, now)
        )
        record_act(
            "identity.certificate_revoked",
            subject=row.public_id,
            actor=SYSTEM,
            legal_at=now,
            supervisor={"fingerprint": row.fingerprint, "reason": reason},
        )
