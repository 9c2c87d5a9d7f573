"""A tender in two envelopes: scores before prices, and nobody reads a price before the second opening."""

import json
import re
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings

from ggzy.cli.verify import check_pack
from ggzy.client import story
from ggzy.client.party import Problem
from ggzy.evaluation.models import Evaluation
from ggzy.kernel import files
from ggzy.messages.models import Message
from ggzy.methods.run import promise
from ggzy.methods.shelf import method_named
from ggzy.notices.models import Notice
from ggzy.opening.models import BidOpening, SecondEnvelope
from ggzy.papers.rules import Place, opening_table
from tests.journeys.tale import PRICES, Tale
from tests.portals.test_work import Browser, Person

CRITERIA = [
    {"key": "plan", "title": "施工组织设计", "weight": "60"},
    {"key": "team", "title": "项目管理机构", "weight": "40"},
]


def _scheme(**values: str) -> dict[str, Any]:
    return promise(method_named("gc_two_envelopes"), values).as_json()


def two_enveloped(platform: Any, folder: Any) -> Tale:
    """Return a tender whose file puts prices into a second envelope."""
    return Tale(platform, folder, changes={"scheme": _scheme(), "criteria": CRITERIA})


def _no(act: Any, *args: Any, code: str, **more: Any) -> None:
    with pytest.raises(Problem) as no:
        act(*args, **more)
    assert no.value.code == code, no.value


def _points(tale: Tale, **of: str) -> dict[str, dict[str, str]]:
    """Return what every member gives, by the first part of the bidder's user name."""
    names = {tale.bidder(name).name: points for name, points in of.items()}
    return {
        row.bid.public_id: {
            "plan": names[row.bid.bidder.name],
            "team": str(Decimal(names[row.bid.bidder.name]) * 2 / 3),
        }
        for row in BidOpening.objects.select_related("bid__bidder")
    }


def _every_value() -> str:
    """Return everything readable that the database holds, and every file that is not sealed, as one text."""
    said = []
    for model in apps.get_models():
        if model._meta.app_label in {"auth", "contenttypes", "sessions"}:
            continue
        for row in model._default_manager.values():  # type: ignore[attr-defined]
            said.append(
                json.dumps(
                    {
                        k: bytes(v).decode("latin-1") if isinstance(v, memoryview | bytes) else v
                        for k, v in row.items()
                    },
                    default=str,
                    ensure_ascii=False,
                )
            )
    for path in Path(settings.FILES).rglob("*"):
        if path.is_file():
            # a signature in a PDF is kilobytes of hexadecimal digits and zeros, in which any price is found by chance
            said.append(re.sub(r"[0-9A-Fa-f]{200,}", "·", path.read_bytes().decode("latin-1")))
    return "\n".join(said)


def _forms(price: Decimal) -> tuple[str, ...]:
    return f"{price}", f"{price:,.2f}", f"{price:.0f}", f"{price / 10000}".rstrip("0").rstrip(".") + "万"


def _step_now(label: str) -> str:
    """Return how the host's checklist marks the one step that is next."""
    return f'aria-current="step"><span aria-hidden="true">▸</span><span>{label}</span>'


def _work(platform: Any, name: str, path: str, *, says: str, not_says: str = "") -> None:
    """Look at a page as one party and find a sentence on it."""
    page = Person(platform, name).get(path)
    assert says in page and (not not_says or not_says not in page), page


def _everything_said(tale: Tale) -> str:
    """Return every page and answer about the round, as each party reads it."""
    paths = [f"/rounds/{tale.round}/hall", f"/lots/{tale.tender['rounds'][0]['lot']}"]
    out = [Browser().get(path).content.decode() for path in paths]
    for name in ("zhaobiao", "jia", "yi", "jiandu"):
        party = tale.platform.demo(name)
        out.append(json.dumps(party.get(f"/rounds/{tale.round}/opening"), ensure_ascii=False))
        pack = party.get(
            f"/evidence/{tale.tender['ocid']}?level={'supervisor' if name == 'jiandu' else 'public'}"
        )
        out.append(json.dumps(pack, ensure_ascii=False))
    out += [json.dumps(m.get(f"/rounds/{tale.round}/desk"), ensure_ascii=False) for m in tale.members]
    return "\n".join(out)


