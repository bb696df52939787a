"""The application: its parts, how long each lives, and its routes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

from aiohttp import web

from tora import wire
from tora.server.accounting import accounted
from tora.server.accounts import LOCAL_SESSION_AGE, SESSION_AGE, Accounts
from tora.server.api.export import remove_leftovers
from tora.server.auth import Access, Signers
from tora.server.awake import AwakeClock
from tora.server.backup.making import Backups
from tora.server.catalog import users
from tora.server.catalog.address import postgres_url
from tora.server.context import (
    ACCESS,
    ACCOUNTS,
    BACKUPS,
    CATALOG,
    FEED,
    HUB,
    INGEST,
    KNOWN,
    LIMITS,
    MEASURES,
    METRICS,
    OPENAPI,
    OPTIONS,
    PRESENCE,
    PROXY,
    THROTTLE,
)
from tora.server.cookies import Cookies, cookie_name
from tora.server.feed import Feed
from tora.server.ingest import Ingest
from tora.server.known import KnownExperiments
from tora.server.limits import Limits
from tora.server.listening import WILDCARDS
from tora.server.live import Hub
from tora.server.measures import Measures
from tora.server.metrics.turns import Turns
from tora.server.openapi import document
from tora.server.options import Options
from tora.server.pages import unknown_to_people
from tora.server.presence import Presence
from tora.server.refusals import enveloped
from tora.server.routes import ROUTES, add_routes
from tora.server.security import allowed_hosts, guarded_against_other_sites, set_headers
from tora.server.storage.names import CATALOG_FILE, METRICS_FILE
from tora.server.stores import catalog_of, metrics_of, turns_of
from tora.server.throttle import Throttle

__all__ = ["build_app"]

NOTING: Final = 60.0


def build_app(options: Options, *, port: int, local_key: str, inside: int | None = None) -> web.Application:
    """Return the application of a server.

    Args:
        options: What the server was asked to do.
        port: The port that it listens on.
        local_key: The key of its data folder.
        inside: The port that it listens on for commands on its own machine, where it has one.
    """
    guard = guarded_against_other_sites(allowed_hosts(options, port, inside), wildcard=options.host in WILDCARDS)
    measures = Measures()
    app = web.Application(middlewares=[accounted(options, measures), enveloped, guard, unknown_to_people])
    app[OPTIONS] = options
    app[MEASURES] = measures
    app[PROXY] = options.proxy
    app[THROTTLE] = Throttle(options.proxy)
    app[LIMITS] = None if options.local else Limits.of(options.rate_limit)
    app[HUB] = Hub()
    awake = AwakeClock()
    app[PRESENCE] = Presence(awake)
    cookies = Cookies(port if options.catalog is None else None, options.proxy)
    cookie = cookie_name("session", cookies.port, secure=options.tls is not None)
    app[OPENAPI] = wire.encode(document(ROUTES, cookie=cookie, anonymous=options.anonymous))
    app.on_response_prepare.append(set_headers)
    app.on_shutdown.append(_send_watchers_home)
    app.cleanup_ctx.append(lambda _: _running(awake))
    app.cleanup_ctx.append(lambda app: _stores(app, local_key, cookies))
    app.cleanup_ctx.append(_noting_uses)
    app.cleanup_ctx.append(_measuring)
    add_routes(app)
    return app


async def _stores(app: web.Application, local_key: str, cookies: Cookies) -> AsyncIterator[None]:
    """Open what the handlers work with; at the end store what waits, then close it in the other order."""
    options = app[OPTIONS]
    remove_leftovers(options.dir)
    async with AsyncExitStack() as stack:
        app[CATALOG] = await stack.enter_async_context(catalog_of(options))
        turns = await stack.enter_async_context(turns_of(options))
        app[METRICS] = await stack.enter_async_context(metrics_of(options, turns))
        app[BACKUPS] = Backups(options.dir, app[CATALOG], app[METRICS])
        app[BACKUPS].remove_leftovers()
        app[KNOWN] = KnownExperiments(app[CATALOG])
        await app[CATALOG].run(users.ensure_owner)
        app[ACCOUNTS] = Accounts(app[CATALOG], LOCAL_SESSION_AGE if options.local else SESSION_AGE)
        app[ACCESS] = Access(
            catalog=app[CATALOG],
            known=app[KNOWN],
            local_key=local_key,
            signers=await Signers.of(app[CATALOG]),
            anonymous=options.anonymous,
            proxy=options.proxy,
            cookies=cookies,
            limits=app[LIMITS],
        )
        app[FEED] = await stack.enter_async_context(_feed(app, turns))
        app[INGEST] = await stack.enter_async_context(Ingest(app[KNOWN], app[METRICS], app[FEED], app[MEASURES]))
        yield


@asynccontextmanager
async def _feed(app: web.Application, turns: Turns) -> AsyncIterator[Feed]:
    """Yield where live readers hear of points: of this server's own, or those of all that share its catalog."""
    options = app[OPTIONS]
    if options.catalog is None:
        yield Feed(app[HUB], app[METRICS])
        return
    from tora.server.sharing.joining import joined  # asyncpg, which a server alone does not need

    async with joined(app, postgres_url(options.catalog), turns) as feed:
        yield feed


async def _noting_uses(app: web.Application) -> AsyncIterator[None]:
    """Keep now and then, and at the end, when keys were used."""

    async def now_and_then() -> None:
        while True:
            await asyncio.sleep(NOTING)
            await app[ACCESS].note_uses()

    task = asyncio.create_task(now_and_then(), name="noting-uses")
    yield
    task.cancel()
    await app[ACCESS].note_uses()


async def _measuring(app: web.Application) -> AsyncIterator[None]:
    """Look at what is to be looked at, for as long as the stores are open."""
    measures, folder, hub = app[MEASURES], app[OPTIONS].dir, app[HUB]
    measures.watch("tora_ingest_queue", "Batches that wait to be stored.", lambda: app[INGEST].waiting)
    measures.watch("tora_live_streams", "Event streams that are open.", lambda: hub.streams)
    if not app[CATALOG].is_elsewhere:
        measures.watch_size("catalog", folder / CATALOG_FILE, folder / f"{CATALOG_FILE}-wal")
    if not app[METRICS].is_elsewhere:
        measures.watch_size("metrics", folder / METRICS_FILE, folder / f"{METRICS_FILE}.wal")
    task = asyncio.create_task(measures.look_at_loop(), name="measuring")
    yield
    task.cancel()


async def _running(clock: AwakeClock) -> AsyncIterator[None]:
    task = asyncio.create_task(clock.run(), name="awake")
    yield
    task.cancel()


async def _send_watchers_home(app: web.Application) -> None:
    app[HUB].close()
