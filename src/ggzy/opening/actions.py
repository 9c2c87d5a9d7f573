"""Closing at the deadline, opening, releasing keys, decrypting, reading out, ending. See rules.py for why."""

import shutil
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from ggzy.bidding import bidbox
from ggzy.bidding.models import Bid
from ggzy.deadlines.actions import cancel_timer, effect, set_timer
from ggzy.evidence.actions import disclose_acts, disclose_hashes, disclose_round, record_act
from ggzy.identity.actions import sign_document
from ggzy.identity.models import Signature
from ggzy.kernel import files
from ggzy.kernel.actors import SYSTEM, Actor
from ggzy.kernel.canonical import canonical, sha256
from ggzy.kernel.ids import new_public_id
from ggzy.kernel.refusals import BadInput, NotFound, NotPermitted, Refusal
from ggzy.law.families import family
from ggzy.messages.actions import tell
from ggzy.messages.rules import Kind
from ggzy.notices.actions import NoticeKind, publish_notice
from ggzy.opening import checkins, offers, quiet, reading, rules
from ggzy.opening.failing import fail_for_too_few
from ggzy.opening.models import BidOpening, OpeningObjection, OpeningSession, SecondOpening
from ggzy.parties.grid import Permission, require
from ggzy.procedures.spec import Stage
from ggzy.tendering.actions import CLOSE_BIDDING
from ggzy.tendering.document import parse
from ggzy.tendering.fronts import follow_closing, fronts_of
from ggzy.tendering.models import Round, TenderFile
from ggzy.tendering.moves import (
    lock_round,
    lock_rounds_of,
    make_move,
    place_of,
    procedure_of,
    require_move,
    require_owner_side,
)

DECRYPT = "opening.decrypt"
END_WINDOW = "opening.end_window"

#: fields of a bid that are read out: everybody sees them once prices are shown
READ_OUT = (
    "bidder",
    "uscc",
    "members",
    "price",
    "duration_days",
    "quality",
    "manager",
    "size",
    "domestic",
    "brand",
)


class NothingToOpen(Refusal):
    """No lot of this tender waits for its opening."""

    code = "opening.nothing_to_open"


class AlreadyReleased(Refusal):
    """The key of this bid is released already."""

    code = "opening.already_released"


class NotABidderHere(NotPermitted):
    """Only those who have bid in this round."""

    code = "opening.not_a_bidder_here"


@effect(CLOSE_BIDDING, first=True)
def close_bidding(round_id: str, now: datetime) -> datetime | None:
    """Close a round at its deadline; with fewer bids than required it fails, and nothing about bidders is said.

    The exclusive lock waits for every submission that was complete before the moment (they hold it shared).
    """
    round_ = lock_round(round_id)
    if round_.stage != Stage.OPEN_FOR_BID or round_.bid_deadline is None:
        return None
    if now < round_.bid_deadline:
        return round_.bid_deadline
    make_move(round_, "close_bidding", actor=SYSTEM, now=now, closed_at=now)
    follow_closing(round_, now=now)
    live = list(
        Bid.objects.filter(round=round_, state=Bid.LIVE)
        .order_by("entry_hash")
        .values_list("entry_hash", flat=True)
    )
    record_act(
        "opening.closed",
        subject=round_.public_id,
        actor=SYSTEM,
        legal_at=now,
        **place_of(round_),
        public={"bid_deadline": round_.bid_deadline.isoformat(), "closed_at": now.isoformat()},
        # only a commitment until the opening: the number is in it
        supervisor={"live": live},
    )
    if len(live) < (least := quiet.least_of(round_)):
        fail_for_too_few(round_, least=least, opened=False, now=now)
    elif quiet.is_quiet(round_):
        quiet.begin(round_, quiet.live_packages(round_), minutes=quiet.minutes_of(round_), now=now)
    return None


