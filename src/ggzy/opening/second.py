"""The second envelopes of a round 第二信封: opened after the first were judged, at a moment told to all, in public.

Their keys come as at the first opening, with the same window and the same account of failures (20号令31). Who did not
pass the first envelope is not asked for a key: that envelope stays closed for good.
"""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from ggzy.bidding import bidbox
from ggzy.bidding import queries as bids
from ggzy.deadlines.actions import cancel_timer, effect, set_timer
from ggzy.evidence.actions import record_act
from ggzy.identity.actions import sign_document
from ggzy.kernel import files
from ggzy.kernel.actors import SYSTEM, Actor
from ggzy.kernel.canonical import canonical, sha256
from ggzy.kernel.clock import BEIJING
from ggzy.kernel.ids import new_public_id
from ggzy.kernel.refusals import BadInput, NotFound, Refusal
from ggzy.messages.actions import tell
from ggzy.messages.rules import Kind
from ggzy.notices.actions import NoticeKind, publish_notice
from ggzy.opening import actions as first
from ggzy.opening import offers, rules
from ggzy.opening.models import BidOpening, OpeningObjection, SecondEnvelope, SecondOpening
from ggzy.parties.grid import Permission, require
from ggzy.tendering.document import parse
from ggzy.tendering.models import Round, TenderFile
from ggzy.tendering.moves import lock_round, place_of, require_move, require_owner_side

DECRYPT = "opening.decrypt_second"
END_WINDOW = "opening.end_second_window"
#: fires when the second opening has ended: the evaluation goes on with prices
ENDED = "evaluation.second_ended"
NOT_OPENED = "未通过第一信封评审, 第二信封不予开启"


@dataclass(frozen=True, kw_only=True)
class SecondState:
    """How far the second envelopes of a round are: begun, ended, and which stay without a price, with the reason."""

    opened: bool
    ended: bool
    unopened: dict[str, str]


def state_of(round_pk: int) -> SecondState | None:
    """Return how far the second envelopes are; None while nothing was decided about them."""
    second = SecondOpening.objects.filter(round_id=round_pk).first()
    if second is None:
        return None
    rows = _envelopes(second).exclude(state=BidOpening.OPENED).select_related("opening__bid")
    return SecondState(
        opened=second.opened_at is not None,
        ended=second.ended_at is not None,
        unopened={row.opening.bid.public_id: row.reason for row in rows},
    )


def record_digest(round_pk: int) -> str:
    """Return the digest of the signed record of a second opening; "" where there is none."""
    found = SecondOpening.objects.filter(round_id=round_pk).values_list("record_sha256", flat=True).first()
    return found or ""


def _envelopes(second: SecondOpening) -> QuerySet[SecondEnvelope]:
    return SecondEnvelope.objects.filter(opening__session__round_id=second.round_id)


def _settled(second: SecondOpening) -> bool:
    """Say whether prices are shown and every admitted envelope is opened or accounted for."""
    under_way = _envelopes(second).filter(state__in=[BidOpening.WAITING, BidOpening.RELEASED])
    return second.shown_at is not None and not under_way.exists()


def admit(
    round_: Round, *, admitted: Sequence[str], kept_out: Mapping[str, Sequence[str]], now: datetime
) -> None:
    """Keep who passed the first envelope and whose second stays closed (called inside an act of the evaluation).

    Once the second envelopes are being opened, who was admitted stays.
    """
    second = SecondOpening.objects.filter(round=round_).first() or SecondOpening(
        round=round_, region_code=round_.region_code
    )
    if second.opened_at is not None:
        return
    second.admitted, second.judged_at = sorted(admitted), now
    second.kept_out = {bid: list(reasons) for bid, reasons in kept_out.items()}
    second.save()


def recall(round_: Round) -> None:
    """Take an admission back that nobody acted upon: the first envelope is judged anew (called inside an act)."""
    SecondOpening.objects.filter(round=round_, opened_at=None).delete()


def _locked(round_id: str) -> tuple[SecondOpening, Round]:
    """Lock the round, then its second opening.

    :raises NotFound: the first envelope is not judged yet, or there is one envelope only
    """
    round_ = lock_round(round_id)
    second = SecondOpening.objects.select_for_update(of=("self",)).filter(round=round_).first()
    if second is None:
        raise NotFound("该标段没有等待开启的第二信封: 第一信封评审完毕后才能办理")
    return second, round_


