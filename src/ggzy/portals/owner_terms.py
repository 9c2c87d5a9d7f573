"""The part of a tender file about several suppliers, and what follows: how many, and the terms of a framework agreement."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.http import HttpRequest

from ggzy.frameworks.rules import Category, Collector, QualityCase, TieRule, TurnRule, Way, term_warning
from ggzy.kernel.clock import BEIJING
from ggzy.law.limits import beijing_date
from ggzy.portals.frame import text
from ggzy.procedures.catalogue import BY_CODE
from ggzy.tendering.document import TenderDocument

_TEXTS = (
    ("needs", "采购需求", 10_000),
    ("conditions", "供应商的条件和响应文件的要求", 5000),
    ("scope", "适用的采购人和履行地域", 2000),
    ("settlement", "费用结算和支付方式", 5000),
    ("contract_terms", "采购合同的主要条款", 10_000),
    ("removal_terms", "约定的其他清退情形(没有则留空)", 2000),
    ("contact", "征集人联系人、地址和电话", 200),
)
_PLAIN = ("collector_kind", "quality_case", "turn_rule", "tie_rule", "response_hours")
_ITEM = ("name", "unit", "spec", "price")
ITEM_ROWS = 4


def filled(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of this part for a document, or empty ones."""
    several = (document.get("policy") or {}).get("several") or {}
    terms = document.get("terms") or {}
    rows = [row for row in terms.get("items") or [] if any(row.get(name) for name in _ITEM)]
    return {
        "several": {"rate": _percent(several.get("rate", "0.2")), "most": several.get("most") or ""},
        "terms": {
            **{name: terms.get(name, "") for name, *_ in _TEXTS},
            **{name: terms.get(name, "") for name in _PLAIN},
            "response_hours": terms.get("response_hours", 48),
            "ends_at": _local(str(terms.get("ends_at") or "")),
            "ways": terms.get("ways") or [],
            "items": [*rows, *([dict.fromkeys(_ITEM, "")] * max(1, ITEM_ROWS - len(rows)))],
        },
    }


def page(procedure_code: str, document: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the editor shows beside the fields; nothing where a procedure has one winner."""
    procedure = BY_CODE[procedure_code]
    if not procedure.several:
        return {"several": False}
    terms = document.get("terms") or {}
    return {
        "several": True,
        "by_units": procedure.unit_prices,
        "collectors": [(one.value, one.label) for one in Collector],
        "quality_cases": [(one.value, one.label) for one in QualityCase],
        "ways_of_call": [(one.value, one.label) for one in Way if one is not Way.DIRECT],
        "turn_rules": [(one.value, one.label) for one in TurnRule],
        "tie_rules": [(one.value, one.label) for one in TieRule],
        "term_texts": [(name, label, most, terms.get(name, "")) for name, label, most in _TEXTS],
    }


def warnings(document: TenderDocument, *, today: date) -> list[str]:
    """Return what of the terms deserves a second look and does not block: a longer term than is usual (GP-T45)."""
    ends_at = (document.terms or {}).get("ends_at")
    if not ends_at or document.policy is None:
        return []
    category = Category(document.policy.subject.value)
    said = term_warning(category, begins=today, ends=beijing_date(datetime.fromisoformat(ends_at)))
    return [said] if said else []


def entered(request: HttpRequest, procedure_code: str) -> dict[str, Any]:
    """Return this part as it was entered: {several, terms}; {} where the procedure has neither."""
    procedure = BY_CODE[procedure_code]
    if not procedure.several:
        return {}
    out: dict[str, Any] = {
        "several": {"rate": _share(text(request, "several_rate")), "most": text(request, "several_most") or 0}
    }
    if not procedure.unit_prices:
        return out
    columns = [request.POST.getlist(f"item_{name}") for name in _ITEM]
    return out | {
        "terms": {
            **{name: text(request, f"terms_{name}") for name, *_ in _TEXTS},
            **{name: text(request, f"terms_{name}") for name in _PLAIN},
            "ends_at": _instant(text(request, "terms_ends_at")),
            "ways": request.POST.getlist("terms_ways"),
            "items": [
                dict(zip(_ITEM, map(str.strip, row), strict=True)) for row in zip(*columns, strict=False)
            ],
        }
    }


def _share(percent: str) -> str:
    """Return a share of one as the file has it; what is no number stays as it was written, and is refused there."""
    try:
        return str(Decimal(percent) / 100) if percent else "0"
    except InvalidOperation:
        return percent


def _percent(share: Any) -> str:
    try:
        return f"{(Decimal(str(share)) * 100).normalize():f}"
    except InvalidOperation:
        return str(share)


def _local(moment: str) -> str:
    """Return a moment of the file as the form's field shows it, in Beijing time."""
    try:
        return datetime.fromisoformat(moment).astimezone(BEIJING).strftime("%Y-%m-%dT%H:%M") if moment else ""
    except ValueError:
        return moment


def _instant(local: str) -> str:
    try:
        return datetime.fromisoformat(local).replace(tzinfo=BEIJING).isoformat() if local else ""
    except ValueError:
        return local
