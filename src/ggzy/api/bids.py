"""API of sealed bids and their opening."""

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from ninja import File, Router, Schema, UploadedFile

from ggzy.api.frame import answer, now, who, write
from ggzy.bidding import actions as bidding
from ggzy.bidding import queries as bids
from ggzy.evidence.queries import proof
from ggzy.kernel import uploads
from ggzy.kernel.actors import Actor
from ggzy.kernel.refusals import BadInput, NotFound
from ggzy.opening import actions as opening
from ggzy.opening import checkins, failing, second
from ggzy.opening import queries as halls
from ggzy.opening import shares as key_shares

router = Router()


class BidKey(Schema):
    """The one-time key that the bidder's certificate freed from its envelope."""

    bid_key: str


class Text(Schema):
    """A text."""

    text: str


class Failure(Schema):
    """Whose fault it is that a bid was not opened."""

    not_bidders_fault: bool
    reason: str


class OpensAt(Schema):
    """When the second envelopes will be opened."""

    opens_at: datetime


class SignatureIn(Schema):
    """A signature, base64."""

    signature: str


@router.post("/rounds/{round_id}/bids", tags=["投标"], summary="递交(或替换)加密投标文件")
@write
def submit(
    request: HttpRequest,
    round_id: str,
    manifest: UploadedFile = File(...),  # noqa: B008 - ninja's way of declaring
    signature: UploadedFile = File(...),  # noqa: B008
    envelope: UploadedFile = File(...),  # noqa: B008
    payload: UploadedFile | None = File(None),  # noqa: B008
    shares: UploadedFile | None = File(None),  # noqa: B008
    upload: str = "",
    old_file: bool = False,
) -> dict[str, Any]:
    package = bidding.Package(
        manifest=manifest.read(),
        signature=signature.read(),
        envelope=envelope.read(),
        shares=shares.read() if shares else b"",
        payload=_payload(payload, upload, who(request)),
        old_file=old_file,
    )
    made = bidding.submit_bid(round_id=round_id, package=package, actor=who(request))
    if upload:
        transaction.on_commit(partial(uploads.drop, upload))  # until then the next try needs it
    return _acknowledged(made)


def _payload(payload: UploadedFile | None, upload: str, actor: Actor) -> Iterable[bytes]:
    """Return the ciphertext: sent along, or uploaded before in as many requests as it took."""
    if payload is not None:
        return payload.chunks()
    if not upload:
        raise BadInput("缺少加密投标文件: 随表单提交 payload, 或先断点续传再写明 upload", field="payload")
    return uploads.pieces(uploads.whole(upload, owner=str(actor.account_pk)))


def _acknowledged(made: bidding.Acknowledged) -> dict[str, Any]:
    return {
        "bid": made.bid,
        "received_at": made.received_at,
        "replaced": made.replaced,
        "acknowledgement": made.acknowledgement,
    }


@router.post("/rounds/{round_id}/withdrawal", tags=["投标"], summary="撤回投标文件")
@write
def withdraw(request: HttpRequest, round_id: str) -> dict[str, Any]:
    return _acknowledged(bidding.withdraw_bid(round_id=round_id, actor=who(request)))


@router.get("/bids", tags=["投标"], summary="本单位的投标")
def own(request: HttpRequest, round: str = "") -> HttpResponse:
    rows = bids.own_bids(actor=who(request), round_id=round)
    return answer({"bids": [{f: getattr(r, f) for f in r.__dataclass_fields__} for r in rows]})


@router.get(
    "/bids/{bid_id}/envelope", tags=["投标"], summary="本单位投标的密钥信封和清单(第二信封开标时为第二信封的)"
)
def envelope(request: HttpRequest, bid_id: str) -> HttpResponse:
    data, manifest = second.own_envelope(bid_id=bid_id, actor=who(request))
    return answer({"envelope": base64.b64encode(data).decode(), "manifest": manifest})


@router.get("/bids/{bid_id}/proof", tags=["投标"], summary="本单位投标的存证证明")
def bid_proof(request: HttpRequest, bid_id: str) -> HttpResponse:
    mine = next((b for b in bids.own_bids(actor=who(request)) if b.bid == bid_id), None)
    if mine is None:
        raise NotFound("没有这份投标文件")
    return answer(proof(mine.entry_hash))


@router.post("/tenders/{tender_id}/opening", tags=["开标"], summary="主持人开标")
@write
def open_bids(request: HttpRequest, tender_id: str) -> dict[str, Any]:
    made = opening.open_bids(tender_id=tender_id, actor=who(request), now=now())
    return {"sessions": [{"round": s.round.public_id, "window_ends_at": s.window_ends_at} for s in made]}


@router.get("/rounds/{round_id}/opening", tags=["开标"], summary="开标大厅")
def hall(request: HttpRequest, round_id: str) -> HttpResponse:
    row = halls.hall_row(round_id=round_id, viewer=who(request))
    out = {f: getattr(row, f) for f in row.__dataclass_fields__ if f not in {"bids", "second"}}
    out["second"] = asdict(row.second) | {"phase": row.second.phase} if row.second else None
    out["bids"] = [{f: getattr(b, f) for f in b.__dataclass_fields__} for b in row.bids]
    return answer(out)


@router.post("/bids/{bid_id}/key", tags=["开标"], summary="解密: 交出一次性投标密钥")
@write
def release(request: HttpRequest, bid_id: str, body: BidKey) -> dict[str, Any]:
    row = second.release_key(bid_id=bid_id, bid_key=body.bid_key, actor=who(request), now=now())
    return {"bid": bid_id, "state": row.state}


