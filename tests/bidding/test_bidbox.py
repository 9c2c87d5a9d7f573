"""The sealed bid: opens with its key alone and with anybody's tools; whatever was changed is refused and named."""

import hashlib
import io
import json
import shutil
import subprocess
import tarfile

import pyrage
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ggzy.bidding import bidbox
from ggzy.bidding.bidbox import CommitmentBroken, PackageBroken, WrongBidKey
from ggzy.bidding.profiles import AGE
from ggzy.identity import cms
from ggzy.identity.trust import fingerprint
from ggzy.kernel.canonical import canonical, commitment
from tests.identity.people import certified, write

pytestmark = pytest.mark.pure

FIELDS = {
    "price": "9876543.21",
    "duration_days": 80,
    "uscc": "91370100M00000001A",
    "members": [{"name": "乙"}],
}


def need(program):
    return pytest.mark.skipif(not shutil.which(program), reason=f"{program} is not installed on this machine")


def sealed(someone, folder, *, fields=FIELDS, attachments=()):
    folder.mkdir(parents=True, exist_ok=True)
    return bidbox.seal(
        fields=fields,
        attachments=attachments,
        round_id="r" * 32,
        ocid="ocds-test-1",
        bidder=FIELDS["uscc"],
        certificate=someone.certificate,
        key=someone.key,
        payload=folder / "bid.age",
    )


def key_of(package, someone):
    return cms.open_envelope(package.envelope, key=someone.key).decode()


@pytest.fixture
def attachments(tmp_path):
    """Return two files, one longer than the pieces in which files are read."""
    long, short = tmp_path / "施工组织设计.pdf", tmp_path / "b.pdf"
    long.write_bytes(bytes(range(256)) * 4100)
    short.write_bytes(b"%PDF")
    return [long, short]


