"""The file of an SQLite catalog: made for its owner's eyes, and looked at before anything may change it."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from urllib.parse import quote

import sqlalchemy as sa

from tora.server.catalog.address import shown, sqlite_url
from tora.server.catalog.engine import translated
from tora.server.catalog.errors import CatalogError
from tora.server.catalog.migrate import check
from tora.server.storage.mark import Mark
from tora.server.storage.newfile import trouble_or_new

__all__ = ["look_at", "mark_of", "prepare_file"]


def mark_of(url: sa.URL) -> Mark | None:
    """Return the mark of a catalog, None for one that is not in a file of ours."""
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        return None
    path = Path(url.database)
    return Mark(path, path.with_name(f"{path.name}-wal"))


def prepare_file(url: sa.URL, mark: Mark) -> None:
    """Make the file of a new catalog, or look at the one that a killed server left.

    Raises:
        CatalogError: It cannot be made or used; nothing was changed.
    """
    try:
        trouble = trouble_or_new(mark, _make)
    except OSError as exc:
        raise CatalogError(
            f"cannot open the catalog {shown(url)}: {exc.strerror}; check that its folder exists and may be written"
        ) from exc
    if trouble:
        raise CatalogError(f"the catalog {trouble}")
    if mark.log.exists():
        _look(url, mark)


def look_at(path: Path) -> str | None:
    """Return the revision of a catalog that nobody has open, None when it has no table yet; change nothing.

    Raises:
        CatalogError: It is damaged, not Tora's, or lacks what was acknowledged.
    """
    return _look(sqlite_url(path), Mark(path, path.with_name(f"{path.name}-wal")))


def _make(path: Path) -> None:
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))  # it will hold secrets
    connection = sqlite3.connect(path)
    connection.execute("VACUUM")  # of nothing: it writes a first page
    connection.close()


def _look(url: sa.URL, mark: Mark) -> str | None:
    """Check a catalog without changing it: whoever may write it folds its log in when he closes it."""
    engine = sa.create_engine("sqlite://", creator=lambda: _read_only(mark), poolclass=sa.NullPool)
    try:
        with translated(url), engine.connect() as connection:
            return check(connection, shown(url), mark)
    finally:
        # SQLite's shared memory, which a catalog with one owner does without.
        mark.store.with_name(f"{mark.store.name}-shm").unlink(missing_ok=True)


def _read_only(mark: Mark) -> sqlite3.Connection:
    # Without a log there is none to be made either.
    how = "mode=ro" if mark.log.exists() else "immutable=1"
    return sqlite3.connect(f"file:{quote(str(mark.store))}?{how}", uri=True, timeout=1.0)
