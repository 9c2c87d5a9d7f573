"""A medium on loopback: a small HTTP server that keeps what it is sent and can be told to misbehave."""

import base64
import json
import threading
import time
from collections import deque
from contextlib import suppress
from datetime import datetime
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from ggzy.adapters.outlets.wire import to_sign
from ggzy.publishing.package import stamp


class MediumServer:
    """It answers as the adapter reads the exchange: 201 with a receipt, 409 for a key it has."""

    def __init__(self) -> None:
        self.kept: dict[str, dict[str, Any]] = {}
        self.requests: list[tuple[str, str]] = []
        self.misbehave: deque[tuple[int, dict[str, str], bytes]] = deque()
        self.published_at: datetime | None = None
        self.public_key: Any = None
        self.slow = threading.Event()
        server = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: Any) -> None:
                return

            def _answer(self, status: int, data: dict[str, Any]) -> None:
                self._raw(status, {}, json.dumps(data).encode())

            def _raw(self, status: int, headers: dict[str, str], body: bytes) -> None:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                with suppress(BrokenPipeError):  # the client has gone: that is what the test is about
                    self.wfile.write(body)

            def do_POST(self) -> None:  # noqa: N802
                body = self.rfile.read(int(self.headers["Content-Length"]))
                key = self.headers["Idempotency-Key"]
                server.requests.append(("POST", key))
                if server.slow.is_set():
                    time.sleep(1)
                if server.misbehave:
                    return self._raw(*server.misbehave.popleft())
                signature = base64.b64decode(self.headers["X-Centre-Signature"])
                server.public_key.verify(signature, to_sign(body))
                again = key in server.kept
                server.kept.setdefault(key, {"body": body, "reference": f"R{len(server.kept) + 1}"})
                return self._answer(409 if again else 201, server.receipt(server.kept[key]))

            def do_GET(self) -> None:  # noqa: N802
                reference = self.path.rsplit("/", 1)[-1]
                server.requests.append(("GET", reference))
                if server.misbehave:
                    return self._raw(*server.misbehave.popleft())
                for kept in server.kept.values():
                    if kept["reference"] == reference:
                        return self._answer(200, server.receipt(kept))
                return self._answer(404, {"MESSAGE": "没有这个回执号"})

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        # it looks often whether it is to stop: each test waits for that
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def receipt(self, kept: dict[str, Any]) -> dict[str, str]:
        """Hash the notice that was sent, not what somebody says of it."""
        data = {"RECEIPT_NO": kept["reference"], "STATUS": "2" if self.published_at else "1"}
        if self.published_at:
            data["PUBLISH_TIME"] = stamp(self.published_at)
        fields = next(v for k, v in json.loads(kept["body"]).items() if k != "HEAD")
        content = next(v for k, v in fields.items() if k.endswith(("_CONTENT", "_INFOR")))
        data["CONTENT_HASH"] = sha256(content.encode()).hexdigest()
        return data

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
