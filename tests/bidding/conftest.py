"""The key pairs of the identity tests, for sealing."""

from tests.identity.conftest import ca, national, national_ca, p256, rsa2048, someone  # noqa: F401
