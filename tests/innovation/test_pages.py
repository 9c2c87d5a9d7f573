"""The pages of 合作创新采购: each side does its next step by the form that its page shows."""

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ggzy.innovation.actions import PLAN
from ggzy.innovation.talking import FILE
from ggzy.notices.models import Notice
from tests.frameworks.test_pages import local
from tests.innovation.test_life import OFFERS, PURCHASE, SEATS, Purchase, at_talks, determined, digest
from tests.innovation.test_rules import RESPONSE
from tests.portals.test_work import Person

pytestmark = pytest.mark.django_db

PEOPLE = ("zhaobiao2", "zhuanjia05", "zhuanjia06", "zhuanjia07", "zhuanjia08")
SALT = "5a" * 32
TEXTS = {name: f"{what}: 训练数据" for name, (what, _) in PLAN.items()}
PLANNED = {k: v for k, v in PURCHASE.items() if k != "plan"} | TEXTS | {"consortium": "yes"}
ISSUED = {name: f"{what}: 训练数据" for name, (what, _) in FILE.items()} | {
    "most_cost": "12000000",
    "adjusted": "交流后细化",
    "months": "24",
    "suppliers": "2",
    "compensation": "3000000",
    "first_price": "4000000",
    "incentive": "0",
    "cost_kinds": ["equipment", "labour"],
    "interim": "yes",
    "stage_name": ["样机", ""],
    "stage_milestone": ["样机试验报告", ""],
    "factor_name": ["研发方案", "价格", ""],
    "factor_weight": ["70", "30", ""],
    "factor_weighs": ["plan", "price", "plan"],
    "first_name": ["功能性能", ""],
    "first_weight": ["100", ""],
    "first_weighs": ["other", "other"],
}


