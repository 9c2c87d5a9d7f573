"""Calling experts by rank and hearing their answers: by SMS and voice, and on their own page."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils.module_loading import import_string

from ggzy.deadlines.actions import cancel_timer, effect, set_timer
from ggzy.experts import borrowing, rules
from ggzy.experts.locking import DrawNotNow, lock_draw, record, take_step
from ggzy.experts.models import Candidate, Draw, Expert, LentLabel, Loan, Ring
from ggzy.experts.ports import Calls, ExpertSource, Message
from ggzy.kernel.actors import SYSTEM, Actor
from ggzy.kernel.clock import BEIJING
from ggzy.kernel.refusals import BadInput, NotFound
from ggzy.parties.grid import Permission, require

SEND, NO_ANSWER, ASK = "experts.ring", "experts.no_answer", "experts.ask_answer"
_WITH_POOL = ("candidate__draw__tender", "candidate__loan__draw__tender", "candidate__loan__agreement")
_SITTING = (Candidate.CALLED, Candidate.ACCEPTED)


def entry_of(row: Candidate) -> rules.Entry:
    """Return a candidate as the line of the frozen list that it is."""
    return rules.Entry(row.label, tuple(row.fits), row.unit)


def fill_places(draw: Draw, *, actor: Actor, now: datetime) -> None:
    """Call by rank until every place of a locked draw is held; who sits elsewhere at that time is passed visibly.

    A list that ends before that leaves the draw short: it says so, and the owner side may propose a wider pool.
    """
    while (due := _next(draw)) is not None:
        if _sits_elsewhere(draw, due) or _kept_away(draw, due, now):
            due.state = Candidate.BUSY
            due.save(update_fields=["state"])
            take_step(draw, "busy", due.label, now)
            record(draw, "experts.passed_busy", actor, now, {"label": due.label})
            continue
        due.state = Candidate.CALLED
        due.save(update_fields=["state"])
        take_step(draw, "called", due.label, now)
        record(draw, "experts.called_next", actor, now, {"label": due.label})
        _ring(draw, due, now)
    held = draw.candidates.filter(state__in=_SITTING).count()
    short = draw.needed - held
    if short != draw.short:
        draw.short = short
        draw.save(update_fields=["short"])
        if short:
            record(draw, "experts.pool_dry", actor, now, {"needed": draw.needed, "short": short})


def _next(draw: Draw) -> Candidate | None:
    """Return who is called next, None if every place is held or nobody is left."""
    ranked = draw.candidates.filter(state=Candidate.WAITING, rank__isnull=False)
    waiting = ranked.select_related("expert", "loan").order_by("rank")
    by_label: dict[str, Candidate] = {}

    def lines():  # type: ignore[no-untyped-def]  # a generator of Entry, read as far as is needed
        for row in waiting.iterator(chunk_size=100):
            by_label[row.label] = row
            yield entry_of(row)

    sitting = [entry_of(row) for row in draw.candidates.filter(state__in=_SITTING).order_by("rank")]
    places = [q["count"] for q in draw.quotas]
    found = rules.next_calls(
        lines(), places, sitting=sitting, one_per_unit=draw.conditions["one_per_unit"], most=1
    )
    return by_label[found[0]] if found else None


def _sits_elsewhere(draw: Draw, due: Candidate) -> bool:
    if draw.session_to is None or due.expert_id is None:
        return False
    lent = LentLabel.objects.filter(
        expert_id=due.expert_id,
        state__in=_SITTING,
        lent__session_from__lt=draw.session_to,
        lent__session_to__gt=draw.session_from,
    )
    if lent.exists():
        return True
    others = Candidate.objects.filter(
        expert_id=due.expert_id,
        state__in=_SITTING,
        draw__session_from__lt=draw.session_to,
        draw__session_to__gt=draw.session_from,
    )
    return others.exclude(draw=draw).exclude(draw__state=Draw.CANCELLED).exists()


def _kept_away(draw: Draw, due: Candidate, now: datetime) -> bool:
    """Say whether an expert was suspended, or went on leave, after the list was frozen, or their pool was left out."""
    if due.expert is None:
        return due.loan is not None and due.loan.state == Loan.ASIDE
    first = (draw.session_from or now).astimezone(BEIJING).date()
    last = (draw.session_to or draw.session_from or now).astimezone(BEIJING).date()
    away = Q(until__isnull=True) | Q(until__gte=first)
    return not due.expert.active or due.expert.away.filter(away, since__lte=last).exists()


def take_out(expert: Expert, *, actor: Actor, now: datetime) -> int:
    """Take an expert who may not be drawn any more out of every draw that called them; the next by rank is called.

    Who has checked in stays a member until the owner side replaces them (called inside an act that says why).
    """
    rows = Candidate.objects.filter(
        expert=expert,
        state__in=_SITTING,
        member__isnull=True,
        draw__state__in=[Draw.CALLING, Draw.CONFIRMED],
    )
    found = list(rows.order_by("pk").values_list("draw__public_id", "label"))
    for draw_id, label in found:
        draw = lock_draw(draw_id)
        mine = draw.candidates.get(label=label)
        if (ring := Ring.objects.filter(candidate=mine, answer="").first()) is not None:
            ring.answer, ring.answered_at = Ring.NONE, now
            ring.save(update_fields=["answer", "answered_at"])
            cancel_timer(kind=NO_ANSWER, subject=ring.public_id, now=now)
        record(draw, "experts.taken_out", actor, now, {"label": label})
        drop_out(draw, mine, what="left", state=Candidate.REPLACED, actor=actor, now=now)
    return len(found)


def _ring(draw: Draw, called: Candidate, now: datetime) -> None:
    by = now + timedelta(minutes=settings.CALL_MINUTES)
    text = invitation(since=draw.session_from, until=draw.session_to, city=settings.CENTRE_CITY)
    ring = Ring.objects.create(
        candidate=called, text=text, rung_at=now, answer_by=by, region_code=draw.region_code
    )
    set_timer(kind=SEND, subject=ring.public_id, due_at=now)
    set_timer(kind=NO_ANSWER, subject=ring.public_id, due_at=by)


def invitation(*, since: datetime | None, until: datetime | None, city: str) -> str:
    """Return what an expert hears: time, length and city. No project and no tenderee."""
    when = f"{since.astimezone(BEIJING):%m月%d日%H:%M}" if since else "时间另行通知"
    hours = ""
    if since and until:
        hours = f", 约{max(1, round((until - since) / timedelta(hours=1)))}小时"
    return (
        f"评标邀请: {when}{hours}, 地点在{city}。同意参加按1, 不能参加按2。"
        f"{settings.CALL_MINUTES}分钟内没有答复视为不能参加。"
    )


@effect(SEND)
def send_ring(ring_id: str, now: datetime) -> datetime | None:
    """Hand a call to the provider of SMS and voice; without one, experts answer on their own page.

    The time to answer begins when it was sent. No lock is held while the provider is asked: answers may come meanwhile.
    """
    ring = Ring.objects.select_related(*_WITH_POOL, "candidate__expert__account__person").get(
        public_id=ring_id
    )
    if ring.candidate.loan is not None:
        return _send_abroad(ring, ring.candidate.loan, now)
    provider = calls_provider()
    if provider is None or ring.sent_at or ring.answer:
        return None
    person = ring.candidate.expert.account.person
    provider.ring(Message(ring=ring.public_id, phone=person.phone or "", text=ring.text))
    by = max(ring.answer_by, now + timedelta(minutes=settings.CALL_MINUTES))
    if Ring.objects.filter(pk=ring.pk, answer="").update(sent_at=now, answer_by=by):
        set_timer(kind=NO_ANSWER, subject=ring.public_id, due_at=by)
    return None


def _send_abroad(ring: Ring, loan: Loan, now: datetime) -> datetime | None:
    if ring.sent_at or ring.answer or loan.state == Loan.ASIDE:
        return None
    label = ring.candidate.label
    if borrowing.reached(loan, lambda pool: _called(pool, loan, label), now=now) is None:
        return now + timedelta(seconds=settings.SOURCE_SECONDS)
    by = now + timedelta(minutes=settings.CALL_MINUTES)
    if Ring.objects.filter(pk=ring.pk, answer="").update(sent_at=now, answer_by=by):
        # the other pool keeps the time to answer; this clock only sees to it that somebody is told
        set_timer(kind=ASK, subject=ring.public_id, due_at=now + timedelta(seconds=settings.SOURCE_SECONDS))
        set_timer(kind=NO_ANSWER, subject=ring.public_id, due_at=by + timedelta(minutes=1))
    return None


def _called(pool: ExpertSource, loan: Loan, label: str) -> bool:
    pool.call(lent=loan.lent, label=label)
    return True


def _asked(loan: Loan, label: str, now: datetime) -> tuple[bool, bool | None]:
    """Return whether another pool could be asked, and what its expert answered."""
    found = borrowing.reached(loan, lambda pool: (pool.answer(lent=loan.lent, label=label),), now=now)
    return (False, None) if found is None else (True, found[0])


@effect(ASK)
def ask_answer(ring_id: str, now: datetime) -> datetime | None:
    """Ask another pool what its expert answered, until it knows or the call waits no more. Twice the same is once."""
    ring = Ring.objects.select_related(*_WITH_POOL).get(public_id=ring_id)
    mine, loan = ring.candidate, ring.candidate.loan
    if loan is None or mine.state != Candidate.CALLED or mine.draw.state == Draw.CANCELLED:
        return None
    _, accept = _asked(loan, mine.label, now)
    if accept is None:
        return now + timedelta(seconds=settings.SOURCE_SECONDS)
    draw = lock_draw(mine.draw.public_id, cancelled=True)
    mine = draw.candidates.get(pk=mine.pk)
    if mine.state == Candidate.CALLED and draw.state != Draw.CANCELLED:
        _take_answer(draw, mine, accept=accept, via=Ring.POOL, actor=SYSTEM, now=now)
    return None


def calls_provider() -> Calls | None:
    """Return the centre's provider of calls, None where it has none."""
    found: Calls | None = import_string(settings.CALLS)() if settings.CALLS else None
    return found


