"""The deadlines before the bids: 资格预审、邀请、第一阶段. The same engine: everything shown, confirmed once, done at once."""

from datetime import datetime, timedelta

from django.db import transaction

from ggzy.changes import places, rules
from ggzy.changes.models import Change
from ggzy.changes.planning import Ground, made_plan
from ggzy.changes.rules import Consequence, Kind, Plan, Wish, moment_words
from ggzy.changes.steps import give_up_draw, new_change
from ggzy.experts.actions import running_draw
from ggzy.fronts import postponing
from ggzy.fronts import rules as fronts
from ggzy.kernel import calendars
from ggzy.kernel.actors import SYSTEM, Actor
from ggzy.kernel.pulse import Silence
from ggzy.kernel.refusals import Citation
from ggzy.law.families import family
from ggzy.messages.actions import tell
from ggzy.messages.rules import Kind as MessageKind
from ggzy.procedures.spec import Stage
from ggzy.tendering.models import Round, Tender
from ggzy.tendering.moves import lock_rounds_of
from ggzy.tendering.stamps import law_of

STAGES = tuple(postponing.DEADLINES)
_DECRYPTION = timedelta(minutes=fronts.DECRYPTION_MINUTES)
#: by which article each of these deadlines was set and may be moved
_CLAUSES = {
    Stage.PQ_OPEN: "《招标投标法实施条例》第二十一条",
    Stage.TS1_OPEN: "《招标投标法实施条例》第三十条",
    Stage.IV_SENT: "《招标投标法》第十七条",
}
_CONFIDENCE = "《招标投标法》第二十二条"
_PACKAGES = {Stage.PQ_OPEN: "申请文件", Stage.TS1_OPEN: "技术建议"}


def _running(ground: Ground) -> tuple[list[Round], Stage, datetime]:
    rounds = [r for r in ground.rounds if postponing.has_deadline(r, now=ground.at)]
    if not rounds:
        raise rules.NothingChanges("没有正在接收申请、建议或回复的标段, 不能办理。请刷新页面查看最新进展")
    return rounds, Stage(rounds[0].stage), max(r.bid_deadline for r in rounds if r.bid_deadline)


def plan(wish: Wish, ground: Ground) -> Plan:
    """Return what would follow from moving, or clarifying before, the deadline of a front.

    :raises BadInput: the wish lacks what its kind needs
    :raises NothingChanges: nothing would change, or this front has nothing to clarify
    :raises DeadlineOnlyLater: the wished deadline lies before the published one
    """
    rules.require_wish(wish)
    rounds, stage, old = _running(ground)
    clarifies = wish.kind is Kind.CLARIFY
    if clarifies and stage is not Stage.PQ_OPEN:
        raise rules.NothingChanges("邀请和第一阶段没有可以澄清的文件, 只能推后截止时间")
    new = wish.new_deadline or old
    rules.require_deadline(new=new, old=old, now=ground.now)
    if not clarifies and new == old:
        raise rules.NothingChanges("新的截止时间与原时间相同")
    demands: list[tuple[str, str]] = []
    earliest, proposal = old, None
    if clarifies and wish.affects_bids:
        limit = law_of(rounds[0], now=ground.now)[family(rounds[0].procedure_code).application_amended]
        earliest = fronts.earliest_event(limit, now=ground.now, calendar=calendars.CHINA, least=old)
        if new < earliest:
            proposal = rules.working_moment(earliest, like=old, calendar=calendars.CHINA)
            demands.append(
                (
                    f"澄清或者修改可能影响资格预审申请文件编制, 应在申请截止至少{limit.length}日前作出; 不足的应当顺延, "
                    f"最早为{moment_words(earliest)}, 建议改为{moment_words(proposal)}",
                    limit.cites,
                )
            )
    rows = _deadline_moves(rounds, stage, old, new, ground) if new != old else []
    return made_plan(
        wish,
        ground,
        rows + _follows(wish, stage, moved=new != old),
        demands=demands,
        deadline=new,
        earliest=earliest,
        proposal=proposal,
    )


def _deadline_moves(
    rounds: list[Round], stage: Stage, old: datetime, new: datetime, ground: Ground
) -> list[Consequence]:
    rows = [
        Consequence(
            sort="time",
            says=postponing.DEADLINES[stage],
            before=moment_words(old),
            after=moment_words(new),
            clause=_CLAUSES[stage],
        )
    ]
    if stage is Stage.PQ_OPEN:
        law = law_of(rounds[0], now=ground.now)
        own = family(rounds[0].procedure_code)
        was = fronts.timeline(deadline=old, law=law, calendar=calendars.CHINA, family=own)
        will = fronts.timeline(deadline=new, law=law, calendar=calendars.CHINA, family=own)
        rows += [
            Consequence(
                sort="clock",
                says=f"{after.says}({after.limit})",
                before=moment_words(before.instant),
                after=moment_words(after.instant),
                clause=after.cites,
            )
            for before, after in rules.differing(was, will)
        ]
    if stage in _PACKAGES:
        rows.append(
            Consequence(
                sort="clock",
                says=f"{_PACKAGES[stage]}的解密时限(截止后{_DECRYPTION // timedelta(hours=1)}小时)",
                before=moment_words(old + _DECRYPTION),
                after=moment_words(new + _DECRYPTION),
                clause="《电子招标投标办法》第三十一条",
            )
        )
    rows += places.consequences(rounds, new)
    if running_draw(rounds) is not None:
        rows.append(
            Consequence(
                sort="draw",
                says="已发起的审查专家抽取取消, 新的截止时间前重新抽取; 已答应参加的专家不再参加",
                before="有效",
                after="取消",
                clause="《招标投标法实施条例》第十八条",
            )
        )
    rows.append(
        Consequence(
            sort="time", says="招标文件在此之后发出, 发出的时间相应推后", clause="《招标投标法》第二十四条"
        )
    )
    return rows


