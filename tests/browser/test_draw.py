"""A draw recomputed in a real browser: the page agrees with the log, and its script walks as Python does."""

import random
from pathlib import Path
from typing import Any

from ggzy.experts import rules
from ggzy.experts.models import Step
from tests.browser.visitor import IN_A_BROWSER
from tests.experts.test_draw import asked, called, seeds
from tests.journeys.tale import Tale

pytestmark = IN_A_BROWSER

WALK = """async (cases) => {
  const draw = await import("/static/ui/draw.js");
  return cases.map((c) => draw.passedOver(c.lists, c.places, c.steps, c.one));
}"""
RANK = (
    """async ([labels, seeds, code]) => (await import("/static/ui/draw.js")).ranking(labels, seeds, code)"""
)


def _case(chance: random.Random) -> dict[str, Any]:
    """Return a draw walked lawfully to some point, and then, in one of two, spoiled somewhere."""
    places = [chance.randint(1, 3) for _ in range(chance.randint(1, 3))]
    kinds = range(len(places))
    lists = [
        [
            rules.Entry(
                f"{part}-{n}",
                tuple(sorted(chance.sample(kinds, chance.randint(1, len(places))))),
                f"u{chance.randint(0, 9)}",
            )
            for n in range(chance.randint(1, 12))
        ]
        for part in "甲乙"
    ]
    one, order, gone, sitting, steps = chance.random() < 0.5, [], set(), [], []
    for number, part in enumerate(lists, start=1):
        order += part
        steps.append(("ranked", str(number)))
        while more := rules.next_calls(order, places, sitting=sitting, gone=gone, one_per_unit=one, most=1):
            label = more[0]
            entry = next(e for e in order if e.label == label)
            if chance.random() < 0.1:
                steps.append(("busy", label))
                gone.add(label)
                continue
            steps.append(("called", label))
            sitting.append(entry)
            while not rules.next_calls(order, places, sitting=sitting, gone=gone, one_per_unit=one, most=1):
                if not sitting or chance.random() < 0.5:
                    break
                leaves = chance.choice(sitting)
                steps.append((chance.choice(["refused", "silent", "absent", "left"]), leaves.label))
                sitting.remove(leaves)
                gone.add(leaves.label)
    if chance.random() < 0.5 and len(steps) > 2:
        spoiled = chance.randrange(1, len(steps))
        steps[spoiled], steps[spoiled - 1] = steps[spoiled - 1], steps[spoiled]
    return {"lists": lists, "places": places, "steps": steps, "one": one}


def _said(case: dict[str, Any]) -> str:
    return rules.passed_over(case["lists"], case["places"], case["steps"], one_per_unit=case["one"])


def test_the_script_of_the_page_walks_as_python_does(
    committed_platform: Any, live_server: Any, chromium: Any
) -> None:
    window = chromium.new_page()
    window.goto(live_server.url + "/tenders")
    chance = random.Random(20260302)
    cases = []
    for _ in range(400):
        case = _case(chance)
        try:
            case["python"] = _said(case)
        except KeyError:  # called before its list was ranked: no lawful record says so
            continue
        cases.append(case)
    plain = [
        c
        | {
            "lists": [
                [{"label": e.label, "fits": e.fits, "unit": e.unit} for e in part] for part in c["lists"]
            ],
            "steps": [{"what": what, "label": label} for what, label in c["steps"]],
        }
        for c in cases
    ]
    assert window.evaluate(WALK, plain) == [c["python"] for c in cases]
    assert 100 < sum(bool(c["python"]) for c in cases) < len(cases) - 100, "both kinds are among them"
    labels, given, code = [f"专家-{n}" for n in range(50)], ["11" * 32, "22" * 32, "33" * 32], "ab" * 16
    expected = rules.ranking(labels, randomness=bytes.fromhex("".join(given)), code=bytes.fromhex(code))
    assert window.evaluate(RANK, [labels, given, code]) == expected


def test_anyone_recomputes_a_draw_and_sees_a_call_out_of_turn(
    committed_platform: Any, live_server: Any, chromium: Any, folder: Path
) -> None:
    tale = Tale(committed_platform, folder).published()
    draw = asked(tale, quotas=[{"specialty": "A0801", "count": 3}, {"specialty": "A0802", "count": 2}])
    seeds(tale, draw)
    for expert in called(tale, draw)[:2]:
        expert.post(f"/draws/{draw}/answer", {"accept": False})
    window = chromium.new_page()

    def recomputed() -> str:
        window.goto(f"{live_server.url}/draws/{draw}")
        window.click("[data-recompute]")
        window.wait_for_selector("[data-recomputed].notice")
        return str(window.inner_text("[data-recomputed]"))

    assert recomputed() == "一致: 由40个编号、名额和三方种子重算, 名次和7次通知全部相同"
    last = Step.objects.filter(draw__public_id=draw).order_by("-number").first()
    assert last is not None and last.what == "called"
    Step.objects.filter(pk=last.pk).delete()
    assert recomputed() == f"不一致: 编号{last.label[:8]}的通知次序"
