"""The page on which a tender's evaluation method is chosen, tried on sample prices, and saved."""

import html
import re
from typing import Any

import pytest

from tests.portals.test_work import Browser, Person, _document, _drafted

pytestmark = pytest.mark.django_db


def _toml(page: str) -> str:
    found = re.search(r'<textarea name="toml"[^>]*>(.*?)</textarea>', page, re.DOTALL)
    assert found
    return html.unescape(found[1])


def test_a_method_is_chosen_tried_and_saved(platform: Any) -> None:
    owner = Person(platform, "zhaobiao")
    tender = _drafted(owner)
    at = f"/work/tenders/{tender}"
    owner.post(f"{at}/register")
    owner.post(f"{at}/start")
    owner.post(f"{at}/document", **_document())
    assert "合理低价法" in owner.get(f"{at}/method") and "综合评分法(货物" not in owner.get(f"{at}/method")
    assert "双信封" in owner.get(f"{at}/method")
    page = owner.get(f"{at}/method?use=gc_base_1_mean_lowered")
    toml = _toml(page)
    form = {"toml": toml, "value_full": "60", "samples": "9000000 40\n9100000 38\n9300000 39"}
    told = owner.post(f"{at}/method", status=200, do="preview", **form).content.decode()
    assert "试算结果" in told and "投标1" in told and "0.5%" in told
    # the base: the mean of three, lowered by the first of the drawn values
    assert "约9087666.66666667元" in told
    for bad, says in (
        ({"samples": "9 9 9"}, "最多2个"),
        ({"value_f": "1"}, "当众抽取"),
        ({"value_full": "101"}, "应不低于0 不高于100"),
        ({"toml": toml.replace("mean(trimmed)", "means(trimmed)")}, "没有名为“means”的函数"),
    ):
        reply = owner.post(f"{at}/method", status=422, do="preview", **form | bad)
        assert says in html.unescape(reply.content.decode())
    # points beside the price must make 100 with it
    reply = owner.post(f"{at}/method", status=422, do="save", **form | {"value_full": "70"})
    assert "合计应为100分" in reply.content.decode()
    owner.post(f"{at}/method", do="save", **form)
    assert "现用: 基准价一" in owner.get(f"{at}/method")
    # saving the rest of the file keeps the method
    owner.post(f"{at}/document", **_document(quality="优良"))
    assert "现用“基准价一" in owner.get(f"{at}/document")
    owner.post(f"{at}/method", do="statutory")
    assert "现用“" not in owner.get(f"{at}/document")


def test_everyone_may_read_the_shipped_methods(platform: Any) -> None:
    page = Browser().get("/methods").content.decode()
    assert "平均价法" in page and "算术平均值" in page
