"""API of the trust list and of one's own certificates."""

from dataclasses import asdict
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema

from ggzy.api.frame import answer, now, who, write
from ggzy.identity import listed, listing
from ggzy.parties.grid import Permission, require

router = Router()


class ListIn(Schema):
    """All entries of the next version, and why it is changed."""

    entries: list[dict[str, Any]]
    reason: str


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
