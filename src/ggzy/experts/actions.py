"""Drawing a committee: freeze the pool, seeds by commit and reveal, rank, call, answer; check in after the opening.

The draw never reads bidders. Only the check-in, after the opening, compares employers with bidders.
"""

import secrets
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from ggzy.evidence.actions import record_act
from ggzy.experts import rules
from ggzy.experts.models import Candidate, Draw, Expert, Member, Seed
from ggzy.experts.pool import pool
from ggzy.kernel.actors import Actor, Role
from ggzy.kernel.refusals import BadInput, Citation, NotFound, NotPermitted, Refusal
from ggzy.opening.queries import bidders_of_rounds, not_yet_opened
from ggzy.parties.grid import Permission, require
from ggzy.parties.models import Organisation
from ggzy.procedures.spec import Stage
from ggzy.tendering.document import parse
from ggzy.tendering.models import Round, Tender, TenderFile
from ggzy.tendering.moves import require_owner_side

#: stages in which a committee may be drawn: from the notice until the evaluation
DRAW_STAGES = (
    Stage.OPEN_FOR_BID,
    Stage.CLOSED,
    Stage.OPENING,
    Stage.OPENED,
    Stage.PQ_OPEN,
    Stage.PQ_CLOSED,
)


class DrawNotNow(Refusal):
    """The draw stands elsewhere."""

    code = "experts.draw_not_now"


class PoolTooSmall(Refusal):
    """Not enough experts of the specialty."""

    code = "experts.pool_too_small"
    basis = Citation("招标投标法实施条例", "第四十六条")


class SeedWrong(Refusal):
    """The seed is not the one committed to."""

    code = "experts.seed_wrong"
    status = 422


@transaction.atomic
def request_draw(*, tender_id: str, actor: Actor, now: datetime) -> Draw:
    """Ask for a committee as the tender file says, and freeze the pool: only salted labels are published.

    :raises DrawNotNow: there is a draw already, or the tender is not published
    :raises PoolTooSmall: the pool has too few experts of the specialty
    """
    require(actor, Permission.DRAW_REQUEST)
    tender = (
        Tender.objects.select_for_update(of=("self",))
        .select_related("tenderee", "agency")
        .filter(public_id=tender_id)
        .first()
    )
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
    own = {o.uscc for o in (tender.tenderee, tender.agency) if o is not None}
    experts = pool().candidates(specialty=document.specialty, without_employers=own)
    if len(experts) < needed:
        raise PoolTooSmall(
            f"专家库中“{document.specialty}”专业可抽取专家{len(experts)}名, 不足{needed}名, 请扩大专业或地域范围"
        )
    draw = Draw.objects.create(
        tender=tender,
        state=Draw.SEEDING,
        specialty=document.specialty,
        needed=needed,
        committee_size=document.committee_size,
        pool_sha256="",
        pool_size=len(experts),
        requested_at=now,
        region_code=tender.region_code,
    )
    draw.rounds.set(rounds)
    rows = []
    for expert in experts:
        salt = secrets.token_bytes(32)
        rows.append(
            Candidate(
                draw=draw,
                expert=expert,
                salt=salt.hex(),
                label=rules.label_of(salt=salt, expert=expert.public_id),
            )
        )
    Candidate.objects.bulk_create(rows)
    labels = sorted(row.label for row in rows)
    draw.pool_sha256 = rules.pool_digest(labels)
    draw.save(update_fields=["pool_sha256"])
    record_act(
        "experts.pool_frozen",
        subject=draw.public_id,
        actor=actor,
        legal_at=now,
        ocid=tender.ocid,
        public={
            "draw": draw.public_id,
            "specialty": draw.specialty,
            "needed": needed,
            "rounds": [r.public_id for r in rounds],
            "labels": labels,
            "pool_sha256": draw.pool_sha256,
            "parties": list(rules.SEED_PARTIES),
        },
    )
    return draw


def running_draw(rounds: Sequence[Round]) -> Draw | None:
    """Return the draw for these rounds that is not seated yet, locked, if there is one."""
    pks = Draw.objects.filter(rounds__in=rounds).exclude(state__in=[Draw.SEATED, Draw.CANCELLED]).values("pk")
    return Draw.objects.select_for_update(of=("self",)).select_related("tender").filter(pk__in=pks).first()


def cancel_draw(draw: Draw, *, reason: str, actor: Actor, now: datetime) -> None:
    """Give up a locked draw whose evaluation will not be when it was drawn for (called inside an act)."""
    draw.state = Draw.CANCELLED
    draw.save(update_fields=["state"])
    _record(draw, "experts.draw_cancelled", actor, now, {"reason": reason})


def _lock(draw_id: str) -> Draw:
    draw = (
        Draw.objects.select_for_update(of=("self",))
        .select_related("tender")
        .filter(public_id=draw_id)
        .first()
    )
    if draw is None:
        raise NotFound("没有这次专家抽取")
    if draw.state == Draw.CANCELLED:
        raise DrawNotNow("本次抽取因时间变更已取消, 请在重新发起的抽取中办理")
    return draw


