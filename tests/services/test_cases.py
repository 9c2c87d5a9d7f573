"""From the registration to the grade: a case, what is told once, what is owed, who helps; and what helpers may not."""

from typing import Any

import pytest

from ggzy.client import story
from ggzy.evidence.models import Entry
from ggzy.services.models import Case, Help, Owed
from ggzy.tendering.models import Tender
from tests.api.test_refusals import no
from tests.portals.test_work import Person, _document

pytestmark = pytest.mark.django_db
ADMISSIONS = Case.objects.filter(service="admission")


@pytest.fixture
def tender(platform: Any) -> str:
    """Return a tender that was registered at the centre a moment ago."""
    owner = platform.demo("zhaobiao")
    project = story.register_project(owner, name="办件测试工程", serial=77)
    lot = {"name": "一标段", "budget": "9000000.00", "ceiling_price": "9000000.00", "duration_days": 100}
    body = {"project": project, "name": "办件测试工程施工", "state_controlled": True, "lots": [lot]}
    made = owner.post("/tenders", body | {"procedure_code": "GC_OPEN_POST"})
    owner.post(f"/tenders/{made['tender']}/registration")
    return str(made["tender"])


def test_a_case_is_promised_taken_answered_and_graded(platform: Any, tender: str) -> None:
    owner, clerk = Person(platform, "zhaobiao"), Person(platform, "zhongxin")
    case = Case.objects.get(service="admission")
    assert (case.state, case.subject, (case.due_at - case.opened_at).total_seconds() >= 3600) == (
        "open",
        tender,
        True,
    )
    assert "办件测试工程施工" in clerk.get("/work/services")
    clerk.post(f"/work/services/{case.public_id}/green", reason="省重点", basis="训发〔2026〕1号")
    clerk.post(f"/work/services/{case.public_id}/green", status=422, reason="省重点", basis="")
    assert "绿色通道: 省重点" in clerk.get("/work/services")
    clerk.post(f"/work/services/{case.public_id}/take")
    check = f"/work/tenders/{tender}/form-check"
    clerk.post(check, verdict="missing", missing="资金落实证明\n委托代理合同")
    # what was not said then is not said now, unless something new came
    refused = clerk.post(check, status=409, verdict="missing", missing="招标方案核准意见").content.decode()
    assert "一次告知" in refused
    clerk.post(check, verdict="missing", missing="招标方案核准意见", because="补交的合同改变了招标范围")
    clerk.post(check, verdict="complete", missing="")
    states = list(ADMISSIONS.order_by("number").values_list("state", flat=True))
    assert states == ["missing", "missing", "done"]
    assert set(ADMISSIONS.values_list("first__username", flat=True)) == {"zhongxin"}
    shown = owner.get("/work/cases")
    assert shown.count("进场登记形式核验") == 3 and "按时" in shown
    last = ADMISSIONS.order_by("-number")[0].public_id
    owner.post(f"/work/cases/{last}/grade", status=422, grade="1", words="")
    owner.post(f"/work/cases/{last}/grade", grade="1", words="等得太久")
    owner.post(f"/work/cases/{last}/grade", status=409, grade="5", words="")
    desk = clerk.get("/work/services")
    assert "等得太久" in desk and "训练市城市建设投资有限公司" not in desk[desk.index('id="bad"') :]
    clerk.post(f"/work/services/{last}/answer", status=403, answer="已改进")  # the clerk's own case
    public = Person(platform, "jia").client.get("/services").content.decode()
    assert (
        "办结 1 件" in public and "按时 100.0%" in public and "平均 1.0 分" in public and "不收费" in public
    )


def test_what_is_owed_comes_before_the_notice(platform: Any, tender: str) -> None:
    owner, clerk = Person(platform, "zhaobiao"), Person(platform, "zhongxin")
    check = f"/work/tenders/{tender}/form-check"
    no(
        platform.demo("zhongxin").post,
        f"/tenders/{tender}/form-checks",
        {"owed": ["项目审批、核准或备案文件"]},
        code="input.invalid",
    )
    clerk.post(check, verdict="missing", missing="", owed=["资金落实证明"])
    case = Case.objects.get(service="admission")
    assert case.state == "owed" and "承诺补齐容缺材料" in owner.get("/work")
    owner.post(f"/work/cases/{case.public_id}/promise")
    owner.post(f"/work/cases/{case.public_id}/promise", status=409)
    story.write_file(owner.party, tender, file=story.document())
    from datetime import timedelta

    deadline = (platform.now + timedelta(days=40)).replace(hour=1, minute=30, second=0, microsecond=0)
    body = {"bid_deadline": deadline.isoformat()}
    no(owner.party.post, f"/tenders/{tender}/publication", body, code="services.still_owed")
    clerk.post(f"/work/services/{case.public_id}/receive", status=409, item="资金落实证明")
    owner.post(f"/work/cases/{case.public_id}/supply", item="资金落实证明")
    Person(platform, "daili").post(f"/work/cases/{case.public_id}/supply", status=404, item="资金落实证明")
    clerk.post(f"/work/services/{case.public_id}/receive", item="资金落实证明")
    assert Owed.objects.get().received_at
    owner.party.post(f"/tenders/{tender}/publication", body)


def test_a_helper_prepares_and_never_binds(platform: Any, tender: str) -> None:
    owner, clerk, other = (Person(platform, name) for name in ("zhaobiao", "zhongxin", "fuchang"))
    assert Person(platform, "jia").client.get("/work/help").status_code == 403
    owner.post("/work/help", status=422, wish="填写文件", days="30")
    owner.post("/work/help", wish="填写招标文件", days="2")
    token = Help.objects.get().token
    assert token in owner.get("/work/help") and "data:image/svg+xml" in owner.get("/work/help")
    assert other.client.get(f"/work/help/with/{token}").status_code == 403
    assert "填写招标文件" in clerk.get(f"/work/help/with/{token}")
    clerk.post(f"/work/help/with/{token}")
    bench = clerk.get("/work")
    assert "正在为 <strong>训练市城市建设投资有限公司</strong> 帮办" in bench and "招标人工作台" in bench
    # the file may be written, under the helper's own name
    clerk.post(f"/work/tenders/{tender}/start")
    clerk.post(f"/work/tenders/{tender}/document", **_document(quality="优良"))
    assert Tender.objects.get(public_id=tender).document["quality"] == "优良"
    done = Entry.objects.filter(act="tendering.document_written").get()
    assert (done.person, done.organisation) == (_whoami(clerk, "person"), _whoami(owner, "organisation"))
    assert "帮办人做过的事" in owner.get("/work/help")
    # nothing that binds, nobody's letters, nothing through the API
    for address in (f"/work/tenders/{tender}/review", "/work/messages", "/work/seals", "/security"):
        assert clerk.client.get(address).status_code == 403, address
    assert clerk.party.get("/whoami")["role"] == "centre"
    # it ends at once
    owner.post(f"/work/help/{Help.objects.get().public_id}/end")
    assert "中心工作人员工作台" in clerk.get("/work")
    clerk.client.cookies["ggzy_helping"] = "0" * 32
    assert "中心工作人员工作台" in clerk.get("/work")


def _whoami(person: Person, name: str) -> str:
    from ggzy.identity.actions import actor_of

    found = actor_of(token=person.party.token, address="127.0.0.1", reads=True)
    return str(getattr(found, name)) if found else ""
