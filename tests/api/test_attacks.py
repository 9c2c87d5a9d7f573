"""Packages and certificates that lie: each refused with its own sentence, and nothing of them kept."""

import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyrage
import pytest

from ggzy.bidding import bidbox
from ggzy.bidding.models import Bid
from ggzy.client import bids
from ggzy.client.party import Identity, Problem
from ggzy.evidence import acks
from ggzy.identity import cms
from ggzy.identity.models import Certificate
from ggzy.kernel.canonical import canonical
from ggzy.kernel.refusals import Refusal
from tests.identity.people import foreign, new_key
from tests.journeys.tale import Tale


@pytest.fixture
def tale(platform: Any, tmp_path: Path) -> Tale:
    return Tale(platform, tmp_path).published()


def _sealed(tale: Tale, name: str = "jia", *, round_id: str = "") -> Path:
    party = tale.bidder(name)
    return bids.seal(
        party=party,
        round_id=round_id or tale.round,
        ocid=tale.tender["ocid"],
        fields={"bidder": party.name, "uscc": party.uscc, "price": "1.00", "duration_days": 1},
        attachments=[],
        into=tale.folder / f"{name}-{round_id or 'own'}",
    )


def _refused(tale: Tale, folder: Path, *, by: str = "jia", code: str, says: str) -> None:
    before = Bid.objects.count()
    with pytest.raises(Problem, match=says) as no:
        bids.submit(party=tale.bidder(by), round_id=tale.round, folder=folder)
    assert no.value.code == code
    assert Bid.objects.count() == before and tale.bidder(by).get("/bids")["bids"] == []


