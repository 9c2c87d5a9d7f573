"""Gathering what one reader may have of a round into a folder; nothing here decides who may ask."""

import html
import json
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef, Q

from ggzy.archives import bag, check, kit, rules
from ggzy.archives.disputes import lay_in
from ggzy.archives.models import Package
from ggzy.archives.shelf import Shelf, when
from ggzy.awarding.models import Award, Chosen, Panel
from ggzy.bidding import bidbox
from ggzy.bidding.models import Bid
from ggzy.changes import proofs
from ggzy.changes.models import Change, Outage
from ggzy.contracting.models import Contract
from ggzy.evaluation.models import Evaluation
from ggzy.evidence import acks, keys, tiles, tlog
from ggzy.evidence import queries as evidence
from ggzy.evidence.models import Entry
from ggzy.evidence.verifier import shown_values
from ggzy.kernel import files
from ggzy.kernel.actors import Role
from ggzy.kernel.canonical import canonical, sha256
from ggzy.kernel.clock import BEIJING
from ggzy.messages.models import Message
from ggzy.notices import queries as notices
from ggzy.objections.models import Objection
from ggzy.opening import negotiated
from ggzy.opening.models import BidOpening, OpeningSession, SecondOpening
from ggzy.papers.models import Paper
from ggzy.papers.rules import Kind
from ggzy.procedures.catalogue import BY_CODE, QUIET
from ggzy.tendering.fronts import fronts_of
from ggzy.tendering.models import ReviewConclusion, TenderFile
from ggzy.ui import words
from ggzy.ui.documents import sheet_pdf


def evidence_of(package: Package) -> dict[str, Any]:
    """Return the evidence pack at the package's level."""
    return evidence.pack(scope={"ocid": package.round.lot.tender.ocid}, level=package.level)


def shown_opening(round_pk: int) -> OpeningSession | None:
    """Return the opening of a round once its prices are shown; until then a package tells nothing of bids.

    Of a negotiated procurement that is when the result was sent: before it no supplier learns of another.
    """
    sent = Award.objects.filter(round_id=OuterRef("round_id"), sent_at__isnull=False)
    rows = OpeningSession.objects.filter(round_id=round_pk, shown_at__isnull=False)
    several = Chosen.objects.filter(round_id=OuterRef("round_id"))
    rows = rows.exclude(Q(round__procedure_code__in=QUIET) & ~Exists(sent) & ~Exists(several))
    return rows.select_related("round__lot__tender").first()


def acts_in_log(*, ocid: str, round_id: str) -> int:
    """Return how many acts of a round and its tender may be shown; those of archives themselves are left out."""
    rows = Entry.objects.filter(
        Q(escrowed=False) | Q(disclosed_at__isnull=False), centre_id=settings.CENTRE_ID
    )
    return rows.filter(ocid=ocid, round__in=["", round_id]).exclude(act__startswith="archives.").count()


def collect(package: Package, pack: dict[str, Any], root: Path, *, now: datetime) -> None:
    """Fill `root` with everything that belongs into the package, but for the tag files.

    :raises NoChineseFont: the machine cannot set the documents
    """
    shelf = Shelf(root)
    opened = shown_opening(package.round.pk)
    _project(shelf, package)
    _published(shelf, package)
    _troubles(shelf, package, opened)
    if opened is not None:
        _bids(shelf, package, opened)
        if (last := negotiated.final_round(package.round)) is not None:
            for offers in OpeningSession.objects.filter(round=last):
                _bids(shelf, package, offers)
        _opening(shelf, opened, path="5-opening/record", title="开标记录")
        for second in SecondOpening.objects.filter(round=package.round):
            _opening(shelf, second, path="5-opening/second", title="第二信封开标记录")
        _evaluation(shelf, package)
        _result(shelf, package)
        _papers(shelf, package)
    elif package.reader == Package.BIDDER:
        _own_bids(shelf, package)
    _evidence(shelf, package, pack)
    _timeline(shelf, package, pack, now)
    shelf.put_json("signatures.json", shelf.signatures, title="签名汇总", by="交易中心", at=now)
    unit = _unit(package, now)
    (root / check.METADATA).write_bytes(
        canonical(
            {
                "scheme": "DA/T 46 (字段名, 未逐条核对标准文本)",
                "reader": package.reader,
                "unit": unit,
                "items": shelf.items,
            }
        )
    )
    tools = root / "tools"
    tools.mkdir(exist_ok=True)
    (tools / "verify.pyz").write_bytes(kit.verifier())
    (tools / "README.txt").write_text(kit.README, encoding="utf-8")


