"""The offline verifier: what a pack claims, recomputed by whoever holds it. Pure: no Django, no database.

Each check answers passed, failed, withheld or erased, never a bare yes, and names the entry, field or tile it
speaks of. Checks of a domain (the draw, the ranking, the clocks) join by being appended to `DOMAIN_CHECKS`.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Literal

from ggzy.evidence import acks, notes, online, tlog
from ggzy.evidence.escrow import SLOTS
from ggzy.evidence.fields import fields_hash
from ggzy.kernel.canonical import canonical, commitment, sha256

Outcome = Literal["passed", "failed", "withheld", "erased"]
Pack = Mapping[str, Any]
Fetch = Callable[[str], bytes | None]


@dataclass(frozen=True)
class Check:
    """One finding: a name for programs, a title and a sentence for people."""

    name: str
    title_zh: str
    outcome: Outcome
    detail_zh: str


DomainCheck = Callable[[Pack], list[Check]]
#: checks of other contexts, run after the log's own; each gets the whole pack
DOMAIN_CHECKS: list[DomainCheck] = []


def shown_values(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of an entry that the reader may see, by name: what a domain check works on."""
    return {name: field["value"] for name, field in entry["fields"].items() if field["state"] == "shown"}


def verify(pack: Pack, fetch: Fetch | None = None, **options: Any) -> list[Check]:
    """Return every finding on a pack: the log's own (see `verify_log` for the options), then each domain's."""
    checks = verify_log(pack, fetch, **options)
    for domain in DOMAIN_CHECKS:
        name = domain.__name__
        checks += _guarded(partial(domain, pack), name=f"domain.{name}", title_zh=f"专项核验 {name}")
    return checks


def verify_log(
    pack: Pack,
    fetch: Fetch | None = None,
    *,
    log_key: str | None = None,
    state: Path | None = None,
    acknowledgements: Iterable[Mapping[str, Any]] = (),
    now: datetime | None = None,
) -> list[Check]:
    """Return the findings on the log's side of a pack.

    :param fetch: gets a path below the log's prefix ("checkpoint", "tile/0/000.p/7") as bytes, or None where it
        cannot be had; without it nothing is asked of the network
    :param log_key: the verifier key the reader trusts; else the one saved in `state`, else the pack's own
    :param state: a folder where the last checkpoint seen is kept, so that a forked log is found the next time
    :param acknowledgements: what the reader was given when he acted
    :param now: real time, to tell an overdue promise from a young one
    """
    memory = _Memory(state, str(pack.get("origin")))
    checks, checkpoint = _check_checkpoint(pack, log_key or memory.log_key)
    if checkpoint is None:
        return checks
    roots: dict[str, tuple[bool, str]] = {}
    for entry in pack["escrow_roots"]:
        found = _checked_entry(entry, pack) + _checked_place(entry, checkpoint, {})
        intact = all(check.outcome != "failed" for check in found)
        roots[entry["entry_hash"]] = intact, str(shown_values(entry).get("root"))
        checks += found
    for entry in pack["entries"]:
        checks += _checked_entry(entry, pack) + _checked_place(entry, checkpoint, roots)
    checks += _guarded(
        lambda: _check_acknowledgements(pack, acknowledgements, now), name="acknowledgements", title_zh="回执"
    )
    if memory.checkpoint is not None or fetch is not None:
        checks += [Check(*found) for found in online.findings(pack, checkpoint, memory.checkpoint, fetch)]
    if not any(check.outcome == "failed" for check in checks):
        memory.keep(pack, checkpoint)
    return checks


def _guarded(work: Callable[[], list[Check]], *, name: str, title_zh: str) -> list[Check]:
    """Return the findings of `work`; a pack too broken to be read is a finding as well, not a crash."""
    try:
        return work()
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as broken:
        return [
            Check(
                name,
                title_zh,
                "failed",
                f"证据包中的相应内容缺失或格式不符, 无法核验({type(broken).__name__}: {broken})",
            )
        ]


def _check_checkpoint(pack: Pack, trusted: str | None) -> tuple[list[Check], notes.Checkpoint | None]:
    name, title = "log.checkpoint", "检查点签名"
    try:
        key = trusted or pack["log_key"]
        checkpoint = notes.open_checkpoint(pack["checkpoint"], key, origin=pack["origin"])
    except (notes.NoteRefused, KeyError, TypeError, AttributeError) as refused:
        detail = f"检查点不是日志 {pack.get('origin')} 用该密钥签署的({refused}), 以下各项无从核验"
        return [Check(name, title, "failed", detail)], None
    whose = "您指定或此前保存的密钥" if trusted else "证据包自带的密钥(请与中心公布的密钥核对)"
    detail = f"日志 {checkpoint.origin} 共 {checkpoint.size} 条, 根 {checkpoint.root.hex()}; 验签使用{whose}"
    return [Check(name, title, "passed", detail)], checkpoint


