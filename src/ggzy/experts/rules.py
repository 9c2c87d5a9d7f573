"""The draw as anyone can recompute it (draft-thomson-elegy-vrs), who is called next, and who must stand aside. Pure."""

import hmac as hashed
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from ggzy.kernel.canonical import canonical, sha256
from ggzy.kernel.refusals import BadInput, Citation, Refusal

#: who gives a seed, in the order in which the reveals are joined
SEED_PARTIES = ("owner", "centre", "supervisor")


def label_of(*, salt: bytes, expert: str) -> str:
    """Return the public label of an expert in one pool: a salted hash of their public id."""
    return sha256(salt + expert.encode()).hex()


def proves(*, salt: str, expert: str, label: str) -> bool:
    """Say whether a salt (hex) and an expert's id are those of a label: another pool opens its labels so."""
    try:
        return bool(expert) and label_of(salt=bytes.fromhex(salt), expert=expert) == label
    except ValueError:
        return False


def pool_digest(labels: Iterable[str]) -> str:
    """Return the digest that freezes a pool: SHA-256 of the sorted labels."""
    return sha256(canonical(sorted(labels))).hex()


def seed_commitment(seed: bytes) -> str:
    """Return the commitment to a 32-byte seed."""
    return sha256(seed).hex()


def joined(seeds: Mapping[str, str]) -> bytes:
    """Return the randomness of a draw: the parties' revealed seeds (hex), in the fixed order."""
    return b"".join(bytes.fromhex(seeds[party]) for party in SEED_PARTIES)


def position(*, randomness: bytes, code: bytes, label: str) -> bytes:
    """Return a label's position: HKDF-Expand(HKDF-Extract(salt=code, IKM=randomness), label, 32)."""
    extract = hmac.HMAC(code, hashes.SHA256())
    extract.update(randomness)
    return HKDFExpand(algorithm=hashes.SHA256(), length=32, info=label.encode()).derive(extract.finalize())


def ranking(labels: Iterable[str], *, randomness: bytes, code: bytes) -> list[str]:
    """Return labels in the order of their positions. A label's place depends on no other label."""
    # one extract for all, and the single block of expand by hand: 20,000 positions in a tenth of a second
    secret = hashed.digest(code, randomness, "sha256")
    return sorted(labels, key=lambda label: hashed.digest(secret, label.encode() + b"\x01", "sha256"))


# Who is called next


class CommitteeNotLawful(Refusal):
    """The committee is even, or experts are less than two thirds of it."""

    code = "experts.committee_not_lawful"
    basis = Citation("招标投标法", "第三十七条")


#: ways in which a called expert drops out of a draw, as the public steps name them
GONE = frozenset({"refused", "silent", "busy", "avoided", "absent", "left"})


