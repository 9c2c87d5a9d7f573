"""The workbenches: a whole tender driven through the pages' own forms, refusals that lose nothing, secrecy."""

import base64
import hashlib
import re
import secrets
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import Client

from ggzy.client import bids, story
from ggzy.client.party import Party
from ggzy.kernel.clock import BEIJING
from ggzy.tendering.models import Tender
from ggzy.training.cast import EXPERTS, expert_username
from tests.journeys.tale import PRICES, Tale

pytestmark = pytest.mark.django_db


class Browser(Client):
    """Django's client, after whose requests the parties' own requests still share the test's connection."""

    def request(self, **request: Any) -> Any:
        reply = super().request(**request)
        for signal in (request_started, request_finished):
            signal.disconnect(close_old_connections)
        return reply


class Person:
    """One demo account at its browser: cookies, forms, and the key that signs what a page asks to sign."""

    def __init__(self, platform: Any, username: str) -> None:
        self.party: Party = platform.demo(username)
        self.client = Browser()
        self.client.cookies["ggzy_session"] = self.party.token

    def get(self, path: str, *, status: int = 200) -> str:
        """Return a page's text."""
        reply = self.client.get(path)
        assert reply.status_code == status, (path, reply.status_code, _said(reply))
        return str(reply.content.decode()) if not reply.streaming else ""

    def post(self, path: str, status: int = 303, **data: Any) -> Any:
        """Hand a form in; return the answer."""
        reply = self.client.post(path, data)
        assert reply.status_code == status, (path, reply.status_code, _said(reply))
        return reply

    def sign(self, action: str, to_sign: str, **data: Any) -> Any:
        """Do what the browser does with a form that is signed."""
        reply = self.client.get(to_sign + ("?" + urlencode(data) if data else ""))
        assert reply.status_code == 200, reply.content.decode()
        signature = self.party.signature_on(reply.json()["to_sign"])
        return self.post(action, signature=signature, **data)


def _said(reply: Any) -> str:
    page = "" if reply.streaming else reply.content.decode()
    found = re.search(r'role="alert".*?</(?:section|div)>', page, re.S)
    return re.sub(r"<[^>]+>|\s+", " ", found[0]) if found else page[:300]


def _document(method: str = "comprehensive", **changes: Any) -> dict[str, Any]:
    out: dict[str, Any] = {
        "method": method,
        "quality": "合格",
        "deposit": "100000",
        "deposit_forms": ["transfer", "guarantee"],
        "bid_validity_days": "90",
        "decryption_minutes": "60",
        "consortium_allowed": "1",
        "committee_size": "5",
        "owner_representatives": "0",
        "specialty": "A08",
        "text": "采用标准施工招标文件。",
        "price_weight": "60",
        "price_above": "2",
        "price_below": "1",
        "price_lowered_by": "0",
        "price_per_day": "0",
        "criterion_key": ["plan", "", ""],
        "criterion_title": ["施工组织设计", "项目管理机构", ""],
        "criterion_weight": ["25", "15", ""],
        "requirement_key": ["seal", "ceiling", "", ""],
        "requirement_part": ["formal", "responsive", "qualification", "qualification"],
        "requirement_text": ["投标函已按要求签名", "报价不超过最高投标限价", "资质符合要求", ""],
    }
    return out | changes


def _project() -> dict[str, str]:
    return {
        "name": "页面测试工程",
        "invest_code": f"2603-370100-04-01-{secrets.randbelow(1_000_000):06d}",
        "industry_code": "E48",
        "region_code": "370100",
        "approval_document": "训发改审批〔2026〕2号",
        "funds": "财政资金, 已落实",
        "place": "训练市",
        "scale": "一栋教学楼",
    }


def _drafted(owner: Person) -> str:
    """Register a project and draft a tender through the forms; return the tender's id."""
    onward = owner.post("/work/projects/new", **_project())["Location"]
    assert onward.startswith("/work/projects/") and onward.endswith("/tenders/new")
    owner.get(onward)
    made = owner.post(
        onward,
        name="页面测试招标",
        procedure_code="GC_OPEN_POST",
        state_controlled="1",
        lot_name=["主体", "", ""],
        lot_budget=["10000000", "", ""],
        lot_ceiling_price=["10000000", "", ""],
        lot_duration_days=["365", "", ""],
        lot_scope_of_work=["", "", ""],
    )
    return str(made["Location"].rsplit("/", 1)[1])


