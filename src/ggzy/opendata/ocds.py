"""Public processes as Open Contracting Data Standard 1.1 releases and records, derived from the log's acts."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from django.conf import settings

from ggzy.awarding.queries import AwardRow, ChosenRow, awards_of, chosen_of
from ggzy.contracting.queries import contracts_of
from ggzy.evidence.queries import FeedRow, acts_of, feed
from ggzy.kernel.actors import ANYONE
from ggzy.kernel.refusals import NotFound
from ggzy.law.families import family
from ggzy.opendata import direct, researched
from ggzy.opendata.direct import DirectProcess
from ggzy.opendata.researched import ResearchProcess
from ggzy.opendata.writing import date_of, money, release_of
from ggzy.opening.queries import tenderers_of
from ggzy.procedures.catalogue import BY_CODE, main_of
from ggzy.procedures.spec import Stage
from ggzy.tendering.queries import LotRow, TenderRow, lots_of_tender, tender, tender_of_ocid

#: act → the OCDS tag of the release it makes
TAGS = {
    "fronts.prequalification_published": "tender",
    "fronts.first_stage_published": "tender",
    "fronts.failed": "tenderUpdate",
    "tendering.published": "tender",
    "changes.made": "tenderAmendment",
    "opening.failed": "tenderUpdate",
    "opening.nothing_opened": "tenderUpdate",
    "evaluation.all_rejected": "tenderUpdate",
    "evaluation.stopped": "tenderUpdate",
    "opening.ended": "tenderUpdate",
    "awarding.awarded": "award",
    "awarding.chosen": "award",
    "contracting.signed": "contract",
}
_STATUS = {
    Stage.FAILED: "unsuccessful",
    Stage.PQ_FAILED: "unsuccessful",
    Stage.TS_FAILED: "unsuccessful",
    Stage.CANCELLED: "unsuccessful",
    Stage.STOPPED: "unsuccessful",
    Stage.TERMINATED: "cancelled",
    Stage.AWARDED: "complete",
    Stage.NOTIFIED: "complete",
    Stage.CONFIRMED: "complete",
    Stage.ANNOUNCED: "complete",
    Stage.PUBLISHED: "complete",
    Stage.CONTRACTED: "complete",
    Stage.PERFORMING: "complete",
    Stage.ARCHIVED: "complete",
}
#: OCDS: open to all, to those who were found qualified, or to those who were asked
_METHODS = {
    "GC_PREQ": "selective",
    "GC_INVITE": "limited",
    "GC_TWO_STAGE": "selective",
    "GP_INVITE": "selective",
}


def publisher() -> dict[str, Any]:
    """Return who publishes."""
    return {"name": settings.CENTRE_NAME, "scheme": "CN-USCC", "uid": settings.CENTRE_USCC}


def package(releases: Iterable[dict[str, Any]], *, uri: str, at: datetime) -> dict[str, Any]:
    """Return a release package."""
    return {
        "uri": uri,
        "version": "1.1",
        "publishedDate": date_of(at),
        "publisher": publisher(),
        "releases": list(releases),
    }


def record_package(ocid: str, *, uri: str, at: datetime) -> dict[str, Any]:
    """Return the record of one process: every release and the compiled one.

    :raises NotFound: no such process, or nothing of it is public
    """
    process = _process(ocid)
    rows = [row for row in acts_of(ocid) if row.act in process.tags]
    releases = [release for row in rows if (release := process.release(row))]
    if not releases:
        raise NotFound("该项目刚刚公告, 还没有写入公开日志, 请稍后再取")
    compiled = releases[-1] | {"tag": ["compiled"], "id": f"{ocid}-compiled"}
    compiled |= process.parts(everything=True)
    return {
        "uri": uri,
        "version": "1.1",
        "publishedDate": date_of(at),
        "publisher": publisher(),
        "records": [{"ocid": ocid, "releases": releases, "compiledRelease": compiled}],
    }


def releases_after(after: int, *, limit: int) -> tuple[list[dict[str, Any]], int]:
    """Return releases of the acts after a log index, in the log's order, and the index read up to. Never skips."""
    rows = feed(after=after, limit=limit)
    processes: dict[str, _AnyProcess | None] = {}
    out = []
    for row in rows:
        of = next((of for tag_of, of in _KINDS if tag_of(row)), None)
        if not row.ocid or of is None:
            continue
        if row.ocid not in processes:
            processes[row.ocid] = of(row.ocid)
        process = processes[row.ocid]
        if process is not None and (release := process.release(row)):
            out.append(release)
    return out, rows[-1].index if rows else after


