"""One party: its key pair, its session, its signatures."""

import base64
import os
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from asn1crypto import pem
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID

from ggzy.identity import gm, sm2, sm2_ca
from ggzy.identity.cms import PrivateKey
from ggzy.identity.trust import fingerprint

_PROVE_AGAIN = "permission.prove_again"


class Problem(Exception):
    """The platform said no: its problem document."""

    def __init__(self, status: int, body: Mapping[str, Any]) -> None:
        self.status, self.body = status, dict(body)
        self.code = str(body.get("code", ""))
        basis = f"(依据: {body['basis']})" if body.get("basis") else ""
        super().__init__(f"{body.get('message') or body.get('title') or f'HTTP {status}'}{basis}")


@dataclass(frozen=True)
class Identity:
    """A private key and its certificate; for SM2 a dual pair, whose second certificate receives envelopes."""

    key: PrivateKey
    certificate: x509.Certificate
    receives: x509.Certificate | None = None

    @classmethod
    def from_pem(cls, text: bytes, *, password: bytes | None = None) -> "Identity":
        """Read a key and a certificate from one PEM text; an SM2 pair is signing key, its certificate, the others.

        :raises ValueError: a kind of key that is not supported, or a part is missing
        """
        found = sm2_identity(text)
        if found is not None:
            return found
        key = serialization.load_pem_private_key(text[text.index(b"-----BEGIN ") :], password)
        if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
            raise ValueError("只支持RSA、P-256和SM2私钥")
        return cls(key, x509.load_pem_x509_certificate(text[text.index(b"-----BEGIN CERTIFICATE") :]))

    def to_pem(self) -> bytes:
        """Return key and certificate as one PEM text."""
        if isinstance(self.key, gm.Keys):
            assert self.receives is not None, "a dual pair has two certificates"
            parts = ((self.key.signing, self.certificate), (self.key.encryption, self.receives))
            return b"".join(
                sm2.private_pem(pair) + certificate.public_bytes(serialization.Encoding.PEM)
                for pair, certificate in parts
            )
        return self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ) + self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def fingerprint(self) -> str:
        """Return the certificate's SHA-256 fingerprint."""
        return fingerprint(self.certificate)

    def sign(self, data: bytes) -> str:
        """Return a base64 signature: ECDSA or RSA PKCS#1 v1.5 with SHA-256, or SM2 with SM3."""
        if isinstance(self.key, gm.Keys):
            return base64.b64encode(self.key.signing.sign(data)).decode()
        if isinstance(self.key, rsa.RSAPrivateKey):
            return base64.b64encode(self.key.sign(data, padding.PKCS1v15(), hashes.SHA256())).decode()
        return base64.b64encode(self.key.sign(data, ec.ECDSA(hashes.SHA256()))).decode()


def sm2_identity(text: bytes) -> Identity | None:
    """Return the SM2 identity in a PEM text, None where it is of another kind.

    :raises ValueError: it is SM2, but a key or a certificate of the pair is missing
    """
    try:
        blocks = [
            (kind, der) for kind, _, der in pem.unarmor(text[text.index(b"-----BEGIN ") :], multiple=True)
        ]
        pairs = [sm2.pair_of_der(der) for kind, der in blocks if kind == "PRIVATE KEY"]
    except ValueError:
        return None
    if not pairs:
        return None
    by_key = {
        sm2.key_of(one): one
        for one in (x509.load_der_x509_certificate(der) for kind, der in blocks if kind == "CERTIFICATE")
    }
    if any(pair.public not in by_key for pair in pairs):
        raise ValueError("SM2证书文件应含签名证书、加密证书和各自的私钥")
    signing, encryption = pairs[0], pairs[-1]
    return Identity(gm.Keys(signing, encryption), by_key[signing.public], by_key[encryption.public])


def new_sm2_request() -> tuple[sm2.KeyPair, str]:
    """Return a fresh SM2 signing key and its certificate request in PEM."""
    pair = sm2.KeyPair.new()
    return pair, sm2_ca.request(pair).decode()


def dual_identity(pair: sm2.KeyPair, issued: Mapping[str, str]) -> Identity:
    """Return the SM2 identity of a signing key and of what its CA issued: `pem`, `encryption_pem`, `encryption_key`.

    :raises ValueError: the encryption key was wrapped for somebody else
    """
    encryption = sm2_ca.open_key(base64.b64decode(issued["encryption_key"]), key=pair)
    certificate, receives = (
        x509.load_pem_x509_certificate(issued[part].encode()) for part in ("pem", "encryption_pem")
    )
    return Identity(gm.Keys(pair, encryption), certificate, receives)


def new_request() -> tuple[ec.EllipticCurvePrivateKey, str]:
    """Return a fresh P-256 key and its certificate request in PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "OpenGGZY")])
    csr = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    return key, csr.public_bytes(serialization.Encoding.PEM).decode()


_LOCAL = threading.local()


def _http(base: str, transport: httpx.BaseTransport | None) -> httpx.Client:
    """Return this thread's connection to a platform; parties share it, tokens travel in headers."""
    clients: dict[tuple[str, int], httpx.Client] = _LOCAL.__dict__.setdefault("clients", {})
    key = (base, id(transport))
    if key not in clients:
        clients[key] = httpx.Client(base_url=base, transport=transport, timeout=120, trust_env=False)
    return clients[key]


