"""Tender, lots, rounds and the tender file. Machine, notice, deadline, bids and law stamp belong to the round."""

import pgtrigger
from django.db import models
from django.db.models.functions import MD5, Cast

from ggzy.kernel.models import BusinessRow
from ggzy.parties.models import Organisation
from ggzy.projects.models import Project


class Tender(BusinessRow):
    """A tender 招标项目: one OCDS process, one ocid; its lots are opened together."""

    ocid = models.CharField(max_length=80)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="tenders")
    name = models.CharField(max_length=200)
    procedure_code = models.CharField(max_length=20)
    scope = models.CharField(max_length=8)
    class_code = models.CharField(max_length=3)
    deal_code = models.CharField(max_length=40)
    tenderee = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="tenders")
    agency = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="agency_tenders", null=True
    )
    state_controlled = models.BooleanField()
    #: the structured tender file while it is being written; versions are in TenderFile
    document = models.JSONField(default=dict)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="an_ocid_is_one_tender", fields=["centre_id", "ocid"]),
            models.UniqueConstraint(name="a_deal_code_is_one_tender", fields=["centre_id", "deal_code"]),
        ]
        indexes = [models.Index(fields=["tenderee"]), models.Index(fields=["-created_at"])]


class Lot(BusinessRow):
    """A lot 标段: the unit that is won."""

    tender = models.ForeignKey(Tender, on_delete=models.PROTECT, related_name="lots")
    number = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=200)
    budget = models.DecimalField(max_digits=18, decimal_places=2)
    ceiling_price = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    duration_days = models.PositiveIntegerField()
    scope_of_work = models.TextField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="lots_are_numbered_once", fields=["centre_id", "tender", "number"]),
            models.CheckConstraint(name="a_budget_is_positive", condition=models.Q(budget__gt=0)),
            models.CheckConstraint(
                name="a_ceiling_is_positive",
                condition=models.Q(ceiling_price__isnull=True) | models.Q(ceiling_price__gt=0),
            ),
        ]


class Round(BusinessRow):
    """A round 轮次 of one lot: first tender 1, re-tender 2, … It stands at a stage; only a move changes it."""

    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, related_name="rounds")
    number = models.PositiveSmallIntegerField()
    procedure_code = models.CharField(max_length=20)
    stage = models.CharField(max_length=16)
    bid_deadline = models.DateTimeField(null=True)
    published_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    opened_at = models.DateTimeField(null=True)
    decided_at = models.DateTimeField(null=True)
    #: the rows of law in force when the first notice was published: they govern the round to its end
    law = models.JSONField(default=dict)
    #: the database's digest of `law`: rounds of one stamp are known by it without reading the stamps
    law_digest = models.GeneratedField(
        expression=MD5(Cast("law", models.TextField())),
        output_field=models.CharField(max_length=32),
        db_persist=True,
    )
    file_version = models.PositiveSmallIntegerField(default=0)
    #: 0: the front, which decides who may bid; 1: the main procedure; 2: the last offers inside it, never published
    phase = models.PositiveSmallIntegerField(default=1)
    #: with which algorithms its bids are sealed (document.Sealing); set with its first notice
    sealing = models.CharField(max_length=3, default="age")
    #: only organisations with an Admission may have the file and bid
    restricted = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="rounds_are_numbered_once", fields=["centre_id", "lot", "number", "phase"]
            ),
            models.CheckConstraint(
                name="a_round_is_front_main_or_last_offers",
                condition=models.Q(phase=1)
                | models.Q(phase=0, restricted=False)
                | models.Q(phase=2, restricted=True, published_at=None),
            ),
            models.CheckConstraint(
                name="opening_never_before_deadline",
                condition=models.Q(opened_at__isnull=True)
                | models.Q(opened_at__gte=models.F("bid_deadline")),
            ),
            models.CheckConstraint(
                name="closing_never_before_deadline",
                condition=models.Q(closed_at__isnull=True)
                | models.Q(closed_at__gte=models.F("bid_deadline")),
            ),
        ]
        indexes = [models.Index(fields=["stage"]), models.Index(fields=["-published_at"])]


class TenderFile(BusinessRow):
    """One published version of the tender file; append-only."""

    tender = models.ForeignKey(Tender, on_delete=models.PROTECT, related_name="files")
    version = models.PositiveSmallIntegerField()
    document = models.JSONField()
    lots = models.JSONField()
    #: what a clarification says beside the changed file: its text, questions and answers
    addendum = models.JSONField(default=dict)
    sha256 = models.CharField(max_length=64)
    issued_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="a_file_version_is_issued_once", fields=["centre_id", "tender", "version"]
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="file_versions_stay", operation=pgtrigger.Update | pgtrigger.Delete),
        ]


class ReviewConclusion(BusinessRow):
    """The tenderee's own fair-competition conclusion on a state of the file; append-only."""

    tender = models.ForeignKey(Tender, on_delete=models.PROTECT, related_name="conclusions")
    passed = models.BooleanField()
    opinion = models.TextField()
    document_sha256 = models.CharField(max_length=64)
    signature = models.CharField(max_length=32, blank=True)
    concluded_at = models.DateTimeField()

    class Meta:
        triggers = [
            pgtrigger.Protect(name="conclusions_stay", operation=pgtrigger.Update | pgtrigger.Delete),
        ]


class FormCheck(BusinessRow):
    """The centre's check of form 形式核验: complete, or what is missing, told once. It approves nothing."""

    tender = models.ForeignKey(Tender, on_delete=models.PROTECT, related_name="form_checks")
    complete = models.BooleanField()
    missing = models.JSONField(default=list)
    checked_at = models.DateTimeField()


class HoldRow(BusinessRow):
    """Something that stands beside the stage and stops moves until it is lifted."""

    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="holds")
    kind = models.CharField(max_length=20)
    reason = models.CharField(max_length=300)
    source = models.CharField(max_length=32, blank=True)
    since = models.DateTimeField()
    lifted_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["round"], condition=models.Q(lifted_at=None), name="holds_in_force")]


class Admission(BusinessRow):
    """An organisation that a front has let into a main round: qualified, invited and willing, or a proposer.

    Secret until the opening (招标投标法22): no page or operation lists these rows before it.
    """

    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="admissions")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="admissions")
    admitted_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="an_organisation_is_admitted_once", fields=["round", "organisation"]
            ),
        ]


class ProcurementPlan(BusinessRow):
    """What comes before the file of a government procurement: its published intent, and its filed plan."""

    tender = models.OneToOneField(Tender, on_delete=models.PROTECT, related_name="plan")
    #: what is to be bought, in general, and the month in which it is expected to begin
    needs = models.TextField()
    expected = models.CharField(max_length=7, blank=True)
    intent_at = models.DateTimeField(null=True)
    #: why no intent was published
    urgent = models.TextField(blank=True)
    #: number of the plan at the finance department, and what it says of small and medium enterprises
    number = models.CharField(max_length=60, blank=True)
    reserved = models.BooleanField(default=False)
    not_reserved = models.TextField(blank=True)
    filed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="a_plan_is_filed_after_an_intent_or_with_a_reason",
                condition=models.Q(filed_at=None) | models.Q(intent_at__isnull=False) | ~models.Q(urgent=""),
            ),
        ]


def large(round_: str) -> tuple[str, str]:
    """Return the columns that a list leaves in the database: the law stamp of a round and its tender's draft file.

    :param round_: the path from the listed row to its round
    """
    return f"{round_}__law", f"{round_}__lot__tender__document"