def test_from_the_file_to_the_award(platform: Any, tmp_path: Any) -> None:
    tale = two_enveloped(platform, tmp_path)
    owner = tale.owner
    tale.sealed()
    _no(
        story.bid,
        tale.bidder("jia"),
        ocid=tale.tender["ocid"],
        round_id=tale.round,
        price=PRICES["jia"],
        duration_days=365,
        folder=tmp_path / "one",
        code="bidding.price_in_first_envelope",
    )
    tale.platform.sequence()
    platform.advance(tale.deadline + timedelta(seconds=1))
    owner.post(f"/tenders/{tale.tender['tender']}/opening")
    for name in PRICES:
        tale.release(name)
    platform.work()
    story.end_opening(owner, tale.round)
    record = Notice.objects.get(kind="opening_record")
    assert [row["price"] for row in record.body["bids"]] == [None] * 3
    assert {row["duration_days"] for row in record.body["bids"]} == {365}
    _no(story.tell_second, owner, tale.round, at=platform.now + timedelta(hours=1), code="not_found")

    cast = platform.cast()
    tale.draw = story.draw(owner, cast, tale.tender["tender"])
    accepted = story.answer_calls(cast)
    tale.members = story.check_in(cast, tale.draw, accepted[tale.draw])
    owner.post(f"/draws/{tale.draw}/committee")
    story.evaluate(
        tale.members, tale.round, points=_points(tale, jia="57", yi="54", bing="30"), until_scored=True
    )
    # bing is below the technical line: two are left, and the committee says that they compete
    desk = tale.members[0].get(f"/rounds/{tale.round}/desk")
    assert desk["step"] == "competition" and all(b["price"] is None for b in desk["bids"])
    assert desk["rejected"] and "技术得分不低于合格线" in next(iter(desk["rejected"].values()))[0]
    desk = story._compete(tale.members, tale.round)
    assert desk["step"] == "second"
    _no(story.sign_report, tale.members, tale.round, code="not_found")
    told = {m.recipient.name: m.text for m in Message.objects.filter(title__contains="第一信封评审结果")}
    jia, yi, bing = (platform.demo(n).name for n in ("jia", "yi", "bing"))
    assert (
        "通过第一信封评审。评审得分95.00分" in told[jia]
        and "未通过" in told[bing]
        and "50.00分" in told[bing]
    )

    # nothing readable holds a price: no field, no file, no page, no answer
    platform.sequence()
    whole, said = _every_value(), _everything_said(tale)
    for price in PRICES.values():
        for form in _forms(price):
            assert form not in whole and form not in said, form

    host, bid = f"/work/rounds/{tale.round}/host", f"/work/rounds/{tale.round}/bid"
    _work(platform, "zhaobiao", host, says="下一步: 通知第二信封开标时间")
    _work(platform, "zhaobiao", host, says=_step_now("通知第二信封开标时间"))
    _work(platform, "zhaobiao", "/work", says="第一信封评审完毕, 通知第二信封开标时间")
    _work(platform, "jia", bid, says="第一信封已评审完毕")
    _no(story.begin_second, owner, tale.round, code="opening.second_not_yet")
    _no(
        story.tell_second,
        owner,
        tale.round,
        at=platform.now + timedelta(minutes=5),
        code="opening.second_not_yet",
    )
    at = platform.now + timedelta(minutes=31)
    story.tell_second(owner, tale.round, at=at)
    assert Notice.objects.get(kind="second_opening").body["opens_at"] == at.isoformat()
    _no(story.begin_second, owner, tale.round, code="opening.second_not_yet")
    platform.advance(at + timedelta(seconds=1))
    story.begin_second(owner, tale.round)
    hall = owner.get(f"/rounds/{tale.round}/opening")
    assert {b["bidder"]: b["second_state"] for b in hall["bids"]} == {
        jia: "waiting",
        yi: "waiting",
        bing: "kept_out",
    }
    _work(platform, "zhaobiao", host, says=_step_now("等待解密第二信封"))
    _work(platform, "jia", bid, says="下一步: 解密第二信封")
    _work(platform, "jia", "/work", says="解密第二信封")
    _work(platform, "bing", bid, says="第二信封不予开启", not_says="data-open")
    _no(tale.release, "bing", code="opening.already_released")
    tale.release("jia")
    platform.work()
    assert all(b["price"] is None for b in owner.get(f"/rounds/{tale.round}/opening")["bids"])
    _no(story.end_second, owner, tale.round, code="not_found")
    raised = platform.demo("yi").post(f"/rounds/{tale.round}/opening/objections", {"text": "请核对时间"})
    tale.release("yi")
    platform.work()
    hall = owner.get(f"/rounds/{tale.round}/opening")
    assert {b["bidder"]: b["price"] for b in hall["bids"]} == {
        jia: f"{PRICES['jia']}",
        yi: f"{PRICES['yi']}",
        bing: None,
    }
    _no(story.end_second, owner, tale.round, code="opening.cannot_end_yet")
    owner.post(f"/opening-objections/{raised['objection']}/answer", {"text": "时间已核对无误"})
    _work(platform, "zhaobiao", host, says="下一步: 签名, 结束第二信封开标")
    _work(platform, "zhaobiao", host, says=_step_now("签署第二信封开标记录"))
    story.end_second(owner, tale.round)
    _no(story.end_second, owner, tale.round, code="opening.cannot_end_yet")
    platform.work()
    second = Notice.objects.filter(kind="opening_record").latest("pk")
    assert [(r["bidder"], r["state"]) for r in second.body["bids"]] == [
        (jia, "opened"),
        (yi, "opened"),
        (bing, "kept_out"),
    ]
    assert second.body["objections"] == [{"text": "请核对时间", "answer": "时间已核对无误"}]
    whole = _every_value()  # what looked for prices and found none finds those that were read out
    assert f"{PRICES['jia']}" in whole and f"{PRICES['bing']}" not in whole
    place = Place(tender="", lot="", number=1, deal_code="", tenderee="")
    for body, price in ((record.body, "—"), (second.body, f"{PRICES['jia']:,.2f}")):
        table = opening_table(body, place=place, host="", ended_at=platform.now)
        assert price in str(table.tables) and "365" in str(table.tables)

    assert "查看第二信封开标记录" in Browser().get(f"/rounds/{tale.round}/hall").content.decode()
    assert "9,120,000.00" in Browser().get(f"/notices/{second.public_id}").content.decode()
    story.evaluate_offers(tale.members, tale.round)
    platform.work()
    report = Evaluation.objects.get(round__public_id=tale.round).report
    assert [row["bidder"] for row in report["ranking"]] == [jia, yi]
    base = (PRICES["jia"] + PRICES["yi"]) / 2
    above = (PRICES["yi"] - base) / base * 100
    assert abs(Decimal(report["ranking"][1]["price_score"]) - (100 - 2 * above)) < Decimal("0.01")
    assert Decimal(report["ranking"][1]["other_score"]) == 90
    assert report["second_opening_sha256"]

    made = owner.post(f"/rounds/{tale.round}/publicity")
    platform.advance(datetime.fromisoformat(made["ends_at"]) + timedelta(seconds=1))
    tale.first = story.award(owner, tale.round)
    assert tale.first["bidder"] == jia
    story.contract(owner, tale.winner, tale.round)

    platform.sequence()
    pack = platform.demo("jiandu").get(f"/evidence/{tale.tender['ocid']}?level=supervisor")
    checks = check_pack(pack)
    assert not [c for c in checks if c.outcome == "failed"]
    passed = {c.name for c in checks if c.outcome == "passed"}
    assert {
        "ranking",
        "second.tied",
        "second.commitment",
        "second.told",
        "second.admitted",
        "second.passed",
    } <= passed


