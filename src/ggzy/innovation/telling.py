"""What every act of 合作创新采购 shares: its entry in the log, its notice, whom it tells, its checks of texts, its clocks."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from ggzy.deadlines.actions import cancel_timer, effect, set_timer
from ggzy.evidence.actions import disclose, record_act
from ggzy.evidence.models import Entry
from ggzy.innovation.models import Innovation, ResearchContract
from ggzy.kernel import calendars
from ggzy.kernel.actors import Actor
from ggzy.kernel.clock import BEIJING
from ggzy.kernel.refusals import BadInput
from ggzy.law.limits import beijing_date, runs_out
from ggzy.law.table import limit
from ggzy.messages.actions import tell
from ggzy.messages.rules import Kind as MessageKind
from ggzy.notices.actions import NoticeKind, publish_notice
from ggzy.procedures.spec import Stage

#: clocks of a signed contract's term, and of the notice of the first purchase
TERM, MAJOR_TERM, FIRST_RESULT = "GP-T63", "GP-T64", "GP-T65"
_REMIND_RESULT, _REMIND_TERM = "innovation.remind_result", "innovation.remind_term"
_AHEAD, _TERM_AHEAD = timedelta(days=1), timedelta(days=30)


def record(
    act: str,
    innovation: Innovation,
    *,
    subject: str = "",
    actor: Actor,
    now: datetime,
    public: Mapping[str, Any] | None = None,
    party: Mapping[str, Any] | None = None,
    supervisor: Mapping[str, Any] | None = None,
    escrowed: bool = False,
) -> Entry:
    """Write one act on a purchase, a participant or a contract into the evidence log and return its entry.

    :param escrowed: what no page shows either: it is in the log for nobody until `tell_all`
    """
    return record_act(
        f"innovation.{act}",
        subject=subject or innovation.public_id,
        ocid=innovation.ocid,
        actor=actor,
        legal_at=now,
        public=public or {},
        party=party,
        supervisor=supervisor,
        escrowed=escrowed,
    )


def tell_all(innovation: Innovation, *acts: str, now: datetime) -> None:
    """Disclose what was escrowed by these acts, to the levels that each entry has; by all acts where none is named.

    Where a purchase is over before its applications or responses close, who handed in, and so how many did, comes out at
    that moment: a termination must not be a way to learn it sooner.
    """
    rows = Entry.objects.filter(ocid=innovation.ocid, escrowed=True)
    if acts:
        rows = rows.filter(act__in=[f"innovation.{act}" for act in acts])
    early = {
        "innovation.applied": innovation.apply_until,
        "innovation.response_sealed": innovation.sealed_until,
    }
    rows = rows.exclude(act__in=[act for act, until in early.items() if until is not None and now < until])
    disclose(rows, now=now)


def announce(
    kind: NoticeKind,
    innovation: Innovation,
    what: str,
    facts: Sequence[tuple[str, str]],
    *,
    actor: Actor,
    now: datetime,
) -> None:
    """Publish a notice of a purchase: facts in words."""
    publish_notice(
        kind=kind,
        ocid=innovation.ocid,
        tender="",
        rounds=[],
        title=f"{innovation.name}{what}",
        body={
            "innovation": innovation.public_id,
            "deal_code": innovation.deal_code,
            "facts": [{"name": name, "value": value} for name, value in facts],
        },
        actor=actor,
        now=now,
    )


def tell_those(
    innovation: Innovation,
    organisations: Iterable[int | None],
    *,
    title: str,
    text: str,
    contract: ResearchContract | None = None,
    now: datetime,
) -> None:
    """Tell organisations how a purchase, or a contract, stands."""
    path = f"research/{contract.public_id}" if contract else f"innovations/{innovation.public_id}"
    tell(
        organisations=[pk for pk in organisations if pk is not None],
        kind=MessageKind.SERVICE,
        title=f"{innovation.name}: {title}",
        text=text,
        link=f"/work/{path}",
        now=now,
    )


def said(text: str, *, what: str, field: str, most: int = 5000) -> str:
    """Return a text, stripped.

    :raises BadInput: nothing written, or too long
    """
    # a browser shows a signer \n and posts \r\n: both are one text
    kept = text.replace("\r\n", "\n").strip()
    if not kept or len(kept) > most:
        raise BadInput(f"请填写{what}(不超过{most}字)", field=field)
    return kept


def in_words(moment: datetime) -> str:
    """Return a moment in Beijing in words."""
    return f"{moment.astimezone(BEIJING):%Y年%m月%d日%H时%M分}"


def day(moment: datetime) -> str:
    """Return a day in Beijing in words."""
    return f"{moment.astimezone(BEIJING):%Y年%m月%d日}"


def due_of(key: str, *, started: datetime) -> datetime:
    """Return when a limit that began at a moment has run out."""
    return runs_out(limit(key, on=beijing_date(started)), started=started, calendar=calendars.CHINA).instant


def begin_result_clock(innovation: Innovation, *, now: datetime) -> None:
    """Remind the buyer to publish the first purchase (GP-T65), a day before and when it is over."""
    due = due_of(FIRST_RESULT, started=now) - _AHEAD
    set_timer(kind=_REMIND_RESULT, subject=innovation.public_id, due_at=due)


def end_result_clock(innovation: Innovation, *, now: datetime) -> None:
    """Stop reminding: it is published, or the purchase is over."""
    cancel_timer(kind=_REMIND_RESULT, subject=innovation.public_id, now=now)


def begin_term_clock(contract: ResearchContract, *, ends_at: datetime) -> None:
    """Remind both sides a month before the term of a research contract is over, and when it is."""
    set_timer(kind=_REMIND_TERM, subject=contract.public_id, due_at=ends_at - _TERM_AHEAD)


def end_term_clock(contract: ResearchContract, *, now: datetime) -> None:
    """Stop reminding: the contract has come to its end."""
    cancel_timer(kind=_REMIND_TERM, subject=contract.public_id, now=now)


@effect(_REMIND_RESULT)
def remind_result(subject: str, now: datetime) -> datetime | None:
    """Remind a buyer that the first purchase is to be published."""
    found = Innovation.objects.filter(public_id=subject, stage=Stage.HC_CHOSEN.value).first()
    if found is None or found.first_chosen_at is None:
        return None
    row, due = (
        limit(FIRST_RESULT, on=beijing_date(found.first_chosen_at)),
        due_of(FIRST_RESULT, started=found.first_chosen_at),
    )
    late = now >= due
    tell_those(
        found,
        [found.buyer_id],
        title=f"公告首购产品信息{'已过期限' if late else '期限将满'}",
        text=f"{row.cites}规定{row.length_label}。请尽快公告。",
        now=now,
    )
    return None if late else due


@effect(_REMIND_TERM)
def remind_term(subject: str, now: datetime) -> datetime | None:
    """Remind both sides of a research contract's term."""
    found = (
        ResearchContract.objects.select_related("participant__innovation")
        .filter(public_id=subject, ended_at=None)
        .first()
    )
    if found is None or found.ends_at is None:
        return None
    innovation, late = found.participant.innovation, now >= found.ends_at
    tell_those(
        innovation,
        [innovation.buyer_id, found.participant.supplier_id],
        title=f"研发合同{'期限已满' if late else '期限将满'}",
        text=f"研发合同{found.number}的期限至{day(found.ends_at)}。请按合同办理验收、变更或者终止。",
        contract=found,
        now=now,
    )
    return None if late else found.ends_at
