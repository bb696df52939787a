"""Being one of several servers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import sqlalchemy as sa
from aiohttp import web

from tora.server.catalog import CatalogError
from tora.server.context import ACCESS, HUB, KNOWN, LIMITS, METRICS, PRESENCE, THROTTLE
from tora.server.feed import Feed
from tora.server.metrics.turns import Turns
from tora.server.sharing.address import ERRORS
from tora.server.sharing.bus import Bus
from tora.server.sharing.feed import SharedFeed
from tora.server.sharing.hearing import Hearing
from tora.server.sharing.telling import Telling
from tora.server.sharing.turns import PostgresTurns

__all__ = ["joined"]


@asynccontextmanager
async def joined(app: web.Application, url: sa.URL, turns: Turns) -> AsyncIterator[Feed]:
    """Hear the other servers of a catalog, and tell them, for as long as the block lasts.

    Args:
        app: The server's; all of its parts are there but its feed, and what stores points.
        url: Where the catalog is.
        turns: Those by which its store is written; where it has a store of its own, nobody else's points are in it.

    Raises:
        CatalogError: The database cannot be listened to.
    """
    async with AsyncExitStack() as stack:
        telling = Telling(app[PRESENCE])
        feed = Feed(app[HUB], app[METRICS])
        if isinstance(turns, PostgresTurns):
            feed = shared = SharedFeed(app[HUB], app[METRICS], turns, app[KNOWN], telling.points)
            await stack.enter_async_context(shared.looking())
        hearing = Hearing(app[ACCESS], app[HUB], app[PRESENCE], app[LIMITS], app[THROTTLE], feed)
        bus = Bus(url, hearing)
        try:
            await stack.enter_async_context(bus)
        except ERRORS as exc:
            raise CatalogError(f"the catalog's database cannot be listened to: {exc}") from exc
        telling.attach(bus.publish, app[LIMITS], app[THROTTLE])
        await stack.enter_async_context(telling.going_on(bus.publish))
        yield feed
