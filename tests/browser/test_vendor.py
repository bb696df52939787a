"""The libraries that the page carries, and the one that looks at it."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.source import ROOT

PAGE = ROOT / "src" / "tora" / "server" / "static" / "vendor"
TESTS = ROOT / "tests" / "browser" / "vendor"

# Copyleft of a file stays with the file; it is for what no wheel holds alone.
LICENCES = {PAGE: {"MIT", "Apache-2.0"}, TESTS: {"MIT", "Apache-2.0", "MPL-2.0"}}

each_shelf = pytest.mark.parametrize("shelf", [PAGE, TESTS], ids=["page", "tests"])


def _manifest(shelf: Path) -> list[dict[str, str]]:
    entries: list[dict[str, str]] = json.loads((shelf / "manifest.json").read_text(encoding="utf-8"))
    return entries


@each_shelf
def test_files_are_those_of_the_manifest(shelf: Path) -> None:
    """Every vendored file is named in the manifest with its hash, and no other file lies there."""
    present = {
        path.relative_to(shelf).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in shelf.rglob("*")
        if path.is_file() and path.name != "manifest.json"
    }
    assert present == {entry["file"]: entry["sha256"] for entry in _manifest(shelf)}


@each_shelf
def test_every_library_has_version_licence_and_source(shelf: Path) -> None:
    """The manifest says where each file is from; its folder carries the version and holds the licence."""
    for entry in _manifest(shelf):
        folder = Path(entry["file"]).parts[0]
        assert folder.endswith(f"-{entry['version']}")
        assert entry["source"].startswith(f"npm:{entry['name']}@{entry['version']}/")
        assert entry["licence"] in LICENCES[shelf]
        assert (shelf / folder / "LICENSE").read_text(encoding="utf-8").strip()


def test_the_tool_agrees() -> None:
    """``tools/vendor.py --check`` needs no network and finds nothing wrong."""
    done = subprocess.run(
        [sys.executable, ROOT / "tools" / "vendor.py", "--check"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
