"""The permission grid that the centre and the supervisor would sign, and every cell of it run against the code."""

from pathlib import Path
from typing import Any

import pytest

from ggzy.client.party import Party, Problem
from ggzy.experts.models import Candidate
from ggzy.kernel.actors import Role
from ggzy.kernel.refusals import NotPermitted, NotSignedIn
from ggzy.parties.grid import BINDING, GRID, CertificateNeeded, Permission, may, require
from tests.conftest import BASE
from tests.journeys.tale import Tale
from tests.people import actor

ROLES = (
    Role.TENDEREE,
    Role.AGENCY,
    Role.BIDDER,
    Role.EXPERT,
    Role.CENTRE,
    Role.PARTNER,
    Role.SUPERVISOR,
    Role.ADMIN,
    Role.FINANCE,
    Role.PUBLIC,
    Role.SYSTEM,
)
SIGNED = """
                            招标人 代理 投标人 专家 中心 副场 监督 管理员 金融 公众 系统
portal:public:read              ✓     ✓     ✓     ✓     ✓     ✓     ✓     ✓     ✓     ✓     -
parties:organisation:register   ✓     ✓     ✓     ✓     ✓     ✓     ✓     ✓     ✓     ✓     ✓
identity:certificate:apply      ✓     ✓     ✓     ✓     ✓     ✓     ✓     ✓     ✓     -     -
identity:trust:propose          -     -     -     -     -     -     -     ✓     -     -     -
identity:trust:confirm          -     -     -     -     -     -     -     ✓     -     -     -
pilots:basis:propose            -     -     -     -     -     -     -     ✓     -     -     -
pilots:basis:confirm            -     -     -     -     -     -     -     ✓     -     -     -
statutes:limit:propose          -     -     -     -     -     -     -     ✓     -     -     -
statutes:limit:confirm          -     -     -     -     -     -     -     ✓     -     -     -
statutes:clause:read            -     -     -     -     -     -     -     ✓     -     -     -
registry:record:keep            ✓     ✓     ✓     -     -     -     -     -     -     -     -
services:case:keep              -     -     -     -     ✓     -     -     -     -     -     -
services:help:ask               ✓     ✓     -     -     -     -     -     -     -     -     -
services:help:give              -     -     -     -     ✓     -     -     -     -     -     -
portal:workbench:read           ✓     ✓     ✓     ✓     ✓     ✓     ✓     ✓     ✓     -     -
projects:project:register       ✓     ✓     -     -     -     -     -     -     -     -     -
tendering:tender:edit           ✓     ✓     -     -     -     -     -     -     -     -     -
tendering:draft:read            ✓     ✓     -     -     ✓     -     ✓     -     -     -     -
tendering:review:conclude       ✓     -     -     -     -     -     -     -     -     -     -
tendering:tender:publish        ✓     ✓     -     -     -     -     -     -     -     -     -
tendering:file:seal             ✓     ✓     -     -     -     -     -     -     -     -     -
tendering:form:check            -     -     -     -     ✓     -     -     -     -     -     -
inquiries:file:take             -     -     ✓     -     -     -     -     -     -     -     -
inquiries:question:ask          -     -     ✓     -     -     -     -     -     -     -     -
objections:file:raise           -     -     ✓     -     -     -     -     -     -     -     -
changes:tender:change           ✓     ✓     -     -     -     -     -     -     -     -     -
changes:tender:terminate        ✓     -     -     -     -     -     -     -     -     -     -
changes:tender:suspend          ✓     ✓     -     -     -     -     ✓     -     -     -     -
changes:outage:report           ✓     ✓     -     -     ✓     -     -     -     -     -     -
bidding:bid:submit              -     -     ✓     -     -     -     -     -     -     -     -
bidding:own:read                -     -     ✓     -     -     -     -     -     -     -     -
opening:session:host            ✓     ✓     -     -     -     -     -     -     -     -     -
opening:key:release             -     -     ✓     -     -     -     -     -     -     -     -
opening:session:check-in        -     -     ✓     -     -     -     -     -     -     -     -
opening:share:release           ✓     ✓     -     -     ✓     -     -     -     -     -     -
opening:objection:raise         -     -     ✓     -     -     -     -     -     -     -     -
opening:hall:read               ✓     ✓     ✓     ✓     ✓     ✓     ✓     ✓     ✓     ✓     -
experts:draw:request            ✓     ✓     -     -     -     -     -     -     -     -     -
experts:seed:give               ✓     ✓     -     -     ✓     -     ✓     -     -     -     -
experts:call:answer             -     -     -     ✓     -     -     -     -     -     -     -
experts:draw:oversee            -     -     -     -     -     -     ✓     -     -     -     -
experts:attendance:keep         -     -     -     -     ✓     -     -     -     -     -     -
experts:tie:keep                -     -     -     ✓     -     -     -     -     -     -     -
committees:meeting:plan         ✓     ✓     -     -     ✓     -     -     -     -     -     -
committees:meeting:read         ✓     ✓     -     -     ✓     -     ✓     -     -     -     -
committees:meeting:keep         -     -     -     -     ✓     -     -     -     -     -     -
committees:site:answer          -     -     -     -     ✓     ✓     -     -     -     -     -
committees:clarification:answer -     -     ✓     -     -     -     -     -     -     -     -
experts:agreement:keep          -     -     -     -     ✓     -     -     -     -     -     -
pool:file:own                   -     -     -     ✓     -     -     -     -     -     -     -
pool:file:keep                  -     -     -     -     ✓     -     -     -     -     -     -
pool:personal:open              -     -     -     -     ✓     -     ✓     -     -     -     -
pool:suspension:decide          -     -     -     -     -     -     ✓     -     -     -     -
pool:appeal:decide              -     -     -     -     ✓     -     ✓     -     -     -     -
pool:rating:give                ✓     ✓     -     -     ✓     -     -     -     -     -     -
pool:fee:confirm                ✓     ✓     -     -     -     -     -     -     -     -     -
evaluation:committee:seat       ✓     ✓     -     -     -     -     -     -     -     -     -
evaluation:qualification:conclude       ✓     ✓     -     -     -     -     -     -     -     -     -
evaluation:sheet:write          ✓     -     -     ✓     -     -     -     -     -     -     -
evaluation:report:read          ✓     ✓     -     ✓     -     -     ✓     -     -     -     -
evaluation:change:confirm       ✓     -     -     -     -     -     -     -     -     -     -
evaluation:sitting:reopen       ✓     -     -     -     -     -     -     -     -     -     -
evaluation:sitting:unlock       ✓     -     -     -     -     -     ✓     -     -     -     -
evaluation:sheets:read          -     -     -     -     -     -     ✓     -     -     -     -
awarding:publicity:start        ✓     ✓     -     -     -     -     -     -     -     -     -
objections:result:raise         -     -     ✓     -     -     -     -     -     -     -     -
objections:result:answer        ✓     ✓     -     -     -     -     -     -     -     -     -
objections:challenge:raise      -     -     ✓     -     -     -     -     -     -     -     -
objections:challenge:answer     ✓     ✓     -     -     -     -     -     -     -     -     -
complaints:complaint:file       -     -     ✓     -     -     -     -     -     -     -     -
complaints:statement:give       ✓     ✓     -     -     -     -     -     -     -     -     -
complaints:complaint:handle     -     -     -     -     -     -     ✓     -     -     -     -
complaints:order:give           -     -     -     -     -     -     ✓     -     -     -     -
complaints:decision:make        -     -     -     -     -     -     ✓     -     -     -     -
complaints:powers:keep          -     -     -     -     -     -     -     ✓     -     -     -
awarding:award:decide           ✓     -     -     -     -     -     -     -     -     -     -
awarding:panel:name             ✓     -     -     -     -     -     -     -     -     -     -
awarding:panel:vote             ✓     -     -     ✓     -     -     -     -     -     -     -
awarding:award:end              ✓     -     ✓     -     -     -     -     -     -     -     -
awarding:award:annul            -     -     -     -     -     -     ✓     -     -     -     -
contracting:performance:start   ✓     -     -     -     -     -     -     -     -     -     -
contracting:contract:sign       ✓     -     ✓     -     -     -     -     -     -     -     -
single_source:purchase:argue    ✓     -     -     -     -     -     -     -     -     -     -
single_source:purchase:decide   ✓     -     -     -     -     -     -     -     -     -     -
single_source:objection:raise   ✓     ✓     ✓     ✓     -     ✓     ✓     -     ✓     -     -
single_source:approval:decide   -     -     -     -     -     -     ✓     -     -     -     -
single_source:offer:make        -     -     ✓     -     -     -     -     -     -     -     -
single_source:record:sign       ✓     -     ✓     ✓     -     -     -     -     -     -     -
frameworks:framework:collect    ✓     -     -     -     -     -     -     -     -     -     -
frameworks:membership:apply     -     -     ✓     -     -     -     -     -     -     -     -
frameworks:call:raise           ✓     -     -     -     -     -     -     -     -     -     -
frameworks:call:answer          -     -     ✓     -     -     -     -     -     -     -     -
frameworks:contract:sign        ✓     -     ✓     -     -     -     -     -     -     -     -
innovation:purchase:run         ✓     -     -     -     -     -     -     -     -     -     -
innovation:response:make        -     -     ✓     -     -     -     -     -     -     -     -
innovation:group:judge          ✓     -     -     ✓     -     -     -     -     -     -     -
innovation:contract:sign        ✓     -     ✓     -     -     -     -     -     -     -     -
innovation:research:hand_in     -     -     ✓     -     -     -     -     -     -     -     -
papers:paper:seal               ✓     ✓     -     -     -     -     -     -     -     -     -
papers:paper:read               ✓     ✓     -     -     ✓     -     ✓     -     -     -     -
portal:desk:export              ✓     ✓     -     -     ✓     -     ✓     -     -     -     -
evidence:party:read             ✓     ✓     ✓     -     -     -     ✓     -     -     -     -
evidence:supervisor:read        -     -     -     -     -     -     ✓     -     -     -     -
archives:archive:make           ✓     ✓     -     -     ✓     -     -     -     -     -     -
archives:archive:hand-over      ✓     -     -     -     -     -     -     -     -     -     -
archives:pack:take              ✓     ✓     ✓     -     ✓     -     ✓     -     -     -     -
archives:package:read           ✓     ✓     ✓     -     ✓     -     ✓     -     -     -     -
kernel:clock:move               -     -     -     -     -     -     -     ✓     -     -     -
venues:calendar:read            ✓     ✓     -     -     ✓     -     ✓     -     -     -     -
venues:booking:book             ✓     ✓     -     -     ✓     -     -     -     -     -     ✓
venues:staff:manage             -     -     -     -     ✓     -     -     -     -     -     -
witnessing:session:witness      -     -     -     -     ✓     -     -     -     -     -     -
witnessing:report:seal          -     -     -     -     ✓     -     -     -     -     -     -
witnessing:session:read         -     -     -     -     ✓     -     ✓     -     -     -     -
witnessing:incident:acknowledge -     -     -     -     -     -     ✓     -     -     -     -
publishing:delivery:read        ✓     ✓     -     -     ✓     -     ✓     -     -     -     -
publishing:delivery:retry       ✓     ✓     -     -     ✓     -     -     -     -     -     -
fronts:front:read               ✓     ✓     -     -     -     -     ✓     -     -     -     -
fronts:objection:raise          -     -     ✓     -     -     -     -     -     -     -     -
fronts:invitation:approve       -     -     -     -     -     -     ✓     -     -     -     -
fronts:invitation:answer        -     -     ✓     -     -     -     -     -     -     -     -
fronts:proposals:read           ✓     ✓     -     -     -     -     -     -     -     -     -
seals:stamp:keep                ✓     ✓     ✓     ✓     ✓     ✓     ✓     ✓     ✓     -     -
seals:desk:read                 -     -     -     -     ✓     -     -     ✓     -     -     -
seals:stamp:decide              -     -     -     -     ✓     -     -     ✓     -     -     -
identity:security:own           ✓     ✓     ✓     ✓     ✓     ✓     ✓     ✓     ✓     -     -
identity:account:manage         -     -     -     -     -     -     -     ✓     -     -     -
messages:own:keep               ✓     ✓     ✓     ✓     ✓     ✓     ✓     ✓     ✓     -     -
messages:undelivered:read       -     -     -     -     ✓     -     -     -     -     -     -
deposits:own:keep               -     -     ✓     -     -     -     -     -     -     -     -
deposits:own:bind               -     -     ✓     -     -     -     -     -     -     -     -
deposits:list:read              ✓     ✓     -     -     ✓     -     ✓     -     -     -     -
deposits:hold:set               ✓     -     -     -     -     -     -     -     -     -     -
deposits:forfeiture:decide      ✓     -     -     -     -     -     -     -     -     -     -
deposits:conversion:decide      ✓     -     -     -     -     -     -     -     -     -     -
deposits:ledger:read            -     -     -     -     ✓     -     ✓     -     -     -     -
deposits:ledger:keep            -     -     -     -     ✓     -     -     -     -     -     -
deposits:movements:read         -     -     -     -     -     -     -     -     ✓     -     -
deposits:guarantee:issue        -     -     -     -     -     -     -     -     ✓     -     -
deposits:guarantee:claim        ✓     -     -     -     -     -     -     -     -     -     -
"""


