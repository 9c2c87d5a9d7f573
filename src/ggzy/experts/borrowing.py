"""Other pools in a draw: the lists they freeze, merged before any seed; going on without one that does not answer.

No lock on a draw is held while another pool is asked. Every question may be asked again.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.conf import settings
from django.db import transaction
from django.utils.module_loading import import_string

from ggzy.deadlines.actions import cancel_timer, effect, set_timer
from ggzy.experts import rules
from ggzy.experts.agreements import in_force
from ggzy.experts.locking import DrawNotNow, lock_draw, record
from ggzy.experts.models import Agreement, Candidate, Draw, Loan
from ggzy.experts.ports import Asked, ExpertSource, Frozen, SourceRefused, SourceUnavailable
from ggzy.kernel.actors import SYSTEM, Actor
from ggzy.kernel.refusals import BadInput, NotFound, Refusal
from ggzy.parties.grid import Permission, require
from ggzy.tendering.moves import require_owner_side

GATHER, RELEASE = "experts.gather", "experts.release"
#: what happens once every pool has answered or was left out: the merged list is frozen (registered by `actions`)
_WHOLE: list[Callable[[Draw, int, Actor, datetime], None]] = []
#: what happens to the calls of a pool that is left out (registered by `calling`)
_LEFT_OUT: list[Callable[[Draw, Loan, Actor, datetime], None]] = []
Answer = TypeVar("Answer")


class PoolNotThere(Refusal):
    """Another pool does not answer now, or says no."""

    code = "experts.pool_not_there"
    status = 503


def when_whole(
    function: Callable[[Draw, int, Actor, datetime], None],
) -> Callable[[Draw, int, Actor, datetime], None]:
    """Register what follows when every pool has answered for a list."""
    _WHOLE.append(function)
    return function


def when_left_out(
    function: Callable[[Draw, Loan, Actor, datetime], None],
) -> Callable[[Draw, Loan, Actor, datetime], None]:
    """Register what follows for those called when a pool is left out."""
    _LEFT_OUT.append(function)
    return function


# Which pools


def is_terminal(scope: str) -> bool:
    """Say whether this centre draws committees of this scope from somebody's pool and keeps none for it."""
    return scope in settings.EXPERT_SOURCES


def pools_for(scope: str, *, now: datetime) -> list[dict[str, str]]:
    """Return the partners' pools a draw may borrow from today; none where the centre is a terminal."""
    if is_terminal(scope):
        return []
    return [
        {
            "agreement": one.public_id,
            "name": one.partner_name,
            "specialties": "、".join(one.specialties),
        }
        for one in in_force(Agreement.BORROWS, now=now)
    ]


def terminal_name(scope: str) -> str:
    """Return the name of the pool this centre is a terminal of, "" where it keeps its own."""
    return str(settings.EXPERT_SOURCES.get(scope, {}).get("name", ""))


def source_of(loan: Loan) -> ExpertSource:
    """Return the pool behind a loan, by the agreement or by the settings."""
    if loan.agreement is not None:
        adapter, how = (
            settings.PARTNER_POOL,
            {
                "address": loan.agreement.partner_address,
                "key": loan.agreement.partner_key,
                "agreement": loan.agreement.sha256,
            },
        )
    else:
        said = settings.EXPERT_SOURCES[loan.draw.tender.scope]
        adapter, how = said["adapter"], {k: v for k, v in said.items() if k not in {"name", "adapter"}}
    pool: ExpertSource = import_string(adapter)(**how)
    return pool  # noqa: RET504 - the name carries the type


def require_partners(scope: str, chosen: tuple[str, ...], *, now: datetime) -> list[Agreement]:
    """Return the agreements the owner side chose.

    :raises BadInput: one is not in force, or the centre is a terminal
    """
    if not chosen:
        return []
    known = {} if is_terminal(scope) else {a.public_id: a for a in in_force(Agreement.BORROWS, now=now)}
    if any(one not in known for one in chosen):
        raise BadInput("所选的共享专家库没有生效的协议, 请重新选择", field="partners")
    return [known[one] for one in dict.fromkeys(chosen)]


# Gathering the lists


def ask(draw: Draw, number: int, agreements: list[Agreement], *, actor: Actor, now: datetime) -> list[Loan]:
    """Ask other pools for their part of a list of a locked draw; the worker puts the questions (called inside an act)."""
    scope = draw.tender.scope
    wanted: list[tuple[Agreement | None, str]] = [(one, one.partner_name) for one in agreements]
    if is_terminal(scope):
        wanted = [(None, terminal_name(scope))]
    made = []
    for agreement, name in wanted:
        loan = Loan(draw=draw, list_number=number, agreement=agreement, name=name, state=Loan.ASKED)
        loan.asked_at, loan.region_code, loan.demo = now, draw.region_code, source_of(loan).demo
        loan.save()
        record(draw, "experts.pool_asked", actor, now, {"list": number, "pool": name, "loan": loan.public_id})
        set_timer(kind=GATHER, subject=loan.public_id, due_at=now)
        made.append(loan)
    return made


