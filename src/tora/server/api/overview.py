"""Server-sent events for lists: which experiments are new, changed or gone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from aiohttp import web

from tora import wire
from tora.server.api.events import PING, event_stream
from tora.server.context import HUB
from tora.server.overview import Overview, Seen

__all__ = ["overview"]

PACE: Final = 1.0
"""Seconds between events at the least: whoever is told loads rows."""


async def overview(request: web.Request) -> web.StreamResponse:
    """Tell which experiments are not what they were, until the reader leaves or the server ends."""
    with request.app[HUB].overviews.watch() as watched:
        response = await event_stream(request)
        try:
            async for message in _messages(watched):
                await response.write(message)
        except ConnectionError:
            pass  # the reader has left, or has stopped reading
    return response


async def _messages(watched: Overview) -> AsyncIterator[bytes]:
    yield b"retry: 2000\n\n"
    while True:
        is_news = await watched.wait(PING)
        if watched.closed:
            return
        yield _told(watched.take()) if is_news else b": ping\n\n"
        await asyncio.sleep(PACE)


def _told(seen: Seen) -> bytes:
    data = {"changed": sorted(seen.changed), "gone": sorted(seen.gone), "reload": seen.reload}
    return b"event: experiments\ndata: %b\n\n" % wire.encode(data)
