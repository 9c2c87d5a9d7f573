"""Deposits, the double-entry book of their money, payments in and out, holds, forfeitures, letters of guarantee.

Whose rows these are is secret until the opening: no page or operation lists them before it but to the bidder itself.
"""

import pgtrigger
from django.db import models
from django.db.models import F, Q

from ggzy.kernel.models import BusinessRow
from ggzy.parties.models import Account, Organisation
from ggzy.tendering.models import Round

_OVER = ["refunded", "forfeited", "ended", "converted"]


def _stays(name: str) -> pgtrigger.Protect:
    return pgtrigger.Protect(name=name, operation=pgtrigger.Update | pgtrigger.Delete)


class Deposit(BusinessRow):
    """How one bidder secures its bid in one round, and where that stands; for money, the sub-account it is paid to."""

    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="deposits")
    bidder = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="deposits")
    form = models.CharField(max_length=12)
    required = models.DecimalField(max_digits=18, decimal_places=2)
    state = models.CharField(max_length=12)
    #: what the bank calls it; random, so that it tells nothing of the round or the bidder
    sub_account = models.CharField(max_length=40, blank=True)
    #: the basic account it is paid from and returned to; a new one waits for the centre's check
    payer_name = models.CharField(max_length=200, blank=True)
    payer_account = models.CharField(max_length=40, blank=True)
    payer_bank = models.CharField(max_length=200, blank=True)
    new_account = models.CharField(max_length=40, blank=True)
    new_bank = models.CharField(max_length=200, blank=True)
    opened_at = models.DateTimeField()
    matched_at = models.DateTimeField(null=True)
    #: which standing freed it, and from when
    released_by = models.CharField(max_length=16, blank=True)
    released_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="a_bidder_has_one_deposit_under_way_in_a_round",
                fields=["centre_id", "round", "bidder"],
                condition=~Q(state__in=_OVER),
            ),
            models.UniqueConstraint(
                name="a_sub_account_is_of_one_deposit",
                fields=["centre_id", "sub_account"],
                condition=~Q(sub_account=""),
            ),
            models.CheckConstraint(name="a_deposit_asks_for_money", condition=Q(required__gt=0)),
        ]
        indexes = [models.Index(fields=["bidder", "-id"])]


class LedgerAccount(BusinessRow):
    """An account of the book: the bank's, or what is owed to whom (`ledger.Kind`)."""

    kind = models.CharField(max_length=10)
    deposit = models.OneToOneField(
        Deposit, on_delete=models.PROTECT, related_name="ledger_account", null=True
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_account_of_a_kind", fields=["centre_id", "kind"], condition=Q(deposit=None)
            ),
            models.CheckConstraint(
                name="a_deposit_has_an_account_of_its_own",
                condition=Q(kind="deposit", deposit__isnull=False)
                | ~Q(kind="deposit") & Q(deposit__isnull=True),
            ),
        ]


class Posting(BusinessRow):
    """One event of money: written once for what it refers to, append-only."""

    event = models.CharField(max_length=10)
    #: the bank's reference of a payment in; the number of our order, with its try, else
    reference = models.CharField(max_length=80)
    #: when the money moved by the bank's word, and when it was written here
    value_at = models.DateTimeField()
    posted_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="an_event_is_posted_once", fields=["centre_id", "event", "reference"]
            ),
        ]
        indexes = [models.Index(fields=["value_at"])]
        triggers = [_stays("postings_stay")]


class PostingLine(BusinessRow):
    """What a posting writes into an account: a debit is positive. Lines of a posting sum to zero, or nothing commits."""

    posting = models.ForeignKey(Posting, on_delete=models.PROTECT, related_name="lines")
    account = models.ForeignKey(LedgerAccount, on_delete=models.PROTECT, related_name="lines")
    amount = models.DecimalField(max_digits=18, decimal_places=2)

    class Meta:
        constraints = [
            models.CheckConstraint(name="a_line_writes_something", condition=~Q(amount=0)),
            models.UniqueConstraint(name="a_posting_writes_an_account_once", fields=["posting", "account"]),
        ]
        triggers = [
            _stays("posting_lines_stay"),
            pgtrigger.Trigger(
                name="sums_to_zero",
                operation=pgtrigger.Insert,
                when=pgtrigger.After,
                timing=pgtrigger.Deferred,
                func="""
                    IF (SELECT sum(amount) FROM deposits_postingline WHERE posting_id = NEW.posting_id) <> 0 THEN
                      RAISE EXCEPTION 'a posting must sum to zero';
                    END IF;
                    IF (SELECT kind FROM deposits_ledgeraccount WHERE id = NEW.account_id) NOT IN ('bank', 'interest')
                      AND (SELECT sum(amount) FROM deposits_postingline WHERE account_id = NEW.account_id) > 0 THEN
                      RAISE EXCEPTION 'more was paid than was owed';
                    END IF;
                    RETURN NULL;
                """,
            ),
        ]


