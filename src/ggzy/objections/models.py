"""Objections 异议 to a tender file or an evaluation result (工程建设)."""

from django.db import models

from ggzy.kernel.models import BusinessRow
from ggzy.parties.models import Organisation
from ggzy.tendering.models import Round


class Objection(BusinessRow):
    """One objection; until it is answered the round is held."""

    FILE, RESULT = "file", "result"

    about = models.CharField(max_length=6, default="result")
    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="objections")
    objector = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="objections")
    text = models.TextField()
    filed_at = models.DateTimeField()
    answer_due_at = models.DateTimeField()
    answer = models.TextField(blank=True)
    answered_at = models.DateTimeField(null=True)
    upheld = models.BooleanField(default=False)
    #: raised after its last day: answered all the same, but it holds nothing
    late = models.BooleanField(default=False)
    #: taken back by who raised it, before the answer
    withdrawn_at = models.DateTimeField(null=True)


class Disputed(BusinessRow):
    """What a challenge or a complaint is about: a round, or a purchase that has none; names as they stood."""

    #: "round", or what its context registered
    kind = models.CharField(max_length=16)
    #: its public id, and the round where it is one
    of = models.CharField(max_length=32)
    round = models.ForeignKey(Round, on_delete=models.PROTECT, null=True, related_name="%(class)ss")
    name = models.CharField(max_length=420)
    #: where everybody reads of it
    page = models.CharField(max_length=100)
    buyer = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    agency = models.ForeignKey(Organisation, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        abstract = True


class Challenge(Disputed):
    """One challenge 质疑 of a supplier in government procurement; of its result it holds the contract until answered."""

    FILE, OPENING, RESULT, PREQUALIFICATION = "file", "opening", "result", "prequalification"
    ADMISSION, FIRST = "admission", "first"

    about = models.CharField(max_length=16)
    #: when the step happened: what is decided anew may be challenged anew
    step_at = models.DateTimeField()
    challenger = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="challenges")
    #: what is challenged, the facts, the clauses it rests on, and what is asked for (94号令12)
    matter = models.TextField()
    facts = models.TextField()
    law = models.TextField(blank=True)
    request = models.TextField()
    filed_at = models.DateTimeField()
    answer_due_at = models.DateTimeField()
    answer = models.TextField(blank=True)
    answered_at = models.DateTimeField(null=True)
    #: unfounded, upheld without effect on the result, another winner, or procured anew
    outcome = models.CharField(max_length=12, blank=True)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="a_matter_is_challenged_once",
                fields=["of", "challenger", "about", "step_at"],
                condition=models.Q(withdrawn_at=None),
            ),
            models.CheckConstraint(
                name="a_challenge_ends_once",
                condition=models.Q(answered_at__isnull=True) | models.Q(withdrawn_at__isnull=True),
            ),
            models.CheckConstraint(
                name="a_challenge_of_a_round_names_it",
                condition=models.Q(kind="round", round__isnull=False)
                | ~models.Q(kind="round") & models.Q(round__isnull=True),
            ),
        ]


class ProceedingHold(BusinessRow):
    """Something that stands beside the stage of a purchase without rounds and stops moves until it is lifted."""

    of = models.CharField(max_length=32)
    kind = models.CharField(max_length=20)
    reason = models.CharField(max_length=300)
    source = models.CharField(max_length=32)
    since = models.DateTimeField()
    lifted_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["of"], condition=models.Q(lifted_at=None), name="proceeding_holds_in_force")
        ]
