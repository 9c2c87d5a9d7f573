"""Publicity, award and the letter of award."""

from django.db import models

from ggzy.bidding.models import Bid
from ggzy.kernel.models import BusinessRow
from ggzy.tendering.models import Round


class Publicity(BusinessRow):
    """The publicity of candidates, with its exclusive end."""

    round = models.OneToOneField(Round, on_delete=models.PROTECT, related_name="publicity")
    started_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="publicity_ends_not_before_its_time",
                condition=models.Q(ended_at__isnull=True) | models.Q(ended_at__gte=models.F("ends_at")),
            ),
        ]


class Award(BusinessRow):
    """Who won a round, and the letter that says so."""

    round = models.OneToOneField(Round, on_delete=models.PROTECT, related_name="award")
    bid = models.ForeignKey(Bid, on_delete=models.PROTECT, related_name="awards")
    price = models.DecimalField(max_digits=18, decimal_places=2)
    determined_at = models.DateTimeField()
    letter = models.CharField(max_length=64, blank=True)
    sent_at = models.DateTimeField(null=True)
