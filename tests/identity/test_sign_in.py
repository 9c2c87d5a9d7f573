"""Signing in: locks, second factors, passkeys, sessions, the password; and proving again before an act that binds."""

from datetime import timedelta

import pyotp
import pytest
from django.db import connection, transaction
from django.db.utils import ProgrammingError

from ggzy.client.party import Problem
from ggzy.client.story import PASSWORD
from ggzy.identity import actions, factors, logins, sessions
from ggzy.identity.models import Authenticator, FailedLogin, LoginEvent, Passkey, PasskeyChallenge, Session
from ggzy.kernel.clock import real_now
from ggzy.kernel.refusals import BadInput, NotFound, NotPermitted, NotSignedIn
from ggzy.parties.actions import require_good_password
from ggzy.parties.grid import Permission, ProveAgain, require
from tests.identity.passkeys import Device

pytestmark = pytest.mark.django_db
ORIGIN = "http://localhost:8000"
OFFICE, HOME = "198.51.100.7", "203.0.113.9"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"


def enter(username="jia", password=PASSWORD, address=OFFICE, **more):
    return sessions.sign_in(username=username, password=password, address=address, agent=FIREFOX, **more)


def who(opened):
    return actions.actor_of(token=opened.token, address=OFFICE)


def kinds(username):
    rows = LoginEvent.objects.filter(account__username=username).order_by("pk")
    return list(rows.values_list("kind", flat=True))


def enrol(opened, password=PASSWORD):
    """Take a code app into use; return its secret and the recovery codes."""
    secret = factors.begin_authenticator(token=opened.token, password=password, address=OFFICE).secret
    codes = factors.confirm_authenticator(token=opened.token, code=code_of(secret), address=OFFICE)
    return secret, codes


