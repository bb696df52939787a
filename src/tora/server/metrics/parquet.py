"""Points as a Parquet file, written by DuckDB."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import duckdb

from tora.server.metrics.base import Chunk
from tora.server.metrics.duckdb.connection import table
from tora.server.metrics.duckdb.errors import translated

__all__ = ["write_parquet"]

# Training keeps the rest of the machine.
_MODEST: Final[dict[str, Any]] = {"threads": 1, "memory_limit": "256MB", "preserve_insertion_order": True}

_COLUMNS: Final = ("name", "value", "step", "time", "writer", "metadata")
_CREATE: Final = """
CREATE TABLE points (name VARCHAR, value DOUBLE, step BIGINT, time DOUBLE, writer VARCHAR, metadata VARCHAR)
"""
# DuckDB takes NaN in an array for NULL; a value is never NULL, so it was NaN.
_INSERT: Final = """
INSERT INTO points SELECT name, COALESCE(value, 'NaN'::DOUBLE), step, time, writer, metadata FROM chunk
"""
_COPY: Final = "COPY points TO ? (FORMAT parquet, COMPRESSION zstd, KV_METADATA {{tora: {about}}})"


async def write_parquet(path: Path, chunks: AsyncIterator[Chunk], about: str) -> None:
    """Write all chunks to a new file; what does not fit into a little memory waits beside it on disk.

    Args:
        path: The file.
        chunks: The points.
        about: Text that stands under ``tora`` in the file's metadata.

    Raises:
        StoreFullError: There is no room.
        StoreError: The file cannot be written.
    """
    points = path.with_suffix(".duckdb")
    with translated(points):
        connection = await asyncio.to_thread(duckdb.connect, str(points), config=_MODEST)
        try:
            await asyncio.to_thread(connection.execute, _CREATE)
            async for chunk in chunks:
                await asyncio.to_thread(_insert, connection, chunk)
            await asyncio.to_thread(connection.execute, _copy(about), [str(path)])
        finally:
            await asyncio.to_thread(connection.close)


def _copy(about: str) -> str:
    # No place for a parameter: in SQL a text ends at a quote that does not stand twice.
    return _COPY.format(about="'" + about.replace("'", "''") + "'")


def _insert(connection: duckdb.DuckDBPyConnection, chunk: Chunk) -> None:
    with table(connection, "chunk", {name: getattr(chunk, name) for name in _COLUMNS}):
        connection.execute(_INSERT)
