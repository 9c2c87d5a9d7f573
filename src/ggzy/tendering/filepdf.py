"""A published version as PDF/A-3 with its data embedded: set after publication, sealed by the owner side in one act."""

from datetime import datetime
from itertools import groupby
from typing import Any

from django.db import transaction

from ggzy.deadlines.actions import effect
from ggzy.drafting.actions import keep_file_pdf
from ggzy.drafting.models import FilePdf
from ggzy.drafting.queries import file_pdf
from ggzy.evidence.actions import record_act
from ggzy.identity.models import Sealing
from ggzy.kernel import files
from ggzy.kernel.actors import Actor
from ggzy.kernel.canonical import canonical
from ggzy.kernel.refusals import NotFound, Refusal
from ggzy.methods.explain import scheme_in_words
from ggzy.parties.grid import Permission, require
from ggzy.seals.sealing import finish_seal, prepare_seal
from ggzy.tendering import terms
from ggzy.tendering.document import DEPOSIT_FORMS, TenderDocument, parse
from ggzy.tendering.models import TenderFile
from ggzy.tendering.moves import require_owner_side
from ggzy.tendering.versions import FILE_PDF
from ggzy.ui.documents import tender_file_pdf

PURPOSE = "tender_file"


class PdfNotReady(Refusal):
    """The PDF of this version is still being set, or is sealed already."""

    code = "tendering.pdf_not_ready"


def embedded(file: TenderFile) -> bytes:
    """Return the data inside the PDF: exactly what the version's hash is made of, with the hash beside it."""
    return canonical(
        {"version": file.version, "sha256": file.sha256, "document": file.document, "lots": file.lots}
    )


def _facts(file: TenderFile) -> dict[str, Any]:
    document, tender = parse(file.document), file.tender
    rendered = document.clauses_read()
    chapters = [
        {"title": title, "clauses": [{"title": c.title, "text": c.text, "law": c.law} for c in group]}
        for title, group in groupby(rendered, key=lambda c: c.chapter)
    ]
    return {
        "tender": tender.name,
        "tenderee": tender.tenderee.name,
        "version": str(file.version),
        "sha256": file.sha256,
        "lots": [
            {
                "name": str(lot["name"]),
                "budget": str(lot["budget"]),
                "ceiling": str(lot["ceiling_price"] or "不设"),
                "days": str(lot["duration_days"]),
                "bill": f"{lot['bill']['items']}项, SHA-256 {lot['bill']['sha256']}"
                if lot.get("bill")
                else "",
            }
            for lot in file.lots
        ],
        "facts": [
            ["评标办法", document.method_label],
            *_scheme_facts(document),
            *([name, value] for name, value in terms.in_words(tender, document, issued_at=file.issued_at)),
            *(
                [title, says]
                for title, says in (document.award_plan.in_words() if document.award_plan else [])
            ),
            ["质量要求", document.quality],
            ["投标保证金", f"{document.deposit}元"],
            ["保证金形式", "、".join(DEPOSIT_FORMS[form] for form in document.deposit_forms)],
            ["投标有效期", f"{document.bid_validity_days}日"],
            ["解密时限", f"{document.decryption_minutes}分钟"],
            ["加密算法", f"{document.sealing.label}({document.sealing.says})"],
            ["联合体", "接受" if document.consortium_allowed else "不接受"],
            [
                "评标委员会",
                f"{document.committee_size}人, 其中招标人代表{document.owner_representatives}人",
            ],
        ],
        "requirements": [f"{r.part.label}: {r.text}" for r in document.requirements],
        "criteria": [[c.title, str(c.weight)] for c in document.criteria],
        "chapters": chapters,
        "answers": [a.reason for a in document.clauses.answers] if document.clauses else [],
        "text": [line for line in document.text.splitlines() if line.strip()],
    }


def _scheme_facts(document: TenderDocument) -> list[list[str]]:
    """Return a method given as data as rows: parameters, steps, order."""
    if document.scheme is None:
        return []
    return [[f"评标办法: {title}", says] for title, says in scheme_in_words(document.scheme)]


@effect(FILE_PDF)
def make_file_pdf(file_id: str, now: datetime) -> datetime | None:
    """Set a published version as a PDF, once."""
    file = TenderFile.objects.select_related("tender__tenderee").get(public_id=file_id)
    if file_pdf(tender=file.tender.public_id, version=file.version):
        return None
    made = tender_file_pdf(facts=_facts(file), embedded=embedded(file), at=file.issued_at)
    keep_file_pdf(
        tender=file.tender.public_id,
        version=file.version,
        sealed=False,
        sha256=files.keep(made),
        certificate="",
        region_code=file.region_code,
        now=now,
    )
    return None


def _own_file(tender_id: str, version: int, actor: Actor) -> TenderFile:
    """Return a published version of one's own tender, locked.

    :raises NotFound: no such version
    :raises PdfNotReady: its PDF is not set yet, or is sealed
    """
    file = (
        TenderFile.objects.select_for_update(of=("self",))
        .select_related("tender")
        .filter(tender__public_id=tender_id, version=version)
        .first()
    )
    if file is None:
        raise NotFound("招标文件尚未发布, 或没有这个版本")
    require_owner_side(file.tender, actor)
    row = file_pdf(tender=tender_id, version=version)
    if row is None:
        raise PdfNotReady("招标文件的PDF正在生成, 请稍后再签章")
    if row.sealed:
        raise PdfNotReady("这个版本已经签章, 不重复签章")
    return file


@transaction.atomic
def prepare_file_seal(*, tender_id: str, version: int, actor: Actor, now: datetime) -> Sealing:
    """Say which bytes the owner side's certificate must sign to seal a version's PDF.

    :raises PdfNotReady: not set yet, or sealed already
    """
    require(actor, Permission.FILE_SEAL, signed=True)
    file = _own_file(tender_id, version, actor)
    row = file_pdf(tender=tender_id, version=version)
    assert row is not None
    return prepare_seal(
        pdf=files.read(row.sha256),
        document=row.sha256,
        purpose=PURPOSE,
        subject=file.public_id,
        box=(330, 690, 530, 760),
        reason="招标文件",
        actor=actor,
        now=now,
    )


@transaction.atomic
def finish_file_seal(*, tender_id: str, version: int, signature: str, actor: Actor, now: datetime) -> FilePdf:
    """Put the owner side's seal into a version's PDF; from now on the public page gives the sealed one.

    :raises SignatureWrong: the signature is not on the prepared PDF
    """
    require(actor, Permission.FILE_SEAL, signed=True)
    file = _own_file(tender_id, version, actor)
    sealed = finish_seal(purpose=PURPOSE, subject=file.public_id, signature=signature, actor=actor)
    made = keep_file_pdf(
        tender=tender_id,
        version=version,
        sealed=True,
        sha256=files.keep(sealed.pdf),
        certificate=sealed.certificate.fingerprint,
        region_code=file.region_code,
        now=now,
    )
    record_act(
        "drafting.file_sealed",
        subject=file.tender.public_id,
        actor=actor,
        legal_at=now,
        ocid=file.tender.ocid,
        public={"version": version, "tender_file_sha256": file.sha256, "pdf_sha256": made.sha256},
    )
    return made
