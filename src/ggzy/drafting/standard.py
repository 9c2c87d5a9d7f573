"""The template of a construction tender file: eight chapters in the order of the standard file, in our own words.

The order of chapters follows 标准施工招标文件; each sentence is ours and names the clause it puts into effect. A version
that was published stays as it is: a change is a new version beside it (a test pins the hash of each).
"""

from decimal import Decimal

from ggzy.drafting.template import Chapter, Clause, Kind, Slot, Template

_LAW, _RULE = "《招标投标法》", "《招标投标法实施条例》"

_NOTICE = Chapter(
    key="notice",
    title="第一章 招标公告",
    clauses=(
        Clause(
            key="notice.conditions",
            title="招标条件",
            text="本项目已由{approval}批准建设，资金来源为{funds}，资金已经落实，具备招标条件，现公开招标。",
            law=_LAW + "第九条",
            slots=(
                Slot(
                    key="approval",
                    says="批准机关和批准文号",
                    help="例: 某市发展改革局, 某发改审批〔2026〕2号",
                ),
                Slot(key="funds", says="资金来源及比例", help="例: 财政资金100%"),
            ),
        ),
        Clause(
            key="notice.scope",
            title="项目概况和招标范围",
            text="建设地点：{place}。建设规模：{scale}。招标范围：{scope}。标段划分以本文件公布的标段表为准。",
            law=_LAW + "第十六条",
            slots=(
                Slot(key="place", says="建设地点"),
                Slot(key="scale", says="建设规模", longest=2000),
                Slot(key="scope", says="招标范围", longest=2000),
            ),
        ),
        Clause(
            key="notice.access",
            title="招标文件的获取",
            text="招标文件自公告发布之时起在交易平台公开，任何人可以免费下载，不设报名、审核和登记条件。",
            law="《电子招标投标办法》第二十条; " + _RULE + "第十六条",
        ),
        Clause(
            key="notice.submission",
            title="投标文件的递交",
            text="投标文件加密后通过交易平台递交，截止时间以公告为准；截止前可以补充、修改或者撤回，逾期送达的平台不予接收。",
            law=_LAW + "第二十八条、第二十九条",
        ),
        Clause(
            key="notice.opening",
            title="开标时间和地点",
            text="开标与投标截止为同一时间，公开进行。开标地点：{opening_place}。投标人可以远程参加，未参加的视同认可开标结果。",
            law=_LAW + "第三十四条",
            slots=(Slot(key="opening_place", says="开标地点", default="本平台不见面开标大厅"),),
        ),
        Clause(
            key="notice.contact",
            title="招标人联系方式",
            text="招标人联系人和电话：{contact}。",
            law=_LAW + "第十六条第二款",
            slots=(
                Slot(
                    key="contact", says="招标人联系人和电话", help="写办公电话, 不写个人身份信息", longest=100
                ),
            ),
        ),
        Clause(
            key="notice.remedy",
            title="异议渠道和监督部门",
            text="对招标文件有异议的，应当在投标截止10日前提出，招标人自收到之日起3日内答复。"
            "异议渠道：{objection_channel}。行政监督部门及投诉渠道：{supervisor}。",
            law=_RULE + "第二十二条、第六十条",
            slots=(
                Slot(key="objection_channel", says="异议渠道", default="通过本交易平台“异议”栏目提出"),
                Slot(key="supervisor", says="监督部门及投诉渠道", help="部门名称和受理电话或网址"),
            ),
        ),
    ),
)

