"""Answers that succeed."""

from __future__ import annotations

from aiohttp import web

from tora import wire

__all__ = ["json_answer"]


def json_answer(data: object, status: int = 200) -> web.Response:
    """Return what was asked for in the protocol's envelope."""
    return web.Response(body=wire.success(data, status), status=status, content_type="application/json")
