"""Opening what is for its reviewers alone: the packages of a front, the answers and last offers of a negotiated way.

No hall, no reading out, no number; what a front received is told to the parties when the bids are opened.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q

from ggzy.bidding import bidbox
from ggzy.bidding.models import Bid
from ggzy.deadlines.actions import set_timer
from ggzy.evidence.actions import record_act
from ggzy.kernel.actors import SYSTEM
from ggzy.messages.actions import tell
from ggzy.messages.rules import Kind
from ggzy.opening import rules
from ggzy.opening.models import BidOpening, OpeningSession
from ggzy.procedures.spec import EVERY_HOLD
from ggzy.tendering.document import parse
from ggzy.tendering.models import HoldRow, Round, TenderFile
from ggzy.tendering.moves import place_of, procedure_of

END_WINDOW = "opening.end_window"
#: fires once every package of a front is settled
SETTLED = "fronts.settled"
#: fires once every answer of a negotiated procurement is settled; and once every last offer is
ANSWERS, OFFERS = "opening.answers_settled", "opening.offers_settled"
_SETTLED = {0: SETTLED, 1: ANSWERS, 2: OFFERS}
#: acts of the log: that the opening has begun, and what one package turned out to be
_BEGUN = {0: "opening.opened", 1: "opening.answers_begun", 2: "opening.offers_begun"}
_SHOWN = {0: "opening.bid_shown", 1: "opening.answer_opened", 2: "opening.offer_opened"}


def is_quiet(round_: Round) -> bool:
    """Say whether what a round receives is opened for its reviewers alone."""
    return round_.phase != 1 or procedure_of(round_).quiet


#: how much later a deadline, or the end of a window, is that fell into a stop
MADE_UP = timedelta(minutes=30)


def held_at(main: Round, moment: datetime) -> bool:
    """Say whether something stops a main round now, or did at a moment: then nobody's time ran out there."""
    holds = HoldRow.objects.filter(
        round=main, kind__in=[hold.value for hold in EVERY_HOLD], since__lte=moment
    )
    return holds.filter(Q(lifted_at=None) | Q(lifted_at__gt=moment)).exists()


def window_made_up(session: OpeningSession, round_: Round, *, now: datetime) -> datetime | None:
    """Move the end of the window of last offers on if the main round was stopped there, and return it; else None."""
    if round_.phase != 2:
        return None
    main = Round.objects.get(lot=round_.lot_id, number=round_.number, phase=1)
    if not held_at(main, session.window_ends_at):
        return None
    session.window_ends_at = now + MADE_UP
    session.save(update_fields=["window_ends_at"])
    return session.window_ends_at


def place(round_: Round) -> dict[str, Any]:
    """Return where an act about one package belongs: of a quiet round it is escrowed, for each tells that there is one."""
    return place_of(round_) | ({"escrowed": True} if is_quiet(round_) else {})


def settled_effect(round_: Round) -> str:
    """Return which clock fires once everything of a quiet round is settled."""
    return _SETTLED[round_.phase]


def act_of_shown(round_: Round) -> str:
    """Return the act of the log by which one package of a quiet round is kept."""
    return _SHOWN[round_.phase]


def level_of(round_: Round) -> str:
    """Return who reads in the log what a quiet round received: parties after the bids' opening, else the supervisor."""
    return "party" if round_.phase == 0 else "supervisor"


def least_of(round_: Round) -> int:
    """Return how many must have answered: as its procedure demands, or two where the file has a ground for it."""
    procedure = procedure_of(round_)
    if not procedure.quiet:
        return procedure.minimum_bids
    file = TenderFile.objects.get(tender=round_.lot.tender, version=round_.file_version)
    return parse(file.document).least_bidders


def minutes_of(round_: Round) -> int:
    """Return how long senders have to decrypt, by the file in force."""
    file = TenderFile.objects.get(tender=round_.lot.tender, version=round_.file_version)
    return int(file.document["decryption_minutes"])


def opened_count(round_pk: int) -> int:
    """Return how many packages of a round were opened."""
    return BidOpening.objects.filter(session__round_id=round_pk, state=BidOpening.OPENED).count()


def _known_with(round_: Round) -> str:
    """Return with whose opening it may be known who was written to: of last offers the main round's."""
    if round_.phase != 2:
        return round_.public_id
    return Round.objects.get(lot=round_.lot_id, number=round_.number, phase=1).public_id


#: where a sender decrypts
_LINKS = {0: "/work/fronts/{}/package", 1: "/work/rounds/{}/bid#key", 2: "/work/offers/{}"}


def live_packages(round_: Round) -> list[Bid]:
    """Return the packages that were in at the deadline, in the order of their hashes."""
    return list(Bid.objects.filter(round=round_, state=Bid.LIVE).order_by("entry_hash"))


