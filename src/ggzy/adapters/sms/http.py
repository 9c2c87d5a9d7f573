"""SMS through a provider's gateway over HTTPS (the centre's own gateway, or a small bridge to a carrier).

Asked:    POST {GGZY_SMS_URL}/messages   {"key", "phone", "text"}   Idempotency-Key: the key
          X-Signature: the hex HMAC-SHA256 of the body under GGZY_SMS_TOKEN
Answers:  2xx taken (the same key again is the same message); 400 and 422 this number or text is not taken; anything
          else is tried again.
Reports:  the gateway posts {"key", "state": "delivered" or "failed", "reason"} to /api/v1/sms/reports, signed alike.
"""

import hashlib
import hmac
import json

import httpx
from django.conf import settings

from ggzy.messages.ports import NotSent, Outgoing, Turned

_NOT_TAKEN = {400, 422}


class HttpSms:
    """A gateway that sends an SMS and reports whether it reached the phone."""

    demo = False

    def __init__(self, *, transport: httpx.BaseTransport | None = None) -> None:
        self._transport = transport

    def send(self, outgoing: Outgoing) -> None:
        """Hand a message to the gateway.

        :raises NotSent: no connection, or an answer that asks to come again
        :raises Turned: this number or text is not taken
        """
        body = json.dumps(
            {"key": outgoing.key, "phone": outgoing.to, "text": outgoing.text}, ensure_ascii=False
        ).encode()
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": outgoing.key,
            "X-Signature": hmac.new(settings.SMS_TOKEN.encode(), body, hashlib.sha256).hexdigest(),
        }
        try:
            with httpx.Client(
                transport=self._transport, timeout=settings.SENDING_SECONDS, trust_env=False
            ) as client:
                reply = client.post(f"{settings.SMS_URL}/messages", content=body, headers=headers)
        except httpx.HTTPError as trouble:
            raise NotSent(f"短信平台无法连接: {type(trouble).__name__}") from trouble
        if reply.status_code in _NOT_TAKEN:
            raise Turned(f"短信平台不接收({reply.status_code})")
        if not reply.is_success:
            raise NotSent(f"短信平台答复{reply.status_code}", whole=reply.status_code >= 500)
