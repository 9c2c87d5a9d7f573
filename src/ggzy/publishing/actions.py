"""Taking up new notices, handing them to the media, believing receipts, trying again.

A notice is public the moment its act commits; the media hear of it afterwards, from the worker. Nothing is lost
between the two: the sweep looks for notices without a handover, and each try of a delivery runs in the
transaction that claims its clock. A crash before the commit leaves the clock due, and the next try carries the
same key, by which the medium knows what it already has.
"""

import hashlib
import hmac
import logging
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import OperationalError, connection, transaction
from django.db.models import Exists, Min, OuterRef

from ggzy.deadlines.actions import effect, set_timer
from ggzy.evidence.actions import record_act
from ggzy.kernel import calendars
from ggzy.kernel.actors import SYSTEM, Actor, Role
from ggzy.kernel.canonical import canonical
from ggzy.kernel.clock import leaps
from ggzy.kernel.refusals import BadInput, NotFound, NotPermitted, NotSignedIn, Refusal
from ggzy.law import table
from ggzy.law.limits import beijing_date, runs_out
from ggzy.notices.models import Notice
from ggzy.parties.grid import Permission, require
from ggzy.publishing import ports
from ggzy.publishing.models import Delivery, Handover, MediumReceipt
from ggzy.publishing.package import Package, Sender, Source, key_of, package
from ggzy.publishing.personal import personal_data_in
from ggzy.publishing.rules import (
    NOT_HANDED_OVER,
    Medium,
    Scope,
    State,
    media_for,
    missed_by_leaps,
    moves_forward,
    pause_after,
    scope_of,
)

log = logging.getLogger("ggzy.publishing")

TIMER = "publishing.medium"
LIMITS = {Scope.CONSTRUCTION: "GC-T23", Scope.PROCUREMENT: "GP-T47"}
#: a transaction that holds a notice's number is never this far behind the newest one
WINDOW = 10_000
MOST_A_SWEEP = 200
#: pauses between questions to a medium that has received a notice and not yet published it
_ASK_AFTER = tuple(timedelta(minutes=n) for n in (2, 3, 5, 10, 20, 60))


class AlreadyPublished(Refusal):
    """The medium has published it: there is nothing to send again."""

    code = "publishing.already_published"


class MediumNotConfigured(Refusal):
    """The centre has not said how to reach the medium."""

    code = "publishing.medium_not_configured"


class ReceiptNotSigned(NotSignedIn):
    """A receipt that does not prove that it comes from the medium."""

    code = "publishing.receipt_not_signed"


@transaction.atomic
def take_up_new_notices(*, now: datetime, all_of_them: bool = False) -> int:
    """Give each new notice its deliveries, oldest first, and wake the media's clocks; return how many notices.

    Called by the worker whenever it wakes. It looks for notices that have no handover, not for numbers above the
    last one seen: a slow transaction may commit a smaller number later. One worker does it at a time.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [_lock()])
        if not cursor.fetchone()[0]:
            return 0
    new = Notice.objects.filter(centre_id=settings.CENTRE_ID).exclude(
        Exists(Handover.objects.filter(notice=OuterRef("pk")))
    )
    if not all_of_them:
        newest = Notice.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        new = new.filter(pk__gt=newest - WINDOW)
    notices = list(new.order_by("pk")[:MOST_A_SWEEP])
    wake: set[str] = set()
    taken = 0
    for notice in notices:
        try:
            with transaction.atomic():
                wake |= _take_up(notice, now=now)
            taken += 1
        except OperationalError:
            raise
        except Exception:  # noqa: BLE001 - one that cannot be read must not keep the others from the media
            log.exception("notice %s was not taken up", notice.public_id)
    if all_of_them:
        wake |= set(Delivery.objects.exclude(next_try_at=None).values_list("medium", flat=True).distinct())
    for medium in sorted(wake):
        if ports.is_configured(medium):
            set_timer(kind=TIMER, subject=medium, due_at=now)
    return taken


def _lock() -> str:
    return f"ggzy_publishing:{settings.CENTRE_ID}"


def _take_up(notice: Notice, *, now: datetime) -> set[str]:
    found = personal_data_in(notice.body)
    Handover.objects.create(
        notice=notice,
        taken_at=now,
        personal=[{"place": f.place, "kind": f.kind, "shown": f.shown} for f in found],
    )
    facts = {**first_body(notice.tender), **(notice.body if notice.kind == "tender" else {})}
    scope = scope_of(str(facts.get("deal_code") or notice.body.get("deal_code") or ""))
    media = media_for(notice.kind, scope)
    # counted from our own publication: a worker that slept is late as well
    limit = table.limit(LIMITS[scope], on=beijing_date(notice.published_at))
    due_at = runs_out(limit, started=notice.published_at, calendar=calendars.CHINA).instant
    for medium in media:
        Delivery.objects.create(
            notice=notice,
            medium=medium.value,
            tenderee_uscc=_uscc(facts.get("tenderee")),
            agency_uscc=_uscc(facts.get("agency")),
            key=key_of(centre=settings.CENTRE_ID, notice=notice.public_id, medium=medium),
            taken_at=now,
            due_at=due_at,
            next_try_at=now,
        )
    return {medium.value for medium in media}


def _uscc(party: object) -> str:
    return str(party.get("uscc", ""))[:18] if isinstance(party, dict) else ""


def first_body(tender: str) -> dict:
    """Return the body of a tender's first notice: the public facts that later notices do not repeat."""
    bodies = Notice.objects.filter(tender=tender, kind="tender").order_by("pk").values_list("body", flat=True)
    return bodies.first() or {}


