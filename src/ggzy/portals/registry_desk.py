"""What the registry adds to the evaluation desk: sealed snapshots, ties between bidders, consortiums, 在建. Facts only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ggzy.awarding.queries import works_of_managers
from ggzy.opening.queries import OpenedBid
from ggzy.registry import queries, rules
from ggzy.tendering.document import TenderDocument


@dataclass(frozen=True, kw_only=True)
class DeskFacts:
    """Beside each bid: its snapshot and its facts; and the facts between bids."""

    stands: dict[str, queries.Stand | None]
    facts: dict[str, list[rules.Fact]]
    related: list[rules.Fact]
    subcontracts: dict[str, list[dict[str, str]]]


def members_of(bid: OpenedBid) -> list[dict[str, Any]]:
    """Return the consortium members that a bid names; what is not of that form is left out."""
    given = bid.fields.get("members")
    return [m for m in given if isinstance(m, dict)] if isinstance(given, list) else []


def declared(bid: OpenedBid) -> list[dict[str, str]]:
    """Return the subcontracts that a bid declares: work, share, subcontractor."""
    given = bid.fields.get("subcontracts")
    rows = [s for s in given if isinstance(s, dict)] if isinstance(given, list) else []
    return [{key: str(s.get(key, "")) for key in ("work", "share", "subcontractor")} for s in rows]


def gather(
    bids: Sequence[OpenedBid], *, document: TenderDocument, deadline: datetime, round_id: str
) -> DeskFacts:
    """Return what the registry shows of opened bids, as it stood at the deadline."""
    parties = [(b.bid, b.bidder, b.uscc) for b in bids]
    parties += [(b.bid, str(m.get("name", "")), str(m.get("uscc", ""))) for b in bids for m in members_of(b)]
    known = queries.registered(uscc for _, _, uscc in parties)
    works = works_of_managers([_certificate(b) for b in bids])
    facts: dict[str, list[rules.Fact]] = {}
    for bid in bids:
        consortium = bid.fields.get("consortium")
        agreement = consortium.get("agreement") if isinstance(consortium, dict) else None
        found = rules.consortium_facts(
            members_of(bid),
            allowed=document.consortium_allowed,
            agreement=any(a["name"] == agreement for a in bid.attachments),
            registered=known,
        )
        found += rules.subcontract_facts(declared(bid), allowed=document.subcontract_allowed)
        found += [
            rules.Fact(says=f"项目负责人在本平台另有在建项目: {work.name}, 请核实是否变更或竣工", clause="")
            for work in works.get(_certificate(bid), [])
            if work.round != round_id
        ]
        facts[bid.bid] = found
    return DeskFacts(
        stands=queries.stand_of_snapshots(
            {b.bid: (b.uscc, b.fields.get("registry")) for b in bids}, at=deadline
        ),
        facts=facts,
        related=rules.related(queries.tied(parties, at=deadline)),
        subcontracts={b.bid: declared(b) for b in bids},
    )


def _certificate(bid: OpenedBid) -> str:
    manager = bid.fields.get("manager")
    return str(manager.get("certificate") or "") if isinstance(manager, dict) else ""
