"""The key pairs of the identity tests."""

from tests.identity.conftest import ca, national, national_ca, p256, rsa2048  # noqa: F401
