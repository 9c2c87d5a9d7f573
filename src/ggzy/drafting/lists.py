"""The negative list as values: what a clause may not say, found by its words, with guards for its lawful neighbours. Pure.

It points, it never decides: a finding of level BLOCK must be changed or answered in writing by a person before the file
goes to review, and the tenderee's own review still reads everything. BLOCK stands only where a text that was read in full
forbids the clause for construction tenders; what is forbidden elsewhere (government procurement, policy documents), or is
known from memory only, is WARN.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from ggzy.kernel.canonical import canonical

VERSION = "2026.1"


class Level(StrEnum):
    """How much a finding weighs."""

    BLOCK = "block"
    WARN = "warn"

    @property
    def label(self) -> str:
        """Return the word for people."""
        return {"block": "须修改或说明", "warn": "提示"}[self.value]


@dataclass(frozen=True, kw_only=True)
class NegativeRule:
    """One kind of unlawful clause: how it is worded, what looks like it and is lawful, and what to write instead."""

    code: str
    says: str
    basis: str
    level: Level
    instead: str
    patterns: tuple[str, ...]
    guards: tuple[str, ...] = ()
    #: the common guard (不限, 不作为…) does not speak for this rule, whose own words are negative
    negative: bool = False

    @cached_property
    def found_by(self) -> re.Pattern[str]:
        """Return the patterns as one."""
        return re.compile("|".join(f"(?:{p})" for p in self.patterns))

    @cached_property
    def let_by(self) -> re.Pattern[str] | None:
        """Return the rule's own guards as one: they are looked for in the whole sentence."""
        return re.compile("|".join(f"(?:{g})" for g in self.guards)) if self.guards else None


