"""All budgets in one run: `python -m benchmarks [--quick] [--json FILE]`."""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import platform
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from attrs import asdict
from rich.console import Console
from rich.table import Table

from benchmarks import (
    delivering,
    growing,
    ingesting,
    logging_calls,
    querying,
    remembering,
    stalling,
    starting,
    stealing,
    unanswered,
)
from benchmarks.row import Row
from tests.support.serving import serving

GROUPS = ("log", "unanswered", "steal", "deliver", "start", "memory", "ingest", "stall", "grow", "query")

ALL = GROUPS[:-1]
"""What is measured when nothing is named: "grow" asks the questions of "query" with the most points there."""

ALONE = {
    "unanswered": unanswered.measure,
    "start": starting.measure,
    "memory": remembering.measure,
    "stall": stalling.measure,
    "grow": growing.measure,
}
"""Those that start servers of their own."""


def main() -> None:
    """Measure, print the table, and exit with 1 if a budget does not hold."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure every budget of the design.")
    parser.add_argument(
        "groups", nargs="*", metavar="GROUP", help=f"any of {', '.join(GROUPS)}; default: {', '.join(ALL)}"
    )
    parser.add_argument("--quick", action="store_true", help="small sizes: shows that the programs run")
    parser.add_argument("--json", type=Path, help="write the rows to this file too")
    options = parser.parse_args()
    if unknown := set(options.groups) - set(GROUPS):
        parser.error(f"unknown group {min(unknown)!r}; known are {', '.join(GROUPS)}")
    os.environ["TORA_SILENT"] = "1"
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        os.environ["TORA_DIR"] = str(Path(folder, "client"))
        for group in options.groups or ALL:
            rows += _measured(group, Path(folder, group), quick=options.quick)
    Console(width=150).print(table_of(rows))
    if options.json:
        options.json.write_text(json.dumps({"machine": machine(), "rows": [asdict(row) for row in rows]}, indent=1))
    sys.exit(any(row.holds is False for row in rows))


def _measured(group: str, folder: Path, *, quick: bool) -> Iterator[Row]:
    folder.mkdir()
    if alone := ALONE.get(group):
        yield from alone(folder, quick=quick)
        return
    with serving(folder / "server") as server:
        match group:
            case "log":
                yield from logging_calls.measure(folder, server.url, quick=quick)
            case "steal":
                yield from stealing.measure(server.url, quick=quick)
            case "deliver":
                yield from delivering.measure(server.url, quick=quick)
            case "ingest":
                yield from ingesting.measure(server.url, quick=quick)
            case "query":
                yield from querying.measure(server.url, quick=quick)


def table_of(rows: list[Row]) -> Table:
    """Return the rows as a terminal shows them."""
    table = Table(title=f"Budgets, {machine()}")
    for column in ("what", "budget", "measured", "floor", "ratio", "holds"):
        table.add_column(column, justify="left" if column == "what" else "right")
    for row in rows:
        ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
        holds = {True: "yes", False: "NO", None: ""}[row.holds]
        table.add_row(row.what, row.budget, row.measured, row.floor, ratio, holds)
    return table


def machine() -> str:
    """Return the day and what the figures were measured on."""
    today = dt.datetime.now(dt.UTC).date()
    return f"{today}, {os.cpu_count()} cores {platform.machine()}, Python {platform.python_version()}"


if __name__ == "__main__":
    main()