def _unit(package: Package, now: datetime) -> dict[str, str]:
    round_ = package.round
    tender = round_.lot.tender
    return {
        "聚合层次": "案卷",
        "电子文件号": package.public_id,
        "题名": f"{tender.name}（{round_.lot.name}）第{round_.number}轮",
        "全宗名称": tender.tenderee.name,
        "责任者": tender.tenderee.name,
        "统一社会信用代码": tender.tenderee.uscc,
        "代理机构": tender.agency.name if tender.agency else "",
        "交易中心": package.centre_id,
        "交易标识码": tender.deal_code,
        "ocid": tender.ocid,
        "标段编号": round_.lot.public_id,
        "轮次编号": round_.public_id,
        "阶段": round_.stage,
        "密级": {"archive": "内部", "owner": "内部", "bidder": "当事人", "supervisor": "监督"}[
            package.reader
        ],
        "证据级别": package.level,
        "归集时间": now.astimezone(BEIJING).isoformat(),
    }


def _project(shelf: Shelf, package: Package) -> None:
    tender = package.round.lot.tender
    lot = package.round.lot
    facts = {
        "tender": tender.name,
        "ocid": tender.ocid,
        "deal_code": tender.deal_code,
        "procedure": tender.procedure_code,
        "tenderee": {"name": tender.tenderee.name, "uscc": tender.tenderee.uscc},
        "agency": {"name": tender.agency.name, "uscc": tender.agency.uscc} if tender.agency else None,
        "project": {
            "name": tender.project.name,
            "invest_code": tender.project.invest_code,
            "place": tender.project.place,
            "funds": tender.project.funds,
        },
        "lot": {
            "name": lot.name,
            "number": lot.number,
            "budget": str(lot.budget),
            "scope": lot.scope_of_work,
        },
        "round": package.round.number,
        "stage": package.round.stage,
        "law": package.round.law,
    }
    shelf.put_json(
        "1-project/project.json",
        facts,
        title="项目和招标项目登记",
        by=tender.tenderee.name,
        at=tender.created_at,
    )


def _lines(value: Any, name: str = "") -> list[tuple[str, str]]:
    """Return a JSON value as (where, what) pairs, for people."""
    if isinstance(value, dict):
        return [
            pair
            for key, part in value.items()
            for pair in _lines(part, f"{name}.{key}" if name else str(key))
        ]
    if isinstance(value, list):
        return [pair for n, part in enumerate(value, 1) for pair in _lines(part, f"{name}[{n}]")]
    return [(name, "" if value is None else str(value))]


def _sheet(title: str, value: Any, *, facts: list[tuple[str, str]], at: datetime) -> bytes:
    rows = [list(pair) for pair in _lines(value)]
    section = {"title": "内容", "lines": [], "columns": ["项", "内容"], "widths": [1, 2], "rows": rows}
    return sheet_pdf(title=title, facts=facts, sections=[section], at=at)


def _published(shelf: Shelf, package: Package) -> None:
    tender = package.round.lot.tender
    owner = tender.tenderee.name
    for file in TenderFile.objects.filter(tender=tender).order_by("version"):
        if not any(row["round"] == package.round.public_id for row in file.lots):
            continue
        content = {"document": file.document, "lots": file.lots}
        if file.addendum:
            content["addendum"] = file.addendum
        title, path = f"招标文件第{file.version}版", f"2-tender-file/v{file.version}"
        shelf.put_json(f"{path}.json", content, title=title, by=owner, at=file.issued_at)
        facts = [("招标项目", tender.name), ("发出", when(file.issued_at)), ("SHA-256", file.sha256)]
        shelf.put(
            f"{path}.pdf",
            _sheet(title, content, facts=facts, at=file.issued_at),
            title=title,
            by=owner,
            at=file.issued_at,
        )
    if package.reader in {Package.ARCHIVE, Package.SUPERVISOR, Package.OWNER}:
        for number, row in enumerate(ReviewConclusion.objects.filter(tender=tender).order_by("pk"), 1):
            said = {"passed": row.passed, "opinion": row.opinion, "document_sha256": row.document_sha256}
            shelf.put_json(
                f"2-tender-file/review-{number}.json",
                said,
                title="公平竞争审查结论",
                by=owner,
                at=row.concluded_at,
            )
    for number, page in enumerate(notices.of_round(package.round.public_id), 1):
        path, at = f"3-notices/{number:02d}-{page.row.kind}", page.row.published_at
        shelf.put_json(f"{path}.json", page.body, title=page.row.title, by=owner, at=at)
        facts = [("类别", page.row.label), ("发布", when(at)), ("SHA-256", page.sha256)]
        shelf.put(
            f"{path}.pdf",
            _sheet(page.row.title, page.body, facts=facts, at=at),
            title=page.row.title,
            by=owner,
            at=at,
        )


