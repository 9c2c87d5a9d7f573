"""What an archive must hold, who owes what is missing, and whether it may be handed over. Pure.

The list follows the groups of DA/T 103-2024 as the rulebook tells them (status M: from memory, so it warns about
what this platform cannot hold and blocks only on what was made here).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from ggzy.kernel.actors import Role
from ggzy.kernel.refusals import BadInput, Citation, Refusal

BASIS = Citation("电子招标投标办法", "第四十条")


class Retention(StrEnum):
    """How long an archive is kept; the class is the tenderee's decision."""

    PERMANENT = "permanent"
    YEARS_30 = "30y"
    YEARS_10 = "10y"

    @property
    def label(self) -> str:
        """Return the word people read."""
        return {"permanent": "永久", "30y": "30年", "10y": "10年"}[self.value]


class Nature(StrEnum):
    """The four natures that an electronic archive is tested for."""

    AUTHENTICITY = "authenticity"
    INTEGRITY = "integrity"
    USABILITY = "usability"
    SECURITY = "security"

    @property
    def label(self) -> str:
        """Return the word people read."""
        return {
            "authenticity": "真实性",
            "integrity": "完整性",
            "usability": "可用性",
            "security": "安全性",
        }[self.value]


@dataclass(frozen=True, kw_only=True)
class Item:
    """One thing that an archive should hold.

    It is due once any act of `when` has happened (always, where empty) and is there when any act of `acts` is in
    the log and, where `folder` is set, a file lies below it. An item with neither was never made on this platform.
    """

    key: str
    title: str
    group: str
    owes: str
    when: tuple[str, ...] = ()
    acts: tuple[str, ...] = ()
    folder: str = ""

    @property
    def made_here(self) -> bool:
        """Say whether this platform makes the item at all."""
        return bool(self.acts or self.folder)


_PUBLISHED = ("tendering.published",)
_OPENED = ("opening.opened",)
_ENDED = ("opening.ended",)
_SEATED = ("evaluation.seated",)
_REPORTED = ("evaluation.reported",)
_PUBLICITY = ("awarding.publicity_started",)
_AWARDED = ("awarding.awarded",)
_NOTIFIED = ("awarding.notified",)
_CHOSEN = ("awarding.chosen",)
_SIGNED = ("contracting.signed",)
_OWNER, _CENTRE, _COMMITTEE, _BIDDER = "招标人", "交易中心", "评标委员会", "投标人"

_TENDER = "招标准备"
_FILE = "招标文件"
_BIDS = "投标和开标"
_EVALUATION = "评标"
_RESULT = "公示、定标和合同"
_TROUBLE = "异议、变更和处理"
_EVIDENCE = "存证和复核"


def _item(
    key: str,
    title: str,
    group: str,
    owes: str,
    when: tuple[str, ...] = (),
    acts: tuple[str, ...] = (),
    folder: str = "",
) -> Item:
    return Item(key=key, title=title, group=group, owes=owes, when=when, acts=acts, folder=folder)


