"""What a bidder may see of its own bids, and what later stages need. Before the opening nobody else gets a row."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ggzy.bidding.models import Bid
from ggzy.kernel.actors import Actor
from ggzy.kernel.canonical import sha256
from ggzy.kernel.refusals import NotFound
from ggzy.parties.grid import Permission, may, require


@dataclass(frozen=True, kw_only=True)
class OwnBid:
    """A bidder's own bid."""

    bid: str
    round: str
    lot_name: str
    tender_name: str
    tender: str
    stage: str
    state: str
    received_at: datetime
    bid_deadline: datetime | None
    size: int
    manifest_sha256: str
    entry_hash: str
    #: SHA-256 of the version of the tender file it was made against, "" if it does not say
    tender_file: str
    #: a package of a front: an application or a technical proposal
    front: bool = False
    #: a last offer
    last: bool = False
    #: parts of its key were given to the holders of the tender file
    has_shares: bool = False


@dataclass(frozen=True, kw_only=True)
class SealedTo:
    """A live bid of one's own that can still be changed, and the certificate its envelope is addressed to."""

    certificate: str
    round: str
    tender_name: str
    lot_name: str
    bid_deadline: datetime


def live_bids_sealed_to(certificates: Iterable[str], *, actor: Actor, now: datetime) -> list[SealedTo]:
    """Return the actor's organisation's own live bids before their deadline whose envelopes are to these certificates."""
    if not may(actor, Permission.BID_READ_OWN):
        return []
    rows = Bid.objects.filter(
        bidder_id=actor.organisation_pk,
        state=Bid.LIVE,
        certificate__fingerprint__in=list(certificates),
        round__bid_deadline__gt=now,
    ).select_related("round__lot__tender", "certificate")
    return [
        SealedTo(
            certificate=b.certificate.fingerprint,
            round=b.round.public_id,
            tender_name=b.round.lot.tender.name,
            lot_name=b.round.lot.name,
            bid_deadline=b.round.bid_deadline,
        )
        for b in rows.order_by("round__bid_deadline")
    ]


def own_lots(*, actor: Actor) -> list[int]:
    """Return the lots (primary keys) for which the actor's organisation ever handed something in.

    :raises NotPermitted: not a bidder
    """
    require(actor, Permission.BID_READ_OWN)
    rows = Bid.objects.filter(bidder_id=actor.organisation_pk)
    return list(rows.values_list("round__lot_id", flat=True).distinct())


def own_bids(*, actor: Actor, round_id: str = "", most: int = 200) -> list[OwnBid]:
    """Return the actor's organisation's bids, newest first; never anyone else's.

    :raises NotPermitted: not a bidder
    """
    require(actor, Permission.BID_READ_OWN)
    rows = Bid.objects.filter(bidder_id=actor.organisation_pk).select_related("round__lot__tender")
    if round_id:
        rows = rows.filter(round__public_id=round_id)
    rows = rows.defer("envelope", "manifest_signature", "round__law", "round__lot__tender__document")
    return [
        OwnBid(
            bid=b.public_id,
            round=b.round.public_id,
            lot_name=b.round.lot.name,
            tender_name=b.round.lot.tender.name,
            tender=b.round.lot.tender.public_id,
            stage=b.round.stage,
            state=b.state,
            received_at=b.received_at,
            bid_deadline=b.round.bid_deadline,
            size=b.payload_size,
            manifest_sha256=_manifest_digest(b),
            entry_hash=b.entry_hash,
            tender_file=json.loads(bytes(b.manifest)).get("tender_file", ""),
            front=b.round.phase == 0,
            last=b.round.phase == 2,
            has_shares=bool(b.shares),
        )
        for b in rows.order_by("-pk")[:most]
    ]


@dataclass(frozen=True, kw_only=True)
class OwnLive:
    """Where one of a bidder's own live bids is: enough for a list, read without the bid."""

    round: str
    round_pk: int
    procedure_code: str
    stage: str
    lot_name: str
    tender_name: str


def own_live(*, actor: Actor, stages: Iterable[str], most: int = 500) -> list[OwnLive]:
    """Return where the actor's organisation has live bids in rounds at one of these stages, newest first.

    :raises NotPermitted: not a bidder
    """
    require(actor, Permission.BID_READ_OWN)
    rows = Bid.objects.filter(
        bidder_id=actor.organisation_pk, state=Bid.LIVE, round__stage__in=list(stages)
    ).order_by("-pk")
    names = {
        "round": "round__public_id",
        "round_pk": "round_id",
        "procedure_code": "round__procedure_code",
        "stage": "round__stage",
        "lot_name": "round__lot__name",
        "tender_name": "round__lot__tender__name",
    }
    return [OwnLive(**dict(zip(names, row, strict=True))) for row in rows.values_list(*names.values())[:most]]


def _manifest_digest(bid: Bid) -> str:
    return sha256(bytes(bid.manifest)).hex()


def own_envelope(*, bid_id: str, actor: Actor) -> tuple[bytes, dict[str, Any]]:
    """Return the key envelope and the manifest of the actor's own bid.

    :raises NotFound: no such bid of this organisation
    """
    require(actor, Permission.BID_READ_OWN)
    bid = Bid.objects.filter(public_id=bid_id, bidder_id=actor.organisation_pk).first()
    if bid is None:
        raise NotFound("没有这份投标文件")
    return bytes(bid.envelope), json.loads(bytes(bid.manifest))
