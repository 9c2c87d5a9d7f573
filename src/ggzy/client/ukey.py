"""A USB key that is none: a loopback service which speaks as the vendors' helpers do, for demonstrations and tests.

The functions are those of GM/T 0020 (SOF), one JSON object a call: {"function": "SOF_SignData", "CertID": …, "InData": …}
→ {"error": 0, "result": …}. Binary values are base64. Keys lie in PEM files here; in a real key they never leave it.
Only pages of the allowed origins are answered, only on the loopback interface, only under a loopback host name.
"""

import base64
import hmac
import json
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.serialization import Encoding

from ggzy.client.party import Identity
from ggzy.identity import cms, gm
from ggzy.kernel.refusals import Refusal

PORT = 8780
TRIES = 8
MOST_REQUEST = 1 << 20
#: error numbers of this emulator, in the manner of SKF (GM/T 0016)
NO_SUCH, NOT_LOGGED_IN, WRONG_PIN, LOCKED, BROKEN = 1, 2, 3, 4, 5
_HOSTS = ("127.0.0.1", "localhost", "[::1]")


class Failed(Exception):
    """A call failed: an error number and, where it helps, what is left."""

    def __init__(self, error: int, message: str, **more: Any) -> None:
        super().__init__(message)
        self.error, self.message, self.more = error, message, more


@dataclass
class Token:
    """One key in the emulated reader."""

    label: str
    identity: Identity
    pin: str
    left: int = TRIES
    open: bool = False
    lock: Lock = field(default_factory=Lock, repr=False)

    @property
    def container(self) -> str:
        """Return what names the key in a call."""
        return self.identity.fingerprint[:32]


