"""What changed between two versions of a file, clause by clause, with marks at words. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

#: a Chinese character, a number or a word, anything else: what may be marked as one
_WORD = re.compile(r"\d+(?:[.,]\d+)*|[A-Za-z]+|\s+|.", re.S)
#: beyond this many words the two texts are shown whole: the comparison is quadratic
MOST_WORDS = 6000


class Mark(StrEnum):
    """What happened to a run of words."""

    SAME = "same"
    REMOVED = "removed"
    ADDED = "added"


class Change(StrEnum):
    """What happened to a clause."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"

    @property
    def label(self) -> str:
        """Return the word for people."""
        return {"added": "新增", "removed": "删除", "changed": "修改"}[self.value]


@dataclass(frozen=True, kw_only=True)
class Part:
    """One comparable part of a file: a clause, a requirement, a lot's figure."""

    key: str
    title: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Row:
    """A part that changed, with its words marked."""

    key: str
    title: str
    change: Change
    words: tuple[tuple[Mark, str], ...]


def marked(old: str, new: str) -> tuple[tuple[Mark, str], ...]:
    """Return the runs of words: put the same and removed ones together and it is `old`, the same and added, `new`."""
    a, b = _WORD.findall(old), _WORD.findall(new)
    if max(len(a), len(b)) > MOST_WORDS:
        return ((Mark.REMOVED, old), (Mark.ADDED, new))
    out: list[tuple[Mark, str]] = []
    for kind, a0, a1, b0, b1 in SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if kind == "equal":
            out.append((Mark.SAME, "".join(a[a0:a1])))
            continue
        if a1 > a0:
            out.append((Mark.REMOVED, "".join(a[a0:a1])))
        if b1 > b0:
            out.append((Mark.ADDED, "".join(b[b0:b1])))
    return tuple(out)


def differences(old: Sequence[Part], new: Sequence[Part]) -> list[Row]:
    """Return what was added, removed and changed, in the order of the newer file; what is gone stands at its old place."""
    before: Mapping[str, Part] = {p.key: p for p in old}
    after: Mapping[str, Part] = {p.key: p for p in new}
    order = [p.key for p in new]
    last = -1
    for part in old:  # a removed part goes after the part that stood before it
        if part.key in after:
            last = order.index(part.key)
        else:
            order.insert(last + 1, part.key)
            last += 1
    out = []
    for key in order:
        a, b = before.get(key), after.get(key)
        if a and b:
            if (a.title, a.text) != (b.title, b.text):
                out.append(Row(key=key, title=b.title, change=Change.CHANGED, words=marked(a.text, b.text)))
        elif b:
            out.append(Row(key=key, title=b.title, change=Change.ADDED, words=((Mark.ADDED, b.text),)))
        elif a:
            out.append(Row(key=key, title=a.title, change=Change.REMOVED, words=((Mark.REMOVED, a.text),)))
    return out
