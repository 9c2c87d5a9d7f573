"""The public pages: every one answers, names its permission, and says nothing of bids before the deadline."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import Client

from ggzy.client.party import Identity, new_request
from ggzy.client.story import PASSWORD
from ggzy.kernel.ids import make_uscc
from ggzy.portals import urls_public
from ggzy.portals.frame import ROUTE_PERMISSIONS
from ggzy.portals.login import after_login
from ggzy.procedures.catalogue import GC_OPEN_POST
from ggzy.procedures.spec import Stage
from ggzy.ui.flow import main_line, stations, steps_to
from tests.journeys.tale import PRICES, Tale

BIDDERS = ("甲建工集团", "乙路桥工程", "丙市政建设")


class Browser(Client):
    """Django's client, after whose requests the parties' own requests still share the test's connection."""

    def request(self, **request: Any) -> Any:
        reply = super().request(**request)
        for signal in (request_started, request_finished):
            signal.disconnect(close_old_connections)
        return reply


@pytest.fixture
def client() -> Browser:
    """Return the browser of somebody who is not signed in."""
    return Browser()


def page(client: Client, address: str, *, status: int = 200) -> str:
    """Return the HTML at an address."""
    reply = client.get(address)
    assert reply.status_code == status, (address, reply.status_code)
    return reply.content.decode()


def signed_in(username: str) -> Client:
    """Return a browser in which a demo account has signed in with password and certificate."""
    client = Browser()
    client.post("/login", {"username": username, "password": PASSWORD})
    shown = page(client, "/login?step=certificate")
    challenge = re.search(r'data-prove="([^"]+)"', shown)
    assert challenge
    identity = Identity.from_pem((settings.KEYS / "training" / f"{username}.pem").read_bytes())
    reply = client.post(
        "/login/prove",
        {
            "certificate": identity.fingerprint,
            "signature": identity.sign(challenge[1].encode()),
            "next": "/tenders",
        },
    )
    assert (reply.status_code, reply["Location"]) == (303, "/tenders"), reply.content.decode()
    return client


@pytest.mark.pure
def test_every_route_names_its_permission() -> None:
    for pattern in urls_public.urlpatterns:
        assert pattern.name in ROUTE_PERMISSIONS, pattern
    assert len({p.name for p in urls_public.urlpatterns}) == len(urls_public.urlpatterns)


@pytest.mark.pure
def test_the_flow_of_a_procedure_holds_every_move_once() -> None:
    shown = [move for s in stations(GC_OPEN_POST) for move in (*s.on, *s.events, *s.off)]
    assert sorted(m.code + m.source for m in shown) == sorted(m.code + m.source for m in GC_OPEN_POST.moves)
    line = main_line(GC_OPEN_POST)
    assert line[0] is Stage.DRAFT and line[-1] is Stage.ARCHIVED
    assert Stage.FAILED not in line
    steps = steps_to(GC_OPEN_POST, Stage.EVALUATING)
    assert [s.state for s in steps].count("now") == 1
    assert steps[0].stage is Stage.OPEN_FOR_BID
    assert steps_to(GC_OPEN_POST, Stage.FAILED)[-1].label == "招标失败(流标)"


@pytest.mark.pure
@pytest.mark.parametrize(
    ("asked", "goes"),
    [
        ("/tenders?page=2", "/tenders?page=2"),
        ("", "/work"),
        ("https://elsewhere.example/", "/work"),
        ("//elsewhere.example/", "/work"),
        ("/\\elsewhere.example", "/work"),
        ("/login", "/work"),
    ],
)
def test_after_login_one_stays_on_this_site(asked: str, goes: str) -> None:
    assert after_login(asked) == goes


def test_pages_of_an_empty_centre_lead_on(platform: Any, client: Client) -> None:
    for address in (
        "/",
        "/tenders",
        "/notices",
        "/notices?kind=contract",
        "/procedures",
        "/law",
        "/verify",
        "/evidence",
    ):
        assert "<h1>" in page(client, address)
    assert "还没有发布招标公告的项目" in page(client, "/tenders")
    assert "没有符合条件的招标项目" in page(client, "/tenders?words=%E7%9B%92")
    for address in (
        "/tenders/none",
        "/lots/none",
        "/notices/none",
        "/draws/none",
        "/rounds/none/hall",
        "/files/none/1",
    ):
        assert "您可以" in page(client, address, status=404)
    page(client, "/procedures/none", status=404)
    assert "依据" in page(client, f"/procedures/{GC_OPEN_POST.code}")


