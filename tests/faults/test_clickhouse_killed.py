"""ClickHouse is killed while points are stored, again and again: each of them is there once, and counted once."""

from __future__ import annotations

import asyncio
import signal

import pytest
from attrs import evolve

from tests.server.points import batch, raw
from tests.support.clickhouse import ClickHouse, answers, clickhouse, engine_program
from tests.support.engine import begin, end
from tora.server.metrics.base import StoreError
from tora.server.metrics.clickhouse import ClickHouseMetrics
from tora.server.metrics.turns import LocalTurns

pytestmark = pytest.mark.anyio

KILLS = 3
POINTS = 1_000


class Sender:
    """Stores group after group of two writers, each until it is acknowledged."""

    def __init__(self, store: ClickHouseMetrics) -> None:
        self.stored = 0
        self.failed = 0
        self.stop = False
        self._store = store
        self._moved = asyncio.Event()

    async def run(self) -> None:
        """Go on until it is told to stop."""
        while not self.stop:
            steps = range(self.stored, self.stored + POINTS)
            values = [float(step) for step in steps]
            group = [batch(values, self.stored + 1, writer=writer, steps=steps) for writer in ("v", "w")]
            try:
                await self._store.append(group)
            except StoreError:
                self.failed += 1
                await asyncio.sleep(0.02)  # as a client does before it sends again
            else:
                self.stored += POINTS
                self._moved.set()

    async def progress(self, groups: int) -> None:
        """Return when so many more groups are stored."""
        wanted = self.stored + groups * POINTS
        while self.stored < wanted:
            self._moved.clear()
            await self._moved.wait()


async def test_an_engine_that_is_killed_stores_each_point_once() -> None:
    """Whatever it was doing when it was killed, what is sent again is cut at what is really there."""
    with clickhouse(1) as own:
        url = own.new_database()
        async with ClickHouseMetrics(url, LocalTurns(), pace=0) as store:
            sender = Sender(store)
            sending = asyncio.create_task(sender.run())
            for kill in range(KILLS):
                await sender.progress(2 + kill)
                await asyncio.to_thread(_kill_and_start, own)
            await sender.progress(2)
            sender.stop = True
            await sending
            assert sender.failed
            wanted = [(step, float(step)) for step in range(sender.stored) for _ in "vw"]
            assert await raw(store) == wanted
            [summary] = (await store.summaries(["e"]))["e"]
            assert (summary.count, summary.writers, summary.last_step) == (len(wanted), 2, sender.stored - 1)


def _kill_and_start(own: ClickHouse) -> None:
    [node] = own.nodes
    end(node.process, signal.SIGKILL)
    command = [engine_program(), f"--config-file={node.folder / 'config.xml'}"]
    process = begin("ClickHouse", command, node.folder / "log", lambda: answers(node.http))
    own.nodes[:] = [evolve(node, process=process)]
