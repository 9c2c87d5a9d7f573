"""What leaves the platform: handing messages to mail server and SMS gateway, one at a time, from the worker.

Each try runs in the transaction that claims the batch's clock: a crash before the commit leaves the delivery queued,
and the next try carries the same key. A provider at which nobody answers is left alone for a growing pause, by
everybody, so that a dead one costs one short wait per pause. No request ever waits for a provider.
"""

import hashlib
import hmac
import json
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Min

from ggzy.deadlines.actions import effect
from ggzy.kernel.actors import SYSTEM
from ggzy.kernel.clock import BEIJING
from ggzy.kernel.refusals import BadInput, NotFound, NotSignedIn
from ggzy.messages import ports, rules
from ggzy.messages.actions import FAILED, REACHED, SEND, SENT, note, post
from ggzy.messages.models import Address, Delivery, Line
from ggzy.messages.rules import Channel, Kind, State


class ReportNotSigned(NotSignedIn):
    """A report that does not prove that it comes from the gateway."""

    code = "messages.report_not_signed"


@effect(SEND)
def send_batch(batch: str, now: datetime) -> datetime | None:
    """Send the next thing of a batch that is due, and return when there is something to do again."""
    down = {line.channel: line.down_until for line in Line.objects.filter(down_until__gt=now)}
    rows = Delivery.objects.filter(message__batch=batch)
    due = rows.filter(next_try_at__lte=now).exclude(channel__in=down)
    row = due.select_related("message", "message__address").order_by("next_try_at", "pk").first()
    if row is not None:
        _try(row, now=now)
    else:
        _raise_overdue(batch, now=now)
    down = {line.channel: line.down_until for line in Line.objects.filter(down_until__gt=now)}
    moments = [
        max(first, down.get(channel) or first)
        for channel, first in rows.filter(next_try_at__isnull=False)
        .values("channel")
        .annotate(first=Min("next_try_at"))
        .values_list("channel", "first")
    ]
    overdue = rows.filter(raise_at__isnull=False).aggregate(first=Min("raise_at"))["first"]
    if overdue is not None:
        moments.append(overdue)
    return max(min(moments), now) if moments else None


def _try(row: Delivery, *, now: datetime) -> None:
    channel = Channel(row.channel)
    line, _ = Line.objects.get_or_create(channel=channel.value)
    to = _address_of(row)
    provider = ports.provider(channel)
    if to is None or provider is None:
        _fail(row, "收件人已移除这个地址, 或账号已停用" if provider else "本中心没有开通这种方式", now=now)
        return
    if now - row.message.sent_at > rules.GIVE_UP:
        _fail(row, row.trouble or "超过重试期限", now=now)
        return
    row.tries += 1
    try:
        provider.send(written(row, to))
    except ports.NotSent as trouble:
        _later(row, line, trouble, now=now)
        return
    except ports.Turned as no:
        _fail(row, str(no) or "对方服务器不接收", now=now)
        return
    if line.failures:
        Line.objects.filter(pk=line.pk).update(failures=0, down_until=None, trouble="")
    row.state, row.sent_at, row.next_try_at, row.trouble = State.SENT.value, now, None, ""
    row.save(update_fields=["state", "sent_at", "next_try_at", "trouble", "tries"])
    if row.message.kind == Kind.LEGAL:
        # one way out is enough: what else is still tried need not be raised
        Delivery.objects.filter(message=row.message, account=row.account_id).update(
            raise_at=None, raised_at=None
        )
        note(row, SENT, actor=SYSTEM, now=now)


def _later(row: Delivery, line: Line, trouble: ports.NotSent, *, now: datetime) -> None:
    row.trouble, row.next_try_at = str(trouble)[:300], now + rules.pause_after(row.tries)
    row.save(update_fields=["trouble", "next_try_at", "tries"])
    if trouble.whole:
        failures = line.failures + 1
        Line.objects.filter(pk=line.pk).update(
            failures=failures, down_until=now + rules.pause_after(failures), trouble=row.trouble
        )


def _fail(row: Delivery, why: str, *, now: datetime) -> None:
    row.state, row.trouble, row.next_try_at = State.FAILED.value, why[:300], None
    row.save(update_fields=["state", "trouble", "next_try_at", "tries"])
    if row.message.kind == Kind.LEGAL:
        note(row, FAILED, actor=SYSTEM, now=now, trouble=row.trouble)


def _address_of(row: Delivery) -> str | None:
    if row.account_id is None:
        return row.message.address.value if row.message.address else None
    found = Address.objects.filter(
        account_id=row.account_id, account__active=True, channel=row.channel, verified_at__isnull=False
    ).first()
    return found.value if found else None


