"""What lies in a data folder, byte by byte."""

from __future__ import annotations

from pathlib import Path

__all__ = ["contents"]


def contents(folder: Path, store: str) -> dict[str, bytes]:
    """Return the files of one store; an empty log is none."""
    found = {path.name: path.read_bytes() for path in folder.iterdir() if path.name.startswith(store)}
    return {name: content for name, content in found.items() if content or name == store}