def _remade(tale: Tale, folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change a manifest and sign it anew, as its owner could."""
    manifest = bidbox.read_manifest((folder / "manifest.json").read_bytes())
    change(manifest)
    identity = tale.bidder("jia").identity
    assert identity is not None
    data = canonical(manifest)
    (folder / "manifest.json").write_bytes(data)
    (folder / "manifest.p7s").write_bytes(
        cms.sign_detached(data, key=identity.key, certificate=identity.certificate)
    )


def test_a_ciphertext_with_two_readers_is_refused(tale: Tale) -> None:
    folder = _sealed(tale)
    faces = [pyrage.x25519.Identity.generate() for _ in range(2)]
    payload = pyrage.encrypt(b"two faces", [face.to_public() for face in faces])
    (folder / "bid.age").write_bytes(payload)
    _refused(tale, folder, code="bidding.unsealed", says="不是本平台的加密格式")


def test_a_ciphertext_for_another_key_than_the_one_promised_is_the_bidders_own_failure(tale: Tale) -> None:
    """It cannot be seen before the opening; then no key opens it, and no second bid can come out of it."""
    folder = _sealed(tale)
    other = pyrage.encrypt(b"x" * 200, [pyrage.x25519.Identity.generate().to_public()])
    (folder / "bid.age").write_bytes(other)
    digests = bidbox._digests([other])
    _remade(tale, folder, lambda m: m["parts"]["bid.age"].update({"size": len(other), **digests}))
    bids.submit(party=tale.bidder("jia"), round_id=tale.round, folder=folder)
    for name in ("yi", "bing"):
        tale.bid(name)
    tale.platform.advance(tale.deadline)
    tale.owner.post(f"/tenders/{tale.tender['tender']}/opening")
    for name in ("jia", "yi", "bing"):
        tale.release(name)
    tale.platform.work()
    hall = tale.owner.get(f"/rounds/{tale.round}/opening")
    mine = next(b for b in hall["bids"] if b["bidder"] == tale.bidder("jia").name)
    assert mine["state"] == "revoked" and "无法用该密钥解密" in mine["reason"] and mine["price"] is None
    assert sum(b["state"] == "opened" for b in hall["bids"]) == 2


@pytest.mark.parametrize("cut", [1, 100, 10_000])
def test_a_truncated_file_is_refused(tale: Tale, cut: int) -> None:
    folder = _sealed(tale)
    whole = (folder / "bid.age").read_bytes()
    (folder / "bid.age").write_bytes(whole[: max(200, len(whole) - cut)])
    _refused(tale, folder, code="bidding.package_broken", says="与清单不符")


def test_a_swapped_envelope_is_refused_even_when_the_manifest_names_it(tale: Tale) -> None:
    folder, foreign_one = _sealed(tale), _sealed(tale, "yi")
    envelope = (foreign_one / "key.p7m").read_bytes()
    (folder / "key.p7m").write_bytes(envelope)
    _refused(tale, folder, code="bidding.package_broken", says="与清单不符")
    digests = bidbox._digests([envelope])
    _remade(tale, folder, lambda m: m["parts"]["key.p7m"].update({"size": len(envelope), **digests}))
    _refused(tale, folder, code="identity.envelope_broken", says="不是给您登录所用证书的")


def test_somebody_elses_manifest_is_refused(tale: Tale) -> None:
    """A rival's whole package, handed in again: its manifest names the rival's certificate, and is signed by it."""
    folder = _sealed(tale, "yi")
    _refused(tale, folder, code="bidding.package_broken", says="不是用您登录所用的证书加密的")
    own = _sealed(tale)
    shutil.copy(folder / "manifest.p7s", own / "manifest.p7s")
    _refused(tale, own, code="identity.cms_signature_wrong", says="清单签名")


def test_a_bid_for_another_round_is_refused(tale: Tale, tmp_path: Path) -> None:
    other = Tale(tale.platform, tmp_path / "other").published()
    folder = _sealed(tale, round_id=other.round)
    _refused(tale, folder, code="bidding.package_broken", says="另一个标段")


def test_an_expired_certificate_signs_no_bid(tale: Tale) -> None:
    folder = _sealed(tale)
    row = Certificate.objects.get(fingerprint=tale.bidder("jia").identity.fingerprint)
    # the law's clock goes past its end, the round still takes bids
    from ggzy.tendering.models import Round

    later = row.not_after + timedelta(days=40)
    Round.objects.filter(public_id=tale.round).update(bid_deadline=later)
    tale.platform.advance(row.not_after + timedelta(days=1))
    _refused(tale, folder, code="identity.certificate_not_trusted", says="已过期")


def test_a_revoked_certificate_signs_no_bid(tale: Tale) -> None:
    folder, jia = _sealed(tale), tale.bidder("jia")
    other = tale.platform.anonymous()
    from ggzy.client.story import PASSWORD

    other.sign_in(username="jia", password=PASSWORD, identity=None)
    other.post(f"/certificates/{jia.identity.fingerprint}/lost", {"note": "遗失"})
    with pytest.raises(Problem) as no:
        bids.submit(party=jia, round_id=tale.round, folder=folder)
    assert no.value.status == 401  # its session has ended
    with pytest.raises(Problem, match="已挂失"):
        jia.sign_in(username="jia", password=PASSWORD, identity=jia.identity)
    with pytest.raises(Problem) as unproved:
        bids.submit(party=jia, round_id=tale.round, folder=folder)
    assert unproved.value.status == 403 and not Bid.objects.filter(round__public_id=tale.round).exists()


@pytest.mark.parametrize("kind", ["self-signed", "claimed issuer"])
def test_a_certificate_of_ones_own_making_is_not_bound(tale: Tale, kind: str) -> None:
    jia, key = tale.bidder("jia"), new_key("P-256")
    issuer = jia.identity.certificate.issuer if kind == "claimed issuer" else None
    certificate = foreign(key, issuer=issuer)
    identity = Identity(key, certificate)
    challenge = jia.post("/sessions/challenge")["challenge"]
    pem = identity.to_pem().decode()
    body = {
        "pem": pem[pem.index("-----BEGIN CERTIFICATE") :],
        "signature": identity.sign(challenge.encode()),
    }
    with pytest.raises(Problem) as no:
        jia.post("/certificates/bind", body)
    assert no.value.code == "identity.certificate_not_trusted" and "数字证书不受信任" in str(no.value)


def test_a_certificate_for_another_purpose_is_refused() -> None:
    from cryptography import x509
    from cryptography.x509.oid import ExtendedKeyUsageOID

    from ggzy.identity import trust

    key = new_key("P-256")
    base = foreign(key)
    signing_only = x509.KeyUsage(True, True, False, False, False, False, False, False, False)

    def made(extension: x509.ExtensionType) -> x509.Certificate:
        from cryptography.hazmat.primitives import hashes

        return (
            x509.CertificateBuilder()
            .subject_name(base.subject)
            .issuer_name(base.issuer)
            .public_key(key.public_key())
            .serial_number(7)
            .not_valid_before(base.not_valid_before_utc)
            .not_valid_after(base.not_valid_after_utc)
            .add_extension(extension, critical=True)
            .sign(key, hashes.SHA256())
        )

    with pytest.raises(Refusal, match="只能签名, 不能用来加密"):
        trust.require_usage(made(signing_only), to_seal=True)
    with pytest.raises(Refusal, match="给服务器或其他用途"):
        trust.require_usage(made(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])))


def test_an_altered_acknowledgement_does_not_verify(tale: Tale) -> None:
    made = tale.bid("jia")["acknowledgement"]
    assert acks.verify(made)
    for field, value in made.items():
        if isinstance(value, str) and value:
            changed = value[:-1] + ("0" if value[-1] != "0" else "1")
            assert not acks.verify({**made, field: changed}), field
