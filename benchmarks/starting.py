"""How long the first moments take: import, help, the first `setup()` ever and the later ones."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from statistics import median

from benchmarks.row import Row
from tests.support.serving import clean_environment, free_port, stop_local

__all__ = ["measure"]

SETUP = "import time; s = time.perf_counter(); import tora; tora.setup('start'); print(time.perf_counter() - s)"


def measure(folder: Path, *, quick: bool) -> list[Row]:
    """Return the rows of the start."""
    rounds = 3 if quick else 10
    bare, full = [], []
    for _ in range(rounds):
        bare.append(_seconds("-c", "pass"))
        full.append(_seconds("-c", "import tora"))
    help_seconds = [_seconds("-m", "tora", "--help") for _ in range(rounds)]
    first, later = _setups(folder, rounds)
    return [
        Row.at_most("import tora over a bare interpreter", (median(full) - median(bare)) * 1e3, 30, "ms"),
        Row.at_most("tora --help", median(help_seconds), 0.3, "s"),
        Row.at_most("first setup() ever, the server started", median(first), 2.0, "s"),
        Row.at_most("a later setup()", median(later), 0.4, "s"),
    ]


def _seconds(*arguments: str) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL, env=clean_environment())
    return time.perf_counter() - start


def _setups(folder: Path, rounds: int) -> tuple[list[float], list[float]]:
    first, later = [], []
    for number in range(min(rounds, 5)):
        data = folder / f"start-{number}"
        environment = clean_environment(TORA_DIR=str(data), TORA_PORT=str(free_port()), TORA_SILENT="1")
        try:
            first.append(_setup(environment))
            later += [_setup(environment) for _ in range(3)]
        finally:
            stop_local(data)
    return first, later


def _setup(environment: dict[str, str]) -> float:
    ended = subprocess.run(
        [sys.executable, "-c", SETUP], check=True, stdout=subprocess.PIPE, text=True, env=environment
    )
    return float(ended.stdout.split()[-1])
