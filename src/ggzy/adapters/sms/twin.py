"""A stand-in for an SMS gateway in a training centre: nothing leaves; who is signed in sees their own at /training/mailbox."""

from ggzy.messages.ports import Outgoing


class TwinSms:
    """A phone that is looked at on a page: what is sent is what the page shows (演示)."""

    demo = True

    def send(self, outgoing: Outgoing) -> None:
        """Take a message; the page reads it from the deliveries that are kept, once for each key."""
        assert outgoing.key and outgoing.to and outgoing.text, "a message says something to somebody"