def test_a_draft_is_for_its_own_side_only(platform: Any, folder: Path, client: Client) -> None:
    tale = Tale(platform, folder).prepared()
    address = f"/tenders/{tale.tender['tender']}"
    page(client, address, status=404)
    page(signed_in("jia"), address, status=404)
    assert "尚未发布公告" in page(signed_in("zhaobiao"), address)
    assert tale.tender["tender"] not in page(client, "/tenders")


def test_a_whole_tender_in_pages(platform: Any, folder: Path, client: Client) -> None:
    tale = Tale(platform, folder, method="comprehensive").publicity_over()
    platform.sequence()
    tender, round_id = tale.tender["tender"], tale.round
    shown = page(client, f"/tenders/{tender}")
    assert "./ggzy verify http://testserver/tenders/" in shown and "第二十四条" in shown
    lot = re.search(r"/lots/([0-9a-f]{32})", shown)
    assert lot
    assert "第1名" in page(client, f"/lots/{lot[1]}")
    assert "9,120,000.00" in page(client, f"/lots/{lot[1]}")
    hall = page(client, f"/rounds/{round_id}/hall")
    assert all(name in hall for name in BIDDERS)
    assert "开标结束, 形成开标记录" in hall and "投标人解密" in hall
    assert "<html" not in page(client, f"/rounds/{round_id}/hall/fragment")
    draw = re.search(r"/draws/[0-9a-f]+", shown)
    assert draw
    assert "data-recompute" in page(client, draw[0])
    assert "综合评估法" in page(client, f"/files/{tender}/1")
    assert client.get(f"/files/{tender}/1.json").json()["document"]["method"] == "comprehensive"
    notices = re.findall(r"/notices/[0-9a-f]{32}", page(client, "/notices"))
    for address in set(notices):
        text = page(client, address)
        assert "正文 SHA-256" in text
        assert not re.search(r"\b(opened|None|bid_deadline|tenderee)\b<", text), address
    assert "公示中标候选人" in page(client, "/evidence")
    # somebody signed in sees the way to their own work, and each bidder its own deposit only
    own = page(signed_in("jia"), f"/lots/{lot[1]}")
    assert "投标保证金应退时刻" in own
    assert own.split("投标保证金应退时刻")[1].split("</table>")[0].count('data-label="情形"') == 1
    assert f"/work/rounds/{round_id}/host" in page(signed_in("zhaobiao"), f"/rounds/{round_id}/hall")


def test_within_the_publicity_a_bidder_finds_where_to_object(
    platform: Any, folder: Path, client: Client
) -> None:
    tale = Tale(platform, folder).in_publicity()
    lot = re.search(r"/lots/[0-9a-f]{32}", page(client, f"/tenders/{tale.tender['tender']}"))
    assert lot
    link = f"/work/rounds/{tale.round}/object"
    assert link in page(signed_in("jia"), lot[0])
    assert link not in page(client, lot[0])


def test_what_if_is_only_arithmetic(platform: Any, folder: Path, client: Client) -> None:
    tale = Tale(platform, folder).published()
    address = f"/tenders/{tale.tender['tender']}"
    asked = page(client, f"{address}?published=2026-03-02T09:00&deadline=2026-03-10T09:30")
    assert "这是假设的日期" in asked and "不足" in asked
    assert "不足</span>" not in page(client, address)
    assert "写法不对" in page(client, f"{address}?published=x&deadline=y")
    assert "应在2018年至2100年之间" in page(client, f"{address}?deadline=0001-01-01T00:00")


def _without_clock(html: str) -> str:
    """Return a page without what changes with each look: the clock, the log's size, the form's mark."""
    html = re.sub(r'name="csrfmiddlewaretoken" value="[^"]+"', "", html)
    html = re.sub(r'<p class="training".*?</p>', "", html, flags=re.S)
    html = re.sub(r"<h2>检查点</h2>.*?<h2>下载</h2>", "", html, flags=re.S)
    return re.sub(
        r'(data-(now|after)|href)="(\d{4}-|\d+$|-1|/log/tile)[^"]*"|data-(now|after)="[^"]*"', "", html
    )


