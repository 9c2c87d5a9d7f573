"""By when a challenge 质疑 is in time, and when an unanswered objection demands that the deadline moves. Pure."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from ggzy.kernel.calendars import WorkCalendar
from ggzy.law.limits import Count, TimeLimit, runs_out

#: a limit that begins when another has run out begins on the last day of that one
_INSTANT = timedelta(microseconds=1)

#: what a challenge may be about
ABOUT = {
    "prequalification": "资格预审文件",
    "file": "采购文件",
    "opening": "开标过程",
    "admission": "资格审查或者加入、清退的决定",
    "result": "中标结果",
    "first": "首购结果",
}
#: how an answer to a challenge ends it (94号令16)
OUTCOMES = {
    "unfounded": "质疑不成立",
    "no_effect": "质疑成立, 不影响采购结果或者采购文件可以修改后继续",
    "redetermine": "质疑成立并影响中标结果, 从合格候选人中另行确定中标供应商",
    "restart": "质疑成立并影响中标结果, 重新开展采购活动",
    "restore": "质疑成立, 恢复该供应商参加采购活动的资格",
}
#: what may have led to the result of a round, so that its contract waits and another may win
OF_THE_RESULT = frozenset({"opening", "result"})
#: the outcomes that change the result of a round, and those that change a purchase without rounds
CHANGES_RESULT = frozenset({"redetermine", "restart"})
CHANGES_PURCHASE = frozenset({"restart", "restore"})
#: what is a result, of which everybody who took part is told
RESULTS = frozenset({"result", "first"})


def file_challenge_ends(
    *, taken_at: datetime, published_at: datetime, law: Mapping[str, TimeLimit], calendar: WorkCalendar
) -> Count:
    """Return when challenging the file is too late: GP-T20 after it was taken or its notice ended (政采条例53).

    The clause names both events with "或者"; the later one counts, since the other reading takes a right away.
    """
    ended = runs_out(law["GP-T01"], started=published_at, calendar=calendar).instant - _INSTANT
    return runs_out(law["GP-T20"], started=max(taken_at, ended), calendar=calendar)


def opening_challenge_ends(
    *, ended_at: datetime, law: Mapping[str, TimeLimit], calendar: WorkCalendar
) -> Count:
    """Return when challenging the opening is too late: GP-T20 after this step of the procedure ended (政采条例53)."""
    return runs_out(law["GP-T20"], started=ended_at, calendar=calendar)


def result_challenge_ends(
    *, announced_at: datetime, law: Mapping[str, TimeLimit], calendar: WorkCalendar
) -> Count:
    """Return when challenging the result is too late: GP-T20 after the notice of the result has ended."""
    ended = runs_out(law["GP-T11"], started=announced_at, calendar=calendar).instant - _INSTANT
    return runs_out(law["GP-T20"], started=ended, calendar=calendar)


def extension_demanded(*, answer_due_at: datetime, deadline: datetime, now: datetime) -> bool:
    """Say whether an unanswered objection to the file demands that the deadline moves (条例22).

    Its answer is overdue, or nothing of the time to answer would be left before the deadline.
    """
    return now < deadline and (now >= answer_due_at or answer_due_at >= deadline)
