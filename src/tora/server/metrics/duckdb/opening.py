"""Opening the metrics file: it is looked at first, and what cannot be used is left as it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import duckdb

from tora.server.metrics.base import StoreError
from tora.server.metrics.duckdb.errors import translated
from tora.server.metrics.duckdb.schema import stored_version, upgrade
from tora.server.storage.mark import Mark
from tora.server.storage.newfile import trouble_or_new

__all__ = ["look_at", "newest", "open_file"]

_NEWEST: Final = "SELECT tick, (SELECT COALESCE(max(sid), 0) FROM series) FROM meta"
_TABLES_OF_POINTS: Final = r"SELECT table_name FROM duckdb_tables() WHERE table_name SIMILAR TO 'points(_\d+)?'"
# DuckDB checks a block when it is read, and reads no more than a statement needs: this needs them all.
_READ_ALL: Final = "SELECT bit_xor(hash(COLUMNS(*))) FROM {table}"


def open_file(mark: Mark, config: dict[str, Any], *, thorough: bool) -> duckdb.DuckDBPyConnection:
    """Open the file, or create it with empty tables.

    Args:
        mark: The mark of the file.
        config: DuckDB's settings.
        thorough: Read all of it, at a quarter of a second for 15 million points, to find damage now.

    Raises:
        StoreError: It is gone, lacks what was acknowledged, or belongs to another program or to a newer
            Tora; it was not changed.
        duckdb.Error: DuckDB cannot open it, or it is damaged; it was not changed.
    """
    if trouble := trouble_or_new(mark, _make):
        raise StoreError(f"the metrics file {trouble}")
    connection = duckdb.connect(mark.store, config=config)
    try:
        # Closing would fold the log in, also where we close because something is wrong with it.
        connection.execute("PRAGMA disable_checkpoint_on_shutdown")
        upgrade(connection, _checked(connection, mark, thorough=thorough))
    except BaseException:
        connection.close()
        raise
    return connection


def look_at(path: Path) -> int | None:
    """Return the version of the tables of a file that nobody has open, None when it has none; read all, change nothing.

    Raises:
        StoreError: It is damaged, not Tora's, or lacks what was acknowledged.
    """
    with translated(path), duckdb.connect(path, read_only=True, config={"threads": 1}) as connection:
        return _checked(connection, Mark(path, path.with_name(f"{path.name}.wal")), thorough=True)


def newest(connection: duckdb.DuckDBPyConnection) -> tuple[int, int]:
    """Return the number of the newest group and that of the newest series."""
    tick, sid = connection.execute(_NEWEST).fetchall()[0]
    points = [name for (name,) in connection.execute(_TABLES_OF_POINTS).fetchall()]
    ticks = [connection.execute(f"SELECT max(tick) FROM {name}").fetchall()[0][0] for name in points]  # noqa: S608
    return max([tick, *(one for one in ticks if one is not None)]), sid


def _make(path: Path) -> None:
    duckdb.connect(path).close()


def _checked(connection: duckdb.DuckDBPyConnection, mark: Mark, *, thorough: bool) -> int | None:
    stored = stored_version(connection, mark.store)
    if loss := mark.loss(0 if stored is None else newest(connection)[0]):
        raise StoreError(f"the metrics file {loss}")
    if thorough and stored is not None:
        for (table,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall():
            connection.execute(_READ_ALL.format(table=table)).fetchall()
    return stored
