"""What lies in a data folder, byte by byte."""

from __future__ import annotations

from pathlib import Path

__all__ = ["contents"]

# A lock, and what a server says of itself while it runs: of no worth to anybody once it has ended.
_PASSING = frozenset({"server.lock", "server.json"})


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file that holds data."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name not in _PASSING}
