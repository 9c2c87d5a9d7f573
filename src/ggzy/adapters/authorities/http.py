"""A real CA: its revocation lists over HTTP, and a gateway of the centre for applications.

    GET  the address of a revocation list (DER or PEM); no redirects, ten megabytes, eight seconds in all
    POST {GGZY_AUTHORITIES_URL}/{ca}/issue   {"csr", "organisation", "uscc", "person"}
         200 {"certificate": PEM, "encryption_certificate": PEM or "", "encryption_key": base64 or ""}
    POST {GGZY_AUTHORITIES_URL}/{ca}/revoke  {"serial", "reason"}     200 {}

Without GGZY_AUTHORITIES_URL people apply at the CA itself and bind what they get.
"""

import os
import time
from datetime import datetime
from typing import Any

import httpx

from ggzy.identity.ports import Applicant, AuthorityUnavailable, Issued

SECONDS = 8.0
MOST_BYTES = 10 << 20


class HttpAuthority:
    """A client of one CA."""

    def __init__(self, ca: str, *, url: str = "") -> None:
        base = (url or os.environ.get("GGZY_AUTHORITIES_URL", "")).rstrip("/")
        self._url = f"{base}/{ca}" if base else ""

    def crl(self, address: str, *, now: datetime) -> bytes:
        """Fetch a list, and give up when it is too long or too slow."""
        ends = time.monotonic() + SECONDS
        got = bytearray()
        try:
            plain = {"Accept-Encoding": "identity"}
            with httpx.stream("GET", address, headers=plain, timeout=SECONDS, trust_env=False) as reply:
                if reply.status_code != 200:
                    raise AuthorityUnavailable(f"服务器答复 {reply.status_code}")
                for part in reply.iter_raw():  # as it comes: waiting for a full block would pass the limit
                    got += part
                    if len(got) > MOST_BYTES:
                        raise AuthorityUnavailable("超过10兆字节")
                    if time.monotonic() > ends:
                        raise AuthorityUnavailable("超过8秒没有取完")
        except (httpx.HTTPError, httpx.InvalidURL) as trouble:
            raise AuthorityUnavailable(type(trouble).__name__) from trouble
        return bytes(got)

    def issue(self, csr: str, applicant: Applicant, *, now: datetime) -> Issued:
        """Ask the gateway for a certificate."""
        said = self._ask(
            "issue",
            {
                "csr": csr,
                "organisation": applicant.organisation,
                "uscc": applicant.uscc,
                "person": applicant.person,
            },
        )
        if not isinstance(said.get("certificate"), str) or not said["certificate"]:
            raise AuthorityUnavailable("答复里没有证书")
        return Issued(
            certificate=said["certificate"],
            encryption_certificate=str(said.get("encryption_certificate") or ""),
            encryption_key=str(said.get("encryption_key") or ""),
        )

    def revoke(self, serial: int, *, reason: str, now: datetime) -> None:
        """Ask the gateway to take a certificate back."""
        self._ask("revoke", {"serial": f"{serial:x}", "reason": reason})

    def _ask(self, name: str, question: dict[str, Any]) -> dict[str, Any]:
        if not self._url:
            raise AuthorityUnavailable("本中心没有与这家CA联网办理")
        try:
            reply = httpx.post(f"{self._url}/{name}", json=question, timeout=SECONDS, trust_env=False)
            said = reply.json() if reply.status_code == 200 else None
        except (httpx.HTTPError, ValueError) as trouble:
            raise AuthorityUnavailable(type(trouble).__name__) from trouble
        if not isinstance(said, dict):
            raise AuthorityUnavailable(f"服务器答复 {reply.status_code}")
        return said
