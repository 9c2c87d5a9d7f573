"""The lending side of an agreement: a frozen list of labels for one draw, calls in the partner's name, answers, and who it is.

A partner's sentence is signed with the key of the agreement, for this centre and this moment; what is answered is signed
with ours. Whose label it is never leaves before the expert shows at the partner's check-in what they were given here.
"""

import hmac
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction

from ggzy.deadlines.actions import cancel_timer, effect, set_timer
from ggzy.evidence import acks, keys
from ggzy.evidence.actions import record_act
from ggzy.experts import rules, wire
from ggzy.experts.agreements import today
from ggzy.experts.calling import calls_provider, invitation
from ggzy.experts.locking import DrawNotNow
from ggzy.experts.models import Agreement, Candidate, Expert, Lent, LentLabel, Ring
from ggzy.experts.pool import OwnPool
from ggzy.experts.ports import Asked, Found, Message, Wanted
from ggzy.kernel.actors import SYSTEM, Actor
from ggzy.kernel.clock import BEIJING
from ggzy.kernel.refusals import BadInput, NotFound, Refusal
from ggzy.parties.grid import Permission, require

SEND, NO_ANSWER = "experts.lent_ring", "experts.lent_no_answer"


class NotAgreed(Refusal):
    """No agreement in force covers what is asked for."""

    code = "experts.not_agreed"


class LabelNotOpened(Refusal):
    """A label is not opened to who asks."""

    code = "experts.label_not_opened"


