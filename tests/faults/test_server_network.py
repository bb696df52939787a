"""Clients that dawdle, fall silent or come in crowds cost the server little, and the others nothing."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import resource
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from attrs import frozen

from tests.support import http
from tests.support.polling import aio_until
from tests.support.senders import Sender, create, sending, stored
from tests.support.serving import serving
from tora.server import bodies, front
from tora.server.api import events
from tora.server.front import Front
from tora.server.options import Options

SOON = 30  # seconds; what must happen at all
POINTS = 10_000


@frozen
class Running:
    """A server in this process, whose patience a test can shorten."""

    port: int
    front: Front
    session: aiohttp.ClientSession

    async def log(self, count: int, first: int = 1, padding: str = "", names: int = 1) -> int:
        """Send a batch and return the status of the answer."""
        logs = [
            {"name": f"loss{place % names}", "value": first + place, "metadata": {"p": padding}}
            for place in range(count)
        ]
        body = io.BytesIO(json.dumps({"writer": "w", "firstSeq": first, "logs": logs}).encode())
        url = f"http://127.0.0.1:{self.port}/experiments/x/logs/batch"
        async with self.session.post(url, data=body, headers={"Content-Type": "application/json"}) as answer:
            return answer.status

    async def is_alone(self) -> None:
        """Wait until the server has closed all connections but our own session's."""
        await self.session.close()
        await aio_until(lambda: not self.front._server.connections, "end of the other connections", within=SOON)


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Running]:
    """Run a server with an experiment x."""
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    async with (
        Front(Options(dir=folder, anonymous=True), [listener], "key") as made,
        aiohttp.ClientSession() as session,
    ):
        async with session.post(f"http://127.0.0.1:{port}/experiments", json={"id": "x", "name": "x"}) as answer:
            assert answer.status == 201
        yield Running(port, made, session)


def head(port: int, line: str, *headers: str) -> bytes:
    """Return the beginning of a request, up to its body."""
    return "\r\n".join([f"{line} HTTP/1.1", f"Host: 127.0.0.1:{port}", *headers, "", ""]).encode()


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Connect for a block."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=64 * 1024)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


@asynccontextmanager
async def trickling(writer: asyncio.StreamWriter, byte: bytes) -> AsyncIterator[None]:
    """Send one byte after the other during a block."""

    async def trickle() -> None:
        with contextlib.suppress(ConnectionError):
            while True:
                writer.write(byte)
                await writer.drain()
                await asyncio.sleep(0.05)

    task = asyncio.create_task(trickle())
    try:
        yield
    finally:
        task.cancel()


@pytest.mark.parametrize("beginning", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: "])
async def test_headers_must_come_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, beginning: bytes) -> None:
    """A connection that sends nothing, half a line, or a header without an end is closed."""
    monkeypatch.setattr(front, "KEEPALIVE", 0.5)
    async with running(tmp_path) as server, connected(server.port) as (reader, writer), asyncio.timeout(SOON):
        writer.write(beginning)
        async with trickling(writer, b"a" if beginning.endswith(b"Slow: ") else b""):
            with contextlib.suppress(ConnectionError):
                assert await reader.read() == b""
        await server.is_alone()


async def test_a_body_must_come_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that trickles in is refused with 408 and what was asked for, and nothing of it is stored."""
    monkeypatch.setattr(bodies, "GRACE", 0.5)
    async with running(tmp_path) as server, connected(server.port) as (reader, writer), asyncio.timeout(SOON):
        writer.write(head(server.port, "POST /experiments/x/logs/batch", "Content-Length: 1000000"))
        async with trickling(writer, b" "):
            answer = await reader.readuntil(b"}}")
        assert b" 408 " in answer.partition(b"\r\n")[0]
        error = json.loads(answer.partition(b"\r\n\r\n")[2])["error"]
        assert error["code"] == "timeout"
        assert "smaller parts" in error["message"]


async def test_a_large_body_that_keeps_coming_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who sends at a fair pace may take longer than a small body may."""
    monkeypatch.setattr(bodies, "GRACE", 0.5)
    logs = [{"name": "loss", "value": 1, "metadata": {"p": "x" * 9000}}] * 30
    body = json.dumps({"logs": logs}).encode()
    async with running(tmp_path) as server, connected(server.port) as (reader, writer), asyncio.timeout(SOON):
        writer.write(head(server.port, "POST /experiments/x/logs/batch", f"Content-Length: {len(body)}"))
        for start in range(0, len(body), 16_000):
            writer.write(body[start : start + 16_000])
            await writer.drain()
            await asyncio.sleep(0.1)
        assert b" 201 " in (await reader.readline())


