"""CAs outside: what is fetched is bounded in size and time, and a gateway that answers nonsense issued nothing."""

import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from ggzy.adapters.authorities import http
from ggzy.adapters.authorities.http import HttpAuthority
from ggzy.adapters.authorities.training import TrainingAuthority
from ggzy.identity import trust
from ggzy.identity.ports import Applicant, AuthorityUnavailable
from tests.identity.cas import CA
from tests.identity.people import new_key, request_of

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
SOMEBODY = Applicant(organisation="甲公司", uscc="91370100M00000001A", person="张三")


@contextmanager
def answering(answer):
    """Serve every request by `answer(handler)`, which may write the body itself, and keep the requests."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            size = int(self.headers.get("Content-Length") or 0)
            server.seen.append((self.path, self.rfile.read(size).decode()))
            answer(self)

        do_POST = do_GET

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.seen = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", server.seen
    finally:
        server.shutdown()
        server.server_close()


def reply(status, body=b"", **headers):
    def answer(handler):
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def test_a_list_is_fetched():
    data = CA.root().crl(at=NOW)
    with answering(reply(200, data)) as (url, _):
        assert HttpAuthority("x").crl(f"{url}/a.crl", now=NOW) == data


@pytest.mark.parametrize("status", [204, 302, 404, 500])
def test_another_answer_is_none_and_no_redirect_is_followed(status):
    with answering(reply(status, Location="http://127.0.0.1:1/")) as (url, seen):
        with pytest.raises(AuthorityUnavailable):
            HttpAuthority("x").crl(f"{url}/a.crl", now=NOW)
        assert len(seen) == 1


def test_nobody_there_is_no_answer():
    with pytest.raises(AuthorityUnavailable):
        HttpAuthority("x").crl("http://127.0.0.1:9/a.crl", now=NOW)


def test_a_list_without_end_is_given_up(monkeypatch):
    monkeypatch.setattr(http, "MOST_BYTES", 200_000)
    sent = []

    def endless(handler):
        handler.send_response(200)
        handler.end_headers()
        try:
            for _ in range(1000):
                handler.wfile.write(b"x" * 100_000)
                sent.append(1)
        except OSError:
            pass

    with answering(endless) as (url, _), pytest.raises(AuthorityUnavailable, match="兆字节"):
        HttpAuthority("x").crl(f"{url}/a.crl", now=NOW)
    assert len(sent) < 1000


def test_a_list_that_drips_is_given_up(monkeypatch):
    monkeypatch.setattr(http, "SECONDS", 1.0)

    def drip(handler):
        handler.send_response(200)
        handler.end_headers()
        try:
            for _ in range(200):
                handler.wfile.write(b"x")
                handler.wfile.flush()
                time.sleep(0.05)
        except OSError:
            pass

    began = time.monotonic()
    with answering(drip) as (url, _), pytest.raises(AuthorityUnavailable, match="没有取完"):
        HttpAuthority("x").crl(f"{url}/a.crl", now=NOW)
    assert time.monotonic() - began < 5


def test_without_a_gateway_nothing_is_applied_for():
    authority = HttpAuthority("x")
    with pytest.raises(AuthorityUnavailable, match="没有与这家CA联网"):
        authority.issue("csr", SOMEBODY, now=NOW)
    with pytest.raises(AuthorityUnavailable, match="没有与这家CA联网"):
        authority.revoke(1, reason="keyCompromise", now=NOW)


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"certificate": 5}'])
def test_a_gateway_that_answers_nonsense_issued_nothing(body):
    with answering(reply(200, body)) as (url, _), pytest.raises(AuthorityUnavailable):
        HttpAuthority("x", url=url).issue("csr", SOMEBODY, now=NOW)


# one contract: the gateway and the training CA answer the same questions


@pytest.fixture(params=["gateway", "training"])
def authority(request, db):
    if request.param == "training":
        yield TrainingAuthority("training")
        return
    import json

    issued = {"certificate": trust.pem(CA.root().leaf().certificate)}
    with answering(reply(200, json.dumps(issued).encode())) as (url, seen):
        made = HttpAuthority("ceshi", url=url)
        made.seen = seen
        yield made


def test_every_ca_issues_and_takes_back(authority):
    made = authority.issue(request_of(new_key()).decode(), SOMEBODY, now=NOW)
    certificate = trust.load(made.certificate)
    authority.revoke(certificate.serial_number, reason="keyCompromise", now=NOW)
    if hasattr(authority, "seen"):
        assert [path for path, _ in authority.seen] == ["/ceshi/issue", "/ceshi/revoke"]
    else:
        crl = trust.load_crl(authority.crl("training:ca", now=NOW))
        assert crl.get_revoked_certificate_by_serial_number(certificate.serial_number)


def test_a_production_centre_has_no_training_ca(settings):
    settings.MODE = "production"
    with pytest.raises(AuthorityUnavailable):
        TrainingAuthority("training")
