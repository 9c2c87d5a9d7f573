"""Draws told over the API and the pages: conditions, phones, silence, dry lists, stalled seeds, absences, replacements."""

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ggzy.client import story
from ggzy.client.party import Party
from ggzy.evidence.models import Entry
from ggzy.experts import actions as experts
from ggzy.experts import attending, calling, desks, rules
from ggzy.experts.models import Away, Candidate, Draw, Expert, Member, Tie
from ggzy.experts.pool import OwnPool
from ggzy.experts.ports import CallsUnavailable, Message, Wanted
from ggzy.notices.models import Notice
from ggzy.opendata import checks
from ggzy.tendering.models import Tender
from tests.journeys.tale import Tale
from tests.journeys.test_whole_tender import no
from tests.portals.test_work import Person

pytestmark = pytest.mark.django_db

#: 3 of one specialty and 2 of another: 20 demo experts each
QUOTAS = [{"specialty": "A0801", "count": 3}, {"specialty": "A0802", "count": 2}]


def seeds(tale: Tale, draw: str, *, but: str = "") -> bytes:
    """Let the three parties commit and reveal; `but` does not reveal: return its seed."""
    cast = tale.platform.cast()
    parties = {"owner": tale.owner, "centre": cast.centre, "supervisor": cast.supervisor}
    made = {name: secrets.token_bytes(32) for name in parties}
    for name, party in parties.items():
        commitment = hashlib.sha256(made[name]).hexdigest()
        party.post(f"/draws/{draw}/seed-commitment", {"commitment": commitment})
    for name, party in parties.items():
        if name != but:
            party.post(f"/draws/{draw}/seed", {"seed": made[name].hex()})
    return made.get(but, b"")


def asked(tale: Tale, **wish: Any) -> str:
    """Ask for a draw; return its id."""
    return str(tale.owner.post(f"/tenders/{tale.tender['tender']}/draws", wish)["draw"])


def shown(tale: Tale, draw: str) -> Any:
    """Return a draw as anyone sees it, recomputed: nobody was passed over."""
    row = tale.platform.anonymous().get(f"/draws/{draw}")
    lists = []
    for one in row["lists"]:
        lines = [rules.Entry(e[1], tuple(e[2]), e[3]) for e in row["entries"] if e[0] == one["number"]]
        assert rules.list_digest(lines) == one["sha256"]
        if one["randomness"]:
            by_label = {e.label: e for e in lines}
            joined = b"".join(bytes.fromhex(s["seed"]) for s in one["seeds"])
            order = rules.ranking(by_label, randomness=joined, code=bytes.fromhex(draw))
            lists.append([by_label[label] for label in order])
    steps = [(s["what"], s["label"]) for s in row["steps"]]
    places = [q["count"] for q in row["quotas"]]
    one_per_unit = row["conditions"]["one_per_unit"]
    assert rules.passed_over(lists, places, steps, one_per_unit=one_per_unit) == ""
    return row


def called(tale: Tale, draw: str) -> list[Party]:
    """Return the demo experts who are called now."""
    accounts = Candidate.objects.filter(draw__public_id=draw, state=Candidate.CALLED)
    names = set(accounts.values_list("expert__account__username", flat=True))
    return [e for e in tale.platform.cast().experts if e.name in names]


def agree(tale: Tale, draw: str) -> None:
    """Let everybody who is called agree."""
    while waiting := called(tale, draw):
        for expert in waiting:
            expert.post(f"/draws/{draw}/answer", {"accept": True})


