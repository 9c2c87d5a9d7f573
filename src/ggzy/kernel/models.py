"""Shapes every context shares: the business row, the centre's clock, remembered answers."""

from typing import Any

from django.conf import settings
from django.db import models

from ggzy.kernel.ids import new_public_id


def _centre() -> str:
    return settings.CENTRE_ID


def _region() -> str:
    return settings.CENTRE_REGION


class FilledByTheProduct(models.CharField):
    """A text whose default is a function of ours; migrations see a plain CharField (they import nothing of ours)."""

    def deconstruct(self) -> tuple[str, str, list[Any], dict[str, Any]]:
        """Return the field as migrations may know it."""
        name, _, args, kwargs = super().deconstruct()
        kwargs.pop("default", None)
        return name, "django.db.models.CharField", args, kwargs


class BusinessRow(models.Model):
    """Base of each business table: the centre and region it belongs to, and an id that tells nothing."""

    centre_id = FilledByTheProduct(max_length=32, default=_centre)
    region_code = FilledByTheProduct(max_length=9, default=_region)
    public_id = FilledByTheProduct(max_length=32, default=new_public_id, unique=True, editable=False)

    class Meta:
        abstract = True


class Clock(models.Model):
    """The legal clock of a training centre: legal = anchor_legal + (real - anchor_real) × speed.

    A production centre has no row. A trigger refuses any change that would move the clock backwards.
    """

    centre_id = models.CharField(max_length=32, primary_key=True)
    anchor_real = models.DateTimeField()
    anchor_legal = models.DateTimeField()
    speed = models.DecimalField(max_digits=9, decimal_places=3)

    class Meta:
        constraints = [
            models.CheckConstraint(name="the_clock_never_stands_still", condition=models.Q(speed__gte=1)),
        ]


class Leap(models.Model):
    """A stretch of legal time that the training clock jumped over; written by a trigger whenever the clock is moved."""

    centre_id = models.CharField(max_length=32)
    since = models.DateTimeField()
    until = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["centre_id", "since"], name="leaps_in_order")]


class Pulse(models.Model):
    """The last sign of life of the web process: when it last wrote to the database (real time); `ggzy_beat` writes it."""

    centre_id = models.CharField(max_length=32, primary_key=True)
    beat_at = models.DateTimeField()


class Silence(models.Model):
    """A time in which the platform could not be reached: from its last sign of life to the next; written by `ggzy_beat`."""

    centre_id = models.CharField(max_length=32)
    since = models.DateTimeField()
    until = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="a_silence_ends_after_it_began", condition=models.Q(until__gt=models.F("since"))
            ),
        ]
        indexes = [models.Index(fields=["centre_id", "-until"], name="silences_newest_first")]


class RememberedAnswer(models.Model):
    """What a write with an Idempotency-Key was answered, so that the second try gets the same answer."""

    actor = models.CharField(max_length=64)
    key = models.CharField(max_length=128)
    request_hash = models.CharField(max_length=64)
    body = models.JSONField(null=True)
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(name="one_answer_per_key", fields=["actor", "key"])]
