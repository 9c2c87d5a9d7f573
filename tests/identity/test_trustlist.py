"""The trust list: two administrators, one version in force at each moment, revocation lists with their history."""

import threading
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import IntegrityError, connection, transaction

from ggzy.adapters.authorities.training import TrainingAuthority
from ggzy.evidence.models import Entry
from ggzy.identity import listed, listing, recognition, trust, trustlist
from ggzy.identity.models import Certificate, CrlSource, RevocationList, Session, Signature, TrustList
from ggzy.identity.ports import AuthorityUnavailable
from ggzy.identity.trust import CertificateNotTrusted, CertificateRevoked
from ggzy.identity.trustlist import Purpose
from ggzy.kernel.refusals import BadInput
from ggzy.parties.grid import CertificateNeeded
from ggzy.parties.models import Account
from tests.identity.cas import CA, DAY
from tests.people import actor

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def root():
    return CA.root("第三方根CA")


def administrator(username, **more):
    from ggzy.kernel.actors import Role

    account = Account.objects.get(username=username)
    return actor(Role.ADMIN, account_pk=account.pk, person=account.public_id, **more)


def propose(platform, *added, by="guanli", reason="认可第三方CA", now=None):
    moment = now or platform.now
    entries = [*listed.entries_in_force(now=moment), *added]
    return listing.propose_list(entries=entries, reason=reason, actor=administrator(by), now=moment)


def confirm(platform, made, *, by="guanli2", now=None):
    return listing.confirm_list(
        proposal_id=made.public_id,
        seen=listing.seen_digest(made.entries),
        actor=administrator(by),
        now=now or platform.now,
    )


def recognise(leaf, at, *purposes):
    return recognition.require_recognised(leaf.certificate, purposes=purposes or (Purpose.LOGIN,), at=at)


def fetch(platform):
    platform.work()


class Outside:
    """A CA outside whose lists a test decides."""

    answer: bytes | Exception = b""

    def __init__(self, ca):
        pass

    def crl(self, address, *, now):
        if isinstance(Outside.answer, Exception):
            raise Outside.answer
        return Outside.answer


@pytest.fixture
def outside(settings):
    settings.AUTHORITIES = {**settings.AUTHORITIES, "*": "tests.identity.test_trustlist.Outside"}
    return Outside


def test_the_training_centre_begins_with_its_own_cas_in_version_one(platform):
    number, cas = listed.cas(now=platform.now)
    assert (number, {ca.id: ca.status for ca in cas}) == (
        1,
        {"training": "active", "training-sm2": "active"},
    )
    assert trustlist.verify(listed.document(1))
    assert listed.versions()[0].proposed_by != listed.versions()[0].confirmed_by


def test_a_proposal_changes_nothing_until_another_administrator_confirms(platform, root):
    leaf = root.leaf()
    made = propose(platform, root.entry())
    with pytest.raises(CertificateNotTrusted, match="不在本中心的信任列表里"):
        recognise(leaf, platform.now)
    confirmed = confirm(platform, made)
    assert confirmed.number == 2
    assert recognise(leaf, platform.now).version == 2
    entry = Entry.objects.get(act="identity.trust_list_confirmed")
    assert entry.fields["sha256"]["value"] == trustlist.digest(listed.document(2))
    assert listed.document(2)["previous_sha256"] == listed.versions()[1].sha256


def test_whoever_proposed_does_not_confirm(platform, root):
    made = propose(platform, root.entry())
    with pytest.raises(listing.SameAdministrator):
        confirm(platform, made, by="guanli")
    # nor with a second account of the same person
    Account.objects.filter(username="guanli2").update(person=Account.objects.get(username="guanli").person)
    with pytest.raises(listing.SameAdministrator):
        confirm(platform, made)
    assert recognition.known_at(platform.now).version == 1
    assert not Entry.objects.filter(act="identity.trust_list_confirmed").exists()


def test_the_database_too_wants_two_administrators(platform, root):
    made = propose(platform, root.entry())
    with pytest.raises(IntegrityError, match="nobody_confirms_an_own_trust_list"), transaction.atomic():
        TrustList.objects.filter(pk=made.pk).update(confirmed_by=made.proposed_by)


def test_a_proposal_on_an_older_version_is_refused(platform, root):
    first = propose(platform, root.entry())
    second = propose(platform, CA.root("又一根CA").entry(id="you"))
    confirm(platform, first)
    with pytest.raises(listing.ProposalStale, match="第2版已经生效"):
        confirm(platform, second)
    with pytest.raises(listing.ProposalStale, match="已经生效"):
        confirm(platform, first)
    assert recognition.known_at(platform.now).version == 2