def _cells() -> list[tuple[Permission, Role, bool]]:
    out = []
    for line in SIGNED.strip().splitlines()[1:]:
        name, *marks = line.split()
        assert len(marks) == len(ROLES), line
        out += [(Permission(name), role, mark == "✓") for role, mark in zip(ROLES, marks, strict=True)]
    return out


@pytest.mark.pure
@pytest.mark.parametrize(("permission", "role", "allowed"), _cells())
def test_each_cell(permission: Permission, role: Role, allowed: bool) -> None:
    somebody = actor(role) if role is not Role.PUBLIC else actor(role, person="", certificate="")
    assert may(somebody, permission) is allowed
    if allowed:
        require(somebody, permission)
    else:
        with pytest.raises((NotPermitted, NotSignedIn)):
            require(somebody, permission)


@pytest.mark.pure
def test_the_grid_leaves_no_permission_and_no_role_out() -> None:
    assert {p for p, _, _ in _cells()} == set(Permission) == set(GRID)
    assert set(ROLES) == set(Role)


@pytest.mark.pure
@pytest.mark.parametrize("permission", sorted(BINDING))
def test_a_binding_act_needs_a_certificate(permission: Permission) -> None:
    role = sorted(GRID[permission])[0]
    with pytest.raises(CertificateNeeded):
        require(actor(role, certificate=""), permission)


