"""Organisations, people and their accounts. A certificate (see identity) is a credential, never a key."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from ggzy.kernel.models import BusinessRow
from ggzy.kernel.secrets import PersonalField


class Organisation(BusinessRow):
    """A legal person, known by its 统一社会信用代码; the roles it may act in are its `kinds`."""

    uscc = models.CharField(max_length=18)
    name = models.CharField(max_length=200)
    kinds = ArrayField(models.CharField(max_length=16))
    address = models.CharField(max_length=300, blank=True)
    contact = models.CharField(max_length=100, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="an_organisation_registers_once", fields=["centre_id", "uscc"]),
            models.CheckConstraint(
                name="a_uscc_has_18_characters", condition=models.Q(uscc__regex=r"^[0-9A-Z]{18}$")
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Person(BusinessRow):
    """A natural person. What identifies them is encrypted."""

    name = PersonalField()
    id_number = PersonalField(null=True)
    phone = PersonalField(null=True)


class Account(BusinessRow):
    """One person in one role for one organisation."""

    username = models.CharField(max_length=64)
    password = models.CharField(max_length=200)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="accounts")
    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="accounts", null=True
    )
    role = models.CharField(max_length=16)
    active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="a_username_is_one_account", fields=["centre_id", "username"])
        ]


class Bookmark(BusinessRow):
    """A list of the workbench that one account keeps under a name; a convenience, nothing that binds."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="bookmarks")
    label = models.CharField(max_length=40)
    address = models.CharField(max_length=500)
    kept_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="a_bookmark_has_one_name", fields=["centre_id", "account", "label"])
        ]
