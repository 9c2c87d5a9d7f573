"""Tables of the log. What may change in a row is said by triggers.py, in the database."""

from django.db import models
from django.db.models import Q

from ggzy.evidence import triggers
from ggzy.kernel.models import BusinessRow


class EscrowBatch(BusinessRow):
    """One tree of 1,024 slots: real entries in random slots, fillers drawn from `seed` in the others.

    The fillers are SHAKE-256(seed), 32 bytes a slot: 32 bytes are kept instead of 32 KB a minute.
    """

    number = models.PositiveBigIntegerField()
    seed = models.BinaryField()
    root = models.CharField(max_length=64)
    made_at = models.DateTimeField()
    logged = models.ForeignKey("evidence.Entry", on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(name="one_escrow_batch_a_number", fields=["centre_id", "number"])
        ]
        triggers = triggers.APPEND_ONLY


class Entry(BusinessRow):
    """One act: a private row (who, from where, with what) and the leaf that commits to it."""

    act = models.CharField(max_length=64)
    subject = models.CharField(max_length=64)
    ocid = models.CharField(max_length=64, blank=True)
    lot = models.CharField(max_length=64, blank=True)
    round = models.CharField(max_length=64, blank=True)
    person = models.CharField(max_length=64, blank=True)
    organisation = models.CharField(max_length=64, blank=True)
    role = models.CharField(max_length=16)
    certificate = models.CharField(max_length=128, blank=True)
    address = models.CharField(max_length=64, blank=True)
    legal_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    fields = models.JSONField()
    leaf = models.BinaryField()
    entry_hash = models.CharField(max_length=64)
    leaf_index = models.BigIntegerField(null=True)
    escrowed = models.BooleanField()
    batch = models.ForeignKey(EscrowBatch, on_delete=models.PROTECT, null=True, related_name="entries")
    slot = models.PositiveSmallIntegerField(null=True)
    disclosed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="one_entry_a_hash", fields=["entry_hash"]),
            models.UniqueConstraint(name="one_entry_a_leaf", fields=["centre_id", "leaf_index"]),
            models.UniqueConstraint(name="one_entry_a_slot", fields=["batch", "slot"]),
            models.CheckConstraint(
                name="an_escrowed_entry_is_never_a_leaf_of_its_own",
                condition=Q(escrowed=False) | Q(leaf_index__isnull=True),
            ),
            models.CheckConstraint(
                name="only_an_escrowed_entry_has_a_slot_and_is_disclosed",
                condition=Q(escrowed=True)
                | Q(batch__isnull=True, slot__isnull=True, disclosed_at__isnull=True),
            ),
            models.CheckConstraint(
                name="a_slot_stands_in_a_batch",
                condition=Q(batch__isnull=True, slot__isnull=True)
                | Q(batch__isnull=False, slot__isnull=False, slot__lt=1024),
            ),
        ]
        indexes = [
            models.Index(name="entry_unplaced", fields=["id"], condition=Q(escrowed=False, leaf_index=None)),
            models.Index(name="entry_unbatched", fields=["id"], condition=Q(escrowed=True, batch=None)),
            models.Index(name="entry_by_ocid", fields=["ocid", "leaf_index"]),
            models.Index(name="entry_by_lot", fields=["lot", "leaf_index"]),
            models.Index(name="entry_by_round", fields=["round", "leaf_index"]),
        ]
        triggers = [
            triggers.ENTRY_FIXED,
            triggers.ENTRY_GAINS,
            triggers.NO_DELETE,
            triggers.NO_TRUNCATE,
        ]


class Tile(models.Model):
    """A tile of the tree; only the right edge is narrower than 256 hashes, and a narrower one is its prefix."""

    centre_id = models.CharField(max_length=32)
    level = models.PositiveSmallIntegerField()
    index = models.BigIntegerField()
    width = models.PositiveSmallIntegerField()
    data = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="one_tile_a_place", fields=["centre_id", "level", "index"]),
            models.CheckConstraint(name="a_tile_is_never_empty", condition=Q(width__gte=1, width__lte=256)),
        ]
        triggers = [triggers.TILE_CONTINUES, triggers.NO_DELETE, triggers.NO_TRUNCATE]


class Checkpoint(models.Model):
    """A signed checkpoint that has been published."""

    centre_id = models.CharField(max_length=32)
    size = models.BigIntegerField()
    root = models.CharField(max_length=64)
    note = models.TextField()
    made_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(name="one_checkpoint_a_size", fields=["centre_id", "size"])]
        triggers = [triggers.CHECKPOINT_RISES, *triggers.APPEND_ONLY]


class SecurityEvent(BusinessRow):
    """A binding act that was refused: private, and written beside the transaction that was rolled back."""

    act = models.CharField(max_length=64)
    subject = models.CharField(max_length=64, blank=True)
    round = models.CharField(max_length=64, blank=True)
    code = models.CharField(max_length=64)
    message = models.TextField()
    person = models.CharField(max_length=64, blank=True)
    organisation = models.CharField(max_length=64, blank=True)
    role = models.CharField(max_length=16)
    certificate = models.CharField(max_length=128, blank=True)
    address = models.CharField(max_length=64, blank=True)
    legal_at = models.DateTimeField()
    recorded_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(name="refusals_by_act", fields=["act", "recorded_at"])]
        triggers = triggers.APPEND_ONLY
