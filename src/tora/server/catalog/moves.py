"""What a move into this catalog has done so far: statements on a connection whose transaction the caller holds.

The tables are there while a move is under way, and go in the transaction that brings the records: so a
server finds all of them, or a database that it must not use yet.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from attrs import frozen
from sqlalchemy.ext.asyncio import AsyncConnection

from tora.server.catalog.errors import CatalogError

__all__ = ["Moved", "begin", "check", "end", "forget", "note", "note_checked", "noted", "source"]

# Not among the tables that migrations make.
_metadata: Final = sa.MetaData()
_moving: Final = sa.Table("moving", _metadata, sa.Column("source", sa.Text, primary_key=True))
_moved: Final = sa.Table(
    "moved",
    _metadata,
    sa.Column("experiment_id", sa.Text, primary_key=True),
    sa.Column("points", sa.BigInteger, nullable=False),
    sa.Column("checksum", sa.Text, nullable=False),
    sa.Column("checked", sa.Boolean, nullable=False),
)


@frozen
class Moved:
    """An experiment whose points are stored.

    Attributes:
        points: How many.
        checksum: Of the points, as they were read.
        checked: Whether the same was read from where they are now.
    """

    points: int
    checksum: str
    checked: bool = False


async def check(connection: AsyncConnection, shown: str) -> None:
    """Refuse a catalog that is not whole yet.

    Raises:
        CatalogError: A move into it is under way or was interrupted.
    """
    if await source(connection) is not None:
        raise CatalogError(
            f"the catalog {shown} is not whole: a move into it is under way, or was interrupted; "
            "run the same `tora migrate` again, which goes on where it was, or begin with an empty one"
        )


async def source(connection: AsyncConnection) -> str | None:
    """Return the mark of what is being moved to here, None where nothing is."""
    if not await connection.run_sync(lambda inner: sa.inspect(inner).has_table(_moving.name)):
        return None
    found: str | None = await connection.scalar(sa.select(_moving.c.source))
    return found


async def begin(connection: AsyncConnection, source: str) -> None:
    """Note that a move begins."""
    await connection.run_sync(_metadata.create_all)
    await connection.execute(_moving.insert().values(source=source))


async def note(connection: AsyncConnection, experiment_id: str, moved: Moved) -> None:
    """Note that an experiment's points are stored."""
    await forget(connection, experiment_id)
    await connection.execute(
        _moved.insert().values(
            experiment_id=experiment_id, points=moved.points, checksum=moved.checksum, checked=moved.checked
        )
    )


async def note_checked(connection: AsyncConnection, experiment_id: str) -> None:
    """Note that an experiment's points were read back, and are the same."""
    await connection.execute(_moved.update().where(_moved.c.experiment_id == experiment_id).values(checked=True))


async def forget(connection: AsyncConnection, experiment_id: str) -> None:
    """Let an experiment be moved again."""
    await connection.execute(_moved.delete().where(_moved.c.experiment_id == experiment_id))


async def noted(connection: AsyncConnection) -> dict[str, Moved]:
    """Return what is done, by the experiments' ids."""
    rows = await connection.execute(sa.select(_moved))
    return {row.experiment_id: Moved(row.points, row.checksum, bool(row.checked)) for row in rows}


async def end(connection: AsyncConnection) -> None:
    """Note that everything is there: from here on this is a catalog like any other."""
    await connection.run_sync(_metadata.drop_all)
