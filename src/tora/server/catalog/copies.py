"""Copies of a catalog in a file: made online, looked at, counted."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

from attrs import frozen
from sqlalchemy.ext.asyncio import AsyncConnection

from tora.server.catalog.address import sqlite_url
from tora.server.catalog.engine import translated

__all__ = ["CatalogCounts", "copy_online", "count_copy"]


@frozen
class CatalogCounts:
    """What a catalog holds.

    Attributes:
        tables: The number of rows of each table.
        experiments: The ids of the experiments.
    """

    tables: dict[str, int]
    experiments: frozenset[str]


async def copy_online(connection: AsyncConnection, path: Path) -> None:
    """Write what is committed to a new file, and free of what was deleted."""
    # Below SQLAlchemy, which would open a transaction first: inside one SQLite does not do it.
    driver: Any = (await connection.get_raw_connection()).driver_connection
    async with driver.execute("VACUUM INTO ?", (str(path),)):
        pass


def count_copy(path: Path) -> CatalogCounts:
    """Check and count what a file holds that nobody has open, and change nothing.

    Raises:
        CatalogError: It cannot be read, or is damaged.
    """
    with translated(sqlite_url(path)):
        uri = f"file:{quote(str(path))}?mode=ro&immutable=1"
        with closing(sqlite3.connect(uri, uri=True)) as connection:
            found = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
            if found != "ok":
                raise sqlite3.DatabaseError(found)
            names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
            tables = {name: _rows(connection, name) for (name,) in names if not name.startswith("sqlite_")}
            ids = connection.execute("SELECT id FROM experiments").fetchall() if "experiments" in tables else []
            return CatalogCounts(tables, frozenset(id_ for (id_,) in ids))


def _rows(connection: sqlite3.Connection, table: str) -> int:
    return int(connection.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0])  # noqa: S608  # names of its own
