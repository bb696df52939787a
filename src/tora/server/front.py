"""The application behind its sockets: it answers once its stores are open, and ends when all is stored."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final, Self

from aiohttp import http_exceptions, web

from tora import wire
from tora.server.app import build_app
from tora.server.firststart import instructions
from tora.server.limits import Crowd
from tora.server.listening import BACKLOG
from tora.server.logbook import LOG
from tora.server.options import Options
from tora.server.requestid import HEADER, REQUEST_ID, request_id
from tora.server.security import HEADERS
from tora.server.tls import tls_context

__all__ = ["Front"]

GRACE: Final = 5.0
"""Seconds that requests under way get when the server ends."""

KEEPALIVE: Final = 75.0
"""Seconds for which a connection may be silent, before its first request and between two."""

HEAD: Final = 15.0
"""Seconds that a request's head may take from its first byte; who sends it byte by byte keeps a place from others."""

STALLED: Final = 60.0
"""Seconds after which a connection is cut whose reader has taken nothing of what it was sent."""

LINE: Final = 80 * 1024
"""Bytes of a request's first line: a list can be asked for 1,000 experiments by their ids."""

_SENDERS_FAULTS: Final = (web.RequestPayloadError, http_exceptions.HttpProcessingError)


class Front:
    """A server that answers for as long as its block lasts.

    Raises:
        TlsError: The certificate cannot be used.
        StoreError, CatalogError: On entry; a store cannot be opened.
    """

    def __init__(
        self, options: Options, sockets: Sequence[socket.socket], local_key: str, inside: socket.socket | None = None
    ) -> None:
        port = sockets[0].getsockname()[1]
        tls = tls_context(options.tls)
        self._sockets = [*((each, tls) for each in sockets), *([] if inside is None else [(inside, None)])]
        self._options = options
        self._app = web.AppRunner(
            build_app(
                options, port=port, local_key=local_key, inside=None if inside is None else inside.getsockname()[1]
            ),
            access_log=None,
        )

    async def __aenter__(self) -> Self:
        await self._app.setup()
        inner = self._app.server
        assert inner is not None, "setup() makes it"  # noqa: S101
        self._server = _Server(inner, self._options)
        self._front = web.ServerRunner(self._server, shutdown_timeout=GRACE)
        await self._front.setup()
        for each, tls in self._sockets:
            await web.SockSite(self._front, each, ssl_context=tls, backlog=BACKLOG).start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._app.shutdown()  # event streams end, or the next line would wait for them
        await self._front.cleanup()  # no new connections; what is under way is answered
        await self._app.cleanup()  # what was accepted is stored, the stores are closed

    async def instructions(self, url: str) -> str | None:
        """Return what the operator has to do first; None for nothing."""
        return await instructions(self._app.app, url)

    async def until_idle(self, seconds: float) -> None:
        """Return when for so many seconds nobody was connected and nothing was asked."""
        asked, since = -1, 0.0
        clock = asyncio.get_running_loop().time
        while True:
            if self._server.connections or self._server.requests_count != asked:
                asked, since = self._server.requests_count, clock()
            left = since + seconds - clock()
            if left <= 0:
                return
            await asyncio.sleep(min(left, max(seconds / 20, 0.05)))


class _Server(web.Server):
    """The factory of connections; like aiohttp's own but for what it says to broken HTTP."""

    def __init__(self, inner: web.Server, options: Options) -> None:
        super().__init__(inner.request_handler, request_factory=inner.request_factory)
        self._options = options
        self.crowd = None if options.local else Crowd()

    def __call__(self) -> web.RequestHandler:
        loop = asyncio.get_running_loop()
        # None is aiohttp's word for no access log, though its type does not say so.
        return _Connection(
            self,
            self._options,
            loop=loop,
            keepalive_timeout=KEEPALIVE,
            access_log=None,
            max_line_size=LINE,
        )


