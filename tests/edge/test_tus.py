"""Resumable uploads: the protocol's rules at the edge, a line that breaks, and the official Python client on a real port."""

import asyncio
import os
import secrets
import socket
import time
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from ggzy.client import bids, story
from ggzy.client import uploads as client
from ggzy.client.party import Problem
from ggzy.edge.asgi import Edge
from ggzy.kernel import uploads
from tests.journeys.tale import Tale

from .served import served
from .support import Request

TUS = (b"tus-resumable", b"1.0.0")
STREAM = (b"content-type", b"application/offset+octet-stream")


def run(story_: Any) -> Any:
    return asyncio.run(asyncio.wait_for(story_, 30))


@pytest.fixture
def begun(settings: Any, tmp_path: Path) -> str:
    settings.FILES = tmp_path
    return uploads.begin(owner="1", length=10)


async def ask(address: str, method: str, *headers: tuple[bytes, bytes], body: bytes = b"") -> Any:
    request = Request(Edge(lambda *_: []), f"/uploads/{address}", method=method, headers=headers)
    return await request.body(body).answer()


def patch(address: str, offset: int, body: bytes) -> tuple[int, dict[str, str], bytes]:
    at = (b"upload-offset", str(offset).encode())
    answer: tuple[int, dict[str, str], bytes] = run(ask(address, "PATCH", TUS, STREAM, at, body=body))
    return answer


def told(address: str) -> tuple[int, str]:
    status, headers, _ = run(ask(address, "HEAD", TUS))
    return status, headers.get("upload-offset", "")


def test_bytes_arrive_in_as_many_requests_as_it_takes(begun: str) -> None:
    assert told(begun) == (200, "0")
    status, headers, _ = patch(begun, 0, b"01234")
    assert (status, headers["upload-offset"], headers["tus-resumable"]) == (204, "5", "1.0.0")
    assert "upload-expires" in headers
    assert patch(begun, 0, b"x")[0] == 409 and patch(begun, 7, b"x")[0] == 409
    with pytest.raises(uploads.UploadNotWhole):
        uploads.whole(begun, owner="1")
    assert patch(begun, 5, b"56789")[1]["upload-offset"] == "10"
    assert b"".join(uploads.pieces(uploads.whole(begun, owner="1"))) == b"0123456789"
    with pytest.raises(uploads.NoUpload):
        uploads.whole(begun, owner="2")


def test_a_broken_line_keeps_what_arrived(begun: str) -> None:
    async def cut() -> None:
        headers = (TUS, STREAM, (b"upload-offset", b"0"))
        request = Request(Edge(lambda *_: []), f"/uploads/{begun}", method="PATCH", headers=headers)
        request.body(b"0123", more=True)
        await asyncio.sleep(0.05)
        request.hang_up()
        await request.task

    run(cut())
    assert told(begun) == (200, "4")
    assert patch(begun, 4, b"456789")[0] == 204


def test_two_lines_do_not_write_one_upload(begun: str) -> None:
    async def both() -> int:
        headers = (TUS, STREAM, (b"upload-offset", b"0"))
        first = Request(Edge(lambda *_: []), f"/uploads/{begun}", method="PATCH", headers=headers)
        first.body(b"01", more=True)
        await asyncio.sleep(0.05)
        status, _, _ = await ask(begun, "PATCH", *headers, body=b"x")
        first.body(b"23")
        await first.answer()
        return int(status)

    assert run(both()) == 423
    assert told(begun) == (200, "4")


def test_how_far_is_told_once_the_broken_line_has_let_go(begun: str) -> None:
    async def asked_early() -> str:
        headers = (TUS, STREAM, (b"upload-offset", b"0"))
        request = Request(Edge(lambda *_: []), f"/uploads/{begun}", method="PATCH", headers=headers)
        request.body(b"0123", more=True)
        await asyncio.sleep(0.05)
        asking = asyncio.create_task(ask(begun, "HEAD", TUS))
        await asyncio.sleep(0.05)
        request.hang_up()
        _, said, _ = await asking
        await request.task
        return str(said["upload-offset"])

    assert run(asked_early()) == "4"


def test_no_more_than_was_announced_is_kept(begun: str) -> None:
    assert patch(begun, 0, b"0123456789abc")[0] == 413
    assert told(begun) == (200, "10")


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        ("HEAD", (), 412),
        ("PATCH", (TUS, (b"upload-offset", b"0")), 415),
        ("PATCH", (TUS, STREAM), 400),
        ("PATCH", (TUS, STREAM, (b"upload-offset", b"-1")), 400),
        ("GET", (TUS,), 405),
        ("OPTIONS", (), 204),
    ],
)
def test_the_rules_of_the_protocol(begun: str, method: str, headers: Any, status: int) -> None:
    found, said, _ = run(ask(begun, method, *headers))
    assert found == status
    if method == "OPTIONS":
        assert (said["tus-version"], said["tus-extension"]) == ("1.0.0", "creation,termination,expiration")