ITEMS: tuple[Item, ...] = (
    _item("project", "项目和招标项目登记", _TENDER, _OWNER, folder="data/1-project/project.json"),
    _item("approval", "审批、核准或备案文件", _TENDER, _OWNER),
    _item("agency", "招标代理委托合同", _TENDER, _OWNER),
    _item("funds", "资金落实证明", _TENDER, _OWNER),
    # a procurement is not registered: it files its plan
    _item(
        "registered",
        "进场登记(政府采购为采购计划备案)",
        _TENDER,
        _OWNER,
        _PUBLISHED,
        ("tendering.registered", "tendering.plan_filed"),
    ),
    _item("review", "公平竞争审查结论", _TENDER, _OWNER, _PUBLISHED, ("tendering.review_concluded",)),
    _item("form", "中心形式核验", _TENDER, _CENTRE, ("tendering.form_checked",), ("tendering.form_checked",)),
    _item("notice", "招标公告", _FILE, _OWNER, _PUBLISHED, ("notices.published",), "data/3-notices/"),
    _item("file", "招标文件各版本", _FILE, _OWNER, _PUBLISHED, _PUBLISHED, "data/2-tender-file/"),
    _item(
        "changes", "澄清、修改和延期", _FILE, _OWNER, ("changes.made",), ("changes.made",), "data/4-changes/"
    ),
    _item("questions", "答复的问题", _FILE, _OWNER, ("changes.made",), folder="data/2-tender-file/"),
    _item("taken", "获取招标文件记录", _FILE, _CENTRE, _OPENED, _OPENED, "data/8-evidence/"),
    _item("closed", "投标截止记录", _BIDS, _CENTRE, (*_OPENED, "opening.failed"), ("opening.closed",)),
    _item("failed", "流标记录", _BIDS, _CENTRE, ("opening.failed",), ("opening.failed",)),
    _item(
        "bids", "投标文件(密文、清单、签名)", _BIDS, _BIDDER, _OPENED, ("opening.bid_shown",), "data/5-bids/"
    ),
    _item("receipts", "投标回执", _BIDS, _CENTRE, _OPENED, ("opening.bid_shown",), "data/8-evidence/"),
    _item("deposits", "保证金流水和保函", _BIDS, _CENTRE),
    _item("signin", "开标开始", _BIDS, _OWNER, _OPENED, _OPENED),
    _item("keys", "解密记录", _BIDS, _BIDDER, _ENDED, ("opening.key_released", "opening.bid_shown")),
    _item("record", "开标记录", _BIDS, _OWNER, _ENDED, _ENDED, "data/5-opening/record.json"),
    _item("record-signed", "开标记录签名", _BIDS, _OWNER, _ENDED, _ENDED, "data/signatures.json"),
    _item("opening-video", "开标音视频", _BIDS, _CENTRE),
    _item(
        "opening-pause",
        "开标故障和中止记录",
        _BIDS,
        _CENTRE,
        ("opening.failure_accounted",),
        ("opening.failure_accounted",),
    ),
    _item("pool", "专家库冻结和抽取申请", _EVALUATION, _OWNER, _SEATED, ("experts.pool_frozen",)),
    _item("seeds", "抽取的随机种子", _EVALUATION, _CENTRE, _SEATED, ("experts.seed_revealed",)),
    _item("drawn", "抽取结果", _EVALUATION, _CENTRE, _SEATED, ("experts.ranked",)),
    _item("answers", "专家答复", _EVALUATION, _CENTRE, _SEATED, ("experts.answered",)),
    _item("checkin", "签到、回避和承诺", _EVALUATION, _COMMITTEE, _SEATED, ("experts.checked_in",)),
    _item("committee", "评标委员会组成", _EVALUATION, _OWNER, _SEATED, _SEATED),
    _item("oaths", "评标承诺书和席位", _EVALUATION, _COMMITTEE, _SEATED, ("committees.seat_taken",)),
    _item("leader", "推选组长", _EVALUATION, _COMMITTEE, _REPORTED, ("committees.leader_voted",)),
    _item("sheets", "评审表和打分表", _EVALUATION, _COMMITTEE, _REPORTED, ("evaluation.sheet_handed_in",)),
    _item(
        "preliminary",
        "初步评审和否决说明",
        _EVALUATION,
        _COMMITTEE,
        _REPORTED,
        ("evaluation.preliminary_decided",),
    ),
    _item("compiled", "评标汇总", _EVALUATION, _COMMITTEE, _REPORTED, ("evaluation.report_compiled",)),
    _item("report", "评标报告", _EVALUATION, _COMMITTEE, _REPORTED, _REPORTED, "data/6-evaluation/"),
    _item("report-signed", "评标报告签名", _EVALUATION, _COMMITTEE, _REPORTED, ("evaluation.report_signed",)),
    _item(
        "rejected",
        "否决全部投标的理由",
        _EVALUATION,
        _COMMITTEE,
        ("evaluation.all_rejected",),
        ("evaluation.all_rejected",),
    ),
    _item(
        "stopped",
        "停止评审的书面说明",
        _EVALUATION,
        _COMMITTEE,
        ("evaluation.stopped",),
        ("evaluation.stop_signed",),
    ),
    _item("reopened", "复核记录", _EVALUATION, _OWNER, ("evaluation.reopened",), ("evaluation.reopened",)),
    _item("evaluation-video", "评标音视频和见证报告", _EVALUATION, _CENTRE),
    _item("publicity", "中标候选人公示", _RESULT, _OWNER, _PUBLICITY, _PUBLICITY, "data/3-notices/"),
    _item("publicity-end", "公示期满", _RESULT, _CENTRE, _AWARDED, ("awarding.publicity_ended",)),
    _item("award", "定标", _RESULT, _OWNER, _AWARDED, _AWARDED),
    _item(
        "award-report",
        "定标报告(评定分离)",
        _RESULT,
        _OWNER,
        ("awarding.panel_reported",),
        ("awarding.panel_reported",),
        "data/7-result/",
    ),
    _item("chosen", "确定多家供应商(入围)", _RESULT, _OWNER, _CHOSEN, _CHOSEN),
    _item("chosen-result", "结果公告", _RESULT, _OWNER, _CHOSEN, ("notices.published",), "data/3-notices/"),
    _item(
        "choice-voided",
        "多家供应商的结果无效",
        _RESULT,
        _OWNER,
        ("awarding.choice_voided",),
        ("awarding.choice_voided",),
    ),
    _item("letter", "中标通知书", _RESULT, _OWNER, _NOTIFIED, _NOTIFIED, "data/7-result/"),
    _item("result", "中标结果公告", _RESULT, _OWNER, _NOTIFIED, ("notices.published",), "data/3-notices/"),
    _item("ended", "中标资格终止", _RESULT, _OWNER, ("awarding.ended",), ("awarding.ended",)),
    _item(
        "annulled", "中标无效的处理决定", _RESULT, "监督部门", ("awarding.annulled",), ("awarding.annulled",)
    ),
    _item(
        "called-off",
        "终止采购活动的决定",
        _RESULT,
        _OWNER,
        ("awarding.called_off",),
        ("awarding.called_off",),
    ),
    _item(
        "restarted",
        "质疑成立, 重新采购的决定",
        _RESULT,
        _OWNER,
        ("awarding.restarted",),
        ("awarding.restarted",),
    ),
    _item(
        "retendered", "不再定标的决定", _RESULT, _OWNER, ("awarding.retendered",), ("awarding.retendered",)
    ),
    _item("contract", "合同", _RESULT, _OWNER, _SIGNED, _SIGNED, "data/7-result/"),
    _item("contract-seals", "合同双方签章", _RESULT, _OWNER, _SIGNED, ("contracting.sealed",)),
    _item(
        "performance",
        "开始履约",
        _RESULT,
        _OWNER,
        ("contracting.performance_started",),
        ("contracting.performance_started",),
    ),
    _item(
        "papers",
        "开标一览表、签到表、中标结果通知书",
        _RESULT,
        _OWNER,
        ("papers.sealed",),
        ("papers.sealed",),
        "data/7-papers/",
    ),
    _item("settlement", "结算文件", _RESULT, _OWNER),
    _item("written-report", "招标投标情况书面报告", _RESULT, _OWNER),
    _item(
        "objections",
        "异议",
        _TROUBLE,
        _BIDDER,
        ("objections.raised",),
        ("objections.raised",),
        "data/4-objections/",
    ),
    _item(
        "answers-to-objections",
        "异议答复",
        _TROUBLE,
        _OWNER,
        ("objections.raised",),
        ("objections.answered",),
        "data/4-objections/",
    ),
    _item(
        "opening-objections",
        "开标异议和答复",
        _TROUBLE,
        _OWNER,
        ("opening.objection_raised",),
        ("opening.objection_answered",),
    ),
    _item(
        "challenges",
        "质疑和答复",
        _TROUBLE,
        _OWNER,
        ("objections.challenge_answered",),
        ("objections.challenge_answered",),
        "data/4-challenges/",
    ),
    _item(
        "complaints",
        "投诉处理决定",
        _TROUBLE,
        "监督部门",
        ("complaints.decided",),
        ("complaints.decided",),
        "data/4-complaints/",
    ),
    _item("messages", "发给各方的通知", _TROUBLE, _CENTRE, _NOTIFIED, folder="data/4-messages/"),
    _item("pack", "监督级证据包", _EVIDENCE, _CENTRE, _OPENED, folder="data/8-evidence/evidence.json"),
    _item("public-pack", "公开级证据包", _EVIDENCE, _CENTRE, folder="data/8-evidence/evidence-public.json"),
    _item("checkpoint", "日志检查点", _EVIDENCE, _CENTRE, folder="data/8-evidence/checkpoint.txt"),
    _item("tiles", "日志的哈希瓦片", _EVIDENCE, _CENTRE, folder="data/8-evidence/tile/"),
    _item("verifier", "离线复核程序", _EVIDENCE, _CENTRE, folder="tools/verify.pyz"),
)


