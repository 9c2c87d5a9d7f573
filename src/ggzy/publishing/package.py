"""A notice in the field names of the national exchange specification. Pure, and made of public notices only.

What the platform does not hold is left out and named in `missing`; nothing is filled with a figure of our own.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ggzy.law.limits import BEIJING
from ggzy.publishing.rules import Medium

#: kind of notice → number and name of its data set; a kind that is not here travels as a notice (503)
DATA_SETS: dict[str, tuple[str, str]] = {
    "tender": ("503", "TENDER_ANN_QUA_INQUERY_ANN"),
    "opening_record": ("506", "BID_OPENING_RECORD"),
    "candidates": ("511", "TENDER_CANDIDATE_ANNOUNCE"),
    "contract": ("512", "CONTRACT_PERFORMANCE"),
    "result": ("513", "WIN_RESULT_ANNO"),
    "failure": ("517", "TENDER_ABNORMITY_REPORT"),
}
_NOTICE = DATA_SETS["tender"]


def _names(*lines: str) -> tuple[str, ...]:
    return tuple(name for line in lines for name in line.split())


#: fields the specification calls mandatory, by data set
MANDATORY: dict[str, tuple[str, ...]] = {
    "503": _names(
        "TENDER_PROJECT_CODE NOTICE_BID_NUM BID_SECTION_CODES UNIFIED_DEAL_CODES TENDER_SELF_CODE NOTICE_NAME",
        "NOTICE_CONTENT NOTICE_SEND_TIME NOTICE_MEDIA URL NOTICE_NATURE BULLETIN_TYPE DOC_GET_START_TIME",
        "DOC_GET_END_TIME TENDER_DOC_GET_METHOD BID_DOC_REFER_END_TIME BID_OPEN_TIME BID_DOC_REFER_METHOD",
        "SYNDICATED_FLAG TENDERER_CODE TENDERER_NAME TENDERER_ADDRESS TENDERER_CONTACTOR TENDERER_PHONE_NUMBER",
        "TENDERER_EMAIL BULLETIN_DUTY BULLETIN_DUTY_CODE_TYPE",
    ),
    "506": _names(
        "TENDER_PROJECT_CODE BID_SECTION_CODES UNIFIED_DEAL_CODES NOTICE_NAME BID_OPENING_ACTOR",
        "BID_OPENING_CONTENT BID_OPENING_ADDRESS BID_OPENING_TIME URL OPEN_COMPERE TENDER_AGENCY_PERSON",
        "TENDERER_PERSON",
    ),
    "511": _names(
        "TENDER_PROJECT_CODE BID_SECTION_CODES UNIFIED_DEAL_CODE PUBLICITY_NAME PUBLICITY_CONTENT",
        "PUBLICITY_REFER_TIME NOTICE_MEDIA URL PUBLICITY_TYPE PUBLICITY_START_TIME PUBLICITY_END_TIME",
        "OBJECTION_METHOD BULLETIN_DUTY EXAMINER_NAME",
    ),
    "512": _names(
        "TENDER_PROJECT_CODE BID_SECTION_CODE UNIFIED_DEAL_CODE CONTRACT_NAME TENDERER_NAME TENDER_CODE",
        "BIDDER_NAME BIDDER_CODE PRICE_UNIT PRICE_FORM_CODE CONTRACT_CONTENT CONTRACT_SIGN_TIME CONTRACT_CODE",
    ),
    "513": _names(
        "TENDER_PROJECT_CODE BID_SECTION_CODE UNIFIED_DEAL_CODE REGION_CODE TRA_PLACE_CODE TENDER_AGENCY_CODE",
        "NOTICE_NAME NOTICE_CONTENT NOTICE_SEND_TIME NOTICE_MEDIA URL NOTICE_NATURE BULLETIN_TYPE",
        "WIN_BIDDER_NAME BIDDER_CODE_TYPE WIN_BIDDER_CODE BIDDER_ROLE PRICE_FORM_CODE BULLETIN_DUTY",
        "EXAMINER_NAME BIDDER_REGION_CODE BIDDER_PROPERTY PROJECT_LEAD PROJECT_LEAD_ID",
    ),
    "517": _names(
        "TENDER_PROJECT_CODE BID_SECTION_CODE UNIFIED_DEAL_CODE EXCEPITON_NAME EXCEPITON_INFOR APPROVAL_RESULT",
        "APPROVAL_TIME EXCEPITON_TYPE",
    ),
}

#: the field of each data set that carries the notice itself; its SHA-256 is the notice's
CONTENT: dict[str, str] = {
    "503": "NOTICE_CONTENT",
    "506": "BID_OPENING_CONTENT",
    "511": "PUBLICITY_CONTENT",
    "512": "CONTRACT_CONTENT",
    "513": "NOTICE_CONTENT",
    "517": "EXCEPITON_INFOR",
}


@dataclass(frozen=True, kw_only=True)
class Source:
    """A published notice, and the public facts of its tender as its first notice told them."""

    notice: str
    kind: str
    version: int
    title: str
    body: Mapping[str, Any]
    content: str
    published_at: datetime
    address: str
    first: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Sender:
    """The centre as the specification names it."""

    uscc: str
    name: str
    region: str
    system_no: str


@dataclass(frozen=True, kw_only=True)
class Package:
    """What is handed to a medium: envelope and fields, with the key that makes a second try harmless."""

    key: str
    data_set: str
    table: str
    envelope: Mapping[str, str]
    fields: Mapping[str, str]
    missing: tuple[str, ...]

    @property
    def content(self) -> str:
        """Return the text of the notice as it travels."""
        return self.fields[CONTENT[self.data_set]]


def key_of(*, centre: str, notice: str, medium: str) -> str:
    """Return the idempotency key of one version of a notice at one medium."""
    return hashlib.sha256(f"openggzy-publication\n{centre}\n{notice}\n{medium}".encode()).hexdigest()


def package(source: Source, *, medium: Medium, sender: Sender, centre: str) -> Package:
    """Return a notice as one data set of the specification.

    The content field is the canonical JSON of the notice's body, so its SHA-256 is the hash in the log, and
    every medium can be asked for the same number.
    """
    data_set, table = DATA_SETS.get(source.kind, _NOTICE)
    held = {CONTENT[data_set]: source.content, **_FIELDS.get(data_set, _notice)(source, sender, medium)}
    fields = {name: str(value) for name, value in held.items() if value not in (None, "")}
    key = key_of(centre=centre, notice=source.notice, medium=medium)
    envelope = {
        "DATA_KEY": f"{sender.system_no[:4].ljust(4, '0')}{data_set}{int(key[:14], 16) % 10**15:015d}",
        "DATA_TYPE": "1" if source.version == 1 else "2",
        "TRADE_SYSTEM_NO": sender.system_no,
        "PLATFORM_CODE": sender.uscc,
        "PUB_SERVICE_PLAT_CODE": sender.uscc,
        "DATA_TIMESTAMP": stamp(source.published_at),
    }
    missing = tuple(name for name in MANDATORY[data_set] if name not in fields)
    return Package(key=key, data_set=data_set, table=table, envelope=envelope, fields=fields, missing=missing)


def stamp(moment: datetime | str | None) -> str:
    """Return yyyyMMddHHmmss in 北京时间, "" for none."""
    if isinstance(moment, str):
        try:
            moment = datetime.fromisoformat(moment)
        except ValueError:  # another kind of notice may use the word for something else
            return ""
    return f"{moment.astimezone(BEIJING):%Y%m%d%H%M%S}" if moment else ""


def unstamp(text: str) -> datetime | None:
    """Return the moment that a medium wrote as yyyyMMddHHmmss in 北京时间, None for nothing.

    :raises ValueError: it is something else
    """
    return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=BEIJING) if text else None


def _deal(source: Source) -> str:
    return str(source.body.get("deal_code") or source.first.get("deal_code") or "")


def _common(source: Source, medium: Medium) -> dict[str, Any]:
    return {
        "NOTICE_NAME": source.title,
        "NOTICE_SEND_TIME": stamp(source.published_at),
        "NOTICE_MEDIA": medium.label,
        "URL": source.address,
        "NOTICE_NATURE": "1" if source.version == 1 else "2",
    }


def _notice(source: Source, sender: Sender, medium: Medium) -> dict[str, Any]:
    body = {**source.first, **source.body}
    owner, agency = body.get("tenderee"), body.get("agency")
    owner = owner if isinstance(owner, Mapping) else {}
    agency = agency if isinstance(agency, Mapping) else {}
    consortium = body.get("consortium_allowed")
    return _common(source, medium) | {
        "UNIFIED_DEAL_CODES": _deal(source),
        "NOTICE_BID_NUM": len(body.get("lots") or ()) or "",
        "TRAD_CENTER_NAME": sender.name,
        "TENDER_SELF_CODE": _deal(source),
        "BULLETIN_TYPE": "1" if source.kind == "tender" else "9",
        "DOC_GET_START_TIME": stamp(body.get("file_from")),
        "DOC_GET_END_TIME": stamp(body.get("bid_deadline")),
        "TENDER_DOC_GET_METHOD": "在交易平台免费下载, 无需登录" if body.get("file_from") else "",
        "BID_DOC_REFER_END_TIME": stamp(body.get("bid_deadline")),
        "BID_OPEN_TIME": stamp(body.get("bid_deadline")),
        "BID_OPEN_METHOD": body.get("opening", ""),
        "QUAL_TYPE": body.get("method", ""),
        "BID_DOC_REFER_METHOD": "在交易平台递交加密电子投标文件" if body.get("bid_deadline") else "",
        "SYNDICATED_FLAG": "" if consortium is None else str(int(bool(consortium))),
        "TENDERER_CODE": owner.get("uscc", ""),
        "TENDERER_NAME": owner.get("name", ""),
        "TENDER_AGENCY_CODE": agency.get("uscc", ""),
        "TENDER_AGENCY_NAME": agency.get("name", ""),
    }


def _opening(source: Source, sender: Sender, medium: Medium) -> dict[str, Any]:
    return {
        "UNIFIED_DEAL_CODES": _deal(source),
        "NOTICE_NAME": source.title,
        "BID_OPENING_ADDRESS": "不见面开标大厅",
        "BID_OPENING_TIME": stamp(source.body.get("opened_at")),
        "URL": source.address,
    }


def _candidates(source: Source, sender: Sender, medium: Medium) -> dict[str, Any]:
    fields = {
        "UNIFIED_DEAL_CODE": _deal(source),
        "PUBLICITY_NAME": source.title,
        "PUBLICITY_REFER_TIME": stamp(source.published_at),
        "NOTICE_MEDIA": medium.label,
        "URL": source.address,
        "PUBLICITY_TYPE": "1" if source.version == 1 else "2",
        "PUBLICITY_START_TIME": stamp(source.body.get("from")),
        "PUBLICITY_END_TIME": stamp(source.body.get("until")),
        "OBJECTION_METHOD": source.body.get("objection", ""),
    }
    # candidates without an order (评定分离) are in the notice itself: these three fields would give them one
    ranked = [] if source.body.get("separation") else source.body.get("candidates") or []
    for place, row in zip(("FIRST", "SECOND", "THIRD"), ranked, strict=False):
        fields[f"{place}_BIDDER_NAME"] = row.get("bidder", "")
        fields[f"{place}_BIDDER_CODE"] = row.get("uscc", "")
    return fields


def _money(source: Source) -> dict[str, str]:
    return {"PRICE_UNIT": "0", "PRICE_FORM_CODE": "1"} if source.body.get("price") else {}


def _result(source: Source, sender: Sender, medium: Medium) -> dict[str, Any]:
    agency = source.first.get("agency") or {}
    return (
        _common(source, medium)
        | _money(source)
        | {
            "UNIFIED_DEAL_CODE": _deal(source),
            "REGION_CODE": sender.region,
            "TRA_PLACE_CODE": sender.region,
            "TENDER_AGENCY_NAME": agency.get("name", ""),
            "TENDER_AGENCY_CODE": agency.get("uscc", ""),
            "BULLETIN_TYPE": "1",
            "WIN_BIDDER_NAME": source.body.get("winner", ""),
            "WIN_BIDDER_CODE": source.body.get("uscc", ""),
            "BID_AMOUNT": source.body.get("price", ""),
            "BID_CURRENCY": "156" if source.body.get("price") else "",
        }
    )


def _contract(source: Source, sender: Sender, medium: Medium) -> dict[str, Any]:
    owner = source.first.get("tenderee") or {}
    return _money(source) | {
        "UNIFIED_DEAL_CODE": _deal(source),
        "CONTRACT_NAME": source.title,
        "TENDERER_NAME": source.body.get("tenderee", ""),
        "TENDER_CODE": owner.get("uscc", ""),
        "BIDDER_NAME": source.body.get("winner", ""),
        "BIDDER_CODE": source.body.get("uscc", ""),
        "CONTRACT_PRICE": source.body.get("price", ""),
        "PRICE_CURRENCY": "156" if source.body.get("price") else "",
        "CONTRACT_SIGN_TIME": stamp(source.body.get("signed_at")),
    }


def _failure(source: Source, sender: Sender, medium: Medium) -> dict[str, Any]:
    return {"UNIFIED_DEAL_CODE": _deal(source), "EXCEPITON_NAME": source.title}


_FIELDS = {
    "503": _notice,
    "506": _opening,
    "511": _candidates,
    "512": _contract,
    "513": _result,
    "517": _failure,
}