def _published(platform: Any, owner: Person, **changes: Any) -> tuple[str, str]:
    """Take a tender through its forms to the notice; return (tender, round)."""
    tender = _drafted(owner)
    console = f"/work/tenders/{tender}"
    assert "提交进场登记" in owner.get(console)
    owner.post(f"{console}/register")
    owner.post(f"{console}/start")
    assert "投标函已按要求签名" in owner.get(f"{console}/document")
    owner.post(f"{console}/document", **_document(**changes))
    owner.post(f"{console}/send-to-review")
    opinion = "经审查, 未发现排除、限制竞争的内容"
    owner.sign(f"{console}/review", f"{console}/review/to-sign", passed="true", opinion=opinion)
    page = owner.get(f"{console}/publish")
    proposed = re.search(r'name="bid_deadline" value="([^"]+)"', page)
    assert proposed and proposed[1].endswith("T09:30")
    assert "符合" in page and "不足" not in page
    owner.post(f"{console}/publish", bid_deadline=proposed[1])
    assert "公告及投标中" in owner.get(console)
    return tender, str(owner.party.get(f"/tenders/{tender}")["rounds"][0]["round"])


def _hand_in(bidder: Person, *, ocid: str, round_id: str, price: Decimal, folder: Path) -> Any:
    fields = {
        "bidder": bidder.party.name,
        "uscc": bidder.party.uscc,
        "members": [],
        "price": str(price),
        "duration_days": 365,
        "quality": "合格",
        "validity_days": 90,
        "manager": {"name": "项目负责人", "certificate": "训137"},
        "commitments": ["响应招标文件全部要求"],
    }
    attachment = folder.parent / "技术标.txt"
    folder.mkdir(parents=True, exist_ok=True)
    attachment.write_text(f"{bidder.party.name}技术标")
    bids.seal(
        party=bidder.party, round_id=round_id, ocid=ocid, fields=fields, attachments=[attachment], into=folder
    )
    files = {
        part: SimpleUploadedFile(path.name, path.read_bytes()) for part, path in bids.files_of(folder).items()
    }
    return bidder.post(f"/work/rounds/{round_id}/submit", **files)


def _experts(platform: Any) -> Iterator[Person]:
    for number in range(1, EXPERTS + 1):
        yield Person(platform, expert_username(number))


@pytest.mark.parametrize(
    "username", ["zhaobiao", "daili", "jia", "zhuanjia01", "zhongxin", "jiandu", "guanli"]
)
def test_every_role_has_a_workbench(platform: Any, username: str) -> None:
    page = Person(platform, username).get("/work")
    assert "工作台" in page and "等我办理" in page


def test_the_workbench_asks_to_sign_in(platform: Any) -> None:
    reply = Browser().get("/work")
    assert reply.status_code == 302 and reply["Location"].startswith("/login?next=/work")


