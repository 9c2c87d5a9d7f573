"""Stamps' rules: the life of a stamp, which one a sealing takes, which images pass."""

import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ggzy.kernel.actors import Role
from ggzy.kernel.refusals import BadInput, Refusal
from ggzy.seals import rules
from ggzy.seals.rules import CertificateNotBound, Kind, StampState, StampSuspended, State, choose

pytestmark = pytest.mark.pure


def png(width=300, height=300, *, colour=6, depth=8, extra=(), pixels=None, interlace=0):
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    row = 1 + (width * channels * depth + 7) // 8
    data = zlib.compress(bytes(row * height) if pixels is None else pixels)
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlace)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + b"".join(chunk(kind, body) for kind, body in extra)
        + chunk(b"IDAT", data)
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("act", list(rules.MOVES))
@pytest.mark.parametrize("state", list(State))
def test_an_act_starts_from_its_states_alone(act, state):
    starts, leads = rules.MOVES[act]
    if state in starts:
        assert rules.next_state(state, act) is leads
    else:
        with pytest.raises(StampState) as no:
            rules.next_state(state, act)
        assert state.label in no.value.message


def test_what_is_over_stays_over():
    for state in (State.REFUSED, State.WITHDRAWN, State.REPLACED):
        assert all(state not in starts for starts, _ in rules.MOVES.values())


@pytest.mark.parametrize("act", ["refuse", "suspend", "withdraw"])
@pytest.mark.parametrize("reason", ["", " ", "x"])
def test_some_acts_must_say_why(act, reason):
    with pytest.raises(BadInput):
        rules.require_reason(act, reason)
    assert rules.require_reason("approve", reason) == reason.strip()


@pytest.mark.parametrize(
    ("stamps", "purpose", "certificate", "expected"),
    [
        ([], "letter", {"c"}, ""),
        ([(Kind.OFFICIAL, State.IN_FORCE, {"c"}, "o")], "letter", {"c"}, "o"),
        ([(Kind.OFFICIAL, State.IN_FORCE, {"old"}, "o")], "letter", {"c", "old"}, "o"),
        ([(Kind.OFFICIAL, State.IN_FORCE, {"d"}, "o")], "letter", {"c"}, CertificateNotBound),
        ([(Kind.OFFICIAL, State.SUSPENDED, {"c"}, "o")], "letter", {"c"}, StampSuspended),
        ([(Kind.CONTRACT, State.IN_FORCE, {"c"}, "k")], "letter", {"c"}, ""),
        (
            [(Kind.OFFICIAL, State.IN_FORCE, {"c"}, "o"), (Kind.CONTRACT, State.IN_FORCE, {"c"}, "k")],
            "contract",
            {"c"},
            "k",
        ),
        (
            [(Kind.OFFICIAL, State.IN_FORCE, {"c"}, "o"), (Kind.CONTRACT, State.SUSPENDED, {"c"}, "k")],
            "contract",
            {"c"},
            "o",
        ),
    ],
)
def test_a_sealing_takes_the_stamp_that_fits(stamps, purpose, certificate, expected):
    rows = [(k, s, frozenset(c), i) for k, s, c, i in stamps]

    def chosen():
        return choose(
            rows, wanted=rules.wanted_for(purpose, organisation=True), certificate=frozenset(certificate)
        )

    if isinstance(expected, str):
        assert chosen() == expected
    else:
        with pytest.raises(expected):
            chosen()


def test_who_may_have_which_stamps():
    assert rules.kinds_for(Role.EXPERT, organisation=False) == (Kind.PERSONAL,)
    assert Kind.BIDDING in rules.kinds_for(Role.BIDDER, organisation=True)
    assert Kind.BIDDING not in rules.kinds_for(Role.TENDEREE, organisation=True)


@pytest.mark.parametrize("colour", [4, 6])
def test_a_transparent_png_passes(colour):
    assert rules.require_png(png(colour=colour)) == (300, 300)
    assert rules.require_png(png(colour=3, extra=[(b"PLTE", b"\xff\x00\x00"), (b"tRNS", b"\x00")])) == (
        300,
        300,
    )


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "不是PNG"),
        (b"\xff\xd8\xff\xe0", "不是PNG"),
        (b"<svg/>", "不是PNG"),
        (b"\x89PNG\r\n\x1a\n", "损坏"),
        (png()[:-4], "损坏"),
        (png(colour=2), "透明"),
        (png(150, 300), "像素"),
        (png(1600, 1600), "像素"),
        (png(1000, 300), "太扁"),
        (png(interlace=1), "普通的PNG"),
        (png(extra=[(b"acTL", b"\x00" * 8)]), "动画"),
        (png() + b"<script>", "附着别的数据"),
        (png(pixels=bytes(20_000_000)), "损坏"),  # unpacks to more than its size
        (png(pixels=b"\x00"), "损坏"),
        (png() + bytes(600_000), "超过512KB"),
    ],
)
def test_what_is_no_stamp_is_refused_with_its_reason(data, says):
    with pytest.raises(BadInput) as no:
        rules.require_png(data)
    assert says in no.value.message


@given(at=st.integers(0, 400), bit=st.integers(0, 7))
def test_a_damaged_png_is_refused_or_read_and_never_breaks(at, bit):
    data = bytearray(png(200, 200))
    data[at % len(data)] ^= 1 << bit
    try:
        rules.require_png(bytes(data))
    except Refusal as no:
        assert no.message
