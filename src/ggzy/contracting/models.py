"""The contract: one PDF, sealed by both sides, then public."""

from django.db import models

from ggzy.awarding.models import Award
from ggzy.identity.models import Certificate
from ggzy.kernel.models import BusinessRow


class Contract(BusinessRow):
    """A contract that follows its award; each side's seal is a PAdES signature in the same PDF."""

    award = models.OneToOneField(Award, on_delete=models.PROTECT, related_name="contract")
    pdf = models.CharField(max_length=64)
    owner_certificate = models.ForeignKey(Certificate, on_delete=models.PROTECT, null=True, related_name="+")
    winner_certificate = models.ForeignKey(Certificate, on_delete=models.PROTECT, null=True, related_name="+")
    signed_at = models.DateTimeField(null=True)
    performance_bond = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    starts_on = models.DateField(null=True)
    #: where the copy of a procurement contract was filed (政府采购法第四十七条)
    filing = models.CharField(max_length=60, blank=True)
    filed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="a_contract_is_signed_by_both",
                condition=models.Q(signed_at__isnull=True)
                | (models.Q(owner_certificate__isnull=False) & models.Q(winner_certificate__isnull=False)),
            ),
        ]
