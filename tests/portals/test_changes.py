"""Changes, questions, trouble and what follows a report, driven through the pages' own forms."""

import html
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from ggzy.client import bids, story
from ggzy.kernel.clock import BEIJING
from tests.journeys.tale import Tale
from tests.portals.test_work import Person

pytestmark = pytest.mark.django_db


def hidden(page: str) -> dict[str, str]:
    """Return the hidden fields of the form that confirms."""
    form = page[page.index("/changes/make") :]
    form = form[: form.index("</form>")]
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form)
    return {name: html.unescape(value) for name, value in found if name != "csrfmiddlewaretoken"}


def local(moment: Any) -> str:
    """Return a moment as a datetime-local field sends it."""
    return f"{moment.astimezone(BEIJING):%Y-%m-%dT%H:%M}"


def change(person: Person, tale: Tale, *, files: Any = None, **wish: Any) -> str:
    """Fill the form of a change, read the consequences, confirm; return the page of consequences."""
    base = f"/work/tenders/{tale.tender['tender']}/changes"
    plan = person.post(f"{base}/look", status=200, **wish).content.decode()
    fields = hidden(plan)
    person.post(f"{base}/make", **fields, **({"evidence": files} if files else {}))
    return plan


def test_a_question_is_asked_answered_and_published_by_pages(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder).published()
    owner, jia, yi = (Person(platform, name) for name in ("zhaobiao", "jia", "yi"))
    ask = f"/work/tenders/{tale.tender['tender']}/ask"
    assert "登记获取第1版" in jia.get(ask)
    jia.post(ask, what="take")
    assert "已登记获取第1版" in jia.get(ask)
    again = jia.post(ask, status=422, what="ask", text="啊").content.decode()
    assert "请写明问题" in again and "啊</textarea>" in again
    jia.post(ask, what="ask", text="是否允许使用再生骨料?")
    base = f"/work/tenders/{tale.tender['tender']}/changes"
    desk = owner.get(f"{base}?kind=clarify")
    assert "是否允许使用再生骨料" in desk and jia.party.name not in desk
    name = re.search(r'name="(answer_[0-9a-f]{32})"', desk)
    assert name
    plan = change(owner, tale, kind="clarify", text="第一次答疑", **{name[1]: "允许, 应符合国家标准"})
    assert "答复1个问题" in plan
    assert "允许, 应符合国家标准" in yi.get(ask)
    assert "第 2 版" in jia.get(f"{base.replace('/work', '').replace('/changes', '')}")
    assert "请重新阅读并登记" in jia.get(ask)
    notice = platform.read_json("/api/v1/notices?kind=clarification")["notices"][0]["public_id"]
    page = Person(platform, "yi").get(f"/notices/{notice}")
    assert "是否允许使用再生骨料" in page and jia.party.name not in page


def test_an_extension_is_proposed_adopted_and_done_by_pages(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder).published()
    owner = Person(platform, "zhaobiao")
    base = f"/work/tenders/{tale.tender['tender']}/changes"
    platform.advance(tale.deadline - timedelta(days=8))
    wish = {"kind": "clarify", "text": "补充地下管线资料", "affects_bids": "1"}
    plan = owner.post(f"{base}/look", status=200, **wish).content.decode()
    assert "还不能确认" in plan and "采用并重新核对" in plan and "第二十一条" in plan
    proposal = re.search(r'name="new_deadline" value="([^"]+)" required', plan)
    assert proposal
    change(owner, tale, **wish, new_deadline=proposal[1])
    rounds = tale.owner.get(f"/tenders/{tale.tender['tender']}")["rounds"]
    assert local(story.datetime.fromisoformat(rounds[0]["bid_deadline"])) == proposal[1]
    assert "第1号 澄清、修改、答疑" in owner.get(base)
    wrong = owner.post(
        f"{base}/look", status=409, kind="postpone", text="提前开标", new_deadline="2026-03-03T09:00"
    )
    assert "只能推后" in wrong.content.decode() and "提前开标" in wrong.content.decode()
    owner.post(f"{base}/look", status=422, kind="nothing")


def test_a_confirmation_of_something_else_is_shown_anew(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder).published()
    owner = Person(platform, "zhaobiao")
    base = f"/work/tenders/{tale.tender['tender']}/changes"
    later = local(tale.deadline + timedelta(days=2))
    wish = {"kind": "postpone", "text": "场地检修, 顺延", "new_deadline": later}
    plan = owner.post(f"{base}/look", status=200, **wish).content.decode()
    fields = hidden(plan)
    story.draw(
        tale.owner, platform.cast(), tale.tender["tender"]
    )  # a draw has come between looking and confirming
    anew = owner.post(f"{base}/make", status=409, **fields).content.decode()
    assert "请重新查看后果" in anew and "专家抽取取消" in anew
    owner.post(f"{base}/make", **hidden(anew))