def _stranger(platform: Any, role: str, serial: int) -> Party:
    """Return a party of the same role from another organisation."""
    from ggzy.kernel.ids import make_uscc

    party = Party(BASE, transport=platform.transport)
    party.register(
        uscc=make_uscc(region="370100", serial=serial),
        name=f"外单位{serial}",
        role=role,
        username=f"stranger{serial}",
        password="a-long-password",
        person="外人",
    )
    return party


def _refused(call: Any, *args: Any) -> str:
    with pytest.raises(Problem) as refused:
        call(*args)
    return refused.value.code


def test_another_tenderee_may_do_nothing_with_this_tender(platform: Any, folder: Path) -> None:
    """The same role from another organisation: the relation stops what the grid allows."""
    tale = Tale(platform, folder).prepared()
    other = _stranger(platform, "tenderee", 7000001)
    tender = tale.tender["tender"]
    deadline = {"bid_deadline": "2026-12-01T09:30:00+08:00"}
    assert _refused(other.get, f"/tenders/{tender}") == "not_found"
    assert _refused(other.post, f"/tenders/{tender}/publication", deadline) == "permission.denied"
    tale.published()
    assert _refused(other.post, f"/tenders/{tale.tender['tender']}/draws") == "permission.denied"
    for name in ("jia", "yi", "bing"):
        tale.bid(name)
    platform.advance(tale.deadline)
    assert _refused(other.post, f"/tenders/{tale.tender['tender']}/opening") == "permission.denied"


