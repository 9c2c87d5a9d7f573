"""What stands on a paper, from facts on record. Pure.

A paper is its content: title, whom it is for, facts, sentences, tables. The PDF, the page behind its code and the
print show the same content and nothing else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from ggzy.kernel.clock import BEIJING
from ggzy.kernel.refusals import Citation


class Kind(StrEnum):
    """The papers of a round."""

    OPENING_TABLE = "opening_table"
    OPENING_SIGN_IN = "opening_sign_in"
    COMMITTEE_SIGN_IN = "committee_sign_in"
    RESULT_LETTER = "result_letter"

    @property
    def label(self) -> str:
        """Return the name on the paper."""
        return _LABELS[self]

    @property
    def basis(self) -> Citation:
        """Return the clause that asks for what it says."""
        return _BASES[self]

    @property
    def public(self) -> bool:
        """Say whether anyone may read it: what is on it was read out, and is published as the opening record."""
        return self in {Kind.OPENING_TABLE, Kind.OPENING_SIGN_IN}

    @property
    def tenderee_only(self) -> bool:
        """Say whether only the tenderee itself seals it, never its agency."""
        return self is Kind.RESULT_LETTER


_LABELS = {
    Kind.OPENING_TABLE: "开标一览表",
    Kind.OPENING_SIGN_IN: "开标签到表",
    Kind.COMMITTEE_SIGN_IN: "评标签到表",
    Kind.RESULT_LETTER: "中标结果通知书",
}
_BASES = {
    Kind.OPENING_TABLE: Citation("电子招标投标办法", "第三十二条"),
    Kind.OPENING_SIGN_IN: Citation("电子招标投标办法", "第二十九条"),
    Kind.COMMITTEE_SIGN_IN: Citation("招标投标法", "第三十七条"),
    Kind.RESULT_LETTER: Citation("招标投标法", "第四十五条"),
}


@dataclass(frozen=True, kw_only=True)
class Table:
    """One table of a paper; `widths` are the relative widths of its columns."""

    columns: tuple[str, ...]
    widths: tuple[int, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, kw_only=True)
class Content:
    """Everything that a paper says."""

    title: str
    issuer: str
    day: str
    to: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    lines: tuple[str, ...] = ()
    tables: tuple[Table, ...] = field(default=())

    def as_json(self) -> dict[str, Any]:
        """Return the content as it is kept and hashed."""
        return asdict(self)


def _moment(value: datetime | str | None) -> str:
    if not value:
        return "—"
    found = datetime.fromisoformat(value) if isinstance(value, str) else value
    return f"{found.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}"


def _day(value: datetime) -> str:
    local = value.astimezone(BEIJING)
    return f"{local.year}年{local.month}月{local.day}日"


def _manager(value: Any) -> str:
    return str(value.get("name", "")) if isinstance(value, Mapping) else str(value or "")


@dataclass(frozen=True, kw_only=True)
class Place:
    """Of which tender, lot and round a paper is."""

    tender: str
    lot: str
    number: int
    deal_code: str
    tenderee: str

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """Return the rows that every paper begins with."""
        again = f"（第{self.number}次招标）" if self.number > 1 else ""
        return (
            ("招标项目", self.tender),
            ("标段", f"{self.lot}{again}"),
            ("统一交易标识码", self.deal_code),
            ("招标人", self.tenderee),
        )


def opening_table(record: Mapping[str, Any], *, place: Place, host: str, ended_at: datetime) -> Content:
    """Return the 开标一览表: what was read out of each bid, exactly as the signed record has it (电子办法32)."""
    states = {"opened": "已解密", "revoked": "视为撤销", "withdrawn": "视为撤回"}
    rows = []
    for number, bid in enumerate(record["bids"], 1):
        opened = bid["state"] == "opened"
        members = f"（联合体: {'、'.join(bid['members'])}）" if bid.get("members") else ""
        rows.append(
            (
                str(number),
                f"{bid['bidder']}{members}",
                f"{Decimal(bid['price']):,.2f}" if opened and bid["price"] is not None else "—",
                str(bid["duration_days"]) if opened else "—",
                str(bid.get("quality") or "—") if opened else "—",
                _manager(bid.get("manager")) or "—",
                states.get(bid["state"], bid["state"]) + (f": {bid['reason']}" if bid["reason"] else ""),
            )
        )
    said = [f"异议: {o['text']}　答复: {o['answer']}" for o in record.get("objections", [])]
    return Content(
        title="开标一览表",
        issuer=host,
        day=_day(ended_at),
        facts=(
            *place.facts,
            ("投标截止", _moment(record["bid_deadline"])),
            ("宣布开标", _moment(record["opened_at"])),
            ("开标结束", _moment(ended_at)),
            ("主持单位", host),
        ),
        tables=(
            Table(
                columns=("序号", "投标人", "投标报价(元)", "工期(日历天)", "质量", "项目负责人", "解密"),
                widths=(2, 8, 6, 3, 3, 3, 5),
                rows=tuple(rows),
            ),
        ),
        lines=(
            *(
                f"投标保证金　{bid['bidder']}: {bid['deposit']}"
                for bid in record["bids"]
                if bid.get("deposit")
            ),
            *(said or ("当场没有异议。",)),
        ),
    )


@dataclass(frozen=True, kw_only=True)
class Present:
    """One bidder at the opening: when it checked in, when its key came, when it confirmed the record."""

    bidder: str
    checked_in_at: datetime | None
    released_at: datetime | None
    confirmed_at: datetime | None


def opening_sign_in(
    present: Sequence[Present], *, place: Place, host: str, opened_at: datetime, ended_at: datetime
) -> Content:
    """Return the 开标签到表: who took part on line, by what they did there with their certificates (电子办法29)."""
    rows = tuple(
        (
            str(n),
            p.bidder,
            "在线参加" if p.checked_in_at or p.released_at or p.confirmed_at else "未参加",
            _moment(p.checked_in_at),
            _moment(p.released_at),
            _moment(p.confirmed_at),
        )
        for n, p in enumerate(present, 1)
    )
    return Content(
        title="开标签到表",
        issuer=host,
        day=_day(ended_at),
        facts=(*place.facts, ("宣布开标", _moment(opened_at)), ("主持单位", host)),
        tables=(
            Table(
                columns=("序号", "投标人", "参加", "签到", "交出密钥", "确认开标记录"),
                widths=(2, 7, 4, 5, 5, 5),
                rows=rows,
            ),
        ),
        lines=(
            "网上开标以在大厅签到或以数字证书办理的事项(交出投标密钥, 确认开标记录)为准; 签到不是投标有效的条件。",
        ),
    )


@dataclass(frozen=True, kw_only=True)
class Seat:
    """One member who checked in, under its code."""

    code: str
    kind: str
    checked_in_at: datetime
    left: bool


def committee_sign_in(
    seats: Sequence[Seat], *, place: Place, issuer: str, sitting: int, started_at: datetime
) -> Content:
    """Return the 评标签到表, by codes: names stay secret until the result is determined (招标投标法37)."""
    rows = tuple(
        (
            str(n),
            s.code,
            "评标专家" if s.kind == "expert" else "招标人代表",
            _moment(s.checked_in_at),
            "回避, 已更换" if s.left else "已声明无应当回避的情形",
        )
        for n, s in enumerate(seats, 1)
    )
    return Content(
        title="评标签到表",
        issuer=issuer,
        day=_day(started_at),
        facts=(*place.facts, ("评标", f"第{sitting}次, {_moment(started_at)} 组建委员会")),
        tables=(
            Table(
                columns=("序号", "成员代码", "身份", "签到时间", "回避"),
                widths=(2, 4, 4, 7, 8),
                rows=rows,
            ),
        ),
        lines=("成员姓名在中标结果确定前保密, 本表只写代码; 代码对应的人员由监督级证据包核对。",),
    )


def result_letter(*, to: str, winner: str, price: Decimal, sent_at: datetime, place: Place) -> Content:
    """Return the 中标结果通知书 to one bidder that did not win (招标投标法45)."""
    return Content(
        title="中标结果通知书",
        issuer=place.tenderee,
        day=_day(sent_at),
        to=to,
        lines=(
            f"{place.tender}（{place.lot}）已经依法完成评标、公示和定标。现将中标结果通知贵单位:",
            "感谢贵单位参加投标。投标保证金按规定连同银行同期存款利息退还。",
        ),
        facts=(
            *place.facts,
            ("中标人", winner),
            ("中标价", f"{price:,.2f}元"),
            ("通知书发出", _moment(sent_at)),
        ),
    )
