"""Submitting, replacing and withdrawing a sealed bid. Nothing here may tell how many there are."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, connection, transaction

from ggzy.bidding import bidbox, shares
from ggzy.bidding.models import Bid
from ggzy.bidding.profiles import ENVELOPE, GM, PROFILES
from ggzy.deadlines.actions import set_timer
from ggzy.evidence.actions import acknowledge, record_act
from ggzy.identity import cms, recognition, trust
from ggzy.identity.queries import certificate_of
from ggzy.identity.trustlist import Purpose
from ggzy.kernel import files
from ggzy.kernel.actors import Actor
from ggzy.kernel.canonical import sha256
from ggzy.kernel.clock import legal_now
from ggzy.kernel.refusals import Citation, NotFound, NotPermitted, Refusal
from ggzy.parties.grid import Permission, require
from ggzy.procedures.catalogue import BY_CODE
from ggzy.tendering.holders import share_holders

#: the clock that lets a later stage look at what a withdrawal frees
WITHDRAWN = "bidding.withdrawn"
MOST_BYTES = 600 * 1024 * 1024
MOST_ENVELOPE = 16 * 1024
MOST_SIGNATURE = 64 * 1024


class TooLate(Refusal):
    """The deadline has passed. This is judged before anything else, so that no refusal tells more."""

    code = "bidding.too_late"
    basis = Citation("电子招标投标办法", "第二十七条")


class NotYetOpen(Refusal):
    """The round takes no bids yet."""

    code = "bidding.not_open"


class NotAdmitted(NotPermitted):
    """Only those whom the front has let in may bid here. It tells only about oneself."""

    code = "bidding.not_admitted"
    basis = Citation("招标投标法", "第二十二条")


class Unsealed(Refusal):
    """The payload is not encrypted as the round asks."""

    code = "bidding.unsealed"
    status = 422
    basis = Citation("电子招标投标办法", "第二十六条")


class OtherAlgorithms(Refusal):
    """The bid is sealed with other algorithms than the round's."""

    code = "bidding.other_algorithms"
    status = 422


class TooLarge(Refusal):
    """Beyond what a bid may weigh."""

    code = "bidding.too_large"
    status = 413


class OldTenderFile(Refusal):
    """The bid was made against an earlier version of the tender file: a warning, until it is confirmed."""

    code = "bidding.old_tender_file"


class NoLiveBid(Refusal):
    """There is nothing of this bidder to withdraw."""

    code = "bidding.no_live_bid"


class OtherSubmissionUnderWay(Refusal):
    """The same bidder submits twice at once."""

    code = "bidding.other_submission_under_way"


@dataclass(frozen=True, kw_only=True)
class Acknowledged:
    """A bid that is in: its id, the moment it was complete, and the centre's signed acknowledgement."""

    bid: str
    received_at: datetime
    replaced: bool
    acknowledgement: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Package:
    """What arrives: four parts, the payload as a stream."""

    manifest: bytes
    signature: bytes
    envelope: bytes
    payload: Iterable[bytes]
    #: shares.json, if the bidder gave parts of the key to the holders of the tender file
    shares: bytes = b""
    #: the bidder knows that it was made against an earlier version of the tender file
    old_file: bool = False


