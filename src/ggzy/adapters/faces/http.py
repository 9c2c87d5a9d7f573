"""A face gate over HTTP: one question to the access control of the evaluation area. No picture passes here.

    POST {GGZY_FACES_URL}/passage  {"person", "hall"}
    200 {"passed": true, "says": "…"}

Anything else, and silence for five seconds, is no answer.
"""

import os

import httpx

from ggzy.committees.ports import GateUnavailable, Passage

SECONDS = 5.0


class HttpFaceGate:
    """A client of the gate."""

    def __init__(self, url: str = "") -> None:
        self._url = (url or os.environ.get("GGZY_FACES_URL", "")).rstrip("/")

    def passage(self, *, person: str, hall: str) -> Passage:
        """Ask whether a person came through."""
        try:
            reply = httpx.post(
                f"{self._url}/passage",
                json={"person": person, "hall": hall},
                timeout=SECONDS,
                trust_env=False,
            )
            said = reply.json() if reply.status_code == 200 else None
        except (httpx.HTTPError, ValueError) as trouble:
            raise GateUnavailable(type(trouble).__name__) from trouble
        if (
            not isinstance(said, dict)
            or not isinstance(said.get("passed"), bool)
            or not isinstance(said.get("says"), str)
        ):
            raise GateUnavailable(f"{reply.status_code}")
        return Passage(passed=said["passed"], says=said["says"][:200])
