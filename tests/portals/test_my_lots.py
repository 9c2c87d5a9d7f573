"""My lots: found by words, stage and date, sorted, exported, kept under a name, on one timeline."""

from pathlib import Path
from typing import Any

import pytest

from ggzy.kernel.refusals import BadInput
from ggzy.parties import bookmarks
from ggzy.portals.my_lots import GROUPS
from ggzy.procedures.spec import Stage
from ggzy.tendering.models import Tender
from tests.journeys.tale import Tale
from tests.portals.test_work import Person

pytestmark = pytest.mark.django_db


def test_groups_hold_every_stage_once() -> None:
    held = [stage for _, stages in GROUPS.values() for stage in stages]
    assert sorted(held) == sorted(Stage)


def test_a_list_and_a_timeline(platform: Any, tmp_path: Path, django_assert_max_num_queries: Any) -> None:
    Tale(platform, tmp_path, method="comprehensive").in_publicity()
    owner, bidder, centre = (Person(platform, name) for name in ("zhaobiao", "jia", "zhongxin"))
    name = Tender.objects.get().name
    for person in (owner, bidder, centre):
        assert name in person.get("/work/lots")
        assert name in person.get("/work/lots?stage=award&due=past&sort=name")
        for asked in ("stage=open", "due=7", "words=没有这个项目"):
            assert "没有符合条件的标段" in person.get(f"/work/lots?{asked}")
        drawn = person.get("/work/lots?view=timeline")
        assert all(says in drawn for says in ("发布公告", "投标截止", "公示期满"))
        # nonsense in the address is left out, not an error
        assert name in person.get(
            "/work/lots?stage=nonsense&due=x&sort=x&page=-3&view=timeline&from=2026-99-99"
        )
    assert "查看报告" not in bidder.get("/work/lots")
    # whoever did not bid has no part in it
    assert name not in Person(platform, "ding").get("/work/lots")
    with django_assert_max_num_queries(15):
        owner.get("/work/lots?view=timeline")
    table = owner.client.get("/work/lots.csv?stage=award").content.decode("utf-8-sig")
    assert name in table and table.count("\n") == 2
    assert owner.client.get("/work/lots.xlsx").content.startswith(b"PK")
    assert owner.client.get("/work/lots.pdf").status_code == 422


def test_a_list_is_kept_under_a_name(platform: Any) -> None:
    owner, other = Person(platform, "zhaobiao"), Person(platform, "daili")
    owner.post("/work/bookmarks", label=" 本周 开标 ", address="/work/lots?due=7")
    owner.post("/work/bookmarks", label="本周 开标", address="/work/lots?due=3")
    assert owner.get("/work").count("★ 本周 开标") == 1 and "/work/lots?due=3" in owner.get("/work")
    assert "★" not in other.get("/work")
    for label, address in (
        ("", "/work/lots"),
        ("别处", "https://example.org/"),
        ("别处", "//example.org/work/"),
    ):
        with pytest.raises(BadInput):
            bookmarks.keep(label=label, address=address, actor=_actor(owner), now=platform.now)
    (kept,) = bookmarks.bookmarks_of(_actor(owner))
    other.post("/work/bookmarks/drop", bookmark=kept.bookmark)
    assert bookmarks.bookmarks_of(_actor(owner)) == [kept]
    owner.post("/work/bookmarks/drop", bookmark=kept.bookmark)
    owner.post("/work/bookmarks/drop", bookmark=kept.bookmark)
    assert bookmarks.bookmarks_of(_actor(owner)) == []


def _actor(person: Person) -> Any:
    from ggzy.identity.actions import actor_of

    return actor_of(token=person.party.token, address="127.0.0.1", reads=True)
