"""Points put into the stores without HTTP, as a move from another server brings them.

Each experiment holds ten series of 10,000 points, which arrived interleaved; one holds a single series of a million.
The servers do not run meanwhile.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from typing import Final

import numpy as np

from benchmarks.scale.deployments import Deployment
from tora.server.metrics.base import Chunk, MetricsStore, Writer
from tora.server.metrics.duckdb import DuckDBMetrics
from tora.server.stores import metrics_of, turns_of

__all__ = ["LENGTH", "LONG", "LONG_NAME", "NAMES", "fill"]

NAMES: Final = tuple(f"metric/{number}" for number in range(10))
LENGTH: Final = 10_000
LONG: Final = 1_000_000
LONG_NAME: Final = "long"
WRITER: Final = "w"
PIECE: Final = 50_000
AT_ONCE: Final = 4


async def fill(deployment: Deployment, experiments: Sequence[str], longs: Sequence[str], length: int) -> float:
    """Put the points of experiments into a deployment's store; return how many a second it took.

    Args:
        deployment: None of its servers runs.
        experiments: What gets ten series each.
        longs: What gets one long series each.
        length: How long those are.
    """
    wanted = [(each, (LONG_NAME,), length) for each in longs] + [(each, NAMES, LENGTH) for each in experiments]
    began, options = time.perf_counter(), deployment.options
    room = asyncio.Semaphore(AT_ONCE)

    async def restore(store: MetricsStore, experiment: str, names: Sequence[str], size: int) -> int:
        async with room:
            writer = Writer(WRITER, len(names) * size, 1.8e9, 1.8e9, "finished")
            return await store.restore(experiment, _chunks(names, size), [writer], [])

    async with turns_of(options) as turns, metrics_of(options, turns) as store:
        points = sum(await asyncio.gather(*(restore(store, *each) for each in wanted)))
        seconds = time.perf_counter() - began
        if isinstance(store, DuckDBMetrics):
            await store.sort()
    return points / seconds


async def _chunks(names: Sequence[str], length: int) -> AsyncIterator[Chunk]:
    total = len(names) * length
    random = np.random.default_rng(total)
    for first in range(0, total, PIECE):
        number = np.arange(first, min(first + PIECE, total))
        size, step = len(number), number // len(names)
        yield Chunk(
            name=np.array(names, object)[number % len(names)],
            writer=np.full(size, WRITER, object),
            step=np.ma.array(step, np.int64),
            value=np.exp(-4 * step / length) + 0.05 * random.random(size),
            time=1.8e9 + number * 1e-3,
            metadata=np.full(size, None, object),
        )
