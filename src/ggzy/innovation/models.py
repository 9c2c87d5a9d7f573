"""A 合作创新采购: its group, who applies and responds, what the group finds, and each supplier's research contract."""

from django.db import models

from ggzy.identity.models import Signature
from ggzy.kernel.models import BusinessRow
from ggzy.parties.models import Account, Organisation


class Innovation(BusinessRow):
    """One purchase by 合作创新采购; its stage is one of `GP_HC`."""

    buyer = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    stage = models.CharField(max_length=16)
    deal_code = models.CharField(max_length=44)
    name = models.CharField(max_length=200)
    ground = models.CharField(max_length=16)
    buyer_kind = models.CharField(max_length=12)
    #: of a city's buyer: which authority of the province approved it, and the number
    approval = models.CharField(max_length=200, blank=True)
    way = models.CharField(max_length=12)
    #: USCCs of those who are invited, where there is no notice
    invited = models.JSONField(default=list)
    consortium = models.BooleanField(default=True)
    major = models.BooleanField(default=False)
    months = models.PositiveSmallIntegerField()
    most_cost = models.DecimalField(max_digits=18, decimal_places=2)
    #: the texts of the plan: targets, scenario, qualification, ip, risks and so on
    plan = models.JSONField()
    contact = models.CharField(max_length=200)
    planned_at = models.DateTimeField()
    called_at = models.DateTimeField(null=True)
    apply_until = models.DateTimeField(null=True)
    #: {meets_at, place, text}: when and where the exchange is, and what about, as all qualified were told
    exchange_call = models.JSONField(default=dict)
    #: {met_at, place, text, absent: [participants], member}
    exchange = models.JSONField(default=dict)
    #: what the file fixes: suppliers, money, factors, stages and so on
    file = models.JSONField(default=dict)
    file_issued_at = models.DateTimeField(null=True)
    #: [{at, text}]: clarifications and changes, told to all who are left
    changes = models.JSONField(default=list)
    finals_asked_at = models.DateTimeField(null=True)
    #: until when responses are sealed and revealed, of the running one
    sealed_until = models.DateTimeField(null=True)
    reveal_until = models.DateTimeField(null=True)
    #: [{participant, supplier, judged, priced, total, price}]: what the rule gave
    ranking = models.JSONField(default=list)
    determined_at = models.DateTimeField(null=True)
    first_ranking = models.JSONField(default=list)
    first_chosen_at = models.DateTimeField(null=True)
    first_published_at = models.DateTimeField(null=True)
    first_buyer_signature = models.ForeignKey(
        Signature, on_delete=models.PROTECT, null=True, related_name="+"
    )
    first_supplier_signature = models.ForeignKey(
        Signature, on_delete=models.PROTECT, null=True, related_name="+"
    )
    first_signed_at = models.DateTimeField(null=True)
    end_reason = models.TextField(blank=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="a_response_is_revealed_after_it_was_sealed",
                condition=models.Q(sealed_until=None) | models.Q(reveal_until__gt=models.F("sealed_until")),
            ),
            models.CheckConstraint(
                name="a_first_agreement_is_signed_by_both",
                condition=models.Q(first_signed_at=None)
                | models.Q(first_buyer_signature__isnull=False, first_supplier_signature__isnull=False),
            ),
            models.UniqueConstraint(
                name="a_buyer_has_one_live_innovation_of_a_name",
                fields=["buyer", "name"],
                condition=models.Q(ended_at=None),
            ),
        ]
        indexes = [models.Index(fields=["stage", "-planned_at"])]

    @property
    def ocid(self) -> str:
        """Return the process under which its acts and notices stand in the log."""
        return f"ocds-ggzy01-{self.public_id}"


class GroupMember(BusinessRow):
    """One member of the group that the buyer named."""

    innovation = models.ForeignKey(Innovation, on_delete=models.PROTECT, related_name="members")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    seat = models.CharField(max_length=12)
    #: how others call it on pages and in the log, since names of experts stay secret until the result
    code = models.CharField(max_length=8)
    #: when somebody else took the place: of the whole group between two sittings, or of this member within one
    left_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="a_person_sits_once_in_a_group",
                fields=["innovation", "account"],
                condition=models.Q(left_at=None),
            ),
            models.UniqueConstraint(name="a_member_has_its_code", fields=["innovation", "code"]),
        ]
        indexes = [models.Index(fields=["account"])]


class Participant(BusinessRow):
    """One supplier that applied, and how far it came."""

    innovation = models.ForeignKey(Innovation, on_delete=models.PROTECT, related_name="participants")
    supplier = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    statement = models.TextField()
    contact = models.CharField(max_length=200)
    signature = models.ForeignKey(Signature, on_delete=models.PROTECT, related_name="+")
    applied_at = models.DateTimeField()
    #: [{uscc, name}]: the other members of its consortium, which it leads
    partners = models.JSONField(default=list)
    #: what the group found, None until it has
    qualified = models.BooleanField(null=True)
    reason = models.TextField(blank=True)
    #: whether it was in the exchange, and so got the file
    attended = models.BooleanField(default=False)
    chosen = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="a_supplier_applies_once", fields=["innovation", "supplier"])
        ]
        indexes = [models.Index(fields=["supplier"])]

    @property
    def usccs(self) -> list[str]:
        """Return the supplier and the other members of its consortium."""
        return [self.supplier.uscc, *(one["uscc"] for one in self.partners)]

    @property
    def called(self) -> str:
        """Return its name, with the other members of its consortium."""
        others = "、".join(one["name"] for one in self.partners)
        return f"{self.supplier.name}(联合体牵头, 成员: {others})" if others else self.supplier.name


