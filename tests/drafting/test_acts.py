"""Writing a file from the template through the real API and pages; every refusal changes nothing."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ggzy.client import story
from ggzy.client.party import Problem
from ggzy.drafting.lists import POSITIVE
from ggzy.drafting.standard import CONSTRUCTION
from ggzy.tendering import checking
from tests.journeys.tale import Tale
from tests.portals.test_work import Person

pytestmark = pytest.mark.django_db

FILLED = {
    "approval": "训练市发展改革局, 训发改审批〔2026〕1号",
    "funds": "财政资金100%",
    "place": "训练市",
    "scale": "教学楼一栋, 建筑面积8000平方米",
    "scope": "施工图范围内的全部工程",
    "opening_place": "本平台不见面开标大厅",
    "contact": "基建科, 0531-00000000",
    "objection_channel": "通过本交易平台“异议”栏目提出",
    "supervisor": "训练市住房和城乡建设局, 0531-00000001",
    "qualification": ["建筑工程施工总承包三级以上资质", "有效的安全生产许可证"],
    "manager": "建筑工程专业二级以上注册建造师",
    "visit": "不组织, 潜在投标人自行前往",
    "price_form": "工程量清单综合单价",
    "tie": "投标报价低的优先",
    "candidates": "3",
    "start": "2026-06-01",
    "advance": "10",
    "progress": "80",
    "pay_days": "30",
    "performance": "5",
    "retention": "3",
    "defects": "24",
    "price_swing": "5",
    "price_source": "信息价",
    "dispute": "向工程所在地有管辖权的人民法院起诉",
    "bill_basis": "国家现行计价标准",
    "drawings": ["建筑施工图, 第1版"],
}


def clauses(**slots: Any) -> dict[str, Any]:
    return {
        "template": CONSTRUCTION.code,
        "version": CONSTRUCTION.version,
        "slots": {**FILLED, **slots},
        "sector": "building",
        "library": ["building.wages", "building.quality"],
    }


def _writing(platform: Any, folder: Path, *, text: str = "采用标准施工招标文件。") -> tuple[Tale, str]:
    """Return a tale whose file is open for writing, and the tender's address."""
    tale = Tale(platform, folder)
    project = story.register_project(tale.owner, name="范本工程", serial=770_001)
    lot = {"name": "1标段", "budget": "10000000", "ceiling_price": "9500000", "duration_days": "365"}
    tale.tender = tale.owner.post(
        "/tenders", {"project": project, "name": "范本招标", "state_controlled": True, "lots": [lot]}
    )
    to = f"/tenders/{tale.tender['tender']}"
    tale.owner.post(f"{to}/registration")
    tale.owner.post(f"{to}/document")
    tale.owner.ask("PUT", f"{to}/document", {"document": story.document(text=text)})
    return tale, to


def _refused(call: Any, *args: Any) -> Problem:
    with pytest.raises(Problem) as refused:
        call(*args)
    return refused.value


def test_a_file_is_filled_in_reviewed_published_and_read_clause_by_clause(
    platform: Any, folder: Path
) -> None:
    tale, to = _writing(platform, folder)
    assert tale.owner.post(f"{to}/list-acknowledgement")["new"] is True
    assert tale.owner.post(f"{to}/list-acknowledgement")["new"] is False
    made = tale.owner.ask("PUT", f"{to}/clauses", clauses())["clauses"]
    assert made["locked"]["notice.access"] == CONSTRUCTION.clauses["notice.access"].sha256
    clean = {"findings": [], "missing": [], "empty": [], "templated": True}
    assert tale.owner.get(f"{to}/findings") == clean
    page = Person(platform, "zhaobiao").get(f"/work{to}/document")
    assert "应有的内容齐全" in page and "没有使用招标文件范本" not in page
    tale.owner.post(f"{to}/review")
    story.conclude(tale.owner, tale.tender["tender"])
    story.publish(tale.owner, tale.tender["tender"], deadline=platform.now + timedelta(days=21))
    file = tale.owner.get(f"{to}/file")
    assert file["document"]["clauses"]["template_sha256"] == CONSTRUCTION.sha256
    page = Person(platform, "jia").get(f"/files/{tale.tender['tender']}/1")
    assert "财政资金100%" in page and "不设报名、审核和登记条件" in page and "农民工工资专用账户" in page
    assert "没有差别" in Person(platform, "jia").get(f"/files/{tale.tender['tender']}/1..1")
    assert platform.anonymous().get(f"{to}/file/differences?older=1&newer=1")["rows"] == []
    assert _refused(platform.anonymous().get, f"{to}/file/differences?older=1&newer=2").code == "not_found"


