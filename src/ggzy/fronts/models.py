"""What a front writes down: its notice and changes, objections, the review, results, and secret invitations."""

import pgtrigger
from django.db import models

from ggzy.experts.models import Draw, Member
from ggzy.identity.models import Signature
from ggzy.kernel.models import BusinessRow
from ggzy.parties.models import Organisation
from ggzy.tendering.models import Round


class Front(BusinessRow):
    """What a front round was begun with: its notice, until when the file is handed out, the owner's own words."""

    round = models.OneToOneField(Round, on_delete=models.PROTECT, related_name="front")
    #: until when the prequalification file is handed out; applications may come in after it
    file_until = models.DateTimeField(null=True)
    #: the notice's series: a clarification is a further version of it
    series = models.CharField(max_length=32, blank=True)
    #: the ground of an invitation (条例8), or the need described in the first stage (条例30)
    ground = models.CharField(max_length=16, blank=True)
    text = models.TextField(blank=True)
    stated_at = models.DateTimeField(null=True)


class FrontClarification(BusinessRow):
    """One clarification of a prequalification file, with the deadline before and after; append-only."""

    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="front_clarifications")
    text = models.TextField()
    affects_applications = models.BooleanField()
    deadline_before = models.DateTimeField()
    deadline_after = models.DateTimeField()
    clarified_at = models.DateTimeField()

    class Meta:
        triggers = [
            pgtrigger.Protect(name="front_clarifications_stay", operation=pgtrigger.Update | pgtrigger.Delete)
        ]


class FrontObjection(BusinessRow):
    """One objection to a prequalification file (条例22). Who objects is secret: it is a possible applicant."""

    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="front_objections")
    objector = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    text = models.TextField()
    filed_at = models.DateTimeField()
    late = models.BooleanField()
    answer_due_at = models.DateTimeField()
    answer = models.TextField(blank=True)
    answered_at = models.DateTimeField(null=True)


class QualificationReview(BusinessRow):
    """The review of one front by one committee."""

    REVIEWING, SIGNING, DONE = "reviewing", "signing", "done"

    round = models.OneToOneField(Round, on_delete=models.PROTECT, related_name="qualification_review")
    draw = models.ForeignKey(Draw, on_delete=models.PROTECT, related_name="qualification_reviews")
    step = models.CharField(max_length=12)
    started_at = models.DateTimeField()
    report = models.JSONField(null=True)
    report_sha256 = models.CharField(max_length=64, blank=True)
    reported_at = models.DateTimeField(null=True)


class QualificationSheet(BusinessRow):
    """One member's sheet of a review; once handed in it stays."""

    review = models.ForeignKey(QualificationReview, on_delete=models.PROTECT, related_name="sheets")
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="qualification_sheets")
    content = models.JSONField()
    handed_in_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="a_qualification_sheet_is_handed_in_once", fields=["review", "member"]
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="qualification_sheets_stay", operation=pgtrigger.Update | pgtrigger.Delete)
        ]


class QualificationSignature(BusinessRow):
    """One member's signature on the report of a review, with a dissent if there is one."""

    review = models.ForeignKey(QualificationReview, on_delete=models.PROTECT, related_name="signatures")
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="qualification_signatures")
    signature = models.ForeignKey(Signature, on_delete=models.PROTECT)
    dissent = models.TextField(blank=True)
    signed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="a_member_signs_a_review_once", fields=["review", "member"]),
        ]


class QualificationResult(BusinessRow):
    """What one applicant was told: passed or not, with its own reasons and nobody else's; append-only."""

    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="qualification_results")
    applicant = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    passed = models.BooleanField()
    reasons = models.JSONField(default=list)
    sent_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="an_applicant_has_one_result", fields=["round", "applicant"]),
        ]
        triggers = [
            pgtrigger.Protect(
                name="qualification_results_stay", operation=pgtrigger.Update | pgtrigger.Delete
            )
        ]


class InviteeDraw(BusinessRow):
    """The draw of those invited among the qualified (87号令第十四条): its list is frozen before the seeds are given."""

    round = models.OneToOneField(Round, on_delete=models.PROTECT, related_name="invitee_draw")
    list_sha256 = models.CharField(max_length=64)
    frozen_at = models.DateTimeField()
    #: who of the buyer's staff watched
    witnesses = models.JSONField(default=list)
    #: the seeds of the review committee's draw, joined, in hex
    randomness = models.TextField(blank=True)
    drawn_at = models.DateTimeField(null=True)


class DrawLabel(BusinessRow):
    """One application on the list of a draw, under a salted label that names nobody; append-only."""

    draw = models.ForeignKey(InviteeDraw, on_delete=models.PROTECT, related_name="labels")
    applicant = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    package = models.CharField(max_length=32)
    salt = models.CharField(max_length=64)
    label = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="an_application_is_drawn_from_once", fields=["draw", "package"]),
        ]
        triggers = [pgtrigger.Protect(name="draw_labels_stay", operation=pgtrigger.Update | pgtrigger.Delete)]


class InvitationFinding(BusinessRow):
    """What the authority found on the ground of an invitation (条例8); append-only."""

    round = models.OneToOneField(Round, on_delete=models.PROTECT, related_name="invitation_finding")
    approved = models.BooleanField()
    opinion = models.TextField()
    document_number = models.CharField(max_length=100)
    found_at = models.DateTimeField()

    class Meta:
        triggers = [
            pgtrigger.Protect(name="invitation_findings_stay", operation=pgtrigger.Update | pgtrigger.Delete)
        ]


class Invitation(BusinessRow):
    """One invitee of one front. The owner side knows whom it invited; who accepted, only the invitee and the platform."""

    LISTED, SENT, ACCEPTED, DECLINED = "listed", "sent", "accepted", "declined"

    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="invitations")
    invitee = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="invitations")
    state = models.CharField(max_length=10)
    sent_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="an_organisation_is_invited_once", fields=["round", "invitee"]),
        ]
        indexes = [models.Index(fields=["invitee", "state"])]
