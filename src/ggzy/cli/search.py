"""./ggzy search-rebuild: file every published notice anew."""

import argparse
from collections.abc import Sequence

from ggzy.search.actions import rebuild


def main(argv: Sequence[str]) -> int:
    """Throw the index of notices away and make it again from the notices; searches go on meanwhile."""
    argparse.ArgumentParser(prog="./ggzy search-rebuild", description="重建公告检索索引").parse_args(argv)
    print(f"已重建检索索引: {rebuild()} 份公告")
    return 0