def _bidders(round_: Round) -> list[int]:
    rows = BidOpening.objects.filter(session__round=round_, state=BidOpening.OPENED)
    return list(rows.values_list("bid__bidder_id", flat=True))


@transaction.atomic
def announce(*, round_id: str, opens_at: datetime, actor: Actor, now: datetime) -> SecondOpening:
    """Tell everybody when the second envelopes will be opened; until then it can be told anew, never for sooner.

    :raises SecondNotYet: too soon for everybody to come
    :raises BadInput: the opening has begun, or this moment was told already, or is earlier than it
    """
    require(actor, Permission.OPENING_HOST)
    second, round_ = _locked(round_id)
    tender = round_.lot.tender
    require_owner_side(tender, actor)
    require_move(round_, "open_second", actor=actor)
    if second.opened_at is not None:
        raise BadInput("第二信封已经开标, 时间不能再改", field="opens_at")
    if second.opens_at is not None and opens_at <= second.opens_at:
        raise BadInput("已通知的开标时间只能推迟, 不能提前", field="opens_at")
    rules.require_told_early(opens_at=opens_at, now=now)
    second.opens_at = opens_at
    second.save(update_fields=["opens_at"])
    notice = publish_notice(
        kind=NoticeKind.SECOND_OPENING,
        ocid=tender.ocid,
        tender=tender.public_id,
        rounds=[round_.public_id],
        title=f"{tender.name}（{round_.lot.name}）第二信封(报价文件)开标通知",
        body={"tender": tender.name, "lot": round_.lot.name, "opens_at": opens_at.isoformat()},
        actor=actor,
        now=now,
    )
    record_act(
        "opening.second_told",
        subject=notice.public_id,
        actor=actor,
        legal_at=now,
        **place_of(round_),
        public={"opens_at": opens_at.isoformat()},
    )
    tell(
        organisations=_bidders(round_),
        kind=Kind.SERVICE,
        title=f"{tender.name}（{round_.lot.name}）第二信封开标通知",
        text=f"第二信封(报价文件)于{opens_at.astimezone(BEIJING):%Y年%m月%d日 %H:%M}在开标大厅开标; "
        "通过第一信封评审的投标人请准时解密第二信封。",
        link=f"/rounds/{round_.public_id}/hall",
        now=now,
    )
    return second


@transaction.atomic
def open_second(*, round_id: str, actor: Actor, now: datetime) -> SecondOpening:
    """Begin to open the second envelopes of the bids that passed the first, at the moment told to all.

    :raises SecondNotYet: no moment was told, or it has not come
    :raises BadInput: it has begun
    """
    require(actor, Permission.OPENING_HOST)
    second, round_ = _locked(round_id)
    tender = round_.lot.tender
    require_owner_side(tender, actor)
    require_move(round_, "open_second", actor=actor)
    if second.opened_at is not None:
        raise BadInput("第二信封已经开标, 请刷新页面")
    rules.require_may_open_second(opens_at=second.opens_at, now=now)
    assert second.opens_at is not None, "told, or it could not open"
    document = parse(TenderFile.objects.get(tender=tender, version=round_.file_version).document)
    second.host_organisation_id, second.opened_at = actor.organisation_pk, now
    second.window_ends_at = now + timedelta(minutes=document.decryption_minutes)
    second.save()
    rows = _envelopes(second).filter(state=SecondEnvelope.SEALED)
    rows.filter(opening__bid__public_id__in=second.admitted).update(state=BidOpening.WAITING)
    rows.filter(state=SecondEnvelope.SEALED).update(state=SecondEnvelope.KEPT_OUT, reason=NOT_OPENED)
    set_timer(kind=END_WINDOW, subject=second.public_id, due_at=second.window_ends_at)
    record_act(
        "opening.second_opened",
        subject=second.public_id,
        actor=actor,
        legal_at=now,
        **place_of(round_),
        public={
            "admitted": second.admitted,
            "kept_out": sorted(second.kept_out),
            "opens_at": second.opens_at.isoformat(),
            "opened_at": now.isoformat(),
            "window_ends_at": second.window_ends_at.isoformat(),
        },
    )
    asked = BidOpening.objects.filter(session__round=round_, bid__public_id__in=second.admitted)
    tell(
        organisations=asked.values_list("bid__bidder_id", flat=True),
        kind=Kind.LEGAL,
        basis=rules.IN_TIME,
        until_opening=(),
        title=f"{tender.name}（{round_.lot.name}）第二信封已开标, 请解密",
        text=f"请在{document.decryption_minutes}分钟内解密第二信封(报价文件); 因投标人原因逾期未解密的, 视为撤销投标文件。",
        link=f"/rounds/{round_.public_id}/hall",
        now=now,
    )
    return second


