"""The log over HTTP: what a C2SP client fetches, and nothing that was not published."""

import gzip

import pytest
from django.test import Client

from ggzy.evidence import anchor, keys, notes, queries, sequencer, tlog

from .conftest import AGENCY, NOON, REAL

pytestmark = [pytest.mark.django_db, pytest.mark.urls("ggzy.api.log")]


@pytest.fixture
def get():
    return Client().get


def many(act, count):
    for _ in range(count):
        act("x.y", subject="s", actor=AGENCY, legal_at=NOON)


def test_before_the_first_checkpoint_there_is_nothing(get):
    for path in ("/log/checkpoint", "/log/tile/0/000.p/1", "/log/tile/entries/000.p/1"):
        answer = get(path)
        assert answer.status_code == 404
        assert answer["Cache-Control"] == "no-store"


def test_a_client_rebuilds_the_log_from_what_is_served(act, get):
    many(act, 300)
    sequencer.catch_up(REAL)
    answer = get("/log/checkpoint")
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert answer["Cache-Control"] == "public, max-age=1"
    assert answer.content.decode() == anchor.path().read_text()
    checkpoint = notes.open_checkpoint(answer.content.decode(), keys.log_vkey())

    leaves = []
    for path in ("/log/tile/entries/000", f"/log/tile/entries/001.p/{checkpoint.size - 256}"):
        answer = get(path)
        assert answer["Content-Type"] == "application/octet-stream"
        assert "immutable" in answer["Cache-Control"]
        leaves += tlog.unbundle(answer.content)
    hashes = [tlog.leaf_hash(leaf) for leaf in leaves]
    assert tlog.Pyramid(hashes).root == checkpoint.root
    assert get("/log/tile/0/000").content == b"".join(hashes[:256])
    assert get(f"/log/tile/0/001.p/{checkpoint.size - 256}").content == b"".join(hashes[256:])
    assert get("/log/tile/1/000.p/1").content == tlog.Pyramid(hashes[:256]).root


def test_every_size_once_published_stays_served(act, get):
    many(act, 3)
    sequencer.run_once(REAL)
    narrow = get("/log/tile/0/000.p/3").content
    many(act, 300)
    sequencer.run_once(REAL)
    assert get("/log/tile/0/000.p/3").content == narrow == get("/log/tile/0/000").content[:96]


def test_what_is_placed_and_not_published_is_not_served(act, get):
    many(act, 2)
    sequencer._place()
    assert get("/log/tile/0/000.p/2").status_code == 404
    assert get("/log/tile/entries/000.p/2").status_code == 404
    sequencer._publish(REAL)
    assert get("/log/tile/0/000.p/2").status_code == 200
    assert get("/log/tile/0/000.p/3").status_code == 404
    assert get("/log/tile/0/000").status_code == 404
    assert get("/log/tile/1/000.p/1").status_code == 404


@pytest.mark.parametrize(
    "path", ["0/0", "0/x000/000", "64/000", "entries/1", "0/000.p/256", "0/../checkpoint", "x", "0/000/"]
)
def test_another_spelling_is_not_a_tile(act, get, path):
    many(act, 1)
    sequencer.run_once(REAL)
    answer = get(f"/log/tile/{path}")
    assert answer.status_code == 404
    assert "瓦片" in answer.content.decode()


def test_entries_are_compressed_for_who_asks(act, get):
    many(act, 200)
    sequencer.run_once(REAL)
    plain = get("/log/tile/entries/000.p/200")
    packed = get("/log/tile/entries/000.p/200", HTTP_ACCEPT_ENCODING="gzip")
    assert packed["Content-Encoding"] == "gzip"
    assert plain["Vary"] == packed["Vary"] == "Accept-Encoding"
    assert gzip.decompress(packed.content) == plain.content
    assert len(packed.content) < len(plain.content) / 2


def test_feeds_skip_nothing_and_end_at_what_is_published(act):
    for n in range(7):
        act("x.y", ocid=f"ocds-{n % 2}", public={"n": n})
    sequencer.run_once(REAL)
    act("later.on", ocid="ocds-0")
    sequencer._place()
    seen, after = [], -1
    while page := queries.feed(after=after, limit=3):
        seen += page
        after = page[-1].index
    assert [row.index for row in seen] == list(range(7))
    assert [row.fields for row in seen] == [{"n": n} for n in range(7)]
    assert [row.index for row in queries.acts_of("ocds-0")] == [0, 2, 4, 6]
    assert not queries.feed(after=-1, limit=0)


def test_the_log_is_only_read():
    assert Client().post("/log/checkpoint").status_code == 405
