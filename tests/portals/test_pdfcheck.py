"""The page that checks the seals of any PDF: our own letter, one changed byte, a plain PDF, what is none."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from ggzy.awarding.models import Award
from ggzy.kernel import files
from tests.journeys.tale import Tale

pytestmark = pytest.mark.django_db


def check(data: bytes, *, status: int = 200, name: str = "通知书.pdf") -> str:
    reply = Client().post("/verify/document", {"file": SimpleUploadedFile(name, data)})
    assert reply.status_code == status
    return str(reply.content.decode())


def test_a_letter_is_valid_and_broken_after_one_changed_byte(platform: Any, folder: Any) -> None:
    tale = Tale(platform, folder).notified()
    letter = files.read(Award.objects.get(round__public_id=tale.round).letter)
    page = check(letter)
    assert "1 枚签章全部有效" in page and tale.owner.name in page and "只增加了别的签章或时间戳" in page
    assert "OpenGGZY 训练时间戳(演示)" in page
    changed = bytearray(letter)
    changed[letter.index(b"/Type/Page") + 8] ^= 1
    reply = Client().post("/verify/document", {"file": SimpleUploadedFile("x.pdf", bytes(changed))})
    assert reply.status_code in {200, 422} and "全部有效" not in reply.content.decode()


def test_what_is_not_sealed_or_no_pdf_is_said_in_words() -> None:
    assert "<form" in Client().get("/verify/document").content.decode()
    assert "认不出这个文件" in check(b"hello", status=422)
    reply = Client().post("/verify/document")
    assert reply.status_code == 422 and "请选择要核验的文件" in reply.content.decode()
    script = check(b"x", status=422, name="<script>.pdf")
    assert "<script>.pdf" not in script
    assert "/verify/document" in Client().get("/verify").content.decode()
    moved = Client().get("/verify/pdf")
    assert (moved.status_code, moved["Location"]) == (301, "/verify/document")