def own_envelope(*, bid_id: str, actor: Actor) -> tuple[bytes, dict[str, Any]]:
    """Return the key envelope and the manifest that an own bid is asked for now: the second's once that is opened.

    :raises NotFound: no such bid of this organisation
    """
    found = bids.own_envelope(bid_id=bid_id, actor=actor)
    rows = SecondEnvelope.objects.filter(opening__bid__public_id=bid_id)
    row = rows.exclude(state__in=[SecondEnvelope.SEALED, SecondEnvelope.KEPT_OUT]).first()
    if row is None:
        return found
    raw = bytes(row.manifest)
    return bytes(row.envelope), bidbox.read_manifest(raw)


@transaction.atomic
def release_key(*, bid_id: str, bid_key: str, actor: Actor, now: datetime) -> BidOpening | SecondEnvelope:
    """Take the bid_key of the envelope that an own bid is asked for now: the second's once that is opened.

    The same key again is the same answer.

    :raises WindowClosed: the window has ended
    :raises WrongBidKey: not the key that the manifest committed to
    :raises AlreadyReleased: another key after the first
    """
    require(actor, Permission.OPENING_RELEASE)
    row = (
        SecondEnvelope.objects.select_for_update(of=("self",))
        .select_related("opening__bid", "opening__session__round__lot__tender")
        .filter(opening__bid__public_id=bid_id, opening__bid__bidder_id=actor.organisation_pk)
        .first()
    )
    if row is None or row.state == SecondEnvelope.SEALED:
        return first.release_key(bid_id=bid_id, bid_key=bid_key, actor=actor, now=now)
    key = bid_key.strip()
    if row.state != BidOpening.WAITING:
        if row.bid_key and row.bid_key == key:
            return row
        raise first.AlreadyReleased(row.reason or "该第二信封已处理完毕, 无需再次解密")
    round_ = row.opening.session.round
    require_move(round_, "release_second", actor=actor)
    second = SecondOpening.objects.get(round=round_)
    if second.window_ends_at is None or now >= second.window_ends_at:
        raise rules.WindowClosed("解密时限已到, 未解密的第二信封按招标文件和办法的规定处理")
    bidbox.require_key(key, manifest=bidbox.read_manifest(bytes(row.manifest)))
    row.state, row.bid_key, row.released_at = BidOpening.RELEASED, key, now
    row.save(update_fields=["state", "bid_key", "released_at"])
    set_timer(kind=DECRYPT, subject=row.public_id, due_at=now)
    record_act(
        "opening.second_key_released",
        subject=row.opening.bid.public_id,
        actor=actor,
        legal_at=now,
        **place_of(round_),
        public={"bid": bid_id, "bid_key_sha256": sha256(key.encode()).hex()},
    )
    return row


@effect(DECRYPT)
def decrypt(envelope_id: str, now: datetime) -> datetime | None:
    """Open one released second envelope and check it against its manifest; then show what may be shown."""
    found = (
        SecondEnvelope.objects.filter(public_id=envelope_id)
        .values_list("opening__session__round__public_id", "payload")
        .first()
    )
    if found is None:
        return None
    sealed = files.sealed_path(found[1])  # before the lock: a bucket may take its time
    second, round_ = _locked(found[0])
    row = SecondEnvelope.objects.select_for_update(of=("self",)).get(public_id=envelope_id)
    if row.state != BidOpening.RELEASED:
        return None
    folder = files.settings.FILES / "opening" / new_public_id()
    try:
        folder.mkdir(parents=True, mode=0o700)
        if sealed.exists():
            manifest = bidbox.read_manifest(bytes(row.manifest))
            opened = bidbox.open_payload(sealed, bid_key=row.bid_key, manifest=manifest, into=folder)
            offers.require_own(opened.fields, manifest=manifest)
            row.price = offers.price_of(opened.fields)
            offers.keep(row, opened)
            _settle(row, BidOpening.OPENED, "", now=now)
        else:
            _settle(row, BidOpening.WITHDRAWN, "平台存储的密文缺失, 非投标人原因", now=now)
    except files.StoreAway:
        raise
    except Refusal as refusal:
        row.price = None
        if bidbox.digest_of(sealed) != row.payload_sha256:
            _settle(row, BidOpening.WITHDRAWN, "平台存储的密文与接收时不一致, 非投标人原因", now=now)
        else:
            _settle(row, BidOpening.REVOKED, refusal.message, now=now)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    _show_what_may_be(second, round_, now=now)
    return None


