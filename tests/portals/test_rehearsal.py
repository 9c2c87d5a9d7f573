"""The pretend walk through a procedure, as anyone sees it."""

import re
from html import unescape

import pytest

from ggzy.procedures.catalogue import BY_CODE

pytestmark = pytest.mark.django_db


def _page(client, address):
    reply = client.get(address)
    return reply.status_code, unescape(reply.content.decode())


@pytest.mark.parametrize("code", BY_CODE)
def test_every_procedure_can_be_walked_from_its_page(client, code):
    assert f"/procedures/{code}/rehearsal" in _page(client, f"/procedures/{code}")[1]
    address = f"/procedures/{code}/rehearsal?begins=2026-03-02"
    for _ in range(12):
        status, page = _page(client, address)
        assert status == 200
        form = re.search(r'name="move" value="(\w+)".*?name="day" value="([\d-]+)"', page, re.S)
        if form is None:
            assert "到此" in page
            break
        on = (
            client.get(address, {"move": form[1], "day": form[2]})
            if "?" not in address
            else client.get(f"{address}&move={form[1]}&day={form[2]}")
        )
        assert on.status_code == 302
        address = f"/procedures/{code}/rehearsal" + on["Location"].partition("#")[0]
    assert "走过的步骤" in page


def test_a_step_too_early_is_told_in_place_and_nonsense_in_one_sentence(client):
    begun = "/procedures/GC_OPEN_POST/rehearsal?begins=2026-03-02" + "".join(
        f"&s={code}@2026-03-02"
        for code in ("register", "start_document", "send_to_review", "conclude_review", "publish")
    )
    status, page = _page(client, f"{begun}&s=close_bidding@2026-03-10")
    assert status == 200 and "不合期限" in page and "GC-T03" in page
    assert "因投诉暂停, 暂停办理" in _page(client, f"{begun}&s=close_bidding@2026-04-01&hold=complaint")[1]
    for wrong, says in (
        ("&s=award@2026-03-10", "没有这一步"),
        ("&s=close_bidding@2026-03-01", "不能早于上一步"),
        ("&s=close_bidding@tomorrow", "日期写作"),
        ("&begins=1066-10-14", "2020年到2100年"),
    ):
        status, page = _page(
            client, begun.replace("&begins", "&x") + wrong if "begins" not in wrong else begun + wrong
        )
        assert status in {400, 409, 422} and says in page, (wrong, status)
    assert client.get("/procedures/NONE/rehearsal").status_code == 404
