"""Points and signs of life come in."""

from __future__ import annotations

import time

from aiohttp import web

from tora import validation, wire
from tora.server.answers import json_answer
from tora.server.bodies import LARGE_BODY, read_body, read_json
from tora.server.context import CATALOG, HUB, INGEST, METRICS, PRESENCE
from tora.server.shapes import Accepted, Seen
from tora.types import Status

__all__ = ["heartbeat", "logs_batch", "metrics_batch"]


async def logs_batch(request: web.Request) -> web.Response:
    """Store a batch; the answer comes when it is durable."""
    return await _stored(request, wire.Batch)


async def metrics_batch(request: web.Request) -> web.Response:
    """Store a batch of an older client."""
    return await _stored(request, wire.OlderBatch)


async def heartbeat(request: web.Request) -> web.Response:
    """Note that a writer lives, or how it ended."""
    experiment = request.match_info["id"]
    body = await read_json(request, wire.Heartbeat)
    writer = validation.writer_id(body.writer)
    labels = None if body.labels is None else validation.labels(body.labels)
    await request.app[METRICS].sign(experiment, writer, time.time(), body.status, labels)
    if body.status == "lost":
        request.app[PRESENCE].lose(experiment, writer)
        request.app[HUB].changed(experiment)
    else:
        request.app[PRESENCE].sign(experiment, writer)
        if body.status != "running":
            await _end(request, experiment, writer, body.status)
    return json_answer(Seen(writer, body.status))


async def _end(request: web.Request, experiment: str, writer: str, status: Status) -> None:
    # The end of the owner is the end of the experiment; a worker's shows in the list of writers alone.
    catalog = request.app[CATALOG]
    if (await catalog.owners([experiment])).get(experiment) == writer:
        await catalog.set_status(experiment, status, writer)
        request.app[HUB].changed(experiment)


async def _stored(request: web.Request, shape: type[wire.Batch | wire.OlderBatch]) -> web.Response:
    experiment = request.match_info["id"]
    ingest = request.app[INGEST]
    packed = "Content-Encoding" in request.headers
    async with ingest.room(None if packed else request.content_length):
        body = await read_body(request, LARGE_BODY)
        writer, outcome = await ingest.store(experiment, body, shape)
    request.app[PRESENCE].sign(experiment, writer)
    return json_answer(Accepted(outcome.accepted, outcome.through), 201)