class Party:
    """Somebody who acts on the platform through its API."""

    def __init__(self, base: str, *, transport: httpx.BaseTransport | None = None) -> None:
        self.base, self._transport = base.rstrip("/"), transport
        self.token = ""
        self.identity: Identity | None = None
        self._proofs, self._proving = 0, threading.Lock()
        self.name = ""
        self.uscc = ""

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        files: Mapping[str, Any] | None = None,
        key: str | None = None,
    ) -> Any:
        """Call one operation and return its JSON. Writes carry an Idempotency-Key and are tried again once when the
        connection breaks: the second try gets the first one's answer. A proof that grew old is made again.

        :raises Problem: the platform refused
        """
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        if method != "GET":
            headers["Idempotency-Key"] = key or secrets.token_hex(16)
        proofs = self._proofs
        try:
            return self._ask(method, path, body, files=files, headers=headers)
        except Problem as problem:
            if problem.code != _PROVE_AGAIN or self.identity is None or files:
                raise
        with self._proving:  # of several threads one proves: a second challenge would void the first
            if self._proofs == proofs:
                self.prove_again()
        return self._ask(method, path, body, files=files, headers=headers)

    def _ask(
        self,
        method: str,
        path: str,
        body: Any,
        *,
        files: Mapping[str, Any] | None,
        headers: Mapping[str, str],
    ) -> Any:
        for last in (False, True):
            try:
                reply = _http(self.base, self._transport).request(
                    method, f"/api/v1{path}", json=body, files=files, headers=headers
                )
                break
            except httpx.TransportError:
                if last:
                    raise
        if reply.status_code >= 400:
            try:
                problem = reply.json()
            except ValueError:
                problem = {"message": f"平台返回错误 {reply.status_code}"}
            raise Problem(reply.status_code, problem)
        return reply.json()

    def raw(
        self, method: str, address: str, *, headers: Mapping[str, str], content: bytes = b""
    ) -> httpx.Response:
        """Send one request outside the API and return its answer as it is; the token goes along."""
        token = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return _http(self.base, self._transport).request(
            method, address, headers={**token, **headers}, content=content
        )

    def get(self, path: str) -> Any:
        """Read."""
        return self.ask("GET", path)

    def post(self, path: str, body: Any = None, *, key: str | None = None) -> Any:
        """Write."""
        return self.ask("POST", path, body if body is not None else {}, key=key)

    def register(self, *, uscc: str, name: str, role: str, username: str, password: str, person: str) -> None:
        """Register an organisation, sign in, make a key pair and get a certificate for it."""
        self.post(
            "/organisations",
            {
                "uscc": uscc,
                "name": name,
                "role": role,
                "username": username,
                "password": password,
                "person_name": person,
            },
        )
        self.name, self.uscc = name, uscc
        signed = self.ask("POST", "/sessions", {"username": username, "password": password})
        self.token = signed["token"]
        key, csr = new_request()
        certificate = self.post("/certificates", {"csr": csr})
        self.identity = Identity(key, x509.load_pem_x509_certificate(certificate["pem"].encode()))
        self._prove(signed["challenge"])

    def sign_in(self, *, username: str, password: str, identity: Identity | None) -> None:
        """Sign in by password and, with an identity, prove its certificate."""
        signed = self.ask("POST", "/sessions", {"username": username, "password": password})
        self.token, self.identity = signed["token"], identity
        if identity is not None:
            self._prove(signed["challenge"])

    def prove_again(self) -> None:
        """Prove the certificate once more: an act that binds wants it fresh."""
        self._prove(self.ask("POST", "/sessions/challenge")["challenge"])
        self._proofs += 1

    def _prove(self, challenge: str) -> None:
        assert self.identity is not None
        self.post(
            "/sessions/proof",
            {"certificate": self.identity.fingerprint, "signature": self.identity.sign(challenge.encode())},
        )

    def sign_beside(self, identity: Identity) -> int:
        """Sign with an SM2 identity whatever waits for it beside a seal; return how many. Then prepare the seal again."""
        rows = [
            row for row in self.get("/seals/beside")["waiting"] if row["certificate"] == identity.fingerprint
        ]
        for row in rows:
            signature = identity.sign(base64.b64decode(row["to_sign"]))
            place = {"purpose": row["purpose"], "subject": row["subject"]}
            self.post("/seals/beside", {**place, "signature": signature})
        return len(rows)

    def signature_on(self, encoded: str) -> str:
        """Return this party's signature on base64 bytes that the platform asks to be signed."""
        assert self.identity is not None, "sign in with a certificate first"
        return self.identity.sign(base64.b64decode(encoded))


def save_private(path: Path, data: bytes) -> None:
    """Write a file that only its owner may read."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(data)
