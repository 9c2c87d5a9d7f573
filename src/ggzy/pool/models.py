"""An expert's file in the pool: states, training, exams, ratings, suspensions, leave, and fees."""

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models

from ggzy.committees.models import Meeting
from ggzy.experts.models import Away, Candidate, Expert, Member
from ggzy.kernel.models import BusinessRow
from ggzy.kernel.secrets import PersonalField
from ggzy.parties.models import Account

_STAY = pgtrigger.Update | pgtrigger.Delete


class ExpertFile(BusinessRow):
    """What the pool keeps of an expert; what identifies the person stands encrypted, here or with the account's person."""

    expert = models.OneToOneField(Expert, on_delete=models.PROTECT, related_name="file")
    state = models.CharField(max_length=8)
    title = models.CharField(max_length=8)
    years = models.PositiveSmallIntegerField()
    #: {code of a specialty: [{"name", "sha256", "size"}] that prove it}
    proofs = models.JSONField(default=dict)
    bank_name = PersonalField(null=True)
    bank_account = PersonalField(null=True)
    face_at = models.DateTimeField(null=True)
    term_from = models.DateField(null=True)
    term_to = models.DateField(null=True)
    #: keeps the expert out of draws for sessions after the term
    after_term = models.OneToOneField(Away, on_delete=models.SET_NULL, null=True, related_name="+")
    applied_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["state"])]


class FileMove(BusinessRow):
    """One change of a file's state: which event, by whom, on what basis, why; append-only."""

    file = models.ForeignKey(ExpertFile, on_delete=models.PROTECT, related_name="moves")
    event = models.CharField(max_length=10)
    state = models.CharField(max_length=8)
    by = models.ForeignKey(Account, on_delete=models.PROTECT, null=True, related_name="+")
    basis = models.CharField(max_length=200, blank=True)
    reason = models.CharField(max_length=500, blank=True)
    made_at = models.DateTimeField()

    class Meta:
        triggers = [pgtrigger.Protect(name="file_moves_stay", operation=_STAY)]


class Training(BusinessRow):
    """A course an expert has taken, and its hours."""

    file = models.ForeignKey(ExpertFile, on_delete=models.PROTECT, related_name="trainings")
    course = models.CharField(max_length=100)
    hours = models.DecimalField(max_digits=5, decimal_places=1)
    held_on = models.DateField()
    kept_by = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(name="a_course_counts_once", fields=["file", "course", "held_on"]),
            models.CheckConstraint(name="a_course_has_hours", condition=models.Q(hours__gt=0)),
        ]


class ExamQuestion(BusinessRow):
    """A question of the bank; without a specialty it is for everybody. A changed question is a new one."""

    specialty = models.CharField(max_length=7, blank=True)
    text = models.CharField(max_length=500)
    options = models.JSONField()
    right = ArrayField(models.PositiveSmallIntegerField())
    active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="a_question_stands_once", fields=["centre_id", "specialty", "text"])
        ]


class Exam(BusinessRow):
    """One attempt: the paper as it was drawn, the answers, and the score that the server computed."""

    file = models.ForeignKey(ExpertFile, on_delete=models.PROTECT, related_name="exams")
    #: which admission it belongs to: attempts count anew after a return to the exam
    turn = models.PositiveSmallIntegerField()
    attempt = models.PositiveSmallIntegerField()
    #: [{"question", "order"}]
    paper = models.JSONField()
    answers = models.JSONField(default=dict)
    started_at = models.DateTimeField()
    due_at = models.DateTimeField()
    handed_in_at = models.DateTimeField(null=True)
    score = models.DecimalField(max_digits=4, decimal_places=1, null=True)
    passed = models.BooleanField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="an_attempt_has_its_number", fields=["file", "turn", "attempt"]),
            models.UniqueConstraint(
                name="one_exam_runs", fields=["file"], condition=models.Q(handed_in_at=None)
            ),
        ]


class Rating(BusinessRow):
    """What the owner side or the centre says of one member after a meeting 一标一评, and the points it costs."""

    OWNER, CENTRE = "owner", "centre"

    meeting = models.ForeignKey(Meeting, on_delete=models.PROTECT, related_name="ratings")
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="ratings")
    side = models.CharField(max_length=6)
    faults = ArrayField(models.CharField(max_length=10), default=list)
    points = models.PositiveSmallIntegerField()
    words = models.CharField(max_length=500, blank=True)
    by = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    rated_at = models.DateTimeField()
    #: an appeal was upheld: it costs nothing
    void = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(name="a_side_rates_once", fields=["member", "side"])]


class RatingBack(BusinessRow):
    """What a member says of the owner side and the centre after a meeting: 1 to 5 for each item."""

    member = models.OneToOneField(Member, on_delete=models.PROTECT, related_name="rating_back")
    marks = models.JSONField()
    words = models.CharField(max_length=500, blank=True)
    rated_at = models.DateTimeField()


