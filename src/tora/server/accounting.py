"""What is noted of each request: a line in the log and a figure in the measures."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web

from tora.server.context import CALLER
from tora.server.logbook import LOG
from tora.server.measures import Measures
from tora.server.options import Options
from tora.server.proxy import Proxy
from tora.server.requestid import REQUEST_ID, request_id
from tora.server.rights import Caller

__all__ = ["GONE", "accounted", "route_of"]

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

GONE: Final = 499
"""What the log calls the status of a request whose sender left before its answer; nobody is sent it."""

_LONGEST: Final = 1_000


def accounted(options: Options, measures: Measures) -> Callable[..., Awaitable[web.StreamResponse]]:
    """Return the outermost middleware: it gives each request its id, and notes how it ended.

    A local server keeps no line of each request: its user's own training is all that asks.
    """
    kept = not options.local

    @web.middleware
    async def middleware(request: web.Request, handler: _Handler) -> web.StreamResponse:
        request[REQUEST_ID] = request_id(request, options.proxy)
        start = time.perf_counter()
        status = GONE
        try:
            response = await handler(request)
            status = response.status
        except web.HTTPException as exc:
            status = exc.status
            raise
        finally:
            seconds = time.perf_counter() - start
            route = route_of(request)
            measures.request(request.method, route, status, seconds)
            if kept:
                _note(request, route, status, seconds, options.proxy)
        return response

    return middleware


def route_of(request: web.Request) -> str:
    """Return the pattern that a request's path fits; empty for none."""
    resource = request.match_info.route.resource
    return "" if resource is None else resource.canonical


def _note(request: web.Request, route: str, status: int, seconds: float, proxy: Proxy) -> None:
    caller: Caller = request.get(CALLER, Caller())
    fields = {
        "request_id": request[REQUEST_ID],
        "method": request.method,
        "route": route,
        "path": request.path[:_LONGEST],
        "status": status,
        "ms": round(seconds * 1000, 1),
        "user": caller.user.id if caller.user else None,
        "address": proxy.address(request),
    }
    LOG.info("request", extra={"fields": fields})