def test_whoever_waited_for_the_other_comes_after(platform, root):
    """A moment that was read before the other version came into force does not go behind it."""
    early = platform.now
    confirm(platform, propose(platform, root.entry()), now=early + timedelta(seconds=1))
    late = propose(platform, CA.root("又一根CA").entry(id="you"), now=early + timedelta(seconds=1))
    made = confirm(platform, late, now=early)
    assert (made.number, made.confirmed_at) == (3, early + timedelta(seconds=1, microseconds=1))


def test_what_is_confirmed_is_what_was_seen(platform, root):
    made = propose(platform, root.entry())
    with pytest.raises(listing.ProposalStale, match="不一致"):
        listing.confirm_list(
            proposal_id=made.public_id, seen="0" * 64, actor=administrator("guanli2"), now=platform.now
        )


def test_a_dropped_proposal_is_gone(platform, root):
    made = propose(platform, root.entry())
    listing.drop_list(proposal_id=made.public_id, actor=administrator("guanli2"), now=platform.now)
    with pytest.raises(listing.ProposalStale, match="已经撤回"):
        confirm(platform, made)
    assert listed.proposals(account_pk=0, now=platform.now) == []


def test_a_proposal_has_a_reason_and_changes_something_and_is_made_with_a_certificate(platform, root):
    with pytest.raises(BadInput, match="为什么"):
        propose(platform, root.entry(), reason=" ")
    with pytest.raises(listing.NothingChanged):
        propose(platform)
    with pytest.raises(CertificateNeeded):
        listing.propose_list(
            entries=[], reason="x", actor=administrator("guanli", certificate=""), now=platform.now
        )
    assert not TrustList.objects.filter(state=TrustList.PROPOSED).exists()


def test_a_version_changed_in_the_database_is_not_believed(platform, root):
    confirm(platform, propose(platform, root.entry()))
    row = TrustList.objects.get(number=2)
    row.signed["entries"][-1]["status"] = "suspended"
    row.save()
    recognition._entries.cache_clear()
    with pytest.raises(recognition.TrustListBroken, match="签名与本中心的密钥不符"):
        recognition.known_at(platform.now)
    # nor one that somebody signed anew with another key
    body = {k: v for k, v in row.signed.items() if k not in ("key", "signature")}
    row.signed = trustlist.sign(body, key=Ed25519PrivateKey.generate())
    row.sha256 = trustlist.digest(body)
    row.save()
    with pytest.raises(recognition.TrustListBroken):
        recognition.known_at(platform.now)


def test_an_acknowledgement_passes_for_no_trust_list(platform):
    from ggzy.evidence import acks, keys

    body = {"format": trustlist.FORMAT, "entries": []}
    assert not trustlist.verify(acks.sign(body, key=keys.ack_key()))
    assert trustlist.verify(trustlist.sign(body, key=keys.ack_key()))


def test_an_earlier_moment_is_judged_by_the_version_in_force_then(platform, root):
    leaf = root.leaf()
    before = platform.now
    confirm(platform, propose(platform, root.entry()), now=before + timedelta(hours=1))
    suspended = [
        row | {"status": "suspended"} if row["id"] == "ceshi" else row
        for row in listed.entries_in_force(now=before + timedelta(hours=1))
    ]
    later = before + timedelta(hours=2)
    made = listing.propose_list(
        entries=suspended, reason="审计未通过", actor=administrator("guanli2"), now=later
    )
    confirm(platform, made, by="guanli", now=later)
    with pytest.raises(CertificateNotTrusted, match="不在本中心"):
        recognise(leaf, before)
    assert recognise(leaf, later - timedelta(microseconds=1)).version == 2
    with pytest.raises(CertificateNotTrusted, match="暂停认可"):
        recognise(leaf, later)


def test_suspending_a_ca_takes_the_certificate_out_of_open_sessions(platform):
    jia = platform.demo("jia")
    assert jia.get("/whoami")["certificate"]
    suspended = [row | {"status": "suspended"} for row in listed.entries_in_force(now=platform.now)]
    made = listing.propose_list(
        entries=suspended, reason="演练", actor=administrator("guanli"), now=platform.now
    )
    confirm(platform, made)
    assert jia.get("/whoami")["certificate"] == ""


