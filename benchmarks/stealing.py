"""What logging takes from the work beside it.

A training loop logs about 1,000 metrics a second while Tora's loop thread encodes nothing but sends,
in the same interpreter: the slow-down of the work is all that both cost. Stretches of work with and
without logging take turns, so that whatever else the machine does falls on both.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from statistics import median
from typing import Final

import numpy as np

from benchmarks.logging_calls import timed, timed_awaits
from benchmarks.row import Row, quantile
from tora import AsyncTora, Tora

__all__ = ["measure"]

RATE: Final = 1_000  # metrics a second
THREADS: Final = 8
NAME: Final = "train/loss"


def measure(server_url: str, *, quick: bool) -> list[Row]:
    """Return the rows of a training loop, of eight threads and of a busy event loop."""
    stretches, seconds = (4, 0.3) if quick else (20, 1.0)
    calls = 2_000 if quick else 20_000
    rows = []
    with Tora.create_experiment("stealing", server_url=server_url) as client:
        for kind, work in (("pure Python", _python), ("numpy", _numpy)):
            slower = _slowdown(client, work, stretches, seconds)
            rows.append(Row(f"slow-down of {kind} by {RATE:,} metrics/s", "", f"{slower * 100:.1f} %"))
        rows.append(_row(f"Tora.log, {THREADS} threads at once", _threads(client, calls)))
    rows.append(_row("await AsyncTora.log, event loop with 100 busy tasks", asyncio.run(_busy_loop(server_url, calls))))
    return rows


def _row(what: str, timings: list[int]) -> Row:
    p50, p999 = (quantile(timings, part) / 1e3 for part in (0.5, 0.999))
    return Row(what, "", f"p50 {p50:.1f}, p99.9 {p999:,.0f} us")


def _slowdown(client: Tora, work: Callable[[], object], stretches: int, seconds: float) -> float:
    """Return how much longer a piece of work takes with logging, as a part of what it takes without."""
    ratios = []
    for _ in range(stretches):
        without = _pace(work, seconds, lambda: None)
        with_it = _pace(work, seconds, lambda: client.log(NAME, 0.123456))
        ratios.append(without / with_it - 1)
        client.flush()
    return median(ratios)


def _pace(work: Callable[[], object], seconds: float, log: Callable[[], None]) -> float:
    """Return the pieces of work a second, while `log` is called `RATE` times a second."""
    pieces = logged = 0
    start = time.perf_counter()
    while (passed := time.perf_counter() - start) < seconds:
        work()
        pieces += 1
        while logged < passed * RATE:
            log()
            logged += 1
    return pieces / passed


def _python() -> int:
    return sum(number * number % 7 for number in range(2_000))


_MATRIX: Final = np.random.default_rng(0).normal(size=(64, 64))


def _numpy() -> object:
    return np.tanh(_MATRIX @ _MATRIX)


def _threads(client: Tora, calls: int) -> list[int]:
    timings: list[list[int]] = []
    threads = [
        threading.Thread(target=lambda: timings.append(timed(client.log, calls // THREADS))) for _ in range(THREADS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [each for one in timings for each in one]


async def _busy_loop(server_url: str, calls: int) -> list[int]:
    async with await AsyncTora.create_experiment("busy loop", server_url=server_url) as client:
        tasks = [asyncio.create_task(_be_busy()) for _ in range(100)]
        try:
            return await timed_awaits(client.log, calls)
        finally:
            for task in tasks:
                task.cancel()


async def _be_busy() -> None:
    while True:
        sum(range(100))
        await asyncio.sleep(0)
