"""Who is in the training centre: organisations, people, their demo keys. Everything here is invented."""

from dataclasses import dataclass

from django.conf import settings
from django.db import transaction

from ggzy.client.party import Identity, dual_identity, new_request, new_sm2_request, save_private
from ggzy.client.story import PASSWORD
from ggzy.complaints.actions import keep_power
from ggzy.experts.actions import open_pool_place
from ggzy.identity.actions import apply_for_certificate
from ggzy.identity.listing import confirm_list, propose_list, seen_digest
from ggzy.identity.models import Certificate
from ggzy.identity.recognition import from_files, known_at
from ggzy.identity.trust import load
from ggzy.identity.trustlist import as_json
from ggzy.kernel.actors import SYSTEM, Actor, Role
from ggzy.kernel.clock import legal_now
from ggzy.kernel.ids import make_uscc
from ggzy.parties.actions import add_kinds, open_account, register_organisation
from ggzy.parties.models import Account, Organisation
from ggzy.parties.queries import by_uscc
from ggzy.seals.actions import apply_for_stamp, decide_stamp
from ggzy.seals.models import Stamp
from ggzy.seals.rules import Kind
from ggzy.training.pool import build_pool
from ggzy.venues.models import Room, Staff

REGION = "370100"


@dataclass(frozen=True)
class Demo:
    """One demo account."""

    username: str
    role: Role
    organisation: str
    serial: int
    person: str


PEOPLE = (
    # the second person of the tenderee stands first: what is encrypted to an organisation goes to its newest certificate
    Demo("zhaobiao2", Role.TENDEREE, "训练市城市建设投资有限公司", 9000001, "招标人 沈洁"),
    Demo("zhaobiao", Role.TENDEREE, "训练市城市建设投资有限公司", 9000001, "招标人 李敏"),
    Demo("jicai", Role.TENDEREE, "训练市集中采购中心", 9000013, "集中采购 田颖"),
    Demo("daili", Role.AGENCY, "训练工程咨询有限公司", 9000002, "代理 王芳"),
    Demo("jia", Role.BIDDER, "甲建工集团有限公司", 9000003, "投标人 赵强"),
    Demo("yi", Role.BIDDER, "乙路桥工程有限公司", 9000004, "投标人 钱丽"),
    Demo("bing", Role.BIDDER, "丙市政建设有限公司", 9000005, "投标人 孙伟"),
    Demo("ding", Role.BIDDER, "丁水利水电工程有限公司", 9000006, "投标人 周静"),
    Demo("zhongxin", Role.CENTRE, "训练市公共资源交易中心", 9000007, "中心 吴杰"),
    Demo("fuchang", Role.PARTNER, "演示邻市公共资源交易中心", 9000009, "副场 韩梅"),
    Demo("jiandu", Role.SUPERVISOR, "训练市住房和城乡建设局", 9000008, "监督 郑涛"),
    Demo("caizheng", Role.SUPERVISOR, "训练市财政局", 9000012, "监督 曹颖"),
    Demo("guanli", Role.ADMIN, "训练市公共资源交易中心", 9000007, "管理员 冯磊"),
    Demo("guanli2", Role.ADMIN, "训练市公共资源交易中心", 9000007, "管理员 蒋雯"),
    Demo("yinhang", Role.FINANCE, "演示银行", 9000010, "银行 许峰"),
    Demo("danbao", Role.FINANCE, "演示担保有限公司", 9000011, "担保 何静"),
)
EXPERTS = 40
#: a suspended expert beside those who can be drawn
OUTSIDE = 41
#: whose demo accounts hold an SM2 pair as well, for rounds with the national algorithms
WITH_SM2 = {Role.BIDDER}
#: experts who work for a demo bidder, so that avoidance can be seen
EMPLOYED = {3: 9000003, 11: 9000004}
ROOMS = (
    ("第一开标室", Room.OPENING, 60, 0),
    ("第二开标室", Room.OPENING, 30, 0),
    ("第一评标室", Room.EVALUATION, 9, 0),
    ("第二评标室", Room.EVALUATION, 7, 0),
    ("工位评标厅", Room.EVALUATION, 24, 6),
)
#: who serves: name, role, whether the person watches several sessions at once, and whose account
STAFF = (
    ("刘洋", Staff.HOST, False, ""),
    ("陈晨", Staff.HOST, False, ""),
    ("高翔", Staff.WITNESS, True, "zhongxin"),
    ("何静", Staff.WITNESS, False, ""),
)
#: employers of the other experts
EMPLOYERS = 8


def expert_username(number: int) -> str:
    """Return the demo username of an expert."""
    return f"zhuanjia{number:02d}"


def build_cast() -> None:
    """Make every demo account, its key and its certificate, once; safe to repeat."""
    for demo in PEOPLE:
        _account(demo)
    _first_trust_list()
    _stamps()
    for number in (*range(1, EXPERTS + 1), OUTSIDE):
        _expert(number)
    build_pool(OUTSIDE)
    _powers()
    for name, kind, seats, columns in ROOMS:
        Room.objects.get_or_create(
            name=name,
            defaults={
                "kind": kind,
                "seats": seats,
                "columns": columns,
                "place": "训练市政务服务中心三楼",
            },
        )
    if not Staff.objects.exists():
        for name, role, many, username in STAFF:
            account = Account.objects.filter(username=username).first() if username else None
            Staff.objects.create(name=name, role=role, many=many, account=account)