def test_a_whole_tender_through_the_pages(platform: Any, folder: Path) -> None:
    owner, bidders = Person(platform, "zhaobiao"), {name: Person(platform, name) for name in PRICES}
    centre, supervisor = Person(platform, "zhongxin"), Person(platform, "jiandu")
    tender, round_id = _published(platform, owner)
    ocid = owner.party.get(f"/tenders/{tender}")["ocid"]
    at = f"/work/rounds/{round_id}"

    # bids: sealed at home, handed in by the form, acknowledged; one is withdrawn and handed in again
    assert round_id in bidders["jia"].get(f"{at}/bid")
    for name, price in PRICES.items():
        _hand_in(bidders[name], ocid=ocid, round_id=round_id, price=price, folder=folder / name)
    assert "下载回执" in bidders["jia"].get(f"{at}/bid")
    mine = bidders["jia"].party.get(f"/bids?round={round_id}")["bids"][0]
    receipt = bidders["jia"].client.get(f"/work/bids/{mine['bid']}/acknowledgement.json").json()
    assert receipt["entry_hash"] == mine["entry_hash"] and receipt["promise"] == "escrow"
    bidders["yi"].get(f"/work/bids/{mine['bid']}/acknowledgement.json", status=404)
    bidders["yi"].post(f"{at}/withdraw")
    _hand_in(bidders["yi"], ocid=ocid, round_id=round_id, price=PRICES["yi"], folder=folder / "yi2")
    platform.sequence()

    # the committee is drawn: three parties commit, then reveal
    draw = owner.post(f"/work/tenders/{tender}/draw")["Location"].split("/")[3]
    seeds = [(person, secrets.token_bytes(32)) for person in (owner, centre, supervisor)]
    assert "提交随机种子的承诺" in centre.get("/work")
    for person, seed in seeds:
        person.post(f"/work/draws/{draw}/seed/commit", commitment=hashlib.sha256(seed).hexdigest())
    for person, seed in seeds:
        person.get(f"/work/draws/{draw}/seed")
        person.post(f"/work/draws/{draw}/seed/reveal", seed=seed.hex())
    seated: list[Person] = []
    while "已通知, 待答复" in "".join(e.get("/work/calls") for e in _experts(platform)):
        for expert in _experts(platform):
            if "已通知, 待答复" in expert.get("/work/calls"):
                expert.post(f"/work/draws/{draw}/answer", accept="yes")
                assert "开标结束后才能签到" in expert.get(f"/work/draws/{draw}/check-in")

    # the opening
    assert "下一步: 宣布开标" not in owner.get(f"{at}/host")
    deadline = owner.party.get(f"/tenders/{tender}")["rounds"][0]["bid_deadline"]
    platform.advance(story.datetime.fromisoformat(deadline) + timedelta(seconds=1))
    assert "下一步: 宣布开标" in owner.get(f"{at}/host")
    owner.post(f"{at}/open")
    assert "解密投标文件" in bidders["jia"].get("/work")
    bidders["jia"].get(f"{at}/bid")
    for bidder in bidders.values():
        bid = next(
            b for b in bidder.party.get("/bids")["bids"] if b["round"] == round_id and b["state"] == "live"
        )
        envelope = bidder.client.get(f"/work/bids/{bid['bid']}/key.p7m").content
        bidder.post(
            f"/work/bids/{bid['bid']}/key", bid_key=bids.bid_key(party=bidder.party, envelope=envelope)
        )
    platform.work()
    assert "9,120,000.00" in owner.get(f"{at}/host")
    bidders["bing"].post(f"{at}/opening-objection", text="请核对甲的工期")
    page = owner.get(f"{at}/host")
    objection = re.search(r"/work/opening-objections/(\w+)/answer", page)
    assert objection and "请核对甲的工期" in page
    owner.post(f"/work/opening-objections/{objection[1]}/answer", round=round_id, answer="已核对, 无误")
    owner.sign(f"{at}/end", f"{at}/record/to-sign")
    bidders["yi"].sign(f"{at}/record", f"{at}/record/to-sign")
    assert "已签名确认" in bidders["yi"].get(f"{at}/bid")

    # check-in; who works for a bidder is replaced by the next, who is called and checks in too
    checked: set[str] = set()
    while "组建评标委员会, 开始评标" not in owner.get(f"/work/tenders/{tender}"):
        for expert in _experts(platform):
            page = expert.get("/work/calls")
            if "已通知, 待答复" in page:
                expert.post(f"/work/draws/{draw}/answer", accept="yes")
            elif f"/work/draws/{draw}/check-in" in page and expert.party.token not in checked:
                checked.add(expert.party.token)
                assert "甲建工集团有限公司" in expert.get(f"/work/draws/{draw}/check-in")
                expert.post(f"/work/draws/{draw}/check-in", avoid="no")
                if "您的代号是" in expert.get(f"/work/draws/{draw}/check-in"):
                    expert.sign(f"/work/draws/{draw}/oath", f"/work/draws/{draw}/oath/to-sign")
                    assert "号" in expert.get(f"/work/draws/{draw}/check-in")
                    seated.append(expert)
    owner.post(f"/work/draws/{draw}/seat", tender=tender)
    code = seated[0].party.get(f"/draws/{draw}/meeting")["code"]
    for member in seated:
        assert "推选组长" in member.get(f"{at}/desk")
        member.post(f"/work/draws/{draw}/leader", choice=code, round=round_id)

    # the evaluation
    desk = seated[0].party.get(f"/rounds/{round_id}/desk")
    keys = [r["key"] for r in desk["document"]["requirements"]]
    names = [f"{b['bid']}:{key}" for b in desk["bids"] for key in keys]
    assert keys == ["seal", "ceiling", "requirement_1"]
    for member in seated:
        assert "初步评审" in member.get(f"{at}/desk")
        member.post(f"{at}/preliminary", **{f"passes:{n}": "yes" for n in names})
    for member in seated:
        assert "满分60" in member.get(f"{at}/desk")
        points = {
            f"score:{b['bid']}:{c['key']}": c["weight"]
            for b in desk["bids"]
            for c in desk["document"]["criteria"]
        }
        member.post(f"{at}/scores", **points)
    for member in seated:
        assert "没有提示" in member.get(f"{at}/desk")
        member.post(f"{at}/summary")
    attached = re.search(r"/documents/(\w{64})", seated[0].get(f"{at}/desk"))
    assert attached
    seated[0].get(f"/documents/{attached[1]}")
    assert sum(_may_read(bidder, attached[1]) for bidder in bidders.values()) == 1
    for member in seated:
        member.sign(f"{at}/report", f"{at}/report/to-sign", dissent="")
    platform.work()
    assert "施工组织设计" in supervisor.get(f"{at}/sheets")

    # publicity, an objection, the award, the letter, the contract
    assert "开始公示" in owner.get(f"{at}/result")
    owner.post(f"{at}/publicity")
    bidders["yi"].post(f"{at}/object", text="第一名业绩存疑")
    page = owner.get(f"{at}/result")
    objection = re.search(r"/work/objections/(\w+)/answer", page)
    assert objection and "第一名业绩存疑" in page
    owner.post(
        f"/work/objections/{objection[1]}/answer", round=round_id, answer="经核查, 业绩真实, 异议不成立"
    )
    platform.advance(platform.now + timedelta(days=6))
    page = owner.get(f"{at}/result")
    first = re.search(r'name="bid" value="(\w+)"', page)
    assert first
    owner.post(f"{at}/award", bid=first[1])
    owner.sign(f"{at}/letter", f"{at}/letter/to-sign")
    report = owner.party.get(f"/rounds/{round_id}/report")["report"]["ranking"][0]
    winner = next(b for b in bidders.values() if b.party.name == report["bidder"])
    loser = next(b for b in bidders.values() if b is not winner)
    assert "签订合同" in winner.get("/work")
    loser.get(f"{at}/contract", status=403)
    owner.sign(f"{at}/contract/seal", f"{at}/contract/to-sign")
    winner.get(f"{at}/contract")
    winner.sign(f"{at}/contract/seal", f"{at}/contract/to-sign")
    page = winner.get(f"{at}/contract")
    assert "合同已签订" in page
    pdf = re.search(r"/documents/(\w{64})", page)
    assert pdf
    winner.get(f"/documents/{pdf[1]}")
    assert "合同已签订" in owner.get(f"{at}/result")
    pack = supervisor.client.get(f"/work/evidence/{ocid}")
    assert pack.status_code == 200 and pack.json()["level"] == "supervisor"