def begin(round_: Round, bids: list[Bid], *, minutes: int, now: datetime) -> OpeningSession:
    """Begin to open the packages of a closed quiet round: their senders alone are told, and have `minutes` to decrypt."""
    tender = round_.lot.tender
    session = OpeningSession.objects.create(
        round=round_,
        host_organisation_id=tender.tenderee_id,
        opened_at=now,
        window_ends_at=now + timedelta(minutes=minutes),
        region_code=round_.region_code,
    )
    BidOpening.objects.bulk_create(
        BidOpening(
            session=session,
            bid=bid,
            state=BidOpening.WAITING,
            priceless=round_.phase == 0,
            two_envelopes=round_.phase == 1,
            region_code=round_.region_code,
        )
        for bid in bids
    )
    set_timer(kind=END_WINDOW, subject=session.public_id, due_at=session.window_ends_at)
    record_act(
        _BEGUN[round_.phase],
        subject=session.public_id,
        actor=SYSTEM,
        legal_at=now,
        **place(round_),
        **{
            level_of(round_): {
                "live": [bid.entry_hash for bid in bids],
                "window_ends_at": session.window_ends_at.isoformat(),
                "opened_at": now.isoformat(),
            }
        },
    )
    tell(
        organisations=[bid.bidder_id for bid in bids],
        kind=Kind.LEGAL,
        basis=rules.IN_TIME,
        until_opening=[_known_with(round_)],
        title=f"{tender.name}（{round_.lot.name}）已截止, 请解密",
        text=f"请在{minutes // 60 if minutes % 60 == 0 else minutes}{'小时' if minutes % 60 == 0 else '分钟'}内解密您单位递交的文件; 文件只向审查者开启, 不公开。逾期未解密的视为撤销。",
        link=_LINKS[round_.phase].format(round_.public_id),
        now=now,
    )
    return session


def require_answer(fields: Mapping[str, Any], *, manifest: Mapping[str, Any]) -> None:
    """Let the opened answer of a negotiated procurement pass that is its sender's own and names no price.

    :raises PriceNotAllowed: a price stands in it
    :raises PackageBroken: it names another sender
    """
    if bidbox.names_a_price(fields):
        raise bidbox.PriceNotAllowed("响应文件中含有报价; 报价只在最后报价中提出")
    if manifest["bidder"] != fields.get("uscc"):
        raise bidbox.PackageBroken("响应文件中的供应商与清单不一致")


def require_front_package(fields: Mapping[str, Any], *, manifest: Mapping[str, Any]) -> None:
    """Let an opened package pass that is its sender's own and carries no price.

    :raises PriceNotAllowed: a price stands in it
    :raises PackageBroken: it names another sender
    """
    if bidbox.names_a_price(fields):
        raise bidbox.PriceNotAllowed("文件中含有报价; 资格预审申请文件和技术建议不得含报价, 含报价的退回")
    if manifest["bidder"] != fields.get("uscc"):
        raise bidbox.PackageBroken("文件中的单位与清单不一致")
    members = fields.get("members") or []
    if not isinstance(members, list) or not all(
        isinstance(m, dict) and m.get("uscc") and m.get("name") for m in members
    ):
        raise bidbox.PackageBroken("文件中的联合体成员填写不规范")


@dataclass(frozen=True, kw_only=True)
class OpenedPackage:
    """An opened package of a front as its review uses it."""

    package: str
    sender_pk: int
    sender: str
    uscc: str
    fields: dict[str, Any]
    attachments: list[dict[str, Any]]


def opened_packages(round_pk: int) -> list[OpenedPackage]:
    """Return the opened packages of a front in the order of their hashes (for its reviewers only)."""
    rows = (
        BidOpening.objects.filter(session__round_id=round_pk, state=BidOpening.OPENED, priceless=True)
        .select_related("bid__bidder")
        .order_by("bid__entry_hash")
    )
    return [
        OpenedPackage(
            package=r.bid.public_id,
            sender_pk=r.bid.bidder_id,
            sender=r.bid.bidder.name,
            uscc=r.bid.bidder.uscc,
            fields=r.fields,
            attachments=r.attachments,
        )
        for r in rows
    ]


@dataclass(frozen=True, kw_only=True)
class OwnPackage:
    """One's own package in the quiet opening."""

    package: str
    state: str
    reason: str
    window_ends_at: datetime


def own_package(*, round_pk: int, organisation_pk: int) -> OwnPackage | None:
    """Return what became of an organisation's own package, if the opening has begun."""
    row = (
        BidOpening.objects.filter(session__round_id=round_pk, bid__bidder_id=organisation_pk)
        .select_related("session", "bid")
        .first()
    )
    if row is None:
        return None
    return OwnPackage(
        package=row.bid.public_id,
        state=row.state,
        reason=row.reason,
        window_ends_at=row.session.window_ends_at,
    )


def own_package_of(*, round_id: str, organisation_pk: int) -> OwnPackage | None:
    """Return the same by a round's public id."""
    found = Round.objects.filter(public_id=round_id).values_list("pk", flat=True).first()
    return own_package(round_pk=found, organisation_pk=organisation_pk) if found else None


def own_waiting(*, rounds: Iterable[str], organisation_pk: int) -> dict[str, datetime]:
    """Return {front: until when} of those of the fronts in which an organisation's own key is waited for."""
    rows = BidOpening.objects.filter(
        session__round__public_id__in=list(rounds),
        session__round__phase=0,
        bid__bidder_id=organisation_pk,
        state=BidOpening.WAITING,
    )
    return dict(rows.values_list("session__round__public_id", "session__window_ends_at"))


def unopened_senders(round_pk: int) -> list[tuple[str, int, str]]:
    """Return (package, sender, reason) of the packages that could not be opened."""
    rows = BidOpening.objects.filter(session__round_id=round_pk).exclude(state=BidOpening.OPENED)
    return list(rows.values_list("bid__public_id", "bid__bidder_id", "reason"))


def is_settled(round_pk: int) -> bool:
    """Say whether every package of a front is opened or out."""
    return round_pk in settled_of([round_pk])


def settled_of(round_pks: Sequence[int]) -> set[int]:
    """Return those of the rounds whose every package is opened or out."""
    rows = OpeningSession.objects.filter(round_id__in=round_pks, shown_at__isnull=False)
    return set(rows.values_list("round_id", flat=True))