def package_of(notice: Notice, medium: Medium) -> Package:
    """Return a notice as it travels to a medium: public content in the specification's fields."""
    source = Source(
        notice=notice.public_id,
        kind=notice.kind,
        version=notice.version,
        title=notice.title,
        body=notice.body,
        content=canonical(notice.body).decode(),
        published_at=notice.published_at,
        address=f"{settings.PUBLIC_ADDRESS}/notices/{notice.public_id}",
        first={} if notice.kind == "tender" else first_body(notice.tender),
    )
    sender = Sender(
        uscc=settings.CENTRE_USCC,
        name=settings.CENTRE_NAME,
        region=settings.CENTRE_REGION,
        system_no=settings.TRADE_SYSTEM_NO,
    )
    return package(source, medium=medium, sender=sender, centre=settings.CENTRE_ID)


@effect(TIMER)
def serve_medium(medium: str, now: datetime) -> datetime | None:
    """Do the one thing that is due at a medium, and return when there is something to do again.

    One at a time and in order: a medium that hangs costs one short wait per pause, not one per notice.
    """
    outlet = ports.outlet(medium, now=now)
    if outlet is None:
        return None
    delivery = _next(medium, now)
    if delivery is not None:
        _try(delivery, outlet, now=now)
    again = _open(medium).aggregate(first=Min("next_try_at"))["first"]
    return None if again is None else max(again, now)


def _open(medium: str):  # noqa: ANN202 - a queryset
    """Return what is to be tried at a medium; a version waits until the one before it has been handed over."""
    before = Delivery.objects.filter(
        medium=OuterRef("medium"),
        notice__series=OuterRef("notice__series"),
        notice__version__lt=OuterRef("notice__version"),
        state__in=NOT_HANDED_OVER,
    )
    return Delivery.objects.filter(
        centre_id=settings.CENTRE_ID, medium=medium, next_try_at__isnull=False
    ).exclude(Exists(before))


def _next(medium: str, now: datetime) -> Delivery | None:
    due = _open(medium).filter(next_try_at__lte=now).select_related("notice")
    return due.order_by("next_try_at", "pk").first()