async def test_bodies_that_dawdle_hold_up_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twenty large bodies that stand still take all the room there is: small ones pass, large ones do after a while."""
    monkeypatch.setattr(bodies, "GRACE", 3.0)
    async with running(tmp_path) as server, contextlib.AsyncExitStack() as stack, asyncio.timeout(SOON):
        readers = []
        for _ in range(20):
            reader, writer = await stack.enter_async_context(connected(server.port))
            size = f"Content-Length: {10 * 1024**2}"
            writer.write(head(server.port, "POST /experiments/x/logs/batch", size) + b"x" * 1000)
            readers.append(reader)
        assert await server.log(10) == 201
        assert not any(reader._buffer for reader in readers)  # type: ignore[attr-defined]  # they still have the room
        assert await server.log(100, first=11, padding="x" * 9000) == 201
        assert b" 408 " in await readers[0].readline()


@pytest.mark.parametrize("how", ["closed", "reset"])
@pytest.mark.parametrize("size", [1000, 1_000_000])
async def test_a_sender_that_is_killed_is_forgotten(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, how: str, size: int
) -> None:
    """Half a body is nothing: nothing of it is stored, no room stays taken, and the log says nothing of it."""
    async with running(tmp_path) as server, asyncio.timeout(SOON):
        for _ in range(100):
            async with connected(server.port) as (_, writer):
                writer.write(head(server.port, "POST /experiments/x/logs/batch", f"Content-Length: {size}"))
                writer.write(b'{"logs":[')
                await writer.drain()
                if how == "closed":
                    writer.close()
        assert await server.log(100, padding="x" * 9000) == 201
        await server.is_alone()
    assert not caplog.records


async def fill(server: Running) -> None:
    """Store so much that neither an export nor a series of it fits into any system's buffers."""
    for turn in range(20):
        assert await server.log(POINTS, turn * POINTS + 1, "x" * 100) == 201


EXPORT = "GET /experiments/x/export?format=jsonl"


@pytest.mark.parametrize("asked", [EXPORT, "GET /series?experiment=x&name=loss0&points=0", "GET /experiments/x/events"])
async def test_a_reader_that_does_not_read_is_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, asked: str
) -> None:
    """Its answer does not stay in memory, and nothing of it stands in the log."""
    monkeypatch.setattr(front, "STALLED", 0.5)
    monkeypatch.setattr(events, "PACE", 0.0)  # so that each batch is told by itself, and not as a word to load again
    async with running(tmp_path) as server, connected(server.port) as (reader, writer), asyncio.timeout(SOON):
        await fill(server)
        writer.write(head(server.port, asked))
        assert b" 200 " in await reader.readline()
        if asked.endswith("events"):
            first = 20 * POINTS + 1
            while len(server.front._server.connections) > 1:
                assert await server.log(POINTS, first, names=10) == 201
                first += POINTS
        await server.is_alone()
    assert not caplog.records


async def test_a_reader_that_reads_slowly_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As long as it takes something now and then, it gets everything."""
    monkeypatch.setattr(front, "STALLED", 0.5)
    async with running(tmp_path) as server, connected(server.port) as (reader, writer), asyncio.timeout(SOON):
        await fill(server)
        writer.write(head(server.port, EXPORT, "Connection: close"))
        size = pauses = 0
        while part := await reader.read(1024**2):
            size += len(part)
            if size > pauses * 500_000:
                pauses += 1
                await asyncio.sleep(0.05)
        assert size > 20 * POINTS * 100
        assert pauses * 0.05 > 2 * front.STALLED


@contextlib.contextmanager
def open_files(limit: int) -> Iterator[None]:
    """Allow this process, and those that it starts, so many open files during a block."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < limit:
        pytest.skip("this system does not allow so many files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_crowd_that_says_nothing_shuts_nobody_out(tmp_path: Path) -> None:
    """With a thousand idle connections, more than a process may have by itself, the server answers and stores."""
    with contextlib.ExitStack() as stack:
        with open_files(256):
            server = stack.enter_context(serving(tmp_path / "data"))
        stack.enter_context(open_files(2048))
        for _ in range(1000):
            stack.enter_context(socket.create_connection(("127.0.0.1", server.port)))
        assert http.request("GET", f"{server.url}/health").status == 200
        create(server.url, "x")
        with sending([Sender(server.port, "x", "w", 200)]):
            pass
        assert stored(server.url, ["x"]) == {"w": list(range(1, 201))}
        assert server.stop() == 0


def test_who_comes_all_at_once_waits_in_line(tmp_path: Path) -> None:
    """Five hundred connect while the server is looking elsewhere, and none is turned away to try again later."""
    longest = Path("/proc/sys/net/core/somaxconn")
    if not longest.exists() or int(longest.read_text()) < 600:
        pytest.skip("this system has no room for so many")
    with contextlib.ExitStack() as stack:
        stack.enter_context(open_files(2048))
        server = stack.enter_context(serving(tmp_path / "data"))
        server.process.send_signal(signal.SIGSTOP)
        try:
            for _ in range(500):
                stack.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=0.5))
        finally:
            server.process.send_signal(signal.SIGCONT)
        assert http.request("GET", f"{server.url}/health").status == 200
