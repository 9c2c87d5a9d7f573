"""Rows about organisations for pages and for other contexts."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings

from ggzy.kernel.actors import Role
from ggzy.parties.models import Account, Organisation


def names_of(pks: Iterable[int]) -> dict[int, tuple[str, str, str]]:
    """Return {primary key: (name, USCC, public id)} of organisations."""
    rows = Organisation.objects.filter(pk__in=set(pks)).values_list("pk", "name", "uscc", "public_id")
    return {pk: (name, uscc, public_id) for pk, name, uscc, public_id in rows}


def by_uscc(uscc: str) -> Organisation | None:
    """Return the organisation with a USCC, if it is registered."""
    return Organisation.objects.filter(uscc=uscc).first()


def accounts_of_role(role: str) -> list[Account]:
    """Return the active accounts of a role (training centre's tables)."""
    return list(Account.objects.filter(role=role, active=True).select_related("organisation", "person"))


@dataclass(frozen=True, kw_only=True, slots=True)
class DemoAccount:
    """A demo account of a training centre: whose key anyone may use."""

    username: str
    role: Role
    organisation: str


def demo_accounts(*, most_per_role: int = 8) -> list[DemoAccount]:
    """Return a training centre's accounts with a demo key, by role; none in production."""
    if settings.MODE != "training":
        return []
    keyed = {path.stem for path in (settings.KEYS / "training").glob("*.pem")}
    rows = (
        Account.objects.filter(active=True, username__in=keyed)
        .order_by("pk")
        .values_list("username", "role", "organisation__name")
    )
    found: dict[Role, list[DemoAccount]] = {role: [] for role in Role}
    for username, role, organisation in rows:
        found[Role(role)].append(
            DemoAccount(username=username, role=Role(role), organisation=organisation or "评标专家库")
        )
    return [account for accounts in found.values() for account in accounts[:most_per_role]]


def person_name(person: str) -> str:
    """Return the name of who acted, as acts are recorded (by account), "" where there is none."""
    found = Account.objects.filter(public_id=person).select_related("person").first()
    return str(found.person.name) if found else ""


def has_demo_key(username: str) -> bool:
    """Say whether anyone may use the key of a training centre's account."""
    return any(account.username == username for account in demo_accounts(most_per_role=1000))