@transaction.atomic
def open_bids(*, tender_id: str, actor: Actor, now: datetime) -> list[OpeningSession]:
    """Open the sealed bids of every lot of a tender that waits for it, together, once.

    :raises TooEarlyToOpen: the deadline has not passed
    :raises NothingToOpen: no lot waits for its opening
    """
    require(actor, Permission.OPENING_HOST)
    rounds = lock_rounds_of(tender_id, stages=[Stage.OPEN_FOR_BID, Stage.CLOSED])
    for round_ in rounds:
        require_owner_side(round_.lot.tender, actor)
        if round_.bid_deadline is not None and now < round_.bid_deadline:
            rules.require_may_open(
                rules.OpeningFacts(deadline=round_.bid_deadline, sealed_bids=0, minimum_bids=0), now=now
            )
    waiting = [r for r in rounds if r.stage == Stage.CLOSED]
    if not waiting:
        raise NothingToOpen("没有等待开标的标段: 可能正在截止处理, 或已经开标、流标, 请刷新页面")
    return [_open(round_, actor=actor, now=now) for round_ in waiting]


def _open(round_: Round, *, actor: Actor, now: datetime) -> OpeningSession:
    bids = list(Bid.objects.filter(round=round_, state=Bid.LIVE).order_by("entry_hash"))
    assert round_.bid_deadline is not None
    rules.require_may_open(
        rules.OpeningFacts(
            deadline=round_.bid_deadline,
            sealed_bids=len(bids),
            minimum_bids=procedure_of(round_).minimum_bids,
        ),
        now=now,
    )
    tender = round_.lot.tender
    document = parse(TenderFile.objects.get(tender=tender, version=round_.file_version).document)
    own = family(tender.procedure_code)
    make_move(round_, "open_bids", actor=actor, now=now, opened_at=now)
    session = OpeningSession.objects.create(
        round=round_,
        host_organisation_id=actor.organisation_pk,
        opened_at=now,
        window_ends_at=now + timedelta(minutes=document.decryption_minutes),
        region_code=round_.region_code,
    )
    BidOpening.objects.bulk_create(
        BidOpening(
            session=session,
            bid=bid,
            state=BidOpening.WAITING,
            two_envelopes=document.two_envelopes,
            region_code=round_.region_code,
        )
        for bid in bids
    )
    set_timer(kind=END_WINDOW, subject=session.public_id, due_at=session.window_ends_at)
    disclose_hashes([bid.entry_hash for bid in bids], now=now)
    checkins.disclose_of(round_, [bid.bidder_id for bid in bids], now=now)
    disclose_acts(round_id=round_.public_id, acts=("objections.raised",), now=now)
    for front in fronts_of([round_]).values():
        disclose_round(front.public_id, now=now)
    record_act(
        "opening.opened",
        subject=session.public_id,
        actor=actor,
        legal_at=now,
        **place_of(round_),
        public={
            "live": [bid.entry_hash for bid in bids],
            "window_ends_at": session.window_ends_at.isoformat(),
            "opened_at": now.isoformat(),
        },
    )
    tell(
        organisations=[bid.bidder_id for bid in bids],
        kind=Kind.LEGAL,
        basis=rules.IN_TIME,
        until_opening=(),
        title=f"{tender.name}（{round_.lot.name}）{own.in_words('已开标, 请解密')}",
        text=f"请在{document.decryption_minutes}分钟内"
        + own.in_words("解密投标文件; 因投标人原因逾期未解密的, 视为撤销投标文件。"),
        link=f"/rounds/{round_.public_id}/hall",
        now=now,
    )
    return session


def _locked_session(session_filter: dict[str, Any]) -> tuple[OpeningSession, Round]:
    """Lock the round, then its session, always in this order."""
    found = OpeningSession.objects.filter(**session_filter).values_list("pk", "round__public_id").first()
    if found is None:
        raise NotFound("该标段尚未开标")
    round_ = lock_round(found[1])
    return OpeningSession.objects.select_for_update(of=("self",)).get(pk=found[0]), round_


