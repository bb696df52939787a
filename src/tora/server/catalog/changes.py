"""Transactions, whose changes are numbered: in the file's header, and in the mark beside the file.

Where several servers share a database, a change that looks first holds what it looks at: it begins with
`held` rows, so that whoever changes the same waits for it and sees what it did. What is not there yet cannot be
held: two who make it meet at its key, and the later one is carried out again from the start (`engine.persistent`).
SQLite, where one transaction comes after the other, needs neither.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from tora.server.catalog.address import is_sqlite
from tora.server.storage.mark import Mark

__all__ = ["held", "newest_change", "transaction"]

R = TypeVar("R", bound=tuple[Any, ...])


@asynccontextmanager
async def transaction(engine: AsyncEngine, mark: Mark | None) -> AsyncIterator[AsyncConnection]:
    """Commit what the block does, or nothing of it.

    Args:
        engine: The database.
        mark: Where to note that something was changed; None where the database is no file of ours.
    """
    if not is_sqlite(engine.url):
        from tora.server.catalog import postgres

        async with postgres.transaction(engine) as connection:
            yield connection
        return
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


def held(query: sa.Select[R]) -> sa.Select[R]:
    """Let nobody else change the rows that a query finds until the transaction ends.

    Others may go on to refer to them, as an experiment does to its workspace.
    """
    return query.with_for_update(key_share=True)  # SQLite leaves it out


def newest_change(connection: sa.Connection) -> int:
    """Return the number of the newest change, which SQLite keeps in the header as part of the transaction."""
    return int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())


async def _rows_changed(connection: AsyncConnection) -> int:
    driver: Any = (await connection.get_raw_connection()).driver_connection
    return int(driver.total_changes)
