"""A contract with an SM2 signature beside each seal: the order is kept, both count, and who has no SM2 certificate is told."""

import re
from typing import Any

import pytest
from django.conf import settings as live

from ggzy.client.party import Identity, Problem, dual_identity, new_sm2_request
from ggzy.contracting.models import Contract
from ggzy.identity import recognition
from ggzy.kernel import files
from ggzy.kernel.refusals import BadInput
from ggzy.seals.checking import check
from ggzy.seals.models import SealUse
from ggzy.seals.stamping import trusted_clocks
from tests.journeys.tale import Tale
from tests.portals.test_work import Person
from tests.seals.conftest import seals_valid

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def wanted(settings: Any) -> None:
    settings.SM2_BESIDE = frozenset({"contract"})


def _owner_key(party: Any) -> Identity:
    pair, csr = new_sm2_request()
    made = party.post("/certificates", {"csr": csr})
    return dual_identity(pair, made)


def _demo_key(username: str) -> Identity:
    return Identity.from_pem((live.KEYS / "training" / f"{username}-sm2.pem").read_bytes())


def _sign(party: Any, key: Identity, path: str) -> None:
    first = party.post(path)
    with pytest.raises(Problem) as no:  # the seal cannot come first
        party.post(f"{path}/seal", {"signature": party.signature_on(first["to_sign"])})
    assert no.value.code == "seals.beside_first"
    assert party.sign_beside(key) == 1
    again = party.post(path)
    assert again["to_sign"] != first["to_sign"]
    party.post(f"{path}/seal", {"signature": party.signature_on(again["to_sign"])})


def test_a_contract_has_an_sm2_signature_beside_each_seal(platform: Any, folder: Any, tmp_path: Any) -> None:
    tale = Tale(platform, folder).notified()
    path = f"/rounds/{tale.round}/contract"
    winner = next(n for n in ("jia", "yi", "bing") if tale.bidder(n).name == tale.winner.name)
    _sign(tale.owner, _owner_key(tale.owner), path)
    one = files.read(Contract.objects.get().pdf)
    _sign(tale.winner, _demo_key(winner), path)
    both = files.read(Contract.objects.get().pdf)
    assert both.startswith(one)
    now = platform.now
    report = check(both, cas=recognition.certificates_of_cas(now), clocks=trusted_clocks(), at=now)
    assert report.good, [one.trouble for one in report.seals]
    kinds = [seal.algorithm for seal in report.seals]
    assert kinds == ["SM2 / SM3", "P-256 / SHA256"] * 2
    assert all(seal.stamped_at for seal in report.seals)
    # another program, which knows no SM2: what it knows is valid
    assert seals_valid(both, tmp_path / "a.pdf").count(True) == 2
    levels = SealUse.objects.filter(purpose="contract").order_by("pk").values_list("level", flat=True)
    assert [level == "SM2" for level in levels] == [True, False, True, False]
    changed = bytearray(both)
    changed[1000] ^= 1
    try:
        found = check(bytes(changed), cas=recognition.certificates_of_cas(now), clocks=(), at=now)
    except BadInput as no:
        assert "损坏" in no.message
    else:
        assert not any(seal.intact for seal in found.seals)


def test_who_has_no_sm2_certificate_is_told_what_to_do(platform: Any, folder: Any) -> None:
    tale = Tale(platform, folder).notified()
    with pytest.raises(Problem) as no:
        tale.owner.post(f"/rounds/{tale.round}/contract")
    assert no.value.code == "seals.sm2_needed"
    assert not SealUse.objects.filter(purpose="contract").exists()


def test_a_wrong_sm2_signature_is_refused_and_nothing_goes_on(platform: Any, folder: Any) -> None:
    tale = Tale(platform, folder).notified()
    key = _owner_key(tale.owner)
    tale.owner.post(f"/rounds/{tale.round}/contract")
    (row,) = tale.owner.get("/seals/beside")["waiting"]
    assert row["certificate"] == key.fingerprint
    place = {"purpose": row["purpose"], "subject": row["subject"]}
    with pytest.raises(Problem) as no:
        tale.owner.post("/seals/beside", {**place, "signature": key.sign(b"something else")})
    assert no.value.code == "identity.signature_wrong"
    assert tale.owner.get("/seals/beside")["waiting"]
    with pytest.raises(Problem) as no:  # nobody else's
        tale.winner.post("/seals/beside", {**place, "signature": key.sign(b"x")})
    assert no.value.status == 404


def test_the_page_says_which_key_comes_first(platform: Any, folder: Any) -> None:
    tale = Tale(platform, folder).notified()
    key = _owner_key(tale.owner)
    owner = Person(platform, "zhaobiao")
    page = owner.get(f"/work/rounds/{tale.round}/result")
    address = re.search(r'data-sign="([^"]*contract[^"]*)"', page)
    assert address
    answer = owner.client.get(address[1]).json()
    assert answer["beside"]["certificate"] == key.fingerprint
    import base64

    signature = key.sign(base64.b64decode(answer["to_sign"]))
    place = {part: answer["beside"][part] for part in ("purpose", "subject")}
    reply = owner.client.post("/work/seals/beside", {**place, "signature": signature})
    assert reply.status_code == 200
    assert "beside" not in owner.client.get(address[1]).json()
