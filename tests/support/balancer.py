"""A load balancer of the plainest kind: each request goes to the next server that takes connections."""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import aiohttp
from aiohttp import web
from attrs import define, field

__all__ = ["Balancer", "balancing"]

_STARTS_WITHIN: Final = 30.0
_CONNECTS_WITHIN: Final = 5.0
_BODY: Final = 16 * 1024 * 1024
_HOP_BY_HOP: Final = frozenset(("connection", "keep-alive", "transfer-encoding", "content-length"))


@define(eq=False)
class Balancer:
    """A running balancer.

    A request that no server took is answered with 503, one whose server was gone before it answered with 502, as by
    balancers that repeat nothing that may have been done. A server is asked again with the next turn.

    Attributes:
        servers: The ports of the servers on 127.0.0.1.
        port: Its own.
        answered: How many requests each server answered.
        cut: How many requests lost their server, or found none.
    """

    servers: Sequence[int]
    port: int = 0
    answered: Counter[int] = field(factory=Counter)
    cut: int = 0
    _turns: Iterator[int] = field(factory=itertools.count, repr=False)

    @property
    def url(self) -> str:
        """Return its address, which stands for all servers."""
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, started: threading.Event, ended: asyncio.Event) -> None:
        """Pass requests on until told to end."""
        limits = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECTS_WITHIN)
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(connector=connector, timeout=limits, auto_decompress=False) as session:

            async def handle(request: web.BaseRequest) -> web.StreamResponse:
                return await self._pass_on(session, request)

            runner = web.ServerRunner(web.Server(handle), shutdown_timeout=0.1)
            await runner.setup()
            try:
                site = web.TCPSite(runner, "127.0.0.1", 0)
                await site.start()
                self.port = runner.addresses[0][1]
                started.set()
                await ended.wait()
            finally:
                await runner.cleanup()

    async def _pass_on(self, session: aiohttp.ClientSession, request: web.BaseRequest) -> web.StreamResponse:
        body = await request.read()
        first = next(self._turns)
        for turn in range(len(self.servers)):
            server = self.servers[(first + turn) % len(self.servers)]
            try:
                return await self._ask(session, server, request, body)
            except aiohttp.ClientConnectorError:
                continue
            except aiohttp.ClientError as exc:
                self.cut += 1
                return web.Response(status=502, text=f"the server was gone: {exc!r}")
        self.cut += 1
        return web.Response(status=503, text="no server takes connections")

    async def _ask(
        self, session: aiohttp.ClientSession, server: int, request: web.BaseRequest, body: bytes
    ) -> web.StreamResponse:
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _HOP_BY_HOP}
        url = f"http://127.0.0.1:{server}{request.raw_path}"
        async with session.request(
            request.method, url, data=body or None, headers=headers, allow_redirects=False
        ) as answer:
            kept = {name: value for name, value in answer.headers.items() if name.lower() not in _HOP_BY_HOP}
            passed = web.StreamResponse(status=answer.status, headers=kept)
            await passed.prepare(request)
            try:
                async for piece in answer.content.iter_any():
                    await passed.write(piece)
                await passed.write_eof()
            except aiohttp.ClientError:  # the answer has begun, so that its end is the connection's
                self.cut += 1
                if request.transport is not None:
                    request.transport.abort()
            self.answered[server] += 1
            return passed


@contextmanager
def balancing(servers: Sequence[int]) -> Iterator[Balancer]:
    """Run a balancer before servers for the length of a ``with`` block, in a thread of its own."""
    balancer = Balancer(servers)
    started = threading.Event()
    loop = asyncio.new_event_loop()
    ended = asyncio.Event()

    def run() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(balancer.serve(started, ended))

    thread = threading.Thread(target=run, name="balancer", daemon=True)
    thread.start()
    try:
        if not started.wait(_STARTS_WITHIN):
            raise AssertionError(f"the balancer did not start within {_STARTS_WITHIN:g} s")
        yield balancer
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join()
