"""Run the actors, kill some, and say what is stored; exit code 1 says that something is missing or there twice."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import ray
from rich.console import Console

from benchmarks.rollouts.actor import Run
from benchmarks.rollouts.rolling import LIMIT, Sizes, compare, roll_out
from benchmarks.row import quantile
from tests.support.serving import clean_environment, serving


def figures(runs: list[Run]) -> dict[str, float]:
    """Return the milliseconds that matter, over all actors."""
    calls = sorted(value for run in runs for value in run.calls)
    cpu = sorted(value for run in runs for value in run.cpu)
    lags = sorted(value for run in runs for value in run.lags)
    return {
        "call_p50_ms": quantile(calls, 0.5) * 1e3,
        "call_p999_ms": quantile(calls, 0.999) * 1e3,
        "call_slowest_ms": calls[-1] * 1e3,
        "call_over_5_ms": float(sum(value > 0.005 for value in calls)),
        "call_cpu_slowest_ms": cpu[-1] * 1e3,
        "lag_p50_ms": quantile(lags, 0.5) * 1e3,
        "lag_p999_ms": quantile(lags, 0.999) * 1e3,
    }


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rollouts", description=__doc__)
    parser.add_argument("--actors", type=int, default=100)
    parser.add_argument("--metrics", type=int, default=1_000, help="of each actor")
    parser.add_argument("--kills", type=int, default=10, help="actors that are killed by SIGKILL on the way")
    parser.add_argument("--pause", type=float, default=0.1, help="seconds between two metrics of an actor")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    options = parser.parse_args()
    sizes = Sizes(options.actors, options.metrics, options.kills, options.pause, options.seed)
    with TemporaryDirectory() as folder, serving(Path(folder, "server")) as server:
        notes, data = Path(folder, "notes"), Path(folder, "data")
        notes.mkdir()
        environment = {"TORA_DIR": str(data), "TORA_SILENT": "1"}
        os.environ |= {**environment, "RAY_USAGE_STATS_ENABLED": "0"}
        ray.init("local", include_dashboard=False, log_to_driver=False, num_cpus=1)
        try:
            experiment, floor, runs = asyncio.run(roll_out(server.url, sizes, notes, environment))
        finally:
            ray.shutdown()
        # What the killed actors left behind.
        sync = [sys.executable, "-m", "tora", "sync"]
        subprocess.run(sync, env=clean_environment(TORA_DIR=str(data)), check=True, timeout=LIMIT)
        counts = compare(server.url, experiment, sizes, notes)
    measured = {"counts": counts, "log": figures(runs), "floor": figures(floor)}
    console = Console()
    console.print(f"{sizes.actors} actors of {sizes.metrics:,} metrics each, {sizes.kills} of them killed:")
    console.print_json(data=measured)
    if options.json:
        options.json.write_text(json.dumps(measured), encoding="utf-8")
    whole = counts["missing"] == 0 and counts["duplicates"] == 0 and counts["stored_beyond_the_notes"] <= sizes.kills
    return 0 if whole and len(runs) == sizes.actors - sizes.kills else 1


if __name__ == "__main__":
    sys.exit(main())
