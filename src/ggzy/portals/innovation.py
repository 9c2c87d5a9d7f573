"""合作创新采购: the public list and each purchase, the desks of buyer, group and supplier up to the first purchase."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse

from ggzy.innovation import actions, buying, contracts, judging, queries, rules, talking
from ggzy.innovation.queries import InnovationRow
from ggzy.innovation.rules import Buyer, Cost, EndGround, Ground, Seat, Way, Weighs
from ggzy.kernel import files
from ggzy.kernel.actors import Actor, Role
from ggzy.kernel.clock import BEIJING
from ggzy.kernel.refusals import BadInput, Refusal
from ggzy.parties.grid import Permission as P
from ggzy.parties.grid import may
from ggzy.portals import disputes
from ggzy.portals.frame import done, moment, now, route, show, text, who
from ggzy.portals.ranges import send_file
from ggzy.portals.work import Todo, only_posted, refused_here, signing
from ggzy.procedures.spec import Stage

_ONE, _NEW, _FILE = "work/innovation.html", "work/innovation_new.html", "work/innovation_file.html"
#: rows that a form shows at once, and the most it has: those between are folded away
GROUP_ROWS, STAGE_ROWS, FACTOR_ROWS, FIRST_ROWS = 7, 5, 5, 3
MOST_GROUP = 15
_PLAN_CHOICES = ("name", "contact", "ground", "buyer_kind", "approval", "way", "months", "most_cost")
_FILE_FIELDS = (
    *("most_cost", "adjusted", "months", "suppliers", "compensation", "first_price", "incentive", "interim"),
    "answer_until",
)
_FACTOR = ("name", "weight", "weighs")


# --- for everybody


def public_list(request: HttpRequest) -> HttpResponse:
    """Show the purchases that everybody may know of."""
    return show(request, "public/innovations.html", {"rows": queries.public_rows(), "now": now()})


def public_one(request: HttpRequest, innovation_id: str) -> HttpResponse:
    """Show one purchase: its call, its file, its result, the first purchase; no plan and no cost of a supplier."""
    row = queries.innovation_row(innovation_id, viewer=who(request))
    page = {"row": row, "now": now(), **disputes.card(innovation_id, who(request))}
    return show(request, "public/innovation.html", page)


# --- the desks


def desk(request: HttpRequest) -> HttpResponse:
    """Show the purchases that concern whoever is signed in, each with the one next step."""
    actor, at = who(request), now()
    rows = [(row, *queries.step_of(row, now=at)) for row in queries.rows_of(actor)]
    page = {"rows": rows, "may_buy": may(actor, P.INNOVATION_BUY), "now": at}
    return show(request, "work/innovations.html", page)


def todos(actor: Actor) -> list[Todo]:
    """Return the next steps of purchases and research contracts that wait for whoever is signed in."""
    if not actor.signed_in or actor.role not in {Role.TENDEREE, Role.BIDDER, Role.EXPERT}:
        return []
    at, out = now(), []
    for row in queries.rows_of(actor, live=True):
        says, anchor = queries.step_of(row, now=at)
        if says and (row.side or row.member):
            out.append(
                Todo(
                    what=says,
                    where=f"合作创新采购: {row.name}",
                    href=f"/work/innovations/{row.innovation}#{anchor}",
                    label="办理",
                    due=queries.due_on(row),
                )
            )
        for one in row.contracts:
            says, anchor = queries.contract_step(one)
            if says:
                out.append(
                    Todo(
                        what=says,
                        where=f"研发合同: {row.name}, {one.supplier}",
                        href=f"/work/research/{one.contract}#{anchor}",
                        label="办理",
                    )
                )
    return out


def _page(request: HttpRequest, innovation_id: str) -> dict[str, Any]:
    at, actor = now(), who(request)
    row = queries.innovation_row(innovation_id, viewer=actor)
    says, anchor = queries.step_of(row, now=at)
    seats = [{"username": m.username, "seat": m.seat} for m in row.members]
    return {
        "row": row,
        "step": says,
        "anchor": anchor,
        "due": queries.due_on(row),
        "uscc": actor.uscc,
        "contracts": [(one, *queries.contract_step(one)) for one in row.contracts],
        "own": row.own,
        "sealed": row.own.response(_sealing(row)) if row.own else None,
        "kind": _sealing(row),
        "sealing": bool(row.sealed_until and at < row.sealed_until),
        "parts": [(name, *says) for name, says in rules.RESPONSE.items()],
        "most_bytes": rules.MOST_FILE_BYTES,
        "group": _table(seats, ("username", "seat"), GROUP_ROWS, MOST_GROUP),
        "seats": [(one.value, one.label) for one in Seat],
        "may_name": row.may_name,
        "may_terminate": row.side == "buyer" and (row.may_end or row.may_end_first),
        "end_grounds": _end_grounds(row),
        "meets_at": datetime.fromisoformat(row.exchange_call["meets_at"]) if row.exchange_call else None,
        "exchange": _exchange_form(row) if row.member else {},
        "meeting": {**row.exchange_call, "meets_at": as_local(row.exchange_call.get("meets_at", ""))},
        **(disputes.card(innovation_id, actor) if row.called_at else {}),
        "now": at,
        "given": {},
    }


def _end_grounds(row: InnovationRow) -> list[tuple[str, str]]:
    """Return the grounds on which a first purchase may be ended now, none where there is none."""
    if not row.may_end_first:
        return []
    signing = row.stage == Stage.HC_BOUGHT.value
    return [(one.value, one.label) for one in EndGround if signing or one is not EndGround.REFUSED]


def _sealing(row: InnovationRow) -> str:
    return {Stage.HC_ANSWER.value: "first", Stage.HC_FINAL.value: "final"}.get(row.stage, "")


def one(request: HttpRequest, innovation_id: str) -> HttpResponse:
    """Show one purchase to somebody who works with it, with the form of the next step."""
    return show(request, _ONE, _page(request, innovation_id))


def _columns(
    request: HttpRequest, prefix: str, keys: tuple[str, ...], *, chosen: str = ""
) -> list[dict[str, str]]:
    """Return the rows of a table of fields, without those where nothing is written.

    :param chosen: the column that is a choice and so always says something
    """
    columns = {key: request.POST.getlist(f"{prefix}_{key}") for key in keys}
    most = max((len(column) for column in columns.values()), default=0)
    rows = [
        {key: (column[n] if n < len(column) else "").strip() for key, column in columns.items()}
        for n in range(most)
    ]
    return [row for row in rows if any(row[key] for key in keys if key != chosen)]


def _table(rows: list[dict[str, str]], keys: tuple[str, ...], shown: int, most: int) -> dict[str, Any]:
    """Return a table of fields as a form shows it: what is filled and some blank rows, the others folded away."""
    blank = dict.fromkeys(keys, "")
    seen = max(shown, len(rows))
    return {
        "shown": [*rows, *[blank] * (seen - len(rows))],
        "folded": [blank] * max(0, most - seen),
    }


def _number(request: HttpRequest, name: str, says: str) -> int:
    given = text(request, name)
    if not (given.isascii() and given.isdigit() and len(given) < 4):
        raise BadInput(f"{says}请填写整数", field=name)
    return int(given)


# --- the plan


def _plan_form(given: dict[str, Any]) -> dict[str, Any]:
    texts = given.get("plan", {})
    return {
        "grounds": [(one.value, one.label) for one in Ground],
        "buyers": [(one.value, one.label) for one in Buyer],
        "ways": [(one.value, one.label) for one in Way],
        "fields": [(name, what, most, texts.get(name, "")) for name, (what, most) in actions.PLAN.items()],
        "given": given,
    }


def new(request: HttpRequest) -> HttpResponse:
    """Register the plan of a purchase."""
    if request.method != "POST":
        return show(request, _NEW, _plan_form({"consortium": True, "months": 24}))
    given: dict[str, Any] = {name: text(request, name) for name in _PLAN_CHOICES}
    given |= {
        "plan": {name: text(request, name) for name in actions.PLAN},
        "invited": text(request, "invited"),
        "consortium": text(request, "consortium") == "yes",
        "major": text(request, "major") == "yes",
    }
    try:
        made = actions.keep_plan(
            **given
            | {
                "months": _number(request, "months", "研发期限"),
                "invited": given["invited"].replace(",", " ").split(),
            },
            actor=who(request),
            now=now(),
        )
    except Refusal as refusal:
        return refused_here(request, _NEW, _plan_form(given), refusal, given=given)
    return done(f"/work/innovations/{made.public_id}", "采购方案已登记, 请确定谈判小组, 发布公告。")


def _tried(
    request: HttpRequest, innovation_id: str, act: Callable[[], object], says: str, **given: Any
) -> HttpResponse:
    """Do an act on a purchase and go back to it; a refusal is shown beside its form."""
    try:
        act()
    except Refusal as refusal:
        page = _page(request, innovation_id)
        if "group" in given:
            page["group"] = _table(given["group"], ("username", "seat"), GROUP_ROWS, MOST_GROUP)
        # what was entered stands in the place of what is kept
        page |= {name: given[name] for name in ("exchange", "meeting") if name in given}
        return refused_here(request, _ONE, page, refusal, given=given)
    return done(f"/work/innovations/{innovation_id}", says)


def _plain(act: Callable[..., object], says: str) -> Callable[..., HttpResponse]:
    """Return a view of an act that needs nothing but whose it is."""

    def view(request: HttpRequest, innovation_id: str) -> HttpResponse:
        return _tried(
            request,
            innovation_id,
            lambda: act(innovation_id=innovation_id, actor=who(request), now=now()),
            says,
        )

    view.__doc__ = act.__doc__
    return view


def call(request: HttpRequest, innovation_id: str) -> HttpResponse:
    """Publish the notice, or send the invitations."""

    def act() -> object:
        return actions.publish_call(
            innovation_id=innovation_id,
            apply_until=moment(request, "apply_until", says="提交申请文件的截止时间"),
            actor=who(request),
            now=now(),
        )

    return _tried(
        request, innovation_id, act, "已发布, 供应商可以申请。", apply_until=text(request, "apply_until")
    )


def name_group(request: HttpRequest, innovation_id: str) -> HttpResponse:
    """Name the group."""
    members = _columns(request, "member", ("username", "seat"), chosen="seat")

    def act() -> object:
        return actions.name_group(innovation_id=innovation_id, members=members, actor=who(request), now=now())

    return _tried(request, innovation_id, act, "谈判小组成员已确定。", group=members)


def replace_member(request: HttpRequest, innovation_id: str) -> HttpResponse:
    """Replace a member while a sitting goes on."""
    given = {name: text(request, name) for name in ("member", "username", "reason")}

    def act() -> object:
        return judging.replace_member(innovation_id=innovation_id, **given, actor=who(request), now=now())

    return _tried(request, innovation_id, act, "成员已更换, 谈判小组重新评审。", replacing=given)


def application_to_sign(request: HttpRequest, innovation_id: str) -> bytes:
    """Return the application as the supplier signs it."""
    return actions.application_to_sign(
        innovation_id=innovation_id,
        statement=request.GET.get("statement", ""),
        contact=request.GET.get("contact", ""),
        partners=request.GET.get("partners", ""),
        actor=who(request),
        now=now(),
    )


def apply(request: HttpRequest, innovation_id: str) -> HttpResponse:
    """Hand in an application."""
    given = {name: text(request, name) for name in ("statement", "contact", "partners")}

    def act() -> object:
        return actions.apply(
            innovation_id=innovation_id,
            **given,
            signature=text(request, "signature"),
            actor=who(request),
            now=now(),
        )

    return _tried(request, innovation_id, act, "申请文件已提交; 截止前可以重新提交。", **given)


# --- the group


def _sheet(request: HttpRequest) -> dict[str, dict[str, Any]]:
    out: dict[str, dict[str, Any]] = {}
    for name in request.POST:
        what, _, rest = name.partition(":")
        participant, _, factor = rest.partition(":")
        if what == "qualified":
            out.setdefault(participant, {})["qualified"] = text(request, name) == "yes"
        elif what == "reason" and participant:
            out.setdefault(participant, {})["reason"] = text(request, name)
        elif what == "points":
            out.setdefault(participant, {})[factor] = text(request, name)
    return out


def hand_in_sheet(request: HttpRequest, innovation_id: str) -> HttpResponse:
    """Hand in a member's sheet."""
    findings = _sheet(request)

    def act() -> object:
        return judging.hand_in_sheet(
            innovation_id=innovation_id, findings=findings, actor=who(request), now=now()
        )

    kept = {name: text(request, name) for name in request.POST if ":" in name}
    return _tried(request, innovation_id, act, "您的评审意见已提交。", sheet=kept)


