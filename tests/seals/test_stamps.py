"""Stamps over HTTP: applied for, decided by another, used and written down, suspended; and sealing when no clock answers."""

import base64
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from ggzy.client.party import Problem
from ggzy.contracting.models import Contract
from ggzy.evidence.models import Entry
from ggzy.kernel import files
from ggzy.seals import rules
from ggzy.seals.models import SealUse, Stamp, StampEvent, Timestamping
from ggzy.seals.ports import TimestampUnavailable
from ggzy.seals.rules import State
from tests.journeys.tale import Tale
from tests.portals.test_work import Person
from tests.seals.conftest import seals_valid
from tests.seals.test_rules import png

pytestmark = pytest.mark.django_db


def _certificate(party: Any) -> str:
    return str(party.get("/whoami")["certificate"])


def _apply(party: Any, kind: str = "legal", **more: Any) -> Any:
    return party.post("/seals", {"kind": kind, "certificates": [_certificate(party)], **more})


def _kind(party: Any, kind: str) -> list[dict[str, Any]]:
    return [row for row in party.get("/seals")["stamps"] if row["kind"] == kind]


def test_every_demo_organisation_has_an_approved_stamp(platform: Any) -> None:
    for name in ("zhaobiao", "daili", "jia", "zhongxin", "jiandu"):
        (row,) = _kind(platform.demo(name), "official")
        assert row["state"] == State.IN_FORCE and row["drawn"]
        assert [e["label"] for e in row["events"]] == ["申请", "审核通过"]
        assert row["events"][0]["by"] != row["events"][1]["by"]


def test_a_stamp_is_applied_for_and_decided_by_another(platform: Any) -> None:
    jia, centre = platform.demo("jia"), platform.demo("zhongxin")
    made = _apply(jia)
    assert made["state"] == State.APPLIED
    with pytest.raises(Problem, match="还在审核"):
        _apply(jia)
    with pytest.raises(Problem) as no:
        jia.post(f"/seals/{made['stamp']}/decision", {"good": True})
    assert no.value.status == 403
    with pytest.raises(Problem, match="理由"):
        centre.post(f"/seals/{made['stamp']}/decision", {"good": False})
    assert Stamp.objects.get(public_id=made["stamp"]).state == State.APPLIED
    centre.post(f"/seals/{made['stamp']}/decision", {"good": False, "reason": "姓名与登记不符"})
    (row,) = _kind(jia, "legal")
    assert (row["state"], row["reason"]) == (State.REFUSED, "姓名与登记不符")
    with pytest.raises(Problem, match="未通过"):
        centre.post(f"/seals/{made['stamp']}/decision", {"good": True})
    again = _apply(jia)
    assert centre.post(f"/seals/{again['stamp']}/decision", {"good": True})["state"] == State.IN_FORCE
    acts = list(Entry.objects.filter(subject=again["stamp"]).order_by("pk").values_list("act", flat=True))
    assert acts == ["seals.stamp_applied", "seals.stamp_approved"]


def test_nobody_decides_on_an_own_application_not_even_in_the_database(platform: Any) -> None:
    centre = platform.demo("zhongxin")
    made = _apply(centre)
    with pytest.raises(Problem) as no:
        centre.post(f"/seals/{made['stamp']}/decision", {"good": True})
    assert no.value.code == "seals.own_application"
    row = Stamp.objects.get(public_id=made["stamp"])
    assert row.state == State.APPLIED
    with pytest.raises(DatabaseError), transaction.atomic():
        Stamp.objects.filter(pk=row.pk).update(decided_by=row.account, decided_at=row.applied_at)
    with pytest.raises(DatabaseError), transaction.atomic():
        Stamp.objects.filter(pk=row.pk).update(state=State.IN_FORCE)
    assert platform.demo("guanli").post(f"/seals/{made['stamp']}/decision", {"good": True})


def test_history_and_uses_are_never_changed(platform: Any) -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        StampEvent.objects.all().update(reason="别的")
    with pytest.raises(DatabaseError), transaction.atomic():
        StampEvent.objects.first().delete()  # type: ignore[union-attr]


def test_a_new_stamp_takes_the_place_of_the_old_one(platform: Any) -> None:
    jia, centre = platform.demo("jia"), platform.demo("zhongxin")
    made = _apply(jia, "official", image=base64.b64encode(png(400, 400)).decode())
    centre.post(f"/seals/{made['stamp']}/decision", {"good": True})
    rows = _kind(jia, "official")
    assert [row["state"] for row in rows] == [State.IN_FORCE, State.REPLACED]
    assert not rows[0]["drawn"]
    kept = files.read(rows[0]["image"])
    assert kept != png(400, 400) and rules.require_png(kept) == (400, 400)