def _party(draw: Draw, actor: Actor) -> str:
    """Return as which of the seed parties the actor gives a seed."""
    if actor.role in {Role.TENDEREE, Role.AGENCY}:
        require_owner_side(draw.tender, actor)
        return "owner"
    return {Role.CENTRE: "centre", Role.SUPERVISOR: "supervisor"}[actor.role]


@transaction.atomic
def commit_seed(*, draw_id: str, commitment: str, actor: Actor, now: datetime) -> Seed:
    """Publish the hash of a party's secret seed before anyone reveals.

    :raises DrawNotNow: this party has committed, or seeds are over
    :raises BadInput: not a SHA-256 in hex
    """
    require(actor, Permission.DRAW_SEED)
    draw = _lock(draw_id)
    party = _party(draw, actor)
    if draw.state != Draw.SEEDING:
        raise DrawNotNow("随机种子阶段已结束")
    if len(commitment) != 64 or any(c not in "0123456789abcdef" for c in commitment):
        raise BadInput("种子承诺应为64位小写十六进制SHA-256值", field="commitment")
    if draw.seeds.filter(party=party).exists():
        raise DrawNotNow("本方的种子承诺已提交, 不能更改")
    seed = Seed.objects.create(
        draw=draw,
        party=party,
        organisation_id=actor.organisation_pk or None,
        commitment=commitment,
        committed_at=now,
    )
    _record(draw, "experts.seed_committed", actor, now, {"party": party, "commitment": commitment})
    return seed


@transaction.atomic
def reveal_seed(*, draw_id: str, seed: str, actor: Actor, now: datetime) -> Draw:
    """Reveal a party's seed after all have committed; the last reveal ranks the pool and calls the first.

    :raises DrawNotNow: a party has not committed yet, or this one has revealed
    :raises SeedWrong: not the seed that was committed to
    """
    require(actor, Permission.DRAW_SEED)
    draw = _lock(draw_id)
    party = _party(draw, actor)
    seeds = {s.party: s for s in draw.seeds.all()}
    if set(seeds) != set(rules.SEED_PARTIES):
        missing = [p for p in rules.SEED_PARTIES if p not in seeds]
        raise DrawNotNow(f"还有{len(missing)}方没有提交种子承诺, 全部提交后才能公开种子")
    mine = seeds[party]
    if mine.seed:
        if mine.seed == seed:
            return draw
        raise DrawNotNow("本方种子已公开")
    try:
        raw = bytes.fromhex(seed)
    except ValueError:
        raise SeedWrong("种子应为64位十六进制") from None
    if len(raw) != 32 or rules.seed_commitment(raw) != mine.commitment:
        raise SeedWrong("公开的种子与先前的承诺不符, 请使用提交承诺时的种子")
    mine.seed, mine.revealed_at = raw.hex(), now
    mine.save(update_fields=["seed", "revealed_at"])
    _record(draw, "experts.seed_revealed", actor, now, {"party": party, "seed": mine.seed})
    if all(s.seed for s in seeds.values()):
        _rank(draw, {p: s.seed for p, s in seeds.items()}, actor=actor, now=now)
    return draw


def _rank(draw: Draw, seeds: dict[str, str], *, actor: Actor, now: datetime) -> None:
    randomness = rules.joined(seeds)
    rows = {c.label: c for c in draw.candidates.all()}
    order = rules.ranking(rows, randomness=randomness, code=bytes.fromhex(draw.public_id))
    for rank, label in enumerate(order, start=1):
        rows[label].rank = rank
        rows[label].state = Candidate.CALLED if rank <= draw.needed else Candidate.WAITING
    Candidate.objects.bulk_update(rows.values(), ["rank", "state"], batch_size=1000)
    draw.randomness, draw.state = randomness.hex(), Draw.CALLING
    draw.save(update_fields=["randomness", "state"])
    called = order[: draw.needed]
    _record(
        draw,
        "experts.ranked",
        actor,
        now,
        {"order": order[: min(len(order), 4 * draw.needed)], "called": called},
    )


@transaction.atomic
def answer_call(*, draw_id: str, accept: bool, actor: Actor, now: datetime) -> Candidate:
    """Answer a call; a refusal calls the next in rank. The same answer again changes nothing.

    :raises DrawNotNow: this expert is not called in this draw
    """
    require(actor, Permission.DRAW_ANSWER)
    draw = _lock(draw_id)
    mine = draw.candidates.filter(expert__account_id=actor.account_pk).first()
    wanted = Candidate.ACCEPTED if accept else Candidate.REFUSED
    if mine is not None and mine.state == wanted:
        return mine
    if mine is None or mine.state != Candidate.CALLED or draw.state != Draw.CALLING:
        raise DrawNotNow("您没有等待答复的评标邀请")
    mine.state, mine.answered_at = wanted, now
    mine.save(update_fields=["state", "answered_at"])
    _record(draw, "experts.answered", actor, now, {"label": mine.label, "accepted": accept})
    if accept:
        _confirm_if_full(draw)
    else:
        _call_next(draw, actor=actor, now=now)
    return mine


