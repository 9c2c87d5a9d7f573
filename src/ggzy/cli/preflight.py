"""./ggzy preflight: what must be true before a centre serves anybody. Run at every start."""

import sys
from collections.abc import Sequence

from ggzy.evidence import keys
from ggzy.kernel.clock import refuse_shifted_clock_in_production
from ggzy.kernel.refusals import Refusal
from ggzy.kernel.secrets import open_text, seal_text


def main(argv: Sequence[str]) -> int:
    """Check the clock and the keys; return 0 when the centre may start."""
    refuse_shifted_clock_in_production()
    try:
        keys.log_key()
        keys.ack_key()
    except Refusal as refusal:
        print(refusal.message, file=sys.stderr)
        return 1
    return 0 if open_text(seal_text("个人信息")) == "个人信息" else 1