def _process(ocid: str) -> "_AnyProcess":
    """Return a public process: a purchase from one supplier, one by cooperation and innovation, or a tender.

    :raises NotFound: none of them
    """
    return DirectProcess.of(ocid) or ResearchProcess.of(ocid) or _Process.of(ocid)


class _Process:
    """One process with the rows its releases are made of."""

    tags = TAGS

    def __init__(self, row: TenderRow) -> None:
        self.row = row
        self.lots = lots_of_tender(row.tender)
        pks = [lot.round_pk for lot in self.lots]
        self.awards = awards_of(pks)
        self.chosen = [row for rows in chosen_of(pks).values() for row in rows]
        self.contracts = contracts_of(pks)
        self.tenderers = tenderers_of(pks)

    @classmethod
    def of(cls, ocid: str) -> "_Process":
        """Return the tender that is this process.

        :raises NotFound: there is none
        """
        return cls(tender(tender_of_ocid(ocid), viewer=ANYONE))

    def release(self, act: FeedRow) -> dict[str, Any]:
        tag = TAGS[act.act]
        parts = self.parts(
            awards=tag in {"award", "contract"}, contracts=tag == "contract", bidders=tag != "tender"
        )
        return release_of(self.row.ocid, act, tag, parts)

    def parts(
        self,
        *,
        awards: bool = False,
        contracts: bool = False,
        bidders: bool = False,
        everything: bool = False,
    ) -> dict[str, Any]:
        awards, contracts, bidders = awards or everything, contracts or everything, bidders or everything
        out: dict[str, Any] = {
            "parties": self._parties(bidders=bidders),
            "buyer": {"id": self.row.tenderee_uscc, "name": self.row.tenderee},
            "tender": self._tender(bidders=bidders),
        }
        if awards and (self.awards or self.chosen):
            out["awards"] = [self._award(a) for a in self.awards.values()]
            out["awards"] += [self._one_of_several(c) for c in self.chosen]
        if contracts:
            signed = [(pk, c) for pk, c in self.contracts.items() if c.signed_at is not None]
            if signed:
                out["contracts"] = [
                    {
                        "id": c.public_id,
                        "awardID": self.awards[pk].bid,
                        "title": f"{self._lot(pk).name}合同",
                        "status": "active",
                        "value": money(self.awards[pk].price),
                        "dateSigned": date_of(c.signed_at),
                    }
                    for pk, c in signed
                ]
        return out

    def _lot(self, round_pk: int) -> LotRow:
        return next(lot for lot in self.lots if lot.round_pk == round_pk)

    def _parties(self, *, bidders: bool) -> list[dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}

        def add(uscc: str, name: str, role: str) -> None:
            party = found.setdefault(
                uscc,
                {
                    "id": uscc,
                    "name": name,
                    "identifier": {"scheme": "CN-USCC", "id": uscc, "legalName": name},
                    "roles": [],
                },
            )
            if role not in party["roles"]:
                party["roles"].append(role)

        add(self.row.tenderee_uscc, self.row.tenderee, "buyer")
        add(self.row.tenderee_uscc, self.row.tenderee, "procuringEntity")
        if bidders:
            for uscc, name in self.tenderers:
                add(uscc, name, "tenderer")
        for award in (*self.awards.values(), *self.chosen):
            add(award.uscc, award.bidder, "supplier")
        return list(found.values())

    def _tender(self, *, bidders: bool) -> dict[str, Any]:
        newest = {lot.lot: lot for lot in self.lots}
        first = min((lot for lot in self.lots), key=lambda lot: (lot.published_at, lot.number))
        last = max((lot for lot in self.lots), key=lambda lot: (lot.published_at, -lot.number))
        states = {_STATUS.get(Stage(lot.stage), "active") for lot in newest.values()}
        # an invitation that was not approved goes on as an open tender
        by_front = any(lot.restricted or lot.phase == 0 for lot in newest.values())
        code = self.row.procedure_code if by_front else main_of(self.row.procedure_code).code
        out: dict[str, Any] = {
            "id": self.row.tender,
            "title": self.row.name,
            "status": "active"
            if "active" in states
            else "complete"
            if "complete" in states
            else states.pop(),
            "procuringEntity": {"id": self.row.tenderee_uscc, "name": self.row.tenderee},
            "procurementMethod": _METHODS.get(code, "open"),
            "procurementMethodDetails": BY_CODE[code].label.split(" ", 1)[-1],
            "mainProcurementCategory": self._category(),
            "submissionMethod": ["electronicSubmission"],
            "value": money(sum(lot.budget for lot in newest.values())),
            "items": [
                {"id": lot.lot, "description": f"{lot.name}: {lot.scope_of_work}"[:500], "quantity": 1}
                for lot in newest.values()
            ],
            "tenderPeriod": {"startDate": date_of(first.published_at), "endDate": date_of(last.bid_deadline)},
        }
        if self.row.document:  # a file that is issued only to some does not say here how bids are judged
            lowest = self.row.document["method"] == "lowest_evaluated_price"
            out["awardCriteria"] = "priceOnly" if lowest else "ratedCriteria"
        if bidders and self.tenderers:
            out["tenderers"] = [{"id": uscc, "name": name} for uscc, name in self.tenderers]
            out["numberOfTenderers"] = len(self.tenderers)
        return out

    def _category(self) -> str:
        """Return what is bought: works, or what the policies of a government procurement say it is."""
        policy = (self.row.document or {}).get("policy")
        return str(policy["subject"]) if policy else "works"

    def _one_of_several(self, chosen: ChosenRow) -> dict[str, Any]:
        lot = next(lot for lot in self.lots if lot.round_pk == chosen.round_pk)
        won = family(self.row.procedure_code).won
        return {
            "id": chosen.bid,
            "title": f"{lot.name}{won}结果(第{chosen.place}名)",
            "status": "cancelled" if chosen.ended_at else "active",
            "date": date_of(chosen.chosen_at),
            # where unit prices are agreed their sum ranks, and is the value of nothing
            **({} if BY_CODE[self.row.procedure_code].unit_prices else {"value": money(chosen.price)}),
            "suppliers": [{"id": chosen.uscc, "name": chosen.bidder}],
            "items": [{"id": lot.lot, "description": lot.name, "quantity": 1}],
        }

    def _award(self, award: AwardRow) -> dict[str, Any]:
        lot = next(lot for lot in self.lots if lot.round == award.round)
        return {
            "id": award.bid,
            "title": f"{lot.name}中标结果",
            "status": "active",
            "date": date_of(award.determined_at),
            "value": money(award.price),
            "suppliers": [{"id": award.uscc, "name": award.bidder}],
            "items": [{"id": lot.lot, "description": lot.name, "quantity": 1}],
        }


_AnyProcess = _Process | DirectProcess | ResearchProcess
#: what makes releases: the tag of an act, and the process it is of
_KINDS: tuple[tuple[Callable[[FeedRow], str | None], Callable[[str], _AnyProcess | None]], ...] = (
    (lambda act: TAGS.get(act.act), _Process.of),
    (direct.tag_of, DirectProcess.of),
    (researched.tag_of, ResearchProcess.of),
)