def test_conditions_are_checked_told_as_enough_or_not_and_published(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder).published()
    to = f"/tenders/{tale.tender['tender']}"
    no(tale.owner.post, f"{to}/draws", {"quotas": QUOTAS[:1]}, code="experts.quotas_wrong")
    narrow = {"quotas": [QUOTAS[0], QUOTAS[1] | {"regions": ["11"]}]}
    refused = no(tale.owner.post, f"{to}/draws", narrow, code="experts.pool_too_small")
    assert re.findall(r"\d+", refused.body["message"]) == ["3"], "no number but the rule's own"
    said = tale.owner.post(f"{to}/draw-check", narrow)
    assert (said["enough"], [q["enough"] for q in said["quotas"]]) == (False, [True, False])
    assert tale.owner.post(f"{to}/draw-check", {"quotas": QUOTAS})["enough"] is True
    no(tale.bidder("jia").post, f"{to}/draw-check", {"quotas": QUOTAS}, code="permission.denied")
    assert not Draw.objects.exists()

    page = Person(platform, "zhaobiao")
    form = page.get(f"/work{to}/draw")
    assert 'value="A08"' in form and "可抽取的专家足够" in form
    lines = {
        "specialty": ["A0801", "A0802"],
        "count": ["3", "2"],
        "regions": ["37", ""],
        "one_per_unit": "1",
        "session_from": "2026-03-24T09:00",
        "session_to": "2026-03-24T13:00",
    }
    assert "足够" in page.post(f"/work{to}/draw", 200, act="check", **lines).content.decode()
    wrong = page.post(f"/work{to}/draw", 409, act="freeze", **lines | {"regions": ["11", ""]})
    assert 'value="11"' in wrong.content.decode()
    draw = page.post(f"/work{to}/draw", act="freeze", **lines)["Location"].split("/")[3]
    row = shown(tale, draw)
    assert row["quotas"][0] == {"specialty": "A0801", "count": 3, "regions": ["37"]}
    assert len(row["entries"]) == 40 and {len(e[2]) for e in row["entries"]} == {1}
    seeds(tale, draw)
    row = shown(tale, draw)
    fits = {e[1]: e[2] for e in row["entries"]}
    assert sorted(fits[c["label"]][0] for c in row["called"]) == [0, 0, 0, 1, 1]
    units = {e[1]: e[3] for e in row["entries"]}
    assert len({units[c["label"]] for c in row["called"]}) == 5
    assert "同一工作单位最多一人" in Person(platform, "zhaobiao").get(f"/draws/{draw}")


def test_phones_ring_in_rank_order_and_silence_calls_the_next(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder).published()
    draw = asked(tale)
    seeds(tale, draw)
    platform.work()
    page = Person(platform, "zhaobiao")
    text = page.get("/training/phone")
    assert "演示" in text and text.count("按 1 同意参加") == 5
    for secret in ("测试招标", "城市建设投资", "三楼"):
        assert secret not in text
    rings = re.findall(r'name="ring" value="(\w+)"', text)
    page.post("/training/phone", ring=rings[0], key="1")
    page.post("/training/phone", ring=rings[1], key="2")
    page.post("/training/phone", 422, ring=rings[2], key="9")
    first, refused = (Candidate.objects.get(ring__public_id=r) for r in rings[:2])
    assert (first.state, first.ring.via, refused.state) == ("accepted", "phone", "refused")
    platform.work()
    late = called(tale, draw)[0]
    platform.advance(platform.now + timedelta(minutes=31))
    no(late.post, f"/draws/{draw}/answer", {"accept": True}, code="experts.draw_not_now")
    row = shown(tale, draw)
    assert [c["state"] for c in row["called"]].count("silent") == 4
    agree(tale, draw)
    assert shown(tale, draw)["state"] == "confirmed"


