"""My ways of signing in as pages; the second step of staff; a form whose act wants the certificate proved again."""

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pyotp
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from ggzy.client.story import PASSWORD
from ggzy.identity.models import Certificate, Session
from ggzy.kernel.clock import real_now
from ggzy.portals.middleware import COOKIE
from tests.journeys.tale import Tale
from tests.portals.test_public import Browser, page, signed_in

pytestmark = pytest.mark.django_db


def by_password(username: str) -> Client:
    client = Browser()
    client.post("/login", {"username": username, "password": PASSWORD})
    return client


def grow_old(client: Client) -> None:
    from ggzy.identity.sessions import token_hash

    rows = Session.objects.filter(token_hash=token_hash(client.cookies[COOKIE].value))
    assert rows.update(proven_at=real_now() - timedelta(hours=1)) == 1


def first_code(client: Client, shown: str) -> tuple[str, str]:
    """Confirm the app whose secret a page shows; return the secret and the page of recovery codes."""
    secret = re.search(r'id="secret">([A-Z2-7 ]+)<', shown)
    assert secret
    plain = secret[1].replace(" ", "")
    wrong = client.post("/security/code/confirm", {"code": "000000"})
    assert wrong.status_code == 401 and secret[1] in wrong.content.decode()
    done = client.post("/security/code/confirm", {"code": pyotp.TOTP(plain).now(), "next": "/work"})
    assert done.status_code == 200 and done["Cache-Control"] == "no-store"
    return plain, done.content.decode()


def test_my_ways_of_signing_in_are_one_page(platform: Any) -> None:
    client, other = by_password("jia"), by_password("jia")
    shown = page(client, "/security")
    for says in (
        "我在哪些设备上登录着",
        "还没有通行密钥",
        "启用动态验证码",
        "修改密码",
        "最近登录记录",
        "本次",
    ):
        assert says in shown
    assert "通行密钥只能在这个网址下使用" in shown or "localhost" in shown
    handle = re.search(r"/security/sessions/([0-9a-f]{16})/end", shown)
    assert handle
    client.post("/security/sessions/end-others")
    assert other.get("/security").status_code == 302
    assert Browser().get("/security")["Location"].startswith("/login")


def test_the_code_app_from_the_page_to_the_next_sign_in(platform: Any) -> None:
    client = by_password("jia")
    wrong = client.post("/security/code/begin", {"password": "wrong-password"})
    assert wrong.status_code == 422 and "当前密码不正确" in wrong.content.decode()
    begun = client.post("/security/code/begin", {"password": PASSWORD}).content.decode()
    assert "data:image/svg+xml" in begun
    secret, shown = first_code(client, begun)
    codes = re.findall(r"(?:[2-9A-Z]{4}-){3}[2-9A-Z]{4}", shown)
    assert len(codes) == 10

    again = Browser()
    reply = again.post("/login", {"username": "jia", "password": PASSWORD, "next": "/security"})
    assert "step=second" in reply["Location"]
    assert "动态验证码" in page(again, reply["Location"])
    assert again.get("/work")["Location"].startswith("/login")
    refused = again.post("/login/second", {"code": "123", "next": "/security"})
    assert refused.status_code == 401 and "验证码不正确" in refused.content.decode()
    step = int(real_now().timestamp()) // 30 + 1
    again.post("/login/second", {"code": pyotp.TOTP(secret).generate_otp(step), "next": "/security"})
    assert "恢复码还剩 10 个" in page(again, "/security")


def test_staff_makes_a_second_factor_before_anything_else(platform: Any, settings: Any) -> None:
    settings.STAFF_SECOND_FACTOR = "required"
    Certificate.objects.filter(account__username="zhongxin").update(revoked_at=real_now())
    client = by_password("zhongxin")
    shown = page(client, "/login?step=second&next=/work")
    assert "不能只凭密码使用" in shown
    for closed in ("/work", "/security", "/certificates"):
        assert client.get(closed)["Location"].startswith("/login"), closed
    assert client.post("/security/password", {"password": PASSWORD}).status_code == 401
    begun = client.post("/security/code/begin", {"next": "/work"}).content.decode()
    first_code(client, begun)
    assert "中心工作人员工作台" in page(client, "/work")