@transaction.atomic
def release_key(*, bid_id: str, bid_key: str, actor: Actor, now: datetime) -> BidOpening:
    """Take the bid_key that the bidder's certificate freed from its envelope; decryption follows as a job.

    The same key again is the same answer; bidders release in parallel (only their own row is locked).

    :raises WindowClosed: the window has ended
    :raises WrongBidKey: not the key that the manifest committed to
    :raises AlreadyReleased: another key after the first
    """
    require(actor, Permission.OPENING_RELEASE)
    row = (
        BidOpening.objects.select_for_update(of=("self",))
        .select_related("bid", "session__round__lot__tender")
        .filter(bid__public_id=bid_id, bid__bidder_id=actor.organisation_pk)
        .first()
    )
    if row is None:
        raise NotFound("您单位在此没有等待解密的投标文件, 或尚未开标")
    round_ = row.session.round
    key = bid_key.strip()
    if row.state != BidOpening.WAITING:
        if row.bid_key == key:
            return row
        raise AlreadyReleased("该投标文件已处理完毕, 无需再次解密")
    require_move(round_, "release_key", actor=actor)
    if now >= row.session.window_ends_at and row.session.paused_at is None:
        raise rules.WindowClosed("解密时限已到, 未解密的投标文件按招标文件和办法的规定处理")
    manifest = bidbox.read_manifest(bytes(row.bid.manifest), priced=None)
    bidbox.require_key(key, manifest=manifest)
    return key_is_free(row, key, by="opening.key_released", actor=actor, now=now)


def key_is_free(row: BidOpening, key: str, *, by: str, actor: Actor, now: datetime) -> BidOpening:
    """Take the right key of a waiting bid (called inside an act); decryption follows as a job."""
    row.state, row.bid_key, row.released_at = BidOpening.RELEASED, key, now
    row.save(update_fields=["state", "bid_key", "released_at"])
    set_timer(kind=DECRYPT, subject=row.public_id, due_at=now)
    record_act(
        by,
        subject=row.bid.public_id,
        actor=actor,
        legal_at=now,
        **quiet.place(row.session.round),
        public={"bid": row.bid.public_id, "bid_key_sha256": sha256(key.encode()).hex()},
    )
    return row


@effect(DECRYPT)
def decrypt(opening_id: str, now: datetime) -> datetime | None:
    """Open one released bid and check it against its manifest; then show what may be shown.

    A broken package is the bidder's own (撤销); a package that is damaged on our side is not (撤回). A store that does
    not answer judges nobody: it is asked again.
    """
    found = (
        BidOpening.objects.filter(public_id=opening_id)
        .values_list("session__public_id", "bid__payload")
        .first()
    )
    if found is None:
        return None
    sealed = files.sealed_path(found[1])  # before the lock: a bucket may take its time
    session, round_ = _locked_session({"public_id": found[0]})
    row = BidOpening.objects.select_for_update(of=("self",)).select_related("bid").get(public_id=opening_id)
    if row.state != BidOpening.RELEASED:
        return None
    manifest = bidbox.read_manifest(bytes(row.bid.manifest), priced=None)
    folder = files.settings.FILES / "opening" / new_public_id()
    try:
        folder.mkdir(parents=True, mode=0o700)
        if sealed.exists():
            opened = bidbox.open_payload(sealed, bid_key=row.bid_key, manifest=manifest, into=folder)
            _settle_opened(row, opened, manifest=manifest)
            _settle(row, BidOpening.OPENED, "", now=now)
        else:
            _settle(row, BidOpening.WITHDRAWN, "平台存储的密文缺失, 非投标人原因", now=now)
    except files.StoreAway:
        raise
    except Refusal as refusal:
        if bidbox.digest_of(sealed) != row.bid.payload_sha256:
            _settle(row, BidOpening.WITHDRAWN, "平台存储的密文与接收时不一致, 非投标人原因", now=now)
        else:
            _settle(row, BidOpening.REVOKED, refusal.message, now=now)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    show_what_may_be(session, round_, now=now)
    return None


def _settle(row: BidOpening, state: str, reason: str, *, now: datetime) -> None:
    row.state, row.reason, row.settled_at = state, reason[:300], now
    row.save()


def _settle_opened(row: BidOpening, opened: bidbox.Opened, *, manifest: dict[str, Any]) -> None:
    """Read the structured fields of an opened bid; what is not a bid's shape is the bidder's failure."""
    fields = opened.fields
    if row.priceless:
        quiet.require_front_package(fields, manifest=manifest)
        offers.keep(row, opened)
        return
    round_ = row.session.round
    if quiet.is_quiet(round_) and round_.phase == 1:
        quiet.require_answer(fields, manifest=manifest)
    elif row.two_envelopes:
        opened = offers.keep_second(row, opened, manifest=manifest)
    else:
        row.price = offers.price_of(fields)
    if round_.phase == 1:  # a last offer says a price, and nothing more
        row.duration_days = offers.days_of(fields)
    offers.require_own(fields, manifest=manifest)
    offers.keep(row, opened)


