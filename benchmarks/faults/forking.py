"""The scenario of forks: a data loader's workers are forked while their parent logs and flushes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from benchmarks.faults import loader
from benchmarks.faults.rows import Row, Watch
from tests.support.serving import clean_environment, serving
from tora.models import Stats

__all__ = ["forked_loader"]


def forked_loader(folder: Path, *, runs: int = 50) -> Row:
    """Four workers are forked in each run; a deadlock is a run that does not end."""
    with serving(folder / "server") as server:
        watch = Watch(f"data loader: 4 workers forked in each of {runs} runs, 3 threads of the parent log")
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.faults.loader", str(runs)],
            cwd=Path(__file__).parents[2],
            env=clean_environment(TORA_DIR=str(folder / "client"), TORA_SERVER_URL=server.url, TORA_SILENT="1"),
            stdout=subprocess.PIPE,
            text=True,
            timeout=60 + 10 * runs,
            check=True,
        )
        experiment, ends = done.stdout.split("\n", 1)
        counts, stats = json.loads(ends)
        left = len(list((folder / "client" / "journal").glob("*.jsonl")))
        notes = f"no deadlock; {sum(counts):,} metrics of the parent; {left} journals left"
        return watch.row(server.url, experiment, loader.expected(runs, counts), [Stats(**stats)], notes)