_BIDDERS = Chapter(
    key="bidders",
    title="第二章 投标人须知",
    clauses=(
        Clause(
            key="bidders.table",
            title="前附表: 资格条件",
            text="投标人应当具备承担本项目施工的下列资格能力：{qualification}。项目负责人：{manager}。资格条件与本项目具体特点和实际需要相适应，对所有投标人一视同仁。",
            law=_RULE + "第三十二条",
            slots=(
                Slot(
                    key="qualification",
                    says="资质和能力要求",
                    kind=Kind.LIST,
                    help="每行一项。按资质标准写承担本工程所需的最低等级",
                    law=_RULE + "第三十二条第二款第二项",
                ),
                Slot(
                    key="manager",
                    says="项目负责人资格",
                    help="例: 建筑工程专业二级以上注册建造师, 持有效安全生产考核合格证",
                ),
            ),
        ),
        Clause(
            key="bidders.consortium",
            title="联合体",
            text="是否接受联合体以本文件公布为准。接受的，各方应当签订共同投标协议，不得再单独或者参加其他联合体在同一标段投标；招标人不强制组成联合体。",
            law=_LAW + "第三十一条; " + _RULE + "第三十七条",
        ),
        Clause(
            key="bidders.costs",
            title="费用承担和踏勘",
            text="准备和参加投标的费用由投标人自理。踏勘现场：{visit}。招标人不组织单个或者部分潜在投标人踏勘。",
            law=_RULE + "第二十八条",
            slots=(
                Slot(
                    key="visit",
                    says="踏勘现场",
                    kind=Kind.CHOICE,
                    choices=("不组织, 潜在投标人自行前往", "统一组织全部潜在投标人, 时间地点另行公告"),
                    default="不组织, 潜在投标人自行前往",
                ),
            ),
        ),
        Clause(
            key="bidders.clarification",
            title="澄清和修改",
            text="澄清或者修改在投标截止15日前向所有潜在投标人公布，可能影响编制投标文件而不足15日的，顺延投标截止时间。",
            law=_RULE + "第二十一条",
        ),
        Clause(
            key="bidders.price",
            title="投标报价",
            text="报价方式：{price_form}。报价应当与已标价工程量清单的总价一致。不设最低投标限价；设有最高投标限价的，报价超过限价的否决投标。",
            law=_RULE + "第二十七条、第五十一条",
            slots=(
                Slot(
                    key="price_form",
                    says="报价方式",
                    kind=Kind.CHOICE,
                    choices=("工程量清单综合单价", "固定总价"),
                    default="工程量清单综合单价",
                ),
            ),
        ),
        Clause(
            key="bidders.ceiling",
            title="最高投标限价",
            text="最高投标限价及其组成以本文件公布的标段表和清单为准。编制依据：{ceiling_basis}。",
            law=_RULE + "第二十七条第三款",
            slots=(
                Slot(
                    key="ceiling_basis",
                    says="限价编制依据",
                    required=False,
                    help="计价标准、定额和信息价的期别",
                ),
            ),
        ),
        Clause(
            key="bidders.validity",
            title="投标有效期和保证金",
            text="投标有效期自投标截止之日起算，日数和保证金金额、形式以本文件公布为准。保证金不超过估算价的百分之二，"
            "有效期与投标有效期一致；最迟在合同签订后5日内退还保证金及银行同期存款利息。",
            law=_RULE + "第二十五条、第二十六条、第五十七条",
        ),
        Clause(
            key="bidders.rejection",
            title="否决投标的情形",
            text="评标委员会只以法律规定和本文件列明的情形否决投标；否决前对投标文件中含义不明确或者明显的文字、计算错误，要求投标人澄清。",
            law=_RULE + "第五十一条、第五十二条",
        ),
        Clause(
            key="bidders.result",
            title="公示、定标和合同",
            text="中标候选人自收到评标报告之日起3日内公示，公示期不少于3日。招标人与中标人自中标通知书发出之日起30日内订立书面合同。",
            law=_RULE + "第五十四条; " + _LAW + "第四十六条",
        ),
        Clause(
            key="bidders.discipline",
            title="纪律",
            text="禁止串通投标、弄虚作假、行贿和泄露评标情况。投标人信用信息的查询以国家公布的渠道为准，对各地区投标人适用同一标准。",
            law=_LAW + "第三十二条、第三十三条",
        ),
    ),
)

_EVALUATION = Chapter(
    key="evaluation",
    title="第三章 评标办法",
    clauses=(
        Clause(
            key="evaluation.method",
            title="评标办法",
            text="评标办法、评审要求、评分项目和分值以本文件公布的表为准；开标后不改变，也不采用未公布的标准。",
            law=_LAW + "第四十条; " + _RULE + "第四十九条",
        ),
        Clause(
            key="evaluation.tie",
            title="并列时的次序",
            text="得分或者经评审的价格相同的，按下列次序确定排名：{tie}。",
            law=_RULE + "第五十三条",
            slots=(
                Slot(
                    key="tie",
                    says="并列时的次序",
                    kind=Kind.CHOICE,
                    choices=(
                        "投标报价低的优先",
                        "技术得分高的优先",
                        "报价低的优先, 仍相同的由招标人自行确定",
                    ),
                    default="投标报价低的优先",
                ),
            ),
        ),
        Clause(
            key="evaluation.low",
            title="异常低价",
            text="报价明显低于其他有效报价、可能影响合同履行的，评标委员会要求投标人在合理时间内书面说明并提供证明；不能合理说明的，认定其低于成本。",
            law=_LAW + "第三十三条",
        ),
        Clause(
            key="evaluation.candidates",
            title="中标候选人",
            text="评标委员会推荐的中标候选人不超过{candidates}名并标明排序；国有资金占控股或者主导地位的，招标人确定排名第一的为中标人。",
            law=_RULE + "第五十三条、第五十五条",
            slots=(
                Slot(
                    key="candidates",
                    says="中标候选人人数",
                    kind=Kind.NUMBER,
                    least=Decimal(1),
                    most=Decimal(3),
                    law=_RULE + "第五十三条",
                    default="3",
                ),
            ),
        ),
    ),
)