def test_given_up_swept_and_never_begun(begun: str) -> None:
    assert run(ask(begun, "DELETE", TUS))[0] == 204
    assert told(begun)[0] == 404
    for nowhere in ("x", "../../etc/passwd", f"{'0' * 16}-{'0' * 32}"):
        assert told(nowhere)[0] == 404
    old = uploads.begin(owner="1", length=3)
    path, _ = uploads.find(old)
    os.utime(path, (time.time() - uploads.KEPT_SECONDS - 9,) * 2)
    for _ in range(uploads.MOST_AT_ONCE):
        uploads.begin(owner="1", length=3)
    assert told(old)[0] == 404
    with pytest.raises(uploads.TooManyUploads):
        uploads.begin(owner="1", length=3)
    uploads.begin(owner="2", length=3)


def test_a_name_tells_nothing_of_whose_it_is(begun: str, settings: Any) -> None:
    path, _ = uploads.find(begun)
    settings.SECRET_KEY = "another"
    assert uploads.find(uploads.begin(owner="1", length=10))[0].parent != path.parent


@pytest.mark.django_db(transaction=True)
def test_the_official_client_resumes_and_the_upload_becomes_a_bid(
    committed_platform: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tusclient.client import TusClient

    tale = Tale(committed_platform, folder).published()
    with served() as base:
        jia = story.demo_party(base, "jia")
        jia.name, jia.uscc = tale.bidder("jia").name, tale.bidder("jia").uscc
        big = folder / "技术标.bin"
        big.parent.mkdir(parents=True, exist_ok=True)
        big.write_bytes(secrets.token_bytes(3_000_000))
        fields = {"bidder": jia.name, "uscc": jia.uscc, "price": "9000000.00", "duration_days": 300}
        sealed = bids.seal(
            party=jia,
            round_id=tale.round,
            ocid=tale.tender["ocid"],
            fields=fields,
            attachments=[big],
            into=folder / "sealed",
        )
        payload = sealed / "bid.age"
        tus = TusClient(f"{base}/uploads", headers={"Authorization": f"Bearer {jia.token}"})
        uploader = tus.uploader(str(payload), chunk_size=1_000_000)
        uploader.upload(stop_at=1_000_000)
        # the line breaks in the middle of the next piece
        address = uploader.url.removeprefix(base)
        head = (
            f"PATCH {address} HTTP/1.1\r\nHost: x\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: 1000000\r\n"
            "Content-Type: application/offset+octet-stream\r\nContent-Length: 900000\r\n\r\n"
        )
        with socket.create_connection(("127.0.0.1", int(base.rsplit(":", 1)[1]))) as line:
            line.sendall(head.encode() + payload.read_bytes()[1_000_000:1_400_000])
            time.sleep(0.3)
        again = tus.uploader(str(payload), chunk_size=1_000_000, url=uploader.url)
        assert again.get_offset() == 1_400_000
        again.upload()
        name = uploader.url.rsplit("/", 1)[1]

        parts = {n: (f, (sealed / f).read_bytes()) for n, f in bids.FILES.items()}
        yi = story.demo_party(base, "yi")
        with pytest.raises(Problem) as foreign:
            yi.ask("POST", f"/rounds/{tale.round}/bids?upload={name}", files=parts)
        assert foreign.value.code == "uploads.none"
        made = jia.ask("POST", f"/rounds/{tale.round}/bids?upload={name}", files=parts)
        assert made["acknowledgement"]
        mark, number = name.split("-")
        assert not list((settings.FILES / "uploads" / mark).glob(f"{number}.*"))

        # our own client: begun before, gone on with, and used
        monkeypatch.setattr(bids, "PIECES_FROM", 1_000_000)
        monkeypatch.setattr(client, "PIECE", 700_000)
        address, _ = client._begun(jia, payload, payload.stat().st_size)
        jia.raw(
            "PATCH",
            address,
            headers={
                "Tus-Resumable": "1.0.0",
                "Upload-Offset": "0",
                "Content-Type": "application/offset+octet-stream",
            },
            content=payload.read_bytes()[:500_000],
        )
        replaced = bids.submit(party=jia, round_id=tale.round, folder=sealed)
        assert replaced["replaced"] and not (sealed / "bid.age.upload").exists()
        own = [b for b in jia.get("/bids")["bids"] if b["state"] == "live" and b["round"] == tale.round]
        assert [b["size"] for b in own] == [payload.stat().st_size]
        with pytest.raises(Problem) as public:
            client.upload(story.demo_party(base, "zhongxin"), big)
        assert public.value.status == 403
