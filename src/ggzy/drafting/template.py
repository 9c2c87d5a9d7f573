"""What a fill-in template is: chapters of locked clauses with typed slots. Pure."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from functools import cached_property
from typing import Any

from ggzy.kernel.canonical import canonical
from ggzy.kernel.money import yuan
from ggzy.kernel.refusals import BadInput

MOST_LINES = 50
_SLOT = re.compile(r"\{([a-z][a-z0-9_]*)\}")
#: what stands in the text where nothing is filled in yet
EMPTY = "【待填】"


class Kind(StrEnum):
    """What may be written into a slot."""

    TEXT = "text"
    NUMBER = "number"
    MONEY = "money"
    DATE = "date"
    CHOICE = "choice"
    LIST = "list"


@dataclass(frozen=True, kw_only=True)
class Slot:
    """One place of a clause that the writer fills: typed, with limits, a help text and the law it answers."""

    key: str
    says: str
    kind: Kind = Kind.TEXT
    help: str = ""
    law: str = ""
    required: bool = True
    longest: int = 500
    least: Decimal | None = None
    most: Decimal | None = None
    choices: tuple[str, ...] = ()
    default: str = ""

    def read(self, value: Any) -> str | list[str]:
        """Return the filled value in its one written form; empty stays empty (a draft may wait).

        :raises BadInput: not of this kind, or beyond its limits
        """
        field = f"clauses.slots.{self.key}"
        if self.kind is Kind.LIST:
            return self._lines(value, field)
        if not isinstance(value, str | int | Decimal) or isinstance(value, bool):
            raise BadInput(f"“{self.says}”应为文字", field=field)
        text = str(value).strip()
        if not text:
            return ""
        if "\0" in text:
            raise BadInput(f"“{self.says}”含有不可见的控制字符, 请重新输入", field=field)
        if len(text) > self.longest:
            raise BadInput(f"“{self.says}”不超过{self.longest}字", field=field)
        match self.kind:
            case Kind.NUMBER:
                return self._number(text, field)
            case Kind.MONEY:
                amount = yuan(text, field=field)
                self._within(amount, field)
                return str(amount)
            case Kind.DATE:
                return self._date(text, field)
            case Kind.CHOICE:
                if text not in self.choices:
                    raise BadInput(f"“{self.says}”请在所列选项中选择", field=field)
                return text
            case _:
                return text

    def _lines(self, value: Any, field: str) -> list[str]:
        lines = value.splitlines() if isinstance(value, str) else value
        if not isinstance(lines, list | tuple) or not all(isinstance(line, str) for line in lines):
            raise BadInput(f"“{self.says}”应为列表, 每行一项", field=field)
        kept = [line.strip() for line in lines if line.strip()]
        if len(kept) > MOST_LINES or any(len(line) > self.longest or "\0" in line for line in kept):
            raise BadInput(f"“{self.says}”最多{MOST_LINES}项, 每项不超过{self.longest}字", field=field)
        return kept

    def _number(self, text: str, field: str) -> str:
        try:
            number = Decimal(text)
        except InvalidOperation:
            number = Decimal("NaN")
        if not number.is_finite() or number.copy_abs() > Decimal(10) ** 15:
            raise BadInput(f"“{self.says}”应为数字", field=field)
        self._within(number, field)
        exponent = number.as_tuple().exponent
        if isinstance(exponent, int) and exponent < -6:
            raise BadInput(f"“{self.says}”最多6位小数", field=field)
        return f"{number.normalize() + 0:f}"

    def _within(self, number: Decimal, field: str) -> None:
        low, high = self.least, self.most
        if (low is not None and number < low) or (high is not None and number > high):
            limits = f"{low if low is not None else ''}至{high if high is not None else ''}".strip("至")
            raise BadInput(
                f"“{self.says}”应在{limits}之间" + (f"({self.law})" if self.law else ""), field=field
            )

    def _date(self, text: str, field: str) -> str:
        try:
            return date.fromisoformat(text).isoformat()
        except ValueError:
            raise BadInput(f"“{self.says}”应为日期, 例如 2026-03-02", field=field) from None

    def shown(self, value: str | list[str]) -> str:
        """Return the value as the sentence shows it."""
        if not value:
            return EMPTY if self.required else "无"
        if isinstance(value, list):
            return "；".join(f"({n}){line}" for n, line in enumerate(value, 1))
        if self.kind is Kind.MONEY:
            return f"{Decimal(value):,.2f}元"
        if self.kind is Kind.DATE:
            day = date.fromisoformat(value)
            return f"{day.year}年{day.month}月{day.day}日"
        return value


@dataclass(frozen=True, kw_only=True)
class Clause:
    """One clause: its text is locked, `{key}` stands where a slot is shown; `law` is what it puts into effect."""

    key: str
    title: str
    text: str
    law: str = ""
    slots: tuple[Slot, ...] = ()

    def __post_init__(self) -> None:
        named = set(_SLOT.findall(self.text))
        assert named == {s.key for s in self.slots}, f"{self.key}: slots and text differ"

    @cached_property
    def sha256(self) -> str:
        """Return the hash of the locked words: title, text with its places, law."""
        return hashlib.sha256(f"{self.title}\n{self.text}\n{self.law}".encode()).hexdigest()

    def rendered(self, filled: Mapping[str, str | list[str]]) -> str:
        """Return the text with its slots filled; what is filled in is never read as a template itself."""
        slots = {s.key: s for s in self.slots}
        return _SLOT.sub(lambda m: slots[m[1]].shown(filled.get(m[1], "")), self.text)


@dataclass(frozen=True, kw_only=True)
class Chapter:
    """A chapter of the file."""

    key: str
    title: str
    clauses: tuple[Clause, ...]


@dataclass(frozen=True, kw_only=True)
class Template:
    """A fill-in template with its version; a version once used is never changed, only followed by another."""

    code: str
    version: str
    title: str
    chapters: tuple[Chapter, ...]

    @cached_property
    def clauses(self) -> dict[str, Clause]:
        """Return every clause by its key, in order."""
        return {c.key: c for chapter in self.chapters for c in chapter.clauses}

    @cached_property
    def slots(self) -> dict[str, Slot]:
        """Return every slot by its key, in order."""
        return {s.key: s for c in self.clauses.values() for s in c.slots}

    @cached_property
    def sha256(self) -> str:
        """Return the hash of everything locked: the clauses and the slots with their limits."""
        parts = [
            [
                chapter.key,
                chapter.title,
                [[c.key, c.sha256, [repr(s) for s in c.slots]] for c in chapter.clauses],
            ]
            for chapter in self.chapters
        ]
        return hashlib.sha256(
            canonical({"template": self.code, "version": self.version, "parts": parts})
        ).hexdigest()
