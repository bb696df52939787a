"""How fast one client gets metrics to a durable server, and what that costs it."""

from __future__ import annotations

import resource
import subprocess
import sys
import time

from benchmarks.row import Row
from tests.support.serving import clean_environment
from tora import Tora

__all__ = ["measure"]


def measure(server_url: str, *, quick: bool) -> list[Row]:
    """Return the rows of delivery: metrics a second until all are acknowledged, and CPU seconds."""
    count = 50_000 if quick else 200_000
    rate = max(_rate(server_url, count) for _ in range(3))
    return [
        Row.at_least(f"{count:,} metrics by one client, all acknowledged", rate, 100_000, "metrics/s"),
        Row.at_most("client CPU to log and deliver 100,000 metrics", _cpu_seconds(server_url), 1.0, "s"),
    ]


def _rate(server_url: str, count: int) -> float:
    with Tora.create_experiment("delivering", server_url=server_url) as client:
        start = time.perf_counter()
        for step in range(count):
            client.log("train/loss", 0.123456, step)
        stats = client.flush()
        seconds = time.perf_counter() - start
    if stats.stored != count:
        raise RuntimeError(f"{count:,} metrics were logged, and {stats}")
    return count / seconds


def _cpu_seconds(server_url: str) -> float:
    """Return what a process of its own used, less what it had used before the first metric."""
    command = [sys.executable, "-m", "benchmarks.delivering", server_url]
    ended = subprocess.run(command, check=True, capture_output=True, text=True, env=clean_environment())
    return float(ended.stdout.split()[-1])


def _used() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _main() -> None:
    with Tora.create_experiment("CPU", server_url=sys.argv[1]) as client:
        before = _used()
        for step in range(100_000):
            client.log("train/loss", 0.123456, step)
        client.flush()
        after = _used()
    print(after - before)


if __name__ == "__main__":
    _main()
