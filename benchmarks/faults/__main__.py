"""Run all scenarios and print the table; exit code 1 says that some metric is not stored exactly once."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import attrs
from rich.console import Console
from rich.table import Table

from benchmarks.faults import scenarios
from benchmarks.faults.child import Kind
from benchmarks.faults.forking import forked_loader
from benchmarks.faults.rows import Row

Scenario = Callable[[Path], Row]


def all_of(options: argparse.Namespace) -> Iterator[tuple[str, Scenario]]:
    """Yield each scenario with its sizes, under the word that chooses it."""
    kinds: tuple[Kind, ...] = ("sync", "async")
    for kind in kinds:
        for alive in (True, False):
            for length in (1, 25, 10_000):
                yield (
                    "client-killed",
                    partial(
                        scenarios.client_killed,
                        kind=kind,
                        max_buffer_len=length,
                        server_alive=alive,
                        count=options.metrics,
                    ),
                )
    yield (
        "server-killed",
        partial(scenarios.server_killed, kills=options.kills, count=2 * options.metrics, seed=options.seed),
    )
    for kind in kinds:
        yield "server-stopped", partial(scenarios.server_stopped, seconds=options.stop_seconds, kind=kind)
    yield "answers-lost", partial(scenarios.every_answer_lost, count=2 * options.metrics)
    yield "server-gone", partial(scenarios.server_gone, count=options.backlog, paced=5 * options.metrics)
    yield "disk-full", partial(scenarios.disk_full, count=options.metrics)
    if os.geteuid() == 0:
        yield "disk-full", partial(scenarios.disk_full, count=options.metrics, tmpfs=True)
    yield "adopters", partial(scenarios.two_adopters, count=options.metrics)
    if hasattr(os, "fork"):
        yield "forked-loader", partial(forked_loader, runs=options.forks)


def table_of(rows: list[Row]) -> Table:
    """Return the table."""
    table = Table(title="Faults", show_lines=True)
    table.add_column("scenario", overflow="fold")
    for name in ("logged", "stored", "waiting", "dropped", "duplicates", "seconds"):
        table.add_column(name, justify="right")
    table.add_column("notes", overflow="fold")
    for row in rows:
        numbers = (row.logged, row.stored, row.waiting, row.dropped, row.duplicates)
        table.add_row(
            row.scenario,
            *(f"{number:,}" for number in numbers),
            f"{row.seconds:.1f}",
            row.notes,
            style=None if row.holds else "red",
        )
    return table


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.faults", description=__doc__)
    parser.add_argument("only", nargs="*", help="the scenarios to run, such as server-killed; default all")
    parser.add_argument("--metrics", type=int, default=10_000, help="metrics a client logs, and what follows from it")
    parser.add_argument("--kills", type=int, default=20, help="how often the server is killed")
    parser.add_argument("--stop-seconds", type=float, default=30, help="how long the server stands still")
    parser.add_argument("--backlog", type=int, default=2_000_000, help="metrics logged while the server is gone")
    parser.add_argument("--forks", type=int, default=50, help="how often four workers are forked")
    parser.add_argument("--seed", type=int, default=1, help="of the random moments")
    parser.add_argument("--json", type=Path, help="a file to write the rows to")
    options = parser.parse_args()
    rows = []
    for name, scenario in all_of(options):
        if options.only and name not in options.only:
            continue
        with TemporaryDirectory(prefix="tora-faults-") as folder:
            row = scenario(Path(folder))
        print(f"{'ok  ' if row.holds else 'FAIL'} {row.scenario} ({row.seconds:.1f} s) {row.notes}", flush=True)
        rows.append(row)
    Console(width=None if sys.stdout.isatty() else 160).print(table_of(rows))
    if options.json is not None:
        options.json.write_text(json.dumps([attrs.asdict(row) for row in rows], indent=1) + "\n", encoding="utf-8")
    return 0 if rows and all(row.holds for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