@effect(NO_ANSWER)
def note_silence(ring_id: str, now: datetime) -> datetime | None:
    """Take an unanswered call as a no, and call the next by rank."""
    ring = Ring.objects.select_related(*_WITH_POOL).get(public_id=ring_id)
    loan, accept = ring.candidate.loan, None
    if loan is not None and ring.candidate.state == Candidate.CALLED and loan.state != Loan.ASIDE:
        there, accept = _asked(loan, ring.candidate.label, now)
        if ring.sent_at is None or not there:
            # nobody has heard it, or nobody can say what was answered: the draw waits, or goes on by consent
            return now + timedelta(minutes=settings.CALL_MINUTES)
    draw = lock_draw(ring.candidate.draw.public_id, cancelled=True)
    ring = Ring.objects.select_for_update(of=("self",)).select_related("candidate").get(pk=ring.pk)
    if ring.answer or draw.state == Draw.CANCELLED or ring.candidate.state != Candidate.CALLED:
        return None
    if accept is not None:
        _take_answer(draw, ring.candidate, accept=accept, via=Ring.POOL, actor=SYSTEM, now=now)
        return None
    if loan is None and ring.sent_at is None and calls_provider() is not None:
        # nobody has heard it yet: it is not their silence
        return now + timedelta(minutes=settings.CALL_MINUTES)
    _answered(draw, ring.candidate, Candidate.SILENT, ring=ring, via="", now=now)
    record(draw, "experts.no_answer", SYSTEM, now, {"label": ring.candidate.label})
    fill_places(draw, actor=SYSTEM, now=now)
    return None


