"""Cases of service, what is owed to them, grades, and whom somebody lets help."""

from django.db import models
from django.db.models import Q

from ggzy.kernel.models import BusinessRow
from ggzy.parties.models import Account, Organisation


class Case(BusinessRow):
    """One request 办件: from the moment it is handed in to the answer; another attempt is another case."""

    OPEN, DONE, MISSING, OWED, REFUSED = "open", "done", "missing", "owed", "refused"

    service = models.CharField(max_length=16)
    subject = models.CharField(max_length=32)
    number = models.PositiveSmallIntegerField(default=1)
    title = models.CharField(max_length=200)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, null=True, related_name="+")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=8, default=OPEN)
    opened_at = models.DateTimeField()
    due_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    #: who took it first answers for it to the end (首问负责)
    first = models.ForeignKey(Account, on_delete=models.PROTECT, null=True, related_name="+")
    missing = models.JSONField(default=list)
    because = models.CharField(max_length=300, blank=True)
    #: why it goes first (绿色通道), and the document that says so
    green = models.CharField(max_length=100, blank=True)
    green_basis = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="a_service_asked_once_at_a_time",
                fields=["centre_id", "service", "subject"],
                condition=Q(state="open"),
            ),
            models.UniqueConstraint(
                name="attempts_are_numbered_once", fields=["centre_id", "service", "subject", "number"]
            ),
            models.CheckConstraint(
                name="an_answered_case_says_when", condition=Q(state="open") ^ Q(answered_at__isnull=False)
            ),
        ]
        indexes = [
            models.Index(fields=["service", "-answered_at"]),
            models.Index(fields=["organisation", "-opened_at"]),
        ]


class Owed(BusinessRow):
    """Something that may be handed in later 容缺材料, promised by the applicant for a day, before the notice."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="owed")
    item = models.CharField(max_length=100)
    due_at = models.DateTimeField()
    promised_at = models.DateTimeField(null=True)
    promised_by = models.ForeignKey(Account, on_delete=models.PROTECT, null=True, related_name="+")
    supplied_at = models.DateTimeField(null=True)
    received_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(name="an_item_is_owed_once", fields=["case", "item"])]


class Grade(BusinessRow):
    """What an applicant thinks of an answered case 好差评; the clerk sees no name."""

    case = models.OneToOneField(Case, on_delete=models.PROTECT, related_name="grade")
    grade = models.PositiveSmallIntegerField()
    words = models.TextField(blank=True)
    given_at = models.DateTimeField()
    #: a bad one is looked into until then
    follow_up_due = models.DateTimeField(null=True)
    follow_up = models.TextField(blank=True)
    followed_up_at = models.DateTimeField(null=True)


class Help(BusinessRow):
    """Consent of one account that a named helper of the centre prepares for it 帮办代办; never what binds."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="helped")
    helper = models.ForeignKey(Account, on_delete=models.PROTECT, null=True, related_name="helping")
    #: it stands in the QR code that the helper scans
    token = models.CharField(max_length=43)
    wish = models.CharField(max_length=300)
    consented_at = models.DateTimeField()
    until = models.DateTimeField()
    taken_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["token"]), models.Index(fields=["account", "-consented_at"])]
