"""Making papers and sealing them, one transaction each: a batch is the same act for many, and may stop anywhere."""

from datetime import datetime

from django.db import transaction

from ggzy.evidence.actions import record_act
from ggzy.identity.models import Sealing
from ggzy.kernel import files
from ggzy.kernel.actors import Actor, Role
from ggzy.kernel.canonical import canonical, sha256
from ggzy.kernel.ids import new_public_id
from ggzy.kernel.refusals import NotFound, Refusal
from ggzy.messages.actions import tell
from ggzy.messages.rules import Kind
from ggzy.papers.gathering import Due, content_of, due_papers
from ggzy.papers.models import Paper
from ggzy.parties.grid import Permission, require
from ggzy.seals.sealing import finish_seal, prepare_seal
from ggzy.tendering.models import Round
from ggzy.tendering.moves import lock_round, place_of, require_owner_side, require_tenderee
from ggzy.ui.documents import paper_pdf

PURPOSE = "paper"
#: where the seal stands, in points from the lower left corner: at the foot of the last page
BOX = (330, 88, 510, 148)


class SealedAlready(Refusal):
    """The paper is sealed; it does not change any more."""

    code = "papers.sealed_already"


class PaperChanged(Refusal):
    """The record went on between the two steps: what was signed is an older state of the paper."""

    code = "papers.changed"


def due_of(*, round_id: str, ref: str) -> Due:
    """Return one of the papers that a round has or should have, the round locked.

    :raises NotFound: no such paper, or not yet
    """
    for due in due_papers([lock_round(round_id)]):
        if due.ref == ref:
            return due
    raise NotFound("没有这份文书, 或者形成它的环节还没有办完, 请刷新文书列表")


def require_reads_round(round_: Round, viewer: Actor) -> None:
    """Let a reader of a round's papers pass: its owner side, the centre, the supervisor.

    :raises NotPermitted: anyone else
    """
    if viewer.role not in {Role.CENTRE, Role.SUPERVISOR}:
        require_owner_side(round_.lot.tender, viewer)


def _may_seal(due: Due, actor: Actor) -> None:
    require(actor, Permission.PAPER_SEAL, signed=True)
    tender = due.round.lot.tender
    if due.kind.tenderee_only:
        require_tenderee(tender, actor)
    else:
        require_owner_side(tender, actor)


def _kept(due: Due) -> Paper | None:
    found = Paper.objects.select_for_update(of=("self",)).filter(
        kind=due.kind.value, subject=due.subject, addressee=due.addressee
    )
    return found.select_related("round__lot__tender").first()


def _made(due: Due, *, now: datetime) -> Paper:
    """Return the paper as the record stands now; one that is not sealed yet is set anew if the record went on.

    :raises SealedAlready: it is sealed
    """
    paper = _kept(due)
    if paper is not None and paper.sealed:
        raise SealedAlready(f"这份{due.kind.label}已经签章, 不重复签章")
    facts = content_of(due).as_json()
    if paper is not None and canonical(paper.facts) == canonical(facts):
        return paper
    code = paper.public_id if paper else new_public_id()
    pdf = files.keep(paper_pdf(content=facts, code=code, at=now))
    made, _ = Paper.objects.update_or_create(
        kind=due.kind.value,
        subject=due.subject,
        addressee=due.addressee,
        defaults={"facts": facts, "pdf": pdf, "made_at": now},
        create_defaults={
            "public_id": code,
            "round": due.round,
            "facts": facts,
            "pdf": pdf,
            "made_at": now,
            "region_code": due.round.region_code,
        },
    )
    return made


@transaction.atomic
def prepare_paper_seal(*, round_id: str, ref: str, actor: Actor, now: datetime) -> Sealing:
    """Make a paper from the record and say which bytes the owner side's certificate must sign to seal it.

    :raises NotFound: no such paper yet
    :raises SealedAlready: it is sealed
    """
    require(actor, Permission.PAPER_SEAL, signed=True)
    due = due_of(round_id=round_id, ref=ref)
    _may_seal(due, actor)
    paper = _made(due, now=now)
    return prepare_seal(
        pdf=files.read(paper.pdf),
        document=paper.pdf,
        purpose=PURPOSE,
        subject=paper.public_id,
        box=BOX,
        reason=due.kind.label,
        actor=actor,
        now=now,
    )


@transaction.atomic
def finish_paper_seal(*, round_id: str, ref: str, signature: str, actor: Actor, now: datetime) -> Paper:
    """Put the owner side's seal into a paper; a letter is delivered at the same moment.

    :raises SignatureWrong: the signature is not on the prepared paper
    :raises PaperChanged: the paper was made anew after it was prepared for this signer
    :raises SealedAlready: it is sealed
    """
    require(actor, Permission.PAPER_SEAL, signed=True)
    due = due_of(round_id=round_id, ref=ref)
    _may_seal(due, actor)
    paper = _kept(due)
    if paper is None:
        raise NotFound("没有等待签章的文书, 请重新生成")
    if paper.sealed:
        raise SealedAlready(f"这份{due.kind.label}已经签章, 不重复签章")
    seal = finish_seal(purpose=PURPOSE, subject=paper.public_id, signature=signature, actor=actor)
    if seal.document != paper.pdf:  # somebody else of this side prepared it anew meanwhile
        raise PaperChanged("文书在您取得待签内容以后又按最新记录重新生成了, 请重新签章")
    paper.sealed, paper.certificate, paper.sealed_at = files.keep(seal.pdf), seal.certificate, now
    paper.save(update_fields=["sealed", "certificate", "sealed_at"])
    record_act(
        "papers.sealed",
        subject=paper.public_id,
        actor=actor,
        legal_at=now,
        **place_of(due.round),
        public={
            "kind": due.kind.value,
            "content_sha256": sha256(canonical(paper.facts)).hex(),
            "pdf_sha256": paper.sealed,
        },
    )
    if due.addressee is not None:
        tell(
            organisations=[due.addressee.pk],
            kind=Kind.LEGAL,
            basis=due.kind.basis,
            until_opening=(),
            title=f"{due.round.lot.tender.name}（{due.round.lot.name}）{due.kind.label}",
            text=f"招标人已签发{due.kind.label}, 请查收。",
            link=f"/v/{paper.public_id}",
            now=now,
        )
    return paper
