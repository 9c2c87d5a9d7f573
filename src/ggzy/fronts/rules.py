"""Judgements of the fronts: time to apply, room to clarify, who is qualified, who may be invited. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from ggzy.evaluation.rules import mean_score, rejected_by_majority
from ggzy.experts.rules import ranking
from ggzy.kernel.calendars import WorkCalendar
from ggzy.kernel.refusals import BadInput, Citation, Refusal
from ggzy.law.families import Family
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
    family: Family,
) -> None:
    """Let the two dates of a prequalification pass that leave applicants the statutory time of their law.

    :raises TimeToApplyTooShort: the file is handed out, or applications are taken, for less; it names the earliest day
    :raises BadInput: applications would be due while the file is still handed out
    """
    if deadline < file_until:
        raise BadInput("申请截止时间不应早于停止提供预审文件的时间", field="deadline")
    to_apply = law[family.time_to_apply]
    since, said = applies_from(to_apply, published_at=published_at, file_until=file_until)
    for limit, start, moment, what, field in (
        (
            law[family.file_to_apply],
            published_at,
            file_until,
            "资格预审文件的发售期自发售之日起",
            "file_until",
        ),
        (to_apply, since, deadline, f"提交资格预审申请文件的时间{said}", "deadline"),
    ):
        earliest = earliest_moment(limit, started=start, calendar=calendar)
        if moment < earliest.instant and limit.may_block:
            raise TimeToApplyTooShort(
                f"{what}{limit.length_label}, 最早可定为{earliest.instant.astimezone(BEIJING):%Y年%m月%d日}"
                f"({earliest.arithmetic})",
                basis=limit.basis[0],
                field=field,
            )


def applies_from(limit: TimeLimit, *, published_at: datetime, file_until: datetime) -> tuple[datetime, str]:
    """Return since when the time to apply is counted, and its words: from the notice, or from the file's end."""
    if limit.starts == "prequalification.document_withdrawn":
        return file_until, "自资格预审文件停止发售之日起"
    return published_at, "自公告发布之日起"


def require_room_to_clarify(
    *,
    affects: bool,
    now: datetime,
    deadline: datetime,
    postponed_to: datetime | None,
    law: Mapping[str, TimeLimit],
    calendar: WorkCalendar,
    family: Family,
) -> datetime:
    """Return the deadline that stands after a clarification.

    :raises MustPostpone: it may affect applications and fewer than 3 days would remain; it names the earliest deadline
    :raises BadInput: the deadline would come earlier
    """
    if postponed_to is not None and postponed_to <= deadline:
        raise BadInput("延期后的申请截止时间应晚于原截止时间", field="postponed_to")
    after = postponed_to or deadline
    limit = law[family.application_amended]
    if affects and now >= latest_before(limit, event=after, calendar=calendar).instant:
        earliest = earliest_event(limit, now=now, calendar=calendar, least=deadline)
        raise MustPostpone(
            f"澄清或者修改可能影响资格预审申请文件编制的, 应当在提交申请截止至少{limit.length}日前作出; "
            f"不足{limit.length}日的应当顺延, 最早可顺延到{earliest.astimezone(BEIJING):%Y年%m月%d日%H时%M分}",
            basis=limit.basis[0],
            field="postponed_to",
        )
    return after


def earliest_event(limit: TimeLimit, *, now: datetime, calendar: WorkCalendar, least: datetime) -> datetime:
    """Return the first deadline, at the old one's time of day, before which `now` still keeps the limit."""
    event = least
    while now >= latest_before(limit, event=event, calendar=calendar).instant:
        event += timedelta(days=1)
    return event


def timeline(
    *, deadline: datetime, law: Mapping[str, TimeLimit], calendar: WorkCalendar, family: Family
) -> list[ClockRow]:
    """Return the clocks that run backwards from the deadline of a prequalification: clarifying, objecting."""
    out = []
    for limit in (law[key] for key in (family.application_amended, family.application_objected) if key):
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
    if part.method is not QualificationMethod.LIMITED_NUMBER:
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


class WitnessesMissing(Refusal):
    """Fewer than two of the buyer's staff watch the draw."""

    code = "fronts.witnesses_missing"
    status = 422
    basis = Citation("政府采购货物和服务招标投标管理办法", "第十四条")


class InviteesNotDrawn(Refusal):
    """The results go out once those invited are drawn."""

    code = "fronts.invitees_not_drawn"
    basis = Citation("政府采购货物和服务招标投标管理办法", "第十四条")


def require_witnesses(names: Sequence[str]) -> list[str]:
    """Return the names of those who watch the draw: two or more, each once (87号令第十四条).

    :raises WitnessesMissing: fewer
    """
    found = list(dict.fromkeys(name.strip()[:50] for name in names if name.strip()))
    if len(found) < 2:
        raise WitnessesMissing(
            "随机抽取时应当有不少于两名采购人工作人员在场监督, 请填写他们的姓名", field="witnesses"
        )
    return found


def drawn(
    labels: Sequence[str], *, qualified: Sequence[str], count: int, randomness: bytes, code: bytes
) -> list[str]:
    """Return the labels of those invited: the first `count` qualified ones in the order that the seeds give to all.

    A label's place depends on no other label, so who else applied or failed moves nobody before another.
    """
    passed = set(qualified)
    return [one for one in ranking(labels, randomness=randomness, code=code) if one in passed][:count]


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
