"""Acts on organisations and accounts."""

from collections.abc import Iterable
from datetime import datetime

from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from ggzy.evidence.actions import record_act
from ggzy.kernel.actors import Actor, Role
from ggzy.kernel.ids import require_region, require_uscc
from ggzy.kernel.refusals import BadInput, Refusal
from ggzy.parties.grid import Permission, require
from ggzy.parties.models import Account, Organisation, Person

#: roles an organisation may take by registering itself; the others are given by an administrator
OPEN_ROLES = frozenset({Role.TENDEREE, Role.AGENCY, Role.BIDDER})


class AlreadyRegistered(Refusal):
    """The organisation or the username is known already."""

    code = "parties.already_registered"


@transaction.atomic
def register_organisation(
    *,
    uscc: str,
    name: str,
    role: Role,
    username: str,
    password: str,
    person_name: str,
    region_code: str = "370100",
    address: str = "",
    contact: str = "",
    actor: Actor,
    now: datetime,
) -> Account:
    """Register an organisation (or a further role of it) with its first account; free and at once.

    :raises BadInput: a code or name that cannot be right, or a role that is not open to registration
    :raises AlreadyRegistered: the username is taken, or the organisation has this role already
    """
    require(actor, Permission.PARTY_REGISTER)
    if role not in OPEN_ROLES and actor.role is not Role.SYSTEM:
        raise BadInput(f"{role.label}账号由系统管理员开通, 不能自行注册", field="role")
    code, name = require_uscc(uscc), name.strip()
    if not 2 <= len(name) <= 200:
        raise BadInput("请填写单位全称(2至200字), 与营业执照一致", field="name")
    organisation, created = Organisation.objects.get_or_create(
        uscc=code,
        defaults={
            "name": name,
            "kinds": [role.value],
            "region_code": require_region(region_code),
            "address": address,
            "contact": contact,
        },
    )
    if not created:
        if organisation.name != name:
            raise BadInput("该统一社会信用代码已登记, 单位名称与登记的不一致, 请核对", field="name")
        if role.value in organisation.kinds:
            raise AlreadyRegistered(
                f"该单位已登记为{role.label}, 请直接登录; 增加经办人请由本单位管理员办理",
                next_steps=(("登录", "/login"),),
            )
        organisation.kinds = [*organisation.kinds, role.value]
        organisation.save(update_fields=["kinds"])
    account = open_account(
        username=username, password=password, person_name=person_name, role=role, organisation=organisation
    )
    record_act(
        "parties.registered",
        subject=organisation.public_id,
        actor=actor,
        legal_at=now,
        public={"uscc": code, "name": name, "role": role.value},
    )
    return account


def open_account(
    *, username: str, password: str, person_name: str, role: Role, organisation: Organisation | None
) -> Account:
    """Open an account for a person.

    :raises BadInput: a username or password that cannot serve
    :raises AlreadyRegistered: the username is taken
    """
    username = username.strip()
    if not 2 <= len(username) <= 64 or not username.isascii():
        raise BadInput("用户名应为2至64个英文字母、数字或符号", field="username")
    require_good_password(password, username=username)
    if not person_name.strip():
        raise BadInput("请填写经办人姓名", field="person_name")
    person = Person.objects.create(name=person_name.strip())
    try:
        with transaction.atomic():
            return Account.objects.create(
                username=username,
                password=make_password(password),
                person=person,
                organisation=organisation,
                role=role.value,
            )
    except IntegrityError:
        raise AlreadyRegistered("该用户名已被使用, 请换一个", field="username") from None


_SHORTEST = 12
_COMMONPLACE = CommonPasswordValidator()


def require_good_password(password: str, *, username: str, field: str = "password") -> None:
    """Let a password pass that cannot be guessed in a few tries.

    :raises BadInput: too short, the username in another dress, only digits, or on the list of commonplace ones
    """
    if len(password) < _SHORTEST:
        raise BadInput(f"密码至少{_SHORTEST}位, 可以用几个不相干的词连起来", field=field)
    plain, name = password.lower(), username.lower()
    if plain == name or (len(name) >= 4 and plain.strip("0123456789-_.@!#") in {name, name[::-1], name * 2}):
        raise BadInput("密码与用户名太像, 请换一个", field=field)
    if password.isdigit() or len(set(plain)) < 4:
        raise BadInput("密码不能全是数字或只有几个字符重复, 请换一个", field=field)
    try:
        _COMMONPLACE.validate(password)
    except ValidationError:
        raise BadInput("这个密码太常见, 请换一个", field=field) from None


def add_kinds(organisation: Organisation, kinds: Iterable[Role]) -> None:
    """Let an organisation act in more roles (training data)."""
    organisation.kinds = sorted({*organisation.kinds, *(k.value for k in kinds)})
    organisation.save(update_fields=["kinds"])


def keep_person(person: Person, *, name: str = "", id_number: str = "", phone: str = "") -> None:
    """Keep what identifies a person, encrypted; what is empty stays as it was (called inside an act)."""
    for field, value in (("name", name), ("id_number", id_number), ("phone", phone)):
        if value:
            setattr(person, field, value)
    person.save(update_fields=["name", "id_number", "phone"])
