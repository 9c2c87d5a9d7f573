"""One CA and one key pair of each kind for all tests here: making RSA keys takes time."""

import pytest

from ggzy.client.party import Identity, new_sm2_request
from ggzy.identity import gm, sm2_ca
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


@pytest.fixture(scope="session")
def national_ca(tmp_path_factory):
    return sm2_ca.Sm2CA(tmp_path_factory.mktemp("sm2") / "keys")


@pytest.fixture(scope="session")
def national(national_ca):
    """Return an SM2 identity: a dual pair."""
    pair, csr = new_sm2_request()
    dual = national_ca.issue(
        csr.encode(), organisation="济南某建设有限公司", uscc="91370100M00000001A", person="张三"
    )
    keys = gm.Keys(pair, sm2_ca.open_key(dual.enveloped_key, key=pair))
    return Identity(keys, dual.signing, dual.encryption)