def report_to_sign(request: HttpRequest, innovation_id: str) -> bytes:
    """Return the report of the sitting to sign."""
    return judging.report_to_sign(
        innovation_id=innovation_id,
        agrees=request.GET.get("agrees") != "no",
        reason=request.GET.get("reason", ""),
        actor=who(request),
        now=now(),
    )


def sign_report(request: HttpRequest, innovation_id: str) -> HttpResponse:
    """Sign the report of the sitting."""

    def act() -> object:
        return judging.sign_report(
            innovation_id=innovation_id,
            agrees=text(request, "agrees") != "no",
            reason=text(request, "reason"),
            signature=text(request, "signature"),
            actor=who(request),
            now=now(),
        )

    return _tried(
        request,
        innovation_id,
        act,
        "报告已签署。",
        report_reason=text(request, "reason"),
        disagrees=text(request, "agrees") == "no",
    )


def call_exchange(request: HttpRequest, innovation_id: str) -> HttpResponse:
    """Tell all qualified suppliers when and where the exchange of concepts is."""
    given = {name: text(request, name) for name in ("meets_at", "place", "text")}

    def act() -> object:
        return talking.call_exchange(
            innovation_id=innovation_id,
            meets_at=moment(request, "meets_at", says="交流时间"),
            place=given["place"],
            text=given["text"],
            actor=who(request),
            now=now(),
        )

    return _tried(request, innovation_id, act, "已同时通知全部合格的供应商。", meeting=given)


