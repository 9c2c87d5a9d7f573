"""A search that somebody follows: by an account, or by a verified address without one."""

from django.db import models
from django.db.models import Q

from ggzy.kernel.models import BusinessRow
from ggzy.parties.models import Account


class Subscription(BusinessRow):
    """One followed search 订阅; its news are told once a day while it lasts."""

    #: what is looked for, as the query of an address
    query = models.CharField(max_length=1000)
    label = models.CharField(max_length=200)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, null=True, related_name="subscriptions")
    #: the public id of a subscriber's address (messages.Address), where there is no account
    address = models.CharField(max_length=32, blank=True)
    #: whoever has it may end the subscription: it stands in each letter
    key = models.CharField(max_length=43)
    made_at = models.DateTimeField()
    begun_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    #: notices published before this moment are told
    told_until = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="a_subscription_is_an_accounts_or_an_address",
                condition=Q(account__isnull=False, address="") | Q(account__isnull=True) & ~Q(address=""),
            ),
            models.UniqueConstraint(
                name="an_account_follows_a_search_once",
                fields=["centre_id", "account", "query"],
                condition=Q(account__isnull=False, ended_at__isnull=True),
            ),
        ]
        indexes = [
            models.Index(fields=["begun_at"], condition=Q(ended_at__isnull=True), name="subscriptions_alive")
        ]
