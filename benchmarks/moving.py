"""A server's data from its folder to PostgreSQL and ClickHouse, and back: `python -m benchmarks.moving [--quick]`.

The folder holds experiments of ten series of 10,000 points each. What comes back is read whole, and compared with what
was there at first: the counts of each table, and a checksum of the points of each experiment.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from attrs import asdict, frozen

from benchmarks.__main__ import machine
from benchmarks.scale.deployments import Deployment
from benchmarks.scale.filling import LENGTH, NAMES, fill
from tests.support import http
from tests.support.clickhouse import clickhouse
from tests.support.postgres import postgres
from tests.support.serving import clean_environment
from tora.server.catalog import transfer
from tora.server.moving.checksum import Checksum
from tora.server.moving.side import opened
from tora.server.options import Options

POINTS: Final = 10_000_000
QUICK: Final = 200_000


@frozen
class Moved:
    """One move.

    Attributes:
        what: From where to where.
        seconds: From the command's start to its end: storing, reading back, comparing.
    """

    what: str
    points: int
    seconds: float

    @property
    def rate(self) -> float:
        """Points per second."""
        return self.points / self.seconds


def measure(folder: Path, points: int) -> list[Moved]:
    """Move to the engines and back.

    Raises:
        RuntimeError: What came back is not what was there.
    """
    source, back = _make(folder, points), folder / "back"
    with postgres() as catalog, clickhouse(2) as metrics:
        urls = catalog.new_database(), metrics.new_database(2)
        there = ("--from", source, "--to-catalog", urls[0], "--to-metrics", urls[1])
        moved = [
            _move("folder to PostgreSQL and two shards", *there),
            _move("back to a folder", "--from-catalog", urls[0], "--from-metrics", urls[1], "--to", back),
        ]
    before, after = (asyncio.run(_contents(each)) for each in (source, back))
    if before != after:
        raise RuntimeError("what came back is not what was there")
    print(f"{len(before)} tables and experiments: counts and checksums are equal")
    return moved


def _make(folder: Path, points: int) -> Path:
    """Return the data folder of a server that has so many points."""
    embedded = Deployment("embedded", folder)
    count = max(points // (LENGTH * len(NAMES)), 1)
    with embedded.serving() as (server,):
        url = f"{server.url}/experiments"
        made = [str(http.request("POST", url, {"name": "moved"}).json()["data"]["id"]) for _ in range(count)]
    asyncio.run(fill(embedded, made, longs=(), length=0))
    return embedded.options.dir


def _move(what: str, *words: object) -> Moved:
    command = [sys.executable, "-m", "tora", "migrate", "--json", *map(str, words)]
    done = subprocess.run(command, env=clean_environment(), stdout=subprocess.PIPE, check=True)
    told = json.loads(done.stdout)
    return Moved(what, told["points"], told["seconds"])


async def _contents(folder: Path) -> dict[str, Any]:
    """Return what a folder holds, of each experiment its points' checksum."""
    async with opened(Options(dir=folder), target=False) as stores:
        found: dict[str, Any] = dict(await stores.catalog.run(transfer.counts))
        for id_ in await stores.catalog.run(transfer.experiment_ids):
            checksum = Checksum()
            async for chunk in stores.metrics.export(id_):
                checksum.add(chunk)
            found[id_] = checksum.points, checksum.hexdigest()
        return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.moving", description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK:,} points: shows that it runs")
    parser.add_argument("--points", type=int, default=POINTS, help=f"default: {POINTS:,}")
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    options = parser.parse_args()
    with TemporaryDirectory(prefix="tora-moving-") as folder:
        rows = measure(Path(folder), QUICK if options.quick else options.points)
    print(machine())
    for row in rows:
        print(f"{row.what}: {row.points:,} points in {row.seconds:.1f} s, {row.rate:,.0f} points/s, compared too")
    if options.json:
        options.json.write_text(json.dumps({"machine": machine(), "rows": [asdict(row) for row in rows]}, indent=1))


if __name__ == "__main__":
    main()
