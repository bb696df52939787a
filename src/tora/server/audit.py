"""Who changed what, kept in the catalog."""

from __future__ import annotations

import datetime as dt
from typing import Any

from aiohttp import web

from tora.server.catalog import audit
from tora.server.catalog.records import AuditEntry
from tora.server.context import CALLER, CATALOG, PROXY
from tora.server.rights import Caller

__all__ = ["note"]


async def note(request: web.Request, action: str, target: str, **details: Any) -> None:
    """Keep that a caller did something; to be called once it is done.

    Args:
        request: The call.
        action: What was done, such as ``member.set``.
        target: The id of what it was done to.
        details: What else there is to know; never a key or a password.
    """
    caller: Caller = request.get(CALLER, Caller())
    entry = AuditEntry(
        number=0,
        at=dt.datetime.now(dt.UTC),
        actor_id=caller.user.id if caller.user else None,
        actor_name=_name(caller),
        address=request.app[PROXY].address(request),
        action=action,
        target=target,
        details=details,
    )
    await request.app[CATALOG].run(audit.add, entry)


def _name(caller: Caller) -> str:
    who = caller.user.name if caller.user else "anonymous"
    return f"{who} ({caller.credential})" if caller.credential else who
