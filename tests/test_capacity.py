"""The capacity model: a deployment that is large enough answers in time, and one that is not does not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from attrs import evolve

from benchmarks.scale.capacity import capacity, main, measured
from benchmarks.scale.simulating import Costs, Deployed, Load, simulate

LOAD = Load(metrics=100_000, writers=1_500, charts=10)
COSTS = Costs(batch=1e-3, group=2e-3, insert=5e-3, row=1e-6, answer=0.02)
PARTS = ("server", "catalog", "points")


def _row(name: str, **chart: float) -> dict[str, Any]:
    return {
        "deployment": name,
        "points": 1_000_000,
        "rate": 300_000,
        "bytes": 10.0,
        "chart_ms": 10.0,
        "metric_cpu_us": dict.fromkeys(PARTS, 2.0),
        "batch_cpu_us": dict.fromkeys(PARTS, 300.0),
        "batch_rate": 2_000.0,
        "group_cpu_ms": dict.fromkeys(PARTS, 3.0),
        "group_ms": 20.0,
        "chart_cpu_ms": dict.fromkeys(PARTS, 5.0) | chart,
    }


def test_an_idle_deployment_answers_as_soon_as_its_store_does() -> None:
    """Nothing waits but for its own group, and the one before it."""
    found = simulate(Load(metrics=1_000, writers=100, charts=0), Deployed(servers=2, shards=1, cores=8), COSTS)
    assert COSTS.answer < found.median < found.p99 < 4 * COSTS.answer
    assert found.servers_busy < 0.2


def test_too_few_servers_fall_behind() -> None:
    """What takes more time than there is waits for seconds; as many servers as it takes do not."""
    few, enough = (simulate(LOAD, Deployed(servers=count, shards=1, cores=8), COSTS) for count in (1, 2))
    assert few.servers_busy > 1
    assert few.p99 > 1
    assert enough.p99 < 0.5


def test_a_larger_load_needs_more(tmp_path: Path) -> None:
    """Servers, shards and disk grow with what is logged, and what a shard adds to a chart counts for each chart."""
    file, page = tmp_path / "scale.json", tmp_path / "page.md"
    rows = [_row("embedded"), _row("one"), _row("two", points=6.0)]
    rows[0] |= {each: {"server": 1.0} for each in ("metric_cpu_us", "batch_cpu_us", "group_cpu_ms", "chart_cpu_ms")}
    file.write_text(json.dumps({"machine": "here", "rows": rows}), encoding="utf-8")
    found = measured(file)
    small = capacity(LOAD, found["one"], found["two"])
    large = capacity(evolve(LOAD, metrics=1_000_000, writers=10_000), found["one"], found["two"])
    assert small.deployed.servers < large.deployed.servers
    assert small.deployed.shards < large.deployed.shards
    assert large.terabytes == 10 * small.terabytes
    page.write_text("before\n<!-- capacity: begin -->\nold\n<!-- capacity: end -->\nafter\n", encoding="utf-8")
    main([str(file), "--into", str(page)])
    text = page.read_text(encoding="utf-8")
    assert "old" not in text
    assert "| 1,000,000 | 100,000 | 200 |" in text
    assert text.startswith("before\n<!-- capacity: begin -->\n")
    assert text.endswith("<!-- capacity: end -->\nafter\n")
