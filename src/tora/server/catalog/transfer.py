"""All records of one catalog into another: statements on connections whose transactions the caller holds."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from attrs import define, frozen
from sqlalchemy.ext.asyncio import AsyncConnection

from tora.server.catalog.tables import experiments, metadata, secrets

__all__ = ["LEFT", "OWN_SECRET", "TableCount", "copy", "counts", "experiment_ids", "first_used", "mark"]

LEFT: Final[frozenset[str]] = frozenset({"open_turns", "turns"})
"""Tables that are not moved: what servers that share a database tell each other, which means nothing elsewhere."""

OWN_SECRET: Final = "write-token"  # noqa: S105  # its name
"""The name of a secret that no two servers have in common, unless what one had was moved to the other."""

_ROWS: Final = 2_000
_MODULUS: Final = 1 << 128
_ENCODER: Final = msgspec.json.Encoder(order="deterministic")


@frozen
class TableCount:
    """What a table holds.

    Attributes:
        rows: How many rows.
        checksum: Of all of them, in whatever order.
    """

    rows: int
    checksum: str


@define
class _Counting:
    rows: int = 0
    total: int = 0

    def add(self, rows: Sequence[Mapping[str, Any]]) -> None:
        self.rows += len(rows)
        for row in rows:
            digest = hashlib.blake2b(_ENCODER.encode(row), digest_size=16).digest()
            self.total = (self.total + int.from_bytes(digest, "big")) % _MODULUS

    @property
    def count(self) -> TableCount:
        return TableCount(self.rows, f"{self.total:032x}")


async def experiment_ids(connection: AsyncConnection) -> list[str]:
    """Return the ids of all experiments, the oldest first."""
    return list(await connection.scalars(sa.select(experiments.c.id).order_by(experiments.c.created_at, "id")))


async def mark(connection: AsyncConnection) -> str | None:
    """Return what tells one server's records from another's, None where there are none yet."""
    found = await connection.scalar(sa.select(secrets.c.value).where(secrets.c.name == OWN_SECRET))
    return None if found is None else hashlib.sha256(found).hexdigest()


async def first_used(connection: AsyncConnection) -> str | None:
    """Return the name of a table that has a row, None where all are empty."""
    for table in sorted(_tables(), key=lambda table: table.name != experiments.name):  # people know those best
        if await connection.scalar(sa.select(sa.exists(sa.select(sa.literal(1)).select_from(table)))):
            return table.name
    return None


async def copy(source: AsyncConnection, target: AsyncConnection) -> dict[str, TableCount]:
    """Copy all rows into tables that are empty, and return what was read, by the tables' names."""
    return {table.name: await _copied(table, source, target) for table in _tables()}


async def counts(connection: AsyncConnection) -> dict[str, TableCount]:
    """Return what each table holds."""
    return {table.name: await _copied(table, connection, None) for table in _tables()}


def _tables() -> list[sa.Table]:
    """Return the tables that are moved, those that others refer to first."""
    return [table for table in metadata.sorted_tables if table.name not in LEFT]


async def _copied(table: sa.Table, source: AsyncConnection, target: AsyncConnection | None) -> TableCount:
    counting = _Counting()
    async with source.stream(sa.select(table).order_by(*table.primary_key)) as result:
        async for part in result.mappings().partitions(_ROWS):
            rows = [dict(row) for row in part]
            counting.add(rows)
            if target is not None:
                await target.execute(table.insert(), rows)
    if target is not None and counting.rows:
        await _count_on(table, target)
    return counting.count


async def _count_on(table: sa.Table, target: AsyncConnection) -> None:
    """Let the numbers that the database gives continue after those that were copied."""
    number = table.autoincrement_column
    if number is None or target.dialect.name != "postgresql":
        return  # SQLite looks for the highest by itself
    newest = sa.select(sa.func.max(number)).scalar_subquery()
    await target.execute(sa.select(sa.func.setval(sa.func.pg_get_serial_sequence(table.name, number.name), newest)))