def test_a_file_in_its_own_words_is_not_said_to_miss_what_only_the_template_holds(
    platform: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tale, to = _writing(platform, folder)
    found = tale.owner.get(f"{to}/findings")
    assert (found["missing"], found["templated"]) == ([], False)
    page = Person(platform, "zhaobiao").get(f"/work{to}/document")
    assert "没有使用招标文件范本" in page and "没有找到下列内容" not in page and "应有的内容齐全" not in page
    # from the template, what is missing is said
    tale.owner.ask("PUT", f"{to}/clauses", clauses())
    monkeypatch.setattr(checking, "absent", lambda _: list(POSITIVE[:1]))
    assert tale.owner.get(f"{to}/findings")["missing"] == [POSITIVE[0].says]
    assert "没有找到下列内容" in Person(platform, "zhaobiao").get(f"/work{to}/document")


def test_a_second_version_is_compared_word_by_word(platform: Any, folder: Path) -> None:
    from ggzy.tendering.models import TenderFile

    tale = Tale(platform, folder).published()
    tender = tale.tender["tender"]
    first = TenderFile.objects.get(tender__public_id=tender)
    document = first.document | {"quality": "优良", "text": first.document["text"] + "另附说明。"}
    TenderFile.objects.create(
        tender=first.tender,
        version=2,
        document=document,
        lots=first.lots,
        sha256="1" * 64,
        issued_at=platform.now,
    )
    rows = platform.anonymous().get(f"/tenders/{tender}/file/differences?older=1&newer=2")["rows"]
    assert [(r["key"], r["change"]) for r in rows] == [("quality", "changed"), ("text", "changed")]
    assert ["added", "另附说明。"] in rows[1]["words"]
    page = Person(platform, "jia").get(f"/files/{tender}/1..2")
    assert "<ins>优良</ins>" in page and "<del>合格</del>" in page
    assert f"/files/{tender}/1..2" in Person(platform, "jia").get(f"/files/{tender}/2")


def test_an_unfilled_place_or_an_unhandled_finding_stops_the_review_and_nothing_changed(
    platform: Any, folder: Path
) -> None:
    tale, to = _writing(platform, folder)
    tale.owner.ask("PUT", f"{to}/clauses", clauses(supervisor=""))
    found = _refused(tale.owner.post, f"{to}/review")
    assert found.code == "drafting.file_incomplete" and "监督部门及投诉渠道" in str(found)
    unlawful = "投标人须为在本市注册的独立法人"
    tale.owner.ask("PUT", f"{to}/clauses", clauses(manager=unlawful))
    found = _refused(tale.owner.post, f"{to}/review")
    assert found.code == "drafting.unlawful_clause" and "第二十条" in str(found.body.get("basis"))
    assert tale.stage() == "DOC_EDIT"
    [finding] = tale.owner.get(f"{to}/findings")["findings"]
    assert (finding["rule"], finding["place"]) == ("FC01", "slots.manager")
    assert (
        _refused(
            tale.owner.post,
            f"{to}/finding-answers",
            {"finding": "0" * 16, "reason": "法律要求属地许可的事项"},
        ).code
        == "input.invalid"
    )
    assert (
        _refused(tale.owner.post, f"{to}/finding-answers", {"finding": finding["key"], "reason": "需要"}).code
        == "input.invalid"
    )
    reason = "本事项依法实行属地许可, 依据某法第几条"
    tale.owner.post(f"{to}/finding-answers", {"finding": finding["key"], "reason": reason})
    tale.owner.ask("PUT", f"{to}/clauses", clauses(manager=unlawful))  # saving again keeps the answer
    tale.owner.post(f"{to}/review")
    assert tale.stage() == "FC_REVIEW"
    page = Person(platform, "zhaobiao").get(f"/work/tenders/{tale.tender['tender']}/document")
    assert "已说明理由" in page and reason in page


def test_the_free_text_is_checked_too_and_an_answer_lapses_with_its_sentence(
    platform: Any, folder: Path
) -> None:
    tale, to = _writing(platform, folder, text="投标保证金只接受电汇。")
    assert _refused(tale.owner.post, f"{to}/review").code == "drafting.unlawful_clause"
    [finding] = tale.owner.get(f"{to}/findings")["findings"]
    answer = {"finding": finding["key"], "reason": "说明理由若干字, 仅作演示之用"}
    tale.owner.post(f"{to}/finding-answers", answer)
    document = tale.owner.get(to)["document"] | {"text": "投标保证金仅接受银行电汇。"}
    tale.owner.ask("PUT", f"{to}/document", {"document": document})
    assert _refused(tale.owner.post, f"{to}/review").code == "drafting.unlawful_clause"
    tale.owner.ask("PUT", f"{to}/document", {"document": document | {"text": "保证金形式由投标人选择。"}})
    tale.owner.post(f"{to}/review")


def test_another_organisation_and_a_bidder_are_refused(platform: Any, folder: Path) -> None:
    tale, to = _writing(platform, folder)
    for call, body in (
        ("list-acknowledgement", {}),
        ("finding-answers", {"finding": "0" * 16, "reason": "x" * 12}),
    ):
        assert _refused(tale.bidder("jia").post, f"{to}/{call}", body).code == "permission.denied"
    assert _refused(tale.bidder("jia").get, f"{to}/findings").code == "permission.denied"


def test_the_acts_are_recorded(platform: Any, folder: Path) -> None:
    from ggzy.evidence.models import Entry

    tale, to = _writing(platform, folder, text="投标保证金只接受电汇。")
    tale.owner.post(f"{to}/list-acknowledgement")
    [finding] = tale.owner.get(f"{to}/findings")["findings"]
    tale.owner.post(
        f"{to}/finding-answers", {"finding": finding["key"], "reason": "说明理由若干字, 仅作演示"}
    )
    acts = set(Entry.objects.filter(ocid=tale.tender["ocid"]).values_list("act", flat=True))
    assert {"drafting.list_acknowledged", "drafting.finding_answered"} <= acts


def test_the_pages_show_locked_words_keep_what_was_entered_and_check_while_writing(
    platform: Any, folder: Path
) -> None:
    tale, _ = _writing(platform, folder)
    owner, at = Person(platform, "zhaobiao"), f"/work/tenders/{tale.tender['tender']}"
    assert "正负面清单" in owner.get(f"{at}/document")
    assert "编制前告知" in owner.get(f"{at}/lists")
    owner.post(f"{at}/lists")
    assert "已阅知" in owner.get(f"{at}/lists")
    page = owner.get(f"{at}/clauses")
    assert "标准条款不能改动" in page and "农民工工资" in page and "______" in page
    lines = {f"slot_{k}": "\n".join(v) if isinstance(v, list) else v for k, v in FILLED.items()}
    page = owner.post(f"{at}/clauses", 422, **lines | {"slot_performance": "12"}, sector="building")
    assert "履约担保比例" in page.content.decode() and "财政资金100%" in page.content.decode()
    owner.post(f"{at}/clauses", **lines, sector="building", library=["building.wages"])
    page = owner.get(f"{at}/clauses")
    assert "财政资金100%" in page and "没有发现负面清单中的情形" in page
    reply = owner.client.post(
        f"{at}/check",
        {"texts": [{"key": "text", "says": "正文", "text": "中标人须缴纳诚信保证金。"}]},
        content_type="application/json",
    )
    assert [f["rule"] for f in reply.json()["findings"]] == ["FC32"]
    assert owner.client.post(f"{at}/check", "x", content_type="application/json").status_code == 422
    # the structured part saved afterwards keeps the template
    from tests.portals.test_work import _document

    owner.post(f"{at}/document", **_document("lowest_evaluated_price"))
    assert "财政资金100%" in owner.get(f"{at}/clauses")