def _exchange_form(row: InnovationRow) -> dict[str, Any]:
    """Return what the form of the exchange begins with: the call's time and place, then what is written down."""
    kept, begun = row.exchange, row.exchange_call
    return {
        "met_at": as_local(kept.get("met_at") or begun.get("meets_at", "")),
        "place": kept.get("place") or begun.get("place", ""),
        "text": kept.get("text", ""),
        # nobody is said to have come before somebody says so
        "attended": [p.participant for p in row.qualified if kept and p.participant not in kept["absent"]],
    }


def as_local(iso: str) -> str:
    """Return a kept moment as an input of day and time takes it, in Beijing."""
    return datetime.fromisoformat(iso).astimezone(BEIJING).strftime("%Y-%m-%dT%H:%M") if iso else ""


def exchange(request: HttpRequest, innovation_id: str) -> HttpResponse:
    """Write down the exchange of concepts."""
    given: dict[str, Any] = {name: text(request, name) for name in ("met_at", "place", "text")}
    given["attended"] = request.POST.getlist("attended")

    def act() -> object:
        return talking.record_exchange(
            innovation_id=innovation_id,
            met_at=moment(request, "met_at", says="交流时间"),
            place=given["place"],
            text=given["text"],
            attended=given["attended"],
            actor=who(request),
            now=now(),
        )

    return _tried(request, innovation_id, act, "创新概念交流已记录。", exchange=given)


