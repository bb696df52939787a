"""The measurements, peer after peer and round after round, so that a busy moment of the machine meets all of them."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from statistics import median
from typing import Final

from attrs import field, frozen

from benchmarks.peers.figures import Figures
from benchmarks.peers.work import Bench, WorkError, imported

__all__ = ["FULL", "QUICK", "Plan", "Rounds"]

MOST_SECONDS: Final = 75.0
REPEAT_SECONDS: Final = 20.0


@frozen
class Plan:
    """How much is measured.

    Attributes:
        sizes: Metrics of the end to end runs, growing; a peer gets no further than it can in reasonable time.
        calls: Metrics whose calls are timed one by one, and how many where a peer is slow.
        kill_after: Calls before the SIGKILL.
    """

    sizes: tuple[int, ...]
    calls: int
    slow_calls: int
    kill_after: int
    rounds: int
    import_rounds: int


FULL: Final = Plan((2_000, 20_000, 200_000), 20_000, 2_000, 9_999, 3, 7)
QUICK: Final = Plan((200, 500, 2_000), 500, 200, 999, 1, 3)


@frozen
class Rounds:
    """Measures all peers that could be installed.

    Attributes:
        benches: Each peer's bench with the figures that it fills.
        say: Told what is being done.
    """

    plan: Plan
    benches: list[tuple[Bench, Figures]]
    say: Callable[[str], None]
    _broken: set[str] = field(factory=set, init=False)

    def imports(self, bare: Path, scratch: Path) -> None:
        """Measure the imports, and the bare interpreter in the same rounds."""
        found: dict[str, list[float]] = {"": []}
        for number in range(self.plan.import_rounds + 1):
            seconds = {"": imported(bare, "pass", scratch)}
            for bench, figures in self._turns(number):
                seconds[figures.name] = imported(bench.python, f"import {bench.peer.package}", scratch)
            if number:  # the first round fills the disk's cache
                for name, value in seconds.items():
                    found.setdefault(name, []).append(value)
        for _, figures in self.benches:
            figures.import_seconds = median(found[figures.name]) - median(found[""])

    def totals(self) -> None:
        """Measure the end to end runs, from the smallest size on."""
        smaller = 0
        for size in self.plan.sizes:
            for number in range(self.plan.rounds):
                for bench, figures in self._turns(number):
                    rounds = figures.totals.get(size, [])
                    if len(rounds) == number and _affordable(figures, smaller, size) and not _slow(rounds):
                        self._do(bench, figures, f"{size:,} end to end", partial(_total, bench, figures, size))
            smaller = size
        for _, figures in self.benches:
            figures.notes += _not_run(figures, self.plan.sizes)

    def calls(self) -> None:
        """Measure single calls, fewer where a peer could not do the middle size."""
        for number in range(self.plan.rounds):
            for bench, figures in self._turns(number):
                able = figures.totals.get(self.plan.sizes[1])
                figures.calls_size = self.plan.calls if able else self.plan.slow_calls
                if len(figures.calls) == number and not _slow(figures.totals.get(figures.calls_size, [])[:1], number):
                    what = f"{figures.calls_size:,} single calls"
                    self._do(bench, figures, what, partial(_calls, bench, figures))

    def kills(self) -> None:
        """Measure what SIGKILL leaves."""
        seconds: dict[str, float] = {}
        for number in range(self.plan.rounds):
            for bench, figures in self._turns(number):
                figures.killed_after = self.plan.kill_after
                if len(figures.recovered) == number and seconds.get(figures.name, 0) <= REPEAT_SECONDS:
                    begin = time.monotonic()
                    self._do(bench, figures, "SIGKILL", partial(_kill, bench, figures))
                    seconds[figures.name] = time.monotonic() - begin

    def _turns(self, number: int) -> Iterator[tuple[Bench, Figures]]:
        first = number % len(self.benches)
        for bench, figures in self.benches[first:] + self.benches[:first]:
            if figures.name not in self._broken:
                yield bench, figures

    def _do(self, bench: Bench, figures: Figures, what: str, work: Callable[[], None]) -> None:
        begin = time.monotonic()
        try:
            work()
        except WorkError as exc:
            # Others go on; this one's remaining figures would say nothing.
            figures.notes.append(f"{what}: {exc}")
            self._broken.add(figures.name)
        self.say(f"{figures.name}: {what}, {time.monotonic() - begin:.1f} s")
        for folder in bench.scratch.glob(f"{bench.peer.adapter}-*"):
            shutil.rmtree(folder, ignore_errors=True)


def _total(bench: Bench, figures: Figures, size: int) -> None:
    figures.totals.setdefault(size, []).append(bench.total(size))


def _calls(bench: Bench, figures: Figures) -> None:
    figures.calls.append(bench.calls(figures.calls_size))


def _kill(bench: Bench, figures: Figures) -> None:
    figures.recovered.append(bench.survivors(figures.killed_after))


def _slow(rounds: list[dict[str, float]], number: int = 1) -> bool:
    return bool(number and rounds) and max(round_["seconds"] for round_ in rounds) > REPEAT_SECONDS


def _affordable(figures: Figures, smaller: int, size: int) -> bool:
    return not smaller or (smaller in figures.totals and _expected(figures, smaller, size) <= MOST_SECONDS)


def _expected(figures: Figures, smaller: int, size: int) -> float:
    """Return the seconds to be expected, only to decide whether to run it; it is no figure of the table."""
    rounds = figures.totals[smaller]
    init: float = median(round_["init_seconds"] for round_ in rounds)
    seconds: float = median(round_["seconds"] for round_ in rounds)
    return init + (seconds - init) * size / smaller


def _not_run(figures: Figures, sizes: tuple[int, ...]) -> Iterator[str]:
    done = [size for size in sizes if size in figures.totals]
    if done and done[-1] != sizes[-1] and not figures.notes:
        seconds = figures.seconds(done[-1]) or 0.0
        missing = " and ".join(f"{size:,}" for size in sizes if size > done[-1])
        rate = done[-1] / seconds
        yield f"{done[-1]:,} took {seconds:.0f} s ({rate:,.0f} metrics/s), so {missing} were not run"
