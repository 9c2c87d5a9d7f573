"""A stand-in for SMS and voice calls in a training centre: nothing leaves, every demo phone is shown at /training/phone."""

from ggzy.experts.ports import Message


class TwinCalls:
    """Phones that are looked at on a page: what is sent is what the page shows (演示)."""

    def ring(self, message: Message) -> None:
        """Take a message; the page of the phones reads it from the calls that are kept."""
        assert message.text, "a call says something"
