"""A long storm of random acts by random actors: `python -m bench.storm [steps] [seed ...]`; the short one is in tests/fuzz.

Runs the same storm as the tests, on their database, with more steps and other seeds; ends with the failures, if there are any.
"""

import os
import subprocess
import sys

from bench.house import ROOT


def main() -> int:
    """Run the storms; return what pytest returned."""
    steps, seeds = (sys.argv[1] if len(sys.argv) > 1 else "3000"), sys.argv[2:] or ["11", "12"]
    environment = os.environ | {"GGZY_STORM_STEPS": steps, "GGZY_STORM_SEEDS": ",".join(seeds)}
    command = [
        str(ROOT / "ggzy"),
        "test",
        "tests/fuzz",
        "-q",
        "-k",
        "leaves_everything_lawful",
        "--durations=5",
    ]
    return subprocess.run(command, env=environment, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    raise SystemExit(main())
