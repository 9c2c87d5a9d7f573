"""Bills of quantities as they were attached to a lot; append-only, the newest is the draft."""

import pgtrigger
from django.db import models

from ggzy.kernel.models import BusinessRow


class Bill(BusinessRow):
    """A bill 工程量清单 attached to a lot; `priced` is the owner's own pricing behind the ceiling, never published whole."""

    lot = models.CharField(max_length=32)
    sha256 = models.CharField(max_length=64)
    source = models.CharField(max_length=20)
    content = models.JSONField()
    priced = models.JSONField(null=True)
    #: the ceiling's composition: sums by part, which is published
    composition = models.JSONField(null=True)
    items = models.PositiveIntegerField()
    attached_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["lot", "-id"]), models.Index(fields=["sha256"])]
        constraints = [
            models.CheckConstraint(name="a_bill_has_items", condition=models.Q(items__gt=0)),
        ]
        triggers = [pgtrigger.Protect(name="bills_stay", operation=pgtrigger.Update | pgtrigger.Delete)]
