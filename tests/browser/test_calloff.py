"""An offer sealed in a real browser is the digest that Python makes of it, and a price is written one way only."""

from decimal import Decimal
from typing import Any

from ggzy.frameworks.rules import sealed_price
from tests.browser.visitor import IN_A_BROWSER

pytestmark = IN_A_BROWSER

SEAL = """async (offer) => (await import("/static/ui/calloff.js")).commitment(offer)"""
AMOUNTS = """async (texts) => {
  const calloff = await import("/static/ui/calloff.js");
  return texts.map(calloff.amount);
}"""
KEPT = """async (offer) => {
  const calloff = await import("/static/ui/calloff.js");
  sessionStorage.setItem(`offer-waiting-${offer.call}`, JSON.stringify(offer));
  return ["0".repeat(64), offer.commitment].map((held) => {
    calloff.keepAccepted({ call: offer.call, held });
    return localStorage.getItem(`offer-${offer.commitment}`) !== null;
  });
}"""
WRITTEN = {
    "1700": "1700.00",
    " 0012.5 ": "12.50",
    "0": "0.00",
    "0.07": "0.07",
    "1.234": "",
    "1e3": "",
    "-5": "",
    "1,000": "",
    "": "",
}


def test_the_browser_seals_as_python_does(committed_platform: Any, live_server: Any, chromium: Any) -> None:
    window = chromium.new_page()
    window.goto(live_server.url + "/frameworks")
    offer = {"call": "0" * 32, "price": "98000.00", "supplier": "91370100MA3C00000X", "salt": "ab" * 32}
    wanted = sealed_price(
        call=offer["call"], supplier=offer["supplier"], price=Decimal(offer["price"]), salt=offer["salt"]
    )
    assert window.evaluate(SEAL, offer) == wanted
    # a voucher is kept by its digest, and only once the platform holds it
    assert window.evaluate(KEPT, {"call": "c", "commitment": wanted}) == [False, True]
    assert window.evaluate(AMOUNTS, list(WRITTEN)) == list(WRITTEN.values())
