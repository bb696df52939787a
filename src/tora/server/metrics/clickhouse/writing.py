"""The end that writes: groups of points, signs of life, deleting, and storing an experiment anew."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterable, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Final

import msgspec

from tora.server.metrics.base import Appended, Chunk, PointBatch, StoreError, Writer
from tora.server.metrics.clickhouse.client import Client
from tora.server.metrics.clickhouse.deleting import delete
from tora.server.metrics.clickhouse.index import Index, Known
from tora.server.metrics.clickhouse.mending import end, newest_ended, newest_stored, query_id, settle
from tora.server.metrics.clickhouse.rows import POINT_COLUMNS, Ids, points, row
from tora.server.metrics.clickhouse.text import hash64, integers, texts
from tora.server.metrics.group import Group, NewSeries, SidCounter, gather, given_ids, heard
from tora.server.metrics.restoring import Restored
from tora.server.metrics.turns import Turn, Turns
from tora.types import Status

__all__ = ["WritingEnd"]

_SMALL: Final = 2_000  # gathered in less time than a hop to another thread and back takes, when many others compute
_IDS: Final = "SELECT eid, msg_id FROM messages WHERE eid IN {eids} AND msg_id IN {ids}"


class WritingEnd:
    """All that changes the tables.

    Args:
        client: The engine.
        turns: Who writes to which experiment.
        pace: Seconds from one group to the next at the least: each makes a few files on the engine, which merges them.
    """

    def __init__(self, client: Client, turns: Turns, pace: float) -> None:
        self._client = client
        self._turns = turns
        self._pace = pace
        self._next = 0.0
        self._index = Index(client)
        self._gathering = asyncio.Lock()
        self._sids = SidCounter(0)
        self._tick = 0
        self._at = 0

    @property
    def tick(self) -> int:
        """The number of the newest group that this process knows of."""
        return self._tick

    async def open(self) -> None:
        """Find out how far the numbers of groups go."""
        self._tick = max(await newest_ended(self._client), await newest_stored(self._client))
        await self._turns.start_after(self._tick)

    async def append(self, batches: Sequence[PointBatch]) -> list[Appended]:
        """Store several batches as one group."""
        experiments = sorted({batch.experiment for batch in batches})
        if not experiments:
            return []
        async with self._gathering:
            await self._keep_pace()
            try:
                async with self._turns.take(experiments) as turn:
                    group = await self._store(turn, experiments, batches)
            except BaseException:
                self._index.doubt(experiments)
                raise
        if len(group.sid):
            self._tick = max(self._tick, turn.tick)
        tick = turn.tick if len(group.sid) else self._tick
        return [
            Appended(len(batch.names), through, tick, new)
            for batch, through, new in zip(batches, group.through, group.news(batches), strict=True)
        ]

    async def sign(
        self, experiment: str, writer: str, seen: float, status: Status | None, labels: Mapping[str, str] | None
    ) -> None:
        """Note a sign of life of a writer, or its end, and its labels where they are told."""
        await self._sign([self._sign_row(experiment, writer, seen, status, labels)])

    async def delete(self, experiment: str) -> None:
        """Delete all that is known of an experiment; its ticks are not given again."""
        async with self._alone(experiment):
            await self._delete(experiment)

    async def restore(
        self, experiment: str, chunks: AsyncIterable[Chunk], writers: Sequence[Writer], messages: Sequence[str]
    ) -> int:
        """Store an experiment as another store had it."""
        restored = Restored(experiment, self._sids)
        ids: dict[int, Ids] = {}
        try:
            async with self._alone(experiment):
                await self._delete(experiment)
            async for chunk in chunks:
                async with self._alone(experiment) as turn:
                    await self._add(restored.group(chunk), ids, turn)
            async with self._alone(experiment):
                await self._finish(experiment, writers, messages)
        except BaseException:
            with suppress(StoreError):  # what went wrong first is what the caller must hear
                await self.delete(experiment)
            raise
        return restored.points

    async def _keep_pace(self) -> None:
        now = time.monotonic()
        if now < self._next:
            await asyncio.sleep(self._next - now)
        self._next = time.monotonic() + self._pace

    async def _store(self, turn: Turn, experiments: Sequence[str], batches: Sequence[PointBatch]) -> Group:
        known = await self._ready(turn, experiments)
        for batch in batches:
            known[batch.experiment].meet(batch)
        stored = await self._stored_ids(batches)
        indexes = {experiment: one.index for experiment, one in known.items()}
        size = sum(len(batch.names) for batch in batches)
        if size > _SMALL:
            group = await asyncio.to_thread(gather, batches, indexes, self._sids, stored)
        else:
            group = gather(batches, indexes, self._sids, stored)
        unnamed = [one for one in group.begun if known[one.experiment].begin(one)]
        if len(group.sid):
            await self._name(unnamed)
            await self._insert(group, self._index.ids, turn.tick)
            for one in unnamed:
                known[one.experiment].named.add((hash64(one.name), hash64(one.writer)))
        await self._sign(self._signs(batches))
        return group

    async def _ready(self, turn: Turn, experiments: Sequence[str]) -> dict[str, Known]:
        """Return what is known of some experiments now that nobody else writes to them."""
        await settle(self._client, turn.unsettled)
        doubtful = experiments if turn.unsettled else []
        known = await self._index.load(experiments, turn.stale, doubtful)
        return dict(zip(experiments, known, strict=True))

    @asynccontextmanager
    async def _alone(self, experiment: str) -> AsyncIterator[Turn]:
        """Let nobody else write to an experiment, and remember nothing of it."""
        async with self._turns.take([experiment]) as turn:
            try:
                await settle(self._client, turn.unsettled)
                yield turn
            finally:  # before the turn ends: whoever has the next one may remember nothing either
                self._index.doubt([experiment])

    async def _insert(self, group: Group, ids: Mapping[int, Ids], tick: int) -> None:
        body = (
            await asyncio.to_thread(points, group, ids, tick) if len(group.sid) > _SMALL else points(group, ids, tick)
        )
        name = query_id(self._client.address.database, tick)
        await self._client.execute(f"INSERT INTO arrivals ({POINT_COLUMNS}) FORMAT RowBinary", body, query_id=name)

    async def _name(self, series: Sequence[NewSeries]) -> None:
        """Store the names of series, before any of their points is."""
        rows = [
            row("uuusss", *map(hash64, names), *names)
            for names in ((one.experiment, one.name, one.writer) for one in series)
        ]
        await self._put("series (eid, nid, wid, experiment, name, writer)", rows)

    async def _sign(self, rows: Sequence[bytes]) -> None:
        await self._put("signs_in (eid, wid, writer, at, seen, status, labels, through)", rows)

    async def _put(self, into: str, rows: Sequence[bytes]) -> None:
        if rows:
            await self._client.execute(f"INSERT INTO {into} FORMAT RowBinary", b"".join(rows))

    def _signs(self, batches: Sequence[PointBatch]) -> list[bytes]:
        """Return one sign of life for each writer of a group."""
        return [self._sign_row(experiment, writer, at) for (experiment, writer), at in heard(batches).items()]

    def _sign_row(
        self,
        experiment: str,
        writer: str,
        seen: float,
        status: Status | None = None,
        labels: Mapping[str, str] | None = None,
        through: int = 0,
    ) -> bytes:
        self._at = max(self._at + 1, time.time_ns())
        text = "" if labels is None else msgspec.json.encode(labels).decode()
        ids = hash64(experiment), hash64(writer)
        return row("uusufssu", *ids, writer, self._at, seen, status or "", text, through)

    async def _stored_ids(self, batches: Sequence[PointBatch]) -> set[tuple[str, str]]:
        given = given_ids(batches)
        if not given:
            return set()
        experiments = {hash64(experiment): experiment for experiment, _ in given}
        statement = _IDS.format(eids=integers(experiments), ids=texts({msg_id for _, msg_id in given}))
        found = await self._client.records(statement, tuple[int, str])
        return {(experiments[eid], msg_id) for eid, msg_id in found}

    async def _delete(self, experiment: str) -> None:
        await end(self._client, [self._tick])  # the highest number may go with the points; it stays known there
        await delete(self._client, hash64(experiment))

    async def _add(self, group: Group, ids: dict[int, Ids], turn: Turn) -> None:
        for one in group.begun:
            ids[one.sid] = hash64(one.experiment), hash64(one.name), hash64(one.writer)
        await self._name(group.begun)
        if len(group.sid):
            await self._insert(group, ids, turn.tick)
            self._tick = max(self._tick, turn.tick)

    async def _finish(self, experiment: str, writers: Sequence[Writer], messages: Sequence[str]) -> None:
        """Store what belongs to an experiment's points."""
        eid = hash64(experiment)
        await self._put("messages (eid, msg_id)", [row("us", eid, msg_id) for msg_id in messages])
        signs = []
        for one in writers:
            told = one.status, one.labels, one.through
            signs.append(self._sign_row(experiment, one.writer, one.first_seen, *told))
            signs.append(self._sign_row(experiment, one.writer, one.last_seen))
        await self._sign(signs)
