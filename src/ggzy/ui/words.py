"""Chinese words for what the log, the draws and the opening call by code."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings

ACTS: dict[str, str] = {
    "services.taken": "首问认领办件",
    "services.let_first": "列入绿色通道",
    "services.promised": "承诺补齐容缺材料",
    "services.supplied": "补交容缺材料",
    "services.received": "确认收到容缺材料",
    "services.graded": "评价服务",
    "services.followed_up": "差评回访",
    "services.help_asked": "同意帮办",
    "services.help_taken": "接单帮办",
    "services.help_ended": "结束帮办",
    "archives.asked": "请求制作归档包或证据包",
    "archives.handed_over": "移交电子档案",
    "archives.made": "制成归档包或证据包",
    "awarding.awarded": "确定中标人",
    "awarding.annulled": "投诉成立, 中标无效",
    "awarding.called_off": "采购任务取消或者违法违规, 终止采购活动",
    "awarding.ended": "中标资格终止",
    "awarding.notified": "发出中标通知书",
    "awarding.publicity_ended": "公示期满",
    "awarding.publicity_started": "公示中标候选人",
    "awarding.restarted": "质疑成立, 重新开展采购活动",
    "awarding.retendered": "不再定标, 本轮终止",
    "bidding.received": "收到加密投标文件",
    "bidding.withdrawn": "撤回投标文件",
    "evaluation.left": "退出磋商(谈判)",
    "changes.made": "变更: 澄清、延期、暂停、恢复、终止或故障",
    "contracting.performance_started": "开始履约",
    "contracting.sealed": "一方签章合同",
    "contracting.signed": "合同签订",
    "drafting.bill_attached": "上传工程量清单",
    "drafting.file_sealed": "招标文件签章",
    "drafting.finding_answered": "书面说明保留条款的理由",
    "drafting.list_acknowledged": "阅知正负面清单",
    "evaluation.all_rejected": "评标委员会否决全部投标",
    "inquiries.front_file_taken": "登记获取资格预审文件",
    "evaluation.stop_proposed": "提出停止评审的书面说明",
    "evaluation.stop_signed": "在停止评审的书面说明上签名",
    "evaluation.stopped": "采购文件有重大缺陷, 停止评审",
    "evaluation.reopening_asked": "申请评标复核",
    "evaluation.reopening_decided": "第二人对复核申请的决定",
    "evaluation.member_replaced": "更换评委, 其结论无效",
    "evaluation.dark_copies_made": "暗标文件脱敏",
    "evaluation.deemed_agreed": "拒签又不说明, 视为同意",
    "pool.registered": "开通申请账号",
    "pool.moved": "专家档案变动",
    "pool.contact_kept": "专家更新联系方式和账户",
    "pool.training_kept": "登记培训学时",
    "pool.leave_taken": "专家请假",
    "pool.leave_ended": "专家销假",
    "pool.face_noted": "登记人脸采集",
    "pool.assessed": "年度考核",
    "pool.rated": "一标一评",
    "pool.suspended": "登记暂停或禁止的决定",
    "pool.appealed": "专家申诉",
    "pool.appeal_decided": "处理专家申诉",
    "pool.question_kept": "加入试题",
    "pool.question_dropped": "停用试题",
    "pool.exam_begun": "开始入库考试",
    "pool.exam_handed_in": "交卷评分",
    "pool.personal_opened": "查看专家个人信息",
    "pool.imported": "导入专家库",
    "pool.exported": "导出专家库",
    "pool.payable_exported": "导出待支付劳务费",
    "pool.fees_confirmed": "确认劳务费",
    "pool.fee_paid": "登记劳务费支付",
    "committees.meeting_settled": "劳务费结清",
    "experts.taken_out": "专家被暂停, 退出本次抽取",
    "committees.meeting_planned": "确定评标方式和场地",
    "committees.site_answered": "副场答复席位申请",
    "committees.site_lapsed": "副场逾期未答复",
    "committees.site_checked": "场地设备自检",
    "committees.seat_taken": "签署承诺书并抽取席位",
    "committees.leader_voted": "推选组长",
    "committees.message_sent": "评委书面讨论",
    "committees.member_away": "评委离席",
    "committees.member_back": "评委返回",
    "committees.site_cut_off": "评标场地中断",
    "committees.site_back": "评标场地恢复",
    "committees.meeting_paused": "评标中止",
    "committees.meeting_resumed": "评标恢复",
    "committees.meeting_ended": "评标会结束",
    "committees.clarification_asked": "要求投标人澄清",
    "committees.clarification_answered": "投标人答复澄清",
    "committees.clarification_lapsed": "澄清逾期未答复",
    "evaluation.reopened": "原评标委员会复核",
    "evaluation.first_envelope_judged": "第一信封评审完毕",
    "evaluation.preliminary_decided": "初步评审结论",
    "evaluation.report_compiled": "汇总评标报告",
    "evaluation.report_signed": "评委签署评标报告",
    "evaluation.reported": "提交评标报告",
    "evaluation.seated": "组建评标委员会",
    "evaluation.sheet_handed_in": "评委提交评审表",
    "evidence.escrow_root": "封存批次根(定时写入)",
    "complaints.filed": "提交投诉",
    "complaints.power_kept": "登记监督权力清单",
    "complaints.decided": "送达并公告投诉处理决定",
    "complaints.stepped": "办理投诉的一个步骤",
    "complaints.warned": "投诉处理期限预警",
    "experts.answered": "专家答复邀请",
    "experts.marked_absent": "登记专家缺席",
    "experts.member_replaced": "更换评标委员会成员",
    "experts.names_opened": "监督部门打开专家姓名",
    "experts.no_answer": "专家逾期未答复",
    "experts.passed_busy": "专家届时不能参加(另有评标、请假或暂停), 顺延",
    "experts.replacement_declined": "不同意更换成员",
    "experts.replacement_proposed": "提出更换成员",
    "experts.seeds_renewed": "监督部门重新开始种子",
    "experts.seeds_void": "逾期未公开, 本轮种子作废",
    "experts.widening_approved": "监督部门确认扩大抽取范围",
    "experts.widening_declined": "监督部门不同意扩大抽取范围",
    "experts.widening_proposed": "提出扩大抽取范围",
    "experts.agreement_ended": "终止专家共享协议",
    "experts.agreement_in_force": "专家共享协议生效",
    "experts.agreement_proposed": "提出专家共享协议",
    "experts.aside_approved": "监督部门同意不再等待没有答复的专家库",
    "experts.aside_declined": "监督部门不同意不再等待",
    "experts.aside_proposed": "申请不再等待没有答复的专家库",
    "experts.guest_identified": "共享专家核对身份",
    "experts.guest_masked": "共享专家的个人信息到期遮盖",
    "experts.label_opened": "向协作中心核对一名专家的身份",
    "experts.lent_answered": "出借的专家答复",
    "experts.lent_called": "应协作中心请求通知专家",
    "experts.list_released": "协作中心取消抽取, 释放出借的名单",
    "experts.list_lent": "为协作中心冻结名单",
    "experts.pool_asked": "请其他专家库冻结名单",
    "experts.pool_lent": "其他专家库冻结名单",
    "experts.widening_empty": "扩大后没有新的专家",
    "experts.called_next": "依次补充邀请",
    "experts.draw_cancelled": "取消抽取",
    "opening.checked_in": "投标人签到",
    "experts.checked_in": "专家签到",
    "experts.owner_checked_in": "招标人代表签到",
    "experts.pool_dry": "候选专家用尽",
    "experts.pool_frozen": "冻结专家库, 发起抽取",
    "experts.ranked": "由三方种子算出抽取名次",
    "experts.seed_committed": "提交随机种子的承诺",
    "experts.seed_revealed": "公开随机种子",
    "fronts.clarified": "澄清修改资格预审文件",
    "fronts.postponed": "推后资格预审、第一阶段或邀请的截止时间",
    "fronts.closed": "资格预审申请或技术建议截止",
    "fronts.committee_seated": "组建资格审查委员会",
    "fronts.failed": "资格预审、邀请或第一阶段失败",
    "fronts.first_stage_published": "发布两阶段招标第一阶段公告",
    "fronts.ground_found": "认定邀请招标的理由",
    "fronts.ground_stated": "提出邀请招标的理由",
    "fronts.invitation_answered": "受邀人回复",
    "fronts.invitations_sent": "发出投标邀请书",
    "fronts.invitees_drawn": "随机抽取受邀人",
    "fronts.invitees_listed": "确定邀请名单",
    "fronts.list_frozen": "固定抽签名单",
    "fronts.live_set": "截止时的申请或建议集合",
    "fronts.objection_answered": "答复对资格预审文件的异议",
    "fronts.objection_raised": "对资格预审文件提出异议",
    "fronts.prequalification_published": "发布资格预审公告",
    "fronts.reported": "提交资格审查报告",
    "fronts.results": "资格预审结果",
    "fronts.results_sent": "发出资格预审结果通知书和投标邀请书",
    "fronts.review_compiled": "汇总资格审查报告",
    "fronts.review_signed": "审查委员会成员签署报告",
    "fronts.sheet_handed_in": "审查委员会成员提交审查表",
    "identity.certificate_bound": "绑定数字证书",
    "identity.certificate_lost": "挂失数字证书",
    "identity.certificate_revoked": "签发机构吊销数字证书",
    "identity.trust_list_confirmed": "确认信任列表, 新版本生效",
    "identity.trust_list_dropped": "撤回待确认的信任列表",
    "identity.trust_list_proposed": "提出信任列表新版本",
    "inquiries.asked": "对招标文件提问(封存)",
    "inquiries.file_taken": "登记获取招标文件(封存)",
    "messages.delivered": "法定通知到达手机(封存)",
    "messages.failed": "法定通知未能送达站外(封存)",
    "messages.opened": "首次打开法定通知(封存)",
    "messages.sent": "法定通知交邮件服务器或短信平台(封存)",
    "messages.told": "发出法定通知(封存)",
    "notices.published": "发布公告",
    "objections.answered": "答复异议",
    "objections.answer_overdue": "逾期未答复",
    "objections.challenge_answered": "答复质疑",
    "objections.challenge_withdrawn": "撤回质疑",
    "objections.challenged": "提出质疑",
    "objections.withdrawn": "撤回异议",
    "objections.held": "收到异议, 暂停",
    "objections.raised": "提出异议",
    "opening.bid_shown": "开启一份投标文件",
    "opening.closed": "投标截止",
    "opening.ended": "开标结束, 形成开标记录",
    "opening.failed": "流标",
    "opening.failure_accounted": "认定未能解密的责任",
    "opening.key_joined": "三份密钥份额合成投标密钥",
    "opening.key_released": "投标人解密",
    "opening.nothing_opened": "没有一份投标文件开启成功, 流标",
    "papers.sealed": "签章一份文书",
    "opening.objection_answered": "当场答复开标异议",
    "opening.objection_raised": "当场提出开标异议",
    "opening.opened": "开标开始",
    "opening.second_ended": "第二信封开标结束, 形成开标记录",
    "opening.second_key_released": "投标人解密第二信封",
    "opening.second_opened": "第二信封开标开始",
    "opening.second_shown": "开启一份第二信封(报价文件)",
    "opening.second_told": "通知第二信封开标时间",
    "opening.share_released": "保管人交出密钥份额",
    "opening.shares_asked": "投标人申请由保管人开启",
    "opening.window_made_up": "补足解密时限(平台无法访问)",
    "parties.registered": "单位登记",
    "projects.registered": "登记项目",
    "publishing.published": "法定媒介已发布公告",
    "publishing.refused": "媒介退回公告",
    "publishing.retried": "重新发送公告",
    "registry.checked": "登记系统对登记信息作出答复",
    "registry.ended": "停用登记信息",
    "registry.kept": "保存主体登记信息",
    "seals.stamp_applied": "申请印章",
    "seals.stamp_approved": "审核通过印章",
    "seals.stamp_bound": "印章绑定证书",
    "seals.stamp_refused": "审核不通过印章",
    "seals.stamp_replaced": "印章被新印章更换",
    "seals.stamp_resumed": "恢复使用印章",
    "seals.stamp_suspended": "停用印章",
    "seals.stamp_withdrawn": "注销印章",
    "seals.timestamped": "为签章文件补盖时间戳",
    "tendering.document_started": "开始编制招标文件",
    "tendering.document_written": "保存招标文件",
    "tendering.drafted": "新建招标项目",
    "tendering.form_checked": "中心形式核验",
    "tendering.published": "发布招标公告, 发出招标文件",
    "tendering.registered": "进场登记",
    "tendering.review_concluded": "公平竞争审查结论",
    "tendering.round_started": "开始新一轮招标",
    "tendering.sent_to_review": "送公平竞争审查",
    "ui.bundles_served": "网页加密程序的摘要",
    "venues.booked": "预约场地",
    "venues.moved": "场地改期",
    "venues.released": "释放场地",
    "venues.staff_retired": "停用服务人员",
    "venues.staff_taken_on": "登记服务人员",
    "venues.staffed": "安排服务人员",
    "witnessing.begun": "见证开始",
    "witnessing.ended": "见证结束",
    "witnessing.noted": "见证记录",
    "witnessing.reported": "签发见证报告",
}

DRAW_STATES = {
    "gathering": "等待其他专家库冻结名单",
    "seeding": "等待三方种子",
    "calling": "正在依次邀请",
    "confirmed": "人数已满",
    "seated": "已组建评标委员会",
    "cancelled": "已取消, 重新抽取",
}
CALL_STATES = {
    "waiting": "候补",
    "called": "已通知, 待答复",
    "accepted": "同意参加",
    "refused": "不能参加",
    "replaced": "已替换",
    "silent": "逾期未答复",
    "busy": "届时不能参加(另有评标、请假或暂停), 顺延",
    "absent": "缺席",
    "avoided": "回避",
    "left": "中途更换",
}
AGREEMENT_STATES = {
    "proposed": "已提出, 等对方复函",
    "received": "对方提出, 待核对签署",
    "answered": "对方已复函, 待核对",
    "in_force": "生效",
    "ended": "已终止",
}
LOAN_STATES = {"asked": "等待冻结名单", "frozen": "已冻结", "aside": "不参加本次抽取"}
BID_STATES = {
    "waiting": "等待解密",
    "released": "正在解密",
    "opened": "解密成功",
    "revoked": "视为撤销",
    "withdrawn": "视为撤回",
    "kept_out": "不予开启",
}


def act(code: str) -> str:
    """Return what people call an act of the log."""
    return ACTS.get(code, code)


NOTICE_KINDS = {
    "tender": "招标公告",
    "failure": "流标公告",
    "candidates": "中标候选人公示",
    "result": "中标结果公告",
    "contract": "合同公告",
    "opening_record": "开标记录",
    "prequalification": "资格预审公告",
    "first_stage": "两阶段招标第一阶段公告",
    "intent": "采购意向公告",
    "second_opening": "第二信封开标通知",
    "decision": "投诉处理决定公告",
}
_SHEETS = {
    "preliminary": "初步评审表",
    "competition": "竞争性论证表决",
    "price": "报价评审表",
    "scores": "打分表",
    "summary": "打分确认",
    "offers": "报价文件评审表",
}
_FAILURES = {"fewer_than_three": "投标人少于3个", "committee_rejected_all": "评标委员会否决全部投标"}
_FAILURES |= {
    "fail_for_lack_of_bids": "申请人或提交建议者少于3个",
    "fail_for_lack_of_qualified": "通过资格预审的少于3个",
    "fail_for_lack_of_acceptances": "接受邀请的少于3个",
}


_PAPERS = {
    "opening_table": "开标一览表",
    "opening_sign_in": "开标签到表",
    "committee_sign_in": "评标签到表",
    "result_letter": "中标结果通知书",
}

#: names of what a package of an applicant or proposer holds
_PACKAGE = {
    "qualifications": "资格",
    "licence": "资质等级",
    "works": "类似业绩",
    "manager": "项目负责人",
    "certificate": "注册证书",
    "name": "姓名",
    "proposal": "技术建议",
    "quality": "质量",
    "duration_days": "工期(日历天)",
    "registry": "主体库登记信息",
    "records": "登记",
    "commitments": "承诺",
}
_PACKAGE_FRAME = {"bidder", "uscc", "members", "attachments"}


def package(fields: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what a package says as (name, text), without who sent it and its attachments."""
    return [
        (_PACKAGE.get(name, name), _text(value))
        for name, value in fields.items()
        if name not in _PACKAGE_FRAME and value not in (None, "", [], {})
    ]


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        return "; ".join(f"{_PACKAGE.get(str(k), str(k))} {_text(v)}" for k, v in value.items())
    if isinstance(value, list):
        return "、".join(map(_text, value))
    return str(value)


def facts(fields: Mapping[str, Any]) -> str:
    """Return the public fields of an act that people can read, in one line; hashes and lists stay in the data."""
    said = []
    if "kind" in fields:
        kind = str(fields["kind"])
        said.append(NOTICE_KINDS.get(kind) or _SHEETS.get(kind) or _PAPERS.get(kind) or kind)
    if "name" in fields:
        said.append(str(fields["name"]))
    if "member" in fields:
        said.append(f"评委 {fields['member']}")
    if fields.get("price"):
        said.append(f"{fields['price']} 元")
    if "state" in fields:
        said.append(BID_STATES.get(str(fields["state"]), str(fields["state"])))
    if fields.get("reason"):
        said.append(_FAILURES.get(str(fields["reason"]), str(fields["reason"])))
    return ", ".join(said)


def region(code: str) -> str:
    """Return what a region is called (GGZY_REGION_NAMES), with its code; the code alone where no name is known."""
    name = settings.REGION_NAMES.get(code, "")
    return f"{name}({code})" if name else code
