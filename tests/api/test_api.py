"""The API as a stranger's program meets it: problem answers, Idempotency-Key, OpenAPI, bad input of every kind."""

import json
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from ggzy.client import bids, story
from ggzy.client.party import Problem
from tests.conftest import BASE
from tests.journeys.tale import Tale

pytestmark = pytest.mark.django_db


def _raw(platform: Any) -> httpx.Client:
    return httpx.Client(base_url=BASE, transport=platform.transport)


def test_openapi_is_3_1_and_every_operation_says_what_it_does_in_chinese(platform: Any) -> None:
    schema = platform.read_json("/api/openapi.json")
    assert schema["openapi"].startswith("3.1")
    operations = [o for path in schema["paths"].values() for o in path.values()]
    assert len(operations) > 60
    for operation in operations:
        assert any("\u4e00" <= c <= "\u9fff" for c in operation["summary"]), operation["summary"]
        assert operation["tags"]


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/sessions", {}, "username"),
        ("/sessions", {"username": 3, "password": "x"}, "username"),
        ("/organisations", {"uscc": "91370100MA3DQ4EX0I", "name": "某公司", "role": "bidder"}, "username"),
    ],
)
def test_a_malformed_request_is_answered_with_its_field(
    platform: Any, path: str, body: Any, field: str
) -> None:
    with pytest.raises(Problem) as refused:
        platform.anonymous().post(path, body)
    assert refused.value.status == 422 and field in refused.value.body["field"]
    assert "请" in refused.value.body["message"]


@pytest.mark.parametrize("text", ["{", "[]", "null", '"x"', "\x00", "{}{}"])
def test_broken_json_is_a_clear_refusal(platform: Any, text: str) -> None:
    with _raw(platform) as client:
        reply = client.post("/api/v1/sessions", content=text, headers={"Content-Type": "application/json"})
    assert reply.status_code in {400, 422}
    assert any("\u4e00" <= c <= "\u9fff" for c in reply.text), reply.text


def test_a_problem_carries_code_sentence_clause_and_next_steps(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder).prepared()
    with _raw(platform) as client:
        reply = client.post(
            f"/api/v1/tenders/{tale.tender['tender']}/publication",
            json={"bid_deadline": (platform.now + timedelta(days=3)).isoformat()},
            headers={"Authorization": f"Bearer {tale.owner.token}"},
        )
    assert reply.status_code == 409 and reply.headers["content-type"] == "application/problem+json"
    problem = reply.json()
    assert problem["code"] == "tendering.deadline_too_early"
    assert problem["basis"] == "《招标投标法》第二十四条" and "最早可定为" in problem["message"]
    assert isinstance(problem["next"], list)


def test_an_idempotency_key_gives_the_first_answer_and_refuses_another_request(
    platform: Any, folder: Path
) -> None:
    tale = Tale(platform, folder).prepared()
    deadline = {"bid_deadline": (platform.now + timedelta(days=22)).isoformat()}
    path = f"/tenders/{tale.tender['tender']}/publication"
    first = tale.owner.post(path, deadline, key="publish-once")
    assert tale.owner.post(path, deadline, key="publish-once") == first
    with pytest.raises(Problem) as refused:
        tale.owner.post(path, {"bid_deadline": "2026-12-30T09:00:00+08:00"}, key="publish-once")
    assert refused.value.code == "input.idempotency_key_reused"
    with pytest.raises(Problem) as again:
        tale.owner.post(path, deadline)
    assert again.value.code == "tendering.nothing_to_do"


def test_a_plain_bid_a_foreign_one_and_a_changed_one_are_refused_and_leave_nothing(
    platform: Any, folder: Path
) -> None:
    tale = Tale(platform, folder, lots=2).published()
    jia, first, second = tale.bidder("jia"), *tale.rounds
    fields = {"bidder": jia.name, "uscc": jia.uscc, "price": "1.00", "duration_days": 1}

    def sealed(name: str, round_id: str, party: Any = jia) -> Path:
        return bids.seal(
            party=party,
            round_id=round_id,
            ocid=tale.tender["ocid"],
            fields=fields,
            attachments=[],
            into=folder / name,
        )

    plain = sealed("plain", first)
    (plain / "bid.age").write_text(json.dumps(fields))
    changed = sealed("changed", first)
    (changed / "bid.age").write_bytes((changed / "bid.age").read_bytes()[:-1] + b"\x00")
    foreign = sealed("foreign", first, tale.bidder("yi"))
    swapped = sealed("swapped", first)
    (swapped / "key.p7m").write_bytes((foreign / "key.p7m").read_bytes())
    other_lot = sealed("other", second)
    expected = {
        plain: "bidding.unsealed",
        changed: "bidding.package_broken",
        foreign: "bidding.package_broken",
        swapped: "bidding.package_broken",
        other_lot: "bidding.package_broken",
    }
    for package, code in expected.items():
        with pytest.raises(Problem) as refused:
            bids.submit(party=jia, round_id=first, folder=package)
        assert refused.value.code == code, package.name
    assert jia.get("/bids")["bids"] == []


