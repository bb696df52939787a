"""The package's face: what `tora` exports, and how it loads it."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import sys

import pytest

import tora
from tests.support.serving import clean_environment
from tests.support.source import Module, modules, text


def test_all_is_sorted_and_complete() -> None:
    """`tora.__all__` is sorted, names nothing twice, and every name in it is there."""
    assert list(tora.__all__) == sorted(set(tora.__all__))
    for name in tora.__all__:
        assert getattr(tora, name) is not None
    assert set(tora.__all__) <= set(dir(tora))


def test_an_unknown_name_is_an_attribute_error() -> None:
    """A misspelt name fails as with any module, and says which name."""
    with pytest.raises(AttributeError, match="tlogg"):
        _ = tora.tlogg


def test_star_import_gives_the_public_names() -> None:
    """`from tora import *` brings what `__all__` names."""
    namespace: dict[str, object] = {}
    exec("from tora import *", namespace)  # noqa: S102 - a star import is allowed at module level only
    assert set(tora.__all__) <= namespace.keys()


def test_names_are_loaded_when_first_used() -> None:
    """A name's module is imported with the first use of the name, not with the package."""
    probe = "import sys, tora; a = 'tora._async' in sys.modules; tora.AsyncTora; print(a, 'tora._async' in sys.modules)"
    printed = subprocess.run(
        [sys.executable, "-c", probe], env=clean_environment(), capture_output=True, check=True, text=True
    ).stdout
    assert printed.split() == ["False", "True"]


def test_every_public_name_is_in_the_reference() -> None:
    """docs/reference.md has an entry for each public name and for none that is gone."""
    entries = set(re.findall(r"^::: tora\.(\w+)$", text("docs/reference.md"), re.MULTILINE))
    constants = {"__version__"}
    assert entries == {*tora.__all__} - constants


def test_every_public_name_has_a_docstring() -> None:
    """What the reference shows is written beside the code."""
    for name in tora.__all__:
        value = getattr(tora, name)
        if callable(value):
            assert (value.__doc__ or "").strip(), name


def test_modules_say_what_they_export() -> None:
    """Each name in a module's `__all__` is there, and the list is sorted."""
    wrong = {}
    for name in modules():
        if name.startswith("tora.server.catalog.migr") or name.endswith("__main__"):
            continue
        if name.startswith("tora.integrations."):  # importing them takes the frameworks, and long
            exported, known = _written(modules()[name])
        else:
            module = importlib.import_module(name)
            exported, known = list(getattr(module, "__all__", ())), set(dir(module))
        if exported != sorted(exported, key=_export_order) or not set(exported) <= known:
            wrong[name] = exported
    assert wrong == {}, "not sorted, or with names that are not there"


def _written(module: Module) -> tuple[list[str], set[str]]:
    """Return what a module's text says that it exports, and which functions and classes it has."""
    tree = module.tree
    known = {node.name for node in ast.walk(tree) if isinstance(node, (ast.ClassDef, ast.FunctionDef))}
    lists = [
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and any(isinstance(to, ast.Name) and to.id == "__all__" for to in node.targets)
    ]
    return (ast.literal_eval(lists[0]) if lists else []), known


def _export_order(name: str) -> tuple[int, str]:
    # As ruff sorts them: constants, then classes, then functions.
    return (0 if name.isupper() else 1 if name[:1].isupper() else 2, name)