def test_a_second_key_that_does_not_come_and_a_fault_of_ours(platform: Any, tmp_path: Any) -> None:
    tale = two_enveloped(platform, tmp_path).second_begun()
    owner, (jia, yi, bing) = tale.owner, (platform.demo(n).name for n in ("jia", "yi", "bing"))
    bid_of = {b["bidder"]: b["bid"] for b in owner.get(f"/rounds/{tale.round}/opening")["bids"]}
    tale.release("jia")
    tale.release("jia")  # the same key again is the same answer
    sealed = files.sealed_path(SecondEnvelope.objects.get(opening__bid__public_id=bid_of[yi]).payload)
    sealed.chmod(0o600)
    sealed.write_bytes(b"x" + sealed.read_bytes()[1:])
    tale.release("yi")
    platform.advance(platform.now + timedelta(minutes=61))
    _no(tale.release, "bing", code="opening.already_released")
    hall = owner.get(f"/rounds/{tale.round}/opening")
    assert {b["bidder"]: (b["second_state"], b["price"]) for b in hall["bids"]} == {
        jia: ("opened", f"{PRICES['jia']}"),
        yi: ("withdrawn", None),
        bing: ("revoked", None),
    }
    _no(
        owner.post, f"/bids/{bid_of[jia]}/failure", {"not_bidders_fault": True, "reason": "x"},
        code="input.invalid",
    )  # fmt: skip
    judged = {"not_bidders_fault": True, "reason": "开标期间投标人所在地区网络中断, 运营商已出证明"}
    assert owner.post(f"/bids/{bid_of[bing]}/failure", judged)["state"] == "withdrawn"
    story.end_second(owner, tale.round)
    _no(owner.post, f"/bids/{bid_of[bing]}/failure", judged, code="input.invalid")
    platform.work()
    desk = tale.members[0].get(f"/rounds/{tale.round}/desk")
    assert desk["step"] == "competition" and set(desk["rejected"]) == {bid_of[yi], bid_of[bing]}
    story.evaluate_offers(tale.members, tale.round)
    report = owner.get(f"/rounds/{tale.round}/report")["report"]
    assert [row["bidder"] for row in report["ranking"]] == [jia]
    assert {r["bidder"]: r["reasons"] for r in report["rejected"]}[bing] == [judged["reason"]]


