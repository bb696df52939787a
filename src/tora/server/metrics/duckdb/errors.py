"""DuckDB's errors in the store's words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import duckdb

from tora.server.metrics.base import StoreError, StoreFullError
from tora.server.storage.copying import CopyError

__all__ = ["translated"]

_FULL: Final = ("No space left", "disk full", "Disk quota exceeded", "File too large", "not enough space")
_ADVICE: Final = (
    ("Conflicting lock", "another process has it open; stop that one, or use another folder"),
    ("newer version of DuckDB", "a newer version wrote it; upgrade Tora and its dependencies"),
    ("not a valid DuckDB database", "it is damaged or no metrics file of Tora; move it away or restore a backup"),
    ("replaying WAL", "its log is damaged and nothing was changed; restore both from a backup"),
    ("Could not read enough bytes", "it is cut short and nothing was changed; restore it from a backup"),
    ("orrupt", "it is damaged; move it away or restore it from a backup"),
    ("Permission denied", "check that it and its folder may be written"),
)


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn DuckDB's errors into StoreError with the file's name and what to do."""
    try:
        yield
    except (duckdb.Error, CopyError) as exc:
        # DuckDB has no class of its own for a full disk or a lock: the message alone tells.
        said = str(exc)
        if any(sign in said for sign in _FULL):
            raise StoreFullError(f"the metrics file {path} cannot grow: {said}; make room on its disk") from exc
        advice = next((advice for sign, advice in _ADVICE if sign in said), "nothing of this call was stored")
        raise StoreError(f"the metrics file {path} cannot be used: {said}; {advice}") from exc
