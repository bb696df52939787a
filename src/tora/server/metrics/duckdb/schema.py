"""The tables of the metrics file, and bringing older ones to their form.

There is no primary key and no index: an index has to stay in memory, and DuckDB refuses updates of
indexed rows in one transaction that would be right at its end. Rows are unique because one thread
alone writes them and knows what is there (`tora.server.metrics.duckdb.index`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import duckdb

from tora.server.metrics.base import StoreError
from tora.server.metrics.duckdb.connection import transaction
from tora.server.metrics.duckdb.parts import create_part

__all__ = ["MIGRATIONS", "VERSION", "stored_version", "upgrade"]

VERSION: Final = 3

_TABLES: Final = """
-- The tail is the number of the part that takes what arrives.
CREATE TABLE meta (schema_version INTEGER NOT NULL, tick BIGINT NOT NULL, tail INTEGER NOT NULL);

-- One row for each experiment, name and writer: the summary of its points.
CREATE TABLE series (
    sid INTEGER NOT NULL,
    experiment VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    writer VARCHAR NOT NULL,
    count BIGINT NOT NULL,
    stepped BIGINT NOT NULL,
    non_finite BIGINT NOT NULL,
    last DOUBLE NOT NULL,
    last_ordinal BIGINT NOT NULL,
    min DOUBLE,
    max DOUBLE,
    first_step BIGINT,
    last_step BIGINT
);

-- The tables of points that take no more; `tora.server.metrics.duckdb.parts` makes them.
CREATE TABLE parts (part INTEGER NOT NULL, clustered BOOLEAN NOT NULL, rows BIGINT NOT NULL);

-- The labels are a JSON object, or NULL.
CREATE TABLE writers (
    experiment VARCHAR NOT NULL,
    writer VARCHAR NOT NULL,
    through BIGINT NOT NULL,
    first_seen DOUBLE NOT NULL,
    last_seen DOUBLE NOT NULL,
    status VARCHAR NOT NULL,
    labels VARCHAR
);

-- The ids that older clients give their points in place of a writer and a sequence number.
CREATE TABLE messages (experiment VARCHAR NOT NULL, msg_id VARCHAR NOT NULL);
"""


# Until then one table held all points, and the rows of a tick lay in the order of their arrival.
_PARTS: Final = """
CREATE TABLE parts (part INTEGER NOT NULL, clustered BOOLEAN NOT NULL, rows BIGINT NOT NULL);
CREATE TABLE points_1 AS SELECT *, (rowid & 2147483647)::INTEGER AS place FROM points;
INSERT INTO parts SELECT 1, FALSE, count(*) FROM points_1;
DROP TABLE points;
CREATE TABLE points_2 AS FROM points_1 LIMIT 0;
ALTER TABLE meta ADD COLUMN tail INTEGER DEFAULT 2;
"""

_LABELS: Final = "ALTER TABLE writers ADD COLUMN labels VARCHAR"

MIGRATIONS: Final[dict[int, str]] = {1: _PARTS, 2: _LABELS}
"""The statements that lead from each older version to the next."""


def stored_version(connection: duckdb.DuckDBPyConnection, path: Path) -> int | None:
    """Return the version of the file's tables, None when it has no table yet.

    Raises:
        StoreError: It belongs to another program or to a newer Tora; it was not changed.
    """
    tables = {name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
    if not tables:
        return None
    if not tables >= {"meta", "series", "writers", "messages"}:
        raise StoreError(
            f"the file {path} belongs to another program: it has the table {min(tables)!r} and lacks Tora's; "
            "it was not changed: give Tora a folder of its own"
        )
    return _known_version(connection, path)


def upgrade(connection: duckdb.DuckDBPyConnection, stored: int | None) -> None:
    """Bring the tables from a stored version to this one, in one transaction."""
    if stored == VERSION:
        return
    with transaction(connection):
        if stored is None:
            connection.execute(_TABLES)
            create_part(connection, 1)
            connection.execute("INSERT INTO meta VALUES (?, 0, 1)", [VERSION])
        else:
            for version in range(stored, VERSION):
                connection.execute(MIGRATIONS[version])
            connection.execute("UPDATE meta SET schema_version = ?", [VERSION])


def _known_version(connection: duckdb.DuckDBPyConnection, path: Path) -> int:
    versions = [version for (version,) in connection.execute("SELECT schema_version FROM meta").fetchall()]
    if len(versions) != 1 or versions[0] < 1:
        raise StoreError(
            f"the metrics file {path} is damaged: it does not say its schema version; it was not changed: "
            "restore it from a backup or move it away"
        )
    if versions[0] > VERSION:
        raise StoreError(
            f"the metrics file {path} was written by a newer Tora (its schema version is {versions[0]}, this version "
            f"of Tora knows {VERSION}); it was not changed: upgrade Tora"
        )
    return int(versions[0])
