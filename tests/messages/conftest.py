"""A provider that does as it is told, and people with addresses."""

from collections.abc import Iterator
from typing import Any

import pytest

from ggzy.kernel.clock import real_now
from ggzy.messages.models import Address
from ggzy.messages.ports import Outgoing
from ggzy.parties.models import Account


class Postman:
    """A provider for both ways: keeps what it takes by key, or raises what it was told to."""

    demo = False
    taken: list[Outgoing] = []
    trouble: Exception | None = None
    tries = 0

    def send(self, outgoing: Outgoing) -> None:
        Postman.tries += 1
        if Postman.trouble is not None:
            raise Postman.trouble
        Postman.taken.append(outgoing)


@pytest.fixture
def postman(settings: Any) -> Iterator[type[Postman]]:
    settings.MAILER = settings.SMS = "tests.messages.conftest.Postman"
    Postman.taken, Postman.trouble, Postman.tries = [], None, 0
    yield Postman


def account(username: str) -> Account:
    return Account.objects.select_related("organisation").get(username=username)


def address(username: str, channel: str = "email", value: str = "") -> Address:
    return Address.objects.create(
        account=account(username),
        channel=channel,
        value=value or f"{username}@example.com",
        verified_at=real_now(),
    )
