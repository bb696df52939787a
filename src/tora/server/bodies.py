"""Request bodies, read within bounds of size and time."""

from __future__ import annotations

import asyncio
from typing import Final, TypeVar

from aiohttp import web

from tora import validation, wire
from tora.server.refusals import Refusal

__all__ = ["LARGE_BODY", "SMALL_BODY", "read_body", "read_json"]

T = TypeVar("T")

SMALL_BODY: Final = 1024 * 1024
LARGE_BODY: Final = validation.MAX_BATCH_BYTES

GRACE: Final = 10.0
"""Seconds that a body of any size may take to arrive."""

RATE: Final = 64 * 1024
"""Bytes that must have arrived in each second beyond that: a large body takes room that others wait for."""

_JSON: Final = "application/json"


async def read_json(request: web.Request, shape: type[T], limit: int = SMALL_BODY) -> T:
    """Return the request's body as a record."""
    return wire.decode(await read_body(request, limit), shape)


async def read_body(request: web.Request, limit: int) -> bytes:
    """Return the body, unpacked, of at most so many bytes.

    The bound holds for what comes out of chunks and compression too: reading stops where it is passed.
    """
    _check_type(request)
    if (request.content_length or 0) > limit:
        raise _too_large(limit)
    body = bytearray()
    start = asyncio.get_running_loop().time()
    try:
        async with asyncio.timeout(GRACE) as patience:
            while chunk := await request.content.readany():
                body += chunk
                if len(body) > limit:
                    raise _too_large(limit)
                patience.reschedule(start + GRACE + len(body) / RATE)
    except TimeoutError:
        raise _too_slow(len(body)) from None
    return bytes(body)


def _check_type(request: web.Request) -> None:
    # A form, or plain text, is also what a page of another origin can send without asking first.
    if "Content-Type" in request.headers and request.content_type != _JSON:
        raise Refusal(
            415,
            "unsupported_media_type",
            f"the body must be sent with Content-Type: {_JSON}, got {validation.shown(request.content_type)}",
        )


def _too_slow(size: int) -> Refusal:
    return Refusal(
        408,
        "timeout",
        f"the body came too slowly: {size:,} bytes so far; it may take {GRACE:.0f} s and a second more for each "
        f"{RATE // 1024} KiB; send it again, in smaller parts on a slow line",
    )


def _too_large(limit: int) -> Refusal:
    return Refusal(
        413, "too_large", f"the body may have at most {limit:,} bytes ({limit // 1024**2} MiB); send it in parts"
    )
