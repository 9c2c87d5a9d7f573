"""Deposits through the real pages: the bidder pays at the demo bank, two people of the tenderee keep a revoked bid's money."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from ggzy.deposits.models import BankDifference, Deposit, Forfeiture, Guarantee, Payment, Receipt
from tests.deposits.bank import tale
from tests.deposits.test_lives import _with_one_revoked

pytestmark = [pytest.mark.django_db, pytest.mark.journey]


def _browser(platform: Any, username: str) -> Client:
    client = Client()
    client.cookies["ggzy_session"] = platform.demo(username).token
    return client


def _page(client: Client, address: str, status: int = 200) -> str:
    reply = client.get(address)
    assert reply.status_code == status, (address, reply.status_code)
    return reply.content.decode()


def test_a_bidder_chooses_pays_wrongly_and_rightly_and_sees_its_interest(platform: Any, folder: Path) -> None:
    story = tale(platform, folder).published()
    jia, address = _browser(platform, "jia"), f"/work/rounds/{story.round}/deposit"
    assert "下一步: 选择形式" in _page(jia, address)
    wrong = jia.post(f"{address}/choose", {"form": "transfer", "payer_account": "abc"})
    assert wrong.status_code == 422 and "基本账户的账号" in wrong.content.decode()
    jia.post(f"{address}/choose", {"form": "transfer", "payer_account": "622200000001"})
    platform.work()
    row = Deposit.objects.get()
    page = _page(jia, address)
    assert row.sub_account in page and "演示" in page and "等待到账" in page
    pay = {
        "sub_account": row.sub_account,
        "amount": "100000",
        "payer_name": row.payer_name,
        "payer_account": "99990000",
        "how": "twice",
    }
    jia.post("/training/bank", pay)
    assert Receipt.objects.count() == 1 and "待认定" in _page(jia, address)
    jia.post(f"{address}/receipts/{Receipt.objects.get().public_id}/return")
    jia.post("/training/bank", {**pay, "payer_account": row.payer_account, "how": "late"})
    assert Receipt.objects.count() == 1, "the bank says nothing before the night"
    platform.advance(platform.now + timedelta(days=1))
    assert "已提交" in _page(jia, address) and BankDifference.objects.count() == 1
    jia.post("/training/bank", {"payer_account": row.payer_account, "how": "close"})
    story.bid("jia")
    platform.advance(story.deadline + timedelta(seconds=1))
    page = _page(jia, address)
    assert "退还失败" in page and "收款账户已销户" in page
    jia.post(f"{address}/{row.public_id}/account", {"account": "622299990000", "bank": "演示银行"})
    platform.work()
    page = _page(jia, address)
    assert "已退还" in page and "计息" in page and "尾号 0000" in page
    for name in ("yi", "zhaobiao"):
        assert row.sub_account not in _browser(platform, name).get(address).content.decode()


def test_one_person_cannot_keep_a_deposit_and_two_can(platform: Any, folder: Path) -> None:
    story, rows = _with_one_revoked(platform, folder)
    first, second = _browser(platform, "zhaobiao"), _browser(platform, "zhaobiao2")
    address, bing = f"/work/rounds/{story.round}/deposits", rows["bing"]
    page = _page(first, address)
    assert page.count("依法不予退还(两人办理)") == 1, "only the bidder whose bid was revoked"
    why = {
        "ground": "revoked",
        "reason": "逾期没有解密, 依法视为撤销投标文件",
        "name": "招标人",
        "account": "88880000",
    }
    refused = first.post(f"{address}/{rows['jia'].public_id}/forfeiture", why)
    assert refused.status_code == 409 and "平台记录中没有" in refused.content.decode()
    first.post(f"{address}/{bing.public_id}/forfeiture", why)
    row = Forfeiture.objects.get()
    assert "等待本单位另一名经办人登录确认" in _page(first, address)
    alone = first.post(f"{address}/forfeitures/{row.public_id}", {"upheld": "yes"})
    assert alone.status_code == 409 and "您是提出人" in alone.content.decode()
    assert "确认不予退还保证金的提议" in _page(second, "/work")
    second.post(f"{address}/forfeitures/{row.public_id}", {"upheld": "yes"})
    platform.work()
    bing.refresh_from_db()
    assert bing.state == "forfeited" and Payment.objects.get(deposit=bing).kind == "forfeiture"
    assert "决定不予退还" in _page(_browser(platform, "bing"), f"/work/rounds/{story.round}/deposit")
    day = (platform.now + timedelta(days=40)).date().isoformat()
    held = first.post(
        f"{address}/{rows['yi'].public_id}/hold",
        {"reason": "正在核实该单位业绩证明的真实性", "review_on": day},
    )
    assert held.status_code == 409 and "30日内" in held.content.decode()
    assert _browser(platform, "jia").get(address).status_code == 403
    assert "现存保证金" in _page(_browser(platform, "zhongxin"), "/work/deposits/ledger")
    movements = _page(_browser(platform, "yinhang"), "/work/finance")
    assert bing.sub_account in movements and "测试招标" not in movements
    assert bing.sub_account not in _page(_browser(platform, "danbao"), "/work/finance")


def test_a_letter_through_the_pages(platform: Any, folder: Path) -> None:
    story = tale(platform, folder).published()
    yi, danbao = _browser(platform, "yi"), _browser(platform, "danbao")
    issuer = platform.demo("danbao").get("/whoami")["organisation"]
    yi.post(f"/work/rounds/{story.round}/deposit/choose", {"form": "guarantee", "issuer": issuer})
    assert "审核保函申请并报价" in _page(danbao, "/work")
    letter = f"/work/guarantees/{Guarantee.objects.get().public_id}"
    assert "乙路桥" not in _page(danbao, letter)
    danbao.post(f"{letter}/quote", {"value": "300"})
    again = danbao.post(f"{letter}/quote", {"value": "300"})
    assert again.status_code == 409
    yi.post(f"{letter}/accept", {"value": "凭证001"})
    danbao.post(f"{letter}/issue", {"value": "BH20260002"})
    assert "见索即付" in _page(yi, letter)
    anyone = _page(Client(), "/deposits?number=BH20260002&amount=100000.00")
    assert "真实" in anyone and "乙路桥" not in anyone
    platform.advance(story.deadline + timedelta(seconds=1))
    assert Guarantee.objects.get().state == "surrendered" or Guarantee.objects.get().state == "released"
    assert "已解除" in _page(danbao, letter)
