"""Writing the tender file: the lists read first, the template, the check while writing; what changed between versions."""

import json
from typing import Any

from django.http import FileResponse, HttpRequest, HttpResponse, JsonResponse

from ggzy.drafting import clauses as drafted
from ggzy.drafting.library import SECTORS, of_sector
from ggzy.drafting.lists import POSITIVE, RULES, VERSION, Finding, Place, check
from ggzy.drafting.queries import acknowledged_at, file_pdf
from ggzy.kernel import files
from ggzy.kernel.refusals import BadInput, NotFound, Refusal
from ggzy.parties.grid import Permission as P
from ggzy.portals.frame import done, now, route, show, text, who
from ggzy.portals.owner_tender import own_tender
from ggzy.portals.work import only_posted, refused_here, signing
from ggzy.procedures.spec import Stage
from ggzy.tendering import filepdf, writing
from ggzy.tendering import queries as tenders
from ggzy.tendering.document import parse

MOST_TEXTS, MOST_LETTERS = 200, 400_000


def lists(request: HttpRequest, tender_id: str) -> HttpResponse:
    """Show the lists before the writing starts 前置告知; a POST says they were read."""
    actor = who(request)
    tender = own_tender(tender_id, actor)
    if request.method == "POST":
        writing.acknowledge_list(tender_id=tender_id, actor=actor, now=now())
        return done(f"/work/tenders/{tender_id}/document", "已记录阅知正负面清单, 可以编制招标文件")
    page = {
        "tender": tender,
        "rules": RULES,
        "positive": POSITIVE,
        "version": VERSION,
        "acknowledged_at": acknowledged_at(tender_id),
    }
    return show(request, "work/lists.html", page)


def _given(found: drafted.ClauseSet) -> dict[str, Any]:
    filled = found.filled
    return {
        "slots": {k: "\n".join(v) if isinstance(v, list) else v for k, v in filled.items()},
        "sector": found.sector,
        "library": list(found.library),
    }


def clauses(request: HttpRequest, tender_id: str) -> HttpResponse:
    """Fill in the template: locked clauses to read, slots to write, clauses of the sector to choose."""
    actor = who(request)
    tender = own_tender(tender_id, actor)
    document = parse(tender.document) if tender.document else None
    found = document.clauses if document else None
    begun = found if found and found.base else drafted.blank()
    base = begun.base
    assert base is not None
    page: dict[str, Any] = {
        "tender": tender,
        "template": base,
        "begun": bool(tender.document),
        "editable": any(
            s.stage in {Stage.DOC_EDIT, Stage.OPEN_FOR_BID} for s in tenders.states_of(tender_id)
        ),
        "sectors": [(code, label, of_sector(code)) for code, label in SECTORS.items()],
        "checked": writing.checked(document) if document else None,
        "given": _given(begun),
    }
    if request.method != "POST":
        return show(request, "work/clauses.html", page)
    given = {
        "slots": {key: text(request, f"slot_{key}") for key in base.slots},
        "sector": text(request, "sector"),
        "library": request.POST.getlist("library"),
    }
    try:
        writing.fill_clauses(
            tender_id=tender_id,
            clauses={"template": base.code, "version": base.version, **given},
            actor=actor,
            now=now(),
        )
    except Refusal as refusal:
        return refused_here(request, "work/clauses.html", page, refusal, given=given)
    return done(f"/work/tenders/{tender_id}/clauses", "范本内容已保存")


def answer_finding(request: HttpRequest, tender_id: str) -> HttpResponse:
    """Keep a clause that the list points at, with a written reason."""
    writing.answer_finding(
        tender_id=tender_id,
        finding=text(request, "finding"),
        reason=text(request, "reason"),
        actor=who(request),
        now=now(),
    )
    return done(f"/work/tenders/{tender_id}/clauses#findings", "已记录保留该内容的理由, 随招标文件公布")


def finding_json(found: Finding, answers: Any = None) -> dict[str, Any]:
    """Return a finding as JSON."""
    return {
        "key": found.key,
        "rule": found.rule,
        "level": found.level.value,
        "level_label": found.level.label,
        "says": found.says,
        "place": found.place,
        "where": found.where,
        "phrase": found.phrase,
        "sentence": found.sentence,
        "start": found.start,
        "end": found.end,
        "basis": found.basis,
        "instead": found.instead,
        "answer": (answers or {}).get(found.key, ""),
    }