def _outages(shelf: Shelf, package: Package) -> None:
    """Lay in the outages with the files that prove them; what could tell who bids only by its hash."""
    rows = Outage.objects.filter(tender=package.round.lot.tender).order_by("pk")
    for number, row in enumerate(rows, 1):
        path = f"4-changes/outage-{number:02d}"
        readable = package.reader == Package.SUPERVISOR or proofs.told_to_owners(row)
        kept = row.files if readable else []
        said = {
            "kind": row.kind,
            "text": row.text,
            "started_at": when(row.started_at),
            "ended_at": when(row.ended_at),
            "resolution": row.resolution,
            "files": kept,
            "withheld": [] if readable else [file["sha256"] for file in row.files],
        }
        shelf.put_json(f"{path}.json", said, title="故障登记", by="交易中心", at=row.reported_at)
        by = Role(row.reported_by).label if row.reported_by else "交易中心"
        for n, file in enumerate(kept, 1):
            name = f"{path}/attachments/{n:03d}{Path(file['name']).suffix[:8]}"
            shelf.copy(name, files.path_of(file["sha256"]), title=file["name"], by=by, at=row.reported_at)


def _troubles(shelf: Shelf, package: Package, opened: OpeningSession | None) -> None:
    round_ = package.round
    tender = round_.lot.tender
    own = {round_.public_id} | {front.public_id for front in fronts_of([round_]).values()}
    for change in Change.objects.filter(tender=tender).order_by("number"):
        if own.intersection(change.rounds):
            said = {
                "number": change.number,
                "kind": change.kind,
                "wish": change.wish,
                "consequences": change.consequences,
                "made_at": when(change.made_at),
            }
            shelf.put_json(
                f"4-changes/{change.number:02d}.json",
                said,
                title=f"变更第{change.number}号",
                by=tender.tenderee.name,
                at=change.made_at,
            )
    owner_side = package.reader in {Package.ARCHIVE, Package.OWNER, Package.SUPERVISOR}
    if owner_side:
        _outages(shelf, package)
    found = Objection.objects.filter(round=round_).select_related("objector").order_by("pk")
    for number, row in enumerate(found, 1):
        mine = row.objector_id == package.organisation_id
        if not (mine or owner_side):
            continue
        # who asks about a file is a possible bidder: named to others only after the opening
        named = mine or opened is not None or row.about != Objection.FILE
        said = {
            "about": row.about,
            "objector": row.objector.name if named else None,
            "text": row.text,
            "filed_at": when(row.filed_at),
            "answer": row.answer,
            "answered_at": when(row.answered_at),
            "upheld": row.upheld,
            "late": row.late,
        }
        shelf.put_json(
            f"4-objections/{number:02d}.json",
            said,
            title="异议和答复",
            by=said["objector"] or "",
            at=row.filed_at,
        )
    lay_in(shelf, package, opened=opened is not None)
    if opened is None:
        return  # whom a message went to would tell who took the file
    told = Message.objects.filter(
        link__regex=f"{round_.public_id}|{round_.lot.public_id}|{tender.public_id}", recipient__isnull=False
    )
    if not owner_side:
        told = told.filter(recipient_id=package.organisation_id)
    rows = [
        {"to": m.recipient.name, "title": m.title, "text": m.text, "sent_at": when(m.sent_at)}
        for m in told.select_related("recipient").order_by("pk")
    ]
    shelf.put_json("4-messages/messages.json", rows, title="发给各方的通知", by="交易中心")


