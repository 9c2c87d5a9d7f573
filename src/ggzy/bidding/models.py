"""The sealed package. A bid is a row inserted, never a child of a locked parent; nothing readable is in it."""

from django.db import models

from ggzy.identity.models import Certificate
from ggzy.kernel.models import BusinessRow
from ggzy.parties.models import Account, Organisation
from ggzy.tendering.models import Round


class Bid(BusinessRow):
    """One sealed package of one bidder in one round. Replacing or withdrawing leaves the row and changes its state."""

    LIVE, REPLACED, WITHDRAWN = "live", "replaced", "withdrawn"

    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="bids", db_index=False)
    bidder = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="bids", db_index=False)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, db_index=False, related_name="+")
    certificate = models.ForeignKey(Certificate, on_delete=models.PROTECT, db_index=False, related_name="+")
    state = models.CharField(max_length=10)
    received_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    manifest = models.BinaryField()
    manifest_signature = models.BinaryField()
    envelope = models.BinaryField()
    #: shares.json, if the bidder gave parts of the key to the holders of the tender file
    shares = models.BinaryField(default=b"")
    payload = models.CharField(max_length=32)
    payload_size = models.BigIntegerField()
    payload_sha256 = models.CharField(max_length=64)
    entry_hash = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="a_bidder_has_one_live_bid_in_a_round",
                fields=["centre_id", "round", "bidder"],
                condition=models.Q(state="live"),
            ),
        ]
        indexes = [models.Index(fields=["round", "bidder"]), models.Index(fields=["bidder", "-id"])]
