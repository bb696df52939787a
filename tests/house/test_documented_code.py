"""The Python in the README and the documentation runs as it stands."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.serving import Server, clean_environment
from tests.support.source import ROOT

# The manual's own pieces are synopses: names with `...` for their arguments.
PAGES = [page for page in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))] if page.name != "tora.md"]


def _blocks() -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for page in PAGES:
        blocks = re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
        found.extend((f"{page.stem}-{number}", block) for number, block in enumerate(blocks))
    return found


@pytest.mark.parametrize("block", [pytest.param(block, id=name) for name, block in _blocks()])
def test_documented_code_runs(block: str, server: Server, tmp_path: Path) -> None:
    """Each block is a program of its own that ends well, without a warning of Tora's."""
    script = tmp_path / "documented.py"
    script.write_text(block, encoding="utf-8")
    settings = {"TORA_SERVER_URL": server.url, "TORA_API_KEY": server.key, "TORA_DIR": str(tmp_path / "tora")}
    ended = subprocess.run(
        [sys.executable, "-W", "error", str(script)],
        cwd=tmp_path,
        env=clean_environment(**settings),
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stderr == ""