class _Counting:
    """Pass a stream on, remembering size, SHA-256 and the first bytes."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = pieces
        self._digest = hashlib.sha256()
        self.size = 0
        self.first = b""

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._pieces:
            self.size += len(piece)
            if self.size > MOST_BYTES:
                raise TooLarge(f"投标文件超过{MOST_BYTES // (1024 * 1024)}MB, 请压缩附件后重新加密递交")
            if len(self.first) < 1024:
                self.first += piece[:1024]
            self._digest.update(piece)
            yield piece

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()


@dataclass(frozen=True, kw_only=True)
class _Gate:
    """What a submission reads of its round."""

    pk: int
    round: str
    lot: str
    ocid: str
    stage: str
    procedure_code: str
    published_at: datetime | None
    bid_deadline: datetime | None
    region_code: str
    sealing: str
    file_sha256: str | None
    #: the tender file puts prices into an envelope of their own
    two_envelopes: bool
    #: the round is only for those whom a front has let in, and this bidder is not one of them
    shut_out: bool
    #: the legal moment at which the row was read; with a share lock the moment that counts is asked for afterwards
    now: datetime

    def require_open(self, *, now: datetime) -> None:
        """Judge the moment first, and by nothing but the moment and the stage."""
        procedure = BY_CODE[self.procedure_code]
        # last offers are asked for by the group, not published
        if self.bid_deadline is None or (self.published_at is None and not procedure.part):
            raise NotYetOpen("该标段尚未发布招标公告, 暂不接收投标文件")
        if now >= self.bid_deadline or not procedure.has(self.stage, "submit_bid"):
            raise TooLate(
                "递交截止时间已到, 申请文件(技术建议)不再接收、替换或撤回"
                if procedure.front
                else "提交截止时间已到, 最后报价不再接收、替换或撤回"
                if procedure.part
                else "投标截止时间已到, 投标文件不再接收、替换或撤回"
            )
        if self.shut_out:
            raise NotAdmitted(
                "最后报价只由参加磋商(谈判)的供应商提交, 您单位不在其中"
                if procedure.part
                else "本标段只接收通过资格预审、接受邀请或提交过技术建议的单位的投标, 您单位没有被邀请投标"
            )


# one statement for the hot path of the last minute; FOR SHARE lets many bidders in at once and keeps the closing out
_GATE = """
SELECT r.id, r.public_id, l.public_id, t.ocid, r.stage, r.procedure_code, r.published_at, r.bid_deadline, r.region_code,
       r.sealing, f.sha256, r.phase = 1 AND f.document #>> '{scheme,method,envelopes}' IS NOT DISTINCT FROM '2',
       r.restricted AND NOT EXISTS
         (SELECT FROM tendering_admission a WHERE a.round_id = r.id AND a.organisation_id = %s),
       ggzy_now(r.centre_id)
  FROM tendering_round r JOIN tendering_lot l ON l.id = r.lot_id JOIN tendering_tender t ON t.id = l.tender_id
  LEFT JOIN tendering_tenderfile f ON f.centre_id = t.centre_id AND f.tender_id = t.id AND f.version = r.file_version
 WHERE r.public_id = %s
