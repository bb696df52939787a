"""A database file appears whole or not at all, and does not vanish unnoticed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tora.server.storage.mark import Mark

__all__ = ["trouble_or_new"]


def trouble_or_new(mark: Mark, make: Callable[[Path], None]) -> str | None:
    """Make the file of a store that has none; return what to say of a file that is gone or empty.

    So that an empty file is never one that was about to be made, the new one gets its name when it is
    a database. A log or a mark without the file tells that there was one.

    Args:
        mark: The mark of the store.
        make: Makes an empty database at a path.

    Raises:
        OSError: It cannot be made.
    """
    path = mark.store
    if path.exists():
        return None if path.stat().st_size else f"{path} is empty, which no database is; {_advice(mark)}"
    if _has_bytes(mark.log) or mark.path.exists():
        return f"{path} is gone, though {mark.log.name} or {mark.path.name} tells that it was there; {_advice(mark)}"
    new = path.with_name(f".{path.name}.new")
    new.unlink(missing_ok=True)  # a killed server left it
    make(new)
    new.chmod(0o600)
    new.replace(path)
    return None


def _advice(mark: Mark) -> str:
    return (
        f"nothing was changed: restore it from a backup, or move it, {mark.log.name} and {mark.path.name} "
        "away to begin anew"
    )


def _has_bytes(path: Path) -> bool:
    return path.exists() and path.stat().st_size > 0
