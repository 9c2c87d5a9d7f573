"""A panel 定标委员会 chooses among candidates without an order: naming it, its signed ballots, its report, the award."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from ggzy.awarding import ballots
from ggzy.awarding.actions import candidates_of, make_award
from ggzy.awarding.models import Award, Panel, PanelBallot, PanelMember
from ggzy.evaluation.actions import document_of
from ggzy.evaluation.queries import report_of_round
from ggzy.evidence.actions import record_act
from ggzy.experts.models import Member
from ggzy.identity.actions import sign_document
from ggzy.identity.models import Sealing
from ggzy.kernel import files
from ggzy.kernel.actors import Actor, Role
from ggzy.kernel.canonical import canonical, sha256
from ggzy.kernel.clock import BEIJING
from ggzy.kernel.refusals import BadInput, NotPermitted, Refusal
from ggzy.opening.queries import OpenedBid, bidders_of_rounds
from ggzy.parties.grid import Permission, require
from ggzy.parties.models import Account
from ggzy.seals.sealing import finish_seal, prepare_seal
from ggzy.tendering.models import Round
from ggzy.tendering.moves import (
    holds_on,
    lock_round,
    place_of,
    procedure_of,
    require_move,
    require_tenderee,
)
from ggzy.tendering.plan import AwardPlan, Way
from ggzy.ui.documents import day, paper_pdf

REPORT = "award_report"
SIDES = {
    PanelMember.OWN: "招标人",
    PanelMember.SUPERIOR: "上级单位",
    PanelMember.INVITED: "受邀人员",
}
#: short: a ballot's words travel in an address before they are signed
MOST_REASON = 500
MOST_MINUTES = 20_000
_DECLARES = "本人与各中标候选人没有利害关系, 独立、客观地作出判断, 并对此负责"


class NoPlan(Refusal):
    """The tender file has no plan of award: the first candidate wins."""

    code = "awarding.no_plan"


class PanelUnlawful(Refusal):
    """The panel is not as the plan of award says, or somebody may not sit in it."""

    code = "awarding.panel_unlawful"


class PanelNotHere(Refusal):
    """The panel does not stand where this act begins."""

    code = "awarding.panel_not_here"


class NotOnThePanel(NotPermitted):
    """Only the members of this panel."""

    code = "awarding.not_on_the_panel"


def plan_of(round_: Round) -> AwardPlan:
    """Return the plan of award that governs a round.

    :raises NoPlan: it has none
    """
    plan = document_of(round_).award_plan
    if plan is None:
        raise NoPlan("招标文件没有定标方案, 应当按排序确定中标人, 不组建定标委员会")
    return plan


def left_of(round_: Round) -> dict[str, OpenedBid]:
    """Return the candidates among whom a panel chooses: those whose award has not come to nothing."""
    out = set(
        Award.objects.filter(round=round_).exclude(ended_at=None).values_list("bid__public_id", flat=True)
    )
    return {bid.bid: bid for _, bid in candidates_of(round_) if bid.bid not in out}


def panel_of(round_: Round, *, lock: bool = False) -> Panel | None:
    """Return the panel at work or done in a round; None before one is named, or when its candidates are no more."""
    rows = Panel.objects.select_for_update(of=("self",)) if lock else Panel.objects
    last = rows.select_related("award").filter(round=round_).order_by("-number").first()
    evaluation = report_of_round(round_.pk)
    if last is None or evaluation is None or last.evaluation_sha256 != evaluation.report_sha256:
        return None
    if last.award is not None and last.award.ended_at is not None:
        return None
    return last


def cast_in(panel: Panel) -> list[PanelBallot]:
    """Return the ballots of a panel, by turn and code."""
    rows = PanelBallot.objects.filter(member__panel=panel).select_related(
        "member__account__person", "signature__certificate"
    )
    return list(rows.order_by("turn", "member__code"))


def standing_of(panel: Panel, plan: AwardPlan, prices: Mapping[str, Decimal]) -> ballots.Standing:
    """Return where a panel stands, from its ballots alone."""
    cast = [
        ballots.Ballot(member=b.member.code, turn=b.turn, choice=b.choice, agrees=b.agrees)
        for b in cast_in(panel)
    ]
    return ballots.stand(plan, cast, prices=prices, ceiling=panel.round.lot.ceiling_price)


def _open_panel(round_id: str, actor: Actor) -> tuple[Round, Panel, AwardPlan, dict[str, OpenedBid]]:
    round_ = lock_round(round_id)
    plan = plan_of(round_)
    panel = panel_of(round_, lock=True)
    if panel is None:
        raise PanelNotHere("定标委员会尚未组成, 由招标人先填写成员")
    if panel.award_id:
        raise PanelNotHere("本标段已经定标, 定标委员会的工作已结束")
    return round_, panel, plan, left_of(round_)


def require_open(round_: Round) -> None:
    """Let a panel work while nothing holds the award: its members need not be of the tenderee.

    :raises MoveNotAllowed: the publicity is not over, or a hold
    """
    procedure_of(round_).move(round_.stage, "award", holds=holds_on(round_))


def _prices(left: Mapping[str, OpenedBid]) -> dict[str, Decimal]:
    return {bid: row.price for bid, row in left.items()}


@transaction.atomic
def name_panel(
    *, round_id: str, members: Sequence[Mapping[str, str]], reason: str = "", actor: Actor, now: datetime
) -> Panel:
    """Enter the members, each {username, side}, after the publicity of the candidates is over.

    A panel in which somebody has voted or minutes stand is named anew only with a reason, and begins again.

    :raises NoPlan: the file has no plan of award
    :raises PanelUnlawful: not the plan's number, the same person twice, or somebody who may not sit
    :raises PanelNotHere: it has decided
    """
    require(actor, Permission.PANEL_NAME)
    round_ = lock_round(round_id)
    require_tenderee(round_.lot.tender, actor)
    require_move(round_, "award", actor=actor)
    plan = plan_of(round_)
    left = left_of(round_)
    if not left:
        raise PanelNotHere("全部中标候选人的中标资格均已终止, 应当重新招标")
    if len(members) != plan.members:
        raise PanelUnlawful(f"定标方案规定定标委员会{plan.members}人, 现填写{len(members)}人")
    accounts = [_account(round_, row, n) for n, row in enumerate(members, start=1)]
    if len({a.person_id for a, _ in accounts}) != len(accounts):
        raise PanelUnlawful("同一个人不能重复担任定标委员会成员")
    panel = panel_of(round_, lock=True)
    begun = panel is not None and (bool(panel.minutes) or bool(cast_in(panel)))
    if panel is not None and begun:
        if standing_of(panel, plan, _prices(left)).winner:
            raise PanelNotHere("定标委员会已经作出决定, 不能再更换成员")
        if not reason.strip():
            raise BadInput("已经开始投票或议事, 更换成员应写明原因, 全部重新投票", field="reason")
    if panel is None or begun:
        evaluation = report_of_round(round_.pk)
        assert evaluation is not None, "candidates come from a report"
        panel = Panel.objects.create(
            round=round_,
            number=Panel.objects.filter(round=round_).count() + 1,
            evaluation_sha256=evaluation.report_sha256,
            named_at=now,
            region_code=round_.region_code,
        )
    else:
        panel.members.all().delete()
    for n, (account, side) in enumerate(accounts, start=1):
        PanelMember.objects.create(
            panel=panel, account=account, code=f"D{n}", side=side, region_code=round_.region_code
        )
    record_act(
        "awarding.panel_named",
        subject=panel.public_id,
        actor=actor,
        legal_at=now,
        **place_of(round_),
        public={
            "panel": panel.number,
            "way": plan.way.value,
            "members": [{"code": f"D{n}", "side": side} for n, (_, side) in enumerate(accounts, start=1)],
            **({"reason": reason.strip()[:300]} if reason.strip() else {}),
        },
        supervisor={"names": [a.person.name for a, _ in accounts]},
    )
    return panel


def _account(round_: Round, row: Mapping[str, str], number: int) -> tuple[Account, str]:
    """Return the account of a member and its side.

    :raises BadInput: no such account or side
    :raises PanelUnlawful: not of that side, evaluated this lot, or works for a bidder
    """
    side, username = str(row.get("side", "")), str(row.get("username", "")).strip()
    if side not in SIDES:
        raise BadInput(f"请选择第{number}名成员来自哪里", field="members")
    account = (
        Account.objects.select_related("person", "organisation")
        .filter(username=username, active=True, role__in=[Role.TENDEREE.value, Role.EXPERT.value])
        .first()
    )
    if account is None:
        raise BadInput(
            f"第{number}名成员的账号“{username}”不存在, 或不是招标人、专家账号; 请成员先注册账号并办理数字证书",
            field="members",
        )
    own = account.organisation_id == round_.lot.tender.tenderee_id
    if own != (side == PanelMember.OWN) or (
        side == PanelMember.SUPERIOR and account.role != Role.TENDEREE.value
    ):
        raise PanelUnlawful(
            f"第{number}名成员({username})不是{SIDES[side]}的人员, 请核对来自哪里", field="members"
        )
    if Member.objects.filter(draw__evaluations__round=round_, account__person_id=account.person_id).exists():
        raise PanelUnlawful(
            f"第{number}名成员({username})参加了本标段的评标, 不能再参加定标", field="members"
        )
    bidders = {b.uscc for b in bidders_of_rounds([round_.pk])}
    employers = {account.organisation.uscc} if account.organisation else set()
    if expert := getattr(account, "expert", None):
        employers.add(expert.employer_uscc)
    if employers & bidders:
        raise PanelUnlawful(f"第{number}名成员({username})在投标人单位任职, 应当回避", field="members")
    return account, side


@transaction.atomic
def write_minutes(*, round_id: str, text: str, choice: str, actor: Actor, now: datetime) -> Panel:
    """Write the minutes of a discussion 集体议事纪要 with whom it names; every member then agrees to them, or not.

    :raises PanelNotHere: another way of deciding, decided already, or somebody has voted on the present minutes
    :raises BadInput: no text, or none of the candidates
    """
    require(actor, Permission.PANEL_NAME)
    round_, panel, plan, left = _open_panel(round_id, actor)
    require_tenderee(round_.lot.tender, actor)
    if plan.way is not Way.DISCUSSION:
        raise PanelNotHere(f"定标方案规定的是{plan.way.label}, 不写议事纪要")
    standing = standing_of(panel, plan, _prices(left))
    if standing.winner:
        raise PanelNotHere("全体成员已一致同意, 议事已结束")
    if any(b.turn == standing.turn for b in cast_in(panel)):
        raise PanelNotHere("已有成员对本次纪要表态, 等全体表态后再办理; 有成员不同意的, 再写新的纪要")
    if not text.strip() or len(text) > MOST_MINUTES or "\0" in text:
        raise BadInput(f"请填写议事纪要(不超过{MOST_MINUTES}字)", field="text")
    if choice not in left:
        raise BadInput("请选择议事结论中的中标候选人", field="choice")
    written = {"text": text.strip(), "choice": choice, "written_at": now.isoformat()}
    panel.minutes = [*panel.minutes[: standing.turn - 1], written]
    panel.save(update_fields=["minutes"])
    record_act(
        "awarding.minutes_written",
        subject=panel.public_id,
        actor=actor,
        legal_at=now,
        **place_of(round_),
        public={"panel": panel.number, "turn": standing.turn, "minutes_sha256": _digest(written)},
        supervisor={"minutes": written},
    )
    return panel


def _digest(value: Any) -> str:
    return sha256(canonical(value)).hex()


def _statement(
    round_id: str, choice: str, agrees: bool, reason: str, actor: Actor
) -> tuple[Round, Panel, AwardPlan, dict[str, OpenedBid], PanelMember, ballots.Standing, bytes]:
    """Return what a member is about to sign, and everything it was checked against.

    :raises NotOnThePanel: no member
    :raises PanelNotHere: decided, voted in this turn already, or no minutes to agree to
    :raises BadInput: not among whom is voted on, or no reason
    """
    round_, panel, plan, left = _open_panel(round_id, actor)
    require_open(round_)
    member = panel.members.filter(account_id=actor.account_pk).first()
    if member is None:
        raise NotOnThePanel("您不是本标段定标委员会成员")
    standing = standing_of(panel, plan, _prices(left))
    if standing.winner:
        raise PanelNotHere("定标委员会已经作出决定, 投票已结束")
    if member.ballots.filter(turn=standing.turn).exists():
        raise PanelNotHere("您在本轮已经投票, 投票不能更改; 请等待其他成员")
    minutes = None
    if plan.way is Way.DISCUSSION:
        if len(panel.minutes) < standing.turn:
            raise PanelNotHere("议事纪要尚未形成, 由招标人填写后再表态")
        minutes = panel.minutes[standing.turn - 1]
        if choice != minutes["choice"]:
            raise BadInput("集体议事是对纪要的结论表态, 请刷新页面核对纪要", field="choice")
    elif not agrees:
        raise BadInput("本标段的定标方法不设反对票, 请选择一名候选人", field="agrees")
    if choice not in standing.between:
        raise BadInput("请在本轮的候选人中选择", field="choice")
    needed = plan.way is Way.VOTES or not agrees or (plan.way is Way.PRICE and len(standing.between) > 1)
    if (needed and not reason.strip()) or len(reason) > MOST_REASON or "\0" in reason:
        raise BadInput(f"请按定标因素写明理由(不超过{MOST_REASON}字)", field="reason")
    statement = canonical(
        {
            "document": "定标委员会成员的意见",
            "round": round_.public_id,
            "panel": panel.public_id,
            "turn": standing.turn,
            "between": list(standing.between),
            "choice": choice,
            "bidder": left[choice].bidder,
            "agrees": agrees,
            "reason": reason.strip(),
            "declares": _DECLARES,
            **({"minutes_sha256": _digest(minutes)} if minutes else {}),
        }
    )
    return round_, panel, plan, left, member, standing, statement


@transaction.atomic
def ballot_to_sign(*, round_id: str, choice: str, reason: str, agrees: bool = True, actor: Actor) -> bytes:
    """Return what a member signs as the ballot of the present turn.

    :raises NotOnThePanel: no member
    :raises PanelNotHere: decided, voted already, or no minutes yet
    """
    require(actor, Permission.PANEL_VOTE, signed=True)
    return _statement(round_id, choice, agrees, reason, actor)[-1]


@transaction.atomic
def cast_ballot(
    *,
    round_id: str,
    choice: str,
    reason: str,
    signature: str,
    agrees: bool = True,
    actor: Actor,
    now: datetime,
) -> ballots.Standing:
    """Cast a signed ballot with its reasons; nobody sees the others' before the turn is over. Return where the panel stands.

    :raises NotOnThePanel: no member
    :raises PanelNotHere: decided, voted in this turn, or no minutes to agree to
    :raises SignatureWrong: the signature is not on this ballot
    """
    require(actor, Permission.PANEL_VOTE, signed=True)
    round_, panel, plan, left, member, standing, statement = _statement(
        round_id, choice, agrees, reason, actor
    )
    signed = sign_document(
        kind="panel_ballot",
        subject=panel.public_id,
        document=statement,
        signature=signature,
        actor=actor,
        now=now,
    )
    PanelBallot.objects.create(
        member=member,
        turn=standing.turn,
        choice=choice,
        agrees=agrees,
        reason=reason.strip(),
        signature=signed,
        cast_at=now,
        region_code=round_.region_code,
    )
    record_act(
        "awarding.ballot_cast",
        subject=panel.public_id,
        actor=actor,
        legal_at=now,
        **place_of(round_),
        public={"panel": panel.number, "turn": standing.turn, "member": member.code},
        supervisor={"choice": choice, "agrees": agrees, "reason": reason.strip()},
    )
    after = standing_of(panel, plan, _prices(left))
    if after.winner:
        _record_decision(round_, panel, plan, left, after, actor=actor, now=now)
    return after


def _record_decision(
    round_: Round,
    panel: Panel,
    plan: AwardPlan,
    left: Mapping[str, OpenedBid],
    standing: ballots.Standing,
    *,
    actor: Actor,
    now: datetime,
) -> None:
    record_act(
        "awarding.panel_decided",
        subject=panel.public_id,
        actor=actor,
        legal_at=now,
        **place_of(round_),
        public={
            "panel": panel.number,
            "way": plan.way.value,
            "candidates": {bid: str(row.price) for bid, row in sorted(left.items())},
            "ballots": [
                {"member": b.member.code, "turn": b.turn, "choice": b.choice, "agrees": b.agrees}
                for b in cast_in(panel)
            ],
            "winner": standing.winner,
        },
    )


def decided(panel: Panel, plan: AwardPlan, left: Mapping[str, OpenedBid]) -> str:
    """Return the bid a panel has decided on.

    :raises PanelNotHere: not yet
    """
    winner = standing_of(panel, plan, _prices(left)).winner
    if not winner:
        raise PanelNotHere("定标委员会尚未作出决定, 不能形成定标报告")
    return winner


@transaction.atomic
def prepare_report(*, round_id: str, actor: Actor, now: datetime) -> Sealing:
    """Set the report of award 定标报告 and say which bytes the tenderee's certificate must sign to seal it.

    :raises PanelNotHere: the panel has not decided
    """
    require(actor, Permission.AWARD, signed=True)
    round_, panel, plan, left = _open_panel(round_id, actor)
    require_tenderee(round_.lot.tender, actor)
    require_move(round_, "award", actor=actor)
    winner = decided(panel, plan, left)
    panel.report = _report(round_, panel, plan, left, winner)
    panel.report_sha256 = _digest(panel.report)
    panel.save(update_fields=["report", "report_sha256"])
    pdf = _pdf(round_, panel, panel.report, now)
    return prepare_seal(
        pdf=pdf,
        document=files.keep(pdf),
        purpose=REPORT,
        subject=round_.public_id,
        box=(330, 90, 530, 160),
        reason="定标报告",
        actor=actor,
        now=now,
    )


@transaction.atomic
def finish_report(*, round_id: str, signature: str, actor: Actor, now: datetime) -> Award:
    """Seal the report of award; the winner is whom the panel decided on: CAND_END → AWARDED.

    :raises PanelNotHere: the panel has not decided
    :raises SignatureWrong: the signature is not on the prepared report
    """
    require(actor, Permission.AWARD, signed=True)
    round_, panel, plan, left = _open_panel(round_id, actor)
    require_tenderee(round_.lot.tender, actor)
    require_move(round_, "award", actor=actor)
    winner = decided(panel, plan, left)
    sealed = finish_seal(purpose=REPORT, subject=round_.public_id, signature=signature, actor=actor)
    made = make_award(round_, left[winner], rank=None, actor=actor, now=now)
    panel.report_pdf, panel.award = files.keep(sealed.pdf), made
    panel.save(update_fields=["report_pdf", "award"])
    record_act(
        "awarding.panel_reported",
        subject=panel.public_id,
        actor=actor,
        legal_at=now,
        **place_of(round_),
        public={
            "panel": panel.number,
            "report_sha256": panel.report_sha256,
            "pdf_sha256": panel.report_pdf,
            "winner": winner,
        },
        supervisor={"report": panel.report},
    )
    return made


def _report(
    round_: Round, panel: Panel, plan: AwardPlan, left: Mapping[str, OpenedBid], winner: str
) -> dict[str, Any]:
    """Return the content of the report as JSON values: who sat, what each wrote and signed, how it was counted."""
    standing = standing_of(panel, plan, _prices(left))
    return {
        "document": "定标报告",
        "ocid": round_.lot.tender.ocid,
        "round": round_.public_id,
        "tender": round_.lot.tender.name,
        "lot": round_.lot.name,
        "evaluation_report_sha256": panel.evaluation_sha256,
        "plan": plan.as_json(),
        "candidates": [
            {"bid": bid, "bidder": row.bidder, "price": str(row.price)}
            for bid, row in sorted(left.items(), key=lambda item: (item[1].bidder, item[0]))
        ],
        "members": [
            {"code": m.code, "name": m.account.person.name, "side": m.side}
            for m in panel.members.select_related("account__person").order_by("code")
        ],
        "minutes": panel.minutes,
        "ballots": [
            {
                "member": b.member.code,
                "turn": b.turn,
                "choice": b.choice,
                "agrees": b.agrees,
                "reason": b.reason,
                "cast_at": b.cast_at.isoformat(),
                "certificate": b.signature.certificate.fingerprint,
                "signature_digest": b.signature.digest,
            }
            for b in cast_in(panel)
        ],
        "turns": [
            {"turn": t.turn, "votes": dict(t.votes), "left": list(t.left), "by_price": t.by_price}
            for t in standing.turns
        ],
        "winner": winner,
    }


def _pdf(round_: Round, panel: Panel, report: Mapping[str, Any], now: datetime) -> bytes:
    names = {c["bid"]: c["bidder"] for c in report["candidates"]}
    plan = plan_of(round_)
    facts = [
        ["招标项目", report["tender"]],
        ["标段", report["lot"]],
        *([title, says] for title, says in plan.in_words()),
        ["评标报告 SHA-256", _in_two(report["evaluation_report_sha256"])],
        ["本报告 SHA-256", _in_two(panel.report_sha256)],
    ]
    tables = [
        {
            "columns": ["中标候选人(排名不分先后)", "投标报价(元)"],
            "widths": [3, 2],
            "rows": [[c["bidder"], f"{Decimal(c['price']):,.2f}"] for c in report["candidates"]],
        },
        {
            "columns": ["成员", "姓名", "来自"],
            "widths": [1, 2, 2],
            "rows": [[m["code"], m["name"], SIDES[m["side"]]] for m in report["members"]],
        },
        {
            "columns": ["轮次", "成员", "意见", "理由"],
            "widths": [1, 1, 3, 5],
            "rows": [
                [
                    f"第{b['turn']}轮",
                    b["member"],
                    ("" if b["agrees"] else "不同意: ") + names[b["choice"]],
                    b["reason"] or "—",
                ]
                for b in report["ballots"]
            ],
        },
    ]
    tables.append(
        {
            "columns": ["成员", "轮次", "签名时间", "签名证书指纹"],
            "widths": [1, 1, 3, 6],
            "rows": [
                [
                    b["member"],
                    f"第{b['turn']}轮",
                    f"{datetime.fromisoformat(b['cast_at']).astimezone(BEIJING):%Y-%m-%d %H:%M:%S}",
                    _in_two(b["certificate"]),
                ]
                for b in report["ballots"]
            ],
        }
    )
    lines = [
        f"第{n}次议事纪要(结论: {names[m['choice']]}): {m['text']}"
        for n, m in enumerate(report["minutes"], start=1)
    ]
    lines += [_counted(turn, names, plan) for turn in report["turns"]]
    lines.append(f"定标结果: 确定{names[report['winner']]}为中标人。各成员的意见均由本人数字证书签名。")
    content = {
        "title": "定标报告",
        "to": "",
        "facts": facts,
        "tables": tables,
        "lines": lines,
        "issuer": round_.lot.tender.tenderee.name,
        "day": day(now),
    }
    return paper_pdf(content=content, code="", at=now)


def _in_two(digest: str) -> str:
    """Return a digest that may break in the middle of a line."""
    return f"{digest[:32]} {digest[32:]}"


def _counted(turn: Mapping[str, Any], names: Mapping[str, str], plan: AwardPlan) -> str:
    """Return one turn's count as a sentence."""
    votes = "、".join(f"{names[bid]} {n}票" for bid, n in sorted(turn["votes"].items(), key=lambda r: -r[1]))
    if plan.way is Way.DISCUSSION:
        return f"第{turn['turn']}次纪要: 同意{sum(turn['votes'].values())}人, " + (
            "全体一致同意" if len(turn["left"]) == 1 else "没有一致同意, 纪要不成立"
        )
    said = f"第{turn['turn']}轮: {votes}"
    if turn["by_price"]:
        return f"{said}; 投票次数已满仍相同, 按定标方案取其中报价低的: {'、'.join(names[b] for b in turn['left'])}"
    if len(turn["left"]) > 1:
        return f"{said}; 票数相同, 在{'、'.join(names[b] for b in turn['left'])}之间再次投票"
    return said