class TestRoundTrip:
    """What is sealed opens to the same, for both kinds of certificate."""

    def test_fields_and_attachments_come_back(self, someone, tmp_path, attachments):
        package = sealed(someone, tmp_path / "out", attachments=attachments)
        manifest = bidbox.read_manifest(package.manifest)
        into = tmp_path / "into"
        into.mkdir()
        opened = bidbox.open_payload(
            package.payload, bid_key=key_of(package, someone), manifest=manifest, into=into
        )
        listed = opened.fields.pop("attachments")
        assert opened.fields == FIELDS
        assert listed == [
            {"name": p.name, "size": p.stat().st_size, "sha256": bidbox.digest_of(p)} for p in attachments
        ]
        assert {name: path.read_bytes() for name, path in opened.attachments.items()} == {
            p.name: p.read_bytes() for p in attachments
        }
        assert sorted(p.name for p in into.iterdir()) == ["000.bin", "001.bin"]

    def test_without_a_folder_attachments_are_checked_and_not_kept(self, p256, tmp_path, attachments):
        package = sealed(p256, tmp_path / "out", attachments=attachments)
        manifest = bidbox.read_manifest(package.manifest)
        opened = bidbox.open_payload(package.payload, bid_key=key_of(package, p256), manifest=manifest)
        assert opened.attachments == {}

    def test_the_manifest_commits_to_everything_and_shows_nothing(self, p256, tmp_path, attachments):
        package = sealed(p256, tmp_path / "out", attachments=attachments)
        manifest = bidbox.read_manifest(package.manifest)
        opened = bidbox.open_payload(package.payload, bid_key=key_of(package, p256), manifest=manifest)
        assert set(manifest["fields"]) == {*FIELDS, "attachments"}
        for name, value in opened.fields.items():
            assert commitment(bytes.fromhex(opened.salts[name]), value) == manifest["fields"][name]
            assert opened.salts[name] not in package.manifest.decode()
        assert "9876543.21" not in package.manifest.decode()
        assert manifest["certificate"] == fingerprint(p256.certificate)
        assert (manifest["bidder"], manifest["round"], manifest["ocid"]) == (
            FIELDS["uscc"],
            "r" * 32,
            "ocds-test-1",
        )

    def test_parts_are_named_by_size_and_two_digests(self, p256, tmp_path):
        package = sealed(p256, tmp_path)
        for name, data in (("bid.age", package.payload.read_bytes()), ("key.p7m", package.envelope)):
            sm3 = hashes.Hash(hashes.SM3())
            sm3.update(data)
            assert bidbox.read_manifest(package.manifest)["parts"][name] == {
                "size": len(data),
                "sha256": hashlib.sha256(data).hexdigest(),
                "sm3": sm3.finalize().hex(),
            }

    def test_two_seals_of_one_bid_share_neither_key_nor_salt(self, p256, tmp_path):
        """A bidder who replaces a bid by the same bid does not show that it is the same."""
        one, other = (bidbox.read_manifest(sealed(p256, tmp_path / name).manifest) for name in "ab")
        assert one["bid_key"] != other["bid_key"]
        assert not set(one["fields"].values()) & set(other["fields"].values())

    def test_no_plaintext_stays_on_the_disk(self, p256, tmp_path, attachments):
        package = sealed(p256, tmp_path / "out", attachments=attachments)
        manifest = bidbox.read_manifest(package.manifest)
        bidbox.open_payload(package.payload, bid_key=key_of(package, p256), manifest=manifest)
        assert [p.name for p in (tmp_path / "out").iterdir()] == ["bid.age"]

    def test_no_plaintext_stays_when_sealing_or_opening_fails(self, p256, tmp_path, monkeypatch):
        package = sealed(p256, tmp_path / "out")
        manifest = bidbox.read_manifest(package.manifest)
        manifest["fields"]["price"] = "0" * 64
        with pytest.raises(CommitmentBroken):
            bidbox.open_payload(package.payload, bid_key=key_of(package, p256), manifest=manifest)

        def fails(*_):
            raise OSError("disk full")

        monkeypatch.setattr(pyrage, "encrypt_file", fails)
        with pytest.raises(OSError, match="disk full"):
            sealed(p256, tmp_path / "other")
        assert [p.name for p in tmp_path.rglob("*") if p.is_file()] == ["bid.age"]

    def test_a_payload_is_an_age_file_for_one_key(self, p256, tmp_path):
        assert AGE.is_sealed(sealed(p256, tmp_path).payload.read_bytes()[:4096], size=0)

    def test_two_attachments_of_one_name_are_refused_when_sealing(self, p256, tmp_path):
        files = [tmp_path / "a" / "x.pdf", tmp_path / "b" / "x.pdf"]
        for n, path in enumerate(files):
            path.parent.mkdir()
            path.write_bytes(bytes([n]))
        with pytest.raises((PackageBroken, ValueError)):
            sealed(p256, tmp_path / "out", attachments=files)


