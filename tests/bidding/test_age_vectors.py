"""The age format as others test it (C2SP CCTV): what must fail by content or HMAC never opens as a bid."""

import base64
import hashlib
import json
import zlib
from collections import Counter

import pyrage
import pytest

from ggzy.bidding import bidbox
from ggzy.bidding.profiles import AGE
from tests.shared import shared

VECTORS, NEEDS_VECTORS = shared("vectors/cctv-age/vectors.json")
pytestmark = [pytest.mark.pure, *NEEDS_VECTORS]

#: pyrage opens these two although the format says header failure: a stanza whose last line is full and that lacks the
#: short line after it. The bytes that are authenticated and the content are right, so nothing false is accepted.
LENIENT = {"stanza_missing_body", "stanza_missing_final_line"}
#: and it refuses this one, armoured, with blanks around it: no bid is armoured
STRICT = {"armor_whitespace_outside"}


def cases():
    """Return (vector, bytes, identities) of the vectors with X25519 keys."""
    for vector in json.loads(VECTORS.read_text()):
        data = base64.b64decode(vector["body"])
        if vector.get("compressed") == "zlib" and data[:1] == b"\x78":
            data = zlib.decompress(data)
        keys = vector.get("ids") or []
        if keys and all(key.startswith("AGE-SECRET-KEY-1") for key in keys):
            yield vector, data, [pyrage.x25519.Identity.from_str(key) for key in keys]


def opened(data, identities):
    try:
        return pyrage.decrypt(data, identities)
    except pyrage.DecryptError:
        return None


def test_where_the_library_differs_from_the_format_is_known():
    differs = {
        vector["name"]
        for vector, data, identities in cases()
        if (opened(data, identities) is not None) is not (vector["expect"] == "success")
    }
    assert differs == LENIENT | STRICT


def test_enough_was_tried():
    tried = Counter(vector["expect"] for vector, _, _ in cases())
    assert tried["success"] >= 16
    assert tried["payload failure"] >= 19
    assert tried["HMAC failure"] == 1
    assert tried["header failure"] >= 30


def test_content_that_opens_is_the_right_content():
    for vector, data, identities in cases():
        if vector["expect"] == "success" and (found := opened(data, identities)) is not None:
            assert hashlib.sha256(found).hexdigest() == vector["payload"], vector["name"]


def test_a_bid_with_a_broken_content_or_hmac_or_for_another_key_is_never_opened(tmp_path):
    """Through our own door: what looks like a bid at the counter is refused at the opening."""
    payload, at_the_counter = tmp_path / "bid.age", Counter()
    for vector, data, identities in cases():
        if vector["expect"] in {"success", "header failure"}:
            continue
        at_the_counter[AGE.is_sealed(data[:4096], size=len(data))] += 1
        payload.write_bytes(data)
        for identity in identities:
            with pytest.raises(bidbox.WrongBidKey):
                bidbox.open_payload(
                    payload,
                    bid_key=str(identity),
                    manifest={"format": AGE.format, "bid_key": str(identity.to_public()), "fields": {}},
                )
    assert at_the_counter[True] >= 20


def test_a_broken_header_is_refused_but_for_the_two_lenient_cases(tmp_path):
    payload = tmp_path / "bid.age"
    for vector, data, identities in cases():
        if vector["expect"] != "header failure":
            continue
        payload.write_bytes(data)
        # the lenient two decrypt, and what is inside is no bid
        refusal = bidbox.PackageBroken if vector["name"] in LENIENT else bidbox.WrongBidKey
        for identity in identities:
            with pytest.raises(refusal):
                bidbox.open_payload(
                    payload,
                    bid_key=str(identity),
                    manifest={"format": AGE.format, "bid_key": str(identity.to_public()), "fields": {}},
                )


def test_the_counter_takes_only_bare_files_with_one_recipient():
    taken = {
        v["name"]
        for v, data, _ in cases()
        if v["expect"] == "success" and AGE.is_sealed(data[:4096], size=len(data))
    }
    refused = {v["name"] for v, data, _ in cases() if v["expect"] == "success"} - taken
    assert "x25519" in taken
    assert {"x25519_multiple_recipients", "armor_x25519"} <= refused
