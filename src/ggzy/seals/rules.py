"""What stamps there are, where each stands in its life, which one a sealing takes, and which images pass. Pure."""

import struct
import zlib
from collections.abc import Iterable, Mapping
from enum import StrEnum

from ggzy.kernel.actors import Role
from ggzy.kernel.refusals import BadInput, Refusal


class Kind(StrEnum):
    """The kinds of stamps 印章."""

    OFFICIAL = "official"
    CONTRACT = "contract"
    BIDDING = "bidding"
    LEGAL = "legal"
    PERSONAL = "personal"

    @property
    def label(self) -> str:
        """Return the word people read."""
        return _KINDS[self]

    @property
    def square(self) -> bool:
        """Say whether it bears a person's name: square, without a star."""
        return self in (Kind.LEGAL, Kind.PERSONAL)


_KINDS = {
    Kind.OFFICIAL: "单位公章",
    Kind.CONTRACT: "合同专用章",
    Kind.BIDDING: "投标专用章",
    Kind.LEGAL: "法定代表人名章",
    Kind.PERSONAL: "个人签名章",
}


class State(StrEnum):
    """Where a stamp stands."""

    APPLIED = "applied"
    IN_FORCE = "in_force"
    REFUSED = "refused"
    SUSPENDED = "suspended"
    WITHDRAWN = "withdrawn"
    REPLACED = "replaced"

    @property
    def label(self) -> str:
        """Return the word people read."""
        return _STATES[self]


_STATES = {
    State.APPLIED: "待审核",
    State.IN_FORCE: "在用",
    State.REFUSED: "未通过",
    State.SUSPENDED: "已停用",
    State.WITHDRAWN: "已注销",
    State.REPLACED: "已更换",
}

#: act → (states it starts from, state it leads to)
MOVES: Mapping[str, tuple[frozenset[State], State]] = {
    "approve": (frozenset({State.APPLIED}), State.IN_FORCE),
    "refuse": (frozenset({State.APPLIED}), State.REFUSED),
    "suspend": (frozenset({State.IN_FORCE}), State.SUSPENDED),
    "resume": (frozenset({State.SUSPENDED}), State.IN_FORCE),
    "withdraw": (frozenset({State.APPLIED, State.IN_FORCE, State.SUSPENDED}), State.WITHDRAWN),
    "replace": (frozenset({State.IN_FORCE, State.SUSPENDED}), State.REPLACED),
}
ACTS = {
    "apply": "申请",
    "approve": "审核通过",
    "refuse": "审核不通过",
    "suspend": "停用",
    "resume": "恢复使用",
    "withdraw": "注销",
    "replace": "被新印章更换",
    "bind": "绑定证书",
}
#: acts that must say why
NEED_REASON = frozenset({"refuse", "suspend", "withdraw"})


class StampState(Refusal):
    """The stamp does not stand where this act starts."""

    code = "seals.wrong_state"


def next_state(state: State, act: str) -> State:
    """Return where an act leads from a state.

    :raises StampState: it does not start there
    """
    starts, leads = MOVES[act]
    if state not in starts:
        raise StampState(f"这枚印章{state.label}, 不能{ACTS[act]}, 请刷新后查看它的现状")
    return leads


def require_reason(act: str, reason: str) -> str:
    """Return the reason of an act, stripped.

    :raises BadInput: an act that must say why does not, or it is too long
    """
    said = reason.strip()
    if act in NEED_REASON and len(said) < 2:
        raise BadInput(f"{ACTS[act]}要写明理由, 申请人看得到", field="reason")
    if len(said) > 300:
        raise BadInput("理由不超过300字", field="reason")
    return said


def kinds_for(role: Role, *, organisation: bool) -> tuple[Kind, ...]:
    """Return what an account of a role may apply for."""
    if not organisation:
        return (Kind.PERSONAL,)
    extra = (Kind.BIDDING,) if role is Role.BIDDER else ()
    return (Kind.OFFICIAL, Kind.CONTRACT, *extra, Kind.LEGAL, Kind.PERSONAL)


def wanted_for(purpose: str, *, organisation: bool) -> tuple[Kind, ...]:
    """Return the kinds that fit a sealing, the best first."""
    if not organisation:
        return (Kind.PERSONAL,)
    return (Kind.CONTRACT, Kind.OFFICIAL) if purpose == "contract" else (Kind.OFFICIAL,)


class StampSuspended(Refusal):
    """The stamp that this sealing would take is suspended."""

    code = "seals.suspended"


class CertificateNotBound(Refusal):
    """The stamp is bound to other certificates than the signer's."""

    code = "seals.certificate_not_bound"


_OWN_STAMPS = (("我的印章", "/work/seals"),)