class Receipt(BusinessRow):
    """A payment into a sub-account as the bank told it, and what it counts for; append-only."""

    reference = models.CharField(max_length=64)
    deposit = models.ForeignKey(Deposit, on_delete=models.PROTECT, related_name="receipts", null=True)
    sub_account = models.CharField(max_length=40)
    amount = models.DecimalField(max_digits=18, decimal_places=2)
    payer_name = models.CharField(max_length=200)
    payer_account = models.CharField(max_length=40)
    credited_at = models.DateTimeField()
    heard_at = models.DateTimeField()
    counts = models.DecimalField(max_digits=18, decimal_places=2)
    doubtful = models.DecimalField(max_digits=18, decimal_places=2)
    returns = models.DecimalField(max_digits=18, decimal_places=2)
    reason = models.CharField(max_length=12, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="a_payment_is_taken_once", fields=["centre_id", "reference"]),
            models.CheckConstraint(
                name="a_payment_is_judged_whole",
                condition=Q(amount=F("counts") + F("doubtful") + F("returns")) & Q(amount__gt=0),
            ),
        ]
        triggers = [_stays("receipts_stay")]


class Payment(BusinessRow):
    """An order to the bank to pay money out; its public id is the number under which the bank pays once."""

    REFUND, SURPLUS, FORFEITURE, CONVERSION = "refund", "surplus", "forfeiture", "conversion"
    DUE, ORDERED, SENT, PAID, FAILED = "due", "ordered", "sent", "paid", "failed"

    kind = models.CharField(max_length=12)
    state = models.CharField(max_length=8)
    deposit = models.ForeignKey(Deposit, on_delete=models.PROTECT, related_name="payments", null=True)
    receipt = models.OneToOneField(Receipt, on_delete=models.PROTECT, related_name="payment", null=True)
    principal = models.DecimalField(max_digits=18, decimal_places=2)
    interest = models.DecimalField(max_digits=18, decimal_places=2, default=0)
    #: how the interest was computed, line by line
    sheet = models.JSONField(default=list)
    name = models.CharField(max_length=200)
    account = models.CharField(max_length=40)
    #: an order that came back is given again under a new number of the same payment
    attempt = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    paid_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    reference = models.CharField(max_length=64, blank=True)
    trouble = models.CharField(max_length=300, blank=True)
    #: since when it is known as dormant, and how often its owner was written to
    dormant_at = models.DateTimeField(null=True)
    contacts = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [
            # where all of a deposit became a bond, its interest alone is refunded
            models.CheckConstraint(
                name="a_payment_pays_something", condition=Q(principal__gt=0) | Q(principal=0, kind="refund")
            ),
            models.CheckConstraint(name="interest_is_never_negative", condition=Q(interest__gte=0)),
            models.UniqueConstraint(
                name="one_refund_under_way_for_a_deposit",
                fields=["deposit"],
                condition=Q(kind__in=["refund", "forfeiture"]) & ~Q(state="paid"),
            ),
            models.UniqueConstraint(
                name="a_bond_is_paid_over_once", fields=["deposit"], condition=Q(kind="conversion")
            ),
        ]
        indexes = [models.Index(fields=["state"], condition=~Q(state="paid"), name="payments_under_way")]


class DepositHold(BusinessRow):
    """Why a deposit that would be free is not returned yet, and when that is looked at again."""

    deposit = models.ForeignKey(Deposit, on_delete=models.PROTECT, related_name="holds")
    reason = models.TextField()
    review_on = models.DateField()
    set_at = models.DateTimeField()
    set_by = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    reminded_at = models.DateTimeField(null=True)
    lifted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="a_deposit_is_held_once_at_a_time", fields=["deposit"], condition=Q(lifted_at=None)
            ),
        ]


