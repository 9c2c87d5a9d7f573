"""政府采购邀请招标: applications without a price, a blind draw among the qualified, then bids as in open tendering."""

import copy
import json
import re
import subprocess
import sys
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ggzy.cli.verify import check_pack
from ggzy.client import fronts, story
from ggzy.experts.rules import joined, label_of, pool_digest, proves
from ggzy.fronts import rules
from ggzy.fronts.models import InviteeDraw
from ggzy.opendata import front_checks
from ggzy.opendata.checks import Act, _Findings
from tests.fronts.fronttale import FrontTale, refused
from tests.fronts.test_pages import local, project
from tests.journeys.tale import PRICES
from tests.journeys.test_changes import change, look
from tests.portals.test_work import Person

PAGE = Path(__file__).resolve().parents[2] / "docs" / "algorithms" / "recompute-an-invitation.md"
NAMES = ("jia", "yi", "bing", "ding")
TWO = {"witnesses": ["监督员一", "监督员二"]}


@dataclass
class Drawing(FrontTale):
    """A procurement whose bidders are drawn among the qualified."""

    procedure: str = "GP_INVITE"
    limit: int = 3

    def file(self) -> dict[str, Any]:
        part = fronts.prequalification(limit=self.limit, drawn=True)
        return story.document(
            method=self.method,
            deposit=Decimal("100000"),
            **{"committee_size": 7, "prequalification": part, **self.changes},
        )

    def noticed(self) -> "Drawing":
        self.prepared()
        until = self.platform.now + timedelta(days=10)
        self.front_deadline = until + timedelta(hours=1)
        fronts.publish_prequalification(self.owner, self.id, file_until=until, deadline=self.front_deadline)
        return self

    def drawing(self, body: Any = None) -> Any:
        return self.owner.post(f"/tenders/{self.id}/prequalification/drawing", body or TWO)

    def results(self) -> Any:
        return self.owner.post(f"/tenders/{self.id}/prequalification/results")

    def own(self, name: str) -> Any:
        return self.bidder(name).get(f"/rounds/{self.front}/own-part")


