"""Drawing a committee: conditions and the frozen list. Then `seeding` ranks it and `calling` calls.

The draw never reads bidders. Only the check-in (`attending`), after the opening, compares employers with bidders.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.conf import settings
from django.db import transaction

from ggzy.deadlines.actions import cancel_timer
from ggzy.experts import borrowing, rules
from ggzy.experts.locking import DrawNotNow, record
from ggzy.experts.models import Away, Candidate, Draw, Expert, Loan, PoolList
from ggzy.experts.pool import pool
from ggzy.experts.ports import Found, Wanted
from ggzy.experts.seeding import STALLED
from ggzy.kernel.actors import Actor
from ggzy.kernel.clock import BEIJING
from ggzy.kernel.refusals import BadInput, Citation, NotFound, Refusal
from ggzy.messages.actions import post
from ggzy.messages.rules import Kind
from ggzy.parties.grid import Permission, require
from ggzy.parties.models import Organisation
from ggzy.procedures.spec import Stage
from ggzy.tendering.document import TenderDocument, parse
from ggzy.tendering.fronts import draws_invitees
from ggzy.tendering.models import Round, Tender, TenderFile
from ggzy.tendering.moves import require_owner_side
from ggzy.venues.models import Booking
from ggzy.venues.queries import bookings_of

#: stages in which a committee may be drawn: from the notice until the evaluation
DRAW_STAGES = (
    Stage.OPEN_FOR_BID,
    Stage.CLOSED,
    Stage.OPENING,
    Stage.OPENED,
    Stage.QUAL,
    Stage.PQ_OPEN,
    Stage.PQ_CLOSED,
)


TOO_SMALL = (
    "符合条件的专家不够: 每个席位至少要有{least}名专家可抽, 条件不得缩窄到少数人。"
    "请用更短的专业代码、扩大地域或者放宽其他条件"
)


class PoolTooSmall(Refusal):
    """Not enough experts satisfy the conditions, or so few that they would name somebody."""

    code = "experts.pool_too_small"
    basis = Citation("招标投标法实施条例", "第四十六条")


class QuotasWrong(Refusal):
    """The quotas do not make up the committee of the tender file."""

    code = "experts.quotas_wrong"
    status = 422


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What the owner side asks of a draw; what is left empty follows from the tender file and the bookings."""

    quotas: tuple[rules.Quota, ...] = ()
    conditions: rules.Conditions | None = None
    session_from: datetime | None = None
    session_to: datetime | None = None
    #: agreements under which partners' pools are drawn from besides
    partners: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What a draw stands on before it is asked for: the rounds, the file, and the wish made whole."""

    tender: Tender
    rounds: list[Round]
    document: TenderDocument
    quotas: tuple[rules.Quota, ...]
    conditions: rules.Conditions
    session_from: datetime | None
    session_to: datetime | None

    @property
    def needed(self) -> int:
        """Return how many experts are drawn."""
        return self.document.committee_size - self.document.owner_representatives


def usual_conditions() -> rules.Conditions:
    """Return the conditions this centre sets where the owner side says nothing."""
    return rules.Conditions(**settings.DRAW_CONDITIONS)


def ground_of(tender_id: str, wish: Wish, *, actor: Actor, lock: bool = False) -> Ground:
    """Return what a draw for this tender stands on.

    :raises DrawNotNow: there is a draw already, or the tender is not published
    :raises QuotasWrong: the quotas do not add up to the experts of the tender file
    """
    tenders = Tender.objects.select_related("tenderee", "agency").filter(public_id=tender_id)
    tender = (tenders.select_for_update(of=("self",)) if lock else tenders).first()
    if tender is None:
        raise NotFound("没有这个招标项目")
    require_owner_side(tender, actor)
    rounds = list(
        Round.objects.filter(lot__tender=tender, stage__in=[s.value for s in DRAW_STAGES]).order_by("pk")
    )
    if not rounds:
        raise DrawNotNow("招标公告发布之后、评标之前才能抽取专家")
    if Draw.objects.filter(rounds__in=rounds).exclude(state=Draw.CANCELLED).exists():
        raise DrawNotNow("本次招标的专家抽取已经发起, 请在抽取页面继续")
    # a committee for the prequalification is drawn before the file is issued, by the file as it was reviewed
    front = any(r.phase == 0 for r in rounds)
    rounds = [r for r in rounds if (r.phase == 0) == front]
    if any(draws_invitees(r.procedure_code) and r.stage == Stage.PQ_OPEN for r in rounds):
        # the same seeds order the applications: their list must be frozen before a seed is given
        raise DrawNotNow("邀请招标的受邀人按同一组随机种子抽取, 申请截止、抽签名单固定后才能发起专家抽取")
    written = (
        tender.document
        if front
        else TenderFile.objects.filter(tender=tender).order_by("-version")[0].document
    )
    document = parse(written)
    needed = document.committee_size - document.owner_representatives
    rules.require_lawful(size=document.committee_size, experts=needed)
    quotas = wish.quotas or (rules.Quota(document.specialty, needed),)
    if sum(q.count for q in quotas) != needed:
        raise QuotasWrong(
            f"各专业人数合计应为{needed}人(招标文件: 评标委员会{document.committee_size}人, "
            f"招标人代表{document.owner_representatives}人), 现为{sum(q.count for q in quotas)}人"
        )
    since, until = _session(rounds, wish)
    return Ground(
        tender=tender,
        rounds=rounds,
        document=document,
        quotas=quotas,
        conditions=wish.conditions or usual_conditions(),
        session_from=since,
        session_to=until,
    )


def _session(rounds: Sequence[Round], wish: Wish) -> tuple[datetime | None, datetime | None]:
    """Return when the committee sits: as asked for, else as a room is booked, else from the deadline, its end unknown."""
    if wish.session_from and wish.session_to:
        if wish.session_to <= wish.session_from:
            raise BadInput("评标结束时间应晚于开始时间", field="session_to")
        return wish.session_from, wish.session_to
    booked = [row for row in bookings_of([r.public_id for r in rounds]) if row.purpose == Booking.EVALUATION]
    if booked:
        return min(row.start for row in booked), max(row.end for row in booked)
    return max((r.bid_deadline for r in rounds if r.bid_deadline), default=None), None


def found_for(ground: Ground, *, now: datetime) -> Sequence[Found]:
    """Return the experts of this centre's own pool who satisfy a draw's conditions; a terminal has none."""
    if borrowing.is_terminal(ground.tender.scope):
        return []
    own = {o.uscc for o in (ground.tender.tenderee, ground.tender.agency) if o is not None}
    return pool().candidates(
        Wanted(
            quotas=ground.quotas,
            conditions=ground.conditions,
            without_employers=own,
            tenderee_pk=ground.tender.tenderee_id,
            since=ground.session_from or now,
            until=ground.session_to,
            now=now,
        )
    )


def entries_of(found: Sequence[Found], quotas: Sequence[rules.Quota]) -> list[rules.Entry]:
    """Return experts as lines of a list that is not published: whom each quota takes, and of which employer."""
    return [
        rules.Entry(
            one.public_id,
            tuple(n for n, q in enumerate(quotas) if q.takes(specialties=one.specialties, region=one.region)),
            one.employer or one.public_id,
        )
        for one in found
    ]


@transaction.atomic
def request_draw(*, tender_id: str, actor: Actor, now: datetime, wish: Wish | None = None) -> Draw:
    """Ask for a committee and freeze the list of who may be drawn: only salted labels are published.

    Without a wish the committee is as the tender file says: one specialty, all its experts. Where other pools are drawn
    from, they are asked first, and the merged list is frozen when the last one has answered.

    :raises DrawNotNow: there is a draw already, or the tender is not published
    :raises QuotasWrong: the quotas do not add up to the experts of the tender file
    :raises PoolTooSmall: too few experts satisfy the conditions
    """
    require(actor, Permission.DRAW_REQUEST)
    ground = ground_of(tender_id, wish or Wish(), actor=actor, lock=True)
    partners = borrowing.require_partners(ground.tender.scope, (wish or Wish()).partners, now=now)
    others = bool(partners) or borrowing.is_terminal(ground.tender.scope)
    found = [] if others else found_for(ground, now=now)
    if not others and not rules.can_be_filled(
        entries_of(found, ground.quotas),
        ground.quotas,
        least=settings.DRAW_LEAST_POOL,
        one_per_unit=ground.conditions.one_per_unit,
    ):
        raise PoolTooSmall(TOO_SMALL.format(least=settings.DRAW_LEAST_POOL))
    draw = Draw.objects.create(
        tender=ground.tender,
        state=Draw.GATHERING if others else Draw.SEEDING,
        quotas=[q.as_json() for q in ground.quotas],
        conditions=ground.conditions.as_json(),
        needed=ground.needed,
        committee_size=ground.document.committee_size,
        session_from=ground.session_from,
        session_to=ground.session_to,
        requested_at=now,
        region_code=ground.tender.region_code,
    )
    draw.rounds.set(ground.rounds)
    if others:
        borrowing.ask(draw, 1, partners, actor=actor, now=now)
    else:
        freeze(draw, found, ground.quotas, actor=actor, now=now)
    return draw


@borrowing.when_whole
def freeze_merged(draw: Draw, number: int, actor: Actor, now: datetime) -> None:
    """Freeze what the pools gave together with the own list of this moment.

    A first list that is too small ends the draw; a later one that brings nobody new leaves it short, in public.
    """
    quotas = borrowing.quotas_of(draw, number)
    found = own_list(draw, quotas, now=now)
    lent = [rules.Entry(c.label, tuple(c.fits), c.unit) for c in borrowed(draw, number)]
    entries = [*entries_of(found, quotas), *lent]
    if number > 1 and not entries:
        return record(draw, "experts.widening_empty", actor, now, {"list": number})
    facts = {"least": settings.DRAW_LEAST_POOL, "one_per_unit": bool(draw.conditions["one_per_unit"])}
    if number == 1 and not rules.can_be_filled(entries, quotas, **facts):
        reason = TOO_SMALL.format(least=settings.DRAW_LEAST_POOL)
        return cancel_draw(draw, reason=reason, actor=actor, now=now)
    if number == 1:
        draw.state = Draw.SEEDING
        draw.save(update_fields=["state"])
    freeze(draw, found, quotas, actor=actor, now=now)
    return None


def own_list(draw: Draw, quotas: Sequence[rules.Quota], *, now: datetime) -> Sequence[Found]:
    """Return the experts of the own pool who satisfy the conditions of a draw and stand in none of its lists yet."""
    if borrowing.is_terminal(draw.tender.scope):
        return []
    own = {o.uscc for o in (draw.tender.tenderee, draw.tender.agency) if o is not None}
    known = set(draw.candidates.exclude(expert=None).values_list("expert_id", flat=True))
    found = pool().candidates(
        Wanted(
            quotas=quotas,
            conditions=rules.Conditions(**draw.conditions),
            without_employers=own,
            tenderee_pk=draw.tender.tenderee_id,
            since=draw.session_from or now,
            until=draw.session_to,
            now=now,
        )
    )
    return [one for one in found if one.pk not in known]


def borrowed(draw: Draw, number: int) -> list[Candidate]:
    """Return the labels that other pools gave to a list; of a pool that was left out before the seeds, none."""
    return list(draw.candidates.filter(list_number=number, loan__state=Loan.FROZEN).order_by("label"))


def freeze(
    draw: Draw, found: Sequence[Found], quotas: Sequence[rules.Quota], *, actor: Actor, now: datetime
) -> PoolList:
    """Freeze a list of a locked draw: salted labels, what each satisfies, and one digest, before any seed of its turn."""
    number = draw.lists.count() + 1
    hidden = secrets.token_bytes(32)
    units = {
        employer: rules.label_of(salt=hidden, expert=employer)[:32] if employer else ""
        for employer in {one.employer for one in found}
    }
    rows = []
    for one, line in zip(found, entries_of(found, quotas), strict=True):
        salt = secrets.token_bytes(32)
        label = rules.label_of(salt=salt, expert=one.public_id)
        rows.append(
            Candidate(
                draw=draw,
                expert_id=one.pk,
                list_number=number,
                salt=salt.hex(),
                label=label,
                fits=list(line.fits),
                # who has no employer on record shares it with nobody
                unit=units[one.employer] or label[:32],
            )
        )
    Candidate.objects.bulk_create(rows, batch_size=2000)
    # one list: a label's place depends on no other label, wherever it comes from
    rows += borrowed(draw, number)
    entries = [rules.Entry(row.label, tuple(row.fits), row.unit) for row in rows]
    made = PoolList.objects.create(
        draw=draw,
        number=number,
        sha256=rules.list_digest(entries),
        size=len(rows),
        frozen_at=now,
        turn=(draw.seeds.order_by("-turn").values_list("turn", flat=True).first() or 0) + 1,
        region_code=draw.region_code,
    )
    record(
        draw,
        "experts.pool_frozen",
        actor,
        now,
        {
            "list": number,
            "turn": made.turn,
            "quotas": [q.as_json() for q in quotas],
            "conditions": draw.conditions,
            "needed": draw.needed,
            "rounds": list(draw.rounds.order_by("pk").values_list("public_id", flat=True)),
            "entries": sorted([e.label, list(e.fits), e.unit] for e in entries),
            "pool_sha256": made.sha256,
            "parties": list(rules.SEED_PARTIES),
            "parts": [
                {key: loan[key] for key in ("pool", "demo", "state", "sha256", "size", "labels")}
                for loan in borrowing.loans_of(draw)
                if loan["list"] == number
            ],
        },
    )
    return made


def running_draw(rounds: Sequence[Round]) -> Draw | None:
    """Return the draw for these rounds that is not seated yet, locked, if there is one."""
    pks = Draw.objects.filter(rounds__in=rounds).exclude(state__in=[Draw.SEATED, Draw.CANCELLED]).values("pk")
    return Draw.objects.select_for_update(of=("self",)).select_related("tender").filter(pk__in=pks).first()


def cancel_draw(draw: Draw, *, reason: str, actor: Actor, now: datetime) -> None:
    """Give up a locked draw whose evaluation will not be when it was drawn for (called inside an act)."""
    draw.state = Draw.CANCELLED
    draw.save(update_fields=["state"])
    cancel_timer(kind=STALLED, subject=draw.public_id, now=now)
    record(draw, "experts.draw_cancelled", actor, now, {"reason": reason})
    borrowing.release(draw, now=now)
    _tell_cancelled(draw, now=now)


def _tell_cancelled(draw: Draw, *, now: datetime) -> None:
    """Tell who was called and has not said no that nobody waits for them; another pool tells its own experts.

    As in the call itself: when and in which city, and nothing of the project.
    """
    called = draw.candidates.filter(state__in=[Candidate.CALLED, Candidate.ACCEPTED], expert__isnull=False)
    since = f"{draw.session_from.astimezone(BEIJING):%m月%d日%H:%M}" if draw.session_from else "时间待通知"
    post(
        accounts=called.values_list("expert__account_id", flat=True),
        kind=Kind.SERVICE,
        title="评标邀请已取消",
        text=f"您被邀请参加的评标({since}, {settings.CENTRE_CITY})不再进行, 不需要到场, 也不需要再答复。",
        link="/work/calls",
        now=now,
    )


def open_pool_place(
    *,
    account_pk: int,
    specialties: Sequence[str],
    employer: Organisation | None = None,
    drawable: bool = True,
) -> Expert:
    """Put an account into this centre's pool; `drawable` only once it is appointed (called inside an act)."""
    return Expert.objects.create(
        account_id=account_pk,
        specialties=list(specialties),
        employer_uscc=employer.uscc if employer else "",
        employer_name=employer.name if employer else "",
        active=drawable,
    )


def keep_place(
    expert: Expert, *, specialties: Sequence[str], region: str, employer_uscc: str, employer_name: str
) -> None:
    """Keep what the draw reads of an expert: specialties, region, employer (called inside an act)."""
    expert.specialties, expert.region_code = list(specialties), region
    expert.employer_uscc, expert.employer_name = employer_uscc, employer_name
    expert.save(update_fields=["specialties", "region_code", "employer_uscc", "employer_name"])


def set_drawable(expert: Expert, *, drawable: bool) -> None:
    """Let an expert be drawn, or not any more (called inside an act that says why)."""
    expert.active = drawable
    expert.save(update_fields=["active"])


def keep_away(*, expert: Expert, since: date, until: date | None, reason: str) -> Away:
    """Keep an expert out of draws for sessions in these days, both included (called inside an act that says why)."""
    return Away.objects.create(expert=expert, since=since, until=until, reason=reason)


def end_away(away: Away, *, last: date) -> None:
    """Let an absence end with this day; one that has not begun by then is dropped (called inside an act)."""
    if last < away.since:
        away.delete()
    elif away.until is None or away.until > last:
        away.until = last
        away.save(update_fields=["until"])
