"""Everything that can be tested of a package years later: offline, without a database, without this platform. Pure.

The signatures need libraries (`LIBRARIES`); without them those findings are withheld and the rest still stands.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ggzy.archives import bag, rules
from ggzy.kernel.programs import program_kind

EVIDENCE = "data/8-evidence/evidence.json"
METADATA, SIGNATURES, SEAL = "data/metadata.json", "data/signatures.json", "centre-seal.json"
#: where an outage and the files that prove it lie
PROOFS = "data/4-changes/outage-"
#: the findings on statutory limits, beside the four natures
PROCESS = "process"
#: what verifying signatures needs beside Python itself
LIBRARIES = "cryptography asn1crypto rfc8785 pyOpenSSL"
Outcome = Literal["passed", "failed", "withheld", "erased"]
MARKS = {"passed": "通过", "failed": "不符", "withheld": "未公开", "erased": "已删除"}
#: what hides in a PDF that does something when it is opened
_PDF_ACTIVE = (b"/JavaScript", b"/Launch", b"/EmbeddedFile")


@dataclass(frozen=True)
class Finding:
    """One finding: its name begins with the nature it belongs to, or with `process`."""

    name: str
    title_zh: str
    outcome: Outcome
    detail_zh: str


def is_defect(finding: Finding) -> bool:
    """Say whether a finding is a defect of the package itself."""
    return finding.outcome == "failed" and not finding.name.startswith(f"{PROCESS}.")


def check(path: Path) -> list[Finding]:
    """Return every finding on a package, a folder or a ZIP.

    :raises ValueError: it is neither
    """
    return check_files(bag.files_of(path))


def check_files(files: bag.Files) -> list[Finding]:
    """Return every finding on the files of a package."""
    out = [*_guarded("integrity.bag", "封装", lambda: list(_integrity(files)))]
    out += _guarded("integrity.items", "归档范围", lambda: list(_items(files)))
    out += _guarded("authenticity.package", "真实性", lambda: list(_authenticity(files)))
    out += _guarded("usability.files", "可用性", lambda: list(_usability(files)))
    return out + _guarded("security.files", "安全性", lambda: list(_security(files)))


def _guarded(name: str, title: str, work: Callable[[], list[Finding]]) -> list[Finding]:
    try:
        return work()
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as broken:
        return [
            Finding(name, title, "failed", f"内容缺失或格式不符, 无法检测({type(broken).__name__}: {broken})")
        ]


def _json(files: bag.Files, name: str) -> Any:
    return json.loads(bag.read(files, name))


def _judge(name: str, title: str, good: bool, yes: str, no: str) -> Finding:
    return Finding(name, title, "passed" if good else "failed", yes if good else no)


def _integrity(files: bag.Files) -> Iterator[Finding]:
    found = list(bag.problems(files))
    for path, says in found:
        yield Finding(f"integrity.file.{path}", f"文件 {path}", "failed", says)
    if not found:
        yield Finding("integrity.bag", "封装", "passed", f"{len(files.names())}个文件与清单一致, 不多不少")
    metadata = _json(files, METADATA)
    listed = {item["path"]: item for item in metadata["items"]}
    there = {n for n in files.names() if n.startswith("data/") and n != METADATA}
    for path in sorted(there ^ set(listed)):
        yield Finding(
            f"integrity.metadata.{path}", f"元数据 {path}", "failed", "元数据与包里的文件不一一对应"
        )
    for path in sorted(there & set(listed)):
        digest, size = bag.digest(files, path)
        if (digest, size) != (listed[path]["sha256"], listed[path]["size"]):
            yield Finding(
                f"integrity.metadata.{path}", f"元数据 {path}", "failed", "元数据记载的摘要或大小与文件不符"
            )
    if there == set(listed):
        yield Finding("integrity.metadata", "元数据", "passed", f"{len(there)}个文件都有元数据")


def _items(files: bag.Files) -> Iterator[Finding]:
    metadata = _json(files, METADATA)
    if metadata["reader"] != "archive":
        yield Finding("integrity.items", "归档范围", "withheld", "这是按查阅权限提取的证据, 不是完整的归档包")
        return
    acts = [json.loads(e["leaf"])["act"] for e in _json(files, EVIDENCE)["entries"]]
    rows = rules.standing(acts, files.names())
    for row in rows:
        if row.state == "missing":
            yield Finding(f"integrity.item.{row.key}", row.title, "failed", f"缺件, 责任人: {row.owes}")
    there = sum(row.state == "present" for row in rows)
    outside = [row.title for row in rows if row.state == "elsewhere"]
    yield Finding("integrity.items", "归档范围", "passed", f"应由平台归集的{there}项已在包内")
    detail = f"平台没有形成, 由责任人另行归档: {'、'.join(outside)}"
    yield Finding("integrity.elsewhere", "平台外的文件", "withheld", detail)


def _authenticity(files: bag.Files) -> Iterator[Finding]:
    try:
        from ggzy.evidence import acks
        from ggzy.identity import cms, trust  # noqa: F401 - whether they can be had is asked once, here
        from ggzy.opendata import checks  # noqa: F401
    except ImportError as missing:
        detail = f"本机没有安装 {missing.name}, 不能验签; 请执行 pip install {LIBRARIES} 后再检测"
        yield Finding("authenticity.signatures", "签名", "withheld", detail)
        return
    pack, metadata, seal = _json(files, EVIDENCE), _json(files, METADATA), _json(files, SEAL)
    yield _judge(
        "authenticity.seal",
        "中心封装签名",
        acks.verify(seal, key=pack["ack_key"]),
        "封装由中心的密钥签名(请与中心公布的密钥核对)",
        "封装签名不是中心密钥签署的",
    )
    manifest = hashlib.sha256(bag.read(files, bag.MANIFEST)).hexdigest()
    yield _judge(
        "authenticity.manifest",
        "封装清单",
        manifest == seal["manifest_sha256"],
        "清单就是中心签名的那一份",
        "清单在中心签名之后被改动过",
    )
    wrong = [k for k, value in seal["metadata"].items() if metadata["unit"].get(k) != value]
    for field in wrong:
        yield Finding(
            f"authenticity.metadata.{field}", f"元数据“{field}”", "failed", "与中心签名时的内容不符"
        )
    if not wrong:
        yield Finding("authenticity.metadata", "元数据", "passed", "各字段与中心签名时的内容一致")
    yield from recomputed(pack)
    yield from _signatures(files)
    yield from _bids(files, pack)
    yield from _named_by_the_log(files, pack)
    yield from _proofs(files, pack)


def recomputed(pack: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield what a stranger recomputes of a pack: the log's own findings, then the process's."""
    from ggzy.evidence import verifier
    from ggzy.opendata.checks import ALL
    from ggzy.opendata.second_checks import ALL as SECOND
    from ggzy.opendata.separation_checks import ALL as PANELS

    found = verifier.verify_log(pack)
    for domain in (*ALL, *PANELS, *SECOND):
        try:
            found += domain(pack)
        except (KeyError, TypeError, ValueError, IndexError, AttributeError) as broken:
            detail = f"证据不完整, 无法重算({type(broken).__name__}: {broken})"
            found.append(verifier.Check(domain.__name__, "重算", "failed", detail))
    for one in found:
        # a limit that was missed is a fault of the process, not of its archive: it is told and blocks nothing
        part = PROCESS if one.name.startswith("clock.") else "authenticity"
        yield Finding(f"{part}.{one.name}", one.title_zh, one.outcome, one.detail_zh)


