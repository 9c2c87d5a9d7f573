"""The pages of challenges and complaints, filled in by each side at its browser."""

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from ggzy.complaints.models import Complaint
from ggzy.objections.models import Challenge, Objection
from tests.journeys.tale import Tale
from tests.objections.test_challenges import announced
from tests.objections.test_proceedings import dealt
from tests.portals.test_work import Person

pytestmark = pytest.mark.journey


def test_a_complaint_at_its_pages(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder).in_publicity()
    bidder, owner, department = (Person(platform, n) for n in ("yi", "zhaobiao", "jiandu"))
    file = f"/work/proceedings/{tale.round}/complaint"
    assert "本单位尚未提出异议" in bidder.get(file)
    bidder.post(f"/work/rounds/{tale.round}/object", text="对排序有异议")
    # taken back, the publicity goes on; raised anew and answered
    first = Objection.objects.get()
    assert f"/work/objections/{first.public_id}/withdraw" in bidder.get("/work/complaints")
    bidder.post(f"/work/objections/{first.public_id}/withdraw")
    assert "已撤回" in bidder.get("/work/complaints")
    assert "答复评标结果异议" not in owner.get("/work")
    bidder.post(f"/work/rounds/{tale.round}/object", text="对排序有异议")
    second = Objection.objects.exclude(pk=first.pk).get()
    owner.post(f"/work/objections/{second.public_id}/answer", answer="评审符合招标文件", upheld="false")
    said = {"matter": "result", "text": "未按规定否决", "facts": "见公示", "request": "重新评标"}
    page = bidder.client.post(file, {**said, "facts": ""}).content.decode()
    assert "投诉书应当写明事实依据" in page and "未按规定否决" in page
    proof = SimpleUploadedFile("公示截图.pdf", b"%PDF-1.7 proof")
    bidder.client.post(file, {**said, "evidence": proof})
    case = Complaint.objects.get()
    at = f"/work/complaints/{case.public_id}"
    document = f"/documents/{case.files[0]['sha256']}"
    assert "公示截图.pdf" in bidder.get(at)
    assert department.client.get(document).status_code == 200
    assert owner.client.get(document).status_code == 404
    assert "审查投诉, 决定是否受理" in department.get("/work")
    department.post(f"{at}/steps/accept")
    assert "对投诉提交书面说明" in owner.get("/work")
    owner.post(f"{at}/steps/state", text="评审合法")
    assert "对投诉提交书面说明" not in owner.get("/work")
    department.post(f"{at}/steps/order", text="核实", days="10")
    assert "投诉暂停" in bidder.get(f"/lots/{tale.tender['rounds'][0]['lot']}")
    refused = department.client.post(f"{at}/steps/decide", {"text": "属实", "choice": "upheld"})
    assert refused.status_code == 422 and "文号" in refused.content.decode()
    department.post(f"{at}/steps/decide", text="查无实据", choice="unfounded", number="训住建〔2026〕1号")
    department.post(f"{at}/steps/publish")
    assert "投诉处理决定公告" in department.get("/decisions")
    case.refresh_from_db()
    assert "查无实据" in owner.get(f"/notices/{case.notice}")


def test_a_challenge_at_its_pages(platform: Any, folder: Path) -> None:
    tale = announced(platform, folder)
    supplier, owner, agency = (Person(platform, n) for n in ("jia", "zhaobiao", "jiandu"))
    said = {"matter": "评分有误", "facts": "业绩得分", "request": "另行确定", "law": ""}
    supplier.post(f"/work/rounds/{tale.round}/challenge", **said)
    at = f"/work/challenges/{Challenge.objects.get().public_id}"
    assert "答复对中标结果的质疑" in owner.get("/work")
    assert "另行确定中标供应商" in owner.get(at)
    assert "质疑未答复" in agency.get(f"/lots/{tale.tender['rounds'][0]['lot']}")
    owner.post(f"{at}/answer", answer="业绩不实", outcome="redetermine")
    assert tale.stage() == "CONFIRMED"
    assert "业绩不实" in supplier.get(at)


def test_an_unanswered_objection_to_the_file_demands_a_later_deadline(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder).published()
    tale.bidder("yi").post(f"/rounds/{tale.round}/file-objections", {"text": "工期不合理"})
    owner = Person(platform, "zhaobiao")
    says = "延长投标截止时间: 对招标文件的异议尚未答复"
    assert says not in owner.get("/work")
    platform.advance(Objection.objects.get().answer_due_at)
    assert says in owner.get("/work")
    assert "答复前不得开标" in owner.get(f"/work/tenders/{tale.tender['tender']}/changes")


def test_the_deal_of_a_call_is_challenged_at_its_pages(platform: Any) -> None:
    call = dealt(platform)
    supplier, other, buyer = (Person(platform, n) for n in ("yi", "bing", "zhaobiao"))
    public, raising = f"/call-offs/{call.id}", f"/work/proceedings/{call.id}/challenge"
    assert raising in supplier.get(public)
    assert raising not in other.get(public) and "没有本单位可以质疑的环节" in other.get(raising)
    said = {
        "about": "result",
        "matter": "价格不是最低",
        "facts": "见协议价格",
        "request": "重新选定",
        "law": "",
    }
    refused = supplier.client.post(raising, {**said, "facts": " "})
    assert refused.status_code == 422 and "价格不是最低" in refused.content.decode()
    supplier.post(raising, **said)
    at = f"/work/challenges/{Challenge.objects.get().public_id}"
    assert "质疑未答复: 有关活动暂停" in other.get(public)
    assert at in supplier.get("/work/complaints") and "答复对成交结果的质疑" in buyer.get("/work")
    page = buyer.get(at)
    assert "重新开展采购活动" in page and "另行确定" not in page
    buyer.post(f"{at}/answer", answer="选定有据", outcome="unfounded")
    assert "选定有据" in supplier.get(at) and "选定有据" not in other.get(public)
    filing = f"/work/proceedings/{call.id}/complaint"
    assert filing in supplier.get(at)
    said = {"matter": "result", "text": "选定无据", "facts": "见协议", "request": "撤销"}
    supplier.post(filing, **said)
    case = f"/work/complaints/{Complaint.objects.get().public_id}"
    finance = Person(platform, "caizheng")
    finance.post(f"{case}/steps/accept")
    page = finance.get(case)
    assert f'href="{public}"' in page and "撤销采购结果" in page and "另行确定中标" not in page
