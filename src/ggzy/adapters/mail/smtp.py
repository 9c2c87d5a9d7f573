"""Mail through the centre's own SMTP server (GGZY_SMTP_URL); the Message-ID is the delivery's key."""

import smtplib
from email.utils import parseaddr
from urllib.parse import parse_qsl, unquote, urlsplit

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.smtp import EmailBackend

from ggzy.messages.ports import NotSent, Outgoing, Turned

_PORTS = {"smtp": 25, "smtps": 465}


class SmtpMailer:
    """A mail server that is asked for each letter; it keeps what it has taken and tries on by itself."""

    demo = False

    def __init__(self) -> None:
        url = urlsplit(settings.SMTP_URL)
        secure = url.scheme == "smtps"
        self._backend = EmailBackend(
            host=url.hostname,
            port=url.port or _PORTS[url.scheme],
            username=unquote(url.username or ""),
            password=unquote(url.password or ""),
            use_ssl=secure,
            use_tls=not secure and dict(parse_qsl(url.query)).get("starttls") == "1",
            timeout=settings.SENDING_SECONDS,
            fail_silently=False,
        )

    def send(self, outgoing: Outgoing) -> None:
        """Hand a letter to the server.

        :raises NotSent: no connection, a broken one, or the server asks to come again (4xx)
        :raises Turned: the server does not take this address or letter (5xx)
        """
        domain = parseaddr(settings.MAIL_FROM)[1].rpartition("@")[2]
        letter = EmailMessage(
            subject=" ".join(outgoing.subject.split()),
            body=outgoing.text,
            from_email=settings.MAIL_FROM,
            to=[outgoing.to],
            headers={"Message-ID": f"<{outgoing.key}@{domain}>", "Auto-Submitted": "auto-generated"},
        )
        try:
            self._backend.send_messages([letter])
        except smtplib.SMTPRecipientsRefused as no:
            _turned_or_later(*next(iter(no.recipients.values())))
        except smtplib.SMTPAuthenticationError as no:
            raise NotSent(f"邮件服务器不接受本中心的账号({no.smtp_code})") from no
        except smtplib.SMTPResponseException as no:
            _turned_or_later(no.smtp_code, no.smtp_error)
        except (smtplib.SMTPException, OSError) as trouble:
            raise NotSent(f"邮件服务器无法连接: {type(trouble).__name__}") from trouble


def _turned_or_later(code: int, says: bytes | str) -> None:
    words = (says.decode(errors="replace") if isinstance(says, bytes) else says)[:120]
    if 500 <= code < 600:
        raise Turned(f"邮件服务器不接收({code}): {words}")
    raise NotSent(f"邮件服务器请稍后再试({code}): {words}", whole=False)