def test_trouble_at_an_opening_by_pages(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder).opened()
    owner, centre, jia = (Person(platform, name) for name in ("zhaobiao", "zhongxin", "jia"))
    host, hall = f"/work/rounds/{tale.round}/host", f"/rounds/{tale.round}/hall"
    assert "停电、断网、系统故障: 暂停开标" in owner.get(host)
    started = local(platform.now)
    proof = SimpleUploadedFile("现场照片.jpg", b"picture")
    wish = {"kind": "outage", "ground": "power", "text": "开标区停电", "started_at": started}
    change(centre, tale, files=[proof], **wish)
    assert "开标已暂停" in owner.get(host) and "开标已暂停" in jia.get(hall)
    desk = centre.get(f"/work/tenders/{tale.tender['tender']}/changes")
    assert "现场照片.jpg" in desk and "故障恢复" in desk
    change(owner, tale, kind="end_outage", text="供电恢复, 设备正常")
    assert "开标已暂停" not in jia.get(hall)


def test_a_bidder_objects_to_the_file_and_the_owner_answers_by_pages(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder).published()
    owner, jia, supervisor = (Person(platform, name) for name in ("zhaobiao", "jia", "jiandu"))
    ask = f"/work/tenders/{tale.tender['tender']}/ask"
    jia.post(ask, what="object", round=tale.round, text="业绩要求指向特定企业")
    desk = f"/work/tenders/{tale.tender['tender']}/changes"
    assert "业绩要求指向特定企业" in owner.get(desk) and jia.party.name not in owner.get(desk)
    assert jia.party.name not in supervisor.get(desk)
    assert "答复对招标文件的异议" in owner.get("/work")
    objection = re.search(r"/work/file-objections/([0-9a-f]{32})/answer", owner.get(desk))
    assert objection
    path = f"/work/file-objections/{objection[1]}/answer"
    empty = owner.post(path, status=422, tender=tale.tender["tender"], answer=" ", upheld="false")
    assert "请写明答复" in empty.content.decode()
    owner.post(path, tender=tale.tender["tender"], answer="成立, 将删去该要求", upheld="true")
    assert "答复(成立)" in jia.get(ask)


def test_what_follows_a_report_by_pages(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder).reported()
    owner = Person(platform, "zhaobiao")
    result = f"/work/rounds/{tale.round}/result"
    assert "退原评标委员会复核" in owner.get(result)
    wrong = owner.post(
        f"/work/rounds/{tale.round}/report-review", status=422, text="只写事实"
    ).content.decode()
    assert "请从列明的情形中选择" in wrong and "只写事实" in wrong
    owner.post(f"/work/rounds/{tale.round}/report-review", kinds=["outlier"], text="评分畸高, 请复核")
    assert "等待第二人解锁" in owner.get(result) and "须由另一人解锁" in owner.get("/work/reopenings")
    supervisor = Person(platform, "jiandu")
    assert "解锁评标复核" in supervisor.get("/work")
    asked = re.search(r"/work/reopenings/([0-9a-f]{32})", supervisor.get("/work/reopenings"))
    assert asked
    refusal = supervisor.post(f"/work/reopenings/{asked[1]}", status=422, unlock="no").content.decode()
    assert "请写明不同意复核的理由" in refusal
    supervisor.post(f"/work/reopenings/{asked[1]}", unlock="yes")
    expert = next(m for m in tale.members)
    desk = Person(platform, expert.name).get(f"/work/rounds/{tale.round}/desk")
    assert "第2次评审" in desk and "畸高" in desk
    tale.evaluated_again()
    platform.advance(tale.publicity_ends + timedelta(seconds=1))
    page = owner.get(result)
    assert "不再定标, 重新招标" in page and "候选人情况变化" in page
    bad = owner.post(f"/work/rounds/{tale.round}/retender", status=422, ground="first_out", text="想重招")
    assert "中标资格尚未终止" in bad.content.decode()
    tale.first = story.award(tale.owner, tale.round)
    winner = Person(
        platform, {p.name: n for n in ("jia", "yi", "bing") for p in [tale.bidder(n)]}[tale.first["bidder"]]
    )
    contract = f"/work/rounds/{tale.round}/contract"
    assert "放弃中标" in winner.get(contract)
    end = f"/work/rounds/{tale.round}/award-end"
    winner.sign(end, f"{end}/to-sign", kind="refused", reason="资金链断裂")
    page = owner.get(result)
    assert "已终止的中标" in page and "依次应当确定第2名" in page
    owner.post(f"/work/rounds/{tale.round}/retender", ground="first_out", text="重新招标更有利于竞争")
    assert "重新招标" in owner.get(result)


