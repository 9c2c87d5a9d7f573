"""Stamps 印章 with their history, what each was used for, and documents that wait for a timestamp."""

import pgtrigger
from django.db import models

from ggzy.identity.models import Certificate
from ggzy.kernel.models import BusinessRow
from ggzy.parties.models import Account, Organisation


class Stamp(BusinessRow):
    """An image that stands for its holder, bound to certificates; the centre approves it, another person than applied.

    A person's stamp has no organisation. The image is a PNG among the documents, known by its digest, and never changes:
    another image is another stamp.
    """

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+", null=True)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10)
    image = models.CharField(max_length=64)
    #: drawn by the platform from the name, or uploaded
    drawn = models.BooleanField()
    state = models.CharField(max_length=10)
    certificates = models.ManyToManyField(Certificate, related_name="+")
    applied_at = models.DateTimeField()
    decided_by = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+", null=True)
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="an_organisation_has_one_stamp_of_a_kind",
                fields=["organisation", "kind"],
                condition=models.Q(state__in=["in_force", "suspended"], organisation__isnull=False)
                & ~models.Q(kind="personal"),
            ),
            models.UniqueConstraint(
                name="a_person_has_one_stamp",
                fields=["account"],
                condition=models.Q(state__in=["in_force", "suspended"], kind="personal"),
            ),
            models.UniqueConstraint(
                name="one_application_of_a_kind_waits",
                fields=["account", "kind"],
                condition=models.Q(state="applied"),
            ),
            models.CheckConstraint(
                name="nobody_decides_on_an_own_stamp",
                condition=models.Q(decided_by=None) | ~models.Q(decided_by=models.F("account")),
            ),
            models.CheckConstraint(
                name="a_stamp_in_force_was_decided_on",
                condition=~models.Q(state__in=["in_force", "suspended", "replaced"])
                | models.Q(decided_by__isnull=False, decided_at__isnull=False),
            ),
        ]
        indexes = [models.Index(name="stamps_by_state", fields=["state", "applied_at"])]


class StampEvent(BusinessRow):
    """One step in a stamp's life; never changed."""

    stamp = models.ForeignKey(Stamp, on_delete=models.PROTECT, related_name="events")
    act = models.CharField(max_length=10)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    reason = models.CharField(max_length=300, blank=True)

    class Meta:
        triggers = [
            pgtrigger.Protect(name="stamp_events_stay", operation=pgtrigger.Update | pgtrigger.Delete)
        ]
        indexes = [models.Index(name="events_of_a_stamp", fields=["stamp", "at"])]


class SealUse(BusinessRow):
    """One finished sealing: which document became which, with which image and certificate; never changed."""

    stamp = models.ForeignKey(Stamp, on_delete=models.PROTECT, related_name="uses", null=True)
    image = models.CharField(max_length=64, blank=True)
    certificate = models.ForeignKey(Certificate, on_delete=models.PROTECT, related_name="+")
    purpose = models.CharField(max_length=40)
    subject = models.CharField(max_length=32)
    reason = models.CharField(max_length=100)
    before = models.CharField(max_length=64)
    after = models.CharField(max_length=64)
    #: PAdES level when it was made (B-B without a timestamp, B-LTA with), and SM2 for a signature beside
    level = models.CharField(max_length=10)
    at = models.DateTimeField()

    class Meta:
        triggers = [pgtrigger.Protect(name="seal_uses_stay", operation=pgtrigger.Update | pgtrigger.Delete)]
        indexes = [
            models.Index(name="uses_by_document", fields=["after"]),
            models.Index(name="uses_of_a_stamp", fields=["stamp", "-at"]),
        ]


class Timestamping(BusinessRow):
    """A sealed document that waits for its timestamp, or got it later: the stamped copy begins with the document itself."""

    WAITING, DONE, SUPERSEDED = "waiting", "done", "superseded"

    document = models.CharField(max_length=64, unique=True)
    state = models.CharField(max_length=10, default=WAITING)
    made_at = models.DateTimeField()
    tries = models.PositiveIntegerField(default=0)
    trouble = models.CharField(max_length=300, blank=True)
    stamped = models.CharField(max_length=64, blank=True)
    stamped_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="a_timestamp_has_its_copy_and_moment",
                condition=~models.Q(state="done")
                | models.Q(stamped_at__isnull=False) & ~models.Q(stamped=""),
            ),
        ]
