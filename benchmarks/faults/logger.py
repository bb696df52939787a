"""The process that logs, and that a scenario kills: `python -m benchmarks.faults.logger`.

It does what each line of its standard input says, a JSON list of a word and its arguments, and
answers each with one line of JSON. Values count up from the first, so that what is stored can be
compared with what was logged, metric by metric.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

import attrs

from benchmarks.faults.meter import Meter
from tora import AsyncTora, Tora
from tora.models import Stats

PACE_EVERY = 5  # logs between two looks at the clock


class Logger:
    """One client and what it is told to do; the two kinds differ in how they are called."""

    def __init__(self, first: float, told: int) -> None:
        self._next = first
        self._told = told

    def next_value(self) -> float:
        """Return the value to log."""
        value, self._next = self._next, self._next + 1.0
        return value

    def tell(self) -> None:
        """Tell the parent that one more call has returned."""
        os.write(self._told, b".")


class SyncLogger(Logger):
    """Logs by `Tora`."""

    def __init__(self, client: Tora, first: float, told: int) -> None:
        super().__init__(first, told)
        self.client = client

    async def log(self, count: int, rate: float) -> dict[str, float]:
        """Log so many metrics, so many a second; 0 means as fast as it goes."""
        meter = Meter(count)
        start = time.perf_counter()
        for index in range(count):
            value = self.next_value()
            meter.begin()
            self.client.log("loss", value, index)
            meter.end()
            if rate and index % PACE_EVERY == 0 and (ahead := start + index / rate - time.perf_counter()) > 0:
                time.sleep(ahead)  # noqa: ASYNC251  # a script that trains, as it were
        return meter.result()

    async def log_and_die(self, count: int, rate: float) -> None:
        """Log, tell of each call that returned, and be killed straight after the last."""
        start = time.perf_counter()
        for index in range(count):
            self.client.log("loss", self.next_value(), index)
            self.tell()
            if index % PACE_EVERY == 0 and (ahead := start + index / rate - time.perf_counter()) > 0:
                time.sleep(ahead)  # noqa: ASYNC251  # a script that trains, as it were
        os.kill(os.getpid(), signal.SIGKILL)

    async def flush(self, seconds: float) -> Stats:
        """Flush."""
        return self.client.flush(seconds)

    async def shutdown(self, seconds: float) -> Stats:
        """Shut down."""
        return self.client.shutdown(seconds)


class AsyncLogger(Logger):
    """Logs by `AsyncTora`."""

    def __init__(self, client: AsyncTora, first: float, told: int) -> None:
        super().__init__(first, told)
        self.client = client

    async def log(self, count: int, rate: float) -> dict[str, float]:
        """Log so many metrics, so many a second; 0 means as fast as it goes."""
        meter = Meter(count)
        start = time.perf_counter()
        for index in range(count):
            value = self.next_value()
            meter.begin()
            await self.client.log("loss", value, index)
            meter.end()
            if rate and index % PACE_EVERY == 0 and (ahead := start + index / rate - time.perf_counter()) > 0:
                await asyncio.sleep(ahead)
        return meter.result()

    async def log_and_die(self, count: int, rate: float) -> None:
        """Log, tell of each call that returned, and be killed straight after the last."""
        start = time.perf_counter()
        for index in range(count):
            await self.client.log("loss", self.next_value(), index)
            self.tell()
            if index % PACE_EVERY == 0 and (ahead := start + index / rate - time.perf_counter()) > 0:
                await asyncio.sleep(ahead)
        os.kill(os.getpid(), signal.SIGKILL)

    async def flush(self, seconds: float) -> Stats:
        """Flush."""
        return await self.client.flush(seconds)

    async def shutdown(self, seconds: float) -> Stats:
        """Shut down."""
        return await self.client.shutdown(seconds)


async def _obey(logger: SyncLogger | AsyncLogger) -> None:
    words: dict[str, Callable[..., Awaitable[Any]]] = {
        "log": logger.log,
        "log_and_die": logger.log_and_die,
        "flush": logger.flush,
        "shutdown": logger.shutdown,
    }
    _say({"experiment": logger.client.experiment_id})
    while line := await asyncio.to_thread(sys.stdin.readline):
        word, *arguments = json.loads(line)
        answer = logger.client.stats if word == "stats" else await words[word](*arguments)
        _say(attrs.asdict(answer) if isinstance(answer, Stats) else answer)


def _say(answer: object) -> None:
    print(json.dumps(answer), flush=True)


async def main(kind: str, url: str, max_buffer_len: int, first: float, told: int, experiment: str) -> None:
    """Open a client and obey.

    Args:
        kind: ``sync`` or ``async``.
        url: The server.
        max_buffer_len: As the client has it.
        first: The first value to log.
        told: The descriptor to write a byte to for each call that returned.
        experiment: What to load; empty to create one.
    """
    if kind == "async":
        client = await (
            AsyncTora.load_experiment(experiment, max_buffer_len, server_url=url)
            if experiment
            else AsyncTora.create_experiment("faults", max_buffer_len=max_buffer_len, server_url=url)
        )
        await _obey(AsyncLogger(client, first, told))
    else:
        sync = (
            Tora.load_experiment(experiment, max_buffer_len, server_url=url)
            if experiment
            else Tora.create_experiment("faults", max_buffer_len=max_buffer_len, server_url=url)
        )
        await _obey(SyncLogger(sync, first, told))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4]), int(sys.argv[5]), *sys.argv[6:]))
