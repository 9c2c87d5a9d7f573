"""A framework agreement, who is in it, and what is called off from it."""

from django.db import models

from ggzy.identity.models import Signature
from ggzy.kernel.models import BusinessRow
from ggzy.parties.models import Organisation


class Framework(BusinessRow):
    """One framework agreement; its stage is one of `GP_KJ_OPEN` or `GP_KJ_CLOSED`."""

    collector = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    collector_kind = models.CharField(max_length=8)
    kind = models.CharField(max_length=8)
    stage = models.CharField(max_length=16)
    deal_code = models.CharField(max_length=44)
    name = models.CharField(max_length=200)
    category = models.CharField(max_length=10)
    needs = models.TextField()
    #: who may join, and what an application or a response must hold
    conditions = models.TextField()
    #: which buyers may call off, and where it is performed
    scope = models.TextField()
    #: how fees are settled and paid
    settlement = models.TextField()
    #: text of the contract that is called off
    contract_terms = models.TextField()
    #: further cases in which a supplier is removed
    removal_terms = models.TextField(blank=True)
    contact = models.CharField(max_length=200)
    #: [{number, name, unit, spec, price}]: what everybody is paid (open), or the ceiling (closed)
    items = models.JSONField()
    #: direct, compete, turns, lower
    ways = models.JSONField()
    turn_rule = models.CharField(max_length=8, blank=True)
    tie_rule = models.CharField(max_length=8, blank=True)
    #: how long a member has at least to offer or to answer
    response_hours = models.PositiveSmallIntegerField(default=48)
    published_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    #: of a closed one: the collection that was run elsewhere, and by what it was judged
    collection = models.JSONField(default=dict)
    letter_sent_at = models.DateTimeField(null=True)
    agreed_at = models.DateTimeField(null=True)
    filing = models.CharField(max_length=60, blank=True)
    filed_at = models.DateTimeField(null=True)
    informed_at = models.DateTimeField(null=True)
    #: how many were in when it came into force; why a supplement is needed
    original = models.PositiveIntegerField(default=0)
    supplement_reason = models.TextField(blank=True)
    expired_at = models.DateTimeField(null=True)
    summarised_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="a_framework_ends_after_it_began",
                condition=models.Q(ends_at__gt=models.F("published_at")),
            ),
            models.UniqueConstraint(
                name="a_collector_has_one_live_framework_of_a_name",
                fields=["collector", "name"],
                condition=models.Q(expired_at=None),
            ),
        ]
        indexes = [models.Index(fields=["stage", "-published_at"])]

    @property
    def ocid(self) -> str:
        """Return the process under which its acts and notices stand in the log."""
        return f"ocds-ggzy01-{self.public_id}"


class FrameworkMember(BusinessRow):
    """One supplier's application to a framework or place in it; its stage is one of `GP_KJ_OPEN` (or SHORTLIST)."""

    framework = models.ForeignKey(Framework, on_delete=models.PROTECT, related_name="members")
    supplier = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    stage = models.CharField(max_length=16)
    #: what it says of itself, and how it is reached
    statement = models.TextField(blank=True)
    contact = models.CharField(max_length=200, blank=True)
    #: {number of the item: unit price in 元}
    prices = models.JSONField(default=dict)
    #: the rank by which it was shortlisted; of an open framework the order of admission
    place = models.PositiveIntegerField(default=0)
    signature = models.ForeignKey(Signature, on_delete=models.PROTECT, null=True, related_name="+")
    collector_signature = models.ForeignKey(Signature, on_delete=models.PROTECT, null=True, related_name="+")
    applied_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    #: why it was refused, or left, or was removed
    reason = models.TextField(blank=True)
    ground = models.CharField(max_length=20, blank=True)
    joined_at = models.DateTimeField(null=True)
    left_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="a_supplier_is_in_a_framework_once",
                fields=["framework", "supplier"],
                condition=models.Q(stage__in=["APPLIED", "SHORTLIST", "JOINED"]),
            ),
        ]
        indexes = [models.Index(fields=["supplier", "stage"])]


