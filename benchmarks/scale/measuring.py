"""What is asked of a deployment that holds so many points."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from statistics import median
from typing import Final

from attrs import frozen

from benchmarks.ingesting import send
from benchmarks.scale.deployments import Deployment
from benchmarks.scale.filling import LONG_NAME, NAMES
from tests.support import http
from tests.support.serving import Server

__all__ = ["Figures", "Filled", "measure"]

COMPARED: Final = 20
WRITERS: Final = 64
SIZE: Final = 1_000
SMALL_WRITERS: Final = 256
SMALL: Final = 10
INGESTED: Final = 16
"""Experiments that the writers send to."""


@frozen
class Filled:
    """What a deployment's stores hold.

    Attributes:
        rate: Points per second that went in without HTTP.
        experiments: Those of ten series.
        long: The one with the long series.
        ingested: What earlier measurements left there besides.
    """

    points: int
    rate: float
    experiments: Sequence[str]
    long: str
    ingested: int = 0


@frozen
class Figures:
    """What one deployment did with so many points there.

    Attributes:
        fill_rate: Points per second that went in without HTTP.
        chart_ms: A series of 10,000 points over HTTP, 2,000 buckets.
        long_ms: The longest series, 2,000 buckets.
        compare_ms: One metric of 20 experiments, 1,000 buckets each.
        list_ms: The first page of all experiments with their summaries.
        rate: Metrics per second that 64 writers had acknowledged.
        ack_ms: The 99th percentile of the time until an answer to one of their batches.
        bytes: On disk, of one point.
        chart_cpu_ms: Processor time of one chart, by part.
        metric_cpu_us: Processor time of one metric that is logged, by part.
        batch_cpu_us: The same of one batch of ten metrics, of many that come at once.
        batch_rate: How many of these were acknowledged in a second.
        group_cpu_ms: The same of one metric that comes alone, and is stored alone.
        group_ms: The time until such a metric was acknowledged.
        ingested: How many metrics were logged for all this.
    """

    deployment: str
    points: int
    fill_rate: float
    chart_ms: float
    long_ms: float
    compare_ms: float
    list_ms: float
    rate: float
    ack_ms: float
    bytes: float
    chart_cpu_ms: Mapping[str, float]
    metric_cpu_us: Mapping[str, float]
    batch_cpu_us: Mapping[str, float]
    batch_rate: float
    group_cpu_ms: Mapping[str, float]
    group_ms: float
    ingested: int


def measure(deployment: Deployment, filled: Filled, *, quick: bool) -> Figures:
    """Run the deployment's servers and ask them; what is ingested for it stays there."""
    repeats = 5 if quick else 30
    experiments = filled.experiments
    size = deployment.size() / (filled.points + filled.ingested)
    with deployment.serving() as servers:
        urls = [server.url for server in servers]
        chosen = [experiments[place * len(experiments) // repeats] for place in range(repeats)]
        charts = [_series(urls[place % len(urls)], [each], NAMES[5], 2_000) for place, each in enumerate(chosen)]
        before = deployment.used(servers)
        chart = _milliseconds(charts)
        chart_cpu = _per(deployment, servers, before, len(charts), 1e3)
        long = _milliseconds([_series(urls[0], [filled.long], LONG_NAME, 2_000)] * (repeats // 5 + 1))
        compared = _milliseconds([_series(urls[0], experiments[:COMPARED], NAMES[3], 1_000)] * (repeats // 5 + 1))
        listed = _milliseconds([f"{urls[0]}/experiments?limit=100"] * (repeats // 5 + 1))
        batches = 5 if quick else 50
        made = [_create(urls[place % len(urls)]) for place in range(INGESTED)]
        before = deployment.used(servers)
        rate, p99 = send(made, WRITERS, batches, SIZE)
        metrics = WRITERS * batches * SIZE
        metric_cpu = _per(deployment, servers, before, metrics, 1e6)
        before = deployment.used(servers)
        small_rate, _ = send(made, SMALL_WRITERS, batches, SMALL)
        small = SMALL_WRITERS * batches
        batch_cpu = _per(deployment, servers, before, small, 1e6)
        before = deployment.used(servers)
        alone_rate, _ = send(made[:1], 1, 5 * batches, 1)
        group_cpu = _per(deployment, servers, before, 5 * batches, 1e3)
        ingested = metrics + small * SMALL + 5 * batches
        _check(made, ingested)
    return Figures(
        deployment=deployment.name,
        points=filled.points,
        fill_rate=filled.rate,
        chart_ms=chart,
        long_ms=long,
        compare_ms=compared,
        list_ms=listed,
        rate=rate,
        ack_ms=p99 * 1e3,
        bytes=size,
        chart_cpu_ms=chart_cpu,
        metric_cpu_us=metric_cpu,
        batch_cpu_us=batch_cpu,
        batch_rate=small_rate / SMALL,
        group_cpu_ms=group_cpu,
        group_ms=1e3 / alone_rate,
        ingested=ingested,
    )


def _series(url: str, experiments: Sequence[str], name: str, points: int) -> str:
    return f"{url}/series?{'&'.join(f'experiment={each}' for each in experiments)}&name={name}&points={points}"


def _milliseconds(urls: Sequence[str]) -> float:
    """Return the median time of all requests but the first."""
    seconds = [_timed(partial(_asked, url)) for url in urls]
    return median(seconds[1:]) * 1e3


def _asked(url: str) -> None:
    answer = http.data(url)
    if not (answer.get("items") or answer.get("series")):
        raise RuntimeError(f"there is nothing at {url}")


def _timed(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def _per(
    deployment: Deployment, servers: Sequence[Server], before: Mapping[str, float], count: int, unit: float
) -> dict[str, float]:
    """Return the processor time since then, of one of so many."""
    return {name: (value - before[name]) / count * unit for name, value in deployment.used(servers).items()}


def _create(url: str) -> str:
    """Create an experiment and return its address."""
    return f"{url}/experiments/{http.request('POST', f'{url}/experiments', {'name': 'ingested'}).json()['data']['id']}"


def _check(experiments: Sequence[str], expected: int) -> None:
    """Compare what is stored with what was acknowledged."""
    stored = sum(each["count"] for url in experiments for each in http.data(f"{url}/metrics"))
    if stored != expected:
        raise RuntimeError(f"{expected:,} metrics were acknowledged, and {stored:,} are stored")