def test_two_colleagues_applications_approved_leave_one_stamp_in_force(platform: Any) -> None:
    """Two accounts of one organisation applied: the later approval takes the place of the earlier."""
    centre, admin = platform.demo("zhongxin"), platform.demo("guanli")
    first, second = _apply(centre, "contract"), _apply(admin, "contract")
    platform.demo("guanli2").post(f"/seals/{first['stamp']}/decision", {"good": True})
    platform.demo("guanli2").post(f"/seals/{second['stamp']}/decision", {"good": True})
    assert [row["state"] for row in _kind(centre, "contract")] == [State.IN_FORCE, State.REPLACED]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"kind": "bogus"}, "请选择印章种类"),
        ({"certificates": []}, "数字证书"),
        ({"certificates": ["0" * 64]}, "数字证书"),
        ({"image": "%%%"}, "Base64"),
        ({"image": base64.b64encode(b"GIF89a").decode()}, "不是PNG"),
    ],
)
def test_what_is_no_application_is_refused_and_nothing_changes(platform: Any, body: Any, says: str) -> None:
    jia = platform.demo("jia")
    before = Stamp.objects.count()
    with pytest.raises(Problem, match=says):
        jia.post("/seals", {"kind": "legal", "certificates": [_certificate(jia)]} | body)
    assert Stamp.objects.count() == before


def test_another_organisations_stamp_is_not_seen_nor_changed(platform: Any) -> None:
    (row,) = _kind(platform.demo("jia"), "official")
    stranger = Person(platform, "yi")
    stranger.get(f"/work/seals/{row['stamp']}.png", status=403)
    own = Person(platform, "jia").client.get(f"/work/seals/{row['stamp']}.png")
    assert own.content.startswith(b"\x89PNG")
    with pytest.raises(Problem) as no:
        platform.demo("yi").post(f"/seals/{row['stamp']}/change", {"act": "suspend", "reason": "恶意停用"})
    assert no.value.status == 403
    assert _kind(platform.demo("jia"), "official")[0]["state"] == State.IN_FORCE


def _half_sign(party: Any, round_id: str) -> Any:
    waiting = party.post(f"/rounds/{round_id}/contract")
    return party.post(
        f"/rounds/{round_id}/contract/seal", {"signature": party.signature_on(waiting["to_sign"])}
    )


def test_a_contract_sealed_by_both_is_valid_twice_and_frozen(
    platform: Any, folder: Any, tmp_path: Any
) -> None:
    tale = Tale(platform, folder).notified()
    _half_sign(tale.owner, tale.round)
    one = Contract.objects.get().pdf
    assert seals_valid(files.read(one), tmp_path / "a.pdf") == [True]
    page = Person(platform, "zhaobiao").get(f"/work/rounds/{tale.round}/result")
    assert "已盖章" in page and "待盖章" in page
    _half_sign(tale.winner, tale.round)
    both = files.read(Contract.objects.get().pdf)
    assert both.startswith(files.read(one))
    assert seals_valid(both, tmp_path / "b.pdf") == [True, True]
    changed = bytearray(both)
    changed[1000] ^= 1
    assert True not in seals_valid(bytes(changed), tmp_path / "c.pdf")
    first, second = SealUse.objects.filter(purpose="contract").order_by("pk")
    assert (first.after, second.before) == (one, one)
    assert first.stamp.kind == "contract" and second.stamp.kind == "official"
    assert first.image == first.stamp.image and first.level in {"B-LTA", "B-T"}


def test_while_a_stamp_is_suspended_nothing_is_sealed_with_it(platform: Any, folder: Any) -> None:
    tale = Tale(platform, folder).notified()
    owner = tale.owner
    waiting = owner.post(f"/rounds/{tale.round}/contract")
    for kind in ("contract", "official"):
        (row,) = _kind(owner, kind)
        owner.post(f"/seals/{row['stamp']}/change", {"act": "suspend", "reason": "实物印章遗失"})
    signature = owner.signature_on(waiting["to_sign"])
    with pytest.raises(Problem) as no:  # prepared before, finished after
        owner.post(f"/rounds/{tale.round}/contract/seal", {"signature": signature})
    assert no.value.code == "seals.suspended"
    with pytest.raises(Problem, match="停用"):
        owner.post(f"/rounds/{tale.round}/contract")
    with pytest.raises(Problem) as no:
        owner.post(f"/seals/{row['stamp']}/change", {"act": "resume"})
    assert no.value.status == 403
    platform.demo("zhongxin").post(f"/seals/{row['stamp']}/change", {"act": "resume"})
    assert _half_sign(owner, tale.round)
    assert SealUse.objects.filter(purpose="contract").count() == 1


