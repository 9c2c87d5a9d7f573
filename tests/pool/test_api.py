"""The pool over its API: what the pages do, done with JSON; personal data never lies in the table of remembered answers."""

import base64
import io
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from openpyxl import Workbook

from ggzy.client.party import Party
from ggzy.evidence.models import Entry
from ggzy.experts.models import Member
from ggzy.kernel.models import RememberedAnswer
from ggzy.pool import sheets
from ggzy.pool.models import ExamQuestion, ExpertFile, FeeLine, Rating
from ggzy.training.pool import invented_id
from tests.conftest import BASE
from tests.journeys.tale import Tale
from tests.journeys.test_whole_tender import no

pytestmark = pytest.mark.django_db
WORD, MARK = "kapok-lantern-river-21", "秦始鸿"


def applicant(platform: Any, *, years: int = 9) -> tuple[Party, dict[str, Any]]:
    """Return somebody who has an account and nothing more, and what they say of themselves."""
    here = platform.anonymous()
    here.post("/pool/accounts", {"username": "xinren", "password": WORD, "person_name": MARK})
    here.sign_in(username="xinren", password=WORD, identity=None)
    proof = {"name": "职称证书.txt", "data": base64.b64encode(b"senior\n").decode()}
    return here, {
        "id_number": invented_id(901),
        "phone": "10012345678",
        "title": "senior",
        "years": years,
        "specialties": {"A080101": [proof]},
        "region": "370100",
        "bank_name": "演示银行",
        "bank_account": "9999888877776666",
    }


def test_from_the_application_to_the_exit(platform: Any) -> None:
    here, said = applicant(platform)
    centre = platform.demo("zhongxin")
    no(here.post, "/pool/me/application", said | {"years": 7}, code="pool.not_qualified")
    spoilt = said | {"specialties": {"A080101": [{"name": "x", "data": "***"}]}}
    no(here.post, "/pool/me/application", spoilt, code="input.invalid")
    made = here.post("/pool/me/application", said)
    file = f"/pool/files/{made['file']}"
    assert MARK not in str(centre.get("/pool/files?words=xinren")) + str(centre.get(file))
    no(here.get, "/pool/files", code="permission.denied")
    no(centre.post, f"{file}/review", {"decision": "send_back"}, code="input.invalid")
    assert centre.post(f"{file}/review", {"decision": "admit"})["state"] == "exam"
    paper = here.post("/pool/me/exams")
    right = {
        q.public_id: list(q.right)
        for q in ExamQuestion.objects.filter(public_id__in=[x["id"] for x in paper["questions"]])
    }
    assert "right" not in str(paper)
    done = here.post(f"/pool/me/exams/{paper['exam']}", {"answers": right})
    assert done["passed"] is True and here.get("/pool/me")["row"]["state"] == "active"

    day = platform.now.date()
    leave = here.post("/pool/me/leaves", {"since": str(day + timedelta(3)), "until": str(day + timedelta(9))})
    assert here.post(f"/pool/me/leaves/{leave['leave']}/end") == here.post(
        f"/pool/me/leaves/{leave['leave']}/end"
    )
    here.post("/pool/me/contact", {"phone": "10012345679"})
    course = {"files": [made["file"]], "course": "评标方法", "hours": "8", "held_on": str(day)}
    assert [centre.post("/pool/trainings", course)["new"] for _ in range(2)] == [1, 0]
    assert centre.post(f"{file}/face")["state"] == "active"
    assert centre.post(f"{file}/assessments", {"year": day.year})["hours"] == "8.0"

    no(centre.get, f"{file}/personal?reason=", code="input.invalid")
    seen = centre.get(f"{file}/personal?reason=核对身份")
    assert (seen["name"], seen["phone"]) == (MARK, "10012345679")
    assert Entry.objects.filter(act="pool.personal_opened").count() == 1
    decision = {
        "kind": "pause",
        "basis": "监决〔2026〕3号",
        "authority": "训练市住房和城乡建设局",
        "reason": "违反评标纪律",
        "repair": "期满后恢复",
        "until": str(day + timedelta(60)),
    }
    supervisor = platform.demo("jiandu")
    no(centre.post, f"{file}/suspensions", decision, code="permission.denied")
    paused = supervisor.post(f"{file}/suspensions", decision)
    assert here.get("/pool/me")["row"]["state"] == "paused"
    filed = here.post("/pool/me/appeals", {"text": "并非本人", "suspension": paused["suspension"]})
    assert len(supervisor.get("/pool/appeals")["appeals"]) == 1
    lifted = supervisor.post(f"/pool/suspensions/{paused['suspension']}/lift", {"reason": "核实后认定有误"})
    assert lifted["lifted_at"] and filed["appeal"]
    no(centre.post, f"{file}/renewal", {"keep": True}, code="pool.not_now")
    assert here.post("/pool/me/exit", {"reason": "迁居外省"})["state"] == "exited"
    assert not any(MARK in str(a.body) for a in RememberedAnswer.objects.all())