@dataclass(frozen=True, kw_only=True)
class Standing:
    """One item as it stands in a round: there, missing, not due, or never made on this platform."""

    key: str
    title: str
    group: str
    owes: str
    state: str

    @property
    def label(self) -> str:
        """Return the word people read."""
        return {"present": "齐全", "missing": "缺", "not_due": "不适用", "elsewhere": "平台没有此件"}[
            self.state
        ]


def standing(acts: Iterable[str], paths: Iterable[str] | None = None) -> list[Standing]:
    """Return how every item stands by the acts in the log; with `paths`, by the files of a package as well."""
    done, files = set(acts), None if paths is None else list(paths)
    out = []
    for item in ITEMS:
        if item.when and not done & set(item.when):
            state = "not_due"
        elif not item.made_here:
            state = "elsewhere"
        elif (item.acts and not done & set(item.acts)) or (files is not None and not _lies(item, files)):
            state = "missing"
        else:
            state = "present"
        out.append(Standing(key=item.key, title=item.title, group=item.group, owes=item.owes, state=state))
    return out


def _lies(item: Item, files: Iterable[str]) -> bool:
    return not item.folder or any(path.startswith(item.folder) for path in files)


class NotReady(Refusal):
    """There is no package that could be handed over."""

    code = "archives.not_ready"
    basis = BASIS


