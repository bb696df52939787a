"""Links that show one experiment to anybody: statements on a connection whose transaction the caller holds."""

from __future__ import annotations

import sqlalchemy as sa
from attrs import asdict
from sqlalchemy.ext.asyncio import AsyncConnection

from tora.server.catalog import experiments
from tora.server.catalog.errors import NotFoundError
from tora.server.catalog.records import Share
from tora.server.catalog.tables import shares

__all__ = ["create", "delete", "get", "of_experiment"]


async def create(connection: AsyncConnection, new: Share) -> Share:
    """Insert a link.

    Raises:
        NotFoundError: There is no such experiment.
    """
    await experiments.place(connection, new.experiment_id)
    await connection.execute(shares.insert().values(asdict(new)))
    return new


async def of_experiment(connection: AsyncConnection, experiment_id: str) -> list[Share]:
    """Return the links to an experiment, the newest first."""
    query = sa.select(shares).where(shares.c.experiment_id == experiment_id)
    rows = await connection.execute(query.order_by(shares.c.created_at.desc(), shares.c.id))
    return [Share(**row) for row in rows.mappings()]


async def get(connection: AsyncConnection, share_id: str) -> Share | None:
    """Return a link; None for one that was revoked."""
    row = (await connection.execute(sa.select(shares).where(shares.c.id == share_id))).mappings().first()
    return None if row is None else Share(**row)


async def delete(connection: AsyncConnection, experiment_id: str, share_id: str) -> None:
    """Revoke a link.

    Raises:
        NotFoundError: The experiment has none of that id.
    """
    query = shares.delete().where(shares.c.id == share_id, shares.c.experiment_id == experiment_id)
    result = await connection.execute(query)
    if not result.rowcount:
        raise NotFoundError("share", share_id)
