"""A purchase from the only supplier, the objections to it, and who signs what was negotiated."""

from django.db import models

from ggzy.identity.models import Signature
from ggzy.kernel.models import BusinessRow
from ggzy.parties.models import Account, Organisation


class Purchase(BusinessRow):
    """One purchase by 单一来源; its stage is one of the procedure `GP_DY`."""

    buyer = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    supplier = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    stage = models.CharField(max_length=16)
    deal_code = models.CharField(max_length=44)
    name = models.CharField(max_length=200)
    needs = models.TextField()
    budget = models.DecimalField(max_digits=18, decimal_places=2)
    ground = models.CharField(max_length=10)
    reason = models.TextField()
    #: number and price of the contract that is added to
    first_contract = models.CharField(max_length=100, blank=True)
    first_price = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    #: [{name, unit, title, opinion, kept: signed | stated}]
    experts = models.JSONField(default=list)
    #: whom one asks at the buyer's, and at the finance department
    contact = models.CharField(max_length=200)
    finance_contact = models.CharField(max_length=200)
    argued_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True)
    publicity_ends_at = models.DateTimeField(null=True)
    publicity_ended_at = models.DateTimeField(null=True)
    #: the buyer's conclusion on the objections
    conclusion = models.TextField(blank=True)
    concluded_at = models.DateTimeField(null=True)
    #: when the finance department was asked, and what it said
    asked_at = models.DateTimeField(null=True)
    approved = models.BooleanField(null=True)
    opinion = models.TextField(blank=True)
    document_number = models.CharField(max_length=100, blank=True)
    decided_at = models.DateTimeField(null=True)
    #: what the supplier said of itself: {price, cost, similar, patents}
    offer = models.JSONField(default=dict)
    offered_at = models.DateTimeField(null=True)
    #: {met_at, place, terms, agreed}
    record = models.JSONField(default=dict)
    price = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    recorded_at = models.DateTimeField(null=True)
    announced_at = models.DateTimeField(null=True)
    buyer_signature = models.ForeignKey(Signature, on_delete=models.PROTECT, null=True, related_name="+")
    supplier_signature = models.ForeignKey(Signature, on_delete=models.PROTECT, null=True, related_name="+")
    signed_at = models.DateTimeField(null=True)
    filing = models.CharField(max_length=60, blank=True)
    filed_at = models.DateTimeField(null=True)
    ending = models.CharField(max_length=12, blank=True)
    end_reason = models.TextField(blank=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="nobody_buys_from_itself", condition=~models.Q(buyer=models.F("supplier"))
            ),
            models.CheckConstraint(
                name="a_source_price_is_within_its_budget",
                condition=models.Q(price=None) | models.Q(price__lte=models.F("budget")),
            ),
            models.CheckConstraint(
                name="a_source_contract_is_signed_by_both",
                condition=models.Q(signed_at=None)
                | models.Q(buyer_signature__isnull=False, supplier_signature__isnull=False),
            ),
        ]
        indexes = [models.Index(fields=["stage", "-argued_at"])]

    @property
    def ocid(self) -> str:
        """Return the process under which its acts and notices stand in the log."""
        return f"ocds-ggzy01-{self.public_id}"


class SourceObjection(BusinessRow):
    """Somebody's objection to buying from this supplier alone; one from each account."""

    purchase = models.ForeignKey(Purchase, on_delete=models.PROTECT, related_name="objections")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    #: "" where a person objects who is of no organisation
    organisation_name = models.CharField(max_length=200, blank=True)
    text = models.TextField()
    raised_at = models.DateTimeField()
    answer = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="an_account_objects_once", fields=["purchase", "account"])
        ]


class Negotiator(BusinessRow):
    """One person who negotiated, with the signature on the record; the supplier's is whoever signs for it."""

    purchase = models.ForeignKey(Purchase, on_delete=models.PROTECT, related_name="negotiators")
    #: None for the supplier until it signs
    account = models.ForeignKey(Account, on_delete=models.PROTECT, null=True, related_name="+")
    supplier = models.BooleanField(default=False)
    standing = models.CharField(max_length=8, default="waiting")
    reason = models.TextField(blank=True)
    signature = models.ForeignKey(Signature, on_delete=models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="a_negotiator_is_named_once", fields=["purchase", "account"]),
            models.UniqueConstraint(
                name="the_supplier_signs_once", fields=["purchase"], condition=models.Q(supplier=True)
            ),
        ]
