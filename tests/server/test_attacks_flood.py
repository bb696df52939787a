"""Who takes places and never gives them back."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from pathlib import Path

import pytest

from tests.faults.test_server_network import connected, head, running, trickling
from tests.server.conftest import refusal
from tests.server.raw import exchange
from tests.support.polling import aio_until
from tests.support.serving import Server
from tora.server import bodies, front, limits

SOON = 30


@pytest.mark.parametrize(
    "before", [b"", b"GET /health HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n"], ids=["first", "later"]
)
async def test_a_head_that_trickles_in_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: bytes) -> None:
    """Slowloris: a header that comes byte by byte ends with the connection, long before a silent one would end."""
    monkeypatch.setattr(front, "HEAD", 0.5)
    async with running(tmp_path) as server, connected(server.port) as (reader, writer), asyncio.timeout(SOON):
        if before:
            writer.write(before.replace(b"{port}", b"%d" % server.port))
            await reader.readuntil(b"}}")
        writer.write(b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ")
        async with trickling(writer, b"a"):
            with contextlib.suppress(ConnectionError):
                assert await reader.read() == b""
        await server.is_alone()


async def test_slow_heads_keep_nobody_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Slowloris: 300 connections that never finish their head are all cut, and meanwhile others are answered."""
    monkeypatch.setattr(front, "HEAD", 1.0)
    async with running(tmp_path) as server, asyncio.timeout(SOON):
        slow = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(300)]
        for _, writer in slow:
            writer.write(b"GET / HT")
        async with server.session.get(f"http://127.0.0.1:{server.port}/health") as answer:
            assert answer.status == 200
        ends = await asyncio.gather(*(reader.read() for reader, _ in slow), return_exceptions=True)
        assert all(end == b"" or isinstance(end, ConnectionError) for end in ends)
        for _, writer in slow:
            writer.transport.abort()
        await server.is_alone()


async def test_a_head_in_time_is_not_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit is for heads: a connection that is silent after one, and a body that comes slowly, are left alone."""
    monkeypatch.setattr(front, "HEAD", 0.3)
    async with running(tmp_path) as server, connected(server.port) as (reader, writer), asyncio.timeout(SOON):
        body = b'{"writer": "w"}'
        for _ in range(2):
            writer.write(head(server.port, "POST /experiments/x/heartbeat", f"Content-Length: {len(body)}"))
            for place in range(len(body)):
                writer.write(body[place : place + 1])
                await writer.drain()
                await asyncio.sleep(0.03)  # longer in all than a head may take
            assert b" 200 " in await reader.readline()
            await reader.readuntil(b"}}")


async def test_a_body_without_end_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A chunked body that goes on for ever, byte by byte, gets a 408, where no body is asked for as well the end."""
    monkeypatch.setattr(bodies, "GRACE", 0.5)
    async with running(tmp_path) as server, connected(server.port) as (reader, writer), asyncio.timeout(SOON):
        writer.write(head(server.port, "POST /experiments/x/heartbeat", "Transfer-Encoding: chunked"))
        async with trickling(writer, b"1\r\n \r\n"):
            assert b" 408 " in await reader.readline()


async def test_an_address_cannot_take_all_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections of one address beyond its share are cut; another address gets in, and room comes back."""
    monkeypatch.setattr(limits, "CONNECTIONS", 10)
    async with running(tmp_path) as server, asyncio.timeout(SOON):
        crowd = server.front._server.crowd
        assert crowd is not None
        held = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(12)]
        await aio_until(lambda: sum(crowd._open.values()) == 10, "as many as there may be")
        ends = [reader for reader, _ in held if reader.at_eof()]
        assert len(ends) <= 3
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port, local_addr=("127.0.0.2", 0))
        writer.write(head(server.port, "GET /health"))
        assert b" 200 " in await reader.readline()
        for _, each in [*held, (reader, writer)]:
            each.transport.abort()
        await server.session.close()
        await aio_until(lambda: not crowd._open, "nobody left")


@pytest.mark.parametrize("count", [200, 5_000])
def test_a_flood_of_headers_is_refused(server: Server, count: int) -> None:
    """Too many headers get a 400 before any of them is looked at."""
    lines = b"".join(b"X-%d: a\r\n" % number for number in range(count))
    refusal(exchange(server.port, head(server.port, "GET /health")[:-2] + lines + b"\r\n"), 400, "bad_request")


def test_a_flood_of_requests_on_one_connection_is_answered_in_turn(server: Server) -> None:
    """2,000 requests that are sent without waiting are all answered, and do not pile up in the server's memory."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=SOON) as connection:
        connection.sendall(
            head(server.port, "GET /health") * 1_999 + head(server.port, "GET /health", "Connection: close")
        )
        answered = b""
        while part := connection.recv(65_536):
            answered += part
    assert answered.count(b"HTTP/1.1 200") == 2_000