@borrowing.when_left_out
def leave_out(draw: Draw, loan: Loan, actor: Actor, now: datetime) -> None:
    """Take the open calls of a pool that is left out as unanswered; the next by rank are called."""
    for mine in draw.candidates.filter(loan=loan, state=Candidate.CALLED).order_by("rank"):
        ring = Ring.objects.filter(candidate=mine).first()
        _answered(draw, mine, Candidate.SILENT, ring=ring, via="", now=now)
        record(draw, "experts.no_answer", actor, now, {"label": mine.label})
        # after each one: the steps say that nobody waits who could be called
        fill_places(draw, actor=actor, now=now)


@transaction.atomic
def answer_call(*, draw_id: str, accept: bool, actor: Actor, now: datetime) -> Candidate:
    """Answer a call on one's own page; a refusal calls the next in rank. The same answer again changes nothing.

    :raises DrawNotNow: this expert is not called in this draw
    """
    require(actor, Permission.DRAW_ANSWER)
    draw = lock_draw(draw_id)
    mine = draw.candidates.filter(expert__account_id=actor.account_pk).first()
    return _take_answer(draw, mine, accept=accept, via=Ring.PAGE, actor=actor, now=now)


@transaction.atomic
def answer_ring(*, ring_id: str, key: str, now: datetime) -> Candidate:
    """Take the key that was pressed on the phone, 1 yes and 2 no, as the provider of calls or its twin reports it.

    :raises BadInput: another key
    :raises NotFound: no such call
    :raises DrawNotNow: it waits for no answer any more
    """
    if key not in {"1", "2"}:
        raise BadInput("按1表示同意参加, 按2表示不能参加", field="key")
    ring = (
        Ring.objects.select_related("candidate__draw", "candidate__expert__account")
        .filter(public_id=ring_id)
        .first()
    )
    if ring is None:
        raise NotFound("没有这个通知")
    draw = lock_draw(ring.candidate.draw.public_id)
    mine = draw.candidates.select_related("expert__account").get(pk=ring.candidate_id)
    return _take_answer(draw, mine, accept=key == "1", via=Ring.PHONE, actor=SYSTEM, now=now)