_CONTRACT = Chapter(
    key="contract",
    title="第四章 合同条款及格式",
    clauses=(
        Clause(
            key="contract.period",
            title="工期",
            text="计划开工日期：{start}。各标段工期以标段表为准。因发包人原因或者不可抗力造成的延误，工期顺延。",
            law="《民法典》第七百九十八条、第八百零三条",
            slots=(Slot(key="start", says="计划开工日期", kind=Kind.DATE),),
        ),
        Clause(
            key="contract.payment",
            title="预付款和进度款",
            text="预付款为签约合同价的{advance}%。进度款每期按已完工程价款的{progress}%支付，发包人收到付款申请和发票后{pay_days}日内支付，不以收到第三方付款为条件。",
            law="《保障中小企业款项支付条例》第八条至第十条",
            slots=(
                Slot(
                    key="advance",
                    says="预付款比例(%)",
                    kind=Kind.NUMBER,
                    least=Decimal(0),
                    most=Decimal(30),
                    default="10",
                ),
                Slot(
                    key="progress",
                    says="进度款比例(%)",
                    kind=Kind.NUMBER,
                    least=Decimal(60),
                    most=Decimal(100),
                    default="80",
                    help="政府机关、事业单位和国有企业一般不低于80% (财建〔2022〕183号, 条文待核)",
                ),
                Slot(
                    key="pay_days",
                    says="付款期限(日)",
                    kind=Kind.NUMBER,
                    least=Decimal(1),
                    most=Decimal(60),
                    default="30",
                    law="《保障中小企业款项支付条例》第八条",
                ),
            ),
        ),
        Clause(
            key="contract.performance",
            title="履约担保",
            text="履约担保为中标合同金额的{performance}%，可以采用银行转账、银行保函、担保公司保函或者保证保险，由中标人选择。",
            law=_RULE + "第五十八条",
            slots=(
                Slot(
                    key="performance",
                    says="履约担保比例(%)",
                    kind=Kind.NUMBER,
                    least=Decimal(0),
                    most=Decimal(10),
                    law=_RULE + "第五十八条",
                    default="5",
                ),
            ),
        ),
        Clause(
            key="contract.quality_money",
            title="质量保证金和缺陷责任期",
            text="质量保证金为结算价的{retention}%，可以用保函替代；已提交履约担保的，竣工前不同时预留。缺陷责任期{defects}个月。",
            law="《建设工程质量保证金管理办法》(条文待核)",
            slots=(
                Slot(
                    key="retention",
                    says="质量保证金比例(%)",
                    kind=Kind.NUMBER,
                    least=Decimal(0),
                    most=Decimal(3),
                    default="3",
                ),
                Slot(
                    key="defects",
                    says="缺陷责任期(月)",
                    kind=Kind.NUMBER,
                    least=Decimal(1),
                    most=Decimal(24),
                    default="24",
                ),
            ),
        ),
        Clause(
            key="contract.price_change",
            title="价格调整",
            text="主要材料价格变化超过基准价{price_swing}%的部分，按{price_source}调整合同价款。",
            law="《民法典》第五百一十条",
            slots=(
                Slot(
                    key="price_swing",
                    says="调价幅度(%)",
                    kind=Kind.NUMBER,
                    least=Decimal(1),
                    most=Decimal(20),
                    default="5",
                ),
                Slot(key="price_source", says="基准价来源", default="工程所在地造价管理机构公布的信息价"),
            ),
        ),
        Clause(
            key="contract.dispute",
            title="争议解决",
            text="因合同发生的争议先协商；协商不成的，{dispute}。",
            law="《民事诉讼法》第三十四条; 《仲裁法》第十六条",
            slots=(
                Slot(
                    key="dispute",
                    says="争议解决方式",
                    kind=Kind.CHOICE,
                    choices=("向工程所在地有管辖权的人民法院起诉", "提交双方另行约定的仲裁委员会仲裁"),
                    default="向工程所在地有管辖权的人民法院起诉",
                ),
            ),
        ),
        Clause(
            key="contract.special",
            title="专用条款补充",
            text="除选用的行业条款外，补充约定：{special}。补充约定不得减轻法定义务，不得与招标文件的实质性内容相背离。",
            law=_LAW + "第四十六条",
            slots=(Slot(key="special", says="补充约定", kind=Kind.LIST, required=False, longest=1000),),
        ),
    ),
)