class Forfeiture(BusinessRow):
    """One person's proposal not to return a deposit, and another's decision on it."""

    deposit = models.ForeignKey(Deposit, on_delete=models.PROTECT, related_name="forfeitures")
    ground = models.CharField(max_length=16)
    clause = models.CharField(max_length=100)
    reason = models.TextField()
    #: whereto: the tenderee's own account, or the treasury's
    name = models.CharField(max_length=200)
    account = models.CharField(max_length=40)
    proposed_by = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    decided_by = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+", null=True)
    decided_at = models.DateTimeField(null=True)
    upheld = models.BooleanField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_proposal_at_a_time", fields=["deposit"], condition=Q(decided_at=None)
            ),
            models.CheckConstraint(
                name="a_deposit_is_kept_by_two_people",
                condition=Q(decided_by=None) | ~Q(decided_by=F("proposed_by")),
            ),
            models.CheckConstraint(
                name="a_decision_has_its_person",
                condition=Q(decided_by=None, decided_at=None, upheld=None)
                | Q(decided_by__isnull=False, decided_at__isnull=False, upheld__isnull=False),
            ),
        ]


class Conversion(BusinessRow):
    """A winner's request that so much of its deposit becomes the performance bond, and the tenderee's word on it."""

    deposit = models.ForeignKey(Deposit, on_delete=models.PROTECT, related_name="conversions")
    amount = models.DecimalField(max_digits=18, decimal_places=2)
    asked_by = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    agreed = models.BooleanField(null=True)
    decided_by = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+", null=True)
    decided_at = models.DateTimeField(null=True)
    #: whereto the bond is paid
    name = models.CharField(max_length=200, blank=True)
    account = models.CharField(max_length=40, blank=True)
    #: when the signed contract turned it over
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="a_deposit_is_turned_over_once", fields=["deposit"], condition=~Q(agreed=False)
            ),
            models.CheckConstraint(name="a_conversion_has_its_amount", condition=Q(amount__gt=0)),
            models.CheckConstraint(
                name="nothing_is_turned_over_unagreed", condition=Q(done_at=None) | Q(agreed=True)
            ),
        ]


class Guarantee(BusinessRow):
    """A letter of guarantee 电子保函 in place of money: asked for, quoted, issued, claimed, released."""

    deposit = models.ForeignKey(Deposit, on_delete=models.PROTECT, related_name="guarantees")
    issuer = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="guarantees")
    state = models.CharField(max_length=12)
    amount = models.DecimalField(max_digits=18, decimal_places=2)
    valid_until = models.DateField()
    fee = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    number = models.CharField(max_length=60, blank=True)
    text = models.TextField(blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    asked_at = models.DateTimeField()
    issued_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    reason = models.TextField(blank=True)
    claim = models.TextField(blank=True)
    claimed_at = models.DateTimeField(null=True)
    voucher = models.CharField(max_length=100, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="a_number_is_one_letter", fields=["issuer", "number"], condition=~Q(number="")
            ),
            models.UniqueConstraint(
                name="one_letter_under_way_for_a_deposit",
                fields=["deposit"],
                condition=~Q(state__in=["rejected", "surrendered", "released", "paid_out"]),
            ),
        ]
        indexes = [models.Index(fields=["issuer", "-id"])]


class Reconciliation(BusinessRow):
    """One comparison of the book with the bank's statement of a time: what both say at its end."""

    since = models.DateTimeField()
    until = models.DateTimeField()
    ours = models.DecimalField(max_digits=18, decimal_places=2)
    theirs = models.DecimalField(max_digits=18, decimal_places=2)
    movements = models.PositiveIntegerField()
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="a_time_is_reconciled_once", fields=["centre_id", "until"]),
            models.CheckConstraint(name="a_statement_covers_some_time", condition=Q(until__gt=F("since"))),
        ]


class BankDifference(BusinessRow):
    """Where bank and book disagreed, and what became of it."""

    reconciliation = models.ForeignKey(Reconciliation, on_delete=models.PROTECT, related_name="differences")
    reference = models.CharField(max_length=80)
    ours = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    theirs = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    says = models.CharField(max_length=300)
    settled_at = models.DateTimeField(null=True)
    settled_by = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+", null=True)
