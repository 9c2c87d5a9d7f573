"""Drawing a committee: conditions, the frozen list, seeds by commit and reveal, the ranking. Then `calling` calls.

The draw never reads bidders. Only the check-in (`attending`), after the opening, compares employers with bidders.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import connection, transaction

from ggzy.deadlines.actions import cancel_timer, effect, set_timer
from ggzy.experts import rules
from ggzy.experts.calling import fill_places
from ggzy.experts.locking import DrawNotNow, lock_draw, record, take_step
from ggzy.experts.models import Away, Candidate, Draw, Expert, PoolList, Seed
from ggzy.experts.pool import pool
from ggzy.experts.ports import Found, Wanted
from ggzy.kernel.actors import SYSTEM, Actor, Role
from ggzy.kernel.refusals import BadInput, Citation, NotFound, Refusal
from ggzy.parties.grid import Permission, require
from ggzy.parties.models import Organisation
from ggzy.procedures.spec import Stage
from ggzy.tendering.document import TenderDocument, parse
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
    Stage.PQ_OPEN,
    Stage.PQ_CLOSED,
)


#: a commitment that is not followed by its seed for so long voids the turn
STALLED = "experts.seeds_stalled"


class PoolTooSmall(Refusal):
    """Not enough experts satisfy the conditions, or so few that they would name somebody."""

    code = "experts.pool_too_small"
    basis = Citation("招标投标法实施条例", "第四十六条")


class QuotasWrong(Refusal):
    """The quotas do not make up the committee of the tender file."""

    code = "experts.quotas_wrong"
    status = 422


class SeedWrong(Refusal):
    """The seed is not the one committed to."""

    code = "experts.seed_wrong"
    status = 422


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What the owner side asks of a draw; what is left empty follows from the tender file and the bookings."""

    quotas: tuple[rules.Quota, ...] = ()
    conditions: rules.Conditions | None = None
    session_from: datetime | None = None
    session_to: datetime | None = None


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
    """Return the experts who satisfy a draw's conditions."""
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

    Without a wish the committee is as the tender file says: one specialty, all its experts.

    :raises DrawNotNow: there is a draw already, or the tender is not published
    :raises QuotasWrong: the quotas do not add up to the experts of the tender file
    :raises PoolTooSmall: too few experts satisfy the conditions
    """
    require(actor, Permission.DRAW_REQUEST)
    ground = ground_of(tender_id, wish or Wish(), actor=actor, lock=True)
    found = found_for(ground, now=now)
    if not rules.can_be_filled(
        entries_of(found, ground.quotas),
        ground.quotas,
        least=settings.DRAW_LEAST_POOL,
        one_per_unit=ground.conditions.one_per_unit,
    ):
        raise PoolTooSmall(
            f"符合条件的专家不够: 每个席位至少要有{settings.DRAW_LEAST_POOL}名专家可抽, 条件不得缩窄到少数人。"
            "请用更短的专业代码、扩大地域或者放宽其他条件"
        )
    draw = Draw.objects.create(
        tender=ground.tender,
        state=Draw.SEEDING,
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
    freeze(draw, found, ground.quotas, actor=actor, now=now)
    return draw


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


def _party(draw: Draw, actor: Actor) -> str:
    """Return as which of the seed parties the actor gives a seed."""
    if actor.role in {Role.TENDEREE, Role.AGENCY}:
        require_owner_side(draw.tender, actor)
        return "owner"
    return {Role.CENTRE: "centre", Role.SUPERVISOR: "supervisor"}[actor.role]


def _list_to_rank(draw: Draw) -> PoolList:
    """Return the list that waits for its seeds.

    :raises DrawNotNow: every list is ranked, or a party did not reveal in time
    """
    waiting = draw.lists.filter(randomness="").first()
    if waiting is None:
        raise DrawNotNow("随机种子阶段已结束")
    if waiting.stalled_at:
        raise DrawNotNow("有一方逾期未公开种子, 本轮种子作废, 已送监督部门; 重新开始后请提交新的种子")
    return waiting


@transaction.atomic
def commit_seed(*, draw_id: str, commitment: str, actor: Actor, now: datetime) -> Seed:
    """Publish the hash of a party's secret seed before anyone reveals; with the last one the time to reveal begins.

    :raises DrawNotNow: this party has committed, or seeds are over
    :raises BadInput: not a SHA-256 in hex
    """
    require(actor, Permission.DRAW_SEED)
    draw = lock_draw(draw_id)
    party = _party(draw, actor)
    waiting = _list_to_rank(draw)
    if len(commitment) != 64 or any(c not in "0123456789abcdef" for c in commitment):
        raise BadInput("种子承诺应为64位小写十六进制SHA-256值", field="commitment")
    if draw.seeds.filter(party=party, turn=waiting.turn).exists():
        raise DrawNotNow("本方的种子承诺已提交, 不能更改")
    if draw.seeds.filter(commitment=commitment, party=party).exists():
        raise BadInput("这个承诺已经用过, 请换一个新的随机种子", field="commitment")
    seed = Seed.objects.create(
        draw=draw,
        turn=waiting.turn,
        party=party,
        organisation_id=actor.organisation_pk or None,
        commitment=commitment,
        committed_at=now,
    )
    record(
        draw,
        "experts.seed_committed",
        actor,
        now,
        {"party": party, "commitment": commitment, "turn": waiting.turn},
    )
    if draw.seeds.filter(turn=waiting.turn).count() == len(rules.SEED_PARTIES):
        limit = timedelta(minutes=settings.SEED_MINUTES)
        set_timer(kind=STALLED, subject=draw.public_id, due_at=now + limit)
    return seed


@transaction.atomic
def reveal_seed(*, draw_id: str, seed: str, actor: Actor, now: datetime) -> Draw:
    """Reveal a party's seed after all have committed; the last reveal ranks the list and calls the first.

    :raises DrawNotNow: a party has not committed yet, or this one has revealed
    :raises SeedWrong: not the seed that was committed to
    """
    require(actor, Permission.DRAW_SEED)
    draw = lock_draw(draw_id)
    party = _party(draw, actor)
    if draw.seeds.filter(party=party, seed=seed).exclude(seed="").exists():
        return draw
    waiting = _list_to_rank(draw)
    seeds = {s.party: s for s in draw.seeds.filter(turn=waiting.turn)}
    if set(seeds) != set(rules.SEED_PARTIES):
        missing = [p for p in rules.SEED_PARTIES if p not in seeds]
        raise DrawNotNow(f"还有{len(missing)}方没有提交种子承诺, 全部提交后才能公开种子")
    mine = seeds[party]
    if mine.seed:
        raise DrawNotNow("本方种子已公开")
    try:
        raw = bytes.fromhex(seed)
    except ValueError:
        raise SeedWrong("种子应为64位十六进制") from None
    if len(raw) != 32 or rules.seed_commitment(raw) != mine.commitment:
        raise SeedWrong("公开的种子与先前的承诺不符, 请使用提交承诺时的种子")
    mine.seed, mine.revealed_at = raw.hex(), now
    mine.save(update_fields=["seed", "revealed_at"])
    record(
        draw, "experts.seed_revealed", actor, now, {"party": party, "seed": mine.seed, "turn": waiting.turn}
    )
    if all(s.seed for s in seeds.values()):
        cancel_timer(kind=STALLED, subject=draw.public_id, now=now)
        rank(draw, waiting, {p: s.seed for p, s in seeds.items()}, actor=actor, now=now)
    return draw


def rank(draw: Draw, waiting: PoolList, seeds: dict[str, str], *, actor: Actor, now: datetime) -> None:
    """Rank a list of a locked draw by its parties' seeds, behind what is ranked already, and call."""
    randomness = rules.joined(seeds)
    labels = draw.candidates.filter(list_number=waiting.number).values_list("label", flat=True)
    order = rules.ranking(labels, randomness=randomness, code=bytes.fromhex(draw.public_id))
    behind = draw.candidates.filter(rank__isnull=False).count()
    _write_ranks(draw, order, behind)
    waiting.randomness = randomness.hex()
    waiting.save(update_fields=["randomness"])
    if waiting.number == 1:
        draw.randomness, draw.state = waiting.randomness, Draw.CALLING
    draw.save(update_fields=["randomness", "state"])
    take_step(draw, "ranked", str(waiting.number), now)
    shown = order[: 4 * draw.needed]
    record(
        draw,
        "experts.ranked",
        actor,
        now,
        {"list": waiting.number, "turn": waiting.turn, "order": shown},
    )
    fill_places(draw, actor=actor, now=now)


