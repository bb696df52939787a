"""The files under deploy/ name what there is."""

from __future__ import annotations

import re
import tomllib
from typing import Any

import typer

from tests.support.source import ROOT
from tora.cli import app
from tora.cli.serverfile import ServerFile, variable

COMMANDS: dict[str, Any] = getattr(typer.main.get_command(app), "commands")  # noqa: B009 - typer's own type has it
FILES = sorted(path for path in (ROOT / "deploy").rglob("*") if path.is_file())


def test_only_options_that_exist_are_named() -> None:
    """Each `tora COMMAND --option` of a line is one of the command's own."""
    named = 0
    for path in FILES:
        for line in re.sub(r"\\\n", " ", path.read_text(encoding="utf-8")).splitlines():
            for command, rest in re.findall(r"(?:^|[\s/\"`])tora (\w+)\b([^`]*)", line):
                if command in COMMANDS:
                    known = {spelling for option in COMMANDS[command].params for spelling in option.opts}
                    options = set(re.findall(r"--[a-z][a-z-]*", rest))
                    assert options <= known, (path.name, line)
                    named += len(options)
    assert named > 5


def test_only_variables_that_exist_are_named() -> None:
    """Each TORA_SERVER_* variable is one that `tora server` reads."""
    known = {variable(name) for name in (*ServerFile.__struct_fields__, "config")}
    known |= {option.envvar for option in COMMANDS["server"].params if option.envvar}
    for path in FILES:
        assert set(re.findall(r"TORA_SERVER_[A-Z_]+\b", path.read_text(encoding="utf-8"))) <= known, path.name


def test_the_file_of_settings_shows_each() -> None:
    """deploy/server.toml has every setting, and the file's settings are the options with a variable."""
    shown = tomllib.loads((ROOT / "deploy" / "server.toml").read_text(encoding="utf-8"))
    assert shown.keys() == set(ServerFile.__struct_fields__)
    options = {option.envvar for option in COMMANDS["server"].params if option.envvar}
    assert options == {variable(name) for name in (*shown, "config")}


def test_the_service_is_shut_in() -> None:
    """The unit runs as a user of its own, writes nowhere but into its state, and ends by SIGTERM."""
    unit = (ROOT / "deploy" / "tora.service").read_text(encoding="utf-8")
    for line in ("DynamicUser=yes", "ProtectSystem=strict", "NoNewPrivileges=yes", "StateDirectory=tora"):
        assert f"\n{line}\n" in unit


def test_the_container_is_no_root() -> None:
    """The image runs as a user of its own, keeps its data in a volume, and says whether it is well."""
    image = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
    assert image.count("FROM ") == 2
    assert image.index("USER tora") < image.index('CMD ["tora", "server"]')
    assert "VOLUME /data" in image
    assert "HEALTHCHECK" in image
