"""Whether the server answers, and which it is."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from tora._version import __version__
from tora.server.answers import json_answer
from tora.server.context import OPTIONS

__all__ = ["PROTOCOL", "health"]

PROTOCOL: Final = 1


async def health(request: web.Request) -> web.Response:
    """Say that the server answers, its version and its mode."""
    return json_answer({"version": __version__, "protocol": PROTOCOL, "mode": request.app[OPTIONS].mode})
