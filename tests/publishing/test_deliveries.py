"""From a published notice to the media: nothing lost, nothing twice, what is wrong is red, and who may do what."""

import hashlib
import hmac
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.db import connection

from ggzy.client.party import Problem
from ggzy.jobs.worker import work_once
from ggzy.kernel.actors import Role
from ggzy.kernel.refusals import NotPermitted
from ggzy.publishing import actions, queries
from ggzy.publishing.models import Delivery, Handover, MediumReceipt
from ggzy.publishing.rules import State
from tests.conftest import BASE
from tests.journeys.tale import Tale
from tests.people import actor
from tests.portals.test_work import Person
from tests.publishing.medium import MediumServer

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
CENTRE = actor(Role.CENTRE)


def _rows(**wanted: Any) -> dict[str, Delivery]:
    return {row.medium: row for row in Delivery.objects.filter(**wanted).select_related("notice")}


def _acts(act: str) -> int:
    from ggzy.evidence.models import Entry

    return Entry.objects.filter(act=act).count()


def test_a_notice_reaches_its_media_and_both_moments_are_known(
    platform: Any, folder: Path, twins: Path
) -> None:
    tale = Tale(platform, folder).published()
    assert not Delivery.objects.exists()  # nothing is sent inside the act
    platform.work()
    rows = _rows()
    assert {m: r.state for m, r in rows.items()} == {"ceb": "received", "province": "received"}
    anchor = queries.anchor_of(tale.round)
    assert anchor and anchor.at is None and "待定" in anchor.reading
    platform.advance(platform.now + 3 * MINUTE)
    rows = _rows()
    assert {r.state for r in rows.values()} == {"published"}
    assert all(r.held_sha256 == r.notice.sha256 for r in rows.values())
    assert _acts("publishing.published") == 2
    anchor = queries.anchor_of(tale.round)
    first = min(r.published_at for r in rows.values())
    assert anchor and (anchor.at, anchor.platform_at) == (first, rows["ceb"].notice.published_at)
    assert anchor.platform_at < first
    assert anchor == queries.first_published_at(rows["ceb"].notice.series)
    assert queries.red_count(viewer=CENTRE, now=platform.now) == 0
    assert queries.anchor_of("nothing") is None


def test_the_worker_takes_each_notice_up_once(platform: Any, folder: Path, twins: Path) -> None:
    Tale(platform, folder).published()
    assert actions.take_up_new_notices(now=platform.now) == 1
    assert actions.take_up_new_notices(now=platform.now) == 0
    assert actions.take_up_new_notices(now=platform.now, all_of_them=True) == 0
    assert (Handover.objects.count(), Delivery.objects.count()) == (1, 2)


def test_a_number_that_commits_late_is_not_skipped(platform: Any, folder: Path, twins: Path) -> None:
    """A sweep that remembered the last number would lose a notice whose transaction was slower."""
    from ggzy.notices.models import Notice

    tale = Tale(platform, folder).published()
    platform.work()
    first = Notice.objects.get()
    body = {"lot": "一", "reason": "r"}
    late = {f: getattr(first, f) for f in ("ocid", "tender", "rounds", "title", "sha256", "published_at")}
    Notice.objects.create(id=0, kind="failure", series="s" * 32, version=1, body=body, **late)
    platform.work()
    assert {d.notice_id for d in Delivery.objects.all()} == {0, first.pk}
    assert tale.round


def test_failures_are_tried_again_with_longer_pauses(platform: Any, folder: Path, real: MediumServer) -> None:
    Tale(platform, folder).published()
    real.misbehave.extend([(503, {}, b"")] * 3)
    platform.work()
    row = _rows()["ceb"]
    assert (row.state, row.failures, row.tries) == ("failed", 1, 1)
    assert "503" in row.last_error
    assert queries.red_count(viewer=CENTRE, now=platform.now) == 1
    pauses = []
    for _ in range(3):
        before = _rows()["ceb"]
        pauses.append((before.next_try_at - before.sent_at).total_seconds())
        platform.advance(before.next_try_at)
    assert pauses == [30, 60, 120]
    row = _rows()["ceb"]
    assert (row.state, row.failures, row.last_error, row.tries) == ("received", 0, "", 4)
    assert len(real.kept) == 1
    assert {key for verb, key in real.requests if verb == "POST"} == {row.key}


