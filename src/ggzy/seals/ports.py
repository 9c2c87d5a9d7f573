"""The timestamp authority outside. Adapters: `ggzy.adapters.timestamps`."""

from collections.abc import Sequence
from typing import Protocol

from cryptography import x509


class TimestampUnavailable(Exception):
    """The authority gave no answer in time, or none that can be believed; it is asked again later."""


class Timestamps(Protocol):
    """An RFC 3161 authority."""

    def stamp(self, digest: bytes) -> bytes:
        """Return a checked token (DER) on a SHA-256 digest.

        :raises TimestampUnavailable: no answer, or a wrong one
        """
        ...

    def trusted(self) -> Sequence[x509.Certificate]:
        """Return the certificates at which the chain of a token must end."""
        ...
