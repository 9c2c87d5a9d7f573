"""Chains and revocation lists at a moment: what is good, what is refused, and in which words."""

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from ggzy.identity import trust, trustlist
from ggzy.identity.trust import CertificateNotTrusted, CertificateRevoked, CrlBroken, Stale
from ggzy.identity.trustlist import Purpose
from tests.identity.cas import CA, DAY, NOW, named, usage

pytestmark = pytest.mark.pure


@pytest.fixture(scope="module")
def root():
    return CA.root()


@pytest.fixture(scope="module")
def issuing(root):
    return root.sub()


def check(root, leaf, *between, at=NOW, crls=(), stale=None):
    return trust.require_trusted(
        leaf.certificate,
        anchors=(root.certificate,),
        intermediates=[one.certificate for one in between],
        at=at,
        crls=[trust.load_crl(crl) for crl in crls],
        stale=stale,
    )


def test_a_chain_goes_over_an_intermediate_and_not_without_it(root, issuing):
    leaf = issuing.leaf()
    assert len(check(root, leaf, issuing).chain) == 3
    with pytest.raises(CertificateNotTrusted, match="不在本中心的信任列表里"):
        check(root, leaf)


@pytest.mark.parametrize(
    ("at", "says"),
    [
        (NOW - 31 * DAY, "尚未生效"),
        (NOW - 30 * DAY, None),
        (NOW + 335 * DAY, None),
        (NOW + 335 * DAY + timedelta(seconds=1), "已过期"),
    ],
)
def test_a_certificate_has_its_time(root, issuing, at, says):
    leaf = issuing.leaf()
    if says is None:
        check(root, leaf, issuing, at=at)
    else:
        with pytest.raises(CertificateNotTrusted, match=says):
            check(root, leaf, issuing, at=at)


def test_an_intermediate_has_its_time_too_and_is_named(root):
    short = root.sub("短命中级CA", days=301)
    leaf = short.leaf()
    check(root, leaf, short)
    with pytest.raises(CertificateNotTrusted, match="短命中级CA.*已过期"):
        check(root, leaf, short, at=NOW + 2 * DAY)


def test_who_signs_itself_is_not_believed(root):
    alone = CA.root("自己")
    with pytest.raises(CertificateNotTrusted, match="自签名"):
        check(root, alone)


def test_a_person_issues_no_certificates(root, issuing):
    person = issuing.leaf()
    child = person.leaf(named((None, "李四")))
    with pytest.raises(CertificateNotTrusted, match="不是CA的证书"):
        check(root, child, issuing, person)


def test_a_cas_own_certificate_is_for_no_act(root, issuing):
    with pytest.raises(CertificateNotTrusted, match="CA机构自己"):
        check(root, issuing)


@pytest.mark.parametrize(
    ("use", "extended", "to_seal", "good"),
    [
        ({"digital_signature": True}, None, False, True),
        ({"content_commitment": True}, None, False, True),
        ({"key_encipherment": True, "data_encipherment": True}, None, False, False),
        ({"key_encipherment": True}, None, True, True),
        ({"key_agreement": True}, None, True, True),
        ({"digital_signature": True}, None, True, False),
        ({"digital_signature": True}, ExtendedKeyUsageOID.CLIENT_AUTH, False, True),
        ({"digital_signature": True}, ExtendedKeyUsageOID.EMAIL_PROTECTION, False, True),
        ({"digital_signature": True}, ExtendedKeyUsageOID.SERVER_AUTH, False, False),
        ({"digital_signature": True}, ExtendedKeyUsageOID.TIME_STAMPING, False, False),
    ],
)
def test_a_certificate_is_good_for_what_it_was_made_for(root, use, extended, to_seal, good):
    leaf = root.leaf(use=usage(**use), extended=[extended] if extended else None)
    if good:
        trust.require_usage(leaf.certificate, to_seal=to_seal)
    else:
        with pytest.raises(CertificateNotTrusted, match="证书用途不符"):
            trust.require_usage(leaf.certificate, to_seal=to_seal)


def test_revoked_before_the_moment_is_refused_with_its_day_and_reason(root, issuing):
    leaf = issuing.leaf()
    crl = issuing.crl((leaf.certificate, NOW - 2 * DAY), reason=x509.ReasonFlags.key_compromise)
    with pytest.raises(CertificateRevoked, match="2026-02-28 09:00.*密钥泄露"):
        check(root, leaf, issuing, crls=[crl])


