"""What a region or a centre adds to the table of law, and who has read which clause in the text."""

from django.db import models

from ggzy.kernel.models import BusinessRow
from ggzy.parties.models import Account


class LocalLimit(BusinessRow):
    """A stricter limit: a region's rule (in `region_code`), or this centre's promise. Two persons bring it into force."""

    RULE, PROMISE = "rule", "promise"
    PROPOSED, CONFIRMED, DROPPED, ENDED = "proposed", "confirmed", "dropped", "ended"

    key = models.CharField(max_length=8)
    kind = models.CharField(max_length=8)
    length = models.PositiveSmallIntegerField()
    document = models.CharField(max_length=200)
    article = models.CharField(max_length=100, blank=True)
    #: first and last day on which a first notice comes under it
    since = models.DateField()
    until = models.DateField(null=True)
    state = models.CharField(max_length=10, default="proposed")
    proposed_by = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    confirmed_by = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+", null=True)
    confirmed_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    end_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="nobody_confirms_an_own_limit",
                condition=models.Q(confirmed_by=None) | ~models.Q(confirmed_by=models.F("proposed_by")),
            ),
            models.CheckConstraint(
                name="a_local_limit_in_force_was_confirmed",
                condition=~models.Q(state__in=["confirmed", "ended"])
                | models.Q(confirmed_by__isnull=False, confirmed_at__isnull=False),
            ),
            models.CheckConstraint(
                name="a_local_limit_ends_not_before_it_begins",
                condition=models.Q(until=None) | models.Q(until__gte=models.F("since")),
            ),
        ]


class ClauseRead(BusinessRow):
    """A named person has read a clause that the table knows from memory: from then on it may block."""

    key = models.CharField(max_length=8)
    #: which version of the row was read: the day from which it is in force
    version = models.DateField()
    #: where it was read: the text's number and address
    source = models.CharField(max_length=300)
    read_by = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    read_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="a_version_of_a_row_is_read_once", fields=["centre_id", "key", "version"]
            ),
        ]