def test_ratings_and_fees(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder).reported()
    owner, centre, to = tale.owner, platform.demo("zhongxin"), f"/draws/{tale.draw}"
    member = Member.objects.filter(draw__public_id=tale.draw, left=False).order_by("code").first()
    assert member is not None and member.code in str(owner.get(f"{to}/after"))
    assert any(m["draw"] == tale.draw for m in owner.get("/pool/meetings")["meetings"])
    bad = {"code": member.code, "faults": ["late"], "words": "迟到"}
    assert [owner.post(f"{to}/ratings", bad)["points"] for _ in range(2)] == [
        Rating.objects.get(member=member).points
    ] * 2
    no(owner.post, f"{to}/ratings", bad | {"faults": []}, code="pool.already_rated")
    me = next(e for e in platform.cast().experts if e.name == member.account.username)
    marks = dict.fromkeys(("organised", "neutral", "place", "fee"), 5)
    me.post(f"/pool/me/meetings/{tale.draw}/rating", {"marks": marks})
    filed = me.post(
        "/pool/me/appeals", {"text": "堵车", "rating": Rating.objects.get(member=member).public_id}
    )
    verdict = {"upheld": True, "opinion": "属实"}
    assert [centre.post(f"/pool/appeals/{filed['appeal']}", verdict)["upheld"] for _ in range(2)] == [
        True
    ] * 2
    owner.post(f"{to}/fees")
    line = FeeLine.objects.filter(amount__gt=0).first()
    assert line is not None
    no(owner.post, f"{to}/fees/confirmation", {"total": "1.00"}, code="input.invalid")
    owner.post(f"{to}/fees/confirmation", {"total": str(line.sheet.total)})
    assert line.public_id in str(centre.get("/pool/fees"))
    assert len(centre.get("/pool/fees/payable?reason=送银行")["rows"]) >= 5
    for _ in range(2):
        centre.post(f"/pool/fees/{line.public_id}/payment", {"reference": "YH1"})
    no(owner.get, "/pool/fees", code="permission.denied")


def sheet(*rows: tuple[object, ...]) -> str:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return base64.b64encode(out.getvalue()).decode()


def test_sheets_and_the_question_bank(platform: Any) -> None:
    centre = platform.demo("zhongxin")
    no(centre.get, "/pool/export?reason=", code="input.invalid")
    out = centre.get("/pool/export?reason=年度盘点")
    assert out["columns"] == list(sheets.COLUMNS) and len(out["rows"]) == ExpertFile.objects.count()
    known = dict(zip(out["columns"], out["rows"][0], strict=True)) | {"工作单位": "演示设计院"}
    body = {"data": sheet(tuple(known), tuple(known.values())), "reason": "移交"}
    # first passwords are in the answer: it must not be kept, and the client keeps every answer
    no(centre.post, "/pool/import", body, code="input.invalid")
    with httpx.Client(base_url=BASE, transport=platform.transport) as client:
        bearer = {"Authorization": f"Bearer {centre.token}"}
        reply = client.post("/api/v1/pool/import", json=body, headers=bearer)
    assert (reply.status_code, reply.json()) == (200, {"new": []}), reply.text
    asked = {"text": "评标报告由谁签字?", "options": ["全体成员", "组长"], "right": [0]}
    made = [centre.post("/pool/questions", asked)["question"] for _ in range(2)]
    assert made[0] == made[1]
    assert any(q["text"] == asked["text"] for q in centre.get("/pool/questions")["questions"])
    for _ in range(2):
        assert centre.post(f"/pool/questions/{made[0]}/drop")["active"] is False
    assert not any(q["text"] == asked["text"] for q in centre.get("/pool/questions")["questions"])