def _settle(row: SecondEnvelope, state: str, reason: str, *, now: datetime) -> None:
    row.state, row.reason, row.settled_at = state, reason[:300], now
    row.save()


@effect(END_WINDOW, first=True)
def end_window(second_id: str, now: datetime) -> datetime | None:
    """End the window of the second envelopes: whose key was not released counts as revoked (20号令31); the rest go on."""
    found = SecondOpening.objects.filter(public_id=second_id).values_list("round__public_id").first()
    if found is None:
        return None
    second, round_ = _locked(found[0])
    if second.window_ended or second.shown_at or second.window_ends_at is None:
        return None
    if now < second.window_ends_at:
        return second.window_ends_at
    second.window_ended = True
    second.save(update_fields=["window_ended"])
    for row in _envelopes(second).select_for_update(of=("self",)).filter(state=BidOpening.WAITING):
        _settle(row, BidOpening.REVOKED, "解密时限内未解密第二信封, 视为投标人撤销其投标文件", now=now)
    _show_what_may_be(second, round_, now=now)
    return None


def _show_what_may_be(second: SecondOpening, round_: Round, *, now: datetime) -> None:
    """Show the price of every second envelope that is open, once all keys are released or out of time.

    From here on, and not before, the price stands with the bid.
    """
    rows = list(
        _envelopes(second)
        .filter(opening__bid__public_id__in=second.admitted)
        .select_related("opening__bid__bidder", "opening__bid__certificate")
        .order_by("opening__bid__entry_hash")
    )
    if not rules.may_show_prices([r.state for r in rows], window_ended=second.window_ended):
        return
    if second.shown_at is None:
        second.shown_at = now
        second.save(update_fields=["shown_at"])
        cancel_timer(kind=END_WINDOW, subject=second.public_id, now=now)
    for row in (r for r in rows if r.shown_at is None and r.state in rules.FINAL):
        row.shown_at = now
        row.save(update_fields=["shown_at"])
        bid = row.opening.bid
        public: dict[str, Any] = {
            "bid": bid.public_id,
            "bidder": bid.bidder.name,
            "uscc": bid.bidder.uscc,
            "state": row.state,
            "reason": row.reason,
            "manifest": bytes(row.manifest).decode(),
            "manifest_signature": bytes(row.manifest_signature).hex(),
            "certificate": bid.certificate.pem,
        }
        if row.state == BidOpening.OPENED:
            BidOpening.objects.filter(pk=row.opening_id).update(
                price=row.price, attachments=[*row.opening.attachments, *row.attachments]
            )
            public["fields"] = {
                name: {"value": row.fields[name], "salt": row.salts[name]}
                for name in sorted(bidbox.OF_THE_SECOND)
            }
        record_act(
            "opening.second_shown",
            subject=bid.public_id,
            actor=SYSTEM,
            legal_at=now,
            **place_of(round_),
            public=public,
        )


@transaction.atomic
def account_failure(
    *, bid_id: str, not_bidders_fault: bool, reason: str, actor: Actor, now: datetime
) -> BidOpening | SecondEnvelope:
    """Let the host correct whose fault an unopened envelope was: the second's once that is being opened.

    :raises BadInput: no reason, or the envelope was opened or not to be opened
    """
    require(actor, Permission.OPENING_HOST)
    found = (
        SecondEnvelope.objects.filter(opening__bid__public_id=bid_id)
        .exclude(state=SecondEnvelope.SEALED)
        .values_list("opening__session__round__public_id", flat=True)
        .first()
    )
    if found is None:
        return first.account_failure(
            bid_id=bid_id, not_bidders_fault=not_bidders_fault, reason=reason, actor=actor, now=now
        )
    second, round_ = _locked(found)
    require_owner_side(round_.lot.tender, actor)
    require_move(round_, "open_second", actor=actor)
    row = SecondEnvelope.objects.select_for_update(of=("self",)).get(opening__bid__public_id=bid_id)
    if row.state not in {BidOpening.REVOKED, BidOpening.WITHDRAWN} or second.ended_at is not None:
        raise BadInput("只有本次开标中未能解密的第二信封需要认定责任, 开标结束后不能更改")
    if not reason.strip():
        raise BadInput("请写明认定的事实和理由", field="reason")
    row.state = BidOpening.WITHDRAWN if not_bidders_fault else BidOpening.REVOKED
    row.reason = reason.strip()[:300]
    row.save(update_fields=["state", "reason"])
    record_act(
        "opening.failure_accounted",
        subject=bid_id,
        actor=actor,
        legal_at=now,
        **place_of(round_),
        public={"bid": bid_id, "state": row.state, "reason": row.reason, "envelope": 2},
    )
    return row