_BILL = Chapter(
    key="bill",
    title="第五章 工程量清单",
    clauses=(
        Clause(
            key="bill.rules",
            title="清单说明",
            text="工程量清单随本文件以结构化数据发布，编制依据：{bill_basis}。投标人不得改变清单的编码、名称、特征、单位和工程量；"
            "数量与合价按单价核算，单价与合价不一致的以单价为准，总价与各项之和不一致的以各项之和为准。",
            law="《建设工程工程量清单计价标准》(条文待核)",
            slots=(
                Slot(
                    key="bill_basis", says="清单编制依据", default="国家现行工程量清单计价和计算标准、施工图"
                ),
            ),
        ),
    ),
)
_DRAWINGS = Chapter(
    key="drawings",
    title="第六章 图纸",
    clauses=(
        Clause(
            key="drawings.list",
            title="图纸目录",
            text="本项目图纸：{drawings}。图纸与工程量清单不一致的，投标人可以在规定时间内提出，由招标人统一澄清。",
            law=_RULE + "第二十一条",
            slots=(Slot(key="drawings", says="图纸目录", kind=Kind.LIST, help="每行一册: 名称、版次"),),
        ),
    ),
)
_TECHNICAL = Chapter(
    key="technical",
    title="第七章 技术标准和要求",
    clauses=(
        Clause(
            key="technical.standards",
            title="适用标准",
            text="施工、材料和验收执行现行国家强制性工程建设规范，以及：{standards}。",
            law="《标准化法》第二条、第二十五条",
            slots=(Slot(key="standards", says="适用的推荐性标准", kind=Kind.LIST, required=False),),
        ),
        Clause(
            key="technical.neutral",
            title="材料和设备",
            text="材料和设备以性能和参数描述：{materials}。本文件不限定或者指定品牌、专利、商标、原产地或者供应商；为说明档次而引用品牌的，均可选用相当于或者优于该档次的产品。",
            law=_RULE + "第三十二条第二款第五项",
            slots=(
                Slot(
                    key="materials", says="主要材料设备的参数", kind=Kind.LIST, required=False, longest=1000
                ),
            ),
        ),
        Clause(
            key="technical.special",
            title="本项目特殊技术要求",
            text="特殊技术要求：{technical_special}。",
            slots=(Slot(key="technical_special", says="特殊技术要求", required=False, longest=5000),),
        ),
    ),
)
_FORMS = Chapter(
    key="forms",
    title="第八章 投标文件格式",
    clauses=(
        Clause(
            key="forms.list",
            title="投标文件的组成",
            text="投标文件由投标函、已标价工程量清单、施工组织设计、项目管理机构、资格材料和下列文件组成：{bid_parts}。以数据电文编制，不要求胶装、逐页签章和纸质原件。",
            law="《电子招标投标办法》第二十六条、第六十二条",
            slots=(Slot(key="bid_parts", says="其他组成文件", kind=Kind.LIST, required=False),),
        ),
        Clause(
            key="forms.truth",
            title="证明材料",
            text="能够通过全国性公开平台查询的事项，投标人写明查询路径即可；其他证明提供扫描件，招标人在定标前可以核验原件。",
            law="《优化营商环境条例》第十三条",
        ),
    ),
)

CONSTRUCTION = Template(
    code="construction",
    version="2026.1",
    title="施工招标文件(工程量清单计价)",
    chapters=(_NOTICE, _BIDDERS, _EVALUATION, _CONTRACT, _BILL, _DRAWINGS, _TECHNICAL, _FORMS),
)

#: every template version that was ever offered: a published file is read with the version it was written with
TEMPLATES: dict[tuple[str, str], Template] = {(t.code, t.version): t for t in (CONSTRUCTION,)}
