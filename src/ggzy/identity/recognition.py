"""Which CAs were recognised at a moment and what was known of revocations then; every check of a certificate comes here."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from cryptography import x509
from django.conf import settings
from django.db import connection

from ggzy.evidence import keys
from ggzy.identity import trust, trustlist
from ggzy.identity.models import RevocationList, TrustList
from ggzy.identity.sm2_ca import sm2_ca
from ggzy.identity.training_ca import training_ca
from ggzy.identity.trust import Stale
from ggzy.identity.trustlist import Purpose, Recognised, TrustedCA
from ggzy.kernel.clock import BEIJING
from ggzy.kernel.refusals import Refusal

TRAINING, TRAINING_SM2 = "training", "training-sm2"


class TrustListBroken(Refusal):
    """The kept version of the trust list is not what the centre signed."""

    code = "identity.trust_list_broken"
    status = 503


@dataclass(frozen=True, kw_only=True)
class Known:
    """What the centre knew at a moment: the version in force, its CAs, their revocation lists by the CA's id."""

    version: int
    entries: tuple[TrustedCA, ...]
    crls: Mapping[str, Sequence[x509.CertificateRevocationList]]


# one plain statement: every submission of a bid asks it
_KNOWN = """
WITH in_force AS (
  SELECT id, number FROM identity_trustlist
   WHERE centre_id = %(centre)s AND state = 'confirmed' AND confirmed_at <= %(at)s ORDER BY number DESC LIMIT 1),
latest AS (
  SELECT DISTINCT ON (r.source_id) r.id, s.ca
    FROM identity_revocationlist r JOIN identity_crlsource s ON s.id = r.source_id
   WHERE r.centre_id = %(centre)s AND r.fetched_at <= %(at)s ORDER BY r.source_id, r.this_update DESC, r.id DESC)
SELECT id, number, '' FROM in_force UNION ALL SELECT id, NULL, ca FROM latest
"""


def known_at(at: datetime) -> Known:
    """Return what was in force and known at a moment.

    :raises TrustListBroken: somebody changed the version in the database
    """
    with connection.cursor() as cursor:
        cursor.execute(_KNOWN, {"centre": settings.CENTRE_ID, "at": at})
        rows = cursor.fetchall()
    crls: dict[str, list[x509.CertificateRevocationList]] = {}
    for pk, number, ca in rows:
        if number is None:
            crls.setdefault(ca, []).append(_crl(pk))
    in_force = next(((pk, number) for pk, number, _ in rows if number is not None), None)
    if in_force is None:
        return Known(version=0, entries=from_files(), crls=crls)
    return Known(version=in_force[1], entries=_entries(in_force[0]), crls=crls)


def from_files() -> tuple[TrustedCA, ...]:
    """Return the CAs before any version was confirmed: the files in `keys/trust/`, and in training its two."""
    files = sorted((settings.KEYS / "trust").glob("*.crt"))
    found = tuple(
        TrustedCA(id=f"file-{number}", name=trust.name_of(one), anchors=(one,), rules=())
        for number, one in enumerate((trust.load(path.read_bytes()) for path in files), 1)
    )
    return (*found, training_entry(), training_sm2_entry()) if settings.MODE == "training" else found


def training_entry() -> TrustedCA:
    """Return the training CA as an entry of the list."""
    return TrustedCA(
        id=TRAINING,
        name="OpenGGZY 训练CA(演示)",
        anchors=(training_ca(settings.KEYS / "ca").certificate,),
        algorithms=("P-256", "RSA"),
        valid_from=datetime(2026, 1, 1, tzinfo=BEIJING),
        crl=("training:ca",),
    )


def training_sm2_entry() -> TrustedCA:
    """Return the training centre's SM2 CA as an entry of the list: its dual certificates sign and receive envelopes."""
    ca = sm2_ca(settings.KEYS / "ca-sm2")
    return TrustedCA(
        id=TRAINING_SM2,
        name="OpenGGZY SM2训练CA(演示)",
        anchors=(ca.root,),
        intermediates=(ca.issuing,),
        algorithms=("SM2",),
        purposes=frozenset({Purpose.LOGIN, Purpose.SIGN, Purpose.ENVELOPE}),
        valid_from=datetime(2026, 1, 1, tzinfo=BEIJING),
        crl=("training:sm2",),
    )


@lru_cache(maxsize=256)
def _crl(pk: int) -> x509.CertificateRevocationList:
    return trust.load_crl(bytes(RevocationList.objects.values_list("der", flat=True).get(pk=pk)))


@lru_cache(maxsize=32)
def _entries(pk: int) -> tuple[TrustedCA, ...]:
    signed, digest = TrustList.objects.values_list("signed", "sha256").get(pk=pk)
    require_own(signed, digest)
    return trustlist.read_kept(json.dumps(signed["entries"]))


def require_own(signed: Mapping[str, Any], digest: str) -> None:
    """Let a kept version pass that this centre signed: with its present key, or one it has laid aside.

    :raises TrustListBroken: changed, or signed by a key that is not the centre's
    """
    former = settings.KEYS / "ack.former"
    ours = {keys.ack_public(), *(former.read_text().split() if former.exists() else ())}
    if signed.get("key") not in ours or not trustlist.verify(signed) or trustlist.digest(signed) != digest:
        raise TrustListBroken(
            "信任列表的签名与本中心的密钥不符, 暂停采信任何证书。请密钥保管人核对; "
            "更换过回执密钥的, 把旧公钥(十六进制)写入密钥目录的 ack.former"
        )


def policy() -> Stale:
    """Return what follows from a stale revocation list at this centre."""
    return Stale(settings.STALE_CRL)


def require_recognised(
    certificate: x509.Certificate, *, purposes: Iterable[Purpose], at: datetime
) -> "Finding":
    """Let a certificate pass that was good for these purposes at a moment, by the version in force and the lists known then.

    :raises trust.CertificateNotTrusted: with the reason
    """
    known = known_at(at)
    found = trustlist.require_recognised(
        certificate, entries=known.entries, crls=known.crls, purposes=purposes, at=at, stale=policy()
    )
    return Finding(version=known.version, recognised=found)


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A certificate that was good, and what that was read from."""

    version: int
    recognised: Recognised

    @property
    def ca(self) -> TrustedCA:
        """Return its CA."""
        return self.recognised.ca

    @property
    def warnings(self) -> tuple[str, ...]:
        """Return what was not as it should be."""
        return self.recognised.checked.warnings

    def as_facts(self) -> dict[str, Any]:
        """Return what is kept beside a signature."""
        return {
            "trust_list": self.version,
            "ca": self.ca.id,
            "crls": [
                {"issuer": crl.issuer.rfc4514_string(), "this_update": crl.last_update_utc.isoformat()}
                for crl in self.recognised.checked.crls
            ],
            "warnings": list(self.warnings),
        }


def certificates_of_cas(at: datetime) -> tuple[x509.Certificate, ...]:
    """Return the certificates of every recognised CA, for those who must be able to build chains."""
    return tuple(one for ca in known_at(at).entries for one in ca.certificates)
