"""Judgements of the fronts: time to apply, room to clarify, who is qualified, who may be invited. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from ggzy.evaluation.rules import mean_score, rejected_by_majority
from ggzy.kernel.calendars import WorkCalendar
from ggzy.kernel.refusals import BadInput, Citation, Refusal
from ggzy.law.limits import BEIJING, TimeLimit, earliest_moment, latest_before
from ggzy.tendering.document import Prequalification, QualificationMethod
from ggzy.tendering.rules import ClockRow

#: 招标投标法17, 条例19: as few as these and there is no competition
LEAST = 3
#: how long senders have to decrypt what only reviewers will see; there is no meeting that would wait for them
DECRYPTION_MINUTES = 24 * 60

GROUNDS: Mapping[str, str] = {
    "few_bidders": "技术复杂、有特殊要求或者受自然环境限制, 只有少量潜在投标人可供选择",
    "cost": "采用公开招标方式的费用占项目合同金额的比例过大",
}


class TimeToApplyTooShort(Refusal):
    """The law gives applicants more time."""

    code = "fronts.time_to_apply_too_short"


class MustPostpone(Refusal):
    """So late a clarification must move the deadline."""

    code = "fronts.must_postpone"
    basis = Citation("招标投标法实施条例", "第二十一条")


class TooFewInvitees(Refusal):
    """Fewer than three, or one who cannot be invited."""

    code = "fronts.too_few_invitees"
    basis = Citation("招标投标法", "第十七条")


class AnswerTimePassed(Refusal):
    """The time for this is over."""

    code = "fronts.time_passed"


def require_time_to_apply(
    *,
    published_at: datetime,
    file_until: datetime,
    deadline: datetime,
    law: Mapping[str, TimeLimit],
    calendar: WorkCalendar,
) -> None:
    """Let the two dates of a prequalification pass that leave applicants the statutory time.

    :raises TimeToApplyTooShort: the file is handed out, or applications are taken, for less; it names the earliest day
    """
    for key, start, moment, what, field in (
        ("GC-T01", published_at, file_until, "资格预审文件的发售期自发售之日起", "file_until"),
        (
            "GC-T02",
            file_until,
            deadline,
            "提交资格预审申请文件的时间自资格预审文件停止发售之日起",
            "deadline",
        ),
    ):
        limit = law[key]
        earliest = earliest_moment(limit, started=start, calendar=calendar)
        if moment < earliest.instant and limit.may_block:
            raise TimeToApplyTooShort(
                f"{what}{limit.length_label}, 最早可定为{earliest.instant.astimezone(BEIJING):%Y年%m月%d日}"
                f"({earliest.arithmetic})",
                basis=limit.basis[0],
                field=field,
            )


def require_room_to_clarify(
    *,
    affects: bool,
    now: datetime,
    deadline: datetime,
    postponed_to: datetime | None,
    law: Mapping[str, TimeLimit],
    calendar: WorkCalendar,
) -> datetime:
    """Return the deadline that stands after a clarification.

    :raises MustPostpone: it may affect applications and fewer than 3 days would remain; it names the earliest deadline
    :raises BadInput: the deadline would come earlier
    """
    if postponed_to is not None and postponed_to <= deadline:
        raise BadInput("延期后的申请截止时间应晚于原截止时间", field="postponed_to")
    after = postponed_to or deadline
    limit = law["GC-T04"]
    if affects and now >= latest_before(limit, event=after, calendar=calendar).instant:
        earliest = earliest_event(limit, now=now, calendar=calendar, least=deadline)
        raise MustPostpone(
            f"澄清或者修改可能影响资格预审申请文件编制的, 应当在提交申请截止至少{limit.length}日前作出; "
            f"不足{limit.length}日的应当顺延, 最早可顺延到{earliest.astimezone(BEIJING):%Y年%m月%d日%H时%M分}",
            field="postponed_to",
        )
    return after


def earliest_event(limit: TimeLimit, *, now: datetime, calendar: WorkCalendar, least: datetime) -> datetime:
    """Return the first deadline, at the old one's time of day, before which `now` still keeps the limit."""
    event = least
    while now >= latest_before(limit, event=event, calendar=calendar).instant:
        event += timedelta(days=1)
    return event


