"""What was uploaded in pieces is handed in on the pages: used once by who uploaded it, kept while it is refused."""

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from ggzy.bidding.models import Bid
from ggzy.client import bids
from ggzy.kernel import files, uploads
from tests.journeys.tale import Tale
from tests.portals.test_work import Person


def _small_parts(folder: Path) -> dict[str, Any]:
    return {
        part: SimpleUploadedFile(path.name, path.read_bytes())
        for part, path in bids.files_of(folder).items()
        if part != "payload"
    }


def _uploaded(person: Person, data: bytes, *, of: int = 0) -> str:
    reply = person.client.post(
        "/uploads", headers={"Tus-Resumable": "1.0.0", "Upload-Length": str(of or len(data))}
    )
    assert reply.status_code == 201 and reply["Location"].startswith("/uploads/")
    address = str(reply["Location"]).rsplit("/", 1)[1]
    uploads.find(address)[0].write_bytes(data)
    return address


def _refused(person: Person, where: str, folder: Path, upload: str) -> str:
    reply = person.client.post(
        where, {**_small_parts(folder), "upload": upload}, headers={"Accept": "application/json"}
    )
    assert reply.status_code >= 400
    return str(reply.json()["code"])


@pytest.fixture
def jia(committed_platform: Any, settings: Any, tmp_path: Path) -> Person:
    settings.FILES = tmp_path / "files"
    return Person(committed_platform, "jia")


def test_an_upload_becomes_a_bid_once(committed_platform: Any, jia: Person, folder: Path) -> None:
    tale = Tale(committed_platform, folder).published()
    tale.bid("jia")
    sealed, where = folder / tale.round / "jia", f"/work/rounds/{tale.round}/submit"
    data = (sealed / "bid.age").read_bytes()
    upload = _uploaded(jia, data)
    assert _refused(Person(committed_platform, "yi"), where, sealed, upload) == "uploads.none"
    assert _refused(jia, where, sealed, "0" * 16 + "-" + "0" * 32) == "uploads.none"
    assert _refused(jia, where, sealed, _uploaded(jia, data[:-1], of=len(data))) == "uploads.not_whole"
    broken = _uploaded(jia, data[:-1] + b"x")
    assert _refused(jia, where, sealed, broken) == "bidding.package_broken"
    # refused ones stay for the next try; nothing of them was taken
    assert uploads.find(broken) and Bid.objects.count() == 1
    jia.post(where, **_small_parts(sealed), upload=upload)
    assert Bid.objects.count() == 2
    assert files.sealed_path(Bid.objects.get(state=Bid.LIVE).payload).read_bytes() == data
    assert _refused(jia, where, sealed, upload) == "uploads.none"


def test_late_is_late_also_in_pieces(committed_platform: Any, jia: Person, folder: Path) -> None:
    tale = Tale(committed_platform, folder).closed("jia")
    sealed = folder / tale.round / "jia"
    upload = _uploaded(jia, (sealed / "bid.age").read_bytes())
    assert _refused(jia, f"/work/rounds/{tale.round}/submit", sealed, upload) == "bidding.too_late"
