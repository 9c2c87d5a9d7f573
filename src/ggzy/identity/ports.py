"""The CAs outside: who gives revocation lists, and who issues and takes back certificates. Adapters: `ggzy.adapters.authorities`."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


class AuthorityUnavailable(Exception):
    """The CA gave no answer, or one too long or too late; it is asked again later."""


@dataclass(frozen=True, kw_only=True)
class Applicant:
    """Who a certificate is for, as the platform knows it."""

    organisation: str
    uscc: str
    person: str


@dataclass(frozen=True, kw_only=True)
class Issued:
    """What a CA issued: the signing certificate, and for a dual pair the encryption certificate with its wrapped key."""

    certificate: str
    encryption_certificate: str = ""
    #: GB/T 35276 EnvelopedKey for the signing key, base64; "" where the CA delivers it on a token
    encryption_key: str = ""


class Authority(Protocol):
    """A CA. Each method answers, or raises `AuthorityUnavailable`."""

    def crl(self, address: str, *, now: datetime) -> bytes:
        """Return the revocation list at one of the CA's addresses."""
        ...

    def issue(self, csr: str, applicant: Applicant, *, now: datetime) -> Issued:
        """Issue a certificate for the key of a request; asked again for a renewal.

        :raises Refusal: the request is no good
        """
        ...

    def revoke(self, serial: int, *, reason: str, now: datetime) -> None:
        """Take a certificate back."""
        ...