@pytest.mark.django_db
@pytest.mark.journey
def test_an_invited_procurement_from_the_notice_to_the_opening(platform: Any, folder: Path) -> None:
    tale = Drawing(platform, folder).noticed()
    assert tale.front_stage() == "PQ_OPEN"
    assert tale.stage() == "DOC_READY"
    for name in NAMES:
        tale.apply(name)
    # the seeds of the experts order the applications too: no seed before the list is frozen
    no = refused(story.draw, tale.owner, platform.cast(), tale.id)
    assert no.code == "experts.draw_not_now"
    tale.front_opened(*NAMES).front_seated()
    assert refused(tale.drawing).code == "fronts.nothing_to_draw"
    fronts.review(tale.members, tale.front)
    assert tale.front_stage() == "PQ_RESULT"

    assert refused(tale.results).code == "fronts.invitees_not_drawn"
    assert refused(tale.drawing, {"witnesses": ["监督员一", " 监督员一"]}).code == "fronts.witnesses_missing"
    assert refused(tale.bidder("jia").post, f"/tenders/{tale.id}/prequalification/drawing", TWO).code == (
        "permission.denied"
    )
    assert tale.own("jia")["label"] == ""
    made = tale.drawing()
    assert set(made["drawn"][0]) == {"round", "drawn_at"}
    assert refused(tale.drawing).code == "fronts.nothing_to_draw"
    tale.results()
    assert tale.front_stage() == "PQ_DONE"

    # each is told its own part; three of four qualified ones are invited
    mine = {name: tale.own(name) for name in NAMES}
    invited = [name for name in NAMES if mine[name]["passed"]]
    (left,) = [name for name in NAMES if not mine[name]["passed"]]
    assert "未被抽中" in mine[left]["reasons"][0]
    for name in NAMES:
        own = mine[name]
        assert proves(salt=own["salt"], expert=own["package"]["package"], label=own["label"])
    # the owner side learns no name and no number, on no page and in no pack
    tale.sequence()
    seen = "".join(tale.views("zhaobiao").values()) + "".join(tale.views("").values())
    labels = [own["label"] for own in mine.values()]
    assert not [label for label in labels if label in seen]
    assert "fronts.invitees_drawn" not in seen and "监督员一" in seen
    listed = InviteeDraw.objects.get().list_sha256
    assert listed in str(platform.anonymous().get(f"/evidence/{tale.tender['ocid']}?level=public"))

    tale.issued()
    assert tale.stage() == "OPEN_FOR_BID"
    assert refused(tale.bidder(left).get, f"/tenders/{tale.id}/file").code == "tendering.not_admitted"
    size = {"more": {"size": ""}}
    prices = dict(zip(invited, PRICES.values(), strict=True))
    assert refused(tale.bid, left, price=Decimal("9000000.00"), **size).code == "bidding.not_admitted"
    for name, price in prices.items():
        tale.bid(name, price=price, **size)
    tale.sequence()
    platform.advance(tale.deadline + timedelta(seconds=1))
    tale.owner.post(f"/tenders/{tale.id}/opening")
    for name in invited:
        tale.release(name)
    platform.work()
    assert len(platform.anonymous().get(f"/rounds/{tale.round}/opening")["bids"]) == 3
    story.end_opening(tale.owner, tale.round)
    assert tale.stage() == "QUAL"
    # from the opening on a stranger draws again: the list, the seeds, the labels drawn
    tale.sequence()
    supervisor = platform.demo("jiandu")
    for level, party in (("public", platform.anonymous()), ("party", tale.owner), ("supervisor", supervisor)):
        checks = check_pack(party.get(f"/evidence/{tale.tender['ocid']}?level={level}"))
        assert not [c for c in checks if c.outcome == "failed"], level
        found = {c.name: c.outcome for c in checks}
        assert found["clock.GP-T02"] == found["clock.GP-T06"] == "passed"
        assert found["invitation.list"] == found["invitation.drawn"] == "passed"
        assert found.get("invitation.names") == ("passed" if level == "supervisor" else None)
    _recomputes(platform.anonymous().get(f"/evidence/{tale.tender['ocid']}?level=public"), folder)
    record = platform.read_json(f"/api/ocds/records/{tale.tender['ocid']}")["records"][0]["compiledRelease"]
    assert record["tender"]["procurementMethod"] == "selective"


