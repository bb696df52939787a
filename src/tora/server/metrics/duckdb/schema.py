"""The tables of the metrics file, and opening it.

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

__all__ = ["VERSION", "connect"]

VERSION: Final = 1

_TABLES: Final = """
CREATE TABLE meta (schema_version INTEGER NOT NULL, tick BIGINT NOT NULL);

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

-- The ordinal counts the points of an experiment's name over all its writers, from 0.
CREATE TABLE points (
    sid INTEGER NOT NULL,
    ordinal BIGINT NOT NULL,
    step BIGINT,
    time DOUBLE NOT NULL,
    value DOUBLE NOT NULL,
    metadata VARCHAR,
    tick BIGINT NOT NULL
);

CREATE TABLE writers (
    experiment VARCHAR NOT NULL,
    writer VARCHAR NOT NULL,
    through BIGINT NOT NULL,
    first_seen DOUBLE NOT NULL,
    last_seen DOUBLE NOT NULL,
    status VARCHAR NOT NULL
);

-- The ids that older clients give their points in place of a writer and a sequence number.
CREATE TABLE messages (experiment VARCHAR NOT NULL, msg_id VARCHAR NOT NULL);
"""


def connect(path: Path, *, memory_limit: str, threads: int) -> duckdb.DuckDBPyConnection:
    """Open the file, or create it with empty tables.

    Raises:
        StoreError: It belongs to another program or to a newer Tora; it was not changed.
        duckdb.Error: DuckDB cannot open it.
    """
    connection = duckdb.connect(path, config={"memory_limit": memory_limit, "threads": threads})
    try:
        _prepare(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    tables = {name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
    if not tables:
        _create(connection)
    elif not tables >= {"meta", "series", "points", "writers", "messages"}:
        raise StoreError(
            f"the file {path} belongs to another program: it has the table {min(tables)!r} and lacks Tora's; "
            "it was not changed: give Tora a folder of its own"
        )
    else:
        _check_version(connection, path)


def _create(connection: duckdb.DuckDBPyConnection) -> None:
    with transaction(connection):
        connection.execute(_TABLES)
        connection.execute("INSERT INTO meta VALUES (?, 0)", [VERSION])


def _check_version(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    (stored,) = connection.execute("SELECT schema_version FROM meta").fetchone() or (None,)
    if stored != VERSION:
        raise StoreError(
            f"the metrics file {path} was written by a newer Tora (its schema version is {stored}, this version of "
            f"Tora knows {VERSION}); it was not changed: upgrade Tora"
        )
