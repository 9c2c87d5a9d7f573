"""Who took a tender file, and what was asked about it. Before the opening nobody but oneself sees whose."""

import pgtrigger
from django.db import models

from ggzy.kernel.models import BusinessRow
from ggzy.parties.models import Organisation
from ggzy.tendering.models import Round, Tender


class FileTaking(BusinessRow):
    """An organisation has taken the tender file and is told of every later version; append-only."""

    tender = models.ForeignKey(Tender, on_delete=models.PROTECT, related_name="takings", db_index=False)
    taker = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="takings")
    version = models.PositiveSmallIntegerField()
    #: the front whose prequalification file was taken (version 0); None: the tender file
    front = models.ForeignKey(Round, on_delete=models.PROTECT, null=True, related_name="takings")
    taken_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="a_version_is_taken_once",
                fields=["centre_id", "tender", "taker", "version"],
                condition=models.Q(front=None),
            ),
            models.UniqueConstraint(
                name="a_prequalification_file_is_taken_once",
                fields=["front", "taker"],
                condition=models.Q(front__isnull=False),
            ),
        ]
        triggers = [pgtrigger.Protect(name="takings_stay", operation=pgtrigger.Update | pgtrigger.Delete)]


class Question(BusinessRow):
    """A question about a tender file, without its asker's name on any side; answered in a clarification."""

    tender = models.ForeignKey(Tender, on_delete=models.PROTECT, related_name="questions")
    asker = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="questions")
    text = models.TextField()
    asked_at = models.DateTimeField()
    answer = models.TextField(blank=True)
    answered_at = models.DateTimeField(null=True)
    #: the version of the tender file with which the answer went to everybody
    version = models.PositiveSmallIntegerField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="an_answer_is_for_everybody",
                condition=models.Q(answered_at__isnull=True) | models.Q(version__isnull=False),
            ),
        ]
