"""The tables on the engine, the same on each host of the address, and telling whether they are this version's.

Points arrive in a table that keeps nothing and go on from there, unless the number of their group has `ended`: so a
group that a dead server left in a socket brings nothing any more once another server has said so. Summaries and the
ids of messages are kept by views on `points`, in the same statement.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Final

from tora.server.metrics.base import StoreError
from tora.server.metrics.clickhouse.address import Address
from tora.server.metrics.clickhouse.client import Client
from tora.server.metrics.clickhouse.errors import NobodyThereError
from tora.server.metrics.clickhouse.text import quoted, texts

__all__ = ["KEPT", "SUMMARY", "VERSION", "local", "prepare", "statements"]

VERSION: Final = 1

_logger = logging.getLogger("tora.server")

KEPT: Final = ("points", "summaries", "messages", "signs", "series")
"""The tables that hold something of an experiment, in the order in which it is deleted."""

# eid, nid and wid are the hashes of the experiment, the metric's name and the writer; a step of -1 is none; tick is the
# group, place a point's place in it, seq the writer's number of the point, 0 where it has none.
_POINT: Final = """
    eid UInt64, nid UInt64, wid UInt64, ordinal UInt64, step Int64, time Float64, value Float64,
    tick UInt64, place UInt32, seq UInt64, metadata String, msg_id String
"""
_SERIES: Final = "eid UInt64, nid UInt64, wid UInt64, experiment String, name String, writer String"
_SUMMARY: Final = """
    eid UInt64, nid UInt64, wid UInt64,
    n AggregateFunction(count),
    stepped AggregateFunction(countIf, UInt8),
    finite AggregateFunction(countIf, UInt8),
    last_value AggregateFunction(argMax, Float64, UInt64),
    low AggregateFunction(minIf, Float64, UInt8),
    high AggregateFunction(maxIf, Float64, UInt8),
    first_step AggregateFunction(minIf, Int64, UInt8),
    last_step AggregateFunction(max, Int64),
    top_ordinal AggregateFunction(max, UInt64),
    top_seq AggregateFunction(max, UInt64),
    top_tick AggregateFunction(max, UInt64)
"""
SUMMARY: Final = """
SELECT eid, nid, wid,
    countState() AS n,
    countIfState(step >= 0) AS stepped,
    countIfState(isFinite(value)) AS finite,
    argMaxState(value, ordinal) AS last_value,
    minIfState(value, isFinite(value)) AS low,
    maxIfState(value, isFinite(value)) AS high,
    minIfState(step, step >= 0) AS first_step,
    maxState(step) AS last_step,
    maxState(ordinal) AS top_ordinal,
    maxState(seq) AS top_seq,
    maxState(tick) AS top_tick
FROM {points}{where} GROUP BY eid, nid, wid
"""
"""What `summaries` holds of points."""

# at orders the signs of a writer, whatever the clocks say that they tell of.
_SIGN: Final = """
    eid UInt64, wid UInt64, writer String, at UInt64, seen Float64, status String, labels String, through UInt64
"""
_SIGNS: Final = """
    eid UInt64, wid UInt64, writer String,
    first_seen AggregateFunction(argMin, Float64, UInt64),
    last_seen AggregateFunction(max, Float64),
    last_status AggregateFunction(argMaxIf, String, UInt64, UInt8),
    last_labels AggregateFunction(argMaxIf, String, UInt64, UInt8),
    top_through AggregateFunction(max, UInt64)
"""
_SIGNS_OF: Final = """
SELECT eid, wid, writer,
    argMinState(seen, at) AS first_seen,
    maxState(seen) AS last_seen,
    argMaxIfState(status, at, notEmpty(status)) AS last_status,
    argMaxIfState(labels, at, notEmpty(labels)) AS last_labels,
    maxState(through) AS top_through
FROM {signs_in} GROUP BY eid, wid, writer
"""

# Each table's columns, kind and order; those that keep nothing have no order.
_TABLES: Final[dict[str, tuple[str, str, str | None]]] = {
    "points": (_POINT, "MergeTree", "eid, nid, wid, ordinal"),
    "summaries": (_SUMMARY, "AggregatingMergeTree", "eid, nid, wid"),
    "messages": ("eid UInt64, msg_id String", "ReplacingMergeTree", "eid, msg_id"),
    "series": (_SERIES, "ReplacingMergeTree", "eid, nid, wid"),
    "signs": (_SIGNS, "AggregatingMergeTree", "eid, wid, writer"),
    "arrivals": (_POINT, "Null", None),
    "signs_in": (_SIGN, "Null", None),
}
_VIEWS: Final = {
    "points": "SELECT * FROM {arrivals} WHERE tick NOT IN (SELECT tick FROM {ended})",
    "signs": _SIGNS_OF,
    "summaries": SUMMARY.replace("{where}", ""),
    "messages": "SELECT eid, msg_id FROM {points} WHERE notEmpty(msg_id)",
}
_FOLLOWING: Final = ("summaries", "messages")
"""The tables that follow from what a view brings to `points`."""

_CHAINED: Final = (19, 9)
"""Since this version of the engine, views hang on the table that another view fills; before, on that view itself."""


def local(address: Address, table: str) -> str:
    """Return the name of a host's own part of a table."""
    return f"{table}_local" if address.cluster else table


