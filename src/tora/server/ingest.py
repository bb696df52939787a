"""The way of all points into the store: one queue, one group of batches after the other.

A commit costs about the same for one batch and for hundreds, so whatever arrives while one group is
being committed becomes the next group.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final, Protocol, Self

from attrs import frozen

from tora import validation, wire
from tora.server.batches import BatchReader
from tora.server.known import KnownExperiments
from tora.server.logbook import LOG
from tora.server.measures import Measures
from tora.server.metrics.base import Appended, MetricsStore, PointBatch, StoreError
from tora.server.refusals import Refusal, unknown_experiment

__all__ = ["Ingest"]

ROOM: Final = 64 * 1024 * 1024
"""Bytes of large bodies that may be under way at once; what comes on top waits before it is read."""

FREE: Final = 64 * 1024
"""Bodies up to so many bytes take no room, so that large ones that come slowly do not hold them up."""

PATIENCE: Final = 20.0
GROUP_POINTS: Final = 200_000
SMALL: Final = 32 * 1024  # decoded in less time than a hop to another thread takes


@frozen
class _Waiting:
    batch: PointBatch
    done: asyncio.Future[Appended]
    since: float


class Readers(Protocol):
    """Who follows experiments."""

    def points(self, experiment: str, outcome: Appended) -> None:
        """Tell them what was stored."""


class Ingest:
    """Takes batches and answers when they are durable."""

    def __init__(
        self, known: KnownExperiments, store: MetricsStore, readers: Readers, measures: Measures | None = None
    ) -> None:
        self._known = known
        self._store = store
        self._readers = readers
        self._measures = measures
        self._reader = BatchReader()
        self._queue: deque[_Waiting] = deque()
        self._wake = asyncio.Event()
        self._room = _Room(ROOM)
        self._closing = False
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run(), name="ingest")
        return self

    async def __aexit__(self, *_: object) -> None:
        """Store what waits, then end."""
        self._closing = True
        self._wake.set()
        if self._task is not None:
            await self._task

    @property
    def waiting(self) -> int:
        """How many batches wait for the group that is being committed."""
        return len(self._queue)

    @asynccontextmanager
    async def room(self, size: int | None) -> AsyncIterator[None]:
        """Wait until a body of that size, None when nobody knows it, may be read.

        Raises:
            Refusal: Too much was under way for too long; the client should come back later.
        """
        if size is not None and size <= FREE:
            yield
            return
        wanted = validation.MAX_BATCH_BYTES if size is None else min(size, validation.MAX_BATCH_BYTES)
        try:
            async with asyncio.timeout(PATIENCE):
                await self._room.take(wanted)
        except TimeoutError:
            message = "the server has more to store than it can hold; send this again later"
            raise Refusal(503, "busy", message, {"Retry-After": "2"}) from None
        try:
            yield
        finally:
            self._room.give(wanted)

    async def store(
        self, experiment: str, body: bytes, shape: type[wire.Batch | wire.OlderBatch]
    ) -> tuple[str | None, Appended]:
        """Store one request's points; return their writer and what became of them once they are durable.

        Raises:
            Refusal: There is no such experiment, or the batch is too large.
            ToraValidationError: Something in the batch is wrong; nothing of it is stored.
            StoreError: The store failed; nothing of it is stored.
        """
        await self._known.place(experiment)
        if len(body) <= SMALL:
            batch = self._reader.read(experiment, body, shape)
        else:
            batch = await asyncio.to_thread(self._reader.read, experiment, body, shape)
        waiting = _Waiting(batch, asyncio.get_running_loop().create_future(), time.perf_counter())
        self._queue.append(waiting)
        self._wake.set()
        return batch.writer, await waiting.done

    async def _run(self) -> None:
        while self._queue or not self._closing:
            await self._wake.wait()
            self._wake.clear()
            while group := self._next_group():
                await self._commit(group)

    def _next_group(self) -> list[_Waiting]:
        group: list[_Waiting] = []
        points = 0
        while self._queue and points < GROUP_POINTS:
            waiting = self._queue.popleft()
            if not self._known.is_gone(waiting.batch.experiment):
                group.append(waiting)
                points += len(waiting.batch.names)
            elif not waiting.done.done():  # the experiment was deleted while the batch waited
                waiting.done.set_exception(unknown_experiment(waiting.batch.experiment))
        return group

    async def _commit(self, group: Sequence[_Waiting]) -> None:
        try:
            outcomes = await self._store.append([waiting.batch for waiting in group])
        except Exception as exc:  # noqa: BLE001  # whatever it was, each of the requests gets its answer
            if not isinstance(exc, StoreError):
                LOG.error("committing %d batches failed", len(group), exc_info=exc)
            for waiting in group:
                if not waiting.done.done():
                    waiting.done.set_exception(exc)
            return
        for waiting, outcome in zip(group, outcomes, strict=True):
            if not waiting.done.done():  # its request may be gone, and its points are stored all the same
                waiting.done.set_result(outcome)
            self._readers.points(waiting.batch.experiment, outcome)
            if self._measures is not None:
                self._measures.stored(outcome.accepted, time.perf_counter() - waiting.since)


class _Room:
    """So many bytes, taken and given back; who waits is served in turn."""

    def __init__(self, size: int) -> None:
        self._free = size
        self._turn = asyncio.Lock()
        self._given = asyncio.Event()

    async def take(self, wanted: int) -> None:
        async with self._turn:
            while self._free < wanted:
                self._given.clear()
                await self._given.wait()
            self._free -= wanted

    def give(self, size: int) -> None:
        self._free += size
        self._given.set()
