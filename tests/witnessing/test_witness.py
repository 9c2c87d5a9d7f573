"""One witness and many sessions, through pages and API: the wall tells nothing of bidders, nothing here stops anything."""

import hashlib
from dataclasses import fields
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, InternalError, connection, transaction
from pyhanko.pdf_utils.reader import PdfFileReader

from ggzy.client.party import Problem
from ggzy.kernel import files
from ggzy.portals import witness
from ggzy.witnessing import rules
from ggzy.witnessing.models import CheckMark, Incident, WitnessSession
from ggzy.witnessing.wall import WallRow
from tests.journeys.tale import Tale
from tests.portals.test_work import Person

pytestmark = pytest.mark.django_db


def no(call: Any, *args: Any, code: str, **more: Any) -> None:
    before = [m.objects.count() for m in (WitnessSession, CheckMark, Incident)]
    with pytest.raises(Problem) as refused:
        call(*args, **more)
    assert refused.value.code == code, refused.value
    assert before == [m.objects.count() for m in (WitnessSession, CheckMark, Incident)]


def begun(tale: Tale, kind: str = "opening", subject: str = "") -> str:
    made = tale.platform.demo("zhongxin").post(
        "/witness/sessions", {"kind": kind, "subject": subject or tale.round}
    )
    return str(made["session"])


def marked(tale: Tale, session: str) -> None:
    witness = tale.platform.demo("zhongxin")
    for item in witness.get(f"/witness/sessions/{session}")["items"]:
        witness.post(f"/witness/sessions/{session}/marks", {"item": item["key"], "result": "yes"})


def row_of(tale: Tale, kind: str = "opening", user: str = "zhongxin") -> dict[str, Any]:
    rows = tale.platform.demo(user).get("/witness/wall")["sessions"]
    return next(r for r in rows if r["kind"] == kind and r["round"] == tale.round)


def test_the_wall_is_the_same_with_no_bid_and_with_three(platform: Any, folder: Path) -> None:
    """Before the deadline the wall's row, and what it costs, is equal whoever bids."""
    seen = []
    for names in ((), ("jia",), ("jia", "yi", "bing")):
        tale = Tale(platform, folder / str(len(names))).published()
        for name in names:
            tale.bid(name)
        platform.sequence()
        from ggzy.tendering.models import Round

        # what is opened today stands on the wall: the deadline is brought near, the bids are in
        Round.objects.filter(public_id=tale.round).update(bid_deadline=platform.now + timedelta(minutes=30))
        seen.append(row_of(tale))
    same = ("label", "step", "quiet_seconds", "open_objections", "incidents", "alarms", "over", "state")
    assert {tuple(map(str, (row[name] for name in same))) for row in seen} == {
        ("开标", "等待投标截止", "None", "0", "0", "[]", "False", "waiting")
    }


def test_no_row_of_the_wall_has_a_field_about_bidders() -> None:
    assert {f.name for f in fields(WallRow)} == {
        "kind", "label", "subject", "round", "title", "room", "start", "step", "quiet_seconds", "open_objections",
        "incidents", "alarms", "over", "state", "state_label", "session", "mine",
    }  # fmt: skip


