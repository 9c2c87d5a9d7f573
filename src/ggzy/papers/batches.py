"""Sealing many papers as a job: the browser signs each, the worker embeds, stamps and delivers, one transaction per paper.

A crash of the worker leaves the paper it was at as it was; it goes on from there. A paper sealed twice is refused by its
own act, so nothing is done twice.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from ggzy.deadlines.actions import effect, set_timer
from ggzy.identity.queries import by_fingerprint
from ggzy.kernel.actors import Actor, Role
from ggzy.kernel.refusals import BadInput, NotFound, Refusal
from ggzy.papers.actions import SealedAlready, due_of, finish_paper_seal
from ggzy.papers.models import SealBatch, SealBatchItem
from ggzy.parties.grid import Permission, require
from ggzy.parties.models import Account

#: the clock of a batch: due as long as a paper waits
CLOCK = "papers.batch"
MOST_ITEMS = 500


@transaction.atomic
def queue_paper_seal(
    *, batch_id: str, round_id: str, ref: str, signature: str, actor: Actor, now: datetime
) -> SealBatch:
    """Hand a signed paper to the worker; "" for `batch_id` begins a batch. Signed a second time, the newest
    signature counts until the seal is in.

    What the signature is worth is judged when the seal is put in, by the act of sealing itself.

    :raises NotFound: no such batch of this account, or no such paper
    :raises BadInput: the batch is full, or there is no signature
    """
    require(actor, Permission.PAPER_SEAL)
    if not signature or len(signature) > 2000:
        raise BadInput("没有签名, 请在浏览器中签名后再提交", field="signature")
    due = due_of(round_id=round_id, ref=ref)
    batch = _own(batch_id, actor) if batch_id else _new(actor, now)
    if batch.items.count() >= MOST_ITEMS:
        raise BadInput(f"一批不超过{MOST_ITEMS}份, 请分批办理", field="item")
    tender = due.round.lot.tender
    to = f" 致 {due.addressee.name}" if due.addressee else ""
    name = f"{due.kind.label}{to} · {tender.name} {due.round.lot.name}"[:300]
    item, made = SealBatchItem.objects.select_for_update().get_or_create(
        batch=batch, round=due.round, ref=ref, defaults={"signature": signature, "name": name}
    )
    if not made and item.state != SealBatchItem.DONE:  # signed anew: the newest signature counts
        item.signature, item.state, item.message, item.ended_at = signature, SealBatchItem.WAITING, "", None
        item.save(update_fields=["signature", "state", "message", "ended_at"])
    set_timer(kind=CLOCK, subject=batch.public_id, due_at=now)
    return batch


def _new(actor: Actor, now: datetime) -> SealBatch:
    certificate = by_fingerprint(actor.certificate)
    assert certificate is not None, "the session was proved with it"
    return SealBatch.objects.create(account_id=actor.account_pk, certificate=certificate, made_at=now)


def _own(batch_id: str, actor: Actor) -> SealBatch:
    batch = (
        SealBatch.objects.select_for_update(of=("self",))
        .filter(public_id=batch_id, account_id=actor.account_pk)
        .first()
    )
    if batch is None:
        raise NotFound("没有这一批签章, 请从文书列表重新开始")
    return batch


@effect(CLOCK)
def seal_next(subject: str, now: datetime) -> datetime | None:
    """Put the seal into the next paper of a batch, as its signer; ask again at once while papers wait."""
    item = (
        SealBatchItem.objects.select_for_update(of=("self",))
        .select_related("round", "batch__certificate")
        .filter(batch__public_id=subject, state=SealBatchItem.WAITING)
        .order_by("pk")
        .first()
    )
    if item is None:
        return None
    try:
        with transaction.atomic():
            made = finish_paper_seal(
                round_id=item.round.public_id,
                ref=item.ref,
                signature=item.signature,
                actor=_signer(item.batch),
                now=now,
            )
            item.state, item.pdf = SealBatchItem.DONE, made.sealed
    except SealedAlready as no:
        item.state, item.message = SealBatchItem.DONE, no.message
    except Refusal as no:
        item.state, item.message = SealBatchItem.FAILED, no.message[:400]
    item.signature, item.ended_at = "", now
    item.save(update_fields=["state", "message", "pdf", "ended_at", "signature"])
    return now


def _signer(batch: SealBatch) -> Actor:
    """Return the signer as the session was; a certificate that ended meanwhile is none."""
    account = Account.objects.select_related("person", "organisation").get(pk=batch.account_id)
    organisation = account.organisation
    good = batch.certificate.revoked_at is None and account.active
    return Actor(
        role=Role(account.role),
        person=account.public_id,
        account_pk=account.pk,
        name=account.person.name,
        organisation=organisation.public_id if organisation else "",
        organisation_pk=organisation.pk if organisation else 0,
        organisation_name=organisation.name if organisation else "",
        uscc=organisation.uscc if organisation else "",
        certificate=batch.certificate.fingerprint if good else "",
    )


@dataclass(frozen=True, kw_only=True)
class ItemRow:
    """One paper of a batch."""

    name: str
    state: str
    message: str
    ended_at: datetime | None
    pdf: str


@dataclass(frozen=True, kw_only=True)
class BatchPage:
    """How far a batch is."""

    batch: str
    made_at: datetime
    total: int
    done: int
    failed: int
    items: tuple[ItemRow, ...]

    @property
    def waiting(self) -> int:
        """Return how many papers wait."""
        return self.total - self.done - self.failed


def batch_page(*, batch_id: str, viewer: Actor) -> BatchPage:
    """Return how far one's own batch is.

    :raises NotFound: no such batch of this account
    """
    require(viewer, Permission.PAPER_SEAL)
    batch = SealBatch.objects.filter(public_id=batch_id, account_id=viewer.account_pk).first()
    if batch is None:
        raise NotFound("没有这一批签章, 请从文书列表打开")
    rows = [
        ItemRow(name=i.name, state=i.state, message=i.message, ended_at=i.ended_at, pdf=i.pdf)
        for i in batch.items.order_by("pk")
    ]
    return BatchPage(
        batch=batch.public_id,
        made_at=batch.made_at,
        total=len(rows),
        done=sum(r.state == SealBatchItem.DONE for r in rows),
        failed=sum(r.state == SealBatchItem.FAILED for r in rows),
        items=tuple(rows),
    )


def recent_batches(*, viewer: Actor, limit: int = 5) -> list[tuple[str, datetime]]:
    """Return one's own latest batches."""
    rows = SealBatch.objects.filter(account_id=viewer.account_pk).order_by("-made_at", "-pk")[:limit]
    return list(rows.values_list("public_id", "made_at"))
