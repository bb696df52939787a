"""The libraries that the page carries."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

from tests.support.source import ROOT

VENDOR = ROOT / "src" / "tora" / "server" / "static" / "vendor"
MANIFEST = json.loads((VENDOR / "manifest.json").read_text(encoding="utf-8"))


def test_files_are_those_of_the_manifest() -> None:
    """Every vendored file is named in the manifest with its hash, and no other file lies there."""
    present = {
        path.relative_to(VENDOR).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in VENDOR.rglob("*")
        if path.is_file() and path.name != "manifest.json"
    }
    assert present == {entry["file"]: entry["sha256"] for entry in MANIFEST}


def test_every_library_has_version_licence_and_source() -> None:
    """The manifest says where each file is from; its folder carries the version and holds the licence."""
    for entry in MANIFEST:
        folder = Path(entry["file"]).parts[0]
        assert folder.endswith(f"-{entry['version']}")
        assert entry["source"].startswith(f"npm:{entry['name']}@{entry['version']}/")
        assert entry["licence"] in {"MIT", "Apache-2.0"}
        assert (VENDOR / folder / "LICENSE").read_text(encoding="utf-8").strip()


def test_the_tool_agrees() -> None:
    """``tools/vendor.py --check`` needs no network and finds nothing wrong."""
    done = subprocess.run(
        [sys.executable, ROOT / "tools" / "vendor.py", "--check"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