def test_an_opening_from_the_wall_to_the_sealed_report(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder).shown()
    witness = Person(platform, "zhongxin")
    wall = witness.get("/work/witness")
    assert "公平竞争审查规则》第十条" in wall and "已经开始, 尚无人见证" in wall and "1 场有告警" in wall
    desk = witness.post("/work/witness/begin", kind="opening", subject=tale.round)["Location"]
    assert "没有告警" in witness.get("/work/witness/fragment")
    page = witness.get(desk)
    assert "还有 6 项" in page and "第十条" in page
    assert not any(word in page for word in (">停止", ">中止", ">裁决", "暂停开标"))
    refused = witness.post(f"{desk}/mark", 422, item="host", result="no", note="").content.decode()
    assert "不符的请写明情况" in refused
    witness.post(f"{desk}/mark", item="host", result="no", note="主持人迟到3分钟")
    witness.post(f"{desk}/remind", reminder="请尽快答复异议")
    assert "请尽快答复异议" in Person(platform, "zhaobiao").get("/work")
    photo = SimpleUploadedFile("现场.jpg", b"\xff\xd8 a picture", content_type="image/jpeg")
    witness.post(f"{desk}/incidents", kind="late", text="主持人迟到", notify="1", files=[photo])
    digest = hashlib.sha256(b"\xff\xd8 a picture").hexdigest()
    assert files.read(digest) == b"\xff\xd8 a picture" and digest in witness.get(desk)
    assert "1项异常尚待监督部门阅知" in witness.get("/work/witness")
    supervisor = Person(platform, "jiandu")
    assert "阅知见证异常: 迟到" in supervisor.get("/work")
    incident = Incident.objects.get()
    supervisor.post(f"/work/witness/incidents/{incident.public_id}/acknowledge", opinion="已了解")
    assert "阅知见证异常" not in supervisor.get("/work").replace("收到的通知", "")
    assert supervisor.client.get(f"{desk}/files/{digest}").status_code == 200
    witness.post(f"{desk}/end", 409)
    from ggzy.client import story

    story.end_opening(tale.owner, tale.round)
    platform.sequence()
    refused = witness.post(f"{desk}/end", 409).content.decode()
    assert "还有5项没有核对" in refused
    session = WitnessSession.objects.get()
    for item in rules.CHECKS[rules.Kind.OPENING][1:]:
        witness.post(f"{desk}/mark", item=item.key, result="yes")
    witness.post(f"{desk}/end")
    witness.post(f"{desk}/mark", 409, item="host", result="yes")
    witness.sign(f"{desk}/report", f"{desk}/report/to-sign")
    session.refresh_from_db()
    assert session.state == "reported"
    pdf = PdfFileReader(BytesIO(files.read(session.report)))
    assert len(pdf.embedded_regular_signatures) == 1
    assert witness.client.get(f"{desk}/files/{session.report}")["Content-Type"] == "application/pdf"
    assert "见证报告(PDF)" in supervisor.get(desk)
    # the tender went on as if nobody had watched
    assert tale.stage() == "OPENED"


def test_refusals_and_who_may(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder).published()
    centre = platform.demo("zhongxin")
    opening = {"kind": "opening", "subject": tale.round}
    no(centre.post, "/witness/sessions", opening, code="witnessing.not_now")
    no(centre.post, "/witness/sessions", {"kind": "party", "subject": tale.round}, code="input.invalid")
    no(centre.post, "/witness/sessions", {"kind": "evaluation", "subject": tale.round}, code="not_found")
    platform.advance(tale.deadline - timedelta(hours=1))
    for name in ("zhaobiao", "jia", "jiandu", "zhuanjia01", "guanli"):
        no(platform.demo(name).post, "/witness/sessions", opening, code="permission.denied")
        if name != "jiandu":
            no(platform.demo(name).get, "/witness/wall", code="permission.denied")
    session = begun(tale)
    no(centre.post, "/witness/sessions", opening, code="witnessing.not_now")
    path = f"/witness/sessions/{session}"
    no(centre.post, f"{path}/marks", {"item": "lockers", "result": "yes"}, code="input.invalid")
    no(centre.post, f"{path}/marks", {"item": "host", "result": "maybe"}, code="input.invalid")
    no(centre.post, f"{path}/end", code="witnessing.not_now")
    no(centre.post, f"{path}/report", code="witnessing.not_now")
    no(centre.post, f"{path}/reminders", {"text": " "}, code="input.invalid")
    no(
        platform.demo("jiandu").post,
        f"{path}/marks",
        {"item": "host", "result": "yes"},
        code="permission.denied",
    )
    no(platform.demo("jia").get, path, code="permission.denied")
    assert platform.demo("jiandu").get(path)["mine"] is False
    no(centre.get, f"{path}/files/{'0' * 64}", code="not_found")
    # somebody else's session is read, not written
    from ggzy.parties.models import Account

    WitnessSession.objects.update(witness=Account.objects.get(username="guanli"))
    assert centre.get(path)["mine"] is False
    no(centre.post, f"{path}/marks", {"item": "host", "result": "yes"}, code="permission.denied")