def talk(request: HttpRequest, innovation_id: str) -> HttpResponse:
    """Write down a talk with one supplier."""
    given = {name: text(request, name) for name in ("participant", "text")}

    def act() -> object:
        return talking.record_talk(innovation_id=innovation_id, **given, actor=who(request), now=now())

    return _tried(request, innovation_id, act, "谈判已记录。", talk=given)


def change(request: HttpRequest, innovation_id: str) -> HttpResponse:
    """Change the file in talks."""
    said = text(request, "text")

    def act() -> object:
        return talking.change_file(innovation_id=innovation_id, text=said, actor=who(request), now=now())

    return _tried(request, innovation_id, act, "已书面通知全部参加的供应商。", change=said)


def ask_finals(request: HttpRequest, innovation_id: str) -> HttpResponse:
    """Ask for final responses."""

    def act() -> object:
        return talking.ask_finals(
            innovation_id=innovation_id,
            until=moment(request, "until", says="提交最终响应文件的截止时间"),
            actor=who(request),
            now=now(),
        )

    return _tried(
        request, innovation_id, act, "已通知全部供应商提交最终响应文件。", until=text(request, "until")
    )


# --- the file and the responses


def _file_form(
    request: HttpRequest, innovation_id: str, given: dict[str, Any], tables: dict[str, Any]
) -> dict[str, Any]:
    row = queries.innovation_row(innovation_id, viewer=who(request))
    texts = given.get("texts", {})
    return {
        "row": row,
        "fields": [(name, what, most, texts.get(name, "")) for name, (what, most) in talking.FILE.items()],
        "costs": [(one.value, one.label) for one in Cost],
        "weighs": [(one.value, one.label) for one in Weighs],
        "first_weighs": [(one.value, one.label) for one in Weighs if one is not Weighs.PLAN],
        "factors": _table(tables.get("factors", []), _FACTOR, FACTOR_ROWS, rules.MOST_FACTORS),
        "first_factors": _table(tables.get("first_factors", []), _FACTOR, FIRST_ROWS, rules.MOST_FACTORS),
        "stages": _table(tables.get("stages", []), ("name", "milestone"), STAGE_ROWS, rules.MOST_STAGES),
        "given": given,
        "now": now(),
    }


