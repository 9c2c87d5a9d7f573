"""A tender whose file carries a method of its own: parameters drawn at the opening, every step told, all drawn again."""

from decimal import Decimal
from typing import Any

import pytest

from ggzy.cli.verify import check_pack
from ggzy.client.party import Problem
from ggzy.evaluation.models import Evaluation
from ggzy.methods.run import bind, promise
from ggzy.methods.shelf import method_named
from ggzy.notices.models import Notice
from ggzy.opening.models import OpeningSession
from tests.journeys.tale import Tale
from tests.portals.test_work import Browser, Person

CRITERIA = [{"key": "plan", "title": "施工组织设计", "weight": "40"}]


def _scheme(name: str, **values: str) -> dict[str, Any]:
    return promise(method_named(name), values).as_json()


def test_a_method_is_drawn_computed_told_and_verified(platform: Any, tmp_path: Any) -> None:
    changes = {"scheme": _scheme("gc_base_1_mean_lowered", full="60"), "criteria": CRITERIA}
    tale = Tale(platform, tmp_path, changes=changes).in_publicity()
    session = OpeningSession.objects.get(round__public_id=tale.round)
    (drawn,) = session.record["parameters"]
    assert drawn["name"] == "f" and drawn["value"] in {"0.5", "1", "1.5", "2"}
    assert drawn["range"] == "开标时当众抽取: 0.5、1、1.5、2%"
    owner = Person(platform, "zhaobiao")
    record = Notice.objects.get(kind="opening_record", rounds__contains=[tale.round])
    shown = Person(platform, "jia").get(f"/notices/{record.public_id}")
    assert "评标参数的当众抽取" in shown and f"<strong>{drawn['value']}%</strong>" in shown
    assert "开标时当众抽取" in owner.get(f"/files/{tale.tender['tender']}/1")
    result = owner.get(f"/work/rounds/{tale.round}/result")
    computed = f"/rounds/{tale.round}/computed"
    assert computed in result
    mine, theirs = platform.demo("jia").name, platform.demo("yi").name
    own = Person(platform, "jia").get(computed)
    assert f"{mine}: <span" in own and f"{theirs}: <span" not in own and "假如没有" not in own
    assert f"{mine}: <span" not in Browser().get(computed).content.decode()
    full = owner.get(computed)
    assert f"{mine}: <span" in full and f"{theirs}: <span" in full

    report = Evaluation.objects.get(round__public_id=tale.round).report
    base = (Decimal(9120000) + 9340000 + 9270000) / 3 * (100 - Decimal(drawn["value"])) / 100
    told = report["explained"]["steps"]
    assert [step["title"] for step in told][:4] == [
        "两端各去掉的个数",
        "参与平均的报价",
        "平均价",
        "评标基准价",
    ]
    said = told[3]["rows"][0]["result"].strip("约元").replace(",", "")
    assert abs(Decimal(said) - base) < Decimal("0.01")
    first = report["ranking"][0]
    lost = abs(Decimal(first["price"]) - base) / base * 100 * (2 if Decimal(first["price"]) > base else 1)
    assert abs(Decimal(first["price_score"]) - (60 - lost)) < Decimal("0.006")
    assert Decimal(first["total"]) == Decimal(first["price_score"]) + Decimal(first["other_score"])

    without = [row["bid"] for row in report["ranking"][:2]]
    asked = owner.get(f"{computed}?without={without[0]}&without={without[1]}")
    assert f"第一名是 <strong>{report['ranking'][2]['bidder']}</strong>" in asked

    tale.platform.sequence()
    pack = platform.demo("jiandu").get(f"/evidence/{tale.tender['ocid']}?level=supervisor")
    checks = {c.name: c.outcome for c in check_pack(pack)}
    assert not [c for c in check_pack(pack) if c.outcome == "failed"]
    assert checks["ranking"] == checks["opening.parameters"] == "passed"


def test_a_price_only_method_needs_no_scores(platform: Any, tmp_path: Any) -> None:
    tale = Tale(platform, tmp_path, changes={"scheme": _scheme("gc_k_value")}).in_publicity()
    report = Evaluation.objects.get(round__public_id=tale.round).report
    assert report["method_title"].startswith("K值法") and len(report["ranking"]) == 3
    session = OpeningSession.objects.get(round__public_id=tale.round)
    (drawn,) = session.record["parameters"]
    scheme = bind(method_named("gc_k_value"), {"ceiling": 10_000_000, "k": drawn["value"]})
    assert scheme.values["k"] == Decimal(drawn["value"])
    tale.platform.sequence()
    pack = platform.demo("jiandu").get(f"/evidence/{tale.tender['ocid']}?level=supervisor")
    assert not [c for c in check_pack(pack) if c.outcome == "failed"]


def test_a_file_may_not_fix_what_is_drawn_nor_score_without_criteria(platform: Any, tmp_path: Any) -> None:
    for scheme, says in (
        ({"method": method_named("gc_k_value").source, "values": {"k": "8.00"}}, "当众抽取"),
        (_scheme("gc_two_envelopes"), "要评委打分"),
        (_scheme("gp_framework_price_first"), "不超过3名"),
        (_scheme("gc_comprehensive_deviation"), "合计应为100分"),
        ({"method": {"id": "x", "title": "x", "rank": {"by": [{"lowest": "nothing"}]}}}, "nothing"),
    ):
        with pytest.raises(Problem) as no:
            Tale(platform, tmp_path, changes={"scheme": scheme}).prepared()
        assert no.value.status == 422 and says in str(no.value)
