"""How much memory a client takes, and a server that has nothing to do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

from benchmarks.row import Row
from tests.support.serving import clean_environment, serving

__all__ = ["measure"]

_MIB: Final = 1024 * 1024
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")

_SIZE: Final = "import pathlib; print(pathlib.Path('/proc/self/statm').read_text().split()[1])"
_CLIENT: Final = """
import sys, tora
with tora.Tora.create_experiment("memory", server_url=sys.argv[1]) as client:
    for step in range(20_000):
        client.log("train/loss", 0.123456, step)
    client.flush()
"""


def measure(folder: Path, *, quick: bool) -> list[Row]:
    """Return the rows of a client and of an idle server; both are measured once, as they hardly vary."""
    del quick
    with serving(folder / "server") as server:
        idle = int(Path(f"/proc/{server.process.pid}/statm").read_text("ascii").split()[1]) * _PAGE
        client = _printed(_CLIENT + _SIZE, server.url)
    above = client - _printed(_SIZE)
    return [
        Row("memory of a client, above a bare interpreter", "", f"{above / _MIB:.0f} MiB"),
        Row("memory of an idle server", "", f"{idle / _MIB:.0f} MiB"),
    ]


def _printed(script: str, *arguments: str) -> int:
    ended = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        check=True,
        stdout=subprocess.PIPE,
        env=clean_environment(TORA_SILENT="1"),
    )
    return int(ended.stdout) * _PAGE
