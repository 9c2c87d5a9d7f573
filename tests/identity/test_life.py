"""A certificate through its life: bound, renewed, reported lost, revoked, ended; and who is told."""

import base64
from datetime import timedelta

import pytest
from asn1crypto import core
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from ggzy.client.party import Identity, Problem, new_request
from ggzy.identity import trust
from ggzy.identity.models import Certificate, IssuedCertificate, Session
from ggzy.identity.recognition import TRAINING_SM2
from ggzy.messages.models import Message
from ggzy.parties.models import Account
from tests.identity.cas import CA, DAY, named, pem
from tests.identity.test_trustlist import confirm, propose
from tests.journeys.tale import Tale

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def root():
    return CA.root("第三方根CA")


def states(party):
    """Return where each certificate of a party stands, but for the SM2 pair that demo bidders have beside theirs."""
    rows = party.get("/certificates/life")["certificates"]
    return [row["state"] for row in rows if row["ca"] != TRAINING_SM2]


def renew(party):
    key, csr = new_request()
    old = party.identity.fingerprint
    made = party.post("/certificates", {"csr": csr, "renews": old})
    return Identity(key, trust.load(made["pem"]))


def sign_in(platform, username, identity):
    from ggzy.client.story import PASSWORD

    party = platform.anonymous()
    party.sign_in(username=username, password=PASSWORD, identity=identity)
    return party


def test_a_new_certificate_takes_over_before_the_old_one_ends(platform):
    jia = platform.demo("jia")
    assert states(jia) == ["good"]
    new = renew(jia)
    assert states(jia) == ["good", "replaced"]
    for identity in (jia.identity, new):  # both are good until the old one's own end
        assert sign_in(platform, "jia", identity).get("/whoami")["certificate"] == identity.fingerprint
    row = Certificate.objects.get(fingerprint=new.fingerprint)
    assert row.renews.fingerprint == jia.identity.fingerprint
    assert IssuedCertificate.objects.filter(serial=row.serial).exists()


def test_nobody_renews_somebody_elses_certificate(platform):
    jia, yi = platform.demo("jia"), platform.demo("yi")
    with pytest.raises(Problem) as refused:
        jia.post("/certificates", {"csr": new_request()[1], "renews": yi.identity.fingerprint})
    assert refused.value.status == 404
    assert states(jia) == ["good"]


def test_a_lost_certificate_ends_its_sessions_at_once_and_opens_no_new_one(platform):
    jia = platform.demo("jia")
    lost = jia.identity
    other = sign_in(platform, "jia", None)  # a session that only a password opened goes on
    assert Session.objects.filter(certificate__fingerprint=lost.fingerprint).exists()
    other.post(f"/certificates/{lost.fingerprint}/lost", {"note": "UKey遗失"})
    with pytest.raises(Problem) as gone:
        jia.post("/certificates", {"csr": "x"})
    assert gone.value.status == 401
    with pytest.raises(Problem, match="已挂失") as refused:
        sign_in(platform, "jia", lost)
    assert refused.value.code == "identity.certificate_ended"
    assert states(other) == ["lost"]
    with pytest.raises(Problem, match="此前已经挂失"):
        other.post(f"/certificates/{lost.fingerprint}/lost")


def test_the_training_ca_puts_a_lost_certificate_on_its_list(platform):
    from ggzy.identity.models import RevocationList

    platform.work()
    jia = platform.demo("jia")
    sign_in(platform, "jia", None).post(f"/certificates/{jia.identity.fingerprint}/lost")
    platform.advance(platform.now + timedelta(minutes=1))
    newest = RevocationList.objects.filter(source__ca="training").order_by("-this_update").first()
    crl = trust.load_crl(bytes(newest.der))
    found = crl.get_revoked_certificate_by_serial_number(jia.identity.certificate.serial_number)
    assert trust.reason_of(found) == "密钥泄露"


def test_nobody_reports_somebody_elses_certificate(platform):
    yi = platform.demo("yi")
    with pytest.raises(Problem) as refused:
        platform.demo("jia").post(f"/certificates/{yi.identity.fingerprint}/lost")
    assert refused.value.status == 404
    assert states(yi) == ["good"]


def test_what_was_signed_before_the_loss_stays_good(platform):
    from ggzy.identity import recognition
    from ggzy.identity.trustlist import Purpose

    platform.work()
    jia = platform.demo("jia")
    moment = platform.now
    platform.advance(moment + DAY)
    sign_in(platform, "jia", None).post(f"/certificates/{jia.identity.fingerprint}/lost")
    platform.advance(platform.now + timedelta(minutes=1))
    recognition.require_recognised(jia.identity.certificate, purposes=(Purpose.SIGN,), at=moment)
    with pytest.raises(trust.CertificateRevoked):
        recognition.require_recognised(jia.identity.certificate, purposes=(Purpose.SIGN,), at=platform.now)


def page_of(client, party, path):
    from ggzy.portals.middleware import COOKIE

    client.cookies[COOKIE] = party.token
    return client.get(path).content.decode()