def test_a_member_replaced_before_the_second_opening_takes_the_admission_back(
    platform: Any, tmp_path: Any
) -> None:
    tale = two_enveloped(platform, tmp_path).first_judged()
    at = platform.now + timedelta(minutes=31)
    story.tell_second(tale.owner, tale.round, at=at)
    # anybody but the leader, who would have to be elected anew
    meetings = [(member, member.get(f"/draws/{tale.draw}/meeting")) for member in tale.members]
    lost, code = next((member, m["code"]) for member, m in meetings if m["code"] != m["leader"])
    asked = tale.owner.post(f"/draws/{tale.draw}/replacements", {"code": code, "reason": "突发疾病送医"})
    platform.demo("zhongxin").post(f"/replacements/{asked['replacement']}", {"approve": True})
    platform.advance(at + timedelta(seconds=1))
    _no(story.begin_second, tale.owner, tale.round, code="not_found")
    cast, known = platform.cast(), {m.name for m in tale.members}
    newcomers = [e for e in story.answer_calls(cast)[tale.draw] if e.name not in known]
    (newcomer,) = story.check_in(cast, tale.draw, newcomers)
    voters = [*(member for member in tale.members if member is not lost), newcomer]
    desk = newcomer.get(f"/rounds/{tale.round}/desk")
    assert desk["step"] == "preliminary" and all(b["price"] is None for b in desk["bids"])
    story._review([newcomer], tale.round, desk, to="preliminary")
    scores = {b["bid"]: {"plan": "40", "team": "30"} for b in desk["bids"]}
    newcomer.post(f"/rounds/{tale.round}/scores", {"scores": scores})
    for member in voters:
        member.post(f"/rounds/{tale.round}/summary")
    assert newcomer.get(f"/rounds/{tale.round}/desk")["step"] == "second"
    # it was told for another judgement: the moment is told anew
    _no(story.begin_second, tale.owner, tale.round, code="opening.second_not_yet")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"sealing": "gm"}, "国际通用算法"),
        ({"scheme": None, "criteria": []}, ""),
        ({"criteria": []}, "评分项"),
    ],
)
def test_what_two_envelopes_cannot_go_with_is_refused(
    platform: Any, tmp_path: Any, changes: dict[str, Any], says: str
) -> None:
    tale = Tale(platform, tmp_path, changes={"scheme": _scheme(), "criteria": CRITERIA} | changes)
    if not says:
        tale.published()  # one envelope, and it stays one after the notice
        file = story.document(scheme=_scheme(), criteria=CRITERIA)
        _no(
            tale.owner.ask, "PUT", f"/tenders/{tale.tender['tender']}/document", {"document": file},
            code="input.invalid",
        )  # fmt: skip
        return
    with pytest.raises(Problem) as no:
        tale.prepared()
    assert no.value.status == 422 and says in str(no.value)


def test_two_envelopes_stand_behind_no_front(platform: Any, tmp_path: Any) -> None:
    tale = Tale(
        platform, tmp_path, changes={"scheme": _scheme(), "criteria": CRITERIA}, procedure="GC_INVITE"
    )
    with pytest.raises(Problem, match="公开招标"):
        tale.prepared()