class SealedResponse(BusinessRow):
    """A supplier's first or final response: a digest until it is revealed to the group."""

    FIRST, FINAL = "first", "final"

    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="responses")
    kind = models.CharField(max_length=8)
    commitment = models.CharField(max_length=64)
    signature = models.ForeignKey(Signature, on_delete=models.PROTECT, related_name="+")
    sealed_at = models.DateTimeField()
    salt = models.CharField(max_length=64, blank=True)
    #: the text and the two amounts, {} until it is revealed
    response = models.JSONField(default=dict)
    revealed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="a_response_of_a_kind_is_one", fields=["participant", "kind"]),
            models.CheckConstraint(
                name="a_revealed_response_shows_its_salt",
                condition=models.Q(revealed_at=None, salt="")
                | models.Q(revealed_at__isnull=False) & ~models.Q(salt=""),
            ),
        ]


class InnovationTalk(BusinessRow):
    """What the group talked about with one supplier."""

    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="talks")
    member = models.ForeignKey(GroupMember, on_delete=models.PROTECT, related_name="+")
    text = models.TextField()
    talked_at = models.DateTimeField()


class GroupSheet(BusinessRow):
    """One member's findings in one sitting, and its signature on the group's report; void once a member was replaced."""

    QUALIFICATION, PLANS, PRODUCTS = "qualify", "plans", "products"

    innovation = models.ForeignKey(Innovation, on_delete=models.PROTECT, related_name="sheets")
    sitting = models.CharField(max_length=8)
    member = models.ForeignKey(GroupMember, on_delete=models.PROTECT, related_name="sheets")
    findings = models.JSONField()
    handed_in_at = models.DateTimeField()
    agrees = models.BooleanField(null=True)
    reason = models.TextField(blank=True)
    signature = models.ForeignKey(Signature, on_delete=models.PROTECT, null=True, related_name="+")
    #: when a member of the sitting was replaced, so that the group judged anew
    voided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="a_member_has_one_sheet_a_sitting",
                fields=["sitting", "member"],
                condition=models.Q(voided_at=None),
            )
        ]


class ResearchContract(BusinessRow):
    """One supplier's cost-compensation contract; its stage is one of `GP_HC_RD`."""

    participant = models.OneToOneField(Participant, on_delete=models.PROTECT, related_name="contract")
    stage = models.CharField(max_length=16)
    number = models.CharField(max_length=60)
    #: the response it stands on, as it was revealed
    response = models.JSONField()
    #: limits in 元: of the compensation, and of the first purchase
    compensation = models.DecimalField(max_digits=18, decimal_places=2)
    first_price = models.DecimalField(max_digits=18, decimal_places=2)
    #: decided so far
    compensated = models.DecimalField(max_digits=18, decimal_places=2, default=0)
    buyer_signature = models.ForeignKey(Signature, on_delete=models.PROTECT, null=True, related_name="+")
    supplier_signature = models.ForeignKey(Signature, on_delete=models.PROTECT, null=True, related_name="+")
    signed_at = models.DateTimeField(null=True)
    ends_at = models.DateTimeField(null=True)
    #: the product and the price it is offered at
    product = models.TextField(blank=True)
    product_price = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    handed_in_at = models.DateTimeField(null=True)
    #: how acceptance went, or why it ended
    conclusion = models.TextField(blank=True)
    ended_at = models.DateTimeField(null=True)
    #: whose product is bought first
    first = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="compensation_stays_within_the_contract",
                condition=models.Q(compensated__gte=0, compensated__lte=models.F("compensation")),
            ),
            models.CheckConstraint(
                name="a_product_costs_no_more_than_agreed",
                condition=models.Q(product_price=None)
                | models.Q(product_price__gt=0, product_price__lte=models.F("first_price")),
            ),
            models.CheckConstraint(
                name="a_research_contract_is_signed_by_both",
                condition=models.Q(signed_at=None)
                | models.Q(buyer_signature__isnull=False, supplier_signature__isnull=False),
            ),
        ]
        indexes = [models.Index(fields=["stage"])]


class ResearchStage(BusinessRow):
    """One stage of a research contract: the interim talk before it, what came of it, what is compensated."""

    contract = models.ForeignKey(ResearchContract, on_delete=models.PROTECT, related_name="stages")
    number = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=200)
    milestone = models.TextField()
    #: {met_at, text}: the interim talk, {} where there is none; the most that this stage is compensated
    interim = models.JSONField(default=dict)
    limit = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    buyer_signature = models.ForeignKey(Signature, on_delete=models.PROTECT, null=True, related_name="+")
    supplier_signature = models.ForeignKey(Signature, on_delete=models.PROTECT, null=True, related_name="+")
    #: what the supplier reports, and what it spent by kind
    results = models.TextField(blank=True)
    costs = models.JSONField(default=dict)
    spent = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    handed_in_at = models.DateTimeField(null=True)
    met = models.BooleanField(null=True)
    reason = models.TextField(blank=True)
    compensated = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    decided_at = models.DateTimeField(null=True)
    #: the voucher of the payment
    payment = models.CharField(max_length=100, blank=True)
    paid_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="a_stage_has_its_number", fields=["contract", "number"]),
            models.CheckConstraint(
                name="no_more_is_compensated_than_was_spent",
                condition=models.Q(compensated=None)
                | models.Q(compensated__gte=0, compensated__lte=models.F("spent")),
            ),
            models.CheckConstraint(
                name="a_stage_keeps_its_limit",
                condition=models.Q(compensated=None)
                | models.Q(limit=None)
                | models.Q(compensated__lte=models.F("limit")),
            ),
        ]