@dataclass(frozen=True, kw_only=True)
class Place:
    """A text that is checked: its key in the document and its name for people."""

    key: str
    says: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A phrase at a place that a rule points at."""

    rule: str
    says: str
    level: Level
    place: str
    where: str
    phrase: str
    sentence: str
    start: int
    end: int
    basis: str
    instead: str

    @property
    def key(self) -> str:
        """Return what an answer names: it falls away as soon as the sentence is reworded."""
        return hashlib.sha256(f"{self.rule}\n{self.place}\n{self.sentence}".encode()).hexdigest()[:16]


#: a part of a sentence that has one of these speaks for openness, not against it
_LAWFUL = (
    r"不限(?!于)|不得(?:以|因|将|限定|指定|要求|作为)|不作为|不以|不再|无[需须]|不指定|不限定|不要求|不组织|不作(?:强制|评)|不影响"
    r"|均可|任[一意]|任何(?!媒体)|仅用于|自[愿行主]|应当?允许|全国(?:有效|通用)|一视同仁"
)
_OPEN = re.compile(_LAWFUL)
_HERE = (
    r"(?:(?:本|我|该|[XＸ×某]{1,2})(?:省|市|县|区|州|旗|地区)|本行政区|本地|当地|外地|外[省市县]|[省市县区]外"
    r"|(?:采购人|招标人|项目|工程)所在地|[一-龥]{2}(?:省|市(?![场政])|县))"
)
_POINTS = r"(?:得\d|得\s*[0-9.]+分|加\s*[0-9.]+分|[0-9.]+分|优先|高分)"
_BIDDER = r"(?:投标人|供应商|中标人|企业|单位|投标单位)"


def _r(
    code: str,
    says: str,
    level: Level,
    basis: str,
    instead: str,
    *patterns: str,
    guards: tuple[str, ...] = (),
    negative: bool = False,
) -> NegativeRule:
    return NegativeRule(
        code=code,
        says=says,
        level=level,
        basis=basis,
        instead=instead,
        patterns=patterns,
        guards=guards,
        negative=negative,
    )


_B, _W = Level.BLOCK, Level.WARN
_32 = "《招标投标法实施条例》第三十二条第二款"
_1117 = "发改法规规〔2022〕1117号第(三)条"

RULES: tuple[NegativeRule, ...] = (
    _r(
        "FC01",
        "限定注册地或者所在地",
        _B,
        f"{_1117}; 《招标投标法》第十八条",
        "在中华人民共和国境内依法注册，具有独立承担民事责任的能力。",
        _HERE + r"[^，]{0,10}(?:注册|登记)(?!建)",
        r"(?:注册地|注册地址|住所|住所地|营业执照住所|所在地)[^，]{0,8}" + _HERE,
    ),
    _r(
        "FC02",
        "要求投标前在当地设立机构",
        _B,
        f"{_1117}; 《招标投标法》第十八条",
        "中标后按合同约定的响应时间提供服务，服务方式由中标人自行安排。",
        _HERE
        + r"[^，]{0,12}(?:设有|设立|具有|拥有|成立)[^，]{0,12}(?:分公司|子公司|办事处|分支机构|网点|服务机构)",
        r"(?:分公司|子公司|办事处|分支机构|网点)[^，]{0,10}" + _HERE,
    ),
    _r(
        "FC03",
        "要求在当地纳税或者缴纳社保",
        _B,
        _1117,
        "提供依法缴纳税收和社会保险费的材料，缴纳地不限。",
        _HERE + r"[^，]{0,12}(?:纳税|缴税|税务|社保|社会保险|社会保障)",
    ),
    _r(
        "FC04",
        "强制与当地企业组成联合体或者分包",
        _B,
        "《招标投标法》第三十一条第四款、第十八条",
        "接受联合体投标，是否组成由投标人自行决定，成员注册地不限。",
        _HERE + r"[^，]{0,20}联合体",
        r"联合体[^。]{0,16}" + _HERE,
        r"分包(?:给|于)[^，]{0,6}" + _HERE,
    ),
    _r(
        "FC05",
        "以特定行政区域的业绩作条件或者加分",
        _B,
        _32 + "第三项",
        "具有类似项目业绩，实施地点不限。",
        _HERE + r"[^。，]{0,14}(?:业绩|完成过|承担过|施工过|同类项目)",
        r"业绩[^。，]{0,10}" + _HERE,
    ),
    _r(
        "FC06",
        "以特定区域或者行业的奖项作条件或者加分",
        _B,
        _32 + "第三项",
        "以量化的质量管理措施评审，不以奖项计分。",
        _HERE + r"[^，]{0,18}(?:奖|荣誉|表彰|称号|守信用|守合同)",
        r"(?:协会|学会|商会)[^，]{0,8}(?:奖|荣誉|表彰|称号)",
        r"(?:鲁班奖|国优|优质工程奖|杯奖|金奖)[^，]{0,12}" + _POINTS,
    ),
    _r(
        "FC07",
        "锁定特定行业的业绩",
        _B,
        _32 + "第三项",
        "具有与本工程功能、规模、技术特征相近的业绩，业主所属行业不限。",
        r"(?:烟草|电力|公安|石油|石化|铁路|银行|金融|电信|军队|教育|医疗|交通|水利|税务|能源)(?:行业|系统)[^。，]{0,16}业绩",
        r"仅认可[^，]{2,10}行业",
    ),
    _r(
        "FC08",
        "以距离远近评分或者设限",
        _W,
        "《招标投标法》第十八条; 政府采购专项整治清单D01",
        "约定响应时间和到达时间，不限定距离。",
        r"(?:距离?|路程)[^，。]{0,14}\d+\s*(?:公里|千米|km)",
        r"(?:地图|导航)[^，。]{0,10}截图",
        r"车程[^，。]{0,8}\d+\s*分钟",
    ),
    _r(
        "FC09",
        "限定所有制形式",
        _B,
        _32 + "第六项",
        "依法设立的法人或者其他组织，所有制形式不限。",
        r"(?:须|应|必须|限)[^，。]{0,6}(?:国有独资|国有控股|国有企业|国企|央企)",
        r"(?:央企|国企|国有企业|民营企业)[^，。]{0,6}" + _POINTS,
        r"不(?:接受|允许)[^，。]{0,4}(?:外商投资|外资|民营|私营)",
        negative=True,
    ),
    _r(
        "FC10",
        "限定组织形式",
        _B,
        _32 + "第六项",
        "依法设立的法人或者其他组织均可参加。",
        r"(?:须|应|必须)[^，。]{0,4}(?:有限责任公司|股份有限公司|集团公司|企业法人)",
        r"(?:合伙企业|子公司|分公司|个人独资企业)[^，。]{0,4}(?:不得|投标无效|不予)",
        r"不(?:接受|允许)[^，。]{0,4}(?:个体工商户|事业单位|合伙企业|分公司|子公司)",
        negative=True,
    ),
    _r(
        "FC11",
        "限定股权结构或者投资者国别",
        _W,
        "《招标投标法》第十八条; 政府采购专项整治清单D10",
        "如实披露股权关系，仅用于利害关系核查。",
        r"(?:股东|持股比例?|股权)[^，。]{0,10}(?:不得?(?:低于|少于)|\d+%)",
        r"股东[^，。]{0,10}(?:境外|外籍)",
        r"(?:须|应|必须)[^，。]{0,4}上市公司",
    ),
    _r(
        "FC12",
        "以注册资本、营业收入、人数等规模作条件",
        _W,
        f"{_1117}; 87号令第十七条(政府采购)",
        "提供与合同规模相适应的财务状况材料；规模条件确有必要的说明理由。",
        r"(?:注册资(?:本|金)|资产总额|净资产|营业收入|营业额|从业人员|利润|纳税额|市场占有率)[^，。]{0,14}(?:不(?:低于|少于)|以上|超过|达到|前[一二三四五六七八九十0-9]+名|≥|大于)",
        guards=(r"声明函|划型|以下的",),
    ),
    _r(
        "FC13",
        "以成立或者经营年限作条件",
        _W,
        "《招标投标法》第十八条; 财库〔2019〕38号(政府采购)",
        "企业成立时间不限；年度材料不足的以自成立以来的材料代替。",
        r"(?:成立(?:时间)?|经营年限|从业年限|开业)[^，。]{0,8}(?:须?满|每满|不少于|不低于|达到)",
        r"(?:成立|开业)(?:时间)?不足[^，。]{1,6}(?:不得|不予|不接受|无效|的企业不)",
        guards=(r"提供",),
    ),
    _r(
        "FC14",
        "以特定金额的合同业绩作条件或者加分",
        _W,
        _32 + "第二项; 政府采购专项整治清单D06",
        "以长度、面积、等级等与标段相适应的技术指标描述业绩。",
        r"(?:合同(?:总)?金额|合同额)[^，。]{0,6}(?:不(?:低于|少于)|每增加|达到|≥|\d+万元以上)",
        r"合同[^，。]{0,4}金额[^，。]{0,10}\d+\s*(?:万元|亿元)[^。]{0,16}(?:业绩|资格|分)",
        guards=(r"履约|担保|保证金|签约合同价",),
    ),
    _r(
        "FC15",
        "资质或者业绩要求可能高于项目需要",
        _W,
        _32 + "第二项; " + _1117,
        "按资质标准写承担本工程所需的最低等级，业绩指标不超过本标段相应指标。",
        r"(?:特级|壹级|一级)资质",
        r"业绩[^，。]{0,6}不少于\s*(?:[4-9]|\d{2,})\s*(?:个|项)",
        r"公里以上[^，。]{0,8}业绩",
        guards=(r"故要求|承担本(?:工程|项目)须",),
    ),
    _r(
        "FC16",
        "指定品牌、型号或者供应商",
        _B,
        _32 + "第五项; 《招标投标法》第二十条",
        "以性能和参数描述；确需引用品牌说明档次的，写明“相当于或者优于”并列出参数。",
        r"(?:采用|使用|选用|为)(?![^，。]{0,8}(?:标准|规范|国标))[^，。的]{2,12}(?:牌|品牌|型号)",
        r"(?:品牌|型号)[^，。]{0,6}(?:之一|须为|限于|限定为|指定)",
        r"其他品牌[^，。]{0,6}(?:无效|不予|不接受)",
        r"(?:须|必须|应)(?:为|采用|使用)[^，。]{0,12}(?:公司|厂家?)(?:的)?(?:产品|设备|材料)",
        guards=(r"相当于|优于|不低于[^，。]{0,6}档次|协议",),
    ),
    _r(
        "FC17",
        "限定原产地、产地或者进口",
        _B,
        _32 + "第五项",
        "产品符合所列标准和参数，原产地和生产厂家不限。",
        r"(?:原装进口|纯进口|进口原装)",
        r"(?:产地|原产地)[^，。]{0,6}(?:" + _HERE + r"|为)",
        r"(?:限定|指定|须)(?:为|采用|使用)?[^，。]{0,8}(?:厂|公司)(?:生产|制造)",
        guards=(r"允许但不限定|产地不限",),
    ),
    _r(
        "FC18",
        "技术参数可能指向特定产品",
        _W,
        _32 + "第三项、第五项",
        "写参数的合理区间，并留存三家以上产品可以满足的调研记录。",
        r"须?为\s*\d+(?:\.\d+)?\s*[×xX*]\s*\d+(?:\.\d+)?\s*(?:[×xX*]\s*\d+(?:\.\d+)?)?\s*(?:毫米|mm|厘米|cm)",
        r"专有(?:结构|技术|工艺)|注册商标",
        r"该?(?:厂商|生产商|制造商|厂家)出具的(?:证明|承诺|检测)",
        guards=(r"≤|≥|不大于|不小于|国家标准",),
    ),
    _r(
        "FC19",
        "以专利、著作权作条件或者加分",
        _B,
        _32 + "第五项",
        "以性能指标描述，允许任何满足指标的技术路线。",
        r"(?:拥有|具有|提供|获得|须有|采用)[^，。]{0,10}(?:专利|软件著作权|著作权|自主知识产权)",
        r"专利号|专利[^，。]{0,6}(?:不少于|\d+\s*项)",
        guards=(r"侵犯|归[^，。]{1,6}所有|纠纷",),
    ),
    _r(
        "FC20",
        "要求厂家授权、承诺或者背书",
        _W,
        "《招标投标法》第十八条; 87号令第十七条(政府采购)",
        "质保由中标人负责；交货时提供合格证和来源证明。",
        r"(?:原厂|厂家|制造商|生产商|厂商)[^，。]{0,14}(?:授权书?|承诺函|盖章|公章|供货证明)",
        guards=(r"进口",),
    ),
    _r(
        "FC21",
        "以备选库、名录、入围名单作资格",
        _B,
        "《招标投标法》第十八条; 《招标投标法实施条例》第三十二条",
        "符合资格条件的均可投标，不以进入名录或者库为条件。",
        r"(?:合格供应商库|预选库|备选库|名录库|承包商库|短名单|定点(?:企业|单位|印刷))",
    ),
    _r(
        "FC22",
        "以非强制认证、协会证书或者信用等级证书作条件或者加分",
        _W,
        _1117,
        "以具体的质量、环境和安全管理措施评审；只要求法律规定的强制性认证。",
        r"ISO\s*\d{4,5}|(?:质量|环境|职业健康)[^，。]{0,6}体系认证|三体系",
        r"A{3}\s*级|3A\s*级",
        r"(?:协会|学会|商会)[^，。]{0,6}(?:颁发|出具|核发)",
    ),
    _r(
        "FC23",
        "以已经取消的资质或者许可作条件",
        _W,
        "《招标投标法》第十八条; 国务院取消事项目录(逐项待核)",
        "只要求现行法律、行政法规规定的资质和许可。",
        r"(?:物业服务企业|物业管理)[^，。]{0,4}资质|招标代理机构[^，。]{0,4}(?:甲级|乙级|资格)|(?:计算机信息)?系统集成[^，。]{0,6}资质|园林绿化[^，。]{0,4}资质",
    ),
    _r(
        "FC24",
        "要求特定组织的会员、培训证或者上岗证",
        _W,
        "《招标投标法》第十八条",
        "只要求法律规定的执业资格和特种作业操作证。",
        r"(?:协会|学会|商会|联盟)[^，。]{0,4}(?:会员|理事)",
        r"培训合格证|岗位培训证|(?:协会|学会)[^，。]{0,6}(?:证书|上岗证)",
    ),
    _r(
        "FC25",
        "以营业执照的经营范围作条件",
        _W,
        "发改办法规〔2020〕727号(条文待核)",
        "需要许可的项目审查相应许可证件，不以经营范围的记载为条件。",
        r"经营范围[^，。]{0,10}(?:须|应|必须|包含|含有|无|一致|具有|得)",
    ),
    _r(
        "FC26",
        "为获取招标文件设置报名、登记、审核",
        _B,
        "《电子招标投标办法》第二十条; " + _1117,
        "招标文件公开免费下载，无需报名。",
        r"(?:现场|携带|提交|持)[^。]{0,30}(?:报名|审核|登记)[^，。]{0,12}(?:购买|领取|获取|下载|方可)",
        r"未[^，。]{0,16}(?:备案|登记|报名|审核)[^，。]{0,8}不得(?:下载|获取|购买|参加|投标)",
        r"(?:获取|领取|购买|下载)[^，。]{0,6}(?:采购|招标)?文件[^，。]{0,6}(?:须|应|必须|时须)[^，。]{0,4}(?:提交|提供|携带|持)",
        negative=True,
        guards=(r"无[需须]报名",),
    ),
    _r(
        "FC27",
        "要求法定代表人、项目负责人等到场",
        _W,
        "《招标投标法》第十八条; 16号令(2024)第十条(政策文件, 参照)",
        "远程在线参加开标；需要答辩的以视频方式进行。",
        r"(?:法定代表人|项目经理|项目负责人|授权代表)[^，。]{0,12}(?:到场|签到|现场参加|亲自|本人办理|本人到)",
        r"须由法定代表人本人",
    ),
    _r(
        "FC28",
        "投标环节要求提供原件",
        _W,
        "《电子招标投标办法》第二十六条; 16号令(2024)第十条(政策文件, 参照)",
        "投标文件中提供扫描件，中标后核验。",
        r"(?:提交|提供|携带|出示|带)[^。，]{0,20}原件",
        r"原件(?:不齐|备查|核验)[^，。]{0,10}(?:否决|不予|无效|未)|鲜章",
        guards=(r"中标后|公示前|定标前|可以核验",),
    ),
    _r(
        "FC29",
        "指定工具软件、交易系统或者认证机构",
        _B,
        "《电子招标投标办法》第十六条、第五十四条、第五十五条",
        "任何符合公布的数据标准的工具和互认的数字证书均可使用。",
        r"(?:须|必须|应|只能)(?:使用|购买|采用)[^，。]{0,16}(?:软件|工具|计价软件|投标工具|数字证书|CA)",
        r"指定(?:的)?(?:CA|计价软件|投标工具|软件|电子认证)",
        guards=(r"符合公布的数据标准",),
    ),
    _r(
        "FC30",
        "限定保证金的形式",
        _B,
        "《保障中小企业款项支付条例》第十三条; " + _1117,
        "可以采用银行转账、银行保函、担保公司保函、保证保险等形式。",
        r"(?:仅|只)(?:接受|限|能)[^，。]{0,8}(?:电汇|转账|现金|支票)",
        r"不接受[^，。]{0,8}(?:保函|保证保险)",
        r"保证金[^，。]{0,6}(?:须|必须|应)以?(?:现金|转账|电汇)",
        negative=True,
    ),
    _r(
        "FC31",
        "指定保函的出具机构",
        _W,
        "16号令(2024)第十一条(政策文件, 参照)",
        "由依法设立的银行、保险公司或者融资担保公司出具。",
        r"保函[^，。]{0,8}(?:须|必须|应)?由[^，。]{0,12}(?:支行|分行)出具",
        r"(?:仅|只)(?:认可|接受)[^，。]{0,10}(?:担保公司|银行)",
        r"(?:四大|国有商业)[^，。]{0,6}银行[^，。]{0,6}(?:以上)?(?:分行|支行)?",
    ),
    _r(
        "FC32",
        "法律没有规定的保证金",
        _B,
        "《保障中小企业款项支付条例》第十三条",
        "只收取投标、履约、工程质量和农民工工资四种保证金。",
        r"(?:廉政|廉洁|诚信|信用|安全|文明施工|质量信誉|风险|进场|差额|低价)[^，。]{0,6}(?:保证金|抵押金|押金)",
    ),
    _r(
        "FC33",
        "附加条件或者延后退还保证金",
        _B,
        "《招标投标法实施条例》第五十七条",
        "最迟在书面合同签订后5日内退还投标保证金及银行同期存款利息。",
        r"投标保证金[^。]{0,20}(?:验收|竣工|质保|履约完)[^。]{0,6}(?:退还|返还)",
        r"投标保证金[^。]{0,12}(?:不予?退还?|无息)",
        guards=(r"撤销|弄虚作假|串通|拒绝签订|不与招标人订立|无正当理由",),
        negative=True,
    ),
    _r(
        "FC34",
        "对潜在投标人差别对待",
        _B,
        _32 + "第一项、第四项",
        "所有投标人适用相同的信息、材料要求和审查标准。",
        r"踏勘[^。]{0,10}(?:仅|只)",
        r"(?:本地|外地|民营|外资)[^，。]{0,4}企业[^，。]{0,6}(?:提供|另行|须|应)",
        r"(?:民营|外资|外地)企业[^，。]{0,4}另行",
    ),
    _r(
        "FC35",
        "评分没有细化量化",
        _W,
        "《招标投标法》第四十条; 87号令第五十五条(政府采购)",
        "按可以核对的事实逐项给分，写明每缺一项、每多一项的分值。",
        r"(?:优秀|优|良好|良|一般)(?:的)?得?\s*\d+(?:\.\d+)?\s*[—\-~至]\s*\d+",
        r"酌情(?:打分|给分|扣分)",
        r"(?:领导|视察|题词|媒体)[^，。]{0,8}(?:报道)?[^，。]{0,6}\d+分",
    ),
    _r(
        "FC36",
        "资格条件又用来评分",
        _W,
        "87号令第五十五条(政府采购); " + _1117,
        "资格条件只用来判断是否合格，评分另设因素。",
        r"资格(?:要求|条件)[^。]{0,40}评分[^。]{0,20}(?:得|分)",
        r"作为实质性条款[^。]{0,10}又?设置\s*\d+分",
        guards=(r"不再涉及|互不重复|（资格条件）",),
    ),
    _r(
        "FC37",
        "按地区区别使用信用评价",
        _B,
        _32 + "第一项; " + _1117,
        "采用全国统一的公共信用信息，对各地区主体适用同一标准。",
        _HERE + r"[^，。]{0,10}信用(?:评价|分|中心|等级|报告)",
        r"(?:初始)?信用分[^，。]{0,8}" + _HERE,
        _HERE + r"[^，。]{0,6}初始信用",
    ),
    _r(
        "FC38",
        "以样品、考察或者检测机构排斥",
        _W,
        "《招标投标法》第十八条、第四十条",
        "确需样品的写明评审方法和退还；检测报告由有资质的机构出具即可。",
        r"(?:提供|提交)(?:全部)?样品",
        r"考察(?:不合格|后)[^，。]{0,6}(?:取消|确定|顺延)",
        r"检测报告[^，。]{0,6}(?:须|必须|应)由",
        guards=(r"小样",),
    ),
    _r(
        "FC39",
        "没有法律依据的黑名单",
        _W,
        "《招标投标法》第十八条",
        "只限制被依法限制投标、在有效期内的主体。",
        r"内部[^，。]{0,4}(?:不良|黑名单)",
        r"发生过(?:诉讼|仲裁|纠纷)",
        r"媒体[^，。]{0,4}(?:负面|曝光)",
        r"不良供应商名单",
    ),
    _r(
        "FC40",
        "以抽签、摇号、抓阄确定投标人或者中标人",
        _B,
        "发改法规规〔2022〕1117号第(二)条",
        "由评标委员会按公布的标准评审，招标人依法定标。",
        r"(?:随机抽取|抽签|摇号|抓阄|抽取)[^，。]{0,8}(?:家|名|进入评审|投标人|入围|(?:确定|选定)[^，。]{0,4}(?:中标|承包|候选|代理))",
        r"以?(?:抽签|摇号|抓阄)(?:的)?方式",
        r"摇号",
        guards=(r"系数|专家|相同",),
    ),
    _r(
        "FC41",
        "以非实质的形式问题否决投标",
        _B,
        f"{_1117}; 《招标投标法实施条例》第五十一条、第五十二条",
        "明显的文字和格式问题由评标委员会要求澄清，不作为否决情形。",
        r"(?:胶装|装订|小签|页码|目录|颜色|字体|正副本)[^。]{0,16}(?:否决|无效|废标|不予)",
        negative=True,
        guards=(r"不作为否决|不作(?:为)?",),
    ),
    _r(
        "FC42",
        "背靠背、超期付款或者搭赠",
        _B,
        "《保障中小企业款项支付条例》第八条至第十条",
        "自验收合格或者收到发票之日起30日内、最长不超过60日支付，不以收到第三方付款为条件。",
        r"(?:资金|款项|拨款)[^，。]{0,4}(?:到位|拨付|下达)后[^，。]{0,4}(?:支付|付款|结算)",
        r"(?:[7-9]\d|[1-9]\d{2,})\s*(?:日|天)内(?:支付|付款|付清)",
        r"(?:免费|无偿)(?:赠送|提供)[^，。]{0,10}(?:\d+|台|套|辆)",
        guards=(r"不以",),
    ),
    _r(
        "FC43",
        "优先采购地方目录产品",
        _W,
        "《招标投标法》第十八条; 783号令第九条(政策文件)",
        "产品符合国家标准即可，产地不限。",
        _HERE
        + r"[^，。]{0,6}(?:名优|创新)?产品[^，。]{0,6}目录|"
        + _HERE
        + r"[^，。]{0,4}(?:创新产品|建材|名优)",
    ),
    _r(
        "FC44",
        "限定检测、保险、证书的出具机构所在地",
        _B,
        "《招标投标法》第十八条; " + _1117,
        "由依法取得资质的机构出具，所在地不限。",
        r"由" + _HERE + r"[^，。]{0,14}(?:出具|承保|颁发|核发|检测)",
        _HERE + r"[^，。]{0,6}(?:保险机构|保险公司|检测机构|检测院)",
    ),
    _r(
        "FC45",
        "对人员的要求过度或者歧视",
        _W,
        _32 + "第二项",
        "只要求法定的执业资格，人员数量与工程规模相适应。",
        r"年龄[^，。]{0,6}\d+\s*(?:周?岁)",
        r"全日制|(?:硕士|本科|博士)(?:及)?以上学历",
        r"连续(?:缴纳)?[^，。]{0,6}(?:社保|社会保险)[^，。]{0,4}满?\s*(?:[6-9]|\d{2})\s*个?月",
        r"高级工程师\s*(?:[5-9]|\d{2,})\s*名",
    ),
    _r(
        "FC46",
        "强制组成联合体或者不当限制联合体",
        _B,
        "《招标投标法》第三十一条第四款",
        "是否接受联合体由招标文件写明；接受的，是否组成由投标人自行决定。",
        r"(?:必须|应当|须)以联合体(?:形式|方式)?(?:参加|投标)",
        r"联合体牵头人(?:须|必须|应)[^。]{0,16}\d+%",
        r"一律拒绝联合体",
    ),
    _r(
        "FC47",
        "设置最低投标限价",
        _B,
        "《招标投标法实施条例》第二十七条第三款",
        "只设最高投标限价；低于其他报价明显的，按异常低价程序要求说明。",
        r"(?:报价|投标价)[^，。]{0,4}不得?低于[^，。]{0,10}(?:限价|控制价|估算价|预算)",
        r"最低(?:投标)?限价[^，。]{0,4}(?:为|是|：)",
        r"价格(?:分)?权重\s*(?:[12]?\d)\s*%",
        guards=(r"不设",),
        negative=True,
    ),
    _r(
        "FC48",
        "没有依据的收费或者强制服务",
        _B,
        "《电子招标投标办法》第五十五条; 《招标投标法实施条例》第十六条",
        "招标文件免费下载；依法收费的写明依据和标准。",
        r"(?:报名费|场地费|席位费|入场费|见证(?:服务)?费|评标费|资料费|押图费)",
        r"招标文件[^，。]{0,4}(?:售价|每套|工本费)[^，。]{0,4}\d",
    ),
    _r(
        "FC49",
        "统一指定代理机构、评标办法或者服务商",
        _W,
        "16号令(2024)第五条(政策文件, 参照)",
        "由招标人自主选择。",
        r"统一(?:由|从|使用|采用)[^，。]{0,16}(?:公司|代理机构|库)",
        r"一律采用[^，。]{0,12}(?:评标|最低投标价|评估法)",
    ),
    _r(
        "FC50",
        "要求限额以下进场或者越权审批备案",
        _W,
        "16号令(2024)第十条(政策文件, 参照)",
        "目录内项目依法进场；中心只核对材料是否齐全，不审批、不备案。",
        r"限额以下[^，。]{0,6}(?:必须|须|应当)",
        r"(?:经|由)[^，。]{0,6}中心[^，。]{0,4}(?:审核|审批|备案|批准|盖章)",
        r"未经中心",
    ),
)

BY_CODE = {rule.code: rule for rule in RULES}
LIST_SHA256 = hashlib.sha256(
    canonical([[r.code, r.says, r.level.value, r.basis, r.instead, *r.patterns, *r.guards] for r in RULES])
).hexdigest()

_SENTENCE = re.compile(r"[^。！？!?\n\r]+")
_PART = re.compile(r"[^，,；;：]+")
_SHARE = re.compile(r"(投标保证金|履约保证金|履约担保|质量保证金)[^。]{0,12}?(\d+(?:\.\d+)?)\s*%")
_CAPS = {
    "投标保证金": (2, "《招标投标法实施条例》第二十六条", "估算价的2%"),
    "履约保证金": (10, "《招标投标法实施条例》第五十八条", "中标合同金额的10%"),
    "履约担保": (10, "《招标投标法实施条例》第五十八条", "中标合同金额的10%"),
    "质量保证金": (3, "《建设工程质量保证金管理办法》(条文待核)", "结算价的3%"),
}


def check(places: Iterable[Place]) -> list[Finding]:
    """Return what the negative list points at, by place and position; one finding per rule and sentence."""
    out: list[Finding] = []
    for place in places:
        for sentence in _SENTENCE.finditer(place.text):
            said = sentence[0]
            parts = [(m.start(), m.end()) for m in _PART.finditer(said)]
            for rule in RULES:
                hit = next(
                    (m for m in rule.found_by.finditer(said) if not _let_by(rule, said, parts, m)), None
                )
                if hit:
                    out.append(_finding(rule, place, sentence, hit))
            out += _over_cap(place, sentence)
    return out


def _let_by(rule: NegativeRule, said: str, parts: list[tuple[int, int]], hit: re.Match[str]) -> bool:
    """Say whether the rule's guard speaks in the sentence, or the common one in the parts the hit touches or the next."""
    if rule.let_by is not None and rule.let_by.search(said):
        return True
    if rule.negative:
        return False
    last = max(n for n, (start, _) in enumerate(parts) if start < hit.end())
    first = max(n for n, (start, _) in enumerate(parts) if start <= hit.start() or n == 0)
    end = parts[min(last + 1, len(parts) - 1)][1]
    return bool(_OPEN.search(said, parts[first][0], end))


