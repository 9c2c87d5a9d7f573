"""The desk of the trust list and the page of one's certificates, as people use them."""

import base64
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from ggzy.identity import trust
from ggzy.identity.models import Certificate, TrustList
from tests.identity.cas import CA, pem
from tests.identity.people import new_key, request_of
from tests.portals.test_work import Person

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def root() -> CA:
    return CA.root("第三方根CA")


def hand_in(person: Person, given: dict[str, Any], status: int = 303) -> str:
    """Hand the form in: it has a field of the name `status`."""
    reply = person.client.post("/work/trust", given)
    page = str(reply.content.decode())
    assert reply.status_code == status, page
    return page


def filled(root: CA, **more: Any) -> dict[str, Any]:
    return {
        "original": "",
        "id": "disanfang",
        "name": "第三方CA",
        "status": "active",
        "anchors": pem(root.certificate),
        "algorithms": ["P-256", "RSA"],
        "purposes": ["login", "sign", "seal", "envelope"],
        "valid_from": "2026-01-01",
        "reason": "年度互认",
        "rules": "[]",
    } | more


def test_one_administrator_proposes_and_another_one_confirms(platform: Any, root: CA) -> None:
    one, two = Person(platform, "guanli"), Person(platform, "guanli2")
    hand_in(one, filled(root))
    made = TrustList.objects.get(state="proposed")
    seen = two.get("/work/trust").split('name="seen" value="')[1].split('"')[0]
    page = one.get("/work/trust")
    assert "您是提出人" in page and "核对无误" not in page
    assert "确认信任列表第2版" in two.get("/work") and "确认信任列表第2版" not in one.get("/work")
    says = one.post(f"/work/trust/{made.public_id}/confirm", status=403, seen=seen).content.decode()
    assert "须由两名管理员分别提出和确认" in says
    two.post(f"/work/trust/{made.public_id}/confirm", seen=seen)
    assert "第三方CA" in one.get("/trust")
    assert trust.fingerprint(root.certificate)[:8] in one.get("/trust")


def test_a_form_that_cannot_be_right_is_shown_again_with_all_that_was_entered(
    platform: Any, root: CA
) -> None:
    one = Person(platform, "guanli")
    for wrong, says in (
        ({"anchors": "x"}, "至少要有一张根证书"),
        ({"rules": "["}, "JSON"),
        ({"reason": ""}, "为什么"),
    ):
        page = hand_in(one, filled(root, **wrong), 422)
        assert says in page and 'value="第三方CA"' in page
    assert not TrustList.objects.filter(state="proposed").exists()


def test_changing_one_ca_changes_only_what_was_changed(platform: Any) -> None:
    one, two = Person(platform, "guanli"), Person(platform, "guanli2")
    page = one.get("/work/trust?ca=training-sm2")
    assert 'value="training-sm2"' in page
    from ggzy.identity import listed
    from ggzy.portals.trust import _filled

    row = next(r for r in listed.entries_in_force(now=platform.now) if r["id"] == "training-sm2")
    given = {**_filled(row), "status": "suspended", "reason": "演练"}
    given["valid_until"] = given["valid_until"] or ""
    hand_in(one, given)
    page = two.get("/work/trust")
    assert "状态: 认可 → 暂停认可" in page
    made = TrustList.objects.get(state="proposed")
    from ggzy.identity.trustlist import differences

    (only,) = differences(listed.entries_in_force(now=platform.now), made.entries)
    assert only.says == ("状态: 认可 → 暂停认可",)
    two.post(f"/work/trust/{made.public_id}/drop")
    assert TrustList.objects.get(pk=made.pk).state == "dropped"


def test_a_certificate_is_renewed_and_reported_lost_on_the_page(platform: Any) -> None:
    jia = Person(platform, "jia")
    old = Certificate.objects.get(account__username="jia", ca="training")
    jia.post("/certificates", csr=request_of(new_key()).decode(), renews=old.fingerprint)
    page = jia.get("/certificates")
    assert "已换新证, 到期前仍可用" in page and "接替" in page
    new = Certificate.objects.get(renews=old)
    jia.post(f"/certificates/{new.fingerprint}/lost", note="遗失")
    page = jia.get("/certificates")
    assert "已挂失" in page and "遗失" in page
    # the certificate that signed in is reported: the session is over
    jia.post(f"/certificates/{old.fingerprint}/lost")
    jia.get("/certificates", status=302)


def test_a_certificate_of_another_ca_is_bound_on_the_page(platform: Any, root: CA) -> None:
    one, two, jia = (Person(platform, name) for name in ("guanli", "guanli2", "jia"))
    hand_in(one, filled(root))
    seen = two.get("/work/trust").split('name="seen" value="')[1].split('"')[0]
    two.post(f"/work/trust/{TrustList.objects.get(state='proposed').public_id}/confirm", seen=seen)
    leaf = root.leaf()

    def bind(key: Any, status: int) -> str:
        page = jia.get("/certificates/bind")
        text = page.split('id="challenge">')[1].split("</pre>")[0]
        signature = base64.b64encode(key.sign(text.encode(), ec.ECDSA(hashes.SHA256()))).decode()
        reply = jia.post("/certificates/bind", status, pem=pem(leaf.certificate), signature=signature)
        return str(reply.content.decode())

    assert "签名与内容或证书不符" in bind(new_key(), 422)
    bind(leaf.key, 303)
    assert "第三方CA" in jia.get("/certificates")
