"""Signed notes, checkpoints, proof files: what other C2SP tools write is read, and the other way round."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ggzy.evidence import notes

pytestmark = pytest.mark.pure
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
NAME = "ggzy.example/log"
VKEY = notes.vkey(NAME, KEY.public_key())
CHECKPOINT = notes.Checkpoint(origin=NAME, size=7, root=bytes(32))
NOTE = notes.sign(CHECKPOINT.text, name=NAME, key=KEY)

# the Go checksum database: its published verifier key
SUMDB_KEY = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
# the example of the C2SP note specification's ancestor, golang.org/x/mod/sumdb/note
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETER_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)


def test_a_checkpoint_survives_the_journey():
    assert notes.open_checkpoint(NOTE, VKEY, origin=NAME) == CHECKPOINT


def test_a_note_signed_by_others_opens():
    assert notes.open_note(PETER_NOTE, PETER).startswith("If you think")
    with pytest.raises(notes.NoteRefused, match="not signed by this key"):
        notes.open_note(PETER_NOTE, SUMDB_KEY)


def test_a_cosignature_of_an_unknown_key_is_ignored():
    stranger = Ed25519PrivateKey.generate()
    line = notes.sign(CHECKPOINT.text, name="witness.example", key=stranger).rpartition("\n\n")[2]
    assert notes.open_checkpoint(NOTE + line, VKEY) == CHECKPOINT


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (lambda note: note.replace("\n7\n", "\n8\n"), "does not fit"),
        (lambda note: note.replace(NAME, "other.example/log"), "not signed by this key"),
        (lambda note: note.rstrip("\n"), "not a signed note"),
        (lambda note: note.replace("\n\n", "\n"), "not a signed note"),
        (lambda note: note.replace("—", "-"), "malformed"),
        (lambda note: note.replace("\n7\n", "\n7\r\n"), "not a signed note"),
    ],
)
def test_a_damaged_note_is_refused(damage, why):
    with pytest.raises(notes.NoteRefused, match=why):
        notes.open_checkpoint(damage(NOTE), VKEY)


@pytest.mark.parametrize("size", ["07", "-1", "1.0", "", "٧"])
def test_a_size_is_a_plain_number(size):
    text = CHECKPOINT.text.replace("\n7\n", f"\n{size}\n")
    with pytest.raises(notes.NoteRefused):
        notes.open_checkpoint(notes.sign(text, name=NAME, key=KEY), VKEY)


def test_another_logs_checkpoint_is_refused():
    with pytest.raises(notes.NoteRefused, match="not of other"):
        notes.open_checkpoint(NOTE, VKEY, origin="other")


@pytest.mark.parametrize("extra", [b"", b"anything \xff"])
@pytest.mark.parametrize("hashes", [(), (bytes(32), b"\1" * 32)])
def test_a_proof_file_survives_the_journey(extra, hashes):
    proof = notes.Proof(index=5, hashes=hashes, checkpoint=NOTE, extra=extra)
    assert notes.parse_proof(proof.text) == proof
    assert proof.text.startswith("c2sp.org/tlog-proof@v1\n")


@pytest.mark.parametrize("text", ["", "c2sp.org/tlog-proof@v1\n\n", "c2sp.org/tlog-proof@v1\nindex 01\n\nx"])
def test_a_malformed_proof_file_is_refused(text):
    with pytest.raises(notes.NoteRefused):
        notes.parse_proof(text)
