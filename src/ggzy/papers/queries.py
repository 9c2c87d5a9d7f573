"""The list of papers for those who work with them, the page behind a paper's code, and who may read one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Q

from ggzy.awarding.models import Award
from ggzy.evaluation.models import Evaluation
from ggzy.evidence.models import Entry
from ggzy.kernel import files
from ggzy.kernel.actors import Actor, Role
from ggzy.kernel.refusals import BadInput, NotFound, NotPermitted
from ggzy.opening.models import OpeningSession
from ggzy.papers.actions import require_reads_round
from ggzy.papers.gathering import Due, content_of, due_papers, ref_of
from ggzy.papers.models import Paper
from ggzy.papers.printing import print_pack
from ggzy.papers.rules import Kind
from ggzy.parties.grid import Permission, require
from ggzy.tendering.models import Round, Tender
from ggzy.ui.documents import paper_pdf

AWARD_LETTER = "award_letter"
LABELS = {**{kind.value: kind.label for kind in Kind}, AWARD_LETTER: "中标通知书"}
#: how far back a list reaches, in days
SPANS = (7, 30, 90, 365)
#: lots on one page of the list, and papers in one print
PAGE_ROUNDS, MOST_PRINTED = 60, 400


@dataclass(frozen=True, kw_only=True)
class PaperRow:
    """One paper in the list: due, or sealed with its code and file."""

    ref: str
    kind: str
    label: str
    round: str
    lot: str
    lot_name: str
    tender: str
    tender_name: str
    number: int
    addressee: str
    code: str
    sealed: str
    sealed_at: datetime | None
    may_seal: bool

    @property
    def item(self) -> str:
        """Return what names the paper in a form."""
        return f"{self.round}/{self.ref}"


def _row(round_: Round, *, viewer: Actor, kind: str, ref: str, to: str, paper: Paper | None) -> PaperRow:
    tender = round_.lot.tender
    own = {tender.tenderee_id} if kind in _TENDEREE_ONLY else {tender.tenderee_id, tender.agency_id}
    return PaperRow(
        ref=ref,
        kind=kind,
        label=LABELS[kind],
        round=round_.public_id,
        lot=round_.lot.public_id,
        lot_name=round_.lot.name,
        tender=tender.public_id,
        tender_name=tender.name,
        number=round_.number,
        addressee=to,
        code=paper.public_id if paper else "",
        sealed=paper.sealed if paper else "",
        sealed_at=paper.sealed_at if paper else None,
        may_seal=bool(viewer.organisation_pk)
        and viewer.organisation_pk in own
        and not (paper and paper.sealed),
    )


_TENDEREE_ONLY = {kind.value for kind in Kind if kind.tenderee_only}


def papers(
    *, viewer: Actor, now: datetime, days: int = 30, kind: str = "", number: int = 1
) -> tuple[list[PaperRow], bool]:
    """Return a page of the papers of one's own rounds (of every round, for centre and supervisor) that moved in `days`
    days, the newest opening first, and whether there are more.

    :raises BadInput: no such span or kind
    """
    require(viewer, Permission.PAPER_READ)
    if days not in SPANS or (kind and kind not in LABELS):
        raise BadInput("请从列表中选择时间范围和文书种类")
    since = now - timedelta(days=days)
    moved = (
        OpeningSession.objects.filter(ended_at__gte=since),
        Evaluation.objects.filter(started_at__gte=since),
        Award.objects.filter(sent_at__gte=since),
    )
    rounds = Round.objects.filter(reduce(or_, (Q(pk__in=rows.values("round")) for rows in moved)), phase=1)
    if viewer.role not in {Role.CENTRE, Role.SUPERVISOR}:
        own = viewer.organisation_pk
        rounds = rounds.filter(Q(lot__tender__tenderee_id=own) | Q(lot__tender__agency_id=own))
    start = (min(max(number, 1), 10_000) - 1) * PAGE_ROUNDS
    ordered = rounds.select_related("lot__tender__tenderee").defer("law", "lot__tender__document")
    ordered = ordered.order_by("-opened_at", "-pk")
    found = list(ordered[start : start + PAGE_ROUNDS + 1])
    rows = _rows(found[:PAGE_ROUNDS], viewer)
    return [row for row in rows if not kind or row.kind == kind], len(found) > PAGE_ROUNDS


def _rows(rounds: Sequence[Round], viewer: Actor) -> list[PaperRow]:
    made: dict[tuple[int, str], Paper] = {}
    for paper in (
        Paper.objects.filter(round__in=rounds).select_related("addressee").defer("facts").order_by("pk")
    ):
        made[paper.round_id, ref_of(paper.kind, paper.subject, paper.addressee)] = paper
    out: dict[int, list[PaperRow]] = {r.pk: [] for r in rounds}
    for due in due_papers(rounds):
        paper = made.pop((due.round.pk, due.ref), None)
        to = due.addressee.name if due.addressee else ""
        out[due.round.pk].append(
            _row(due.round, viewer=viewer, kind=due.kind.value, ref=due.ref, to=to, paper=paper)
        )
    by_pk = {r.pk: r for r in rounds}
    for (round_pk, ref), paper in made.items():
        if paper.sealed:  # of an award that came to nothing later: it was sent, so it stays
            to = paper.addressee.name if paper.addressee else ""
            out[round_pk].append(
                _row(by_pk[round_pk], viewer=viewer, kind=paper.kind, ref=ref, to=to, paper=paper)
            )
    letters = Award.objects.filter(round__in=rounds, sent_at__isnull=False).order_by("pk")
    names = "round_id", "public_id", "letter", "sent_at", "bid__bidder__name"
    for round_pk, award, letter, sent_at, winner in letters.values_list(*names):
        out[round_pk].append(
            _row(
                by_pk[round_pk],
                viewer=viewer,
                kind=AWARD_LETTER,
                ref=f"{AWARD_LETTER}.{award}",
                to=winner,
                paper=Paper(public_id=award, sealed=letter, sealed_at=sent_at),
            )
        )
    return [row for rows in out.values() for row in rows]


def preview(*, round_id: str, ref: str, viewer: Actor, now: datetime) -> bytes:
    """Return a paper as the record stands, marked as not sealed; nothing is kept.

    :raises NotFound: no such paper yet
    """
    require(viewer, Permission.PAPER_READ)
    due = _due(round_id, ref)
    require_reads_round(due.round, viewer)
    return paper_pdf(content=content_of(due).as_json(), code="", at=now, unsealed=True)


def _due(round_id: str, ref: str) -> Due:
    round_ = Round.objects.select_related("lot__tender__tenderee").filter(public_id=round_id, phase=1).first()
    for due in due_papers([round_] if round_ else []):
        if due.ref == ref:
            return due
    raise NotFound("没有这份文书, 或者形成它的环节还没有办完, 请刷新文书列表")


def printed(*, items: Sequence[str], viewer: Actor) -> bytes:
    """Return the sealed papers that `items` ("round/ref") name as one PDF to print, in their order.

    :raises BadInput: none, too many, or one that is not sealed
    :raises NotPermitted: not for this reader
    """
    require(viewer, Permission.PAPER_READ)
    if not items or len(items) > MOST_PRINTED:
        raise BadInput(f"请勾选1到{MOST_PRINTED}份已签章的文书", field="item")
    wanted = [item.partition("/")[::2] for item in dict.fromkeys(items)]
    rounds = list(
        Round.objects.filter(public_id__in={round_id for round_id, _ in wanted}).select_related(
            "lot__tender__tenderee"
        )
    )
    for round_ in rounds:
        require_reads_round(round_, viewer)
    known = {(row.round, row.ref): row.sealed for row in _rows(rounds, viewer)}
    digests = [known.get((round_id, ref), "") for round_id, ref in wanted]
    if not all(digests):
        raise BadInput("勾选的文书中有还没有签章的: 请先签章再合并打印, 或者逐份预览", field="item")
    return print_pack(files.read(digest) for digest in digests)


@dataclass(frozen=True, kw_only=True)
class CodePage:
    """What stands behind the code of a paper; content and file only for those who may read them."""

    code: str
    label: str
    basis: str
    tender: str
    tender_name: str
    lot: str
    lot_name: str
    number: int
    sealed_by: str
    fingerprint: str
    sealed_at: datetime | None
    sha256: str
    entry_hash: str
    leaf_index: int | None
    readable: bool
    content: dict[str, Any] | None


def code_page(code: str, *, viewer: Actor) -> CodePage:
    """Return what stands behind the code of a paper or of a letter of award, for anyone who holds the paper.

    :raises NotFound: no paper carries this code
    """
    paper = (
        Paper.objects.select_related("round__lot__tender", "certificate__organisation", "addressee")
        .filter(public_id=code)
        .first()
    )
    if paper is None:
        return _letter_page(code)
    kind = Kind(paper.kind)
    readable = may_read(paper, viewer)
    sealed_by = paper.certificate.organisation if paper.certificate else None
    return CodePage(
        code=code,
        label=kind.label,
        basis=str(kind.basis),
        **_where(paper.round),
        sealed_by=sealed_by.name if sealed_by else "",
        fingerprint=paper.certificate.fingerprint if paper.certificate else "",
        sealed_at=paper.sealed_at,
        sha256=paper.sealed,
        **_logged("papers.sealed", code),
        readable=readable and bool(paper.sealed),
        content=paper.facts if readable else None,
    )


def _letter_page(code: str) -> CodePage:
    award = (
        Award.objects.select_related("round__lot__tender__tenderee", "bid__bidder")
        .filter(public_id=code, sent_at__isnull=False)
        .first()
    )
    if award is None:
        raise NotFound("没有这个编号的文书: 请核对地址是否完整; 编号对不上的纸质文书不是本平台签发的")
    tender = award.round.lot.tender
    facts = [
        ["招标项目", tender.name],
        ["标段", award.round.lot.name],
        ["中标人", award.bid.bidder.name],
        ["中标价", f"{award.price:,.2f}元"],
    ]
    ended = ["该中标资格已经终止。"] if award.ended_at else []
    return CodePage(
        code=code,
        label=LABELS[AWARD_LETTER],
        basis="《招标投标法》第四十五条",
        **_where(award.round),
        sealed_by=tender.tenderee.name,
        fingerprint="",
        sealed_at=award.sent_at,
        sha256=award.letter,
        **_logged("awarding.notified", code),
        readable=True,
        content={"title": LABELS[AWARD_LETTER], "to": "", "facts": facts, "lines": ended, "tables": []},
    )


def _where(round_: Round) -> dict[str, Any]:
    lot = round_.lot
    return {
        "tender": lot.tender.public_id,
        "tender_name": lot.tender.name,
        "lot": lot.public_id,
        "lot_name": lot.name,
        "number": round_.number,
    }


def _logged(act: str, subject: str) -> dict[str, Any]:
    found = Entry.objects.filter(act=act, subject=subject).values("entry_hash", "leaf_index").last()
    return found or {"entry_hash": "", "leaf_index": None}


def _sides(tender: Tender) -> set[int | None]:
    return {tender.tenderee_id, tender.agency_id} - {None}


def may_read(paper: Paper, viewer: Actor) -> bool:
    """Say whether a reader may see what a paper says: anyone a public one, else its parties, centre and supervisor."""
    if Kind(paper.kind).public or viewer.role in {Role.CENTRE, Role.SUPERVISOR}:
        return True
    return viewer.organisation_pk in _sides(paper.round.lot.tender) | ({paper.addressee_id} - {None})


def paper_name(*, digest: str, viewer: Actor) -> str:
    """Return the file name of a sealed paper, "" if the document is none.

    :raises NotPermitted: not for this reader
    """
    paper = Paper.objects.select_related("round__lot__tender").filter(sealed=digest).first()
    if paper is None:
        return ""
    if not may_read(paper, viewer):
        raise NotPermitted("这份文书由招标人、代理机构、收件人、交易中心和监督部门查阅")
    return f"{Kind(paper.kind).label}-{paper.round.lot.name}.pdf"
