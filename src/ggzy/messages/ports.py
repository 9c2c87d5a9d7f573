"""Ports to the outside: a mail server and an SMS gateway."""

from dataclasses import dataclass
from typing import Protocol

from django.conf import settings
from django.utils.module_loading import import_string

from ggzy.messages.rules import Channel


@dataclass(frozen=True, kw_only=True)
class Outgoing:
    """One message to one address. `key` is the same however often it is tried."""

    key: str
    to: str
    subject: str
    text: str


class NotSent(Exception):
    """Nobody knows whether it was taken: try again with the same key. `whole`: nobody answers there at all."""

    def __init__(self, says: str, *, whole: bool = True) -> None:
        super().__init__(says)
        self.whole = whole


class Turned(Exception):
    """The provider has read it and will not take it for this address: trying again does not help."""


class Provider(Protocol):
    """Who carries messages by one way. The same key again is the same message there."""

    #: it is a stand-in: nothing leaves, and pages say 演示
    demo: bool

    def send(self, outgoing: Outgoing) -> None:
        """Hand a message over.

        :raises NotSent: try later
        :raises Turned: this address or this text is not taken
        """
        ...


class Mailer(Provider, Protocol):
    """A mail server that takes letters for anybody."""


class SmsGateway(Provider, Protocol):
    """An SMS gateway; reports of what reached a phone come back through `sending.receive_report`."""


def provider(channel: Channel) -> Provider | None:
    """Return who carries messages by an outside way here, None where the centre has nobody."""
    name = {Channel.EMAIL: settings.MAILER, Channel.SMS: settings.SMS}[channel]
    if not name:
        return None
    made: Provider = import_string(name)()
    return made


def is_served(channel: Channel) -> bool:
    """Say whether the centre has a provider for an outside way."""
    return bool({Channel.EMAIL: settings.MAILER, Channel.SMS: settings.SMS}[channel])
