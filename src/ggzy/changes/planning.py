"""What would follow from a change: gathered from every context that hangs on the dates, shown before it is done."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ggzy.changes import places, rules
from ggzy.changes.models import Change, Outage
from ggzy.changes.rules import Consequence, Kind, Plan, Wish, moment_words
from ggzy.experts.actions import running_draw
from ggzy.inquiries.queries import open_questions
from ggzy.kernel import calendars
from ggzy.kernel.refusals import NotFound
from ggzy.law.families import family
from ggzy.law.limits import TimeLimit
from ggzy.opening.models import OpeningSession
from ggzy.procedures.spec import Hold, Stage
from ggzy.tendering.actions import ReviewNotOfThisFile, require_reviewed
from ggzy.tendering.document import TenderDocument, parse
from ggzy.tendering.models import HoldRow, Round, Tender
from ggzy.tendering.rules import timeline
from ggzy.tendering.stamps import law_of
from ggzy.tendering.versions import changes_bids, lot_rows, newest, working_copy

#: from the notice to the award: where a change of dates, a hold or a trouble can still matter
RUNNING = (
    Stage.OPEN_FOR_BID,
    Stage.CLOSED,
    Stage.OPENING,
    Stage.OPENED,
    Stage.QUAL,
    Stage.EVALUATING,
    Stage.REPORTED,
    Stage.CAND_PUB,
    Stage.CAND_END,
)
EVERYBODY = "全部已获取招标文件和已递交投标文件的单位(名称和数量对任何人不显示)"


@dataclass
class Ground:
    """A tender with what its plan needs, locked by whoever will carry it out."""

    tender: Tender
    rounds: list[Round]
    now: datetime
    #: since when an interruption stands that nobody could report: it is planned as if the button had been pressed then
    since: datetime | None = None

    @property
    def at(self) -> datetime:
        """Return the moment as of which an interruption is taken."""
        return self.since or self.now

    @property
    def open(self) -> list[Round]:
        """Return the rounds that take bids."""
        return [r for r in self.rounds if r.stage == Stage.OPEN_FOR_BID]

    @property
    def deadline(self) -> datetime | None:
        """Return the published deadline of the rounds that take bids."""
        return max((r.bid_deadline for r in self.open if r.bid_deadline), default=None)

    def law(self) -> dict[str, TimeLimit]:
        """Return the law in force when the first notice came out."""
        first = min((r for r in self.rounds if r.published_at), key=lambda r: (r.published_at, r.pk))
        return law_of(first)


def last_suspension(tender: Tender) -> Change | None:
    """Return the newest suspension of a tender that holds something still."""
    held = HoldRow.objects.filter(
        round__lot__tender=tender, kind=Hold.SUSPENSION.value, lifted_at=None
    ).values_list("source", flat=True)
    return Change.objects.filter(public_id__in=list(held)).order_by("-number").first()


def running_outage(tender: Tender) -> Outage | None:
    """Return the outage that has not ended, if one runs."""
    return Outage.objects.filter(tender=tender, ended_at=None).first()


def plan(wish: Wish, ground: Ground) -> Plan:
    """Return what would follow from a wish, with what the law demands beyond it.

    :raises BadInput: the wish lacks what its kind needs
    :raises NothingChanges: nothing would change, or there is nothing to change
    :raises DeadlineOnlyLater: the wished deadline lies before the published one
    """
    rules.require_wish(wish)
    return {
        Kind.CLARIFY: _clarify,
        Kind.POSTPONE: _postpone,
        Kind.SUSPEND: _suspend,
        Kind.RESUME: _resume,
        Kind.TERMINATE: _terminate,
        Kind.OUTAGE: _outage,
        Kind.END_OUTAGE: _end_outage,
    }[wish.kind](wish, ground)


def _need_open(ground: Ground) -> datetime:
    if ground.deadline is None or ground.now >= ground.deadline:
        raise rules.NothingChanges("没有处于公告及投标期间的标段, 不能办理。请刷新页面查看最新进展")
    return ground.deadline


def made_plan(
    wish: Wish,
    ground: Ground,
    rows: list[Consequence],
    *,
    demands: Sequence[tuple[str, str]] = (),
    deadline: datetime | None = None,
    earliest: datetime | None = None,
    proposal: datetime | None = None,
    affects_bids: bool = False,
) -> Plan:
    """Return the plan of a wish with the consequences that were gathered."""
    return Plan(
        kind=wish.kind,
        tender=ground.tender.public_id,
        consequences=tuple(rows),
        demands=tuple(demands),
        deadline=deadline,
        earliest=earliest,
        proposal=proposal,
        affects_bids=affects_bids,
    )


def _deadline_moves(ground: Ground, new: datetime, *, provisional: bool = False) -> list[Consequence]:
    """Return everything that hangs on the deadline: the opening, the clocks before it, validity, draw."""
    old = ground.deadline
    if old is None or new == old:
        return []
    says = "投标截止时间(同时为开标时间)" + (", 暂定" if provisional else "")
    rows = [
        Consequence(
            sort="time",
            says=says,
            before=moment_words(old),
            after=moment_words(new),
            clause="《招标投标法》第三十四条",
        )
    ]
    published = min(r.published_at for r in ground.open if r.published_at)
    law = ground.law()
    own = family(ground.tender.procedure_code)
    was = timeline(published_at=published, deadline=old, law=law, calendar=calendars.CHINA, family=own)
    will = timeline(published_at=published, deadline=new, law=law, calendar=calendars.CHINA, family=own)
    for before, after in rules.differing(was, will):
        if before.key == "GC-T11":
            continue
        rows.append(
            Consequence(
                sort="clock",
                says=f"{after.says}({after.limit})",
                before=moment_words(before.instant),
                after=moment_words(after.instant),
                clause=after.cites,
            )
        )
    document = _document(ground)
    validity = timedelta(days=document.bid_validity_days)
    rows.append(
        Consequence(
            sort="money",
            says=f"投标有效期({document.bid_validity_days}日)的届满时间; 保函有效期应覆盖",
            before=moment_words(old + validity),
            after=moment_words(new + validity),
            clause="《招标投标法实施条例》第二十五条、第二十六条",
        )
    )
    rows += places.consequences(ground.open, new)
    if running_draw(ground.rounds) is not None:
        rows.append(
            Consequence(
                sort="draw",
                says="已发起的专家抽取取消, 新的开标时间前重新抽取; 已答应参加的专家不再参加",
                before="有效",
                after="取消",
                clause="《招标投标法》第三十七条",
            )
        )
    return rows


def _document(ground: Ground) -> TenderDocument:
    return parse(newest(ground.tender).document)


def _tell(ground: Ground, says: str) -> Consequence:
    return Consequence(sort="message", says=f"{says}, 同时通知{EVERYBODY}", clause="《招标投标法》第二十三条")


def _old_bids() -> Consequence:
    return Consequence(
        sort="bids",
        says="已递交的投标文件继续有效并保持密封; 截止前可以替换或撤回; 依据旧版文件的, 递交前提示",
        clause="《电子招标投标办法》第二十七条",
    )


def _clarify(wish: Wish, ground: Ground) -> Plan:
    old = _need_open(ground)
    file = newest(ground.tender)
    before, after = parse(file.document), working_copy(ground.tender)
    lots = lot_rows(ground.open)
    known = {row["lot"]: row for row in file.lots}
    lots_changed = [row for row in lots if known.get(row["lot"], row) | {"round": ""} != row | {"round": ""}]
    changed = before.as_json() != after.as_json() or bool(lots_changed)
    answers = wish.answers or {}
    if not (changed or answers or wish.text.strip()):
        raise rules.NothingChanges("没有需要发布的澄清、修改或答复")
    affects = wish.affects_bids or changes_bids(before, after) or bool(lots_changed)
    demands: list[tuple[str, str]] = []
    if changed:
        try:
            require_reviewed(ground.tender)
        except ReviewNotOfThisFile:
            demands.append(
                (
                    "修改后的招标文件还没有通过公平竞争审查, 请招标人先对修改后的文件签署审查结论",
                    "《招标投标领域公平竞争审查规则》",
                )
            )
    new = wish.new_deadline or old
    rules.require_deadline(new=new, old=old, now=ground.now)
    limit = ground.law()[family(ground.tender.procedure_code).amended]
    count = rules.earliest_after_clarification(limit, now=ground.now)
    proposal = None
    if affects and not rules.clarification_in_time(
        limit, now=ground.now, deadline=new, calendar=calendars.CHINA
    ):
        proposal = rules.working_moment(max(count.instant, old), like=old, calendar=calendars.CHINA)
        demands.append(
            (
                f"澄清或者修改可能影响投标文件编制, 应在截止时间至少{limit.length}日前发出; 不足的应当顺延: "
                f"{count.arithmetic}, 建议改为{moment_words(proposal)}",
                limit.cites,
            )
        )
    rows = _deadline_moves(ground, new)
    rows.append(
        Consequence(
            sort="file",
            says="招标文件发布新版本, 旧版保留"
            + ("(可能影响投标文件编制)" if affects else "(不影响投标文件编制)"),
            before=f"第{file.version}版",
            after=f"第{file.version + 1}版",
            clause="《招标投标法》第二十三条",
        )
    )
    if answers:
        rows.append(
            Consequence(
                sort="file",
                says=f"答复{len(answers)}个问题, 不含提问单位名称",
                after="随新版本发布",
                clause="《招标投标法》第二十二条",
            )
        )
    waiting = len(open_questions(ground.tender.pk)) - len(answers)
    if waiting > 0:
        rows.append(Consequence(sort="file", says=f"还有{waiting}个问题未答复, 可以以后再答"))
    rows.append(
        Consequence(
            sort="notice", says="发布澄清答疑公告" + ("并延期" if new != old else ""), clause=limit.cites
        )
    )
    rows += [_tell(ground, "澄清内容" + ("和新的时间" if new != old else "")), _old_bids()]
    return made_plan(
        wish,
        ground,
        rows,
        demands=demands,
        deadline=new,
        earliest=count.instant if affects else old,
        proposal=proposal,
        affects_bids=affects,
    )


def _postpone(wish: Wish, ground: Ground) -> Plan:
    old = _need_open(ground)
    assert wish.new_deadline is not None, "require_wish has seen it"
    rules.require_deadline(new=wish.new_deadline, old=old, now=ground.now)
    if wish.new_deadline == old:
        raise rules.NothingChanges("新的截止时间与原时间相同")
    rows = _deadline_moves(ground, wish.new_deadline)
    rows.append(Consequence(sort="notice", says="发布延期公告", clause="《招标投标法实施条例》第二十一条"))
    rows += [_tell(ground, "新的截止和开标时间"), _old_bids()]
    return made_plan(wish, ground, rows, deadline=wish.new_deadline, earliest=old)


def _holding(ground: Ground, hold: Hold, clause: str) -> list[Consequence]:
    return [
        Consequence(
            sort="hold",
            says=f"{round_.lot.name}({Stage(round_.stage).label}): {hold.label}, 解除前不能开标、评标、公示期满和定标",
            after=hold.label,
            clause=clause,
        )
        for round_ in ground.rounds
    ]


def _windows(ground: Ground, *, paused: bool) -> list[Consequence]:
    sessions = OpeningSession.objects.filter(
        round__in=[r for r in ground.rounds if r.stage == Stage.OPENING], shown_at=None
    )
    rows = []
    for session in sessions.select_related("round__lot"):
        if paused and session.paused_at is None:
            left = session.window_ends_at - ground.at
            rows.append(
                Consequence(
                    sort="clock",
                    says=f"{session.round.lot.name}: 解密时限停止计时, 恢复后接续剩余时间",
                    before=f"{moment_words(session.window_ends_at)}届满",
                    after="暂停计时" if left > timedelta(0) else "已届满, 恢复后补足",
                    clause="《电子招标投标办法》第三十一条",
                )
            )
        if not paused and session.paused_at is not None:
            minutes = _document(ground).remedy_minutes
            left = max(session.window_ends_at - session.paused_at, timedelta(0))
            remedy = (
                f", 招标文件载明的补救时间{minutes}分钟" if minutes else ", 招标文件没有载明另外的补救时间"
            )
            rows.append(
                Consequence(
                    sort="clock",
                    says=f"{session.round.lot.name}: 解密时限恢复计时",
                    before="暂停计时",
                    after=f"剩余{left.seconds // 60}分{left.seconds % 60}秒{remedy}",
                    clause="《电子招标投标办法》第三十一条",
                )
            )
    return rows


def _need_running(ground: Ground) -> None:
    if not ground.rounds:
        raise rules.NothingChanges("没有正在进行的标段, 不能办理。请刷新页面查看最新进展")


def _suspend(wish: Wish, ground: Ground) -> Plan:
    _need_running(ground)
    if last_suspension(ground.tender) is not None:
        raise rules.NothingChanges("该项目已经暂停, 恢复前不需要再次暂停")
    old, new = ground.deadline, None
    rows: list[Consequence] = []
    if old is not None and ground.now < old:
        new = wish.new_deadline or rules.working_moment(
            old + timedelta(days=7), like=old, calendar=calendars.CHINA
        )
        rules.require_deadline(new=new, old=old, now=ground.now)
        rows += _deadline_moves(ground, new, provisional=True)
    rows += _holding(ground, Hold.SUSPENSION, "《招标投标法实施条例》第二十二条、第六十二条")
    rows += _windows(ground, paused=True)
    rows.append(Consequence(sort="notice", says="发布暂停公告", clause="《招标公告和公示信息发布管理办法》"))
    rows.append(_tell(ground, "暂停的理由和暂定的时间"))
    return made_plan(wish, ground, rows, deadline=new, earliest=old, proposal=new)


def ordered(wish: Wish, ground: Ground, *, length: timedelta) -> Plan:
    """Return what follows from an order to stand still for so long: the deadline moves where it takes of the bidders' time.

    :raises NothingChanges: nothing of it runs
    """
    _need_running(ground)
    old, new = ground.deadline, None
    rows: list[Consequence] = []
    if old is not None and ground.now < old:
        floor = rules.made_good(deadline=old, began=ground.now, ends=ground.now + length)
        new = old if floor == old else rules.working_moment(floor, like=old, calendar=calendars.CHINA)
        rows += _deadline_moves(ground, new, provisional=True)
    rows += _holding(ground, Hold.COMPLAINT, "《招标投标法实施条例》第六十二条、《政府采购法》第五十七条")
    rows += _windows(ground, paused=True)
    rows.append(Consequence(sort="notice", says="发布暂停公告"))
    rows.append(_tell(ground, "暂停和暂定的时间"))
    return made_plan(wish, ground, rows, deadline=new, earliest=old, proposal=new)


def order_ended(wish: Wish, ground: Ground, order: Change) -> Plan:
    """Return what follows when an order to stand still ends."""
    return _going_on(
        wish,
        ground,
        began=order.made_at,
        original=_original_deadline(ground, order),
        notice="发布恢复公告",
        hold=Hold.COMPLAINT,
    )


def _original_deadline(ground: Ground, change: Change | None) -> datetime | None:
    said = change.wish.get("deadline_before") if change else None
    return datetime.fromisoformat(said) if said else ground.deadline


def _going_on(
    wish: Wish, ground: Ground, *, began: datetime, original: datetime | None, notice: str, hold: Hold
) -> Plan:
    """Return the plan of going on after an interruption: bidders get back what they lost of their time."""
    rows: list[Consequence] = []
    demands: list[tuple[str, str]] = []
    new = proposal = floor = None
    if ground.open and ground.deadline is not None and original is not None:
        floor = rules.made_good(deadline=original, began=began, ends=ground.now)
        new = wish.new_deadline or ground.deadline
        if new < floor:
            proposal = rules.working_moment(floor, like=original, calendar=calendars.CHINA)
            demands.append(
                (
                    f"中断占用了投标人的准备时间, 恢复后的截止时间最早为{moment_words(floor)}, "
                    f"建议改为{moment_words(proposal)}",
                    "《招标投标法》第二十四条",
                )
            )
        if new <= ground.now:
            raise rules.DeadlineOnlyLater("新的投标截止时间应晚于现在", field="new_deadline")
        rows += _deadline_moves(ground, new)
    rows += [
        Consequence(
            sort="hold",
            says=f"{r.lot.name}: 解除",
            before=hold.label,
            after="无",
            clause="《招标投标法实施条例》第二十二条",
        )
        for r in ground.rounds
        if _held(r, hold)
    ]
    rows += _windows(ground, paused=False)
    rows.append(Consequence(sort="notice", says=notice, clause="《招标公告和公示信息发布管理办法》"))
    rows.append(_tell(ground, "恢复及之后的时间"))
    return made_plan(wish, ground, rows, demands=demands, deadline=new, earliest=floor, proposal=proposal)


def _held(round_: Round, hold: Hold) -> bool:
    return HoldRow.objects.filter(round=round_, kind=hold.value, lifted_at=None).exists()


def _resume(wish: Wish, ground: Ground) -> Plan:
    change = last_suspension(ground.tender)
    if change is None:
        raise NotFound("该项目没有暂停, 不需要恢复")
    return _going_on(
        wish,
        ground,
        began=change.made_at,
        original=_original_deadline(ground, change),
        notice="发布恢复公告",
        hold=Hold.SUSPENSION,
    )


def _outage(wish: Wish, ground: Ground) -> Plan:
    _need_running(ground)
    if running_outage(ground.tender) is not None and ground.since is None:
        raise rules.NothingChanges("该项目已登记故障中止, 恢复前不需要再次登记")
    old, new = ground.deadline, None
    rows: list[Consequence] = []
    if old is not None and ground.at < old:
        new = wish.new_deadline or old
        if wish.new_deadline is None and (old - ground.at <= rules.LAST_DAY or old <= ground.now):
            new = rules.working_moment(
                max(old, ground.now) + rules.LAST_DAY, like=old, calendar=calendars.CHINA
            )
        rules.require_deadline(new=new, old=old, now=ground.now)
        rows += _deadline_moves(ground, new, provisional=True)
        rows.append(_old_bids())
    rows += _holding(ground, Hold.SYSTEM_FAILURE, "《电子招标投标办法》第三十一条")
    rows += _windows(ground, paused=True)
    rows.append(
        Consequence(sort="notice", says="发布暂停公告(系统故障)", clause="《电子招标投标办法》第三十一条")
    )
    rows.append(_tell(ground, "故障和暂停"))
    return made_plan(wish, ground, rows, deadline=new, earliest=old, proposal=new)


def _end_outage(wish: Wish, ground: Ground) -> Plan:
    outage = running_outage(ground.tender)
    if outage is None:
        raise NotFound("该项目没有登记中的故障, 不需要恢复")
    # the first change since the report: a later one only moved its provisional deadline
    made = Change.objects.filter(tender=ground.tender, kind=Kind.OUTAGE.value)
    change = made.filter(made_at__gte=outage.reported_at).order_by("number").first()
    return _going_on(
        wish,
        ground,
        began=outage.started_at,
        original=_original_deadline(ground, change),
        notice="发布恢复公告(故障排除)",
        hold=Hold.SYSTEM_FAILURE,
    )


def _terminate(wish: Wish, ground: Ground) -> Plan:
    _need_open(ground)
    rows = [
        Consequence(
            sort="stage",
            says=f"{r.lot.name}: 终止招标, 不能恢复",
            before=Stage.OPEN_FOR_BID.label,
            after=Stage.TERMINATED.label,
            clause="《招标投标法实施条例》第三十一条",
        )
        for r in ground.open
    ]
    rows.append(
        Consequence(
            sort="bids",
            says="已递交的投标文件永不开启; 投标数量和名称不公布",
            clause="《电子招标投标办法》第二十七条",
        )
    )
    rows.append(
        Consequence(
            sort="money",
            says="及时退还收取的费用、投标保证金及银行同期存款利息",
            clause="《招标投标法实施条例》第三十一条",
        )
    )
    if running_draw(ground.rounds) is not None:
        rows.append(Consequence(sort="draw", says="专家抽取取消", before="有效", after="取消"))
    rows += places.given_back(ground.open)
    rows.append(Consequence(sort="notice", says="发布终止公告", clause="《招标投标法实施条例》第三十一条"))
    rows.append(_tell(ground, "终止的理由"))
    return made_plan(wish, ground, rows)
