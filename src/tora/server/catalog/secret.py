"""The server's own secrets, made when they are first asked for."""

from __future__ import annotations

import secrets as random
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from tora.server.catalog.tables import secrets

__all__ = ["get"]

_BYTES: Final = 32


async def get(connection: AsyncConnection, name: str) -> bytes:
    """Return the secret of that name: 32 random bytes, the same for ever."""
    found = await connection.scalar(sa.select(secrets.c.value).where(secrets.c.name == name))
    if found is not None:
        return bytes(found)
    made = random.token_bytes(_BYTES)
    await connection.execute(secrets.insert().values(name=name, value=made))
    return made
