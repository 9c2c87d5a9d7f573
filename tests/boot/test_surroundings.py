"""Environment, stamps, logs and the backup file, without a database."""

import json
import tarfile
from pathlib import Path

import pytest

from ggzy.boot import archive, fonts, logs, pgconf
from ggzy.boot.paths import ROOT, Place, environment, place
from ggzy.boot.say import BootError
from ggzy.boot.stamps import Stamps, migrations

pytestmark = pytest.mark.pure


def test_children_agree_on_their_environment(tmp_path: Path) -> None:
    env = environment(Place(tmp_path, 8001, "production"), "postgresql://x", {"PATH": "/bin", "PORT": "9"})
    assert env["PATH"] == "/bin"
    assert env["DATABASE_URL"] == "postgresql://x"
    assert env["GGZY_VAR"] == str(tmp_path)
    assert env["GGZY_MODE"] == "production"
    assert env["PORT"] == "8001"
    assert env["DJANGO_SETTINGS_MODULE"] == "ggzy.settings"
    assert env["PYTHONPATH"] == str(ROOT / "src")


def test_place_has_defaults_and_is_absolute() -> None:
    assert place({}) == Place(ROOT / "var", 8000, "training")
    assert place({"GGZY_VAR": "elsewhere"}).var.is_absolute()


@pytest.mark.parametrize("env", [{"PORT": "0"}, {"PORT": "70000"}, {"PORT": "八"}, {"GGZY_MODE": "demo"}])
def test_nonsense_is_refused_in_words(env: dict[str, str]) -> None:
    with pytest.raises(BootError, match="PORT|GGZY_MODE"):
        place(env)


def test_a_stamp_belongs_to_one_database(tmp_path: Path) -> None:
    Stamps(tmp_path / "stamps.json", "a").write("migrate", "1")
    assert Stamps(tmp_path / "stamps.json", "a").done("migrate", "1")
    assert not Stamps(tmp_path / "stamps.json", "a").done("migrate", "2")
    assert not Stamps(tmp_path / "stamps.json", "b").done("migrate", "1")
    (tmp_path / "stamps.json").write_text("{torn")
    assert not Stamps(tmp_path / "stamps.json", "a").done("migrate", "1")


def test_a_new_migration_changes_the_digest(tmp_path: Path) -> None:
    folder = tmp_path / "app" / "migrations"
    folder.mkdir(parents=True)
    (folder / "0001_initial.py").write_text("1")
    before = migrations(tmp_path)
    assert before == migrations(tmp_path)
    (folder / "0002_more.py").write_text("2")
    assert migrations(tmp_path) != before


def test_a_large_log_is_rotated_and_the_writer_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "web.log"
    with logs.open_log(path) as writer:
        for line in (b"first\n", b"second\n", b"third\n"):
            writer.write(line)
            writer.flush()
            logs.rotate(path, largest=1, kept=2)
        writer.write(b"last\n")
    assert path.read_text() == "last\n"
    assert (tmp_path / "web.log.1").read_text() == "third\n"
    assert (tmp_path / "web.log.2").read_text() == "second\n"
    assert not (tmp_path / "web.log.3").exists()


def test_our_postgres_listens_on_loopback_only() -> None:
    for settings in (pgconf.USUAL, pgconf.TEST):
        assert settings["listen_addresses"] == "127.0.0.1"
        assert settings["unix_socket_directories"] == ""
        assert settings["timezone"] == "UTC"
    assert "fsync" not in pgconf.USUAL


def test_a_chinese_font_comes_with_the_lock() -> None:
    assert fonts.has_chinese()


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    (tmp_path / "dump").write_bytes(b"the database")
    files = tmp_path / "stored" / "ab"
    files.mkdir(parents=True)
    (files / "abcd").write_bytes(b"a file" * 1000)
    archive.write(tmp_path / "b.tar", tmp_path / "dump", tmp_path / "stored", {"mode": "training"})
    return tmp_path / "b.tar"


def test_a_backup_comes_back(saved: Path, tmp_path: Path) -> None:
    assert archive.verify(saved)["mode"] == "training"
    archive.unpack(saved, tmp_path / "dump2", tmp_path / "stored2")
    assert (tmp_path / "dump2").read_bytes() == b"the database"
    assert (tmp_path / "stored2/ab/abcd").read_bytes() == b"a file" * 1000


def test_keys_are_not_in_a_backup(tmp_path: Path) -> None:
    """Only the dump and the stored files go in: var/keys lies beside them."""
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "log.key").write_text("secret")
    (tmp_path / "files").mkdir()
    (tmp_path / "dump").write_bytes(b"d")
    archive.write(tmp_path / "b.tar", tmp_path / "dump", tmp_path / "files", {})
    with tarfile.open(tmp_path / "b.tar") as tar:
        assert tar.getnames() == ["database.dump", "manifest.json"]


@pytest.mark.parametrize("where", [b"the database", b"a filea file"])
def test_a_changed_backup_is_refused(saved: Path, where: bytes) -> None:
    content = bytearray(saved.read_bytes())
    content[content.index(where) + 7] ^= 1
    saved.write_bytes(content)
    with pytest.raises(BootError, match="哈希不符"):
        archive.verify(saved)


def test_a_torn_backup_is_refused(saved: Path) -> None:
    saved.write_bytes(saved.read_bytes()[:4096])
    with pytest.raises(BootError, match="完整"):
        archive.verify(saved)


def test_a_path_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    manifest = tmp_path / "m"
    manifest.write_text(json.dumps({"format": archive.FORMAT, "sha256": {}}))
    with tarfile.open(tmp_path / "evil.tar", "w") as tar:
        tar.add(manifest, "files/../../outside")
    with pytest.raises(BootError, match="不该有"):
        archive.verify(tmp_path / "evil.tar")