def _follows(wish: Wish, stage: Stage, *, moved: bool) -> list[Consequence]:
    if stage is Stage.IV_SENT:
        return [
            Consequence(sort="notice", says="不发布公告: 被邀请者的名称和数量依法保密", clause=_CONFIDENCE),
            Consequence(
                sort="message",
                says="新的回复截止时间分别通知每个受邀人; 已作出的回复继续有效",
                clause=_CONFIDENCE,
            ),
        ]
    what = "澄清内容" + ("和新的截止时间" if moved else "") if wish.kind is Kind.CLARIFY else "新的截止时间"
    return [
        Consequence(sort="notice", says=f"公告发布新版本, 载明{what}, 旧版保留", clause=_CLAUSES[stage]),
        Consequence(
            sort="message",
            says=f"{what}, 同时通知全部已递交{_PACKAGES[stage]}的单位(名称和数量对任何人不显示)",
            clause=_CONFIDENCE,
        ),
        Consequence(
            sort="bids",
            says=f"已递交的{_PACKAGES[stage]}继续有效并保持密封; 截止前可以替换或撤回",
            clause="《电子招标投标办法》第二十七条",
        ),
    ]


def carry_out(wish: Wish, made: Plan, ground: Ground, *, actor: Actor, now: datetime) -> Change:
    """Do what was planned, within the caller's transaction and locks."""
    rounds, stage, old = _running(ground)
    assert made.deadline is not None, "a front's plan has its deadline"
    tender, moved = ground.tender, made.deadline != old
    change = new_change(wish, made, tender, rounds, deadline=old, actor=actor, now=now)
    recipients = postponing.told(rounds)
    postponing.move_deadline(
        rounds,
        clarifies=wish.kind is Kind.CLARIFY,
        affects=wish.affects_bids,
        text=wish.text.strip(),
        to=made.deadline,
        plan_sha256=made.digest,
        actor=actor,
        now=now,
    )
    if moved:
        give_up_draw(rounds, reason="申请截止时间变更", actor=actor, now=now)
        places.follow(rounds, made.deadline, now=now)
    change.save()
    title = f"{tender.name}: {_title(wish, stage)}"
    says = f"{postponing.DEADLINES[stage]}改为{moment_words(made.deadline)}。" if moved else ""
    link = "/work" if stage is Stage.IV_SENT else f"/tenders/{tender.public_id}"
    told = f"{says}{wish.text.strip()[:300]}"
    tell(
        organisations=recipients,
        kind=MessageKind.LEGAL,
        basis=law_of(rounds[0], now=now)["GC-T04"]
        if stage is not Stage.IV_SENT
        else Citation("招标投标法", "第十七条"),
        until_opening=[r.public_id for r in rounds],
        title=title,
        text=told,
        link=link,
        now=now,
    )
    owners = {pk for pk in (tender.tenderee_id, tender.agency_id) if pk and pk != actor.organisation_pk}
    tell(
        organisations=owners - recipients,
        kind=MessageKind.SERVICE,
        title=title,
        text=told,
        link=f"/work/tenders/{tender.public_id}/front",
        now=now,
    )
    return change


def _title(wish: Wish, stage: Stage) -> str:
    if wish.kind is Kind.CLARIFY:
        return "资格预审文件的澄清"
    return {
        Stage.PQ_OPEN: "资格预审申请截止时间推后",
        Stage.TS1_OPEN: "技术建议截止时间推后",
        Stage.IV_SENT: "回复截止时间推后",
    }[stage]


@transaction.atomic
def take_up_silence(*, tender_id: str, silence: Silence, now: datetime) -> Change:
    """Give back what a silence of the platform took of a front's time: its deadline moves back by itself.

    A front knows no outage that runs; what was lost is made good at once, to a working moment.
    """
    rounds = lock_rounds_of(tender_id, stages=[s.value for s in STAGES])
    tender = Tender.objects.select_related("tenderee", "agency").get(public_id=tender_id)
    ground = Ground(tender=tender, rounds=rounds, now=now, since=silence.legal_since)
    _, stage, old = _running(ground)
    floor = rules.made_good(deadline=old, began=silence.legal_since, ends=now)
    wish = Wish(
        kind=Kind.POSTPONE,
        front=True,
        text=f"{silence.words(now)}, {postponing.DEADLINES[stage]}在此期间届满; 由系统按平台运行记录顺延, 补足中断的时间。",
        new_deadline=rules.working_moment(floor, like=old, calendar=calendars.CHINA),
    )
    return carry_out(wish, plan(wish, ground), ground, actor=SYSTEM, now=now)