def answered(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return an answer signed with this centre's key."""
    return acks.sign(dict(body), key=keys.ack_key(), purpose=wire.ANSWERS)


def _agreement(said: Mapping[str, Any], what: str, *, real: datetime) -> Agreement:
    """Return the agreement a partner's question stands on, its signature checked.

    :raises wire.NotOfAPartner: no such agreement, or the sentence is not the partner's
    """
    row = Agreement.objects.filter(
        sha256=str(said.get("agreement", "")), side=Agreement.LENDS, partner_key__gt=""
    ).first()
    if row is None:
        raise wire.NotOfAPartner("没有这份专家共享协议, 请核对协议和密钥")
    wire.require_question(said, what, to=keys.ack_public(), key=row.partner_key, at=real)
    return row


def _record(lent: Lent, act: str, now: datetime, public: dict[str, object]) -> None:
    record_act(
        f"experts.{act}",
        subject=lent.public_id,
        actor=SYSTEM,
        legal_at=now,
        public={"agreement": lent.agreement.public_id, "partner": lent.agreement.partner_name, **public},
    )


# The list


@transaction.atomic
def lend_list(*, said: Mapping[str, Any], now: datetime, real: datetime) -> dict[str, Any]:
    """Freeze a list for a partner's draw and log its digest; the same question again gets the same list.

    :raises wire.NotOfAPartner: the sentence is not a partner's
    :raises NotAgreed: the agreement is not in force today, or does not cover a specialty
    :raises BadInput: what is asked for cannot be read, or differs from what was asked for before
    """
    agreement = _agreement(said, "list", real=real)
    # two tries of one question at once: the second waits for the first one's list
    Agreement.objects.select_for_update(of=("self",)).get(pk=agreement.pk)
    asked = wire.asked_of(said)
    kept = wire.asked_json(asked)
    known = Lent.objects.filter(
        agreement=agreement, draw=asked.draw, list_number=asked.list_number
    ).first()  # fmt: skip
    if known is not None:
        if known.asked != kept:
            raise BadInput("这次抽取的名单已经按先前的条件冻结, 条件不能再改", field="draw")
        return answered(_list_json(known))
    _require_agreed(agreement, asked, now)
    lent = _freeze(agreement, asked, kept, now)
    _record(
        lent,
        "list_lent",
        now,
        {"draw": lent.draw, "list": lent.list_number, "sha256": lent.sha256, "size": lent.size},
    )
    return answered(_list_json(lent))


def _require_agreed(agreement: Agreement, asked: Asked, now: datetime) -> None:
    if agreement.state != Agreement.IN_FORCE or not agreement.since <= today(now) <= agreement.until:
        raise NotAgreed("专家共享协议没有生效或者已经终止、到期")
    if not any(_covers(agreement, q.specialty) for q in asked.quotas):
        raise NotAgreed("所需专业不在专家共享协议的范围内")


def _covers(agreement: Agreement, specialty: str) -> bool:
    """Say whether a prefix reaches into what is shared: a shorter one is narrowed to it, a longer one lies inside."""
    return any(specialty.startswith(one) or one.startswith(specialty) for one in agreement.specialties)


def _freeze(agreement: Agreement, asked: Asked, kept: dict[str, Any], now: datetime) -> Lent:
    found = OwnPool().candidates(
        Wanted(
            quotas=asked.quotas,
            conditions=asked.conditions,
            without_employers=asked.without_employers,
            tenderee_pk=0,
            since=asked.since or now,
            until=asked.until,
            now=now,
        )
    )
    rows, hidden = [], secrets.token_bytes(32)
    for one in found:
        fits = _fits(agreement, asked, one)
        if not fits:
            continue
        salt = secrets.token_bytes(32)
        label = rules.label_of(salt=salt, expert=one.public_id)
        unit = rules.label_of(salt=hidden, expert=one.employer)[:32] if one.employer else label[:32]
        rows.append(
            LentLabel(expert_id=one.pk, label=label, salt=salt.hex(), fits=fits, unit=unit)
        )  # fmt: skip
    lent = Lent.objects.create(
        agreement=agreement,
        draw=asked.draw,
        list_number=asked.list_number,
        asked=kept,
        city=asked.city,
        session_from=asked.since,
        session_to=asked.until,
        sha256=rules.list_digest([rules.Entry(r.label, tuple(r.fits), r.unit) for r in rows]),
        size=len(rows),
        frozen_at=now,
    )
    for row in rows:
        row.lent = lent
    LentLabel.objects.bulk_create(rows, batch_size=2000)
    return lent


def _fits(agreement: Agreement, asked: Asked, one: Found) -> list[int]:
    """Return the quotas an expert satisfies by those of their specialties alone that are shared."""
    shared = [s for s in one.specialties if s.startswith(tuple(agreement.specialties))]
    return [n for n, q in enumerate(asked.quotas) if q.takes(specialties=shared, region=one.region)]


def _list_json(lent: Lent) -> dict[str, Any]:
    lines = lent.labels.order_by("label").values_list("label", "fits", "unit")
    return {
        "lent": lent.public_id,
        "draw": lent.draw,
        "list": lent.list_number,
        "sha256": lent.sha256,
        "frozen_at": lent.frozen_at.isoformat(),
        "entries": [list(line) for line in lines],
    }


# Calls and answers


def _label(said: Mapping[str, Any], agreement: Agreement, *, lock: bool = False) -> LentLabel:
    rows = LentLabel.objects.select_related("lent__agreement", "expert__account__person")
    rows = rows.select_for_update(of=("self",)) if lock else rows
    found = rows.filter(
        lent__agreement=agreement, lent__public_id=str(said.get("lent")), label=str(said.get("label"))
    ).first()
    if found is None:
        raise NotFound("出借的名单中没有这个编号")
    return found


@transaction.atomic
def lend_call(*, said: Mapping[str, Any], now: datetime, real: datetime) -> dict[str, Any]:
    """Call the expert behind a label, as the centre calls its own; a second time changes nothing.

    An expert who has been suspended or is away since, or sits elsewhere at that time, is not called: that is a no.
    """
    mine = _label(said, _agreement(said, "call", real=real), lock=True)
    if mine.state == Candidate.WAITING:
        lent = mine.lent
        if lent.released_at or _cannot_come(mine, now):
            mine.state, mine.answered_at = Candidate.BUSY, now
            mine.save(update_fields=["state", "answered_at"])
        else:
            mine.state, mine.rung_at = Candidate.CALLED, now
            mine.text = invitation(since=lent.session_from, until=lent.session_to, city=lent.city)
            mine.answer_by = now + timedelta(minutes=settings.CALL_MINUTES)
            mine.save(update_fields=["state", "rung_at", "text", "answer_by"])
            set_timer(kind=SEND, subject=mine.public_id, due_at=now)
            set_timer(kind=NO_ANSWER, subject=mine.public_id, due_at=mine.answer_by)
        _record(lent, "lent_called", now, {"draw": lent.draw, "label": mine.label})
    return answered({"lent": mine.lent.public_id, "label": mine.label, "called": True})


def _cannot_come(mine: LentLabel, now: datetime) -> bool:
    lent, expert = mine.lent, mine.expert
    first = (lent.session_from or now).astimezone(BEIJING).date()
    last = (lent.session_to or lent.session_from or now).astimezone(BEIJING).date()
    away = expert.away.filter(since__lte=last)
    if not expert.active or any(a.until is None or a.until >= first for a in away):
        return True
    if lent.session_to is None:
        return False
    held = (Candidate.CALLED, Candidate.ACCEPTED)
    at_once = {"session_from__lt": lent.session_to, "session_to__gt": lent.session_from}
    elsewhere = LentLabel.objects.filter(
        expert=expert, state__in=held, **{f"lent__{k}": v for k, v in at_once.items()}
    ).exclude(pk=mine.pk)
    own = Candidate.objects.filter(
        expert=expert, state__in=held, **{f"draw__{k}": v for k, v in at_once.items()}
    ).exclude(draw__state="cancelled")
    return elsewhere.exists() or own.exists()


def lend_answer(*, said: Mapping[str, Any], real: datetime) -> dict[str, Any]:
    """Return what a called expert answered: true, false, or null while they have not."""
    mine = _label(said, _agreement(said, "answer", real=real))
    known = {Candidate.WAITING: None, Candidate.CALLED: None, Candidate.ACCEPTED: True}
    return answered(
        {"lent": mine.lent.public_id, "label": mine.label, "accepted": known.get(mine.state, False)}
    )


@effect(SEND)
def send_lent_ring(label_id: str, now: datetime) -> datetime | None:
    """Hand a lent expert's call to the provider; the time to answer begins when it was sent."""
    mine = LentLabel.objects.select_related("expert__account__person").get(public_id=label_id)
    provider = calls_provider()
    if provider is None or mine.sent_at or mine.state != Candidate.CALLED or mine.answer_by is None:
        return None
    provider.ring(
        Message(ring=mine.public_id, phone=mine.expert.account.person.phone or "", text=mine.text)
    )  # fmt: skip
    by = max(mine.answer_by, now + timedelta(minutes=settings.CALL_MINUTES))
    if LentLabel.objects.filter(pk=mine.pk, state=Candidate.CALLED).update(sent_at=now, answer_by=by):
        set_timer(kind=NO_ANSWER, subject=mine.public_id, due_at=by)
    return None


@effect(NO_ANSWER)
def note_lent_silence(label_id: str, now: datetime) -> datetime | None:
    """Take an unanswered call as a no; the partner learns it when it asks."""
    mine = LentLabel.objects.select_for_update(of=("self",)).get(public_id=label_id)
    if mine.state != Candidate.CALLED:
        return None
    if mine.sent_at is None and calls_provider() is not None:
        return now + timedelta(minutes=settings.CALL_MINUTES)
    _answer(mine, Candidate.SILENT, via="", now=now)
    return None


@transaction.atomic
def answer_lent(*, call_id: str, accept: bool, actor: Actor, now: datetime) -> LentLabel:
    """Answer a call for a partner's committee on one's own page. The same answer again changes nothing.

    :raises DrawNotNow: this expert has no such call open
    """
    require(actor, Permission.DRAW_ANSWER)
    rows = LentLabel.objects.select_for_update(of=("self",)).select_related("lent__agreement")
    mine = rows.filter(public_id=call_id, expert__account_id=actor.account_pk).first()
    return _take_answer(mine, accept=accept, via=Ring.PAGE, now=now)


@transaction.atomic
def answer_lent_ring(*, ring_id: str, key: str, now: datetime) -> LentLabel | None:
    """Take the key pressed on a phone for a partner's committee; None where the call is not of a partner.

    :raises BadInput: another key
    :raises DrawNotNow: it waits for no answer any more
    """
    rows = LentLabel.objects.select_for_update(of=("self",)).select_related("lent__agreement")
    mine = rows.filter(public_id=ring_id).first()
    if mine is None:
        return None
    if key not in {"1", "2"}:
        raise BadInput("按1表示同意参加, 按2表示不能参加", field="key")
    return _take_answer(mine, accept=key == "1", via=Ring.PHONE, now=now)


def _take_answer(mine: LentLabel | None, *, accept: bool, via: str, now: datetime) -> LentLabel:
    wanted = Candidate.ACCEPTED if accept else Candidate.REFUSED
    if mine is not None and mine.state == wanted:
        return mine
    if mine is not None and mine.state == Candidate.SILENT:
        raise DrawNotNow("答复时间已过, 已通知下一名专家")
    if mine is None or mine.state != Candidate.CALLED:
        raise DrawNotNow("您没有等待答复的评标邀请")
    return _answer(mine, wanted, via=via, now=now)


def _answer(mine: LentLabel, state: str, *, via: str, now: datetime) -> LentLabel:
    mine.state, mine.answered_at, mine.via = state, now, via
    if state == Candidate.ACCEPTED:
        mine.token = f"{secrets.randbelow(10**12):012d}"
    mine.save(update_fields=["state", "answered_at", "via", "token"])
    if state != Candidate.SILENT:
        cancel_timer(kind=NO_ANSWER, subject=mine.public_id, now=now)
    lent = mine.lent
    _record(lent, "lent_answered", now, {"draw": lent.draw, "label": mine.label, "state": state})
    return mine


def take_out_lent(expert: Expert, *, now: datetime) -> int:
    """Take an expert who may not be drawn any more out of what was lent and not yet opened (called inside an act)."""
    rows = LentLabel.objects.select_for_update(of=("self",)).select_related("lent__agreement")
    held = rows.filter(expert=expert, state__in=[Candidate.CALLED, Candidate.ACCEPTED], opened_at=None)
    found = list(held)
    for mine in found:
        cancel_timer(kind=NO_ANSWER, subject=mine.public_id, now=now)
        _answer(mine, Candidate.REPLACED, via="", now=now)
    return len(found)


@transaction.atomic
def lend_release(*, said: Mapping[str, Any], now: datetime, real: datetime) -> dict[str, Any]:
    """Free the experts of a list whose draw the partner gave up; who had agreed sees it on their page. Again: the same.

    :raises NotFound: no such list
    """
    agreement = _agreement(said, "release", real=real)
    lent = Lent.objects.filter(agreement=agreement, public_id=str(said.get("lent"))).first()
    if lent is None:
        raise NotFound("没有这份出借的名单")
    held = lent.labels.select_for_update().filter(state__in=[Candidate.CALLED, Candidate.ACCEPTED])
    for mine in held:
        cancel_timer(kind=NO_ANSWER, subject=mine.public_id, now=now)
        _answer(mine, Candidate.REPLACED, via="", now=now)
    if lent.released_at is None:
        lent.released_at = now
        lent.save(update_fields=["released_at"])
        _record(lent, "list_released", now, {"draw": lent.draw})
    return answered({"lent": lent.public_id, "label": "", "released": True})


# Who it is


@transaction.atomic
def open_label(*, said: Mapping[str, Any], now: datetime, real: datetime) -> dict[str, Any]:
    """Open a label at the partner's check-in: against what the expert was given here, with the bidders to compare.

    Name and employer go out; declared relations stay, only whether one of them matches is said. Again: the same answer.

    :raises LabelNotOpened: the expert has not agreed to come, is suspended since, or the token is another
    """
    mine = _label(said, _agreement(said, "identity", real=real), lock=True)
    token, bidders = str(said.get("token", "")), said.get("bidders")
    if not isinstance(bidders, list) or not bidders:
        raise BadInput("开标后才能核对身份: 请列明投标人的统一社会信用代码", field="bidders")
    expert = mine.expert
    good = mine.state == Candidate.ACCEPTED and expert.active and bool(mine.token)
    # bytes: a token that is no ASCII is a wrong one, not an error
    if not good or not hmac.compare_digest((mine.token or "").encode(), token.encode()):
        raise LabelNotOpened(
            "签到凭证不符, 或者该专家没有同意参加、已被暂停: 请专家核对同意参加后收到的12位凭证"
        )
    if mine.opened_at is None:
        mine.opened_at = now
        mine.save(update_fields=["opened_at"])
        lent = mine.lent
        _record(lent, "label_opened", now, {"draw": lent.draw, "label": mine.label})
    ties = expert.ties.filter(dropped_at=None)
    return answered(
        {
            "label": mine.label,
            "salt": mine.salt,
            "expert": expert.public_id,
            "name": expert.account.person.name,
            "employer_name": expert.employer_name,
            "employer_uscc": expert.employer_uscc,
            "avoids": rules.avoids(
                employer_uscc=expert.employer_uscc,
                ties=[rules.Tied(uscc=t.uscc, kind=t.kind, until=t.until) for t in ties],
                bidders=[str(one) for one in bidders],
                today=today(now),
            ),
        }
    )


def lent_calls_of(actor: Actor) -> list[dict[str, Any]]:
    """Return an expert's calls for partners' committees; with what to show at the check-in once they have agreed."""
    rows = LentLabel.objects.filter(
        expert__account_id=actor.account_pk, rung_at__isnull=False, opened_at=None
    ).exclude(state__in=[Candidate.WAITING, Candidate.BUSY])
    return [
        {
            "call": row.public_id,
            "state": row.state,
            "text": row.text,
            "answer_by": row.answer_by if row.state == Candidate.CALLED else None,
            "partner": row.lent.agreement.partner_name if row.state == Candidate.ACCEPTED else "",
            "address": row.lent.agreement.partner_address if row.state == Candidate.ACCEPTED else "",
            "label": row.label if row.state == Candidate.ACCEPTED else "",
            "token": row.token or "" if row.state == Candidate.ACCEPTED else "",
        }
        for row in rows.select_related("lent__agreement").order_by("-pk")[:200]
    ]