def _may_read(person: Person, digest: str) -> bool:
    reply = person.client.get(f"/documents/{digest}")
    assert reply.status_code in {200, 403}
    return reply.status_code == 200


def test_what_was_entered_is_kept_when_a_form_is_refused(platform: Any) -> None:
    owner = Person(platform, "zhaobiao")
    project = _project() | {"invest_code": "不对"}
    page = owner.post("/work/projects/new", status=422, **project).content.decode()
    assert "页面测试工程" in page and "一栋教学楼" in page and "投资项目" in page and 'role="alert"' in page

    onward = owner.post("/work/projects/new", **_project())["Location"]
    lots = {
        "lot_name": ["主体", "景观", ""],
        "lot_budget": ["一千万", "200", ""],
        "lot_ceiling_price": ["", "", ""],
        "lot_duration_days": ["300", "90", ""],
        "lot_scope_of_work": ["土建", "绿化", ""],
    }
    page = owner.post(
        onward, status=422, name="某招标", procedure_code="GC_OPEN_POST", **lots
    ).content.decode()
    assert all(said in page for said in ("一千万", "绿化", "不是数字", "某招标"))

    tender = _drafted(owner)
    console = f"/work/tenders/{tender}"
    owner.post(f"{console}/register")
    owner.post(f"{console}/start")
    wrong = _document(
        deposit="900000", text="一段写了很久的正文", criterion_title=["很用心的评分项", "项目管理机构", ""]
    )
    page = owner.post(f"{console}/document", status=409, **wrong).content.decode()
    assert all(
        said in page
        for said in ("一段写了很久的正文", "很用心的评分项", "不得超过招标项目估算价的2%", "900000")
    )
    page = owner.post(f"{console}/document", status=422, **_document(price_weight="50")).content.decode()
    assert "合计应为100分" in page
    owner.post(f"{console}/document", **_document())
    owner.post(f"{console}/send-to-review")
    page = owner.post(
        f"{console}/review", status=422, passed="true", opinion="认真审查过", signature="AAAA"
    ).content.decode()
    assert "认真审查过" in page
    owner.sign(f"{console}/review", f"{console}/review/to-sign", passed="true", opinion="可以")
    early = (platform.now + timedelta(days=10)).astimezone(BEIJING).strftime("%Y-%m-%dT%H:%M")
    page = owner.post(f"{console}/publish", status=409, bid_deadline=early).content.decode()
    assert early in page and "第二十四条" in page and "不足" in page
    assert "不足" in owner.get(f"{console}/publish?deadline={early}")
    assert "请选择投标截止时间" in owner.get(f"{console}/publish?deadline=x")


