"""A medium over HTTP: the notice in the specification's fields, signed by the centre, answered with a receipt."""

import base64
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import httpx

from ggzy.adapters.outlets.wire import body_of, receipt_in, to_sign
from ggzy.evidence.keys import ack_key
from ggzy.publishing.package import Package
from ggzy.publishing.ports import NotDelivered, Receipt, Refused
from ggzy.publishing.rules import State

#: short: the worker that sends also fires the clocks of openings
TIMEOUT = httpx.Timeout(4.0, connect=2.0)
#: answers that say "come again"; every other 4xx says "not like this"
_COME_AGAIN = frozenset({408, 425, 429})


class HttpOutlet:
    """The real client. Configured by address, form (json or xml) and token."""

    demo = False

    def __init__(self, *, code: str, name: str, config: Mapping[str, Any], now: datetime) -> None:
        self.code, self.name = code, name
        self._address = str(config["url"]).rstrip("/")
        self._form = str(config.get("form", "json"))
        self._token = str(config.get("token", ""))

    def deliver(self, package: Package) -> Receipt:
        """Send a notice; a 409 with a receipt is the answer to a key the medium already has."""
        body, kind = body_of(package, form=self._form)
        headers = {
            "Content-Type": kind,
            "Idempotency-Key": package.key,
            "X-Data-Set": package.data_set,
            "X-Centre-Signature": base64.b64encode(ack_key().sign(to_sign(body))).decode(),
        }
        reply = self._send("POST", "/notices", content=body, headers=headers)
        return self._receipt(reply, accept={409})

    def ask(self, reference: str) -> Receipt:
        """Ask what has become of a notice."""
        return self._receipt(self._send("GET", f"/notices/{reference}"), accept=set())

    def _send(self, method: str, path: str, **more: Any) -> httpx.Response:
        headers = more.pop("headers", {})
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        try:
            with httpx.Client(timeout=TIMEOUT, follow_redirects=False, trust_env=False) as client:
                return client.request(method, self._address + path, headers=headers, **more)
        except httpx.TimeoutException:
            raise NotDelivered(f"{self.name}在规定时间内没有应答, 稍后重试") from None
        except httpx.HTTPError as trouble:
            raise NotDelivered(f"无法连接{self.name}({type(trouble).__name__}), 稍后重试") from None

    def _receipt(self, reply: httpx.Response, *, accept: set[int]) -> Receipt:
        status = reply.status_code
        if status in _COME_AGAIN or status >= 500:
            after = reply.headers.get("Retry-After", "")
            raise NotDelivered(
                f"{self.name}应答{status}, 稍后重试",
                after_seconds=int(after) if after.isascii() and after.isdigit() else 0,
                # an answer of 5xx may be about this one notice; the others go on
                whole_outlet=status in {429, 502, 503, 504},
            )
        receipt = receipt_in(reply.content)
        if 200 <= status < 300 or status in accept:
            if receipt is None:
                raise NotDelivered(f"{self.name}应答{status}, 但回执无法读取, 稍后重试", whole_outlet=False)
            if receipt.state is State.REFUSED:
                raise Refused(_reason(reply))
            return receipt
        raise Refused(f"应答{status}: {_reason(reply)}")


def _reason(reply: httpx.Response) -> str:
    try:
        data = reply.json()
    except ValueError:
        return reply.text[:200].strip() or "没有说明原因"
    says = data.get("MESSAGE") or data.get("message") if isinstance(data, dict) else ""
    return str(says or "没有说明原因")[:200]
