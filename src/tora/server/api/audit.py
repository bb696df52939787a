"""Who changed what, for administrators."""

from __future__ import annotations

from typing import Annotated

import msgspec
from aiohttp import web

from tora.server.answers import json_answer
from tora.server.catalog import audit
from tora.server.context import CATALOG
from tora.server.queries import read_query
from tora.server.shapes import Actor, AuditItem, AuditPage

__all__ = ["AuditQuery", "list_"]


class AuditQuery(msgspec.Struct):
    """The query of ``GET /audit``."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 100
    before: Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)] | None = None


async def list_(request: web.Request) -> web.Response:
    """Return what was changed and by whom, the newest first."""
    query = read_query(request, AuditQuery)
    found = await request.app[CATALOG].run(audit.page, query.limit, query.before)
    items = [
        AuditItem(
            number=one.number,
            at=one.at,
            actor=Actor(one.actor_id, one.actor_name),
            address=one.address,
            action=one.action,
            target=one.target,
            details=dict(one.details),
        )
        for one in found
    ]
    return json_answer(AuditPage(items, next=found[-1].number if len(found) == query.limit else None))