def test_the_gateway_answers_only_with_its_signature(
    platform: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tale = Tale(platform, folder).published()
    draw = asked(tale)
    seeds(tale, draw)
    ring = Candidate.objects.filter(draw__public_id=draw, state="called").first().ring
    page, to = Person(platform, "zhaobiao").client, "/api/v1/rings/answer"
    body = json.dumps({"ring": ring.public_id, "key": "1"})

    def post(key: str) -> int:
        signed = hmac.new(key.encode(), body.encode(), hashlib.sha256).hexdigest()
        reply = page.post(to, body, content_type="application/json", headers={"X-Signature": signed})
        return int(reply.status_code)

    assert post("") == 403, "without a token nobody is let in"
    monkeypatch.setenv("GGZY_CALLS_TOKEN", "secret")
    assert post("guess") == 403
    assert post("secret") == 200
    ring.candidate.refresh_from_db()
    assert ring.candidate.state == "accepted"


def test_a_seed_that_is_not_revealed_voids_the_turn_and_the_supervisor_orders_new_ones(
    platform: Any, folder: Path
) -> None:
    tale = Tale(platform, folder).published()
    supervisor = platform.demo("jiandu")
    draw = asked(tale)
    frozen = shown(tale, draw)["lists"][0]["sha256"]
    late = seeds(tale, draw, but="centre").hex()
    no(supervisor.post, f"/draws/{draw}/new-seeds", {"reason": "核实"}, code="experts.draw_not_now")
    platform.advance(platform.now + timedelta(minutes=31))
    row = shown(tale, draw)
    assert row["stalled"] and not row["called"]
    centre = platform.demo("zhongxin")
    no(centre.post, f"/draws/{draw}/seed", {"seed": late}, code="experts.draw_not_now")
    no(tale.owner.post, f"/draws/{draw}/new-seeds", {"reason": "核实"}, code="permission.denied")
    page = Person(platform, "jiandu")
    assert "核实逾期未公开的种子" in page.get("/work")
    assert "没有按时公开种子" in page.get(f"/work/draws/{draw}/oversight")
    assert "本轮种子作废" in Person(platform, "zhongxin").get(f"/work/draws/{draw}/seed")
    page.post(f"/work/draws/{draw}/new-seeds", reason="中心电脑故障, 已核实")
    no(centre.post, f"/draws/{draw}/seed", {"seed": late}, code="experts.draw_not_now")
    used = {"commitment": hashlib.sha256(bytes.fromhex(late)).hexdigest()}
    no(centre.post, f"/draws/{draw}/seed-commitment", used, code="input.invalid")
    seeds(tale, draw)
    row = shown(tale, draw)
    assert row["lists"][0]["sha256"] == frozen and row["lists"][0]["turn"] == 2
    assert len(row["lists"][0]["void"]) == 3 and len(row["called"]) == 5
    assert "第1轮, 作废" in page.get(f"/draws/{draw}")


def test_a_list_that_runs_dry_is_widened_in_public_with_the_supervisors_consent(
    platform: Any, folder: Path
) -> None:
    tale = Tale(platform, folder).published()
    draw = asked(tale, quotas=[{"specialty": "A0801", "count": 5}])
    seeds(tale, draw)
    to = f"/draws/{draw}"
    wider = {"wider": {"0": {"specialty": "A08"}}, "reason": "专业内专家均不能参加"}
    no(tale.owner.post, f"{to}/widenings", wider, code="experts.draw_not_now")
    stays = called(tale, draw)[0]
    stays.post(f"{to}/answer", {"accept": True})
    while waiting := called(tale, draw):
        for expert in waiting:
            expert.post(f"{to}/answer", {"accept": False})
    row = shown(tale, draw)
    assert row["short"] == 4 and row["state"] == "calling"
    owner, supervisor = Person(platform, "zhaobiao"), Person(platform, "jiandu")
    assert "候选专家用尽, 还缺4人" in owner.get("/work")
    assert "提出扩大抽取范围" in owner.get(f"/work/tenders/{tale.tender['tender']}")
    assert "还缺 4 人" in owner.get(f"/work/draws/{draw}/committee")
    owner.post(f"/work/draws/{draw}/widening", 422, specialty_0="A0801", reason="不够")
    owner.post(f"/work/draws/{draw}/widening", specialty_0="A08", reason=wider["reason"])
    no(tale.owner.post, f"{to}/widenings", wider, code="experts.draw_not_now")
    assert "候选专家用尽" not in owner.get("/work")
    assert "确认扩大专家抽取范围" in supervisor.get("/work")
    waiting_id = re.search(r'name="widening" value="(\w+)"', supervisor.get(f"/work/draws/{draw}/oversight"))
    assert waiting_id
    supervisor.post(f"/work/draws/{draw}/widening/decision", 422, widening=waiting_id[1], approve="no")
    supervisor.post(f"/work/draws/{draw}/widening/decision", widening=waiting_id[1], approve="yes")
    assert "提交随机种子的承诺" in Person(platform, "zhongxin").get("/work")
    seeds(tale, draw)
    row = shown(tale, draw)
    assert [one["size"] for one in row["lists"]] == [20, 20] and row["short"] == 0
    assert min(c["rank"] for c in row["called"][-4:]) > 20, "the second list stands behind the first"
    agree(tale, draw)
    assert shown(tale, draw)["state"] == "confirmed"
    assert wider["reason"] in owner.get(f"/draws/{draw}")


@pytest.fixture
def voided() -> Iterator[list[str]]:
    """Stand in for the context that holds the evaluation: keep the codes whose conclusions are void."""
    seen: list[str] = []
    attending.voids(lambda member, actor, now: seen.append(member.code))
    yield seen
    attending._VOIDS.pop()


def test_from_an_absence_to_a_replacement_in_the_middle_of_the_session(
    platform: Any, folder: Path, voided: list[str]
) -> None:
    tale = Tale(platform, folder).read_out()
    centre, to = platform.demo("zhongxin"), "/draws/{}"
    start = platform.now + timedelta(minutes=1)
    draw = asked(
        tale,
        session_from=start.isoformat(),
        session_to=(start + timedelta(hours=4)).isoformat(),
        conditions={"one_per_unit": False},
    )
    to = f"/draws/{draw}"
    seeds(tale, draw)
    agree(tale, draw)

    # a relation declared beforehand is found at check-in, by nothing the draw ever read
    tied, late, *rest = _accepted(tale, draw)
    bidder = tale.bidder("bing")
    no(tied.post, "/ties", {"kind": "relative", "uscc": "1", "name": "丙"}, code="input.invalid")
    tied.post("/ties", {"kind": "relative", "uscc": bidder.uscc, "name": bidder.name})
    assert bidder.uscc.encode() not in bytes(_raw(Tie.objects.get().pk)), "encrypted at rest"
    assert bidder.name in Person(platform, tied.name).get("/work/ties")
    assert tied.post(f"{to}/check-in", {"must_avoid": False})["avoids"] is True
    agree(tale, draw)

    # who does not come is replaced after the grace, by label
    label = Candidate.objects.get(draw__public_id=draw, expert__account__username=late.name).label
    gone = {"label": label, "reason": "三次电话无人接听"}
    no(centre.post, f"{to}/absences", gone, code="experts.not_late_yet")
    no(tale.owner.post, f"{to}/absences", gone, code="permission.denied")
    platform.advance(start + timedelta(minutes=31))
    desk = Person(platform, "zhongxin")
    assert late.name not in desk.get(f"/work/draws/{draw}/attendance")
    desk.post(f"/work/draws/{draw}/absence", **gone)
    assert desk.client.post(f"/work/draws/{draw}/absence", gone).status_code == 303, (
        "a second time changes nothing"
    )
    no(late.post, f"{to}/check-in", {"must_avoid": False}, code="experts.draw_not_now")
    agree(tale, draw)
    members = story.check_in(platform.cast(), draw, _accepted(tale, draw))
    tale.owner.post(f"{to}/committee")

    # ill in the middle of the session: proposed, confirmed, void, and the next reviews
    ill = members[0]
    code = Member.objects.get(draw__public_id=draw, account__username=ill.name).code
    owner = Person(platform, "zhaobiao")
    owner.post(f"/work/draws/{draw}/replacement", 422, code=code, why="")
    owner.post(f"/work/draws/{draw}/replacement", code=code, why="突发疾病送医")
    no(
        tale.owner.post,
        f"{to}/replacements",
        {"code": code, "reason": "再次"},
        code="experts.not_replaceable",
    )
    assert f"确认更换{code}" in desk.get("/work")
    asked_for = re.search(r'name="replacement" value="(\w+)"', desk.get(f"/work/draws/{draw}/attendance"))
    assert asked_for
    desk.post(f"/work/draws/{draw}/replacement/decision", replacement=asked_for[1], confirm="yes")
    assert voided == [code]
    no(ill.get, f"/rounds/{tale.round}/desk", code="evaluation.not_a_member")
    (follows,) = called(tale, draw)
    assert "答复评标邀请" in Person(platform, follows.name).get("/work")
    follows.post(f"{to}/answer", {"accept": True})
    fresh = follows.post(f"{to}/check-in", {"must_avoid": False})
    if fresh["avoids"]:  # works for a bidder: the next one does not
        agree(tale, draw)
        (follows,) = [e for e in _accepted(tale, draw) if e not in members]
        fresh = follows.post(f"{to}/check-in", {"must_avoid": False})
    assert fresh["code"] != code and Draw.objects.get(public_id=draw).state == Draw.SEATED
    row = shown(tale, draw)
    assert {"avoided", "absent", "left"} <= {s["what"] for s in row["steps"]}
    platform.sequence()
    found = {c["name"]: c for c in _checks(tale)}
    assert {found[n]["outcome"] for n in ("draw.pool", "draw.seeds", "draw.rank", "draw.calls")} == {"passed"}

    # names: nobody's in public, all of them to the supervisor, who leaves a trace
    public = platform.anonymous().get(f"{to}")
    assert "salt" not in json.dumps(public) and "专家0" not in json.dumps(public, ensure_ascii=False)
    no(tale.owner.get, f"{to}/names", code="permission.denied")
    names = platform.demo("jiandu").get(f"{to}/names")["names"]
    assert all(rules.label_of(salt=bytes.fromhex(n["salt"]), expert=n["expert"]) == n["label"] for n in names)
    assert Entry.objects.filter(act="experts.names_opened", subject=draw).count() == 1
    page = Person(platform, "jiandu")
    assert "本次查看已写入日志" in page.post(f"/work/draws/{draw}/names", 200).content.decode()


def _checks(tale: Tale) -> list[dict[str, Any]]:
    pack = tale.platform.demo("jiandu").get(f"/evidence/{tale.tender['ocid']}?level=public")
    return [{"name": c.name, "outcome": c.outcome} for c in checks.draw(pack)]


def _raw(pk: int) -> memoryview:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT uscc FROM experts_tie WHERE id = %s", [pk])
        return memoryview(cursor.fetchone()[0])


def _accepted(tale: Tale, draw: str) -> list[Party]:
    rows = Candidate.objects.filter(draw__public_id=draw, state=Candidate.ACCEPTED, member=None)
    names = set(rows.values_list("expert__account__username", flat=True))
    return [e for e in tale.platform.cast().experts if e.name in names]


def test_without_a_context_that_voids_conclusions_nobody_is_replaced_after_the_beginning(
    platform: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attending, "_VOIDS", [])
    tale = Tale(platform, folder).seated()
    code = Member.objects.filter(draw__public_id=tale.draw, left=False).first().code
    made = tale.owner.post(f"/draws/{tale.draw}/replacements", {"code": code, "reason": "突发疾病"})
    to = f"/replacements/{made['replacement']}"
    no(platform.demo("zhongxin").post, to, {"approve": True}, code="experts.not_replaceable")
    assert not Member.objects.filter(draw__public_id=tale.draw, left=True, code=code).exists()


def test_the_pool_leaves_out_who_is_away_busy_used_often_or_sat_with_this_tenderee(
    platform: Any, folder: Path
) -> None:
    tale = Tale(platform, folder).seated()
    now = platform.now
    draw = Draw.objects.get(public_id=tale.draw)
    sat = set(draw.members.filter(left=False).values_list("candidate__expert_id", flat=True))
    usual = {"one_per_unit": False}

    def drawn(**more: Any) -> set[int]:
        facts: dict[str, Any] = {
            "quotas": [rules.Quota("A08", 5)],
            "conditions": rules.Conditions(**usual),
            "without_employers": set(),
            "tenderee_pk": draw.tender.tenderee_id,
            "since": now,
            "until": None,
            "now": now,
        }
        return {one.pk for one in OwnPool().candidates(Wanted(**facts | more))}

    everybody = drawn()
    assert len(everybody) == 40 and sat < everybody
    assert drawn(conditions=rules.Conditions(not_again=True)) == everybody - sat
    assert drawn(conditions=rules.Conditions(not_again=True), tenderee_pk=0) == everybody
    assert drawn(conditions=rules.Conditions(recent_most=1, recent_days=30)) == everybody - sat
    assert drawn(conditions=rules.Conditions(recent_most=2, recent_days=30)) == everybody
    later = now + timedelta(days=31)
    assert drawn(conditions=rules.Conditions(recent_most=1, recent_days=30), now=later) == everybody
    one = Expert.objects.exclude(pk__in=sat).first()
    today = now.date()
    experts.keep_away(expert=one, since=today, until=today + timedelta(days=2), reason="出差")
    assert drawn() == everybody - {one.pk}
    assert drawn(since=now + timedelta(days=4)) == everybody
    assert drawn(since=now - timedelta(days=2), until=now) == everybody - {one.pk}
    Away.objects.filter(expert=one).update(until=None)
    assert drawn(since=now + timedelta(days=400)) == everybody - {one.pk}
    Away.objects.all().delete()
    draw.session_from, draw.session_to = now, now + timedelta(hours=4)
    draw.save()
    during = {"since": now + timedelta(hours=3), "until": now + timedelta(hours=6)}
    assert drawn(**during) == everybody - sat
    assert drawn(since=now + timedelta(hours=4), until=now + timedelta(hours=6)) == everybody
    Draw.objects.update(state=Draw.CONFIRMED)
    assert drawn(conditions=rules.Conditions(most_ahead=1)) == everybody - sat
    assert drawn(without_employers={one.employer_uscc}) < everybody
    assert drawn(quotas=[rules.Quota("A0801", 1)]) | drawn(quotas=[rules.Quota("A0802", 1)]) == everybody
    assert drawn(quotas=[rules.Quota("A08", 1, ("11",))]) == set()


def test_who_sits_elsewhere_at_that_time_is_passed_visibly(
    platform: Any, folder: Path, settings: Any
) -> None:
    """Ten experts and two committees of five at one time: the second gets exactly the others."""
    settings.DRAW_LEAST_POOL = 1
    few = Expert.objects.order_by("pk").values_list("pk", flat=True)[:10]
    Expert.objects.exclude(pk__in=list(few)).update(active=False)
    first, second = Tale(platform, folder).published(), Tale(platform, folder).published()
    times = {
        "session_from": first.deadline.isoformat(),
        "session_to": (first.deadline + timedelta(hours=4)).isoformat(),
        "conditions": {"one_per_unit": False},
    }
    both = [asked(tale, **times) for tale in (first, second)]
    for tale, draw in zip((first, second), both, strict=True):
        seeds(tale, draw)
    held = [
        set(Candidate.objects.filter(draw__public_id=d, state="called").values_list("expert_id", flat=True))
        for d in both
    ]
    assert len(held[0]) == len(held[1]) == 5 and not held[0] & held[1]
    # the ranks of the first five of the second draw that sit in the first one, if any, were passed in public
    shown(second, both[1])
    everybody = Candidate.objects.filter(draw__public_id=both[1], state="busy")
    assert set(everybody.values_list("expert_id", flat=True)) <= held[0]


def test_nobody_is_silent_who_could_not_be_called(
    platform: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[str] = []

    class Gateway:
        down = True

        def ring(self, message: Message) -> None:
            if self.down:
                raise CallsUnavailable("down")
            heard.append(message.text)

    gateway = Gateway()
    monkeypatch.setattr(calling, "calls_provider", lambda: gateway)
    tale = Tale(platform, folder).published()
    draw = asked(tale)
    seeds(tale, draw)
    platform.advance(platform.now + timedelta(minutes=31))
    assert {c["state"] for c in shown(tale, draw)["called"]} == {"called"}
    gateway.down = False
    platform.advance(platform.now + timedelta(minutes=2))
    assert len(heard) == 5
    platform.advance(platform.now + timedelta(minutes=29))
    assert len(called(tale, draw)) == 5 and len(heard) == 5, "the time runs from the moment it was sent"
    platform.advance(platform.now + timedelta(minutes=2))
    assert [c["state"] for c in shown(tale, draw)["called"]].count("silent") == 5


def test_members_of_a_procurement_are_public_with_its_result_and_salts_prove_their_labels(
    platform: Any, folder: Path
) -> None:
    tale = Tale(platform, folder).seated()
    anyone, address = Person(platform, "zhaobiao"), f"/draws/{tale.draw}"
    name = Member.objects.filter(draw__public_id=tale.draw, left=False).first().account.person.name
    result = {"kind": "result", "rounds": tale.rounds, "version": 1, "body": {}, "title": "结果公告"}
    Notice.objects.create(
        **result,
        ocid=tale.tender["ocid"],
        tender=tale.tender["tender"],
        series="s",
        sha256="",
        published_at=platform.now,
    )
    assert name not in anyone.get(address) and "之后也不向社会公开" in anyone.get(address)
    Tender.objects.update(scope="GP")
    assert name in anyone.get(address)
    opened = desks.public_names(tale.draw)
    assert len(opened["members"]) == 5
    assert all(
        rules.label_of(salt=bytes.fromhex(m["salt"]), expert=m["expert"]) == m["label"]
        for m in opened["members"]
    )
