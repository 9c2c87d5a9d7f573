"""What later contexts know of each bid and is read out beside it: they say so here, since the opening lies below them.

Asked only once the bids are opened and shown; before, nothing of it exists for the opening.
"""

from collections.abc import Callable, Mapping

from ggzy.tendering.models import Round

#: (opened round) → {bid: what is read out}; {} where there is nothing to say of this round
Reader = Callable[[Round], Mapping[str, str]]
_READERS: dict[str, Reader] = {}


def reads_out(name: str) -> Callable[[Reader], Reader]:
    """Register what is read out of each bid under a name of the opening record (called once, where it is known)."""

    def keep(function: Reader) -> Reader:
        assert name not in _READERS, f"two readers of {name}"
        _READERS[name] = function
        return function

    return keep


def read_out(round_: Round) -> dict[str, dict[str, str]]:
    """Return {bid: {name: what is read out}} of an opened round."""
    out: dict[str, dict[str, str]] = {}
    for name, reader in sorted(_READERS.items()):
        for bid, said in reader(round_).items():
            out.setdefault(bid, {})[name] = said
    return out
