"""A bill on its way: attached while the file is written, published with its hash, read by anyone, without prices."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from ggzy.client import story
from ggzy.quantities import rules, xlsx
from tests.conftest import BASE
from tests.drafting.test_acts import _writing
from tests.journeys.tale import Tale
from tests.portals.test_work import Person
from tests.quantities.test_rules import LUMP, bill, item

pytestmark = pytest.mark.django_db

PRICED = bill(
    *(item(n, quantity=Decimal(1000), unit_price=Decimal("3133.30")) for n in (1, 2, 3)), replace(LUMP, row=4)
)  # 9,400,000 of 9,500,000


def _upload(owner: Person, tale: Tale, data: bytes, status: int = 303) -> str:
    lot = tale.tender["rounds"][0]["lot"]
    at = f"/work/tenders/{tale.tender['tender']}/bills"
    page = owner.post(at, status, lot=lot, file=SimpleUploadedFile("bill.xlsx", data))
    return str(page.content.decode())


def test_a_bill_is_attached_published_and_taken_home_without_prices(platform: Any, folder: Path) -> None:
    tale, to = _writing(platform, folder)
    owner, tender = Person(platform, "zhaobiao"), tale.tender["tender"]
    assert "还没有清单" in owner.get(f"/work/tenders/{tender}/bills")
    _upload(owner, tale, xlsx.write(bill(item(1))))
    _upload(owner, tale, xlsx.write(PRICED))  # takes the place of the earlier one
    page = owner.get(f"/work/tenders/{tender}/bills")
    assert "4 项" in page and "不一致" in page  # the ceiling is not what the priced bill adds up to
    tale.owner.post(f"{to}/review")
    story.conclude(tale.owner, tender)
    story.publish(tale.owner, tender, deadline=platform.now + timedelta(days=21))
    [lot] = tale.owner.get(f"{to}/file")["lots"]
    assert lot["bill"]["sha256"] == PRICED.sha256 and lot["bill"]["composition"]["total"] == "9400000.00"
    page = Person(platform, "jia").get(f"/files/{tender}/1/bills/1?words=项目2")
    assert "项目2" in page and "项目3" not in page and "3133" not in page and "9,400,000" not in page
    got = platform.read_json(f"/files/{tender}/1/bills/1.json")
    assert rules.read(got) == rules.emptied(PRICED)
    with httpx.Client(base_url=BASE, transport=platform.transport) as client:
        table = client.get(f"/files/{tender}/1/bills/1.xlsx").content
    assert xlsx.parse(table).sha256 == PRICED.sha256 and not xlsx.parse(table).priced
    assert platform.anonymous().get(f"{to}/file/bills/1")["sha256"] == PRICED.sha256
    assert "不在编制中" in _upload(owner, tale, xlsx.write(PRICED), 409)


def test_a_bill_with_errors_is_told_by_row_and_not_kept(platform: Any, folder: Path) -> None:
    from ggzy.quantities.models import Bill

    tale, _ = _writing(platform, folder)
    owner = Person(platform, "zhaobiao")
    page = _upload(owner, tale, xlsx.write(bill(item(1, "123"), item(2, unit=""))), 422)
    assert "没有保存" in page and "12位数字" in page and "没有计量单位" in page
    assert "xlsx表格或造价XML" in _upload(owner, tale, b"%PDF", 422)
    assert not Bill.objects.exists()


def test_another_organisation_attaches_nothing(platform: Any, folder: Path) -> None:
    tale, _ = _writing(platform, folder)
    _upload(Person(platform, "jia"), tale, xlsx.write(PRICED), 403)
