"""Publicity, award and the letter of award."""

from django.db import models

from ggzy.bidding.models import Bid
from ggzy.kernel.models import BusinessRow
from ggzy.tendering.models import Round


class Publicity(BusinessRow):
    """One publicity of candidates, with its exclusive end; one stopped by an upheld objection never ends."""

    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="publicities")
    number = models.PositiveSmallIntegerField(default=1)
    started_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    stopped_at = models.DateTimeField(null=True)
    #: bids passed over, since their bidder is first in as many lots before as the tender file allows
    passed_over = models.JSONField(default=list)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="publicities_are_numbered_once", fields=["round", "number"]),
            models.UniqueConstraint(
                name="one_publicity_at_a_time",
                fields=["round"],
                condition=models.Q(ended_at=None, stopped_at=None),
            ),
            models.CheckConstraint(
                name="publicity_ends_not_before_its_time",
                condition=models.Q(ended_at__isnull=True) | models.Q(ended_at__gte=models.F("ends_at")),
            ),
        ]


class Award(BusinessRow):
    """Who won a round, and the letter that says so; an award that came to nothing says why and stays."""

    REFUSED, NO_BOND, NO_CONTRACT, ANNULLED = "refused", "no_bond", "no_contract", "annulled"

    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="awards")
    bid = models.ForeignKey(Bid, on_delete=models.PROTECT, related_name="awards")
    price = models.DecimalField(max_digits=18, decimal_places=2)
    determined_at = models.DateTimeField()
    letter = models.CharField(max_length=64, blank=True)
    sent_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    end_kind = models.CharField(max_length=12, blank=True)
    end_reason = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_award_in_force", fields=["round"], condition=models.Q(ended_at=None)
            ),
            models.UniqueConstraint(name="a_bid_is_awarded_once", fields=["round", "bid"]),
        ]
