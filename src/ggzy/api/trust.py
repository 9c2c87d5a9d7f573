"""API of the trust list and of one's own certificates."""

from dataclasses import asdict
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema

from ggzy.api.frame import answer, now, token_of, who, write
from ggzy.identity import actions as identity
from ggzy.identity import listed, listing
from ggzy.identity.queries import life_of
from ggzy.parties.grid import Permission, require

router = Router()


class ListIn(Schema):
    """All entries of the next version, and why it is changed."""

    entries: list[dict[str, Any]]
    reason: str


class BindIn(Schema):
    """A certificate in PEM and its signature (base64) on the session's challenge; `renews` as a fingerprint."""

    pem: str
    signature: str
    renews: str = ""


class LostIn(Schema):
    """What happened."""

    note: str = ""


class Seen(Schema):
    """The digest of the entries that the administrator looked at."""

    seen: str


@router.get("/trust", tags=["信任列表"], summary="认可的CA, 吊销列表的新旧, 各版")
def trust(request: HttpRequest) -> HttpResponse:
    number, rows = listed.cas(now=now())
    return answer(
        {
            "version": number,
            "cas": [asdict(row) for row in rows],
            "versions": [asdict(row) for row in listed.versions()],
        }
    )


@router.get("/trust/versions/{number}", tags=["信任列表"], summary="一版信任列表, 带中心签名")
def version(request: HttpRequest, number: int) -> HttpResponse:
    return answer(listed.document(number))


@router.get("/trust/proposals", tags=["信任列表"], summary="等第二名管理员确认的版本")
def proposals(request: HttpRequest) -> HttpResponse:
    actor = who(request)
    require(actor, Permission.TRUST_PROPOSE)
    rows = listed.proposals(account_pk=actor.account_pk, now=now())
    return answer({"proposals": [asdict(row) for row in rows]})


@router.post("/trust/proposals", tags=["信任列表"], summary="提出信任列表的下一版")
@write
def propose(request: HttpRequest, body: ListIn) -> dict[str, Any]:
    made = listing.propose_list(entries=body.entries, reason=body.reason, actor=who(request), now=now())
    return {"proposal": made.public_id, "version": made.number, "seen": listing.seen_digest(made.entries)}


@router.post(
    "/trust/proposals/{proposal_id}/confirm", tags=["信任列表"], summary="另一名管理员确认, 立即生效"
)
@write
def confirm(request: HttpRequest, proposal_id: str, body: Seen) -> dict[str, Any]:
    made = listing.confirm_list(proposal_id=proposal_id, seen=body.seen, actor=who(request), now=now())
    return {"version": made.number, "sha256": made.sha256}


@router.post("/trust/proposals/{proposal_id}/drop", tags=["信任列表"], summary="撤回或不同意待确认的版本")
@write
def drop(request: HttpRequest, proposal_id: str) -> dict[str, Any]:
    made = listing.drop_list(proposal_id=proposal_id, actor=who(request), now=now())
    return {"version": made.number, "state": made.state}


@router.get("/certificates/life", tags=["主体"], summary="我的全部证书及其状态")
def certificates(request: HttpRequest) -> HttpResponse:
    actor = who(request)
    require(actor, Permission.CERTIFICATE_APPLY)
    rows = life_of(account_pk=actor.account_pk, now=now())
    return answer({"certificates": [{**asdict(row), "usable": row.usable} for row in rows]})


@router.post("/certificates/bind", tags=["主体"], summary="绑定认可CA的证书, 须用它签本会话的验证文本")
@write
def bind(request: HttpRequest, body: BindIn) -> dict[str, Any]:
    bound = identity.bind_own_certificate(
        token=token_of(request),
        pem=body.pem,
        signature=identity.decode_signature(body.signature),
        actor=who(request),
        now=now(),
        renews=body.renews,
    )
    return {"fingerprint": bound.fingerprint, "ca": bound.ca, "not_after": bound.not_after}


@router.post("/certificates/{fingerprint}/lost", tags=["主体"], summary="挂失证书, 立即停止使用")
@write
def lost(request: HttpRequest, fingerprint: str, body: LostIn) -> dict[str, Any]:
    row = identity.report_lost(fingerprint=fingerprint, note=body.note, actor=who(request), now=now())
    return {"fingerprint": row.fingerprint, "ended_at": row.revoked_at}
