"""The seeds of a draw: committed by three parties, revealed by all, or voided in public; the last reveal ranks a list."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction

from ggzy.deadlines.actions import cancel_timer, effect, set_timer
from ggzy.experts import rules
from ggzy.experts.calling import fill_places
from ggzy.experts.locking import DrawNotNow, lock_draw, record, take_step
from ggzy.experts.models import Draw, PoolList, Seed
from ggzy.kernel.actors import SYSTEM, Actor, Role
from ggzy.kernel.refusals import BadInput, Refusal
from ggzy.parties.grid import Permission, require
from ggzy.tendering.moves import require_owner_side

#: a commitment that is not followed by its seed for so long voids the turn
STALLED = "experts.seeds_stalled"


class SeedWrong(Refusal):
    """The seed is not the one committed to."""

    code = "experts.seed_wrong"
    status = 422


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