async def prepare(client: Client) -> None:
    """Create what is not there yet, on every host.

    Raises:
        StoreError: A host does not answer or refuses, or its database is a newer Tora's or another program's.
    """
    lacking = []
    for host in client.address.hosts:
        try:
            await _prepare(client, host)
        except NobodyThereError as exc:
            lacking.append(exc)
            # Of replicas one is enough, and what it was told reaches the others.
            if not client.address.replicated or len(lacking) == len(client.address.hosts):
                raise
            _logger.warning("%s; its replicas are used meanwhile", exc)


async def _prepare(client: Client, host: str) -> None:
    database = client.address.database
    there = await client.records(
        f"SELECT name FROM system.databases WHERE name = {quoted(database)}", tuple[str], host=host, database="system"
    )
    if not there:
        await client.execute(f"CREATE DATABASE IF NOT EXISTS {database}", host=host, database="system")
    version = await _version(client, host)
    chained = await _is_chained(client, host)
    if version == VERSION and not await _has_other_views(client, host, chained=chained):
        return
    for statement in statements(client.address, chained=chained):
        await client.execute(statement, host=host)
    if version is None:
        await client.execute(f"INSERT INTO tora VALUES ({VERSION})", host=host)


async def _is_chained(client: Client, host: str) -> bool:
    [(version,)] = await client.records("SELECT version()", tuple[str], host=host)
    return tuple(int(part) for part in version.split(".")[:2]) >= _CHAINED


async def _has_other_views(client: Client, host: str, *, chained: bool) -> bool:
    """Drop the views of an engine that has become a newer one, and return whether there were any."""
    views = [f"{table}_view" for table in _FOLLOWING]
    found = await client.records(
        "SELECT name, positionCaseInsensitive(create_table_query, '.points_view') > 0 FROM system.tables "
        f"WHERE database = {quoted(client.address.database)} AND name IN {texts(views)}",
        tuple[str, int],
        host=host,
    )
    others = [name for name, on_view in found if bool(on_view) == chained]
    for name in others:
        await client.execute(f"DROP TABLE IF EXISTS {name}", host=host)
    return bool(others)


async def _version(client: Client, host: str) -> int | None:
    """Return the version of a host's tables; None where they are not there, or not all of them."""
    where = f"the database {client.address.database!r} of ClickHouse at {host}"
    tables = await client.records(
        f"SELECT name FROM system.tables WHERE database = {quoted(client.address.database)} ORDER BY name",
        tuple[str],
        host=host,
    )
    if not tables:
        return None
    if ("tora",) not in tables:
        raise StoreError(
            f"{where} belongs to another program: it has the table {tables[0][0]!r} and lacks Tora's; it was not "
            "changed: give Tora a database of its own"
        )
    versions = await client.records("SELECT version FROM tora", tuple[int], host=host)
    newest = max((version for (version,) in versions), default=None)
    if newest is not None and newest > VERSION:
        raise StoreError(
            f"{where} was written by a newer Tora (its schema version is {newest}, this version of Tora knows "
            f"{VERSION}); it was not changed: upgrade Tora"
        )
    return newest


def statements(address: Address, *, chained: bool) -> Iterator[str]:
    """Yield what makes the tables; each statement may be repeated, and two servers may do so at once."""
    # First of all: from here on the database is Tora's.
    yield "CREATE TABLE IF NOT EXISTS tora (version UInt32) ENGINE = MergeTree ORDER BY version"
    yield f"CREATE TABLE IF NOT EXISTS ended (tick UInt64) ENGINE = {_engine(address, 'ended', 'MergeTree', 'tick')}"
    for table, (columns, kind, order) in _TABLES.items():
        engine = kind if order is None else _engine(address, table, kind, order)
        yield f"CREATE TABLE IF NOT EXISTS {local(address, table)} ({columns}) ENGINE = {engine}"
    # With the database: another host that sends points here does so from a database of its own choice.
    names = {table: f"{address.database}.{local(address, table)}" for table in _TABLES}
    ended = f"{address.database}.ended"
    for table, query in _VIEWS.items():
        source = {"points": f"{address.database}.points_view"} if table in _FOLLOWING and not chained else {}
        statement = query.format(**{**names, **source}, ended=ended)
        yield f"CREATE MATERIALIZED VIEW IF NOT EXISTS {table}_view TO {names[table]} AS {statement}"
    if address.cluster is not None:
        for table, (columns, _, _) in _TABLES.items():
            yield (
                f"CREATE TABLE IF NOT EXISTS {table} ({columns}) "
                f"ENGINE = Distributed({address.cluster}, {address.database}, {local(address, table)}, eid)"
            )


def _engine(address: Address, table: str, kind: str, order: str) -> str:
    if not address.replicated:
        return f"{kind} ORDER BY ({order})"
    path = f"/clickhouse/tables/{{shard}}/{address.database}/{table}"
    # Without a memory for blocks: one that is deleted and stored anew, as names are, is no repetition.
    settings = "replicated_deduplication_window = 0"
    return f"Replicated{kind}({quoted(path)}, '{{replica}}') ORDER BY ({order}) SETTINGS {settings}"
