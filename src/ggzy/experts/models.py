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

    GATHERING, SEEDING, CALLING, CONFIRMED, SEATED, CANCELLED = (
        "gathering",
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


class Agreement(BusinessRow):
    """Who lends experts of which specialties to whom, from when to when: in force once both centres have signed."""

    LENDS, BORROWS = "lends", "borrows"
    PROPOSED, RECEIVED, ANSWERED, IN_FORCE, ENDED = "proposed", "received", "answered", "in_force", "ended"

    #: what this centre does under it
    side = models.CharField(max_length=8)
    partner_name = models.CharField(max_length=200)
    #: where the partner's platform is found, and the key it signs with (hex; "" until its letter has come)
    partner_address = models.CharField(max_length=200)
    partner_key = models.CharField(max_length=64, blank=True)
    specialties = ArrayField(models.CharField(max_length=7))
    since = models.DateField()
    until = models.DateField()
    state = models.CharField(max_length=8)
    #: what both sign, its digest, and the letters of the two sides
    terms = models.JSONField()
    sha256 = models.CharField(max_length=64)
    our_letter = models.JSONField(default=dict)
    their_letter = models.JSONField(default=dict)
    kept_by = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    kept_at = models.DateTimeField()
    in_force_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    end_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="terms_are_agreed_once", fields=["centre_id", "sha256"]),
            models.CheckConstraint(
                name="an_agreement_ends_after_it_began", condition=models.Q(until__gte=models.F("since"))
            ),
            models.CheckConstraint(
                name="an_agreement_in_force_has_both_signatures",
                condition=~models.Q(state="in_force")
                | (~models.Q(partner_key="") & ~models.Q(their_letter={})),
            ),
        ]


class Loan(BusinessRow):
    """What another pool gives to one list of a draw: asked for, frozen there, or left out with the supervisor's consent."""

    ASKED, FROZEN, ASIDE = "asked", "frozen", "aside"

    draw = models.ForeignKey(Draw, on_delete=models.PROTECT, related_name="loans")
    list_number = models.PositiveSmallIntegerField()
    #: none: the pool this centre is a terminal of (settings.EXPERT_SOURCES)
    agreement = models.ForeignKey(Agreement, on_delete=models.PROTECT, null=True, related_name="loans")
    name = models.CharField(max_length=200)
    #: it is a stand-in, and pages say so
    demo = models.BooleanField(default=False)
    state = models.CharField(max_length=6)
    #: the lender's own id of its list, the digest it froze and signed, and how many lines
    lent = models.CharField(max_length=64, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    size = models.PositiveIntegerField(default=0)
    receipt = models.JSONField(default=dict)
    asked_at = models.DateTimeField()
    frozen_at = models.DateTimeField(null=True)
    #: since when it does not answer, and what it says; "": it answers
    trouble = models.CharField(max_length=200, blank=True)
    trouble_since = models.DateTimeField(null=True)
    #: the owner side's proposal to go on without it, and the supervisor's decision
    aside_reason = models.CharField(max_length=500, blank=True)
    aside_by = models.ForeignKey(Account, on_delete=models.PROTECT, null=True, related_name="+")
    aside_at = models.DateTimeField(null=True)
    opinion = models.CharField(max_length=500, blank=True)
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="a_pool_gives_one_list",
                fields=["draw", "list_number", "agreement"],
                nulls_distinct=False,
            )
        ]


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
    #: of another pool: none until the check-in opens who it is
    expert = models.ForeignKey(Expert, on_delete=models.PROTECT, null=True, related_name="calls")
    loan = models.ForeignKey(Loan, on_delete=models.PROTECT, null=True, related_name="candidates")
    list_number = models.PositiveSmallIntegerField(default=1)
    label = models.CharField(max_length=64)
    salt = models.CharField(max_length=64)
    #: the quotas this label satisfies, and the salted label of its employer
    fits = ArrayField(models.PositiveSmallIntegerField(), default=list)
    unit = models.CharField(max_length=32, blank=True)
    rank = models.PositiveIntegerField(null=True)
    state = models.CharField(max_length=10, default=WAITING)
    answered_at = models.DateTimeField(null=True)
    #: why the lender says that its expert must stand aside from these bidders
    avoids = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="a_label_is_of_our_pool_or_lent",
                condition=models.Q(expert__isnull=False) | models.Q(loan__isnull=False),
            ),
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
    PHONE, PAGE, POOL = "phone", "page", "pool"

    candidate = models.OneToOneField(Candidate, on_delete=models.PROTECT, related_name="ring")
    text = models.CharField(max_length=300)
    rung_at = models.DateTimeField()
    answer_by = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    answer = models.CharField(max_length=4, blank=True)
    answered_at = models.DateTimeField(null=True)
    via = models.CharField(max_length=5, blank=True)


class Lent(BusinessRow):
    """A list this centre froze for a partner's draw: its own labels, salts and employers' labels, and one digest."""

    agreement = models.ForeignKey(Agreement, on_delete=models.PROTECT, related_name="lent")
    draw = models.CharField(max_length=32)
    list_number = models.PositiveSmallIntegerField()
    #: quotas, conditions and session as they were asked for
    asked = models.JSONField()
    city = models.CharField(max_length=50)
    session_from = models.DateTimeField(null=True)
    session_to = models.DateTimeField(null=True)
    sha256 = models.CharField(max_length=64)
    size = models.PositiveIntegerField()
    frozen_at = models.DateTimeField()
    #: the partner gave the draw up
    released_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="a_list_is_lent_once", fields=["agreement", "draw", "list_number"])
        ]


class LentLabel(BusinessRow):
    """One label of a lent list: whose it is, the call the partner asked for, the answer, and whether it was opened."""

    lent = models.ForeignKey(Lent, on_delete=models.PROTECT, related_name="labels")
    expert = models.ForeignKey(Expert, on_delete=models.PROTECT, related_name="lent")
    label = models.CharField(max_length=64)
    salt = models.CharField(max_length=64)
    fits = ArrayField(models.PositiveSmallIntegerField(), default=list)
    unit = models.CharField(max_length=32)
    state = models.CharField(max_length=10, default=Candidate.WAITING)
    text = models.CharField(max_length=300, blank=True)
    rung_at = models.DateTimeField(null=True)
    answer_by = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    via = models.CharField(max_length=5, blank=True)
    #: what the expert shows at the partner's check-in; it opens this label once
    token = PersonalField(null=True)
    opened_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="a_lent_label_stands_once", fields=["lent", "label"]),
            models.UniqueConstraint(name="an_expert_is_lent_once", fields=["lent", "expert"]),
        ]
        indexes = [models.Index(fields=["expert", "state"])]


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
