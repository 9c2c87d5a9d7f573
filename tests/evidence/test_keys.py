"""The key port: made once in training, demanded in production, closed to others."""

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from ggzy.evidence import keys


def test_training_makes_each_key_once_and_private(settings):
    key = keys.ack_public()
    keys._ed25519.cache_clear()
    assert keys.ack_public() == key
    assert keys.log_vkey().startswith(f"{settings.LOG_ORIGIN}+")
    assert keys.ack_public() != keys.log_key().public_key().public_bytes_raw().hex()
    assert {oct(path.stat().st_mode & 0o777) for path in settings.KEYS.iterdir()} == {"0o600"}
    assert sorted(path.name for path in settings.KEYS.iterdir()) == ["ack.key", "log.key"]


def test_many_first_users_agree_on_one_key(settings):
    def ask(_):
        keys._ed25519.cache_clear()
        return keys.ack_public()

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(ask, range(32)))) == 1


@pytest.mark.parametrize(
    ("ask", "name", "tool"),
    [
        (keys.log_key, "log.key", "openssl genpkey -algorithm ed25519"),
        (keys.ack_key, "ack.key", "openssl genpkey -algorithm ed25519"),
    ],
)
def test_production_says_how_to_make_a_missing_key(settings, ask, name, tool):
    settings.MODE = "production"
    with pytest.raises(keys.KeyMissing, match=f"缺少密钥文件 .*{name}.*{tool}"):
        ask()
    assert not settings.KEYS.exists()


def test_a_key_others_can_read_is_refused(settings):
    settings.KEYS.mkdir(parents=True)
    (settings.KEYS / "log.key").write_text("00" * 32)
    os.chmod(settings.KEYS / "log.key", 0o644)
    with pytest.raises(keys.KeyMissing, match="chmod 600"):
        keys.log_key()
