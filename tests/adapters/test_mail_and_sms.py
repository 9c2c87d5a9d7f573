"""Mail and SMS to people: the SMTP server, the gateway over HTTPS and their twins keep one contract."""

import email
import hashlib
import hmac
import json
import socket
from collections.abc import Callable, Iterator
from email.header import decode_header, make_header
from typing import Any

import httpx
import pytest
from aiosmtpd.controller import Controller

from ggzy.adapters.mail.smtp import SmtpMailer
from ggzy.adapters.mail.twin import TwinMailer
from ggzy.adapters.sms.http import HttpSms
from ggzy.adapters.sms.twin import TwinSms
from ggzy.messages.ports import NotSent, Outgoing, Turned

pytestmark = pytest.mark.pure
LETTER = Outgoing(key="k" * 32, to="jia@example.com", subject="【中心】中标通知书", text="贵单位已中标。")
SMS = Outgoing(key="k" * 32, to="13800000000", subject="", text="您有一份法定通知。")


class Inbox:
    """A mail server's memory, and what it says to a recipient and to a letter."""

    def __init__(self) -> None:
        self.letters: list[bytes] = []
        self.to_recipient = self.to_letter = "250 OK"

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if self.to_recipient.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.to_recipient

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.to_letter.startswith("250"):
            self.letters.append(envelope.content)
        return self.to_letter


@pytest.fixture
def inbox(settings: Any) -> Iterator[Inbox]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    handler = Inbox()
    server = Controller(handler, hostname="127.0.0.1", port=port)
    server.start()
    settings.SMTP_URL, settings.MAIL_FROM = f"smtp://127.0.0.1:{port}", "通知 <notice@centre.example>"
    settings.SENDING_SECONDS = 3
    yield handler
    server.stop()


def _gateway(answer: Callable[[httpx.Request], httpx.Response]) -> HttpSms:
    return HttpSms(transport=httpx.MockTransport(answer))


def test_a_letter_is_taken_and_carries_its_key(inbox: Inbox) -> None:
    for mailer in (SmtpMailer(), SmtpMailer(), TwinMailer()):
        mailer.send(LETTER)
    first, second = map(email.message_from_bytes, inbox.letters)
    assert first["Message-ID"] == second["Message-ID"] == f"<{LETTER.key}@centre.example>"
    assert str(make_header(decode_header(first["Subject"]))) == LETTER.subject
    assert first.get_payload(decode=True).decode().strip() == LETTER.text
    assert first["To"] == "jia@example.com"


@pytest.mark.parametrize("field", ["to_recipient", "to_letter"])
def test_a_server_that_says_no_and_one_that_says_later_are_two_things(inbox: Inbox, field: str) -> None:
    setattr(inbox, field, "550 no such mailbox")
    with pytest.raises(Turned, match="550"):
        SmtpMailer().send(LETTER)
    setattr(inbox, field, "451 come again")
    with pytest.raises(NotSent) as later:
        SmtpMailer().send(LETTER)
    assert not later.value.whole  # somebody answers there: other letters need not wait


def test_a_server_that_is_not_there_is_said_so(settings: Any) -> None:
    settings.SMTP_URL, settings.MAIL_FROM = "smtp://127.0.0.1:9", "notice@centre.example"
    with pytest.raises(NotSent) as trouble:
        SmtpMailer().send(LETTER)
    assert trouble.value.whole


def test_an_sms_is_taken_signed_and_carries_its_key(settings: Any) -> None:
    settings.SMS_URL, settings.SMS_TOKEN = "https://sms.example", "secret"
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(202)

    for gateway in (_gateway(answer), TwinSms()):
        gateway.send(SMS)
    (one,) = asked
    assert str(one.url) == "https://sms.example/messages"
    assert one.headers["Idempotency-Key"] == SMS.key
    assert one.headers["X-Signature"] == hmac.new(b"secret", one.content, hashlib.sha256).hexdigest()
    assert json.loads(one.content) == {"key": SMS.key, "phone": SMS.to, "text": SMS.text}


def _nobody(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("nobody there", request=request)


@pytest.mark.parametrize(
    ("answer", "whole"),
    [(_nobody, True), (lambda _: httpx.Response(503), True), (lambda _: httpx.Response(429), False)],
)
def test_an_sms_that_may_not_have_been_taken_is_tried_again(settings: Any, answer: Any, whole: bool) -> None:
    settings.SMS_URL, settings.SMS_TOKEN = "https://sms.example", "secret"
    with pytest.raises(NotSent) as trouble:
        _gateway(answer).send(SMS)
    assert trouble.value.whole is whole


def test_a_number_that_is_not_taken_is_not_tried_again(settings: Any) -> None:
    settings.SMS_URL, settings.SMS_TOKEN = "https://sms.example", "secret"
    with pytest.raises(Turned):
        _gateway(lambda _: httpx.Response(422)).send(SMS)