def test_a_dead_medium_costs_one_try_and_the_other_medium_goes_on(
    platform: Any, folder: Path, real: MediumServer
) -> None:
    for number in range(3):
        Tale(platform, folder / str(number)).published()
    real.misbehave.extend([(503, {}, b"")] * 9)
    platform.work()
    assert len(real.requests) == 1
    assert Delivery.objects.filter(medium="province", state="received").count() == 3
    assert Delivery.objects.filter(medium="ceb", state="failed").count() == 1
    real.misbehave.clear()
    platform.advance(platform.now + MINUTE)
    assert Delivery.objects.filter(medium="ceb", state="received").count() == 3


def test_one_bad_notice_does_not_hold_the_others_up(platform: Any, folder: Path, real: MediumServer) -> None:
    for number in range(2):
        Tale(platform, folder / str(number)).published()
    real.misbehave.append((500, {}, b""))
    platform.work()
    assert sorted(Delivery.objects.filter(medium="ceb").values_list("state", flat=True)) == [
        "failed",
        "received",
    ]


def test_a_refusal_waits_for_people_and_retry_sends_it_again(
    platform: Any, folder: Path, real: MediumServer
) -> None:
    Tale(platform, folder).published()
    real.misbehave.append((422, {}, '{"MESSAGE": "缺少招标项目编号"}'.encode()))
    platform.work()
    row = _rows()["ceb"]
    assert (row.state, row.next_try_at) == ("refused", None)
    assert "缺少招标项目编号" in row.last_error
    assert _acts("publishing.refused") == 1
    platform.advance(platform.now + timedelta(days=1))
    assert len([v for v, _ in real.requests if v == "POST"]) == 1
    made = platform.demo("zhongxin").post(f"/publications/{row.public_id}/retry")
    assert made["delivery"] == row.public_id
    platform.work()
    assert _rows()["ceb"].state == "received"
    assert _acts("publishing.retried") == 1


def test_a_medium_that_holds_something_else_is_red(platform: Any, folder: Path, real: MediumServer) -> None:
    Tale(platform, folder).published()
    platform.work()
    for kept in real.kept.values():
        kept["body"] = kept["body"].replace("测试工程".encode(), "别的工程".encode())
    real.published_at = platform.now
    platform.advance(platform.now + 3 * MINUTE)
    rows, _ = queries.deliveries(viewer=CENTRE, now=platform.now, state="red")
    assert [(r.medium, [t.label for t in r.troubles]) for r in rows] == [("ceb", ["内容不一致"])]


def test_what_has_not_been_published_in_twelve_hours_is_red(
    platform: Any, folder: Path, real: MediumServer, settings: Any
) -> None:
    Tale(platform, folder).published()
    platform.work()
    row = _rows()["ceb"]
    assert row.due_at - row.notice.published_at == timedelta(hours=12)
    platform.advance(row.due_at - MINUTE)
    assert queries.red_count(viewer=CENTRE, now=platform.now) == 0
    platform.advance(row.due_at)
    settings.MODE = "production"  # where no clock jumps, twelve hours are twelve hours
    rows, _ = queries.deliveries(viewer=CENTRE, now=platform.now, state="red")
    assert [(r.medium, [t.label for t in r.troubles]) for r in rows] == [("ceb", ["超过时限"])]


def test_without_configuration_nothing_is_pretended(platform: Any, folder: Path, settings: Any) -> None:
    settings.OUTLETS = {}
    Tale(platform, folder).published()
    platform.work()
    platform.advance(platform.now + timedelta(hours=1))
    rows, _ = queries.deliveries(viewer=CENTRE, now=platform.now, state="red")
    assert {(r.state, r.troubles[0].label, r.tries) for r in rows} == {(State.WAITING, "未配置", 0)}
    with pytest.raises(Problem) as refused:
        platform.demo("zhongxin").post(f"/publications/{rows[0].delivery}/retry")
    assert refused.value.code == "publishing.medium_not_configured"
    assert _acts("publishing.retried") == 0


def test_configured_later_it_is_sent_after_a_restart(platform: Any, folder: Path, settings: Any) -> None:
    configured, settings.OUTLETS = settings.OUTLETS, {}
    Tale(platform, folder).published()
    platform.work()
    settings.OUTLETS = configured
    actions.take_up_new_notices(now=platform.now, all_of_them=True)  # what a starting worker does
    platform.work()
    assert {r.state for r in _rows().values()} == {"received"}


