"""The embedded store: one thread writes, two read, one sorts what is old, and the event loop does none of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterable, AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
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
from tora.server.metrics.duckdb import read
from tora.server.metrics.duckdb.connection import transaction
from tora.server.metrics.duckdb.errors import translated
from tora.server.metrics.duckdb.file import GivenUpError, MetricsFile
from tora.server.metrics.duckdb.query import series
from tora.server.metrics.duckdb.writing import WritingEnd
from tora.types import Status

__all__ = ["DuckDBMetrics"]

P = ParamSpec("P")
T = TypeVar("T")

_READERS: Final = 2

_logger = logging.getLogger("tora.server")


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
        self._sorter = ThreadPoolExecutor(1, thread_name_prefix="tora-metrics-sort")
        self._unsorted = asyncio.Event()
        self._sorting: asyncio.Task[None] | None = None

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
        self._unsorted.set()
        self._sorting = asyncio.create_task(self._keep_sorted(), name="sorting of points")

    async def close(self) -> None:
        """Commit what was accepted, fold the log into the file and close it."""
        if self._closed:
            return
        self._closed = True
        if self._sorting is not None:
            self._sorting.cancel()
        # The readers first: the log is folded in when nobody looks at older versions of rows.
        await asyncio.to_thread(self._readers.shutdown, cancel_futures=True)
        with translated(self._file.path):
            await _in(self._writer, self._end.close)
        for executor in (self._writer, self._sorter):
            await asyncio.to_thread(executor.shutdown)

    async def append(self, batches: Sequence[PointBatch]) -> list[Appended]:
        """Store several batches in one transaction; they are durable when this returns."""
        tail = self._end.tail
        try:
            return await self._write(self._end.append, batches)
        finally:
            if self._end.tail != tail:
                self._unsorted.set()

    async def sign(
        self, experiment: str, writer: str, seen: float, status: Status, labels: Mapping[str, str] | None = None
    ) -> None:
        """Note a sign of life of a writer, or its end; without labels it keeps those that it has."""
        await self._write(self._end.sign, experiment, writer, seen, status, labels)

    async def delete(self, experiment: str) -> None:
        """Delete all that is known of an experiment."""
        await self._write(self._end.delete, experiment)
        self._unsorted.set()  # a step that it interrupted is to be done again

    async def messages(self, experiment: str) -> list[str]:
        """Return the ids that clients without a writer gave their points."""
        return await self._read(read.messages, experiment)

    async def restore(
        self, experiment: str, chunks: AsyncIterable[Chunk], writers: Sequence[Writer], messages: Sequence[str]
    ) -> int:
        """Store an experiment as another store had it, and return how many points that are."""
        restored = await self._write(self._end.restored, experiment)
        try:
            async for chunk in chunks:
                tail = self._end.tail
                await self._write(self._end.add, restored, chunk)
                if self._end.tail != tail:
                    self._unsorted.set()
            await self._write(self._end.finish, restored, writers, messages)
        except BaseException:
            with suppress(StoreError):  # what went wrong first is what the caller must hear
                await self.delete(experiment)
            raise
        return restored.points

    async def copy_to(self, path: Path) -> None:
        """Write all that is committed to a new file; its log, where there is one, lies beside it."""
        try:
            await self._write(self._end.copy_to, path)
        finally:
            self._unsorted.set()  # as above

    async def summaries(
        self, experiments: Sequence[str], names: Sequence[str] | None = None
    ) -> dict[str, list[Summary]]:
        """Return the summary of each metric of each experiment, by name; never scans points."""
        return await self._read(read.summaries, experiments, names)

    async def names(self, experiments: Sequence[str]) -> dict[str, int]:
        """Return how many of these experiments have each metric, the most frequent first; never scans points."""
        return await self._read(read.names, experiments)

    async def writers(self, experiments: Sequence[str]) -> dict[str, list[Writer]]:
        """Return the writers of each experiment, the one seen last first."""
        return await self._read(read.writers, experiments)

    async def series(self, query: SeriesQuery) -> list[Series]:
        """Return one series for each experiment, name and value of the label of the query that has points."""
        return await self._read(series, query)

    async def export(
        self, experiment: str, after_tick: int = 0, through_tick: int | None = None
    ) -> AsyncIterator[Chunk]:
        """Yield the points that are there now, in the order of arrival; a chunk ends with its `tick`."""
        through = self.tick if through_tick is None else through_tick
        for span in await self._read(read.spans, experiment, after_tick, through):
            yield await self._read(read.chunk, experiment, span)

    async def sort(self) -> None:
        """Sort by series what is old; what is sorted already stays as it is.

        Raises:
            StoreError: The engine failed; all points are where they were.
        """
        with translated(self._file.path):
            while await self._on(self._sorter, self._end.clustering.step):
                pass

    async def _keep_sorted(self) -> None:
        while True:
            await self._unsorted.wait()
            self._unsorted.clear()
            try:
                await self.sort()
            except StoreError as exc:
                _logger.warning("old points are not sorted by series, and charts take longer: %s", exc)

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
            with self._file.reader() as connection, transaction(connection):  # all statements see the same points
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
