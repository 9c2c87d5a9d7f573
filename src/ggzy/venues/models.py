"""The rooms of a centre. Booking them comes with the tender desk; an online opening needs none."""

from django.db import models

from ggzy.kernel.models import BusinessRow


class Room(BusinessRow):
    """A room of the centre: for openings, or for evaluations with its seats."""

    OPENING, EVALUATION = "opening", "evaluation"

    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=10)
    seats = models.PositiveSmallIntegerField()
    place = models.CharField(max_length=200)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="a_room_has_one_name", fields=["centre_id", "name"]),
            models.CheckConstraint(name="a_room_has_a_seat", condition=models.Q(seats__gt=0)),
        ]
