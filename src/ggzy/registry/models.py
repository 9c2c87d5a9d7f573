"""Records of an organisation: each change is a new version, and each answer of a register a new check."""

import pgtrigger
from django.db import models

from ggzy.kernel.models import BusinessRow
from ggzy.kernel.secrets import PersonalField
from ggzy.parties.models import Organisation


class RegistryRecord(BusinessRow):
    """One thing that an organisation says of itself: a qualification, a person, a finished work."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="records")
    kind = models.CharField(max_length=16)
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_basic_record",
                fields=["centre_id", "organisation"],
                condition=models.Q(kind="basic"),
            )
        ]


class RecordVersion(BusinessRow):
    """What a record said from one moment on; append-only. What identifies a person stands encrypted."""

    record = models.ForeignKey(RegistryRecord, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveSmallIntegerField()
    data = models.JSONField()
    #: JSON of the values about a person (a name, an id number), encrypted
    personal = PersonalField(null=True)
    valid_from = models.DateField(null=True)
    valid_to = models.DateField(null=True)
    #: [{"name", "sha256", "size"}]
    files = models.JSONField(default=list)
    #: SHA-256 of what a snapshot shows of this version: by it a sealed snapshot is found again
    sha256 = models.CharField(max_length=64)
    withdrawn = models.BooleanField(default=False)
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="versions_are_numbered_once", fields=["centre_id", "record", "number"]
            ),
            models.CheckConstraint(
                name="a_record_ends_not_before_it_begins",
                condition=models.Q(valid_from__isnull=True)
                | models.Q(valid_to__isnull=True)
                | models.Q(valid_to__gte=models.F("valid_from")),
            ),
        ]
        indexes = [models.Index(fields=["sha256"], name="versions_by_hash")]
        triggers = [
            pgtrigger.Protect(name="record_versions_stay", operation=pgtrigger.Update | pgtrigger.Delete)
        ]


class RecordCheck(BusinessRow):
    """What one register answered about one version, and when; append-only. It is a fact, not an approval."""

    version = models.ForeignKey(RecordVersion, on_delete=models.PROTECT, related_name="checks")
    register = models.CharField(max_length=16)
    source = models.CharField(max_length=60)
    demo = models.BooleanField()
    outcome = models.CharField(max_length=10)
    says = models.CharField(max_length=300)
    checked_at = models.DateTimeField()

    class Meta:
        triggers = [
            pgtrigger.Protect(name="record_checks_stay", operation=pgtrigger.Update | pgtrigger.Delete)
        ]
