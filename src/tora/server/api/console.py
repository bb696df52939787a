"""What programs print: it comes in line by line, and is read page by page."""

from __future__ import annotations

from typing import Annotated

import msgspec
from aiohttp import web

from tora import validation, wire
from tora.server.answers import json_answer
from tora.server.bodies import read_json
from tora.server.catalog import console
from tora.server.context import CATALOG, PRESENCE
from tora.server.queries import read_query
from tora.server.shapes import Console, ConsoleKept, ConsoleLineShown

__all__ = ["ConsoleQuery", "append", "page"]


class ConsoleQuery(msgspec.Struct):
    """The query of ``GET .../console``; with ``before`` the last lines before it are answered."""

    after: Annotated[int, msgspec.Meta(ge=0, le=2**53)] = 0
    before: Annotated[int, msgspec.Meta(ge=1, le=2**53)] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=validation.MAX_CONSOLE_LINES)] = 1000


async def append(request: web.Request) -> web.Response:
    """Store lines; those that are stored already are known by the writer and their number."""
    experiment = request.match_info["id"]
    body = await read_json(request, wire.ConsoleChunk)
    writer = validation.writer_id(body.writer)
    lines = [console.Printed(line.time, line.stream, line.text) for line in body.lines]
    through = await request.app[CATALOG].run(console.append, experiment, writer, body.first, lines)
    request.app[PRESENCE].sign(experiment, writer)
    return json_answer(ConsoleKept(len(body.lines), through), 201)


async def page(request: web.Request) -> web.Response:
    """Return lines in the order in which they arrived."""
    query = read_query(request, ConsoleQuery)
    found = await request.app[CATALOG].run(
        console.page, request.match_info["id"], query.limit, after=query.after, before=query.before
    )
    items = [_line(one) for one in found]
    is_full = len(found) == query.limit and query.before is None
    return json_answer(Console(items, next=found[-1].number if is_full else None))


def _line(row: console.Row) -> ConsoleLineShown:
    printed = row.printed
    return ConsoleLineShown(row.number, row.writer, printed.time, printed.stream, printed.text)
