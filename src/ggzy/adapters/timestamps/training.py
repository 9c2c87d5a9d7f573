"""The training centre's own timestamp authority, in this process: real tokens of the legal clock, by a certificate that says 训练.

Outside a training centre it answers nothing: an authority has to be somebody else.
"""

import secrets
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings

from ggzy.identity import trust
from ggzy.identity.training_ca import training_ca
from ggzy.kernel.clock import legal_now
from ggzy.seals import tsp
from ggzy.seals.ports import TimestampUnavailable

#: the policy of the training authority, below the arc for examples
POLICY = "2.999.3161.1"


class TrainingTimestamps:
    """Answers queries with the training authority's key."""

    def __init__(self) -> None:
        if settings.MODE != "training":
            raise TimestampUnavailable("正式运行的中心没有训练时间戳服务")
        self._key, self._certificate = _pair(settings.KEYS)

    def trusted(self) -> Sequence[x509.Certificate]:
        """Return the training CA's root."""
        return (training_ca(settings.KEYS / "ca").certificate,)

    def answer(self, query: bytes) -> bytes:
        """Answer a query (DER) with a reply (DER)."""
        return tsp.reply(
            query,
            key=self._key,
            certificate=self._certificate,
            policy=POLICY,
            serial=secrets.randbits(120),
            at=legal_now(),
        )

    def stamp(self, digest: bytes) -> bytes:
        """Ask ourselves, by the same query, and check the token as anybody's."""
        data, nonce = tsp.query(digest)
        token = tsp.token_of(self.answer(data), nonce=nonce)
        tsp.require_token(token, digest=digest, trusted=self.trusted())
        return token


@cache
def _pair(keys: Path) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    """Return the authority's key and certificate, made on first use; two processes at once end with one pair."""
    folder = keys / "tsa"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / "training.pem"
    if not path.exists():
        key = ec.generate_private_key(ec.SECP256R1())
        made = training_ca(keys / "ca").issue_timestamper(key.public_key())
        draft = folder / f"training.{secrets.token_hex(4)}"
        draft.touch(mode=0o600)
        draft.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + trust.pem(made).encode()
        )
        with suppress(FileExistsError):
            path.hardlink_to(draft)
        draft.unlink()
    data = path.read_bytes()
    key = serialization.load_pem_private_key(data, None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return key, trust.load(data[data.index(b"-----BEGIN CERTIFICATE") :])
