"""API keys in the catalog: statements on a connection whose transaction the caller holds."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import sqlalchemy as sa
from attrs import asdict
from sqlalchemy.ext.asyncio import AsyncConnection

from tora.server.catalog import workspaces
from tora.server.catalog.changes import held
from tora.server.catalog.errors import NotFoundError
from tora.server.catalog.records import ApiKey
from tora.server.catalog.tables import api_keys

__all__ = ["by_token", "create", "delete", "of_user", "used"]


async def create(connection: AsyncConnection, key: ApiKey, token_hash: bytes) -> ApiKey:
    """Insert a key.

    Raises:
        NotFoundError: There is no such workspace.
    """
    if key.workspace_id is not None:
        await workspaces.get(connection, key.workspace_id)
    await connection.execute(api_keys.insert().values(asdict(key) | {"token_hash": token_hash}))
    return key


async def of_user(connection: AsyncConnection, user_id: str) -> list[ApiKey]:
    """Return a user's keys, the newest first."""
    query = sa.select(api_keys).where(api_keys.c.user_id == user_id)
    rows = await connection.execute(query.order_by(api_keys.c.created_at.desc(), api_keys.c.id))
    return [_record(row) for row in rows.mappings()]


async def by_token(connection: AsyncConnection, token_hash: bytes) -> ApiKey | None:
    """Return the key of a token; None for one that was never made, or was revoked."""
    query = sa.select(api_keys).where(api_keys.c.token_hash == token_hash)
    row = (await connection.execute(query)).mappings().first()
    return None if row is None else _record(row)


async def delete(connection: AsyncConnection, key_id: str, user_id: str) -> ApiKey:
    """Revoke a user's key and return what it was."""
    query = sa.select(api_keys).where(api_keys.c.id == key_id, api_keys.c.user_id == user_id)
    row = (await connection.execute(held(query))).mappings().first()
    if row is None:
        raise NotFoundError("key", key_id)
    await connection.execute(api_keys.delete().where(api_keys.c.id == key_id))
    return _record(row)


async def used(connection: AsyncConnection, times: Mapping[str, dt.datetime]) -> None:
    """Note when keys were used last, unless a later time is known."""
    last = api_keys.c.last_used_at
    for key_id, at in sorted(times.items()):  # in one order everywhere, lest two servers wait for each other
        earlier = sa.or_(last.is_(None), last < at)
        await connection.execute(api_keys.update().where(api_keys.c.id == key_id, earlier).values(last_used_at=at))


def _record(row: sa.RowMapping) -> ApiKey:
    return ApiKey(**{name: value for name, value in row.items() if name != "token_hash"})
