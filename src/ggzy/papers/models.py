"""Papers 文书: sheets and letters that are set from facts on record, sealed, printed, and checked by their code."""

from django.db import models

from ggzy.identity.models import Certificate
from ggzy.kernel.models import BusinessRow
from ggzy.parties.models import Account, Organisation
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


class SealBatch(BusinessRow):
    """Papers that one signer signed in one go; the worker puts the seals in, one after the other."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    certificate = models.ForeignKey(Certificate, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(name="batches_of_an_account", fields=["account", "-made_at"])]


class SealBatchItem(BusinessRow):
    """One signed paper of a batch: the signature waits, then what became of it."""

    WAITING, DONE, FAILED = "waiting", "done", "failed"

    batch = models.ForeignKey(SealBatch, on_delete=models.CASCADE, related_name="items")
    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="+")
    ref = models.CharField(max_length=80)
    name = models.CharField(max_length=300)
    signature = models.TextField()
    state = models.CharField(max_length=10, default=WAITING)
    message = models.CharField(max_length=400, blank=True)
    ended_at = models.DateTimeField(null=True)
    pdf = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="a_paper_is_once_in_a_batch", fields=["batch", "round", "ref"]),
            models.CheckConstraint(
                name="an_item_that_ended_has_its_moment",
                condition=models.Q(state="waiting", ended_at=None)
                | (~models.Q(state="waiting") & models.Q(ended_at__isnull=False)),
            ),
        ]
        indexes = [
            models.Index(
                name="batch_items_that_wait", fields=["batch", "id"], condition=models.Q(state="waiting")
            )
        ]
