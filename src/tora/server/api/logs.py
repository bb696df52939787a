"""Points and signs of life come in."""

from __future__ import annotations

import time

from aiohttp import web

from tora import validation, wire
from tora.server.answers import json_answer
from tora.server.bodies import LARGE_BODY, read_body, read_json
from tora.server.context import INGEST, KNOWN, METRICS, PRESENCE

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
    await request.app[KNOWN].check(experiment)
    body = await read_json(request, wire.Heartbeat)
    writer = validation.writer_id(body.writer)
    await request.app[METRICS].sign(experiment, writer, time.time(), body.status)
    request.app[PRESENCE].sign(experiment, writer)
    return json_answer({"writer": writer, "status": body.status})


async def _stored(request: web.Request, shape: type[wire.Batch | wire.OlderBatch]) -> web.Response:
    experiment = request.match_info["id"]
    ingest = request.app[INGEST]
    await request.app[KNOWN].check(experiment)
    packed = "Content-Encoding" in request.headers
    async with ingest.room(None if packed else request.content_length):
        body = await read_body(request, LARGE_BODY)
        writer, outcome = await ingest.store(experiment, body, shape)
    request.app[PRESENCE].sign(experiment, writer)
    return json_answer({"accepted": outcome.accepted, "through": outcome.through}, 201)
