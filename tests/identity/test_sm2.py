"""SM2: third-party vectors, a CA with an intermediate, its revocation list, dual certificates, and OpenSSL's opinion."""

import json
import shutil
import subprocess
from base64 import b64decode, b64encode
from datetime import timedelta

import pytest
from asn1crypto import core

from ggzy.client.party import Problem
from ggzy.identity import mapping, recognition, sm2, sm2_ca, trust
from ggzy.identity.models import Certificate
from ggzy.identity.training_ca import Revoked
from ggzy.identity.trust import CertificateNotTrusted, CertificateRevoked, CrlBroken, SignatureWrong, Stale
from ggzy.identity.trustlist import Purpose
from ggzy.kernel.ids import make_uscc
from tests.identity.cas import DAY, NOW
from tests.identity.people import new_key, request_of
from tests.identity.test_life import sign_in
from tests.shared import shared

VECTORS, marks = shared("vectors/sm/sm_vectors.json")
USCC = make_uscc(region="370100", serial=1234567)
DATA = "我方投标报价为".encode()
needs_openssl = pytest.mark.skipif(
    not shutil.which("openssl"), reason="openssl is not installed on this machine"
)


@pytest.fixture(scope="module")
def ca(tmp_path_factory):
    return sm2_ca.Sm2CA(tmp_path_factory.mktemp("sm2") / "keys")


@pytest.fixture(scope="module")
def pair():
    return sm2.KeyPair.new()


@pytest.fixture(scope="module")
def dual(ca, pair):
    return ca.issue(sm2_ca.request(pair), organisation="甲公司", uscc=USCC, person="张三")


def check(ca, certificate, *, at=NOW, crls=(), stale=None, between=True):
    return trust.require_trusted(
        certificate,
        anchors=(ca.root,),
        intermediates=(ca.issuing,) if between else (),
        at=at,
        crls=[trust.load_crl(crl) for crl in crls],
        stale=stale,
    )


@pytest.mark.parametrize(
    "change", [pytest.param(one, marks=[*marks, pytest.mark.pure]) for one in ("", "message", "r", "s")]
)
def test_the_example_of_the_standard(change):
    """GM/T 0003.5-2012, recommended curve, id 1234567812345678."""
    said = json.loads(VECTORS.read_text())["sm2_sign"]
    r, s = (int(said[name], 16) + (change == name) for name in "rs")
    signature = core.SequenceOf([r, s], spec=core.Integer).dump()
    data = said["msg"].encode() + (b"." if change == "message" else b"")
    assert sm2.verifies(bytes.fromhex(said["pub"]), signature=signature, data=data) is (change == "")


@pytest.mark.pure
def test_a_chain_goes_over_the_intermediate_and_not_without_it(ca, dual):
    assert trust.algorithm_of(dual.signing) == "SM2"
    assert len(check(ca, dual.signing).chain) == 3
    with pytest.raises(CertificateNotTrusted):
        check(ca, dual.signing, between=False)


@pytest.mark.pure
def test_a_changed_certificate_is_not_believed(ca, dual):
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    der = dual.signing.public_bytes(Encoding.DER)
    forged = x509.load_der_x509_certificate(der.replace("张三".encode(), "李四".encode()))
    with pytest.raises(CertificateNotTrusted, match="签名不对"):
        check(ca, forged)


@pytest.mark.pure
@pytest.mark.parametrize(
    ("at", "says"), [(NOW - 90 * DAY, "尚未生效"), (NOW + 1500 * DAY, "已过期"), (NOW, None)]
)
def test_it_has_its_time(ca, dual, at, says):
    if says:
        with pytest.raises(CertificateNotTrusted, match=says):
            check(ca, dual.signing, at=at)
    else:
        check(ca, dual.signing, at=at)


@pytest.mark.pure
def test_a_list_signed_with_sm2_revokes_from_its_moment(ca, dual):
    crl = ca.crl(
        [Revoked(dual.signing.serial_number, NOW - DAY, "keyCompromise")],
        number=7,
        at=NOW - timedelta(hours=1),
    )
    with pytest.raises(CertificateRevoked, match="密钥泄露"):
        check(ca, dual.signing, crls=[crl])
    check(ca, dual.signing, crls=[crl], at=NOW - DAY - timedelta(seconds=1))
    check(ca, dual.encryption, crls=[crl], stale=Stale.REFUSE)
    with pytest.raises(CertificateNotTrusted, match="已过期"):
        check(ca, dual.encryption, crls=[crl], stale=Stale.REFUSE, at=NOW + 8 * DAY)


