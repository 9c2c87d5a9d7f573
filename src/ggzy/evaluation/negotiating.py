"""Talks of a negotiated procurement 磋商、谈判: with each supplier by itself, changes told to all, then last offers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef

from ggzy.bidding.models import Bid
from ggzy.committees.models import Meeting
from ggzy.evaluation import standing
from ggzy.evaluation.actions import NotThisStep, document_of, hand_in, locked
from ggzy.evaluation.judged import judged_bids
from ggzy.evaluation.models import Evaluation, RequirementChange, Talk
from ggzy.evidence.actions import record_act
from ggzy.experts.models import Member
from ggzy.kernel.actors import Actor
from ggzy.kernel.clock import BEIJING
from ggzy.kernel.refusals import BadInput, NotFound, Refusal
from ggzy.law.families import family
from ggzy.messages.actions import tell
from ggzy.messages.rules import Kind
from ggzy.opening import quiet
from ggzy.opening.negotiated import ask_for_offers, final_round
from ggzy.opening.queries import OpenedBid
from ggzy.parties.grid import Permission, require
from ggzy.tendering.document import TenderDocument
from ggzy.tendering.models import Round
from ggzy.tendering.moves import lock_round, make_move, place_of, require_move, require_tenderee

#: a change is told whole in a message
MOST_TEXT, MOST_CHANGE = 20_000, 1500
#: how long suppliers have at least for a last offer; the group decides, the same for all
LEAST_TIME, MOST_TIME = timedelta(minutes=15), timedelta(days=30)


class OnlyTheLeader(Refusal):
    """The leader speaks for the group."""

    code = "evaluation.only_the_leader"


class TalksNotDone(Refusal):
    """Somebody was not talked with, or a change waits."""

    code = "evaluation.talks_not_done"


def _talking(round_id: str, actor: Actor) -> tuple[Evaluation, Round, Member, list[OpenedBid]]:
    """Return a locked evaluation that talks, its round, the leader who acts, and the answers that are left.

    :raises NotThisStep: no talks now, or the last offers were asked for
    :raises OnlyTheLeader: another member
    """
    evaluation, round_, member, _ = locked(round_id, actor)
    if evaluation.step != Evaluation.TALKS:
        raise NotThisStep("当前不是磋商(谈判)步骤, 请刷新页面查看当前步骤")
    if final_round(round_) is not None:
        raise NotThisStep("已要求提交最后报价, 磋商(谈判)到此结束")
    if not Meeting.objects.filter(draw_id=evaluation.draw_id, leader=member).exists():
        raise OnlyTheLeader("磋商(谈判)由组长代表小组记录和发起; 您可以在讨论中向组长提议")
    return evaluation, round_, member, [b for b in judged_bids(round_.pk) if b.bid not in evaluation.rejected]


def _said(text: str, *, what: str, most: int = MOST_TEXT, field: str = "text") -> str:
    said = text.strip()
    if not said or len(said) > most:
        raise BadInput(f"请写明{what}, 不超过{most}字", field=field)
    return said


@transaction.atomic
def record_talk(*, round_id: str, bid: str, text: str, actor: Actor, now: datetime) -> Talk:
    """Write down what the group talked about with one supplier (74号令第三十一条, 214号第十九条).

    :raises OnlyTheLeader: another member
    :raises BadInput: nothing written, or no such answer left
    """
    require(actor, Permission.EVALUATE)
    evaluation, round_, member, left = _talking(round_id, actor)
    require_move(round_, "record_talk", actor=actor)
    if bid not in {b.bid for b in left}:
        raise BadInput("请选择一家参加磋商(谈判)的供应商", field="bid")
    talk = Talk.objects.create(
        evaluation=evaluation,
        bid=Bid.objects.get(public_id=bid),
        member=member,
        text=_said(text, what="与该供应商谈了什么、商定了什么"),
        talked_at=now,
        region_code=round_.region_code,
    )
    record_act(
        "evaluation.talked",
        subject=evaluation.public_id,
        actor=actor,
        legal_at=now,
        **quiet.place(round_),
        public={"talked_at": now.isoformat()},
        supervisor={"bid": bid, "text": talk.text},
    )
    return talk


@transaction.atomic
def propose_change(*, round_id: str, text: str, actor: Actor, now: datetime) -> RequirementChange:
    """Propose a change of technical or service requirements, or of contract terms; the buyer confirms (74号令第三十二条).

    :raises OnlyTheLeader: another member
    :raises TalksNotDone: another change waits
    """
    require(actor, Permission.EVALUATE)
    evaluation, round_, member, _ = _talking(round_id, actor)
    require_move(round_, "propose_change", actor=actor)
    if evaluation.changes.filter(state=RequirementChange.PROPOSED).exists():
        raise TalksNotDone("上一项变动还在等待采购人代表确认")
    change = RequirementChange.objects.create(
        evaluation=evaluation,
        member=member,
        text=_said(
            text, what="变动的内容(只限技术、服务要求和合同草案条款)", most=MOST_CHANGE, field="change"
        ),
        proposed_at=now,
        region_code=round_.region_code,
    )
    tender = round_.lot.tender
    _record(change, "evaluation.change_proposed", round_, actor=actor, now=now)
    tell(
        organisations=[tender.tenderee_id],
        kind=Kind.SERVICE,
        title=f"{tender.name}（{round_.lot.name}）请确认采购需求的变动",
        text="小组提出了实质性变动, 经采购人代表确认后同时通知全部参加的供应商; 不确认的不变动。",
        link=f"/work/rounds/{round_.public_id}/requirement-changes",
        now=now,
    )
    return change


@transaction.atomic
def take_back_change(*, round_id: str, actor: Actor, now: datetime) -> RequirementChange:
    """Take a proposed change back that the buyer has not decided on; the leader, for the group.

    :raises OnlyTheLeader: another member
    :raises NotThisStep: none waits
    """
    require(actor, Permission.EVALUATE)
    evaluation, round_, _, _ = _talking(round_id, actor)
    require_move(round_, "propose_change", actor=actor)
    change = evaluation.changes.filter(state=RequirementChange.PROPOSED).first()
    if change is None:
        raise NotThisStep("没有等待确认的变动, 可能采购人已经作出决定, 请刷新页面")
    change.state, change.reason = RequirementChange.REFUSED, "小组撤回"
    change.decided_by_id, change.decided_at = actor.account_pk, now
    change.save(update_fields=["state", "reason", "decided_by", "decided_at"])
    _record(change, "evaluation.change_decided", round_, actor=actor, now=now)
    return change


@transaction.atomic
def decide_change(
    *, change_id: str, agreed: bool, reason: str, actor: Actor, now: datetime
) -> RequirementChange:
    """Confirm or refuse a proposed change for the buyer; confirmed, every supplier left is told at the same moment.

    :raises NotFound: no such change of an own procurement
    :raises NotThisStep: decided already
    :raises BadInput: refused without a reason
    """
    require(actor, Permission.CHANGE_CONFIRM)
    found = (
        RequirementChange.objects.filter(public_id=change_id)
        .values_list("evaluation__round__public_id")
        .first()
    )
    if found is None:
        raise NotFound("没有这项变动")
    round_ = lock_round(found[0])
    require_tenderee(round_.lot.tender, actor)
    require_move(round_, "confirm_change", actor=actor)
    change = (
        RequirementChange.objects.select_for_update(of=("self",))
        .select_related("evaluation")
        .get(public_id=change_id)
    )
    if change.state != RequirementChange.PROPOSED:
        if change.state == (RequirementChange.CONFIRMED if agreed else RequirementChange.REFUSED):
            return change
        raise NotThisStep("这项变动已经作出决定")
    if not agreed and not reason.strip():
        raise BadInput("不确认的, 请写明理由", field="reason")
    change.state = RequirementChange.CONFIRMED if agreed else RequirementChange.REFUSED
    change.reason = reason.strip()[:1000]
    change.decided_by_id, change.decided_at = actor.account_pk, now
    change.save(update_fields=["state", "reason", "decided_by", "decided_at"])
    _record(change, "evaluation.change_decided", round_, actor=actor, now=now)
    if agreed:
        tender = round_.lot.tender
        tell(
            organisations=_left(change.evaluation),
            kind=Kind.LEGAL,
            basis=require_move(round_, "confirm_change", actor=actor).basis[0],
            until_opening=[round_.public_id],
            title=f"{tender.name}（{round_.lot.name}）采购需求变动通知",
            text=f"{change.text}\n请按变动情况准备最后报价, 并随最后报价重新提交响应文件。",
            link=f"/work/rounds/{round_.public_id}/bid",
            now=now,
        )
    return change


def _record(change: RequirementChange, act: str, round_: Round, *, actor: Actor, now: datetime) -> None:
    record_act(
        act,
        subject=change.public_id,
        actor=actor,
        legal_at=now,
        **quiet.place(round_),
        public={"state": change.state},
        supervisor={"text": change.text, "reason": change.reason},
    )


def _left(evaluation: Evaluation) -> list[int]:
    return [b.bidder_pk for b in judged_bids(evaluation.round_id) if b.bid not in evaluation.rejected]


@transaction.atomic
def vote_solutions(*, round_id: str, bids: Sequence[str], actor: Actor, now: datetime) -> Evaluation:
    """Recommend whose solutions go on to a last offer; until it is asked for, a member's last vote counts.

    Only where the file says that suppliers bring the solution (74号令第三十三条第二款, 214号第二十一条第二款).

    :raises NotThisStep: no talks now, or the file asks for no solutions
    :raises TalksNotDone: a supplier was not talked with
    :raises BadInput: somebody unknown, or too few
    """
    require(actor, Permission.EVALUATE)
    evaluation, round_, member, document = locked(round_id, actor)
    if evaluation.step != Evaluation.TALKS or final_round(round_) is not None:
        raise NotThisStep("当前不是磋商(谈判)步骤, 请刷新页面查看当前步骤")
    if document.policy is None or not document.policy.solutions:
        raise NotThisStep("采购文件没有规定由供应商提供最终方案, 不投票推荐")
    require_move(round_, "vote_solutions", actor=actor)
    left = [b for b in judged_bids(round_.pk) if b.bid not in evaluation.rejected]
    _require_talked(round_, left)
    chosen = sorted(set(bids))
    if not set(chosen) <= {b.bid for b in left}:
        raise BadInput("请从参加磋商(谈判)的供应商中选择", field="bids")
    if len(chosen) < document.least_bidders:
        raise BadInput(f"至少推荐{document.least_bidders}家的方案", field="bids")
    basis = standing.basis_of(b.bid for b in left)
    hand_in(
        evaluation, round_, member, "solutions", chosen, basis=basis, correcting=True, actor=actor, now=now
    )
    return evaluation


def _require_talked(round_: Round, left: Sequence[OpenedBid]) -> None:
    talked = set(Talk.objects.filter(evaluation__round=round_).values_list("bid__public_id", flat=True))
    if missing := [b.bidder for b in left if b.bid not in talked]:
        raise TalksNotDone(f"还没有与{'、'.join(missing)}磋商(谈判)的记录, 应给予每家平等的机会")


def _to_ask(evaluation: Evaluation, left: Sequence[OpenedBid], document: TenderDocument) -> list[OpenedBid]:
    """Return who is asked for a last offer: all that are left, or those whose solutions the group recommends."""
    if document.policy is None or not document.policy.solutions:
        return list(left)
    chosen = standing.recommended(evaluation, [b.bid for b in left])
    if chosen is None:
        raise TalksNotDone("小组成员还没有全部投票推荐方案")
    if len(chosen) < document.least_bidders:
        raise TalksNotDone(f"过半数成员推荐的方案不足{document.least_bidders}家, 请讨论后重新投票")
    return [b for b in left if b.bid in chosen]


@transaction.atomic
def ask_final_offers(*, round_id: str, until: datetime, actor: Actor, now: datetime) -> Round:
    """Ask every supplier left for its last offer until one moment (74号令第三十三条, 214号第二十一条); once.

    :raises OnlyTheLeader: another member
    :raises TalksNotDone: a supplier was not talked with, or a change waits for the buyer
    :raises BadInput: too soon, or too late
    """
    require(actor, Permission.EVALUATE)
    evaluation, round_, _, left = _talking(round_id, actor)
    _require_talked(round_, left)
    if evaluation.changes.filter(state=RequirementChange.PROPOSED).exists():
        raise TalksNotDone("提出的变动还在等待采购人代表确认, 确认或者不确认以后才能要求最后报价")
    if not now + LEAST_TIME <= until <= now + MOST_TIME:
        raise BadInput(
            f"最后报价的截止时间应在{LEAST_TIME.seconds // 60}分钟以后、{MOST_TIME.days}天以内", field="until"
        )
    left = _to_ask(evaluation, left, document_of(round_))
    make_move(round_, "ask_final_offers", actor=actor, now=now)
    made = ask_for_offers(round_, bids=[b.bid for b in left], until=until, now=now)
    own = family(round_.procedure_code)
    tell(
        organisations=[b.bidder_pk for b in left],
        kind=Kind.LEGAL,
        basis=require_move(round_, "ask_final_offers", actor=actor).basis[0],
        until_opening=[round_.public_id],
        title=f"{round_.lot.tender.name}（{round_.lot.name}）请提交最后报价",
        text=f"{own.committee}要求全部继续参加的供应商在{until.astimezone(BEIJING):%Y年%m月%d日%H时%M分}前提交最后报价, "
        "密封递交, 同时开启。不提交的视为退出, 保证金在成交结果公告后退还。",
        link=f"/work/offers/{made.public_id}",
        now=now,
    )
    record_act(
        "evaluation.offers_asked",
        subject=evaluation.public_id,
        actor=actor,
        legal_at=now,
        **place_of(round_),
        public={"until": until.isoformat(), "asked_at": now.isoformat()},
        supervisor={"bids": sorted(b.bid for b in left), "round": made.public_id},
    )
    return made


@dataclass(frozen=True, kw_only=True)
class TalkRow:
    """One talk, or a change, as the group, the buyer's side or the supervisor reads it."""

    bid: str
    bidder: str
    text: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class ChangeRow:
    """One change of what is asked for."""

    change: str
    text: str
    state: str
    reason: str
    proposed_at: datetime
    decided_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Talks:
    """How far the talks of a round are: what was talked, changes, and until when last offers are taken."""

    #: by what name this way of procurement calls them
    word: str
    #: the leader's code
    leader: str
    talks: tuple[TalkRow, ...]
    changes: tuple[ChangeRow, ...]
    until: datetime | None
    closed: bool

    @property
    def talked(self) -> set[str]:
        """Return the answers whose suppliers were talked with."""
        return {row.bid for row in self.talks}

    @property
    def waiting(self) -> ChangeRow | None:
        """Return the change that waits for the buyer."""
        return next((row for row in self.changes if row.state == RequirementChange.PROPOSED), None)