class Suspension(BusinessRow):
    """A time in which an expert is not drawn, on a stated basis: a decision, its authority, its end, the way back."""

    PAUSE, BAN = "pause", "ban"

    file = models.ForeignKey(ExpertFile, on_delete=models.PROTECT, related_name="suspensions")
    kind = models.CharField(max_length=5)
    #: the number of the decision; for a pause by points, the rule
    basis = models.CharField(max_length=100)
    authority = models.CharField(max_length=100)
    reason = models.CharField(max_length=500)
    since = models.DateField()
    until = models.DateField(null=True)
    repair = models.CharField(max_length=500)
    by = models.ForeignKey(Account, on_delete=models.PROTECT, null=True, related_name="+")
    made_at = models.DateTimeField()
    lifted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="a_suspension_has_its_basis",
                condition=~models.Q(basis="") & ~models.Q(authority="") & ~models.Q(repair=""),
            ),
            models.CheckConstraint(
                name="a_suspension_ends_after_it_began",
                condition=models.Q(until=None) | models.Q(until__gte=models.F("since")),
            ),
        ]


class Appeal(BusinessRow):
    """An expert's appeal against a rating or a suspension, decided by somebody who did not make it."""

    file = models.ForeignKey(ExpertFile, on_delete=models.PROTECT, related_name="appeals")
    rating = models.ForeignKey(Rating, on_delete=models.PROTECT, null=True, related_name="appeals")
    suspension = models.ForeignKey(Suspension, on_delete=models.PROTECT, null=True, related_name="appeals")
    text = models.CharField(max_length=1000)
    filed_at = models.DateTimeField()
    upheld = models.BooleanField(null=True)
    opinion = models.CharField(max_length=500, blank=True)
    by = models.ForeignKey(Account, on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="an_appeal_is_against_one_thing",
                condition=models.Q(rating=None, suspension__isnull=False)
                | models.Q(rating__isnull=False, suspension=None),
            ),
            models.UniqueConstraint(name="a_rating_is_appealed_once", fields=["rating"]),
            models.UniqueConstraint(name="a_suspension_is_appealed_once", fields=["suspension"]),
        ]


class Leave(BusinessRow):
    """An expert's own leave; the draw reads the days of its absence."""

    file = models.ForeignKey(ExpertFile, on_delete=models.PROTECT, related_name="leaves")
    #: none once the leave was taken back before it began
    away = models.OneToOneField(Away, on_delete=models.SET_NULL, null=True, related_name="leave")
    since = models.DateField()
    until = models.DateField()
    asked_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)


class Assessment(BusinessRow):
    """The yearly assessment: hours of training, points left, sessions, and the grade that follows."""

    file = models.ForeignKey(ExpertFile, on_delete=models.PROTECT, related_name="assessments")
    year = models.PositiveSmallIntegerField()
    hours = models.DecimalField(max_digits=6, decimal_places=1)
    points_left = models.PositiveSmallIntegerField()
    sessions = models.PositiveSmallIntegerField()
    grade = models.CharField(max_length=4)
    by = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(name="a_year_is_assessed_once", fields=["file", "year"])]


class FeeSheet(BusinessRow):
    """What the experts of one meeting are due 劳务费, computed by the schedules in force and confirmed by the owner side."""

    meeting = models.OneToOneField(Meeting, on_delete=models.PROTECT, related_name="fee_sheet")
    #: the schedules it was computed by
    schedules = models.JSONField()
    total = models.DecimalField(max_digits=12, decimal_places=2)
    computed_at = models.DateTimeField()
    confirmed_by = models.ForeignKey(Account, on_delete=models.PROTECT, null=True, related_name="+")
    confirmed_at = models.DateTimeField(null=True)


class FeeLine(BusinessRow):
    """One expert's fee: how the person took part, the minutes present, the amount, and the bank's reference once paid."""

    sheet = models.ForeignKey(FeeSheet, on_delete=models.PROTECT, related_name="lines")
    candidate = models.ForeignKey(Candidate, on_delete=models.PROTECT, related_name="fees")
    #: the member's code; of who never checked in, the draw's label
    code = models.CharField(max_length=64)
    how = models.CharField(max_length=8)
    minutes = models.PositiveIntegerField()
    amount = models.DecimalField(max_digits=10, decimal_places=2)
    reference = models.CharField(max_length=64, blank=True)
    paid_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="a_fee_is_due_once", fields=["sheet", "candidate"]),
            models.CheckConstraint(
                name="a_payment_has_its_reference", condition=models.Q(paid_at=None) | ~models.Q(reference="")
            ),
        ]
