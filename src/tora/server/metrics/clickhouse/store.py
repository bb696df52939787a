"""The store on ClickHouse: any number of servers share it, and none of them holds what another needs."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterable, AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from tora.models import Summary
from tora.server.metrics.base import Appended, Chunk, MetricsStore, PointBatch, Series, SeriesQuery, StoreError, Writer
from tora.server.metrics.clickhouse import read
from tora.server.metrics.clickhouse.address import address
from tora.server.metrics.clickhouse.charts import series
from tora.server.metrics.clickhouse.client import Client
from tora.server.metrics.clickhouse.deleting import delete_older
from tora.server.metrics.clickhouse.schema import prepare
from tora.server.metrics.clickhouse.writing import WritingEnd
from tora.server.metrics.turns import Turns
from tora.types import Status

__all__ = ["ClickHouseMetrics"]

_DAY: Final = 24 * 3600.0

_logger = logging.getLogger("tora.server")


class ClickHouseMetrics(MetricsStore):
    """All points in the tables of one database, on one host, on replicas of it or on the shards of a cluster.

    Args:
        url: ``clickhouse://USER:PASSWORD@HOST:8123,HOST:8123/DATABASE?cluster=NAME&replicated=1``.
        turns: Who writes to which experiment when.
        pace: Seconds from one group to the next at the least; None for what the URL says.

    Raises:
        StoreError: The URL is none.
    """

    def __init__(self, url: str, turns: Turns, *, pace: float | None = None) -> None:
        self._address = address(url)
        self._client = Client(self._address)
        self._end = WritingEnd(self._client, turns, self._address.pace_ms / 1000 if pace is None else pace)
        self._expiring: asyncio.Task[None] | None = None

    @property
    def tick(self) -> int:
        """The number of the newest group that this process knows of."""
        return self._end.tick

    @property
    def is_elsewhere(self) -> bool:
        """Whether the points are on an engine of their own: they are."""
        return True

    async def open(self) -> None:
        """Create the tables that are not there yet.

        Raises:
            StoreError: A host does not answer or refuses, or its tables are a newer version's or not Tora's.
        """
        await self._client.open()
        try:
            await prepare(self._client)
            await self._end.open()
        except BaseException:
            await self._client.close()
            raise
        if self._address.retention_days is not None:
            self._expiring = asyncio.create_task(self._keep_deleting(), name="deleting old points")

    async def close(self) -> None:
        """Leave the engine."""
        if self._expiring is not None:
            self._expiring.cancel()
        await self._client.close()

    async def append(self, batches: Sequence[PointBatch]) -> list[Appended]:
        """Store several batches as one group; they are on the engine when this returns."""
        return await self._end.append(batches)

    async def sign(
        self, experiment: str, writer: str, seen: float, status: Status, labels: Mapping[str, str] | None = None
    ) -> None:
        """Note a sign of life of a writer, or its end; without labels it keeps those that it has."""
        await self._end.sign(experiment, writer, seen, status, labels)

    async def summaries(
        self, experiments: Sequence[str], names: Sequence[str] | None = None
    ) -> dict[str, list[Summary]]:
        """Return the summary of each metric of each experiment, by name; never scans points."""
        return await read.summaries(self._client, experiments, names)

    async def names(self, experiments: Sequence[str]) -> dict[str, int]:
        """Return how many of these experiments have each metric, the most frequent first; never scans points."""
        return await read.names(self._client, experiments)

    async def writers(self, experiments: Sequence[str]) -> dict[str, list[Writer]]:
        """Return the writers of each experiment, the one seen last first."""
        return await read.writers(self._client, experiments)

    async def series(self, query: SeriesQuery) -> list[Series]:
        """Return one series for each experiment, name and value of the label of the query that has points."""
        return await series(self._client, query)

    def export(self, experiment: str, after_tick: int = 0, through_tick: int | None = None) -> AsyncIterator[Chunk]:
        """Yield the points that are there now, in the order of arrival; a chunk ends with its `tick`."""
        return read.export(self._client, experiment, after_tick, through_tick)

    async def delete(self, experiment: str) -> None:
        """Delete all that is known of an experiment."""
        await self._end.delete(experiment)

    async def messages(self, experiment: str) -> list[str]:
        """Return the ids that clients without a writer gave their points."""
        return await read.messages(self._client, experiment)

    async def restore(
        self, experiment: str, chunks: AsyncIterable[Chunk], writers: Sequence[Writer], messages: Sequence[str]
    ) -> int:
        """Store an experiment as another store had it, and return how many points that are."""
        return await self._end.restore(experiment, chunks, writers, messages)

    async def copy_to(self, path: Path) -> None:
        """Refuse: what several servers share is not one server's to copy.

        Raises:
            StoreError: Always; it says what to use.
        """
        raise StoreError(
            f"the points are on ClickHouse ({self._address}), which a backup of Tora does not reach: {path} was not "
            "written; use ClickHouse's own BACKUP, ALTER TABLE ... FREEZE or clickhouse-backup"
        )

    async def expire(self, now: float) -> None:
        """Delete the points that are older than the address says; the summaries still count them.

        Raises:
            StoreError: A host does not answer, refuses or takes too long.
        """
        if self._address.retention_days is not None:
            await delete_older(self._client, now - self._address.retention_days * _DAY)

    async def _keep_deleting(self) -> None:
        while True:
            try:
                await self.expire(time.time())
            except StoreError as exc:
                _logger.warning("old points are not deleted: %s", exc)
            await asyncio.sleep(_DAY)
