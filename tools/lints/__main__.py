"""`python -m tools.lints`: print every breach of a house rule; the exit status counts as failed when there is one."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "src"))

from tools.lints.house_rules import RULES, breaches  # noqa: E402 - the source folder must be known first

found = breaches(ROOT)
print("\n".join(found) if found else f"house lints: {len(RULES)} rules kept")
sys.exit(1 if found else 0)
