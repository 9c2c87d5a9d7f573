"""What a text is searched by, how a question is read, and where the words of a hit stand.

Chinese has no spaces, and words that a dictionary does not know are what people look for. A text is therefore
known by each pair of neighbouring characters: a phrase can only stand where all its pairs stand, and a look at the
text itself then says whether it does. Digits and Latin letters hang together in codes, so a run of them is one
word and is found by how it begins.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from ggzy.kernel.refusals import BadInput
from ggzy.law.limits import BEIJING

#: stands in a folded text before each run of digits and letters: a run is found by its beginning alone
EDGE = "\x01"
#: between the lines of a text; no phrase reaches over it
LINE = "\n"
_RUN = re.compile(r"[0-9a-z]+")
_SPACE = re.compile(r"\s+")
#: what an operator can carry: "words in quotes", or a word up to a space
_PART = re.compile(
    r'(?P<no>[-\u2212\uff0d])?(?:["\u201c\u201d](?P<phrase>[^"\u201c\u201d]*)(?:["\u201c\u201d]|$)|(?P<word>[^\s"\u201c\u201d]+))'
)
#: before what stands in the title; longer than a pair, so that no text can look like it
TITLE = "^^"
#: so much of a run is looked at by the index
MOST_RUN = 60
#: a longer phrase is asked for by fewer of its pairs
LONG = 4
#: more is no question of a person
MOST_WORDS, MOST_LETTERS = 12, 200
#: characters shown before and after the first hit
CONTEXT = 36


class OnlyWithout(BadInput):
    """A question that only says what is not wanted."""

    code = "search.only_without"


def fold(text: str) -> str:
    """Return a text as it is compared: width, case and spaces made equal, each run of digits and letters marked.

    Character by character, so that `places` can say where in the original something was found.
    """
    return _folded(text)[0]


def _folded(text: str) -> tuple[str, list[int]]:
    """Return the folded text, and for each of its characters where in the original it comes from."""
    out: list[str] = []
    origin: list[int] = []
    before = " "
    for place, original in enumerate(text):
        for letter in unicodedata.normalize("NFKC", original).casefold():
            if letter.isspace():
                letter = " "
                if before == " ":
                    continue
            elif unicodedata.category(letter) == "Cc":
                continue
            elif _is_code(letter) and not _is_code(before):
                out.append(EDGE)
                origin.append(place)
            out.append(letter)
            origin.append(place)
            before = letter
    if out and out[-1] == " ":
        out.pop()
        origin.pop()
    return "".join(out), origin


def _is_code(letter: str) -> bool:
    return letter.isascii() and letter.isalnum()


def _pieces(folded: str) -> tuple[set[str], set[str]]:
    """Return the runs of digits and letters of a folded line, and its other characters as singles and pairs."""
    runs = {run[:MOST_RUN] for run in _RUN.findall(folded)}
    grams: set[str] = set()
    for stretch in re.split(r"[0-9a-z \x01\n]+", folded):
        grams.update(stretch)
        grams.update(a + b for a, b in zip(stretch, stretch[1:], strict=False))
    return runs, grams


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What a published notice is filed under, beside its words."""

    kind: str
    scope: str
    region: str
    buyer_uscc: str = ""
    published_at: datetime
    #: of public ids and codes of the law, each found by how it begins
    codes: tuple[str, ...] = ()


def terms(*, title: str, lines: Sequence[str], facts: Facts) -> list[str]:
    """Return everything that a notice is found by: its words, those of its title, its codes, what it is filed under."""
    found: set[str] = set()
    for line in (title, *lines):
        runs, grams = _pieces(fold(line))
        found |= grams | {f"#{run}" for run in runs}
    runs, grams = _pieces(fold(title))
    found |= {TITLE + piece for piece in grams} | {f"{TITLE}#{run}" for run in runs}
    found |= {f"={fold_code(code)}" for code in facts.codes if code}
    found |= {filed("kind", facts.kind), filed("scope", facts.scope), filed("buyer", facts.buyer_uscc)}
    found.add(month_of(facts.published_at))
    found |= {filed("region", facts.region[:length]) for length in (2, 4, 6, 9)}
    return sorted(found)


def filed(drawer: str, value: str) -> str:
    """Return the term of a drawer (kind, scope, region, buyer) that a notice lies in."""
    return f"@{drawer}:{value}"


def month_of(moment: datetime) -> str:
    """Return the term of the month, in Beijing time, that a notice was published in."""
    return filed("month", f"{moment.astimezone(BEIJING):%Y-%m}")


def fold_code(code: str) -> str:
    """Return a code as it is compared: capitals, without spaces; a hyphen is part of it."""
    return unicodedata.normalize("NFKC", code).upper().replace(" ", "").strip()


