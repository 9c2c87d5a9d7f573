"""The plan of award 定标方案 of a tender file with separate evaluation and award 评定分离. Pure: JSON in, value out."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ggzy.kernel.refusals import BadInput, Citation, Refusal
from ggzy.methods import method as methods
from ggzy.methods.method import Ties
from ggzy.methods.run import Scheme, promise


class Way(StrEnum):
    """How the panel decides."""

    VOTES = "votes"
    PRICE = "price"
    DISCUSSION = "discussion"

    @property
    def label(self) -> str:
        """Return the word of the field."""
        return {"votes": "票决定标", "price": "价格竞争定标", "discussion": "集体议事定标"}[self.value]

    @property
    def says(self) -> str:
        """Return how it goes, in one sentence."""
        return {
            "votes": "成员逐人投票并写明理由, 得票最多的为中标人",
            "price": "按方案写明的办法计算候选人的报价, 排在最前的为中标人, 成员逐人确认",
            "discussion": "成员集体议事, 形成载明结论和理由的纪要, 全体签名一致同意的为中标人",
        }[self.value]


#: ways by which nobody may become the winner
LOTTERIES = frozenset({"draw", "lottery", "votes_then_draw"})
LEAST_CANDIDATES, MOST_CANDIDATES = 3, 7
LEAST_MEMBERS, MOST_MEMBERS = 5, 15
MOST_BALLOTS = 5
MOST_FACTORS = 2000
#: the clause of the templates that says how candidates are named, and who wins
CANDIDATES = "evaluation.candidates"


class LotteryOfWinners(Refusal):
    """A winner is chosen, never drawn."""

    code = "tendering.lottery_of_winners"
    basis = Citation("发改法规规〔2022〕1117号", "(二)")


@dataclass(frozen=True, kw_only=True)
class AwardPlan:
    """How many candidates the committee names without an order, and how the panel chooses the winner among them.

    `ballots`: after so many ballots the lower price decides between those who still have equally many votes.
    `factors`: what the members look at 定标因素. `scheme`: the method over prices, for 价格竞争定标 only.
    """

    candidates: int
    members: int
    way: Way
    ballots: int
    factors: str
    scheme: Scheme | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the plan as JSON values."""
        out: dict[str, Any] = {
            "candidates": self.candidates,
            "members": self.members,
            "way": self.way.value,
            "ballots": self.ballots,
            "factors": self.factors,
        }
        return out | ({"scheme": self.scheme.as_json()} if self.scheme else {})

    @property
    def clause(self) -> str:
        """Return the clause on candidates of a file with this plan."""
        return (
            f"评标委员会推荐的中标候选人为{self.candidates}名，不标明排序，末位得分相同的一并推荐；"
            f"由定标委员会按定标方案确定中标人，定标方法为{self.way.label}。"
        )

    def in_words(self) -> list[tuple[str, str]]:
        """Return the plan as rows for a page or a document: (title, sentence)."""
        rows = [
            ("评定分离", f"评标委员会推荐{self.candidates}名中标候选人, 不排序; 末位得分相同的一并推荐"),
            ("定标委员会", f"{self.members}人, 由招标人、其上级单位的人员或者受邀人员组成"),
            ("定标方法", f"{self.way.label}: {self.way.says}"),
        ]
        if self.way is not Way.DISCUSSION:
            rows.append(
                (
                    "票数相同" if self.way is Way.VOTES else "报价排序相同",
                    f"只对相同的候选人{'再次' if self.way is Way.VOTES else ''}投票; 投票满{self.ballots}次仍相同的, "
                    "其中报价低的中标; 报价也相同的, 继续投票。不抽签",
                )
            )
        if self.scheme:
            rows.append(("价格竞争的办法", self.scheme.method.title))
        rows.append(("定标因素", self.factors))
        return rows


def parse(raw: Any) -> AwardPlan | None:
    """Return the plan in a JSON object, None where the file has none.

    :raises BadInput: a part is missing or cannot be right
    :raises LotteryOfWinners: a winner would be drawn
    """
    if raw is None:
        return None
    if not isinstance(raw, Mapping):
        raise BadInput("定标方案应写明候选人数、定标委员会人数、定标方法和定标因素", field="award_plan")
    if raw.get("way") in LOTTERIES:
        raise LotteryOfWinners(
            "定标不得以抽签、摇号等随机方式确定中标人, 票决后再抽签也不可以; 请选择票决、价格竞争或者集体议事",
            field="award_plan.way",
        )
    try:
        way = Way(str(raw.get("way")))
    except ValueError:
        raise BadInput("请选择定标方法: 票决、价格竞争或者集体议事", field="award_plan.way") from None
    members = _whole(raw.get("members", 5), "members", "定标委员会人数", LEAST_MEMBERS, MOST_MEMBERS)
    if members % 2 == 0:
        raise BadInput(
            f"定标委员会应为{LEAST_MEMBERS}人以上单数, 现为{members}人", field="award_plan.members"
        )
    factors = str(raw.get("factors") or "").strip()
    if not factors or len(factors) > MOST_FACTORS or "\0" in factors:
        raise BadInput(
            f"请写明定标因素(不超过{MOST_FACTORS}字): 定标委员会看什么, 没有写明的不能作为定标理由",
            field="award_plan.factors",
        )
    return AwardPlan(
        candidates=_whole(
            raw.get("candidates", 3), "candidates", "中标候选人数", LEAST_CANDIDATES, MOST_CANDIDATES
        ),
        members=members,
        way=way,
        ballots=_whole(raw.get("ballots", 2), "ballots", "投票次数", 1, MOST_BALLOTS),
        factors=factors,
        scheme=_scheme(raw.get("scheme"), way),
    )


def _scheme(raw: Any, way: Way) -> Scheme | None:
    """Return the method over prices of 价格竞争定标.

    :raises BadInput: it is missing, or asks for more than prices
    :raises LotteryOfWinners: a parameter would be drawn
    """
    at = "award_plan.scheme"
    if way is not Way.PRICE:
        if raw is not None:
            raise BadInput("只有价格竞争定标才写价格竞争的办法", field=at)
        return None
    if not isinstance(raw, Mapping) or not isinstance(raw.get("values", {}), Mapping):
        raise BadInput("价格竞争定标要写明计算报价的办法 (method) 和参数的值 (values)", field=at)
    method = _without_draws(methods.parse(raw.get("method") or {}))
    if any(p.drawn for p in method.parameters):
        raise LotteryOfWinners(
            f"“{method.title}”要抽取参数, 不能用来定标; 请选用只按报价计算的办法", field=at
        )
    if asked := [
        f.title for f in method.figures if f.name not in {"price", "discount"} and f.default is None
    ]:
        raise BadInput(f"价格竞争只计算报价, “{method.title}”还要用“{asked[0]}”, 请改用其他办法", field=at)
    return promise(method, raw.get("values") or {})


def _without_draws(method: methods.Method) -> methods.Method:
    """Return the method with equals sharing a place: between them the panel votes, nobody is drawn."""
    if method.ties is Ties.SHARED:
        return method
    source = dict(method.source)
    return methods.parse({**source, "rank": {**source["rank"], "ties": Ties.SHARED.value}})


def _whole(value: Any, name: str, says: str, least: int, most: int) -> int:
    text = str(value).strip()
    if not text.isascii() or not text.isdigit() or not least <= int(text[:6]) <= most:
        raise BadInput(f"{says}应为{least}至{most}之间的整数", field=f"award_plan.{name}")
    return int(text)
