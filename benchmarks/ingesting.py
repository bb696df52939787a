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

import aiohttp

from benchmarks.row import Row, quantile
from tests.support import http
from tests.support.serving import clean_environment
from tora import wire

__all__ = ["measure", "run_ingest"]

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
    load = {"url": f"{server_url}/experiments/{made['id']}/logs/batch", "writers": writers, "batches": batches}
    ended = subprocess.run(
        [sys.executable, "-m", "benchmarks.ingesting", json.dumps(load | {"size": size})],
        check=True,
        stdout=subprocess.PIPE,
        env=clean_environment(),
    )
    result = json.loads(ended.stdout)
    found = http.summaries(server_url, made["id"])
    return result["rate"], quantile(result["acks"], 0.99), sum(each["count"] for each in found.values())


async def _send(url: str, writers: int, batches: int, size: int) -> tuple[float, list[float]]:
    bodies = [[_body(writer, batch, size) for batch in range(batches)] for writer in range(writers)]
    acks: list[float] = []

    async def write(session: aiohttp.ClientSession, mine: list[bytes]) -> None:
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
            for mine in bodies:
                group.create_task(write(session, mine))
        return writers * batches * size / (time.perf_counter() - start), acks


def _body(writer: int, batch: int, size: int) -> bytes:
    now = time.time()
    lines = [
        wire.encode_metric(METRICS[place % len(METRICS)], place * 0.001, batch * size + place, None, now + place * 1e-3)
        for place in range(size)
    ]
    name = uuid.uuid5(uuid.NAMESPACE_OID, str(writer)).hex
    return wire.batch_body(name, batch * size + 1, b"".join(lines))


def _main() -> None:
    load = json.loads(sys.argv[1])
    rate, acks = asyncio.run(_send(**load))
    print(json.dumps({"rate": rate, "acks": acks}))


if __name__ == "__main__":
    _main()
