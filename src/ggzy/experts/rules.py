"""The draw as anyone can recompute it (draft-thomson-elegy-vrs), and who must stand aside. Pure."""

from collections.abc import Iterable, Mapping, Sequence

from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from ggzy.kernel.canonical import canonical, sha256

#: who gives a seed, in the order in which the reveals are joined
SEED_PARTIES = ("owner", "centre", "supervisor")


def label_of(*, salt: bytes, expert: str) -> str:
    """Return the public label of an expert in one pool: a salted hash of their public id."""
    return sha256(salt + expert.encode()).hex()


def pool_digest(labels: Iterable[str]) -> str:
    """Return the digest that freezes a pool: SHA-256 of the sorted labels."""
    return sha256(canonical(sorted(labels))).hex()


def seed_commitment(seed: bytes) -> str:
    """Return the commitment to a 32-byte seed."""
    return sha256(seed).hex()


def joined(seeds: Mapping[str, str]) -> bytes:
    """Return the randomness of a draw: the parties' revealed seeds (hex), in the fixed order."""
    return b"".join(bytes.fromhex(seeds[party]) for party in SEED_PARTIES)


def position(*, randomness: bytes, code: bytes, label: str) -> bytes:
    """Return a label's position: HKDF-Expand(HKDF-Extract(salt=code, IKM=randomness), label, 32)."""
    extract = hmac.HMAC(code, hashes.SHA256())
    extract.update(randomness)
    return HKDFExpand(algorithm=hashes.SHA256(), length=32, info=label.encode()).derive(extract.finalize())


def ranking(labels: Iterable[str], *, randomness: bytes, code: bytes) -> list[str]:
    """Return labels in the order of their positions. A label's place depends on no other label."""
    return sorted(labels, key=lambda label: position(randomness=randomness, code=code, label=label))


def must_avoid(*, employer_uscc: str, bidders: Sequence[str]) -> bool:
    """Say whether an expert's employer is among the bidders or their consortium members (USCCs)."""
    return bool(employer_uscc) and employer_uscc in set(bidders)
