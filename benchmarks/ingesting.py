"""What one server takes over HTTP, each batch durable before its answer.

The bodies are made beforehand and sent by a process of its own, so that the figures are the
server's; both share the machine's cores all the same.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
import uuid
from collections.abc import Sequence

import aiohttp

from benchmarks.row import Row, quantile
from tests.support import http
from tests.support.serving import clean_environment
from tora import wire

__all__ = ["measure", "run_ingest", "send"]

METRICS = ("train/loss", "train/accuracy", "train/lr", "train/grad_norm")


def measure(server_url: str, *, quick: bool) -> list[Row]:
    """Return the rows of ingest with 1, 8, 64 and 500 writers."""
    total = 200_000 if quick else 1_000_000
    rows = []
    for writers, size in ((1, 10_000), (8, 5_000), (64, 1_000), (500, 100)):
        batches = max(1, total // (writers * size))
        rate, p99, stored = run_ingest(server_url, writers, batches, size)
        expected = writers * batches * size
        if stored != expected:
            raise RuntimeError(f"{expected:,} metrics were sent, and {stored:,} are stored")
        name = f"ingest: {writers} writers x {batches} batches x {size:,} metrics"
        rows.append(Row.at_least(name, rate, 100_000, "metrics/s"))
        if writers == 500:
            rows.append(Row.at_most(f"ack p99 with {writers} writers at once", p99, 1.0, "s"))
    return rows


def run_ingest(server_url: str, writers: int, batches: int, size: int) -> tuple[float, float, int]:
    """Return the rate, the 99th percentile of the seconds until an answer, and how many metrics are stored."""
    made = http.request("POST", f"{server_url}/experiments", {"name": f"ingest {writers}"}).json()["data"]
    rate, p99 = send([f"{server_url}/experiments/{made['id']}"], writers, batches, size)
    found = http.summaries(server_url, made["id"])
    return rate, p99, sum(each["count"] for each in found.values())


def send(experiments: Sequence[str], writers: int, batches: int, size: int) -> tuple[float, float]:
    """Let writers send from a process of its own; return the rate and the answers' 99th percentile in seconds.

    Args:
        experiments: Their addresses, each at one of the servers; the writers take turns with them.
        writers: How many send at once.
        batches: How many each of them sends.
        size: How many metrics are in a batch.
    """
    urls = [f"{each}/logs/batch" for each in experiments]
    load = {"urls": urls, "writers": writers, "batches": batches, "size": size}
    ended = subprocess.run(
        [sys.executable, "-m", "benchmarks.ingesting", json.dumps(load)],
        check=True,
        stdout=subprocess.PIPE,
        env=clean_environment(),
    )
    result = json.loads(ended.stdout)
    return result["rate"], quantile(result["acks"], 0.99)


async def _send(urls: Sequence[str], writers: int, batches: int, size: int) -> tuple[float, list[float]]:
    names = [uuid.uuid4().hex for _ in range(writers)]
    bodies = [[_body(name, batch, size) for batch in range(batches)] for name in names]
    acks: list[float] = []

    async def write(session: aiohttp.ClientSession, url: str, mine: list[bytes]) -> None:
        for body in mine:
            start = time.perf_counter()
            async with session.post(url, data=body, headers={"Content-Type": "application/json"}) as answer:
                await answer.read()
                answer.raise_for_status()
            acks.append(time.perf_counter() - start)

    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:
        start = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for number, mine in enumerate(bodies):
                group.create_task(write(session, urls[number % len(urls)], mine))
        return writers * batches * size / (time.perf_counter() - start), acks


def _body(writer: str, batch: int, size: int) -> bytes:
    now = time.time()
    lines = [
        wire.encode_metric(METRICS[place % len(METRICS)], place * 0.001, batch * size + place, None, now + place * 1e-3)
        for place in range(size)
    ]
    return wire.batch_body(writer, batch * size + 1, b"".join(lines))


def _main() -> None:
    load = json.loads(sys.argv[1])
    rate, acks = asyncio.run(_send(**load))
    print(json.dumps({"rate": rate, "acks": acks}))


if __name__ == "__main__":
    _main()
