"""A bucket beside the disk: what is kept is in both, what the disk lost comes back, and a bucket that is away refuses plainly."""

import hashlib
import secrets
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ggzy.bidding.models import Bid
from ggzy.boot import beside, doctor
from ggzy.boot.paths import Place
from ggzy.client.party import Problem
from ggzy.deadlines.models import Timer
from ggzy.kernel import files
from ggzy.kernel.bucket import Bucket, StoreAway, options
from ggzy.opening.models import BidOpening
from tests.journeys.tale import Tale
from tests.store import NEEDS_A_STORE, Store, away, served

FULL = {"ENDPOINT": "https://s3.example", "BUCKET": "b", "KEY": "k", "SECRET": "hidden"}


def _env(**given: str) -> dict[str, str]:
    return {f"GGZY_S3_{name}": value for name, value in given.items()}


def test_without_a_bucket_there_is_none(tmp_path: Path) -> None:
    assert options({}, tmp_path) is None


@pytest.mark.parametrize("missing", FULL)
def test_half_a_configuration_stops_the_start(tmp_path: Path, missing: str) -> None:
    with pytest.raises(ValueError, match=f"GGZY_S3_{missing}"):
        options(_env(**{name: value for name, value in FULL.items() if name != missing}), tmp_path)


def test_the_secret_may_lie_among_the_keys_and_is_never_said(tmp_path: Path) -> None:
    (tmp_path / "s3.secret").write_text("from the file\n")
    made = options(_env(**FULL | {"SECRET": "", "PREFIX": "/a/"}), tmp_path)
    assert made is not None and (made.secret, made.prefix, made.region) == ("from the file", "a", "us-east-1")
    assert "from the file" not in repr(made) + f"{made}"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with served(tmp_path_factory.mktemp("store")) as running:
        yield running


@pytest.fixture
def bucket(store: Store, settings: Any, tmp_path: Path) -> Bucket:
    """Give a test a disk of its own, and empty what an earlier one left in the bucket."""
    for name in store.bucket.names():
        store.bucket.drop(name)
    settings.FILES, settings.S3 = tmp_path / "files", store.bucket
    return store.bucket