def _finding(rule: NegativeRule, place: Place, sentence: re.Match[str], hit: re.Match[str]) -> Finding:
    return Finding(
        rule=rule.code,
        says=rule.says,
        level=rule.level,
        place=place.key,
        where=place.says,
        phrase=hit[0],
        sentence=sentence[0].strip(),
        start=sentence.start() + hit.start(),
        end=sentence.start() + hit.end(),
        basis=rule.basis,
        instead=rule.instead,
    )


def _over_cap(place: Place, sentence: re.Match[str]) -> list[Finding]:
    """Return shares of deposits beyond their legal caps: numbers are compared, not words."""
    out = []
    for hit in _SHARE.finditer(sentence[0]):
        cap, basis, says = _CAPS[hit[1]]
        if float_free(hit[2]) > cap * 1_000_000:
            out.append(
                Finding(
                    rule="FC33",
                    says=f"{hit[1]}超过法定比例",
                    level=Level.BLOCK if "待核" not in basis else Level.WARN,
                    place=place.key,
                    where=place.says,
                    phrase=hit[0],
                    sentence=sentence[0].strip(),
                    start=sentence.start() + hit.start(),
                    end=sentence.start() + hit.end(),
                    basis=basis,
                    instead=f"{hit[1]}不超过{says}。",
                )
            )
    return out


