"""Server-sent events: an experiment's new points and changes, as they come.

Each event's id is a tick, the cursor of the store: a reader that comes back with the last one it saw
gets the points that came after it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Final

from aiohttp import web

from tora import wire
from tora.server.api.series import column_to_wire
from tora.server.catalog import NotFoundError
from tora.server.context import ACCESS, CALLER, CATALOG, FEED, METRICS
from tora.server.feed import new_points
from tora.server.live import MAX_TOLD_POINTS, Update, Watcher
from tora.server.metrics.base import Chunk, MetricsStore
from tora.server.refusals import Refusal
from tora.server.rights import Right
from tora.server.shown import shown

__all__ = ["PING", "event_stream", "events", "is_still_let_in"]

PING: Final = 15.0
"""Seconds without news after which a comment shows that the connection lives."""

PACE: Final = 0.25
"""Seconds between updates at the least."""


async def events(request: web.Request) -> web.StreamResponse:
    """Send an experiment's events until the reader leaves, the experiment is deleted or the server ends."""
    experiment = request.match_info["id"]
    store = request.app[METRICS]
    async with request.app[FEED].watching(experiment) as watcher:
        response = await event_stream(request)
        await _catch_up(store, experiment, request.headers.get("Last-Event-ID"), watcher)
        watcher.change()  # the record may have changed since the page was loaded
        try:
            async for message in _messages(request, experiment, watcher):
                await response.write(message)
        except ConnectionError:
            pass  # the reader has left, or has stopped reading
    return response


async def event_stream(request: web.Request) -> web.StreamResponse:
    """Begin an answer that goes on for as long as its reader stays."""
    response = web.StreamResponse(
        headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    )
    await response.prepare(request)
    return response


async def is_still_let_in(request: web.Request, right: Right, experiment: str | None = None) -> bool:
    """Return whether the reader of a stream may still read it: keys end while streams go on."""
    access = request.app[ACCESS]
    try:
        request[CALLER] = await access.caller(request)
        await access.check(request[CALLER], right, id=experiment)
    except (Refusal, NotFoundError):
        return False
    return True


async def _messages(request: web.Request, experiment: str, watcher: Watcher) -> AsyncIterator[bytes]:
    told_status = None
    yield b"retry: 2000\n\n"
    while True:
        is_news = await watcher.wait(PING)
        if watcher.closed or not await is_still_let_in(request, Right.READ, experiment):
            return
        update = watcher.take()
        if update.points or update.reload:
            yield _message("points", _points_to_wire(update), update.tick)
        # Silence is no event: that a running experiment was lost shows when we look again.
        if update.changed or not is_news:
            record = await _record(request, experiment)
            if record is None:
                return
            if update.changed or record["status"] != told_status:
                told_status = record["status"]
                yield _message("experiment", record, update.tick)
            else:
                yield b": ping\n\n"
        await asyncio.sleep(PACE)


async def _record(request: web.Request, experiment: str) -> dict[str, Any] | None:
    try:
        found = await request.app[CATALOG].experiment(experiment)
    except NotFoundError:
        return None
    return wire.experiment_to_wire((await shown(request, [found]))[0])


async def _catch_up(store: MetricsStore, experiment: str, cursor: str | None, watcher: Watcher) -> None:
    """Gather what came after the last event that the reader saw, as far as that can be told."""
    if cursor is None:
        return
    # A cursor of another store, or of a data folder that was restored, means nothing here.
    after = int(cursor) if cursor.isascii() and cursor.isdecimal() and len(cursor) < 19 else -1
    told = 0
    if 0 <= after <= watcher.start:
        async for chunk in store.export(experiment, after, watcher.start):  # the hub tells what is newer
            told += len(chunk.name)
            if told > MAX_TOLD_POINTS:
                break
            _gather(chunk, watcher)
        else:
            return
    summaries = await store.summaries([experiment])
    watcher.reload([summary.name for summary in summaries.get(experiment, [])])


def _gather(chunk: Chunk, watcher: Watcher) -> None:
    missed, reload = new_points(chunk)
    watcher.reload(reload)
    watcher.add_missed(missed)


def _points_to_wire(update: Update) -> dict[str, Any]:
    told: list[dict[str, Any]] = [
        {
            "name": new.name,
            "writer": new.writer,
            "tick": new.tick,
            "x": new.x.tolist(),
            "y": column_to_wire("last", new.value),
            "time": new.time.tolist(),
        }
        for new in update.points
    ]
    return {"tick": update.tick, "metrics": told + [{"name": name, "reload": True} for name in sorted(update.reload)]}


def _message(event: str, data: object, tick: int) -> bytes:
    return b"event: %b\nid: %d\ndata: %b\n\n" % (event.encode(), tick, wire.encode(data))
