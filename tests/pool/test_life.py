"""An expert's life in the pool, told through the pages: applied, examined, drawn, rated, paused, appealed; fees and sheets."""

import io
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from openpyxl import Workbook, load_workbook

from ggzy.cli.verify import check_pack
from ggzy.committees.models import Meeting, Site
from ggzy.evidence.models import Entry
from ggzy.experts.models import Candidate, Expert, Member
from ggzy.experts.pool import OwnPool
from ggzy.experts.ports import Wanted
from ggzy.experts.rules import Conditions, Quota
from ggzy.pool import actions, fees, sheets
from ggzy.pool.models import ExamQuestion, ExpertFile, FeeLine, Rating
from ggzy.training.pool import invented_id
from tests.experts.test_draw import asked, called, seeds, shown
from tests.journeys.tale import Tale
from tests.portals.test_work import Browser, Person

pytestmark = pytest.mark.django_db
MARK = "秦始鸿"


def found(platform: Any, expert: Expert, *, days: int = 0) -> bool:
    """Say whether a draw for a session in some days would find an expert."""
    at = platform.now + timedelta(days=days)
    wanted = Wanted(
        quotas=[Quota("A08", 1)],
        conditions=Conditions(),
        without_employers=[],
        tenderee_pk=0,
        since=at,
        until=at + timedelta(hours=2),
        now=platform.now,
    )
    return expert.pk in {one.pk for one in OwnPool().candidates(wanted)}


def test_from_the_application_to_the_draw(platform: Any) -> None:
    guest = Browser()
    password = "kapok-lantern-river-21"
    form = {"username": "xinren", "person_name": MARK, "password": password, "password_again": password}
    assert guest.post("/register/expert", form).status_code == 303
    reply = guest.post("/login", {"username": "xinren", "password": password})
    assert reply.status_code in {302, 303}
    assert "申请进入评标专家库" in guest.get("/work/pool/apply").content.decode()
    said = {
        "id_number": invented_id(900),
        "phone": "10012345678",
        "title": "senior",
        "years": "7",
        "specialties": "A080101",
        "region": "370100",
        "bank_name": "演示银行",
        "bank_account": "9999888877776666",
    }
    proof = SimpleUploadedFile("证书.pdf", b"%PDF-1.4 proof")
    refused = guest.post("/work/pool/apply", said | {"proofs": proof})
    assert refused.status_code == 422 and "满8年" in refused.content.decode()
    proof.seek(0)
    assert guest.post("/work/pool/apply", said | {"years": "12", "proofs": proof}).status_code == 303
    file = ExpertFile.objects.get(expert__account__username="xinren")
    assert not found(platform, file.expert)
    centre = Person(platform, "zhongxin")
    here = f"/work/pool/files/{file.public_id}"
    shown = centre.get(here)
    assert MARK not in shown and said["id_number"] not in shown and "审核中" in shown
    opened = centre.post(f"{here}/open", 200, purpose="核对证书").content.decode()
    assert MARK in opened and Entry.objects.filter(act="pool.personal_opened").count() == 1
    centre.post(f"{here}/open", 422, purpose="")
    centre.post(f"{here}/act", what="admit")
    centre.post(f"{here}/act", 409, what="admit")

    # two attempts: the first is all wrong, the second right
    for right in (False, True):
        page = guest.post("/work/pool/exam")["Location"]
        asked = guest.get(page).content.decode()
        answers = {}
        for question in set(re.findall(r'name="q:(\w+)"', asked)):
            row = ExamQuestion.objects.get(public_id=question)
            answers[f"q:{question}"] = row.right if right else []
        assert len(answers) == 12
        assert guest.post(page, answers).status_code == 303
        assert ("得分 <strong>100.0" if right else "得分 <strong>0.0") in guest.get(page).content.decode()
    file.refresh_from_db()
    assert file.state == "active" and found(platform, Expert.objects.get(pk=file.expert_id))

    # on leave, and after the term: not drawn
    day = actions.today(platform.now)
    leave = {"since": str(day + timedelta(days=10)), "until": str(day + timedelta(days=20))}
    assert guest.post("/work/pool/leave", leave).status_code == 303
    assert [found(platform, file.expert, days=n) for n in (9, 15, 21)] == [True, False, True]
    own = guest.get("/work/pool/me").content.decode()
    ended = re.search(r"/work/pool/leave/\w+/end", own)
    assert ended and guest.post(ended[0]).status_code == 303
    assert found(platform, file.expert, days=15)
    assert not found(platform, file.expert, days=3 * 366)
    assert found(platform, file.expert, days=3 * 365 - 1)

    # nobody reads the name in what is public or in the log
    for address in ("/", "/notices", "/tenders"):
        assert MARK not in Browser().get(address).content.decode()
    for entry in Entry.objects.filter(act__startswith="pool."):
        assert MARK not in str(entry.fields) and said["id_number"] not in str(entry.fields)
    raw = ExpertFile.objects.raw("SELECT id, bank_account AS raw_account FROM pool_expertfile")
    assert all(b"9999888877776666" not in bytes(row.raw_account or b"") for row in raw)