def _label(entry: Mapping[str, Any]) -> str:
    try:
        leaf = json.loads(entry["leaf"])
        return f"{leaf['act']}({leaf['legal_at']}, {str(entry['entry_hash'])[:12]})"
    except (KeyError, TypeError, ValueError):
        return str(entry.get("entry_hash"))[:12]


def _checked_entry(entry: Mapping[str, Any], pack: Pack) -> list[Check]:
    name, title = f"entry.{str(entry.get('entry_hash'))[:12]}", f"记录 {_label(entry)}"
    return _guarded(lambda: _check_entry(entry, pack, name, title), name=name, title_zh=title)


def _check_entry(entry: Mapping[str, Any], pack: Pack, name: str, title: str) -> list[Check]:
    text = entry["leaf"].encode()
    leaf = json.loads(text)
    commitments = {field: part["commitment"] for field, part in entry["fields"].items()}
    if tlog.leaf_hash(text).hex() != entry["entry_hash"]:
        found = Check(f"{name}.leaf", title, "failed", "记录内容与记录哈希不符: 内容被改动过")
    elif canonical(leaf) != text or leaf["centre"] != pack["centre"]:
        found = Check(f"{name}.leaf", title, "failed", "记录不是本中心规范写法的记录")
    elif fields_hash(commitments) != leaf["fields"]:
        found = Check(f"{name}.leaf", title, "failed", "各字段的承诺与记录不符: 有字段被增删或替换")
    else:
        found = Check(
            f"{name}.leaf", title, "passed", f"记录内容与哈希一致, 含 {len(commitments)} 个字段承诺"
        )
    return [found, *(_check_field(field, part, name, title) for field, part in entry["fields"].items())]


def _check_field(field: str, part: Mapping[str, Any], name: str, title: str) -> Check:
    name, title = f"{name}.field.{field}", f"{title} 字段“{field}”"
    if part["state"] == "withheld":
        return Check(name, title, "withheld", f"仅对 {part['level']} 级公开, 只能看到承诺")
    if part["state"] == "erased":
        return Check(name, title, "erased", "内容与盐值已依法删除, 承诺仍在记录中")
    if commitment(bytes.fromhex(part["salt"]), part["value"]) != part["commitment"]:
        return Check(name, title, "failed", "字段内容与承诺不符: 内容或盐值被改动过")
    return Check(name, title, "passed", "字段内容与当时的承诺一致")


def _checked_place(
    entry: Mapping[str, Any], checkpoint: notes.Checkpoint, roots: Mapping[str, tuple[bool, str]]
) -> list[Check]:
    name, title = f"entry.{str(entry.get('entry_hash'))[:12]}.place", f"记录 {_label(entry)} 在日志中的位置"

    def work() -> list[Check]:
        leaf = bytes.fromhex(entry["entry_hash"])
        if entry["escrow"] is not None:
            return [_check_slot(leaf, entry["escrow"], roots, name, title)]
        proof = [bytes.fromhex(part) for part in entry["proof"]]
        if not tlog.verify_inclusion(leaf, entry["index"], checkpoint.size, proof, checkpoint.root):
            return [Check(name, title, "failed", f"包含证明不成立: 它不是检查点中的第 {entry['index']} 条")]
        return [Check(name, title, "passed", f"是检查点中的第 {entry['index']} 条(从0起)")]

    return _guarded(work, name=name, title_zh=title)


def _check_slot(
    leaf: bytes, escrow: Mapping[str, Any], roots: Mapping[str, tuple[bool, str]], name: str, title: str
) -> Check:
    where = f"托管批次 {escrow['batch']} 第 {escrow['slot']} 格"
    intact, root = roots.get(escrow["root_entry_hash"], (False, ""))
    if not intact or root != escrow["root"]:
        return Check(name, title, "failed", f"{where}: 该批次的根未在日志中得到证明")
    path = [bytes.fromhex(part) for part in escrow["path"]]
    if not tlog.verify_inclusion(leaf, escrow["slot"], SLOTS, path, bytes.fromhex(root)):
        return Check(name, title, "failed", f"{where}: 到批次根的路径不成立")
    return Check(name, title, "passed", f"在{where}, 批次根已在日志中")


