"""The expert pool, and draws from it: labels and ranks are public, who they are is not until the award."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from ggzy.kernel.models import BusinessRow
from ggzy.kernel.secrets import PersonalField
from ggzy.parties.models import Account, Organisation
from ggzy.tendering.models import Round, Tender


class Expert(BusinessRow):
    """An expert of the pool this centre may draw from."""

    account = models.OneToOneField(Account, on_delete=models.PROTECT, related_name="expert")
    specialties = ArrayField(models.CharField(max_length=7))
    employer_uscc = models.CharField(max_length=18, blank=True)
    employer_name = models.CharField(max_length=200, blank=True)
    active = models.BooleanField(default=True)


class Away(BusinessRow):
    """A time in which an expert is not drawn: leave, illness, a suspension. The draw reads only the two days."""

    expert = models.ForeignKey(Expert, on_delete=models.PROTECT, related_name="away")
    since = models.DateField()
    #: the last day; none: until it is said
    until = models.DateField(null=True)
    reason = PersonalField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="an_absence_ends_after_it_began",
                condition=models.Q(until__isnull=True) | models.Q(until__gte=models.F("since")),
            )
        ]


class Tie(BusinessRow):
    """A relation an expert has declared: a former employer, or an organisation of a relative. Matched at check-in only."""

    EMPLOYER, RELATIVE = "employer", "relative"

    expert = models.ForeignKey(Expert, on_delete=models.PROTECT, related_name="ties")
    kind = models.CharField(max_length=8)
    uscc = PersonalField()
    name = PersonalField()
    #: when the expert left that employer
    until = models.DateField(null=True)
    declared_at = models.DateTimeField()
    dropped_at = models.DateTimeField(null=True)


class Draw(BusinessRow):
    """One draw for one tender: frozen lists, seeds of several parties, a ranking and calls that anyone can recompute."""

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
    #: [{"specialty", "count", "regions"}], together `needed`
    quotas = models.JSONField(default=list)
    conditions = models.JSONField(default=dict)
    needed = models.PositiveSmallIntegerField()
    committee_size = models.PositiveSmallIntegerField()
    #: when the committee sits; overlaps with other sessions are known only where the end is
    session_from = models.DateTimeField(null=True)
    session_to = models.DateTimeField(null=True)
    #: of the first list: what else of the evaluation is drawn (equal bids) follows from it too
    randomness = models.CharField(max_length=400, blank=True)
    #: places that no list can fill any more
    short = models.PositiveSmallIntegerField(default=0)
    requested_at = models.DateTimeField()


class PoolList(BusinessRow):
    """A frozen list of labels with the seeds that ranked it; a second one follows behind the first when that runs dry."""

    draw = models.ForeignKey(Draw, on_delete=models.PROTECT, related_name="lists")
    number = models.PositiveSmallIntegerField()
    sha256 = models.CharField(max_length=64)
    size = models.PositiveIntegerField()
    frozen_at = models.DateTimeField()
    #: which seeds rank it: a party that does not reveal voids a turn, and new seeds are given
    turn = models.PositiveSmallIntegerField()
    randomness = models.CharField(max_length=400, blank=True)
    #: a commitment was not followed by its seed in time: the supervisor orders new seeds
    stalled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(name="a_list_has_its_number", fields=["draw", "number"])]


class Candidate(models.Model):
    """One label of a frozen list and, once ranked, its place and answer."""

    WAITING, CALLED, ACCEPTED, REFUSED, REPLACED = "waiting", "called", "accepted", "refused", "replaced"
    SILENT, BUSY, ABSENT = "silent", "busy", "absent"

    draw = models.ForeignKey(Draw, on_delete=models.CASCADE, related_name="candidates")
    expert = models.ForeignKey(Expert, on_delete=models.PROTECT, related_name="calls")
    list_number = models.PositiveSmallIntegerField(default=1)
    label = models.CharField(max_length=64)
    salt = models.CharField(max_length=64)
    #: the quotas this label satisfies, and the salted label of its employer
    fits = ArrayField(models.PositiveSmallIntegerField(), default=list)
    unit = models.CharField(max_length=32, blank=True)
    rank = models.PositiveIntegerField(null=True)
    state = models.CharField(max_length=10, default=WAITING)
    answered_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="an_expert_is_in_a_pool_once", fields=["draw", "expert"]),
            models.UniqueConstraint(name="a_rank_is_given_once", fields=["draw", "rank"]),
            models.UniqueConstraint(name="a_label_stands_once", fields=["draw", "label"]),
        ]
        indexes = [models.Index(fields=["expert", "state"])]


class Step(models.Model):
    """What happened in a draw, in public and in order: ranked, called, accepted, and the ways of dropping out."""

    draw = models.ForeignKey(Draw, on_delete=models.PROTECT, related_name="steps")
    number = models.PositiveIntegerField()
    what = models.CharField(max_length=8)
    label = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(name="a_step_has_its_number", fields=["draw", "number"])]


class Ring(BusinessRow):
    """One call to an expert by SMS and voice: what it says, when it must be answered, and the answer."""

    YES, NO, NONE = "yes", "no", "none"
    PHONE, PAGE = "phone", "page"

    candidate = models.OneToOneField(Candidate, on_delete=models.PROTECT, related_name="ring")
    text = models.CharField(max_length=300)
    rung_at = models.DateTimeField()
    answer_by = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    answer = models.CharField(max_length=4, blank=True)
    answered_at = models.DateTimeField(null=True)
    via = models.CharField(max_length=5, blank=True)


class Widening(BusinessRow):
    """A proposal to draw from a wider pool where the list has run dry: made by the owner side, decided by the supervisor."""

    draw = models.ForeignKey(Draw, on_delete=models.PROTECT, related_name="widenings")
    #: {number of the quota: {"specialty", "regions"}} beside what the quota says
    wider = models.JSONField()
    reason = models.CharField(max_length=500)
    proposed_by = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    approved = models.BooleanField(null=True)
    opinion = models.CharField(max_length=500, blank=True)
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_widening_waits", fields=["draw"], condition=models.Q(approved__isnull=True)
            )
        ]


class Seed(BusinessRow):
    """One party's seed in one turn: committed first, revealed when all have committed."""

    draw = models.ForeignKey(Draw, on_delete=models.PROTECT, related_name="seeds")
    turn = models.PositiveSmallIntegerField(default=1)
    party = models.CharField(max_length=12)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, null=True)
    commitment = models.CharField(max_length=64)
    seed = models.CharField(max_length=64, blank=True)
    committed_at = models.DateTimeField()
    revealed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="a_party_gives_one_seed", fields=["draw", "party", "turn"])
        ]


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


class Replacement(BusinessRow):
    """A proposal to replace a member who cannot go on: made by the owner side with its reason, confirmed by the centre."""

    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="replacements")
    reason = models.CharField(max_length=300)
    proposed_by = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    confirmed = models.BooleanField(null=True)
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_replacement_waits", fields=["member"], condition=models.Q(confirmed__isnull=True)
            )
        ]