def _sealed(shelf: Shelf, bid: Bid, *, whole: bool) -> str:
    """Lay in what a bidder handed over; the ciphertext only where it was opened or is the reader's own."""
    folder, by, at = f"5-bids/{bid.public_id}", bid.bidder.name, bid.received_at
    shelf.put(f"{folder}/manifest.json", bytes(bid.manifest), title="投标清单", by=by, at=at)
    shelf.put(f"{folder}/manifest.p7s", bytes(bid.manifest_signature), title="投标清单签名", by=by, at=at)
    shelf.put(f"{folder}/certificate.pem", bid.certificate.pem.encode(), title="投标人证书", by=by)
    if whole:
        shelf.put(f"{folder}/key.p7m", bytes(bid.envelope), title="投标密钥信封", by=by, at=at)
        if bid.shares:
            shelf.put(f"{folder}/shares.json", bytes(bid.shares), title="密钥份额", by=by, at=at)
        payload = bidbox.profile_of(json.loads(bytes(bid.manifest))).payload
        shelf.copy(f"{folder}/{payload}", files.sealed_path(bid.payload), title="加密投标文件", by=by, at=at)
    return folder


def _bids(shelf: Shelf, package: Package, opened: OpeningSession) -> None:
    rows = opened.bids.select_related("bid__bidder", "bid__certificate").order_by("bid__entry_hash")
    for row in rows:
        if package.reader == Package.BIDDER and row.bid.bidder_id != package.organisation_id:
            continue  # what others offered was read out and stands in the opening record
        shown = row.state == BidOpening.OPENED
        folder = _sealed(shelf, row.bid, whole=shown)
        if not shown:
            continue
        said = {"bid_key": row.bid_key, "fields": row.fields, "salts": row.salts}
        shelf.put_json(
            f"{folder}/opened.json", said, title="投标文件内容", by=row.bid.bidder.name, at=row.settled_at
        )
        for number, part in enumerate(row.attachments, 1):
            path = files.path_of(part["sha256"])
            if path.exists():
                name = f"{number:03d}{Path(part['name']).suffix[:8]}"
                shelf.copy(f"{folder}/attachments/{name}", path, title=part["name"], by=row.bid.bidder.name)


def _own_bids(shelf: Shelf, package: Package) -> None:
    rows = Bid.objects.filter(round=package.round, bidder_id=package.organisation_id)
    for bid in rows.select_related("bidder", "certificate").order_by("pk"):
        folder = _sealed(shelf, bid, whole=True)
        shelf.put_json(
            f"{folder}/proof.json", evidence.proof(bid.entry_hash), title="投标回执的证明", by="交易中心"
        )


def _opening(shelf: Shelf, opened: OpeningSession | SecondOpening, *, path: str, title: str) -> None:
    if opened.record is None:
        return
    shelf.put_json(f"{path}.json", opened.record, title=title, by="招标人", at=opened.ended_at)
    shelf.sign(f"{path}.json", kind="opening_record", subject=opened.public_id, digest=opened.record_sha256)
    assert opened.ended_at is not None, "a record is written when the opening ends"
    columns = ["投标人", "状态", "报价（元）", "工期（天）"]
    rows = [
        [
            b["bidder"],
            words.BID_STATES.get(b["state"], b["state"]),
            b["price"] or "",
            str(b["duration_days"] or ""),
        ]
        for b in opened.record["bids"]
    ]
    sections = [{"title": "唱标", "lines": [], "columns": columns, "widths": [3, 1, 2, 1], "rows": rows}]
    facts = [
        ("招标项目", opened.record["tender"]),
        ("标段", opened.record["lot"]),
        ("开标", when(opened.record["opened_at"])),
        ("记录摘要", opened.record_sha256),
    ]
    made = sheet_pdf(title=title, facts=facts, sections=sections, at=opened.ended_at)
    shelf.put(f"{path}.pdf", made, title=title, by="招标人", at=opened.ended_at)


def _evaluation(shelf: Shelf, package: Package) -> None:
    if package.reader == Package.BIDDER:
        return
    for row in Evaluation.objects.filter(round=package.round, reported_at__isnull=False).order_by("number"):
        path, title = f"6-evaluation/report-{row.number}", f"评标报告({row.number})"
        shelf.put_json(f"{path}.json", row.report, title=title, by="评标委员会", at=row.reported_at)
        shelf.sign(f"{path}.json", kind="evaluation_report", subject=row.public_id, digest=row.report_sha256)
        if row.report_pdf:
            shelf.copy(
                f"{path}.pdf", files.path_of(row.report_pdf), title=title, by="评标委员会", at=row.reported_at
            )
        if package.level != "supervisor":
            continue
        sheets = [
            {
                "member": s.member.code,
                "kind": s.kind,
                "content": s.content,
                "handed_in_at": when(s.handed_in_at),
            }
            for s in row.sheets.select_related("member").order_by("kind", "member__code")
        ]
        shelf.put_json(
            f"6-evaluation/sheets-{row.number}.json", sheets, title="评审表和打分表", by="评标委员会"
        )


