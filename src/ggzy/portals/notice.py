"""One notice: the document, where its round stands, its files and their seals, what changed, what belongs to it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import segno
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString, mark_safe

from ggzy.awarding.queries import awards_of
from ggzy.drafting.diff import Part, differences
from ggzy.drafting.queries import file_pdf
from ggzy.identity import recognition
from ggzy.kernel import files
from ggzy.kernel.refusals import NotFound
from ggzy.notices import queries as notices
from ggzy.notices.queries import NoticePage, NoticeRow
from ggzy.parties.grid import Permission
from ggzy.portals.frame import now, route, show
from ggzy.portals.public import steps_of
from ggzy.publishing.queries import published_at_media
from ggzy.seals.checking import MOST_BYTES, check
from ggzy.seals.queries import SealState, states_of
from ggzy.seals.stamping import trusted_clocks
from ggzy.search.queries import HitRow, Search, search
from ggzy.tendering import queries as tenders
from ggzy.tendering.document import DEPOSIT_FORMS

#: kinds whose body a template knows; another one is shown in its own words
_SHOWN = frozenset(
    {
        "tender",
        "failure",
        "candidates",
        "result",
        "contract",
        "opening_record",
        "decision",
        "clarification",
        "postponement",
        "suspension",
        "resumption",
        "termination",
        "correction",
        "intent",
        "single_source",
        "framework",
        "framework_members",
        "framework_exit",
        "call_off",
        "innovation",
        "innovation_file",
        "innovation_result",
        "innovation_contract",
    }
)
MOST_RELATED = 6
#: what people call the parts of a body, for the comparison of two versions
_WORDS = {
    "tenderee": "招标人",
    "agency": "代理机构",
    "project": "项目",
    "name": "名称",
    "uscc": "统一社会信用代码",
    "contact": "联系方式",
    "invest_code": "投资项目代码",
    "approval": "审批文件",
    "funds": "资金来源",
    "place": "地点",
    "scale": "规模",
    "deal_code": "交易标识码",
    "lots": "标段",
    "lot": "标段",
    "number": "序号",
    "budget": "估算价",
    "ceiling_price": "最高投标限价",
    "duration_days": "工期(日历天)",
    "scope_of_work": "范围",
    "method": "方法",
    "limit": "名额",
    "qualification": "资格要求",
    "criteria": "评分项",
    "title": "标题",
    "weight": "分值",
    "consortium_allowed": "接受联合体",
    "deposit": "投标保证金",
    "file": "文件",
    "version": "版本",
    "sha256": "校验值",
    "file_from": "文件发出自",
    "file_until": "文件发出至",
    "deadline": "截止时间",
    "bid_deadline": "投标截止时间",
    "opening": "开标",
    "decryption": "解密",
    "decryption_minutes": "解密时限(分钟)",
    "sealing": "加密算法",
    "objection": "异议",
    "clarifications": "澄清、延期",
    "text": "内容",
    "at": "时间",
    "need": "技术需求",
    "price": "报价",
    "second_stage": "第二阶段",
    "needs": "需求概况",
    "expected": "预计采购",
    "owner": "采购人",
    "says": "说明",
}


def _plain(body: dict[str, Any]) -> list[tuple[str, Any]]:
    """Return the parts of an unknown notice that can be read as they are."""
    return [
        (name, value)
        for name, value in body.items()
        if isinstance(value, str | int) and value not in ("", True)
    ]


@dataclass(frozen=True, kw_only=True)
class Document:
    """A public file that a notice speaks of, and its seal where it was sealed here."""

    name: str
    sha256: str
    href: str
    seal: SealState | None


def _documents(found: NoticePage, lot: tenders.LotRow | None) -> list[Document]:
    named: list[tuple[str, str, str]] = []
    told = found.body.get("file")
    if isinstance(told, Mapping) and told.get("version"):
        pdf = file_pdf(tender=found.row.tender, version=int(told["version"]))
        if pdf is not None:
            name = f"招标文件第{told['version']}版(PDF)"
            named.append((name, pdf.sha256, f"/files/{found.row.tender}/{told['version']}.pdf"))
    if found.row.kind == "result" and lot is not None:
        award = awards_of([lot.round_pk]).get(lot.round_pk)
        if award is not None and award.sent_at and award.letter:
            named.append(("中标通知书(PDF)", award.letter, f"/api/v1/documents/{award.letter}"))
    if contract := found.body.get("pdf_sha256"):
        named.append(("合同(PDF)", str(contract), f"/api/v1/documents/{contract}"))
    states = states_of([digest for _, digest, _ in named]) if named else {}
    return [Document(name=n, sha256=d, href=h, seal=states.get(d)) for n, d, h in named]


def _lot_of(found: NoticePage) -> tenders.LotRow | None:
    """Return the first round that a notice speaks of, with its lot."""
    rows = tenders.lots_of_tender(found.row.tender) if found.rounds else []
    return next((row for row in rows if row.round in found.rounds), None)


def _same_buyer(found: NoticePage, uscc: str) -> list[HitRow]:
    if not uscc:
        return []
    rows = search(Search(buyer=uscc, size=3 * MOST_RELATED)).rows
    return [row for row in rows if row.tender != found.row.tender][:MOST_RELATED]


def code_of(address: str) -> SafeString:
    """Return an address as a QR code, an SVG for the page."""
    return mark_safe(segno.make(address, error="m", micro=False).svg_inline(scale=3, border=2))  # noqa: S308 - drawn here


def notice(request: HttpRequest, notice_id: str) -> HttpResponse:
    """Show one notice as a document, with its round's timeline, files, versions, and what belongs to it."""
    found = notices.notice(notice_id)
    lot = _lot_of(found)
    tender = found.row.tender
    of_tender = notices.of_tender(tender) if tender else notices.of_process(found.row.ocid)
    facts = tenders.facts_of([found.row.tender]).get(found.row.tender)
    address = f"{settings.PUBLIC_ADDRESS}/notices/{notice_id}"
    page = {
        "notice": found,
        "body": found.body,
        "deposit_forms": DEPOSIT_FORMS,
        "newest": found.versions[-1],
        "older": _before(found),
        "media": published_at_media(notice_id),
        "unknown_kind": found.row.kind not in _SHOWN,
        "plain": _plain(found.body),
        "lot": lot,
        "steps": steps_of(lot) if lot else [],
        "line": of_tender,
        "documents": _documents(found, lot),
        "buyer": facts.buyer if facts else "",
        "same_buyer": _same_buyer(found, facts.uscc if facts else ""),
        "tender_open": bool(tender) and any(n.kind != "intent" for n in of_tender),
        "address": address,
        "code": code_of(address),
    }
    return show(request, "public/notice.html", page)