def check_now(request: HttpRequest, tender_id: str) -> HttpResponse:
    """Answer what the negative list says of texts that are being written; nothing is kept."""
    own_tender(tender_id, who(request))
    try:
        rows = json.loads(request.body)["texts"]
        places = [Place(key=str(r["key"])[:80], says=str(r["says"])[:80], text=str(r["text"])) for r in rows]
    except (ValueError, KeyError, TypeError):
        places = []
    try:
        if not places or len(places) > MOST_TEXTS or sum(len(p.text) for p in places) > MOST_LETTERS:
            raise BadInput(f"请提交1至{MOST_TEXTS}段文字, 合计不超过{MOST_LETTERS}字")
    except BadInput as refusal:
        return JsonResponse(refusal.as_problem(), status=refusal.status)
    return JsonResponse({"findings": [finding_json(f) for f in check(places)]})


def differences(request: HttpRequest, tender_id: str, older: int, newer: int) -> HttpResponse:
    """Show what changed between two published versions, clause by clause."""
    page = {
        "tender": tenders.tender(tender_id, viewer=who(request)),
        "comparison": writing.compare_versions(tender_id=tender_id, older=older, newer=newer),
        "files": tenders.file_versions(tender_id),
    }
    return show(request, "public/file_diff.html", page)


def pdf(request: HttpRequest, tender_id: str, version: int) -> FileResponse:
    """Give a version as PDF/A with its data embedded, sealed if the owner side has sealed it: for anyone."""
    row = file_pdf(tender=tender_id, version=version)
    if row is None:
        raise NotFound(
            "没有这个版本的PDF, 刚发布的正在生成, 请稍后再试",
            next_steps=(("查看招标文件", f"/files/{tender_id}/{version}"),),
        )
    name = f"招标文件-第{version}版{'' if row.sealed else '-未签章'}.pdf"
    return FileResponse(files.path_of(row.sha256).open("rb"), content_type="application/pdf", filename=name)


def seal_page(request: HttpRequest, tender_id: str, version: int) -> HttpResponse:
    """Show a version's PDF and let the owner side seal it."""
    page = {
        "tender": own_tender(tender_id, who(request)),
        "version": tenders.tender_file(tender_id=tender_id, version=version).version,
        "pdf": file_pdf(tender=tender_id, version=version),
    }
    return show(request, "work/file_seal.html", page)


def seal_bytes(request: HttpRequest, tender_id: str, version: int) -> bytes:
    """Prepare the seal and return what the certificate signs."""
    waiting = filepdf.prepare_file_seal(tender_id=tender_id, version=version, actor=who(request), now=now())
    return bytes(waiting.to_sign)


def seal(request: HttpRequest, tender_id: str, version: int) -> HttpResponse:
    """Seal a version's PDF."""
    filepdf.finish_file_seal(
        tender_id=tender_id,
        version=version,
        signature=text(request, "signature"),
        actor=who(request),
        now=now(),
    )
    return done(f"/work/tenders/{tender_id}/files/{version}", "招标文件已签章, 公开页面即可下载")


_TENDER = "work/tenders/<str:tender_id>"

urlpatterns = [
    route(f"{_TENDER}/lists", lists, name="work-lists", permission=P.TENDER_EDIT),
    route(f"{_TENDER}/clauses", clauses, name="work-clauses", permission=P.TENDER_EDIT),
    route(
        f"{_TENDER}/findings/answer",
        only_posted(answer_finding),
        name="work-answer-finding",
        permission=P.TENDER_EDIT,
    ),
    route(f"{_TENDER}/check", only_posted(check_now), name="work-check", permission=P.TENDER_EDIT),
    route(
        "files/<str:tender_id>/<int:older>..<int:newer>",
        differences,
        name="file-differences",
        permission=P.PORTAL_READ,
    ),
    route("files/<str:tender_id>/<int:version>.pdf", pdf, name="file-pdf", permission=P.PORTAL_READ),
    route(f"{_TENDER}/files/<int:version>", seal_page, name="work-file", permission=P.TENDER_EDIT),
    route(
        f"{_TENDER}/files/<int:version>/to-sign",
        signing(seal_bytes),
        name="file-to-sign",
        permission=P.FILE_SEAL,
    ),
    route(
        f"{_TENDER}/files/<int:version>/seal",
        only_posted(seal),
        name="work-file-seal",
        permission=P.FILE_SEAL,
    ),
]
