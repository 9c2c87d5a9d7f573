"""Ports to the outside: the face gate at the door of an evaluation area. Adapters: `ggzy.adapters.faces`."""

from dataclasses import dataclass
from typing import Protocol


class GateUnavailable(Exception):
    """The gate gave no answer."""


@dataclass(frozen=True, kw_only=True)
class Passage:
    """What a gate says of one person: whether it let them in, in its own words; no picture leaves the gate."""

    passed: bool
    says: str
    demo: bool = False


class FaceGate(Protocol):
    """A gate that compares a face with the register of experts (26号令第七条、第二十一条)."""

    def passage(self, *, person: str, hall: str) -> Passage:
        """Say whether this person (public id) came through the gate of a hall today.

        :raises GateUnavailable: no answer
        """
        ...
