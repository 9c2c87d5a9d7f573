"""`python -m ggzy COMMAND`: the product's command line; see ggzy.cli."""

import sys

from ggzy.cli import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