@pytest.mark.pure
def test_a_forged_sm2_list_is_not_believed(ca, dual):
    other = sm2.KeyPair(sm2.KeyPair.new().private, sm2.key_of(ca.issuing))  # it claims the CA's key
    name = sm2_ca._subject_of(ca.issuing)
    forged = sm2_ca.crl(issuer=name, signer=other, revoked=[], number=1, at=NOW - DAY)
    with pytest.raises(CrlBroken, match="签名不对"):
        trust.require_crl_of(trust.load_crl(forged), [ca.root, ca.issuing])
    with pytest.raises(CertificateNotTrusted, match="吊销列表签名不对"):
        check(ca, dual.signing, crls=[forged])
    good = trust.load_crl(ca.crl([], number=1, at=NOW))
    assert trust.require_crl_of(good, [ca.root, ca.issuing]) == ca.issuing


@pytest.mark.pure
def test_of_the_two_certificates_one_signs_and_one_receives(dual):
    trust.require_usage(dual.signing)
    trust.require_usage(dual.encryption, to_seal=True)
    for certificate, to_seal in ((dual.signing, True), (dual.encryption, False)):
        with pytest.raises(CertificateNotTrusted, match="证书用途不符"):
            trust.require_usage(certificate, to_seal=to_seal)


@pytest.mark.pure
def test_the_encryption_key_opens_for_the_signing_key_alone(dual, pair):
    opened = sm2_ca.open_key(dual.enveloped_key, key=pair)
    assert opened.public == sm2.key_of(dual.encryption)
    trust.require_signature(dual.encryption, signature=opened.sign(DATA), data=DATA)
    with pytest.raises(ValueError, match="not for this key"):
        sm2_ca.open_key(dual.enveloped_key, key=sm2.KeyPair.new())


@pytest.mark.pure
def test_the_certificate_names_its_organisation(dual):
    for certificate in (dual.signing, dual.encryption):
        assert mapping.holder_of(certificate, mapping.USUAL).uscc == USCC


@pytest.mark.pure
def test_a_signature_fits_its_data_and_its_certificate(dual, pair, capfd):
    signature = pair.sign(DATA)
    trust.require_signature(dual.signing, signature=signature, data=DATA)
    der = core.SequenceOf([1, 2], spec=core.Integer).dump()
    raw = b"".join(n.native.to_bytes(32) for n in core.SequenceOf.load(signature, spec=core.Integer))
    for certificate, made, data in (
        (dual.signing, signature, DATA + b"."),
        (dual.encryption, signature, DATA),
        (dual.signing, der, DATA),
        (dual.signing, raw, DATA),
        (dual.signing, b"", DATA),
        (dual.signing, signature + b"\0", DATA),
    ):
        with pytest.raises(SignatureWrong):
            trust.require_signature(certificate, signature=made, data=data)
    assert "GmSSL" not in capfd.readouterr().err, "the library's trace stays out of the logs"


@pytest.mark.pure
@pytest.mark.parametrize(
    "csr", [b"", b"x", b"-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n"]
)
def test_what_is_no_request_is_refused(ca, csr):
    assert not sm2_ca.is_request(csr)
    with pytest.raises(CertificateNotTrusted, match="CSR"):
        ca.issue(csr, organisation="", uscc="", person="x")


@pytest.mark.pure
def test_a_request_for_another_key_is_refused(ca, pair):
    assert sm2_ca.is_request(sm2_ca.request(pair))
    assert not sm2_ca.is_request(request_of(new_key()))
    stranger = sm2.KeyPair(sm2.KeyPair.new().private, pair.public)
    with pytest.raises(CertificateNotTrusted, match="签名无效"):
        ca.issue(sm2_ca.request(stranger), organisation="", uscc="", person="x")
    with pytest.raises(CertificateNotTrusted, match="不是SM2"):
        ca.issue(request_of(new_key()), organisation="", uscc="", person="x")


@pytest.mark.pure
@needs_openssl
def test_openssl_believes_our_certificate_and_our_signature(ca, dual, pair, tmp_path):
    """One step of the chain: OpenSSL 3.0 does not verify SM2 chains with intermediates."""
    (tmp_path / "ca.pem").write_text(trust.pem(ca.issuing))
    (tmp_path / "leaf.pem").write_text(trust.pem(dual.signing))
    (tmp_path / "data").write_bytes(DATA)
    (tmp_path / "sig").write_bytes(pair.sign(DATA))

    def openssl(*args):
        return subprocess.run(["openssl", *args], cwd=tmp_path, capture_output=True, text=True)

    chain = openssl(
        "verify", "-partial_chain", "-trusted", "ca.pem", "-vfyopt", "distid:1234567812345678",
        "-attime", str(int(NOW.timestamp())), "leaf.pem",
    )  # fmt: skip
    assert chain.returncode == 0, chain.stderr
    openssl("x509", "-in", "leaf.pem", "-pubkey", "-noout", "-out", "key.pem")
    verify = [
        "pkeyutl",
        "-verify",
        "-pubin",
        "-inkey",
        "key.pem",
        "-sigfile",
        "sig",
        "-rawin",
        "-digest",
        "sm3",
    ]
    options = ["-pkeyopt", "distid:1234567812345678", "-in"]
    assert openssl(*verify, *options, "data").returncode == 0
    (tmp_path / "other").write_bytes(DATA + b".")
    assert openssl(*verify, *options, "other").returncode != 0