def _result(shelf: Shelf, package: Package) -> None:
    tender = package.round.lot.tender
    for number, award in enumerate(Award.objects.filter(round=package.round).order_by("pk"), 1):
        if award.letter and award.sent_at:
            path = files.path_of(award.letter)
            shelf.copy(
                f"7-result/letter-{number}.pdf",
                path,
                title="中标通知书",
                by=tender.tenderee.name,
                at=award.sent_at,
            )
    if package.reader != Package.BIDDER:
        for panel in Panel.objects.filter(round=package.round).exclude(report_pdf="").order_by("pk"):
            shelf.copy(
                f"7-result/award-report-{panel.number}.pdf",
                files.path_of(panel.report_pdf),
                title="定标报告",
                by=tender.tenderee.name,
                at=panel.award.determined_at if panel.award else None,
            )
    contract = (
        Contract.objects.filter(award__round=package.round, signed_at__isnull=False).order_by("-pk").first()
    )
    if contract is not None:
        path = files.path_of(contract.pdf)
        shelf.copy(
            "7-result/contract.pdf", path, title="合同", by=tender.tenderee.name, at=contract.signed_at
        )


def _papers(shelf: Shelf, package: Package) -> None:
    """Lay in the sealed papers that the reader may have: all for the owner side, a bidder's own letters and the public ones."""
    rows = (
        Paper.objects.filter(round=package.round)
        .exclude(sealed="")
        .select_related("certificate__organisation")
    )
    if package.reader == Package.BIDDER:
        public = [kind.value for kind in Kind if kind.public]
        rows = rows.filter(Q(kind__in=public) | Q(addressee_id=package.organisation_id))
    for number, row in enumerate(rows.order_by("pk"), 1):
        by = row.certificate.organisation.name if row.certificate and row.certificate.organisation else ""
        path = f"7-papers/{number:02d}-{row.kind}.pdf"
        shelf.copy(path, files.path_of(row.sealed), title=Kind(row.kind).label, by=by, at=row.sealed_at)


