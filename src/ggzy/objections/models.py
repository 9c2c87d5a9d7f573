"""Objections 异议 to a tender file or an evaluation result (工程建设)."""

from django.db import models

from ggzy.kernel.models import BusinessRow
from ggzy.parties.models import Organisation
from ggzy.tendering.models import Round


class Objection(BusinessRow):
    """One objection; until it is answered the round is held."""

    FILE, RESULT = "file", "result"

    about = models.CharField(max_length=6, default="result")
    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="objections")
    objector = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="objections")
    text = models.TextField()
    filed_at = models.DateTimeField()
    answer_due_at = models.DateTimeField()
    answer = models.TextField(blank=True)
    answered_at = models.DateTimeField(null=True)
    upheld = models.BooleanField(default=False)
    #: raised after its last day: answered all the same, but it holds nothing
    late = models.BooleanField(default=False)
