"""Fuzz a server: ``python -m tests.fuzz``."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Final, Literal, TypeAlias, get_args

from attrs import frozen

from tests.fuzz.running import Outcome, run
from tests.fuzz.world import populate
from tests.support.serving import serving

Caller: TypeAlias = Literal["administrator", "editor", "nobody"]

CALLERS: Final[Sequence[Caller]] = get_args(Caller)
PHASES: Final = ("examples", "coverage", "fuzzing", "stateful")
SEED: Final = 1


@frozen
class Report:
    """What came of one caller's requests, and what the server logged that it should not have."""

    caller: Caller
    outcome: Outcome
    seconds: float
    traces: str


def main() -> int:
    """Send the requests as three callers and print how many there were, and what was wrong."""
    arguments = _arguments()
    # A server for each caller: what one deletes is not gone for the others, and a run can be had again.
    with ProcessPoolExecutor(max_workers=os.cpu_count()) as pool:
        reports = list(pool.map(partial(_fuzz, examples=arguments.examples, seed=arguments.seed), CALLERS))
    _print_requests(reports)
    for report in reports:
        _print_failures(report)
    total = sum(report.outcome.requests.total() for report in reports)
    wrong = sum(len(report.outcome.failures) + bool(report.traces) for report in reports)
    print(f"{total:,} requests of {arguments.at_least:,} wanted, {wrong} kinds of wrong answers, seed {arguments.seed}")
    return 1 if wrong or total < arguments.at_least else 0


def _fuzz(caller: Caller, examples: int, seed: int) -> Report:
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        # Without limits of rate: one caller asks more in a second than people do.
        with serving(Path(folder, "data"), "--rate-limit", "0", anonymous=False) as server:
            world = populate(server)
            keys = {"administrator": server.key, "editor": world.editor_key, "nobody": None}
            # Nobody is refused nearly everything, with little to be learned from more.
            some = examples // 4 if caller == "nobody" else examples
            outcome = run(server, world, keys[caller], examples=some, seed=seed, phases=PHASES)
        said = server.said()
    return Report(caller, outcome, time.monotonic() - start, said if "Traceback" in said else "")


def _print_requests(reports: Sequence[Report]) -> None:
    counts = sum((report.outcome.requests for report in reports), Counter[tuple[str, str]]())
    for operation in sorted({operation for operation, _ in counts}):
        told = [f"{status}: {counts[which, status]}" for which, status in sorted(counts) if which == operation]
        print(f"{operation:55} {', '.join(told)}")
    for report in reports:
        print(f"as {report.caller}: {report.outcome.requests.total():,} requests in {report.seconds:.0f} s")


def _print_failures(report: Report) -> None:
    for title, told in report.outcome.failures.items():
        print(f"\n--- as {report.caller}: {title}\n{told}")
    if report.traces:
        print(f"\n--- as {report.caller}: the server logged\n{report.traces}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--examples", type=int, default=170, help="generated requests for each operation and caller")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--at-least", type=int, default=20_000, help="fail with fewer requests")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
