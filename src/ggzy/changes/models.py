"""What was changed of a running tender, with all that followed; and the troubles that interrupted it."""

import pgtrigger
from django.db import models

from ggzy.kernel.models import BusinessRow
from ggzy.tendering.models import Tender


class Change(BusinessRow):
    """One confirmed change: what was wished, and every consequence as it was shown; append-only."""

    tender = models.ForeignKey(Tender, on_delete=models.PROTECT, related_name="changes")
    number = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=12)
    wish = models.JSONField()
    consequences = models.JSONField()
    plan_sha256 = models.CharField(max_length=64)
    rounds = models.JSONField(default=list)
    made_by = models.CharField(max_length=12)
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="changes_are_numbered_once", fields=["centre_id", "tender", "number"]
            ),
        ]
        triggers = [pgtrigger.Protect(name="changes_stay", operation=pgtrigger.Update | pgtrigger.Delete)]


class Outage(BusinessRow):
    """A trouble of power, network, certificates or the system: when, what proves it, how it ended."""

    tender = models.ForeignKey(Tender, on_delete=models.PROTECT, related_name="outages")
    kind = models.CharField(max_length=8)
    text = models.TextField()
    started_at = models.DateTimeField()
    reported_at = models.DateTimeField()
    #: whose report it is: what the owner side brings it may read at once
    reported_by = models.CharField(max_length=12, default="")
    rounds = models.JSONField(default=list)
    #: files that prove it: [{"name", "sha256", "size"}]
    files = models.JSONField(default=list)
    #: how the platform itself stood when the button was pressed
    snapshot = models.JSONField(default=dict)
    ended_at = models.DateTimeField(null=True)
    resolution = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_outage_at_a_time", fields=["tender"], condition=models.Q(ended_at=None)
            ),
            models.CheckConstraint(
                name="an_outage_ends_after_it_began",
                condition=models.Q(ended_at__isnull=True) | models.Q(ended_at__gte=models.F("started_at")),
            ),
        ]
