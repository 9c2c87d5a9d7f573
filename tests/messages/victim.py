"""A worker that dies by kill -9 after the mail server took a letter and before we noted so. Run by test_kill9."""

import os
import signal
from typing import Any


def die(*_: Any, **__: Any) -> None:
    """Die as by kill -9: no finally, no rollback of ours, no flush."""
    os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    """Let everything due happen and die right after the first letter was taken."""
    import django

    django.setup()
    from ggzy.jobs.worker import load_effects, work_once
    from ggzy.messages import sending

    load_effects()
    sending.note = die  # type: ignore[assignment] - the server has it, we have noted nothing
    work_once()
    raise SystemExit("the victim outlived its work")


if __name__ == "__main__":
    main()
