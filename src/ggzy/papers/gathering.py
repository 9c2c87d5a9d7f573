"""Gathering: what a round's papers are to be made from, read from the opening, the sittings and the award."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from ggzy.awarding.models import Award
from ggzy.evaluation.models import Evaluation
from ggzy.experts.models import Member
from ggzy.identity.models import Signature
from ggzy.opening.checkins import check_ins_of
from ggzy.opening.models import BidOpening, OpeningSession
from ggzy.papers import rules
from ggzy.papers.rules import Content, Kind
from ggzy.parties.models import Organisation
from ggzy.tendering.models import Round


@dataclass(frozen=True, kw_only=True)
class Due:
    """One paper that a round has or should have: its kind, what it is made from, whom it is for."""

    kind: Kind
    round: Round
    subject: str
    addressee: Organisation | None = None

    @property
    def ref(self) -> str:
        """Return what names this paper among those of its round, before and after it is made."""
        return ref_of(self.kind, self.subject, self.addressee)


def ref_of(kind: str, subject: str, addressee: Organisation | None) -> str:
    """Return the name of a paper among those of its round."""
    return ".".join([kind, subject, *([addressee.public_id] if addressee else [])])


def due_papers(rounds: Sequence[Round]) -> list[Due]:
    """Return the papers that rounds have or should have by now, in the order of the rounds (a few queries for all).

    Rounds need `lot__tender`. An opening has its two once it has ended, a sitting its own once the committee sits, and
    a sent letter of award one letter for each bidder that did not win.
    """
    pks = [r.pk for r in rounds if r.phase == 1]
    # an opening without a record, for the group alone or with nothing opened, has no papers
    ended = OpeningSession.objects.filter(round_id__in=pks, ended_at__isnull=False, record__isnull=False)
    openings = dict(ended.values_list("round_id", "public_id"))
    sittings: dict[int, list[str]] = defaultdict(list)
    sat = Evaluation.objects.filter(round_id__in=pks).order_by("number")
    for round_pk, sitting in sat.values_list("round_id", "public_id"):
        sittings[round_pk].append(sitting)
    sent = Award.objects.filter(round_id__in=pks, ended_at=None, sent_at__isnull=False)
    awards = {
        round_pk: (award, winner)
        for round_pk, award, winner in sent.values_list("round_id", "public_id", "bid__bidder_id")
    }
    took_part = list(
        BidOpening.objects.filter(session__round_id__in=list(awards))
        .order_by("bid__entry_hash")
        .values_list("session__round_id", "bid__bidder_id")
    )
    bidders = Organisation.objects.in_bulk({bidder for _, bidder in took_part})
    losers: dict[int, list[Organisation]] = defaultdict(list)
    for round_pk, bidder in took_part:
        if bidder != awards[round_pk][1]:
            losers[round_pk].append(bidders[bidder])
    out = []
    for round_ in rounds:

        def one(kind: Kind, subject: str, to: Organisation | None = None, of: Round = round_) -> Due:
            return Due(kind=kind, round=of, subject=subject, addressee=to)

        if opening := openings.get(round_.pk):
            out += [one(kind, opening) for kind in (Kind.OPENING_TABLE, Kind.OPENING_SIGN_IN)]
        out += [one(Kind.COMMITTEE_SIGN_IN, sitting) for sitting in sittings[round_.pk]]
        if award := awards.get(round_.pk):
            out += [one(Kind.RESULT_LETTER, award[0], to) for to in losers[round_.pk]]
    return out


def _place(round_: Round) -> rules.Place:
    tender = round_.lot.tender
    return rules.Place(
        tender=tender.name,
        lot=round_.lot.name,
        number=round_.number,
        deal_code=tender.deal_code,
        tenderee=tender.tenderee.name,
    )


def content_of(due: Due) -> Content:
    """Return what a paper says as the record stands now."""
    place = _place(due.round)
    if due.kind is Kind.RESULT_LETTER:
        award = Award.objects.select_related("bid__bidder").get(public_id=due.subject)
        assert award.sent_at is not None
        assert due.addressee is not None
        return rules.result_letter(
            to=due.addressee.name,
            winner=award.bid.bidder.name,
            price=award.price,
            sent_at=award.sent_at,
            place=place,
        )
    if due.kind is Kind.COMMITTEE_SIGN_IN:
        return _committee(due, place)
    session = OpeningSession.objects.select_related("host_organisation").get(public_id=due.subject)
    assert session.ended_at is not None and session.record is not None
    host = session.host_organisation.name
    if due.kind is Kind.OPENING_TABLE:
        return rules.opening_table(session.record, place=place, host=host, ended_at=session.ended_at)
    return rules.opening_sign_in(
        _present(session), place=place, host=host, opened_at=session.opened_at, ended_at=session.ended_at
    )


def _present(session: OpeningSession) -> list[rules.Present]:
    signed = Signature.objects.filter(kind="opening_record", subject=session.public_id).order_by("-pk")
    confirmed = dict(signed.values_list("certificate__organisation_id", "signed_at"))
    here = check_ins_of(session)
    rows = session.bids.select_related("bid__bidder").order_by("bid__entry_hash")
    return [
        rules.Present(
            bidder=row.bid.bidder.name,
            checked_in_at=here.get(row.bid.bidder_id),
            released_at=row.released_at,
            confirmed_at=confirmed.get(row.bid.bidder_id),
        )
        for row in rows
    ]


def _committee(due: Due, place: rules.Place) -> Content:
    sitting = Evaluation.objects.select_related("draw__tender__agency").get(public_id=due.subject)
    tender = sitting.draw.tender
    # who left before this sitting began is on the sheet of the sitting in which they checked in
    members = Member.objects.filter(draw=sitting.draw, checked_in_at__lte=sitting.started_at).order_by(
        "checked_in_at", "pk"
    )
    return rules.committee_sign_in(
        [rules.Seat(code=m.code, kind=m.kind, checked_in_at=m.checked_in_at, left=m.left) for m in members],
        place=place,
        issuer=(tender.agency or tender.tenderee).name,
        sitting=sitting.number,
        started_at=sitting.started_at,
    )
