"""The hall: check-ins are secret until the opening, the replay is the log, and an opening of seven costs few minutes."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from ggzy.client.party import Problem
from ggzy.evidence import queries as evidence
from ggzy.evidence.models import Entry
from ggzy.opening.models import CheckIn
from ggzy.opening.replay import opening_acts, replay
from ggzy.portals.frame import now
from tests.conftest import BASE
from tests.journeys.tale import PRICES, Tale
from tests.secrecy.test_before_the_deadline import _views

pytestmark = pytest.mark.django_db


def _page(platform: Any, address: str, name: str = "") -> str:
    headers = {"Cookie": f"ggzy_session={platform.demo(name).token}"} if name else {}
    with httpx.Client(base_url=BASE, transport=platform.transport) as client:
        return client.get(address, headers=headers).text


def _check_in(tale: Tale, name: str) -> str:
    made = tale.bidder(name).post(f"/rounds/{tale.round}/opening/check-in")
    return str(made["checked_in_at"])


def test_who_checks_in_is_secret_until_the_opening_and_in_the_record_afterwards(
    platform: Any, folder: Path
) -> None:
    tale = Tale(platform, folder).sealed()
    platform.advance(tale.deadline - timedelta(hours=3))
    with pytest.raises(Problem, match="2小时"):
        _check_in(tale, "jia")
    platform.advance(tale.deadline - timedelta(hours=1))
    platform.sequence()
    before = _views(platform, tale)
    moments = {name: _check_in(tale, name) for name in PRICES}
    assert _check_in(tale, "jia") == moments["jia"]  # a second time is the first one's answer
    platform.sequence()
    after = _views(platform, tale)
    for key, old in before.items():
        if "/evidence" in key or key.endswith("/"):  # it grows by escrow roots, whatever happens
            assert "checked_in" not in after[key] and '签到"' not in after[key], key
        else:
            assert old == after[key], key
    assert Entry.objects.filter(act="opening.checked_in", leaf_index=None, disclosed_at=None).count() == 3
    own = _page(platform, f"/rounds/{tale.round}/hall", "jia")
    assert "已签到" in own and "开标前只有本单位看得到" in own
    with pytest.raises(Problem, match="只有已递交投标文件的单位"):
        _check_in(tale, "ding")

    platform.advance(tale.deadline + timedelta(seconds=1))
    assert "签到</span>" not in _page(platform, f"/rounds/{tale.round}/hall", "zhaobiao")
    tale.owner.post(f"/tenders/{tale.tender['tender']}/opening")
    assert _page(platform, f"/rounds/{tale.round}/hall").count(" 签到</span>") == 3
    assert Entry.objects.filter(act="opening.checked_in", disclosed_at=None).count() == 0
    for name in PRICES:
        tale.release(name)
    platform.work()
    with pytest.raises(Problem, match="已经唱标"):
        _check_in(tale, "jia")


def test_a_round_that_fails_tells_of_no_check_in(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder).sealed("jia", "yi")
    platform.advance(tale.deadline - timedelta(minutes=5))
    _check_in(tale, "jia")
    platform.advance(tale.deadline + timedelta(seconds=1))
    assert tale.stage() == "FAILED"
    assert Entry.objects.filter(act="opening.checked_in", disclosed_at=None).count() == 1
    assert "签到</span>" not in _page(platform, f"/rounds/{tale.round}/hall", "zhaobiao")


def test_the_replay_is_the_log_and_nothing_else(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder).shown()
    path = f"/rounds/{tale.round}/hall/replay"
    assert "开标结束后才能回放" in _page(platform, path)
    said = tale.bidder("jia").post(f"/rounds/{tale.round}/opening/objections", {"text": "请核对工期"})
    tale.owner.post(f"/opening-objections/{said['objection']}/answer", {"text": "以投标文件为准"})
    from ggzy.client import story

    story.end_opening(tale.owner, tale.round)
    platform.sequence()
    page = _page(platform, path)
    public = evidence.pack(scope={"round": tale.round}, level="public")
    logged = [
        e["index"] for e in public["entries"] if e["index"] is not None and '"act":"opening.' in e["leaf"]
    ]
    assert [int(n) for n in re.findall(r"日志第 (\d+) 条", page)] == sorted(logged)
    told = replay(evidence.acts_of_round(tale.round))
    assert [step.leaf.index for step in told.steps] == sorted(logged)
    assert {line.bidder: line.price for line in told.lines} == {
        platform.demo(name).name: str(price) for name, price in PRICES.items()
    }
    shown = [step.leaf.act for step in told.steps].index("opening.bid_shown")
    assert all(
        line.released is not None and line.released < shown <= (line.shown or 0) for line in told.lines
    )
    assert "请核对工期" in page and "以投标文件为准" in page
    assert opening_acts([]) == []


def test_the_shared_fragment_is_what_anybody_sees_whoever_asks(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder).opened()
    platform.sequence()
    address = f"/shared/hall/{tale.round}/1"
    for name in ("", "jia", "zhaobiao"):
        page = _page(platform, address, name)
        assert "我的办理" not in page and "本单位" not in page and "csrf" not in page
    assert "我的办理" in _page(platform, f"/rounds/{tale.round}/hall/fragment", "jia")


#: seconds that a person needs for one click, with reading what stands beside it
CLICK = 8.0


def test_an_opening_of_three_needs_few_clicks_and_no_waiting_of_ours(platform: Any, folder: Path) -> None:
    """Count the acts on the pages: the host presses twice, a bidder once or twice, the prices come by themselves.

    Bidders act side by side, so the time of seven is the time of one: what is counted in a row is the host's two
    clicks, one bidder's, the worker's and the sequencer's second, and a word for each price that is read out.
    """
    tale = Tale(platform, folder).closed()
    host, clicks = platform.demo("zhaobiao"), {"host": 0, "bidder": 0}
    started = now()

    def press(name: str, address: str, data: dict[str, str]) -> str:
        cookie = f"ggzy_session={platform.demo(name).token}"
        with httpx.Client(base_url=BASE, transport=platform.transport) as client:
            token = client.get("/login").cookies.get("csrftoken", "")
            reply = client.post(
                address,
                data=data | {"csrfmiddlewaretoken": token},
                headers={"Cookie": f"{cookie}; csrftoken={token}", "Referer": BASE},
                follow_redirects=False,
            )
        assert reply.status_code == 303, (address, reply.status_code, reply.text[:300])
        clicks["host" if name == "zhaobiao" else "bidder"] += 1
        return str(reply.headers["location"])

    page = _page(platform, f"/work/rounds/{tale.round}/host", "zhaobiao")
    assert page.count('class="button"') == 1 and "宣布开标" in page  # one primary button: the next step
    press("zhaobiao", f"/work/rounds/{tale.round}/open", {})
    for name in PRICES:
        tale.release(name)  # one press: the browser opens the envelope and hands the key over
        clicks["bidder"] += 1
    platform.work()
    page = _page(platform, f"/work/rounds/{tale.round}/host", "zhaobiao")
    assert "签署开标记录, 结束开标" in page and page.count("data-say=") == 3
    from ggzy.client import story

    story.end_opening(host, tale.round)
    clicks["host"] += 1
    assert clicks == {"host": 2, "bidder": 3}
    assert now() - started < timedelta(minutes=1)  # nobody waited for the window to run out
    in_a_row = (
        2 * CLICK + CLICK + 2 + 7 * 6
    )  # host, one bidder, worker and sequencer, seven sentences read aloud
    assert in_a_row < 5 * 60
    assert CheckIn.objects.count() == 0  # checking in is a condition of nothing