def _recomputes(pack: dict[str, Any], folder: Path) -> None:
    """Run the program of docs/algorithms/recompute-an-invitation.md as it stands, and on what was changed."""
    (program,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)

    def run(changed: dict[str, Any]) -> subprocess.CompletedProcess[str]:
        (folder / "pack.json").write_text(json.dumps(changed), encoding="utf-8")
        return subprocess.run(
            [sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=False
        )

    assert run(pack).stdout == "相符: 4 个编号, 合格 4 个, 抽中 3 个\n", run(pack).stderr
    at = next(n for n, e in enumerate(pack["entries"]) if "fronts.invitees_drawn" in e["leaf"])
    for name, says in (("drawn", "抽中的编号不符"), ("labels", "名单变过")):
        changed = copy.deepcopy(pack)
        value = changed["entries"][at]["fields"][name]["value"]
        changed["entries"][at]["fields"][name]["value"] = value[::-1] if name == "drawn" else value[1:]
        assert says in run(changed).stderr
    frozen = next(n for n, e in enumerate(pack["entries"]) if "fronts.list_frozen" in e["leaf"])
    changed = copy.deepcopy(pack)
    changed["entries"].append(changed["entries"].pop(frozen))
    assert "种子先于名单" in run(changed).stderr


@pytest.mark.django_db
@pytest.mark.journey
def test_the_draw_through_its_pages(platform: Any, folder: Path) -> None:
    tale = Drawing(platform, folder)
    tale.prepared()
    owner, anyone = Person(platform, "zhaobiao"), Person(platform, "jia")
    to = f"/work/tenders/{tale.id}"
    assert "只能从有限范围的供应商处采购" in anyone.get("/procedures/GP_INVITE")
    assert "/procedures/GP_OPEN" in anyone.get("/procedures/GP_INVITE")
    page = owner.get(f"{to}/front")
    assert "87号令第十八条, 不少于5个工作日" in page and "招标投标法" not in page
    until = platform.now + timedelta(days=10)
    tale.front_deadline = until + timedelta(hours=1)
    dates = {"file_until": local(until), "deadline": local(tale.front_deadline)}
    early = owner.post(f"{to}/front/publish", **(dates | {"file_until": local(platform.now)}), status=409)
    assert "最早可定为" in early.content.decode()
    owner.post(f"{to}/front/publish", **dates)
    lot = tale.states()[0]["lot"]
    shown = anyone.get(f"/lots/{lot}")
    assert "申请资格预审" in shown and "提出异议" not in shown
    assert "第二十一条" in anyone.get(f"/tenders/{tale.id}")
    notice = tale.owner.get("/notices?kind=prequalification")["notices"][0]["public_id"]
    assert "合格者中随机抽取, 拟邀请3家" in anyone.get(f"/notices/{notice}")
    assert "提出异议" not in anyone.get(f"/work/fronts/{tale.front}/package")
    assert "资格审查委员会</h2>" not in owner.get(f"{to}/front")
    for name in NAMES:
        tale.apply(name)
    tale.front_opened(*NAMES)
    assert "抽签名单已经固定" in owner.get(f"{to}/front")
    tale.front_seated()
    fronts.review(tale.members, tale.front)
    page = owner.get(f"{to}/front")
    assert "下一步: 随机抽取受邀人" in page and "下一步: 发出结果" not in page
    reply = owner.post(f"{to}/front/drawing", witnesses="独自一人", status=422).content.decode()
    assert "不少于两名" in reply and "独自一人" in reply
    owner.post(f"{to}/front/drawing", witnesses="监督员一\n监督员二")
    page = owner.get(f"{to}/front")
    assert "监督员一、监督员二" in page and "下一步: 发出结果" in page
    owner.post(f"{to}/front/results")
    told = [Person(platform, name).get(f"/work/fronts/{tale.front}/package") for name in NAMES]
    assert sum("未获邀请</span>" in page for page in told) == 1
    assert all("本单位在抽签名单上的编号" in page for page in told)


@pytest.mark.django_db
def test_the_part_is_written_on_its_page(platform: Any, folder: Path) -> None:
    tale, owner = Drawing(platform, folder), Person(platform, "zhaobiao")
    made = tale.owner.post(
        "/tenders",
        {
            "project": project(tale),
            "name": "训练设备采购",
            "state_controlled": True,
            "lots": [
                {"name": "1包", "budget": "10000000", "ceiling_price": "10000000", "duration_days": "90"}
            ],
            "procedure_code": "GP_INVITE",
        },
    )
    to = f"/work/tenders/{made['tender']}"
    assert "去登记、编制和送审" in owner.get(f"{to}/front")
    assert "公开采购意向" in owner.get(to)
    story.plan_procurement(tale.owner, made["tender"])
    owner.post(f"{to}/start")
    tale.changes["prequalification"] = None
    tale.owner.ask("PUT", f"/tenders/{made['tender']}/document", {"document": tale.file()})
    assert "拟邀请的供应商数量" in owner.get(f"{to}/front")
    part = {"method": "drawn", "requirements": "财务良好", "criteria": ""}
    owner.post(f"{to}/front/part", **part, limit="2", status=422)
    owner.post(f"{to}/front/part", **part, limit="4")
    kept = tale.owner.get(f"/tenders/{made['tender']}")["document"]["prequalification"]
    assert (kept["method"], kept["limit"]) == ("drawn", 4)


@pytest.mark.django_db
@pytest.mark.journey
def test_fewer_than_three_qualified_begin_anew(platform: Any, folder: Path) -> None:
    tale = Drawing(platform, folder)
    tale.applied("jia", "yi", "bing").front_opened("jia", "yi", "bing").front_seated()
    fronts.review(tale.members, tale.front, failing={tale.uscc("bing"): "财务状况不符合要求"})
    assert tale.front_stage() == "PQ_FAILED"
    assert refused(tale.drawing).code == "fronts.nothing_to_draw"
    notice = next(n for n in tale.owner.get("/notices")["notices"] if n["kind"] == "failure")
    body = tale.owner.get(f"/notices/{notice['public_id']}")["body"]
    assert body["basis"] == "《政府采购货物和服务招标投标管理办法》第十四条"
    tale.owner.post(f"/rounds/{tale.front}/next")
    assert tale.front_stage() == "PQ_EDIT"
    assert tale.stage() == "BUDGET"


@pytest.mark.django_db
def test_the_dates_are_those_of_procurement(platform: Any, folder: Path) -> None:
    """Both are counted in working days, and from the notice (87号令第十八条, 条例第二十一条)."""
    tale = Drawing(platform, folder)
    tale.prepared()
    at = platform.now
    publish = fronts.publish_prequalification
    short = refused(
        publish, tale.owner, tale.id, file_until=at + timedelta(days=5), deadline=at + timedelta(days=30)
    )
    assert short.code == "fronts.time_to_apply_too_short"
    assert "第十八条" in short.body["basis"]
    ten = at + timedelta(days=10)
    early = refused(publish, tale.owner, tale.id, file_until=ten, deadline=ten - timedelta(days=1))
    assert early.body["field"] == "deadline"
    publish(tale.owner, tale.id, file_until=ten, deadline=ten)
    assert (
        refused(
            tale.bidder("jia").post, f"/rounds/{tale.front}/prequalification-objections", {"text": "异议"}
        ).code
        == "procedure.move_not_allowed"
    )
    wish = {"kind": "clarify", "front": True, "text": "补充要求", "affects_bids": True}
    change(tale.owner, tale, **wish)
    platform.advance(ten - timedelta(days=2))
    [demand] = look(tale.owner, tale, **wish)["demands"]
    assert "第二十七条" in demand["clause"]


@pytest.mark.django_db
def test_the_file_says_how_many_are_drawn(platform: Any, folder: Path) -> None:
    plain = Drawing(platform, folder / "a", changes={"prequalification": fronts.prequalification()})
    assert refused(plain.prepared).body["field"] == "prequalification.method"
    few = Drawing(platform, folder / "b", limit=2)
    assert refused(few.prepared).body["field"] == "prequalification.limit"
    construction = FrontTale(
        platform, folder / "c", changes={"prequalification": fronts.prequalification(limit=3, drawn=True)}
    )
    assert refused(construction.prepared).body["field"] == "prequalification.method"


@pytest.mark.pure
def test_the_draw_takes_the_first_qualified_of_an_order_that_others_do_not_move() -> None:
    labels = [f"{n:064x}" for n in range(9)]
    more = {"randomness": b"seed" * 24, "code": b"\x01" * 16}
    order = rules.drawn(labels, qualified=labels, count=9, **more)
    assert sorted(order) == labels and order != labels
    for out in labels:
        rest = [one for one in labels if one != out]
        assert rules.drawn(labels, qualified=rest, count=3, **more) == [o for o in order if o != out][:3]
        assert rules.drawn(rest, qualified=rest, count=3, **more) == [o for o in order if o != out][:3]
    assert rules.drawn(labels, qualified=labels[:2], count=3, **more) == [o for o in order if o in labels[:2]]
    other = rules.drawn(labels, qualified=labels, count=9, randomness=b"other", code=b"\x01" * 16)
    assert other != order


def _acts(**changes: Any) -> list[Act]:
    """Return the entries of a made-up draw as a stranger reads them, with some fields changed."""
    code, draw, seeds = (
        "01" * 16,
        "02" * 16,
        {"owner": "0a" * 32, "centre": "0b" * 32, "supervisor": "0c" * 32},
    )
    salts = {f"{n:032x}": f"{n:064x}" for n in range(5)}
    label = {p: label_of(salt=bytes.fromhex(s), expert=p) for p, s in salts.items()}
    passed = [p for p in salts if p != f"{3:032x}"]
    said = {
        "draw": draw,
        "labels": sorted(label.values()),
        "qualified": [label[p] for p in passed],
        "count": 3,
        "opened": [{"label": label[p], "package": p, "salt": salts[p]} for p in salts],
    }
    said["drawn"] = rules.drawn(
        said["labels"],
        qualified=said["qualified"],
        count=3,
        randomness=joined(seeds),
        code=bytes.fromhex(code),
    )
    report = {"applicants": [{"package": p, "passed": p in passed} for p in salts]}

    def act(name: str, fields: dict[str, Any], subject: str = draw) -> Act:
        return Act(act=name, subject=subject, round=code, entry_hash="", fields=fields, withheld=frozenset())

    committed = [act("experts.seed_committed", {"draw": draw, "party": p, "turn": 1}) for p in seeds]
    frozen = act("fronts.list_frozen", {"list_sha256": pool_digest(said["labels"])})
    opened = said | changes
    part = fronts.prequalification(limit=changes.pop("limit", 3), drawn=True)
    return [
        act("fronts.prequalification_published", {"rounds": [code], "prequalification": part}),
        *([*committed, frozen] if changes.get("early") else [frozen, *committed]),
        *(
            act("experts.seed_revealed", {"draw": draw, "party": p, "seed": s, "turn": 1})
            for p, s in seeds.items()
        ),
        act("experts.ranked", {"draw": draw, "list": 1, "turn": 1}),
        act("fronts.committee_seated", {"rounds": [code]}, changes.pop("seated", draw)),
        act("fronts.review_compiled", {"report": report}),
        act("fronts.invitees_drawn", opened),
    ]


@pytest.mark.pure
@pytest.mark.parametrize(
    ("spoil", "finds"),
    [
        (lambda said: {}, set()),
        (lambda said: {"early": True}, {"invitation.drawn"}),
        (lambda said: {"limit": 4}, {"invitation.drawn"}),
        (lambda said: {"seated": "03" * 16}, {"invitation.drawn"}),
        (lambda said: {"drawn": said["drawn"][::-1]}, {"invitation.drawn"}),
        (lambda said: {"labels": said["labels"][1:] + ["f" * 64]}, {"invitation.list"}),
        (
            lambda said: {
                "qualified": [q for q in said["qualified"] if q != said["drawn"][0]],
                "drawn": said["drawn"],
            },
            {"invitation.drawn", "invitation.names"},
        ),
        (lambda said: {"opened": [o | {"salt": "00" * 32} for o in said["opened"]]}, {"invitation.names"}),
    ],
)
def test_a_stranger_finds_a_draw_that_was_tampered_with(spoil: Any, finds: set[str]) -> None:
    rows = _acts(**spoil(_acts()[-1].fields))
    out = _Findings()
    front_checks.drawn.__wrapped__(rows, out)  # type: ignore[attr-defined]
    assert {check.name for check in out} == {"invitation.list", "invitation.drawn", "invitation.names"}
    failed = {check.name for check in out if check.outcome == "failed"}
    assert failed >= finds
    assert bool(failed) == bool(finds)


LETTER = {
    "matter": "资格条件与采购需求无关",
    "facts": "资格预审文件第二章第1条",
    "law": "",
    "request": "删除该资格条件",
}


@pytest.mark.django_db
@pytest.mark.journey
def test_a_prequalification_is_challenged_and_nobody_learns_by_whom(platform: Any, folder: Path) -> None:
    tale = Drawing(platform, folder).noticed()
    supplier, raising = tale.bidder("jia"), f"/rounds/{tale.front}/file-challenges"
    assert refused(supplier.post, raising, LETTER).code == "objections.may_not_challenge"
    taking = f"/rounds/{tale.front}/prequalification/takings"
    first = supplier.post(taking)["taken_at"]
    assert supplier.post(taking)["taken_at"] == first
    made = supplier.post(raising, LETTER)
    assert refused(supplier.post, raising, LETTER).code == "objections.challenged_before"
    assert tale.front_stage() == "PQ_OPEN"
    assert refused(supplier.post, f"/rounds/{tale.round}/result-challenges", LETTER).code in {
        "procedure.move_not_allowed",
        "not_found",
    }
    # whoever reads it, in whatever pack or page, learns no name; the public not even that there is one
    tale.sequence()
    for name in ("zhaobiao", "caizheng", "zhongxin"):
        assert supplier.name not in str(platform.demo(name).get(f"/rounds/{tale.front}/challenges"))
    assert tale.owner.get(f"/rounds/{tale.front}/challenges")["challenges"][0]["challenger"] is None
    anyone = platform.anonymous()
    assert anyone.get(f"/rounds/{tale.front}/challenges")["challenges"] == []
    assert "objections.challenged" not in str(anyone.get("/evidence/feed?after=0&limit=1000"))
    shown = "".join(tale.views("zhaobiao").values()) + "".join(tale.views("").values())
    assert supplier.name not in shown
    # a complaint waits for the answer, or for the time to answer to run out
    complaint = {
        "matter": "prequalification",
        "text": "资格条件歧视",
        "facts": "见质疑",
        "request": "责令修改",
    }
    filing = f"/rounds/{tale.front}/complaints"
    assert refused(supplier.post, filing, complaint).code == "complaints.object_first"
    # the seven days run on while the applications are judged; one who took it late has its own
    other = tale.bidder("yi")
    other.post(taking)
    for name in NAMES:
        tale.apply(name)
    tale.front_opened(*NAMES)
    assert tale.front_stage() == "PQ_CLOSED"
    late = other.post(raising, LETTER)["challenge"]
    other.post(f"/challenges/{late}/withdrawal")
    assert refused(tale.bidder("bing").post, taking).code == "inquiries.closed"
    # whose challenge is taken back has none to complain after; nobody answered the other in its seven days
    assert refused(other.post, filing, complaint).code == "complaints.object_first"
    assert supplier.post(filing, complaint)["complaint"]
    answer = f"/challenges/{made['challenge']}/answer"
    body = {"answer": "该条件必要, 不予修改", "outcome": "restart"}
    assert refused(tale.owner.post, answer, body).code == "input.invalid"
    tale.owner.post(answer, body | {"outcome": "unfounded"})
    assert "该条件必要" in str(supplier.get("/messages")["messages"][0])


@pytest.mark.django_db
@pytest.mark.journey
def test_the_days_to_challenge_a_prequalification_end(platform: Any, folder: Path) -> None:
    tale = Drawing(platform, folder).noticed()
    supplier = tale.bidder("jia")
    person = Person(platform, "jia")
    page = f"/work/rounds/{tale.front}/challenge"
    assert "先登记获取资格预审文件" in person.get(page)
    person.post(f"/work/rounds/{tale.front}/prequalification-file")
    assert "对资格预审文件提出质疑" in person.get(page)
    assert "提出质疑" in person.get(lot_of(tale))
    # five working days of the notice, then seven to challenge
    platform.advance(platform.now + timedelta(days=21))
    no = refused(supplier.post, f"/rounds/{tale.front}/file-challenges", LETTER)
    assert no.code == "objections.challenge_too_late"
    assert "资格预审文件" in str(no)


def lot_of(tale: Drawing) -> str:
    return f"/lots/{tale.states()[0]['lot']}"