class TestOtherPeoplesTools:
    """openssl and age open and verify a package with none of our code."""

    @need("openssl")
    @need("age")
    def test_openssl_gives_the_key_and_age_opens_the_bid(self, someone, tmp_path, attachments):
        package = sealed(someone, tmp_path / "out", attachments=attachments)
        pair = write(tmp_path / "pair.pem", someone.to_pem())
        envelope = write(tmp_path / "key.p7m", package.envelope)
        command = [
            "openssl",
            "cms",
            "-decrypt",
            "-inform",
            "DER",
            "-in",
            envelope,
            "-inkey",
            pair,
            "-recip",
            pair,
        ]
        key = subprocess.run(command, capture_output=True, check=True).stdout
        tar = subprocess.run(
            ["age", "-d", "-i", write(tmp_path / "bid.key", key), package.payload],
            capture_output=True,
            check=True,
        ).stdout
        with tarfile.open(fileobj=io.BytesIO(tar)) as inside:
            assert inside.getnames() == ["bid.json", "attachments/施工组织设计.pdf", "attachments/b.pdf"]
            read = json.load(inside.extractfile("bid.json"))
            assert inside.extractfile("attachments/施工组织设计.pdf").read() == attachments[0].read_bytes()
        assert read["format"] == "openggzy-bid/1"
        assert read["fields"]["price"] == FIELDS["price"]

    @need("openssl")
    def test_openssl_verifies_who_signed_the_manifest(self, ca, someone, tmp_path):
        package = sealed(someone, tmp_path / "out")
        names = {"manifest.json": package.manifest, "manifest.p7s": package.signature}
        content, signature = (write(tmp_path / name, data) for name, data in names.items())
        anchor = write(tmp_path / "ca.crt", ca.certificate.public_bytes(serialization.Encoding.PEM))
        command = [
            "openssl",
            "cms",
            "-verify",
            "-binary",
            "-inform",
            "DER",
            "-in",
            signature,
            "-content",
            content,
        ]
        run = subprocess.run([*command, "-CAfile", anchor, "-purpose", "any"], capture_output=True)
        assert (run.returncode, run.stdout) == (0, package.manifest), run.stderr.decode()

    @need("age")
    def test_we_open_what_age_sealed(self, tmp_path):
        """The payload may come from any age; the key is ours to check."""
        identity = pyrage.x25519.Identity.generate()
        plain = write(tmp_path / "plain", tar_of(bid_json({"price": "1"})))
        payload = tmp_path / "bid.age"
        subprocess.run(["age", "-r", str(identity.to_public()), "-o", payload, plain], check=True)
        assert AGE.is_sealed(payload.read_bytes(), size=0)
        opened = bidbox.open_payload(
            payload, bid_key=str(identity), manifest=manifest_for(identity, {"price": "1"})
        )
        assert opened.fields == {"price": "1"}


class TestManifest:
    """A manifest is canonical JSON of our format with every part; anything else is refused."""

    @pytest.fixture(scope="class")
    def manifest(self, p256, tmp_path_factory):
        return json.loads(sealed(p256, tmp_path_factory.mktemp("sealed")).manifest)

    @pytest.mark.parametrize(
        "change",
        [
            {"format": "openggzy-bid/2"},
            {"format": None},
            {"parts": None},
            {"parts": {}},
            {"parts": {"bid.age": {"sha256": "0" * 64}}},
            {
                "parts": {
                    "bid.age": {"sha256": "0" * 64},
                    "key.p7m": {"sha256": "0" * 64},
                    "more": {"sha256": "0" * 64},
                }
            },
            {"parts": {"bid.age": {"sha256": "0" * 64}, "key.p7m": {}}},
            {"parts": {"bid.age": {"sha256": "0" * 64}, "key.p7m": {"sha256": 5}}},
            {"parts": {"bid.age": {"sha256": "0" * 64}, "key.p7m": "0" * 64}},
            {"fields": None},
            {"fields": {}},
            {"fields": {"duration_days": "0" * 64}},
            {"fields": {"price": "0" * 63}},
            {"fields": {"price": 5}},
            {"fields": ["price"]},
        ],
        ids=repr,
    )
    def test_a_manifest_without_a_part_is_refused(self, manifest, change):
        with pytest.raises(PackageBroken):
            bidbox.read_manifest(canonical({**manifest, **change}))

    @pytest.mark.parametrize(
        "data",
        [
            b"",
            b"{",
            b"[]",
            b"null",
            b"5",
            b"\xff\xfe",
            '"\ud800"'.encode("utf-8", "surrogatepass"),
            b'"\\ud800"',
            b"1e999",
        ],
    )
    def test_what_is_no_manifest_is_refused(self, data):
        with pytest.raises(PackageBroken):
            bidbox.read_manifest(data)

    def test_only_the_canonical_bytes_pass(self, manifest):
        """Blanks, another order or a doubled key would give one signature two readings."""
        good = canonical(manifest)
        assert bidbox.read_manifest(good) == manifest
        doubled = good.replace(b'"format":', b'"format":"x","format":', 1)
        backwards = json.dumps(
            dict(reversed(manifest.items())), separators=(",", ":"), ensure_ascii=False
        ).encode()
        for other in (json.dumps(manifest).encode(), good + b"\n", doubled, backwards):
            with pytest.raises(PackageBroken):
                bidbox.read_manifest(other)

    def test_a_huge_manifest_is_refused_unread(self):
        with pytest.raises(PackageBroken, match="过大"):
            bidbox.read_manifest(b"[" * (bidbox.MOST_JSON + 1))

    @given(st.binary(max_size=60))
    @settings(deadline=None)
    def test_noise_is_no_manifest(self, noise):
        with pytest.raises(PackageBroken):
            bidbox.read_manifest(noise)

    def test_deep_nesting_is_refused(self):
        with pytest.raises(PackageBroken):
            bidbox.read_manifest(b"[" * 100_000)

    @pytest.mark.parametrize("name", ["bidder", "bid_key"])
    def test_a_manifest_that_does_not_say_who_and_which_key_is_refused(self, manifest, name):
        with pytest.raises(PackageBroken):
            bidbox.read_manifest(canonical({key: value for key, value in manifest.items() if key != name}))

    def test_a_changed_manifest_no_longer_fits_its_signature(self, p256, tmp_path):
        package = sealed(p256, tmp_path)
        changed = package.manifest.replace(b"ocds-test-1", b"ocds-test-2")
        with pytest.raises(cms.CmsSignatureWrong):
            cms.require_detached(package.signature, data=changed, certificate=p256.certificate)