def test_rated_paused_appealed_and_paid(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder).reported()
    owner, centre = Person(platform, "zhaobiao"), Person(platform, "zhongxin")
    after = f"/work/draws/{tale.draw}/after"
    member = Member.objects.filter(draw__public_id=tale.draw, left=False).order_by("code").first()
    assert member is not None
    expert = member.candidate.expert
    page = owner.get(after)
    assert member.code in page and expert.account.person.name not in page
    faults = ["biased", "phone", "early"]
    owner.post(f"{after}/rate", 422, code=member.code, faults=faults, words="")
    owner.post(f"{after}/rate", code=member.code, faults=faults, words="多次打电话")
    owner.post(f"{after}/rate", code=member.code, faults=faults, words="多次打电话")
    owner.post(f"{after}/rate", 409, code=member.code, faults=[], words="")
    file = ExpertFile.objects.get(expert=expert)
    assert file.state == "paused" and not found(platform, Expert.objects.get(pk=expert.pk))
    me = Person(platform, expert.account.username)
    assert "扣12分" in me.get("/work/pool/me")
    rating = Rating.objects.get(member=member)
    me.post("/work/pool/appeal", text="电话是工作人员打来的", rating=rating.public_id)
    appeal = file.appeals.get()
    decided = {"appeal": appeal.public_id, "upheld": "yes", "opinion": "核实为工作电话"}
    owner.client.post("/work/pool/appeals", decided)
    assert not file.appeals.filter(decided_at__isnull=False).exists()
    centre.post("/work/pool/appeals", **decided)
    file.refresh_from_db()
    assert file.state == "active" and found(platform, Expert.objects.get(pk=expert.pk))

    # a rating by the centre is not decided by who made it
    other = Member.objects.filter(draw__public_id=tale.draw, left=False).order_by("code").last()
    assert other is not None
    centre.post(f"{after}/rate", code=other.code, faults=["late"], words="晚到")
    them = Person(platform, other.candidate.expert.account.username)
    given = Rating.objects.get(member=other)
    them.post("/work/pool/appeal", text="堵车", rating=given.public_id)
    second = given.appeals.get()
    mine = {"appeal": second.public_id, "upheld": "no", "opinion": "不成立"}
    centre.post("/work/pool/appeals", 403, **mine)
    Person(platform, "jiandu").post("/work/pool/appeals", **mine)
    marks = dict.fromkeys(("organised", "neutral", "place", "fee"), "5")
    them.post(f"/work/pool/back/{tale.draw}", **marks)

    # fees: five experts there less than four hours
    owner.post(f"{after}/fees")
    drawn = Member.objects.filter(draw__public_id=tale.draw, left=False, candidate__isnull=False).count()
    lines = FeeLine.objects.filter(how="attended")
    assert [str(x.amount) for x in lines] == ["500.00"] * drawn
    total = str(lines[0].sheet.total)
    owner.post(f"{after}/confirm", 422, total="1.00")
    centre.post("/work/pool/fees", 409, line=lines[0].public_id, reference="YH1")
    owner.post(f"{after}/confirm", total=total)
    owner.post(f"{after}/confirm", total=total)
    sheet = centre.post("/work/pool/payable", 200, reason="送银行").content
    rows = list(load_workbook(io.BytesIO(sheet)).active.iter_rows(values_only=True))
    assert len(rows) == 1 + FeeLine.objects.filter(amount__gt=0).count()
    for n, line in enumerate(FeeLine.objects.filter(amount__gt=0)):
        assert not Site.objects.filter(meeting__draw__public_id=tale.draw, state=Site.SETTLED).exists()
        centre.post("/work/pool/fees", line=line.public_id, reference=f"YH{n}")
        centre.post("/work/pool/fees", line=line.public_id, reference=f"YH{n}")
        centre.post("/work/pool/fees", 409, line=line.public_id, reference="YH99")
    meeting = Meeting.objects.get(draw__public_id=tale.draw)
    assert set(meeting.sites.values_list("state", flat=True)) == {Site.SETTLED}
    assert fees.schedules()[0].region == "37"


def test_a_decision_needs_its_basis_and_stops_the_draw(platform: Any) -> None:
    supervisor, centre = Person(platform, "jiandu"), Person(platform, "zhongxin")
    file = ExpertFile.objects.select_related("expert").get(expert__account__username="zhuanjia07")
    here = f"/work/pool/files/{file.public_id}"
    day = actions.today(platform.now)
    said = {
        "kind": "pause",
        "authority": "训练市住房和城乡建设局",
        "reason": "应当回避没有回避",
        "repair": "期满并再培训",
        "until": str(day + timedelta(days=30)),
    }
    supervisor.post(f"{here}/suspend", 422, **said, basis="")
    assert found(platform, file.expert)
    centre.post(f"{here}/suspend", 403, **said, basis="1号")
    supervisor.post(f"{here}/suspend", **said, basis="1号")
    assert not found(platform, file.expert)
    centre.post(f"{here}/act", 409, what="resume")
    platform.advance(platform.now + timedelta(days=32))
    centre.post(f"{here}/act", 409, what="resume")
    course = {"course": "再培训", "hours": "4", "held_on": str(actions.today(platform.now))}
    centre.post("/work/pool/training", **course, files=[file.public_id])
    centre.post(f"{here}/act", what="resume", reason="期满")
    assert found(platform, file.expert)