def _try(delivery: Delivery, outlet: ports.Outlet, *, now: datetime) -> None:
    """Hand over, or ask for what was handed over; believe the answer, or note the trouble and the next moment."""
    asking = bool(delivery.reference) and delivery.state in {State.SENT, State.RECEIVED}
    made = None if asking else package_of(delivery.notice, Medium(delivery.medium))
    refused, trouble, receipt = "", None, None
    try:
        receipt = outlet.ask(delivery.reference) if made is None else outlet.deliver(made)
    except ports.NotDelivered as later:
        trouble = later
    except ports.Refused as no:
        refused = str(no) or "媒介没有说明原因"
    row = Delivery.objects.select_for_update().get(pk=delivery.pk)
    if row.state in {State.PUBLISHED, State.REFUSED}:  # the medium's own call came first
        return
    if made is not None:
        row.tries, row.sent_at, row.missing = row.tries + 1, now, list(made.missing)
    if receipt is not None:
        row.failures, row.last_error = 0, ""
        _believe(row, receipt, source="ask" if asking else "answer", now=now)
    elif trouble is not None:
        _later(row, trouble, asking=asking, now=now)
    else:
        _turned_down(row, refused, now=now)


def _turned_down(row: Delivery, reason: str, *, now: datetime) -> None:
    row.state, row.next_try_at, row.last_error = State.REFUSED.value, None, reason[:300]
    row.save()
    record_act(
        "publishing.refused",
        subject=row.public_id,
        actor=SYSTEM,
        legal_at=now,
        ocid=row.notice.ocid,
        public={"medium": row.medium, "notice": row.notice.public_id},
        supervisor={"reason": row.last_error},
    )


def _later(row: Delivery, trouble: ports.NotDelivered, *, asking: bool, now: datetime) -> None:
    row.failures += 1
    row.last_error = str(trouble)[:300]
    pause = max(pause_after(row.failures), timedelta(seconds=min(trouble.after_seconds, 3600)))
    row.next_try_at = now + pause
    if not asking:
        row.state = State.FAILED.value
    row.save()
    if trouble.whole_outlet:
        # nobody is there: the others wait with this one instead of each finding it out
        Delivery.objects.filter(
            centre_id=row.centre_id, medium=row.medium, next_try_at__lt=row.next_try_at
        ).update(next_try_at=row.next_try_at)


def _believe(row: Delivery, receipt: ports.Receipt, *, source: str, now: datetime) -> bool:
    """Keep a receipt and let it move the delivery forward; return whether it was news. Saves the row."""
    said = receipt.state
    facts = {
        "reference": receipt.reference,
        "state": said.value,
        "sha256": receipt.sha256,
        "published_at": receipt.published_at.isoformat() if receipt.published_at else "",
    }
    digest = hashlib.sha256(canonical(facts)).hexdigest()
    _, new = MediumReceipt.objects.get_or_create(
        delivery=row,
        digest=digest,
        defaults={
            "source": source,
            "state": said.value,
            "reference": receipt.reference[:100],
            "held_sha256": receipt.sha256[:64],
            "published_at": receipt.published_at,
            "said_at": now,
        },
    )
    # a replayed call is no news; the same answer to a new try may be
    moved = moves_forward(State(row.state), said) and (new or source != "call")
    if moved and said is State.REFUSED:
        _turned_down(row, "媒介回执: 不予发布", now=now)
        return True
    if moved:
        row.state, row.reference = said.value, receipt.reference[:100]
        if said in {State.RECEIVED, State.PUBLISHED}:
            row.received_at = row.received_at or now
    if moved and said is State.PUBLISHED:
        row.published_at, row.held_sha256 = receipt.published_at, receipt.sha256[:64]
        row.next_try_at = None
        row.flawed = row.held_sha256 != row.notice.sha256 or (
            row.published_at >= row.due_at and not missed_by_the_clock(row, leaps=leaps(), now=now)
        )
    elif source != "call":
        row.next_try_at = now + _ASK_AFTER[min(row.asks, len(_ASK_AFTER) - 1)]
        row.asks += 1
    row.save()
    if moved and said is State.PUBLISHED:
        _recorded_as_published(row, now=now)
    return moved


def missed_by_the_clock(row: Delivery, *, leaps: Iterable[tuple[datetime, datetime]], now: datetime) -> bool:
    """Say whether a delivery is too late only because the training clock was moved meanwhile."""
    return missed_by_leaps(
        started=row.notice.published_at, due_at=row.due_at, ended=row.published_at or now, leaps=leaps
    )