def timeline(*, deadline: datetime, law: Mapping[str, TimeLimit], calendar: WorkCalendar) -> list[ClockRow]:
    """Return the clocks that run backwards from the deadline of a prequalification: clarifying, objecting."""
    out = []
    for limit in (law["GC-T04"], law["GC-T06"]):
        count = latest_before(limit, event=deadline, calendar=calendar)
        out.append(
            ClockRow(
                key=limit.key,
                says=limit.says,
                limit=limit.length_label,
                cites=limit.cites,
                instant=count.instant,
                arithmetic=count.arithmetic,
                provisional=count.provisional,
                kept=None,
                status=limit.status.value,
            )
        )
    return out


def is_late(limit: TimeLimit, *, now: datetime, deadline: datetime, calendar: WorkCalendar) -> bool:
    """Say whether an objection comes later than the law allows: it is taken, marked late, and holds nothing."""
    return now >= latest_before(limit, event=deadline, calendar=calendar).instant


@dataclass(frozen=True, kw_only=True)
class Applicant:
    """What the review decided of one application. `rank` and `score` only where the number is limited."""

    package: str
    passed: bool
    reasons: tuple[str, ...]
    score: Decimal | None
    rank: int | None


def qualified(
    sheets: Sequence[Mapping[str, Mapping[str, Mapping[str, object]]]],
    scores: Sequence[Mapping[str, Mapping[str, str]]],
    *,
    packages: Sequence[str],
    part: Prequalification,
    lot_of: Mapping[str, bytes],
) -> list[Applicant]:
    """Return who is qualified: all who meet every requirement, or the best of them up to the limit.

    Equal scores at the limit are ordered by a public draw: `lot_of` holds each application's drawn position.
    """
    failed = rejected_by_majority(sheets, bids=packages, requirements=part.requirements)
    meet = [p for p in packages if p not in failed]
    out = [
        Applicant(package=p, passed=False, reasons=tuple(reasons), score=None, rank=None)
        for p, reasons in failed.items()
    ]
    if part.method is QualificationMethod.ALL_QUALIFIED:
        out += [Applicant(package=p, passed=True, reasons=(), score=None, rank=None) for p in meet]
    else:
        points = {p: mean_score(scores, bid=p, criteria=part.criteria) for p in meet}
        meet.sort(key=lambda p: (-points[p], lot_of[p]))
        for rank, package in enumerate(meet, start=1):
            passed = rank <= part.limit
            reasons = (
                ()
                if passed
                else (f"符合资格要求, 但资格预审得分排在第{part.limit}名之后(有限数量制, 限{part.limit}名)",)
            )
            out.append(
                Applicant(package=package, passed=passed, reasons=reasons, score=points[package], rank=rank)
            )
    return sorted(out, key=lambda row: row.package)


def require_invitees(usccs: Sequence[str], *, registered: Sequence[str], barred: Sequence[str]) -> None:
    """Let a list of invitees pass: three or more, each once, registered as bidders, none of the owner side.

    :raises TooFewInvitees: fewer than three
    :raises BadInput: one twice, not registered, or the tenderee or its agency
    """
    if len(set(usccs)) != len(usccs):
        raise BadInput("邀请名单中有重复的单位, 请删去重复的", field="invitees")
    if strangers := [u for u in usccs if u not in set(registered)]:
        raise BadInput(f"{strangers[0]}没有在本平台登记为投标人, 请核对统一社会信用代码", field="invitees")
    if own := [u for u in usccs if u in set(barred)]:
        raise BadInput(f"{own[0]}是招标人或代理机构, 不能被邀请投标", field="invitees")
    if len(usccs) < LEAST:
        raise TooFewInvitees(
            f"邀请招标应当向{LEAST}个以上具备承担招标项目能力、资信良好的特定的法人或者其他组织发出投标邀请书, 现为{len(usccs)}个"
        )
