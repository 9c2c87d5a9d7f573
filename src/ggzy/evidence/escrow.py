"""Escrow trees: 1,024 slots, so that neither size nor order nor number of a tree tells how many entries it holds. Pure."""

import hashlib
import secrets
from collections.abc import Mapping

from ggzy.evidence import tlog

SLOTS = 1024


def draw_slots(count: int) -> list[int]:
    """Return `count` distinct slots in random order; a whole permutation is drawn whatever the count."""
    slots = list(range(SLOTS))
    secrets.SystemRandom().shuffle(slots)
    return slots[:count]


def tree(seed: bytes, filled: Mapping[int, bytes]) -> tlog.Pyramid:
    """Return the tree with these leaf hashes in their slots and fillers from the seed in all others."""
    filler = tlog.hashes_in(hashlib.shake_256(seed).digest(SLOTS * tlog.HASH))
    return tlog.Pyramid(filled.get(slot, filler[slot]) for slot in range(SLOTS))