def issue_file(request: HttpRequest, innovation_id: str) -> HttpResponse:
    """Issue the research file."""
    if request.method != "POST":
        row = queries.innovation_row(innovation_id, viewer=who(request))
        begun: dict[str, Any] = {
            "texts": {name: row.plan.get(name, "") for name in talking.FILE},
            "most_cost": row.most_cost,
            "months": row.months,
            "suppliers": 3,
            "incentive": "0",
            "cost_kinds": [one.value for one in Cost],
            "interim": "yes",
        }
        return show(request, _FILE, _file_form(request, innovation_id, begun, {}))
    given: dict[str, Any] = {name: text(request, name) for name in _FILE_FIELDS}
    given |= {
        "texts": {name: text(request, name) for name in talking.FILE},
        "cost_kinds": request.POST.getlist("cost_kinds"),
    }
    tables = {
        "factors": _columns(request, "factor", _FACTOR, chosen="weighs"),
        "first_factors": _columns(request, "first", _FACTOR, chosen="weighs"),
        "stages": _columns(request, "stage", ("name", "milestone")),
    }
    try:
        talking.issue_file(
            innovation_id=innovation_id,
            **given
            | tables
            | {
                "months": _number(request, "months", "研发期限"),
                "suppliers": _number(request, "suppliers", "研发供应商数量"),
                "interim": given["interim"] == "yes",
                "answer_until": moment(request, "answer_until", says="首次提交响应文件的截止时间"),
            },
            actor=who(request),
            now=now(),
        )
    except Refusal as refusal:
        page = _file_form(request, innovation_id, given, tables)
        return refused_here(request, _FILE, page, refusal, given=given)
    return done(f"/work/innovations/{innovation_id}", "研发谈判文件已发出, 供应商在截止前封存响应文件。")


