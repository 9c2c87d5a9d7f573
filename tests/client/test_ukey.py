"""The USB key that is none: what it answers, whom, and what it refuses."""

import base64
import json
import socket
import threading
import urllib.error
import urllib.request

import pytest
from cryptography import x509

from ggzy.client.ukey import LOCKED, NO_SUCH, NOT_LOGGED_IN, TRIES, WRONG_PIN, Emulator, Reader, Token
from ggzy.identity import cms, trust

pytestmark = pytest.mark.pure
PAGE = "http://localhost:8000"
PIN = "123456"


@pytest.fixture(params=["p256", "rsa2048", "national"])
def someone(request):
    return request.getfixturevalue(request.param)


@pytest.fixture
def served(someone):
    token = Token("演示", someone, PIN)
    server = Emulator(Reader([token]), origins=[PAGE], port=0)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server, token
    server.shutdown()
    server.server_close()


def ask(server, body, *, origin=PAGE, host="", method="POST"):
    headers = {"Content-Type": "application/json", **({"Origin": origin} if origin else {})}
    if host:
        headers["Host"] = host
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(server.address, data=data, headers=headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=10) as reply:
            return reply.status, dict(reply.headers), json.loads(reply.read() or b"null")
    except urllib.error.HTTPError as no:
        return no.code, dict(no.headers), json.loads(no.read() or b"null")


def call(server, function, **said):
    return ask(server, {"function": function, **said})[2]


def test_it_signs_and_opens_after_its_pin(served):
    server, token = served
    listed = call(server, "SOF_GetUserList")["result"]
    assert listed == f"演示||{token.container}"
    key = token.container
    certificate, receives = (
        x509.load_der_x509_certificate(base64.b64decode(call(server, f, CertID=key)["result"]))
        for f in ("SOF_ExportUserCert", "SOF_ExportExChangeUserCert")
    )
    data = base64.b64encode(b"text").decode()
    assert call(server, "SOF_SignData", CertID=key, InData=data)["error"] == NOT_LOGGED_IN
    assert call(server, "SOF_Login", CertID=key, PassWd=PIN) == {"error": 0, "result": True}
    signature = base64.b64decode(call(server, "SOF_SignData", CertID=key, InData=data)["result"])
    trust.require_signature(certificate, signature=signature, data=b"text")
    envelope = base64.b64encode(cms.seal_to(receives, b"bid_key")).decode()
    opened = call(server, "SOF_DecryptDataPKCS7", CertID=key, InData=envelope)
    assert base64.b64decode(opened["result"]) == b"bid_key"
    assert call(server, "SOF_Logout", CertID=key)["result"] is True
    assert call(server, "SOF_SignData", CertID=key, InData=data)["error"] == NOT_LOGGED_IN


def test_a_wrong_pin_counts_and_locks(served):
    server, token = served
    for left in range(TRIES - 1, -1, -1):
        said = call(server, "SOF_Login", CertID=token.container, PassWd="0")
        assert said["error"] == WRONG_PIN and said["left"] == left
    assert call(server, "SOF_Login", CertID=token.container, PassWd=PIN)["error"] == LOCKED
    assert call(server, "SOF_GetPinRetryCount", CertID=token.container)["result"] == 0


def test_what_is_not_for_it_or_unknown_is_said(served, ca):
    from tests.identity.people import certified

    server, token = served
    call(server, "SOF_Login", CertID=token.container, PassWd=PIN)
    other = certified(ca, "P-256").certificate
    envelope = base64.b64encode(cms.seal_to(other, b"x")).decode()
    for said in (envelope, "AAAA", "!", ""):
        assert call(server, "SOF_DecryptDataPKCS7", CertID=token.container, InData=said)["error"]
    assert call(server, "SOF_Format", CertID=token.container)["error"] == NO_SUCH
    assert call(server, "SOF_Login", CertID="x", PassWd=PIN)["error"] == NO_SUCH
    server.reader.unplug(token.container)
    assert "拔出" in call(server, "SOF_Login", CertID=token.container, PassWd=PIN)["message"]
    assert call(server, "SOF_GetUserList")["result"] == ""


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("http://evil.example", ""),
        ("", ""),
        ("null", ""),
        (PAGE, "evil.example:8780"),
        (f"{PAGE}.evil.example", ""),
    ],
)
@pytest.mark.parametrize("method", ["POST", "OPTIONS"])
def test_other_sites_and_rebound_names_get_nothing(served, origin, host, method):
    server, _ = served
    status, headers, body = ask(
        server, {"function": "SOF_GetUserList"}, origin=origin, host=host, method=method
    )
    assert status == 403 and "Access-Control-Allow-Origin" not in headers and "result" not in (body or {})


@pytest.mark.parametrize("body", [b"", b"x", b"[]", b'{"function": 1}', b"[" * 100_000])
def test_what_is_no_call_is_refused(served, body):
    server, _ = served
    assert ask(server, body)[0] == 400


def test_a_page_that_is_allowed_may_ask(served):
    server, _ = served
    status, headers, _ = ask(server, b"", method="OPTIONS")
    assert status == 204 and headers["Access-Control-Allow-Origin"] == PAGE
    assert headers["Access-Control-Allow-Private-Network"] == "true"


def test_it_listens_on_the_loopback_interface_alone(served):
    server, _ = served
    assert server.server_address[0] == "127.0.0.1"
    assert socket.inet_aton(server.server_address[0])[0] == 127
