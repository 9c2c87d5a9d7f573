"""Publishing a notice."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from ggzy.evidence.actions import record_act
from ggzy.kernel.actors import Actor
from ggzy.kernel.canonical import canonical, sha256
from ggzy.kernel.ids import new_public_id
from ggzy.notices.models import Notice


class NoticeKind(StrEnum):
    """What a notice announces."""

    TENDER = "tender"
    FAILURE = "failure"
    CANDIDATES = "candidates"
    RESULT = "result"
    CONTRACT = "contract"
    OPENING_RECORD = "opening_record"
    CLARIFICATION = "clarification"
    POSTPONEMENT = "postponement"
    SUSPENSION = "suspension"
    RESUMPTION = "resumption"
    TERMINATION = "termination"
    CORRECTION = "correction"
    PREQUALIFICATION = "prequalification"
    FIRST_STAGE = "first_stage"
    INTENT = "intent"
    SECOND_OPENING = "second_opening"
    DECISION = "decision"
    SINGLE_SOURCE = "single_source"
    FRAMEWORK = "framework"
    FRAMEWORK_MEMBERS = "framework_members"
    FRAMEWORK_EXIT = "framework_exit"
    CALL_OFF = "call_off"
    INNOVATION = "innovation"
    INNOVATION_FILE = "innovation_file"
    INNOVATION_RESULT = "innovation_result"
    INNOVATION_CONTRACT = "innovation_contract"

    @property
    def label(self) -> str:
        """Return the heading people read."""
        return {
            "tender": "招标公告",
            "failure": "流标公告",
            "candidates": "中标候选人公示",
            "result": "中标结果公告",
            "contract": "合同公告",
            "opening_record": "开标记录",
            "clarification": "澄清答疑公告",
            "postponement": "延期公告",
            "suspension": "暂停公告",
            "resumption": "恢复公告",
            "termination": "终止公告",
            "correction": "更正公告",
            "prequalification": "资格预审公告",
            "first_stage": "两阶段招标第一阶段公告",
            "intent": "采购意向公告",
            "second_opening": "第二信封开标通知",
            "decision": "投诉处理决定公告",
            "single_source": "单一来源公示",
            "framework": "框架协议征集公告",
            "framework_members": "框架协议入围结果公告",
            "framework_exit": "框架协议退出或者清退公告",
            "call_off": "框架协议成交结果公告",
            "innovation": "合作创新采购公告",
            "innovation_file": "合作创新采购研发谈判文件",
            "innovation_result": "合作创新采购结果公告",
            "innovation_contract": "合作创新采购合同公告",
        }[self.value]


def publish_notice(
    *,
    kind: NoticeKind,
    ocid: str,
    tender: str,
    rounds: Iterable[str],
    title: str,
    body: Mapping[str, Any],
    actor: Actor,
    now: datetime,
    series: str = "",
) -> Notice:
    """Publish a notice at once, as version 1 of a new series or the next version of a given one.

    Runs inside the act that causes it; the caller has checked who may.
    """
    rounds = sorted(rounds)
    series = series or new_public_id()
    version = Notice.objects.filter(series=series).count() + 1
    digest = sha256(canonical(dict(body))).hex()
    notice = Notice.objects.create(
        ocid=ocid,
        tender=tender,
        rounds=rounds,
        kind=kind.value,
        series=series,
        version=version,
        title=title[:300],
        body=dict(body),
        sha256=digest,
        published_at=now,
    )
    record_act(
        "notices.published",
        subject=notice.public_id,
        actor=actor,
        legal_at=now,
        ocid=ocid,
        round=rounds[0] if len(rounds) == 1 else "",
        public={"kind": kind.value, "series": series, "version": version, "sha256": digest, "rounds": rounds},
    )
    return notice