def test_a_supervisor_annuls_and_an_owner_starts_the_work_by_pages(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder).notified()
    supervisor, owner = Person(platform, "jiandu"), Person(platform, "zhaobiao")
    assert "投诉成立, 中标无效" in supervisor.get("/work")
    path = f"/work/rounds/{tale.round}/annul"
    missing = supervisor.post(path, status=422, decision="", text="弄虚作假").content.decode()
    assert "文号" in missing and "弄虚作假" in missing
    supervisor.post(path, decision="训建投〔2026〕1号", text="弄虚作假")
    assert "不在中标通知书发出之后" in supervisor.get(path)
    other = Tale(platform, folder).notified()
    story.contract(other.owner, other.winner, other.round)
    start = f"/work/rounds/{other.round}/performance"
    high = owner.post(start, status=409, bond="99999999", starts_on="2026-12-01").content.decode()
    assert "10%" in high and "99999999" in high
    owner.post(start, bond="500000", starts_on="2026-12-01")
    assert "履约中" in owner.get(f"/work/rounds/{other.round}/result")


def test_a_lot_tendered_anew_draws_a_committee_of_its_own_by_its_page(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder, lots=2)
    tale.published()
    for name in ("jia", "yi", "bing"):
        tale.bid(name)
    tale.bid("jia", round_id=tale.rounds[1])  # the second lot fails
    platform.advance(tale.deadline + timedelta(seconds=1))
    console = f"/work/tenders/{tale.tender['tender']}"
    tale.owner.post(f"/tenders/{tale.tender['tender']}/opening")
    for name in ("jia", "yi", "bing"):
        bidder = tale.bidder(name)
        for bid in bidder.get("/bids")["bids"]:
            if bid["round"] == tale.round and bid["state"] == "live":
                bids.release(party=bidder, bid_id=bid["bid"])
    platform.work()
    story.end_opening(tale.owner, tale.round)
    cast = platform.cast()
    draw = story.draw(tale.owner, cast, tale.tender["tender"])
    members = story.check_in(cast, draw, story.answer_calls(cast)[draw])
    assert members
    tale.owner.post(f"/draws/{draw}/committee")
    owner = Person(platform, "zhaobiao")
    assert "发起专家抽取" not in owner.get(console)
    tale.owner.post(f"/rounds/{tale.rounds[1]}/next")
    base = f"/tenders/{tale.tender['tender']}"
    for step in ("registration", "document", "review"):
        tale.owner.post(f"{base}/{step}")
    story.conclude(tale.owner, tale.tender["tender"])
    story.publish(tale.owner, tale.tender["tender"], deadline=platform.now + timedelta(days=21))
    assert "发起专家抽取" in owner.get(console)
    owner.post(f"{console}/draw")


def test_the_centre_reaches_the_failure_button_of_a_running_tender_from_its_bench(
    platform: Any, folder: Path
) -> None:
    tale = Tale(platform, folder).opened()
    link = f"/work/tenders/{tale.tender['tender']}/changes?kind=outage"
    centre = Person(platform, "zhongxin")
    assert link.replace("&", "&amp;") in centre.get("/work")
    assert "故障发生的时间" in centre.get(link)


def test_an_opening_without_any_opened_bid_offers_the_way_out_on_its_page(
    platform: Any, folder: Path
) -> None:
    tale = Tale(platform, folder).opened()
    hall = platform.anonymous().get(f"/rounds/{tale.round}/opening")
    platform.advance(story.datetime.fromisoformat(hall["window_ends_at"]) + timedelta(seconds=1))
    owner, host = Person(platform, "zhaobiao"), f"/work/rounds/{tale.round}/host"
    page = owner.get(host)
    assert "没有一份投标文件开启成功" in page and "签署开标记录, 结束开标" not in page
    owner.post(f"/work/rounds/{tale.round}/opening-failure", status=422, reason=" ")
    owner.post(f"/work/rounds/{tale.round}/opening-failure", reason="均未解密")
    assert "本标段流标" in owner.get(host)