@effect(END_WINDOW, first=True)
def end_window(session_id: str, now: datetime) -> datetime | None:
    """End the decryption window: bids whose key was not released count as revoked (20号令31); the rest go on."""
    session, round_ = _locked_session({"public_id": session_id})
    if session.window_ended or session.shown_at or session.paused_at:
        return None  # resuming sets this clock again
    if now < session.window_ends_at:
        return session.window_ends_at
    if (later := quiet.window_made_up(session, round_, now=now)) is not None:
        return later
    session.window_ended = True
    session.save(update_fields=["window_ended"])
    for row in BidOpening.objects.select_for_update().filter(session=session, state=BidOpening.WAITING):
        _settle(row, BidOpening.REVOKED, "解密时限内未解密, 视为投标人撤销其投标文件", now=now)
    show_what_may_be(session, round_, now=now)
    return None


def show_what_may_be(session: OpeningSession, round_: Round, *, now: datetime) -> None:
    """Show the price of every bid that is open, once all keys are released or out of time and nothing interrupts.

    What a quiet round received is for its reviewers, and all of it at once.
    """
    rows = list(session.bids.select_related("bid__bidder").order_by("bid__entry_hash"))
    states = [r.state for r in rows]
    apart, settled = quiet.is_quiet(round_), rules.all_settled(states)
    if session.paused_at or not rules.may_show_prices(states, window_ended=session.window_ended):
        return
    if apart and not settled:
        return
    if session.shown_at is None:
        session.shown_at = now
        session.save(update_fields=["shown_at"])
        cancel_timer(kind=END_WINDOW, subject=session.public_id, now=now)
        if apart:
            set_timer(kind=quiet.settled_effect(round_), subject=round_.public_id, due_at=now)
    fresh = [row for row in rows if row.shown_at is None and row.state in rules.FINAL]
    session.bids.filter(pk__in=[row.pk for row in fresh]).update(shown_at=now)
    for row in fresh:
        public: dict[str, Any] = {
            "bid": row.bid.public_id,
            "bidder": row.bid.bidder.name,
            "uscc": row.bid.bidder.uscc,
            "state": row.state,
            "reason": row.reason,
            "manifest": bytes(row.bid.manifest).decode(),
            "manifest_signature": bytes(row.bid.manifest_signature).hex(),
            "certificate": row.bid.certificate.pem,
            "entry_hash": row.bid.entry_hash,
        }
        if row.state == BidOpening.OPENED:
            public["fields"] = {
                name: {"value": row.fields[name], "salt": row.salts[name]}
                for name in READ_OUT
                if name in row.fields
            }
        frozen = None
        if row.state == BidOpening.OPENED and "registry" in row.fields:
            # names of people stand in it: for the supervisor only, with the salt that proves it
            frozen = {"registry": {"value": row.fields["registry"], "salt": row.salts["registry"]}}
        if apart and round_.phase > 0:
            # whose answer it is, and what it offers, nobody but the supervisor reads in the log
            levels: dict[str, Any] = {"supervisor": {**public, **(frozen or {})}}
        else:
            # whose application or proposal it was is for the parties, after the opening of the bids themselves
            levels = {"party" if apart else "public": public, "supervisor": frozen}
        record_act(
            quiet.act_of_shown(round_) if apart else "opening.bid_shown",
            subject=row.bid.public_id,
            actor=SYSTEM,
            legal_at=now,
            **quiet.place(round_),
            **levels,
        )