def test_the_centre_checks_form_and_approves_nothing(platform: Any) -> None:
    owner, centre = Person(platform, "zhaobiao"), Person(platform, "zhongxin")
    tender = _drafted(owner)
    owner.post(f"/work/tenders/{tender}/register")
    address = f"/work/tenders/{tender}/form-check"
    assert "不审批" in centre.get(address)
    assert "请一次列明全部缺项" in centre.post(address, status=422, verdict="missing").content.decode()
    page = centre.post(address, status=422, verdict="complete", missing="代理合同").content.decode()
    assert "代理合同" in page
    centre.post(address, verdict="missing", missing="代理合同\n资金证明")
    page = owner.get(f"/work/tenders/{tender}")
    assert "代理合同" in page and "资金证明" in page and "开始编制" in page


def test_other_roles_and_other_organisations_are_refused(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder).closed()
    round_id, tender = tale.round, tale.tender["tender"]
    jia, agency = Person(platform, "jia"), Person(platform, "daili")
    expert, centre = Person(platform, "zhuanjia01"), Person(platform, "zhongxin")
    for path in (f"tenders/{tender}", f"rounds/{round_id}/host", f"rounds/{round_id}/result", "clock"):
        assert "此事项由" in jia.get(f"/work/{path}", status=403)
    for path in (
        f"tenders/{tender}",
        f"tenders/{tender}/document",
        f"tenders/{tender}/publish",
        f"rounds/{round_id}/host",
        f"rounds/{round_id}/result",
    ):
        assert "本" in agency.get(f"/work/{path}", status=403)
    agency.post(f"/work/rounds/{round_id}/open", status=403)
    jia.post(f"/work/rounds/{round_id}/open", status=403)
    expert.get(f"/work/rounds/{round_id}/desk", status=404)
    expert.get(f"/work/rounds/{round_id}/bid", status=403)
    centre.get(f"/work/rounds/{round_id}/sheets", status=403)
    agency.get(f"/work/evidence/{tale.tender['ocid']}", status=403)
    assert jia.client.get(f"/work/rounds/{round_id}/submit")["Location"] == "/work"
    refused = jia.client.get(f"/work/tenders/{tender}/review/to-sign?passed=true&opinion=x")
    assert refused.status_code == 403
    assert "没有参加" in Person(platform, "ding").get(f"/work/rounds/{round_id}/bid")


def test_a_form_from_elsewhere_is_refused(platform: Any) -> None:
    owner = Person(platform, "zhaobiao")
    owner.client.handler.enforce_csrf_checks = True
    assert "页面已过期" in owner.post("/work/projects/new", status=403, **_project()).content.decode()


