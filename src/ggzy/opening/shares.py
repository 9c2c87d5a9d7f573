"""A bid whose bidder lost its key is opened by the three holders of its parts: asked for by the bidder, after the opening.

The bidder chose it when sealing and the tender file names the holders (20号令31: the remedy stands in the file). Nobody
asks for it but the bidder, nothing is released before the opening has begun, every step is in the log.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from ggzy.bidding import bidbox
from ggzy.bidding import shares as parts
from ggzy.evidence.actions import record_act
from ggzy.kernel.actors import Actor
from ggzy.kernel.refusals import Citation, NotFound, Refusal
from ggzy.messages.actions import tell
from ggzy.messages.rules import Kind
from ggzy.opening import rules
from ggzy.opening.actions import key_is_free
from ggzy.opening.models import BidOpening, KeyShare
from ggzy.parties.grid import Permission, require
from ggzy.parties.queries import by_uscc
from ggzy.tendering.holders import share_holders
from ggzy.tendering.moves import place_of, require_move


class NoShares(Refusal):
    """The bidder gave no parts of its key when sealing."""

    code = "opening.no_shares"


class SharesNotAsked(Refusal):
    """The bidder has not asked for its bid to be opened by the holders."""

    code = "opening.shares_not_asked"


def _require_in_window(row: BidOpening, *, now: datetime) -> None:
    if row.state != BidOpening.WAITING:
        raise NotFound("这份投标文件不在等待解密, 不需要密钥份额")
    if row.session.paused_at is not None or now < row.session.window_ends_at:
        return
    raise rules.WindowClosed("解密时限已到, 未解密的投标文件按招标文件和办法的规定处理")


def _row(bid_id: str) -> BidOpening | None:
    return (
        BidOpening.objects.select_for_update(of=("self",))
        .select_related("bid__bidder", "session__round__lot__tender")
        .filter(bid__public_id=bid_id)
        .first()
    )


@transaction.atomic
def ask_for_shares(*, bid_id: str, actor: Actor, now: datetime) -> BidOpening:
    """Ask the holders to release their parts, as the bidder who cannot open its envelope.

    :raises NoShares: the bidder gave none when sealing
    :raises WindowClosed: the window has ended
    """
    require(actor, Permission.OPENING_RELEASE)
    row = _row(bid_id)
    if row is None or row.bid.bidder_id != actor.organisation_pk:
        raise NotFound("您单位在此没有等待解密的投标文件, 或尚未开标")
    round_ = row.session.round
    require_move(round_, "release_key", actor=actor)
    if not row.bid.shares:
        raise NoShares("您单位加密时没有选择密钥份额, 保管人手里没有份额; 请用证书私钥或恢复码解密")
    _require_in_window(row, now=now)
    if row.shares_asked_at is not None:
        return row
    row.shares_asked_at = now
    row.save(update_fields=["shares_asked_at"])
    holders = parts.read(bytes(row.bid.shares))
    record_act(
        "opening.shares_asked",
        subject=row.bid.public_id,
        actor=actor,
        legal_at=now,
        **place_of(round_),
        public={"bid": row.bid.public_id, "holders": sorted(holders)},
    )
    known = [found.pk for uscc in holders if (found := by_uscc(uscc)) is not None]
    tell(
        organisations=known,
        kind=Kind.LEGAL,
        basis=Citation("电子招标投标办法", "第三十一条"),
        until_opening=(),
        title=f"请交出密钥份额: {round_.lot.tender.name}（{round_.lot.name}）",
        text=f"{row.bid.bidder.name}无法解密, 申请由保管人交出密钥份额。请在解密时限内用本单位证书交出。",
        link="/work/key-shares",
        now=now,
    )
    return row


@dataclass(frozen=True, kw_only=True)
class AskedShare:
    """A part that its holder is asked for: for whose bid, until when, and the envelope that only the holder opens."""

    bid: str
    bidder: str
    place: str
    until: datetime
    envelope: str
    fingerprint: str
    released: int


def asked_of(actor: Actor) -> list[AskedShare]:
    """Return the parts this organisation is asked for and has not released; looking binds nobody."""
    require(actor, Permission.WORKBENCH_READ)
    rows = (
        BidOpening.objects.filter(state=BidOpening.WAITING, session__shown_at=None)
        .exclude(shares_asked_at=None)
        .select_related("bid__bidder", "session__round__lot__tender")
        .only(
            "bid__shares",
            "bid__public_id",
            "bid__bidder__name",
            "session__window_ends_at",
            "session__round__public_id",
            "session__round__lot__name",
            "session__round__lot__tender__name",
        )
        .prefetch_related("key_shares")
        .order_by("shares_asked_at")
    )
    out = []
    for row in rows:
        mine = parts.read(bytes(row.bid.shares)).get(actor.uscc)
        given = {share.uscc for share in row.key_shares.all()}
        if mine is None or actor.uscc in given:
            continue
        lot = row.session.round.lot
        out.append(
            AskedShare(
                bid=row.bid.public_id,
                bidder=row.bid.bidder.name,
                place=f"{lot.tender.name} · {lot.name}",
                until=row.session.window_ends_at,
                envelope=str(mine["envelope"]),
                fingerprint=_fingerprint(row, actor.uscc),
                released=len(given),
            )
        )
    return out


def _fingerprint(row: BidOpening, uscc: str) -> str:
    found = share_holders(round_id=row.session.round.public_id)
    return next((holder.fingerprint for holder in found if holder.uscc == uscc), "")


@transaction.atomic
def release_share(*, bid_id: str, share: str, actor: Actor, now: datetime) -> int:
    """Release one's part of a bid_key that its bidder asked for; the last one frees the key. Return how many are in.

    The same part again is the same answer.

    :raises SharesNotAsked: the bidder has not asked
    :raises SharesBroken: not the part that was sealed to this holder
    :raises WindowClosed: the window has ended
    """
    require(actor, Permission.OPENING_SHARE)
    row = _row(bid_id)
    mine = parts.read(bytes(row.bid.shares)).get(actor.uscc) if row and row.bid.shares else None
    if row is None or mine is None:
        raise NotFound("您单位不是这份投标文件的密钥份额保管人")
    if row.shares_asked_at is None:
        raise SharesNotAsked("投标人没有申请由保管人开启, 份额不能交出")
    raw = parts.require_part(share, row=mine)
    if not row.key_shares.filter(uscc=actor.uscc).exists():
        _require_in_window(row, now=now)
        KeyShare.objects.create(
            opening=row, uscc=actor.uscc, share=raw, released_at=now, region_code=row.region_code
        )
        record_act(
            "opening.share_released",
            subject=row.bid.public_id,
            actor=actor,
            legal_at=now,
            **place_of(row.session.round),
            public={"bid": row.bid.public_id, "holder": actor.uscc, "sha256": mine["sha256"]},
        )
    given = list(row.key_shares.values_list("share", flat=True))
    if len(given) == parts.HOLDERS and row.state == BidOpening.WAITING:
        key = parts.joined(given)
        bidbox.require_key(key, manifest=bidbox.read_manifest(bytes(row.bid.manifest), priced=None))
        key_is_free(row, key, by="opening.key_joined", actor=actor, now=now)
    return len(given)
