"""The way between servers: notifications of the database that they share."""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from contextlib import suppress
from typing import Any, Final, Protocol, Self

import asyncpg
import msgspec
import sqlalchemy as sa
from attrs import define, field

from tora.server.logbook import LOG
from tora.server.sharing.address import ERRORS, connect_arguments
from tora.server.sharing.messages import CHANNEL, Message, pack, unpack

__all__ = ["Bus", "Listener"]

MAX_WAITING: Final = 20_000
"""Messages that wait for the database at most; the oldest are given up."""

AT_ONCE: Final = 1_000
PING: Final = 5.0
"""Seconds of silence after which the connection is looked at: one that is dead may not say so."""

PATIENCE: Final = 10.0
FIRST_PAUSE: Final = 0.1
LONGEST_PAUSE: Final = 2.0

_PUBLISH: Final = "SELECT pg_notify($1, payload) FROM unnest($2::text[]) AS payload"


class Listener(Protocol):
    """Who is told what comes over a bus."""

    def hear(self, message: Message) -> None:
        """Take what another server, or the database, said."""

    def miss(self) -> None:
        """Know that something may have been said that was not heard."""


@define(eq=False)
class Bus:
    """One server's end of it, on a connection of its own, which is made again whenever it breaks.

    While there is none nothing is heard, so that everything counts as changed: at once, with each attempt to connect,
    and when it is there again.
    """

    url: sa.URL
    listener: Listener
    server: str = field(factory=lambda: secrets.token_hex(8))
    _waiting: deque[Message] = field(factory=lambda: deque(maxlen=MAX_WAITING))
    _wake: asyncio.Event = field(factory=asyncio.Event)
    _closing: asyncio.Event = field(factory=asyncio.Event)
    _task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        connection = await self._connect()
        self._task = asyncio.create_task(self._run(connection), name="bus")
        return self

    async def __aexit__(self, *_: object) -> None:
        """Say what is still to be said, as far as that takes no time, and leave."""
        self._closing.set()
        self._wake.set()
        if self._task is not None:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._task, PING)

    def publish(self, message: Message) -> None:
        """Tell the other servers; they hear it as soon as the database is reached."""
        self._waiting.append(message)
        self._wake.set()

    async def _run(self, connection: Any) -> None:
        pause = FIRST_PAUSE
        while not self._closing.is_set():
            try:
                if connection is None:
                    connection = await self._connect()
                    self.listener.miss()
                    LOG.info("the other servers are heard again")
                    pause = FIRST_PAUSE
                await self._serve(connection)
            except ERRORS as exc:
                if not self._closing.is_set() and pause == FIRST_PAUSE:
                    LOG.warning("the other servers are not heard until the catalog's database is back: %s", exc)
            finally:
                if connection is not None:
                    connection.terminate()
                    connection = None
            if not self._closing.is_set():
                self.listener.miss()
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)

    async def _serve(self, connection: Any) -> None:
        """Send what waits until the connection breaks or the server ends."""
        while True:
            self._wake.clear()
            if connection.is_closed():
                raise ConnectionError("the connection was closed")
            while self._waiting:
                said = [self._waiting.popleft() for _ in range(min(AT_ONCE, len(self._waiting)))]
                try:
                    await connection.execute(_PUBLISH, CHANNEL, [*pack(self.server, said)], timeout=PATIENCE)
                except BaseException:
                    self._waiting.extendleft(reversed(said))
                    raise
            if self._closing.is_set():
                return
            try:
                async with asyncio.timeout(PING):
                    await self._wake.wait()
            except TimeoutError:
                await connection.execute("SELECT 1", timeout=PATIENCE)

    async def _connect(self) -> Any:
        connection = await asyncpg.connect(**connect_arguments(self.url))
        try:
            connection.add_termination_listener(lambda _: self._wake.set())
            await connection.add_listener(CHANNEL, self._heard)
        except BaseException:
            connection.terminate()
            raise
        return connection

    def _heard(self, _connection: object, _pid: int, _channel: str, payload: object) -> None:
        try:
            server, messages = unpack(str(payload))
        except msgspec.MsgspecError as exc:
            LOG.warning("another server said what this version of Tora does not know; its caches begin anew: %s", exc)
            self.listener.miss()
            return
        if server != self.server:
            for message in messages:
                self.listener.hear(message)
