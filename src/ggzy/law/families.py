"""The families of procurement law: what each calls things, and which of its limits and clauses govern a common step.

Construction tenders (GC) follow 《招标投标法》, government procurement (GP) 《政府采购法》. One procedure belongs to one
family; a step that both know is the same code with the family's own clause. Government procurement by another way than
tendering (非招标采购方式) has words and clauses of its own within the family.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from types import MappingProxyType

from ggzy.kernel.refusals import Citation


@dataclass(frozen=True, kw_only=True)
class Family:
    """One family of law. Limits are named by their rulebook ids."""

    code: str
    label: str
    #: what the deal codes of its tenders begin with (交易分类)
    class_code: str
    #: who buys, who sells, and what a failed round is called
    owner: str
    bidder: str
    failure: str
    #: floors of the time between the notice and the deadline, the strictest first
    time_to_bid: tuple[str, ...]
    #: how long before the deadline a change of the file must reach the bidders
    amended: str
    #: the clocks of the bidding phase
    bidding_clocks: tuple[str, ...]
    #: of a prequalification: how long its file is handed out, how long applications are taken, how late it is clarified
    file_to_apply: str
    time_to_apply: str
    application_amended: str
    #: from the letter to the contract
    contract: str
    #: from the report to the winner; it only warns in construction
    award: str
    #: why a round with too few bids, or with none opened, or with none that responds ends
    too_few: str
    nothing_opened: str
    none_left: str
    #: what an award that came to nothing, and what tendering anew instead of awarding, rest on
    award_ended: str
    #: why a round ends without an award where it was unlawful, or nobody can be paid
    unlawful: Citation
    #: bid deposit: at most this share of the budget
    deposit_share: Decimal
    deposit_basis: Citation
    committee_basis: Citation
    #: who must be told about objections to the file, in the words of the notice
    objection: str
    #: what its notice, its file, an answer to it and its winning are called
    call: str = "招标公告"
    file: str = "招标文件"
    bid: str = "投标文件"
    won: str = "中标"
    winner: str = "中标人"
    #: what opening the bids, and judging them, is called
    opening: str = "开标"
    judging: str = "评标"
    #: what a stage is called, by its code, where it is not what construction calls it
    stages: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    #: who judges, and how many they are at least
    committee: str = "评标委员会"
    least_committee: int = 5
    #: whether members may score, or the lowest price alone decides
    scored: bool = True
    #: flaws of the file for which those who judge must stop, and the clause; none where the law knows no such stop
    flaws: tuple[str, ...] = ()
    flaws_basis: tuple[Citation, ...] = ()
    #: where the finance department must be told why a task is gone; None where the law does not ask for it
    called_off: Citation | None = None
    #: until when a prequalification file may be objected to (异议); "" where the law knows no such objection
    application_objected: str = ""
    #: how a prequalification file is challenged (质疑), in the words of its notice; "" where the law knows no challenge
    application_challenged: str = ""

    def in_words(self, text: str) -> str:
        """Return a sentence of ours, written in the words of construction, in the words of this family.

        For fixed sentences only: what people have written is theirs.
        """
        for standard, own in (
            ("评标委员会", self.committee),
            ("招标公告", self.call),
            ("招标文件", self.file),
            ("投标文件", self.bid),
            ("招标人", self.owner),
            ("投标人", self.bidder),
            ("中标人", self.winner),
            ("中标", self.won),
            ("开标", self.opening),
            ("评标", self.judging),
        ):
            text = text.replace(standard, own)
        return text


GC = Family(
    code="GC",
    label="工程建设招标投标",
    class_code="A01",
    owner="招标人",
    bidder="投标人",
    failure="流标",
    time_to_bid=("GC-T03", "GC-T01"),
    amended="GC-T05",
    bidding_clocks=("GC-T01", "GC-T03", "GC-T05", "GC-T07", "GC-T11"),
    file_to_apply="GC-T01",
    time_to_apply="GC-T02",
    application_amended="GC-T04",
    contract="GC-T15",
    award="GC-T22",
    too_few="《招标投标法》第二十八条、《招标投标法实施条例》第四十四条",
    nothing_opened="《招标投标法》第二十八条、《电子招标投标办法》第三十一条",
    none_left="《招标投标法》第四十二条",
    award_ended="《招标投标法实施条例》第五十五条、第七十四条",
    unlawful=Citation("招标投标法实施条例", "第八十一条"),
    deposit_share=Decimal("0.02"),
    deposit_basis=Citation("招标投标法实施条例", "第二十六条"),
    committee_basis=Citation("招标投标法", "第三十七条"),
    objection="对招标文件有异议的, 在投标截止10日前通过本平台提出",
    application_objected="GC-T06",
)
GP = Family(
    code="GP",
    label="政府采购",
    class_code="D01",
    owner="采购人",
    bidder="供应商",
    failure="废标",
    time_to_bid=("GP-T03", "GP-T02"),
    amended="GP-T04",
    bidding_clocks=("GP-T01", "GP-T02", "GP-T03", "GP-T04"),
    file_to_apply="GP-T02",
    time_to_apply="GP-T06",
    application_amended="GP-T05",
    contract="GP-T12",
    award="GP-T08",
    too_few="《政府采购法》第三十六条、《政府采购货物和服务招标投标管理办法》第四十三条",
    nothing_opened="《政府采购法》第三十六条",
    none_left="《政府采购法》第三十六条",
    award_ended="《政府采购法实施条例》第四十九条",
    unlawful=Citation("政府采购法", "第三十六条"),
    deposit_share=Decimal("0.02"),
    deposit_basis=Citation("政府采购法实施条例", "第三十三条"),
    committee_basis=Citation("政府采购货物和服务招标投标管理办法", "第四十七条"),
    objection="供应商认为采购文件使自己的权益受到损害的, 自收到采购文件之日或者公告期限届满之日起7个工作日内, 以书面形式向采购人或者代理机构提出质疑",
    application_challenged="供应商认为资格预审文件使自己的权益受到损害的, 自获取资格预审文件之日或者公告期限届满之日起7个工作日内, 通过本平台提出质疑",
    flaws=("unlawful", "unclear"),
    flaws_basis=(
        Citation("政府采购货物和服务招标投标管理办法", "第六十五条"),
        Citation("政府采购法实施条例", "第四十一条"),
    ),
)

_OTHER_WAYS = "政府采购非招标采购方式管理办法"
#: 询价: prices that are named once and never changed, by goods of one standard
XJ = replace(
    GP,
    label="政府采购 询价",
    failure="采购终止",
    time_to_bid=("GP-T31",),
    amended="GP-T32",
    bidding_clocks=("GP-T31", "GP-T32"),
    too_few=f"《{_OTHER_WAYS}》第五十条",
    nothing_opened=f"《{_OTHER_WAYS}》第五十条",
    none_left=f"《{_OTHER_WAYS}》第五十条",
    award_ended=f"《{_OTHER_WAYS}》第二十二条、第五十条",
    unlawful=Citation(_OTHER_WAYS, "第五十条"),
    called_off=Citation(_OTHER_WAYS, "第二十三条"),
    committee_basis=Citation(_OTHER_WAYS, "第七条"),
    call="询价公告",
    file="询价通知书",
    bid="响应文件",
    won="成交",
    winner="成交供应商",
    opening="开启",
    judging="评审",
    stages=MappingProxyType(
        {
            "DOC_EDIT": "询价通知书编制",
            "OPEN_FOR_BID": "公告及响应中",
            "CLOSED": "响应截止",
            "OPENING": "开启中",
            "OPENED": "开启完成",
            "EVALUATING": "评审中",
            "REPORTED": "评审报告已提交",
            "CONFIRMED": "已确定成交供应商",
            "ANNOUNCED": "成交结果已公告",
            "TERMINATED": "采购活动终止",
        }
    ),
    committee="询价小组",
    least_committee=3,
    scored=False,
    flaws=("unlawful",),
    flaws_basis=(Citation("政府采购法实施条例", "第四十一条"),),
)

#: 竞争性磋商: talks first, last offers then, judged by points
CS = replace(
    XJ,
    label="政府采购 竞争性磋商",
    time_to_bid=("GP-T33",),
    amended="GP-T35",
    bidding_clocks=("GP-T33", "GP-T34", "GP-T35"),
    too_few="财库〔2014〕214号第二十一条、第三十四条",
    nothing_opened="财库〔2014〕214号第三十四条",
    none_left="财库〔2014〕214号第二十一条、第三十四条",
    award_ended="财库〔2014〕214号第三十一条、第三十四条",
    unlawful=Citation("财库〔2014〕214号", "第三十四条"),
    called_off=Citation("财库〔2014〕214号", "第三十五条"),
    committee_basis=Citation("财库〔2014〕214号", "第十四条"),
    call="竞争性磋商公告",
    file="磋商文件",
    committee="磋商小组",
    scored=True,
)
#: 竞争性谈判: the same talks, and the lowest of the last offers
TP = replace(
    XJ,
    label="政府采购 竞争性谈判",
    time_to_bid=("GP-T29",),
    amended="GP-T30",
    bidding_clocks=("GP-T29", "GP-T30"),
    too_few=f"《{_OTHER_WAYS}》第三十七条",
    nothing_opened=f"《{_OTHER_WAYS}》第三十七条",
    none_left=f"《{_OTHER_WAYS}》第三十七条",
    award_ended=f"《{_OTHER_WAYS}》第二十二条、第三十七条",
    unlawful=Citation(_OTHER_WAYS, "第三十七条"),
    call="竞争性谈判公告",
    file="谈判文件",
    committee="谈判小组",
)

_FRAMEWORKS = "政府采购框架协议采购方式管理暂行办法"
#: 框架协议的征集: open tendering in the words of the framework agreement; several are shortlisted, and two may do
KJ = replace(
    GP,
    label="政府采购 框架协议征集",
    owner="征集人",
    failure="征集失败",
    too_few=f"《{_FRAMEWORKS}》第二十七条",
    nothing_opened=f"《{_FRAMEWORKS}》第二十七条",
    none_left=f"《{_FRAMEWORKS}》第二十七条",
    contract="GP-T38",
    call="征集公告",
    file="征集文件",
    bid="响应文件",
    won="入围",
    winner="入围供应商",
    opening="开启",
    judging="评审",
    committee="评审委员会",
    stages=MappingProxyType(
        {
            "DOC_EDIT": "征集文件编制",
            "OPEN_FOR_BID": "征集公告及响应中",
            "CLOSED": "响应截止",
            "OPENING": "开启中",
            "QUAL": "征集人资格审查",
            "EVALUATING": "评审中",
            "REPORTED": "评审报告已提交",
            "ANNOUNCED": "入围结果已公告",
            "CANCELLED": "征集失败",
            "TERMINATED": "征集终止",
        }
    ),
)

FAMILIES: Mapping[str, Family] = MappingProxyType(
    {"GC": GC, "GP": GP, "GP_XJ": XJ, "GP_CS": CS, "GP_TP": TP, "GP_KJ_TENDER": KJ}
)


def family(code: str) -> Family:
    """Return the family of law of a procedure, or of a scope: a procedure without one of its own has its scope's."""
    return FAMILIES.get(code) or FAMILIES[code.partition("_")[0]]