class TestFailed(Refusal):
    """The package failed the four-nature test, or something is missing."""

    __test__ = False  # no test case, whatever a test runner thinks of the name
    code = "archives.test_failed"
    basis = BASIS


class PackageStale(Refusal):
    """Something was recorded after the package was made."""

    code = "archives.package_stale"
    basis = BASIS


def require_may_hand_over(
    *, ready: bool, failed: int, missing: Iterable[str], acts_in: int, acts_now: int
) -> None:
    """Let a package be handed over, or refuse.

    :raises NotReady: it is still being made
    :raises TestFailed: a finding failed or an item is missing
    :raises PackageStale: the log knows more than the package
    """
    if not ready:
        raise NotReady("还没有做好的归档包, 请先打包, 打包完成后再移交")
    lacking = list(missing)
    if failed or lacking:
        what = f"有{failed}项检测不合格" if failed else f"缺少: {'、'.join(lacking[:5])}"
        raise TestFailed(f"四性检测没有通过, {what}; 请补齐后重新打包")
    if acts_now != acts_in:
        raise PackageStale("打包以后又有新的办理事项, 请重新打包后再移交")


class WholeOnlyAfterHandOver(Refusal):
    """The whole archive is the tenderee's, once it has taken it over."""

    code = "archives.whole_after_hand_over"
    status = 403
    basis = BASIS


def may_have_whole(*, role: Role, tenderee: bool, level: str, handed_over: bool) -> bool:
    """Say whether somebody of the owner side, the centre or the supervisor may download a round's archive.

    At the supervisor's level it holds each member's own sheets and the addresses acts came from. The law makes it the
    tenderee's to keep, so the tenderee itself has it once it took it over; its agency, which only makes it, and the
    centre, which keeps its own service records, have the list and a package of the owner side's level.
    """
    return role is Role.SUPERVISOR or level != "supervisor" or (tenderee and handed_over)


def retention(code: str) -> Retention:
    """Return a retention class.

    :raises BadInput: none of the three
    """
    try:
        return Retention(code)
    except ValueError:
        raise BadInput("请选择保管期限: 永久、30年或10年", field="retention") from None


def by_nature(findings: Iterable[tuple[str, str]]) -> dict[str, dict[str, int]]:
    """Return {nature: {outcome: how many}} of findings given as (name, outcome)."""
    out: dict[str, dict[str, int]] = {n.value: {} for n in Nature}
    for name, outcome in findings:
        counts = out.get(name.split(".", 1)[0])
        if counts is None:
            continue  # what is said of the process is no nature of the package
        counts[outcome] = counts.get(outcome, 0) + 1
    return out


def level_of(*, reader: str, opened: bool) -> str:
    """Return the level of evidence in a package.

    A round that was never opened says nothing of bidders to anyone but the supervisor, in an archive as well.
    """
    if reader == "supervisor":
        return "supervisor"
    if not opened:
        return "public"
    return {"archive": "supervisor", "owner": "party", "bidder": "party"}[reader]


#: which move an act of the log makes, for the clause in a timeline
MOVE_OF: Mapping[str, str] = {
    "tendering.registered": "register",
    "tendering.document_started": "start_document",
    "tendering.sent_to_review": "send_to_review",
    "tendering.review_concluded": "conclude_review",
    "tendering.published": "publish",
    "changes.made": "clarify",
    "bidding.received": "submit_bid",
    "bidding.withdrawn": "withdraw_bid",
    "opening.closed": "close_bidding",
    "opening.failed": "fail_for_lack_of_bids",
    "opening.opened": "open_bids",
    "opening.key_released": "release_key",
    "opening.objection_raised": "object_at_opening",
    "opening.ended": "end_opening",
    "opening.second_opened": "open_second",
    "opening.second_key_released": "release_second",
    "evaluation.seated": "seat_committee",
    "evaluation.all_rejected": "reject_all",
    "evaluation.left": "leave_talks",
    "evaluation.stopped": "stop_for_flawed_file",
    "evaluation.reported": "submit_report",
    "awarding.publicity_started": "start_publicity",
    "objections.raised": "object_to_result",
    "awarding.publicity_ended": "end_publicity",
    "awarding.awarded": "award",
    "awarding.chosen": "choose",
    "awarding.retendered": "retender",
    "awarding.called_off": "call_off",
    "awarding.restarted": "restart_after_challenge",
    "awarding.notified": "notify",
    "contracting.sealed": "sign_contract",
    "contracting.signed": "sign_contract",
    "awarding.ended": "winner_refuses",
    "contracting.performance_started": "start_performance",
    "awarding.annulled": "annul_after_complaint",
    "archives.handed_over": "archive",
}
