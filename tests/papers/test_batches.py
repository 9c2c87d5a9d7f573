"""Sealing many papers as a job: signed in one go, embedded by the worker one by one, and what a crash leaves."""

from typing import Any

import pytest

from ggzy.client.party import Problem
from ggzy.deadlines.actions import fire_one
from ggzy.deadlines.models import Timer
from ggzy.kernel import files
from ggzy.kernel.clock import legal_now
from ggzy.papers import batches
from ggzy.papers.models import Paper, SealBatchItem
from tests.journeys.tale import Tale
from tests.portals.test_work import Person
from tests.seals.conftest import seals_valid

pytestmark = pytest.mark.django_db


def _queue(party: Any, rows: list[dict[str, Any]], batch: str = "") -> str:
    for row in rows:
        path = f"/rounds/{row['round']}/papers/{row['ref']}"
        waiting = party.post(path)
        made = party.post(
            f"{path}/queue", {"signature": party.signature_on(waiting["to_sign"]), "batch": batch}
        )
        batch = made["batch"]
    return batch


def _unsealed(tale: Tale) -> list[dict[str, Any]]:
    rows = tale.owner.get("/papers")["papers"]
    return [p for p in rows if p["tender"] == tale.tender["tender"] and not p["sealed"]]


def test_a_batch_is_sealed_by_the_worker_and_shows_how_far_it_is(
    platform: Any, folder: Any, tmp_path: Any
) -> None:
    tale = Tale(platform, folder).notified()
    rows = _unsealed(tale)
    assert len(rows) >= 4
    batch = _queue(tale.owner, rows)
    page = tale.owner.get(f"/paper-batches/{batch}")
    assert (page["batch"]["total"], page["waiting"]) == (len(rows), len(rows))
    assert not Paper.objects.exclude(sealed="").exists()
    assert "正在办理" in Person(platform, "zhaobiao").get(f"/work/papers/batches/{batch}")
    platform.work()
    page = tale.owner.get(f"/paper-batches/{batch}")
    assert (page["batch"]["done"], page["batch"]["failed"], page["waiting"]) == (len(rows), 0, 0)
    for item in page["batch"]["items"]:
        assert seals_valid(files.read(item["pdf"]), tmp_path / "a.pdf") == [True]
    assert "全部办完" in Person(platform, "zhaobiao").get(f"/work/papers/batches/{batch}")
    assert not SealBatchItem.objects.exclude(signature="").exists()  # what is used up is not kept
    assert _unsealed(tale) == []


class Killed(BaseException):
    """The process is gone: nothing after this line happens."""


def test_a_worker_killed_in_the_middle_goes_on_and_seals_nothing_twice(
    platform: Any, folder: Any, monkeypatch: Any
) -> None:
    tale = Tale(platform, folder).notified()
    rows = _unsealed(tale)
    batch = _queue(tale.owner, rows)
    # other clocks may be due before it
    while not Paper.objects.exclude(sealed="").exists():
        assert fire_one(now=legal_now)
    real = batches.finish_paper_seal

    def dies(**more: Any) -> Any:
        real(**more)
        raise Killed

    monkeypatch.setattr(batches, "finish_paper_seal", dies)
    with pytest.raises(Killed):
        while fire_one(now=legal_now):
            pass
    monkeypatch.setattr(batches, "finish_paper_seal", real)
    page = tale.owner.get(f"/paper-batches/{batch}")
    assert (page["batch"]["done"], page["waiting"]) == (1, len(rows) - 1)
    assert Paper.objects.exclude(sealed="").count() == 1  # the one it was at is as it was
    platform.work()
    page = tale.owner.get(f"/paper-batches/{batch}")
    assert (page["batch"]["done"], page["batch"]["failed"]) == (len(rows), 0)
    assert Timer.objects.filter(kind=batches.CLOCK, subject=batch, done_at=None).count() == 0


def test_one_bad_signature_fails_alone_and_says_why(platform: Any, folder: Any) -> None:
    tale = Tale(platform, folder).notified()
    one, two, *_ = _unsealed(tale)
    path = f"/rounds/{one['round']}/papers/{one['ref']}"
    tale.owner.post(path)
    batch = tale.owner.post(f"{path}/queue", {"signature": "AAAA"})["batch"]
    assert _queue(tale.owner, [two], batch) == batch
    platform.work()
    first, second = tale.owner.get(f"/paper-batches/{batch}")["batch"]["items"]
    assert (first["state"], second["state"]) == ("failed", "done")
    assert "签名与内容或证书不符" in first["message"]


def test_the_second_time_changes_nothing_and_what_is_sealed_is_said(platform: Any, folder: Any) -> None:
    tale = Tale(platform, folder).notified()
    (one, *_) = _unsealed(tale)
    batch = _queue(tale.owner, [one])
    _queue(tale.owner, [one], batch)
    assert SealBatchItem.objects.count() == 1
    platform.work()
    with pytest.raises(Problem, match="已经签章"):
        _queue(tale.owner, [one])


def test_a_certificate_that_ended_meanwhile_seals_nothing(platform: Any, folder: Any) -> None:
    tale = Tale(platform, folder).notified()
    (one, *_) = _unsealed(tale)
    batch = _queue(tale.owner, [one])
    fingerprint = tale.owner.get("/whoami")["certificate"]
    tale.owner.post(f"/certificates/{fingerprint}/lost", {"note": "遗失"})
    platform.work()
    item = SealBatchItem.objects.get(batch__public_id=batch)
    assert (item.state, item.pdf) == (SealBatchItem.FAILED, "")
    assert "数字证书" in item.message


def test_a_batch_is_its_signers_alone(platform: Any, folder: Any) -> None:
    tale = Tale(platform, folder).notified()
    batch = _queue(tale.owner, _unsealed(tale)[:1])
    with pytest.raises(Problem) as no:
        platform.demo("daili").get(f"/paper-batches/{batch}")
    assert no.value.status == 404
    with pytest.raises(Problem) as no:
        platform.demo("jia").post(f"/rounds/{tale.round}/papers/opening_table/queue", {"signature": "AAAA"})
    assert no.value.status in {403, 404}
