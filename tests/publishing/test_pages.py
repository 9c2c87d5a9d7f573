"""The pages: list and receipts for the centre and the owner side, the public line, an unknown kind of notice."""

import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from ggzy.publishing.models import Delivery
from tests.conftest import BASE
from tests.journeys.tale import Tale
from tests.publishing.medium import MediumServer
from tests.publishing.test_deliveries import CENTRE, MINUTE

pytestmark = pytest.mark.django_db


def _client(platform: Any, name: str = "") -> httpx.Client:
    cookies = {"ggzy_session": platform.demo(name).token} if name else {}
    return httpx.Client(base_url=BASE, transport=platform.transport, cookies=cookies)


def test_the_centre_sees_what_is_red_and_sends_it_again(
    platform: Any, folder: Path, real: MediumServer
) -> None:
    Tale(platform, folder).published()
    real.misbehave.append((422, {}, '{"MESSAGE": "缺少招标项目编号"}'.encode()))
    platform.work()
    row = Delivery.objects.get(medium="ceb")
    with _client(platform, "zhongxin") as centre:
        assert "1 条发送有问题" in centre.get("/work").text
        page = centre.get("/work/publication", params={"state": "red"}).text
        assert "被退回" in page and "缺少招标项目编号" in page and "演示" in page
        assert "没有符合条件" in centre.get("/work/publication?state=failed").text
        one = centre.get(f"/work/publication/{row.public_id}").text
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', one)[1]
        again = centre.post(
            f"/work/publication/{row.public_id}/retry",
            data={"csrfmiddlewaretoken": token},
            headers={"Referer": BASE},
        )
        assert again.status_code == 303
        platform.work()
        assert "已接收, 待发布" in centre.get(f"/work/publication/{row.public_id}").text
        assert centre.get(f"/work/publication/{row.public_id}/retry").status_code == 302
        assert centre.get("/work/publication/nothing").status_code == 404
    with _client(platform, "jia") as bidder:
        assert bidder.get("/work/publication").status_code == 403
    with _client(platform) as anyone:
        assert anyone.get("/work/publication").headers["Location"].startswith("/login")


def test_the_supervisor_sees_and_does_not_act(platform: Any, folder: Path, real: MediumServer) -> None:
    Tale(platform, folder).published()
    real.misbehave.append((422, {}, b"{}"))
    platform.work()
    row = Delivery.objects.get(medium="ceb")
    with _client(platform, "jiandu") as supervisor:
        page = supervisor.get(f"/work/publication/{row.public_id}").text
        assert "被退回" in page and "立即重发" not in page


def test_anyone_reads_where_a_notice_was_published(platform: Any, folder: Path, twins: Path) -> None:
    tale = Tale(platform, folder).published()
    platform.work()
    notice = Delivery.objects.first().notice.public_id
    with _client(platform) as anyone:
        assert "等待发布" in anyone.get(f"/notices/{notice}").text
        assert "法定媒介尚未发布" in anyone.get(f"/tenders/{tale.tender['tender']}").text
        platform.advance(platform.now + 3 * MINUTE)
        page = anyone.get(f"/notices/{notice}").text
        assert "已发布于" in page and "中国招标投标公共服务平台" in page and "演示" in page
        assert "法定媒介首次发布" in anyone.get(f"/tenders/{tale.tender['tender']}").text
        media = anyone.get(f"/api/v1/notices/{notice}/media").json()["media"]
        assert {m["same"] for m in media} == {True}
        anchor = anyone.get(f"/api/v1/rounds/{tale.round}/anchor").json()["anchor"]
        assert anchor["at"] == anchor["medium_at"] > anchor["platform_at"]


def test_a_kind_this_version_does_not_know_is_shown_and_sent_everywhere(
    platform: Any, folder: Path, twins: Path
) -> None:
    from ggzy.notices.actions import NoticeKind, publish_notice
    from ggzy.notices.models import Notice

    tale = Tale(platform, folder).published()
    known = publish_notice(
        kind=NoticeKind.FAILURE,
        ocid=tale.tender["ocid"],
        tender=tale.tender["tender"],
        rounds=tale.rounds,
        title="明年才有的公告",
        body={"lot": "一标段", "reason": "新的事由", "parts": [{"a": 1}]},
        actor=CENTRE,
        now=platform.now,
    )
    fields = ("ocid", "tender", "rounds", "title", "body", "sha256", "published_at")
    later = Notice.objects.create(
        kind="of_next_year", series="n" * 32, version=1, **{f: getattr(known, f) for f in fields}
    )
    platform.work()
    media = set(Delivery.objects.filter(notice=later).values_list("medium", "state"))
    assert media == {("ceb", "received"), ("province", "received")}
    with _client(platform) as anyone:
        page = anyone.get(f"/notices/{later.public_id}")
        assert page.status_code == 200 and "新的事由" in page.text
        assert "明年才有的公告" in anyone.get("/notices").text


def test_the_publish_page_warns_of_personal_data(platform: Any, folder: Path) -> None:
    from ggzy.tendering.models import Tender

    tale = Tale(platform, folder).prepared()
    row = Tender.objects.select_related("project").get(public_id=tale.tender["tender"])
    row.project.place = "联系 13800001234"
    row.project.save()
    with _client(platform, "zhaobiao") as owner:
        page = owner.get(f"/work/tenders/{tale.tender['tender']}/publish").text
    assert "可能有个人信息" in page and "138****1234" in page
