"""Whether the server answers, and which it is."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from tora._version import __version__
from tora.server.answers import json_answer
from tora.server.context import OPTIONS
from tora.server.shapes import Health

__all__ = ["PROTOCOL", "health"]

PROTOCOL: Final = 1


async def health(request: web.Request) -> web.Response:
    """Say that the server answers, its version and its mode."""
    return json_answer(Health(__version__, PROTOCOL, request.app[OPTIONS].mode))
