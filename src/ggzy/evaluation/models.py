"""Sheets of the members, and the report. Sheets are never public."""

import pgtrigger
from django.db import models

from ggzy.bidding.models import Bid
from ggzy.experts.models import Draw, Member
from ggzy.identity.models import Signature
from ggzy.kernel.models import BusinessRow
from ggzy.parties.models import Account
from ggzy.tendering.models import Round


class Evaluation(BusinessRow):
    """One sitting of a committee on one round: the first, or a later one with its cause and its scope."""

    #: with two envelopes DETAILED and SUMMARY come first, then SECOND waits for the opening of prices, then OFFERS;
    #: in a negotiated procurement the group talks at TALKS, until the last offers are revealed
    (
        LEADER,
        PRELIMINARY,
        COMPETITION,
        TALKS,
        PRICE,
        DETAILED,
        SUMMARY,
        SECOND,
        OFFERS,
        FINDINGS,
        SIGNING,
        DONE,
    ) = (
        "leader",
        "preliminary",
        "competition",
        "talks",
        "price",
        "detailed",
        "summary",
        "second",
        "offers",
        "findings",
        "signing",
        "done",
    )

    FIRST, ERRORS, OBJECTION, CHANGE = "first", "errors", "objection", "change"

    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="evaluations")
    number = models.PositiveSmallIntegerField(default=1)
    cause = models.CharField(max_length=10, default="first")
    #: what a later sitting looks at again, and nothing else
    scope = models.TextField(blank=True)
    draw = models.ForeignKey(Draw, on_delete=models.PROTECT, related_name="evaluations")
    step = models.CharField(max_length=12)
    started_at = models.DateTimeField()
    #: from which each member's own codes of dark bids follow; told to nobody before the report is compiled
    dark_salt = models.CharField(max_length=64, blank=True)
    #: after the preliminary review: {bid: [reasons]} of the rejected
    rejected = models.JSONField(default=dict)
    report = models.JSONField(null=True)
    report_sha256 = models.CharField(max_length=64, blank=True)
    report_pdf = models.CharField(max_length=64, blank=True)
    reported_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="sittings_are_numbered_once", fields=["round", "number"]),
            models.UniqueConstraint(
                name="one_sitting_at_a_time", fields=["round"], condition=~models.Q(step="done")
            ),
        ]


class Qualification(BusinessRow):
    """The buyer's own check of who is qualified, after the opening (87号令第四十四条); it stays once it is concluded."""

    round = models.OneToOneField(Round, on_delete=models.PROTECT, related_name="qualification")
    #: {bid: {requirement: {"passes": bool, "reason": str}}}
    results = models.JSONField(default=dict)
    #: {bid: {"clean": bool, "source": where it was looked up, "at": when}}
    credit = models.JSONField(default=dict)
    #: {bid: [reasons]} of those who are not qualified
    unqualified = models.JSONField(default=dict)
    saved_at = models.DateTimeField()
    concluded_at = models.DateTimeField(null=True)
    signature = models.ForeignKey(Signature, on_delete=models.PROTECT, null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="a_qualification_is_signed",
                condition=models.Q(concluded_at=None) | models.Q(signature__isnull=False),
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="concluded_qualifications_stay",
                operation=pgtrigger.Update | pgtrigger.Delete,
                condition=pgtrigger.Q(old__concluded_at__isnull=False),
            ),
        ]


class Talk(BusinessRow):
    """What the group and one supplier talked about 磋商(谈判)记录; append-only, a later talk is a further row."""

    evaluation = models.ForeignKey(Evaluation, on_delete=models.PROTECT, related_name="talks")
    bid = models.ForeignKey(Bid, on_delete=models.PROTECT, related_name="talks")
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    text = models.TextField()
    talked_at = models.DateTimeField()

    class Meta:
        triggers = [pgtrigger.Protect(name="talks_stay", operation=pgtrigger.Update | pgtrigger.Delete)]


class Leave(BusinessRow):
    """A supplier that left the talks before its last offer 退出磋商(谈判); once, and for good."""

    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="leaves")
    bid = models.OneToOneField(Bid, on_delete=models.PROTECT, related_name="leave")
    reason = models.CharField(max_length=1000)
    left_at = models.DateTimeField()

    class Meta:
        triggers = [pgtrigger.Protect(name="leaves_stay", operation=pgtrigger.Update | pgtrigger.Delete)]


class RequirementChange(BusinessRow):
    """A change of what is asked for 实质性变动, proposed by the group; it counts once the buyer has confirmed it."""

    PROPOSED, CONFIRMED, REFUSED = "proposed", "confirmed", "refused"

    evaluation = models.ForeignKey(Evaluation, on_delete=models.PROTECT, related_name="changes")
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    text = models.TextField()
    proposed_at = models.DateTimeField()
    state = models.CharField(max_length=10, default="proposed")
    reason = models.CharField(max_length=1000, blank=True)
    decided_by = models.ForeignKey(Account, on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_change_waits_at_a_time", fields=["evaluation"], condition=models.Q(state="proposed")
            ),
            models.CheckConstraint(
                name="a_change_is_decided_by_somebody",
                condition=models.Q(state="proposed", decided_at=None)
                | models.Q(decided_at__isnull=False, decided_by__isnull=False),
            ),
        ]


