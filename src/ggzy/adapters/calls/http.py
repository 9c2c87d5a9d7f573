"""SMS and voice calls through a provider's gateway over HTTPS (the centre's own gateway, or a small bridge to a carrier).

Asked:    POST {GGZY_CALLS_URL}/rings   {"ring", "phone", "text"}   Authorization: Bearer {GGZY_CALLS_TOKEN}
Answers:  the gateway posts {"ring", "key": "1" or "2"} to /api/v1/rings/answer with X-Signature, the hex HMAC-SHA256 of
          the body under the same token.
"""

import os

import httpx

from ggzy.experts.ports import CallsUnavailable, Message

_SECONDS = 10


class HttpCalls:
    """A gateway that sends an SMS and calls, and reports the key that was pressed."""

    def __init__(self, *, transport: httpx.BaseTransport | None = None) -> None:
        self._url = os.environ["GGZY_CALLS_URL"].rstrip("/")
        self._token = os.environ["GGZY_CALLS_TOKEN"]
        self._transport = transport

    def ring(self, message: Message) -> None:
        """Send a message and read it out.

        :raises CallsUnavailable: no connection, or any answer but 2xx
        """
        body = {"ring": message.ring, "phone": message.phone, "text": message.text}
        try:
            with httpx.Client(transport=self._transport, timeout=_SECONDS, trust_env=False) as client:
                reply = client.post(
                    f"{self._url}/rings", json=body, headers={"Authorization": f"Bearer {self._token}"}
                )
        except httpx.HTTPError as trouble:
            raise CallsUnavailable(f"短信语音平台无法连接: {type(trouble).__name__}") from trouble
        if not reply.is_success:
            raise CallsUnavailable(f"短信语音平台答复{reply.status_code}")
