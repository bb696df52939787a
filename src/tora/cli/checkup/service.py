"""The server that clients use: whether it answers, is as new as this tora, knows the key, and has the same time."""

from __future__ import annotations

import datetime as dt
import socket
import time
from collections.abc import AsyncIterator
from contextlib import closing
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final

from tora._version import __version__
from tora.cli.checkup.result import Check, fine, odd, wrong
from tora.errors import ToraError

if TYPE_CHECKING:
    from tora._async.http import Endpoint
    from tora.config import Settings

__all__ = ["service_checks"]

_WITHIN: Final = 10.0
_APART: Final = 5.0
"""Seconds that two clocks may differ; the answer's own is in whole ones."""


async def service_checks(settings: Settings) -> AsyncIterator[Check]:
    """Look at the server of the settings, or at the one of the data folder; none is started."""
    from tora._async.http import Endpoint
    from tora.cli.backup import running

    if settings.server_url is None:
        try:
            endpoint = running(settings.dir)
        except ToraError as exc:
            yield wrong("server", str(exc), "use it from there, or choose another folder with --dir or TORA_DIR")
            return
        if endpoint is None:
            yield _port(settings)
            return
    else:
        endpoint = Endpoint(settings.server_url, settings.api_key)
    async for check in _answers(endpoint):
        yield check


def _port(settings: Settings) -> Check:
    with closing(socket.socket()) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", settings.port))
        except OSError as exc:
            said = f"no local server runs, and port {settings.port} cannot be had: {exc.strerror}"
            return odd("server", said, "it takes another port when it starts; choose one with TORA_PORT")
    return fine("server", f"no local server runs; one starts when it is needed (port {settings.port} is free)")


async def _answers(endpoint: Endpoint) -> AsyncIterator[Check]:
    import aiohttp

    headers = {"x-api-key": endpoint.key} if endpoint.key else {}
    timeout = aiohttp.ClientTimeout(total=_WITHIN)
    try:
        async with aiohttp.ClientSession(endpoint.url, timeout=timeout) as http:
            async with http.get("/health") as answer:
                health: Any = (await answer.json())["data"]
                apart = _apart(answer.headers.get("Date", ""))
            async with http.get("/session", headers=headers) as answer:
                known = answer.status
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError, KeyError, TypeError) as exc:
        said = f"{endpoint.url} does not answer as a Tora server: {str(exc) or type(exc).__name__}"
        yield wrong("server", said, "check TORA_SERVER_URL, the network, and that the server runs")
        return
    yield fine("server", f"{endpoint.url} answers")
    yield _version(str(health.get("version")))
    if known == 401:
        yield wrong("key", f"{endpoint.url} does not know the API key", "make one under Settings, then `tora login`")
    elif endpoint.key is None:
        yield odd("key", "there is none", "run `tora login` unless the server lets everybody in")
    else:
        yield fine("key", "the server knows it")
    if abs(apart) > _APART:
        said = f"the server's clock is {abs(apart):.0f} s {'ahead of' if apart > 0 else 'behind'} this machine's"
        yield wrong("clock", said, "set both by NTP: the times of metrics come from here")
    else:
        yield fine("clock", "the server's is this machine's")


def _version(version: str) -> Check:
    if version == __version__:
        return fine("version", f"{version}, as here")
    return odd("version", f"the server is Tora {version}, this is {__version__}", "use the same, the server's first")


def _apart(date: str) -> float:
    at = parsedate_to_datetime(date)
    return (at if at.tzinfo else at.replace(tzinfo=dt.UTC)).timestamp() - time.time()