def _recorded_as_published(row: Delivery, *, now: datetime) -> None:
    record_act(
        "publishing.published",
        subject=row.public_id,
        actor=SYSTEM,
        legal_at=now,
        ocid=row.notice.ocid,
        public={
            "medium": row.medium,
            "notice": row.notice.public_id,
            "reference": row.reference,
            "published_at": row.published_at,
            "sha256": row.held_sha256,
        },
    )


@transaction.atomic
def receive_call(
    *, medium: str, body: bytes, signature: str, receipt: ports.Receipt | None, now: datetime
) -> bool:
    """Believe a receipt that a medium sends of itself, signed with the shared secret; return whether it was news.

    The signature is checked before anything else is said. The same receipt again changes nothing; an older one
    never moves a delivery back.

    :raises ReceiptNotSigned: no secret is shared with the medium, or the signature is not over these bytes
    :raises BadInput: the receipt cannot be read
    :raises NotFound: the medium's reference belongs to no delivery
    """
    secret = ports.callback_secret(medium)
    expected = hmac.new(secret, body, hashlib.sha256).hexdigest() if secret else ""
    if not expected or not hmac.compare_digest(expected.encode(), signature.strip().lower().encode()):
        raise ReceiptNotSigned("回执没有有效签名, 不予采信; 请用与本中心约定的密钥对请求正文计算HMAC-SHA256")
    if receipt is None or not receipt.reference:
        raise BadInput("回执内容无法读取: 应有RECEIPT_NO、STATUS, 已发布的还应有PUBLISH_TIME", field="body")
    row = (
        Delivery.objects.select_for_update(of=("self",))
        .select_related("notice")
        .filter(centre_id=settings.CENTRE_ID, medium=medium, reference=receipt.reference)
        .first()
    )
    if row is None:
        raise NotFound("没有与此回执号对应的发送记录, 请核对回执号后重发")
    return _believe(row, receipt, source="call", now=now)


@transaction.atomic
def retry(*, delivery_id: str, actor: Actor, now: datetime) -> Delivery:
    """Try a delivery again at once, whatever pause it was in; a refused one goes back to waiting.

    :raises NotFound: no such delivery
    :raises NotPermitted: the tender is another organisation's
    :raises AlreadyPublished: the medium has published it
    :raises MediumNotConfigured: nothing can be sent to a medium that nobody has configured
    """
    require(actor, Permission.PUBLICATION_RETRY)
    row = (
        Delivery.objects.select_for_update(of=("self",))
        .select_related("notice")
        .filter(public_id=delivery_id)
        .first()
    )
    if row is None:
        raise NotFound(
            "没有这条发送记录, 请从公告发送列表进入", next_steps=(("公告发送", "/work/publication"),)
        )
    if actor.role is not Role.CENTRE and not is_own(row, actor):
        raise NotPermitted("只能办理本单位招标项目的公告发送", next_steps=(("返回工作台", "/work"),))
    if row.state == State.PUBLISHED:
        raise AlreadyPublished("该媒介已经发布, 不需要再发送; 内容有变化的, 请发布公告的新版本")
    if not ports.is_configured(row.medium):
        raise MediumNotConfigured(
            f"本中心还没有配置{Medium(row.medium).label}的接口, 无法发送; 请系统管理员在GGZY_OUTLETS中配置后再试"
        )
    if row.state == State.REFUSED:
        row.state, row.reference = State.WAITING.value, ""
    row.next_try_at = now
    row.save(update_fields=["state", "reference", "next_try_at"])
    set_timer(kind=TIMER, subject=row.medium, due_at=now)
    record_act(
        "publishing.retried",
        subject=row.public_id,
        actor=actor,
        legal_at=now,
        ocid=row.notice.ocid,
        public={"medium": row.medium, "notice": row.notice.public_id},
    )
    return row


def is_own(row: Delivery, actor: Actor) -> bool:
    """Say whether the actor's organisation is the tenderee or the agency that the tender's first notice names."""
    return bool(actor.uscc) and actor.uscc in {row.tenderee_uscc, row.agency_uscc}
