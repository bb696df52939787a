"""What the files of the project are, and are not."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.support.source import ROOT, SOURCE, tracked

LONGEST = 400
GENERATED = "# Made by tools/sync.py from "


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _texts() -> list[Path]:
    binary = {".png", ".jpg", ".ico", ".woff2", ".parquet", ".duckdb", ".sqlite", ".gz", ".bin"}
    return [path for path in tracked() if path.suffix not in binary]


def test_no_file_names_a_machine_or_a_registry() -> None:
    """The project builds and runs anywhere: no file holds a folder of one machine or the host of a registry."""
    # Written so that this file does not match itself.
    machine = r"(?<![\w.])/(?:w[o]rk|r[o]ot|o[p]t/pypi|t[m]p/venv)/"
    registry = r"p[y]pi\.org|p[y]thonhosted|n[p]mjs\.(?:org|com)|d[e]b\.debian\.org"
    bad = re.compile(f"{machine}|{registry}")
    found = {
        _name(path): match.group()
        for path in _texts()
        if "/vendor/" not in _name(path) and (match := bad.search(path.read_text(encoding="utf-8", errors="replace")))
    }
    assert found == {}


def test_a_file_holds_one_idea() -> None:
    """No file of the source is longer than a reader can hold, but for the generated ones."""
    long = {
        _name(path): lines
        for path in tracked()
        if path.is_relative_to(SOURCE)
        and path.suffix in {".py", ".js", ".mjs", ".css"}
        and "/vendor/" not in _name(path)
        and not _is_generated(path)
        and (lines := path.read_text(encoding="utf-8").count("\n")) > LONGEST
    }
    assert long == {}


def test_no_module_is_called_utils() -> None:
    """A module is named for what it holds."""
    vague = {"utils", "util", "helpers", "helper", "misc", "common", "tools"}
    assert [_name(path) for path in tracked() if path.is_relative_to(SOURCE) and path.stem in vague] == []


def test_nothing_is_left_unfinished() -> None:
    """The source holds no mark of work that is still to be done."""
    marks = re.compile(r"\b(?:TODO|FIXME|XXX|NotImplementedError)\b")
    found = [
        _name(path)
        for path in tracked()
        if path.is_relative_to(SOURCE) and path.suffix == ".py" and marks.search(path.read_text(encoding="utf-8"))
    ]
    assert found == []


@pytest.mark.parametrize("folder", ["src/tora/_sync", "tests/_sync"])
def test_generated_files_are_marked(folder: str) -> None:
    """Reviews fold what a tool wrote: .gitattributes marks exactly the generated files."""
    files = [path for path in (ROOT / folder).glob("*.py") if path in tracked()]
    generated = {_name(path) for path in files if _is_generated(path)}
    assert generated
    listing = subprocess.run(
        ["git", "check-attr", "linguist-generated", "--", *map(_name, files)],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    marked = {line.split(": ")[0] for line in listing.splitlines() if line.endswith((": true", ": set"))}
    assert marked == generated


def test_the_licence_is_named_once() -> None:
    """LICENSE holds the MIT licence of the Tora authors, and the package says so."""
    licence = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert licence.startswith("MIT License\n\nCopyright (c) 2026 The Tora authors\n")
    assert 'license = "MIT"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")


def _is_generated(path: Path) -> bool:
    if path.suffix != ".py":
        return False
    with path.open(encoding="utf-8") as file:
        return file.readline().startswith(GENERATED)
