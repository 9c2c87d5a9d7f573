"""Publicity, award and the letter of award."""

import pgtrigger
from django.db import models

from ggzy.bidding.models import Bid
from ggzy.identity.models import Signature
from ggzy.kernel.models import BusinessRow
from ggzy.parties.models import Account
from ggzy.tendering.models import Round


class Publicity(BusinessRow):
    """One publicity of candidates, with its exclusive end; one stopped by an upheld objection never ends."""

    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="publicities")
    number = models.PositiveSmallIntegerField(default=1)
    started_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    stopped_at = models.DateTimeField(null=True)
    #: bids passed over, since their bidder is first in as many lots before as the tender file allows
    passed_over = models.JSONField(default=list)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="publicities_are_numbered_once", fields=["round", "number"]),
            models.UniqueConstraint(
                name="one_publicity_at_a_time",
                fields=["round"],
                condition=models.Q(ended_at=None, stopped_at=None),
            ),
            models.CheckConstraint(
                name="publicity_ends_not_before_its_time",
                condition=models.Q(ended_at__isnull=True) | models.Q(ended_at__gte=models.F("ends_at")),
            ),
        ]


class Award(BusinessRow):
    """Who won a round, and the letter that says so; an award that came to nothing says why and stays."""

    REFUSED, NO_BOND, NO_CONTRACT, ANNULLED = "refused", "no_bond", "no_contract", "annulled"
    CHALLENGED = "challenged"

    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="awards")
    bid = models.ForeignKey(Bid, on_delete=models.PROTECT, related_name="awards")
    price = models.DecimalField(max_digits=18, decimal_places=2)
    determined_at = models.DateTimeField()
    letter = models.CharField(max_length=64, blank=True)
    sent_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    end_kind = models.CharField(max_length=12, blank=True)
    end_reason = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_award_in_force", fields=["round"], condition=models.Q(ended_at=None)
            ),
            models.UniqueConstraint(name="a_bid_is_awarded_once", fields=["round", "bid"]),
        ]


class Panel(BusinessRow):
    """A panel 定标委员会 that chooses one of the candidates of one report 评定分离; a further one where its award came to nothing."""

    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="panels")
    number = models.PositiveSmallIntegerField()
    #: which evaluation report names the candidates: when the committee judges again, the panel stands no more
    evaluation_sha256 = models.CharField(max_length=64)
    named_at = models.DateTimeField()
    #: 集体议事: one {text, choice, written_at} for each turn; the last is the one to agree to
    minutes = models.JSONField(default=list)
    #: the report of award 定标报告 as it was set, and as it was sealed
    report = models.JSONField(null=True)
    report_sha256 = models.CharField(max_length=64, blank=True)
    report_pdf = models.CharField(max_length=64, blank=True)
    award = models.OneToOneField(Award, on_delete=models.PROTECT, null=True, related_name="panel")

    class Meta:
        constraints = [
            models.UniqueConstraint(name="panels_are_numbered_once", fields=["round", "number"]),
        ]


class PanelMember(BusinessRow):
    """A member of a panel: of the tenderee, of its superior, or invited."""

    OWN, SUPERIOR, INVITED = "own", "superior", "invited"

    panel = models.ForeignKey(Panel, on_delete=models.PROTECT, related_name="members")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    code = models.CharField(max_length=8)
    side = models.CharField(max_length=10)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="an_account_sits_once", fields=["panel", "account"]),
            models.UniqueConstraint(name="a_panel_code_is_one_member", fields=["panel", "code"]),
        ]


class PanelBallot(BusinessRow):
    """One member's signed ballot of one turn, with reasons; it stays as it was cast."""

    member = models.ForeignKey(PanelMember, on_delete=models.PROTECT, related_name="ballots")
    turn = models.PositiveSmallIntegerField()
    choice = models.CharField(max_length=32)
    agrees = models.BooleanField(default=True)
    reason = models.TextField(blank=True)
    signature = models.ForeignKey(Signature, on_delete=models.PROTECT)
    cast_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="a_member_votes_once_a_turn", fields=["member", "turn"]),
        ]
        triggers = [
            pgtrigger.Protect(name="panel_ballots_stay", operation=pgtrigger.Update | pgtrigger.Delete),
        ]


class Chosen(BusinessRow):
    """One of several suppliers that a round's result names, in the order of the ranking (入围, 研发供应商).

    What is signed with it is another context's: that one says when it was, or that nothing came of it.
    """

    #: beside the ways in which an award ends: the buyer did not sign, or the time to sign was cut short
    BUYER = "buyer"

    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="chosen")
    bid = models.ForeignKey(Bid, on_delete=models.PROTECT, related_name="chosen")
    place = models.PositiveSmallIntegerField()
    price = models.DecimalField(max_digits=18, decimal_places=2)
    chosen_at = models.DateTimeField()
    #: the buyer's signature on the statement that names all of them
    signature = models.ForeignKey(Signature, on_delete=models.PROTECT, related_name="+")
    concluded_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    end_kind = models.CharField(max_length=12, blank=True)
    end_reason = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="a_bid_is_chosen_once", fields=["round", "bid"]),
            models.UniqueConstraint(name="a_place_is_chosen_once", fields=["round", "place"]),
            models.CheckConstraint(
                name="a_chosen_one_signs_or_falls",
                condition=models.Q(concluded_at=None) | models.Q(ended_at=None),
            ),
        ]
