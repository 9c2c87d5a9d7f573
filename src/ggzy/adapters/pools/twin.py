"""A stand-in for the pool of a province or of the finance departments in a training centre (演示).

Everything follows from the draw's id, so that any process answers alike: invented experts in the specialties that are
asked for, one in five of whom declines. It behaves as pools do: it can be `down`, gives every answer as often as it is
asked, and knows nothing of a label it never gave. Its experts show the first 12 digits of their label.
"""

import hashlib
import hmac
from collections.abc import Collection

from ggzy.experts import rules
from ggzy.experts.ports import Asked, Frozen, Opened, SourceRefused, SourceUnavailable
from ggzy.kernel.ids import make_uscc

#: experts for each quota
EACH = 30


class TwinPool:
    """An invented pool that is asked like a real one."""

    demo = True

    def __init__(self, *, down: bool = False, declines: int = 5) -> None:
        self._down, self._declines = down, declines

    def freeze(self, asked: Asked) -> Frozen:
        """Return invented labels for each quota."""
        self._there()
        lent = asked.draw
        entries = [
            rules.Entry(self._label(lent, n, quota), (quota,), self._mac(lent, f"unit{n % 12}")[:32])
            for quota in range(len(asked.quotas))
            for n in range(EACH)
        ]
        digest = rules.list_digest(entries)
        return Frozen(lent=lent, entries=entries, sha256=digest, receipt={"sha256": digest, "demo": True})

    def call(self, *, lent: str, label: str) -> None:
        """Call somebody who was invented here."""
        self._there()
        self._whose(lent, label)

    def answer(self, *, lent: str, label: str) -> bool | None:
        """Return yes, or no for one in five."""
        self._there()
        self._whose(lent, label)
        return not self._declines or int(label[-6:], 16) % self._declines != 0

    def release(self, *, lent: str) -> None:
        """Let nobody come; nobody was invented for anything else."""
        self._there()

    def identify(self, *, lent: str, label: str, token: str, bidders: Collection[str]) -> Opened:
        """Return an invented person."""
        self._there()
        n, quota = self._whose(lent, label)
        if token != label[:12]:
            raise SourceRefused("签到凭证不符(演示: 凭证是编号的前12位)")
        return Opened(
            expert=self._expert(lent, n, quota),
            salt=self._salt(lent, n, quota).hex(),
            name=f"演示专家{quota + 1}{n:02d}",
            employer_name=f"演示设计院第{n % 12 + 1}分院",
            employer_uscc=make_uscc(region="000000", serial=8_000_000 + n % 12),
            avoids="",
        )

    def _there(self) -> None:
        if self._down:
            raise SourceUnavailable("演示: 没有答复")

    def _mac(self, lent: str, what: str) -> str:
        return hmac.digest(b"openggzy twin pool", f"{lent} {what}".encode(), "sha256").hex()

    def _expert(self, lent: str, n: int, quota: int) -> str:
        return hashlib.sha256(f"twin {lent} {quota} {n}".encode()).hexdigest()[:32]

    def _salt(self, lent: str, n: int, quota: int) -> bytes:
        return bytes.fromhex(self._mac(lent, f"salt {quota} {n}"))

    def _label(self, lent: str, n: int, quota: int) -> str:
        return rules.label_of(salt=self._salt(lent, n, quota), expert=self._expert(lent, n, quota))

    def _whose(self, lent: str, label: str) -> tuple[int, int]:
        for quota in range(50):
            for n in range(EACH):
                if self._label(lent, n, quota) == label:
                    return n, quota
        raise SourceRefused("名单中没有这个编号")