def test_revoked_after_the_moment_was_good_at_it(root, issuing):
    leaf = issuing.leaf()
    crl = issuing.crl((leaf.certificate, NOW - 2 * DAY))
    check(root, leaf, issuing, crls=[crl], at=NOW - 2 * DAY - timedelta(seconds=1))
    with pytest.raises(CertificateRevoked):
        check(root, leaf, issuing, crls=[crl], at=NOW - 2 * DAY)


def test_the_revocation_of_an_intermediate_is_looked_at(root):
    issuing = root.sub("被吊销的中级CA")
    leaf = issuing.leaf()
    crl = root.crl((issuing.certificate, NOW - DAY))
    check(root, leaf, issuing, crls=[root.crl()])
    with pytest.raises(CertificateRevoked):
        check(root, leaf, issuing, crls=[crl])


def test_another_certificate_on_the_list_is_no_matter(root, issuing):
    leaf, other = issuing.leaf(), issuing.leaf()
    found = check(root, leaf, issuing, crls=[issuing.crl((other.certificate, NOW - DAY))], stale=Stale.REFUSE)
    assert (len(found.crls), found.warnings) == (1, ())


def test_a_stale_list_warns_or_refuses_by_policy(root, issuing):
    leaf = issuing.leaf()
    old = issuing.crl(at=NOW - 8 * DAY, days=7)
    assert check(root, leaf, issuing, crls=[old]).warnings == ()
    (warning,) = check(root, leaf, issuing, crls=[old], stale=Stale.WARN).warnings
    assert "吊销列表已过期" in warning and "2026-03-01" in warning
    with pytest.raises(CertificateNotTrusted, match="暂不能使用.*已过期"):
        check(root, leaf, issuing, crls=[old], stale=Stale.REFUSE)


def test_a_stale_list_still_tells_who_was_revoked(root, issuing):
    leaf = issuing.leaf()
    old = issuing.crl((leaf.certificate, NOW - 9 * DAY), at=NOW - 8 * DAY, days=7)
    with pytest.raises(CertificateRevoked):
        check(root, leaf, issuing, crls=[old], stale=Stale.WARN)


def test_no_list_at_all_is_like_a_stale_one(root, issuing):
    leaf = issuing.leaf()
    assert "尚未取得" in check(root, leaf, issuing, stale=Stale.WARN).warnings[0]
    with pytest.raises(CertificateNotTrusted, match="尚未取得"):
        check(root, leaf, issuing, stale=Stale.REFUSE)


def test_the_newest_list_decides(root, issuing):
    leaf = issuing.leaf()
    old, new = issuing.crl(at=NOW - 3 * DAY), issuing.crl((leaf.certificate, NOW - 2 * DAY))
    for crls in ([old, new], [new, old]):
        with pytest.raises(CertificateRevoked):
            check(root, leaf, issuing, crls=crls)


def test_a_forged_list_is_not_believed(root, issuing):
    leaf = issuing.leaf()
    forger = CA(CA.root().key, issuing.certificate)
    forged = forger.crl((leaf.certificate, NOW - 2 * DAY))
    with pytest.raises(CertificateNotTrusted, match="吊销列表签名不对"):
        check(root, leaf, issuing, crls=[forged])
    with pytest.raises(CrlBroken):
        trust.require_crl_of(trust.load_crl(forged), [root.certificate, issuing.certificate])
    good = trust.load_crl(issuing.crl())
    assert trust.require_crl_of(good, [root.certificate, issuing.certificate]) == issuing.certificate


def test_a_ca_that_changed_its_key_has_a_list_of_each_key(root):
    old, new = root.sub("换钥CA"), root.sub("换钥CA")
    leaf = old.leaf()
    crls = [old.crl((leaf.certificate, NOW - 2 * DAY), signed_key=True), new.crl(at=NOW, signed_key=True)]
    with pytest.raises(CertificateRevoked):
        check(root, leaf, old, new, crls=crls)


@pytest.mark.parametrize("data", [b"", b"x", b"-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n"])
def test_what_is_no_list_is_refused(data):
    with pytest.raises(CrlBroken):
        trust.load_crl(data)


