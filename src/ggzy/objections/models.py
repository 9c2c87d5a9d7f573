"""Objections 异议 to an evaluation result (工程建设)."""

from django.db import models

from ggzy.kernel.models import BusinessRow
from ggzy.parties.models import Organisation
from ggzy.tendering.models import Round


class Objection(BusinessRow):
    """One objection; until it is answered the round is held."""

    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="objections")
    objector = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="objections")
    text = models.TextField()
    filed_at = models.DateTimeField()
    answer_due_at = models.DateTimeField()
    answer = models.TextField(blank=True)
    answered_at = models.DateTimeField(null=True)