def talks_of(round_id: str) -> Talks:
    """Return the talks of a round; whoever calls has asked who reads (a member's desk)."""
    round_ = Round.objects.only("pk", "lot_id", "number", "procedure_code").get(public_id=round_id)
    talks = Talk.objects.filter(evaluation__round=round_).select_related("bid__bidder").order_by("pk")
    last = final_round(round_)
    leader = Meeting.objects.filter(draw__evaluations__round=round_).values_list("leader__code", flat=True)
    return Talks(
        leader=leader.order_by("-pk").first() or "",
        word="谈判" if round_.procedure_code == "GP_TP" else "磋商",
        talks=tuple(
            TalkRow(bid=t.bid.public_id, bidder=t.bid.bidder.name, text=t.text, at=t.talked_at) for t in talks
        ),
        changes=_changes(round_.pk),
        until=last.bid_deadline if last else None,
        closed=bool(last and last.closed_at),
    )


def _changes(round_pk: int) -> tuple[ChangeRow, ...]:
    return tuple(
        ChangeRow(
            change=c.public_id,
            text=c.text,
            state=c.state,
            reason=c.reason,
            proposed_at=c.proposed_at,
            decided_at=c.decided_at,
        )
        for c in RequirementChange.objects.filter(evaluation__round_id=round_pk).order_by("pk")
    )


