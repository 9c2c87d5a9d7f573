"""Files of the demo experts, a bank of invented questions, one expert on leave and one suspended. Everything is invented."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from ggzy.kernel.actors import Actor, Role
from ggzy.kernel.clock import legal_now
from ggzy.parties.models import Account
from ggzy.pool import actions, conduct, exams, keeping
from ggzy.pool.models import ExamQuestion, ExpertFile

_FACTORS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_COMMON = (
    ("评标委员会成员人数应为", ("五人以上单数", "三人以上双数", "由招标人任意确定"), (0,)),
    ("评标委员会中技术、经济专家不得少于成员总数的", ("三分之二", "二分之一", "三分之一"), (0,)),
    ("发现投标人是本人近三年任职的单位, 应当", ("主动回避", "评完再说明", "只打最低分"), (0,)),
    ("评标专家可以向谁透露评审情况", ("任何人都不可以", "投标人", "同事"), (0,)),
    ("评标的依据是", ("招标文件规定的标准和方法", "投标人的名气", "招标人代表的意向"), (0,)),
    ("评标报告由谁签字", ("评标委员会全体成员", "组长一人", "招标人代表"), (0,)),
    ("对评标结论有不同意见的成员应当", ("书面说明不同意见和理由", "拒绝签字并离开", "口头告诉组长"), (0,)),
    ("评标期间的通讯设备应当", ("按规定存放", "静音后带在身上", "交给投标人"), (0,)),
    ("投标文件含义不明确的, 评标委员会可以", ("书面要求投标人澄清", "自行补充", "电话询问投标人"), (0,)),
    ("下列哪些情形应当回避", ("近亲属是投标人的负责人", "曾与投标人有经济利益", "与投标人同姓"), (0, 1)),
)
_SPECIAL = {
    "A0801": (
        ("房屋建筑工程的施工组织设计应当先审查", ("是否响应招标文件的工期和质量要求", "装帧", "页数"), (0,)),
        ("基坑工程专项方案首先应核对", ("支护形式与地质条件是否相符", "封面颜色", "文字多少"), (0,)),
        ("拟派项目负责人的资格应核对", ("注册专业和有效期", "籍贯", "身高"), (0,)),
        ("施工进度计划的关键线路是", ("总持续时间最长的线路", "工序最多的线路", "费用最高的线路"), (0,)),
    ),
    "A0802": (
        ("市政道路路面方案应核对", ("结构层与交通量是否相符", "排版", "照片数量"), (0,)),
        ("排水管道回填方案应核对", ("分层厚度和压实度", "字体", "附页"), (0,)),
        ("交通导行方案应当保证", ("施工期间的通行安全", "版面美观", "企业宣传"), (0,)),
        ("桥梁吊装方案应核对", ("吊装设备能力和地基承载力", "目录", "扫描件清晰度之外的内容"), (0,)),
    ),
}


def invented_id(number: int) -> str:
    """Return an id number of no region there is, with a right check digit."""
    first = f"00000019700101{number:03d}"
    return first + "10X98765432"[sum(int(d) * f for d, f in zip(first, _FACTORS, strict=True)) % 11]


def _actor(account: Account) -> Actor:
    return Actor(
        role=Role(account.role),
        person=account.public_id,
        account_pk=account.pk,
        certificate="0" * 64,
        name=account.username,
    )


@transaction.atomic
def build_pool(suspended: int) -> None:
    """Give every demo expert a file and fill the bank, once; safe to repeat."""
    now = legal_now()
    people = {a.username: a for a in Account.objects.filter(username__in=["zhongxin", "jiandu"])}
    centre, supervisor = _actor(people["zhongxin"]), _actor(people["jiandu"])
    if not ExamQuestion.objects.exists():
        for specialty, asked in {"": _COMMON, **_SPECIAL}.items():
            for text, options, right in asked:
                exams.keep_question(
                    specialty=specialty, text=text, options=options, right=right, actor=centre, now=now
                )
    rows = Account.objects.filter(role=Role.EXPERT, expert__file__isnull=True, expert__isnull=False)
    for account in rows.select_related("expert").order_by("username"):
        number = int(account.username[-2:])
        _file(account, number, centre, now=now)
        file = ExpertFile.objects.get(expert=account.expert)
        if number == 40:
            since = actions.today(now) + timedelta(days=240)
            keeping.ask_leave(
                since=since,
                until=since + timedelta(days=20),
                reason="休假",
                actor=_actor(account),
                now=now,
            )
        if number == suspended:
            conduct.suspend(
                file_id=file.public_id,
                kind="pause",
                basis="演示监决〔2026〕1号",
                authority="训练市住房和城乡建设局",
                reason="演示: 同意参加后多次无故缺席",
                until=actions.today(now) + timedelta(days=180),
                repair="期满并完成再培训后恢复",
                actor=supervisor,
                now=now,
            )


def _file(account: Account, number: int, centre: Actor, *, now: datetime) -> None:
    expert = account.expert
    said = actions.Application(
        id_number=invented_id(number),
        phone=f"100000000{number:02d}",
        title="senior",
        years=10 + number % 20,
        specialties={code: [("职称证书(演示).txt", b"demo\n")] for code in expert.specialties},
        employer_name=expert.employer_name,
        employer_uscc=expert.employer_uscc,
        region=settings.CENTRE_REGION,
        bank_name="演示银行",
        bank_account=f"9999000000000{number:03d}",
    )
    file = actions.apply(said=said, actor=_actor(account), now=now)
    actions.review(file_id=file.public_id, decision="admit", reason="", actor=centre, now=now)
    file = actions.lock_file(file.public_id)
    actions.begin_term(file, "appoint", actor=centre, now=now)
