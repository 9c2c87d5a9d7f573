"""The expert pool, and draws from it: labels and ranks are public, who they are is not until the award."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from ggzy.kernel.models import BusinessRow
from ggzy.parties.models import Account, Organisation
from ggzy.tendering.models import Round, Tender


class Expert(BusinessRow):
    """An expert of the pool this centre may draw from."""

    account = models.OneToOneField(Account, on_delete=models.PROTECT, related_name="expert")
    specialties = ArrayField(models.CharField(max_length=7))
    employer_uscc = models.CharField(max_length=18, blank=True)
    employer_name = models.CharField(max_length=200, blank=True)
    active = models.BooleanField(default=True)


class Draw(BusinessRow):
    """One draw for one tender: a frozen pool, seeds of several parties, a ranking anyone can recompute."""

    SEEDING, CALLING, CONFIRMED, SEATED, CANCELLED = (
        "seeding",
        "calling",
        "confirmed",
        "seated",
        "cancelled",
    )

    tender = models.ForeignKey(Tender, on_delete=models.PROTECT, related_name="draws")
    rounds = models.ManyToManyField(Round, related_name="draws")
    state = models.CharField(max_length=10)
    specialty = models.CharField(max_length=7)
    needed = models.PositiveSmallIntegerField()
    committee_size = models.PositiveSmallIntegerField()
    #: label → public id of the expert; the salts are with the candidates
    pool_sha256 = models.CharField(max_length=64)
    pool_size = models.PositiveIntegerField()
    randomness = models.CharField(max_length=400, blank=True)
    requested_at = models.DateTimeField()


class Candidate(models.Model):
    """One label of a frozen pool and, once ranked, its place and answer."""

    WAITING, CALLED, ACCEPTED, REFUSED, REPLACED = "waiting", "called", "accepted", "refused", "replaced"

    draw = models.ForeignKey(Draw, on_delete=models.CASCADE, related_name="candidates")
    expert = models.ForeignKey(Expert, on_delete=models.PROTECT, related_name="calls")
    label = models.CharField(max_length=64)
    salt = models.CharField(max_length=64)
    rank = models.PositiveIntegerField(null=True)
    state = models.CharField(max_length=10, default=WAITING)
    answered_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="an_expert_is_in_a_pool_once", fields=["draw", "expert"]),
            models.UniqueConstraint(name="a_rank_is_given_once", fields=["draw", "rank"]),
        ]
        indexes = [models.Index(fields=["expert", "state"])]


class Seed(BusinessRow):
    """One party's seed: committed first, revealed when all have committed."""

    draw = models.ForeignKey(Draw, on_delete=models.PROTECT, related_name="seeds")
    party = models.CharField(max_length=12)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, null=True)
    commitment = models.CharField(max_length=64)
    seed = models.CharField(max_length=64, blank=True)
    committed_at = models.DateTimeField()
    revealed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(name="a_party_gives_one_seed", fields=["draw", "party"])]


class Member(BusinessRow):
    """One member of the committee: a drawn expert or the tenderee's representative, checked in after the opening."""

    EXPERT, OWNER = "expert", "owner"

    draw = models.ForeignKey(Draw, on_delete=models.PROTECT, related_name="members")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="seats")
    kind = models.CharField(max_length=8)
    code = models.CharField(max_length=8)
    candidate = models.OneToOneField(Candidate, on_delete=models.PROTECT, null=True, related_name="member")
    checked_in_at = models.DateTimeField()
    left = models.BooleanField(default=False)
    reason = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="a_person_sits_once", fields=["draw", "account"]),
            models.UniqueConstraint(name="a_code_is_one_member", fields=["draw", "code"]),
        ]
