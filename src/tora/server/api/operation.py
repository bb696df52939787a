"""What operators and their programs ask of a server."""

from __future__ import annotations

import asyncio
import math

from aiohttp import web

from tora.server.audit import note
from tora.server.catalog import CatalogError
from tora.server.context import BACKUPS, CATALOG, MEASURES
from tora.server.measures import CONTENT_TYPE

__all__ = ["backup", "prometheus"]


async def backup(request: web.Request) -> web.StreamResponse:
    """Send all that was acknowledged up to now: a tar that `tora restore` makes a data folder of."""
    async with request.app[BACKUPS].made() as archive:
        await note(request, "backup.make", archive.name)
        response = web.StreamResponse(headers={"Content-Type": "application/x-tar"})
        response.headers["Content-Disposition"] = f'attachment; filename="{archive.name}"'
        response.content_length = archive.size
        await response.prepare(request)
        pieces = archive.pieces()
        while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
            await response.write(piece)
        await response.write_eof()
    return response


async def prometheus(request: web.Request) -> web.Response:
    """Return how the server fares, as Prometheus collects it."""
    await _note_sizes(request.app)
    text = await asyncio.to_thread(request.app[MEASURES].text)
    return web.Response(body=text, headers={"Content-Type": CONTENT_TYPE})


async def _note_sizes(app: web.Application) -> None:
    """Ask for the size of what is in no file here; a database that does not answer says something else then."""
    if app[CATALOG].is_elsewhere:
        try:
            size = float(await app[CATALOG].size())
        except CatalogError:
            size = math.nan
        app[MEASURES].note_size("catalog", size)
