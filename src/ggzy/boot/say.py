"""Short lines for the person at the terminal."""

import sys
from datetime import datetime


class BootError(Exception):
    """Something the operator must put right; its text says what, in Chinese."""


def say(text: str) -> None:
    """Print one status line with the local time."""
    stamp = datetime.now().astimezone().strftime("%H:%M:%S")
    print(f"{stamp} {text}", flush=True)


def complain(text: str) -> None:
    """Print one line to the error stream."""
    print(text, file=sys.stderr, flush=True)
