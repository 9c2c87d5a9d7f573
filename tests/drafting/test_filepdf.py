"""The published version as a PDF: made once after publication, its data inside, sealed once by its own side."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from pyhanko.pdf_utils.reader import PdfFileReader

from ggzy.client.party import Problem
from tests.conftest import BASE
from tests.journeys.tale import Tale
from tests.portals.test_work import Person

pytestmark = pytest.mark.django_db


def _pdf(platform: Any, tender: str) -> bytes:
    with httpx.Client(base_url=BASE, transport=platform.transport) as client:
        reply = client.get(f"/files/{tender}/1.pdf")
    assert reply.status_code == 200, reply.text
    return reply.content


def _inside(pdf: bytes) -> bytes:
    import io

    root = PdfFileReader(io.BytesIO(pdf)).root
    names = root["/Names"]["/EmbeddedFiles"]["/Names"]
    return bytes(names[1]["/EF"]["/F"].data)


def test_the_pdf_holds_its_data_and_is_sealed_once(platform: Any, folder: Path) -> None:
    import json

    tale = Tale(platform, folder).published()
    tender = tale.tender["tender"]
    owner, at = Person(platform, "zhaobiao"), f"/work/tenders/{tale.tender['tender']}/files/1"
    Person(platform, "jia").get(f"/files/{tender}/1.pdf", status=404)
    assert "正在生成" in owner.get(at)
    with pytest.raises(Problem) as early:
        tale.owner.post(f"/tenders/{tender}/file/1/seal")
    assert early.value.code == "tendering.pdf_not_ready"
    platform.work()
    plain = _pdf(platform, tender)
    file = tale.owner.get(f"/tenders/{tender}/file")
    data = json.loads(_inside(plain))
    assert (data["sha256"], data["document"], data["lots"]) == (
        file["sha256"],
        file["document"],
        file["lots"],
    )
    assert b"pdfaid:part>3" in plain or b'pdfaid:part="3"' in plain
    assert "未签章" in Person(platform, "jia").get(f"/files/{tender}/1")
    owner.sign(f"{at}/seal", f"{at}/to-sign")
    sealed = _pdf(platform, tender)
    assert sealed.startswith(plain) and b"/ByteRange" in sealed and _inside(sealed) == _inside(plain)
    assert "已签章" in Person(platform, "jia").get(
        f"/files/{tender}/1"
    ) and "已由招标人一方签章" in owner.get(at)
    with pytest.raises(Problem) as twice:
        tale.owner.post(f"/tenders/{tender}/file/1/seal")
    assert twice.value.code == "tendering.pdf_not_ready"


def test_another_side_seals_nothing(platform: Any, folder: Path) -> None:
    from ggzy.drafting.models import FilePdf

    tale = Tale(platform, folder).published()
    platform.work()
    with pytest.raises(Problem) as other:
        tale.bidder("jia").post(f"/tenders/{tale.tender['tender']}/file/1/seal")
    assert other.value.code == "permission.denied"
    assert list(FilePdf.objects.values_list("sealed", flat=True)) == [False]