class _Away:
    """An authority that does not answer."""

    def stamp(self, digest: bytes) -> bytes:
        raise TimestampUnavailable("时间戳服务连接不上(ConnectTimeout)")

    def trusted(self) -> list[Any]:
        return []


def test_without_a_clock_the_seal_stands_and_is_stamped_later(
    platform: Any, folder: Any, settings: Any, tmp_path: Any
) -> None:
    tale = Tale(platform, folder).notified()
    good = settings.TIMESTAMPS
    settings.TIMESTAMPS = f"{__name__}._Away"
    _half_sign(tale.owner, tale.round)
    contract = Contract.objects.get().pdf
    row = Timestamping.objects.get(document=contract)
    assert row.state == Timestamping.WAITING and "连接不上" in row.trouble
    assert SealUse.objects.get(after=contract).level == "B-B"
    page = Person(platform, "zhaobiao").get(f"/work/rounds/{tale.round}/result")
    assert "时间戳: 待补" in page
    from datetime import timedelta

    platform.advance(platform.now + timedelta(minutes=1))
    row.refresh_from_db()
    assert (row.state, row.tries) == (Timestamping.WAITING, 1)
    settings.TIMESTAMPS = ""
    platform.advance(platform.now + timedelta(hours=2))
    row.refresh_from_db()
    assert row.state == Timestamping.WAITING
    settings.TIMESTAMPS = good
    platform.advance(platform.now + timedelta(hours=2))
    row.refresh_from_db()
    assert row.state == Timestamping.DONE
    stamped = files.read(row.stamped)
    assert stamped.startswith(files.read(contract))
    assert seals_valid(stamped, tmp_path / "a.pdf") == [True]
    Person(platform, "zhaobiao").get(f"/documents/{row.stamped}")
    assert Entry.objects.filter(act="seals.timestamped", subject=row.public_id).count() == 1


def test_where_a_centre_has_no_clock_nothing_waits(platform: Any, folder: Any, settings: Any) -> None:
    tale = Tale(platform, folder).notified()
    settings.TIMESTAMPS = ""
    _half_sign(tale.owner, tale.round)
    assert SealUse.objects.get(purpose="contract").level == "B-B"
    assert not Timestamping.objects.exists()


def test_the_pages_of_holder_and_centre(platform: Any) -> None:
    jia, centre = Person(platform, "jia"), Person(platform, "zhongxin")
    page = jia.get("/work/seals")
    assert "单位公章" in page and "申请印章" in page and "投标专用章" in page
    fingerprint = _certificate(platform.demo("jia"))
    form = {"kind": "bidding", "how": "upload", "certificates": [fingerprint]}
    page = jia.post("/work/seals", 422, **form).content.decode()
    assert "请选择印章图片" in page
    jia.post("/work/seals", **{**form, "how": "draw"})
    stamp = Stamp.objects.get(kind="bidding").public_id
    assert "审核印章申请" in centre.get("/work")
    assert "投标专用章" in centre.get("/work/seals/desk")
    page = centre.post(f"/work/seals/{stamp}/decide", 422, act="refuse", reason="").content.decode()
    assert "理由" in page
    centre.post(f"/work/seals/{stamp}/decide", act="approve")
    assert "在用" in jia.get("/work/seals")
    jia.post(f"/work/seals/{stamp}/change", act="withdraw", reason="不再使用")
    assert "已注销: 不再使用" in jia.get("/work/seals")
    jia.get("/work/seals/desk", status=403)


def test_the_training_authority_answers_openssl(platform: Any, tmp_path: Any, client: Any) -> None:
    import subprocess

    (tmp_path / "data").write_bytes(b"data")
    subprocess.run(
        ["openssl", "ts", "-query", "-data", "data", "-sha256", "-cert", "-out", "q"],
        cwd=tmp_path,
        check=True,
    )
    reply = client.post(
        "/training/tsa", (tmp_path / "q").read_bytes(), content_type="application/timestamp-query"
    )
    assert reply["Content-Type"] == "application/timestamp-reply"
    (tmp_path / "r").write_bytes(reply.content)
    from django.conf import settings

    root = settings.KEYS / "ca" / "ca.crt"
    when = int(platform.now.timestamp()) + 60
    run = subprocess.run(
        ["openssl", "ts", "-verify", "-queryfile", "q", "-in", "r", "-CAfile", root, "-attime", str(when)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert "Verification: OK" in run.stdout, run.stderr
    assert "训练" in client.get("/training/tsa").content.decode()
    assert client.post("/training/tsa", b"x", content_type="text/plain").status_code == 405


def test_production_has_no_training_authority(client: Any, settings: Any) -> None:
    settings.MODE = "production"
    assert client.get("/training/tsa").status_code == 404
