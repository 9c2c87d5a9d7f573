"""Another pool over HTTPS, for ggzy.experts: a partner under an agreement, or the pool this centre is a terminal of.

    POST {address}/api/v1/partner/lists       → {"lent", "draw", "list", "sha256", "frozen_at", "entries"}
    POST {address}/api/v1/partner/calls       {"lent", "label"} → {"label", "called": true}
    POST {address}/api/v1/partner/answers     {"lent", "label"} → {"label", "accepted": true, false or null}
    POST {address}/api/v1/partner/releases    {"lent"} → {"label": "", "released": true}: the draw is given up
    GET  {address}/api/v1/partner/identities  X-Question: base64url of {"lent", "label", "token", "bidders"} → who it is

A partner's question and answer are signed (experts/wire.py). A pool of another make is asked the same with a bearer
token and answers unsigned; what it opens is proved by salt and label all the same.
"""

import base64
from collections.abc import Collection, Mapping
from typing import Any

import httpx

from ggzy.evidence import acks, keys
from ggzy.experts import wire
from ggzy.experts.ports import Asked, Frozen, Opened, SourceRefused, SourceUnavailable
from ggzy.kernel.canonical import canonical
from ggzy.kernel.clock import real_now

#: the longest wait for one answer, in seconds
SECONDS = 8.0
_PATHS = {
    "list": "lists",
    "call": "calls",
    "answer": "answers",
    "release": "releases",
    "identity": "identities",
}


class _Pool:
    """What both kinds of pools have in common: four questions, and reading what is answered."""

    demo = False

    def __init__(self, *, address: str, transport: httpx.BaseTransport | None = None) -> None:
        self._address = address.rstrip("/")
        self._transport = transport

    def freeze(self, asked: Asked) -> Frozen:
        """Return the list the pool froze."""
        said = self._ask("list", wire.asked_json(asked))
        try:
            if said["draw"] != asked.draw or said["list"] != asked.list_number:
                raise ValueError("不是这次抽取的名单")
            return wire.frozen_of(said, quotas=len(asked.quotas))
        except (KeyError, TypeError, ValueError) as wrong:
            raise SourceUnavailable(f"答复的名单不能采用: {wrong}") from wrong

    def call(self, *, lent: str, label: str) -> None:
        """Let the pool call."""
        self._about("call", lent, label, {}, "called")

    def answer(self, *, lent: str, label: str) -> bool | None:
        """Return what was answered."""
        found = self._about("answer", lent, label, {}, "accepted")
        if found is not None and not isinstance(found, bool):
            raise SourceUnavailable("专家的答复不是同意或者不同意")
        return found

    def release(self, *, lent: str) -> None:
        """Give the draw up."""
        self._about("release", lent, "", {}, "released")

    def identify(self, *, lent: str, label: str, token: str, bidders: Collection[str]) -> Opened:
        """Return who a label is."""
        said = self._ask(
            "identity", {"lent": lent, "label": label, "token": token, "bidders": sorted(bidders)}
        )
        try:
            return wire.opened_of(said)
        except KeyError as missing:
            raise SourceUnavailable(f"答复的身份缺少{missing}") from missing

    def _about(self, what: str, lent: str, label: str, more: Mapping[str, Any], field: str) -> Any:
        said = self._ask(what, {"lent": lent, "label": label, **more})
        if said.get("label") != label or field not in said:
            raise SourceUnavailable("答复的不是所问的编号")
        return said[field]

    def _ask(self, what: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        question, headers = self._said(what, body)
        address = f"{self._address}/api/v1/partner/{_PATHS[what]}"
        content = canonical(question)
        try:
            with httpx.Client(transport=self._transport, timeout=SECONDS, trust_env=False) as client:
                if what == "identity":  # a name must lie in nobody's table of remembered answers
                    header = {"X-Question": base64.urlsafe_b64encode(content).decode()}
                    reply = client.get(address, headers=headers | header)
                else:
                    kind = {"Content-Type": "application/json"}
                    reply = client.post(address, content=content, headers=headers | kind)
            said = reply.json()
        except httpx.TimeoutException as late:
            raise SourceUnavailable(f"{SECONDS:.0f}秒内没有答复") from late
        except (httpx.HTTPError, ValueError) as trouble:
            raise SourceUnavailable(f"无法连接或者答复无法读取({type(trouble).__name__})") from trouble
        if reply.status_code in {400, 401, 403, 404, 409, 422} and isinstance(said, dict):
            raise SourceRefused(str(said.get("message") or f"对方答复{reply.status_code}"))
        if not reply.is_success or not isinstance(said, dict):
            raise SourceUnavailable(f"对方平台答复{reply.status_code}")
        return self._read(said)

    def _said(self, what: str, body: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
        raise NotImplementedError

    def _read(self, said: Mapping[str, Any]) -> Mapping[str, Any]:
        raise NotImplementedError


class PartnerPool(_Pool):
    """A partner's pool under an agreement: every sentence is signed, in both directions."""

    def __init__(
        self, *, address: str, key: str, agreement: str, transport: httpx.BaseTransport | None = None
    ) -> None:
        super().__init__(address=address, transport=transport)
        self._key, self._agreement = key, agreement

    def _said(self, what: str, body: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
        about = {**body, "agreement": self._agreement}
        return wire.question(what, about, to=self._key, key=keys.ack_key(), at=real_now()), {}

    def _read(self, said: Mapping[str, Any]) -> Mapping[str, Any]:
        if not acks.verify(said, key=self._key, purpose=wire.ANSWERS):
            raise SourceUnavailable("答复没有由协议单位签名")
        return said


class TokenPool(_Pool):
    """The pool of the province or of the finance departments, which knows this centre as a terminal by a token."""

    def __init__(self, *, url: str, token: str, transport: httpx.BaseTransport | None = None) -> None:
        super().__init__(address=url, transport=transport)
        self._token = token

    def _said(self, what: str, body: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
        return dict(body), {"Authorization": f"Bearer {self._token}"}

    def _read(self, said: Mapping[str, Any]) -> Mapping[str, Any]:
        return said
