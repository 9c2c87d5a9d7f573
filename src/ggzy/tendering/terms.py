"""Terms that a tender file fixes for what follows from its result. A later context reads and checks them; the file keeps them.

The file is written long before the result, and what follows lies above this context: it says here what it needs.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from ggzy.kernel.refusals import BadInput
from ggzy.tendering.document import TenderDocument
from ggzy.tendering.models import Tender

#: (tender, file as it was parsed, the moment before which nothing can come of it) → its terms, checked and in one form
Check = Callable[[Tender, TenderDocument, datetime], Mapping[str, Any]]
_CHECKS: dict[str, Check] = {}


def checks_terms(procedure_code: str) -> Callable[[Check], Check]:
    """Register who checks the terms in the files of a procedure (called once, where they are acted upon)."""

    def keep(function: Check) -> Check:
        assert procedure_code not in _CHECKS, f"two check the terms of {procedure_code}"
        _CHECKS[procedure_code] = function
        return function

    return keep


def checked(tender: Tender, document: TenderDocument, *, now: datetime) -> Mapping[str, Any] | None:
    """Return the terms of a file as its procedure has them.

    :param now: the moment before which nothing can come of it: of writing, and of the deadline once it is published
    :raises BadInput: terms where nothing follows by them, or what is wrong with them
    """
    check = _CHECKS.get(tender.procedure_code)
    if check is None:
        if document.terms is not None:
            raise BadInput("这种交易程序的文件没有结果确定以后适用的条款", field="terms")
        return None
    return check(tender, document, now)


#: (tender, file, when it was issued) → its terms as a notice states them
InWords = Callable[[Tender, TenderDocument, datetime], list[tuple[str, str]]]
_WORDS: dict[str, InWords] = {}


def words_of_terms(procedure_code: str) -> Callable[[InWords], InWords]:
    """Register who says in words what the terms in the files of a procedure are (called once)."""

    def keep(function: InWords) -> InWords:
        assert procedure_code not in _WORDS, f"two say the terms of {procedure_code}"
        _WORDS[procedure_code] = function
        return function

    return keep


def in_words(tender: Tender, document: TenderDocument, *, issued_at: datetime) -> list[tuple[str, str]]:
    """Return the terms of a file as its notice, its page and its PDF state them; [] where it has none."""
    say = _WORDS.get(tender.procedure_code)
    return say(tender, document, issued_at) if say and document.terms is not None else []
