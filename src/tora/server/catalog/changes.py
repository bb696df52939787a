"""Transactions, whose changes are numbered: in the file's header, and in the mark beside the file."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from tora.server.storage.mark import Mark

__all__ = ["newest_change", "transaction"]


@asynccontextmanager
async def transaction(engine: AsyncEngine, mark: Mark | None) -> AsyncIterator[AsyncConnection]:
    """Commit what the block does, or nothing of it.

    Args:
        engine: The database.
        mark: Where to note that something was changed; None where the database is no file of ours.
    """
    if mark is None:
        async with engine.begin() as connection:
            yield connection
        return
    number = 0
    async with engine.begin() as connection:
        before = await _rows_changed(connection)
        yield connection
        if await _rows_changed(connection) != before:
            number = await connection.run_sync(newest_change) + 1
            await connection.exec_driver_sql(f"PRAGMA user_version = {number}")
    mark.write(number)


def newest_change(connection: sa.Connection) -> int:
    """Return the number of the newest change, which SQLite keeps in the header as part of the transaction."""
    return int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())


async def _rows_changed(connection: AsyncConnection) -> int:
    driver: Any = (await connection.get_raw_connection()).driver_connection
    return int(driver.total_changes)