def test_from_the_plan_to_the_result_through_the_pages(platform: Any) -> None:
    buyer, jia, public = Person(platform, "zhaobiao"), Person(platform, "jia"), Person(platform, "bing")
    group = [Person(platform, name) for name in PEOPLE]
    assert "登记采购方案" in buyer.get("/work/innovations")
    kept = buyer.post("/work/innovations/new", 422, **PLANNED | {"months": "两年"}).content.decode()
    assert "研发期限请填写整数" in kept and TEXTS["risks"] in kept
    at = buyer.post("/work/innovations/new", **PLANNED)["Location"]
    number = at.rsplit("/", 1)[1]
    members = {"member_username": list(PEOPLE), "member_seat": list(SEATS)}
    assert buyer.get(at).count('name="member_username"') == 15
    four = {"member_username": list(PEOPLE[:4]), "member_seat": list(SEATS[:4])}
    assert "5人以上单数" in buyer.post(f"{at}/group", 409, **four).content.decode()
    buyer.post(f"{at}/group", **members)
    soon = platform.now + timedelta(days=5)
    buyer.post(f"{at}/call", apply_until=local(soon))
    # fewer than twenty working days warn whom it concerns, and block nobody
    assert "待核对原文" in buyer.get(at) and "待核对原文" not in jia.get(at)
    # who cannot apply is shown no form: an expert, another buyer
    for stranger in (Person(platform, "zhuanjia09"), Person(platform, "jicai")):
        seen = stranger.get(at) + stranger.get(f"/innovations/{number}")
        assert "申请参加" not in seen and 'id="apply"' not in seen and "提交申请文件</a>" not in seen
        assert "下一步: " not in seen
    assert 'id="apply"' in jia.get(at)
    assert "智能检测装备" in public.get("/innovations") and "申请参加" in public.get(f"/innovations/{number}")
    said = {"statement": "有研发能力", "contact": "王经理 0000-0000009"}
    jia.sign(f"{at}/apply", f"{at}/apply/to-sign", **said)
    assert "有研发能力" in jia.get(at)
    for person in (buyer, group[1], public):
        assert "甲建工" not in person.get(at) and "有研发能力" not in person.get(at)
    platform.advance(soon + timedelta(minutes=2))
    platform.work()
    assert "审查申请人资格" in group[1].get("/work")
    found = re.findall(r'name="qualified:(\w+)"', group[1].get(at))[0]
    kept = group[1].post(f"{at}/sheet", 422, **{f"qualified:{found}": "no", f"reason:{found}": ""})
    assert (
        'value="no" checked' in kept.content.decode() and 'yes" required checked' not in kept.content.decode()
    )
    group[2].post(f"{at}/sheet", **{f"qualified:{found}": "yes"})
    # a sitting goes on: one seat is taken by somebody else, with a reason, and all judge anew
    replacing = {"member": "02", "username": "zhuanjia09", "reason": "因病不能继续"}
    kept = buyer.post(f"{at}/member", 422, **replacing | {"reason": " "}).content.decode()
    assert "请填写更换的理由" in kept and 'value="zhuanjia09"' in kept and f'{at}/group"' not in kept
    buyer.post(f"{at}/member", **replacing)
    group[1] = Person(platform, "zhuanjia09")
    for person in group:
        person.post(f"{at}/sheet", **{f"qualified:{found}": "yes"})
    assert "签署评审报告" in group[2].get("/work")
    for person in group:
        person.sign(f"{at}/report", f"{at}/report/to-sign", agrees="yes")
    assert "通知创新概念交流" in buyer.get("/work")
    meets = {
        "meets_at": local(platform.now + timedelta(hours=2)),
        "place": "线上会议室",
        "text": "目标和费用",
    }
    kept = buyer.post(f"{at}/meeting", 422, **meets | {"meets_at": local(platform.now - timedelta(hours=2))})
    assert "线上会议室" in kept.content.decode()
    buyer.post(f"{at}/meeting", **meets)
    assert "线上会议室" in jia.get(at) and "线上会议室" not in public.get(f"/innovations/{number}")
    platform.advance(platform.now + timedelta(hours=3))
    met = {"met_at": local(platform.now), "place": "线上会议室", "text": "共同交流", "attended": [found]}
    # nobody is said to have come before a member says so, and what was entered stays
    assert 'name="attended"' in group[0].get(at) and "checked><span>甲" not in group[0].get(at)
    kept = group[0].post(f"{at}/exchange", 422, **met | {"met_at": local(platform.now + timedelta(days=1))})
    assert "checked><span>甲" in kept.content.decode() and "共同交流" in kept.content.decode()
    assert (
        "checked><span>甲"
        not in group[0].post(f"{at}/exchange", 422, **met | {"attended": []}).content.decode()
    )
    group[0].post(f"{at}/exchange", **met)
    corrected = group[0].get(at)
    assert "checked><span>甲" in corrected and local(platform.now) in corrected
    assert "编制并发出研发谈判文件" in buyer.get(at)
    assert "评审因素" in buyer.get(f"{at}/file")
    until = platform.now + timedelta(days=25)
    light = {"factor_weight": ["49", "51", ""], "answer_until": local(until)}
    kept = buyer.post(f"{at}/file", 409, **ISSUED | light).content.decode()
    assert "不得低于50%" in kept and "样机试验报告" in kept
    # a row that is begun is refused with a sentence, not dropped; there are as many rows as the rules allow
    for broken in (
        {"stage_name": ["", ""]},
        {"factor_name": ["研发方案", "", ""]},
        {"first_name": ["", ""]},
    ):
        kept = buyer.post(f"{at}/file", 422, **ISSUED | {"answer_until": local(until)} | broken)
        assert "请填写" in kept.content.decode() and "样机试验报告" in kept.content.decode()
    blank = buyer.get(f"{at}/file")
    assert [blank.count(f'name="{name}"') for name in ("stage_name", "factor_name", "first_name")] == [
        12,
        20,
        20,
    ]
    buyer.post(f"{at}/file", **ISSUED | {"answer_until": local(until)})
    kept = buyer.post(f"{at}/clarify", 422, text="澄清", answer_until=local(until - timedelta(days=1)))
    assert local(until - timedelta(days=1)) in kept.content.decode()
    uscc = jia.party.get("/whoami")["uscc"]
    response = RESPONSE | dict(zip(("compensation", "first_price"), OFFERS["jia"], strict=True))
    for kind in ("first", "final"):
        assert "data-seal-response" in jia.get(at) and "封存响应文件" in jia.get("/work")
        sealed = digest(number, uscc, kind, response, SALT)
        jia.sign(f"{at}/seal", f"{at}/seal/to-sign", commitment=sealed)
        assert sealed[:8] in jia.get(at) and sealed[:8] not in group[1].get(at) + buyer.get(at)
        platform.advance(until + timedelta(minutes=2))
        platform.work()
        assert "data-reveal-response" in jia.get(at)
        jia.post(f"{at}/reveal", 422, voucher="{}")
        jia.post(f"{at}/reveal", voucher=json.dumps({"response": response, "salt": SALT}))
        platform.advance(until + timedelta(hours=25))
        platform.work()
        if kind == "first":
            assert "方案\n第二行" not in buyer.get(at) and "第二行" in group[1].get(at)
            group[1].post(f"{at}/talk", participant=found, text="谈了路线")
            until = platform.now + timedelta(days=12)
            group[1].post(f"{at}/finals", until=local(until))
    assert "第二行" in group[1].get(at)
    kept = group[1].post(f"{at}/sheet", 422, **{f"points:{found}:1": "70.01"})
    assert 'value="70.01"' in kept.content.decode()
    for person in group:
        person.post(f"{at}/sheet", **{f"points:{found}:1": "60"})
    for person in group:
        person.sign(f"{at}/report", f"{at}/report/to-sign", agrees="yes")
    assert "90.00" in buyer.get(at)
    buyer.post(f"{at}/determine")
    seen = public.get(f"/innovations/{number}")
    assert "甲建工" in seen and "90.00" in seen and "第二行" not in seen and "谈判小组" in seen