class TestKeys:
    """One key opens one bid."""

    def test_another_key_does_not_open_it(self, p256, tmp_path):
        package = sealed(p256, tmp_path)
        manifest = bidbox.read_manifest(package.manifest)
        with pytest.raises(WrongBidKey, match="承诺的不一致"):
            bidbox.open_payload(
                package.payload, bid_key=str(pyrage.x25519.Identity.generate()), manifest=manifest
            )

    @pytest.mark.parametrize("key", ["", "AGE-SECRET-KEY-1", "密钥", "age1" + "q" * 58, "\0"])
    def test_what_is_no_key_is_refused(self, p256, tmp_path, key):
        package = sealed(p256, tmp_path)
        with pytest.raises(WrongBidKey, match="不是有效的投标密钥"):
            bidbox.open_payload(package.payload, bid_key=key, manifest=bidbox.read_manifest(package.manifest))

    def test_blanks_around_a_key_do_no_harm(self, p256, tmp_path):
        package = sealed(p256, tmp_path)
        key = f"  {key_of(package, p256)}\n"
        assert bidbox.require_key(key, manifest=bidbox.read_manifest(package.manifest))

    def test_a_key_that_was_committed_to_but_is_not_the_files_own_does_not_open_it(self, p256, tmp_path):
        """A bidder who commits to one key and encrypts to another cannot choose later."""
        package, other = sealed(p256, tmp_path), pyrage.x25519.Identity.generate()
        manifest = {**bidbox.read_manifest(package.manifest), "bid_key": str(other.to_public())}
        with pytest.raises(WrongBidKey, match="无法用该密钥解密"):
            bidbox.open_payload(package.payload, bid_key=str(other), manifest=manifest)

    def test_the_envelope_of_another_bid_gives_another_key(self, ca, p256, tmp_path):
        mine, other = sealed(p256, tmp_path / "a"), sealed(p256, tmp_path / "b")
        with pytest.raises(WrongBidKey):
            bidbox.open_payload(
                mine.payload, bid_key=key_of(other, p256), manifest=bidbox.read_manifest(mine.manifest)
            )
        stranger = certified(ca)
        with pytest.raises(cms.EnvelopeBroken):
            cms.require_envelope_for(sealed(stranger, tmp_path / "c").envelope, p256.certificate)


