"""Embedded, one ClickHouse node and two shards, with 10 M and 100 M points: `python -m benchmarks.scale [--quick]`."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from attrs import asdict
from rich.console import Console
from rich.table import Table

from benchmarks.__main__ import machine
from benchmarks.scale.deployments import EVERY, Deployment
from benchmarks.scale.filling import LENGTH, LONG, NAMES, fill
from benchmarks.scale.measuring import Figures, Filled, measure
from tests.support import http

SIZES: Final = (10_000_000, 100_000_000)
QUICK: Final = 1_000_000


def figures(deployment: Deployment, sizes: tuple[int, ...], *, quick: bool) -> Iterator[Figures]:
    """Fill a deployment to one size after the other, and measure each."""
    length = LONG // 10 if quick else LONG
    long, made, ingested = "", list[str](), 0
    for size in sizes:
        wanted = max((size - length) // (LENGTH * len(NAMES)), 1)
        with deployment.serving() as servers:
            new = [_create(servers[0].url) for _ in range(wanted - len(made))]
            longs = [] if long else [_create(servers[0].url)]
        rate = asyncio.run(fill(deployment, new, longs, length))
        long, made = long or longs[0], made + new
        points = len(made) * LENGTH * len(NAMES) + length
        found = measure(deployment, Filled(points, rate, made, long, ingested), quick=quick)
        ingested += found.ingested
        yield found


def _create(url: str) -> str:
    return str(http.request("POST", f"{url}/experiments", {"name": "filled"}).json()["data"]["id"])


def table_of(rows: list[Figures]) -> Table:
    """Return the figures as a terminal shows them."""
    table = Table(title=f"Scale, {machine()}", show_lines=True)
    table.add_column("stores")
    names = ("points", "filled/s", "chart", "long chart", "compare 20", "list", "ingest/s", "p99", "B/point")
    for name in (*names, "CPU of a metric", "CPU of a chart"):
        table.add_column(name, justify="right")
    for row in rows:
        milliseconds = (row.chart_ms, row.long_ms, row.compare_ms, row.list_ms)
        table.add_row(
            row.deployment,
            f"{row.points:,}",
            f"{row.fill_rate:,.0f}",
            *(f"{each:.1f} ms" for each in milliseconds),
            f"{row.rate:,.0f}",
            f"{row.ack_ms:.0f} ms",
            f"{row.bytes:.1f}",
            "\n".join(f"{name} {value:.2f} us" for name, value in row.metric_cpu_us.items()),
            "\n".join(f"{name} {value:.1f} ms" for name, value in row.chart_cpu_ms.items()),
        )
    return table


def main() -> None:
    """Measure what the command line asks for, and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=__doc__)
    parser.add_argument("only", nargs="*", metavar="STORES", help=f"any of {', '.join(EVERY)}; default: all")
    parser.add_argument("--quick", action="store_true", help="1 M points: shows that the programs run")
    parser.add_argument("--points", type=int, nargs="+", default=SIZES, help="default: 10 M and 100 M")
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    options = parser.parse_args()
    if unknown := set(options.only) - set(EVERY):
        parser.error(f"unknown stores {min(unknown)!r}; known are {', '.join(EVERY)}")
    os.environ["TORA_SILENT"] = "1"
    sizes = (QUICK,) if options.quick else tuple(sorted(options.points))
    rows: list[Figures] = []
    for name in options.only or EVERY:
        with TemporaryDirectory(prefix=f"tora-scale-{name}-") as folder, EVERY[name](Path(folder)) as deployment:
            for row in figures(deployment, sizes, quick=options.quick):
                rows.append(row)
                print(
                    f"{row.deployment}, {row.points:,} points: {row.rate:,.0f} metrics/s, chart {row.chart_ms:.1f} ms"
                )
    Console(width=170).print(table_of(rows))
    if options.json is not None:
        found = {"machine": machine(), "rows": [asdict(row) for row in rows]}
        options.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