def _signatures(files: bag.Files) -> Iterator[Finding]:
    from ggzy.identity import trust
    from ggzy.kernel.refusals import Refusal

    for row in _json(files, SIGNATURES):
        name, title = f"authenticity.signature.{row['path']}", f"签名 {row['by']}({row['path']})"
        data = bag.read(files, row["path"])
        if hashlib.sha256(data).hexdigest() != row["sha256"]:
            yield Finding(name, title, "failed", "签名后文件被改动过")
            continue
        try:
            trust.require_signature(
                trust.load(row["certificate"]), signature=bytes.fromhex(row["signature"]), data=data
            )
        except Refusal as refused:
            yield Finding(name, title, "failed", refused.message)
        else:
            yield Finding(name, title, "passed", "文件由该证书签名")


def _bids(files: bag.Files, pack: Mapping[str, Any]) -> Iterator[Finding]:
    from ggzy.identity import cms, trust
    from ggzy.kernel.refusals import Refusal

    names = set(files.names())
    for path in sorted(n for n in names if n.startswith("data/5-bids/") and n.endswith("/manifest.json")):
        folder = path.removesuffix("manifest.json")
        name, title = f"authenticity.bid.{folder}", f"投标文件 {folder}"
        manifest = bag.read(files, path)
        try:
            certificate = trust.load(bag.read(files, f"{folder}certificate.pem"))
            cms.require_detached(
                bag.read(files, f"{folder}manifest.p7s"), data=manifest, certificate=certificate
            )
        except Refusal as refused:
            yield Finding(name, title, "failed", refused.message)
            continue
        parts = json.loads(manifest)["parts"]
        wrong = [
            part
            for part, said in parts.items()
            if folder + part in names and bag.digest(files, folder + part)[0] != said["sha256"]
        ]
        yield _judge(
            name,
            title,
            not wrong,
            "清单由投标人签名, 密文和信封与清单一致",
            f"与投标人签名的清单不符: {wrong}",
        )


