"""Rules of signing in: what locks, whose block an address is in, which code is good, for whom a passkey is."""

from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ggzy.identity import rules
from ggzy.identity.rules import RelyingParty

pytestmark = pytest.mark.pure
NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@pytest.mark.parametrize(
    ("minutes_ago", "until"),
    [
        ([], None),
        ([1] * 7, None),
        ([1] * 8, 14),
        ([14, *[1] * 7], 1),
        ([15, *[1] * 7], None),  # exactly a quarter of an hour: no longer counted
        ([14, 13, *[1] * 7], 2),  # of nine, the eighth newest decides
    ],
)
def test_eight_failures_in_a_quarter_of_an_hour_lock(minutes_ago: list[int], until: int | None) -> None:
    failures = [NOW - timedelta(minutes=ago) for ago in minutes_ago]
    found = rules.locked_until(failures, now=NOW)
    assert found == (None if until is None else NOW + timedelta(minutes=until))


@given(st.lists(st.integers(0, 3600), max_size=30))
def test_a_lock_always_ends_and_is_over_at_its_end(seconds_ago: list[int]) -> None:
    failures = [NOW - timedelta(seconds=ago) for ago in seconds_ago]
    until = rules.locked_until(failures, now=NOW)
    if until is not None:
        assert NOW < until <= NOW + rules.LOCKOUT
        assert rules.locked_until(failures, now=until) is None


@pytest.mark.parametrize(
    ("address", "block"),
    [
        ("192.0.2.77", "192.0.2.0/24"),
        ("::ffff:192.0.2.77", "192.0.2.0/24"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("127.0.0.1", ""),
        ("::1", ""),
        ("", ""),
        ("nonsense", ""),
    ],
)
def test_the_block_of_an_address(address: str, block: str) -> None:
    assert rules.block_of(address) == block


@pytest.mark.parametrize(
    ("agent", "says"),
    [
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36",
            "Windows电脑 · Chrome浏览器",
        ),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/130.0 Safari/537.36 Edg/130.0", "Windows电脑 · Edge浏览器"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 14_0) Version/17.0 Safari/605.1", "苹果电脑 · Safari浏览器"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) MicroMessenger/8.0 Safari/604",
            "iPhone · 微信",
        ),
        ("Mozilla/5.0 (Linux; Android 14) Chrome/130.0 Mobile Safari/537.36", "安卓设备 · Chrome浏览器"),
        ("python-httpx/0.28", "程序接口"),
        ("", "未知设备"),
    ],
)
def test_what_people_call_a_device(agent: str, says: str) -> None:
    assert rules.device_words(agent) == says


@given(st.text(max_size=600))
def test_a_device_has_always_a_short_name(agent: str) -> None:
    assert 0 < len(rules.device_words(agent)) <= 60


@pytest.mark.parametrize(
    ("address", "party"),
    [
        ("https://ggzy.example.gov.cn", RelyingParty("ggzy.example.gov.cn", "https://ggzy.example.gov.cn")),
        (
            "https://ggzy.example.gov.cn:8443",
            RelyingParty("ggzy.example.gov.cn", "https://ggzy.example.gov.cn:8443"),
        ),
        ("http://127.0.0.1:8000", RelyingParty("localhost", "http://localhost:8000")),
        ("http://localhost:8000", RelyingParty("localhost", "http://localhost:8000")),
        ("http://ggzy.example.gov.cn", None),
        ("https://192.0.2.1", None),
        ("", None),
    ],
)
def test_for_whom_a_passkey_is_made(address: str, party: RelyingParty | None) -> None:
    assert rules.relying_party(address) == party


@pytest.mark.parametrize(
    ("kept", "given_", "back"),
    [(0, 0, False), (0, 1, False), (5, 6, False), (5, 5, True), (5, 4, True), (5, 0, True)],
)
def test_a_counter_goes_on(kept: int, given_: int, back: bool) -> None:
    assert rules.went_back(kept=kept, given=given_) is back


def test_a_code_is_good_for_its_half_minute_and_one_beside_and_only_once() -> None:
    step = int(NOW.timestamp()) // 30
    code = {ahead: pyotp.TOTP(SECRET).generate_otp(step + ahead) for ahead in (-2, -1, 0, 1, 2)}
    for ahead in (-1, 0, 1):
        assert rules.good_step(SECRET, code[ahead], at=NOW, after=0) == step + ahead
    for ahead in (-2, 2):
        assert rules.good_step(SECRET, code[ahead], at=NOW, after=0) is None
    assert rules.good_step(SECRET, f" {code[0][:3]} {code[0][3:]} ", at=NOW, after=0) == step
    assert rules.good_step(SECRET, code[0], at=NOW, after=step) is None
    assert rules.good_step(SECRET, code[-1], at=NOW, after=step) is None  # nor an older one afterwards
    assert rules.good_step(SECRET, code[1], at=NOW, after=step) == step + 1
    for wrong in ("", "12345", "1234567", "abcdef", "１２３４５６"):
        assert rules.good_step(SECRET, wrong, at=NOW, after=0) is None


def test_the_codes_are_those_of_the_standard() -> None:
    """RFC 6238, appendix B, SHA-1: the last six digits."""
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    for seconds, code in ((59, "287082"), (1111111109, "081804"), (2000000000, "279037")):
        assert (
            rules.good_step(secret, code, at=datetime.fromtimestamp(seconds, UTC), after=0) == seconds // 30
        )


def test_recovery_codes_are_many_different_and_read_however_typed() -> None:
    codes = rules.new_recovery_codes()
    assert len(set(codes)) == rules.RECOVERY_CODES
    assert all(rules.looks_like_recovery(code) for code in codes) and not rules.looks_like_recovery("123456")
    assert rules.recovery_hash(codes[0]) == rules.recovery_hash(codes[0].lower().replace("-", " "))
    assert len({rules.recovery_hash(code) for code in codes}) == rules.RECOVERY_CODES