def written(row: Delivery, to: str) -> ports.Outgoing:
    """Return a delivery as it leaves.

    While recipients are secret nothing names the tender: whoever runs a mail server or a gateway would learn
    from the text who takes part.
    """
    message = row.message
    kind = Kind(message.kind)
    title = f"您有一份{kind.label}, 请登录查看" if message.rounds else message.title
    page = f"{settings.PUBLIC_ADDRESS}/work/messages/{message.public_id}"
    if row.account_id is None:
        page = f"{settings.PUBLIC_ADDRESS}{message.link}"
    if row.channel == Channel.SMS:
        text = f"{title[:60]}。请登录{settings.CENTRE_NAME}平台查看。"
        return ports.Outgoing(key=row.public_id, to=to, subject=title, text=text)
    lines = [
        title if message.rounds else message.text,
        "" if message.rounds else _law_of(row),
        f"查看: {page}",
        f"发出时间(北京时间): {message.sent_at.astimezone(BEIJING):%Y年%m月%d日 %H:%M}",
        f"选择接收方式: {settings.PUBLIC_ADDRESS}/me/notifications" if row.account_id else "",
        "此信由系统发出, 请勿直接回复; 本中心不会在信中索要密码、验证码或款项。",
    ]
    return ports.Outgoing(
        key=row.public_id,
        to=to,
        subject=f"【{settings.CENTRE_NAME}】{title}",
        text="\n\n".join(line for line in lines if line),
    )


def _law_of(row: Delivery) -> str:
    parts = [row.message.period, f"依据: {row.message.clause}" if row.message.clause else ""]
    return "。".join(part for part in parts if part)


def _raise_overdue(batch: str, *, now: datetime) -> None:
    """Raise the legal notices of a batch that have not left within a day: tell the person, in the inbox alone."""
    rows = Delivery.objects.filter(message__batch=batch, raise_at__lte=now).select_related("message")
    late = list(rows.order_by("pk"))
    Delivery.objects.filter(pk__in=[row.pk for row in late]).update(raise_at=None, raised_at=now)
    people = {row.account_id: row for row in late if row.account_id}
    for pk, row in people.items():
        ways = "、".join(sorted(Channel(one.channel).label for one in late if one.account_id == pk))
        post(
            accounts=[pk],
            kind=Kind.SERVICE,
            title=f"法定通知没有送到您的{ways}",
            text=f"{row.message.title}: 发出24小时仍没有送到您的{ways}。通知已在站内, 请及时查看, 并核对接收地址。",
            link=f"/work/messages/{row.message.public_id}",
            now=now,
            outside=False,
        )


@transaction.atomic
def receive_report(*, body: bytes, signature: str, now: datetime) -> bool:
    """Believe a gateway's signed report that an SMS reached the phone or did not; return whether it was news.

    The body is {"key", "state": "delivered" or "failed", "reason"}; the signature the hex HMAC-SHA256 over it under
    the shared token, and checked before anything else is said.

    :raises ReportNotSigned: no token is shared, or the signature is not over these bytes
    :raises BadInput: the report cannot be read
    :raises NotFound: the key belongs to nothing that was sent by SMS
    """
    secret = settings.SMS_TOKEN.encode()
    expected = hmac.new(secret, body, hashlib.sha256).hexdigest() if secret else ""
    if not expected or not hmac.compare_digest(expected.encode(), signature.strip().lower().encode()):
        raise ReportNotSigned(
            "短信状态报告没有有效签名, 不予采信; 请用与本中心约定的密钥对请求正文计算HMAC-SHA256"
        )
    try:
        said = json.loads(body)
        key, state = str(said["key"]), State(said["state"])
    except (ValueError, KeyError, TypeError):
        raise BadInput(
            '短信状态报告无法读取: 应为{"key", "state": delivered或failed}', field="body"
        ) from None
    if state not in {State.DELIVERED, State.FAILED}:
        raise BadInput("短信状态报告的state只能是delivered或failed", field="state")
    row = (
        Delivery.objects.select_for_update(of=("self",))
        .select_related("message")
        .filter(public_id=key, channel=Channel.SMS.value, sent_at__isnull=False)
        .first()
    )
    if row is None:
        raise NotFound("没有与此编号对应的短信, 请核对key")
    if row.state != State.SENT:
        return False
    if state is State.FAILED:
        _fail(row, str(said.get("reason") or "没有到达手机")[:300], now=now)
        return True
    row.state, row.delivered_at = State.DELIVERED.value, now
    row.save(update_fields=["state", "delivered_at"])
    if row.message.kind == Kind.LEGAL:
        note(row, REACHED, actor=SYSTEM, now=now)
    return True