class TestAlteredFile:
    """age authenticates header and content: no byte may change and none may be missing."""

    @pytest.fixture(scope="class")
    def package(self, p256, tmp_path_factory):
        made = sealed(p256, tmp_path_factory.mktemp("sealed"))
        return made.payload.read_bytes(), key_of(made, p256), bidbox.read_manifest(made.manifest)

    @pytest.fixture(scope="class")
    def place(self, tmp_path_factory):
        return tmp_path_factory.mktemp("altered") / "bid.age"

    def refused(self, data, package, place):
        place.write_bytes(data)
        with pytest.raises(WrongBidKey, match="密文可能不完整"):
            bidbox.open_payload(place, bid_key=package[1], manifest=package[2])
        assert [p.name for p in place.parent.iterdir()] == ["bid.age"]

    @given(at=st.integers(0, 10**6), change=st.integers(1, 255))
    @settings(deadline=None, max_examples=120, suppress_health_check=[HealthCheck.too_slow])
    def test_one_changed_byte_anywhere(self, package, place, at, change):
        data = bytearray(package[0])
        data[at % len(data)] ^= change
        self.refused(bytes(data), package, place)

    @given(length=st.integers(0, 10**6))
    @settings(deadline=None, max_examples=40)
    def test_a_truncated_file(self, package, place, length):
        self.refused(package[0][: length % len(package[0])], package, place)

    def test_a_lengthened_file(self, package, place):
        self.refused(package[0] + b"\0", package, place)

    @pytest.mark.parametrize(
        "trouble", [None, "No space left on device (os error 28)", "Input/output error (os error 5)"]
    )
    def test_trouble_of_our_own_machine_is_not_the_bidders(self, package, tmp_path, monkeypatch, trouble):
        """A missing file or a full disk is the platform's: a bidder's bid is not revoked for it."""

        def fails(*_):
            raise OSError(trouble)

        if trouble:
            monkeypatch.setattr(pyrage, "decrypt_file", fails)
        with pytest.raises(OSError):
            bidbox.open_payload(tmp_path / "nothing.age", bid_key=package[1], manifest=package[2])


def _age(recipients, plain=b"x"):
    return pyrage.encrypt(plain, recipients)


class TestIsAgeFile:
    """At the counter: plaintext, and files that somebody else could open too, are not taken in."""

    @pytest.mark.parametrize(
        "first",
        [
            b"",
            b"%PDF-1.7 ...",
            b"PK\x03\x04",
            tarfile.BLOCKSIZE * b"\0",
            b"age-encryption.org/v1\n",
            b"age-encryption.org/v2\n-> X25519 x\nx\n---",
            b" age-encryption.org/v1\n-> X25519 x\nx\n---",
            b"age-encryption.org/v1\r\n-> X25519 x\r\nx\r\n---",
            b"age-encryption.org/v1\n-> scrypt x 18\nx\n---",
            b"age-encryption.org/v1\n-> X25519 x\nx\n-> X25519 y\ny\n---",
            b"-----BEGIN AGE ENCRYPTED FILE-----\n",
        ],
    )
    def test_what_is_not_sealed_is_seen(self, first):
        assert not AGE.is_sealed(first, size=len(first))

    def test_two_keys_are_one_too_many(self):
        keys = [pyrage.x25519.Identity.generate().to_public() for _ in range(3)]
        assert AGE.is_sealed(_age(keys[:1]), size=0)
        assert not AGE.is_sealed(_age(keys[:2]), size=0)
        assert not AGE.is_sealed(_age(keys), size=0)

    @need("age")
    @need("ssh-keygen")
    def test_a_second_recipient_of_another_kind_is_one_too_many(self, tmp_path):
        """The file opens with an SSH key that the manifest does not name."""
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "ssh"], check=True)
        ours = str(pyrage.x25519.Identity.generate().to_public())
        command = ["age", "-r", ours, "-R", tmp_path / "ssh.pub"]
        data = subprocess.run(command, input=b"x", capture_output=True, check=True).stdout
        assert data.count(b"\n-> ") == 2
        assert not AGE.is_sealed(data, size=0)