@transaction.atomic
def account_failure(
    *, bid_id: str, not_bidders_fault: bool, reason: str, actor: Actor, now: datetime
) -> BidOpening:
    """Let the host correct whose fault an unopened bid was, with the reason, before the opening ends.

    :raises BadInput: no reason, or the bid was opened
    """
    require(actor, Permission.OPENING_HOST)
    found = (
        BidOpening.objects.filter(bid__public_id=bid_id).values_list("session__public_id", flat=True).first()
    )
    if found is None:
        raise NotFound("没有这份投标文件的开标记录")
    session, round_ = _locked_session({"public_id": found})
    require_owner_side(round_.lot.tender, actor)
    if quiet.is_quiet(round_):  # nobody hosts it, and nobody but the group knows what could not be opened
        raise NotFound("没有这份投标文件的开标记录")
    require_move(round_, "release_key", actor=SYSTEM)
    row = BidOpening.objects.select_for_update(of=("self",)).get(bid__public_id=bid_id, session=session)
    if row.state not in {BidOpening.REVOKED, BidOpening.WITHDRAWN}:
        raise BadInput("只有未能解密的投标文件需要认定责任")
    if not reason.strip():
        raise BadInput("请写明认定的事实和理由", field="reason")
    row.state = BidOpening.WITHDRAWN if not_bidders_fault else BidOpening.REVOKED
    row.reason = reason.strip()[:300]
    row.save(update_fields=["state", "reason"])
    record_act(
        "opening.failure_accounted",
        subject=row.bid.public_id,
        actor=actor,
        legal_at=now,
        **quiet.place(round_),
        public={"bid": bid_id, "state": row.state, "reason": row.reason},
    )
    return row


def _require_under_way(round_: Round, *, actor: Actor) -> None:
    """Let an objection on the spot, or its answer, pass while an opening is under way: the first, or the second.

    :raises MoveNotAllowed: the round stands elsewhere
    :raises NotOpening: the second envelopes are not being opened
    """
    if round_.stage != Stage.EVALUATING:
        require_move(round_, "object_at_opening", actor=actor)
        return
    require_move(round_, "object_at_second", actor=actor)
    if not SecondOpening.objects.filter(round=round_, opened_at__isnull=False, ended_at=None).exists():
        raise rules.NotOpening("现在没有开标在进行, 开标异议应在开标现场当场提出和答复")


@transaction.atomic
def raise_objection(*, round_id: str, text: str, actor: Actor, now: datetime) -> OpeningObjection:
    """Raise an objection on the spot.

    :raises NotABidderHere: the organisation has not bid in this round
    """
    require(actor, Permission.OPENING_OBJECT)
    session, round_ = _locked_session({"round__public_id": round_id})
    _require_under_way(round_, actor=actor)
    if not session.bids.filter(bid__bidder_id=actor.organisation_pk).exists():
        raise NotABidderHere("只有本标段的投标人可以当场提出开标异议")
    if not text.strip():
        raise BadInput("请写明异议内容", field="text")
    row = OpeningObjection.objects.create(
        session=session, bidder_id=actor.organisation_pk, text=text.strip()[:2000], raised_at=now
    )
    _record_objection("opening.objection_raised", row, round_, actor=actor, now=now)
    return row


@transaction.atomic
def answer_objection(*, objection_id: str, answer: str, actor: Actor, now: datetime) -> OpeningObjection:
    """Answer an objection on the spot.

    :raises NotFound: no such objection
    :raises BadInput: no answer, or answered already
    """
    require(actor, Permission.OPENING_HOST)
    found = (
        OpeningObjection.objects.filter(public_id=objection_id)
        .values_list("session__public_id", flat=True)
        .first()
    )
    if found is None:
        raise NotFound("没有这条开标异议")
    _, round_ = _locked_session({"public_id": found})
    require_owner_side(round_.lot.tender, actor)
    _require_under_way(round_, actor=actor)
    row = OpeningObjection.objects.get(public_id=objection_id)
    if row.answered_at:
        raise BadInput("该异议已答复, 答复不能修改")
    if not answer.strip():
        raise BadInput("请写明答复内容", field="answer")
    row.answer, row.answered_at = answer.strip()[:2000], now
    row.save(update_fields=["answer", "answered_at"])
    _record_objection("opening.objection_answered", row, round_, actor=actor, now=now)
    return row


def _record_objection(act: str, row: OpeningObjection, round_: Round, *, actor: Actor, now: datetime) -> None:
    record_act(
        act,
        subject=row.public_id,
        actor=actor,
        legal_at=now,
        **place_of(round_),
        public={"text": row.text, "answer": row.answer},
    )


def _drawn(session: OpeningSession, rows: Iterable[BidOpening]) -> dict[str, Any]:
    """Return the method's parameters drawn in this opening, for the record; {} where the file has none to draw."""
    round_ = session.round
    issued = TenderFile.objects.filter(tender=round_.lot.tender, version=round_.file_version).first()
    if issued is None or (scheme := parse(issued.document).scheme) is None:
        return {}
    salts = [r.salts["price"] for r in rows if r.state == BidOpening.OPENED and "price" in r.salts]
    drawn = rules.drawn_parameters(scheme, salts=salts, round_id=round_.public_id)
    return {"parameters": rules.drawn_in_words(scheme, drawn)} if drawn else {}


