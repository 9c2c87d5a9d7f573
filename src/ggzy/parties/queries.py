"""Rows about organisations for pages and for other contexts."""

from collections.abc import Iterable

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
