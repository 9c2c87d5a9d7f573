"""How a certificate ends: at once good for no new act, and whoever is signed in with it no longer is."""

from datetime import datetime

from django.conf import settings
from django.utils.module_loading import import_string

from ggzy.deadlines.actions import set_timer
from ggzy.identity.models import Certificate, CrlSource, Session
from ggzy.identity.ports import Authority

#: clocks: fetching a revocation list, announcing the end of a certificate
FETCH, EXPIRY = "identity.crl", "identity.expiry"
#: days before its end at which a certificate's holder is told
AHEAD = (60, 30, 7)
ENDED = {"lost": "挂失", "revoked": "被签发机构吊销"}


def authority(ca: str) -> Authority:
    """Return the adapter of a CA: the one the settings name, else the one for every CA."""
    made: Authority = import_string(settings.AUTHORITIES.get(ca) or settings.AUTHORITIES["*"])(ca)
    return made


def ask_again(ca: str, *, now: datetime) -> None:
    """Let the CA's revocation lists be fetched now: something was taken back."""
    for source in CrlSource.objects.filter(ca=ca):
        set_timer(kind=FETCH, subject=source.public_id, due_at=now)


def end_certificate(row: Certificate, *, by: str, note: str, at: datetime) -> None:
    """End a bound certificate and the sessions proved with it; what it signed before stays good."""
    row.revoked_at, row.ended_by, row.ended_note = at, by, note[:300]
    row.save(update_fields=["revoked_at", "ended_by", "ended_note"])
    end_sessions(row)


def end_sessions(row: Certificate) -> None:
    """End the sessions proved with a certificate."""
    Session.objects.filter(certificate=row).delete()