@pytest.mark.pure
@needs_openssl
def test_openssls_request_is_certified_and_its_signature_fits(ca, tmp_path):
    def openssl(*args):
        run = subprocess.run(["openssl", *args], cwd=tmp_path, capture_output=True, text=True)
        if run.returncode:
            pytest.skip(f"this openssl cannot do SM2: {run.stderr[:80]}")

    openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:SM2", "-out", "key.pem")
    openssl(
        "req", "-new", "-key", "key.pem", "-sm3", "-subj", "/CN=x", "-out", "r.csr",
        "-sigopt", "distid:1234567812345678",
    )  # fmt: skip
    (tmp_path / "data").write_bytes(DATA)
    openssl(
        "pkeyutl", "-sign", "-inkey", "key.pem", "-rawin", "-digest", "sm3", "-in", "data", "-out", "sig",
        "-pkeyopt", "distid:1234567812345678",
    )  # fmt: skip
    made = ca.issue((tmp_path / "r.csr").read_bytes(), organisation="甲公司", uscc=USCC, person="张三")
    trust.require_signature(made.signing, signature=(tmp_path / "sig").read_bytes(), data=DATA)


# on the platform


@pytest.fixture
def with_sm2(platform):
    jia, pair = platform.demo("jia"), sm2.KeyPair.new()
    made = jia.post("/certificates", {"csr": sm2_ca.request(pair).decode()})
    return platform, pair, made


def prove(platform, pair, fingerprint):
    from ggzy.client.story import PASSWORD

    party = platform.anonymous()
    signed = party.ask("POST", "/sessions", {"username": "jia", "password": PASSWORD})
    party.token = signed["token"]
    signature = b64encode(pair.sign(signed["challenge"].encode())).decode()
    party.post("/sessions/proof", {"certificate": fingerprint, "signature": signature})
    return party


@pytest.mark.django_db
def test_a_dual_certificate_is_issued_and_signs_in(with_sm2):
    platform, pair, made = with_sm2
    row = Certificate.objects.get(fingerprint=made["fingerprint"])
    assert row.ca == "training-sm2"
    opened = sm2_ca.open_key(b64decode(made["encryption_key"]), key=pair)
    assert opened.public == sm2.key_of(trust.load(made["encryption_pem"]))
    party = prove(platform, pair, made["fingerprint"])
    assert party.get("/whoami")["certificate"] == made["fingerprint"]
    with pytest.raises(Problem) as refused:
        prove(platform, sm2.KeyPair.new(), made["fingerprint"])
    assert refused.value.code == "identity.signature_wrong"


@pytest.mark.django_db
def test_its_pair_signs_and_receives_and_seals_no_pdf(with_sm2):
    platform, pair, made = with_sm2
    loaded = trust.load(made["pem"])
    recognition.require_recognised(loaded, purposes=(Purpose.SIGN,), at=platform.now)
    receives = trust.load(made["encryption_pem"])
    recognition.require_recognised(receives, purposes=(Purpose.ENVELOPE,), at=platform.now)
    with pytest.raises(CertificateNotTrusted, match="不用于"):
        recognition.require_recognised(loaded, purposes=(Purpose.SEAL,), at=platform.now)
    with pytest.raises(CertificateNotTrusted, match="只能签名"):
        recognition.require_recognised(loaded, purposes=(Purpose.ENVELOPE,), at=platform.now)


@pytest.mark.django_db
def test_a_lost_sm2_certificate_comes_onto_the_sm2_list(with_sm2):
    platform, pair, made = with_sm2
    platform.work()
    party = prove(platform, pair, made["fingerprint"])
    sign_in(platform, "jia", None).post(f"/certificates/{made['fingerprint']}/lost")
    with pytest.raises(Problem):
        party.post("/certificates", {"csr": "x"})
    platform.advance(platform.now + timedelta(minutes=1))
    with pytest.raises(CertificateRevoked):
        recognition.require_recognised(trust.load(made["pem"]), purposes=(Purpose.SIGN,), at=platform.now)


@pytest.mark.django_db
def test_pages_show_an_sm2_certificate(with_sm2, client):
    from tests.identity.test_life import page_of

    platform, _, made = with_sm2
    page = page_of(client, platform.demo("jia"), "/certificates")
    assert "SM2训练CA" in page
    assert "SM2训练CA" in client.get("/trust").content.decode()
    issued_by = trust.load_crl(client.get("/training/sm2.crl").content).issuer
    assert issued_by == recognition.training_sm2_entry().intermediates[0].subject
    assert client.get("/training/x.crl").status_code == 404
    assert "ggzy" in page_of(client, platform.demo("jia"), "/login?step=certificate").lower()
