"""A worker that dies by kill -9 at a fixed point of a delivery. Run by test_kill9 on the test's own database."""

import os
import signal
import sys
from typing import Any


def die(*_: Any, **__: Any) -> None:
    """Die as by kill -9: no finally, no rollback of ours, no flush."""
    os.kill(os.getpid(), signal.SIGKILL)


def main(point: str) -> None:
    """Let everything due happen and die at the given point of it."""
    import django

    django.setup()
    from ggzy.jobs.worker import load_effects, work_once
    from ggzy.publishing import actions

    load_effects()
    if point == "taking up":
        actions.set_timer = die  # type: ignore[assignment] - deliveries written, not committed
    elif point == "answered":
        actions._believe = die  # type: ignore[assignment] - the medium has it, we have noted nothing
    work_once()
    raise SystemExit("the victim outlived its work")


if __name__ == "__main__":
    main(*sys.argv[1:])
