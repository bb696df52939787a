"""Workspaces in the catalog: statements on a connection whose transaction the caller holds."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from typing import Any, Final

import sqlalchemy as sa
from attrs import asdict, evolve
from sqlalchemy.ext.asyncio import AsyncConnection

from tora.models import Workspace
from tora.server.catalog.changes import held
from tora.server.catalog.errors import NotFoundError
from tora.server.catalog.tables import members, workspaces

__all__ = ["CHANGEABLE", "change", "create", "delete", "every", "get", "hold"]

CHANGEABLE: Final = frozenset({"description", "name"})


async def create(connection: AsyncConnection, new: Workspace, owner: str | None) -> Workspace:
    """Insert a workspace with its owner, unless its id is there; return what is stored."""
    found = await _find(connection, new.id)
    if found is not None:
        return found
    now = dt.datetime.now(dt.UTC)
    workspace = evolve(new, created_at=new.created_at or now, updated_at=new.updated_at or now)
    await connection.execute(workspaces.insert().values(asdict(workspace)))
    if owner is not None:
        await connection.execute(members.insert().values(workspace_id=workspace.id, user_id=owner, role="owner"))
    return workspace


async def get(connection: AsyncConnection, workspace_id: str) -> Workspace:
    """Return a workspace."""
    found = await _find(connection, workspace_id)
    if found is None:
        raise NotFoundError("workspace", workspace_id)
    return found


async def hold(connection: AsyncConnection, workspace_id: str) -> None:
    """Let nobody else change a workspace, or what belongs to it, until the transaction ends.

    Raises:
        NotFoundError: There is none of that id.
    """
    if await connection.scalar(held(sa.select(workspaces.c.id).where(workspaces.c.id == workspace_id))) is None:
        raise NotFoundError("workspace", workspace_id)


async def every(connection: AsyncConnection, ids: Collection[str] | None) -> list[Workspace]:
    """Return those of these that are there, or all, by name."""
    query = sa.select(workspaces)
    rows = await connection.execute(query if ids is None else query.where(workspaces.c.id.in_(sorted(ids))))
    return sorted((Workspace(**row) for row in rows.mappings()), key=lambda one: (one.name.casefold(), one.id))


async def change(connection: AsyncConnection, workspace_id: str, changes: Mapping[str, Any]) -> Workspace:
    """Change some fields; what is not named stays as it is."""
    if not changes:
        return await get(connection, workspace_id)
    await hold(connection, workspace_id)
    before = await get(connection, workspace_id)
    after = evolve(before, **changes, updated_at=dt.datetime.now(dt.UTC))
    await connection.execute(workspaces.update().where(workspaces.c.id == workspace_id).values(asdict(after)))
    return after


async def delete(connection: AsyncConnection, workspace_id: str) -> None:
    """Delete a workspace; its experiments stay, without one."""
    result = await connection.execute(workspaces.delete().where(workspaces.c.id == workspace_id))
    if not result.rowcount:
        raise NotFoundError("workspace", workspace_id)


async def _find(connection: AsyncConnection, workspace_id: str) -> Workspace | None:
    row = (await connection.execute(sa.select(workspaces).where(workspaces.c.id == workspace_id))).mappings().first()
    return None if row is None else Workspace(**row)
