"""Servers that share PostgreSQL and ClickHouse are killed in turn behind a balancer: `python -m benchmarks.cluster`.

Exit code 1 says that some metric is not stored exactly once. The test in ``tests/cluster`` does the same at a
small size.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from attrs import asdict, define, field, frozen

from benchmarks.faults.rows import Row, stored_values
from tests.support import http
from tests.support.balancer import Balancer, balancing
from tests.support.clickhouse import clickhouse
from tests.support.polling import aio_until
from tests.support.postgres import postgres
from tests.support.serving import Server, free_port, start
from tora import AsyncTora

__all__ = ["Sizes", "servers_killed"]

NAMES: Final = ("train/loss", "train/accuracy", "train/reward", "train/lr")
AT_ONCE: Final = 5  # metrics that a writer logs without a pause
PAUSE: Final = 0.005
PATIENCE: Final = 300.0
EARLY: Final = 0.3
"""The part of what the writers may log before the next kill that is stored when it comes."""


@frozen
class Sizes:
    """How much is done.

    Attributes:
        metrics: Of each writer.
        kills: How often each of the servers is killed.
        experiments: What the writers log to; each has its shard.
    """

    writers: int = 200
    metrics: int = 2_000
    kills: int = 5
    servers: int = 2
    experiments: int = 8

    @property
    def total(self) -> int:
        """Return how many metrics are logged."""
        return self.writers * self.metrics


@define
class _Gate:
    """How far the writers may go: further with each kill, so that each finds them writing."""

    allowed: int = 0
    _opened: asyncio.Event = field(factory=asyncio.Event)

    def open(self, allowed: int) -> None:
        self.allowed = allowed
        self._opened.set()
        self._opened = asyncio.Event()

    async def reach(self, number: int) -> None:
        while number >= self.allowed:
            await self._opened.wait()


def servers_killed(folder: Path, catalog: str, metrics: str, sizes: Sizes) -> Row:
    """Kill each of several servers again and again, in turn, while writers log through a balancer.

    Args:
        folder: Where the servers have their folders.
        catalog: What ``--catalog`` takes.
        metrics: What ``--metrics`` takes.
        sizes: How much is done.

    Raises:
        AssertionError: The servers do not agree on how much is stored.
    """
    ports = [free_port() for _ in range(sizes.servers)]
    with ExitStack() as stack:
        balancer = stack.enter_context(balancing(ports))
        options = ("--catalog", catalog, "--metrics", metrics, "--allow-host", f"127.0.0.1:{balancer.port}")
        servers: list[Server] = []
        stack.callback(lambda: [server.stop() for server in servers])
        for place, port in enumerate(ports):
            servers.append(start(folder / f"server{place}", *options, port=port))
        began = time.monotonic()
        experiments = asyncio.run(_write(balancer, servers, sizes, lambda old: start(old.dir, *options, port=old.port)))
        seconds = time.monotonic() - began
        for server in servers:
            _check_figures(server.url, experiments, sizes)
        stored = [value for each in experiments for value in stored_values(balancer.url, each)]
        answered = ", ".join(f"{balancer.answered[port]:,}" for port in ports)
        return Row(
            scenario=f"{sizes.servers} servers SIGKILLed {sizes.kills} times each: {sizes.writers} writers",
            logged=sizes.total,
            stored=len(set(stored).intersection(map(float, range(sizes.total)))),
            waiting=0,
            dropped=0,
            duplicates=len(stored) - len(set(stored)),
            seconds=round(seconds, 2),
            notes=f"{balancer.cut:,} requests lost their server; answered by each: {answered}",
        )


async def _write(
    balancer: Balancer, servers: list[Server], sizes: Sizes, start_again: Callable[[Server], Server]
) -> list[str]:
    """Log everything while the servers are killed; return the experiments."""
    gate = _Gate()
    async with AsyncExitStack() as stack, asyncio.timeout(PATIENCE), asyncio.TaskGroup() as group:
        clients: list[AsyncTora] = []
        stack.push_async_callback(lambda: asyncio.gather(*(client.shutdown() for client in clients)))
        for number in range(sizes.writers):
            clients.append(await _client(balancer.url, number, [each.experiment_id for each in clients], sizes))
        for number, client in enumerate(clients):
            group.create_task(_log(client, number * sizes.metrics, sizes.metrics, gate))
        kills = sizes.kills * sizes.servers
        for kill in range(kills):
            gate.open(sizes.metrics * (kill + 1) // kills)
            wanted = sizes.total * (kill + EARLY) / kills
            await aio_until(lambda wanted=wanted: _stored(clients) >= wanted, "progress", within=PATIENCE)  # type: ignore[misc]
            place = kill % sizes.servers
            servers[place].stop(signal.SIGKILL)
            servers[place] = await asyncio.to_thread(start_again, servers[place])
        await aio_until(lambda: _stored(clients) == sizes.total, "end", within=PATIENCE)
    return [client.experiment_id for client in clients[: sizes.experiments]]


async def _client(url: str, number: int, made: Sequence[str], sizes: Sizes) -> AsyncTora:
    if number < sizes.experiments:
        return await AsyncTora.create_experiment(f"cluster {number}", server_url=url)
    return await AsyncTora.load_experiment(made[number % sizes.experiments], server_url=url)


async def _log(client: AsyncTora, first: int, count: int, gate: _Gate) -> None:
    for number in range(count):
        await gate.reach(number)
        await client.log(NAMES[number % len(NAMES)], float(first + number), number)
        if number % AT_ONCE == 0:
            await asyncio.sleep(PAUSE)


def _stored(clients: Sequence[AsyncTora]) -> int:
    return sum(client.stats.stored for client in clients)


def _check_figures(url: str, experiments: Sequence[str], sizes: Sizes) -> None:
    """Ask a server for the summaries and the marks of all experiments."""
    for number, experiment in enumerate(experiments):
        writers = len(range(number, sizes.writers, sizes.experiments))
        found = http.summaries(url, experiment)
        counts = {name: found[name]["count"] if name in found else 0 for name in NAMES}
        expected = {name: writers * len(range(place, sizes.metrics, len(NAMES))) for place, name in enumerate(NAMES)}
        if counts != expected:
            raise AssertionError(f"{url} has the summaries {counts} of {experiment}, and {expected} were logged")
        marks = [each["through"] for each in http.data(f"{url}/experiments/{experiment}/writers")]
        if marks != [sizes.metrics] * writers:
            raise AssertionError(f"{url} has the marks {sorted(set(marks))} of {len(marks)} writers of {experiment}")


def main() -> int:
    """Run it at the size that the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cluster", description=__doc__)
    parser.add_argument("--writers", type=int, default=200)
    parser.add_argument("--metrics", type=int, default=2_000, help="of each writer")
    parser.add_argument("--kills", type=int, default=5, help="of each server")
    parser.add_argument("--shards", type=int, choices=(1, 2), default=2, help="of ClickHouse")
    parser.add_argument("--json", type=Path, help="a file to write the row to")
    options = parser.parse_args()
    sizes = Sizes(options.writers, options.metrics, options.kills)
    logging.getLogger("tora").setLevel(logging.ERROR)  # each writer would tell of each outage
    os.environ |= {"TORA_SILENT": "1", "TORA_SYSTEM": "off"}
    with (
        TemporaryDirectory(prefix="tora-cluster-") as folder,
        postgres() as catalog,
        clickhouse(options.shards) as points,
    ):
        os.environ["TORA_DIR"] = str(Path(folder, "client"))
        row = servers_killed(Path(folder), catalog.new_database(), points.new_database(options.shards), sizes)
    print(f"{'ok' if row.holds else 'FAIL'}: {row.scenario}, {row.seconds:.1f} s")
    print(f"logged {row.logged:,}, stored {row.stored:,}, duplicates {row.duplicates:,}; {row.notes}")
    if options.json is not None:
        options.json.write_text(json.dumps(asdict(row), indent=1) + "\n", encoding="utf-8")
    return 0 if row.holds else 1


if __name__ == "__main__":
    sys.exit(main())
