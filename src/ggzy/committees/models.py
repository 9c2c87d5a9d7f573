"""A committee at work: where its members sit, who leads it, what it writes to each other and asks bidders, who was away."""

import pgtrigger
from django.db import models

from ggzy.bidding.models import Bid
from ggzy.experts.models import Draw, Member
from ggzy.identity.models import Signature
from ggzy.kernel.models import BusinessRow
from ggzy.parties.models import Organisation
from ggzy.tendering.models import Round

_STAY = pgtrigger.Update | pgtrigger.Delete


class Meeting(BusinessRow):
    """One committee's meeting 评标会, for all lots it evaluates: in one room, in booths, or at several centres."""

    ROOM, BOOTH, REMOTE = "room", "booth", "remote"

    draw = models.OneToOneField(Draw, on_delete=models.PROTECT, related_name="meeting")
    form = models.CharField(max_length=6, default="room")
    planned_at = models.DateTimeField()
    leader = models.ForeignKey(Member, on_delete=models.PROTECT, null=True, related_name="+")
    #: the turn in which a leader is voted for: the next after a tie, or when the leader was replaced
    turn = models.PositiveSmallIntegerField(default=1)
    paused_at = models.DateTimeField(null=True)
    pause_reason = models.CharField(max_length=300, blank=True)
    ended_at = models.DateTimeField(null=True)


class Site(BusinessRow):
    """Where members of a meeting sit: a hall of this centre, or of another one that was asked (主场, 副场)."""

    MAIN, SUB = "main", "sub"
    ASKED, REFUSED, BOOKED, READY, RUNNING, CUT_OFF, FINISHED, CANCELLED, SETTLED = (
        "asked",
        "refused",
        "booked",
        "ready",
        "running",
        "cut_off",
        "finished",
        "cancelled",
        "settled",
    )

    meeting = models.ForeignKey(Meeting, on_delete=models.PROTECT, related_name="sites")
    role = models.CharField(max_length=4)
    centre = models.ForeignKey(Organisation, on_delete=models.PROTECT, null=True, related_name="+")
    #: the centre's own word for the hall; seats of one hall are shared by all meetings in it
    hall = models.CharField(max_length=100, blank=True)
    seats = models.PositiveSmallIntegerField(default=0)
    #: how many seats stand in one row of the hall; 0: one row
    columns = models.PositiveSmallIntegerField(default=0)
    #: how many members shall sit here
    members = models.PositiveSmallIntegerField()
    starts_at = models.DateTimeField(null=True)
    state = models.CharField(max_length=9)
    answer = models.CharField(max_length=300, blank=True)
    #: what was tried before the start: {computer, network, microphone, loudspeaker, camera: true/false}
    checks = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="a_meeting_has_one_main_site", fields=["meeting"], condition=models.Q(role="main")
            ),
            models.UniqueConstraint(
                name="a_centre_is_asked_once",
                fields=["meeting", "centre"],
                condition=~models.Q(state__in=["refused", "cancelled"]),
            ),
        ]


class Seat(BusinessRow):
    """The seat 工位 that a member drew at check-in."""

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="places")
    member = models.OneToOneField(Member, on_delete=models.PROTECT, related_name="seat")
    #: centre and hall in one text: two halls of one name are two halls
    hall = models.CharField(max_length=140)
    number = models.PositiveSmallIntegerField()
    live = models.BooleanField(default=True)
    drawn_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="a_seat_is_taken_once", fields=["hall", "number"], condition=models.Q(live=True)
            ),
        ]


class Oath(BusinessRow):
    """A member's signed 承诺书, with what the face check said."""

    member = models.OneToOneField(Member, on_delete=models.PROTECT, related_name="oath")
    signature = models.ForeignKey(Signature, on_delete=models.PROTECT, related_name="+")
    face = models.JSONField()
    signed_at = models.DateTimeField()

    class Meta:
        triggers = [pgtrigger.Protect(name="oaths_stay", operation=_STAY)]


class Ballot(BusinessRow):
    """One member's vote for a leader 组长 in one turn; a tie is voted on again."""

    meeting = models.ForeignKey(Meeting, on_delete=models.PROTECT, related_name="ballots")
    turn = models.PositiveSmallIntegerField()
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    choice = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    cast_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="one_ballot_a_turn", fields=["meeting", "turn", "member"]),
        ]
        triggers = [pgtrigger.Protect(name="ballots_stay", operation=_STAY)]


class Message(BusinessRow):
    """What a member wrote to the others: the only discussion there is in booths and between centres."""

    meeting = models.ForeignKey(Meeting, on_delete=models.PROTECT, related_name="messages")
    round = models.ForeignKey(Round, on_delete=models.PROTECT, null=True, related_name="+")
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    text = models.TextField()
    sent_at = models.DateTimeField()

    class Meta:
        triggers = [pgtrigger.Protect(name="messages_stay", operation=_STAY)]


class Absence(BusinessRow):
    """A member away for a while: a break, lost without word, or cut off with the whole site."""

    BREAK, LOST, SITE = "break", "lost", "site"

    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="absences")
    kind = models.CharField(max_length=5)
    reason = models.CharField(max_length=300, blank=True)
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_absence_at_a_time", fields=["member"], condition=models.Q(ended_at=None)
            ),
        ]


class Clarification(BusinessRow):
    """A written question of the committee to one bidder, and its signed answer (条例52). Neither sees who the other is."""

    ASKED, ANSWERED, EXPIRED = "asked", "answered", "expired"
    UNCLEAR, ARITHMETIC, LOW_PRICE = "unclear", "arithmetic", "low_price"

    meeting = models.ForeignKey(Meeting, on_delete=models.PROTECT, related_name="clarifications")
    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="clarifications")
    bid = models.ForeignKey(Bid, on_delete=models.PROTECT, related_name="clarifications")
    ground = models.CharField(max_length=10)
    text = models.TextField()
    asked_by = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    due_at = models.DateTimeField()
    state = models.CharField(max_length=8, default="asked")
    answer = models.TextField(blank=True)
    signature = models.ForeignKey(Signature, on_delete=models.PROTECT, null=True, related_name="+")
    answered_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="an_answer_is_signed",
                condition=models.Q(state="answered", signature__isnull=False, answered_at__isnull=False)
                | models.Q(state__in=["asked", "expired"], signature=None, answered_at=None),
            ),
        ]
        indexes = [models.Index(fields=["round", "bid"])]