"""


def _gate(round_id: str, *, share: bool, actor: Actor) -> _Gate:
    """Return the gate of a round, share-locked if asked (the closing move takes the same row exclusively).

    :raises NotFound: no such round
    """
    with connection.cursor() as cursor:
        cursor.execute(_GATE + (" FOR SHARE OF r" if share else ""), [actor.organisation_pk, round_id])
        row = cursor.fetchone()
    if row is None:
        raise NotFound("没有这个标段轮次, 请从招标公告进入")
    return _Gate(**dict(zip(_Gate.__dataclass_fields__, row, strict=True)))


def _require_move(gate: _Gate, code: str, *, actor: Actor) -> None:
    """Ask the procedure. No hold blocks a bid or its withdrawal, so holds are not even read."""
    move = BY_CODE[gate.procedure_code].move(gate.stage, code)
    assert not move.blocked_by, "a hold never stops a bid"
    if actor.role not in move.actors:
        raise NotPermitted("投标文件由投标人递交和撤回")


def submit_bid(*, round_id: str, package: Package, actor: Actor) -> Acknowledged:
    """Take a sealed bid, or one that replaces the bidder's own earlier one, and acknowledge it at once.

    The moment is the database's clock, read when the last byte is durable and the round is share-locked: the
    closing move takes the same lock exclusively, so what was received before the deadline is in before it closes.

    :raises TooLate: the deadline has passed (checked before everything else)
    :raises NotAdmitted: the round is only for those whom its front has let in
    :raises PriceNotAllowed: a package of a front, or the first of two envelopes, names a price
    :raises StoreAway: the centre's bucket does not take the ciphertext; nothing is kept
    :raises Unsealed: the payload is not encrypted
    :raises OtherAlgorithms: it is sealed with other algorithms than the round asks for
    :raises PackageBroken: the manifest does not fit the parts
    :raises CmsSignatureWrong: the manifest is not signed by the session's certificate
    :raises EnvelopeBroken: the envelope is not to the session's certificate
    :raises OldTenderFile: made against an earlier version of the tender file, and not confirmed
    """
    require(actor, Permission.BID_SUBMIT, signed=True)
    # early, cheap and without a lock: spare a late bidder the upload; the binding check follows below
    early = _gate(round_id, share=False, actor=actor)
    early.require_open(now=early.now)
    counted = _Counting(package.payload)
    name = files.keep_sealed(counted)
    kept = False
    try:
        # no savepoint inside a caller's transaction: whatever is refused here undoes all of it
        with transaction.atomic(savepoint=False):
            gate = _gate(round_id, share=True, actor=actor)
            if BY_CODE[gate.procedure_code].part:
                # who leaves the talks is let out under the lock that this one has waited for: only now it is seen
                gate = _gate(round_id, share=False, actor=actor)
            received_at = legal_now()
            gate.require_open(now=received_at)
            _require_move(gate, "submit_bid", actor=actor)
            certificate_pk = _check_package(package, counted, gate=gate, actor=actor, at=received_at)
            replaced = Bid.objects.filter(
                round_id=gate.pk, bidder_id=actor.organisation_pk, state=Bid.LIVE
            ).update(state=Bid.REPLACED, ended_at=received_at)
            bid = Bid(
                round_id=gate.pk,
                bidder_id=actor.organisation_pk,
                account_id=actor.account_pk,
                certificate_id=certificate_pk,
                state=Bid.LIVE,
                received_at=received_at,
                manifest=package.manifest,
                manifest_signature=package.signature,
                envelope=package.envelope,
                shares=package.shares,
                payload=name,
                payload_size=counted.size,
                payload_sha256=counted.sha256,
                region_code=gate.region_code,
            )
            entry = record_act(
                "bidding.received",
                subject=bid.public_id,
                actor=actor,
                legal_at=received_at,
                ocid=gate.ocid,
                lot=gate.lot,
                round=gate.round,
                public={"bid": bid.public_id, "manifest_sha256": sha256(package.manifest).hex()},
                party={"bidder": actor.organisation, "received_at": received_at.isoformat()},
                escrowed=True,
            )
            bid.entry_hash = entry.entry_hash
            bid.save(force_insert=True)
            kept = True
    except IntegrityError as clash:
        if "a_bidder_has_one_live_bid" not in str(clash):
            raise
        kept = False
        raise OtherSubmissionUnderWay("您单位的另一次递交正在处理, 请稍后在“我的投标”查看结果") from None
    finally:
        if not kept:
            files.drop_sealed(name)
    return Acknowledged(
        bid=bid.public_id,
        received_at=received_at,
        replaced=bool(replaced),
        acknowledgement=acknowledge(entry),
    )


def _check_package(package: Package, counted: _Counting, *, gate: _Gate, actor: Actor, at: datetime) -> int:
    """Check every part of a package and return the primary key of the certificate that sealed it."""
    if len(package.envelope) > MOST_ENVELOPE or len(package.signature) > MOST_SIGNATURE:
        raise TooLarge("密钥信封或清单签名过大, 请用投标客户端重新加密")
    profile = PROFILES[gate.sealing]
    if not any(one.is_sealed(counted.first, size=counted.size) for one in PROFILES.values()):
        raise Unsealed("投标文件未加密或不是本平台的加密格式, 依法拒收; 请用投标客户端加密后递交")
    manifest = bidbox.read_manifest(
        package.manifest, priced=BY_CODE[gate.procedure_code].priced, paired=gate.two_envelopes
    )
    if bidbox.profile_of(manifest) is not profile or not profile.is_sealed(counted.first, size=counted.size):
        raise OtherAlgorithms(
            f"本标段的投标文件应采用{profile.label}加密, 这一份不是; 请按招标文件的规定重新加密"
        )
    if manifest.get("round") != gate.round:
        raise bidbox.PackageBroken("投标文件是为另一个标段(轮次)加密的, 请核对后重新加密")
    made_against = manifest.get("tender_file")
    if made_against and made_against != gate.file_sha256 and not package.old_file:
        raise OldTenderFile(
            "投标文件是依据旧版招标文件制作的, 之后已发布澄清或修改。请阅读新版后重新密封; "
            "确认仍按旧版递交的, 请勾选确认后再次递交(命令行加 --old-file)"
        )
    parts = manifest["parts"]
    if (
        parts[profile.payload]["sha256"] != counted.sha256
        or parts[ENVELOPE]["sha256"] != sha256(package.envelope).hex()
    ):
        raise bidbox.PackageBroken("投标文件与清单不符, 可能在传输中损坏, 请重新递交")
    _check_shares(package, manifest, gate=gate)
    if manifest.get("certificate") != actor.certificate:
        raise bidbox.PackageBroken("投标文件不是用您登录所用的证书加密的, 请用该证书重新加密")
    pk, pem, receiving = certificate_of(actor.certificate)
    signs, receives = trust.load(pem), trust.load(receiving)
    if receiving == pem:
        recognition.require_recognised(signs, purposes=(Purpose.SIGN, Purpose.ENVELOPE), at=at)
    else:  # a dual pair (GM/T 0015): one certificate signs, the other receives
        recognition.require_recognised(signs, purposes=(Purpose.SIGN,), at=at)
        recognition.require_recognised(receives, purposes=(Purpose.ENVELOPE,), at=at)
    cms.require_detached(package.signature, data=package.manifest, certificate=signs)
    cms.require_envelope_for(package.envelope, receives)
    if profile is GM and trust.algorithm_of(signs) != "SM2":
        raise OtherAlgorithms("本标段采用国密算法, 投标人须用SM2证书; 请用SM2证书登录后重新加密")
    return pk


def _check_shares(package: Package, manifest: dict[str, Any], *, gate: _Gate) -> None:
    """Check the parts of the key that a bidder gave to the holders of the tender file, if it did."""
    named = manifest["parts"].get(shares.PART)
    if (named is None) != (not package.shares):
        raise bidbox.PackageBroken("密钥份额文件(shares.json)与清单不符: 清单写明的应一并递交")
    if named is None:
        return
    if named["sha256"] != sha256(package.shares).hex():
        raise bidbox.PackageBroken("密钥份额文件(shares.json)与清单不符, 可能在传输中损坏, 请重新递交")
    holders = share_holders(round_id=gate.round)
    if not holders:
        raise shares.SharesBroken("招标文件没有设密钥份额保管人, 不能递交密钥份额; 请不选份额重新加密")
    shares.require_for(package.shares, {h.uscc: trust.load(h.certificate) for h in holders})


def withdraw_bid(*, round_id: str, actor: Actor) -> Acknowledged:
    """Withdraw the bidder's live bid before the deadline; its ciphertext will never be opened.

    :raises TooLate: the deadline has passed
    :raises NoLiveBid: there is none
    """
    require(actor, Permission.BID_SUBMIT)
    with transaction.atomic():
        gate = _gate(round_id, share=True, actor=actor)
        now = legal_now()
        gate.require_open(now=now)
        _require_move(gate, "withdraw_bid", actor=actor)
        bid = Bid.objects.filter(round_id=gate.pk, bidder_id=actor.organisation_pk, state=Bid.LIVE).first()
        if bid is None:
            raise NoLiveBid("您单位在该标段没有已递交的投标文件, 无需撤回")
        changed = Bid.objects.filter(pk=bid.pk, state=Bid.LIVE).update(state=Bid.WITHDRAWN, ended_at=now)
        if not changed:
            raise NoLiveBid("该投标文件已被替换或撤回, 请刷新查看")
        entry = record_act(
            "bidding.withdrawn",
            subject=bid.public_id,
            actor=actor,
            legal_at=now,
            ocid=gate.ocid,
            lot=gate.lot,
            round=gate.round,
            party={"bid": bid.public_id, "bidder": actor.organisation},
            escrowed=True,
        )
        set_timer(kind=WITHDRAWN, subject=bid.public_id, due_at=now)
    return Acknowledged(
        bid=bid.public_id, received_at=now, replaced=False, acknowledgement=acknowledge(entry)
    )
