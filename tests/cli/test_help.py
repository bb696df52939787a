"""What all commands have in common: help, completion, and the form of errors."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from tora.cli import app


def commands() -> Iterator[tuple[str, Any]]:
    """Yield each command that does something, with its whole name."""
    found: list[tuple[str, Any]] = [("", typer.main.get_command(app))]
    while found:
        name, command = found.pop()
        inner = getattr(command, "commands", None)
        if inner is None:
            yield name, command
        else:
            found += [(f"{name} {each}".strip(), one) for each, one in inner.items()]


@pytest.mark.parametrize("name", sorted(name for name, _ in commands()))
def test_help_ends_with_an_example(name: str) -> None:
    """Each command's help ends with one line that can be typed as it is."""
    ended = CliRunner().invoke(app, [*name.split(), "--help"], env={"COLUMNS": "200"})
    assert ended.exit_code == 0
    last = ended.stdout.strip().splitlines()[-1].strip()
    assert last.startswith("Example: ")
    assert f"tora {name}" in last


def test_wrong_use_is_2() -> None:
    """An option that is not there ends with 2, as everywhere."""
    assert CliRunner().invoke(app, ["ls", "--nope"]).exit_code == 2
    assert CliRunner().invoke(app, ["nope"]).exit_code == 2


def test_help_loads_nothing_heavy() -> None:
    """Neither the help nor completion loads a server, a database, a plot or a web client."""
    code = (
        "import sys, tora.cli; "
        "sys.exit(str({'aiohttp', 'duckdb', 'sqlalchemy', 'numpy', 'uniplot', 'tomlkit', 'rich'} & sys.modules.keys())"
        " if {'aiohttp', 'duckdb', 'sqlalchemy', 'numpy', 'uniplot', 'tomlkit', 'rich'} & sys.modules.keys() else 0)"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_the_shell_completes_commands() -> None:
    """Typer's completion knows the commands."""
    environment = {"_TORA_COMPLETE": "complete_bash", "COMP_WORDS": "tora ex", "COMP_CWORD": "1"}
    ended = CliRunner().invoke(app, [], prog_name="tora", env=environment)
    assert ended.stdout.split() == ["export"]
