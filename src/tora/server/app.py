"""The application: its parts, how long each lives, and its routes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

from aiohttp import web

from tora import wire
from tora.server.api.export import remove_leftovers
from tora.server.api.openapi import document
from tora.server.auth import Access
from tora.server.awake import AwakeClock
from tora.server.catalog import Catalog
from tora.server.context import ACCESS, CATALOG, HUB, INGEST, KNOWN, METRICS, OPENAPI, OPTIONS, PRESENCE
from tora.server.ingest import Ingest
from tora.server.known import KnownExperiments
from tora.server.listening import WILDCARDS
from tora.server.live import Hub
from tora.server.metrics.duckdb import DuckDBMetrics
from tora.server.options import Options
from tora.server.pages import unknown_to_people
from tora.server.presence import Presence
from tora.server.refusals import enveloped
from tora.server.routes import ROUTES, add_routes
from tora.server.security import allowed_hosts, guarded_against_other_sites, set_headers

__all__ = ["build_app"]


def build_app(options: Options, *, port: int, local_key: str) -> web.Application:
    """Return the application of a server.

    Args:
        options: What the server was asked to do.
        port: The port that it listens on.
        local_key: The key of its data folder.
    """
    guard = guarded_against_other_sites(allowed_hosts(options, port), wildcard=options.host in WILDCARDS)
    app = web.Application(middlewares=[enveloped, guard, unknown_to_people])
    app[OPTIONS] = options
    app[HUB] = Hub()
    awake = AwakeClock()
    app[PRESENCE] = Presence(awake)
    app[OPENAPI] = wire.encode(document(ROUTES))
    app.on_response_prepare.append(set_headers)
    app.on_shutdown.append(_send_watchers_home)
    app.cleanup_ctx.append(lambda _: _running(awake))
    app.cleanup_ctx.append(lambda app: _stores(app, local_key))
    add_routes(app)
    return app


async def _stores(app: web.Application, local_key: str) -> AsyncIterator[None]:
    """Open what the handlers work with; at the end store what waits, then close it in the other order."""
    options = app[OPTIONS]
    remove_leftovers(options.dir)
    async with AsyncExitStack() as stack:
        app[CATALOG] = await stack.enter_async_context(Catalog.in_file(options.dir / "catalog.sqlite"))
        app[METRICS] = await stack.enter_async_context(DuckDBMetrics(options.dir / "metrics.duckdb"))
        app[KNOWN] = KnownExperiments(app[CATALOG])
        app[INGEST] = await stack.enter_async_context(Ingest(app[KNOWN], app[METRICS], app[HUB]))
        app[ACCESS] = Access(
            local_key=local_key,
            secret=await app[CATALOG].secret("write-token"),
            anonymous=options.anonymous or options.local,
        )
        yield


async def _running(clock: AwakeClock) -> AsyncIterator[None]:
    task = asyncio.create_task(clock.run(), name="awake")
    yield
    task.cancel()


async def _send_watchers_home(app: web.Application) -> None:
    app[HUB].close()
