"""Writing the tender file from a template: reading the lists first, filling in, answering findings; comparing versions."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from ggzy.drafting import clauses as drafted
from ggzy.drafting.actions import keep_acknowledgement
from ggzy.drafting.diff import Row, differences
from ggzy.drafting.lists import LIST_SHA256, VERSION, Finding, Must
from ggzy.evidence.actions import record_act
from ggzy.kernel.actors import Actor
from ggzy.kernel.refusals import BadInput, NotFound
from ggzy.parties.grid import Permission, require
from ggzy.tendering import checking
from ggzy.tendering.actions import NothingToDo, write_document
from ggzy.tendering.document import TenderDocument, parse
from ggzy.tendering.models import Tender
from ggzy.tendering.moves import require_owner_side
from ggzy.tendering.queries import tender_file


def own_draft(tender_id: str, actor: Actor) -> Tender:
    """Return a tender of the actor's own side.

    :raises NotFound: no such tender
    :raises NotPermitted: another organisation's
    """
    require(actor, Permission.TENDER_EDIT)
    tender = Tender.objects.filter(public_id=tender_id).first()
    if tender is None:
        raise NotFound("没有这个招标项目")
    require_owner_side(tender, actor)
    return tender


@transaction.atomic
def acknowledge_list(*, tender_id: str, actor: Actor, now: datetime) -> bool:
    """Say that the positive and negative lists were read 前置告知; the second time changes and records nothing.

    :raises NotPermitted: another organisation's tender
    """
    tender = own_draft(tender_id, actor)
    made = keep_acknowledgement(tender=tender.public_id, region_code=tender.region_code, now=now)
    if made:
        record_act(
            "drafting.list_acknowledged",
            subject=tender.public_id,
            actor=actor,
            legal_at=now,
            ocid=tender.ocid,
            supervisor={"list_version": VERSION, "list_sha256": LIST_SHA256},
        )
    return made


def _begun(tender: Tender) -> dict[str, Any]:
    if not tender.document:
        raise NothingToDo(
            "请先保存评标办法、评审要求等结构化内容, 再填写范本",
            next_steps=(("编制招标文件", f"/work/tenders/{tender.public_id}/document"),),
        )
    return dict(tender.document)


@transaction.atomic
def fill_clauses(
    *, tender_id: str, clauses: Mapping[str, Any], actor: Actor, now: datetime
) -> TenderDocument:
    """Save the filled slots and chosen library clauses; locked words and answers to findings stay as they are.

    :raises NothingToDo: the structured part is not written yet, or the file is not open for writing
    :raises BadInput: a slot is unknown or its value is not of its kind
    """
    tender = own_draft(tender_id, actor)
    document = _begun(tender)
    kept = (document.get("clauses") or {}).get("answers", [])
    wanted = {key: clauses.get(key) for key in ("template", "version", "slots", "sector", "library")}
    wanted = {key: value for key, value in wanted.items() if value is not None} | {"answers": kept}
    return write_document(tender_id=tender_id, document=document | {"clauses": wanted}, actor=actor, now=now)


@transaction.atomic
def answer_finding(
    *, tender_id: str, finding: str, reason: str, actor: Actor, now: datetime
) -> TenderDocument:
    """Keep a clause that the negative list points at, with a written justification; it is published with the file.

    :raises BadInput: no such finding now, or no reason that says anything
    """
    tender = own_draft(tender_id, actor)
    document = _begun(tender)
    found = {f.key: f for f in checking.findings(parse(document))}
    if finding not in found:
        raise BadInput("没有这条提示, 内容可能已经改写, 请刷新", field="finding")
    before = drafted.parse(document.get("clauses"))
    raw = before.as_json() if before else {"template": ""}
    answers = [a for a in raw.get("answers", []) if a["finding"] in found and a["finding"] != finding]
    raw["answers"] = [*answers, {"finding": finding, "reason": reason}]
    written = write_document(tender_id=tender_id, document=document | {"clauses": raw}, actor=actor, now=now)
    record_act(
        "drafting.finding_answered",
        subject=tender.public_id,
        actor=actor,
        legal_at=now,
        ocid=tender.ocid,
        supervisor={
            "rule": found[finding].rule,
            "sentence": found[finding].sentence,
            "reason": reason.strip(),
        },
    )
    return written


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What the two lists say of a draft."""

    findings: tuple[Finding, ...]
    answers: Mapping[str, str]
    missing: tuple[Must, ...]
    empty: tuple[str, ...]
    #: whether the positive list was run over it: only over a file from the template
    templated: bool


def checked(document: TenderDocument) -> Checked:
    """Return what the two lists say of a document, BLOCK first."""
    found = sorted(checking.findings(document), key=lambda f: f.level.value)
    return Checked(
        findings=tuple(found),
        answers=checking.answers(document),
        missing=tuple(checking.missing(document)),
        empty=tuple(document.clauses.missing()) if document.clauses else (),
        templated=checking.uses_template(document),
    )


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Two versions of a file, part by part."""

    older: int
    newer: int
    older_sha256: str
    newer_sha256: str
    rows: tuple[Row, ...]


def compare_versions(*, tender_id: str, older: int, newer: int) -> Comparison:
    """Return what changed between two published versions, for anyone.

    :raises NotFound: a version is not published
    """
    a, b = tender_file(tender_id=tender_id, version=older), tender_file(tender_id=tender_id, version=newer)
    rows = differences(checking.parts(parse(a.document), a.lots), checking.parts(parse(b.document), b.lots))
    return Comparison(
        older=a.version, newer=b.version, older_sha256=a.sha256, newer_sha256=b.sha256, rows=tuple(rows)
    )


def checked_draft(*, tender_id: str, actor: Actor) -> Checked:
    """Return what the two lists say of one's own draft.

    :raises NothingToDo: nothing is written yet
    """
    return checked(parse(_begun(own_draft(tender_id, actor))))