def quotas_of(draw: Draw, number: int) -> list[rules.Quota]:
    """Return the quotas a list is drawn by: a later one by the widening that was agreed. A number means the same place."""
    widened = draw.widenings.filter(approved=True).order_by("-pk").first() if number > 1 else None
    wider = widened.wider if widened else {}
    return [rules.quota_of({**q, **wider.get(str(n), {})}) for n, q in enumerate(draw.quotas)]


def asked_for(draw: Draw, loan: Loan) -> Asked:
    """Return what a pool is asked for: the draw's quotas as they stand for this list, conditions, session, city."""
    own = {o.uscc for o in (draw.tender.tenderee, draw.tender.agency) if o is not None}
    return Asked(
        draw=draw.public_id,
        list_number=loan.list_number,
        quotas=quotas_of(draw, loan.list_number),
        conditions=rules.Conditions(**draw.conditions),
        without_employers=own,
        since=draw.session_from,
        until=draw.session_to,
        city=settings.CENTRE_CITY,
    )


def reached(loan: Loan, question: Callable[[ExpertSource], Answer], *, now: datetime) -> Answer | None:
    """Put a question to a loan's pool; None where it does not answer or says no: the loan shows it from then on."""
    try:
        found = question(source_of(loan))
    except (SourceUnavailable, SourceRefused) as trouble:
        since = loan.trouble_since or now
        Loan.objects.filter(pk=loan.pk).update(trouble=str(trouble)[:200], trouble_since=since)
        return None
    if loan.trouble:
        Loan.objects.filter(pk=loan.pk).update(trouble="", trouble_since=None)
    return found


@effect(GATHER)
def gather(loan_id: str, now: datetime) -> datetime | None:
    """Ask a pool for its frozen list, again and again until it answers or is left out; the last one freezes the whole."""
    loans = Loan.objects.select_related("draw__tender__tenderee", "draw__tender__agency", "agreement")
    loan = loans.get(public_id=loan_id)
    if loan.state != Loan.ASKED or loan.draw.state == Draw.CANCELLED:
        return None
    found = reached(loan, lambda pool: pool.freeze(asked_for(loan.draw, loan)), now=now)
    if found is None:
        return now + timedelta(seconds=settings.SOURCE_SECONDS)
    draw = lock_draw(loan.draw.public_id, cancelled=True)
    loan = loans.select_for_update(of=("self",)).get(pk=loan.pk)
    if loan.state != Loan.ASKED or draw.state == Draw.CANCELLED:
        return None
    _take_list(draw, loan, found, now)
    _whole(draw, loan.list_number, SYSTEM, now)
    return None


def _take_list(draw: Draw, loan: Loan, found: Frozen, now: datetime) -> None:
    known = set(draw.candidates.values_list("label", flat=True))
    Candidate.objects.bulk_create(
        (
            Candidate(
                draw=draw,
                loan=loan,
                list_number=loan.list_number,
                label=one.label,
                salt="",
                fits=list(one.fits),
                unit=one.unit,
            )
            for one in found.entries
            if one.label not in known
        ),
        batch_size=2000,
    )
    loan.state, loan.lent, loan.frozen_at = Loan.FROZEN, found.lent, now
    loan.sha256, loan.size, loan.receipt = found.sha256, len(found.entries), dict(found.receipt)
    loan.trouble, loan.trouble_since = "", None
    loan.save()
    record(
        draw,
        "experts.pool_lent",
        SYSTEM,
        now,
        {
            "list": loan.list_number,
            "pool": loan.name,
            "demo": loan.demo,
            "sha256": loan.sha256,
            "size": loan.size,
            "receipt": loan.receipt,
        },
    )


def _whole(draw: Draw, number: int, actor: Actor, now: datetime) -> None:
    """Go on once no pool is waited for."""
    waits = draw.loans.filter(list_number=number, state=Loan.ASKED).exists()
    if not waits and not draw.lists.filter(number=number).exists():
        for follow in _WHOLE:
            follow(draw, number, actor, now)


# Going on without a pool