# the entry of the trust list


def recognise(entries, leaf, *, purposes=(Purpose.LOGIN,), at=NOW, crls=None, stale=None):
    return trustlist.require_recognised(
        leaf.certificate,
        entries=trustlist.read(entries),
        crls=crls or {},
        purposes=purposes,
        at=at,
        stale=stale,
    )


def test_the_entry_of_its_ca_is_found_among_several(root, issuing):
    other = CA.root("另一根CA")
    entries = [other.entry(id="lingwai"), root.entry(issuing)]
    assert recognise(entries, issuing.leaf()).ca.id == "ceshi"
    assert recognise(entries, other.leaf()).ca.id == "lingwai"
    with pytest.raises(CertificateNotTrusted, match="签发机构.*不在本中心的信任列表里"):
        recognise(entries, CA.root("无人认识").leaf())
    with pytest.raises(CertificateNotTrusted, match="自签名"):
        recognise(entries, CA.root("自己"))


def test_two_cas_of_one_name_are_told_apart_by_their_keys(root):
    twin = CA.root("测试根CA")
    entries = [root.entry(id="yi"), twin.entry(id="er")]
    assert recognise(entries, twin.leaf()).ca.id == "er"


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"status": "suspended"}, "暂停认可"),
        ({"status": "removed"}, "取消认可"),
        ({"valid_from": "2026-03-02T01:00:01+00:00"}, "不在本中心认可的期间内"),
        ({"valid_until": "2026-03-02T01:00:00+00:00"}, "不在本中心认可的期间内"),
        ({"purposes": ["seal"]}, "不用于登录"),
        ({"algorithms": ["RSA"]}, "P-256证书不在认可的算法之内"),
    ],
)
def test_a_ca_is_recognised_for_what_its_entry_says(root, more, says):
    leaf = root.leaf()
    recognise([root.entry()], leaf)
    with pytest.raises(CertificateNotTrusted, match=says):
        recognise([root.entry(**more)], leaf)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"id": "A"}, "标识"),
        ({"name": ""}, "名称"),
        ({"anchors": []}, "根证书"),
        ({"anchors": ["x"]}, "PEM"),
        ({"algorithms": ["DSA"]}, "算法"),
        ({"purposes": []}, "用途"),
        ({"status": "好"}, "状态"),
        ({"crl": ["file:///etc/passwd"]}, "吊销列表地址"),
        ({"valid_from": "2026-01-01"}, "带时区"),
        ({"valid_until": "2019-01-01T00:00:00+08:00"}, "截止时间"),
        ({"rules": [{"fact": "uscc", "part": "x", "oid": "1.2"}]}, "part"),
    ],
)
def test_an_entry_that_cannot_be_right_is_refused_in_words(root, more, says):
    from ggzy.kernel.refusals import BadInput

    with pytest.raises(BadInput, match=says):
        trustlist.read([root.entry(**more)])


def test_what_is_no_ca_stands_in_no_entry(root, issuing):
    from ggzy.kernel.refusals import BadInput
    from tests.identity.cas import pem

    for anchor, says in ((root.leaf(), "不是CA证书"), (issuing, "不是自签名的根证书")):
        with pytest.raises(BadInput, match=says):
            trustlist.read([root.entry(anchors=[pem(anchor.certificate)])])
    with pytest.raises(BadInput, match="不是由列出的根证书签发的"):
        trustlist.read([root.entry(CA.root("别的").sub())])


def test_a_version_is_read_back_as_it_was_written(root, issuing):
    (ca,) = trustlist.read([root.entry(issuing, crl=["http://ca.example/a.crl"])])
    assert trustlist.read([trustlist.as_json(ca)]) == (ca,)
    assert trustlist.differences([trustlist.as_json(ca)], [trustlist.as_json(ca)]) == []


def test_the_differences_are_said_in_words(root):
    before = root.entry()
    (came,) = trustlist.differences([], [before])
    (went,) = trustlist.differences([before], [])
    (changed,) = trustlist.differences([before], [root.entry(status="suspended")])
    assert (came.how, went.how, changed.how) == ("新增", "移出", "变更")
    assert changed.says == ("状态: 认可 → 暂停认可",)