def _named_by_the_log(files: bag.Files, pack: Mapping[str, Any]) -> Iterator[Finding]:
    """Letters and contracts whose hashes the log names lie in the package, unchanged."""
    from ggzy.evidence.verifier import shown_values

    there = {bag.digest(files, n)[0] for n in files.names() if n.startswith("data/7-result/")}
    round_id = _json(files, METADATA)["unit"]["轮次编号"]
    for entry in pack["entries"]:
        leaf = json.loads(entry["leaf"])
        field = {"awarding.notified": "letter_sha256", "contracting.signed": "pdf_sha256"}.get(leaf["act"])
        if field is None or leaf["round"] != round_id:
            continue
        digest = shown_values(entry)[field]
        yield _judge(
            f"authenticity.document.{digest[:12]}",
            {"letter_sha256": "中标通知书", "pdf_sha256": "合同"}[field],
            digest in there,
            "包里的文件就是日志记载的那一份",
            f"包里没有日志记载的文件(摘要 {digest})",
        )


def _proofs(files: bag.Files, pack: Mapping[str, Any]) -> Iterator[Finding]:
    """What proves an outage, by the log, lies in the package unchanged, or the package says that it may not."""
    from ggzy.evidence.verifier import shown_values

    if _json(files, METADATA)["reader"] == "bidder":
        return  # a bidder's pack holds none of it
    mine = [n for n in files.names() if n.startswith(PROOFS)]
    there = {bag.digest(files, n)[0] for n in mine if "/attachments/" in n}
    kept_out = {d for n in mine if "/attachments/" not in n for d in _json(files, n).get("withheld", [])}
    for entry in pack["entries"]:
        if json.loads(entry["leaf"])["act"] != "changes.made":
            continue
        for digest in shown_values(entry).get("evidence_sha256") or ():
            name, title = f"authenticity.proof.{digest[:12]}", "故障证据"
            if digest in kept_out:
                yield Finding(name, title, "withheld", "开标前不能查阅, 本包只有它的摘要")
                continue
            yield _judge(
                name,
                title,
                digest in there,
                "包里的证据就是登记故障时提交、日志记载的那一份",
                f"包里没有日志记载的故障证据(摘要 {digest})",
            )


def _usability(files: bag.Files) -> Iterator[Finding]:
    pdf, parsed = 0, 0
    for name in files.names():
        if "/attachments/" in name:
            continue  # what a bidder handed in, or what proves an outage, stays as it came
        if name.endswith(".pdf"):
            data = bag.read(files, name)
            if not data.startswith(b"%PDF-") or b"pdfaid" not in data:
                yield Finding(f"usability.file.{name}", f"文件 {name}", "failed", "不是PDF/A文件, 或已损坏")
            pdf += 1
        elif name.endswith(".json"):
            try:
                _json(files, name)
            except ValueError:
                yield Finding(f"usability.file.{name}", f"文件 {name}", "failed", "不是有效的JSON")
            parsed += 1
    yield Finding("usability.files", "格式", "passed", f"检查了{pdf}份PDF/A和{parsed}份JSON")


def _security(files: bag.Files) -> Iterator[Finding]:
    bad = 0
    for name in files.names():
        if not name.startswith("data/"):
            continue  # the verifier itself is a program; it lies beside the payload and is in the tag manifest
        with files.open(name) as source:
            first = source.read(4)
        kind = program_kind(name, first)
        if not kind and name.endswith(".pdf") and "/attachments/" not in name:
            data = bag.read(files, name)
            kind = "PDF里的可执行内容" if any(word in data for word in _PDF_ACTIVE) else ""
        if not kind and name.endswith(".html") and b"<script" in bag.read(files, name).lower():
            kind = "网页脚本"
        if kind:
            bad += 1
            yield Finding(f"security.file.{name}", f"文件 {name}", "failed", f"含有{kind}")
    if not bad:
        yield Finding("security.files", "可执行内容", "passed", "载荷里没有程序、脚本和会自动执行的内容")