def code_of(secret, ahead=0):
    return pyotp.TOTP(secret).generate_otp(int(real_now().timestamp()) // 30 + ahead)


# -- locks


def test_eight_wrong_passwords_lock_the_name_and_an_administrator_unlocks_it(platform):
    for _ in range(8):
        with pytest.raises(sessions.WrongPassword):
            enter(password="wrong-password")
    with pytest.raises(sessions.TooManyTries, match="锁定至"):
        enter()
    assert kinds("jia")[-2:] == ["failed", "locked"]
    admin = who(enter("guanli"))
    assert logins.account_for_admin(username="jia", actor=admin).locked_until is not None
    sessions.unlock(username="jia", actor=admin)
    assert who(enter()).role == "bidder"
    last = LoginEvent.objects.filter(account__username="jia", kind="unlocked").get()
    assert last.by.username == "guanli"


def test_one_block_of_addresses_guesses_so_many_names_and_no_more(platform, settings):
    settings.LOGIN_ADDRESS_FAILURES = 5
    for number in range(5):
        with pytest.raises(sessions.WrongPassword):
            enter(f"nobody{number}", address=f"198.51.100.{number}")
    with pytest.raises(sessions.TooManyTries, match="网络"):
        enter()
    assert who(enter(address=HOME))  # elsewhere nothing is stopped
    assert who(enter(address="127.0.0.1"))


def test_old_failures_go(platform):
    FailedLogin.objects.create(username="yi", at=real_now() - timedelta(days=2))
    with pytest.raises(sessions.WrongPassword):
        enter(password="wrong-password")
    assert not FailedLogin.objects.filter(username="yi").exists()


def test_what_happened_cannot_be_changed_or_taken_away(platform):
    enter()
    row = LoginEvent.objects.filter(account__username="jia").last()
    assert (row.kind, row.device, row.address) == ("password", "Linux电脑 · Firefox浏览器", OFFICE)
    for sql in ("UPDATE identity_loginevent SET kind = 'x'", "DELETE FROM identity_loginevent"):
        with pytest.raises(ProgrammingError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)


# -- second factors


def test_a_code_app_is_asked_for_and_no_code_is_taken_twice(platform):
    secret, codes = enrol(enter())
    opened = enter()
    assert opened.half and who(opened) is None
    used = Authenticator.objects.get(account__username="jia", ended_at=None).last_step
    assert used
    with pytest.raises(sessions.WrongCode):  # the code that confirmed it was taken
        sessions.prove_code(token=opened.token, code=code_of(secret), address=OFFICE)
    assert who(opened) is None
    sessions.prove_code(token=opened.token, code=code_of(secret, 1), address=OFFICE)
    assert who(opened).name
    third = enter()
    sessions.prove_code(token=third.token, code=codes[0].lower(), address=OFFICE)
    assert who(third)
    with pytest.raises(sessions.WrongCode):  # a recovery code is good once
        enter(code=codes[0])
    assert logins.factors_of(actor=who(third)).recovery_left == 9
    assert "code_added" in kinds("jia") and "coded" in kinds("jia")


def test_the_secret_is_not_readable_in_the_database(platform):
    secret, codes = enrol(enter())
    with connection.cursor() as cursor:
        cursor.execute("SELECT secret FROM identity_authenticator")
        assert secret.encode() not in bytes(cursor.fetchone()[0])
        cursor.execute("SELECT string_agg(code_hash, ' ') FROM identity_recoverycode")
        assert not any(code in cursor.fetchone()[0] for code in codes[:1])


def test_wrong_codes_lock_as_wrong_passwords_do(platform):
    enrol(enter())
    opened = enter()
    for _ in range(8):
        with pytest.raises(sessions.WrongCode):
            sessions.prove_code(token=opened.token, code="000000", address=OFFICE)
    with pytest.raises(sessions.TooManyTries):
        sessions.prove_code(token=opened.token, code="000000", address=OFFICE)
    with pytest.raises(sessions.TooManyTries):
        enter()


def test_staff_with_a_password_alone_is_nobody_where_a_second_factor_is_required(platform, settings):
    assert who(enter("zhongxin"))  # offered
    settings.STAFF_SECOND_FACTOR = "required"
    for name in ("zhongxin", "jiandu", "guanli"):
        opened = enter(name)
        assert opened.half and who(opened) is None
        party = platform.anonymous()
        party.token = opened.token
        with pytest.raises(Problem) as refused:
            party.get("/certificates")
        assert refused.value.code == "permission.sign_in_first"
    assert not enter("jia").half
    # a certificate is a second factor
    party = platform.anonymous()
    party.sign_in(username="zhongxin", password=PASSWORD, identity=platform.demo("zhongxin").identity)
    assert party.get("/whoami")["role"] == "centre"


def test_a_password_alone_adds_no_second_factor_where_there_is_one(platform, settings):
    settings.STAFF_SECOND_FACTOR = "required"
    opened = enter("zhongxin")  # it has a certificate
    with pytest.raises(factors.SecondFactorFirst):
        factors.begin_authenticator(token=opened.token, password=PASSWORD, address=OFFICE)
    with pytest.raises(factors.SecondFactorFirst):
        factors.begin_passkey(token=opened.token, password=PASSWORD, address=OFFICE)
    assert not Authenticator.objects.exists() and not PasskeyChallenge.objects.exists()


def test_staff_without_any_makes_one_at_the_first_sign_in(platform, settings):
    settings.STAFF_SECOND_FACTOR = "required"
    actions.Certificate.objects.filter(account__username="zhongxin").update(revoked_at=real_now())
    opened = enter("zhongxin")
    assert factors.half_of(opened.token).may_add
    enrol(opened)
    assert who(opened).role == "centre" and factors.half_of(opened.token) is None


def test_after_a_reset_staff_whose_key_is_lost_makes_another_factor_once(platform, settings):
    settings.STAFF_SECOND_FACTOR = "required"
    admin = actions.actor_of(token=platform.demo("guanli").token, address=OFFICE)
    stuck = enter("zhongxin")
    assert not factors.half_of(stuck.token).may_add
    sessions.reset_factors(username="zhongxin", actor=admin)
    enrol(enter("zhongxin"))
    again = enter("zhongxin")
    assert again.half and not factors.half_of(again.token).may_add
    with pytest.raises(factors.SecondFactorFirst):
        factors.begin_authenticator(token=again.token, password=PASSWORD, address=OFFICE)


def test_a_session_alone_adds_or_ends_no_factor_without_the_password(platform):
    opened = enter()
    with pytest.raises(sessions.WrongPassword):
        factors.begin_authenticator(token=opened.token, password="wrong-password", address=OFFICE)
    enrol(opened)
    with pytest.raises(sessions.WrongPassword):
        factors.end_authenticator(token=opened.token, password="wrong-password", address=OFFICE)
    assert enter().half
    factors.end_authenticator(token=opened.token, password=PASSWORD, address=OFFICE)
    assert not enter().half
    with pytest.raises(NotFound):
        factors.end_authenticator(token=opened.token, password=PASSWORD, address=OFFICE)


def test_an_unconfirmed_app_counts_for_nothing(platform):
    opened = enter()
    factors.begin_authenticator(token=opened.token, password=PASSWORD, address=OFFICE)
    with pytest.raises(sessions.WrongCode):
        factors.confirm_authenticator(token=opened.token, code="000000", address=OFFICE)
    assert not enter().half


# -- passkeys


def new_passkey(opened, device):
    options = factors.begin_passkey(token=opened.token, password=PASSWORD, address=OFFICE)
    return factors.add_passkey(
        token=opened.token, credential=device.make(options), name="办公室电脑", address=OFFICE
    )


def login_with(device, mark="mark", **more):
    options = factors.begin_passkey_login(mark=mark, address=OFFICE)
    return factors.sign_in_with_passkey(
        mark=mark, credential=device.use(options, **more), address=OFFICE, agent=FIREFOX
    )


def test_a_passkey_signs_in_for_both_factors_and_never_binds(platform, settings):
    settings.STAFF_SECOND_FACTOR = "required"
    device = Device(ORIGIN)
    party = platform.anonymous()
    party.sign_in(username="zhongxin", password=PASSWORD, identity=platform.demo("zhongxin").identity)
    new_passkey(party, device)
    actor = who(login_with(device))
    assert (actor.role, actor.certificate) == ("centre", "")
    with pytest.raises(NotPermitted):
        require(actor, Permission.WITNESS_REPORT)
    assert Passkey.objects.get().sign_count == 1
    assert kinds("zhongxin")[-1] == "passkey"
    login_with(device)


def test_a_copied_passkey_is_refused_and_written_down(platform):
    device = Device(ORIGIN)
    new_passkey(enter(), device)
    login_with(device)
    device.count = 0
    before = Session.objects.count()
    with pytest.raises(factors.PasskeyRefused, match="复制"):
        login_with(device)
    assert Session.objects.count() == before and Passkey.objects.get().sign_count == 1
    assert kinds("jia")[-1] == "passkey_copied"


@pytest.mark.parametrize("how", ["elsewhere", "unverified", "replayed", "old", "removed", "other_browser"])
def test_no_good_answer_of_a_passkey_signs_in(platform, how):
    device = Device(ORIGIN)
    device.counts = how != "replayed"  # so that the challenge alone must stop it
    opened = enter()
    row = new_passkey(opened, device)
    before = Session.objects.count()
    options = factors.begin_passkey_login(mark="mark", address=OFFICE)
    if how == "elsewhere":
        device.origin = "https://ggzy.evil.example"
    answer = device.use(options, verified=how != "unverified")
    mark = "another" if how == "other_browser" else "mark"
    if how == "old":
        PasskeyChallenge.objects.update(made_at=real_now() - timedelta(minutes=3))
    if how == "removed":
        factors.remove_passkey(token=opened.token, public_id=row.public_id, address=OFFICE)
    if how == "replayed":
        factors.sign_in_with_passkey(mark=mark, credential=answer, address=OFFICE, agent=FIREFOX)
        before += 1
    with pytest.raises(factors.PasskeyRefused):
        factors.sign_in_with_passkey(mark=mark, credential=answer, address=OFFICE, agent=FIREFOX)
    assert Session.objects.count() == before


@pytest.mark.parametrize("credential", ["", "{}", "[]", '{"rawId": 3, "response": {}}', "null"])
def test_nonsense_is_no_passkey(platform, credential):
    factors.begin_passkey_login(mark="mark", address=OFFICE)
    with pytest.raises(factors.PasskeyRefused):
        factors.sign_in_with_passkey(mark="mark", credential=credential, address=OFFICE, agent="")
    opened = enter()
    factors.begin_passkey(token=opened.token, password=PASSWORD, address=OFFICE)
    with pytest.raises(factors.PasskeyRefused):
        factors.add_passkey(token=opened.token, credential=credential, name="", address=OFFICE)
    assert not Passkey.objects.exists()


def test_a_passkey_is_made_for_one_session_and_one_domain(platform, settings):
    one, other, device = enter(), enter(), Device(ORIGIN)
    options = factors.begin_passkey(token=one.token, password=PASSWORD, address=OFFICE)
    with pytest.raises(factors.PasskeyRefused):  # another session's challenge
        factors.add_passkey(token=other.token, credential=device.make(options), name="", address=OFFICE)
    settings.PUBLIC_ADDRESS = "http://192.0.2.1"
    with pytest.raises(factors.PasskeysImpossible, match="192.0.2.1"):
        factors.begin_passkey(token=one.token, password=PASSWORD, address=OFFICE)


def test_a_passkey_is_named_and_removed_by_its_holder_alone(platform):
    opened, stranger = enter(), enter("yi")
    row = new_passkey(opened, Device(ORIGIN))
    for act in (
        lambda: factors.rename_passkey(token=stranger.token, public_id=row.public_id, name="我的"),
        lambda: factors.remove_passkey(token=stranger.token, public_id=row.public_id, address=HOME),
    ):
        with pytest.raises(NotFound):
            act()
    with pytest.raises(BadInput):
        factors.rename_passkey(token=opened.token, public_id=row.public_id, name=" ")
    factors.rename_passkey(token=opened.token, public_id=row.public_id, name="手机")
    assert [key.name for key in logins.factors_of(actor=who(opened)).passkeys] == ["手机"]


# -- sessions and the password


def test_sessions_are_seen_and_ended(platform):
    one, two, three = enter(), enter(), enter()
    rows = logins.sessions_of(actor=who(one), token=one.token)
    assert [row.this for row in rows].count(True) == 1 and rows[0].how == "密码"
    handle = sessions.token_hash(two.token)[:16]
    with pytest.raises(NotFound):  # not a stranger's to end
        sessions.end_session(handle=handle, actor=who(enter("yi")))
    sessions.end_session(handle=handle, actor=who(one))
    assert who(two) is None and who(three)
    sessions.end_other_sessions(token=one.token, actor=who(one))
    assert who(one) and who(three) is None
    with pytest.raises(NotFound):
        sessions.end_session(handle="", actor=who(one))


def test_the_api_lists_and_ends_sessions(platform):
    one, two = enter(), enter()
    party = platform.anonymous()
    party.token = one.token
    listed = party.get("/account/sessions")["sessions"]
    assert len(listed) >= 2 and not any(two.token in str(row) for row in listed)
    party.ask("DELETE", f"/account/sessions/{sessions.token_hash(two.token)[:16]}")
    assert who(two) is None
    party.ask("DELETE", "/account/sessions")
    assert [row["this"] for row in party.get("/account/sessions")["sessions"]] == [True]
    with pytest.raises(Problem):
        platform.anonymous().get("/account/sessions")


def test_the_api_takes_the_code_with_the_password(platform):
    secret, _ = enrol(enter())
    party = platform.anonymous()
    asked = party.post("/sessions", {"username": "jia", "password": PASSWORD})
    assert asked["second_factor_missing"] is True
    body = {"username": "jia", "password": PASSWORD, "code": code_of(secret, 1)}
    signed = party.post("/sessions", body)
    assert signed["second_factor_missing"] is False
    party.token = signed["token"]
    assert party.get("/account/sessions")["sessions"]
    with pytest.raises(Problem) as refused:
        party.post("/sessions", body)
    assert refused.value.code == "identity.wrong_code"


def test_a_changed_password_ends_every_other_session(platform):
    one, two = enter(), enter()
    actor = who(one)

    def change(password, new):
        sessions.change_password(token=one.token, password=password, new=new, actor=actor)

    with pytest.raises(sessions.WrongPassword):
        change("wrong-password", "correct-horse-battery")
    for poor in ("short", PASSWORD, "123456789012", "aaaabbbbaaaa"):
        with pytest.raises(BadInput):
            change(PASSWORD, poor)
    assert who(two)
    change(PASSWORD, "correct-horse-battery")
    assert who(one) and who(two) is None
    with pytest.raises(sessions.WrongPassword):
        enter()
    assert who(enter(password="correct-horse-battery"))


@pytest.mark.parametrize(
    ("password", "username", "good"),
    [
        ("correct-horse-battery", "jia", True),
        ("elevenchars", "jia", False),
        ("zhaobiaoren1", "zhaobiaoren1", False),
        ("Zhaobiaoren.2026", "zhaobiaoren", False),
        ("202603020930", "jia", False),
        ("abababababab", "jia", False),
        ("q1w2e3r4t5y6", "jia", False),
    ],
)
def test_a_password_that_serves(password, username, good):
    if good:
        require_good_password(password, username=username)
        return
    with pytest.raises(BadInput):
        require_good_password(password, username=username)


def test_an_administrator_ends_and_resets_and_nobody_else(platform):
    opened, admin = enter(), who(enter("guanli"))
    enrol(opened)
    new_passkey(opened, Device(ORIGIN))
    for name in ("jia", "zhongxin", "jiandu"):
        other = platform.demo(name)
        actor = actions.actor_of(token=other.token, address=OFFICE)
        for act in (sessions.unlock, sessions.end_sessions_of, sessions.reset_factors):
            with pytest.raises(NotPermitted):
                act(username="jia", actor=actor)
        with pytest.raises(NotPermitted):
            logins.account_for_admin(username="jia", actor=actor)
    assert sessions.end_sessions_of(username="jia", actor=admin) >= 1
    assert who(opened) is None
    sessions.reset_factors(username="jia", actor=admin)
    assert not enter().half and not Passkey.objects.filter(ended_at=None).exists()
    with pytest.raises(BadInput):
        sessions.reset_factors(username="guanli", actor=admin)
    with pytest.raises(NotFound):
        sessions.unlock(username="nobody", actor=admin)


def test_a_session_that_ended_is_nobodys(platform):
    opened = enter()
    Session.objects.filter(token_hash=sessions.token_hash(opened.token)).update(ends_at=real_now())
    assert who(opened) is None
    with pytest.raises(NotSignedIn):
        factors.begin_authenticator(token=opened.token, password=PASSWORD, address=OFFICE)


# -- proving again


def grow_old(party, minutes=31):
    rows = Session.objects.filter(token_hash=sessions.token_hash(party.token))
    rows.update(proven_at=real_now() - timedelta(minutes=minutes))


def test_an_old_proof_reads_and_signs_documents_but_does_not_bind(platform):
    party = platform.demo("zhaobiao")
    grow_old(party, 29)
    assert not actions.actor_of(token=party.token, address="").proof_is_old
    grow_old(party)
    actor = actions.actor_of(token=party.token, address="")
    with pytest.raises(ProveAgain) as refused:
        require(actor, Permission.TENDER_PUBLISH)
    assert refused.value.next_steps and "再验证一次" in refused.value.message
    require(actor, Permission.TENDER_EDIT)
    require(actor, Permission.TENDER_PUBLISH, signed=True)
    require(actions.actor_of(token=party.token, address="", reads=True), Permission.TENDER_PUBLISH)


def test_a_program_proves_again_by_itself_and_a_session_from_before_does_not_bind(platform, folder):
    from tests.journeys.tale import Tale

    tale = Tale(platform, folder).prepared()
    owner = platform.demo("zhaobiao")
    body = {"bid_deadline": "2026-12-01T09:30:00+08:00"}
    grow_old(owner)
    identity, owner.identity = owner.identity, None
    with pytest.raises(Problem) as refused:
        owner.post(f"/tenders/{tale.tender['tender']}/publication", body)
    assert refused.value.code == "permission.prove_again"
    owner.identity = identity
    owner.post(f"/tenders/{tale.tender['tender']}/publication", body)
    assert not actions.actor_of(token=owner.token, address="").proof_is_old
