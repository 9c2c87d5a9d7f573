"""Timestamps on sealed documents: at once where the authority answers, else later by the worker. Never waited for long."""

import hashlib
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from cryptography import x509
from django.conf import settings
from django.utils.module_loading import import_string

from ggzy.deadlines.actions import effect, set_timer
from ggzy.evidence.actions import record_act
from ggzy.identity import recognition, seals, trust
from ggzy.identity.models import Certificate
from ggzy.kernel import files
from ggzy.kernel.actors import SYSTEM
from ggzy.seals.models import SealUse, Timestamping
from ggzy.seals.ports import Timestamps, TimestampUnavailable

#: the clock on which a document without a timestamp is tried again, and how long until then
RETRY = "seals.timestamp"
_FIRST, _LONGEST = timedelta(seconds=20), timedelta(hours=1)
#: an authority that did not answer is not asked again for so many seconds, so that a batch does not wait for it each time
_PAUSE = 15.0
_AWAY: dict[str, float] = {}
_WITHOUT_REVOCATION = "没有吊销列表可附"


def authority() -> Timestamps | None:
    """Return the authority that the settings name, or None."""
    if not settings.TIMESTAMPS:
        return None
    made: Timestamps = import_string(settings.TIMESTAMPS)()
    return made


def trusted_clocks() -> tuple[x509.Certificate, ...]:
    """Return the certificates at which the chains of timestamps must end here."""
    clock = authority()
    return tuple(clock.trusted()) if clock else ()


def sealed_with(
    finish: Callable[[seals.Stamp | None], bytes], *, certificates: list[x509.Certificate], at: datetime
) -> tuple[bytes, str, str]:
    """Finish a seal as well as can be at this moment; return the PDF, its level, and why there is no timestamp ("")."""
    clock = authority()
    if clock is None:
        return finish(None), "B-B", ""
    if time.monotonic() < _AWAY.get(settings.TIMESTAMPS, 0.0):
        return finish(None), "B-B", "时间戳服务刚才没有答复"
    try:
        pdf = finish(clock.stamp)
        pdf, complete = _lengthened(pdf, clock, certificates, at)
    except TimestampUnavailable as trouble:
        _AWAY[settings.TIMESTAMPS] = time.monotonic() + _PAUSE
        return finish(None), "B-B", str(trouble)[:300] or "时间戳服务没有答复"
    return pdf, "B-LTA" if complete else "B-T", ""


def _lengthened(
    pdf: bytes, clock: Timestamps, signers: list[x509.Certificate], at: datetime
) -> tuple[bytes, bool]:
    """Return a PDF with chains, revocation lists and a document timestamp; and whether every signer's CA has a list."""
    known = recognition.known_at(at)
    chains: dict[str, x509.Certificate] = {}
    crls: dict[bytes, x509.CertificateRevocationList] = {}
    complete = True
    for signer in signers:
        chains[trust.fingerprint(signer)] = signer
        entry = next((ca for ca in known.entries if _is_of(signer, ca.certificates)), None)
        mine = known.crls.get(entry.id, ()) if entry else ()
        complete = complete and bool(mine)
        for one in entry.certificates if entry else ():
            chains[trust.fingerprint(one)] = one
        for crl in mine:
            crls[crl.signature] = crl
    for one in clock.trusted():
        chains[trust.fingerprint(one)] = one
    made = seals.lengthen(pdf, certificates=chains.values(), crls=crls.values(), stamp=clock.stamp)
    return made, complete


def _is_of(signer: x509.Certificate, cas: tuple[x509.Certificate, ...]) -> bool:
    return any(one.subject == signer.issuer for one in cas)


def note_waiting(*, document: str, trouble: str, now: datetime) -> None:
    """Note a document whose seal has no timestamp though the centre has an authority: the worker asks again."""
    row, made = Timestamping.objects.get_or_create(
        document=document, defaults={"made_at": now, "trouble": trouble[:300]}
    )
    if made:
        set_timer(kind=RETRY, subject=row.public_id, due_at=now + _FIRST)


@effect(RETRY)
def stamp_later(subject: str, now: datetime) -> datetime | None:
    """Append the timestamp that was not to be had when a document was sealed; the stamped copy begins with the document."""
    row = Timestamping.objects.select_for_update().get(public_id=subject)
    clock = authority()
    if row.state != Timestamping.WAITING:
        return None
    if clock is None:  # the centre has none just now; what waits is not forgotten
        return now + _LONGEST
    signers = Certificate.objects.filter(
        pk__in=SealUse.objects.filter(after=row.document).values("certificate_id")
    )
    loaded = [trust.load(pem) for pem in signers.values_list("pem", flat=True)]
    try:
        pdf, complete = _lengthened(files.read(row.document), clock, loaded, now)
    except TimestampUnavailable as trouble:
        row.tries += 1
        row.trouble = str(trouble)[:300]
        row.save(update_fields=["tries", "trouble"])
        return now + min(_FIRST * 2 ** min(row.tries, 10), _LONGEST)
    row.stamped, row.stamped_at, row.state = files.keep(pdf), now, Timestamping.DONE
    row.trouble = "" if complete else _WITHOUT_REVOCATION
    row.save(update_fields=["stamped", "stamped_at", "state", "trouble"])
    record_act(
        "seals.timestamped",
        subject=row.public_id,
        actor=SYSTEM,
        legal_at=now,
        public={"pdf_sha256": row.document, "stamped_sha256": row.stamped},
    )
    return None


def digest_of(pdf: bytes) -> str:
    """Return by what a document is known among the files."""
    return hashlib.sha256(pdf).hexdigest()
