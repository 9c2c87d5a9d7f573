"""Notices are append-only versions with a permanent address."""

import pgtrigger
from django.db import models

from ggzy.kernel.models import BusinessRow


class Notice(BusinessRow):
    """A published notice. A correction is a new version; nothing is overwritten."""

    ocid = models.CharField(max_length=80)
    tender = models.CharField(max_length=32)
    rounds = models.JSONField(default=list)
    kind = models.CharField(max_length=20)
    series = models.CharField(max_length=32)
    version = models.PositiveSmallIntegerField()
    title = models.CharField(max_length=300)
    body = models.JSONField()
    sha256 = models.CharField(max_length=64)
    published_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="a_notice_version_is_published_once", fields=["centre_id", "series", "version"]
            ),
        ]
        indexes = [
            models.Index(fields=["-published_at", "-id"]),
            models.Index(fields=["ocid"]),
            models.Index(fields=["tender"]),
        ]
        triggers = [pgtrigger.Protect(name="notices_stay", operation=pgtrigger.Update | pgtrigger.Delete)]
