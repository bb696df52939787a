"""The embedded store: one thread writes, two read, and the event loop does neither."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Concatenate, Final, ParamSpec, TypeVar

import duckdb

from tora.models import Summary
from tora.server.metrics.base import (
    Appended,
    Chunk,
    MetricsStore,
    PointBatch,
    Series,
    SeriesQuery,
    StoreError,
    Writer,
)
from tora.server.metrics.duckdb import query, read
from tora.server.metrics.duckdb.connection import transaction
from tora.server.metrics.duckdb.errors import translated
from tora.server.metrics.duckdb.file import GivenUpError, MetricsFile
from tora.server.metrics.duckdb.writing import WritingEnd
from tora.types import Status

__all__ = ["DuckDBMetrics"]

P = ParamSpec("P")
T = TypeVar("T")

_READERS: Final = 2


class DuckDBMetrics(MetricsStore):
    """All points in one DuckDB file, which no other process can open meanwhile.

    Args:
        path: The file; its folder must exist.
        memory_limit: How much memory DuckDB takes at most; beyond it queries use the disk.
        threads: How many cores one query takes at most, so that training keeps its own.
    """

    def __init__(self, path: Path, *, memory_limit: str = "512MB", threads: int = 1) -> None:
        self._file = MetricsFile(path, memory_limit=memory_limit, threads=threads)
        self._end = WritingEnd(self._file)
        self._closed = False
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="tora-metrics-write")
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="tora-metrics-read")

    @property
    def tick(self) -> int:
        """The number of the newest committed group."""
        return self._end.tick

    async def open(self) -> None:
        """Open the file, or create it.

        Raises:
            StoreError: It is damaged, in use by another process, written by a newer version, or not
                Tora's; it was not changed.
        """
        with translated(self._file.path):
            await self._on(self._writer, self._end.open)

    async def close(self) -> None:
        """Commit what was accepted, fold the log into the file and close it."""
        if self._closed:
            return
        self._closed = True
        # The readers first: the log is folded in when nobody looks at older versions of rows.
        await asyncio.to_thread(self._readers.shutdown, cancel_futures=True)
        with translated(self._file.path):
            await _in(self._writer, self._end.close)
        await asyncio.to_thread(self._writer.shutdown)

    async def append(self, batches: Sequence[PointBatch]) -> list[Appended]:
        """Store several batches in one transaction; they are durable when this returns."""
        return await self._write(self._end.append, batches)

    async def sign(self, experiment: str, writer: str, seen: float, status: Status) -> None:
        """Note a sign of life of a writer, or its end."""
        await self._write(self._end.sign, experiment, writer, seen, status)

    async def delete(self, experiment: str) -> None:
        """Delete all that is known of an experiment."""
        await self._write(self._end.delete, experiment)

    async def summaries(self, experiments: Sequence[str]) -> dict[str, list[Summary]]:
        """Return the summary of each metric of each experiment, by name; never scans points."""
        return await self._read(read.summaries, experiments)

    async def writers(self, experiments: Sequence[str]) -> dict[str, list[Writer]]:
        """Return the writers of each experiment, the one seen last first."""
        return await self._read(read.writers, experiments)

    async def series(self, query: SeriesQuery) -> list[Series]:
        """Return one series for each experiment and name of the query that has points."""
        return await self._read(_series, query)

    async def export(
        self, experiment: str, after_tick: int = 0, through_tick: int | None = None
    ) -> AsyncIterator[Chunk]:
        """Yield the points that are there now, in the order of arrival; a chunk ends with its `tick`."""
        through = self.tick if through_tick is None else through_tick
        for span in await self._read(read.spans, experiment, after_tick, through):
            yield await self._read(read.chunk, experiment, span)

    async def _write(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        run = partial(work, *args, **kwargs)
        with translated(self._file.path):
            try:
                return await self._on(self._writer, run)
            except GivenUpError:
                await self._on(self._writer, self._end.revive)
                return await self._on(self._writer, run)
            except duckdb.FatalException:
                # For the next caller; this one must hear that its change may not be stored.
                await self._on(self._writer, self._end.revive)
                raise

    async def _read(
        self, work: Callable[Concatenate[duckdb.DuckDBPyConnection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        def run() -> T:
            with self._file.reader() as connection:
                return work(connection, *args, **kwargs)

        with translated(self._file.path):
            try:
                return await self._on(self._readers, run)
            except (GivenUpError, duckdb.FatalException):
                await self._on(self._writer, self._end.revive)
                return await self._on(self._readers, run)

    async def _on(self, executor: ThreadPoolExecutor, work: Callable[[], T]) -> T:
        if self._closed:
            raise StoreError(f"the metrics file {self._file.path} is closed")
        return await _in(executor, work)


async def _in(executor: ThreadPoolExecutor, work: Callable[[], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(executor, work)


def _series(connection: duckdb.DuckDBPyConnection, asked: SeriesQuery) -> list[Series]:
    with transaction(connection):
        return query.series(connection, asked)
