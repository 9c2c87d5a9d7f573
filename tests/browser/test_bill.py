"""A priced bill in the browser: the same bill.json as the command line makes, and the same things found wrong with it."""

import base64
import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from ggzy.bidding import bidbox
from ggzy.bidding.models import Bid
from ggzy.client import bids, story
from ggzy.identity import cms
from ggzy.kernel import files
from ggzy.kernel.canonical import canonical
from ggzy.quantities import rules, xlsx
from ggzy.quantities.rules import Bill, Part, Weight
from tests.browser.test_sealing import _fill_in, _hand_in, _opens
from tests.browser.test_signing import _signed_in
from tests.browser.visitor import DESK, IN_A_BROWSER, Visitor
from tests.drafting.test_acts import _writing
from tests.portals.test_work import Person
from tests.quantities.test_rules import LUMP, bill, item

pytestmark = IN_A_BROWSER

SCRIPT = """async ({ tendered, data, price }) => {
  const { pricedBill } = await import("/static/ui/bill.js");
  const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
  try {
    const { file, problems } = await pricedBill({ tendered, filled: new Blob([bytes]), price });
    return { json: await file.text(), problems };
  } catch (wrong) { return { wrong: wrong.message }; }
}"""


def _priced(made: Bill, *prices: str) -> Bill:
    filled = [replace(i, unit_price=Decimal(p)) for i, p in zip(made.items, prices, strict=True)]
    return Bill(title=made.title, items=tuple(filled))


def test_the_browser_makes_the_bill_that_python_makes(live_server: Any, chromium: Any) -> None:
    window = Visitor(chromium, live_server.url, DESK).open("/login")
    tendered = bill(item(1, quantity=Decimal("1.5")), item(2, quantity=Decimal("0.000001")), item(3))
    good = _priced(tendered, "0.67", "123456789.99", "3.00")
    total = str(rules.sums(good).total)
    negative = _priced(tendered, "-1", "0", "0.005")
    cases = [
        (tendered, xlsx.write(good), total),
        (tendered, canonical(good.as_json()), total),
        (tendered, xlsx.write(good), "1.00"),
        (tendered, xlsx.write(negative), total),
        (tendered, xlsx.write(tendered), total),
        (tendered, xlsx.write(bill(*good.items[:2], replace(LUMP, row=3))), total),
        (
            tendered,
            xlsx.write(bill(replace(good.items[0], quantity=Decimal(7), name="改名"), *good.items[1:])),
            total,
        ),
        (bill(replace(LUMP, row=1, amount=None)), xlsx.write(bill(replace(LUMP, row=1))), "100.00"),
        (
            bill(item(1, part=Part.MEASURES)),
            xlsx.write(bill(item(1, part=Part.MEASURES, amount=Decimal("9")))),
            "9",
        ),
    ]
    for tender, data, price in cases:
        got = window.evaluate(
            SCRIPT,
            {
                "tendered": json.loads(canonical(tender.as_json(prices=False))),
                "data": base64.b64encode(data).decode(),
                "price": price,
            },
        )
        offered = xlsx.parse(data) if data[:2] == b"PK" else rules.read(json.loads(data))
        assert got.get("json", got) == canonical(rules.filled(offered).as_json()).decode()
        found = rules.compare(tender, offered, bid_price=Decimal(price))
        errors = [p.says.split(", 相差")[0] for p in found if p.weight is Weight.ERROR]
        assert got["problems"] == errors
    for data in (b"PK\x03\x04 no", b"{}", b"no", xlsx.write(bill(item(1, unit_price=Decimal(1))))[:-30]):
        given = {"tendered": {}, "data": base64.b64encode(data).decode(), "price": "1.00"}
        assert any(word in window.evaluate(SCRIPT, given)["wrong"] for word in ("xlsx", "格式"))


def test_a_filled_bill_is_checked_and_sealed(
    committed_platform: Any, live_server: Any, chromium: Any, folder: Path
) -> None:
    tale, to = _writing(committed_platform, folder)
    owner, tender = Person(committed_platform, "zhaobiao"), tale.tender["tender"]
    tendered = bill(item(1, quantity=Decimal(1000)), item(2, quantity=Decimal(2000)))
    data = SimpleUploadedFile("bill.xlsx", xlsx.write(tendered))
    owner.post(f"/work/tenders/{tender}/bills", lot=tale.tender["rounds"][0]["lot"], file=data)
    tale.owner.post(f"{to}/review")
    story.conclude(tale.owner, tender)
    story.publish(tale.owner, tender, deadline=committed_platform.now + timedelta(days=21))
    folder.mkdir(parents=True, exist_ok=True)
    filled, offer = folder / "填好的清单.xlsx", folder / "offer.pdf"
    filled.write_bytes(xlsx.write(_priced(tendered, "3000", "3000.50")))
    offer.write_bytes(b"%PDF")
    visitor = _signed_in(chromium, live_server.url, "jia")
    window = visitor.open(f"/work/rounds/{tale.round}/bid")
    window.set_input_files("[name=bill]", str(filled))
    _fill_in(window, [offer], price="9000000")
    window.locator("[data-checks]", has_text="与投标报价9000000.00不一致").wait_for()
    window.fill("[name=price]", "9001000")
    window.click("button:has-text('加密并试开')")
    _opens(window)
    _hand_in(window)
    kept = Bid.objects.order_by("-pk")[0]
    key = cms.open_envelope(bytes(kept.envelope), key=tale.bidder("jia").identity.key).decode()
    manifest = bidbox.read_manifest(bytes(kept.manifest))
    opened = bidbox.open_payload(files.sealed_path(kept.payload), bid_key=key, manifest=manifest, into=folder)
    given = tale.bidder("jia").get(f"/rounds/{tale.round}/bill")["bill"]
    made = bids.priced_bill(tendered=given, filled=filled, price="9001000.00", into=folder / "cli")
    assert opened.attachments["bill.json"].read_bytes() == made.read_bytes()
    assert visitor.complaints == []
