"""Who changed what: statements on a connection whose transaction the caller holds."""

from __future__ import annotations

import sqlalchemy as sa
from attrs import asdict
from sqlalchemy.ext.asyncio import AsyncConnection

from tora.server.catalog.records import AuditEntry
from tora.server.catalog.tables import audit

__all__ = ["add", "page"]


async def add(connection: AsyncConnection, entry: AuditEntry) -> None:
    """Append an entry; its number is given here."""
    values = asdict(entry) | {"details": dict(entry.details)}
    del values["number"]
    await connection.execute(audit.insert().values(values))


async def page(connection: AsyncConnection, limit: int, before: int | None) -> list[AuditEntry]:
    """Return entries, the newest first.

    Args:
        connection: Where to read.
        limit: How many at most.
        before: Only those with a smaller number; None for the newest.
    """
    query = sa.select(audit).order_by(audit.c.number.desc()).limit(limit)
    if before is not None:
        query = query.where(audit.c.number < before)
    rows = await connection.execute(query)
    return [AuditEntry(**row) for row in rows.mappings()]
