"""A complaint, what happened to it day by day, when its clock stood still, what was ordered; the list of powers."""

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models

from ggzy.complaints.rules import State
from ggzy.kernel.models import BusinessRow
from ggzy.objections.models import Disputed
from ggzy.parties.models import Account, Organisation


class SupervisingPower(BusinessRow):
    """One row of the list of powers 权力清单: which department handles which complaints, and who is told next."""

    department = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="powers")
    scope = models.CharField(max_length=2)
    covers = models.CharField(max_length=6)
    matters = ArrayField(models.CharField(max_length=16), default=list)
    #: told when a clock is about to run out, and the department above it after it has
    head = models.ForeignKey(Account, on_delete=models.PROTECT, null=True, related_name="+")
    upper = models.ForeignKey(Organisation, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="a_power_is_listed_once", fields=["centre_id", "department", "scope", "covers"]
            )
        ]


class Complaint(Disputed):
    """One complaint to a supervising department. Before the opening nobody but its complainant sees whose it is."""

    scope = models.CharField(max_length=2)
    matter = models.CharField(max_length=16)
    complainant = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="complaints")
    #: the objection or challenge it follows, "" where none is needed
    prior = models.CharField(max_length=32, blank=True)
    text = models.TextField()
    facts = models.TextField()
    law = models.TextField(blank=True)
    request = models.TextField()
    files = models.JSONField(default=list)
    filed_at = models.DateTimeField()
    state = models.CharField(max_length=16, default=State.RECEIVED.value)
    department = models.ForeignKey(Organisation, on_delete=models.PROTECT, null=True, related_name="+")
    #: when the department that has it now received it (or what it lacked), and by when it must say whether it takes it
    received_at = models.DateTimeField()
    accept_due_at = models.DateTimeField()
    correct_by = models.DateTimeField(null=True)
    accepted_at = models.DateTimeField(null=True)
    statement_due_at = models.DateTimeField(null=True)
    #: the handling clock: when it began, when it runs out, and the colour last warned of
    clock_from = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)
    level = models.CharField(max_length=6, default="calm")
    decision = models.CharField(max_length=12, blank=True)
    decision_number = models.CharField(max_length=100, blank=True)
    decision_text = models.TextField(blank=True)
    remedy = models.CharField(max_length=12, blank=True)
    decided_at = models.DateTimeField(null=True)
    notice = models.CharField(max_length=32, blank=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="a_matter_is_complained_of_once_at_a_time",
                fields=["of", "complainant", "matter"],
                condition=models.Q(ended_at=None),
            ),
            models.CheckConstraint(
                name="a_published_decision_was_made",
                condition=models.Q(notice="") | models.Q(decided_at__isnull=False),
            ),
            models.CheckConstraint(
                name="a_complaint_of_a_round_names_it",
                condition=models.Q(kind="round", round__isnull=False)
                | ~models.Q(kind="round") & models.Q(round__isnull=True),
            ),
        ]
        indexes = [models.Index(fields=["state", "due_at"], name="complaints_by_clock")]


class ComplaintEvent(BusinessRow):
    """One step of a complaint with what was said; it stays."""

    complaint = models.ForeignKey(Complaint, on_delete=models.PROTECT, related_name="events")
    step = models.CharField(max_length=20)
    says = models.TextField(blank=True)
    role = models.CharField(max_length=16)
    at = models.DateTimeField()

    class Meta:
        triggers = [pgtrigger.Protect(name="events_stay", operation=pgtrigger.Update | pgtrigger.Delete)]


class ClockPause(BusinessRow):
    """A time that the handling clock does not count, and why."""

    complaint = models.ForeignKey(Complaint, on_delete=models.PROTECT, related_name="pauses")
    kind = models.CharField(max_length=12)
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_pause_at_a_time", fields=["complaint"], condition=models.Q(until=None)
            )
        ]


class SuspensionOrder(BusinessRow):
    """An order to stand still: at most so many days, and it ends by itself."""

    complaint = models.ForeignKey(Complaint, on_delete=models.PROTECT, related_name="orders")
    #: the change that made a round stand still; "" where there is no round
    change = models.CharField(max_length=32, blank=True)
    days = models.PositiveSmallIntegerField()
    ordered_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_order_at_a_time", fields=["complaint"], condition=models.Q(ended_at=None)
            ),
            models.CheckConstraint(
                name="an_order_lasts_at_most_thirty_days", condition=models.Q(days__gte=1, days__lte=30)
            ),
        ]
