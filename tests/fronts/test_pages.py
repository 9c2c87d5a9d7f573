"""The pages of the fronts, driven through their own forms: every act has its page, and a refusal loses nothing."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from ggzy.cli import bid as cli
from ggzy.client import bids, fronts, story
from ggzy.kernel.clock import BEIJING
from tests.fronts.fronttale import FrontTale
from tests.fronts.test_invitation import FINDING, GROUND, Inviting
from tests.fronts.test_two_stage import TwoStage
from tests.portals.test_work import Person, _document

pytestmark = pytest.mark.django_db


def local(moment: Any) -> str:
    return f"{moment.astimezone(BEIJING):%Y-%m-%dT%H:%M}"


def project(tale: FrontTale) -> str:
    return story.register_project(tale.owner, name="页面工程", serial=4242)


def created(owner: Person, tale: FrontTale, procedure: str) -> str:
    form = f"/work/projects/{project(tale)}/tenders/new"
    page = owner.get(form)
    for sentence in ("条例第十五条", "条例第八条", "条例第三十条"):
        assert sentence in page
    made = owner.post(
        form,
        name="页面测试招标",
        procedure_code=procedure,
        state_controlled="1",
        lot_name=["1标段"],
        lot_budget=["10000000"],
        lot_ceiling_price=["10000000"],
        lot_duration_days=["365"],
        lot_scope_of_work=["全部"],
    )
    return str(made["Location"]).rsplit("/", 1)[-1]


def files(folder: Path) -> dict[str, Any]:
    return {p: SimpleUploadedFile(f.name, f.read_bytes()) for p, f in bids.files_of(folder).items()}


@pytest.mark.journey
def test_a_prequalification_through_its_pages(platform: Any, folder: Path) -> None:
    tale = FrontTale(platform, folder)
    owner = Person(platform, "zhaobiao")
    tender = created(owner, tale, "GC_PREQ")
    to = f"/work/tenders/{tender}"
    tale.tender = {"tender": tender, "ocid": tale.owner.get(f"/tenders/{tender}")["ocid"], "rounds": []}
    tale.tender["rounds"] = tale.states()
    assert "去登记、编制和送审" in owner.get(f"{to}/front")
    owner.post(f"{to}/register")
    owner.post(f"{to}/start")
    assert "请先保存招标文件" in owner.get(f"{to}/front")
    part = {"method": "limited_number", "limit": "3", "requirements": "资质符合要求\n财务良好"}
    owner.post(f"{to}/front/part", **part, criteria="业绩 60\n人员 40", status=422)
    owner.post(f"{to}/document", **_document())
    page = owner.post(f"{to}/front/part", **part, criteria="业绩 60", status=422).content.decode()
    assert "合计应为100分" in page
    assert "财务良好" in page
    owner.post(f"{to}/front/part", **part, criteria="业绩100", status=422)
    owner.post(f"{to}/front/part", **part, criteria="业绩 60\n人员 40")
    owner.post(f"{to}/document", **_document(text="改过"))  # saving the file keeps the part
    assert tale.owner.get(f"/tenders/{tender}")["document"]["prequalification"]["limit"] == 3
    owner.post(f"{to}/send-to-review")
    owner.sign(f"{to}/review", f"{to}/review/to-sign", passed="true", opinion="没有问题")
    assert "发布资格预审公告" in owner.get(f"{to}/front")
    assert "/front" in owner.get("/work")
    until = platform.now + timedelta(days=6)
    early = owner.post(f"{to}/front/publish", file_until=local(until), deadline=local(until), status=409)
    assert "第十七条" in early.content.decode()
    tale.front_deadline = until + timedelta(days=6)
    owner.post(f"{to}/front/publish", file_until=local(until), deadline=local(tale.front_deadline))
    front = tale.front

    anyone = Person(platform, "jia")
    lot = tale.states()[0]["lot"]
    shown = anyone.get(f"/lots/{lot}")
    assert "申请资格预审" in shown
    assert "预审公告及申请中" in shown
    assert "开标大厅, 任何人可以观看" not in shown
    page = anyone.get(f"/tenders/{tender}")
    assert "资格预审公告" in page
    # its own clocks, not those of bidding: nothing of it is too short
    assert "第十七条" in page
    assert "等标期" not in page
    assert "不足</span>" not in page
    assert "招标文件尚未发出" in anyone.get(f"{to}/ask")
    assert "没有开标大厅" in anyone.get(f"/rounds/{front}/hall", status=404)
    notice = tale.owner.get("/notices?kind=prequalification")["notices"][0]["public_id"]
    assert "有限数量制, 限3名" in anyone.get(f"/notices/{notice}")
    assert "资格预审" in anyone.get("/procedures/GC_PREQ")

    assert "changes?kind=clarify&amp;front=1" in owner.get(f"{to}/front")
    assert "澄清修改资格预审文件" in owner.get(f"{to}/changes?kind=clarify&front=1")
    wish = {"kind": "clarify", "front": "1", "text": "补充业绩证明", "affects_bids": "1"}
    owner.post(f"{to}/changes/look", **(wish | {"text": " "}), status=422)
    page = owner.post(f"{to}/changes/look", **wish, status=200).content.decode()
    assert "澄清修改资格预审文件: 核对后果" in page and "名称和数量对任何人不显示" in page
    digest = re.search(r'name="confirmed" value="([0-9a-f]{64})"', page)
    assert digest
    owner.post(f"{to}/changes/make", **wish, confirmed=digest[1])
    assert "补充业绩证明" in anyone.get(f"/lots/{lot}")
    assert "第1号 澄清" in owner.get(f"{to}/changes")
    package = f"/work/fronts/{front}/package"
    assert "不得含报价" in anyone.get(package)
    anyone.post(f"/work/fronts/{front}/object", text=" ", status=422)
    anyone.post(f"/work/fronts/{front}/object", text="要求过高")
    page = owner.get(f"{to}/front")
    assert "要求过高" in page
    assert platform.demo("jia").name not in page
    answer = re.search(rf"{to}/front/objections/(\w+)", page)
    assert answer
    owner.post(answer[0], answer=" ", status=422)
    owner.post(answer[0], answer="已核, 维持")
    anyone.post(f"/work/fronts/{front}/submit", status=422)
    for name in ("jia", "yi", "bing", "ding"):
        sender = Person(platform, name)
        kept = folder / "sealed" / name
        bids.seal(
            party=sender.party,
            round_id=front,
            ocid=tale.tender["ocid"],
            fields={"bidder": sender.party.name, "uscc": sender.party.uscc, "members": [], "works": "3项"},
            attachments=[],
            into=kept,
        )
        sender.post(f"/work/fronts/{front}/submit", **files(kept))
        assert "本单位已递交" in sender.get("/work")
    ding = Person(platform, "ding")
    ding.post(f"/work/fronts/{front}/withdraw")
    ding.post(f"/work/fronts/{front}/withdraw", status=409)
    ding.post(f"/work/fronts/{front}/submit", **files(folder / "sealed" / "ding"))
    owner.post(f"{to}/front/draw")
    tale.front_closed()
    for name in ("jia", "yi", "bing", "ding"):
        sender = Person(platform, name)
        assert "去解密" in sender.get("/work")
        assert "交出密钥" in sender.get(package)
        sender.post(f"/work/fronts/{front}/key", bid_key="", status=422)
        envelope = (folder / "sealed" / name / "key.p7m").read_bytes()
        sender.post(f"/work/fronts/{front}/key", bid_key=bids.bid_key(party=sender.party, envelope=envelope))
    platform.work()
    cast = platform.cast()
    draw = re.search(r"/work/draws/(\w+)/seed", owner.get(f"{to}/front"))
    assert draw
    tale.draw = draw[1]
    give_seeds(tale, cast)
    accepted = story.answer_calls(cast)
    seat = f"{to}/front/seat/{tale.draw}"
    owner.post(seat, status=409)
    tale.members = story.check_in(cast, tale.draw, accepted[tale.draw])
    member = Person(platform, tale.members[0].name)
    owner.post(seat)
    assert f"/work/rounds/{front}/review" in member.get(f"/work/draws/{tale.draw}/check-in")
    assert "资格审查" in member.get("/work")
    for each in tale.members:
        person = Person(platform, each.name)
        desk = each.get(f"/rounds/{front}/review-desk")
        given = {}
        for p in desk["packages"]:
            bad = p["uscc"] == tale.uscc("ding")
            for r in desk["requirements"]:
                given[f"passes:{p['package']}:{r['key']}"] = "no" if bad else "yes"
                given[f"reason:{p['package']}:{r['key']}"] = "资质不符" if bad else ""
            for c in desk["criteria"]:
                given[f"score:{p['package']}:{c['key']}"] = "30"
        shown = person.get(f"/work/rounds/{front}/review")
        assert "只能按预审文件" in shown
        assert "类似业绩: 3项" in shown
        person.post(f"/work/rounds/{front}/review/sheet", status=422)
        person.post(f"/work/rounds/{front}/review/sheet", **given)
    for each in tale.members:
        person = Person(platform, each.name)
        assert "资质不符" in person.get(f"/work/rounds/{front}/review")
        person.sign(f"/work/rounds/{front}/review/sign", f"/work/rounds/{front}/review/to-sign")
    owner.post(f"{to}/front/results")
    assert "资质不符" in Person(platform, "ding").get(package)
    assert "现邀请您单位投标" in Person(platform, "jia").get(package)
    assert "向获准投标的单位发出招标文件" in owner.get(to)
    deadline = platform.now + timedelta(days=22)
    owner.post(f"{to}/publish", bid_deadline=local(deadline))
    assert "只接收获准投标的单位" in anyone.get(f"/lots/{lot}")
    assert "在浏览器里投标" in anyone.get(f"/work/rounds/{tale.states()[0]['round']}/bid")
    bid_here = f"/work/rounds/{tale.states()[0]['round']}/bid"
    assert bid_here in anyone.get("/work")
    assert bid_here not in ding.get("/work")
    ding.get(bid_here, status=404)
    ding.get(f"/files/{tender}/1", status=404)
    assert anyone.get(f"/files/{tender}/1")


def give_seeds(tale: FrontTale, cast: Any) -> None:
    """Let the three parties commit and reveal their seeds."""
    import hashlib
    import secrets

    seeds = [(party, secrets.token_bytes(32)) for party in (tale.owner, cast.centre, cast.supervisor)]
    for party, seed in seeds:
        party.post(f"/draws/{tale.draw}/seed-commitment", {"commitment": hashlib.sha256(seed).hexdigest()})
    for party, seed in seeds:
        party.post(f"/draws/{tale.draw}/seed", {"seed": seed.hex()})


def test_an_invitation_through_its_pages(platform: Any, folder: Path) -> None:
    tale = Inviting(platform, folder)
    tale.procedure = "GC_INVITE"
    tale.prepared()
    owner, authority = Person(platform, "zhaobiao"), Person(platform, "jiandu")
    to = f"/work/tenders/{tale.id}"
    authority.get(f"{to}/finding", status=404)
    owner.post(f"{to}/front/ground", ground="few_bidders", reason=" ", status=422)
    owner.post(f"{to}/front/ground", **GROUND)
    assert GROUND["reason"] in owner.get(f"{to}/front")
    assert "认定邀请招标的理由" in authority.get("/work")
    assert GROUND["reason"] in authority.get(f"{to}/finding")
    authority.post(f"{to}/finding", opinion="属实", document_number="1号", status=422)
    kept = authority.post(f"{to}/finding", approved="yes", opinion="属实", document_number="", status=422)
    assert "属实" in kept.content.decode()
    authority.post(f"{to}/finding", **{**FINDING, "approved": "yes"})
    assert FINDING["document_number"] in owner.get(f"{to}/front")
    usccs = "\n".join(tale.uscc(n) for n in ("jia", "yi", "bing"))
    owner.post(f"{to}/front/invitees", invitees=tale.uscc("jia"), status=409)
    owner.post(f"{to}/front/invitees", invitees=usccs)
    assert platform.demo("yi").name in owner.get(f"{to}/front")
    assert platform.demo("yi").name not in authority.get(f"{to}/finding")
    reply_by = platform.now + timedelta(days=4)
    owner.post(f"{to}/front/letters", reply_by="", status=422)
    owner.post(f"{to}/front/letters", reply_by=local(reply_by))
    for name in ("jia", "yi", "bing"):
        invitee = Person(platform, name)
        found = re.search(r"/work/invitations/(\w+)", invitee.get("/work"))
        assert found
        assert "是否接受邀请" in invitee.get(found[0])
        Person(platform, "ding").get(found[0], status=404)
        invitee.post(found[0], status=422)
        invitee.post(found[0], accept="yes")
        assert "本单位已接受邀请" in invitee.get(found[0])
    platform.advance(reply_by + timedelta(minutes=1))
    owner.post(f"{to}/publish", bid_deadline=local(platform.now + timedelta(days=22)))
    assert tale.front_stage() == "IV_DONE"
    assert "只接收获准投标的单位" in owner.get(f"/lots/{tale.states()[0]['lot']}")


def test_a_failed_invitation_begins_anew_from_its_page(platform: Any, folder: Path) -> None:
    tale = Inviting(platform, folder).invited()
    tale.answered("jia")
    owner = Person(platform, "zhaobiao")
    to = f"/work/tenders/{tale.id}"
    assert "开始新一轮" in owner.get(f"{to}/front")
    assert "邀请失败" in owner.get("/work")
    owner.post(f"/work/rounds/{tale.front}/next", tender=tale.id)
    assert "写明理由" in owner.get(f"{to}/front")


def test_a_first_stage_through_its_pages(platform: Any, folder: Path) -> None:
    tale = TwoStage(platform, folder)
    owner = Person(platform, "zhaobiao")
    tender = created(owner, tale, "GC_TWO_STAGE")
    tale.tender = {"tender": tender, "ocid": tale.owner.get(f"/tenders/{tender}")["ocid"], "rounds": []}
    to = f"/work/tenders/{tender}"
    assert "请先提交进场登记" in owner.get(f"{to}/front")
    owner.post(f"{to}/register")
    tale.front_deadline = platform.now + timedelta(days=10)
    need = {"need": "工艺路线建议", "deadline": local(tale.front_deadline)}
    owner.post(f"{to}/front/first-stage", **need | {"deadline": ""}, status=422)
    owner.post(f"{to}/front/first-stage", **need)
    lot = tale.states()[0]["lot"]
    assert "提交技术建议" in Person(platform, "jia").get(f"/lots/{lot}")
    for name in ("jia", "yi", "bing"):
        tale.propose(name, route=name)
        assert "技术建议" in Person(platform, name).get(f"/work/fronts/{tale.front}/package")
    tale.front_deadline += timedelta(minutes=1)
    tale.front_closed()
    assert "等待解密" in owner.get(f"{to}/front")
    for name in ("jia", "yi", "bing"):
        fronts.release(tale.bidder(name), round_id=tale.front)
    platform.work()
    assert "查阅技术建议" in owner.get(f"{to}/front")
    page = owner.get(f"/work/rounds/{tale.front}/proposals")
    assert "建议03" in page
    assert platform.demo("jia").name not in page
    Person(platform, "jia").get(f"/work/rounds/{tale.front}/proposals", status=403)
    owner.post(f"{to}/start")


def test_the_command_line_seals_without_a_price(
    platform: Any, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    tale = FrontTale(platform, folder).noticed()
    jia = tale.bidder("jia")
    monkeypatch.setattr(cli, "_party", lambda args: jia)
    common = ["seal", "--user", "jia", "--cert", "x.pem", "--round", tale.front, "--out", str(folder / "x")]
    assert cli.main([*common, "--price", "100"]) == 2
    assert "不得含报价" in capsys.readouterr().err
    assert cli.main([*common, "--field", "works=3项"]) == 0
    submit = ["submit", "--user", "jia", "--cert", "x.pem", "--round", tale.front, "--dir", str(folder / "x")]
    assert cli.main(submit) == 0
    for name in ("yi", "bing"):
        tale.apply(name)
    tale.front_closed()
    assert cli.main(["open", "--user", "jia", "--cert", "x.pem"]) == 0
    platform.work()
    assert jia.get(f"/rounds/{tale.front}/own-part")["package"]["state"] == "opened"
    main = FrontTale(platform, folder / "main", procedure="GC_OPEN_POST").published()
    at = ["seal", "--user", "jia", "--cert", "x.pem", "--round", main.round, "--out", str(folder / "y")]
    assert cli.main(at) == 2
    assert cli.main([*at, "--price", "9000000"]) == 2
    assert cli.main([*at, "--price", "9000000", "--days", "300"]) == 0
