"""What the server says of itself."""

from __future__ import annotations

from aiohttp import web

from tora.server.context import OPENAPI

__all__ = ["openapi"]


async def openapi(request: web.Request) -> web.Response:
    """Return this description."""
    return web.Response(body=request.app[OPENAPI], content_type="application/json")
