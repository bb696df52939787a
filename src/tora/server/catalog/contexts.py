"""What made the runs of experiments: statements on a connection whose transaction the caller holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from tora import validation
from tora.server.catalog import experiments
from tora.server.catalog.tables import contexts

__all__ = ["get", "merge"]


async def get(connection: AsyncConnection, experiment_id: str) -> dict[str, Any]:
    """Return an experiment's context; an empty one where none was told."""
    found = await connection.scalar(sa.select(contexts.c.context).where(contexts.c.experiment_id == experiment_id))
    return {} if found is None else dict(found)


async def merge(connection: AsyncConnection, experiment_id: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Put keys into an experiment's context, in place of those of the same name, and return the whole.

    Raises:
        NotFoundError: There is no such experiment.
        ToraValidationError: The whole would be too large.
    """
    await experiments.hold(connection, experiment_id)
    before = await get(connection, experiment_id)
    after = validation.context({**before, **given})
    if not before:
        await connection.execute(contexts.delete().where(contexts.c.experiment_id == experiment_id))
        await connection.execute(contexts.insert().values(experiment_id=experiment_id, context=after))
    else:
        mine = contexts.c.experiment_id == experiment_id
        await connection.execute(contexts.update().where(mine).values(context=after))
    return after