def test_an_incident_stays_as_it_was_written(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder).opened()
    witness = Person(platform, "zhongxin")
    session = begun(tale)
    desk = f"/work/witness/{session}"
    for bad, says in (
        (SimpleUploadedFile("a.exe", b"MZ"), "格式"),
        (SimpleUploadedFile("a.jpg", b""), "空文件"),
    ):
        reply = witness.post(f"{desk}/incidents", 422, kind="phone", text="带手机", files=[bad])
        assert says in reply.content.decode() and "带手机" in reply.content.decode()
    assert not Incident.objects.exists()
    witness.post(f"{desk}/incidents", kind="phone", text="带手机")
    one = Incident.objects.get()
    for change in ({"text": "没带手机"}, {"kind": "other"}, {"evidence": [1]}):
        with (
            pytest.raises((IntegrityError, InternalError, Exception), match="Cannot update"),
            transaction.atomic(),
        ):
            Incident.objects.filter(pk=one.pk).update(**change)
    with pytest.raises(Exception, match="Cannot delete"), transaction.atomic():
        one.delete()
    supervisor = platform.demo("jiandu")
    path = f"/witness/incidents/{one.public_id}"
    no(supervisor.post, f"{path}/acknowledgement", {}, code="witnessing.not_now")
    told = platform.demo("zhongxin").post(f"{path}/notice")["notified_at"]
    assert platform.demo("zhongxin").post(f"{path}/notice")["notified_at"] == told
    supervisor.post(f"{path}/acknowledgement", {"opinion": "知悉"})
    no(supervisor.post, f"{path}/acknowledgement", {}, code="witnessing.already_acknowledged")
    no(platform.demo("zhongxin").post, f"{path}/acknowledgement", {}, code="permission.denied")


def test_the_public_log_does_not_tell_what_a_witness_wrote(platform: Any, folder: Path) -> None:
    """One word for marks, incidents and reminders; what they say is for the supervisor."""
    tale = Tale(platform, folder).opened()
    witness, session = Person(platform, "zhongxin"), begun(tale)
    witness.post(f"/work/witness/{session}/incidents", kind="leak", text="泄露了评审意见", notify="1")
    platform.sequence()
    public = str(platform.anonymous().get(f"/evidence/{tale.tender['ocid']}"))
    assert "witnessing.noted" in public
    assert not any(word in public for word in ("incident", "泄", "leak", "supervisor_told"))
    full = str(platform.demo("jiandu").get(f"/evidence/{tale.tender['ocid']}?level=supervisor"))
    assert "泄露了评审意见" in full


def test_evaluation_and_draw_stand_on_the_wall_too(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder).seated()
    row = row_of(tale, "evaluation")
    assert row["step"] == "推选组长" and row["alarms"] == ["已经开始, 尚无人见证"]
    draw = row_of(tale, "draw")
    assert draw["subject"] == tale.draw and draw["over"]
    session = begun(tale, "evaluation")
    assert row_of(tale, "evaluation")["alarms"] == []
    platform.advance(platform.now + timedelta(minutes=61))
    assert row_of(tale, "evaluation")["alarms"] == ["已有61分钟没有新的进展"]
    marked(tale, session)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM evidence_entry WHERE act LIKE 'witnessing.%'")
        assert cursor.fetchone()[0] == 7
    no(platform.demo("zhongxin").post, f"/witness/sessions/{session}/end", code="witnessing.not_now")


def test_the_wall_costs_the_same_for_any_number_of_sessions(platform: Any, folder: Path) -> None:
    from django.test.utils import CaptureQueriesContext

    counts = []
    for number in range(3):
        Tale(platform, folder / str(number)).opened()
        with CaptureQueriesContext(connection) as asked:
            platform.demo("zhongxin").get("/witness/wall")
        counts.append(len(asked))
    assert counts[1] == counts[2] <= 16


def test_a_wall_of_many_sessions_turns_pages_and_looks_again_at_the_page_it_shows(
    platform: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(witness, "CARDS", 1)
    tales = [Tale(platform, folder / str(number)).opened() for number in range(2)]
    looker = Person(platform, "zhongxin")
    first, second = (looker.get(f"/work/witness?page={number}") for number in (1, 2))
    assert all(text.count("开标大厅</a></div>") == 1 and "共 2 场" in text for text in (first, second))
    assert all((tale.round in first) != (tale.round in second) for tale in tales)
    assert 'data-wall="/work/witness/fragment"' in first
    assert 'data-wall="/work/witness/fragment?page=2"' in second
    assert looker.get("/work/witness?page=9").count("共 2 场") == 1