def _take_answer(
    draw: Draw, mine: Candidate | None, *, accept: bool, via: str, actor: Actor, now: datetime
) -> Candidate:
    wanted = Candidate.ACCEPTED if accept else Candidate.REFUSED
    if mine is not None and mine.state == wanted:
        return mine
    if mine is not None and mine.state == Candidate.SILENT:
        raise DrawNotNow("答复时间已过, 已通知下一名专家")
    if mine is None or mine.state != Candidate.CALLED:
        raise DrawNotNow("您没有等待答复的评标邀请")
    ring = Ring.objects.select_for_update().filter(candidate=mine).first()
    _answered(draw, mine, wanted, ring=ring, via=via, now=now)
    record(draw, "experts.answered", actor, now, {"label": mine.label, "accepted": accept, "via": via})
    if accept:
        _confirm_if_full(draw)
    else:
        fill_places(draw, actor=actor, now=now)
    return mine


def _answered(draw: Draw, mine: Candidate, state: str, *, ring: Ring | None, via: str, now: datetime) -> None:
    mine.state, mine.answered_at = state, now
    mine.save(update_fields=["state", "answered_at"])
    take_step(draw, state, mine.label, now)
    if ring is not None:
        words = {Candidate.ACCEPTED: Ring.YES, Candidate.REFUSED: Ring.NO}
        ring.answer, ring.answered_at, ring.via = words.get(state, Ring.NONE), now, via
        ring.save(update_fields=["answer", "answered_at", "via"])
        if state != Candidate.SILENT:
            cancel_timer(kind=NO_ANSWER, subject=ring.public_id, now=now)


def _confirm_if_full(draw: Draw) -> None:
    if draw.state == Draw.CALLING and draw.candidates.filter(state=Candidate.ACCEPTED).count() == draw.needed:
        draw.state = Draw.CONFIRMED
        draw.save(update_fields=["state"])


def drop_out(draw: Draw, gone: Candidate, *, what: str, state: str, actor: Actor, now: datetime) -> None:
    """Take a candidate out of a locked draw and call the next (called inside an act that recorded why)."""
    gone.state = state
    gone.save(update_fields=["state"])
    take_step(draw, what, gone.label, now)
    if draw.state == Draw.CONFIRMED:
        draw.state = Draw.CALLING
        draw.save(update_fields=["state"])
    fill_places(draw, actor=actor, now=now)