def _sheet(rows: list[tuple[str, ...]]) -> SimpleUploadedFile:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return SimpleUploadedFile("pool.xlsx", out.getvalue())


def test_a_sheet_comes_in_whole_or_not_at_all_and_goes_out_the_same(platform: Any) -> None:
    centre = Person(platform, "zhongxin")
    good = (
        "laozhuanjia", MARK, invented_id(901), "10012345679", "高级职称", "20", "A080101、A080201",
        "", "", "370100", "演示银行", "9999888877776661", "2028-06-30",
    )  # fmt: skip
    bad = ("zhuanjia90", "李四", "123", *good[3:])
    before = ExpertFile.objects.count()
    wrong = centre.post(
        "/work/pool/exchange", 422, reason="移交1号", sheet=_sheet([sheets.COLUMNS, good, bad])
    )
    assert "第3行" in wrong.content.decode() and "第2行" not in wrong.content.decode()
    assert ExpertFile.objects.count() == before
    twice = (*("tongren",), *good[1:])
    again = centre.post(
        "/work/pool/exchange", 422, reason="移交1号", sheet=_sheet([sheets.COLUMNS, good, twice])
    )
    assert "与第2行相同" in again.content.decode()
    first = centre.post("/work/pool/exchange", 200, reason="移交1号", sheet=_sheet([sheets.COLUMNS, good]))
    (_, line) = load_workbook(io.BytesIO(first.content)).active.iter_rows(values_only=True)
    assert line[0] == "laozhuanjia" and len(line[1]) > 12
    file = ExpertFile.objects.get(expert__account__username="laozhuanjia")
    assert (file.state, str(file.term_to)) == ("active", "2028-06-30")
    out = centre.post("/work/pool/export", 200, reason="年度备份").content
    rows = [
        tuple(c or "" for c in r) for r in load_workbook(io.BytesIO(out)).active.iter_rows(values_only=True)
    ]
    assert rows[0] == sheets.COLUMNS and good in rows and len(rows) == before + 2
    centre.post("/work/pool/exchange", 303, reason="核对", sheet=_sheet(rows))
    assert ExpertFile.objects.count() == before + 1
    centre.post("/work/pool/export", 422, reason="")
    for entry in Entry.objects.filter(act__startswith="pool."):
        assert MARK not in str(entry.fields)


def test_who_is_suspended_leaves_the_draw_that_called_them(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder).published()
    draw = asked(tale)
    seeds(tale, draw)
    first, second = called(tale, draw)[:2]
    first.post(f"/draws/{draw}/answer", {"accept": True})
    supervisor, day = Person(platform, "jiandu"), actions.today(platform.now)
    for party in (first, second):
        file = ExpertFile.objects.get(expert__account__username=party.name)
        said = {"authority": "训练局", "reason": "事实", "repair": "期满", "until": str(day)}
        supervisor.post(f"/work/pool/files/{file.public_id}/suspend", **said, kind="pause", basis="2号")
    row = shown(tale, draw)
    assert [c["state"] for c in row["called"]].count("replaced") == 2
    assert len(called(tale, draw)) == 5
    assert not {first.name, second.name} & {e.name for e in called(tale, draw)}
    # one of an employer is called at a time: the next is the first by rank of an employer nobody else comes from
    refusing, *others = called(tale, draw)
    known = Candidate.objects.filter(draw__public_id=draw).select_related("expert__account").order_by("rank")
    staying = {c.expert.employer_uscc for c in known if c.expert.account.username in {e.name for e in others}}
    waiting = next(
        c for c in known if c.state == Candidate.WAITING and c.expert.employer_uscc not in staying - {""}
    )
    file = ExpertFile.objects.get(expert=waiting.expert)
    supervisor.post(f"/work/pool/files/{file.public_id}/suspend", **said, kind="ban", basis="3号")
    refusing.post(f"/draws/{draw}/answer", {"accept": False})
    waiting.refresh_from_db()
    assert waiting.state == Candidate.BUSY and len(called(tale, draw)) == 5
    shown(tale, draw)
    # a stranger who works the list off by the published steps comes to the same
    platform.sequence()
    pack = platform.anonymous().get(f"/evidence/{tale.tender['ocid']}?level=public")
    assert {c.name: c.outcome for c in check_pack(pack)}["draw.calls"] == "passed"
