"""The launcher needs nothing but an old Python to say what is missing."""

import ast
import importlib.machinery
import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from ggzy.boot.__main__ import COMMANDS

ROOT = Path(__file__).resolve().parents[2]
LAUNCHER = ROOT / "ggzy"

pytestmark = pytest.mark.pure


@pytest.fixture
def launcher(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    loader = importlib.machinery.SourceFileLoader("launcher", str(LAUNCHER))
    spec = importlib.util.spec_from_loader("launcher", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def test_it_is_readable_for_an_old_python_and_imports_only_the_standard_library() -> None:
    tree = ast.parse(LAUNCHER.read_text(), feature_version=(3, 6))
    imported = {
        name.name.split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for name in node.names
    }
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert imported <= sys.stdlib_module_names


def test_it_knows_every_command_of_boot(launcher: ModuleType) -> None:
    assert set(launcher.BOOT_COMMANDS) == set(COMMANDS) - {"run"}


def test_a_venv_for_tests_serves_the_product_but_not_the_other_way_round(launcher: ModuleType) -> None:
    product, good_for_product = launcher.wanted_stamps(False)
    test, good_for_tests = launcher.wanted_stamps(True)
    assert {product, test} == set(good_for_product)
    assert (test,) == good_for_tests


def test_an_old_python_is_refused_in_words(launcher: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launcher.sys, "version_info", (3, 9))
    monkeypatch.setattr(launcher, "NEWER", ())
    complaints: list[str] = []
    monkeypatch.setattr(launcher.sys.stderr, "write", complaints.append)
    with pytest.raises(SystemExit):
        launcher.use_new_python()
    assert "apt-get install -y python3 python3-venv" in "".join(complaints)


def test_a_missing_venv_module_names_the_apt_command(
    launcher: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    complaints: list[str] = []
    monkeypatch.setattr(launcher.sys.stderr, "write", complaints.append)
    with pytest.raises(SystemExit):
        launcher.require_venv_module()
    assert "apt-get install -y python3-venv" in "".join(complaints)


def test_no_command_prints_the_usage() -> None:
    done = subprocess.run(
        [sys.executable, str(LAUNCHER), "--help"], capture_output=True, text=True, check=True
    )
    assert "./ggzy" in done.stdout
    assert "restore" in done.stdout
