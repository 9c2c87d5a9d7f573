"""Packages that were asked for, made and handed over."""

from django.db import models

from ggzy.identity.models import Signature
from ggzy.kernel.models import BusinessRow
from ggzy.parties.models import Account, Organisation
from ggzy.tendering.models import Round


class Package(BusinessRow):
    """One package of a round: the archive, or what one reader takes to a dispute. What was made is kept by its hash."""

    ARCHIVE, OWNER, BIDDER, SUPERVISOR = "archive", "owner", "bidder", "supervisor"
    WAITING, COLLECTED, READY = "waiting", "collected", "ready"

    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="packages")
    reader = models.CharField(max_length=10)
    #: whose it is; none where it is the supervisor's or the round's archive
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, null=True, related_name="+")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    level = models.CharField(max_length=10)
    state = models.CharField(max_length=10)
    asked_at = models.DateTimeField()
    made_at = models.DateTimeField(null=True)
    digest = models.CharField(max_length=64, blank=True)
    size = models.BigIntegerField(default=0)
    files = models.PositiveIntegerField(default=0)
    #: how many acts of the log it holds, to tell a stale one
    acts = models.PositiveIntegerField(default=0)
    #: the four-nature test: [{"name", "title", "outcome", "detail"}] of what is not plainly passed, and the counts
    findings = models.JSONField(default=list)
    counts = models.JSONField(default=dict)
    missing = models.JSONField(default=list)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_package_of_a_kind_is_being_made",
                fields=["centre_id", "round", "reader", "organisation"],
                condition=~models.Q(state="ready"),
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                name="a_ready_package_has_a_hash",
                condition=~models.Q(state="ready") | (models.Q(made_at__isnull=False) & ~models.Q(digest="")),
            ),
        ]
        indexes = [models.Index(fields=["round", "reader"])]


class HandOver(BusinessRow):
    """The tenderee took a round's archive over, with its signature on the list."""

    package = models.OneToOneField(Package, on_delete=models.PROTECT, related_name="hand_over")
    retention = models.CharField(max_length=10)
    list = models.JSONField()
    signature = models.ForeignKey(Signature, on_delete=models.PROTECT, related_name="+")
    handed_over_at = models.DateTimeField()