def _objections(second: SecondOpening) -> QuerySet[OpeningObjection]:
    """Return the objections raised while the second envelopes were opened."""
    rows = OpeningObjection.objects.filter(session__round_id=second.round_id, raised_at__gte=second.opened_at)
    return rows.order_by("pk")


def record_of(second: SecondOpening) -> dict[str, Any]:
    """Return the record of the second opening: what the host signs and everybody reads."""
    round_ = second.round
    tender = round_.lot.tender
    assert round_.bid_deadline and second.opens_at and second.opened_at, "an opening that has begun"
    rows = (
        _envelopes(second)
        .select_related("opening__bid__bidder")
        .order_by("price", "opening__bid__entry_hash")
    )
    return {
        "document": "第二信封开标记录",
        "envelope": 2,
        "ocid": tender.ocid,
        "round": round_.public_id,
        "tender": tender.name,
        "lot": round_.lot.name,
        "bid_deadline": round_.bid_deadline.isoformat(),
        "opens_at": second.opens_at.isoformat(),
        "opened_at": second.opened_at.isoformat(),
        "bids": [
            {
                "bidder": r.opening.bid.bidder.name,
                "state": r.state,
                "reason": r.reason,
                "price": str(r.price) if r.price is not None else None,
                "duration_days": r.opening.duration_days,
                "quality": r.opening.fields.get("quality"),
                "manager": r.opening.fields.get("manager"),
                "members": [m["name"] for m in r.opening.fields.get("members") or []],
            }
            for r in rows
        ],
        "objections": [{"text": o.text, "answer": o.answer} for o in _objections(second)],
    }


def record_to_sign(*, round_id: str, viewer: Actor) -> bytes:
    """Return the canonical bytes of the record of the second opening, for signing; only once prices are shown.

    :raises NotFound: not opened yet, or not read out
    """
    require(viewer, Permission.OPENING_WATCH)
    second = SecondOpening.objects.select_related("round__lot__tender").filter(round__public_id=round_id)
    found = second.first()
    if found is None or not _settled(found):
        raise NotFound("第二信封尚未开标唱标, 开标记录还没有形成")
    return canonical(found.record or record_of(found))


@transaction.atomic
def end_second(*, round_id: str, signature: str, actor: Actor, now: datetime) -> SecondOpening:
    """End the second opening with the host's signature on its record, which is published; the evaluation goes on.

    :raises CannotEndYet: prices are not shown, or an objection is open
    :raises SignatureWrong: the signature is not on this record
    """
    require(actor, Permission.OPENING_HOST, signed=True)
    second, round_ = _locked(round_id)
    tender = round_.lot.tender
    require_owner_side(tender, actor)
    require_move(round_, "open_second", actor=actor)
    if second.ended_at is not None:
        raise rules.CannotEndYet("第二信封开标已经结束, 开标记录已公布")
    if second.opened_at is None:
        raise rules.CannotEndYet("第二信封尚未开标")
    rules.require_may_end(
        settled=_settled(second),
        open_objections=_objections(second).filter(answered_at=None).count(),
        opened=1,  # where none opened, the committee says so: it rejects all
    )
    record = record_of(second)
    document = canonical(record)
    sign_document(
        kind="opening_record",
        subject=second.public_id,
        document=document,
        signature=signature,
        actor=actor,
        now=now,
    )
    second.ended_at, second.record, second.record_sha256 = now, record, sha256(document).hex()
    second.save(update_fields=["ended_at", "record", "record_sha256"])
    publish_notice(
        kind=NoticeKind.OPENING_RECORD,
        ocid=tender.ocid,
        tender=tender.public_id,
        rounds=[round_.public_id],
        title=f"{tender.name}（{round_.lot.name}）第二信封开标记录",
        body=record,
        actor=actor,
        now=now,
    )
    set_timer(kind=ENDED, subject=round_.public_id, due_at=now)
    record_act(
        "opening.second_ended",
        subject=second.public_id,
        actor=actor,
        legal_at=now,
        **place_of(round_),
        public={"record_sha256": second.record_sha256},
    )
    return second
