"""The README's two commands, and what the continuous integration runs."""

from __future__ import annotations

import re
import shlex
import stat
import tomllib

from tests.support.source import ROOT, text


def _commands() -> list[str]:
    """Return the README's code blocks that come before its first section."""
    opening = text("README.md").partition("\n## ")[0]
    return [block.strip() for block in re.findall(r"```\w*\n(.*?)```", opening, re.DOTALL)]


def test_the_readme_opens_with_two_commands() -> None:
    """Before any section stand exactly two code blocks, each of one line."""
    commands = _commands()
    assert len(commands) == 2
    assert all("\n" not in command for command in commands)


def test_the_first_command_runs_the_example() -> None:
    """The first makes an environment, installs the checkout with the example's libraries and runs it."""
    first = _commands()[0]
    assert first.startswith("python3 -m venv .venv && ")
    assert ".[examples]" in first
    assert first.endswith("examples/digits.py")


def test_the_second_command_runs_everything() -> None:
    """The second makes the environment where there is none, installs the test tools and runs nox."""
    second = _commands()[1]
    assert second.startswith("python3 -m venv .venv && ")
    assert ".[dev]" in second
    assert second.endswith("nox")


def test_the_continuous_integration_runs_the_second_command() -> None:
    """.ci/run runs the README's second command to the letter."""
    assert _commands()[1] in text(".ci/run")


def test_the_continuous_integration_can_be_run() -> None:
    """.ci/run is executable and is a bash script."""
    script = ROOT / ".ci" / "run"
    assert script.stat().st_mode & stat.S_IXUSR
    assert script.read_text(encoding="utf-8").startswith("#!/usr/bin/env bash\n")


def test_commands_need_nothing_but_python_and_git() -> None:
    """Each part of the commands starts Python or what the environment that it made holds."""
    for command in _commands():
        for part in command.split(" && "):
            program = shlex.split(part)[0]
            assert program == "python3" or program.startswith(".venv/bin/")


def test_extras_name_minimum_versions() -> None:
    """Every library has the least version that it is used with, and none an upper bound; tests pin one."""
    project = tomllib.loads(text("pyproject.toml"))["project"]
    extras = [line for lines in project["optional-dependencies"].values() for line in lines]
    extras.remove("torch==2.13.0")  # for development alone, with the reason in that file
    for line in [*project["dependencies"], *extras]:
        assert line.startswith("tora[") or re.search(r">=\d", line), line
        assert "<" not in line, line
        assert "==" not in line, line