def clarify(request: HttpRequest, innovation_id: str) -> HttpResponse:
    """Clarify the file."""
    given = {name: text(request, name) for name in ("text", "answer_until")}

    def act() -> object:
        until: datetime | None = None
        if given["answer_until"]:
            until = moment(request, "answer_until", says="提交响应文件的截止时间")
        return talking.clarify_file(
            innovation_id=innovation_id,
            text=given["text"],
            answer_until=until,
            actor=who(request),
            now=now(),
        )

    return _tried(request, innovation_id, act, "已书面通知全部取得文件的供应商。", clarified=given)


def response_to_sign(request: HttpRequest, innovation_id: str) -> bytes:
    """Return the digest of a response to sign."""
    return talking.response_to_sign(
        innovation_id=innovation_id,
        commitment=request.GET.get("commitment", ""),
        actor=who(request),
        now=now(),
    )


def seal(request: HttpRequest, innovation_id: str) -> HttpResponse:
    """Seal a response: only its digest comes here."""

    def act() -> object:
        return talking.seal_response(
            innovation_id=innovation_id,
            commitment=text(request, "commitment"),
            signature=text(request, "signature"),
            actor=who(request),
            now=now(),
        )

    return _tried(request, innovation_id, act, "响应文件的摘要已封存, 请保管好响应凭证, 截止后用它揭示。")


def reveal(request: HttpRequest, innovation_id: str) -> HttpResponse:
    """Reveal a response with the voucher that the browser saved when it sealed, and the file that was sealed with it."""
    sent = request.FILES.get("file")

    def act() -> object:
        try:
            voucher = json.loads(text(request, "voucher"))
        except ValueError:
            voucher = None
        if not isinstance(voucher, dict) or not isinstance(voucher.get("response"), dict):
            raise BadInput("请选择封存时保存的响应凭证", field="voucher")
        return talking.reveal_response(
            innovation_id=innovation_id,
            response=voucher["response"],
            salt=str(voucher.get("salt", "")),
            file_data=sent.read() if sent else b"",
            actor=who(request),
            now=now(),
        )

    return _tried(request, innovation_id, act, "响应文件已揭示, 只有谈判小组能够审阅。")


def response_file(request: HttpRequest, innovation_id: str, participant: str, kind: str) -> HttpResponse:
    """Send the file of a response to who may read the response."""
    name, digest = queries.file_of(innovation_id, participant=participant, kind=kind, viewer=who(request))
    return send_file(
        request,
        files.path_of(digest),
        mark=digest,
        content_type="application/octet-stream",
        filename=name,
        as_attachment=True,
    )


# --- the result and the end


def terminate(request: HttpRequest, innovation_id: str) -> HttpResponse:
    """Terminate a purchase."""
    reason = text(request, "reason")

    def act() -> object:
        return actions.terminate(innovation_id=innovation_id, reason=reason, actor=who(request), now=now())

    return _tried(request, innovation_id, act, "采购活动已终止。", end_reason=reason, ending=True)


def terminate_first(request: HttpRequest, innovation_id: str) -> HttpResponse:
    """End a first purchase."""
    given = {name: text(request, name) for name in ("ground", "reason")}

    def act() -> object:
        return buying.terminate_first(innovation_id=innovation_id, **given, actor=who(request), now=now())

    return _tried(
        request,
        innovation_id,
        act,
        "首购已终止。",
        end_ground=given["ground"],
        end_reason=given["reason"],
        ending=True,
    )


def first_to_sign(request: HttpRequest, innovation_id: str) -> bytes:
    """Return the first-purchase agreement to sign."""
    return buying.agreement_to_sign(innovation_id=innovation_id, actor=who(request))


def sign_first(request: HttpRequest, innovation_id: str) -> HttpResponse:
    """Sign the first-purchase agreement."""

    def act() -> object:
        return buying.sign_first(
            innovation_id=innovation_id,
            signature=text(request, "signature"),
            actor=who(request),
            now=now(),
        )

    return _tried(request, innovation_id, act, "首购协议本方已签名。")


