"""Two people write one tender file: the second is told what the first saved, and loses nothing."""

import re
from typing import Any

import pytest

from ggzy.client import story
from ggzy.portals.differences import Difference, differences
from tests.api.test_refusals import no
from tests.portals.test_work import Person, _document

pytestmark = pytest.mark.django_db


@pytest.fixture
def tender(platform: Any) -> str:
    """Return a tender whose file is being written."""
    owner = platform.demo("zhaobiao")
    project = story.register_project(owner, name="两人同写工程", serial=4242)
    lot = {"name": "一标段", "budget": "9000000.00", "ceiling_price": "9000000.00", "duration_days": 100}
    body = {"project": project, "name": "两人同写工程施工", "state_controlled": True, "lots": [lot]}
    made = owner.post("/tenders", body | {"procedure_code": "GC_OPEN_POST"})
    owner.post(f"/tenders/{made['tender']}/registration")
    owner.post(f"/tenders/{made['tender']}/document")
    return str(made["tender"])


def test_the_second_is_told_and_loses_nothing(platform: Any, tender: str) -> None:
    one, other = Person(platform, "zhaobiao"), Person(platform, "zhaobiao")
    address = f"/work/tenders/{tender}/document"
    base = re.search(r'name="based_on" value="(\w*)"', other.get(address))[1]
    one.post(address, **_document(quality="优良"), based_on=base)
    told = other.post(
        address, 409, **_document(quality="合格", site="训练市东路1号"), based_on=base
    ).content.decode()
    assert "已被他人" in told and "李敏 在" in told and "优良" in told and "训练市东路1号" in told
    assert "优良" in other.get(address)  # nothing was saved over it
    fresh = re.search(r'name="based_on" value="(\w*)"', told)[1]
    assert fresh != base
    other.post(address, **_document(quality="合格", site="训练市东路1号"), based_on=fresh)
    assert "训练市东路1号" in one.get(address)


def test_the_api_is_held_to_what_it_began_from(platform: Any, tender: str) -> None:
    owner = platform.demo("zhaobiao")
    to, document = f"/tenders/{tender}/document", story.document()
    first = owner.ask("PUT", to, {"document": document, "based_on": ""})
    no(owner.ask, "PUT", to, {"document": document, "based_on": ""}, code="tendering.changed_meanwhile")
    owner.ask("PUT", to, {"document": document, "based_on": first["sha256"]})
    owner.ask("PUT", to, {"document": document})


@pytest.mark.pure
def test_differences_are_said_in_words() -> None:
    kept = {
        "deposit": "0",
        "consortium_allowed": True,
        "criteria": [{"key": "a", "title": "方案", "weight": "25"}],
        "site": "",
    }
    entered = {
        "deposit": "0",
        "consortium_allowed": False,
        "criteria": [{"key": "b", "title": "团队", "weight": "25"}],
        "site": "东路",
    }
    assert differences(kept, entered) == [
        Difference("接受联合体", "是", "否"),
        Difference("评分项", "方案 25", "(无)"),
        Difference("评分项", "(无)", "团队 25"),
        Difference("踏勘地点", "(无)", "东路"),
    ]
    assert differences(kept, kept) == []
