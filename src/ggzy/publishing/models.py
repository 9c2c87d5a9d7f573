"""What was handed to which medium, what came back, and where each stands."""

import pgtrigger
from django.db import models
from django.db.models import Q

from ggzy.kernel.models import BusinessRow
from ggzy.notices.models import Notice


class Handover(BusinessRow):
    """A notice that was taken up for the media, once, with the personal data found in it (masked)."""

    notice = models.OneToOneField(Notice, on_delete=models.PROTECT, related_name="+")
    taken_at = models.DateTimeField()
    personal = models.JSONField(default=list)


class Delivery(BusinessRow):
    """One version of a notice at one medium."""

    notice = models.ForeignKey(Notice, on_delete=models.PROTECT, related_name="+")
    medium = models.CharField(max_length=20)
    tenderee_uscc = models.CharField(max_length=18, blank=True)
    agency_uscc = models.CharField(max_length=18, blank=True)
    key = models.CharField(max_length=64)
    state = models.CharField(max_length=12, default="waiting")
    taken_at = models.DateTimeField()
    due_at = models.DateTimeField()
    next_try_at = models.DateTimeField(null=True)
    tries = models.PositiveIntegerField(default=0)
    failures = models.PositiveIntegerField(default=0)
    asks = models.PositiveIntegerField(default=0)
    last_error = models.CharField(max_length=300, blank=True)
    missing = models.JSONField(default=list)
    reference = models.CharField(max_length=100, blank=True)
    sent_at = models.DateTimeField(null=True)
    received_at = models.DateTimeField(null=True)
    published_at = models.DateTimeField(null=True)
    held_sha256 = models.CharField(max_length=64, blank=True)
    #: published too late, or not what we sent: judged once, when the medium says so
    flawed = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="one_delivery_a_medium", fields=["centre_id", "notice", "medium"]),
            models.UniqueConstraint(name="one_delivery_a_key", fields=["key"]),
            models.CheckConstraint(
                name="published_is_said_with_its_moment",
                condition=Q(published_at__isnull=False, state="published", next_try_at__isnull=True)
                | (Q(published_at__isnull=True) & ~Q(state="published")),
            ),
            models.CheckConstraint(
                name="what_was_received_has_a_reference",
                condition=~Q(state__in=["received", "published"]) | ~Q(reference=""),
            ),
        ]
        indexes = [
            models.Index(
                fields=["medium", "next_try_at"],
                name="deliveries_to_try",
                condition=Q(next_try_at__isnull=False),
            ),
            models.Index(fields=["medium", "reference"], name="deliveries_by_reference"),
            models.Index(fields=["state"], name="deliveries_not_done", condition=~Q(state="published")),
            models.Index(fields=["medium"], name="deliveries_flawed", condition=Q(flawed=True)),
            models.Index(fields=["tenderee_uscc"], name="deliveries_by_tenderee"),
            models.Index(fields=["agency_uscc"], name="deliveries_by_agency"),
        ]


class MediumReceipt(BusinessRow):
    """What a medium said, as it came: the answer to a delivery or a question, or its own call."""

    delivery = models.ForeignKey(Delivery, on_delete=models.PROTECT, related_name="receipts")
    source = models.CharField(max_length=10)
    digest = models.CharField(max_length=64)
    state = models.CharField(max_length=12)
    reference = models.CharField(max_length=100)
    held_sha256 = models.CharField(max_length=64, blank=True)
    published_at = models.DateTimeField(null=True)
    said_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="a_receipt_is_kept_once", fields=["delivery", "digest"]),
        ]
        triggers = [pgtrigger.Protect(name="receipts_stay", operation=pgtrigger.Update | pgtrigger.Delete)]
