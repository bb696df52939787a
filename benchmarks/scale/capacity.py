"""What a deployment needs, from what one machine did: `python -m benchmarks.scale.capacity scale.json [--into FILE]`.

Reads what `python -m benchmarks.scale --json scale.json` wrote. The costs of a metric, a batch, a group and a chart are
processor time as it was measured with the most points there; `simulating` tells whether it answers in time.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from math import ceil
from pathlib import Path
from typing import Any, Final

from attrs import frozen

from benchmarks.scale.simulating import Costs, Deployed, Load, simulate

__all__ = ["Capacity", "Measured", "capacity", "measured"]

FULL: Final = 0.6
"""How much of a machine's processor time is planned for."""

SHARD_CORES: Final = 8
INSERTS: Final = 100
"""Into one shard in a second, at most, since its merges must keep up with their parts; servers gather for so long."""
PACE: Final = 0.05
"""Seconds from one group of a server to the next, at the least: what the store on ClickHouse keeps to."""

LOADS: Final = (
    Load(metrics=50_000, writers=1_000, charts=10),
    Load(metrics=200_000, writers=10_000, charts=50),
    Load(metrics=1_000_000, writers=100_000, charts=200),
)
DAYS: Final = 30
_SERVERS: Final = 2
_MOST_SHARDS: Final = 64
_PARTS: Final = ("server", "catalog", "points")
_METRICS_IN_A_SMALL_BATCH: Final = 10
_MARKS: Final = re.compile(r"(<!-- capacity: begin -->\n).*?(<!-- capacity: end -->)", re.DOTALL)


@frozen
class Measured:
    """What one deployment did with the most points there.

    Attributes:
        name: What the benchmark calls it.
        points: How many points were there.
        rate: Metrics per second that 64 writers had acknowledged on the machine, with everything on it.
        metric, batch: Seconds of processor time of one, by part.
        group, chart: The same; a group is what is stored together.
        answer: Seconds until a metric that came alone was acknowledged.
        chart_ms: Milliseconds until a chart was there.
        bytes: On disk, of one point.
    """

    name: str
    points: int
    rate: float
    metric: Mapping[str, float]
    batch: Mapping[str, float]
    group: Mapping[str, float]
    chart: Mapping[str, float]
    answer: float
    chart_ms: float
    bytes: float

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Measured:
        """Return what a row of the benchmark says."""
        metric = {name: value * 1e-6 for name, value in row["metric_cpu_us"].items()}
        small = {name: value * 1e-6 for name, value in row["batch_cpu_us"].items()}
        group = {name: value * 1e-3 for name, value in row["group_cpu_ms"].items()}
        answer = row["group_ms"] * 1e-3
        # What is stored together was begun when the group before it was there, and paid once.
        groups = min(1 / max(answer, PACE) / row["batch_rate"], 1.0)
        rest = {name: small[name] - _METRICS_IN_A_SMALL_BATCH * metric[name] - groups * group[name] for name in small}
        return cls(
            name=row["deployment"],
            points=row["points"],
            rate=row["rate"],
            metric=metric,
            batch={name: max(value, 0.0) for name, value in rest.items()},
            group=group,
            chart={name: value * 1e-3 for name, value in row["chart_cpu_ms"].items()},
            answer=answer,
            chart_ms=row["chart_ms"],
            bytes=row["bytes"],
        )


@frozen
class Capacity:
    """What a load needs.

    Attributes:
        cores: Of processor time, by part, all machines together.
        deployed: Servers and shards, filled to `FULL`.
        terabytes: On disk after `DAYS`.
        ack: Seconds until a batch was acknowledged in the simulation: the median and the 99th percentile.
    """

    load: Load
    cores: Mapping[str, float]
    deployed: Deployed
    terabytes: float
    ack: tuple[float, float]


def measured(file: Path) -> dict[str, Measured]:
    """Return what each deployment did with the most points, by its name."""
    rows = json.loads(file.read_text(encoding="utf-8"))["rows"]
    most = {row["deployment"]: row for row in sorted(rows, key=lambda row: row["points"])}
    return {name: Measured.of(row) for name, row in most.items()}