def choose(
    stamps: Iterable[tuple[Kind, State, frozenset[str], str]],
    *,
    wanted: tuple[Kind, ...],
    certificate: frozenset[str],
) -> str:
    """Return the id of the stamp (kind, state, fingerprints, id) that a sealing takes; "" where the holder has none.

    `certificate` are the fingerprints of the signer's certificate and of those that it renews.

    :raises StampSuspended: the holder's only one of these kinds is suspended
    :raises CertificateNotBound: it is in force and the signer's certificate is not bound to it
    """
    rows = [row for row in stamps if row[0] in wanted]
    for kind in wanted:
        for _, _, bound, found in (r for r in rows if r[0] is kind and r[1] is State.IN_FORCE):
            if not bound & certificate:
                raise CertificateNotBound(
                    f"您的证书没有绑定本单位的{kind.label}, 不能用它签章: 请已绑定证书的同事到“我的印章”绑定您的证书",
                    next_steps=_OWN_STAMPS,
                )
            return found
    for kind, state, _, _ in rows:
        if state is State.SUSPENDED:
            raise StampSuspended(
                f"{kind.label}已停用, 停用期间不能签章: 请联系交易中心恢复使用, 或重新申请印章",
                next_steps=_OWN_STAMPS,
            )
    return ""


#: bounds of an image: bytes, pixels of a side, and how far from square
MOST_BYTES, LEAST_SIDE, MOST_SIDE = 512 * 1024, 200, 1500
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_GREY_ALPHA, _COLOUR_ALPHA, _PALETTE = 4, 6, 3
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


def require_png(data: bytes) -> tuple[int, int]:
    """Return width and height of an image that may become a stamp: a whole PNG, transparent, of a sensible size.

    Every chunk's length and checksum is looked at, and the pixels are unpacked to exactly the size the head names, so
    that a small file cannot unpack to a large one later.

    :raises BadInput: with what is wrong
    """
    if len(data) > MOST_BYTES:
        raise BadInput(f"印章图片超过{MOST_BYTES // 1024}KB, 请压缩后再上传", field="image")
    if not data.startswith(_SIGNATURE):
        raise BadInput("印章图片应为PNG格式(背景透明), 这个文件不是PNG", field="image")
    chunks = list(_chunks(data))
    if not chunks or chunks[0][0] != b"IHDR" or len(chunks[0][1]) != 13 or chunks[-1][0] != b"IEND":
        raise _broken()
    width, height, depth, colour, _, _, interlace = struct.unpack(">IIBBBBB", chunks[0][1])
    if not (LEAST_SIDE <= width <= MOST_SIDE and LEAST_SIDE <= height <= MOST_SIDE):
        raise BadInput(
            f"印章图片的宽和高应在{LEAST_SIDE}到{MOST_SIDE}像素之间, 这张是{width}×{height}", field="image"
        )
    if max(width, height) > 2 * min(width, height):
        raise BadInput("印章图片太扁或太窄, 请裁剪到印章边缘(接近正方形)", field="image")
    if any(kind == b"acTL" for kind, _ in chunks):
        raise BadInput("印章图片不能是动画", field="image")
    transparent = colour in (_GREY_ALPHA, _COLOUR_ALPHA) or any(kind == b"tRNS" for kind, _ in chunks)
    if not transparent:
        raise BadInput("印章图片的背景应是透明的(PNG透明通道), 否则会遮住文件上的字", field="image")
    if interlace or colour not in _CHANNELS or depth not in (1, 2, 4, 8, 16):
        raise BadInput("请另存为普通的PNG图片(不要隔行扫描)后再上传", field="image")
    row = 1 + (width * _CHANNELS[colour] * depth + 7) // 8
    _require_pixels(b"".join(body for kind, body in chunks if kind == b"IDAT"), row * height)
    return width, height


def _chunks(data: bytes) -> Iterable[tuple[bytes, bytes]]:
    at = len(_SIGNATURE)
    while at < len(data):
        if at + 12 > len(data):
            raise _broken()
        size, kind = struct.unpack(">I4s", data[at : at + 8])
        body, crc = data[at + 8 : at + 8 + size], data[at + 8 + size : at + 12 + size]
        if len(crc) != 4 or zlib.crc32(kind + body) != struct.unpack(">I", crc)[0]:
            raise _broken()
        yield kind, body
        at += 12 + size
        if kind == b"IEND":
            if at != len(data):
                raise BadInput("印章图片后面还附着别的数据, 请重新导出后再上传", field="image")
            return


def _require_pixels(packed: bytes, size: int) -> None:
    unpacking = zlib.decompressobj()
    try:
        pixels = unpacking.decompress(packed, size + 1)
    except zlib.error:
        raise _broken() from None
    if len(pixels) != size:
        raise _broken()


def _broken() -> BadInput:
    return BadInput("印章图片不完整或已损坏, 请重新导出后再上传", field="image")
