"""What every page keeps to: where a login leads back, what may be cached, refusals that lose nothing."""

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from ggzy.client import bids
from tests.journeys.tale import Tale
from tests.portals.test_work import Browser, Person, _document, _drafted

pytestmark = pytest.mark.django_db


def test_a_login_leads_back_with_the_whole_address(platform: Any) -> None:
    reply = Browser().get("/work/calls?from=mail&page=2")
    assert reply["Location"] == "/login?next=/work/calls%3Ffrom%3Dmail%26page%3D2"
    shown = Browser().get(reply["Location"]).content.decode()
    assert 'name="next" value="/work/calls?from=mail&amp;page=2"' in shown


def test_what_a_signed_in_person_saw_is_kept_by_no_cache(platform: Any) -> None:
    assert Person(platform, "jia").client.get("/work")["Cache-Control"] == "private, no-cache"
    assert "Cache-Control" not in Browser().get("/").headers


def test_headers_allow_nothing_from_elsewhere(platform: Any) -> None:
    for address in ("/", "/nope", "/static/ui/app.js"):
        headers = Browser().get(address).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy and "frame-ancestors 'none'" in policy, address
        assert "unsafe" not in policy
        # beside the site itself, the helper of a USB key on the visitor's own machine: the emulator, in training
        assert re.findall(r"https?://[^ ;]+", policy) == ["http://127.0.0.1:8780"]
        assert headers["X-Content-Type-Options"] == "nosniff"


def test_an_act_leads_on_with_a_get(platform: Any) -> None:
    owner = Person(platform, "zhaobiao")
    tender = _drafted(owner)
    assert owner.client.post(f"/work/tenders/{tender}/register").status_code == 303


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"deposit": "9999999"}, "deposit"),
        ({"committee_size": "6"}, "committee_size"),
        ({"owner_representatives": "2"}, "committee_size"),
        ({"bid_validity_days": "1"}, "bid_validity_days"),
    ],
)
def test_a_refusal_stands_beside_the_field_it_is_about(
    platform: Any, changes: dict[str, Any], name: str
) -> None:
    owner = Person(platform, "zhaobiao")
    tender = _drafted(owner)
    owner.post(f"/work/tenders/{tender}/register")
    owner.post(f"/work/tenders/{tender}/start")
    reply = owner.client.post(f"/work/tenders/{tender}/document", _document(**changes))
    page = reply.content.decode()
    assert reply.status_code in {409, 422}
    assert re.search(rf'<input name="{name}"[^>]*aria-invalid="true"', page), page
    for value in changes.values():
        assert f'value="{value}"' in page


def test_the_host_loses_no_answer_when_it_is_refused(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder).opened()
    for name in ("jia", "yi", "bing"):
        tale.release(name)
    platform.work()
    owner, at = Person(platform, "zhaobiao"), f"/work/rounds/{tale.round}"
    Person(platform, "jia").post(f"{at}/opening-objection", text="请核对工期")
    seen = re.search(r'data-fragment="([^"]+)"', owner.get(f"{at}/host"))
    Person(platform, "yi").post(f"{at}/opening-objection", text="请公布质量承诺")
    # whoever has the console open hears of an objection that came after
    host = owner.get(f"{at}/host")
    assert seen and "2条异议等待答复" in owner.get(seen[1])
    objection = re.search(r"/work/opening-objections/(\w+)/answer", host)
    assert objection
    page = owner.post(objection[0], status=422, round=tale.round, answer="  ").content.decode()
    assert "请写明答复内容" in page and "请核对工期" in page and 'role="alert"' in page
    # what is signed too early is refused on the same console
    page = owner.client.post(f"{at}/end", {"signature": "AAAA"}).content.decode()
    assert "主持开标" in page and 'role="alert"' in page
    owner.post(objection[0], round=tale.round, answer="已核对")


def test_a_reason_is_kept_when_an_account_of_failure_is_refused(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder).opened()
    for name in ("jia", "yi"):
        tale.release(name)
    platform.advance(platform.now + timedelta(minutes=61))
    owner, at = Person(platform, "zhaobiao"), f"/work/rounds/{tale.round}"
    bid = re.search(r"/work/bids/(\w+)/failure", owner.get(f"{at}/host"))
    assert bid
    page = owner.client.post(bid[0], {"round": tale.round, "fault": "platform", "reason": ""})
    assert page.status_code == 422 and "主持开标" in page.content.decode()
    assert re.search(r'value="platform" checked', page.content.decode())


def test_a_key_is_taken_from_a_file(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder).opened()
    jia = Person(platform, "jia")
    bid = next(b["bid"] for b in jia.party.get("/bids")["bids"] if b["round"] == tale.round)
    envelope = jia.client.get(f"/work/bids/{bid}/key.p7m").content
    key = bids.bid_key(party=jia.party, envelope=envelope)
    page = jia.post(f"/work/bids/{bid}/key", status=422, bid_key="").content.decode()
    assert "选择保存密钥的文件" in page
    wrong = SimpleUploadedFile("key.p7m", envelope)
    assert jia.client.post(f"/work/bids/{bid}/key", {"key_file": wrong}).status_code >= 400
    right = SimpleUploadedFile("key.txt", key.encode() + b"\n")
    jia.post(f"/work/bids/{bid}/key", key_file=right)


def test_the_browser_is_told_whose_private_key_a_file_can_hold(platform: Any) -> None:
    jia = Person(platform, "jia")
    page = jia.get("/certificates")
    listed = re.search(r'<script id="own-certificates" type="application/json">(.*?)</script>', page)
    assert listed
    rows = json.loads(listed[1])
    assert {row["fingerprint"] for row in rows} >= {jia.party.identity.fingerprint}
    assert all(row["spki"].startswith("MF") for row in rows)
    assert "甲建工集团有限公司 · " in page and "2.5.4.97" not in page


def test_a_console_of_another_side_has_no_lots_to_show(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder).published()
    Person(platform, "daili").get(f"/work/tenders/{tale.tender['tender']}", status=403)


def test_no_page_takes_a_name_of_the_frame(rf: Any) -> None:
    from ggzy.portals.frame import FRAME_NAMES, show
    from ggzy.portals.middleware import page_frame

    request = rf.get("/")
    assert page_frame(request).keys() | {"done"} == FRAME_NAMES
    with pytest.raises(AssertionError, match="path"):
        show(request, "public/rehearsal.html", {"path": []})
