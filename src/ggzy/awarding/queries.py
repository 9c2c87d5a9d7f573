"""What pages and the API show of publicity and award."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from ggzy.awarding.models import Award, Chosen, Publicity
from ggzy.procedures.spec import Stage

END_LABELS = {
    Award.REFUSED: "中标人放弃中标",
    Award.NO_BOND: "未按招标文件要求提交履约保证金",
    Award.NO_CONTRACT: "无正当理由不与招标人订立合同",
    Award.ANNULLED: "投诉成立, 中标无效",
    Award.CHALLENGED: "质疑或者投诉成立, 原中标结果无效",
}


@dataclass(frozen=True, kw_only=True)
class AwardRow:
    """The result of one round."""

    round: str
    bid: str
    bidder: str
    bidder_pk: int
    uscc: str
    price: Decimal
    determined_at: datetime
    letter: str
    sent_at: datetime | None


def awards_of(round_pks: list[int]) -> dict[int, AwardRow]:
    """Return {round primary key: award in force} of rounds that have one."""
    rows = Award.objects.filter(round_id__in=round_pks, ended_at=None)
    names = {
        "round": "round__public_id",
        "bid": "bid__public_id",
        "bidder": "bid__bidder__name",
        "bidder_pk": "bid__bidder_id",
        "uscc": "bid__bidder__uscc",
        **{name: name for name in ("price", "determined_at", "letter", "sent_at")},
    }
    return {
        pk: AwardRow(**dict(zip(names, row, strict=True)))
        for pk, *row in rows.values_list("round_id", *names.values())
    }


def announced_at(round_pk: int) -> datetime | None:
    """Return when the result in force was announced, of one winner or of several; None: there is none."""
    one = Award.objects.filter(round_id=round_pk, ended_at=None, sent_at__isnull=False)
    several = Chosen.objects.filter(round_id=round_pk).exclude(
        end_kind__in=[Award.ANNULLED, Award.CHALLENGED]
    )
    found: datetime | None = one.values_list("sent_at", flat=True).first()
    return found or several.values_list("chosen_at", flat=True).first()


def not_plain(round_pks: list[int]) -> set[int]:
    """Return the rounds in which the first of the ranking need not be the one to award: one ended, one passed over."""
    ended = (
        Award.objects.filter(round_id__in=round_pks).exclude(ended_at=None).values_list("round_id", flat=True)
    )
    return set(ended) | {pk for pk, p in publicities_of(round_pks).items() if p.passed_over}


def publicities_of(round_pks: list[int]) -> dict[int, Publicity]:
    """Return {round primary key: its last publicity}."""
    rows = Publicity.objects.filter(round_id__in=round_pks).order_by("number")
    return {p.round_id: p for p in rows}


@dataclass(frozen=True, kw_only=True)
class EndedAward:
    """An award that came to nothing: whose, from when on, for which of the law's reasons."""

    bid: str
    bidder: str
    bidder_pk: int
    kind: str
    label: str
    reason: str
    ended_at: datetime


def ended_awards(round_pk: int) -> list[EndedAward]:
    """Return the awards of a round that came to nothing, the first first."""
    rows = Award.objects.filter(round_id=round_pk).exclude(ended_at=None).select_related("bid__bidder")
    return [
        EndedAward(
            bid=a.bid.public_id,
            bidder=a.bid.bidder.name,
            bidder_pk=a.bid.bidder_id,
            kind=a.end_kind,
            label=END_LABELS[a.end_kind],
            reason=a.end_reason,
            ended_at=a.ended_at,
        )
        for a in rows.order_by("ended_at")
        if a.ended_at is not None
    ]


@dataclass(frozen=True, kw_only=True)
class ManagerWork:
    """A running work that somebody manages: awarded here, and neither ended nor archived."""

    certificate: str
    round: str
    lot: str
    name: str


def works_of_managers(certificates: list[str]) -> dict[str, list[ManagerWork]]:
    """Return {certificate number: works awarded here that its holder manages} (在建), by what the winning bids say.

    Only letters that were sent count: before that the result is nobody's to know.
    """
    wanted = sorted({c for c in certificates if c})
    if not wanted:
        return {}
    rows = (
        Award.objects.filter(
            ended_at=None, sent_at__isnull=False, bid__opening__fields__manager__certificate__in=wanted
        )
        .exclude(
            round__stage__in=[
                s.value
                for s in (Stage.ARCHIVED, Stage.FAILED, Stage.CANCELLED, Stage.STOPPED, Stage.TERMINATED)
            ]
        )
        .values_list(
            "bid__opening__fields__manager__certificate",
            "round__public_id",
            "round__lot__public_id",
            "round__lot__tender__name",
            "round__lot__name",
        )
    )
    found: dict[str, list[ManagerWork]] = {}
    for certificate, round_, lot, tender, name in rows:
        found.setdefault(certificate, []).append(
            ManagerWork(certificate=certificate, round=round_, lot=lot, name=f"{tender} · {name}")
        )
    return found


@dataclass(frozen=True, kw_only=True)
class ChosenRow:
    """One of several suppliers that a result names: its place, and whether it has signed, or nothing came of it."""

    round_pk: int
    bid: str
    bidder: str
    bidder_pk: int
    uscc: str
    place: int
    price: Decimal
    chosen_at: datetime
    concluded_at: datetime | None
    ended_at: datetime | None
    end_kind: str


def chosen_of(round_pks: list[int]) -> dict[int, list[ChosenRow]]:
    """Return {round primary key: the suppliers its result names, best first} of rounds that name several."""
    out: dict[int, list[ChosenRow]] = {}
    rows = Chosen.objects.filter(round_id__in=round_pks).select_related("bid__bidder")
    for c in rows.order_by("round_id", "place"):
        out.setdefault(c.round_id, []).append(
            ChosenRow(
                round_pk=c.round_id,
                bid=c.bid.public_id,
                bidder=c.bid.bidder.name,
                bidder_pk=c.bid.bidder_id,
                uscc=c.bid.bidder.uscc,
                place=c.place,
                price=c.price,
                chosen_at=c.chosen_at,
                concluded_at=c.concluded_at,
                ended_at=c.ended_at,
                end_kind=c.end_kind,
            )
        )
    return out