class DarkCopy(BusinessRow):
    """A bid's file as members see it while they do not know whose it is."""

    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="dark_copies")
    bid = models.ForeignKey(Bid, on_delete=models.PROTECT, related_name="dark_copies")
    name = models.CharField(max_length=40)
    source = models.CharField(max_length=64)
    #: "" where the file could not be read; `trouble` says why
    sha256 = models.CharField(max_length=64, blank=True)
    trouble = models.CharField(max_length=200, blank=True)
    leaks = models.JSONField(default=list)
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="a_file_is_stripped_once", fields=["bid", "name"]),
        ]


class Reopening(BusinessRow):
    """A tenderee's request that the committee judge again, on grounds the law knows; a second person unlocks it."""

    ASKED, UNLOCKED, REFUSED = "asked", "unlocked", "refused"

    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="reopenings")
    cause = models.CharField(max_length=10)
    scope = models.TextField()
    asked_by = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    state = models.CharField(max_length=8, default="asked")
    decided_by = models.ForeignKey(Account, on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=1000, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_request_waits_at_a_time", fields=["round"], condition=models.Q(state="asked")
            ),
            models.CheckConstraint(
                name="two_persons_unlock",
                condition=models.Q(decided_by=None) | ~models.Q(decided_by=models.F("asked_by")),
            ),
        ]


class Sheet(BusinessRow):
    """One member's sheet of one kind; once handed in it stays, a corrected one is a further version."""

    evaluation = models.ForeignKey(Evaluation, on_delete=models.PROTECT, related_name="sheets")
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="sheets")
    kind = models.CharField(max_length=12)
    version = models.PositiveSmallIntegerField(default=1)
    #: digest of what the sheet judges; when that changes (a member was replaced), it has to be judged again
    basis = models.CharField(max_length=64, blank=True)
    content = models.JSONField()
    #: reasons beside points: {bid: {criterion: text}}
    notes = models.JSONField(default=dict)
    handed_in_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="a_sheet_is_handed_in_once", fields=["evaluation", "member", "kind", "version"]
            ),
        ]
        triggers = [pgtrigger.Protect(name="sheets_stay", operation=pgtrigger.Update | pgtrigger.Delete)]


class Draft(BusinessRow):
    """What a member has entered and not handed in: for that member alone, gone when the sheet is handed in."""

    evaluation = models.ForeignKey(Evaluation, on_delete=models.PROTECT, related_name="drafts")
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="drafts")
    kind = models.CharField(max_length=12)
    #: {field of the form: text}
    content = models.JSONField(default=dict)
    saved_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="one_draft_of_a_kind", fields=["evaluation", "member", "kind"]),
        ]


class ReportSignature(BusinessRow):
    """One member's signature on the report, with a dissent if there is one (条例53)."""

    evaluation = models.ForeignKey(Evaluation, on_delete=models.PROTECT, related_name="signatures")
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="signatures")
    #: which report: a member replaced during signing makes another one
    report_sha256 = models.CharField(max_length=64, default="")
    #: None: refused to sign and to write why, which counts as agreement (条例53)
    signature = models.ForeignKey(Signature, on_delete=models.PROTECT, null=True)
    dissent = models.TextField(blank=True)
    signed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="a_member_signs_a_report_once", fields=["evaluation", "member", "report_sha256"]
            ),
        ]


class Stoppage(BusinessRow):
    """A member's written statement that the file is so flawed that the evaluation has to stop; others sign the same one."""

    evaluation = models.ForeignKey(Evaluation, on_delete=models.PROTECT, related_name="stoppages")
    number = models.PositiveSmallIntegerField()
    #: the flaw (`flawed.FLAWS`)
    ground = models.CharField(max_length=10)
    text = models.TextField()
    proposed_by = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    #: when more than half of the members had signed it, which stopped the evaluation
    carried_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="statements_are_numbered_once", fields=["evaluation", "number"]),
            models.UniqueConstraint(
                name="one_statement_stops",
                fields=["evaluation"],
                condition=models.Q(carried_at__isnull=False),
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="statements_stay", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(
                name="statements_say_what_was_signed",
                fields=["evaluation", "number", "ground", "text", "proposed_by", "proposed_at"],
            ),
        ]


class StoppageSignature(BusinessRow):
    """One member's signature on a statement that stops the evaluation."""

    stoppage = models.ForeignKey(Stoppage, on_delete=models.PROTECT, related_name="signatures")
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    signature = models.ForeignKey(Signature, on_delete=models.PROTECT)
    signed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="a_member_signs_a_statement_once", fields=["stoppage", "member"]),
        ]
        triggers = [
            pgtrigger.Protect(
                name="signatures_on_statements_stay", operation=pgtrigger.Update | pgtrigger.Delete
            )
        ]
