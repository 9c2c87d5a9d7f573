"""The house keeps its rules: lints with their good and bad lines, contracts, routes, migrations, glossary, queries."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, get_resolver

from tests.journeys.tale import Tale
from tools.lints.house_rules import RULES, HouseRule, breaches

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "src" / "ggzy").rglob("*.py"))


@pytest.mark.pure
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_each_house_rule_knows_good_from_bad(rule: HouseRule) -> None:
    somewhere = next(
        path
        for path in (PurePosixPath(p.relative_to(ROOT).as_posix()) for p in SOURCES)
        if rule.holds_in(path)
    )
    assert not list(rule.look(ast.parse(rule.good), somewhere))
    assert list(rule.look(ast.parse(rule.bad), somewhere))


@pytest.mark.pure
def test_the_house_keeps_its_rules() -> None:
    assert breaches(ROOT) == []


def test_import_contracts_hold() -> None:
    run = subprocess.run(
        [Path(sys.executable).with_name("lint-imports")],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": "src"},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout


#: every module of the API that declares operations
API_MODULES = sorted(
    path.stem
    for path in (ROOT / "src" / "ggzy" / "api").glob("*.py")
    if "outer.post(" in path.read_text() or "api.post(" in path.read_text()
)

#: addresses that need no permission: the log and health are for everybody, login is how one gets any
OPEN_ROUTES = {
    "healthz",
    "log-checkpoint",
    "log-tile",
    "demo-key",
    "training-crl",
    "training-tsa",
    "training-phone",
}


def _routes(patterns: list[Any]) -> list[URLPattern]:
    out: list[URLPattern] = []
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            if pattern.app_name != "ninja" and pattern.namespace != "api":
                out += _routes(pattern.url_patterns)
        else:
            out.append(pattern)
    return out


def test_every_page_names_a_permission_or_stands_in_a_short_list() -> None:
    from ggzy.portals.frame import ROUTE_PERMISSIONS

    missing = [
        str(route.pattern)
        for route in _routes(get_resolver().url_patterns)
        if route.name not in ROUTE_PERMISSIONS and route.name not in OPEN_ROUTES
    ]
    assert not missing
    assert len(ROUTE_PERMISSIONS) > 30


def test_every_api_operation_calls_one_action_or_query() -> None:
    """An operation is a few lines: it translates, and makes one call."""
    for name in API_MODULES:
        tree = ast.parse((ROOT / "src" / "ggzy" / "api" / f"{name}.py").read_text())
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef) and any("post" in ast.dump(d) for d in node.decorator_list):
                assert node.end_lineno - node.lineno <= 22, f"{name}.{node.name} does too much"


def test_every_post_of_the_api_is_one_transaction() -> None:
    """Each write stands under @write, so that Idempotency-Key and the transaction hold (sign-in keeps its own)."""
    apart = {"sign_in", "prove", "challenge", "sign_out"}
    for name in API_MODULES:
        tree = ast.parse((ROOT / "src" / "ggzy" / "api" / f"{name}.py").read_text())
        for node in ast.walk(tree):
            if not isinstance(node, ast.FunctionDef) or node.name in apart:
                continue
            kinds = [ast.dump(d) for d in node.decorator_list]
            if any(f"attr='{verb}'" in k for k in kinds for verb in ("post", "put", "delete")):
                assert any("id='write'" in k for k in kinds), f"{name}.{node.name}"


@pytest.mark.django_db
def test_migrations_are_complete() -> None:
    from django.core.management import call_command

    call_command("makemigrations", "--check", "--dry-run", verbosity=0)


def test_every_enum_word_and_model_stands_in_the_glossary() -> None:
    """docs/words.md maps 中文 ↔ identifier ↔ OCDS, completely: every model and every stage."""
    from django.apps import apps

    from ggzy.procedures.spec import Stage

    words = (ROOT / "docs" / "words.md").read_text()
    models = {m.__name__ for m in apps.get_models() if m.__module__.startswith("ggzy.")}
    missing = sorted(name for name in models if f"`{name}`" not in words)
    missing += [stage for stage in Stage if f"`{stage}`" not in words]
    assert not missing


def test_every_context_says_what_it_promises() -> None:
    contexts = {p.parent.name for p in (ROOT / "src" / "ggzy").glob("*/actions.py")}
    without = sorted(c for c in contexts if not (ROOT / "src" / "ggzy" / c / "README.md").exists())
    assert not without


def test_no_path_of_a_machine_and_no_registry_host_is_committed() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("this is not a git checkout")
    bad = re.compile(
        r"(?<![\w.])/work/main|/root/|bash_jobs|pythonhosted|pypi\.org|registry\.npmjs|deb\.debian"
    )
    text = {".py", ".md", ".toml", ".lock", ".in", ".html", ".js", ".css", ".typ", ".sh", ""}
    found = [
        f"{name}:{number}"
        for name in listed.stdout.splitlines()
        if Path(name).suffix in text and Path(name).name not in {"test_house.py", "test_locks.py"}
        for number, line in enumerate((ROOT / name).read_text(errors="replace").splitlines(), 1)
        if bad.search(line)
    ]
    assert not found


@pytest.mark.django_db
def test_reading_a_lot_costs_one_query(platform: Any, folder: Path, django_assert_num_queries: Any) -> None:
    tale = Tale(platform, folder).published()
    lot = tale.tender["rounds"][0]["lot"]
    with django_assert_num_queries(1):
        platform.anonymous().get(f"/lots/{lot}")


@pytest.mark.django_db
def test_the_hall_costs_the_same_for_any_number_of_bids(platform: Any, folder: Path) -> None:
    from django.db import connection

    tale = Tale(platform, folder).shown()
    with CaptureQueriesContext(connection) as three:
        platform.anonymous().get(f"/rounds/{tale.round}/opening")
    assert len(three) <= 6