def _check_acknowledgements(
    pack: Pack, acknowledgements: Iterable[Mapping[str, Any]], now: datetime | None
) -> list[Check]:
    leaves = {entry["entry_hash"]: json.loads(entry["leaf"]) for entry in pack["entries"]}
    checks = []
    for given in acknowledgements:
        name = f"acknowledgement.{str(given.get('entry_hash'))[:12]}"
        title = f"回执 {str(given.get('entry_hash'))[:12]}"
        if not acks.verify(given, key=pack["ack_key"]):
            checks.append(Check(name, title, "failed", "回执不是本中心回执密钥签署的"))
            continue
        leaf = leaves.get(given["entry_hash"])
        overdue = now is not None and now > acks.due_at(given)
        if leaf is not None:
            same = (leaf["legal_at"], leaf["recorded_at"]) == (given["received_at"], given["recorded_at"])
            outcome: Outcome = "passed" if same else "failed"
            detail = "回执所指记录在证据包中" + (", 时间一致" if same else ", 但时间与回执不一致")
        elif given["promise"] == "escrow":
            outcome, detail = "withheld", "回执所指记录尚在托管中, 开标前不公开; 请用单条证明核验其批次与格位"
        elif overdue:
            outcome = "failed"
            detail = f"回执承诺 {given['merge_delay_seconds']} 秒内入册, 已逾期仍不在证据包中: 这份回执即为违约的证据"
        else:
            outcome, detail = "withheld", "回执所指记录不在证据包中, 承诺期限未到或未给出核验时间"
        checks.append(Check(name, title, outcome, detail))
    return checks


def verify_receipt(
    acknowledgement: Mapping[str, Any], proof: Mapping[str, Any], *, log_key: str, ack_key: str
) -> list[Check]:
    """Return the findings on one act's own acknowledgement and proof, before and after disclosure alike."""
    short = str(acknowledgement.get("entry_hash"))[:12]
    name, title = f"receipt.{short}", f"回执 {short}"

    def work() -> list[Check]:
        if not acks.verify(acknowledgement, key=ack_key):
            return [Check(name, title, "failed", "回执不是本中心回执密钥签署的")]
        digest = tlog.leaf_hash(proof["leaf"].encode()).hex()
        if not digest == proof["entry_hash"] == acknowledgement["entry_hash"]:
            return [Check(name, title, "failed", "证明所指不是回执所指的记录")]
        if proof["state"] == "waiting":
            return [
                Check(name, title, "withheld", f"尚未入册, 承诺最迟于 {acks.due_at(acknowledgement)} 入册")
            ]
        checkpoint = notes.open_checkpoint(proof["checkpoint"], log_key)
        placed = {**proof, "escrow": None}
        if proof.get("escrow") is None:
            return _checked_place(placed, checkpoint, {})
        root = proof["root_entry"]
        placed |= {"entry_hash": root["entry_hash"], "leaf": root["leaf"]}
        found = _check_entry(root, {"centre": acknowledgement["centre"]}, f"{name}.root", "托管批次根")
        found += _checked_place(placed, checkpoint, {})
        intact = all(check.outcome != "failed" for check in found)
        roots = {root["entry_hash"]: (intact, str(shown_values(root).get("root")))}
        return [*found, _check_slot(bytes.fromhex(digest), proof["escrow"], roots, name, title)]

    return _guarded(work, name=name, title_zh=title)


class _Memory:
    """The log's key and last checkpoint as this reader saw them, one small file a log."""

    def __init__(self, folder: Path | None, origin: str) -> None:
        self._path = folder / f"{sha256(origin.encode()).hex()[:16]}.json" if folder else None
        self.log_key: str | None = None
        self.checkpoint: notes.Checkpoint | None = None
        if self._path and self._path.exists():
            saved = json.loads(self._path.read_text(encoding="utf-8"))
            self.log_key = saved["log_key"]
            self.checkpoint = notes.open_checkpoint(saved["checkpoint"], saved["log_key"], origin=origin)

    def keep(self, pack: Pack, checkpoint: notes.Checkpoint) -> None:
        """Remember the checkpoint unless a later one is already known."""
        if self._path is None or (self.checkpoint and self.checkpoint.size >= checkpoint.size):
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        saved = {"log_key": self.log_key or pack["log_key"], "checkpoint": pack["checkpoint"]}
        self._path.write_text(json.dumps(saved), encoding="utf-8")