@dataclass(frozen=True, kw_only=True)
class Question:
    """What somebody looks for: phrases that must all be there, and phrases that must not."""

    wanted: tuple[str, ...] = ()
    without: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Say whether it asks for nothing in particular."""
        return not (self.wanted or self.without)


def read_question(words: str) -> Question:
    """Return a question as it was typed: words that must all occur, "a phrase" in quotes, -without.

    Phrases are folded. Punctuation alone asks for nothing.

    :raises OnlyWithout: it says only what must not occur
    :raises BadInput: it is longer than a question is
    """
    if len(words) > MOST_LETTERS:
        raise BadInput(f"检索词最多{MOST_LETTERS}个字, 请缩短", field="words")
    wanted: list[str] = []
    without: list[str] = []
    for part in _PART.finditer(words):
        phrase = fold(part["phrase"] if part["phrase"] is not None else part["word"])
        if any(letter.isalnum() for letter in phrase):
            (without if part["no"] else wanted).append(phrase)
    wanted, without = list(dict.fromkeys(wanted)), list(dict.fromkeys(without))
    if len(wanted) + len(without) > MOST_WORDS:
        raise BadInput(f"检索词最多{MOST_WORDS}个, 请减少", field="words")
    if without and not wanted:
        raise OnlyWithout("只写了要排除的词, 请再写至少一个要找的词, 例如: 污水管网 -监理", field="words")
    return Question(wanted=tuple(wanted), without=tuple(without))


@dataclass(frozen=True)
class Term:
    """One term to ask the index for: exactly it, or whatever begins with it."""

    text: str
    begins: bool = False


def terms_of(phrase: str, *, in_title: bool = False) -> tuple[list[Term], bool]:
    """Return the terms that a text with this folded phrase must have, and whether they already prove it.

    They prove nothing more than themselves where the phrase is one pair, one character or one run.
    """
    mark = TITLE if in_title else ""
    runs, grams = _pieces(phrase)
    if len(phrase) > LONG:
        # every other pair still holds every character, and the text has the last word
        grams = {g for part in re.split(r"[0-9a-z \x01]+", phrase) for g in _every_other(part)}
    # a pair says all that its two characters say
    pairs = {gram for gram in grams if len(gram) == 2}
    alone = {gram for gram in grams if len(gram) == 1 and not any(gram in pair for pair in pairs)}
    asked = [Term(mark + gram) for gram in sorted(pairs | alone)]
    asked += [Term(f"{mark}#{run}", begins=True) for run in sorted(runs)]
    bare = asked[0].text.removeprefix(mark).removeprefix("#") if len(asked) == 1 else ""
    return asked, bare == phrase.replace(EDGE, "")


def _every_other(part: str) -> set[str]:
    """Return the pairs of a stretch that follow each other without overlapping, the last one ending where it ends."""
    pairs = {part[n : n + 2] for n in range(0, len(part) - 1, 2)}
    return pairs | {part[-2:]} if part else pairs


def as_tsquery(asked: Iterable[Term]) -> str:
    """Return the terms as a query of the database's text search; all of them must be there."""
    return " & ".join(
        "'" + term.text.replace("\\", "\\\\").replace("'", "''") + "'" + (":*" if term.begins else "")
        for term in dict.fromkeys(asked)
    )


def holds(folded: str, question: Question) -> bool:
    """Say whether a folded text answers a question: what the index must agree with."""
    return all(p in folded for p in question.wanted) and not any(p in folded for p in question.without)


@dataclass(frozen=True)
class Bit:
    """A piece of a text, and whether it is what was looked for."""

    text: str
    hit: bool


def marked(text: str, phrases: Sequence[str]) -> list[Bit]:
    """Return a text in pieces, those that were looked for marked."""
    bits, at = [], 0
    for start, end in places(text, phrases):
        if start > at:
            bits.append(Bit(text[at:start], False))
        bits.append(Bit(text[start:end], True))
        at = end
    return bits + ([Bit(text[at:], False)] if at < len(text) else [])


def excerpt(text: str, phrases: Sequence[str], *, context: int = CONTEXT) -> list[Bit]:
    """Return the words around the first hit in a text with every hit marked; its beginning where there is none."""
    found = places(text, phrases)
    first = found[0] if found else (0, 0)
    start = max(0, first[0] - context)
    end = min(len(text), max(first[1] + 2 * context, start + 3 * context))
    bits = marked(text[start:end], phrases)
    return [*([Bit("…", False)] if start else []), *bits, *([Bit("…", False)] if end < len(text) else [])]


def places(text: str, phrases: Sequence[str]) -> list[tuple[int, int]]:
    """Return where in a text the folded phrases stand, in order, places that touch or overlap made one."""
    folded, origin = _folded(text)
    found: list[tuple[int, int]] = []
    for phrase in phrases:
        at = folded.find(phrase)
        while at >= 0:
            found.append((origin[at], origin[at + len(phrase) - 1] + 1))
            at = folded.find(phrase, at + len(phrase))
    out: list[tuple[int, int]] = []
    for start, end in sorted(found):
        if out and start <= out[-1][1]:
            out[-1] = (out[-1][0], max(out[-1][1], end))
        else:
            out.append((start, end))
    return out


_NUMBER = re.compile(r"[\d.,:%-]+")


def telling(text: str, *, known: Sequence[str]) -> str:
    """Return the lines of a text worth showing below a title: no bare numbers, nothing that is shown beside it."""
    lines = text.split(LINE)
    return " · ".join(
        line for line in lines if not _NUMBER.fullmatch(line) and not any(line in shown for shown in known)
    )


#: values of a notice's body that are no words: digests, ids, moments
_NO_WORDS = re.compile(r"[0-9a-f]{32,128}|\d{4}-\d\d-\d\dT[\d:.+Z-]+", re.ASCII)
#: keys whose value is for machines
_FOR_MACHINES = frozenset({"sha256", "pdf_sha256", "round", "bid", "state"})


def lines_of(body: object) -> list[str]:
    """Return the words of a notice's body, value by value, in the order of the body."""
    if isinstance(body, dict):
        return [line for key, value in body.items() if key not in _FOR_MACHINES for line in lines_of(value)]
    if isinstance(body, list | tuple):
        return [line for value in body for line in lines_of(value)]
    if isinstance(body, str):
        line = _SPACE.sub(" ", body).strip()
        return [line] if line and not _NO_WORDS.fullmatch(line) else []
    return [str(body)] if isinstance(body, int) and not isinstance(body, bool) else []
