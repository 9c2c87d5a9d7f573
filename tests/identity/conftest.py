"""One CA and one key pair of each kind for all tests here: making RSA keys takes time."""

import pytest

from ggzy.identity.training_ca import TrainingCA
from tests.identity.people import certified


@pytest.fixture(scope="session")
def ca(tmp_path_factory):
    return TrainingCA(tmp_path_factory.mktemp("ca") / "keys")


@pytest.fixture(scope="session")
def p256(ca):
    return certified(ca, "P-256")


@pytest.fixture(scope="session")
def rsa2048(ca):
    return certified(ca, "RSA")


@pytest.fixture(params=["p256", "rsa2048"])
def someone(request):
    """Return each kind of key pair in turn."""
    return request.getfixturevalue(request.param)
