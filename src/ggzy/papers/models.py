"""Papers 文书: sheets and letters that are set from facts on record, sealed, printed, and checked by their code."""

from django.db import models

from ggzy.identity.models import Certificate
from ggzy.kernel.models import BusinessRow
from ggzy.parties.models import Organisation
from ggzy.tendering.models import Round


class Paper(BusinessRow):
    """One paper of one round; its public id is the code that stands on it. Once sealed it stays as it is."""

    kind = models.CharField(max_length=20)
    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="papers")
    #: what it is made from: the opening, the sitting, the award
    subject = models.CharField(max_length=32)
    addressee = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+", null=True)
    facts = models.JSONField()
    pdf = models.CharField(max_length=64)
    made_at = models.DateTimeField()
    sealed = models.CharField(max_length=64, blank=True)
    certificate = models.ForeignKey(Certificate, on_delete=models.PROTECT, related_name="+", null=True)
    sealed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="a_paper_is_made_once",
                fields=["kind", "subject", "addressee"],
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                name="a_seal_has_its_moment_and_certificate",
                condition=models.Q(sealed="", sealed_at=None, certificate=None)
                | models.Q(sealed_at__isnull=False, certificate__isnull=False) & ~models.Q(sealed=""),
            ),
        ]
        indexes = [
            models.Index(name="papers_by_digest", fields=["sealed"]),
        ]
