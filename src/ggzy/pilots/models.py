"""Regional bases of separate evaluation and award 评定分离."""

from django.db import models

from ggzy.kernel.models import BusinessRow
from ggzy.parties.models import Account


class RegionalBasis(BusinessRow):
    """A regional text entered by one administrator; it carries tenders of `region_code` once another has confirmed it."""

    PROPOSED, CONFIRMED, DROPPED, ENDED = "proposed", "confirmed", "dropped", "ended"

    document = models.CharField(max_length=200)
    article = models.CharField(max_length=100)
    #: first and last day on which a first notice may rest on it
    since = models.DateField()
    until = models.DateField(null=True)
    state = models.CharField(max_length=10, default="proposed")
    proposed_by = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    confirmed_by = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+", null=True)
    confirmed_at = models.DateTimeField(null=True)
    #: ended early, by whom there is a record in the log, and why
    ended_at = models.DateTimeField(null=True)
    end_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="nobody_confirms_an_own_basis",
                condition=models.Q(confirmed_by=None) | ~models.Q(confirmed_by=models.F("proposed_by")),
            ),
            models.CheckConstraint(
                name="a_basis_in_force_was_confirmed",
                condition=~models.Q(state__in=["confirmed", "ended"])
                | models.Q(confirmed_by__isnull=False, confirmed_at__isnull=False),
            ),
            models.CheckConstraint(
                name="a_basis_ends_not_before_it_begins",
                condition=models.Q(until=None) | models.Q(until__gte=models.F("since")),
            ),
            models.CheckConstraint(
                name="a_basis_has_a_region", condition=models.Q(region_code__regex=r"^[1-9][0-9]{5}$")
            ),
        ]