def member(name, data=b"", **more):
    info = tarfile.TarInfo(name)
    info.size = len(data)
    for key, value in more.items():
        setattr(info, key, value)
    return info, data


def tar_of(*members):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for info, data in members:
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


SALT = bytes(32)


def bid_json(fields, **more):
    return member(
        "bid.json", canonical({"fields": fields, "salts": dict.fromkeys(fields, SALT.hex()), **more})
    )


def long_bid_json(length):
    """Return an otherwise good bid.json of this length."""
    info, data = bid_json({"price": "1"})
    return member(info.name, data.ljust(length))


def manifest_for(identity, fields):
    return {
        "format": AGE.format,
        "bid_key": str(identity.to_public()),
        "fields": {name: commitment(SALT, v) for name, v in fields.items()},
    }


def attachment(name="a.pdf", data=b"abc"):
    return {"name": name, "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}


class TestHostileInside:
    """The bidder holds the key and may put anything inside: it is refused, it reaches no other path, nothing crashes."""

    PRICE = {"price": "1"}
    LISTED = {"price": "1", "attachments": [attachment()]}

    def open(self, tmp_path, inside, fields):
        identity = pyrage.x25519.Identity.generate()
        payload, into = tmp_path / "in" / "bid.age", tmp_path / "in" / "into"
        into.mkdir(parents=True)
        payload.write_bytes(pyrage.encrypt(inside, [identity.to_public()]))
        return bidbox.open_payload(
            payload, bid_key=str(identity), manifest=manifest_for(identity, fields), into=into
        )

    def test_the_ordinary_one_opens(self, tmp_path):
        opened = self.open(
            tmp_path, tar_of(bid_json(self.LISTED), member("attachments/a.pdf", b"abc")), self.LISTED
        )
        assert opened.attachments["a.pdf"].read_bytes() == b"abc"

    @pytest.mark.parametrize(
        "inside",
        [
            b"",
            b"\0" * 10240,
            b"%PDF-1.7",
            tar_of(),
            tar_of(member("other.json", b"{}")),
            tar_of(member("./bid.json", b"{}")),
            tar_of(member("bid.json", b"")),
            tar_of(member("bid.json", b"\xff")),
            tar_of(member("bid.json", b"[]")),
            tar_of(member("bid.json", b"{}")),
            tar_of(member("bid.json", b'{"fields":{"price":"1"}}')),
            tar_of(member("bid.json", b'{"fields":{"price":NaN},"salts":{"price":"%s"}}' % (b"00" * 32))),
            tar_of(
                member(
                    "bid.json", b'{"fields":{"price":%s},"salts":{"price":"%s"}}' % (b"9" * 50, b"00" * 32)
                )
            ),
            tar_of(
                member("bid.json", b'{"fields":{"price":"\\ud800"},"salts":{"price":"%s"}}' % (b"00" * 32))
            ),
            tar_of(member("bid.json", canonical({"fields": {"price": "1"}, "salts": {"price": "00" * 31}}))),
            tar_of(member("bid.json", canonical({"fields": {"price": "1"}, "salts": {"price": "zz"}}))),
            tar_of(member("bid.json", canonical({"fields": {"price": "1"}, "salts": {"price": None}}))),
            tar_of(member("bid.json", canonical({"fields": {"price": "1"}, "salts": ["price"]}))),
            tar_of(long_bid_json(bidbox.MOST_JSON + 1)),
            tar_of(member("bid.json", type=tarfile.SYMTYPE, linkname="/etc/passwd")),
            tar_of(member("bid.json", type=tarfile.LNKTYPE, linkname="/etc/passwd")),
            tar_of(member("bid.json", type=tarfile.CHRTYPE)),
            tar_of(member("bid.json", type=tarfile.DIRTYPE)),
            tar_of(member("bid.json", b"abc", pax_headers={"size": str(10**15)})),
            tar_of(member("bid.json", b"abc", pax_headers={"size": "-5"})),
        ],
        ids=range(25),
    )
    def test_what_is_no_bid_is_refused(self, tmp_path, inside):
        with pytest.raises(PackageBroken):
            self.open(tmp_path, inside, self.PRICE)

    def test_the_longest_bid_json_opens(self, tmp_path):
        assert self.open(tmp_path, tar_of(long_bid_json(bidbox.MOST_JSON)), self.PRICE).fields == self.PRICE

    @pytest.mark.parametrize("fields", [{}, {"price": "1", "discount": "5"}])
    def test_the_names_of_the_fields_are_compared_and_not_only_those_of_the_salts(self, tmp_path, fields):
        """A bid that keeps its committed price to itself but shows the salt is not an opened bid."""
        with pytest.raises(CommitmentBroken, match="项目"):
            self.open(tmp_path, tar_of(bid_json(fields, salts={"price": SALT.hex()})), self.PRICE)

    @pytest.mark.parametrize(
        ("info", "data"),
        [
            member("attachments/b.pdf", b"abc"),
            member("../../../etc/cron.d/x", b"abc"),
            member("/etc/passwd", b"abc"),
            member("attachments/a.pdf/..", b"abc"),
            member("attachments/a.pdf", type=tarfile.CHRTYPE),
            member("attachments/a.pdf", type=tarfile.FIFOTYPE),
            member("attachments/a.pdf", type=tarfile.DIRTYPE),
            member("attachments/a.pdf", type=tarfile.SYMTYPE, linkname="/etc/passwd"),
            member("attachments/a.pdf", type=tarfile.LNKTYPE, linkname="bid.json"),
        ],
        ids=lambda value: f"{value.name}-{value.type.decode()}" if isinstance(value, tarfile.TarInfo) else "",
    )
    def test_what_is_not_listed_or_no_file_is_refused(self, tmp_path, info, data):
        with pytest.raises(PackageBroken, match="清单以外"):
            self.open(tmp_path, tar_of(bid_json(self.LISTED), (info, data)), self.LISTED)

    @pytest.mark.parametrize("name", ["../../a.pdf", "/etc/a.pdf", "attachments/../../../a.pdf"])
    def test_a_path_inside_chooses_no_place_on_our_disk(self, tmp_path, name):
        """A listed name at another path is taken for that attachment, and lands where we put it."""
        self.open(tmp_path, tar_of(bid_json(self.LISTED), member(name, b"abc")), self.LISTED)
        files = {p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*") if p.is_file()}
        assert files == {"in/bid.age", "in/into/000.bin"}

    def test_more_attachments_than_a_bid_may_have_are_refused(self, tmp_path, monkeypatch):
        monkeypatch.setattr(bidbox, "MOST_ATTACHMENTS", 2)
        fields = {"price": "1", "attachments": [attachment(name) for name in ("a", "b", "c")]}
        members = [member(name, b"abc") for name in ("a", "b", "c")]
        two = {"price": "1", "attachments": fields["attachments"][:2]}
        assert len(self.open(tmp_path / "ok", tar_of(bid_json(two), *members[:2]), two).attachments) == 2
        with pytest.raises(PackageBroken):
            self.open(tmp_path / "no", tar_of(bid_json(fields), *members), fields)

    @pytest.mark.parametrize(
        "value", [None, 5, "a.pdf", {"a": 1}, [1], [{"name": ["x"]}], [{"sha256": "x"}], [{"name": "a.pdf"}]]
    )
    def test_a_list_of_attachments_of_another_shape_is_refused(self, tmp_path, value):
        fields = {"price": "1", "attachments": value}
        with pytest.raises(PackageBroken):
            self.open(tmp_path, tar_of(bid_json(fields), member("a.pdf", b"abc")), fields)

    def test_an_attachment_that_is_not_the_listed_one_is_named(self, tmp_path):
        with pytest.raises(CommitmentBroken, match=r"附件“a\.pdf”"):
            self.open(tmp_path, tar_of(bid_json(self.LISTED), member("a.pdf", b"abd")), self.LISTED)

    @pytest.mark.parametrize(
        ("inside", "says"),
        [
            ({"price": "2"}, "“price”"),
            ({"price": 1}, "“price”"),
            ({"price": "1.0"}, "“price”"),
            ({}, "项目"),
            ({"price": "1", "discount": "5"}, "项目"),
        ],
    )
    def test_a_field_that_is_not_the_committed_one_is_named(self, tmp_path, inside, says):
        with pytest.raises(CommitmentBroken, match=says):
            self.open(tmp_path, tar_of(bid_json(inside)), self.PRICE)

    def test_another_salt_breaks_the_commitment(self, tmp_path):
        inside = bid_json(self.PRICE, salts={"price": "11" * 32})
        with pytest.raises(CommitmentBroken, match="“price”"):
            self.open(tmp_path, tar_of(inside), self.PRICE)

    def test_fields_that_are_a_list_are_refused(self, tmp_path):
        inside = member("bid.json", canonical({"fields": ["price"], "salts": {"price": SALT.hex()}}))
        with pytest.raises((PackageBroken, CommitmentBroken)):
            self.open(tmp_path, tar_of(inside), self.PRICE)

    def test_deep_nesting_is_refused(self, tmp_path):
        with pytest.raises(PackageBroken):
            self.open(tmp_path, tar_of(member("bid.json", b"[" * 200_000)), self.PRICE)

    def test_a_listed_attachment_that_is_missing_is_named(self, tmp_path):
        with pytest.raises((PackageBroken, CommitmentBroken)):
            self.open(tmp_path, tar_of(bid_json(self.LISTED)), self.LISTED)

    def test_an_attachment_that_comes_twice_is_refused(self, tmp_path):
        twice = [member("a.pdf", b"abc"), member("x/a.pdf", b"abc")]
        with pytest.raises(PackageBroken):
            self.open(tmp_path, tar_of(bid_json(self.LISTED), *twice), self.LISTED)

    def test_a_sparse_attachment_does_not_fill_the_disk(self, tmp_path):
        claims = 8 << 20
        sparse = {"GNU.sparse.map": "0,3", "GNU.sparse.size": str(claims), "GNU.sparse.numblocks": "1"}
        with pytest.raises((PackageBroken, CommitmentBroken)):
            self.open(
                tmp_path,
                tar_of(bid_json(self.LISTED), member("a.pdf", b"abc", pax_headers=sparse)),
                self.LISTED,
            )
        assert sum(p.stat().st_size for p in tmp_path.rglob("*") if p.is_file()) < claims

    @pytest.mark.parametrize("size", [None, "missing", 4, "3"])
    def test_a_listed_size_is_the_size_of_the_attachment(self, tmp_path, size):
        row = {**attachment(), "size": size}
        if size == "missing":
            del row["size"]
        fields = {"price": "1", "attachments": [row]}
        with pytest.raises((PackageBroken, CommitmentBroken)):
            self.open(tmp_path, tar_of(bid_json(fields), member("a.pdf", b"abc")), fields)

    @pytest.mark.parametrize("fields", [{"price": "1", "note": "a\0b"}, {"price": "1", "a\0b": "x"}])
    def test_a_nul_in_a_field_is_refused(self, tmp_path, fields):
        with pytest.raises(PackageBroken):
            self.open(tmp_path, tar_of(bid_json(fields)), fields)

    @pytest.mark.parametrize("name", ["a.pdf", "bid.json"])
    def test_an_old_sparse_member_is_refused(self, tmp_path, name):
        """GNU tar's own kind of sparse file, beside the PAX one."""
        info, _ = member(name, type=tarfile.GNUTYPE_SPARSE)
        info.size = 0
        members = [] if name == "bid.json" else [bid_json(self.LISTED)]
        with pytest.raises(PackageBroken):
            self.open(tmp_path, tar_of(*members, (info, b"")), self.LISTED)
