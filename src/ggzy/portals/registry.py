"""The registry of subjects: an organisation's own records, and what anyone may read of organisations."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import FileResponse, HttpRequest, HttpResponse

from ggzy.awarding.queries import works_of_managers
from ggzy.kernel import files
from ggzy.kernel.actors import Actor, Role
from ggzy.kernel.refusals import NotFound, Refusal
from ggzy.opendata.deeds import deeds_of
from ggzy.parties.grid import Permission as P
from ggzy.portals.frame import done, now, route, show, text, who
from ggzy.portals.work import Todo, only_posted, refused_here
from ggzy.registry import actions, queries, rules
from ggzy.registry.rules import Kind, Sort, State

#: what each role keeps of itself
SECTIONS = {
    Role.BIDDER: tuple(Kind),
    Role.AGENCY: (Kind.BASIC, Kind.PERSON, Kind.PERFORMANCE, Kind.HONOUR, Kind.RELATION),
    Role.TENDEREE: (Kind.BASIC, Kind.PERSON, Kind.RELATION),
}
_HINTS = {
    Kind.BASIC: "投标保证金应从基本账户转出; 账号只有本单位看得到。",
    Kind.QUALIFICATION: "按证书填写, 附扫描件。",
    Kind.LICENCE: "例如安全生产许可证。",
    Kind.PERSON: "项目负责人、技术负责人等。证件号码加密保存, 不在任何页面显示; 人员信息不对外公开。",
    Kind.PERFORMANCE: "附中标通知书、合同、竣工验收证明。",
    Kind.HONOUR: "工程奖项和管理体系认证。非强制认证不得作为资格条件。",
    Kind.FINANCE: "各年度财务数据, 不对外公开。",
    Kind.RELATION: "用于开标后提示评标委员会: 单位负责人为同一人、有控股或管理关系的不得参加同一标段投标。",
}


@dataclass(frozen=True, kw_only=True)
class _Input:
    """One input of a form."""

    field: rules.Field
    value: str
    kept: bool

    @property
    def is_choice(self) -> bool:
        """Say whether one of a list is chosen."""
        return self.field.sort is Sort.CODE


def ending_todos(actor: Actor, moment: datetime) -> list[Todo]:
    """Return what ends within weeks, or has ended, as things to do on the bench."""
    rows = queries.ending_soon(organisation_pk=actor.organisation_pk, now=moment)
    return [
        Todo(
            what=f"{row.kind.label}{'已过期' if row.state is State.EXPIRED else '即将到期'}, 请更新登记信息",
            where=f"{row.title} · 有效期至 {row.valid_to}",
            href=f"/work/registry/{row.kind.value}/{row.record}",
            label="更新",
        )
        for row in rows
    ]


def registry(request: HttpRequest) -> HttpResponse:
    """Show the own records by kind."""
    actor = who(request)
    rows = queries.own_records(actor=actor, now=now())
    sections = [
        {"kind": kind, "hint": _HINTS[kind], "rows": [r for r in rows if r.kind is kind]}
        for kind in SECTIONS.get(actor.role, ())
    ]
    works = works_of_managers(
        [r.given["certificate"] for r in rows if r.kind is Kind.PERSON and r.given["duty"] == "manager"]
    )
    page = {
        "sections": sections,
        "works": {r.record: works.get(r.given.get("certificate", ""), []) for r in rows},
        "demo": any(r.demo for r in rows),
        "bidder": actor.role is Role.BIDDER,
        "public_id": actor.organisation,
    }
    return show(request, "work/registry.html", page)


def _form(request: HttpRequest, kind: Kind, record: str) -> dict[str, Any]:
    """Return the page of one record: its inputs, and its history if there is one."""
    versions = queries.history(record_id=record, actor=who(request), now=now()) if record else []
    last = versions[0] if versions else None
    given = dict(last.given) if last else {}
    if last:
        given |= {
            "valid_from": last.valid_from.isoformat() if last.valid_from else "",
            "valid_to": last.valid_to.isoformat() if last.valid_to else "",
        }
    if request.method == "POST":
        given = {name: text(request, name) for name in [f.name for f in rules.FIELDS[kind]]}
        given |= {name: text(request, name) for name in ("valid_from", "valid_to")}
        given |= {f.name: "" for f in rules.FIELDS[kind] if f.secret}  # never sent back to the page
    return {
        "kind": kind,
        "hint": _HINTS[kind],
        "record": record,
        "last": last,
        "versions": versions,
        "demo": any(v.demo for v in versions),
        "ending": kind in rules.ENDING,
        "end_needed": kind in rules.ENDING and kind is not Kind.HONOUR,
        "start": given.get("valid_from", ""),
        "end": given.get("valid_to", ""),
        "inputs": [
            _Input(
                field=field,
                value=given.get(field.name, ""),
                kept=bool(last and field.name in last.secrets),
            )
            for field in rules.FIELDS[kind]
        ],
    }


def _kind(name: str, actor: Actor) -> Kind:
    found = next((k for k in SECTIONS.get(actor.role, ()) if k.value == name), None)
    if found is None:
        raise NotFound("主体库没有这类信息", next_steps=(("主体库", "/work/registry"),))
    return found


def record(request: HttpRequest, kind: str, record_id: str) -> HttpResponse:
    """Show one record with its history, or keep a new version of it ("new" makes one)."""
    actor = who(request)
    kind_ = _kind(kind, actor)
    known = "" if record_id == "new" else record_id
    page = _form(request, kind_, known)
    if request.method != "POST":
        return show(request, "work/registry_record.html", page)
    try:
        actions.keep_record(
            kind=kind_,
            values=request.POST.dict(),
            attached=[(f.name or "文件", f.read()) for f in request.FILES.getlist("files")],
            record_id=known,
            actor=actor,
            now=now(),
        )
    except Refusal as refusal:
        return refused_here(request, "work/registry_record.html", page, refusal, given={})
    return done(f"/work/registry#{kind_.value}", f"{kind_.label}已保存, 即时可用")


def end(request: HttpRequest, record_id: str) -> HttpResponse:
    """Withdraw a record."""
    actions.end_record(record_id=record_id, actor=who(request), now=now())
    return done("/work/registry", "已停用, 历史版本仍然保留")


def file(request: HttpRequest, digest: str) -> HttpResponse:
    """Send a file of an own record."""
    name = queries.own_file(digest=digest, actor=who(request))
    return FileResponse(files.path_of(digest).open("rb"), filename=name, as_attachment=True)


def organisations(request: HttpRequest) -> HttpResponse:
    """Show registered organisations, by name or code."""
    given = request.GET
    kind = given.get("kind", "")
    number = int(given["page"]) if given.get("page", "").isdecimal() and len(given["page"]) < 5 else 1
    words = given.get("words", "").strip().replace("\0", "")[:100]
    rows = queries.find_organisations(words=words, kind=kind, page=number)
    page = {
        "rows": rows[:20],
        "words": words,
        "kind": kind,
        "kinds": [(role.value, role.label) for role in (Role.BIDDER, Role.AGENCY, Role.TENDEREE)],
        "page": number,
        "more": len(rows) > 20,
    }
    return show(request, "public/organisations.html", page)


def organisation(request: HttpRequest, organisation_id: str) -> HttpResponse:
    """Show the public part of an organisation."""
    row = queries.organisation(organisation_id=organisation_id, now=now())
    sections = [(kind, [r for r in row.records if r.kind is kind]) for kind in rules.PUBLIC]
    page = {"row": row, "sections": [s for s in sections if s[1]], "deeds": deeds_of(organisation_id)}
    return show(request, "public/organisation.html", page)


_WORK = "work/registry"
urlpatterns = [
    route(_WORK, registry, name="work-registry", permission=P.REGISTRY_KEEP),
    route(f"{_WORK}/files/<str:digest>", file, name="work-registry-file", permission=P.REGISTRY_KEEP),
    route(
        f"{_WORK}/end/<str:record_id>", only_posted(end), name="work-registry-end", permission=P.REGISTRY_KEEP
    ),
    route(
        f"{_WORK}/<str:kind>/<str:record_id>", record, name="work-registry-record", permission=P.REGISTRY_KEEP
    ),
    route("organisations", organisations, name="organisations", permission=P.PORTAL_READ),
    route("organisations/<str:organisation_id>", organisation, name="organisation", permission=P.PORTAL_READ),
]
