"""A process that dies by kill -9 at a fixed point of an act. Run by test_kill9 on the test's own database."""

import os
import signal
import sys
from pathlib import Path
from typing import Any


def die(*_: Any, **__: Any) -> None:
    """Die as by kill -9: no finally, no rollback of ours, no flush."""
    os.kill(os.getpid(), signal.SIGKILL)


def main(point: str, round_id: str, ocid: str, folder: str) -> None:
    """Start one act and die at the given point of it."""
    import django

    django.setup()
    from django.conf import settings

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # as in the tests' process
    from ggzy.jobs.worker import load_effects, run_due

    load_effects()
    if point == "submission":
        import httpx
        from django.core.wsgi import get_wsgi_application

        from ggzy.bidding import actions
        from ggzy.client import bids, story

        recorded = actions.record_act

        def record_and_die(*args: Any, **kwargs: Any) -> None:
            recorded(*args, **kwargs)
            die()

        actions.record_act = record_and_die  # type: ignore[assignment]
        party = story.demo_party(
            "http://testserver", "jia", transport=httpx.WSGITransport(app=get_wsgi_application())
        )
        bids.submit(party=party, round_id=round_id, folder=Path(folder), key="one-key")
    elif point == "opening":
        from ggzy.opening import actions as opening

        opening._settle = die  # type: ignore[assignment]
        run_due()
    elif point == "log":
        from ggzy.evidence import sequencer
        from ggzy.kernel.clock import real_now

        sequencer._publish = die  # type: ignore[assignment] - placed, not yet signed
        sequencer.run_once(real_now())
    raise SystemExit("the victim outlived its act")


if __name__ == "__main__":
    main(*sys.argv[1:])
