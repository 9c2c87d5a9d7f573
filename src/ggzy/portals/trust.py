"""The trust list: what anyone may see of it, and the desk where two administrators change it."""

import json
from typing import Any

from django.http import HttpRequest, HttpResponse

from ggzy.identity import listed, listing
from ggzy.identity.mapping import USUAL, rules_as_json
from ggzy.identity.trustlist import ALGORITHMS, Purpose, Status
from ggzy.kernel.actors import Actor
from ggzy.kernel.refusals import BadInput, Refusal
from ggzy.parties.grid import Permission as P
from ggzy.portals.frame import done, now, route, show, text, who
from ggzy.portals.work import Todo, download, only_posted, refused_here

_DESK = "work/trust.html"


def public(request: HttpRequest) -> HttpResponse:
    """Show the CAs that are recognised, how fresh their revocation lists are, and every version."""
    number, rows = listed.cas(now=now())
    page = {"number": number, "cas": rows, "versions": listed.versions(), "now": now()}
    return show(request, "public/trust.html", page)


def version_json(request: HttpRequest, number: int) -> HttpResponse:
    """Download a version as the centre signed it."""
    return download(listed.document(number), f"trust-list-{number}.json")


def crl(request: HttpRequest, digest: str) -> HttpResponse:
    """Download a kept revocation list."""
    answer = HttpResponse(listed.crl_of(digest), content_type="application/pkix-crl")
    answer["Content-Disposition"] = f'attachment; filename="{digest[:12]}.crl"'
    return answer


def todos(actor: Actor) -> list[Todo]:
    """Return the versions that wait for this administrator."""
    return [
        Todo(
            what=f"确认信任列表第{row.number}版",
            where=row.reason,
            href="/work/trust",
            label="核对",
            urgent=True,
        )
        for row in listed.proposals(account_pk=actor.account_pk, now=now())
        if not row.own and not row.stale
    ]


def _page(request: HttpRequest) -> dict[str, Any]:
    moment = now()
    entries = listed.entries_in_force(now=moment)
    number, rows = listed.cas(now=moment)
    chosen = next((row for row in entries if row["id"] == request.GET.get("ca")), None)
    return {
        "number": number,
        "cas": rows,
        "proposals": listed.proposals(account_pk=who(request).account_pk, now=moment),
        "given": _filled(chosen)
        if chosen
        else {"status": "active", "purposes": list(Purpose), "rules": _USUAL},
        "algorithms": ALGORITHMS,
        "purposes": [(p.value, p.label) for p in Purpose],
        "statuses": [(s.value, s.label) for s in Status],
    }


_USUAL = json.dumps(rules_as_json(USUAL), ensure_ascii=False, indent=1)


def _filled(row: dict[str, Any]) -> dict[str, Any]:
    """Return an entry as the form shows it."""
    return {
        **row,
        "original": row["id"],
        "anchors": "\n".join(row["anchors"]),
        "intermediates": "\n".join(row["intermediates"]),
        "crl": "\n".join(row["crl"]),
        "valid_from": row["valid_from"][:10],
        "valid_until": (row["valid_until"] or "")[:10],
        "rules": json.dumps(row["rules"], ensure_ascii=False, indent=1),
    }


def desk(request: HttpRequest) -> HttpResponse:
    """Show what is in force and what waits; take a proposal for one CA."""
    if request.method != "POST":
        return show(request, _DESK, _page(request))
    names = (
        "original",
        "id",
        "name",
        "status",
        "anchors",
        "intermediates",
        "crl",
        "valid_from",
        "valid_until",
        "rules",
        "reason",
    )
    given: dict[str, Any] = {name: text(request, name) for name in names}
    given |= {name: request.POST.getlist(name) for name in ("algorithms", "purposes")}
    try:
        entries = listed.changed_entries(
            listed.entries_in_force(now=now()), _entry(given), original=given["original"]
        )
        listing.propose_list(entries=entries, reason=given["reason"], actor=who(request), now=now())
    except Refusal as refusal:
        return refused_here(request, _DESK, _page(request), refusal, given=given, field="entries")
    return done("/work/trust", "已提出, 等另一名管理员核对确认后生效")


def _entry(given: dict[str, Any]) -> dict[str, Any]:
    """Return the entry that a filled form means."""
    try:
        rules = json.loads(given["rules"] or "[]")
    except ValueError:
        raise BadInput("证书字段规则应为JSON列表, 请检查括号和引号", field="rules") from None
    return {
        **{name: given[name] for name in ("id", "name", "status", "algorithms", "purposes")},
        "anchors": _pems(given["anchors"]),
        "intermediates": _pems(given["intermediates"]),
        "crl": given["crl"].split(),
        "valid_from": _midnight(given["valid_from"]) or "2000-01-01T00:00:00+08:00",
        "valid_until": _midnight(given["valid_until"]),
        "rules": rules,
    }


def _pems(text_: str) -> list[str]:
    end = "-----END CERTIFICATE-----"
    return [f"{part[part.index('-----BEGIN') :]}{end}\n" for part in text_.split(end) if "-----BEGIN" in part]


def _midnight(day: str) -> str | None:
    return f"{day}T00:00:00+08:00" if day else None


def confirm(request: HttpRequest, proposal_id: str) -> HttpResponse:
    """Bring a proposal of another administrator into force."""
    try:
        made = listing.confirm_list(
            proposal_id=proposal_id, seen=text(request, "seen"), actor=who(request), now=now()
        )
    except Refusal as refusal:
        return refused_here(request, _DESK, _page(request), refusal, given=_page(request)["given"])
    return done("/work/trust", f"信任列表第{made.number}版已生效, 已签名并写入存证日志")


def drop(request: HttpRequest, proposal_id: str) -> HttpResponse:
    """Withdraw or turn down a proposal."""
    try:
        listing.drop_list(proposal_id=proposal_id, actor=who(request), now=now())
    except Refusal as refusal:
        return refused_here(request, _DESK, _page(request), refusal, given=_page(request)["given"])
    return done("/work/trust", "待确认的版本已撤回")


urlpatterns = [
    route("trust", public, name="trust", permission=P.PORTAL_READ),
    route("trust/<int:number>.json", version_json, name="trust-json", permission=P.PORTAL_READ),
    route("trust/crl/<str:digest>.crl", crl, name="trust-crl", permission=P.PORTAL_READ),
    route("work/trust", desk, name="work-trust", permission=P.TRUST_PROPOSE),
    route(
        "work/trust/<str:proposal_id>/confirm",
        only_posted(confirm),
        name="work-trust-confirm",
        permission=P.TRUST_CONFIRM,
    ),
    route(
        "work/trust/<str:proposal_id>/drop",
        only_posted(drop),
        name="work-trust-drop",
        permission=P.TRUST_PROPOSE,
    ),
]
