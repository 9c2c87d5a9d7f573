"""A desk's page hears what happened since it was shown, at the price of a few queries, and nothing that is not its own."""

import json
from pathlib import Path
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

from ggzy.client import story
from tests.journeys.tale import Tale
from tests.portals.test_work import Person


def test_a_desk_hears_of_messages_steps_and_pauses(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder).seated()
    one, other = tale.members[:2]
    person = Person(platform, one.name)
    page = person.get(f"/work/rounds/{tale.round}/desk")
    state = json.loads(page.split('id="desk-state" type="application/json">')[1].split("</script>")[0])

    def heard() -> dict[str, Any] | None:
        reply = person.client.get(f"/work/rounds/{tale.round}/desk/news?seen={state['digest']}")
        if reply.status_code == 204:
            return None
        assert reply.status_code == 200, reply.content.decode()
        answer: dict[str, Any] = reply.json()
        changed = {k: v for k, v in answer["state"].items() if v != state[k] and k != "digest"}
        state.update(answer["state"])
        return changed | {"parts": answer["parts"], "label": answer["step"]}

    assert heard() is None
    code = one.get(f"/draws/{tale.draw}/meeting")["code"]
    other.post(f"/draws/{tale.draw}/leader", {"choice": code})
    said = heard()
    assert said is not None and said["waiting_for"] == 4 and "还在等待4名成员" in said["parts"]
    for member in [one, *tale.members[2:]]:
        member.post(f"/draws/{tale.draw}/leader", {"choice": code})
    said = heard()
    assert said is not None
    assert (said["step"], said["label"], said["leader"]) == ("preliminary", "初步评审", code)

    other.post(f"/draws/{tale.draw}/messages", {"text": "请核对<甲>的工期", "round": tale.round})
    said = heard()
    assert said is not None and said["messages"] == 1 and "请核对&lt;甲&gt;的工期" in said["parts"]
    platform.demo("zhongxin").post(f"/draws/{tale.draw}/pause", {"reason": "供电中断"})
    said = heard()
    assert said is not None and said["pause"] == "供电中断" and "评标已中止: 供电中断" in said["parts"]
    assert heard() is None

    # what another member has entered is no news
    rival = Person(platform, other.name)
    draft = json.dumps({"kind": "preliminary", "content": {"passes:x": "no"}})
    kept = rival.client.post(f"/work/rounds/{tale.round}/draft", draft, "application/json")
    assert kept.status_code == 200 and heard() is None
    with CaptureQueriesContext(connection) as seen:
        assert heard() is None
    assert len(seen) <= 15
    stranger = Person(platform, "jia").client.get(f"/work/rounds/{tale.round}/desk/news")
    assert stranger.status_code == 403


def test_a_replaced_member_hears_that_and_no_more(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder).seated()
    story.elect_leader(tale.members, tale.draw)
    gone = tale.members[0]
    code = gone.get(f"/draws/{tale.draw}/meeting")["code"]
    asked = tale.owner.post(f"/draws/{tale.draw}/replacements", {"code": code, "reason": "突发疾病送医"})
    platform.demo("zhongxin").post(f"/replacements/{asked['replacement']}", {"approve": True})
    reply = Person(platform, gone.name).client.get(f"/work/rounds/{tale.round}/desk/news")
    assert reply.status_code == 403 and "parts" not in reply.json()
