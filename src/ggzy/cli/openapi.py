"""./ggzy openapi: print the OpenAPI 3.1 description of the API."""

import json
from collections.abc import Sequence

from ggzy.api.v1 import api


def main(argv: Sequence[str]) -> int:
    """Print the description as JSON; return the exit status."""
    print(json.dumps(api.get_openapi_schema(path_prefix="/api/"), ensure_ascii=False, indent=2))
    return 0
