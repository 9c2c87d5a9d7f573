"""What the centre does for whoever asks, each with its promise. A promise is the centre's own, in service minutes."""

from dataclasses import dataclass
from types import MappingProxyType

from django.conf import settings

from ggzy.parties.grid import Permission


@dataclass(frozen=True, kw_only=True)
class Service:
    """One service: what is asked for, what must be brought, what of it may be owed, how fast it is answered."""

    code: str
    label: str
    whom: str
    materials: tuple[str, ...]
    #: what of the materials may be handed in later (容缺受理)
    may_owe: tuple[str, ...]
    #: promised, in service minutes
    minutes: int
    #: where it is asked for, and who may
    href: str
    permission: Permission = Permission.PORTAL_READ
    #: 元; nothing is charged unless a document says so
    fee: str = ""
    fee_basis: str = ""


_ALL = (
    Service(
        code="admission",
        label="进场登记形式核验",
        whom="招标人、采购人、代理机构",
        materials=(
            "项目审批、核准或备案文件",
            "资金落实证明",
            "委托代理合同(委托代理的)",
            "招标方案核准意见(依法需要的)",
        ),
        may_owe=("资金落实证明", "委托代理合同(委托代理的)", "招标方案核准意见(依法需要的)"),
        minutes=60,
        href="/work/projects/new",
        permission=Permission.PROJECT_REGISTER,
    ),
    Service(
        code="stamp",
        label="电子印章审核",
        whom="已绑定数字证书的单位和个人",
        materials=("印章图样", "已绑定的数字证书"),
        may_owe=(),
        minutes=480,
        href="/work/seals",
        permission=Permission.STAMP_KEEP,
    ),
    Service(
        code="expert",
        label="评标专家入库审核",
        whom="申请入库的专业人员",
        materials=("身份证明", "学历和职称证明", "工作经历证明", "回避承诺"),
        may_owe=(),
        minutes=2400,
        href="/register/expert",
    ),
)


def _with_settings(service: Service) -> Service:
    """Return a service with what this centre promises and charges (GGZY_SERVICES)."""
    from dataclasses import replace

    own = settings.SERVICES.get(service.code, {})
    return replace(service, **{name: own[name] for name in ("minutes", "fee", "fee_basis") if name in own})


SERVICES = MappingProxyType({service.code: _with_settings(service) for service in _ALL})
