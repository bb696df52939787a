"""The number that each request goes by, in the log and in its answer."""

from __future__ import annotations

import re
import secrets
from typing import Final

from aiohttp import web

from tora.server.proxy import Proxy

__all__ = ["HEADER", "REQUEST_ID", "new_request_id", "request_id"]

HEADER: Final = "X-Request-Id"
REQUEST_ID: Final = web.RequestKey("request_id", str)

# What a proxy may call a request: it is logged and sent back, so it must be one short word.
_GIVEN: Final = re.compile(r"[A-Za-z0-9._:/+=@-]{1,128}")


def request_id(request: web.BaseRequest, proxy: Proxy) -> str:
    """Return the id that a trusted proxy gave to a request, or a new one."""
    given = request.headers.get(HEADER, "")
    return given if _GIVEN.fullmatch(given) and proxy.is_in_front_of(request) else new_request_id()


def new_request_id() -> str:
    """Return an id that no other request has."""
    return secrets.token_hex(8)
