"""What may be challenged and complained of: a round, or a purchase that has no rounds.

Contexts above whose purchases have no rounds (the only supplier, frameworks and what is called off from them, research
procured together) register here what they are, which of their steps may be challenged by whom, and how they go on. Here
is what stands beside their stage; that of a round stands beside the round.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from django.db.models import Exists, OuterRef

from ggzy.kernel import calendars
from ggzy.kernel.actors import Actor, Role
from ggzy.kernel.refusals import NotFound
from ggzy.law.families import family
from ggzy.law.limits import Count, TimeLimit, beijing_date, runs_out
from ggzy.law.table import in_force
from ggzy.objections.models import Challenge, Disputed, ProceedingHold
from ggzy.objections.rules import ABOUT
from ggzy.procedures.spec import Hold
from ggzy.tendering.models import Round
from ggzy.tendering.moves import lift_hold, place_of
from ggzy.tendering.stamps import law_of

ROUND = "round"
#: whose words a purchase without rounds is told in: nobody tenders, a deal 成交 is made
DEALT = "GP_XJ"


@dataclass(frozen=True, kw_only=True)
class Proceeding:
    """One run of procurement: what it is called, who answers for it, where it is shown, and the law that governs it."""

    kind: str
    id: str
    name: str
    page: str
    buyer: int
    buyer_name: str
    agency: int | None = None
    region_code: str
    ocid: str
    scope: str = "GP"
    law: Mapping[str, TimeLimit]
    #: whether everybody may know who takes part
    known: bool = True
    #: whether everybody may know of it at all
    public: bool = True
    round: Round | None = None

    @property
    def place(self) -> dict[str, Any]:
        """Return where its acts belong in the evidence log."""
        return place_of(self.round) if self.round is not None else {"ocid": self.ocid}

    @property
    def answers(self) -> list[int]:
        """Return the organisations that answer for it."""
        return [pk for pk in (self.buyer, self.agency) if pk]

    def says(self, about: str) -> str:
        """Return what a challenge of it is about, in its own words."""
        return says(about, self.round)

    @property
    def secret(self) -> list[str]:
        """Return the rounds until whose opening a message names nothing outside the platform."""
        return [self.round.public_id] if self.round is not None else []


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step that a supplier may challenge: until when, and whether the contract waits for the answer."""

    about: str
    at: datetime
    ends: Count
    holds: bool = False


class Kind(Protocol):
    """What a context that procures without rounds says of its purchases."""

    def find(self, of: str, *, lock: bool = False) -> Proceeding | None:
        """Return one of them, locked for this transaction if asked."""

    def known(self, ofs: Collection[str]) -> set[str]:
        """Return those of which everybody may know who takes part."""

    def steps(self, of: str, *, supplier: int) -> list[Step]:
        """Return the steps that have happened and concern a supplier, whether or not their time is over."""

    def parties(self, of: str) -> set[int]:
        """Return who took part, told of an answer that concerns the result."""

    def outcomes(self, of: str, *, about: str, step_at: datetime) -> frozenset[str]:
        """Return how an upheld challenge of a step that happened then may change it now: of rules.CHANGES_PURCHASE."""

    def carry_out(
        self, outcome: str, *, of: str, about: str, supplier: int, says: str, actor: Actor, now: datetime
    ) -> None:
        """Do what the answer or the decision says, on a purchase that is locked; `says` is for everybody to read."""

    def postpone(self, of: str, *, by: timedelta, now: datetime) -> None:
        """Let the times that suppliers have to keep come later by what an order takes of them."""


_KINDS: dict[str, Kind] = {}


def register(kind: str, ways: Kind) -> None:
    """Say how purchases of a kind are challenged (called once, where that context is loaded)."""
    assert kind not in _KINDS and kind != ROUND, f"two of {kind}"
    _KINDS[kind] = ways


def law_from(started: datetime) -> Mapping[str, TimeLimit]:
    """Return the law of a purchase that carries no stamp: the table of the day on which it became public."""
    return in_force(beijing_date(started))


def window(law: Mapping[str, TimeLimit], *, started: datetime, notice: bool = False) -> Count:
    """Return when challenging a step is too late: GP-T20 after it, or after the working day of its notice (政采条例53)."""
    if notice:
        ended = runs_out(law["GP-T11"], started=started, calendar=calendars.CHINA).instant
        started = ended - timedelta(microseconds=1)
    return runs_out(law["GP-T20"], started=started, calendar=calendars.CHINA)


def says(about: str, round_: Round | None) -> str:
    """Return what a challenge is about, in the words of its round, or of a deal."""
    return family(round_.procedure_code if round_ is not None else DEALT).in_words(ABOUT[about])


