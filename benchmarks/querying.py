"""How long the page's questions take over HTTP."""

from __future__ import annotations

import time
import uuid
from statistics import median

import numpy as np

from benchmarks.row import Row
from tests.support import http
from tora import wire

__all__ = ["measure"]

BATCH = 10_000


def measure(server_url: str, *, quick: bool) -> list[Row]:
    """Return the rows of a long chart, a comparison and a long list."""
    points, many, listed = (100_000, 20, 500) if quick else (1_000_000, 100, 10_000)
    repeats = 5 if quick else 15
    long = _experiment(server_url, "long")
    _fill(server_url, long, points)
    compared = [_experiment(server_url, f"compared {number}") for number in range(many)]
    for each in compared:
        _fill(server_url, each, 10_000)
    for number in range(listed - many - 1):
        each = _experiment(server_url, f"listed {number}")
        _fill(server_url, each, 2)
    chart = f"{server_url}/series?experiment={long}&name=value&points=2000"
    comparison = f"{server_url}/series?{'&'.join(f'experiment={each}' for each in compared)}&name=value&points=1000"
    return [
        Row.at_most(f"chart of a {points:,}-point series, 2,000 buckets", _milliseconds(chart, repeats), 50, "ms"),
        Row.at_most(f"compare {many} experiments x 10,000 points", _milliseconds(comparison, repeats), 250, "ms"),
        Row.at_most(
            f"first page of {listed:,} experiments with summaries",
            _milliseconds(f"{server_url}/experiments?limit=100", repeats),
            50,
            "ms",
        ),
    ]


def _experiment(server_url: str, name: str) -> str:
    return str(http.request("POST", f"{server_url}/experiments", {"name": name}).json()["data"]["id"])


def _fill(server_url: str, experiment: str, points: int) -> None:
    values = np.random.default_rng(0).normal(size=points).tolist()
    writer = uuid.uuid4().hex
    for first in range(0, points, BATCH):
        lines = [
            wire.encode_metric("value", values[step], step, None, 1.8e9 + step)
            for step in range(first, min(first + BATCH, points))
        ]
        body = wire.batch_body(writer, first + 1, b"".join(lines))
        answer = http.request("POST", f"{server_url}/experiments/{experiment}/logs/batch", body)
        if answer.status != 201:
            raise RuntimeError(f"{answer.status}: {answer.body[:500]!r}")


def _milliseconds(url: str, repeats: int) -> float:
    seconds = []
    for _ in range(repeats + 1):
        start = time.perf_counter()
        http.data(url)
        seconds.append(time.perf_counter() - start)
    return median(seconds[1:]) * 1e3