class _Connection(web.RequestHandler):
    """One connection; what fails before or behind the application gets the protocol's envelope too.

    A reader that does not read is cut off: what it was to be sent would stay in memory for ever.
    """

    __slots__ = ("_crowd", "_head", "_options", "_watch", "_who")

    _head: asyncio.TimerHandle | None
    _watch: asyncio.TimerHandle | None
    _who: str | None

    def __init__(self, manager: _Server, options: Options, **settings: Any) -> None:
        self._options = options
        self._crowd = manager.crowd
        super().__init__(manager, **settings)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._head = self._watch = self._who = None
        super().connection_made(transport)
        self._enter(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        """End."""
        self._stop_watching()
        self._head_came()
        if self._crowd is not None and self._who is not None:
            self._crowd.leave(self._who)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what arrives; a head that has begun must be whole before long."""
        super().data_received(data)
        waiter = self._waiter  # of who waits for a whole head
        if waiter is None or waiter.done():
            self._head_came()
        elif self._head is None and self.transport is not None:
            self._head = asyncio.get_running_loop().call_later(HEAD, self.transport.abort)

    def pause_writing(self) -> None:
        """More waits to be sent than the transport likes: look whether it becomes less."""
        super().pause_writing()
        if self.transport is not None:
            self._watch_reader(self.transport)

    def resume_writing(self) -> None:
        """The reader has read."""
        self._stop_watching()
        super().resume_writing()

    def _head_came(self) -> None:
        if self._head is not None:
            self._head.cancel()
            self._head = None

    def _enter(self, transport: asyncio.BaseTransport) -> None:
        """Count the connection, or cut it where its address has too many; our own proxies bring everybody's."""
        address = (transport.get_extra_info("peername") or ("",))[0]
        if self._crowd is None or self._options.proxy.trusts(address):
            return
        if self._crowd.enter(address):
            self._who = address
        elif self.transport is not None:
            self.transport.abort()

    def _watch_reader(self, transport: asyncio.Transport) -> None:
        size = transport.get_write_buffer_size()
        self._watch = asyncio.get_running_loop().call_later(STALLED, self._look_at_reader, transport, size)

    def _look_at_reader(self, transport: asyncio.Transport, before: int) -> None:
        if transport.get_write_buffer_size() < before:
            self._watch_reader(transport)
        else:
            transport.abort()

    def _stop_watching(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None

    def log_exception(self, *args: Any, **kwargs: Any) -> None:
        """Log what failed here; a body or a header that cannot be read is its sender's affair."""
        if not isinstance(kwargs.get("exc_info"), _SENDERS_FAULTS):
            super().log_exception(*args, **kwargs)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = HTTPStatus.INTERNAL_SERVER_ERROR,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Return the answer to a request that the application could not answer."""
        if request.writer.output_size > 0:
            raise ConnectionAbortedError("an answer is under way; cut it, so that its reader sees that it is not whole")
        id_ = request.get(REQUEST_ID) or request_id(request, self._options.proxy)
        # Of HTTP that cannot be read there are no headers that say where it came from.
        real = isinstance(request, web.Request) and status >= HTTPStatus.INTERNAL_SERVER_ERROR
        fields = {"request_id": id_, "address": self._options.proxy.address(request) if real else request.remote}
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            if not isinstance(exc, ConnectionError):  # the sender is gone, and its request with it
                LOG.error("a request failed outside of its handler", exc_info=exc, extra={"fields": fields})
            body = wire.failure(status, "internal", "the server failed at this; its log says why")
        else:
            # The first line says what is wrong, the rest repeats what was sent.
            problem = (message or "").partition("\n")[0].partition(":")[0][:200]
            body = wire.failure(status, "bad_request", f"this is not valid HTTP/1.1: {problem}")
            if not self._options.local:
                LOG.info("not HTTP: %s", problem, extra={"fields": {**fields, "status": status}})
        headers = {**HEADERS, HEADER: id_}
        response = web.Response(body=body, status=status, content_type="application/json", headers=headers)
        response.force_close()
        return response
