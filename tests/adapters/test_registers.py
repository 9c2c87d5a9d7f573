"""One contract for the twin and for the real client against a small gateway on loopback."""

import json
import threading
from collections.abc import Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from ggzy.adapters.registers.http import HttpRegisters
from ggzy.adapters.registers.twin import TwinRegisters
from ggzy.registry import ports


class Gateway(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        number = asked.get("number", asked.get("certificate", ""))
        if number == "broken":
            self.send_response(502)
            self.end_headers()
            return
        said = {"agrees": not number.startswith("X"), "says": "答复", "source": "测试登记系统"}
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({} if number == "strange" else said).encode())

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Gateway)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def _number(number: str) -> ports.QualificationQuestion:
    return ports.QualificationQuestion(uscc="U", code="safety", number=number, valid_to=date(2030, 1, 1))


@pytest.mark.parametrize("twin", [True, False])
def test_both_answer_alike(url: str, twin: bool) -> None:
    registers: ports.Registers = TwinRegisters() if twin else HttpRegisters(url)
    answers = [
        registers.licence(ports.LicenceQuestion(uscc="U", name="甲")),
        registers.qualification(_number("N1")),
        registers.person(ports.PersonQuestion(uscc="U", name="某", certificate="C", specialty="建筑")),
        registers.credit(ports.CreditQuestion(uscc="U")),
    ]
    assert all(a.agrees and a.says and a.source and a.demo is twin for a in answers)
    assert not registers.qualification(_number("X1")).agrees


@pytest.mark.parametrize("number", ["broken", "strange"])
def test_no_answer_is_no_answer(url: str, number: str) -> None:
    with pytest.raises(ports.RegisterUnavailable):
        HttpRegisters(url).qualification(_number(number))
    with pytest.raises(ports.RegisterUnavailable):
        HttpRegisters("http://127.0.0.1:9").qualification(_number("N1"))