def float_free(digits: str) -> int:
    """Return a decimal's millionths as a whole number, so that no float is compared."""
    whole, _, rest = digits.partition(".")
    return int(whole) * 1_000_000 + int((rest + "000000")[:6])


def unanswered(findings: Iterable[Finding], answers: Iterable[str]) -> list[Finding]:
    """Return the findings of level BLOCK that nobody has answered in writing."""
    given = set(answers)
    return [f for f in findings if f.level is Level.BLOCK and f.key not in given]


@dataclass(frozen=True, kw_only=True)
class Must:
    """One thing that the file must say: the positive list."""

    says: str
    basis: str
    found_by: str


#: the contents a construction tender file must have; a filled template has them all by its locked clauses
POSITIVE: tuple[Must, ...] = (
    Must(
        says="招标项目的内容、范围和规模",
        basis="《招标投标法》第十九条; 10号令第五条(条文待核)",
        found_by=r"招标范围|建设规模",
    ),
    Must(says="资金来源", basis="10号令第五条(条文待核)", found_by=r"资金来源|资金已"),
    Must(
        says="获取招标文件的方式",
        basis="《招标投标法》第十六条",
        found_by=r"招标文件[^。]{0,20}(?:下载|获取|公开)",
    ),
    Must(says="递交投标文件的方式和截止", basis="《招标投标法》第二十四条", found_by=r"(?:递交|投标截止)"),
    Must(says="开标时间和地点", basis="《招标投标法》第三十四条", found_by=r"开标[^。]{0,12}地点"),
    Must(says="招标人联系方式", basis="《招标投标法》第十六条", found_by=r"联系(?:人|方式|电话)"),
    Must(
        says="异议渠道",
        basis="《招标投标法实施条例》第二十二条",
        found_by=r"异议渠道|异议[^。]{0,20}(?:提出|渠道)",
    ),
    Must(says="监督部门和投诉渠道", basis="《招标投标法实施条例》第六十条", found_by=r"监督部门"),
    Must(says="投标人资格要求", basis="《招标投标法》第十九条", found_by=r"资格(?:条件|要求|能力)"),
    Must(says="否决投标的情形", basis="《招标投标法实施条例》第五十一条", found_by=r"否决投标"),
    Must(says="技术标准和要求", basis="《招标投标法》第十九条", found_by=r"技术(?:标准|要求|规范)|强制性"),
    Must(
        says="拟签订合同的主要条款",
        basis="《招标投标法》第十九条",
        found_by=r"合同(?:条款|价款)|进度款|工期[^。]{0,8}顺延",
    ),
)


def absent(text: str) -> list[Must]:
    """Return what the positive list misses in the file's whole text."""
    return [must for must in POSITIVE if not re.search(must.found_by, text)]