def test_another_bidder_sees_and_does_nothing_with_this_bid(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder).opened()
    other = _stranger(platform, "bidder", 7000002)
    mine = next(b["bid"] for b in tale.bidder("jia").get("/bids")["bids"] if b["round"] == tale.round)
    assert other.get("/bids")["bids"] == []
    for path in (f"/bids/{mine}/envelope", f"/bids/{mine}/proof"):
        assert _refused(other.get, path) == "not_found"
    assert _refused(other.post, f"/bids/{mine}/key", {"bid_key": "AGE-SECRET-KEY-1"}) == "not_found"
    text = {"text": "我有异议"}
    assert (
        _refused(other.post, f"/rounds/{tale.round}/opening/objections", text) == "opening.not_a_bidder_here"
    )
    ocid = tale.tender["ocid"]
    assert _refused(other.get, f"/evidence/{ocid}?level=party") == "permission.denied"
    assert _refused(tale.bidder("jia").get, f"/evidence/{ocid}?level=supervisor") == "permission.denied"


def test_an_expert_who_was_not_drawn_sees_no_desk(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder).seated()
    # not even called: who was called and had to stand aside is told why by another refusal
    called = Candidate.objects.filter(draw__public_id=tale.draw).exclude(state=Candidate.WAITING)
    names = set(called.values_list("expert__account__username", flat=True))
    outsider = next(e for e in platform.cast().experts if e.name not in names)
    assert _refused(outsider.get, f"/rounds/{tale.round}/desk") == "evaluation.not_a_member"
    assert (
        _refused(outsider.post, f"/draws/{tale.draw}/check-in", {"must_avoid": False})
        == "experts.draw_not_now"
    )


def test_an_expert_employed_by_a_bidder_is_replaced(platform: Any, folder: Path) -> None:
    """Avoidance is matched by employer at check-in; the draw itself never read the bidders."""
    from ggzy.client import story

    tale = Tale(platform, folder).read_out()
    cast = platform.cast()
    tale.draw = story.draw(tale.owner, cast, tale.tender["tender"])
    employed = {"zhuanjia03", "zhuanjia11"}  # 甲's and 乙's
    others = {e.name: True for e in cast.experts if e.name not in employed}
    # everybody else refuses until the employed are called; then they accept
    story.answer_calls(cast, refuse=dict(list(others.items())[:33]))
    accepted = story.answer_calls(cast).get(tale.draw, [])
    members = story.check_in(cast, tale.draw, accepted)
    assert not employed & {m.name for m in members}
