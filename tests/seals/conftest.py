"""A CA, key pairs of each kind with certificates, a page to seal, and a timestamp authority that can be stopped."""

import secrets
import subprocess
from base64 import b64decode
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from ggzy.identity import seals, sm2
from ggzy.identity.sm2_ca import Sm2CA
from ggzy.identity.training_ca import TrainingCA
from ggzy.seals import tsp
from tests.identity.people import certified
from tests.identity.test_seals import page

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
POLICY = "2.999.3161.1"


@pytest.fixture(scope="session")
def ca(tmp_path_factory):
    return TrainingCA(tmp_path_factory.mktemp("ca") / "keys")


@pytest.fixture(scope="session")
def p256(ca):
    return certified(ca, "P-256")


@pytest.fixture(scope="session")
def rsa2048(ca):
    return certified(ca, "RSA")


class Tsa:
    """A timestamp authority of the test's own."""

    def __init__(self, ca, at=NOW):
        self.ca, self.at = ca, at
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = ca.issue_timestamper(self.key.public_key())

    def answer(self, query):
        return tsp.reply(
            query,
            key=self.key,
            certificate=self.certificate,
            policy=POLICY,
            serial=secrets.randbits(120),
            at=self.at,
        )

    def stamp(self, digest):
        data, nonce = tsp.query(digest)
        return tsp.token_of(self.answer(data), nonce=nonce)


@pytest.fixture(scope="session")
def tsa(ca):
    return Tsa(ca)


@pytest.fixture(scope="session")
def pdf():
    return page("Contract: 1 000 000.00")


@pytest.fixture(scope="session")
def look():
    return page("SEAL")


class Sm2Person:
    """An SM2 key pair with its certificate, that signs as a token does."""

    def __init__(self, ca):
        from ggzy.identity.sm2_ca import request as make_request

        self.pair = sm2.KeyPair.new()
        made = ca.issue(
            make_request(self.pair),
            organisation="济南某建设有限公司",
            uscc="91370100M00000001A",
            person="张三",
        )
        self.certificate = made.signing

    def sign(self, data):
        from base64 import b64encode

        return b64encode(self.pair.sign(data)).decode()


@pytest.fixture(scope="session")
def sm2_ca(tmp_path_factory):
    return Sm2CA(tmp_path_factory.mktemp("sm2") / "keys")


@pytest.fixture(scope="session")
def sm2_person(sm2_ca):
    return Sm2Person(sm2_ca)


def sealed(pdf, look, who, chain, *, field="Seal1", box=(40, 40, 160, 160), stamp=None):
    made = seals.prepare(
        pdf,
        field=field,
        box=box,
        reason="签订合同",
        certificate=who.certificate,
        chain=chain,
        appearance=look,
    )
    return seals.finish(
        made,
        signature=b64decode(who.sign(made.to_sign)),
        certificate=who.certificate,
        chain=chain,
        stamp=stamp,
    )


def lasting(pdf, ca, tsa, *signers, crl_at=NOW):
    from cryptography import x509

    crl = x509.load_der_x509_crl(ca.crl([], number=1, at=crl_at))
    return seals.lengthen(
        pdf,
        certificates=[*(s.certificate for s in signers), ca.certificate, tsa.certificate],
        crls=[crl],
        stamp=tsa.stamp,
    )


def seals_valid(pdf, path):
    """Return what pdfsig says of each seal; document timestamps it lists as a kind it does not verify."""
    path.write_bytes(pdf)
    told = subprocess.run(["pdfsig", "-nocert", path], capture_output=True, text=True).stdout
    parts = told.split("Signature #")[1:]
    return ["Signature Validation: Signature is Valid." in p for p in parts if "ETSI.CAdES.detached" in p]
