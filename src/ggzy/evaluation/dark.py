"""Dark bids in an evaluation: copies without traces, made by the worker; codes of each member's own; who may see what."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from ggzy.bidding.models import Bid
from ggzy.deadlines.actions import effect, set_timer
from ggzy.evaluation import darkness
from ggzy.evaluation.judged import judged_bids
from ggzy.evaluation.models import DarkCopy, Evaluation
from ggzy.evidence.actions import record_act
from ggzy.experts.models import Member
from ggzy.kernel import files
from ggzy.kernel.actors import SYSTEM, Actor
from ggzy.kernel.refusals import NotFound
from ggzy.opening.queries import OpenedBid
from ggzy.parties.grid import Permission, require
from ggzy.tendering.document import TenderDocument
from ggzy.tendering.models import Round
from ggzy.tendering.moves import place_of

COPIES = "evaluation.dark_copies"
#: steps after which scores cannot change any more, so that members may know whose bid is whose
TOLD = frozenset({Evaluation.SIGNING, Evaluation.DONE})


def begin(evaluation: Evaluation, document: TenderDocument, *, now: datetime) -> None:
    """Let the worker make the copies, if the file asks for dark review (called inside the act that seats a committee)."""
    if darkness.is_dark(document):
        evaluation.dark_salt = secrets.token_hex(32)
        evaluation.save(update_fields=["dark_salt"])
        set_timer(kind=COPIES, subject=evaluation.round.public_id, due_at=now)


def _names(bid: OpenedBid) -> list[str]:
    members = bid.fields.get("members") or []
    manager = bid.fields.get("manager") or {}
    return [
        bid.bidder,
        bid.uscc,
        str(manager.get("name") or ""),
        str(manager.get("certificate") or ""),
        *(str(m.get("name") or "") for m in members),
    ]


@effect(COPIES)
def make_copies(round_id: str, now: datetime) -> datetime | None:
    """Strip every dark file of a round's opened bids, and search them for what could tell. A second time changes nothing."""
    round_ = Round.objects.select_related("lot__tender").get(public_id=round_id)
    there = set(DarkCopy.objects.filter(round=round_).values_list("bid__public_id", "name"))
    made = 0
    for bid in judged_bids(round_.pk):
        for file in bid.attachments:
            if not darkness.DARK_NAME.fullmatch(file["name"]) or (bid.bid, file["name"]) in there:
                continue
            copy = DarkCopy(
                round=round_,
                bid=Bid.objects.get(public_id=bid.bid),
                name=file["name"],
                source=file["sha256"],
                made_at=now,
                region_code=round_.region_code,
            )
            try:
                data = darkness.stripped(files.read(file["sha256"]))
                copy.sha256, copy.leaks = files.keep(data), darkness.leaks(data, names=_names(bid))
            except darkness.NotReadable as trouble:
                copy.trouble = trouble.message
            copy.save(force_insert=True)
            made += 1
    if made:
        record_act(
            "evaluation.dark_copies_made",
            subject=round_id,
            actor=SYSTEM,
            legal_at=now,
            **place_of(round_),
            supervisor={"files": made},
        )
    return None


@dataclass(frozen=True, kw_only=True)
class DarkFile:
    """One file of a dark bid as a member sees it: where it is, what a search found in it."""

    address: str
    trouble: str
    leaks: list[dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class DarkBid:
    """One dark bid under this member's own code."""

    code: str
    files: tuple[DarkFile, ...]


def codes_of(evaluation: Evaluation, member: Member, bids: Iterable[str]) -> dict[str, str]:
    """Return {code: bid} of one member, empty where nothing is dark."""
    if not evaluation.dark_salt:
        return {}
    return darkness.codes(sorted(bids), salt=bytes.fromhex(evaluation.dark_salt), member=member.code)


def dark_bids(evaluation: Evaluation, member: Member, bids: Iterable[str]) -> list[DarkBid]:
    """Return the dark bids in this member's own order."""
    own = codes_of(evaluation, member, bids)
    copies: dict[str, list[DarkCopy]] = {}
    for copy in DarkCopy.objects.filter(round_id=evaluation.round_id).select_related("bid").order_by("name"):
        copies.setdefault(copy.bid.public_id, []).append(copy)
    return [
        DarkBid(
            code=code,
            files=tuple(
                DarkFile(
                    address=f"/work/rounds/{evaluation.round.public_id}/dark/{code}/{n}.pdf",
                    trouble=copy.trouble,
                    leaks=copy.leaks,
                )
                for n, copy in enumerate(copies.get(bid, []), 1)
            ),
        )
        for code, bid in own.items()
    ]


def dark_file(*, round_id: str, code: str, number: int, actor: Actor) -> Path:
    """Return the path of a dark bid's file by a member's own code.

    :raises NotFound: not this member's code, or no such file
    """
    require(actor, Permission.EVALUATE)
    evaluation = (
        Evaluation.objects.select_related("round")
        .filter(round__public_id=round_id)
        .order_by("-number")
        .first()
    )
    member = evaluation and evaluation.draw.members.filter(account_id=actor.account_pk, left=False).first()
    if evaluation is not None and member is not None:
        bid = codes_of(evaluation, member, [b.bid for b in judged_bids(evaluation.round_id)]).get(code)
        copies = list(DarkCopy.objects.filter(bid__public_id=bid).order_by("name")) if bid else []
        if 0 < number <= len(copies) and copies[number - 1].sha256:
            return files.path_of(copies[number - 1].sha256)
    raise NotFound("没有这份暗标文件")


def hidden_sources(digest: str) -> bool:
    """Say whether a file is a dark one whose bidder members may not know yet."""
    rows = DarkCopy.objects.filter(source=digest).values_list("round_id", flat=True)
    judged = Evaluation.objects.filter(round_id__in=rows, dark_salt__gt="").exclude(step__in=TOLD)
    return bool(rows) and judged.exists()
