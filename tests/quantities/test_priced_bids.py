"""A priced bill on its way: checked before sealing, opened with the bid, compared on the committee's desk."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from ggzy.client import bids, story
from ggzy.quantities import rules, xlsx
from ggzy.quantities.rules import Bill, BillBroken
from tests.drafting.test_acts import _writing
from tests.journeys.tale import PRICES
from tests.portals.test_work import Person
from tests.quantities.test_rules import bill, item

pytestmark = pytest.mark.django_db

TENDERED = bill(item(1, quantity=Decimal(1000)), item(2, quantity=Decimal(2000)))


def _priced(tendered: Bill, total: Decimal) -> Bill:
    """Return the tender's bill filled so that it adds up to a total."""
    each = (total / 3000).quantize(Decimal("0.01"))
    prices = [each, each]
    filled = [replace(i, unit_price=p) for i, p in zip(tendered.items, prices, strict=True)]
    return Bill(title=tendered.title, items=tuple(filled))


def test_a_priced_bill_travels_sealed_and_is_compared_on_the_desk(platform: Any, folder: Path) -> None:
    tale, to = _writing(platform, folder)
    owner, tender = Person(platform, "zhaobiao"), tale.tender["tender"]
    lot = tale.tender["rounds"][0]["lot"]
    data = SimpleUploadedFile("bill.xlsx", xlsx.write(TENDERED))
    owner.post(f"/work/tenders/{tender}/bills", lot=lot, file=data)
    tale.owner.post(f"{to}/review")
    story.conclude(tale.owner, tender)
    tale.deadline = platform.now + timedelta(days=21)
    story.publish(tale.owner, tender, deadline=tale.deadline)

    given = tale.bidder("jia").get(f"/rounds/{tale.round}/bill")["bill"]
    assert rules.read(given).sha256 == TENDERED.sha256
    table = folder / "filled.xlsx"
    folder.mkdir(parents=True, exist_ok=True)
    table.write_bytes(xlsx.write(_priced(TENDERED, PRICES["jia"])))
    price = str(rules.sums(_priced(TENDERED, PRICES["jia"])).total)
    made = bids.priced_bill(tendered=given, filled=table, price=price, into=folder / "jia-bill")
    for wrong in (f"{Decimal(price) + 1}", "0"):
        with pytest.raises(BillBroken, match="不一致"):
            bids.priced_bill(tendered=given, filled=table, price=wrong, into=folder / "no")
    assert not (folder / "no").exists()
    tale.bid("jia", price=Decimal(price), attachments=[made])
    # 乙 changed a quantity and does not add up: the platform cannot know before the opening, the desk shows it
    changed = _priced(TENDERED, PRICES["yi"])
    changed = Bill(title="", items=(replace(changed.items[0], quantity=Decimal(1)), changed.items[1]))
    own = folder / "yi-bill"
    own.mkdir()
    (own / "bill.json").write_text(_json(changed))
    tale.bid("yi", attachments=[own / "bill.json"])
    tale.bid("bing")
    platform.sequence()
    platform.advance(tale.deadline + timedelta(seconds=1))
    tale.owner.post(f"/tenders/{tender}/opening")
    for name in PRICES:
        tale.release(name)
    platform.work()
    story.end_opening(tale.owner, tale.round)
    cast = platform.cast()
    tale.draw = story.draw(tale.owner, cast, tender)
    accepted = story.answer_calls(cast)
    tale.members = story.check_in(cast, tale.draw, accepted[tale.draw])
    tale.owner.post(f"/draws/{tale.draw}/committee")
    page = Person(platform, tale.members[0].name).get(f"/work/rounds/{tale.round}/desk")
    assert "与招标清单一致" in page
    assert "的工程量被改动: 招标清单为“1000”, 报价清单为“1”" in page
    assert "没有提交已标价工程量清单" in page
    assert f"与投标报价{PRICES['yi']}不一致" in page


def _json(made: Bill) -> str:
    import json

    return json.dumps(made.as_json(), ensure_ascii=False)


def test_a_round_without_a_bill_says_so_and_the_desk_shows_nothing(platform: Any, folder: Path) -> None:
    from tests.journeys.tale import Tale

    tale = Tale(platform, folder).seated()
    assert platform.anonymous().get(f"/rounds/{tale.round}/bill") == {"bill": None}
    page = Person(platform, tale.members[0].name).get(f"/work/rounds/{tale.round}/desk")
    assert "已标价工程量清单核对" not in page


def test_the_client_refuses_a_file_that_is_no_bill(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "x.json"
    path.write_text("不是JSON")
    with pytest.raises(BillBroken, match="xlsx或JSON"):
        bids.priced_bill(tendered=TENDERED.as_json(prices=False), filled=path, price="1", into=folder)
