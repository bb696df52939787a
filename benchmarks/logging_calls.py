"""What one call of `log` costs, against a floor that does only what cannot be left out.

The floor encodes the same metric with msgspec and writes the line to an append-only file. Floor and
calls are interleaved in one process, round after round, and each call is timed by itself.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import fmean

import msgspec

import tora
from benchmarks.row import Row, quantile
from tora import AsyncTora, Tora

__all__ = ["measure", "timed", "timed_awaits"]

NAME = "train/loss"
Timings = list[int]


def measure(folder: Path, server_url: str, *, quick: bool) -> list[Row]:
    """Return the rows of `Tora.log`, `tlog` and `await AsyncTora.log`."""
    rounds, calls = (3, 5_000) if quick else (10, 20_000)
    floor = _floor(folder)
    timings: dict[str, Timings] = {"floor": [], "Tora.log": [], "tlog": [], "await AsyncTora.log": []}
    with Tora.create_experiment("log", server_url=server_url) as client:
        tora.setup("tlog", server_url=server_url)
        for _ in range(rounds):
            timings["floor"] += timed(floor, calls)
            timings["Tora.log"] += timed(client.log, calls)
            client.flush()  # each kind of call has its own delivery beside it, and no other's
            timings["tlog"] += timed(tora.tlog, calls)
            tora.flush()
            timings["await AsyncTora.log"] += asyncio.run(_async_calls(server_url, calls))
        tora.shutdown()
    return list(_rows(timings))


def _rows(timings: dict[str, Timings]) -> list[Row]:
    floor = timings["floor"]
    rows = [
        Row.over_floor(f"{call}, median", quantile(timings[call], 0.5), quantile(floor, 0.5), bound, "ns")
        for call, bound in (("Tora.log", 1.6), ("tlog", 1.6), ("await AsyncTora.log", 2.0))
    ]
    rows += [
        Row.over_floor(f"{call}, mean", fmean(timings[call]), fmean(floor), 2.0, "ns") for call in ("Tora.log", "tlog")
    ]
    rows += [
        Row.at_most(f"{call}, p99.9", quantile(timings[call], 0.999) / 1e6, 1.0, "ms")
        for call in ("Tora.log", "tlog", "await AsyncTora.log")
    ]
    return rows


def _floor(folder: Path) -> Callable[[str, float, int], None]:
    encode = msgspec.json.Encoder().encode
    file = os.open(folder / "floor", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def floor(name: str, value: float, step: int) -> None:
        os.write(file, encode({"name": name, "value": value, "step": step, "time": time.time()}) + b"\n")

    return floor


def timed(call: Callable[[str, float, int], object], calls: int) -> Timings:
    """Return the nanoseconds of each of so many calls."""
    clock = time.perf_counter_ns
    timings = [0] * calls
    for step in range(calls):
        start = clock()
        call(NAME, 0.123456, step)
        timings[step] = clock() - start
    return timings


async def _async_calls(server_url: str, calls: int) -> Timings:
    async with await AsyncTora.create_experiment("await log", server_url=server_url) as client:
        return await timed_awaits(client.log, calls)


async def timed_awaits(call: Callable[[str, float, int], Awaitable[None]], calls: int) -> Timings:
    """Return the nanoseconds of each of so many awaited calls."""
    clock = time.perf_counter_ns
    timings = [0] * calls
    for step in range(calls):
        start = clock()
        await call(NAME, 0.123456, step)
        timings[step] = clock() - start
    return timings
