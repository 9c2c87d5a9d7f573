"""A project 项目: what is to be built, once, with its approval."""

from django.db import models

from ggzy.kernel.models import BusinessRow
from ggzy.parties.models import Organisation


class Project(BusinessRow):
    """A project registered by its tenderee; tenders hang on it."""

    name = models.CharField(max_length=200)
    #: "" where goods or services are bought
    invest_code = models.CharField(max_length=24, blank=True)
    industry_code = models.CharField(max_length=5)
    owner = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="projects")
    approval_document = models.CharField(max_length=200)
    funds = models.CharField(max_length=200)
    place = models.CharField(max_length=200)
    scale = models.TextField()
    registered_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="a_project_is_registered_once",
                fields=["centre_id", "owner", "invest_code"],
                condition=~models.Q(invest_code=""),
            ),
        ]
