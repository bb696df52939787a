"""How long the server's event loop is held by one callback while it takes all that clients can send."""

from __future__ import annotations

import json
import time
from pathlib import Path

from attrs import evolve

from benchmarks.ingesting import run_ingest
from benchmarks.row import Row
from tests.support.serving import serving

__all__ = ["measure"]

LOADS = ((1, 10_000), (64, 1_000), (500, 100))


def measure(folder: Path, *, quick: bool) -> list[Row]:
    """Return the longest hold for each number of writers."""
    total = 200_000 if quick else 1_000_000
    return [_row(folder, writers, size, total) for writers, size in LOADS]


def _row(folder: Path, writers: int, size: int, total: int) -> Row:
    seen = folder / f"stalls-{writers}.json"
    with serving(folder / f"server-{writers}", entry=("-m", "benchmarks.probed", str(seen))) as server:
        begin = time.time()
        rate, _, _ = run_ingest(server.url, writers, max(1, total // (writers * size)), size)
        end = time.time()
    meanwhile = [held for held in json.loads(seen.read_bytes()) if begin < held[0] < end]
    longest = max((seconds for _, seconds, interrupted, _ in meanwhile if not interrupted), default=0.0) * 1e3
    with_others = max((seconds for _, seconds, _, _ in meanwhile), default=0.0) * 1e3
    row = Row.at_most(f"server's event loop, {writers} writers at {rate:,.0f}/s: longest callback", longest, 20, "ms")
    return evolve(row, floor=f"{with_others:.3g} ms with what other processes took")