def _put(bucket: Bucket, name: str, data: bytes, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    other = folder / secrets.token_hex(4)
    other.write_bytes(data)
    bucket.put(name, other)


def _here(settings: Any) -> list[Path]:
    return [path for path in settings.FILES.rglob("*") if path.is_file()]


@NEEDS_A_STORE
def test_a_document_is_in_both_and_comes_back(bucket: Bucket, settings: Any, tmp_path: Path) -> None:
    data = secrets.token_bytes(40_000_000)  # in several parts
    digest = files.keep(data)
    assert set(bucket.names()) == {f"documents/{digest[:2]}/{digest}"}
    files.path_of(digest).unlink()
    assert files.read(digest) == data and len(_here(settings)) == 1
    whole = tmp_path / "whole"
    whole.write_bytes(b"attachment")
    other = "4" * 64
    files.keep_file(whole, other)
    assert f"documents/44/{other}" in set(bucket.names()) and not whole.exists()
    # under a hash that it does not have: noticed, and never put on the disk
    files.path_of(other).unlink()
    with pytest.raises(files.ObjectChanged, match="不一致"):
        files.path_of(other)
    assert [path.name for path in _here(settings)] == [digest]
    assert not files.path_of("5" * 64).exists()


@NEEDS_A_STORE
def test_a_bucket_with_object_lock_takes_what_is_kept(store: Store, bucket: Bucket, settings: Any) -> None:
    settings.S3 = store.locked()
    small, large = secrets.token_bytes(100), secrets.token_bytes(12_000_000)
    digest, name = files.keep(small), files.keep_sealed([large])
    shutil.rmtree(settings.FILES)
    assert files.read(digest) == small and files.sealed_path(name).read_bytes() == large
    files.drop_sealed(name)
    assert not files.sealed_path(name).exists()


@NEEDS_A_STORE
def test_nothing_is_kept_while_the_bucket_is_away(bucket: Bucket, settings: Any, tmp_path: Path) -> None:
    digest = files.keep(b"kept before")
    files.path_of(digest).unlink()
    settings.S3 = away(bucket)
    whole = tmp_path / "whole"
    whole.write_bytes(b"attachment")
    for act in (
        lambda: files.keep(b"new"),
        lambda: files.keep_sealed([b"new"]),
        lambda: files.keep_file(whole, "4" * 64),
        lambda: files.read(digest),
    ):
        with pytest.raises(StoreAway, match="没有生效"):
            act()
    assert _here(settings) == [] and whole.read_bytes() == b"attachment"
    settings.S3 = Bucket(**{**{f: getattr(bucket, f) for f in bucket.__dataclass_fields__}, "secret": "x"})
    with pytest.raises(StoreAway):
        files.keep(b"new")
    settings.S3 = bucket
    assert files.read(digest) == b"kept before"


@NEEDS_A_STORE
def test_the_operator_is_told(bucket: Bucket, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    where = Place(var=settings.FILES.parent, port=8000, mode="training")
    for name in ("ENDPOINT", "BUCKET", "KEY", "SECRET", "PREFIX"):
        value = getattr(bucket, {"BUCKET": "name"}.get(name, name.lower()))
        monkeypatch.setenv(f"GGZY_S3_{name}", value)
    (found,) = doctor.check_store(where)
    assert found.good and "可以读写" in found.text and bucket.secret not in found.text
    one = files.keep(b"one")
    files.keep(b"two")
    assert "都有" in beside.only_there(bucket, settings.FILES)
    files.path_of(one).unlink()
    assert "1 个文件只在存储桶里" in beside.only_there(bucket, settings.FILES)
    gone = away(bucket)
    assert "没有应答" in beside.only_there(gone, settings.FILES)
    monkeypatch.setenv("GGZY_S3_ENDPOINT", gone.endpoint)
    assert [one.good for one in doctor.check_store(where)] == [False]
    monkeypatch.delenv("GGZY_S3_SECRET")
    (half,) = doctor.check_store(where)
    assert not half.good and "GGZY_S3_SECRET" in half.text


def _sealed_name(party: Any) -> str:
    payload = Bid.objects.get(bidder__uscc=party.uscc, state=Bid.LIVE).payload
    return f"sealed/{payload[:2]}/{payload}"


@NEEDS_A_STORE
def test_bids_outlive_the_disk_and_a_bucket_that_is_away_is_nobodys_fault(
    platform: Any, bucket: Bucket, settings: Any, folder: Path
) -> None:
    tale = Tale(platform, folder).published()
    settings.S3 = away(bucket)
    with pytest.raises(Problem) as refused:
        tale.bid("jia")
    assert (refused.value.status, refused.value.code) == (503, "files.store_away")
    assert not Bid.objects.exists() and not list((settings.FILES / "sealed").glob("*/*"))

    settings.S3 = bucket
    offer = folder / "offer.bin"
    offer.write_bytes(secrets.token_bytes(1000))
    tale.bid("jia", attachments=[offer])
    tale.bid("yi")
    tale.bid("bing")
    names = {name: _sealed_name(tale.bidder(name)) for name in ("jia", "yi", "bing")}
    assert set(names.values()) <= set(bucket.names())
    # a refused one is in neither place
    before = set(bucket.names())
    with pytest.raises(Problem) as unsealed:
        parts = {name: (name, b"{}") for name in ("manifest", "signature", "envelope", "payload")}
        tale.bidder("jia").ask("POST", f"/rounds/{tale.round}/bids", files=parts)
    assert unsealed.value.code == "bidding.unsealed"
    assert set(bucket.names()) == before and len(list((settings.FILES / "sealed").glob("*/*"))) == 3

    # the disk is lost but for one, whose attachments cannot be kept then; one object was changed, one is gone
    for name in ("yi", "bing"):
        (settings.FILES / names[name]).unlink()
    _put(bucket, names["yi"], b"age-encryption.org/v1\nsomething else", folder)
    bucket.drop(names["bing"])
    assert names["bing"] not in set(bucket.names())
    platform.sequence()
    platform.advance(tale.deadline + timedelta(seconds=1))
    tale.owner.post(f"/tenders/{tale.tender['tender']}/opening")
    settings.S3 = away(bucket)
    for name in ("jia", "yi", "bing"):
        tale.release(name)
    platform.work()
    rows = BidOpening.objects.select_related("bid")
    assert {row.state for row in rows.all()} == {BidOpening.RELEASED}
    waiting = Timer.objects.filter(kind="opening.decrypt", done_at=None)
    assert [timer.trouble.partition(":")[0] for timer in waiting] == ["StoreAway"] * 3
    kept = hashlib.sha256(offer.read_bytes()).hexdigest()
    assert not list((settings.FILES / "opening").glob("*"))
    assert not (settings.FILES / "documents" / kept[:2] / kept).exists()
    shutil.rmtree(settings.FILES / "sealed")

    settings.S3 = bucket
    platform.advance(platform.now + timedelta(seconds=61))
    after = {row.bid.payload: (row.state, row.reason) for row in rows.all()}
    state, reason = after[names["jia"].rpartition("/")[2]]
    assert (state, reason) == (BidOpening.OPENED, "")
    assert f"documents/{kept[:2]}/{kept}" in set(bucket.names()) and files.read(kept) == offer.read_bytes()
    state, reason = after[names["yi"].rpartition("/")[2]]
    assert state == BidOpening.WITHDRAWN and "与接收时不一致" in reason
    state, reason = after[names["bing"].rpartition("/")[2]]
    assert state == BidOpening.WITHDRAWN and "缺失" in reason
