"""The opening of a round's bids, and what each bid turned out to be."""

import pgtrigger
from django.db import models

from ggzy.bidding.models import Bid
from ggzy.kernel.models import BusinessRow
from ggzy.parties.models import Account, Organisation
from ggzy.tendering.models import Round


class OpeningSession(BusinessRow):
    """One opening of one round. Prices are shown once every key is released or the window has ended, each as soon as
    its bid is open."""

    round = models.OneToOneField(Round, on_delete=models.PROTECT, related_name="opening")
    host_organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField()
    window_ends_at = models.DateTimeField()
    window_ended = models.BooleanField(default=False)
    paused_at = models.DateTimeField(null=True)
    #: finished interruptions: [{"from", "until", "reason"}]; their time is not counted
    pauses = models.JSONField(default=list)
    shown_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    record = models.JSONField(null=True)
    record_sha256 = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="an_opening_ends_after_its_prices_are_shown",
                condition=models.Q(ended_at__isnull=True) | models.Q(shown_at__isnull=False),
            ),
        ]

    @property
    def settled(self) -> bool:
        """Say whether prices are shown and every bid is opened or accounted for."""
        under_way = self.bids.filter(state__in=[BidOpening.WAITING, BidOpening.RELEASED])
        return self.shown_at is not None and not under_way.exists()


class BidOpening(BusinessRow):
    """One bid in the opening: waiting, released, opened, or not opened and for whose reason (20号令31)."""

    WAITING, RELEASED, OPENED, REVOKED, WITHDRAWN = "waiting", "released", "opened", "revoked", "withdrawn"

    session = models.ForeignKey(OpeningSession, on_delete=models.PROTECT, related_name="bids")
    bid = models.OneToOneField(Bid, on_delete=models.PROTECT, related_name="opening")
    state = models.CharField(max_length=10)
    bid_key = models.CharField(max_length=100, blank=True)
    released_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)
    shown_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=300, blank=True)
    price = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    duration_days = models.PositiveIntegerField(null=True)
    fields = models.JSONField(default=dict)
    salts = models.JSONField(default=dict)
    attachments = models.JSONField(default=list)
    #: the bidder asked the holders to release the parts of its key
    shares_asked_at = models.DateTimeField(null=True)
    #: a package of a front: it must not carry a price
    priceless = models.BooleanField(default=False)
    #: the price is in a second envelope: it comes here when that one is read out, and not before
    two_envelopes = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="an_opened_bid_has_a_price",
                condition=~models.Q(state="opened")
                | models.Q(price__isnull=False)
                | models.Q(priceless=True)
                | models.Q(two_envelopes=True),
            ),
            models.CheckConstraint(
                name="a_package_of_a_front_has_no_price",
                condition=models.Q(priceless=False) | models.Q(price__isnull=True),
            ),
        ]


class SecondOpening(BusinessRow):
    """The opening of the second envelopes of a round 第二信封开标: there once the first was judged, opened once."""

    round = models.OneToOneField(Round, on_delete=models.PROTECT, related_name="second_opening")
    #: bids that passed the first envelope, and {bid: [reasons]} of those whose second stays closed
    admitted = models.JSONField(default=list)
    kept_out = models.JSONField(default=dict)
    judged_at = models.DateTimeField()
    #: the moment told to all
    opens_at = models.DateTimeField(null=True)
    host_organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, null=True, related_name="+")
    opened_at = models.DateTimeField(null=True)
    window_ends_at = models.DateTimeField(null=True)
    window_ended = models.BooleanField(default=False)
    shown_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    record = models.JSONField(null=True)
    record_sha256 = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="second_envelopes_open_when_it_was_told",
                condition=models.Q(opened_at__isnull=True) | models.Q(opened_at__gte=models.F("opens_at")),
            ),
            models.CheckConstraint(
                name="a_second_opening_ends_after_its_prices_are_shown",
                condition=models.Q(ended_at__isnull=True) | models.Q(shown_at__isnull=False),
            ),
        ]


class SecondEnvelope(BusinessRow):
    """The second envelope 第二信封 that an opened first one carried: sealed, until its bidder releases its own key."""

    SEALED, KEPT_OUT = "sealed", "kept_out"

    opening = models.OneToOneField(BidOpening, on_delete=models.PROTECT, related_name="second")
    manifest = models.BinaryField()
    manifest_signature = models.BinaryField()
    envelope = models.BinaryField()
    payload = models.CharField(max_length=64)
    payload_sha256 = models.CharField(max_length=64)
    state = models.CharField(max_length=10, default="sealed")
    bid_key = models.CharField(max_length=100, blank=True)
    released_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)
    shown_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=300, blank=True)
    price = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    fields = models.JSONField(default=dict)
    salts = models.JSONField(default=dict)
    attachments = models.JSONField(default=list)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="only_an_opened_second_envelope_has_a_price",
                condition=models.Q(state="opened", price__isnull=False)
                | ~models.Q(state="opened") & models.Q(price__isnull=True),
            ),
        ]


class KeyShare(BusinessRow):
    """A part of a bid_key that its holder released when the bidder asked; append-only."""

    opening = models.ForeignKey(BidOpening, on_delete=models.PROTECT, related_name="key_shares")
    uscc = models.CharField(max_length=18)
    share = models.CharField(max_length=400)
    released_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="a_share_is_released_once", fields=["centre_id", "opening", "uscc"]),
        ]
        triggers = [
            pgtrigger.Protect(name="released_shares_stay", operation=pgtrigger.Update | pgtrigger.Delete),
        ]


class CheckIn(BusinessRow):
    """A bidder that said it is here 签到: secret until the opening, then part of who took part; append-only."""

    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="check_ins")
    bidder = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    checked_in_at = models.DateTimeField()
    entry_hash = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="a_bidder_checks_in_once_to_a_round", fields=["centre_id", "round", "bidder"]
            ),
        ]
        triggers = [pgtrigger.Protect(name="check_ins_stay", operation=pgtrigger.Delete)]


class OpeningObjection(BusinessRow):
    """An objection raised on the spot, answered before the opening can end (条例44)."""

    session = models.ForeignKey(OpeningSession, on_delete=models.PROTECT, related_name="objections")
    bidder = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    text = models.TextField()
    raised_at = models.DateTimeField()
    answer = models.TextField(blank=True)
    answered_at = models.DateTimeField(null=True)