@router.post("/bids/{bid_id}/failure", tags=["开标"], summary="认定未能解密的责任")
@write
def failure(request: HttpRequest, bid_id: str, body: Failure) -> dict[str, Any]:
    row = second.account_failure(bid_id=bid_id, **body.dict(), actor=who(request), now=now())
    return {"bid": bid_id, "state": row.state, "reason": row.reason}


@router.post("/bids/{bid_id}/shares/request", tags=["开标"], summary="申请由保管人交出密钥份额")
@write
def ask_for_shares(request: HttpRequest, bid_id: str) -> dict[str, Any]:
    row = key_shares.ask_for_shares(bid_id=bid_id, actor=who(request), now=now())
    return {"bid": bid_id, "asked_at": row.shares_asked_at}


@router.get("/key-shares", tags=["开标"], summary="本单位被申请交出的密钥份额")
def asked_shares(request: HttpRequest) -> HttpResponse:
    rows = key_shares.asked_of(who(request))
    return answer({"shares": [{f: getattr(r, f) for f in r.__dataclass_fields__} for r in rows]})


@router.post("/bids/{bid_id}/shares", tags=["开标"], summary="保管人交出自己的密钥份额")
@write
def release_share(request: HttpRequest, bid_id: str, body: Text) -> dict[str, Any]:
    given = key_shares.release_share(bid_id=bid_id, share=body.text, actor=who(request), now=now())
    return {"bid": bid_id, "released": given}


@router.post("/rounds/{round_id}/opening/check-in", tags=["开标"], summary="投标人签到(开标前不公开)")
@write
def check_in(request: HttpRequest, round_id: str) -> dict[str, Any]:
    row = checkins.check_in(round_id=round_id, actor=who(request), now=now())
    return {"round": round_id, "checked_in_at": row.checked_in_at}


@router.post("/rounds/{round_id}/opening/objections", tags=["开标"], summary="当场提出开标异议")
@write
def raise_objection(request: HttpRequest, round_id: str, body: Text) -> dict[str, Any]:
    row = opening.raise_objection(round_id=round_id, text=body.text, actor=who(request), now=now())
    return {"objection": row.public_id}


@router.post("/opening-objections/{objection_id}/answer", tags=["开标"], summary="当场答复开标异议")
@write
def answer_objection(request: HttpRequest, objection_id: str, body: Text) -> dict[str, Any]:
    row = opening.answer_objection(objection_id=objection_id, answer=body.text, actor=who(request), now=now())
    return {"objection": row.public_id, "answer": row.answer}


@router.get("/rounds/{round_id}/opening/record", tags=["开标"], summary="开标记录的待签内容")
def record(request: HttpRequest, round_id: str) -> HttpResponse:
    data = halls.record_to_sign(round_id=round_id, viewer=who(request))
    return answer({"to_sign": base64.b64encode(data).decode(), "sha256": hashlib.sha256(data).hexdigest()})


@router.post("/rounds/{round_id}/opening/end", tags=["开标"], summary="主持人签名并结束开标")
@write
def end(request: HttpRequest, round_id: str, body: SignatureIn) -> dict[str, Any]:
    row = opening.end_opening(round_id=round_id, signature=body.signature, actor=who(request), now=now())
    return {"round": round_id, "record_sha256": row.record_sha256}


@router.post(
    "/rounds/{round_id}/opening/failure", tags=["开标"], summary="没有一份投标文件开启成功, 重新招标"
)
@write
def fail_unopened(request: HttpRequest, round_id: str, body: Text) -> dict[str, Any]:
    made = failing.fail_unopened(round_id=round_id, reason=body.text, actor=who(request), now=now())
    return {"round": made.public_id, "stage": made.stage}


@router.post("/rounds/{round_id}/second-opening/notice", tags=["开标"], summary="通知第二信封开标时间")
@write
def announce_second(request: HttpRequest, round_id: str, body: OpensAt) -> dict[str, Any]:
    row = second.announce(round_id=round_id, opens_at=body.opens_at, actor=who(request), now=now())
    return {"round": round_id, "opens_at": row.opens_at}


@router.post("/rounds/{round_id}/second-opening", tags=["开标"], summary="开启第二信封(报价文件)")
@write
def open_second(request: HttpRequest, round_id: str) -> dict[str, Any]:
    row = second.open_second(round_id=round_id, actor=who(request), now=now())
    return {"round": round_id, "window_ends_at": row.window_ends_at}


@router.get("/rounds/{round_id}/second-opening/record", tags=["开标"], summary="第二信封开标记录的待签内容")
def second_record(request: HttpRequest, round_id: str) -> HttpResponse:
    data = second.record_to_sign(round_id=round_id, viewer=who(request))
    return answer({"to_sign": base64.b64encode(data).decode(), "sha256": hashlib.sha256(data).hexdigest()})


@router.post("/rounds/{round_id}/second-opening/end", tags=["开标"], summary="签名并结束第二信封开标")
@write
def end_second(request: HttpRequest, round_id: str, body: SignatureIn) -> dict[str, Any]:
    row = second.end_second(round_id=round_id, signature=body.signature, actor=who(request), now=now())
    return {"round": round_id, "record_sha256": row.record_sha256}


@router.post("/rounds/{round_id}/opening/signatures", tags=["开标"], summary="投标人确认开标记录")
@write
def sign(request: HttpRequest, round_id: str, body: SignatureIn) -> dict[str, Any]:
    row = opening.sign_record(round_id=round_id, signature=body.signature, actor=who(request), now=now())
    return {"round": round_id, "signed_at": row.signed_at}