def test_wrong_key_and_somebody_else_s_key_do_not_open(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder).opened()
    mine = next(b["bid"] for b in tale.bidder("jia").get("/bids")["bids"] if b["round"] == tale.round)
    for key in ("x", "AGE-SECRET-KEY-1", ""):
        with pytest.raises(Problem) as refused:
            tale.bidder("jia").post(f"/bids/{mine}/key", {"bid_key": key})
        assert refused.value.code == "bidding.wrong_bid_key"
    tale.release("jia")
    tale.release("jia")  # the same key again is the same answer
    platform.work()
    states = {
        b["bidder"]: b["state"] for b in platform.anonymous().get(f"/rounds/{tale.round}/opening")["bids"]
    }
    assert states[tale.bidder("jia").name] == "opened"


def test_a_bid_with_a_broken_inside_is_the_bidder_s_own_failure_and_the_rest_goes_on(
    platform: Any, folder: Path
) -> None:
    tale = Tale(platform, folder).published()
    for name in ("yi", "bing", "ding"):
        tale.bid(name, price=Decimal("9500000.00"))
    jia = tale.bidder("jia")
    bad = bids.seal(
        party=jia,
        round_id=tale.round,
        ocid=tale.tender["ocid"],
        fields={"bidder": jia.name, "uscc": jia.uscc, "price": "很便宜", "duration_days": 1},
        attachments=[],
        into=folder / "bad",
    )
    bids.submit(party=jia, round_id=tale.round, folder=bad)
    platform.advance(tale.deadline + timedelta(seconds=1))
    tale.owner.post(f"/tenders/{tale.tender['tender']}/opening")
    for name in ("jia", "yi", "bing", "ding"):
        tale.release(name)
    platform.work()
    hall = platform.anonymous().get(f"/rounds/{tale.round}/opening")
    assert sorted(b["state"] for b in hall["bids"]) == ["opened", "opened", "opened", "revoked"]
    assert "不规范" in next(b["reason"] for b in hall["bids"] if b["state"] == "revoked")
    story.end_opening(tale.owner, tale.round)


def test_a_consortium_is_one_bid_of_its_lead_with_its_members_named_after_the_opening(
    platform: Any, folder: Path
) -> None:
    tale = Tale(platform, folder).published()
    ding = tale.bidder("ding")
    tale.bid("jia", members=[{"uscc": ding.uscc, "name": ding.name}])
    for name in ("yi", "bing"):
        tale.bid(name)
    platform.advance(tale.deadline + timedelta(seconds=1))
    tale.owner.post(f"/tenders/{tale.tender['tender']}/opening")
    assert ding.name not in str(platform.anonymous().get(f"/rounds/{tale.round}/opening"))
    for name in ("jia", "yi", "bing"):
        tale.release(name)
    platform.work()
    hall = platform.anonymous().get(f"/rounds/{tale.round}/opening")
    assert [ding.name] in [b["members"] for b in hall["bids"]]


def test_a_production_centre_has_no_clock_to_move(platform: Any, settings: Any) -> None:
    admin = platform.demo("guanli")
    with pytest.raises(Problem) as backwards:
        admin.post("/clock", {"to": "2026-01-01T00:00:00+08:00"})
    assert backwards.value.code == "clock.only_forward"
    with pytest.raises(Problem) as refused:
        platform.demo("jia").post("/clock", {"to": "2026-12-01T00:00:00+08:00"})
    assert refused.value.code == "permission.denied"
    settings.MODE = "production"
    with pytest.raises(Problem) as forbidden:
        admin.post("/clock", {"to": "2026-12-01T00:00:00+08:00"})
    assert forbidden.value.code == "clock.only_in_training"
    from ggzy.kernel.clock import refuse_shifted_clock_in_production

    with pytest.raises(SystemExit, match="训练时钟"):
        refuse_shifted_clock_in_production()


def test_guessing_a_password_is_slowed_down(platform: Any) -> None:
    anyone = platform.anonymous()
    codes = []
    for _ in range(9):
        with pytest.raises(Problem) as refused:
            anyone.post("/sessions", {"username": "jia", "password": "guess"})
        codes.append(refused.value.code)
    assert codes == ["identity.wrong_password"] * 8 + ["identity.too_many_tries"]


def test_a_password_alone_does_not_bind(platform: Any, folder: Path) -> None:
    from ggzy.client.party import Party

    tale = Tale(platform, folder).prepared()
    weak = Party(BASE, transport=platform.transport)
    weak.sign_in(username="zhaobiao", password=story.PASSWORD, identity=None)
    with pytest.raises(Problem) as refused:
        story.publish(weak, tale.tender["tender"], deadline=platform.now + timedelta(days=30))
    assert refused.value.code == "permission.certificate_needed"
    # and somebody else's certificate proves nothing
    with pytest.raises(Problem) as stolen:
        weak.sign_in(username="zhaobiao", password=story.PASSWORD, identity=tale.bidder("jia").identity)
    assert stolen.value.code == "identity.certificate_of_somebody_else"


def test_the_training_centre_has_rooms_that_anyone_may_know(platform: Any) -> None:
    rooms = platform.read_json("/api/v1/rooms")["rooms"]
    assert [r["label"] for r in rooms] == ["开标室", "开标室", "评标室", "评标室", "评标室"]
    assert all(r["seats"] > 0 for r in rooms)
