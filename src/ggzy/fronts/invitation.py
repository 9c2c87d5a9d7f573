"""邀请招标: the ground and its finding, the secret list, the invitations and their answers."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from ggzy.deadlines.actions import effect, set_timer
from ggzy.evidence.actions import record_act
from ggzy.fronts import rules
from ggzy.fronts.actions import NothingToDo, in_the_open, owner_side
from ggzy.fronts.models import Front, Invitation, InvitationFinding
from ggzy.kernel.actors import SYSTEM, Actor, Role
from ggzy.kernel.clock import BEIJING
from ggzy.kernel.refusals import BadInput, Citation, NotFound, Refusal
from ggzy.messages.actions import tell
from ggzy.messages.rules import Kind
from ggzy.parties.grid import Permission, require
from ggzy.parties.queries import by_uscc
from ggzy.procedures.spec import Stage
from ggzy.tendering.fronts import admit, main_of
from ggzy.tendering.models import Round, Tender
from ggzy.tendering.moves import (
    lock_round,
    lock_rounds_of,
    make_move,
    place_of,
    procedure_of,
    require_move,
    require_owner_side,
)

REPLY_DUE = "fronts.reply_due"


class GroundMissing(Refusal):
    """The owner side has not stated its ground yet."""

    code = "fronts.ground_missing"


class AlreadyAnswered(Refusal):
    """The invitation is answered otherwise."""

    code = "fronts.already_answered"


def _rounds_at(tender_id: str, stage: Stage, doing: str) -> tuple[list[Round], Tender]:
    rounds = [r for r in lock_rounds_of(tender_id, stages=[stage.value]) if r.phase == 0]
    if not rounds:
        raise NothingToDo(f"没有处于“{stage.label}”的标段, 不能{doing}。请刷新页面查看最新进展")
    return rounds, rounds[0].lot.tender


@transaction.atomic
def state_reason(*, tender_id: str, ground: str, reason: str, actor: Actor, now: datetime) -> list[Front]:
    """State why the tender may be by invitation; it may be restated until the authority has found.

    :raises BadInput: not one of the two grounds of 条例8, or no facts
    """
    require(actor, Permission.TENDER_EDIT)
    rounds, tender = _rounds_at(tender_id, Stage.IV_REASON, "提出邀请招标的理由")
    require_owner_side(tender, actor)
    if ground not in rules.GROUNDS:
        raise BadInput("请选择邀请招标的法定情形", field="ground")
    if not reason.strip():
        raise BadInput("请写明事实和依据材料", field="reason")
    made = []
    for round_ in rounds:
        make_move(round_, "state_reason", actor=actor, now=now)
        front, _ = Front.objects.update_or_create(
            round=round_,
            defaults={
                "ground": ground,
                "text": reason.strip()[:20_000],
                "stated_at": now,
                "region_code": round_.region_code,
            },
        )
        made.append(front)
        record_act(
            "fronts.ground_stated",
            subject=round_.public_id,
            actor=actor,
            legal_at=now,
            **in_the_open(round_),
            supervisor={"ground": ground, "reason": front.text},
        )
    return made


@transaction.atomic
def decide_reason(
    *, tender_id: str, approved: bool, opinion: str, document_number: str, actor: Actor, now: datetime
) -> list[InvitationFinding]:
    """Find, as the approving or supervising authority, on the ground: IV_REASON → IV_LIST, or → IV_FAILED.

    :raises GroundMissing: nothing is stated yet
    :raises BadInput: no opinion, or no document
    """
    require(actor, Permission.INVITATION_APPROVE)
    rounds, tender = _rounds_at(tender_id, Stage.IV_REASON, "认定邀请招标的理由")
    if not opinion.strip():
        raise BadInput("请写明认定意见和理由", field="opinion")
    if not document_number.strip():
        raise BadInput("请填写认定文件的文号", field="document_number")
    made = []
    for round_ in rounds:
        if not Front.objects.filter(round=round_).exclude(ground="").exists():
            raise GroundMissing("招标人还没有提出邀请招标的理由, 不能认定")
        make_move(round_, "approve_invitation" if approved else "refuse_invitation", actor=actor, now=now)
        made.append(
            InvitationFinding.objects.create(
                round=round_,
                approved=approved,
                opinion=opinion.strip()[:5000],
                document_number=document_number.strip()[:100],
                found_at=now,
                region_code=round_.region_code,
            )
        )
        record_act(
            "fronts.ground_found",
            subject=round_.public_id,
            actor=actor,
            legal_at=now,
            **in_the_open(round_),
            public={"approved": approved, "document_number": document_number.strip()},
            supervisor={"opinion": opinion.strip()},
        )
    tell(
        organisations=owner_side(rounds[0]),
        kind=Kind.SERVICE,
        title=f"{tender.name}: 邀请招标理由" + ("已获认定" if approved else "未获认定"),
        text=(f"认定文件: {document_number.strip()}。意见: {opinion.strip()[:400]}。")
        + ("请确定3个以上的邀请名单。" if approved else "请改为公开招标: 开始新一轮后按公开招标办理。"),
        link=f"/work/tenders/{tender.public_id}/front",
        now=now,
    )
    return made


@transaction.atomic
def list_invitees(
    *, tender_id: str, invitees: Sequence[str], actor: Actor, now: datetime
) -> list[Invitation]:
    """Fix whom to invite, by USCC; until the invitations are sent the list may be fixed anew. It is secret.

    :raises TooFewInvitees: fewer than three
    :raises BadInput: one twice, not registered, or of the owner side
    """
    require(actor, Permission.TENDER_EDIT)
    rounds, tender = _rounds_at(tender_id, Stage.IV_LIST, "确定邀请名单")
    require_owner_side(tender, actor)
    usccs = [u.strip().upper() for u in invitees if u.strip()]
    found = {u: org for u in usccs if (org := by_uscc(u)) is not None and Role.BIDDER.value in org.kinds}
    own = [o.uscc for o in (tender.tenderee, tender.agency) if o is not None]
    rules.require_invitees(usccs, registered=list(found), barred=own)
    made = []
    for round_ in rounds:
        make_move(round_, "list_invitees", actor=actor, now=now)
        Invitation.objects.filter(round=round_, state=Invitation.LISTED).delete()
        made += Invitation.objects.bulk_create(
            Invitation(
                round=round_, invitee=found[u], state=Invitation.LISTED, region_code=round_.region_code
            )
            for u in usccs
        )
        record_act(
            "fronts.invitees_listed",
            subject=round_.public_id,
            actor=actor,
            legal_at=now,
            **place_of(round_),
            supervisor={"invitees": usccs},
        )
    return made


@transaction.atomic
def send_invitations(*, tender_id: str, reply_by: datetime, actor: Actor, now: datetime) -> list[Invitation]:
    """Send every invitee its own letter: IV_LIST → IV_SENT. The answers are due at `reply_by`.

    :raises TooFewInvitees: the list has fewer than three
    :raises BadInput: the answers would be due in the past
    """
    require(actor, Permission.TENDER_PUBLISH)
    rounds, tender = _rounds_at(tender_id, Stage.IV_LIST, "发出投标邀请书")
    require_owner_side(tender, actor)
    if reply_by <= now:
        raise BadInput("回复截止时间应晚于现在", field="reply_by")
    sent = []
    for round_ in rounds:
        listed = list(round_.invitations.select_related("invitee").order_by("pk"))
        rules.require_invitees(
            [i.invitee.uscc for i in listed], registered=[i.invitee.uscc for i in listed], barred=[]
        )
        make_move(round_, "send_invitations", actor=actor, now=now, bid_deadline=reply_by)
        for invitation in listed:
            invitation.state, invitation.sent_at = Invitation.SENT, now
            tell(
                organisations=[invitation.invitee_id],
                kind=Kind.LEGAL,
                basis=Citation("招标投标法", "第十七条"),
                until_opening=[round_.public_id],
                title=f"{tender.name}（{round_.lot.name}）投标邀请书",
                text=f"{tender.tenderee.name}邀请您单位投标。请在"
                f"{reply_by.astimezone(BEIJING):%Y年%m月%d日%H时%M分}前回复是否接受。被邀请者的名称和数量依法保密。",
                link=f"/work/invitations/{invitation.public_id}",
                now=now,
            )
        Invitation.objects.bulk_update(listed, ["state", "sent_at"])
        sent += listed
        set_timer(kind=REPLY_DUE, subject=round_.public_id, due_at=reply_by)
        record_act(
            "fronts.invitations_sent",
            subject=round_.public_id,
            actor=actor,
            legal_at=now,
            **place_of(round_),
            public={"sent_at": now.isoformat(), "reply_by": reply_by.isoformat()},
        )
    return sent


@transaction.atomic
def answer_invitation(*, invitation_id: str, accept: bool, actor: Actor, now: datetime) -> Invitation:
    """Answer one's own invitation, once; the same answer again changes nothing. Nobody else is told.

    :raises AnswerTimePassed: the answers were due
    :raises AlreadyAnswered: answered otherwise
    :raises NotFound: not an invitation of this organisation
    """
    require(actor, Permission.INVITATION_ANSWER)
    found = (
        Invitation.objects.filter(public_id=invitation_id, invitee_id=actor.organisation_pk)
        .exclude(state=Invitation.LISTED)
        .values_list("round__public_id", flat=True)
        .first()
    )
    if found is None:
        raise NotFound("没有发给您单位的这份投标邀请书")
    round_ = lock_round(found)
    invitation = Invitation.objects.select_for_update(of=("self",)).get(public_id=invitation_id)
    wanted = Invitation.ACCEPTED if accept else Invitation.DECLINED
    if invitation.state == wanted:
        return invitation
    if invitation.state != Invitation.SENT:
        raise AlreadyAnswered("您单位已经回复, 回复不能更改")
    if round_.bid_deadline is None or now >= round_.bid_deadline:
        raise rules.AnswerTimePassed("回复截止时间已到, 不再接受回复")
    require_move(round_, "answer_invitation", actor=actor)
    invitation.state, invitation.answered_at = wanted, now
    invitation.save(update_fields=["state", "answered_at"])
    if accept:
        admit(main_of(round_), [invitation.invitee_id], now=now)
    record_act(
        "fronts.invitation_answered",
        subject=invitation.public_id,
        actor=actor,
        legal_at=now,
        **place_of(round_),
        supervisor={"accepted": accept},
    )
    return invitation


@effect(REPLY_DUE)
def reply_due(round_id: str, now: datetime) -> datetime | None:
    """Count the acceptances once the answers are due: fewer than three fail, else the file may be issued."""
    round_ = lock_round(round_id)
    if (
        not procedure_of(round_).has(round_.stage, "enter_bidding")
        or round_.closed_at
        or not round_.bid_deadline
    ):
        return None
    if now < round_.bid_deadline:
        return round_.bid_deadline
    accepted = list(round_.invitations.filter(state=Invitation.ACCEPTED).values_list("invitee_id", flat=True))
    tender = round_.lot.tender
    name = f"{tender.name}（{round_.lot.name}）"
    if len(accepted) < rules.LEAST:
        make_move(
            round_, "fail_for_lack_of_acceptances", actor=SYSTEM, now=now, closed_at=now, decided_at=now
        )
        record_act(
            "fronts.failed",
            subject=round_.public_id,
            actor=SYSTEM,
            legal_at=now,
            **in_the_open(round_),
            public={"reason": "fail_for_lack_of_acceptances"},
        )
        tell(
            organisations=owner_side(round_),
            kind=Kind.SERVICE,
            title=f"{name}接受邀请的少于3个",
            text="请增加邀请对象, 或者重新招标: 开始新一轮后重新办理。",
            link=f"/work/tenders/{tender.public_id}/front",
            now=now,
        )
        tell(
            organisations=accepted,
            kind=Kind.SERVICE,
            until_opening=[round_.public_id],
            title=f"{name}邀请招标未成",
            text="接受邀请的单位少于3个, 本次不进入投标。重新邀请时另行通知。",
            link="/work",
            now=now,
        )
        return None
    round_.closed_at = round_.decided_at = now
    round_.save(update_fields=["closed_at", "decided_at"])
    tell(
        organisations=owner_side(round_),
        kind=Kind.SERVICE,
        title=f"{name}回复截止, 可以发出招标文件",
        text="接受邀请的不少于3个。招标文件通过公平竞争审查后即可发出; 接受者的名单和数量在开标前保密。",
        link=f"/work/tenders/{tender.public_id}/front",
        now=now,
    )
    return None
