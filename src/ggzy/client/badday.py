"""A bad day told through the public API: outage, lost keys, objections, an extension into a holiday, a failed lot.

The drill of a training centre plays it against a running platform; a test plays it in one process. Whoever plays it
says how time passes (`advance`) and how the platform's own work is waited for (`settle`).
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from ggzy.client import bids, story
from ggzy.client.party import Party, Problem
from ggzy.kernel.calendars import CHINA
from ggzy.law.limits import BEIJING

BIDDERS = 20
WITHOUT_KEYS = 2


class DrillFailed(Exception):
    """The platform did not do what the rule says; the sentence says where."""


def _must(good: bool, says: str) -> None:
    if not good:
        raise DrillFailed(says)


@dataclass
class BadDay:
    """One tender of two lots on its bad day."""

    owner: Party
    cast: story.Cast
    bidders: Sequence[Party]
    folder: Path
    now: Callable[[], datetime]
    advance: Callable[[datetime], None]
    settle: Callable[[Callable[[], bool]], None]
    say: Callable[[str], None] = print
    tender: dict[str, Any] = field(default_factory=dict)
    second: str = ""

    @property
    def path(self) -> str:
        """Return the tender's address."""
        return f"/tenders/{self.tender['tender']}"

    @property
    def rounds(self) -> list[str]:
        """Return the two first rounds."""
        return [r["round"] for r in self.tender["rounds"]]

    def play(self) -> dict[str, Any]:
        """Play the whole day and return the tender.

        :raises DrillFailed: the platform broke a rule
        :raises Problem: the platform refused what it should have done
        """
        holiday = _holiday_after(self.now())
        deadline = _at(holiday - timedelta(days=10), 9, 30)
        self._publish(deadline)
        self._objection_to_the_file()
        self._bids(deadline)
        self._clarify_into_the_holiday(holiday)
        self._close()
        self._outage_during_the_opening()
        self._read_out()
        self._evaluate()
        self._second_round()
        return self.tender

    # -- the day ------------------------------------------------------------------------------------------------

    def _publish(self, deadline: datetime) -> None:
        project = story.register_project(self.owner, name="演练工程", serial=secrets.randbelow(1_000_000))
        lots = [
            {"name": name, "budget": "10000000", "ceiling_price": "10000000", "duration_days": "300"}
            for name in ("主体工程", "绿化工程")
        ]
        self.tender = story.prepare_tender(
            self.owner,
            project=project,
            name=f"演练招标{secrets.token_hex(2)}",
            lots=lots,
            file=story.document(deposit=Decimal(100000), remedy_minutes=10),
        )
        story.publish(self.owner, self.tender["tender"], deadline=deadline)
        self.say(f"发布公告, 两个标段, 投标截止 {_words(deadline)}")
        for bidder in self.bidders[:6]:
            bidder.post(f"{self.path}/file/takings")

    def _objection_to_the_file(self) -> None:
        raised = self.bidders[3].post(
            f"/rounds/{self.rounds[0]}/file-objections", {"text": "工期要求与规模不相称"}
        )
        held = self.owner.get(self.path)["rounds"][0]["holds"]
        _must(held == ["objection"], "收到对招标文件的异议后没有暂停")
        seen = self.owner.get(f"/rounds/{self.rounds[0]}/objections")["objections"][0]
        _must(seen["objector"] is None, "开标前显示了异议人名称")
        answer = {"answer": "工期按定额测算, 合理"}
        self.owner.post(f"/objections/{raised['objection']}/answer", answer)
        self.say("一家单位对招标文件提出异议: 暂停, 名称不显示; 招标人答复后恢复")

    def _bids(self, deadline: datetime) -> None:
        self.advance(deadline - timedelta(days=7))
        for number, bidder in enumerate(self.bidders):
            self._bid(bidder, self.rounds[0], number)
        for number, bidder in enumerate(self.bidders[:2]):
            self._bid(bidder, self.rounds[1], number)
        self.say(f"主体工程收到 {len(self.bidders)} 份、绿化工程收到 2 份加密投标(此时任何页面都看不到)")

    def _bid(self, bidder: Party, round_id: str, number: int) -> None:
        story.bid(
            bidder,
            ocid=self.tender["ocid"],
            round_id=round_id,
            price=Decimal(9_000_000 + 12_345 * number),
            duration_days=300 - number % 3,
            folder=self.folder / round_id / str(number),
        )

    def change(self, party: Party, **wish: Any) -> dict[str, Any]:
        """Look at a change and confirm it as shown, adopting the deadline that the law demands."""
        plan = party.post(f"{self.path}/changes/look", wish)
        if plan["demands"]:
            _must(bool(plan["proposal"]), "法律要求延期, 系统却没有给出时间")
            self.say(f"系统提示: {plan['demands'][0]['says']}")
            wish |= {"new_deadline": plan["proposal"]}
            plan = party.post(f"{self.path}/changes/look", wish)
        party.post(f"{self.path}/changes", wish | {"confirmed": plan["confirm"]})
        return dict(plan)

    def _clarify_into_the_holiday(self, holiday: date) -> None:
        self.advance(_at(holiday - timedelta(days=15), 10, 0))
        plan = self.change(
            self.owner, kind="clarify", text="补充地下管线资料, 影响施工组织设计", affects_bids=True
        )
        moved = datetime.fromisoformat(plan["deadline"]).astimezone(BEIJING)
        _must(moved.date() > holiday, "延期后的截止时间落在假日")
        _must(CHINA.is_working(moved.date()), "延期后的截止时间不是工作日")
        self.say(f"澄清距截止不足15日: 最早可延至 {holiday:%m月%d日}, 遇假期, 改为 {_words(moved)}")
        self._bid(self.bidders[0], self.rounds[0], 0)

    def _deadline(self) -> datetime:
        return max(datetime.fromisoformat(r["bid_deadline"]) for r in self.owner.get(self.path)["rounds"])

    def _stages(self) -> list[str]:
        return [r["stage"] for r in self.owner.get(self.path)["rounds"]]

    def _close(self) -> None:
        self.advance(self._deadline() + timedelta(seconds=1))
        self.settle(lambda: self._stages() == ["CLOSED", "FAILED"])
        self.say("投标截止: 绿化工程不足3家, 依法流标, 投标文件不开启; 主体工程等待开标")

    def _outage_during_the_opening(self) -> None:
        self.owner.post(f"{self.path}/opening")
        able = self.bidders[WITHOUT_KEYS:]
        for bidder in able[:9]:
            self._release(bidder)
        began = self.now()
        hall = f"/rounds/{self.rounds[0]}/opening"
        left = datetime.fromisoformat(self.owner.get(hall)["window_ends_at"]) - began
        self.change(
            self.cast.centre,
            kind="outage",
            ground="power",
            text="开标区域停电, 网络设备断电",
            started_at=began.isoformat(),
        )
        self.say("开标解密到一半停电: 中心一键暂停, 全体获知, 解密时限停止计时")
        try:
            self._release(able[9])
        except Problem as problem:
            _must(problem.code == "procedure.move_not_allowed", f"暂停中解密的答复不对: {problem}")
        else:
            raise DrillFailed("暂停中仍能解密")
        self.advance(began + timedelta(hours=3))
        _must(self.owner.get(hall)["shown_at"] is None, "暂停中公布了报价")
        self.change(self.cast.centre, kind="end_outage", text="市电恢复, 设备检查正常")
        again = datetime.fromisoformat(self.owner.get(hall)["window_ends_at"]) - self.now()
        _must(again > left - timedelta(minutes=1), "恢复后解密时间少于中断前的剩余时间")
        self.say("3小时后恢复: 剩余时间一秒不少, 另加招标文件载明的补救时间10分钟")
        for bidder in able[9:]:
            self._release(bidder)

    def _release(self, bidder: Party) -> None:
        for bid in bidder.get("/bids")["bids"]:
            if bid["round"] == self.rounds[0] and bid["state"] == "live":
                bids.release(party=bidder, bid_id=bid["bid"])

    def _read_out(self) -> None:
        hall = f"/rounds/{self.rounds[0]}/opening"
        self.advance(datetime.fromisoformat(self.owner.get(hall)["window_ends_at"]) + timedelta(seconds=1))
        self.settle(lambda: bool(self.owner.get(hall)["shown_at"]))
        states = [b["state"] for b in self.owner.get(hall)["bids"]]
        lost = states.count("revoked")
        _must(lost == WITHOUT_KEYS, f"应有{WITHOUT_KEYS}家视为撤销, 现为{lost}家")
        raised = self.bidders[5].post(f"{hall}/objections", {"text": "请核对开标记录中的工期"})["objection"]
        self.owner.post(f"/opening-objections/{raised}/answer", {"text": "已核对, 与投标文件一致"})
        story.end_opening(self.owner, self.rounds[0])
        self.say(
            f"唱标: {len(states) - lost} 家解密成功, {lost} 家没有私钥, 视为撤销; 当场异议已答复, 记录已签名公布"
        )

    def _evaluate(self) -> None:
        draw = story.draw(self.owner, self.cast, self.tender["tender"])
        accepted = story.answer_calls(self.cast)[draw]
        members = story.check_in(self.cast, draw, accepted)
        self.owner.post(f"/draws/{draw}/committee")
        story.evaluate(members, self.rounds[0])
        made = self.owner.post(f"/rounds/{self.rounds[0]}/publicity")
        self.advance(datetime.fromisoformat(made["ends_at"]) + timedelta(seconds=1))
        self.settle(lambda: self._stages()[0] == "CAND_END")
        first = story.award(self.owner, self.rounds[0])
        winner = next(b for b in self.bidders if b.name == first["bidder"])
        story.contract(self.owner, winner, self.rounds[0])
        self.say(f"评标、公示、定标、签约: 主体工程由{winner.name}中标")

    def _second_round(self) -> None:
        made = self.owner.post(f"/rounds/{self.rounds[1]}/next")
        self.second = made["round"]
        self.owner.post(f"{self.path}/registration")
        self.owner.post(f"{self.path}/document")
        self.owner.post(f"{self.path}/review")
        story.conclude(self.owner, self.tender["tender"])
        deadline = _at((self.now() + timedelta(days=22)).astimezone(BEIJING).date(), 9, 30)
        story.publish(self.owner, self.tender["tender"], deadline=deadline)
        for number, bidder in enumerate(self.bidders[:3]):
            self._bid(bidder, self.second, number)
        self.advance(deadline + timedelta(seconds=1))
        self.settle(lambda: self._stages()[1] == "CLOSED")
        self.owner.post(f"{self.path}/opening")
        for bidder in self.bidders[:3]:
            for bid in bidder.get("/bids")["bids"]:
                if bid["round"] == self.second and bid["state"] == "live":
                    bids.release(party=bidder, bid_id=bid["bid"])
        hall = f"/rounds/{self.second}/opening"
        self.settle(lambda: bool(self.owner.get(hall)["shown_at"]))
        story.end_opening(self.owner, self.second)
        self.say("绿化工程第2次招标: 文件沿用, 原投标不带入, 3家投标, 开标完成")


def _at(day: date, hour: int, minute: int) -> datetime:
    return datetime.combine(day, time(hour, minute), BEIJING)


def _words(moment: datetime) -> str:
    return f"{moment.astimezone(BEIJING):%Y-%m-%d %H:%M}"


def _holiday_after(now: datetime) -> date:
    """Return the first statutory day off that leaves room for a notice, its twenty days and a clarification."""
    day = now.astimezone(BEIJING).date() + timedelta(days=33)
    while not (CHINA.is_statutory_rest(day) and CHINA.knows(day)):
        day += timedelta(days=1)
        _must(CHINA.knows(day), "训练时钟之后没有已公布的法定假日, 不能演练延期遇假期; 请重建训练数据")
    return day
