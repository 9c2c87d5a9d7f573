"""Seats that keep members apart, the oath, who is elected, what may be asked of a bidder. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ggzy.experts.rules import position

#: what is tried at a remote seat before the meeting begins (发改办法规〔2025〕807号)
CHECKS = {
    "computer": "电脑",
    "network": "网络",
    "microphone": "麦克风",
    "loudspeaker": "扬声器",
    "camera": "摄像头",
}
FORMS = {"room": "一室评标", "booth": "工位(卡位)评标", "remote": "远程异地评标"}
GROUNDS = {
    "unclear": "含义不明确、对同类问题表述不一致",
    "arithmetic": "有明显文字或计算错误",
    "low_price": "报价明显偏低, 可能低于成本",
}
OATH = (
    "本人与投标人没有应当回避的关系; 独立、客观、公正评审, 对评审意见负责;",
    "不与任何投标人或有利害关系的人私下接触, 不收受财物或其他好处;",
    "通讯设备已存放; 评审只在本平台进行, 讨论只用平台的书面消息;",
    "不对外透露投标文件的评审、中标候选人的推荐情况和评标的其他情况。",
)


@dataclass(frozen=True, kw_only=True)
class Taken:
    """A seat that is taken: its number, whose committee sits there, for which employer the person works."""

    number: int
    meeting: str
    employer: str


def neighbours(number: int, *, seats: int, columns: int) -> set[int]:
    """Return the seats beside, before and behind one; seats count from 1, row by row."""
    width = columns or seats
    row, column = divmod(number - 1, width)
    near = ((row, column - 1), (row, column + 1), (row - 1, column), (row + 1, column))
    return {r * width + c + 1 for r, c in near if r >= 0 and 0 <= c < width and r * width + c < seats}


def free_seats(
    *, seats: int, columns: int, taken: Sequence[Taken], meeting: str, employer: str, apart: bool
) -> list[int]:
    """Return the seats somebody may draw: free, and in booths not beside the own committee or the own employer."""
    barred = {t.number for t in taken}
    if apart:
        for t in taken:
            if t.meeting == meeting or (employer and t.employer == employer):
                barred |= neighbours(t.number, seats=seats, columns=columns)
    return [n for n in range(1, seats + 1) if n not in barred]


def drawn_seat(free: Iterable[int], *, randomness: bytes, code: bytes, member: str) -> int:
    """Return the seat drawn: the free one whose position comes first. Recomputable from the draw's randomness."""
    return min(free, key=lambda n: position(randomness=randomness, code=code, label=f"{member}:{n}"))


def seats_left(*, seats: int, promised: Iterable[int]) -> int:
    """Return how many seats of a hall are left on a day when so many are promised to each other meeting."""
    return max(0, seats - sum(promised))


def room_for(*, seats: int, columns: int) -> int:
    """Return how many members of one committee a hall can hold with none beside another."""
    chosen: set[int] = set()
    for number in range(1, seats + 1):
        if not chosen & neighbours(number, seats=seats, columns=columns):
            chosen.add(number)
    return len(chosen)


def oath_document(*, draw: str, code: str) -> dict[str, Any]:
    """Return what a member signs before sitting down."""
    return {"document": "评标承诺书", "draw": draw, "code": code, "promises": list(OATH)}


def elected(ballots: Mapping[int, int]) -> int | None:
    """Return who has most votes of {member: choice}, None if two share that place."""
    (first, most), *rest = Counter(ballots.values()).most_common()
    return None if rest and rest[0][1] == most else first