class CallOff(BusinessRow):
    """One contract that is called off; its stage is one of `GP_KJ_CALLOFF`."""

    framework = models.ForeignKey(Framework, on_delete=models.PROTECT, related_name="calls")
    buyer = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    stage = models.CharField(max_length=16)
    way = models.CharField(max_length=8, blank=True)
    number = models.CharField(max_length=60)
    name = models.CharField(max_length=200)
    needs = models.TextField()
    contact = models.CharField(max_length=200)
    #: {number of the item: quantity}
    quantities = models.JSONField()
    raised_at = models.DateTimeField()
    #: why this member was chosen, or why nobody is
    reason = models.TextField(blank=True)
    member = models.ForeignKey(FrameworkMember, on_delete=models.PROTECT, null=True, related_name="+")
    supplier = models.ForeignKey(Organisation, on_delete=models.PROTECT, null=True, related_name="+")
    price = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    #: until when offers are sealed, and until when they are revealed
    sealed_until = models.DateTimeField(null=True)
    reveal_until = models.DateTimeField(null=True)
    #: members that were invited, by their public ids
    invited = models.JSONField(default=list)
    #: until when whoever is asked answers: a turn, or whether to go below an outsider's price
    answer_until = models.DateTimeField(null=True)
    #: {supplier, price, proof, file, answers: {member: price or ""}}
    lower = models.JSONField(default=dict)
    dealt_at = models.DateTimeField(null=True)
    buyer_signature = models.ForeignKey(Signature, on_delete=models.PROTECT, null=True, related_name="+")
    supplier_signature = models.ForeignKey(Signature, on_delete=models.PROTECT, null=True, related_name="+")
    signed_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="a_call_is_signed_by_both",
                condition=models.Q(signed_at=None)
                | models.Q(buyer_signature__isnull=False, supplier_signature__isnull=False),
            ),
            models.CheckConstraint(
                name="a_deal_has_its_supplier_and_price",
                condition=models.Q(dealt_at=None)
                | models.Q(supplier__isnull=False, price__isnull=False, price__gt=0),
            ),
            models.CheckConstraint(
                name="offers_are_revealed_after_they_were_sealed",
                condition=models.Q(sealed_until=None) | models.Q(reveal_until__gt=models.F("sealed_until")),
            ),
        ]
        indexes = [models.Index(fields=["framework", "-raised_at"])]


class CallOffer(BusinessRow):
    """One member's sealed offer in a second competition: a digest until it is revealed, never a price before the time."""

    call = models.ForeignKey(CallOff, on_delete=models.PROTECT, related_name="offers")
    member = models.ForeignKey(FrameworkMember, on_delete=models.PROTECT, related_name="+")
    commitment = models.CharField(max_length=64)
    signature = models.ForeignKey(Signature, on_delete=models.PROTECT, related_name="+")
    committed_at = models.DateTimeField()
    salt = models.CharField(max_length=64, blank=True)
    price = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    revealed_at = models.DateTimeField(null=True)
    #: the most it could be, as judged at the settlement: nothing for who was no longer in
    ceiling = models.DecimalField(max_digits=18, decimal_places=2, null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="a_member_offers_once", fields=["call", "member"]),
            models.CheckConstraint(
                name="a_revealed_offer_shows_price_and_salt",
                condition=models.Q(revealed_at=None, price=None, salt="")
                | models.Q(revealed_at__isnull=False, price__isnull=False) & ~models.Q(salt=""),
            ),
        ]


class TurnChance(BusinessRow):
    """One chance in the order of turns: whose it was, for which call, and what became of it."""

    call = models.ForeignKey(CallOff, on_delete=models.PROTECT, related_name="chances")
    member = models.ForeignKey(FrameworkMember, on_delete=models.PROTECT, related_name="+")
    round = models.PositiveIntegerField()
    given_at = models.DateTimeField()
    outcome = models.CharField(max_length=10, default="waiting")
    reason = models.TextField(blank=True)
    answered_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="a_member_has_one_chance_a_call", fields=["call", "member"]),
        ]