def _write_ranks(draw: Draw, order: Sequence[str], behind: int) -> None:
    """Write the ranks of a list in one statement: 20,000 rows by a CASE for each would take half a minute."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE experts_candidate AS c SET rank = %s + r.place"
            " FROM unnest(%s::text[]) WITH ORDINALITY AS r(label, place)"
            " WHERE c.draw_id = %s AND c.label = r.label",
            [behind, list(order), draw.pk],
        )


@effect(STALLED)
def void_seeds(draw_id: str, now: datetime) -> datetime | None:
    """Void a turn in which a party committed and did not reveal in time: shown as such, and sent to the supervisor."""
    draw = lock_draw(draw_id, cancelled=True)
    waiting = draw.lists.filter(randomness="", stalled_at=None).first()
    if draw.state == Draw.CANCELLED or waiting is None:
        return None
    seeds = {s.party: s for s in draw.seeds.filter(turn=waiting.turn)}
    missing = [p for p in rules.SEED_PARTIES if p in seeds and not seeds[p].seed]
    if len(seeds) < len(rules.SEED_PARTIES) or not missing:
        return None
    waiting.stalled_at = now
    waiting.save(update_fields=["stalled_at"])
    record(draw, "experts.seeds_void", SYSTEM, now, {"turn": waiting.turn, "missing": missing})
    return None


@transaction.atomic
def renew_seeds(*, draw_id: str, reason: str, actor: Actor, now: datetime) -> PoolList:
    """Order new seeds for a list whose seeds were voided: the list stays frozen, all three parties commit anew.

    :raises DrawNotNow: nothing was voided
    :raises BadInput: no reason
    """
    require(actor, Permission.DRAW_OVERSEE)
    draw = lock_draw(draw_id)
    waiting = draw.lists.filter(randomness="").exclude(stalled_at=None).first()
    if waiting is None:
        raise DrawNotNow("没有作废的种子, 不需要重新提交")
    if not reason.strip():
        raise BadInput("请写明核实的情况和理由", field="reason")
    waiting.turn, waiting.stalled_at = waiting.turn + 1, None
    waiting.save(update_fields=["turn", "stalled_at"])
    record(
        draw,
        "experts.seeds_renewed",
        actor,
        now,
        {"turn": waiting.turn, "list": waiting.number, "reason": reason.strip()[:500]},
    )
    return waiting


def open_pool_place(*, account_pk: int, specialties: Sequence[str], employer: Organisation | None) -> Expert:
    """Put an account into this centre's pool (training data; the provincial pool comes through its port)."""
    return Expert.objects.create(
        account_id=account_pk,
        specialties=list(specialties),
        employer_uscc=employer.uscc if employer else "",
        employer_name=employer.name if employer else "",
    )


def keep_away(*, expert: Expert, since: date, until: date | None, reason: str) -> Away:
    """Keep an expert out of draws for sessions in these days, both included (called inside an act that says why)."""
    return Away.objects.create(expert=expert, since=since, until=until, reason=reason)