def test_the_training_ca_publishes_its_list_and_a_clock_fetches_it(platform):
    fetch(platform)
    kept = RevocationList.objects.get(source__ca="training")
    assert (kept.revoked, kept.next_update - kept.this_update) == (0, 7 * DAY)
    _, (ca, _) = listed.cas(now=platform.now)
    assert (ca.sources[0].freshness, ca.sources[0].trouble) == ("fresh", "")
    platform.advance(platform.now + 30 * DAY)
    assert RevocationList.objects.filter(source__ca="training").count() == 2
    assert listed.cas(now=platform.now)[1][0].sources[0].freshness == "fresh"


def test_a_fetched_revocation_ends_the_certificate_and_its_sessions(platform):
    jia = platform.demo("jia")
    row = Certificate.objects.get(account__username="jia", ca=recognition.TRAINING)
    before = platform.now
    TrainingAuthority("training").revoke(int(row.serial, 16), reason="superseded", now=before)
    platform.advance(before + DAY)
    row.refresh_from_db()
    assert (row.ended_by, row.ended_note) == ("revoked", "签发机构吊销: 已换新证")
    assert not Session.objects.filter(certificate=row).exists()
    assert jia.identity.certificate.serial_number == int(row.serial, 16)
    leaf = type("Leaf", (), {"certificate": trust.load(row.pem)})
    with pytest.raises(CertificateRevoked, match="已换新证"):
        recognise(leaf, platform.now)
    recognise(leaf, before - timedelta(minutes=1))


def test_what_was_known_at_a_moment_is_what_had_been_fetched_by_then(platform, root, outside):
    leaf = root.leaf()
    start = platform.now
    outside.answer = root.crl(at=start, days=1)
    confirm(platform, propose(platform, root.entry(crl=["http://ca.example/a.crl"])))
    fetch(platform)
    outside.answer = root.crl((leaf.certificate, start + timedelta(hours=1)), at=start + 2 * DAY)
    platform.advance(start + 2 * DAY)
    with pytest.raises(CertificateRevoked):
        recognise(leaf, platform.now)
    # an hour and a half after the start nobody here knew it yet
    found = recognise(leaf, start + timedelta(minutes=90))
    assert found.warnings == ()
    assert [crl["this_update"] for crl in found.as_facts()["crls"]] == [
        start.replace(microsecond=0).isoformat()
    ]


def test_trouble_with_an_address_is_shown_and_asked_again(platform, root, outside):
    outside.answer = AuthorityUnavailable("服务器答复 503")
    confirm(platform, propose(platform, root.entry(crl=["http://ca.example/a.crl"])))
    fetch(platform)
    source = next(ca for ca in listed.cas(now=platform.now)[1] if ca.id == "ceshi").sources[0]
    assert (source.freshness, "503" in source.trouble) == ("none", True)
    outside.answer = root.crl(at=platform.now)
    platform.advance(platform.now + timedelta(minutes=11))
    source = next(ca for ca in listed.cas(now=platform.now)[1] if ca.id == "ceshi").sources[0]
    assert (source.freshness, source.trouble) == ("fresh", "")


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda root, now: CA.root("别人").crl(at=now), "不是这家CA签发的"),
        (lambda root, now: root.crl(at=now + DAY), "晚于现在"),
        (lambda root, now: b"<html>", "不是吊销列表"),
        (lambda root, now: root.crl(at=now - 3 * DAY), "比已有的旧"),
    ],
)
def test_a_list_that_is_not_this_cas_or_of_another_time_is_not_kept(platform, root, outside, make, says):
    outside.answer = root.crl(at=platform.now - DAY)
    confirm(platform, propose(platform, root.entry(crl=["http://ca.example/a.crl"])))
    fetch(platform)
    outside.answer = make(root, platform.now + timedelta(hours=7))
    platform.advance(platform.now + timedelta(hours=7))
    source = CrlSource.objects.get(ca="ceshi")
    assert says in source.trouble
    assert source.lists.count() == 1


def test_a_stale_list_follows_the_setting(platform, root, outside, settings):
    leaf = root.leaf()
    outside.answer = root.crl(at=platform.now - 2 * DAY, days=1)
    confirm(platform, propose(platform, root.entry(crl=["http://ca.example/a.crl"])))
    fetch(platform)
    settings.STALE_CRL = "warn"
    assert "已过期" in recognise(leaf, platform.now).warnings[0]
    settings.STALE_CRL = "refuse"
    with pytest.raises(CertificateNotTrusted, match="暂不能使用"):
        recognise(leaf, platform.now)
    assert next(c for c in listed.cas(now=platform.now)[1] if c.id == "ceshi").sources[0].freshness == "stale"


