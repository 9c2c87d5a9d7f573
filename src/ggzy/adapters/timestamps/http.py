"""A timestamp authority over HTTP (RFC 3161 3.4): POST application/timestamp-query to GGZY_TSA_URL.

A short time in all, a short answer, no redirects; a token counts only when its chain ends at one of the certificates in
`keys/tsa/*.crt`.
"""

import os
import time
from collections.abc import Sequence

import httpx
from cryptography import x509
from django.conf import settings

from ggzy.identity import trust
from ggzy.kernel.refusals import Refusal
from ggzy.seals import tsp
from ggzy.seals.ports import TimestampUnavailable

_HEADERS = {
    "Content-Type": "application/timestamp-query",
    "Accept": "application/timestamp-reply",
    "Accept-Encoding": "identity",
}


class HttpTimestamps:
    """A client of one authority."""

    def __init__(self, url: str = "", *, trusted: Sequence[x509.Certificate] = ()) -> None:
        self._url = url or os.environ.get("GGZY_TSA_URL", "")
        self._trusted = tuple(trusted)

    def trusted(self) -> Sequence[x509.Certificate]:
        """Return the certificates in the keys folder."""
        if not self._trusted:
            found = sorted((settings.KEYS / "tsa").glob("*.crt"))
            self._trusted = tuple(trust.load(path.read_bytes()) for path in found)
        return self._trusted

    def stamp(self, digest: bytes) -> bytes:
        """Ask, and believe nothing that is not checked."""
        data, nonce = tsp.query(digest)
        try:
            token = tsp.token_of(self._ask(data), nonce=nonce)
            tsp.require_token(token, digest=digest, trusted=self.trusted())
        except Refusal as no:
            raise TimestampUnavailable(no.message) from None
        return token

    def _ask(self, data: bytes) -> bytes:
        ends = time.monotonic() + settings.TSA_SECONDS
        got = bytearray()
        try:
            with httpx.stream(
                "POST",
                self._url,
                content=data,
                headers=_HEADERS,
                timeout=settings.TSA_SECONDS,
                trust_env=False,
            ) as answer:
                if answer.status_code != 200:
                    raise TimestampUnavailable(f"时间戳服务答复 {answer.status_code}")
                for part in answer.iter_raw():
                    got += part
                    if len(got) > tsp.MOST_BYTES:
                        raise TimestampUnavailable("时间戳服务的答复过长")
                    if time.monotonic() > ends:
                        raise TimestampUnavailable("时间戳服务答复太慢")
        except (httpx.HTTPError, httpx.InvalidURL) as trouble:
            raise TimestampUnavailable(f"时间戳服务连接不上({type(trouble).__name__})") from trouble
        return bytes(got)
