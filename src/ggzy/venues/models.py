"""The rooms of a centre, who serves in them, and their bookings: two bookings of one seat or person cannot exist."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateTimeRangeField, IntegerRangeField
from django.contrib.postgres.fields.ranges import RangeOperators
from django.db import models

from ggzy.kernel.models import BusinessRow
from ggzy.kernel.secrets import PersonalField
from ggzy.parties.models import Account, Organisation


class Room(BusinessRow):
    """A room of the centre: for openings, or for evaluations with its seats."""

    OPENING, EVALUATION = "opening", "evaluation"

    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=10)
    seats = models.PositiveSmallIntegerField()
    #: seats in one row, where seats stand in rows as booths do; 0: one row
    columns = models.PositiveSmallIntegerField(default=0)
    place = models.CharField(max_length=200)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="a_room_has_one_name", fields=["centre_id", "name"]),
            models.CheckConstraint(name="a_room_has_a_seat", condition=models.Q(seats__gt=0)),
        ]


class Staff(BusinessRow):
    """Somebody of the centre who serves openings and evaluations, or witnesses them."""

    HOST, WITNESS = "host", "witness"

    name = PersonalField()
    role = models.CharField(max_length=8)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+", null=True)
    #: 一人多标: watches several sessions on one wall, so that being booked once does not exclude a second time
    many = models.BooleanField(default=False)
    active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="only_a_witness_watches_many", condition=models.Q(many=False) | models.Q(role="witness")
            ),
        ]


class Booking(BusinessRow):
    """A room, or neighbouring seats of it, for some rounds of one tender; released bookings stay as history.

    Tender and rounds are public ids: whose they are is told by the caller (`owners`), since tenders live above.
    """

    OPENING, EVALUATION = "opening", "evaluation"
    BOOKED, RELEASED = "booked", "released"

    tender = models.CharField(max_length=32)
    ocid = models.CharField(max_length=80)
    rounds = ArrayField(models.CharField(max_length=32))
    title = models.CharField(max_length=300)
    owners = ArrayField(models.BigIntegerField())
    purpose = models.CharField(max_length=10)
    room = models.ForeignKey(Room, on_delete=models.PROTECT, related_name="bookings")
    whole_room = models.BooleanField()
    #: how many people must find a seat, so that another room can be judged when the booking moves
    least = models.PositiveSmallIntegerField(default=1)
    seats = IntegerRangeField()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    #: from the start to the end and the buffer after it: what nobody else may have
    blocked = DateTimeRangeField()
    state = models.CharField(max_length=8, default=BOOKED)
    booked_by = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    booked_at = models.DateTimeField()
    released_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="a_seat_is_booked_once_at_a_time",
                expressions=[
                    ("room", RangeOperators.EQUAL),
                    ("seats", RangeOperators.OVERLAPS),
                    ("blocked", RangeOperators.OVERLAPS),
                ],
                condition=models.Q(state="booked"),
            ),
            models.CheckConstraint(
                name="a_booking_ends_after_it_starts", condition=models.Q(ends_at__gt=models.F("starts_at"))
            ),
            models.CheckConstraint(
                name="a_booking_blocks_its_time",
                condition=models.Q(blocked__startswith=models.F("starts_at"))
                & models.Q(blocked__endswith__gte=models.F("ends_at")),
            ),
            models.CheckConstraint(
                name="a_released_booking_says_when",
                condition=models.Q(state="booked", released_at__isnull=True)
                | models.Q(state="released", released_at__isnull=False),
            ),
        ]
        indexes = [models.Index(fields=["tender"]), models.Index(fields=["starts_at"])]


class Duty(BusinessRow):
    """One person's part in a booking; who watches alone cannot be in two places."""

    booking = models.ForeignKey(Booking, on_delete=models.PROTECT, related_name="duties")
    staff = models.ForeignKey(Staff, on_delete=models.PROTECT, related_name="duties")
    blocked = DateTimeRangeField()
    live = models.BooleanField(default=True)
    alone = models.BooleanField()

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="a_person_is_in_one_place_at_a_time",
                expressions=[("staff", RangeOperators.EQUAL), ("blocked", RangeOperators.OVERLAPS)],
                condition=models.Q(live=True, alone=True),
            ),
            models.UniqueConstraint(name="a_person_serves_a_booking_once", fields=["booking", "staff"]),
        ]