@dataclass(frozen=True, slots=True)
class Quota:
    """How many experts of a specialty (by prefix), and of which regions (prefixes of region codes; none: any)."""

    specialty: str
    count: int
    regions: tuple[str, ...] = ()

    def takes(self, *, specialties: Iterable[str], region: str) -> bool:
        """Say whether an expert with these specialties and this region satisfies the quota."""
        return any(known.startswith(self.specialty) for known in specialties) and (
            not self.regions or region.startswith(self.regions)
        )

    def as_json(self) -> dict[str, Any]:
        """Return the quota as it is kept and published."""
        return {"specialty": self.specialty, "count": self.count, "regions": list(self.regions)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """Who of the matching experts is left out, or sits only once; 0 and False: the condition is not set."""

    #: at most so many committees within so many days before
    recent_most: int = 0
    recent_days: int = 0
    #: at most so many accepted invitations still ahead
    most_ahead: int = 0
    #: not with the same tenderee twice in a row
    not_again: bool = False
    #: at most one expert of an employer
    one_per_unit: bool = True

    def as_json(self) -> dict[str, Any]:
        """Return the conditions as they are kept and published."""
        return asdict(self)

    def explained(self) -> list[tuple[str, str]]:
        """Return what is set as pairs of (condition, why)."""
        rows = [
            ("不抽取招标人、代理机构本单位的专家", "与招标人有利害关系的人不进入评标委员会"),
            ("不抽取暂停、请假或停用的专家", "请假期间不通知"),
        ]
        if self.one_per_unit:
            rows.append(("同一工作单位最多一人", "避免一个单位左右评审结果"))
        if self.not_again:
            rows.append(("不抽取参加过本招标人上一次评标的专家", "避免专家与招标人固定搭配"))
        if self.recent_most:
            rows.append(
                (f"近{self.recent_days}日参加评标不满{self.recent_most}次", "机会均等, 防止少数人常评")
            )
        if self.most_ahead:
            rows.append((f"待参加的评标不满{self.most_ahead}场", "保证有足够时间评审"))
        return rows


def conditions_of(raw: Mapping[str, Any]) -> Conditions:
    """Return conditions from what was sent.

    :raises BadInput: a number that is none, or times without days
    """
    try:
        numbers = {name: int(raw.get(name) or 0) for name in ("recent_most", "recent_days", "most_ahead")}
    except (TypeError, ValueError):
        raise BadInput("次数和天数应为整数, 不限的留空", field="recent_most") from None
    if any(not 0 <= n <= 1000 for n in numbers.values()):
        raise BadInput("次数和天数应在0至1000之间", field="recent_most")
    if bool(numbers["recent_most"]) != bool(numbers["recent_days"]):
        raise BadInput("近期参加次数要同时填写天数和次数", field="recent_days")
    return Conditions(
        recent_most=numbers["recent_most"],
        recent_days=numbers["recent_days"],
        most_ahead=numbers["most_ahead"],
        not_again=bool(raw.get("not_again", False)),
        one_per_unit=bool(raw.get("one_per_unit", False)),
    )


def quota_of(raw: Mapping[str, Any]) -> Quota:
    """Return a quota from what was sent or kept.

    :raises BadInput: no specialty code, no count, or a region that is none
    """
    specialty = str(raw.get("specialty", "")).strip()
    if not specialty or len(specialty) > 7 or not specialty.isalnum():
        raise BadInput("专业应填写评标专家专业分类代码, 例如 A08 或 A080101", field="specialty")
    try:
        count = int(raw.get("count", 0))
    except (TypeError, ValueError):
        raise BadInput("每个专业的人数应为整数", field="count") from None
    if not 1 <= count <= 21:
        raise BadInput("每个专业的人数应为1至21人", field="count")
    regions = tuple(str(r).strip() for r in raw.get("regions") or ())
    if any(not (r.isdigit() and 2 <= len(r) <= 6) for r in regions):
        raise BadInput("地域应填写行政区划代码的前2至6位, 例如 37 或 370100", field="regions")
    return Quota(specialty, count, regions)


def require_lawful(*, size: int, experts: int) -> None:
    """Let a committee be drawn, or refuse.

    :raises CommitteeNotLawful: even, or fewer than two thirds are experts
    """
    if size % 2 == 0 or 3 * experts < 2 * size:
        raise CommitteeNotLawful(
            f"评标委员会{size}人、专家{experts}人不合法: 总人数应为单数, 专家不少于三分之二"
        )


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a frozen list: a label, the quotas it satisfies (by number, from 0), and the label of its employer."""

    label: str
    fits: tuple[int, ...]
    unit: str = ""


def list_digest(entries: Iterable[Entry]) -> str:
    """Return the digest that freezes a list: SHA-256 of its lines sorted by label, as canonical JSON."""
    lines = sorted([e.label, list(e.fits), e.unit] for e in entries)
    return sha256(canonical(lines)).hex()


class _Seats:
    """Which people hold which quota's places, moved among the quotas where that makes room for another."""

    def __init__(self, places: Sequence[int]) -> None:
        self.free = list(places)
        self.held: list[list[Entry]] = [[] for _ in places]

    def take(self, entry: Entry, _asked: set[int] | None = None) -> bool:
        """Give a person a place, or say that there is none even after moving others."""
        asked = set() if _asked is None else _asked
        for quota in entry.fits:
            if quota in asked:
                continue
            asked.add(quota)
            if self.free[quota]:
                self.free[quota] -= 1
                self.held[quota].append(entry)
                return True
            for n, other in enumerate(self.held[quota]):
                if self.take(other, asked):
                    self.held[quota][n] = entry
                    return True
        return False


def next_calls(
    order: Iterable[Entry],
    places: Sequence[int],
    *,
    sitting: Iterable[Entry] = (),
    gone: Collection[str] = frozenset(),
    one_per_unit: bool = False,
    most: int = 0,
) -> list[str]:
    """Return the labels to be called next, by rank, until every place is held or the list ends (or the first `most`).

    `sitting` are those called or accepted, `gone` those who dropped out. Whoever comes next by rank is taken if all
    who are taken can still each fill one quota: a person with two specialties fills one, and moves to the other where
    that makes room. `one_per_unit`: nobody whose employer sits already.
    """
    seats, units, known = _Seats(places), set(), set()
    for entry in sitting:
        seats.take(entry)
        units.add(entry.unit)
        known.add(entry.label)
    found: list[str] = []
    for entry in order:
        if not any(seats.free) or (most and len(found) == most):
            break
        if entry.label in known or entry.label in gone or (one_per_unit and entry.unit in units):
            continue
        if seats.take(entry):
            found.append(entry.label)
            units.add(entry.unit)
    return found


def passed_over(
    lists: Sequence[Sequence[Entry]],
    places: Sequence[int],
    steps: Iterable[tuple[str, str]],
    *,
    one_per_unit: bool,
) -> str:
    """Return the first label that a draw's public steps passed over or called out of turn, "" if none was.

    `lists` are the frozen lists in the order of their ranks; a step ("ranked", …) opens the next of them. The steps
    are (what, label): called, accepted, and the ways of dropping out.
    """
    order: list[Entry] = []
    behind = iter(lists)
    sitting: dict[str, Entry] = {}
    gone: set[str] = set()
    by_label: dict[str, Entry] = {}

    def due() -> str:
        more = next_calls(
            order, places, sitting=sitting.values(), gone=gone, one_per_unit=one_per_unit, most=1
        )
        return more[0] if more else ""

    for what, label in steps:
        if what in {"called", "busy"}:
            if due() != label:
                return label
            if what == "called":
                sitting[label] = by_label[label]
            else:
                gone.add(label)
            continue
        if missed := due():
            return missed
        if what == "ranked":
            new = next(behind, ())
            order.extend(new)
            by_label |= {e.label: e for e in new}
        elif what in GONE:
            sitting.pop(label, None)
            gone.add(label)
        elif label not in sitting:
            return label
    return due()


@dataclass(frozen=True, slots=True)
class Enough:
    """Whether a quota's pool is wide enough that nobody can be picked: said as yes or no, never as a number."""

    quota: Quota
    good: bool


def enough(
    entries: Sequence[Entry], quotas: Sequence[Quota], *, least: int, one_per_unit: bool
) -> list[Enough]:
    """Say of each quota whether at least `least` experts a place satisfy it, from enough employers."""
    out = []
    for n, quota in enumerate(quotas):
        mine = [e for e in entries if n in e.fits]
        units = len({e.unit for e in mine}) if one_per_unit else len(mine)
        out.append(Enough(quota, len(mine) >= least * quota.count and units >= quota.count))
    return out


def can_be_filled(
    entries: Sequence[Entry], quotas: Sequence[Quota], *, least: int, one_per_unit: bool
) -> bool:
    """Say whether a list holds a whole committee, and `least` times as many people as it needs."""
    places = [q.count for q in quotas]
    needed = sum(places)
    full = len(next_calls(entries, places, one_per_unit=one_per_unit)) == needed
    return full and len(entries) >= least * needed


# Who must stand aside

#: years for which a former employer counts (政府采购法实施条例 第九条)
FORMER_YEARS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Tied:
    """A relation of an expert to an organisation: works or worked there, or a relative is one of its people."""

    uscc: str
    kind: str
    until: date | None = None


def must_avoid(*, employer_uscc: str, bidders: Sequence[str]) -> bool:
    """Say whether an expert's employer is among the bidders or their consortium members (USCCs)."""
    return bool(employer_uscc) and employer_uscc in set(bidders)


def avoids(*, employer_uscc: str, ties: Iterable[Tied], bidders: Sequence[str], today: date) -> str:
    """Return why an expert must stand aside from these bidders (USCCs), "" if nothing known says so."""
    if must_avoid(employer_uscc=employer_uscc, bidders=bidders):
        return "工作单位与投标人相同"
    for tie in ties:
        if not tie.uscc or tie.uscc not in set(bidders):
            continue
        if tie.kind == "relative":
            return "近亲属在投标人任职或者有利益关系"
        if tie.until is None or tie.until >= _years_before(today, FORMER_YEARS):
            return "三年内曾在投标人任职"
    return ""


def _years_before(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year - years)
    except ValueError:  # 29 February
        return day.replace(year=day.year - years, day=28)


# What becomes public


def names_public(scope: str, *, result_published: bool) -> bool:
    """Say whether the law names the committee in public: in government procurement, with the result notice.

    In construction no law publishes the members; their names stay secret until the award is decided (招标投标法37) and
    are not published after it.
    """
    return scope == "GP" and result_published
