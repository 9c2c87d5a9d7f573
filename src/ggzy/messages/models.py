"""What was told to whom, by which ways it went, and how people want to be told."""

import pgtrigger
from django.db import models
from django.db.models import Q

from ggzy.kernel.models import BusinessRow
from ggzy.kernel.secrets import PersonalField
from ggzy.parties.models import Account, Organisation


class Address(BusinessRow):
    """Where a person is reached outside: of an account, or of somebody without one who subscribed.

    `value` is used once a code sent to it came back; a new one waits in `pending` and the old one serves until then.
    """

    account = models.ForeignKey(Account, on_delete=models.PROTECT, null=True, related_name="+")
    channel = models.CharField(max_length=8)
    value = PersonalField(null=True)
    verified_at = models.DateTimeField(null=True)
    pending = PersonalField(null=True)
    code = PersonalField(null=True)
    code_sent = models.BooleanField(default=False)
    code_until = models.DateTimeField(null=True)
    code_tries = models.PositiveSmallIntegerField(default=0)
    asked_at = models.DateTimeField(null=True)
    asked_on = models.DateField(null=True)
    asked_times = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_address_a_way", fields=["account", "channel"], condition=Q(account__isnull=False)
            ),
            models.CheckConstraint(
                name="what_is_verified_is_known",
                condition=Q(verified_at__isnull=True) | Q(value__isnull=False),
            ),
        ]


class Message(BusinessRow):
    """What an organisation, a person or a subscriber was told. It stays as it was told.

    `batch` is common to what was told in one act; until the bids of `rounds` are opened, whom it went to would give
    away who takes part; `entry` is the log's entry that it was told.
    """

    recipient = models.ForeignKey(Organisation, on_delete=models.PROTECT, null=True, related_name="messages")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, null=True, related_name="+")
    address = models.ForeignKey(Address, on_delete=models.PROTECT, null=True, related_name="+")
    batch = models.CharField(max_length=32)
    kind = models.CharField(max_length=10)
    clause = models.CharField(max_length=300, blank=True)
    period = models.CharField(max_length=200, blank=True)
    rounds = models.JSONField(default=list)
    title = models.CharField(max_length=200)
    text = models.TextField()
    link = models.CharField(max_length=200, blank=True)
    sent_at = models.DateTimeField()
    entry = models.CharField(max_length=32, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["recipient", "-sent_at"]),
            models.Index(fields=["account", "-sent_at"]),
            models.Index(fields=["batch"]),
        ]
        constraints = [
            models.CheckConstraint(
                name="a_message_has_one_recipient",
                condition=Q(recipient__isnull=False, account__isnull=True, address__isnull=True)
                | Q(recipient__isnull=True, account__isnull=False, address__isnull=True)
                | Q(recipient__isnull=True, account__isnull=True, address__isnull=False),
            ),
        ]
        triggers = [pgtrigger.Protect(name="messages_stay", operation=pgtrigger.Update | pgtrigger.Delete)]


class Delivery(BusinessRow):
    """One message to one person by one way. Its public id is the key that a provider knows a repeated try by."""

    message = models.ForeignKey(Message, on_delete=models.PROTECT, related_name="deliveries")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, null=True, related_name="+")
    channel = models.CharField(max_length=8)
    state = models.CharField(max_length=10)
    next_try_at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    trouble = models.CharField(max_length=300, blank=True)
    sent_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    opened_at = models.DateTimeField(null=True)
    raise_at = models.DateTimeField(null=True)
    raised_at = models.DateTimeField(null=True)
    entries = models.JSONField(default=list)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_delivery_a_person_and_way",
                fields=["message", "account", "channel"],
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                name="what_is_tried_again_is_queued",
                condition=Q(next_try_at__isnull=True) | Q(state="queued"),
            ),
        ]
        indexes = [
            models.Index(
                fields=["account"],
                name="unread_messages",
                condition=Q(channel="in_app", opened_at__isnull=True),
            ),
            models.Index(
                fields=["raised_at"], name="deliveries_raised", condition=Q(raised_at__isnull=False)
            ),
        ]


class Preference(BusinessRow):
    """How one person wants to be told; without a row, as `rules.Choice` has it."""

    account = models.OneToOneField(Account, on_delete=models.PROTECT, related_name="+")
    on = models.JSONField()
    quiet_from = models.TimeField(null=True)
    quiet_to = models.TimeField(null=True)


class Line(BusinessRow):
    """A provider that did not answer: everything by this way waits until then."""

    channel = models.CharField(max_length=8)
    failures = models.PositiveSmallIntegerField(default=0)
    down_until = models.DateTimeField(null=True)
    trouble = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(name="one_line_a_way", fields=["centre_id", "channel"])]
