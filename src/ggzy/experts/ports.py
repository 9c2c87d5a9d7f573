"""Ports to the outside: where experts come from. A centre is a draw terminal of somebody's pool, or holds one."""

from collections.abc import Collection, Sequence
from typing import Protocol

from ggzy.experts.models import Expert


class ExpertPool(Protocol):
    """A pool of experts that a committee may be drawn from."""

    def candidates(self, *, specialty: str, without_employers: Collection[str]) -> Sequence[Expert]:
        """Return every active expert of a specialty (by prefix) whose employer (USCC) is not excluded, in a fixed order."""
        ...