determine = _plain(contracts.determine_suppliers, "研发供应商已公告, 请签订研发合同。")
conclude = _plain(buying.conclude_research, "研发已结束。")
publish = _plain(buying.publish_first, "首购产品信息已公告, 请签订首购协议。")

_AT = "work/innovations/<str:innovation_id>/"
_BUY, _APPLY, _JUDGE, _SIGN = P.INNOVATION_BUY, P.INNOVATION_APPLY, P.INNOVATION_JUDGE, P.INNOVATION_SIGN
urlpatterns = [
    route("innovations", public_list, name="innovations", permission=P.PORTAL_READ),
    route("innovations/<str:innovation_id>", public_one, name="innovation", permission=P.PORTAL_READ),
    route("work/innovations", desk, name="work-innovations", permission=P.WORKBENCH_READ),
    route("work/innovations/new", new, name="work-innovation-new", permission=_BUY),
    route("work/innovations/<str:innovation_id>", one, name="work-innovation", permission=P.WORKBENCH_READ),
    route(f"{_AT}call", only_posted(call), name="work-innovation-call", permission=_BUY),
    route(f"{_AT}group", only_posted(name_group), name="work-innovation-group", permission=_BUY),
    route(f"{_AT}member", only_posted(replace_member), name="work-innovation-member", permission=_BUY),
    route(f"{_AT}apply/to-sign", signing(application_to_sign), name="innovation-to-sign", permission=_APPLY),
    route(f"{_AT}apply", only_posted(apply), name="work-innovation-apply", permission=_APPLY),
    route(f"{_AT}sheet", only_posted(hand_in_sheet), name="work-innovation-sheet", permission=_JUDGE),
    route(f"{_AT}report/to-sign", signing(report_to_sign), name="innovation-report", permission=_JUDGE),
    route(f"{_AT}report", only_posted(sign_report), name="work-innovation-report", permission=_JUDGE),
    route(f"{_AT}meeting", only_posted(call_exchange), name="work-innovation-meeting", permission=_BUY),
    route(f"{_AT}exchange", only_posted(exchange), name="work-innovation-exchange", permission=_JUDGE),
    route(f"{_AT}file", issue_file, name="work-innovation-file", permission=_BUY),
    route(f"{_AT}clarify", only_posted(clarify), name="work-innovation-clarify", permission=_BUY),
    route(f"{_AT}seal/to-sign", signing(response_to_sign), name="innovation-seal", permission=_APPLY),
    route(f"{_AT}seal", only_posted(seal), name="work-innovation-seal", permission=_APPLY),
    route(
        f"{_AT}responses/<str:participant>/<str:kind>/file",
        response_file,
        name="work-innovation-response-file",
        permission=P.WORKBENCH_READ,
    ),
    route(f"{_AT}reveal", only_posted(reveal), name="work-innovation-reveal", permission=_APPLY),
    route(f"{_AT}talk", only_posted(talk), name="work-innovation-talk", permission=_JUDGE),
    route(f"{_AT}change", only_posted(change), name="work-innovation-change", permission=_JUDGE),
    route(f"{_AT}finals", only_posted(ask_finals), name="work-innovation-finals", permission=_JUDGE),
    route(f"{_AT}determine", only_posted(determine), name="work-innovation-determine", permission=_BUY),
    route(f"{_AT}conclude", only_posted(conclude), name="work-innovation-conclude", permission=_BUY),
    route(f"{_AT}publish", only_posted(publish), name="work-innovation-publish", permission=_BUY),
    route(f"{_AT}first/to-sign", signing(first_to_sign), name="innovation-first", permission=_SIGN),
    route(f"{_AT}first", only_posted(sign_first), name="work-innovation-first", permission=_SIGN),
    route(f"{_AT}first/end", only_posted(terminate_first), name="work-innovation-first-end", permission=_BUY),
    route(f"{_AT}end", only_posted(terminate), name="work-innovation-end", permission=_BUY),
]