def owners_changes(*, round_id: str, actor: Actor) -> tuple[Round, tuple[ChangeRow, ...]]:
    """Return the changes of a round to its buyer.

    :raises NotFound: no such round of an own procurement
    """
    require(actor, Permission.CHANGE_CONFIRM)
    round_ = (
        Round.objects.select_related("lot__tender")
        .filter(public_id=round_id, lot__tender__tenderee_id=actor.organisation_pk)
        .first()
    )
    if round_ is None:
        raise NotFound("没有这个标段, 只能办理本单位的项目")
    return round_, _changes(round_.pk)


def changes_to_confirm(tenderee_pk: int) -> list[tuple[str, str, str]]:
    """Return (round, tender's name, lot's name) of the changes that wait for a buyer."""
    rows = RequirementChange.objects.filter(
        state=RequirementChange.PROPOSED, evaluation__round__lot__tender__tenderee_id=tenderee_pk
    ).order_by("pk")
    names = ("public_id", "lot__tender__name", "lot__name")
    return list(rows.values_list(*(f"evaluation__round__{name}" for name in names)))


@dataclass(frozen=True, kw_only=True)
class OwnOffer:
    """What one supplier knows of the talks: changes told to all, and until when it may hand in its last offer."""

    round: str
    main: str
    stage: str
    until: datetime
    changes: tuple[ChangeRow, ...]