def test_staff_finishes_by_certificate(platform: Any, settings: Any) -> None:
    settings.STAFF_SECOND_FACTOR = "required"
    client = by_password("zhongxin")
    assert "用数字证书验证" in page(client, "/login?step=second&next=/work")
    assert client.post("/security/code/begin", {}).status_code == 403
    assert "中心工作人员" in page(signed_in("zhongxin"), "/work")


def test_the_password_page_keeps_what_is_wrong_beside_its_field(platform: Any) -> None:
    client = by_password("jia")
    form = {"password": PASSWORD, "new": "correct-horse-battery", "new_again": "another-horse"}
    assert "两次输入的新密码不一致" in client.post("/security/password", form).content.decode()
    assert client.post("/security/password", form | {"new_again": form["new"]}).status_code == 303
    fresh = Browser().post("/login", {"username": "jia", "password": "correct-horse-battery"})
    assert fresh.status_code == 303


def test_an_administrator_looks_up_and_unlocks(platform: Any) -> None:
    guess = Browser()
    for _ in range(8):
        guess.post("/login", {"username": "jia", "password": "wrong-password"})
    locked = guess.post("/login", {"username": "jia", "password": PASSWORD})
    assert locked.status_code == 429 and "锁定至" in locked.content.decode()
    admin = by_password("guanli")
    shown = page(admin, "/work/accounts?username=jia")
    assert "锁定至" in shown and "登录失败" in shown
    admin.post("/work/accounts", {"username": "jia", "what": "unlock"})
    assert "没有锁定" in page(admin, "/work/accounts?username=jia")
    assert "没有这个用户名" in page(admin, "/work/accounts?username=nobody", status=404)
    assert by_password("yi").get("/work/accounts").status_code == 403
    admin.post("/work/accounts", {"username": "jia", "what": "end"})
    assert by_password("jia").get("/work").status_code == 200


def test_a_form_that_must_wait_for_the_certificate_goes_on_as_it_was_filled_in(
    platform: Any, folder: Any
) -> None:
    tale = Tale(platform, folder).prepared()
    address = f"/work/tenders/{tale.tender['tender']}/publish"
    client = signed_in("zhaobiao")
    grow_old(client)
    assert client.get(address).status_code == 200  # reading goes on
    typed = {"bid_deadline": "2026-12-01T09:30", "note": '第一行\n第二行 "引号" <b>'}
    asked = client.post(address, typed)
    text = asked.content.decode()
    assert asked.status_code == 403 and "再验证一次证书" in text
    fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', text))
    assert {name: unescape(fields[name]) for name in typed} == typed
    assert f'action="{address}"' in text
    # proving, as the page's script does it
    challenge = client.post("/login/challenge", headers={"Accept": "application/json"}).json()
    owner = platform.demo("zhaobiao").identity
    assert challenge["certificate"] == owner.fingerprint
    proof = {
        "certificate": owner.fingerprint,
        "signature": owner.sign(challenge["challenge"].encode()),
    }
    wrong = client.post("/login/prove", proof | {"signature": "AAAA"}, headers={"Accept": "application/json"})
    assert wrong.status_code >= 400 and wrong.json()["message"]
    assert client.post("/login/prove", proof, headers={"Accept": "application/json"}).json()["proved"]
    assert client.post(address, typed).status_code == 303


def test_files_are_not_sent_on_and_the_page_says_so(platform: Any, folder: Any) -> None:
    tale = Tale(platform, folder).prepared()
    client = signed_in("zhaobiao")
    grow_old(client)
    form = {"bid_deadline": "2026-12-01T09:30", "file": SimpleUploadedFile("a.txt", b"a")}
    text = client.post(f"/work/tenders/{tale.tender['tender']}/publish", form).content.decode()
    assert "重新选择附件" in text and "data-go-on" not in text and "2026-12-01T09:30" in text


def test_behind_a_proxy_the_callers_address_is_the_proxys_word(platform: Any, settings: Any) -> None:
    def seen(**headers: str) -> str:
        Browser(headers=headers).post("/login", {"username": "jia", "password": PASSWORD})
        return str(Session.objects.latest("pk").address)

    forged = {"X-Forwarded-For": "192.0.2.1, 198.51.100.4"}
    assert seen(**forged) == "127.0.0.1"
    settings.BEHIND_PROXY = True
    assert seen(**forged) == "198.51.100.4"
    assert seen(**{"X-Forwarded-For": "nonsense"}) == "127.0.0.1"
