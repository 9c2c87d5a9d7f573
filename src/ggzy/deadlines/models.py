"""Running legal clocks: one indexed next moment each; the effect happens in the transaction that claims it."""

from django.db import models

from ggzy.kernel.models import BusinessRow


class Timer(BusinessRow):
    """At `due_at` (legal time) `kind` happens to `subject`, once."""

    kind = models.CharField(max_length=40)
    subject = models.CharField(max_length=32)
    due_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    not_before = models.DateTimeField(null=True)
    trouble = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_timer_of_a_kind_runs",
                fields=["centre_id", "kind", "subject"],
                condition=models.Q(done_at=None),
            )
        ]
        indexes = [models.Index(fields=["due_at"], condition=models.Q(done_at=None), name="timers_that_run")]
