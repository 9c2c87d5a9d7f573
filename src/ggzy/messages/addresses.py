"""Addresses of people outside: kept encrypted, used only after a code that was sent there came back."""

import hmac
import re
import secrets
from datetime import datetime, timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator
from django.db import transaction

from ggzy.deadlines.actions import effect, set_timer
from ggzy.kernel.actors import Actor
from ggzy.kernel.clock import real_now
from ggzy.kernel.ids import new_public_id
from ggzy.kernel.refusals import BadInput, NotFound, Refusal
from ggzy.law.limits import beijing_date
from ggzy.messages import ports, rules
from ggzy.messages.models import Address
from ggzy.messages.rules import Channel
from ggzy.parties.grid import Permission, require

CODE = "messages.code"
_PHONE = re.compile(r"1[3-9]\d{9}")


class CodeTooSoon(Refusal):
    """A code was asked for a moment ago, or too often today."""

    code = "messages.code_too_soon"


class CodeWrong(Refusal):
    """Not the code that was sent, or no longer good."""

    code = "messages.code_wrong"


class WayNotServed(Refusal):
    """The centre has no provider for this way."""

    code = "messages.way_not_served"


def clean(channel: Channel, value: str) -> str:
    """Return an address as it is kept.

    :raises BadInput: no mail address, or no mobile number of the mainland
    """
    text = value.strip()
    if channel is Channel.SMS:
        number = re.sub(r"[\s-]", "", text).removeprefix("+").removeprefix("86")
        if not _PHONE.fullmatch(number):
            raise BadInput("请填写11位手机号码", field="value")
        return number
    try:
        EmailValidator()(text)
    except ValidationError:
        raise BadInput("请填写完整的电子邮件地址, 例如 name@example.com", field="value") from None
    if len(text) > 200:
        raise BadInput("电子邮件地址过长, 请核对", field="value")
    return text


@transaction.atomic
def offer(*, channel: str, value: str, actor: Actor, now: datetime) -> Address:
    """Take a new address of the actor and send a code to it; the old one, if any, serves until the code comes back.

    :raises BadInput: no address that could be right
    :raises WayNotServed: the centre does not send by this way
    :raises CodeTooSoon: the last code was asked for less than a minute ago, or today's are used up
    """
    require(actor, Permission.MESSAGES_OWN)
    way = _way(channel)
    text = clean(way, value)
    Address.objects.get_or_create(account_id=actor.account_pk, channel=way.value)
    row = Address.objects.select_for_update().get(account_id=actor.account_pk, channel=way.value)
    return _ask(row, text, now=now)


@transaction.atomic
def offer_for_subscriber(*, channel: str, value: str, now: datetime) -> Address:
    """Take an address of somebody without an account, who subscribes to news, and send a code to it.

    The caller limits how often one visitor may ask; `confirm_for_subscriber` makes it good for `actions.post`.

    :raises BadInput: no address that could be right
    :raises WayNotServed: the centre does not send by this way
    """
    way = _way(channel)
    return _ask(Address.objects.create(channel=way.value), clean(way, value), now=now)


def _way(channel: str) -> Channel:
    if channel not in rules.OUTSIDE:
        raise BadInput("请选择电子邮件或短信", field="channel")
    way = Channel(channel)
    if not ports.is_served(way):
        raise WayNotServed(f"本中心还没有开通{way.label}通知, 通知都在站内; 请留意站内消息")
    return way


def _ask(row: Address, text: str, *, now: datetime) -> Address:
    real = real_now()
    today = beijing_date(real)
    times = row.asked_times if row.asked_on == today else 0
    if row.asked_at is not None and real - row.asked_at < rules.CODE_PAUSE:
        raise CodeTooSoon("验证码刚刚发出, 请一分钟后再试")
    if times >= rules.CODES_A_DAY:
        raise CodeTooSoon("今天的验证码次数已用完, 请明天再试, 或核对地址是否正确")
    row.pending, row.code, row.code_sent = text, f"{secrets.randbelow(10**6):06}", False
    row.code_until, row.code_tries = real + rules.CODE_LIVES, 0
    row.asked_at, row.asked_on, row.asked_times = real, today, times + 1
    row.save()
    # a clock of its own each time: nobody waits for one that is just being sent
    set_timer(kind=CODE, subject=f"{row.pk}.{new_public_id()}"[:32], due_at=now)
    return row


@effect(CODE)
def send_code(subject: str, now: datetime) -> datetime | None:
    """Send the code that waits for an address; one that has run out meanwhile is not sent."""
    row = Address.objects.filter(pk=int(subject.partition(".")[0])).first()
    if row is None or not row.code or row.code_sent or not row.code_until or real_now() >= row.code_until:
        return None
    provider = ports.provider(Channel(row.channel))
    if provider is None or not row.pending:
        return None
    try:
        provider.send(
            ports.Outgoing(
                key=hmac.new(row.public_id.encode(), row.code.encode(), "sha256").hexdigest()[:32],
                to=row.pending,
                subject=f"【{settings.CENTRE_NAME}】验证码",
                text=f"您的验证码是{row.code}, 10分钟内有效。用于确认通知的接收地址, 请勿告诉他人。",
            )
        )
    except ports.NotSent:
        return now + timedelta(seconds=20)
    except ports.Turned:
        return None
    # by its moment: an encrypted code is never found by its value
    Address.objects.filter(pk=row.pk, asked_at=row.asked_at).update(code_sent=True)
    return None


def confirm(*, channel: str, code: str, actor: Actor) -> Address:
    """Take an address into use by the code that was sent to it.

    :raises NotFound: no code waits
    :raises CodeWrong: another code, run out, or tried too often
    """
    require(actor, Permission.MESSAGES_OWN)
    return _confirm(code, account_id=actor.account_pk, channel=_way(channel).value)


def confirm_for_subscriber(*, address_id: str, code: str) -> Address:
    """Take a subscriber's address into use; see `confirm`."""
    return _confirm(code, account=None, public_id=address_id)


def _confirm(code: str, **which: object) -> Address:
    # not inside a larger transaction: a wrong try must be counted although it is refused
    with transaction.atomic(durable=True):
        row = Address.objects.select_for_update().filter(**which).first()
        if row is None or not row.code or not row.pending:
            raise NotFound("没有等待确认的地址, 请先填写地址并取得验证码")
        row.code_tries += 1
        alive = row.code_until is not None and real_now() < row.code_until
        if (
            alive
            and row.code_tries <= rules.CODE_TRIES
            and hmac.compare_digest(row.code.encode(), code.strip().encode())
        ):
            row.value, row.verified_at = row.pending, real_now()
            row.pending = row.code = row.code_until = None
            row.save()
            return row
        row.save(update_fields=["code_tries"])  # outlives the refusal below
    raise CodeWrong("验证码不对或已过期, 请核对; 试错5次后请重新取得验证码")


@transaction.atomic
def remove(*, channel: str, actor: Actor) -> bool:
    """Forget the actor's address for a way; return whether there was one. Notices stand in the inbox as before."""
    require(actor, Permission.MESSAGES_OWN)
    return bool(
        Address.objects.filter(account_id=actor.account_pk, channel=channel).update(
            value=None, verified_at=None, pending=None, code=None, code_until=None
        )
    )


@transaction.atomic
def remove_for_subscriber(*, address_id: str) -> bool:
    """Forget a subscriber's address: nothing is sent there any more."""
    rows = Address.objects.filter(public_id=address_id, account=None)
    return bool(rows.update(value=None, verified_at=None, pending=None, code=None, code_until=None))
