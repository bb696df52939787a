"""The actor: it logs at a pace, measures what that costs its event loop, and notes outside what it has logged."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path
from typing import Any, Final

import ray
from attrs import frozen

from tora import AsyncTora

__all__ = ["METRIC", "Actor", "Run", "noted"]

METRIC: Final = "rollout/reward"
PROBE: Final = 0.02  # seconds that the probe sleeps between two looks at the clock


@frozen
class Run:
    """What one run measured.

    Attributes:
        calls: Seconds that each awaited call took.
        cpu: Seconds of processor time of this thread in each call, which no other process lengthens.
        lags: Seconds that the loop came late to each of the probe's turns.
    """

    calls: list[float]
    cpu: list[float]
    lags: list[float]


@ray.remote(num_cpus=0, max_restarts=0)
class Actor:
    """One of many writers.

    Args:
        client: The experiment's client, which arrives as a handle.
        number: Which of the actors it is.
        metrics: How many it logs; its steps begin at `number * metrics`.
        folder: Where it notes how many of its calls have returned.
    """

    def __init__(self, client: AsyncTora, number: int, metrics: int, folder: str) -> None:
        self._client = client
        self._first = number * metrics
        self._metrics = metrics
        self._notes = os.open(Path(folder, str(number)), os.O_RDWR | os.O_CREAT, 0o600)

    async def pid(self) -> int:
        """Return the id of its process."""
        return os.getpid()

    async def idle(self, pause: float) -> Run:
        """Do all that `log` does but log, a fifth as often: the floor."""
        return await self._run(self._metrics // 5, pause, _nothing, noting=False)

    async def log(self, pause: float) -> Run:
        """Log the metrics, one each `pause` seconds; the write of a note follows each call that has returned."""
        return await self._run(self._metrics, pause, self._client.log, noting=True)

    async def close(self) -> int:
        """Shut the client down and return how many metrics are stored."""
        return (await self._client.shutdown()).stored

    async def _run(self, metrics: int, pause: float, call: Any, *, noting: bool) -> Run:
        calls, cpu = [0.0] * metrics, [0.0] * metrics
        lags: list[float] = []
        probe = asyncio.create_task(_probe(lags))
        clock, thread = time.perf_counter, time.thread_time
        for number in range(metrics):
            begun, used = clock(), thread()
            await call(METRIC, number * 0.5, step=self._first + number)
            calls[number], cpu[number] = clock() - begun, thread() - used
            if noting:
                os.pwrite(self._notes, b"%020d" % (number + 1), 0)
            await asyncio.sleep(pause)
        probe.cancel()
        return Run(calls, cpu, lags)


async def _nothing(name: str, value: float, step: int) -> None:
    """Take what `log` takes."""


async def _probe(lags: list[float]) -> None:
    while True:
        begun = time.perf_counter()
        await asyncio.sleep(PROBE)
        lags.append(time.perf_counter() - begun - PROBE)


def noted(folder: Path, number: int) -> int:
    """Return how many calls of an actor have returned, as far as is known outside."""
    try:
        note = Path(folder, str(number)).read_bytes()
    except FileNotFoundError:
        return 0
    return int(note or b"0")