def test_lists_cost_no_more_for_more_purchases_and_show_the_adjusted_cost(platform: Any) -> None:
    first = determined(platform, most_cost="11900000")
    assert first.seen()["most_cost"] == "11900000.00"
    visitors = [Person(platform, name) for name in ("zhaobiao", "jia", "zhuanjia05")]
    lists = [(visitors[0], "/innovations"), *((one, "/work/innovations") for one in visitors)]
    lists += [(one, "/work") for one in visitors]

    def asked(person: Person, address: str) -> int:
        cache.clear()
        with CaptureQueriesContext(connection) as seen:
            assert "11,900,000.00" in person.get(address) or address == "/work"
        return len(seen)

    before = [asked(*one) for one in lists]
    for number in (2, 3):
        at_talks(platform, name=f"另一项采购{number}")
    assert [asked(*one) for one in lists] == before


def test_a_research_contract_and_the_first_purchase_through_the_pages(platform: Any) -> None:
    purchase: Purchase = determined(platform)
    buyer, yi, jia = Person(platform, "zhaobiao"), Person(platform, "yi"), Person(platform, "jia")
    home = f"/work/innovations/{purchase.id}"
    # interim talks need a whole group: while research goes on it may be named anew
    assert 'action="' + home + '/group"' in buyer.get(home)
    people = ["zhaobiao2", "zhuanjia09", *PEOPLE[2:]]
    buyer.post(f"{home}/group", member_username=people, member_seat=list(SEATS))
    member = Person(platform, "zhuanjia09")
    at = f"/work/research/{purchase.contract('yi').id}"
    assert "第二行" in yi.get(at) and "没有这份研发合同" in jia.get(at, status=404)
    for person in (buyer, yi):
        assert "签订研发合同" in person.get("/work")
        person.sign(f"{at}/sign", f"{at}/sign/to-sign")
    for _ in (1, 2):
        assert "记录研发中期谈判" in member.get("/work")
        said = {"met_at": local(platform.now), "text": "商定进度", "most": "1000000"}
        member.post(f"{at}/interim", 409, **said | {"most": "3000000.01"})
        member.post(f"{at}/interim", **said)
        for person in (buyer, yi):
            person.sign(f"{at}/confirm", f"{at}/confirm/to-sign")
        yi.post(f"{at}/results", results="样机完成", labour="800000", indirect="1")
        assert "800,000.00" in buyer.get(at) and 'value="800000.00"' in yi.get(at)
        decided = {"met": "yes", "reason": "达到", "compensated": "800000"}
        buyer.post(f"{at}/decide", 422, **decided | {"met": ""})
        kept = buyer.post(f"{at}/decide", 409, **decided | {"compensated": "800000.01"})
        assert 'value="yes" required checked' in kept.content.decode()
        buyer.post(f"{at}/decide", **decided)
    buyer.post(f"{at}/pay", number="1", voucher="2026-18")
    assert "2026-18" in yi.get(at)
    yi.post(f"{at}/product", 422, product="装备", price="4000000.01")
    yi.post(f"{at}/product", product="装备", price="3900000")
    buyer.post(f"{at}/accept", passed="yes", report="按合同验收")
    jia.post(f"/work/research/{purchase.contract('jia').id}/end", reason="无力继续")
    buyer.post(f"{home}/conclude")
    buyer.post(f"{home}/publish")
    for person in (buyer, yi):
        assert "签订首购协议" in person.get("/work")
        person.sign(f"{home}/first", f"{home}/first/to-sign")
    assert "首购协议已签订" in jia.get(f"/innovations/{purchase.id}")
    for notice in Notice.objects.filter(body__innovation=purchase.id):
        assert "这项合作创新采购" in jia.get(f"/notices/{notice.public_id}")
