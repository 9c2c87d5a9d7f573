"""What a witness saw. Nothing here changes a tender: a witness looks, writes down, reminds and tells the supervisor."""

import pgtrigger
from django.db import models

from ggzy.kernel.models import BusinessRow
from ggzy.parties.models import Account, Organisation
from ggzy.tendering.models import Round


class WitnessSession(BusinessRow):
    """The witnessing of one opening, draw or evaluation by one person."""

    WITNESSING, ENDED, REPORTED = "witnessing", "ended", "reported"

    kind = models.CharField(max_length=10)
    #: what is watched: the round of an opening or evaluation, the draw
    subject = models.CharField(max_length=32)
    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="+")
    witness = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, default=WITNESSING)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    report = models.CharField(max_length=64, blank=True)
    reported_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="a_session_is_witnessed_once", fields=["centre_id", "kind", "subject"]
            ),
            models.CheckConstraint(
                name="a_witness_session_moves_on",
                condition=models.Q(state="witnessing", ended_at=None, reported_at=None)
                | models.Q(state="ended", ended_at__isnull=False, reported_at=None)
                | models.Q(state="reported", ended_at__isnull=False, reported_at__isnull=False)
                & ~models.Q(report=""),
            ),
        ]
        indexes = [models.Index(fields=["-started_at"])]


class CheckMark(BusinessRow):
    """One item of the checklist as it was marked; the last mark counts, the earlier ones stay."""

    session = models.ForeignKey(WitnessSession, on_delete=models.PROTECT, related_name="marks")
    item = models.CharField(max_length=20)
    result = models.CharField(max_length=3)
    note = models.CharField(max_length=500, blank=True)
    marked_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="a_mark_is_yes_no_or_na", condition=models.Q(result__in=["yes", "no", "na"])
            ),
        ]
        triggers = [pgtrigger.Protect(name="marks_stay", operation=pgtrigger.Update | pgtrigger.Delete)]


class Incident(BusinessRow):
    """Something out of order 异常, as it was written down; files by their hash. Only its acknowledgement is added."""

    session = models.ForeignKey(WitnessSession, on_delete=models.PROTECT, related_name="incidents")
    kind = models.CharField(max_length=12)
    text = models.TextField()
    happened_at = models.DateTimeField()
    registered_at = models.DateTimeField()
    #: [{sha256, name, size}]
    evidence = models.JSONField(default=list)
    notified_at = models.DateTimeField(null=True)
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+", null=True)
    opinion = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="an_incident_happened_before_it_was_registered",
                condition=models.Q(happened_at__lte=models.F("registered_at")),
            ),
            models.CheckConstraint(
                name="only_what_was_told_is_acknowledged",
                condition=models.Q(acknowledged_at=None) | models.Q(notified_at__isnull=False),
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="incidents_stay", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(
                name="what_was_registered_stays",
                fields=["session", "kind", "text", "happened_at", "registered_at", "evidence"],
            ),
        ]


class Reminder(BusinessRow):
    """What the witness reminded the owner side of."""

    session = models.ForeignKey(WitnessSession, on_delete=models.PROTECT, related_name="reminders")
    text = models.CharField(max_length=500)
    sent_at = models.DateTimeField()

    class Meta:
        triggers = [pgtrigger.Protect(name="reminders_stay", operation=pgtrigger.Update | pgtrigger.Delete)]
