"""Dragging a booking in a real browser: where it is let go is asked, and only the answer moves it."""

from pathlib import Path
from typing import Any

from tests.browser.test_signing import _signed_in
from tests.browser.visitor import IN_A_BROWSER
from tests.venues.test_bookings import DEADLINE, Desk

pytestmark = IN_A_BROWSER


def test_a_booking_is_dragged_to_another_room_and_time(
    committed_platform: Any, live_server: Any, chromium: Any, folder: Path
) -> None:
    booking = Desk(committed_platform, folder).book("第一评标室")["booking"]
    visitor = _signed_in(chromium, live_server.url, "zhongxin")
    window = visitor.open(f"/work/rooms?day={DEADLINE:%Y-%m-%d}")
    bar = window.locator(f"table [data-booking='{booking}']").first
    box = bar.bounding_box()
    target = window.locator("td[data-name='第二评标室'][data-at='20']").bounding_box()

    def drag() -> None:
        window.mouse.move(box["x"] + 2, box["y"] + 8)
        window.mouse.down()
        window.mouse.move(target["x"] + 2, target["y"] + 20, steps=6)
        window.mouse.up()

    drag()
    assert "第二评标室, 2026-05-11 13:00–14:00" in window.locator("[data-plan-says]").inner_text()
    window.click("[data-plan-cancel]")
    assert bar.bounding_box() == box
    drag()
    window.click("dialog button[type=submit]")
    window.wait_for_url("**/work/rooms?day=2026-05-11")
    moved = window.locator(f"table [data-booking='{booking}']").first
    assert moved.get_attribute("data-start") == "2026-05-11T13:00"
    assert "第二评标室" in str(moved.get_attribute("title"))
    # a drag that is given up with Escape moves nothing, and a click still opens the booking
    box = moved.bounding_box()
    window.mouse.move(box["x"] + 2, box["y"] + 8)
    window.mouse.down()
    window.mouse.move(box["x"] + 90, box["y"] + 8, steps=4)
    window.keyboard.press("Escape")
    window.mouse.up()
    assert not window.locator("dialog[open]").count() and moved.bounding_box() == box
    window.goto(f"{live_server.url}/work/rooms?day=2026-05-11")
    window.locator(f"table [data-booking='{booking}']").first.click()
    window.wait_for_url(f"**/work/rooms/bookings/{booking}")
    assert visitor.complaints == []
