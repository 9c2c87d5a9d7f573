"""Parts of a file: which bytes a header asks for, and what is sent."""

import pytest
from django.test import RequestFactory

from ggzy.portals.ranges import asked_part, send_file

pytestmark = pytest.mark.pure


@pytest.mark.parametrize(
    ("asked", "part"),
    [
        ("bytes=0-9", (0, 10)),
        ("bytes=5-", (5, 100)),
        ("bytes=99-99", (99, 100)),
        ("bytes=90-999", (90, 100)),
        ("bytes=-10", (90, 100)),
        ("bytes=-1000", (0, 100)),
        ("bytes= 0 - 9", (0, 10)),
        ("bytes=9-0", None),
        ("bytes=-", None),
        ("bytes=0-1,5-6", None),
        ("items=0-9", None),
        ("bytes=a-b", None),
        ("bytes=+1-9", None),
        ("", None),
    ],
)
def test_which_bytes_are_asked_for(asked, part):
    assert asked_part(asked, 100) == part


@pytest.mark.parametrize("asked", ["bytes=100-", "bytes=100-200", "bytes=-0"])
def test_no_byte_of_the_file(asked):
    with pytest.raises(ValueError, match="no byte"):
        asked_part(asked, 100)


@pytest.fixture
def send(tmp_path):
    path = tmp_path / "a.pdf"
    path.write_bytes(bytes(range(256)) * 4096)

    def ask(method="get", **headers):
        request = getattr(RequestFactory(), method)("/", headers=headers)
        answer = send_file(request, path, mark="m1", content_type="application/pdf", filename="a.pdf")
        body = b"".join(answer) if answer.streaming else answer.content
        answer.close()
        return answer, body

    return ask


def test_a_part_is_sent_alone(send):
    answer, body = send(range="bytes=255-65790")
    assert (answer.status_code, answer["Content-Length"]) == (206, "65536") and len(body) == 65536
    assert answer["Content-Range"] == "bytes 255-65790/1048576"
    assert body[:3] == b"\xff\x00\x01" and body[-1] == 65790 % 256


def test_the_whole_says_that_parts_may_be_asked_for(send):
    answer, body = send()
    assert (answer.status_code, answer["Accept-Ranges"], answer["ETag"]) == (200, "bytes", '"m1"')
    assert answer["Content-Length"] == "1048576" and len(body) == 1048576


def test_parts_are_never_of_two_files(send):
    assert send(range="bytes=0-9", if_range='"m1"')[0].status_code == 206
    answer, body = send(range="bytes=0-9", if_range='"m2"')
    assert answer.status_code == 200 and len(body) == 1048576
    assert send(range="bytes=0-9", if_range="Mon, 02 Mar 2026 00:00:00 GMT")[0].status_code == 200


def test_beyond_the_end_is_refused_with_the_length(send):
    answer, body = send(range="bytes=1048576-")
    assert (answer.status_code, answer["Content-Range"], body) == (416, "bytes */1048576", b"")


def test_only_a_get_has_parts(send):
    assert send("head", range="bytes=0-9")[0].status_code == 200