def record_of(session: OpeningSession) -> dict[str, Any]:
    """Return the opening record: what the host signs and everybody reads."""
    round_ = session.round
    tender = round_.lot.tender
    rows = session.bids.select_related("bid__bidder").order_by("price", "bid__entry_hash")
    said = reading.read_out(round_)
    assert round_.bid_deadline is not None
    return {
        "document": "开标记录",
        **({"two_envelopes": True} if any(r.two_envelopes for r in rows) else {}),
        "ocid": tender.ocid,
        "round": round_.public_id,
        "tender": tender.name,
        "lot": round_.lot.name,
        "bid_deadline": round_.bid_deadline.isoformat(),
        "opened_at": session.opened_at.isoformat(),
        "bids": [
            {
                "bidder": r.bid.bidder.name,
                "state": r.state,
                "reason": r.reason,
                "price": str(r.price) if r.price is not None else None,
                "duration_days": r.duration_days,
                "quality": r.fields.get("quality"),
                "manager": r.fields.get("manager"),
                "members": [m["name"] for m in r.fields.get("members") or []],
                **said.get(r.bid.public_id, {}),
            }
            for r in rows
        ],
        "objections": [{"text": o.text, "answer": o.answer} for o in session.objections.order_by("pk")],
        **({"interruptions": session.pauses} if session.pauses else {}),
        **_drawn(session, rows),
    }


@transaction.atomic
def end_opening(*, round_id: str, signature: str, actor: Actor, now: datetime) -> OpeningSession:
    """End the opening with the host's signature on the record, which is published: OPENING → OPENED.

    :raises CannotEndYet: prices are not shown, an objection is open, or nothing was opened
    :raises SignatureWrong: the signature is not on this record
    """
    require(actor, Permission.OPENING_HOST, signed=True)
    session, round_ = _locked_session({"round__public_id": round_id})
    tender = round_.lot.tender
    require_owner_side(tender, actor)
    require_move(round_, "end_opening", actor=actor)
    rules.require_may_end(
        settled=session.settled,
        open_objections=session.objections.filter(answered_at=None).count(),
        opened=session.bids.filter(state=BidOpening.OPENED).count(),
    )
    record = record_of(session)
    document = canonical(record)
    sign_document(
        kind="opening_record",
        subject=session.public_id,
        document=document,
        signature=signature,
        actor=actor,
        now=now,
    )
    make_move(round_, "end_opening", actor=actor, now=now)
    session.ended_at, session.record, session.record_sha256 = now, record, sha256(document).hex()
    session.save(update_fields=["ended_at", "record", "record_sha256"])
    publish_notice(
        kind=NoticeKind.OPENING_RECORD,
        ocid=tender.ocid,
        tender=tender.public_id,
        rounds=[round_.public_id],
        title=f"{tender.name}（{round_.lot.name}）{family(tender.procedure_code).opening}记录",
        body=record,
        actor=actor,
        now=now,
    )
    record_act(
        "opening.ended",
        subject=session.public_id,
        actor=actor,
        legal_at=now,
        **place_of(round_),
        public={
            "record_sha256": session.record_sha256,
            **({"parameters": record["parameters"]} if "parameters" in record else {}),
        },
    )
    return session


@transaction.atomic
def sign_record(*, round_id: str, signature: str, actor: Actor, now: datetime) -> Signature:
    """Confirm the published opening record as a bidder of the round.

    :raises CannotEndYet: the record is not there yet
    """
    require(actor, Permission.OPENING_RELEASE, signed=True)
    session = OpeningSession.objects.filter(round__public_id=round_id).first()
    if session is None or session.record is None:
        raise rules.CannotEndYet("开标记录在开标结束后形成, 请稍后确认")
    if not session.bids.filter(bid__bidder_id=actor.organisation_pk).exists():
        raise NotABidderHere("只有本标段的投标人可以确认开标记录")
    return sign_document(
        kind="opening_record",
        subject=session.public_id,
        document=canonical(session.record),
        signature=signature,
        actor=actor,
        now=now,
    )