def test_a_removed_ca_is_asked_no_more(platform, root, outside):
    outside.answer = root.crl(at=platform.now)
    confirm(platform, propose(platform, root.entry(crl=["http://ca.example/a.crl"])))
    fetch(platform)
    rows = [
        r | {"status": "removed"} if r["id"] == "ceshi" else r
        for r in listed.entries_in_force(now=platform.now)
    ]
    made = listing.propose_list(
        entries=rows, reason="不再合作", actor=administrator("guanli"), now=platform.now
    )
    confirm(platform, made)
    outside.answer = AssertionError("asked")
    platform.advance(platform.now + DAY)
    assert CrlSource.objects.get(ca="ceshi").trouble == ""


def test_a_signature_keeps_what_was_known_of_its_certificate(platform):
    from ggzy.identity.actions import sign_document

    fetch(platform)
    jia = platform.demo("jia")
    account = Account.objects.select_related("organisation").get(username="jia")
    from ggzy.kernel.actors import Role

    who = actor(Role.BIDDER, account_pk=account.pk, certificate=jia.identity.fingerprint)
    row = sign_document(
        kind="test",
        subject="s",
        document=b"abc",
        signature=jia.identity.sign(b"abc"),
        actor=who,
        now=platform.now,
    )
    kept = Signature.objects.get(pk=row.pk).checked
    assert (kept["trust_list"], kept["ca"], kept["warnings"], len(kept["crls"])) == (1, "training", [], 1)


def test_of_two_administrators_who_confirm_in_one_second_one_succeeds(committed_platform, root):
    platform = committed_platform
    made = [propose(platform, root.entry()), propose(platform, CA.root("又一根CA").entry(id="you"))]
    barrier, answers = threading.Barrier(2), []

    def press(row):
        barrier.wait()
        try:
            answers.append(confirm(platform, row).number)
        except listing.ProposalStale:
            answers.append("stale")
        finally:
            connection.close()

    threads = [threading.Thread(target=press, args=(row,)) for row in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, answers)) == ["2", "stale"]
    recognition._entries.cache_clear()


# pages and API


def test_anyone_sees_the_list_its_versions_and_takes_the_signed_json(platform, root, client):
    confirm(platform, propose(platform, root.entry()))
    page = client.get("/trust").content.decode()
    for words in ("第三方根CA", "第2版", "新增", "认可第三方CA", "尚未取得"):
        assert words in page, words
    document = client.get("/trust/2.json").json()
    assert trustlist.verify(document) and document["version"] == 2
    assert platform.anonymous().get("/trust")["version"] == 2
    assert platform.anonymous().get("/trust/versions/2") == document
    assert client.get("/trust/3.json").status_code == 404


def test_the_revocation_lists_can_be_taken(platform, client):
    from cryptography import x509

    fetch(platform)
    kept = RevocationList.objects.get(source__ca="training")
    crl = x509.load_der_x509_crl(client.get(f"/trust/crl/{kept.sha256}.crl").content)
    assert crl.issuer == recognition.training_entry().anchors[0].subject
    fresh = client.get("/training/ca.crl")
    assert fresh["Content-Type"] == "application/pkix-crl"
    key = recognition.training_entry().anchors[0].public_key()
    assert x509.load_der_x509_crl(fresh.content).is_signature_valid(key)


def test_two_administrators_do_it_over_the_api(platform, root):
    one, two = platform.demo("guanli"), platform.demo("guanli2")
    entries = one.get("/trust/versions/1")["entries"]
    made = one.post("/trust/proposals", {"entries": [*entries, root.entry()], "reason": "认可第三方CA"})
    from ggzy.client.party import Problem

    with pytest.raises(Problem) as refused:
        one.post(f"/trust/proposals/{made['proposal']}/confirm", {"seen": made["seen"]})
    assert refused.value.code == "identity.same_administrator"
    (waiting,) = two.get("/trust/proposals")["proposals"]
    assert two.post(f"/trust/proposals/{waiting['id']}/confirm", {"seen": waiting["seen"]})["version"] == 2
    with pytest.raises(Problem):
        platform.demo("jia").get("/trust/proposals")
