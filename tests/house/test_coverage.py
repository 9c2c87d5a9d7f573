"""Every move of every procedure is made somewhere: act, page, operation, permission, clause, test; none is missing."""

import ast
import importlib
import inspect
import re
from pathlib import Path
from typing import Any

import pytest

from ggzy.kernel.actors import Role
from ggzy.portals.coverage import COVERAGE, Row
from ggzy.portals.frame import ROUTE_PERMISSIONS
from ggzy.procedures.catalogue import BY_CODE
from ggzy.procedures.spec import Move

ROOT = Path(__file__).resolve().parents[2]
MOVES = [
    pytest.param(move, COVERAGE.get(procedure.code, {}).get(move.code), id=f"{procedure.code}-{move.code}")
    for procedure in BY_CODE.values()
    for move in procedure.moves
    if move.built
]


@pytest.fixture(scope="module")
def operations() -> set[str]:
    """Return every operation that the API describes."""
    from ggzy.api.v1 import api

    paths = api.get_openapi_schema()["paths"]
    return {f"{verb.upper()} {path.removeprefix('/api')}" for path, verbs in paths.items() for verb in verbs}


def _function(dotted: str) -> Any:
    module, name = dotted.rsplit(".", 1)
    return getattr(importlib.import_module(module), name)


@pytest.mark.parametrize(("move", "row"), MOVES)
def test_a_built_move_is_made_by_a_page_an_operation_and_a_test(
    move: Move, row: Row | None, operations: set[str]
) -> None:
    assert row is not None, f"{move.code} stands in no row of portals/coverage.py"
    act = _function(row.act)
    assert inspect.getdoc(act)
    assert row.page in ROUTE_PERMISSIONS, row.page
    if row.permission is None:
        assert move.actors == {Role.SYSTEM} and not row.operation
    else:
        assert row.operation in operations, row.operation
        module = Path(importlib.import_module(row.act.rsplit(".", 1)[0]).__file__ or "").read_text()
        assert f"Permission.{row.permission.name}" in module, "the permission is checked in the act"
    path, _, name = row.test.partition("::")
    tree = ast.parse((ROOT / path).read_text())
    assert name in {n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)}, row.test


@pytest.mark.parametrize("move", [p.values[0] for p in MOVES], ids=[p.id for p in MOVES])
def test_a_move_is_made_in_code_by_its_own_name(move: Move) -> None:
    """Somewhere an act names the move; a row of the table alone makes nothing."""
    sources = [
        p for p in (ROOT / "src" / "ggzy").glob("*/*.py") if p.parent.name not in {"procedures", "portals"}
    ]
    assert any(f'"{move.code}"' in path.read_text() for path in sources), move.code


def test_no_row_speaks_of_a_move_that_is_none() -> None:
    for code, rows in COVERAGE.items():
        assert set(rows) <= {m.code for m in BY_CODE[code].moves}


def test_a_name_of_code_breaks_only_at_its_joints() -> None:
    from ggzy.ui.templatetags.ggzy import at_joints

    assert at_joints("a.b_c") == "a.<wbr>b_<wbr>c"
    assert at_joints("POST /v1/<x>/y") == "POST /<wbr>v1/<wbr>&lt;x&gt;/<wbr>y"
    assert at_joints("tests/t.py::test_it").replace("<wbr>", "") == "tests/t.py::test_it"
    assert at_joints(None) == ""


@pytest.mark.django_db
def test_the_page_of_the_coverage_lets_no_word_break_anywhere_else(client: Any) -> None:
    page = client.get("/procedures/GC_OPEN_POST/coverage").content.decode()
    assert "ggzy.<wbr>tendering.<wbr>actions.<wbr>register" in page
    assert not re.search(r'class="mono(?![^"]*joints)', page), "every name of code has its joints"


def test_no_two_pages_share_an_address_or_a_name() -> None:
    """The first of two routes of one address would hide the second from everybody."""
    from ggzy.portals.urls import urlpatterns

    addresses = [str(p.pattern) for p in urlpatterns]
    names = [p.name for p in urlpatterns]
    assert {a for a in addresses if addresses.count(a) > 1} == set()
    assert {n for n in names if names.count(n) > 1} == set()
