"""Streams of events have no end: the beginning is read, and the connection closed."""

from __future__ import annotations

import io
from typing import Any, Final

import requests
from urllib3 import HTTPResponse

__all__ = ["beginning_of_stream"]

_PART: Final = 4096


def beginning_of_stream(response: requests.Response, **_: Any) -> None:
    """Let what comes first of a stream be all of it; a hook of requests."""
    if response.headers.get("Content-Type", "").startswith("text/event-stream"):
        stream = response.raw
        body = io.BytesIO(stream.read1(_PART))
        response.raw = HTTPResponse(body=body, headers=stream.headers, status=stream.status, preload_content=False)
        stream.close()