def test_a_correction_waits_behind_the_version_before_it(
    platform: Any, folder: Path, real: MediumServer
) -> None:
    from ggzy.notices.actions import NoticeKind, publish_notice

    tale = Tale(platform, folder).published()
    real.misbehave.append((500, {}, b""))
    platform.work()
    first = _rows(medium="ceb")["ceb"]
    publish_notice(
        kind=NoticeKind.TENDER,
        ocid=tale.tender["ocid"],
        tender=tale.tender["tender"],
        rounds=tale.rounds,
        title="更正",
        body=first.notice.body | {"opening": "更正后的开标方式"},
        actor=CENTRE,
        now=platform.now,
        series=first.notice.series,
    )
    platform.work()
    second = Delivery.objects.get(medium="ceb", notice__version=2)
    assert (second.state, second.tries) == ("waiting", 0)
    platform.advance(first.next_try_at)
    order = [key for verb, key in real.requests if verb == "POST"]
    assert order == [first.key, first.key, second.key]
    assert actions.package_of(second.notice, actions.Medium.NATIONAL).envelope["DATA_TYPE"] == "2"
    assert queries.first_published_at(first.notice.series).platform_at == first.notice.published_at


def test_one_notice_that_cannot_be_taken_up_does_not_hold_the_others_up(
    platform: Any, folder: Path, twins: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(2):
        Tale(platform, folder / str(number)).published()
    looked = actions.personal_data_in
    broken = []

    def breaks_once(body: Any) -> Any:
        if not broken:
            broken.append(body)
            raise ValueError("a body from another world")
        return looked(body)

    monkeypatch.setattr(actions, "personal_data_in", breaks_once)
    assert actions.take_up_new_notices(now=platform.now) == 1
    assert Handover.objects.count() == 1
    assert actions.take_up_new_notices(now=platform.now) == 1
    assert Delivery.objects.count() == 4


def _call(
    platform: Any, medium: str, data: dict[str, str], *, secret: str = "a secret of the test"
) -> httpx.Response:
    body = json.dumps(data).encode()
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    with httpx.Client(base_url=BASE, transport=platform.transport) as client:
        return client.post(
            f"/api/v1/media/{medium}/receipts",
            content=body,
            headers={"X-Signature": signature, "Content-Type": "application/json"},
        )


def _published(row: Delivery, at: str = "20260302120000") -> dict[str, str]:
    sha = row.notice.sha256
    return {"RECEIPT_NO": row.reference, "STATUS": "2", "PUBLISH_TIME": at, "CONTENT_HASH": sha}


def test_a_medium_may_call_and_calling_again_changes_nothing(
    platform: Any, folder: Path, real: MediumServer
) -> None:
    Tale(platform, folder).published()
    platform.work()
    row = _rows()["ceb"]
    assert _call(platform, "ceb", _published(row)).json() == {"accepted": True, "news": True}
    after = _rows()["ceb"]
    assert (after.state, after.next_try_at) == ("published", None)
    for again in (_published(row), {"RECEIPT_NO": row.reference, "STATUS": "1", "CONTENT_HASH": "x"}):
        assert _call(platform, "ceb", again).json() == {"accepted": True, "news": False}
    assert _call(platform, "ceb", _published(row, at="20260302110000")).json()["news"] is False
    assert _rows()["ceb"].published_at == after.published_at
    assert _acts("publishing.published") == 1
    platform.advance(platform.now + 3 * MINUTE)
    assert ("GET", row.reference) not in real.requests
    with pytest.raises(Problem) as refused:
        platform.demo("zhongxin").post(f"/publications/{row.public_id}/retry")
    assert refused.value.code == "publishing.already_published"


@pytest.mark.parametrize("secret", ["", "another secret"])
def test_a_forged_receipt_is_refused(platform: Any, folder: Path, real: MediumServer, secret: str) -> None:
    Tale(platform, folder).published()
    platform.work()
    row, receipts = _rows()["ceb"], MediumReceipt.objects.count()
    forged = _call(platform, "ceb", _published(row), secret=secret)
    assert (forged.status_code, forged.json()["code"]) == (401, "publishing.receipt_not_signed")
    # a medium with which no secret is shared cannot call at all, not even with an empty one
    twin = _call(platform, "province", _published(_rows()["province"]), secret=secret)
    assert twin.json()["code"] == "publishing.receipt_not_signed"
    assert _call(platform, "nobody", _published(row), secret="").status_code == 401
    assert (_rows()["ceb"].state, MediumReceipt.objects.count()) == ("received", receipts)


def test_no_signature_is_no_signature_where_no_secret_is_shared(
    platform: Any, folder: Path, real: MediumServer
) -> None:
    Tale(platform, folder).published()
    platform.work()
    row = _rows()["province"]
    with httpx.Client(base_url=BASE, transport=platform.transport) as client:
        for headers in ({}, {"X-Signature": ""}):
            reply = client.post("/api/v1/media/province/receipts", json=_published(row), headers=headers)
            assert reply.status_code == 401
    assert _rows()["province"].state == "received"


def test_an_old_refusal_replayed_after_a_new_try_is_no_news(
    platform: Any, folder: Path, real: MediumServer
) -> None:
    Tale(platform, folder).published()
    platform.work()
    row = _rows()["ceb"]
    refusal = {"RECEIPT_NO": row.reference, "STATUS": "9"}
    assert _call(platform, "ceb", refusal).json()["news"] is True
    assert (_rows()["ceb"].state, _rows()["ceb"].next_try_at) == ("refused", None)
    platform.demo("zhongxin").post(f"/publications/{row.public_id}/retry")
    platform.work()
    assert (_rows()["ceb"].state, _rows()["ceb"].reference) == ("received", row.reference)
    assert _call(platform, "ceb", refusal).json()["news"] is False
    assert _rows()["ceb"].state == "received"


def test_a_call_that_overtakes_the_answer_stands(
    platform: Any, folder: Path, twins: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The medium publishes and calls while we still wait for its answer to the delivery."""
    from ggzy.publishing import ports

    Tale(platform, folder).published()
    moment = platform.now
    made = ports.outlet

    def overtaken(code: str, *, now: Any) -> Any:
        outlet = made(code, now=now)
        deliver = outlet.deliver

        def slow(package: Any) -> Any:
            receipt = deliver(package)
            Delivery.objects.filter(key=package.key).update(
                state="published", reference="R", published_at=moment, next_try_at=None
            )
            return receipt

        outlet.deliver = slow
        return outlet

    monkeypatch.setattr(ports, "outlet", overtaken)
    platform.work()
    assert {(r.state, r.published_at, r.next_try_at) for r in _rows().values()} == {
        ("published", moment, None)
    }


def test_an_account_without_an_organisation_owns_nothing(platform: Any, folder: Path, twins: Path) -> None:
    Tale(platform, folder).published()  # a tender without an agency
    platform.work()
    nobody = actor(Role.AGENCY, uscc="")
    assert queries.deliveries(viewer=nobody, now=platform.now) == ([], False)
    row = _rows()["ceb"]
    with pytest.raises(NotPermitted):
        actions.retry(delivery_id=row.public_id, actor=nobody, now=platform.now)


def test_a_signed_receipt_that_cannot_be_read_or_placed_is_refused(
    platform: Any, folder: Path, real: MediumServer
) -> None:
    Tale(platform, folder).published()
    platform.work()
    assert _call(platform, "ceb", {"STATUS": "2"}).status_code == 422
    assert _call(platform, "ceb", {"RECEIPT_NO": "R999", "STATUS": "1"}).status_code == 404


def test_the_owner_side_sees_and_retries_its_own_only(
    platform: Any, folder: Path, real: MediumServer
) -> None:
    from tests.house.test_permission_grid import _refused, _stranger

    tale = Tale(platform, folder).published()
    real.misbehave.append((503, {}, b""))
    platform.work()
    row = _rows()["ceb"]
    own = tale.owner.get("/publications")["deliveries"]
    assert {d["medium"] for d in own} == {"ceb", "province"}
    tale.owner.post(f"/publications/{row.public_id}/retry")
    other = _stranger(platform, "tenderee", 7000011)
    assert other.get("/publications")["deliveries"] == []
    for call in (other.get, lambda path: other.post(path + "/retry")):
        assert _refused(call, f"/publications/{row.public_id}") == "permission.denied"
    assert _refused(tale.bidder("jia").get, "/publications") == "permission.denied"
    assert (
        _refused(platform.demo("jiandu").post, f"/publications/{row.public_id}/retry") == "permission.denied"
    )
    assert _refused(platform.demo("zhongxin").post, "/publications/nothing/retry") == "not_found"


def test_before_the_opening_nothing_of_bidders_travels(
    platform: Any, folder: Path, real: MediumServer
) -> None:
    """Packages are made of public notices only: the same with bids as without, and no name of a bidder in them."""
    tale = Tale(platform, folder).published()
    platform.work()
    before = [kept["body"] for kept in real.kept.values()]
    for name in ("jia", "yi", "bing"):
        tale.bid(name)
    platform.work()
    assert [kept["body"] for kept in real.kept.values()] == before
    for name in ("jia", "yi", "bing"):
        party = tale.bidder(name)
        for text in (party.name, party.uscc):
            assert not any(text.encode() in body for body in before)


def test_personal_data_in_a_notice_is_shown_to_who_can_mend_it(
    platform: Any, folder: Path, twins: Path
) -> None:
    from ggzy.notices.actions import NoticeKind, publish_notice

    tale = Tale(platform, folder).published()
    publish_notice(
        kind=NoticeKind.FAILURE,
        ocid=tale.tender["ocid"],
        tender=tale.tender["tender"],
        rounds=tale.rounds,
        title="流标",
        body={"reason": "请致电 13800001234"},
        actor=CENTRE,
        now=platform.now,
    )
    platform.work()
    row = Delivery.objects.get(medium="ceb", notice__kind="failure")
    page = tale.owner.get(f"/publications/{row.public_id}")
    assert page["personal"] == [{"place": "reason", "kind": "手机号码", "shown": "138****1234"}]


def test_what_a_moved_training_clock_made_late_is_told_and_not_red(
    platform: Any, folder: Path, twins: Path, settings: Any
) -> None:
    """The tale jumps three weeks right after its tender notice: nobody slept, the clock was moved."""
    Tale(platform, folder).in_publicity()
    platform.advance(platform.now + 3 * MINUTE)

    def red() -> set[tuple[str, str]]:
        rows, _ = queries.deliveries(viewer=CENTRE, now=platform.now, state="red")
        assert queries.red_count(viewer=CENTRE, now=platform.now) == len(rows)
        return {(r.kind, t.label) for r in rows for t in r.troubles}

    assert red() == set()
    rows, _ = queries.deliveries(viewer=CENTRE, now=platform.now, size=100)
    jumped = [r for r in rows if r.by_clock]
    assert {(r.kind, r.troubles) for r in jumped} == {("tender", ())}
    late = jumped[0]
    assert late.published_at is not None and late.published_at >= late.due_at
    centre = Person(platform, "zhongxin")
    assert "超过时限: 训练时钟拨动造成" in centre.get("/work/publication")
    assert "训练时钟拨动造成" in centre.get(f"/work/publication/{late.delivery}")
    kinds = set(Delivery.objects.values_list("notice__kind", "medium"))
    assert {("candidates", "ceb"), ("opening_record", "province")} <= kinds
    assert ("opening_record", "ceb") not in kinds
    assert work_once() == 0


def test_what_is_late_by_itself_stays_red(platform: Any, folder: Path, twins: Path, settings: Any) -> None:
    """One that is still on its way: red as soon as the clock's leap is no longer known, and always in production."""
    Tale(platform, folder).published()
    platform.work()
    tender = Delivery.objects.filter(medium="ceb").latest("pk")
    Delivery.objects.filter(pk=tender.pk).update(
        state="sent", published_at=None, next_try_at=None, reference="r", flawed=False
    )
    after = tender.due_at + MINUTE
    platform.advance(after)
    wanted = {"viewer": CENTRE, "now": platform.now}

    def found() -> tuple[bool, bool]:
        row = queries.delivery(delivery_id=tender.public_id, **wanted).row
        red, _ = queries.deliveries(**wanted, state="red")
        return row.by_clock, tender.public_id in {r.delivery for r in red}

    assert found() == (True, False)
    settings.MODE = "production"
    assert found() == (False, True)
    settings.MODE = "training"
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM kernel_leap")
    assert found() == (False, True)