def test_nothing_of_bids_shows_before_the_deadline(platform: Any, folder: Path) -> None:
    """With no bid and with three, every page of everybody else reads the same."""
    tale = Tale(platform, folder).published()
    at, tender = f"/work/rounds/{tale.round}", f"/work/tenders/{tale.tender['tender']}"
    looks = [
        ("zhaobiao", "/work"),
        ("zhaobiao", tender),
        ("zhaobiao", f"{at}/host"),
        ("zhaobiao", f"{at}/host/fragment"),
        ("zhaobiao", f"{at}/result"),
        ("zhongxin", "/work"),
        ("jiandu", "/work"),
        ("ding", "/work"),
        ("ding", f"{at}/bid"),
        ("guanli", "/work/clock"),
    ]
    platform.sequence()
    before = [_plain(Person(platform, who).get(path)) for who, path in looks]
    for name in PRICES:
        tale.bid(name)
    platform.sequence()
    after = [_plain(Person(platform, who).get(path)) for who, path in looks]
    assert before == after
    for bidder in ("甲建工", "乙路桥", "丙市政"):
        assert not any(bidder in page for page in after)
    assert "有效" in Person(platform, "jia").get(f"{at}/bid")


def _plain(page: str) -> str:
    """Return a page without what the clock and the form protection change."""
    page = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", page)
    page = re.sub(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(\.\d+)?(\+\d\d:\d\d)?", "", page)
    return re.sub(r"(\d+天 )?\d\d:\d\d:\d\d", "", page)  # how long it is until the deadline


def test_the_clock_goes_forward_only(platform: Any) -> None:
    admin = Person(platform, "guanli")
    past = (platform.now - timedelta(days=1)).astimezone(BEIJING).strftime("%Y-%m-%dT%H:%M")
    assert "只能向前" in admin.post("/work/clock", status=409, what="to", to=past).content.decode()
    assert "1到3600倍" in admin.post("/work/clock", status=422, what="speed", speed="5000").content.decode()
    later = (platform.now + timedelta(days=1)).astimezone(BEIJING)
    admin.post("/work/clock", what="to", to=later.strftime("%Y-%m-%dT%H:%M"))
    assert platform.now >= later.replace(second=0, microsecond=0)


def test_a_failed_lot_begins_a_new_round(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder).closed("jia", "yi")
    owner, console = Person(platform, "zhaobiao"), f"/work/tenders/{tale.tender['tender']}"
    page = owner.get(console)
    assert "重新招标" in page and "第二十八条" in page
    owner.post(f"/work/rounds/{tale.round}/next", tender=tale.tender["tender"])
    page = owner.get(console)
    assert "(第2次)" in page and "提交进场登记" in page


def test_an_unopened_bid_is_accounted_by_the_host(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder).opened()
    owner, at = Person(platform, "zhaobiao"), f"/work/rounds/{tale.round}"
    for name in ("jia", "yi"):
        tale.release(name)
    platform.advance(platform.now + timedelta(minutes=61))
    page = owner.get(f"{at}/host")
    assert "视为撤销" in page and "责任认定" in page
    bid = re.search(r"/work/bids/(\w+)/failure", page)
    assert bid
    owner.post(f"/work/bids/{bid[1]}/failure", round=tale.round, fault="platform", reason="平台网络中断")
    assert "平台网络中断" in owner.get(f"{at}/host")


def test_a_wrong_key_is_refused_and_kept(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder).opened()
    jia = Person(platform, "jia")
    bid = next(b for b in jia.party.get("/bids")["bids"] if b["round"] == tale.round)
    page = jia.client.post(f"/work/bids/{bid['bid']}/key", {"bid_key": "AGE-SECRET-KEY-1WRONG"})
    assert page.status_code >= 400 and "AGE-SECRET-KEY-1WRONG" in page.content.decode()
    assert (
        base64.b64encode(jia.client.get(f"/work/bids/{bid['bid']}/key.p7m").content).decode()
        == jia.party.get(f"/bids/{bid['bid']}/envelope")["envelope"]
    )


def test_fewer_than_three_left_are_argued_on_the_desk(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder).seated()
    story.elect_leader(tale.members, tale.draw)
    at, members = f"/work/rounds/{tale.round}", [_member(platform, party) for party in tale.members]
    desk = tale.members[0].get(f"/rounds/{tale.round}/desk")
    out = desk["bids"][0]["bid"]
    given = {
        f"passes:{b['bid']}:{r['key']}": "yes" for b in desk["bids"] for r in desk["document"]["requirements"]
    } | {"form": "table"}
    some = dict(list(given.items())[:3]) | {"form": "table"}
    page = members[0].post(f"{at}/preliminary", status=422, **some).content.decode()
    assert "项没有作出判断" in page and "checked" in page
    given[f"passes:{out}:licence"] = "no"
    page = members[0].post(f"{at}/preliminary", status=422, **given).content.decode()
    assert "要写明理由" in page
    for member in members:
        member.post(f"{at}/preliminary", **given, **{f"reason:{out}:licence": "资质证书过期"})
    page = members[0].post(f"{at}/competition", status=422, go_on="yes", reason="").content.decode()
    assert "理由" in page
    for member in members:
        assert "少于3个" in member.get(f"{at}/desk")
        member.post(f"{at}/competition", go_on="yes", reason="仍具有竞争性")
    assert "签署评标报告" in members[0].get(f"{at}/desk")
    members[0].sign(f"{at}/report", f"{at}/report/to-sign", dissent="对资质认定保留意见")
    assert "您已完成本步骤" in members[0].get(f"{at}/desk")


def _member(platform: Any, party: Party) -> Person:
    return Person(platform, party.name)


def test_an_agency_finds_the_project_it_registered(platform: Any) -> None:
    agency, uscc = Person(platform, "daili"), Person(platform, "zhaobiao").party.uscc
    given = _project() | {"owner_uscc": uscc}
    onward = agency.post("/work/projects/new", **given)["Location"]
    page = agency.post("/work/projects/new", status=409, **given).content.decode()
    assert onward in page and "已登记过" in page
    made = agency.post(
        onward,
        name="代理招标",
        procedure_code="GC_OPEN_POST",
        lot_name=["主体"],
        lot_budget=["10000000"],
        lot_ceiling_price=[""],
        lot_duration_days=["365"],
        lot_scope_of_work=[""],
    )
    console = made["Location"]
    agency.post(f"{console}/register")
    agency.post(f"{console}/start")
    agency.post(f"{console}/document", **_document())
    agency.post(f"{console}/send-to-review")
    assert "代理机构不能代办" in agency.get(console)
    assert "代理招标" in agency.get("/work") and "公平竞争审查结论" in Person(platform, "zhaobiao").get(
        "/work"
    )


@pytest.mark.parametrize("username", ["zhaobiao", "jia", "zhuanjia01", "zhongxin", "jiandu", "yinhang"])
def test_a_password_alone_may_look_but_is_told_what_binds(platform: Any, username: str) -> None:
    browser = Browser()
    browser.post("/login", {"username": username, "password": story.PASSWORD})
    page = browser.get("/work")
    assert page.status_code == 200 and "用数字证书验证" in page.content.decode()


def test_a_rule_for_facts_outlives_the_editor(platform: Any) -> None:
    owner = Person(platform, "zhaobiao")
    console = f"/work/tenders/{_drafted(owner)}"
    owner.post(f"{console}/register")
    owner.post(f"{console}/start")
    rule = {"fact": "performances", "each": "2", "most": "6", "at_least": "5000000.00", "since": "2023-01-01"}
    columns = {f"criterion_fact_{name}": ["", value, ""] for name, value in rule.items()}
    given = _document(criterion_way=["", "objective", ""], **columns)
    owner.post(f"{console}/document", **given)
    page = owner.get(f"{console}/document")
    assert '<option value="performances" selected>' in page and 'value="2023-01-01"' in page
    kept = Tender.objects.get(public_id=console.rsplit("/", 1)[1]).document["criteria"]
    assert [row.get("facts") for row in kept] == [None, rule]
    # a subjective item is nobody's to settle by facts, and the refusal keeps what was entered
    said = owner.post(f"{console}/document", status=422, **{**given, "criterion_way": ["", "", ""]})
    assert "只有客观项可以按登记信息自动计分" in said.content.decode()
    assert 'value="2023-01-01"' in said.content.decode()