@transaction.atomic
def propose_aside(*, loan_id: str, reason: str, actor: Actor, now: datetime) -> Loan:
    """Propose to go on without a pool that does not answer; the supervisor decides. The same again changes nothing.

    :raises DrawNotNow: it answers, it is left out already, or its experts are not needed any more
    :raises BadInput: no reason
    """
    require(actor, Permission.DRAW_REQUEST)
    loan = _lock_loan(loan_id)
    require_owner_side(loan.draw.tender, actor)
    if loan.state == Loan.ASIDE:
        raise DrawNotNow("该专家库已经不参加本次抽取")
    if loan.draw.state == Draw.SEATED:
        raise DrawNotNow("评标委员会已经组成, 不再需要该专家库的答复")
    if loan.aside_at and loan.decided_at is None:
        return loan
    if not loan.trouble:
        raise DrawNotNow("该专家库在正常答复, 不需要排除; 没有按时答复的才能申请不等待")
    if not reason.strip():
        raise BadInput("请写明不再等待的原因和联系经过", field="reason")
    loan.aside_reason, loan.aside_by_id, loan.aside_at = reason.strip()[:500], actor.account_pk, now
    loan.decided_at, loan.opinion = None, ""
    loan.save(update_fields=["aside_reason", "aside_by", "aside_at", "decided_at", "opinion"])
    record(
        loan.draw,
        "experts.aside_proposed",
        actor,
        now,
        {"list": loan.list_number, "pool": loan.name, "trouble": loan.trouble, "reason": loan.aside_reason},
    )
    return loan


@transaction.atomic
def decide_aside(*, loan_id: str, approve: bool, opinion: str, actor: Actor, now: datetime) -> Loan:
    """Decide whether a draw goes on without a pool: its labels are passed in public, its open calls count as silent.

    :raises DrawNotNow: nothing was proposed, or it was decided the other way
    :raises BadInput: declined without an opinion
    """
    require(actor, Permission.DRAW_OVERSEE)
    loan = _lock_loan(loan_id)
    if loan.aside_at is None:
        raise DrawNotNow("招标人没有申请不再等待该专家库")
    if loan.decided_at is not None:
        if (loan.state == Loan.ASIDE) == approve:
            return loan
        raise DrawNotNow("这个申请已经处理")
    if not approve and not opinion.strip():
        raise BadInput("不同意的, 请写明理由", field="opinion")
    loan.opinion, loan.decided_at = opinion.strip()[:500], now
    if approve:
        loan.state = Loan.ASIDE
        cancel_timer(kind=GATHER, subject=loan.public_id, now=now)
    loan.save(update_fields=["opinion", "decided_at", "state"])
    record(
        loan.draw,
        "experts.aside_approved" if approve else "experts.aside_declined",
        actor,
        now,
        {"list": loan.list_number, "pool": loan.name, "opinion": loan.opinion},
    )
    if approve:
        for follow in _LEFT_OUT:
            follow(loan.draw, loan, actor, now)
        _whole(loan.draw, loan.list_number, actor, now)
    return loan


def _lock_loan(loan_id: str) -> Loan:
    known = Loan.objects.select_related("draw").filter(public_id=loan_id).first()
    if known is None:
        raise NotFound("没有这份共享名单")
    draw = lock_draw(known.draw.public_id)
    loan = Loan.objects.select_for_update(of=("self",)).get(pk=known.pk)
    loan.draw = draw
    return loan


def release(draw: Draw, *, now: datetime) -> None:
    """Let the pools that lent to a draw know that it is given up (called inside the act that gives it up)."""
    for loan in draw.loans.exclude(lent=""):
        set_timer(kind=RELEASE, subject=loan.public_id, due_at=now)


@effect(RELEASE)
def tell_release(loan_id: str, now: datetime) -> datetime | None:
    """Tell a pool that its experts are free again; asked again every minute until the session would have begun."""
    loan = Loan.objects.select_related("draw__tender", "agreement").get(public_id=loan_id)
    told = reached(loan, lambda pool: _released(pool, loan), now=now)
    late = loan.draw.session_from or loan.asked_at + timedelta(days=30)
    return None if told or now > late else now + timedelta(minutes=1)


def _released(pool: ExpertSource, loan: Loan) -> bool:
    pool.release(lent=loan.lent)
    return True


def loans_of(draw: Draw) -> list[dict[str, Any]]:
    """Return a draw's other pools as everybody may see them: what was frozen, what does not answer, what was decided."""
    return [
        {
            "loan": loan.public_id,
            "list": loan.list_number,
            "pool": loan.name,
            "demo": loan.demo,
            "state": loan.state,
            "sha256": loan.sha256,
            "size": loan.size,
            "receipt": loan.receipt,
            "trouble": loan.trouble,
            "trouble_since": loan.trouble_since,
            "aside_reason": loan.aside_reason,
            "waits": loan.aside_at is not None and loan.decided_at is None,
            "declined": loan.decided_at is not None and loan.state != Loan.ASIDE,
            "opinion": loan.opinion,
            "labels": sorted(loan.candidates.values_list("label", flat=True)),
        }
        for loan in draw.loans.order_by("list_number", "pk")
    ]
