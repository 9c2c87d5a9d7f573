"""Other pools: over HTTP by signature, over HTTP by token, and the twin keep one contract."""

import base64
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from ggzy.adapters.pools.http import PartnerPool, TokenPool
from ggzy.adapters.pools.twin import TwinPool
from ggzy.evidence import acks, keys
from ggzy.experts import rules, wire
from ggzy.experts.ports import Asked, ExpertSource, SourceRefused, SourceUnavailable

pytestmark = pytest.mark.pure
ASKED = Asked(
    draw="d" * 32,
    list_number=1,
    quotas=(rules.Quota("A0801", 3), rules.Quota("A0802", 2)),
    conditions=rules.Conditions(),
    without_employers=frozenset(),
    since=None,
    until=None,
    city="训练市",
)
Answer = Callable[[httpx.Request], httpx.Response]


def _served(twin: TwinPool, *, sign: bool) -> Answer:
    """Answer over HTTP what the twin answers, as another make of pool would."""

    def answer(request: httpx.Request) -> httpx.Response:
        what = request.url.path.rsplit("/", 1)[1]
        if what == "identities":
            said = json.loads(base64.urlsafe_b64decode(request.headers["X-Question"]))
        else:
            said = json.loads(request.content)
        try:
            body = _said(twin, what, said)
        except SourceRefused as no:
            return httpx.Response(409, json={"message": str(no)})
        if sign:
            body = acks.sign(body, key=keys.ack_key(), purpose=wire.ANSWERS)
        return httpx.Response(200, json=body)

    return answer


def _said(twin: TwinPool, what: str, said: dict[str, Any]) -> dict[str, Any]:
    if what == "lists":
        found = twin.freeze(wire.asked_of(said))
        lines = [[e.label, list(e.fits), e.unit] for e in found.entries]
        return {"lent": found.lent, "draw": said["draw"], "list": 1, "sha256": found.sha256, "entries": lines}
    about = {"lent": said["lent"], "label": said["label"]}
    if what == "calls":
        twin.call(**about)
        return about | {"called": True}
    if what == "answers":
        return about | {"accepted": twin.answer(**about)}
    opened = twin.identify(**about, token=said["token"], bidders=said["bidders"])
    return {f: getattr(opened, f) for f in opened.__dataclass_fields__}


def signed(answer: Answer) -> PartnerPool:
    return PartnerPool(
        address="https://p.example/",
        key=keys.ack_public(),
        agreement="a" * 64,
        transport=httpx.MockTransport(answer),
    )


def by_token(answer: Answer) -> TokenPool:
    return TokenPool(url="https://p.example", token="secret", transport=httpx.MockTransport(answer))


POOLS: dict[str, Callable[[], ExpertSource]] = {
    "twin": TwinPool,
    "partner": lambda: signed(_served(TwinPool(), sign=True)),
    "token": lambda: by_token(_served(TwinPool(), sign=False)),
}


@pytest.mark.parametrize("name", POOLS)
def test_a_pool_freezes_calls_answers_and_opens(name: str) -> None:
    pool = POOLS[name]()
    frozen = pool.freeze(ASKED)
    assert pool.freeze(ASKED).sha256 == frozen.sha256 == rules.list_digest(frozen.entries)
    assert {e.fits for e in frozen.entries} == {(0,), (1,)}
    about = {"lent": frozen.lent, "label": frozen.entries[3].label}
    pool.call(**about)
    pool.call(**about)
    assert pool.answer(**about) is pool.answer(**about)
    token = about["label"][:12]
    opened = pool.identify(**about, token=token, bidders=["B"])
    assert rules.proves(salt=opened.salt, expert=opened.expert, label=about["label"])
    assert not rules.proves(salt=opened.salt, expert=opened.expert, label=frozen.entries[4].label)
    for wrong in ({"token": "0"}, {"label": "0" * 64, "token": token}):
        with pytest.raises(SourceRefused):
            pool.identify(**about | {"bidders": ["B"]} | wrong)


def test_a_twin_that_is_down_answers_nothing() -> None:
    with pytest.raises(SourceUnavailable):
        TwinPool(down=True).freeze(ASKED)


def _late(request: httpx.Request) -> httpx.Response:
    raise httpx.ReadTimeout("late", request=request)


def _gone(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("nobody", request=request)


def _spoilt(**change: Any) -> Answer:
    def answer(request: httpx.Request) -> httpx.Response:
        body = _said(TwinPool(), "lists", json.loads(request.content)) | change
        return httpx.Response(200, json=acks.sign(body, key=keys.ack_key(), purpose=wire.ANSWERS))

    return answer


@pytest.mark.parametrize(
    "answer",
    [
        _late,
        _gone,
        lambda r: httpx.Response(500),
        lambda r: httpx.Response(200, text="<html>"),
        lambda r: httpx.Response(200, json=[]),
        # nobody signed it
        _served(TwinPool(), sign=False),
        _spoilt(sha256="0" * 64),
        _spoilt(draw="e" * 32),
        _spoilt(entries=[["x", [0], "u"]]),
        _spoilt(entries=[["00" * 32, [7], "u"]]),
        _spoilt(entries=[["00" * 32, [0], "u"]] * 2),
        _spoilt(entries=None),
    ],
)
def test_what_is_no_list_of_the_partner_is_no_answer(answer: Answer) -> None:
    with pytest.raises(SourceUnavailable):
        signed(answer).freeze(ASKED)


def test_a_refusal_is_told_in_the_pools_own_words() -> None:
    with pytest.raises(SourceRefused, match="协议已经终止"):
        signed(lambda r: httpx.Response(409, json={"message": "协议已经终止"})).freeze(ASKED)


def test_a_token_pool_is_asked_with_its_token() -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json={"lent": "l", "label": "x", "accepted": "perhaps"})

    with pytest.raises(SourceUnavailable, match="不是同意或者不同意"):
        by_token(answer).answer(lent="l", label="x")
    assert asked[0].headers["Authorization"] == "Bearer secret"
    assert str(asked[0].url) == "https://p.example/api/v1/partner/answers"