def capacity(load: Load, one: Measured, two: Measured) -> Capacity:
    """Return what a load needs.

    Args:
        load: What is logged and looked at.
        one: What one shard did.
        two: What two shards did: what a further one adds to a chart is the difference.
    """
    costs = Costs(
        batch=one.batch["server"] + load.metrics / load.batches * one.metric["server"],
        group=one.group["server"],
        insert=one.group["points"],
        row=one.metric["points"],
        answer=one.answer,
    )
    shards = 1
    while True:
        cores = _cores(load, one, two, shards)
        servers = max(ceil(cores["server"] / FULL), _SERVERS)
        found = simulate(load, deployed := Deployed(servers, shards, SHARD_CORES, max(servers / INSERTS, PACE)), costs)
        # Each group has its turns, and on each shard its insert.
        groups = {"server": found.groups, "catalog": found.groups, "points": found.groups * shards}
        cores = {part: cores[part] + groups[part] * one.group[part] for part in _PARTS}
        if cores["points"] <= FULL * SHARD_CORES * shards or shards == _MOST_SHARDS:
            break
        shards += 1
    return Capacity(
        load=load,
        cores=cores,
        deployed=deployed,
        terabytes=load.metrics * one.bytes * 86_400 * DAYS / 1e12,
        ack=(found.median, found.p99),
    )


def _cores(load: Load, one: Measured, two: Measured, shards: int) -> dict[str, float]:
    """Return the processor time that each part takes in a second, but for what each group costs."""
    return {
        part: load.metrics * one.metric[part]
        + load.batches * one.batch[part]
        + load.charts * (one.chart[part] + max(two.chart[part] - one.chart[part], 0) * (shards - 1))
        for part in _PARTS
    }


def page(found: Mapping[str, Measured], machine: str) -> Iterator[str]:
    """Yield the lines of the documentation's section."""
    yield f"Measured on one machine that runs everything, the load as well: {machine}."
    yield ""
    yield "| stores | points there | metrics/s | a metric | a batch | a group | a chart | chart ready in | B/point |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for each in found.values():
        yield (
            f"| {each.name} | {each.points:,} | {each.rate:,.0f} | {_by_part(each.metric, 1e6, 'us')} | "
            f"{_by_part(each.batch, 1e6, 'us')} | {_by_part(each.group, 1e3, 'ms')} | "
            f"{_by_part(each.chart, 1e3, 'ms')} | {each.chart_ms:.1f} ms | {each.bytes:.1f} |"
        )
    one, two = _shared(found)
    yield ""
    yield (
        "Costs are processor time of the Tora server / PostgreSQL / ClickHouse. What it makes of larger loads, each "
        f"writer sending once a second, {DAYS} days kept, shards of {SHARD_CORES} cores, nothing replicated. Servers "
        f"gather for so long that a shard gets {INSERTS} inserts a second at most; cores are those at work:"
    )
    yield ""
    head = (
        "metrics/s | writers | charts/s | servers | PostgreSQL | shards | gathered for | disk | acknowledged, p50, p99"
    )
    yield f"| {head} |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for load in LOADS:
        need = capacity(load, one, two)
        cores = {part: f"{value:.1f} cores" for part, value in need.cores.items()}
        p50, p99 = (f"{seconds * 1e3:.0f} ms" for seconds in need.ack)
        columns = (
            f"{load.metrics:,}",
            f"{load.writers:,}",
            f"{load.charts:,}",
            f"{need.deployed.servers}, {cores['server']}",
            cores["catalog"],
            f"{need.deployed.shards}, {cores['points']}",
            f"{need.deployed.gather * 1e3:.0f} ms",
            f"{need.terabytes:.1f} TB",
            f"{p50}, {p99}",
        )
        yield f"| {' | '.join(columns)} |"


def _by_part(costs: Mapping[str, float], unit: float, name: str) -> str:
    return " / ".join(f"{costs[part] * unit:.2f}" for part in _PARTS if part in costs) + f" {name}"


def _shared(found: Mapping[str, Measured]) -> tuple[Measured, Measured]:
    """Return what one and two shards did."""
    several = [each for each in found.values() if "points" in each.metric]
    if len(several) != 2:
        raise SystemExit("the file must hold one node and two shards: python -m benchmarks.scale node shards --json")
    return several[0], several[1]


def main(words: Sequence[str] | None = None) -> None:
    """Print the section, or put it between its marks in a page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale.capacity", description=__doc__)
    parser.add_argument("file", type=Path, help="what `python -m benchmarks.scale --json` wrote")
    parser.add_argument("--into", type=Path, help="the page with the marks")
    options = parser.parse_args(words)
    machine = json.loads(options.file.read_text(encoding="utf-8"))["machine"]
    text = "\n".join(page(measured(options.file), machine)) + "\n"
    if options.into is None:
        print(text, end="")
        return
    before = options.into.read_text(encoding="utf-8")
    if not _MARKS.search(before):
        parser.error(f"{options.into} has no marks for it")
    options.into.write_text(_MARKS.sub(lambda found: found[1] + text + found[2], before), encoding="utf-8")


if __name__ == "__main__":
    main()