def _before(found: NoticePage) -> NoticeRow | None:
    older = [row for row in found.versions if row.version < found.row.version]
    return older[-1] if older else None


def parts_of(body: Any, key: str = "", title: str = "") -> list[Part]:
    """Return a body field by field, each with its path and what people call it; a list of texts is one field."""
    if isinstance(body, Mapping):
        return [
            part
            for name, value in body.items()
            for part in parts_of(
                value, f"{key}.{name}", f"{title} · {_WORDS.get(name, name)}".removeprefix(" · ")
            )
        ]
    if isinstance(body, list) and any(isinstance(item, Mapping | list) for item in body):
        return [
            part for n, item in enumerate(body, 1) for part in parts_of(item, f"{key}.{n}", f"{title} {n}")
        ]
    if isinstance(body, list):
        return [Part(key=key, title=title, text="\n".join(str(item) for item in body))]
    said = "" if body is None else {True: "是", False: "否"}[body] if isinstance(body, bool) else str(body)
    return [Part(key=key, title=title, text=said)]


def changes(request: HttpRequest, notice_id: str) -> HttpResponse:
    """Show what a version of a notice changed in the one before, field by field."""
    found = notices.notice(notice_id)
    older = _before(found)
    if older is None:
        raise NotFound(
            "这份公告没有更早的版本, 没有可比较的内容", next_steps=(("查看公告", f"/notices/{notice_id}"),)
        )
    old = notices.notice(older.public_id)
    rows = differences(
        [Part(key="title", title="公告标题", text=old.row.title), *parts_of(old.body)],
        [Part(key="title", title="公告标题", text=found.row.title), *parts_of(found.body)],
    )
    return show(request, "public/notice_diff.html", {"new": found, "old": old, "rows": rows})


def seal_check(request: HttpRequest, notice_id: str, digest: str) -> HttpResponse:
    """Check the seals of a file that a notice speaks of, as anyone could with the file in hand."""
    found = notices.notice(notice_id)
    document = next((d for d in _documents(found, _lot_of(found)) if d.sha256 == digest), None)
    if document is None:
        raise NotFound("这份公告没有这个文件", next_steps=(("查看公告", f"/notices/{notice_id}"),))
    at = now()
    report = check(
        files.path_of(digest).read_bytes(),
        cas=recognition.certificates_of_cas(at),
        clocks=trusted_clocks(),
        at=at,
    )
    page = {"most_mb": MOST_BYTES // 1024 // 1024, "report": report, "name": document.name}
    return show(request, "public/pdfcheck.html", page)


_READ = Permission.PORTAL_READ
urlpatterns = [
    route("notices/<str:notice_id>", notice, name="notice", permission=_READ),
    route("notices/<str:notice_id>/changes", changes, name="notice-changes", permission=_READ),
    route(
        "notices/<str:notice_id>/documents/<str:digest>", seal_check, name="notice-document", permission=_READ
    ),
]