def own_offer(*, actor: Actor, round_id: str = "", main_id: str = "") -> OwnOffer | None:
    """Return the last offer that is asked of an organisation, by its own round or by the main one; None if none is.

    :raises NotPermitted: not a bidder
    """
    require(actor, Permission.BID_READ_OWN)
    rows = Round.objects.filter(phase=2, admissions__organisation_id=actor.organisation_pk)
    rows = rows.filter(public_id=round_id) if round_id else rows.filter(lot__rounds__public_id=main_id)
    last = rows.order_by("-number").first()
    if last is None or last.bid_deadline is None:
        return None
    main = Round.objects.get(lot=last.lot_id, number=last.number, phase=1)
    if main_id and main.public_id != main_id:
        return None
    return OwnOffer(
        round=last.public_id,
        main=main.public_id,
        stage=last.stage,
        until=last.bid_deadline,
        changes=told_changes(main.pk),
    )


def offers_asked(*, actor: Actor, now: datetime) -> list[tuple[str, str, str, datetime, bool]]:
    """Return (round, tender's name, lot's name, until when, handed in) of the last offers an organisation is asked for.

    :raises NotPermitted: not a bidder
    """
    require(actor, Permission.BID_READ_OWN)
    own = Bid.objects.filter(round=OuterRef("pk"), bidder_id=actor.organisation_pk, state=Bid.LIVE)
    rows = Round.objects.filter(
        phase=2, admissions__organisation_id=actor.organisation_pk, closed_at=None, bid_deadline__gt=now
    ).annotate(handed_in=Exists(own))
    names = ("public_id", "lot__tender__name", "lot__name", "bid_deadline", "handed_in")
    return list(rows.order_by("bid_deadline").values_list(*names))


def told_to(*, round_pk: int, organisation_pk: int) -> tuple[ChangeRow, ...]:
    """Return the changes that one supplier was told of: all that are confirmed, while it is still in."""
    last = Evaluation.objects.filter(round_id=round_pk).order_by("-number").first()
    if last is None or organisation_pk not in _left(last):
        return ()
    return told_changes(round_pk)


def told_changes(round_pk: int) -> tuple[ChangeRow, ...]:
    """Return the confirmed changes of a round: what every supplier left was told."""
    return tuple(row for row in _changes(round_pk) if row.state == RequirementChange.CONFIRMED)
