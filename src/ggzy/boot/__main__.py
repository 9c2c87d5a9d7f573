"""`python -m ggzy.boot COMMAND`: what `./ggzy up`, down, doctor, backup, restore and test run."""

import sys
from importlib import import_module

from ggzy.boot.say import BootError, complain

COMMANDS = {
    "up": ("ggzy.boot.up", "up"),
    "down": ("ggzy.boot.up", "down"),
    "doctor": ("ggzy.boot.doctor", "doctor"),
    "backup": ("ggzy.boot.backup", "backup"),
    "restore": ("ggzy.boot.restore", "restore"),
    "lock": ("ggzy.boot.locking", "lock"),
    "run": ("ggzy.boot.up", "run"),
    "test": ("ggzy.boot.testing", "test"),
}


def main(arguments: list[str]) -> int:
    """Run one command and return its exit code."""
    if not arguments or arguments[0] not in COMMANDS:
        complain(f"用法: ./ggzy {'|'.join(COMMANDS)} [参数]")
        return 2
    module, function = COMMANDS[arguments[0]]
    try:
        return int(getattr(import_module(module), function)(arguments[1:]))
    except BootError as error:
        complain(f"未能完成: {error}")
        return 1
    except KeyboardInterrupt:
        complain("已中断")
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
