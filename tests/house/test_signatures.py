"""The documented calls, as docs/tora.md has them, against the calls that there are."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable
from typing import Any

import pytest
from attrs import frozen

import tora
import tora.aio
from tests.support.source import text

MANUAL = text("docs/tora.md")


@frozen
class Documented:
    """One call of the manual: its parameters in order, each with its default where it has one."""

    name: str
    owner: str
    parameters: tuple[tuple[str, Any], ...]


def _documented() -> list[Documented]:
    found = []
    section = ""
    for line in MANUAL.splitlines():
        if line.startswith("### "):
            section = line
        if call := re.fullmatch(r"\*\*(?:Tora\.)?(\w+)\*\*\((.*)\)", line):
            owner = "Tora" if "Client Class" in section else "tora"
            found.append(Documented(call[1], owner, _parameters(call[2])))
    return found


def _parameters(written: str) -> tuple[tuple[str, Any], ...]:
    function = ast.parse(f"def f({written}): ...").body[0]
    assert isinstance(function, ast.FunctionDef)
    names = [argument.arg for argument in function.args.args]
    defaults = [ast.literal_eval(default) for default in function.args.defaults]
    required = [inspect.Parameter.empty] * (len(names) - len(defaults))
    return tuple(zip(names, [*required, *defaults], strict=True))


CALLS = _documented()


def test_the_manual_is_read() -> None:
    """The tests below compare all the calls that the manual has."""
    assert len(CALLS) == 13
    assert [call.name for call in CALLS if call.owner == "Tora"] == [
        "create_experiment",
        "load_experiment",
        "log",
        "log_metrics",
        "flush",
        "shutdown",
    ]


@pytest.mark.parametrize("call", CALLS, ids=lambda call: f"{call.owner}.{call.name}")
@pytest.mark.parametrize("kind", ["sync", "async"])
def test_signatures_are_as_documented(call: Documented, kind: str) -> None:
    """The documented parameters come first, with their names, order and defaults; any further one is optional."""
    face: dict[tuple[str, str], Any] = {
        ("sync", "tora"): tora,
        ("sync", "Tora"): tora.Tora,
        ("async", "tora"): tora.aio,
        ("async", "Tora"): tora.AsyncTora,
    }
    function = getattr(face[kind, call.owner], call.name)
    taken = list(inspect.signature(function).parameters.values())
    if taken and taken[0].name == "self":
        del taken[0]

    documented, further = taken[: len(call.parameters)], taken[len(call.parameters) :]
    assert [(parameter.name, parameter.default) for parameter in documented] == list(call.parameters)
    assert {parameter.kind for parameter in documented} <= {inspect.Parameter.POSITIONAL_OR_KEYWORD}
    assert all(_is_optional(parameter) for parameter in further)


@pytest.mark.parametrize("call", CALLS, ids=lambda call: f"{call.owner}.{call.name}")
def test_the_sync_calls_are_plain_and_the_async_ones_are_coroutines(call: Documented) -> None:
    """A documented call never hands a coroutine to a script, and what may wait can be awaited."""
    plain: dict[str, Any] = {"tora": tora, "Tora": tora.Tora}
    assert not inspect.iscoroutinefunction(getattr(plain[call.owner], call.name))
    if call.owner == "Tora":
        assert inspect.iscoroutinefunction(getattr(tora.AsyncTora, call.name))


@pytest.mark.parametrize("face", ["Tora", "AsyncTora"])
def test_properties_are_as_documented(face: str) -> None:
    """Each documented property is one, and only those that are documented so can be set."""
    properties = re.findall(r"^\*\*(\w+)\*\*\n\n.*\((read-only|read-write)\)$", MANUAL, re.MULTILINE)
    assert len(properties) == 5
    for name, access in properties:
        member = inspect.getattr_static(getattr(tora, face), name)
        assert isinstance(member, property), name
        assert (member.fset is not None) == (access == "read-write"), name


def test_exceptions_are_as_documented() -> None:
    """All ten documented exceptions are there, and all are ToraErrors."""
    names = re.findall(r"^\*\*(Tora\w*Error)\*\*$", MANUAL, re.MULTILINE)
    assert len(names) == 10
    for name in names:
        assert issubclass(getattr(tora, name), tora.ToraError)


def test_the_context_manager_is_as_documented() -> None:
    """The client is a context manager, in both its forms."""
    enter: Callable[..., Any] = tora.Tora.__enter__
    assert not inspect.iscoroutinefunction(enter)
    assert inspect.iscoroutinefunction(tora.AsyncTora.__aenter__)


def _is_optional(parameter: inspect.Parameter) -> bool:
    variadic = {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD}
    return parameter.default is not inspect.Parameter.empty or parameter.kind in variadic
