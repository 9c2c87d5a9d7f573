"""Who may read which level of a process's evidence, and which kept document."""

from pathlib import PurePath

from ggzy.awarding.models import Award, Panel
from ggzy.changes import proofs
from ggzy.complaints.queries import find_file as complaint_file
from ggzy.contracting.models import Contract
from ggzy.evaluation.dark import hidden_sources
from ggzy.evaluation.models import Evaluation
from ggzy.fronts.queries import require_may_read_package
from ggzy.kernel.actors import Actor, Role
from ggzy.kernel.refusals import BadInput, NotFound, NotPermitted
from ggzy.opening.models import BidOpening
from ggzy.opening.quiet import is_quiet
from ggzy.papers.queries import paper_name
from ggzy.parties.grid import Permission, require
from ggzy.seals.queries import stamped_copy_of
from ggzy.tendering.models import Tender

LEVELS = ("public", "party", "supervisor")


def require_level(*, ocid: str, level: str, viewer: Actor) -> None:
    """Let a reader pass who may read this level of a process: public anyone, party its parties, all a supervisor.

    :raises BadInput: no such level
    :raises NotPermitted: not for this reader
    """
    if level not in LEVELS:
        raise BadInput("证据包的级别应为 public、party 或 supervisor", field="level")
    if level == "public":
        return
    if level == "supervisor":
        require(viewer, Permission.EVIDENCE_READ_SUPERVISOR)
        return
    require(viewer, Permission.EVIDENCE_READ_PARTY)
    if viewer.role is Role.SUPERVISOR:
        return
    tender = Tender.objects.filter(ocid=ocid).first()
    if tender is None:
        raise NotFound("没有这个招标项目")
    owner = viewer.organisation_pk in {tender.tenderee_id, tender.agency_id}
    took_part = BidOpening.objects.filter(
        session__round__lot__tender=tender,
        session__round__phase=1,
        bid__bidder_id=viewer.organisation_pk,
    ).exists()
    if not (owner or took_part):
        raise NotPermitted("当事人证据包由招标人、代理机构和已开标的投标人查阅")


def _name_in_a_bid(row: BidOpening, *, digest: str, viewer: Actor) -> str:
    """Return the name of a file in an opened bid for who may read it.

    :raises NotPermitted: not for this reader
    """
    round_ = row.session.round
    tender = round_.lot.tender
    name = str(next(a["name"] for a in row.attachments if a["sha256"] == digest))
    own = viewer.organisation_pk == row.bid.bidder_id
    if round_.phase == 0:
        # a file's name could say whose it is: the owner side of a two-stage tender reads proposals under letters
        require_may_read_package(round_pk=round_.pk, sender_pk=row.bid.bidder_id, viewer=viewer)
        return name if own or viewer.role is Role.SUPERVISOR else f"附件{PurePath(name).suffix}"
    seated = Evaluation.objects.filter(
        round=round_, draw__members__account_id=viewer.account_pk, draw__members__left=False
    ).exists()
    # of a negotiated procurement the owner side reads them with the result, and its seated people at once
    owner = viewer.organisation_pk in {tender.tenderee_id, tender.agency_id} and (
        not is_quiet(round_) or round_.opened_at is not None
    )
    if not (viewer.role is Role.SUPERVISOR or seated or (viewer.organisation_pk and (owner or own))):
        raise NotPermitted("投标文件由评标委员会、招标人和监督部门查阅, 其他投标人和公众不能查阅")
    if viewer.role is not Role.SUPERVISOR and not own and hidden_sources(digest):
        raise NotPermitted("暗标文件在评委打分锁定前只能按代号查阅")
    return name


def require_may_read(*, digest: str, viewer: Actor) -> str:
    """Return the file name of a kept document the viewer may read.

    Letters and contracts are public once sent and signed; a report is for the owner side, its members and the
    supervisor; a bid's attachment for the committee, the owner side, the bidder and the supervisor; what proves an
    outage for the centre, the supervisor and, once it can tell nothing of who bids, the owner side.

    :raises NotFound: no such document, or not yet
    :raises NotPermitted: not for this reader
    """
    if sealed := stamped_copy_of(digest):
        return require_may_read(digest=sealed, viewer=viewer)
    if name := paper_name(digest=digest, viewer=viewer):
        return name
    award = Award.objects.filter(letter=digest).select_related("round__lot").first()
    if award is not None:
        return f"中标通知书-{award.round.lot.name}.pdf"
    panel = Panel.objects.filter(report_pdf=digest).select_related("round__lot__tender").first()
    if panel is not None:
        tender = panel.round.lot.tender
        if not (
            viewer.role is Role.SUPERVISOR
            or (viewer.organisation_pk and viewer.organisation_pk in {tender.tenderee_id, tender.agency_id})
            or panel.members.filter(account_id=viewer.account_pk).exists()
        ):
            raise NotPermitted("定标报告由招标人、定标委员会成员和监督部门查阅")
        return f"定标报告-{panel.round.lot.name}.pdf"
    contract = (
        Contract.objects.filter(pdf=digest).select_related("award__round__lot__tender", "award__bid").first()
    )
    if contract is not None:
        tender = contract.award.round.lot.tender
        if contract.signed_at is None and viewer.organisation_pk not in {
            tender.tenderee_id,
            contract.award.bid.bidder_id,
        }:
            raise NotPermitted("合同签订后公开")
        return f"合同-{contract.award.round.lot.name}.pdf"
    evaluation = Evaluation.objects.filter(report_pdf=digest).select_related("round__lot__tender").first()
    if evaluation is not None:
        require(viewer, Permission.EVALUATION_READ)
        tender = evaluation.round.lot.tender
        if not (
            viewer.role is Role.SUPERVISOR
            or viewer.organisation_pk in {tender.tenderee_id, tender.agency_id}
            or evaluation.draw.members.filter(account_id=viewer.account_pk).exists()
        ):
            raise NotPermitted("评标报告由招标人、评标委员会成员和监督部门查阅")
        return f"评标报告-{evaluation.round.lot.name}.pdf"
    if evidence := complaint_file(digest, viewer):
        return evidence
    proof = proofs.find(digest, viewer)
    if proof is not None and proof[1]:
        return proof[0]
    # what came with a last offer belongs to the answer of the main round too
    rows = BidOpening.objects.filter(
        attachments__contains=[{"sha256": digest}], session__round__phase__lt=2
    ).select_related("bid", "session__round__lot__tender")
    refused: NotPermitted | None = None
    for row in rows.order_by("pk"):
        try:
            return _name_in_a_bid(row, digest=digest, viewer=viewer)
        except NotPermitted as refusal:
            # that somebody's answer to a negotiated procurement holds a file is told to nobody
            refused = refused or (None if is_quiet(row.session.round) else refusal)
    if refused is not None:
        raise refused
    if proof is not None:
        raise NotPermitted(
            "故障证据由本项目的招标人、代理机构、中心和监督部门查阅; 中心提交的, 开标后向招标人开放"
        )
    raise NotFound("没有这份文件, 或尚未公开")