def _confirm_if_full(draw: Draw) -> None:
    if draw.candidates.filter(state=Candidate.ACCEPTED).count() == draw.needed:
        draw.state = Draw.CONFIRMED
        draw.save(update_fields=["state"])


def _call_next(draw: Draw, *, actor: Actor, now: datetime) -> None:
    following = draw.candidates.filter(state=Candidate.WAITING).order_by("rank").first()
    if following is None:
        _record(draw, "experts.pool_dry", actor, now, {"needed": draw.needed})
        return
    following.state = Candidate.CALLED
    following.save(update_fields=["state"])
    _record(draw, "experts.called_next", actor, now, {"label": following.label})


def _record(draw: Draw, act: str, actor: Actor, now: datetime, public: dict[str, object]) -> None:
    record_act(
        act,
        subject=draw.public_id,
        actor=actor,
        legal_at=now,
        ocid=draw.tender.ocid,
        public={"draw": draw.public_id, **public},
    )


@transaction.atomic
def check_in(*, draw_id: str, must_avoid: bool, reason: str, actor: Actor, now: datetime) -> Member:
    """Check in after the opening: bidders have been shown once, avoidance is declared and matched by employer.

    Who must stand aside is replaced from the next rank. The tenderee's representatives check in here too.

    :raises DrawNotNow: bids are not opened yet, or this person is not called
    :raises BadInput: avoidance without a reason
    """
    require(actor, Permission.EVALUATE)
    draw = _lock(draw_id)
    rounds = list(draw.rounds.all())
    if not_yet_opened(rounds):
        raise DrawNotNow("开标结束后才能签到")
    if must_avoid and not reason.strip():
        raise BadInput("请写明回避理由", field="reason")
    there = draw.members.filter(account_id=actor.account_pk).first()
    if there is not None:
        return there
    if actor.role is Role.TENDEREE:
        return _seat_owner(draw, must_avoid=must_avoid, actor=actor, now=now)
    mine = draw.candidates.select_related("expert").filter(expert__account_id=actor.account_pk).first()
    if mine is None or mine.state != Candidate.ACCEPTED:
        raise DrawNotNow("您不在本次评标委员会名单中")
    bidders = bidders_of_rounds([r.pk for r in rounds])
    matched = rules.must_avoid(employer_uscc=mine.expert.employer_uscc, bidders=[b.uscc for b in bidders])
    leaves = must_avoid or matched
    member = Member.objects.create(
        draw=draw,
        account_id=actor.account_pk,
        kind=Member.EXPERT,
        code=_new_code(draw),
        candidate=mine,
        checked_in_at=now,
        left=leaves,
        reason=(reason.strip() or ("工作单位与投标人相同" if matched else ""))[:300],
    )
    _record(draw, "experts.checked_in", actor, now, {"label": mine.label, "avoids": leaves})
    if leaves:
        mine.state = Candidate.REPLACED
        mine.save(update_fields=["state"])
        draw.state = Draw.CALLING
        draw.save(update_fields=["state"])
        _call_next(draw, actor=actor, now=now)
    return member


def _seat_owner(draw: Draw, *, must_avoid: bool, actor: Actor, now: datetime) -> Member:
    seats = draw.committee_size - draw.needed
    if actor.organisation_pk != draw.tender.tenderee_id:
        raise NotPermitted("只有招标人可以委派招标人代表")
    if must_avoid or draw.members.filter(kind=Member.OWNER, left=False).count() >= seats:
        raise DrawNotNow("招标文件没有设招标人代表席位, 或席位已满, 或应当回避")
    member = Member.objects.create(
        draw=draw,
        account_id=actor.account_pk,
        kind=Member.OWNER,
        code=_new_code(draw),
        checked_in_at=now,
    )
    _record(draw, "experts.owner_checked_in", actor, now, {"code": member.code})
    return member


def _new_code(draw: Draw) -> str:
    taken = set(draw.members.values_list("code", flat=True))
    free = [f"评委{n:02d}" for n in range(1, 60) if f"评委{n:02d}" not in taken]
    return secrets.choice(free[:20])


def open_pool_place(*, account_pk: int, specialties: Sequence[str], employer: Organisation | None) -> Expert:
    """Put an account into this centre's pool (training data; the provincial pool comes through its port)."""
    return Expert.objects.create(
        account_id=account_pk,
        specialties=list(specialties),
        employer_uscc=employer.uscc if employer else "",
        employer_name=employer.name if employer else "",
    )
