"""Points as a Parquet file, written by DuckDB."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import duckdb

from tora.server.metrics.base import Chunk
from tora.server.metrics.duckdb.connection import table

__all__ = ["write_parquet"]

_COLUMNS: Final = {
    "name": "VARCHAR",
    "value": "DOUBLE",
    "step": "BIGINT",
    "time": "DOUBLE",
    "writer": "VARCHAR",
    "metadata": "VARCHAR",
}

# DuckDB takes NaN in an array for NULL; a value is never NULL, so it was NaN.
_INSERT: Final = (
    "INSERT INTO points SELECT name, COALESCE(value, 'NaN'::DOUBLE), step, time, writer, metadata FROM chunk"
)


async def write_parquet(path: Path, chunks: AsyncIterator[Chunk]) -> None:
    """Write all chunks to a new file; what does not fit into a little memory waits beside it on disk.

    Raises:
        OSError: There is no room.
    """
    points = path.with_suffix(".duckdb")
    # Few threads and little memory: training keeps the rest.
    connection: Any = await asyncio.to_thread(
        duckdb.connect, str(points), config={"threads": 1, "memory_limit": "256MB", "preserve_insertion_order": True}
    )
    try:
        columns = ", ".join(f"{name} {kind}" for name, kind in _COLUMNS.items())
        await asyncio.to_thread(connection.execute, f"CREATE TABLE points ({columns})")
        async for chunk in chunks:
            await asyncio.to_thread(_insert, connection, chunk)
        await asyncio.to_thread(connection.execute, "COPY points TO ? (FORMAT parquet, COMPRESSION zstd)", [str(path)])
    finally:
        await asyncio.to_thread(connection.close)


def _insert(connection: Any, chunk: Chunk) -> None:
    with table(connection, "chunk", {name: getattr(chunk, name) for name in _COLUMNS}):
        connection.execute(_INSERT)
