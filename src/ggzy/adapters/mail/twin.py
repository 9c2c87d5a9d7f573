"""A stand-in for a mail server in a training centre: nothing leaves; who is signed in sees their own at /training/mailbox."""

from ggzy.messages.ports import Outgoing


class TwinMailer:
    """Letters that are looked at on a page: what is sent is what the page shows (演示)."""

    demo = True

    def send(self, outgoing: Outgoing) -> None:
        """Take a letter; the page of the mailbox reads it from the deliveries that are kept, once for each key."""
        assert outgoing.key and outgoing.to and outgoing.text, "a letter says something to somebody"
