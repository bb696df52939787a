"""How charts and ingest fare as the database grows: 1 M, 10 M and 100 M points; the page's questions at the last.

Every size holds experiments of ten series of 10,000 points each, which arrived interleaved: each
experiment's writer sent point after point of all its series, and all experiments took turns. The points
are put into the file as the server would have, without HTTP, and the server's own sorting follows.
"""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from typing import Final

import attrs
import duckdb
from attrs import asdict, evolve, frozen

from benchmarks import querying
from benchmarks.ingesting import run_ingest
from benchmarks.row import Row
from tests.support import http
from tests.support.serving import serving
from tora.server.metrics.base import SeriesQuery
from tora.server.metrics.duckdb import DuckDBMetrics
from tora.server.metrics.duckdb.connection import transaction
from tora.server.metrics.duckdb.parts import PART_ROWS, begin_part, open_tail
from tora.server.metrics.duckdb.query import series

__all__ = ["Size", "fill", "measure", "sizes"]

NAMES: Final = [f"metric/{number}" for number in range(10)]
LENGTH: Final = 10_000
SIZES: Final = (1_000_000, 10_000_000, 100_000_000)

# Row i of a turn belongs to series i; turn by turn each series gets its next point.
_POINTS: Final = """
INSERT INTO {table}
SELECT i % $series + 1, i // $series, i // $series, 1.8e9 + i * 1e-3, sin(i * 1e-4) + random(), NULL, i // 1000 + 1,
    i % 1000
FROM (SELECT i + $first AS i FROM range($rows) r(i))
"""
_SERIES: Final = """
INSERT INTO series SELECT row_number() OVER (), experiment, name, 'w', $length, $length, 0, 0, $length - 1, -1, 2,
    0, $length - 1
FROM (SELECT unnest($experiments) AS experiment), (SELECT unnest($names) AS name)
"""


@frozen
class Size:
    """What was measured with so many points in the database.

    Attributes:
        arrived_ms: The store's answer for one series of 10,000 points, before the points were sorted.
        sorted_ms: The same, sorted.
        chart_ms: The same over HTTP, 2,000 buckets.
        sort_seconds: How long all of them took to be sorted.
        rate: Metrics per second that 64 writers had acknowledged.
        bytes: The size of the file.
        questions: The rows of the page's questions; measured with the most points alone.
    """

    points: int
    arrived_ms: float
    sorted_ms: float
    chart_ms: float
    sort_seconds: float
    rate: float
    bytes: int
    questions: Sequence[Row] = ()


def measure(folder: Path, *, quick: bool) -> list[Row]:
    """Return a row for each size, and that of the growth."""
    found = sizes(folder, [size // 100 for size in SIZES] if quick else SIZES, quick=quick)
    rows = [
        Row(
            f"{size.points:,} points: 10,000 of them from the store, sorted in {size.sort_seconds:.0f} s",
            "",
            f"{size.sorted_ms:.1f} ms",
            f"{size.arrived_ms:.1f} ms",
            size.sorted_ms / size.arrived_ms,
            data=asdict(size, filter=attrs.filters.exclude("questions")),
        )
        for size in found
    ]
    rows += [
        Row.at_least(f"{size.points:,} points: ingest, 64 writers", size.rate, 100_000, "metrics/s") for size in found
    ]
    first, last = found[0], found[-1]
    rows += [evolve(row, what=f"{row.what}, {last.points:,} points there") for row in last.questions]
    rows.append(
        Row.over_floor(f"chart with {last.points:,} points there", last.chart_ms * 1e3, first.chart_ms * 1e3, 2, "us")
    )
    return rows


def sizes(folder: Path, wanted: Sequence[int], *, quick: bool) -> list[Size]:
    """Measure a server with each number of points, one after the other; each file is deleted afterwards."""
    found = []
    for points in wanted:
        data = folder / f"points-{points}"
        questions = partial(querying.measure, quick=quick) if points == wanted[-1] else _none
        found.append(asyncio.run(_size(data, points, 5 if quick else 15, questions)))
        shutil.rmtree(data)
    return found


def _none(server_url: str) -> Sequence[Row]:  # noqa: ARG001  # `querying.measure` where nothing is asked
    return ()


async def _size(data: Path, points: int, repeats: int, questions: Callable[[str], Sequence[Row]]) -> Size:
    experiments = _create(data, max(points // LENGTH // len(NAMES), 1))
    file = data / "metrics.duckdb"
    fill(file, experiments)
    arrived = _answers(file, experiments, repeats)
    start = time.perf_counter()
    async with DuckDBMetrics(file) as store:
        await store.sort()
    seconds = time.perf_counter() - start
    in_order = _answers(file, experiments, repeats)
    with serving(data) as server:
        urls = [f"{server.url}/series?experiment={each}&name={NAMES[5]}&points=2000" for each in experiments]
        chart = _milliseconds([partial(http.data, url) for url in _spread(urls, repeats)])
        rate, _, _ = run_ingest(server.url, 64, 50, 1_000)
        return Size(points, arrived, in_order, chart, seconds, rate, file.stat().st_size, questions(server.url))


def _create(data: Path, count: int) -> list[str]:
    with serving(data) as server:
        url = f"{server.url}/experiments"
        return [str(http.request("POST", url, {"name": "grown"}).json()["data"]["id"]) for _ in range(count)]


def fill(file: Path, experiments: list[str]) -> None:
    """Put ten series of 10,000 points for each experiment into the file of a server that does not run."""
    series = len(experiments) * len(NAMES)
    total = series * LENGTH
    with duckdb.connect(file) as connection:
        connection.execute(_SERIES, {"experiments": experiments, "names": NAMES, "length": LENGTH})
        tail = open_tail(connection)
        for first in range(0, total, PART_ROWS):
            rows = min(PART_ROWS, total - first)
            if first:
                tail = begin_part(connection, tail, tail.number + 1)
            connection.execute(_POINTS.format(table=tail.table), {"series": series, "first": first, "rows": rows})
            tail.rows = rows
        connection.execute("UPDATE meta SET tick = ?", [total // 1000 + 1])


def _answers(file: Path, experiments: list[str], repeats: int) -> float:
    with duckdb.connect(file, config={"threads": 1}) as connection:

        def ask(experiment: str) -> None:
            with transaction(connection):
                series(connection, SeriesQuery([experiment], [NAMES[5]], points=2_000))

        return _milliseconds([partial(ask, experiment) for experiment in _spread(experiments, repeats)])


def _spread(items: list[str], repeats: int) -> list[str]:
    """Return so many items and one, evenly over all of them."""
    return [items[place * len(items) // (repeats + 1)] for place in range(repeats + 1)]


def _milliseconds(calls: list[Callable[[], object]]) -> float:
    """Return the median time of all calls but the first."""
    seconds = []
    for call in calls:
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return median(seconds[1:]) * 1e3
