"""The index of published notices: made from them alone, thrown away and made again at any time."""

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models

from ggzy.kernel.models import BusinessRow
from ggzy.notices.models import Notice


class IndexedNotice(BusinessRow):
    """The newest version of one notice as it is found."""

    notice = models.OneToOneField(Notice, on_delete=models.CASCADE, related_name="+")
    series = models.CharField(max_length=32)
    kind = models.CharField(max_length=20)
    scope = models.CharField(max_length=8)
    buyer = models.CharField(max_length=200)
    buyer_uscc = models.CharField(max_length=18)
    #: the sum of the budgets that a notice asks bids for, or the price that it announces; none where it says neither
    amount = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    published_at = models.DateTimeField()
    #: the words as people read them, line by line, and as they are compared
    text = models.TextField()
    folded = models.TextField()
    #: without positions: whether a phrase stands there is looked up in `folded`
    terms = SearchVectorField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="a_series_is_found_by_its_newest", fields=["centre_id", "series"]),
        ]
        indexes = [
            # a pending list would be read through by every search
            GinIndex(fields=["terms"], name="indexed_terms", fastupdate=False),
            models.Index(fields=["-published_at", "-id"], name="indexed_newest_first"),
            models.Index(fields=["amount"], name="indexed_amounts", condition=models.Q(amount__isnull=False)),
        ]