def test_a_bidder_is_told_which_live_bids_were_sealed_to_a_lost_certificate(platform, folder, client):
    tale = Tale(platform, folder).sealed("jia")
    jia = platform.demo("jia")
    words = "下列有效投标的密钥信封是给它的"
    assert words not in page_of(client, jia, "/certificates")
    other = sign_in(platform, "jia", None)
    other.post(f"/certificates/{jia.identity.fingerprint}/lost")
    page = page_of(client, other, "/certificates")
    assert words in page and f"/work/rounds/{tale.round}/bid" in page
    assert "密钥信封是给已停用的证书的" in page_of(client, other, "/work")
    for name in ("yi", "zhaobiao", "zhongxin", "jiandu", "guanli"):
        for path in ("/certificates", "/work"):
            text = page_of(client, platform.demo(name), path)
            assert words not in text and "已停用的证书" not in text, (name, path)


def test_its_end_is_announced_sixty_thirty_and_seven_days_ahead(platform, client):
    agency = platform.demo("daili")
    row = Certificate.objects.get(fingerprint=agency.identity.fingerprint)

    def told():
        return Message.objects.filter(
            title="数字证书即将到期", recipient__name="训练工程咨询有限公司"
        ).count()

    counts = []
    for days in (61, 60, 45, 30, 7, 1):
        platform.advance(row.not_after - timedelta(days=days))
        counts.append(told())
    assert counts == [0, 1, 1, 2, 3, 3]
    assert states(agency) == ["ending"]
    assert "换发即将到期的数字证书" in page_of(client, agency, "/work")


def test_a_renewed_certificate_is_announced_no_more(platform):
    jia = platform.demo("jia")
    row = Certificate.objects.get(fingerprint=jia.identity.fingerprint)
    platform.advance(row.not_after - timedelta(days=61))
    # the training CA's certificates end on one day: let this one end later
    new = renew(jia)
    Certificate.objects.filter(fingerprint=new.fingerprint).update(not_after=row.not_after + 365 * DAY)
    platform.advance(row.not_after - timedelta(days=59))
    assert not Message.objects.filter(
        title="数字证书即将到期", recipient__name="甲建工集团有限公司", text__contains=row.serial[:12]
    ).exists()


# binding what another CA issued


def own(root, account, **more):
    organisation = account.organisation
    subject = named((None, "赵强"))
    extension = ("1.2.156.10260.4.1.4", core.UTF8String(more.get("uscc", organisation.uscc)).dump())
    return root.leaf(subject, more=[extension])


def bind(party, leaf, *, key=None, **more):
    challenge = party.post("/sessions/challenge")["challenge"]
    signature = (key or leaf.key).sign(challenge.encode(), ec.ECDSA(hashes.SHA256()))
    return party.post(
        "/certificates/bind",
        {"pem": pem(leaf.certificate), "signature": base64.b64encode(signature).decode(), **more},
    )


@pytest.fixture
def recognised(platform, root):
    confirm(platform, propose(platform, root.entry()))
    return root


def test_a_certificate_of_a_recognised_ca_is_bound_and_signs_in(platform, recognised):
    jia = platform.demo("jia")
    leaf = own(recognised, Account.objects.get(username="jia"))
    assert bind(jia, leaf, renews=jia.identity.fingerprint)["ca"] == "ceshi"
    assert states(jia) == ["good", "replaced"]
    again = sign_in(platform, "jia", Identity(leaf.key, leaf.certificate))
    assert again.get("/whoami")["certificate"] == trust.fingerprint(leaf.certificate)


def test_whoever_does_not_hold_the_key_binds_nothing(platform, recognised):
    jia = platform.demo("jia")
    leaf = own(recognised, Account.objects.get(username="jia"))
    with pytest.raises(Problem) as refused:
        bind(jia, leaf, key=CA.root().key)
    assert refused.value.code == "identity.signature_wrong"
    assert states(jia) == ["good"]


def test_the_certificate_of_another_organisation_is_not_bound(platform, recognised):
    other = Account.objects.select_related("organisation").get(username="yi").organisation
    leaf = own(recognised, Account.objects.get(username="jia"), uscc=other.uscc)
    with pytest.raises(Problem, match="不一致"):
        bind(platform.demo("jia"), leaf)
    with pytest.raises(Problem, match="单位证书"):
        bind(platform.demo("zhuanjia01"), leaf)
    assert not Certificate.objects.filter(fingerprint=trust.fingerprint(leaf.certificate)).exists()


def test_a_certificate_that_names_nobody_is_not_bound_to_an_organisation(platform, recognised):
    with pytest.raises(Problem, match="认不出证书上的单位"):
        bind(platform.demo("jia"), recognised.leaf())
    bind(platform.demo("zhuanjia01"), recognised.leaf())


def test_a_certificate_bound_before_there_was_a_list_finds_its_ca_when_it_signs_in(platform):
    jia = platform.demo("jia")
    rows = Certificate.objects.filter(fingerprint=jia.identity.fingerprint)
    rows.update(ca="", bound_at=None)
    sign_in(platform, "jia", jia.identity)
    assert rows.get().ca == "training"


def test_a_certificate_is_bound_to_one_account(platform, recognised):
    leaf = own(recognised, Account.objects.get(username="zhongxin"))
    bind(platform.demo("zhongxin"), leaf)
    with pytest.raises(Problem, match="其他账号"):
        bind(platform.demo("guanli"), leaf)


def test_a_lost_certificate_is_not_bound_again(platform, recognised):
    jia = platform.demo("jia")
    leaf = own(recognised, Account.objects.get(username="jia"))
    bind(jia, leaf)
    jia.post(f"/certificates/{trust.fingerprint(leaf.certificate)}/lost")
    with pytest.raises(Problem, match="不能再绑定"):
        bind(jia, leaf)