def _first_trust_list() -> None:
    """Bring the first version of the trust list into force, as two administrators do: the training CA alone."""
    now = legal_now()
    if known_at(now).version:
        return
    with transaction.atomic():
        made = propose_list(
            entries=[as_json(ca) for ca in from_files()],
            reason="训练中心启用: 认可训练CA",
            actor=_administrator("guanli"),
            now=now,
        )
        confirm_list(
            proposal_id=made.public_id,
            seen=seen_digest(made.entries),
            actor=_administrator("guanli2"),
            now=now,
        )


def _powers() -> None:
    """List which department handles complaints: construction and government procurement have each its own."""
    for scope, username in (("GC", "jiandu"), ("GP", "caizheng")):
        account = Account.objects.select_related("organisation").get(username=username)
        assert account.organisation is not None
        keep_power(
            department=account.organisation.public_id,
            scope=scope,
            covers=REGION,
            head=account.public_id,
            actor=_administrator("guanli"),
            now=legal_now(),
        )


def _stamps() -> None:
    """Give every demo organisation an approved stamp, drawn from its name: applied for by its operator, decided by another."""
    for demo in PEOPLE:
        account = Account.objects.select_related("person", "organisation").get(username=demo.username)
        organisation = account.organisation
        assert organisation is not None
        if Stamp.objects.filter(organisation=organisation).exists():
            continue
        own = Certificate.objects.filter(organisation=organisation, revoked_at=None)
        decides = _someone("zhongxin" if demo.username != "zhongxin" else "guanli")
        wanted = [Kind.OFFICIAL, *([Kind.CONTRACT] if demo.role is Role.TENDEREE else [])]
        for kind in wanted:
            made = apply_for_stamp(
                kind=kind,
                image=None,
                certificates=list(own.values_list("fingerprint", flat=True)),
                actor=_someone(demo.username),
                now=legal_now(),
            )
            decide_stamp(stamp_id=made.public_id, good=True, reason="", actor=decides, now=legal_now())


def _someone(username: str) -> Actor:
    account = Account.objects.select_related("person", "organisation").get(username=username)
    organisation = account.organisation
    assert organisation is not None
    return Actor(
        role=Role(account.role),
        person=account.public_id,
        account_pk=account.pk,
        name=account.person.name,
        organisation=organisation.public_id,
        organisation_pk=organisation.pk,
        organisation_name=organisation.name,
        uscc=organisation.uscc,
        certificate=Certificate.objects.filter(account=account).values_list("fingerprint", flat=True)[0],
    )


def _administrator(username: str) -> Actor:
    account = Account.objects.select_related("person", "organisation").get(username=username)
    organisation = account.organisation
    return Actor(
        role=Role.ADMIN,
        person=account.public_id,
        account_pk=account.pk,
        name=account.person.name,
        organisation=organisation.public_id if organisation else "",
    )


def _account(demo: Demo) -> None:
    if Account.objects.filter(username=demo.username).exists():
        return
    now = legal_now()
    uscc = make_uscc(
        kind="12" if demo.role in {Role.CENTRE, Role.PARTNER, Role.SUPERVISOR, Role.ADMIN} else "91",
        region=REGION,
        serial=demo.serial,
    )
    with transaction.atomic():
        existing = by_uscc(uscc)
        if existing is None:
            account = register_organisation(
                uscc=uscc,
                name=demo.organisation,
                role=demo.role,
                username=demo.username,
                password=PASSWORD,
                person_name=demo.person,
                region_code=REGION,
                contact="0531-00000000",
                actor=SYSTEM,
                now=now,
            )
        else:
            add_kinds(existing, [demo.role])
            account = open_account(
                username=demo.username,
                password=PASSWORD,
                person_name=demo.person,
                role=demo.role,
                organisation=existing,
            )
        _certify(account)


def _expert(number: int) -> None:
    username = expert_username(number)
    if Account.objects.filter(username=username).exists():
        return
    with transaction.atomic():
        account = open_account(
            username=username,
            password=PASSWORD,
            person_name=f"专家{number:02d}",
            role=Role.EXPERT,
            organisation=None,
        )
        employer: Organisation | None
        if number in EMPLOYED:
            employer = by_uscc(make_uscc(region=REGION, serial=EMPLOYED[number]))
        else:
            employer, _ = Organisation.objects.get_or_create(
                uscc=make_uscc(region=REGION, serial=9100000 + number % EMPLOYERS),
                defaults={
                    "name": f"训练设计研究院第{number % EMPLOYERS + 1}分院",
                    "kinds": [],
                    "region_code": REGION,
                },
            )
        open_pool_place(
            account_pk=account.pk, specialties=["A080101" if number % 2 else "A080201"], employer=employer
        )
        _certify(account)


def _certify(account: Account) -> None:
    """Make a demo key pair on this machine and let the training CA certify it."""
    key, csr = new_request()
    actor = Actor(
        role=Role(account.role), person=account.public_id, account_pk=account.pk, name=account.username
    )
    bound = apply_for_certificate(csr_pem=csr, actor=actor, now=legal_now())
    folder = settings.KEYS / "training"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    save_private(folder / f"{account.username}.pem", Identity(key, load(bound.pem)).to_pem())
    if account.role in WITH_SM2:
        pair, csr = new_sm2_request()
        row = apply_for_certificate(csr_pem=csr, actor=actor, now=legal_now())
        issued = {part: getattr(row, part) for part in ("pem", "encryption_pem", "encryption_key")}
        save_private(folder / f"{account.username}-sm2.pem", dual_identity(pair, issued).to_pem())


def logins() -> list[tuple[str, str, str]]:
    """Return (username, role, organisation) of the demo accounts, for the table at the start."""
    rows = [(d.username, d.role.label, d.organisation) for d in PEOPLE]
    return [*rows, (f"{expert_username(1)} … {expert_username(EXPERTS)}", Role.EXPERT.label, "专家库")]