def _evidence(shelf: Shelf, package: Package, pack: dict[str, Any]) -> None:
    shelf.put_json("8-evidence/evidence.json", pack, title=f"证据包({package.level})", by="交易中心")
    scope = {"ocid": package.round.lot.tender.ocid}
    shelf.put_json(
        "8-evidence/evidence-public.json",
        evidence.pack(scope=scope, level="public"),
        title="证据包(公开)",
        by="交易中心",
    )
    shelf.put("8-evidence/checkpoint.txt", pack["checkpoint"].encode(), title="日志检查点", by="交易中心")
    size = evidence.published_size()
    indexes = [e["index"] for e in [*pack["entries"], *pack["escrow_roots"]] if e["index"] is not None]
    wanted = set(tlog.right_edge(size)) | {(0, index // tlog.TILE_WIDTH) for index in indexes}
    for (level, index), data in sorted(tiles.read(wanted).items()):
        width = tlog.tile_width(level, index, size)
        address = tlog.TileAddress(level=level, index=index, width=width)
        shelf.put(f"8-evidence/{address.path}", data[: width * tlog.HASH], title="日志瓦片", by="交易中心")


def _timeline(shelf: Shelf, package: Package, pack: dict[str, Any], now: datetime) -> None:
    """Set who did what when by which clause, from the entries at the package's level."""
    procedure = BY_CODE[package.round.procedure_code]
    moves = {move.code: move for move in procedure.moves}
    names = _organisations(pack)
    rows = []
    for entry in pack["entries"]:
        leaf = json.loads(entry["leaf"])
        if leaf["round"] not in {"", package.round.public_id}:
            continue
        shown = shown_values(entry)
        actor = shown.get("actor") or {}
        role = Role(actor["role"]).label if actor else "未公开"
        whose = names.get(actor.get("organisation", ""), "")
        bidder = shown.get("bidder", "")
        who = " ".join(filter(None, (role, whose or names.get(bidder, bidder))))
        move = moves.get(rules.MOVE_OF.get(leaf["act"], ""))
        clause = "; ".join(str(c) for c in move.basis) if move else ""
        rows.append(
            [
                when(leaf["legal_at"]),
                when(leaf["recorded_at"]),
                who,
                "; ".join(filter(None, (words.act(leaf["act"]), words.facts(shown)))),
                clause,
                entry["entry_hash"][:8],
            ]
        )
    rows.sort(key=lambda row: (row[1], row[0]))
    columns = ["法定时刻", "记录时刻", "办理人", "事项", "依据", "记录"]
    title = "交易过程时间线"
    facts = [
        ("招标项目", package.round.lot.tender.name),
        ("标段", f"{package.round.lot.name} 第{package.round.number}轮"),
        ("证据级别", {"public": "公开", "party": "当事人", "supervisor": "监督"}[package.level]),
        ("制作", when(now)),
    ]
    sections = [
        {
            "title": "谁在何时依何条款办了何事",
            "lines": [
                "时刻均为北京时间。训练中心的法定时刻可以拨动, 记录时刻是真实时间。未公开的办理人在证据包里只有承诺值。"
            ],
            "columns": columns,
            "widths": [3, 3, 4, 5, 5, 3],
            "rows": rows,
        },
        _recomputed(pack),
    ]
    shelf.put(
        "timeline.pdf",
        sheet_pdf(title=title, facts=facts, sections=sections, at=now),
        title=title,
        by="交易中心",
        at=now,
    )
    shelf.put("timeline.html", _page(title, facts, sections).encode(), title=title, by="交易中心", at=now)


def _recomputed(pack: dict[str, Any]) -> dict[str, Any]:
    """Return what can be recomputed of a process as a section of the timeline."""
    found = [f for f in check.recomputed(pack) if not f.name.startswith("authenticity.entry.")]
    rows = [[check.MARKS[f.outcome], f.title_zh, f.detail_zh] for f in found]
    return {
        "title": "由证据重算的结果",
        "lines": ["任何人可以用包里的 tools/verify.pyz 重算一遍, 不必相信这张表。"],
        "columns": ["结果", "核验项", "说明"],
        "widths": [1, 2, 6],
        "rows": rows,
    }


def _organisations(pack: dict[str, Any]) -> dict[str, str]:
    """Return {public id: name} of the organisations that the entries of a pack show."""
    from ggzy.parties.models import Organisation

    ids: set[str] = set()
    for entry in pack["entries"]:
        shown = shown_values(entry)
        ids |= {(shown.get("actor") or {}).get("organisation", ""), str(shown.get("bidder", ""))}
    return dict(Organisation.objects.filter(public_id__in=ids - {""}).values_list("public_id", "name"))


def _page(title: str, facts: list[tuple[str, str]], sections: list[dict[str, Any]]) -> str:
    """Return the timeline as a page without script or style of others."""
    esc = html.escape
    body = [f"<h1>{esc(title)}</h1><dl>"]
    body += [f"<dt>{esc(k)}</dt><dd>{esc(v)}</dd>" for k, v in facts]
    body.append("</dl>")
    for section in sections:
        body.append(f"<h2>{esc(section['title'])}</h2>")
        body += [f"<p>{esc(line)}</p>" for line in section["lines"]]
        head = "".join(f"<th>{esc(c)}</th>" for c in section["columns"])
        body.append(f"<table><thead><tr>{head}</tr></thead><tbody>")
        body += ["<tr>" + "".join(f"<td>{esc(c)}</td>" for c in row) + "</tr>" for row in section["rows"]]
        body.append("</tbody></table>")
    look = "body{font:15px/1.6 sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem}table{border-collapse:collapse;width:100%}td,th{border:1px solid #999;padding:.3rem .5rem;text-align:left;vertical-align:top}"
    return f'<!doctype html><html lang="zh-CN"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{esc(title)}</title><style>{look}</style><body>{"".join(body)}</body></html>'


def seal(package: Package, root: Path, *, now: datetime) -> None:
    """Write the tag files with the centre's signature on the payload's manifest."""
    metadata = json.loads((root / check.METADATA).read_bytes())
    body = {
        "centre": settings.CENTRE_ID,
        "package": package.public_id,
        "manifest_sha256": sha256(bag.manifest(root).encode()).hex(),
        "metadata": metadata["unit"],
        "sealed_at": now.isoformat(),
    }
    (root / check.SEAL).write_bytes(canonical(acks.sign(body, key=keys.ack_key())))
    info = {
        "Source-Organization": package.round.lot.tender.tenderee.name,
        "External-Identifier": package.public_id,
        "Internal-Sender-Identifier": package.round.public_id,
        "Bag-Software-Agent": "OpenGGZY",
    }
    bag.seal(root, info=info, on=now.astimezone(BEIJING).date())
