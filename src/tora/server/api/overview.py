"""Server-sent events for lists: which experiments are new, changed or gone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from aiohttp import web
from attrs import evolve

from tora import wire
from tora.server.api.events import PING, event_stream, is_still_let_in
from tora.server.context import CALLER, HUB, KNOWN
from tora.server.overview import Overview, Seen
from tora.server.rights import Right

__all__ = ["overview"]

PACE: Final = 1.0
"""Seconds between events at the least: whoever is told loads rows."""


async def overview(request: web.Request) -> web.StreamResponse:
    """Tell which experiments are not what they were, until the reader leaves or the server ends."""
    with request.app[HUB].overviews.watch() as watched:
        response = await event_stream(request)
        try:
            async for message in _messages(request, watched):
                await response.write(message)
        except ConnectionError:
            pass  # the reader has left, or has stopped reading
    return response


async def _messages(request: web.Request, watched: Overview) -> AsyncIterator[bytes]:
    yield b"retry: 2000\n\n"
    while True:
        is_news = await watched.wait(PING)
        if watched.closed or not await is_still_let_in(request, Right.READ):
            return
        yield _told(await _seen_by(request, watched.take())) if is_news else b": ping\n\n"
        await asyncio.sleep(PACE)


async def _seen_by(request: web.Request, seen: Seen) -> Seen:
    """Leave out what the caller may not see."""
    if request[CALLER].is_admin:
        return seen
    changed = frozenset([one for one in seen.changed if await _sees(request, one)])
    return evolve(seen, changed=changed, gone=frozenset([one for one in seen.gone if await _sees(request, one)]))


async def _sees(request: web.Request, experiment: str) -> bool:
    place = await request.app[KNOWN].last_place(experiment)
    return place is not None and request[CALLER].role_on(experiment, place) is not None


def _told(seen: Seen) -> bytes:
    data = {"changed": sorted(seen.changed), "gone": sorted(seen.gone), "reload": seen.reload}
    return b"event: experiments\ndata: %b\n\n" % wire.encode(data)