class Reader:
    """The keys that are plugged in, and the functions one may ask of them."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = {token.container: token for token in tokens}
        self._functions: dict[str, Callable[[Mapping[str, str]], Any]] = {
            "SOF_GetVersion": lambda _: "OpenGGZY emulator 1.0",
            "SOF_GetUserList": lambda _: "&&&".join(f"{t.label}||{c}" for c, t in self._tokens.items()),
            "SOF_GetPinRetryCount": lambda said: self._token(said).left,
            "SOF_ExportUserCert": lambda said: self._certificate(said),
            "SOF_ExportExChangeUserCert": lambda said: self._certificate(said, receives=True),
            "SOF_Login": self._login,
            "SOF_Logout": self._logout,
            "SOF_SignData": self._sign,
            "SOF_DecryptDataPKCS7": self._open_envelope,
        }

    def call(self, said: Mapping[str, str]) -> Any:
        """Do what a call asks and return its result.

        :raises Failed: with an error number
        """
        function = self._functions.get(said.get("function", ""))
        if function is None:
            raise Failed(NO_SUCH, "没有这个函数")
        return function(said)

    def unplug(self, container: str) -> None:
        """Take a key out."""
        self._tokens.pop(container, None)

    def _token(self, said: Mapping[str, str]) -> Token:
        found = self._tokens.get(said.get("CertID", ""))
        if found is None:
            raise Failed(NO_SUCH, "这把 USB Key 已拔出")
        return found

    def _open_token(self, said: Mapping[str, str]) -> Token:
        token = self._token(said)
        if not token.open:
            raise Failed(NOT_LOGGED_IN, "请先输入 PIN")
        return token

    def _certificate(self, said: Mapping[str, str], *, receives: bool = False) -> str:
        identity = self._token(said).identity
        chosen = (identity.receives or identity.certificate) if receives else identity.certificate
        return base64.b64encode(chosen.public_bytes(Encoding.DER)).decode()

    def _login(self, said: Mapping[str, str]) -> bool:
        token = self._token(said)
        with token.lock:
            if token.left <= 0:
                raise Failed(LOCKED, "PIN 已锁定, 请携带 USB Key 到签发机构解锁", left=0)
            if not hmac.compare_digest(said.get("PassWd", "").encode(), token.pin.encode()):
                token.left -= 1
                token.open = False
                raise Failed(WRONG_PIN, f"PIN 不正确, 还可以试 {token.left} 次", left=token.left)
            token.left, token.open = TRIES, True
        return True

    def _logout(self, said: Mapping[str, str]) -> bool:
        self._token(said).open = False
        return True

    def _sign(self, said: Mapping[str, str]) -> str:
        return self._open_token(said).identity.sign(_bytes(said, "InData"))

    def _open_envelope(self, said: Mapping[str, str]) -> str:
        token = self._open_token(said)
        envelope = _bytes(said, "InData")
        identity = token.identity
        try:
            cms.require_envelope_for(envelope, identity.receives or identity.certificate)
            if gm.is_gm(envelope) != isinstance(identity.key, gm.Keys):
                raise Failed(BROKEN, "信封与这把 USB Key 的算法不同")
            secret = cms.open_envelope(envelope, key=identity.key)
        except Refusal:
            raise Failed(BROKEN, "这把 USB Key 打不开这个信封: 信封是给另一张证书的") from None
        return base64.b64encode(secret).decode()


def _bytes(said: Mapping[str, str], name: str) -> bytes:
    try:
        return base64.b64decode(said.get(name, ""), validate=True)
    except ValueError:
        raise Failed(BROKEN, f"{name} 不是有效的 Base64") from None


class _Handler(BaseHTTPRequestHandler):
    server: "Emulator"

    def _origin(self) -> str | None:
        """Return the origin of an allowed page that spoke to a loopback name, else None (also against DNS rebinding)."""
        origin, host = self.headers.get("Origin", ""), self.headers.get("Host", "")
        named = urlsplit(f"//{host}").netloc.rsplit(":", 1)[0]
        return origin if origin in self.server.origins and named in _HOSTS else None

    def _answer(self, status: int, body: Mapping[str, Any] | None = None, origin: str | None = None) -> None:
        data = json.dumps(body, ensure_ascii=False).encode() if body is not None else b""
        self.send_response(status)
        if origin:
            self.send_header("Access-Control-Allow-Origin", origin)
            self.send_header("Vary", "Origin")
            self.send_header("Access-Control-Allow-Headers", "Content-Type")
            self.send_header("Access-Control-Allow-Methods", "POST")
            self.send_header("Access-Control-Allow-Private-Network", "true")
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_OPTIONS(self) -> None:
        origin = self._origin()
        self._answer(204 if origin else 403, origin=origin)

    def do_POST(self) -> None:
        origin = self._origin()
        if origin is None:
            return self._answer(403, {"error": BROKEN, "message": "这个网站不在允许之列"})
        try:
            size = int(self.headers.get("Content-Length", "0"))
            if not 0 < size <= MOST_REQUEST:
                raise ValueError
            said = json.loads(self.rfile.read(size))
            if not isinstance(said, dict) or not all(isinstance(v, str) for v in said.values()):
                raise ValueError
        except (ValueError, RecursionError):
            return self._answer(400, {"error": BROKEN, "message": "不是有效的请求"}, origin)
        try:
            return self._answer(200, {"error": 0, "result": self.server.reader.call(said)}, origin)
        except Failed as no:
            return self._answer(200, {"error": no.error, "message": no.message, **no.more}, origin)

    def log_message(self, *_: Any) -> None:
        """Say nothing: a request carries a PIN."""


class Emulator(ThreadingHTTPServer):
    """The loopback service."""

    daemon_threads = True

    def __init__(
        self,
        reader: Reader,
        *,
        origins: Sequence[str],
        port: int = PORT,
        tls: tuple[str, str] | None = None,
    ) -> None:
        self.reader, self.origins = reader, frozenset(o.rstrip("/") for o in origins)
        super().__init__(("127.0.0.1", port), _Handler)
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            self.socket = context.wrap_socket(self.socket, server_side=True)

    @property
    def address(self) -> str:
        """Return where it listens."""
        scheme = "https" if isinstance(self.socket, ssl.SSLSocket) else "http"
        return f"{scheme}://127.0.0.1:{self.server_address[1]}"
