"""What all fronts that take packages share: the close at the deadline, the quiet opening, the failure."""

from datetime import datetime

from ggzy.deadlines.actions import effect
from ggzy.evidence.actions import record_act
from ggzy.fronts import drawing, rules
from ggzy.kernel.actors import SYSTEM
from ggzy.kernel.refusals import Refusal
from ggzy.law.families import family
from ggzy.messages.actions import tell
from ggzy.messages.rules import Kind
from ggzy.notices.actions import NoticeKind, publish_notice
from ggzy.opening import quiet
from ggzy.procedures.spec import Stage
from ggzy.tendering.fronts import admit, draws_invitees, main_of
from ggzy.tendering.models import Round
from ggzy.tendering.moves import lock_round, make_move, place_of, procedure_of

CLOSE = "fronts.close"


class NothingToDo(Refusal):
    """No front of the tender stands where this act begins."""

    code = "fronts.nothing_to_do"


def in_the_open(round_: Round) -> dict[str, object]:
    """Return where a public act of a front belongs: not escrowed, and so without anything about senders."""
    return place_of(round_) | {"escrowed": False}


def owner_side(round_: Round) -> list[int]:
    """Return the organisations of the owner side."""
    tender = round_.lot.tender
    return [pk for pk in (tender.tenderee_id, tender.agency_id) if pk]


@effect(CLOSE)
def close_front(round_id: str, now: datetime) -> datetime | None:
    """Close a front at its deadline; with fewer than three packages it fails, and nothing about senders is said.

    The exclusive lock waits for every package that was complete before the moment, as with bids.
    """
    round_ = lock_round(round_id)
    if not procedure_of(round_).has(round_.stage, "close_bidding") or round_.bid_deadline is None:
        return None
    if now < round_.bid_deadline:
        return round_.bid_deadline
    make_move(round_, "close_bidding", actor=SYSTEM, now=now, closed_at=now)
    live = quiet.live_packages(round_)
    record_act(
        "fronts.closed",
        subject=round_.public_id,
        actor=SYSTEM,
        legal_at=now,
        **in_the_open(round_),
        public={"deadline": round_.bid_deadline.isoformat(), "closed_at": now.isoformat()},
    )
    record_act(
        "fronts.live_set",
        subject=round_.public_id,
        actor=SYSTEM,
        legal_at=now,
        **place_of(round_),
        supervisor={"live": [package.entry_hash for package in live]},
    )
    if len(live) < procedure_of(round_).minimum_bids:
        fail(round_, "fail_for_lack_of_bids", senders=[p.bidder_id for p in live], opened=False, now=now)
    else:
        quiet.begin(round_, live, minutes=rules.DECRYPTION_MINUTES, now=now)
        if draws_invitees(round_.procedure_code):
            drawing.freeze_list(round_, [(p.public_id, p.bidder_id) for p in live], now=now)
    return None


@effect(quiet.SETTLED)
def settle_front(round_id: str, now: datetime) -> datetime | None:
    """Go on once every package is opened or out: too few opened ones fail; proposers are let into the second stage."""
    round_ = lock_round(round_id)
    if not procedure_of(round_).has(round_.stage, "release_key"):
        return None
    opened = [p.sender_pk for p in quiet.opened_packages(round_.pk)]
    others = [sender for _, sender, _ in quiet.unopened_senders(round_.pk)]
    if len(opened) < procedure_of(round_).minimum_bids:
        fail(round_, "fail_for_lack_of_bids", senders=[*opened, *others], opened=True, now=now)
        return None
    if round_.stage == Stage.TS1_REVIEW:
        admit(main_of(round_), opened, now=now)
        round_.decided_at = now
        round_.save(update_fields=["decided_at"])
    tender = round_.lot.tender
    tell(
        organisations=owner_side(round_),
        kind=Kind.SERVICE,
        title=f"{tender.name}（{round_.lot.name}）{_SETTLED[Stage(round_.stage)][0]}",
        text=_SETTLED[Stage(round_.stage)][1],
        link=f"/work/tenders/{tender.public_id}/front",
        now=now,
    )
    return None


_SETTLED = {
    Stage.PQ_CLOSED: (
        "资格预审申请文件已开启",
        "申请文件只向资格审查委员会开启。请组织审查委员会成员签到并组建委员会。",
    ),
    Stage.TS1_REVIEW: ("技术建议已开启", "请查阅技术建议, 据以编制招标文件。提交建议者的名单依法保密。"),
}

#: by which a prequalification of government procurement fails
_GP_FAILED = "《政府采购货物和服务招标投标管理办法》第十四条"
_FAILURES: dict[tuple[Stage, str], tuple[str, str, str]] = {
    (Stage.PQ_FAILED, "fail_for_lack_of_bids"): (
        "资格预审失败公告",
        "至申请截止时间, 资格预审申请人少于3个",
        "《招标投标法实施条例》第十九条",
    ),
    (Stage.PQ_FAILED, "fail_for_lack_of_qualified"): (
        "资格预审失败公告",
        "经审查, 通过资格预审的申请人少于3个",
        "《招标投标法实施条例》第十九条",
    ),
    (Stage.TS_FAILED, "fail_for_lack_of_bids"): (
        "第一阶段失败公告",
        "至截止时间, 提交技术建议的投标人少于3个",
        "《招标投标法》第二十八条",
    ),
}


def fail(round_: Round, code: str, *, senders: list[int], opened: bool, now: datetime) -> None:
    """Let a front fail: a public notice without a number or a name, and each sender is told for itself."""
    tender = round_.lot.tender
    make_move(round_, code, actor=SYSTEM, now=now, decided_at=now)
    heading, reason, basis = _FAILURES[Stage(round_.stage), code]
    if tender.scope == "GP":
        basis = _GP_FAILED
    owner = family(round_.procedure_code).owner
    kept = "" if opened else "; 已递交的文件不开启"
    publish_notice(
        kind=NoticeKind.FAILURE,
        ocid=tender.ocid,
        tender=tender.public_id,
        rounds=[round_.public_id],
        title=f"{tender.name}（{round_.lot.name}）{heading}",
        body={
            "lot": round_.lot.name,
            "round_number": round_.number,
            "reason": reason,
            "basis": basis,
            "next": f"{owner}将分析原因后依法重新招标{kept}",
        },
        actor=SYSTEM,
        now=now,
    )
    record_act(
        "fronts.failed",
        subject=round_.public_id,
        actor=SYSTEM,
        legal_at=now,
        **in_the_open(round_),
        public={"reason": code},
    )
    for organisations, text in (
        (senders, f"{reason}{kept}。重新招标时请重新递交。"),
        (owner_side(round_), f"{reason}。请分析原因, 开始新一轮招标。"),
    ):
        tell(
            organisations=organisations,
            kind=Kind.SERVICE,
            until_opening=[round_.public_id],
            title=f"{tender.name}（{round_.lot.name}）{heading.removesuffix('公告')}",
            text=text,
            link=f"/lots/{round_.lot.public_id}",
            now=now,
        )
