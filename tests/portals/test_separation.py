"""The pages of separate evaluation and award: the desk of the bases, the plan in the file, and the panel's own."""

import html
from typing import Any

import pytest

from ggzy.awarding.models import Panel
from ggzy.pilots.models import RegionalBasis
from tests.journeys import test_separation as journey
from tests.journeys.tale import Tale
from tests.portals.test_work import Browser, Person, _document, _drafted

pytestmark = pytest.mark.django_db

BASIS = {
    "region": "370100",
    "document": "演示市招标投标条例",
    "article": "第二十条",
    "since": "2026-01-01",
    "until": "",
}
PLAN = {
    "do": "save",
    "candidates": "3",
    "members": "5",
    "way": "votes",
    "ballots": "2",
    "factors": "信用、业绩",
    "method": "",
}


def test_a_basis_is_entered_by_one_and_confirmed_by_another_and_then_a_plan_may_be_written(
    platform: Any,
) -> None:
    one, two, owner = (Person(platform, name) for name in ("guanli", "guanli2", "zhaobiao"))
    tender = _drafted(owner)
    at = f"/work/tenders/{tender}"
    owner.post(f"{at}/register")
    owner.post(f"{at}/start")
    owner.post(f"{at}/document", **_document())
    assert "没有登记生效的评定分离依据" in owner.get(f"{at}/plan")
    says = html.unescape(owner.post(f"{at}/plan", status=409, **PLAN).content.decode())
    assert "应当确定排名第一的中标候选人为中标人" in says and "保存定标方案" not in says
    bad = one.post("/work/separation", status=422, **BASIS | {"region": "济南"}).content.decode()
    assert "6位行政区划代码" in bad and "演示市招标投标条例" in bad, "what was entered is still there"
    one.post("/work/separation", **BASIS)
    made = RegionalBasis.objects.get()
    assert "演示市" not in Browser().get("/separation").content.decode(), "nothing is in force yet"
    assert "确认评定分离依据" in two.get("/work") and "确认评定分离依据" not in one.get("/work")
    refused = one.post(f"/work/separation/{made.public_id}/confirm", status=403).content.decode()
    assert "两名管理员" in refused
    two.post(f"/work/separation/{made.public_id}/confirm")
    assert "演示市招标投标条例" in Browser().get("/separation").content.decode()
    # the plan: what cannot be is told beside its field, and what was entered stays
    page = html.unescape(owner.post(f"{at}/plan", status=422, **PLAN | {"members": "6"}).content.decode())
    assert "5人以上单数, 现为6人" in page and "信用、业绩" in page
    price = PLAN | {"way": "price", "method": "gc_lowest_evaluated_price"}
    owner.post(f"{at}/plan", **price)
    page = owner.get(f"{at}/plan")
    assert "价格竞争定标" in page and "经评审的最低投标价法" in page and "K值" not in page
    # saving the rest of the file keeps the plan
    owner.post(f"{at}/document", **_document(quality="优良"))
    assert "已采用评定分离" in owner.get(f"{at}/document")
    owner.post(f"{at}/plan", do="remove")
    assert "按排序定标" in owner.get(f"{at}/document")


def test_nobody_but_the_owner_side_members_and_the_supervisor_sees_a_panel(
    platform: Any, tmp_path: Any
) -> None:
    journey.a_basis(platform)
    tale = Tale(platform, tmp_path, changes={"award_plan": journey.PLAN})
    tale.seated()
    journey.story.evaluate(tale.members, tale.round, until_scored=True)
    expert = Person(platform, tale.members[0].name)
    desk = expert.get(f"/work/rounds/{tale.round}/desk")
    assert "撰写评审意见" in desk and "不要写名次和得分" in desk
    says = expert.post(f"/work/rounds/{tale.round}/findings", status=422).content.decode()
    assert "请写明评审意见" in says
    bids = [b["bid"] for b in tale.members[0].get(f"/rounds/{tale.round}/desk")["bids"]]
    expert.post(f"/work/rounds/{tale.round}/findings", **{f"finding:{bid}": "尚可" for bid in bids})
    journey.find(tale.members[1:], tale.round)
    journey.story.sign_report(tale.members, tale.round)
    made = tale.owner.post(f"/rounds/{tale.round}/publicity")
    owner = Person(platform, "zhaobiao")
    assert "排名不分先后" in owner.get(f"/work/rounds/{tale.round}/result")
    platform.advance(journey.datetime.fromisoformat(made["ends_at"]) + journey.timedelta(seconds=1))
    at = f"/work/rounds/{tale.round}/panel"
    assert "填写定标委员会成员" in owner.get(at)
    rows, members = journey.seats(tale, platform)
    form = {"username": [r["username"] for r in rows], "side": [r["side"] for r in rows]}
    reply = owner.client.post(f"{at}/members", form | {"username": [*form["username"][:4], ""]})
    assert reply.status_code == 409 and form["username"][1] in reply.content.decode()
    assert owner.client.post(f"{at}/members", form).status_code == 303
    assert Panel.objects.get().members.count() == 5
    invited = Person(platform, members[1].name)
    assert "定标委员会: 投票" in invited.get("/work") and "签名提交" in invited.get(at)
    assert "签名提交" not in Person(platform, "jiandu").get(at)
    for stranger in ("jia", tale.members[0].name):
        assert Person(platform, stranger).client.get(at).status_code == 403
