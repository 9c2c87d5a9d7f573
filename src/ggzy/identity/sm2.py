"""SM2 with SM3 (GB/T 32918) for signatures, and the little that pyca/cryptography cannot do with SM2 certificates.

Format code over library cryptography: gmssl-pyx for the curve and the hash, asn1crypto for the structures. Signatures
and ciphertexts are DER (GM/T 0009), never raw; the signer's id is the default one of GM/T 0009.
"""

import ctypes
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import gmssl_pyx
from asn1crypto import core, keys, pem
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

SIGNER_ID = b"1234567812345678"
CURVE, WITH_SM3 = "1.2.156.10197.1.301", "1.2.156.10197.1.501"
_LONGEST = 80
keys.NamedCurve.register("sm2", CURVE, 32)  # asn1crypto does not know how long its keys are


@dataclass(frozen=True)
class KeyPair:
    """A private key (32 bytes) and its point (64 bytes)."""

    private: bytes
    public: bytes

    @classmethod
    def new(cls) -> "KeyPair":
        """Return a fresh pair."""
        public, private = gmssl_pyx.sm2_key_generate()
        return cls(private, public)

    def sign(self, data: bytes) -> bytes:
        """Return the DER signature on data."""
        made: bytes = gmssl_pyx.sm2_sign(self.private, self.public, data, signer_id=SIGNER_ID)
        return made


def verifies(public: bytes, *, signature: bytes, data: bytes) -> bool:
    """Say whether a DER signature fits; what is not DER of two integers is asked of nobody."""
    if not _is_signature(signature):
        return False
    with _quiet():
        return bool(gmssl_pyx.sm2_verify(public, data, signature, signer_id=SIGNER_ID))


def encrypt(public: bytes, secret: bytes) -> bytes:
    """Return a secret of at most 255 bytes for the holder of a key (DER SM2Cipher)."""
    made: bytes = gmssl_pyx.sm2_encrypt(public, secret)
    return made


def decrypt(key: KeyPair, sealed: bytes) -> bytes:
    """Return the secret in a DER SM2Cipher.

    :raises ValueError: broken, or not for this key
    """
    try:
        with _quiet():
            found: bytes = gmssl_pyx.sm2_decrypt(key.private, sealed)
    except (gmssl_pyx.GmsslInnerError, gmssl_pyx.InvalidValueError, TypeError):
        raise ValueError("not for this key") from None
    return found


_LOCK = threading.Lock()


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the trace that GmSSL prints for each bad signature out of the logs: C's `stderr` goes nowhere meanwhile.

    Python writes to the descriptor itself, so no line of ours is lost. Where the C library has no such variable to
    set, the trace is printed: it names source lines and nothing of the data.
    """
    if _C_STDERR is None:
        yield
        return
    with _LOCK:
        before, _C_STDERR.value = _C_STDERR.value, _NOWHERE
        try:
            yield
        finally:
            _C_STDERR.value = before


def _c_stderr() -> tuple[ctypes.c_void_p | None, int | None]:
    try:
        library = ctypes.CDLL(None)
        library.fopen.restype = ctypes.c_void_p
        found = ctypes.c_void_p.in_dll(library, "stderr")
        nowhere = library.fopen(b"/dev/null", b"w")
    except (OSError, ValueError, AttributeError):
        return None, None
    return (found, nowhere) if nowhere else (None, None)


_C_STDERR, _NOWHERE = _c_stderr()


class _Signature(core.Sequence):  # type: ignore[misc]  # asn1crypto ships no types
    _fields = [("r", core.Integer), ("s", core.Integer)]


def _is_signature(data: bytes) -> bool:
    try:
        found = _Signature.load(data, strict=True)
        return len(data) <= _LONGEST and found["r"].native > 0 and found["s"].native > 0
    except (ValueError, TypeError):
        return False


def point_of(spki: keys.PublicKeyInfo) -> bytes:
    """Return the 64 bytes of an SM2 key's point.

    :raises ValueError: not an uncompressed point of the curve
    """
    raw = spki["public_key"].native
    raw = raw if isinstance(raw, bytes) else bytes(spki["public_key"])
    if len(raw) != 65 or raw[0] != 4:
        raise ValueError("not an uncompressed point")
    try:
        found: bytes = gmssl_pyx.normalize_sm2_public_key(raw)
    except gmssl_pyx.InvalidValueError:
        raise ValueError("not on the curve") from None
    return found


def key_of(certificate: x509.Certificate) -> bytes:
    """Return the point of an SM2 certificate.

    :raises ValueError: there is none
    """
    return point_of(asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER)).public_key)


def key_info(public: bytes) -> keys.PublicKeyInfo:
    """Return the SubjectPublicKeyInfo of a point."""
    return keys.PublicKeyInfo(
        {
            "algorithm": {"algorithm": "ec", "parameters": keys.ECDomainParameters("named", CURVE)},
            "public_key": keys.ECPointBitString(b"\x04" + public),
        }
    )


def private_pem(pair: KeyPair) -> bytes:
    """Return a private key as PKCS#8 PEM, as OpenSSL writes it."""
    inner = keys.ECPrivateKey(
        {
            "version": "ecPrivkeyVer1",
            "private_key": int.from_bytes(pair.private),
            "public_key": b"\x04" + pair.public,
        }
    )
    made = keys.PrivateKeyInfo(
        {
            "version": 0,
            "private_key_algorithm": {
                "algorithm": "ec",
                "parameters": keys.ECDomainParameters("named", CURVE),
            },
            "private_key": inner,
        }
    )
    return bytes(pem.armor("PRIVATE KEY", made.dump()))


def pair_of_pem(data: bytes) -> KeyPair:
    """Return the pair in a PKCS#8 PEM.

    :raises ValueError: not an SM2 key
    """
    return pair_of_der(pem.unarmor(data)[2])


def pair_of_der(der: bytes) -> KeyPair:
    """Return the pair in PKCS#8 DER.

    :raises ValueError: not an SM2 key
    """
    try:
        read = keys.PrivateKeyInfo.load(der, strict=True)
        if read["private_key_algorithm"]["parameters"].chosen.dotted != CURVE:
            raise ValueError("another curve")
        inner = read["private_key"].parsed
        private = inner["private_key"].native.to_bytes(32)
        public = inner["public_key"].native  # OpenSSL and the CAs' tools always write it
        if not isinstance(public, bytes) or len(public) != 65:
            raise ValueError("without its public half")
    except (KeyError, TypeError, AttributeError, OverflowError) as wrong:
        raise ValueError("not an SM2 key") from wrong
    return KeyPair(private, public[1:])
