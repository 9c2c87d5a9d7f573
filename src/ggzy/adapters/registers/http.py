"""The four registers over HTTP: one POST of JSON per question to the exchange gateway of the centre.

    POST {GGZY_REGISTERS_URL}/licence        {"uscc", "name"}
    POST {GGZY_REGISTERS_URL}/qualification  {"uscc", "code", "number", "valid_to"}
    POST {GGZY_REGISTERS_URL}/person         {"uscc", "name", "certificate", "specialty"}
    POST {GGZY_REGISTERS_URL}/credit         {"uscc"}
    200 {"agrees": true, "says": "…", "source": "…"}

Anything else, and silence for five seconds, is no answer: the record stays unverified and is asked about again.
"""

import os
from dataclasses import asdict
from datetime import date
from typing import Any

import httpx

from ggzy.registry.ports import (
    Answer,
    CreditQuestion,
    LicenceQuestion,
    PersonQuestion,
    QualificationQuestion,
    RegisterUnavailable,
)

SECONDS = 5.0


class HttpRegisters:
    """A client of the gateway."""

    def __init__(self, url: str = "") -> None:
        self._url = (url or os.environ.get("GGZY_REGISTERS_URL", "")).rstrip("/")

    def licence(self, question: LicenceQuestion) -> Answer:
        """Ask the register of business licences."""
        return self._ask("licence", asdict(question))

    def qualification(self, question: QualificationQuestion) -> Answer:
        """Ask the register of qualifications and licences."""
        return self._ask("qualification", asdict(question))

    def person(self, question: PersonQuestion) -> Answer:
        """Ask the register of practising people."""
        return self._ask("person", asdict(question))

    def credit(self, question: CreditQuestion) -> Answer:
        """Ask the public credit list."""
        return self._ask("credit", asdict(question))

    def _ask(self, name: str, question: dict[str, Any]) -> Answer:
        body = {k: v.isoformat() if isinstance(v, date) else v for k, v in question.items()}
        try:
            reply = httpx.post(f"{self._url}/{name}", json=body, timeout=SECONDS, trust_env=False)
            said = reply.json() if reply.status_code == 200 else None
        except (httpx.HTTPError, ValueError) as trouble:
            raise RegisterUnavailable(f"{name}: {type(trouble).__name__}") from trouble
        if (
            not isinstance(said, dict)
            or not isinstance(said.get("agrees"), bool)
            or not all(isinstance(said.get(key), str) and said[key] for key in ("says", "source"))
        ):
            raise RegisterUnavailable(f"{name}: {reply.status_code}")
        return Answer(agrees=said["agrees"], says=said["says"][:300], source=said["source"][:60], demo=False)
