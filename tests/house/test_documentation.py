"""The documentation says what holds."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
import typer

from tests.support.source import ROOT, text
from tora import config, validation
from tora.cli import app
from tora.cli.serverfile import ServerFile

PAGES = sorted((ROOT / "docs").rglob("*.md"))


@pytest.mark.parametrize("variable", [name for names in config._VARIABLES.values() for name in names])
def test_every_setting_is_documented(variable: str) -> None:
    """docs/how-to/configure.md has each variable that the package reads."""
    assert f"`{variable}`" in text("docs/how-to/configure.md")


def test_every_documented_setting_exists() -> None:
    """The documentation and the README name no variable that nothing reads."""
    known = {name for names in config._VARIABLES.values() for name in names} | _of_the_server()
    named = {name for page in [*PAGES, ROOT / "README.md"] for name in _variables(page.read_text(encoding="utf-8"))}
    assert named <= known


def test_every_setting_of_the_configuration_file_is_documented() -> None:
    """docs/how-to/configure.md shows a configuration file with each setting, and Tora could read it."""
    shown = re.search(r"```toml\n(.*?)```", text("docs/how-to/configure.md"), re.DOTALL)
    assert shown
    assert tomllib.loads(shown[1]).keys() == config._VARIABLES.keys()


@pytest.mark.parametrize("limit", [name for name in vars(validation) if name.startswith("MAX_")])
def test_every_limit_is_documented(limit: str) -> None:
    """docs/protocol.md has the figure of each limit that the package checks."""
    value = getattr(validation, limit)
    written = {"MAX_STEP": "2^63 - 1", "MAX_BATCH_BYTES": "10 MiB"}.get(limit, f"{value:,}")
    assert re.search(rf"(?<![\d,]){re.escape(written)}(?![\d,])", text("docs/protocol.md"))


def test_every_command_and_option_is_documented() -> None:
    """docs/how-to has each command of `tora`, and each of its options but those that clients use among themselves."""
    pages = "".join(page.read_text(encoding="utf-8") for page in PAGES if page.parent.name == "how-to")
    for name, command in _commands("tora", typer.main.get_command(app)):
        assert re.search(rf"(?:`|^){name}[` ]", pages, re.MULTILINE), name
        for option in command.params:
            # Help and completion are typer's own, an argument is named by its place.
            if not getattr(option, "hidden", False) and option.opts[0].startswith("-") and option.name != "help":
                assert f"`{option.opts[0]}`" in pages, f"{name} {option.opts[0]}"


def test_every_setting_of_the_server_is_documented() -> None:
    """docs/how-to/server.md has each variable and each key of the file, and a file that could be read."""
    page = text("docs/how-to/server.md")
    assert all(f"`{variable}`" in page for variable in _of_the_server())
    assert all(f"`{key}`" in page for key in ServerFile.__struct_fields__)
    shown = re.search(r"```toml\n(.*?)```", page, re.DOTALL)
    assert shown
    assert tomllib.loads(shown[1]).keys() <= set(ServerFile.__struct_fields__)


def _of_the_server() -> set[str]:
    commands = getattr(typer.main.get_command(app), "commands")  # noqa: B009 - typer's own type has it
    return {option.envvar for option in commands["server"].params if option.envvar}


def _commands(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    for each, inner in getattr(command, "commands", {}).items():
        yield f"{name} {each}", inner
        yield from _commands(f"{name} {each}", inner)


@pytest.mark.parametrize("page", [*PAGES, ROOT / "README.md"], ids=lambda page: page.name)
def test_links_lead_somewhere(page: object) -> None:
    """Each relative link of a page names a file that is there."""
    assert isinstance(page, type(ROOT))
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        if not re.match(r"[a-z]+:", target):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_every_page_is_in_the_menu() -> None:
    """No page of the documentation is without a way to it."""
    menu = text("mkdocs.yml")
    for page in PAGES:
        assert page.relative_to(ROOT / "docs").as_posix() in menu


def test_the_changelog_can_be_read() -> None:
    """CHANGELOG.md follows Keep a Changelog, one sentence a line, and knows the version that is built."""
    changelog = text("CHANGELOG.md")
    version = re.search(r'"(.+)"', text("src/tora/_version.py"))
    assert version
    assert re.search(rf"^## \[(?:Unreleased|{re.escape(version[1])})\]", changelog, re.MULTILINE)
    for line in re.findall(r"^- .*$", changelog, re.MULTILINE):
        assert line.endswith("."), line
        assert not re.search(r"[.!?] [A-Z]", line), f"more than one sentence: {line}"


def _variables(page: str) -> set[str]:
    return set(re.findall(r"\bTORA_[A-Z_]+\b", page))