def of_round(round_: Round) -> Proceeding:
    """Return a published round as what it is here."""
    tender = round_.lot.tender
    return Proceeding(
        kind=ROUND,
        id=round_.public_id,
        name=f"{tender.name}（{round_.lot.name}）",
        page=f"/lots/{round_.lot.public_id}",
        buyer=tender.tenderee_id,
        buyer_name=tender.tenderee.name,
        agency=tender.agency_id,
        region_code=round_.region_code,
        ocid=tender.ocid,
        scope=tender.scope,
        law=law_of(round_),
        known=_opened(round_),
        round=round_,
    )


def _opened(round_: Round) -> bool:
    """Say whether the bids are opened: of a front, those of its main round, for who challenges may have applied."""
    if round_.phase:
        return round_.opened_at is not None
    return Round.objects.filter(
        lot=round_.lot, number=round_.number, phase=1, opened_at__isnull=False
    ).exists()


def find(of: str, *, lock: bool = False) -> Proceeding:
    """Return what stands under a public id, locked for this transaction if asked.

    :raises NotFound: nothing that is public yet
    """
    rounds = Round.objects.select_related("lot__tender__tenderee")
    if lock:
        rounds = rounds.select_for_update(of=("self",))
    round_ = rounds.filter(public_id=of, published_at__isnull=False).first()
    if round_ is not None:
        return of_round(round_)
    for ways in _KINDS.values():
        found = ways.find(of, lock=lock)
        if found is not None:
            return found
    raise NotFound("没有这项招标采购活动, 请从项目页面进入")


def ways_of(proceeding: Proceeding) -> Kind | None:
    """Return how purchases of its kind are challenged; None for a round, which has moves for it."""
    return _KINDS.get(proceeding.kind)


def about(row: Disputed, *, lock: bool = False) -> Proceeding:
    """Return what a challenge or a complaint is about."""
    return find(row.of, lock=lock)


def known_of(rows: Iterable[Disputed]) -> set[str]:
    """Return those of what several rows are about of which everybody may know who takes part, in one question a kind."""
    by_kind: dict[str, set[str]] = {}
    for row in rows:
        by_kind.setdefault(row.kind, set()).add(row.of)
    rounds = by_kind.pop(ROUND, set())
    main = Round.objects.filter(
        lot=OuterRef("lot"), number=OuterRef("number"), phase=1, opened_at__isnull=False
    )
    opened = Round.objects.filter(public_id__in=rounds).filter(Exists(main))
    found = set(opened.values_list("public_id", flat=True)) if rounds else set()
    for kind, ofs in by_kind.items():
        found |= _KINDS[kind].known(ofs)
    return found


def seen(of: str, *, viewer: Actor) -> Proceeding:
    """Return what stands under a public id if the viewer may know of it: what is not public, only who takes part in it.

    :raises NotFound: nothing, or nothing of this viewer's
    """
    found = find(of)
    ways = ways_of(found)
    if not found.public and viewer.role is not Role.SUPERVISOR:
        sides = {*found.answers, *(ways.parties(of) if ways else ())}
        # a deal that has fallen is public no more, and who challenged it still goes on from its answer
        raised = Challenge.objects.filter(of=of, challenger_id=viewer.organisation_pk)
        if viewer.organisation_pk not in sides and not raised.exists():
            raise NotFound("没有这项招标采购活动, 请从项目页面进入")
    return found


# -- what stands beside the stage of what has no rounds --------------------------------------------------------------


def holds_on(of: str) -> list[Hold]:
    """Return the holds in force on what has no rounds."""
    rows = ProceedingHold.objects.filter(of=of, lifted_at=None)
    return [Hold(kind) for kind in rows.values_list("kind", flat=True)]


def hold(proceeding: Proceeding, kind: Hold, *, reason: str, source: str, now: datetime) -> ProceedingHold:
    """Put a hold beside the stage of what has no rounds."""
    return ProceedingHold.objects.create(
        of=proceeding.id,
        kind=kind.value,
        reason=reason,
        source=source,
        since=now,
        region_code=proceeding.region_code,
    )


def let_go(*, source: str, now: datetime) -> int:
    """Lift what one challenge or order holds, of a round and of what has none; return how many were lifted."""
    rows = ProceedingHold.objects.filter(source=source, lifted_at=None)
    return lift_hold(source=source, now=now) + rows.update(lifted_at=now)


def lift_challenges(of: str, *, now: datetime) -> None:
    """Lift what challenges hold of a result that has fallen: there is no contract any more that would wait."""
    ProceedingHold.objects.filter(of=of, kind=Hold.CHALLENGE.value, lifted_at=None).update(lifted_at=now)


def held_for(of: str, *, since: datetime, now: datetime) -> timedelta:
    """Return how much of the time since a moment something was held: it counts for nobody's time to sign."""
    spans = sorted(
        (max(row.since, since), min(row.lifted_at or now, now))
        for row in ProceedingHold.objects.filter(of=of, since__lt=now)
        if row.lifted_at is None or row.lifted_at > since
    )
    held, reached = timedelta(0), since
    for begun, ended in spans:
        if ended > reached:
            held += ended - max(begun, reached)
            reached = ended
    return held