def test_before_the_deadline_no_page_tells_who_or_how_many(
    platform: Any, folder: Path, client: Client
) -> None:
    tale = Tale(platform, folder).published()
    owner, rival = signed_in("zhaobiao"), signed_in("ding")
    watchers = (client, owner, rival, signed_in("zhongxin"), signed_in("jiandu"))
    platform.sequence()
    lot = re.search(r"/lots/[0-9a-f]{32}", page(client, "/tenders"))
    assert lot
    addresses = (
        "/",
        "/tenders",
        f"/tenders/{tale.tender['tender']}",
        lot[0],
        "/notices",
        f"/rounds/{tale.round}/hall",
        f"/rounds/{tale.round}/hall/fragment",
        "/evidence",
    )

    def look() -> list[str]:
        return [_without_clock(page(one, address)) for one in watchers for address in addresses]

    look()  # the sentence of the last act is shown once
    none = look()
    for name in PRICES:
        tale.bid(name)
    platform.sequence()
    assert look() == none
    hall = page(owner, f"/rounds/{tale.round}/hall")
    assert not any(name in hall for name in BIDDERS)
    # after the deadline the number, and still nobody's name before the host opens
    assert tale.deadline
    platform.advance(tale.deadline)
    closed = page(client, f"/rounds/{tale.round}/hall")
    assert re.search(r"共收到 <strong>3</strong> 份", closed)
    assert not any(name in closed for name in BIDDERS)


def test_prices_are_hidden_until_all_are_shown(platform: Any, folder: Path, client: Client) -> None:
    tale = Tale(platform, folder).opened()
    tale.release("jia")
    platform.work()
    hall = page(client, f"/rounds/{tale.round}/hall")
    assert all(name in hall for name in BIDDERS)
    assert "9,120,000.00" not in hall and "投标报价" not in hall


def test_a_failed_round_says_that_nothing_was_opened(platform: Any, folder: Path, client: Client) -> None:
    tale = Tale(platform, folder).closed("jia", "yi")
    hall = page(client, f"/rounds/{tale.round}/hall")
    assert "本标段流标" in hall and not any(name in hall for name in BIDDERS)
    failure = re.search(r"/notices/[0-9a-f]{32}", hall)
    assert failure
    assert "投标人少于3个" in page(client, failure[0])


def test_a_password_alone_signs_in_and_a_wrong_one_says_what_to_do(platform: Any, client: Client) -> None:
    refused = client.post("/login", {"username": "jia", "password": "wrong-password"})
    assert refused.status_code == 401
    assert "用户名或密码不正确" in refused.content.decode() and 'value="jia"' in refused.content.decode()
    reply = client.post("/login", {"username": "jia", "password": PASSWORD, "next": "/notices"})
    cookie = reply.cookies["ggzy_session"]
    assert cookie["httponly"] and cookie["samesite"] == "Lax"
    second = page(client, reply["Location"])
    assert "/training/keys/jia.pem" in second
    assert 'href="/notices">仅用密码登录' in second
    broken = client.post("/login/prove", {"certificate": "0" * 64, "signature": "AAAA"})
    assert broken.status_code == 403 and "没有绑定到您的账号" in broken.content.decode()
    left = client.post("/logout")
    assert left["Location"] == "/" and left.cookies["ggzy_session"].value == ""
    assert client.get("/certificates")["Location"] == "/login?next=/certificates"


def test_the_demo_accounts_are_offered_in_training_only(platform: Any, client: Client, settings: Any) -> None:
    assert 'data-fill="zhaobiao"' in page(client, "/login")
    settings.MODE = "production"
    assert "data-fill" not in page(client, "/login")


def test_an_organisation_registers_and_gets_a_certificate(platform: Any, client: Client) -> None:
    given = {
        "uscc": make_uscc(region="370100", serial=7654321),
        "name": "新来建设有限公司",
        "role": "bidder",
        "username": "xinlai",
        "person_name": "吴新",
        "password": "a-long-password",
        "password_again": "another-one",
    }
    wrong = client.post("/register", given)
    assert wrong.status_code == 422 and "两次输入的密码不一致" in wrong.content.decode()
    assert "新来建设有限公司" in wrong.content.decode() and "a-long-password" not in wrong.content.decode()
    official = client.post("/register", {**given, "password_again": given["password"], "role": "supervisor"})
    assert official.status_code == 422 and "由系统管理员开通" in official.content.decode()
    made = client.post("/register", {**given, "password_again": given["password"]})
    assert made["Location"] == "/login?next=/certificates"
    client.post("/login", {"username": "xinlai", "password": given["password"]})
    nothing = client.post("/certificates", {"csr": "hello"})
    assert nothing.status_code == 422 and "CERTIFICATE REQUEST" in nothing.content.decode()
    _, csr = new_request()
    assert client.post("/certificates", {"csr": csr})["Location"] == "/certificates"
    mine = re.search(r"/certificates/[0-9a-f]{64}\.pem", page(client, "/certificates"))
    assert mine
    assert "BEGIN CERTIFICATE" in page(client, mine[0])
    page(signed_in("jia"), mine[0], status=404)
