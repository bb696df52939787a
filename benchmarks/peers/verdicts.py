"""Whether the two goals hold, and in which columns a peer is ahead of Tora."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from attrs import frozen

from benchmarks.peers.catalogue import PEERS, TORA
from benchmarks.peers.figures import Figures

__all__ = ["CALL_GOAL", "RATE_GOAL", "Verdict", "counting_the_start", "goals", "wins"]

CALL_GOAL: Final = 5.0
RATE_GOAL: Final = 2.0


@frozen
class Verdict:
    """One goal; `holds` is None where nobody was there to compare with."""

    goal: str
    measured: str
    holds: bool | None

    def __str__(self) -> str:
        word = {True: "holds", False: "DOES NOT HOLD", None: "not judged"}[self.holds]
        return f"{self.goal}: {word}; {self.measured}"


def goals(rows: Sequence[Figures], sizes: Sequence[int]) -> Iterator[Verdict]:
    """Judge both goals; the sizes are those of the end to end goal."""
    [tora] = [row for row in rows if row.name == TORA]
    peers = [row for row in rows if row.name != TORA]
    survivors = [row for row in peers if row.survives]
    yield Verdict(
        "Tora itself recovers everything after SIGKILL",
        f"{tora.left or 0:,} of {tora.killed_after:,}",
        tora.survives if tora.recovered else False,
    )
    figures: tuple[tuple[str, Callable[[Figures], float | None]], ...] = (
        ("p50", lambda row: row.p50),
        ("mean", lambda row: row.mean),
    )
    for name, figure in figures:
        goal = f"(a) {name} of log() at least {CALL_GOAL:g} times lower than any peer's that recovers everything"
        yield _against(goal, survivors, figure, figure(tora), CALL_GOAL, "µs", lower=True)
    for size in sizes:
        goal = f"(b) rate from the first log() on at {size:,} at least {RATE_GOAL:g} times the best peer's"
        rate = _rate(size)
        yield _against(goal, peers, rate, rate(tora), RATE_GOAL, "metrics/s", lower=False)


def wins(rows: Sequence[Figures], sizes: Sequence[int]) -> Iterator[str]:
    """Say for each column who is ahead of Tora, by how much and why."""
    why = {peer.name: peer.why for peer in PEERS}
    [tora] = [row for row in rows if row.name == TORA]
    for title, reason, figure, lower in _columns(sizes):
        own = figure(tora)
        if own is None:
            continue
        ahead = [(row.name, value) for row in rows if (value := figure(row)) is not None and _better(value, own, lower)]
        for name, value in sorted(ahead, key=lambda pair: pair[1], reverse=not lower):
            times = own / value if lower and value > 0 else value / own
            text = why.get(name, {}).get(reason, "no reason is noted")
            yield f"{title}: {name} is ahead, {_shown(value)} against {_shown(own)} ({times:.2f} x): {text}"


def counting_the_start(rows: Sequence[Figures], sizes: Sequence[int]) -> Iterator[str]:
    """Say what the rates are with `init` in the time, and with the import too.

    It judges nothing.
    """
    for size in sizes:
        for what, imports in (("init", 0), ("init and import", 1)):
            rates = {
                row.name: size / (seconds + imports * row.import_seconds)
                for row in rows
                if (seconds := row.whole_seconds(size)) is not None and row.import_seconds is not None
            }
            own = rates.pop(TORA, None)
            if own is None or not rates:
                continue
            best = max(rates, key=rates.__getitem__)
            times = own / rates[best]
            yield f"{size:,} with {what}: Tora {_shown(own)} metrics/s, {best} {_shown(rates[best])}: {times:.2f} x"


def _columns(sizes: Sequence[int]) -> Iterator[tuple[str, str, Callable[[Figures], float | None], bool]]:
    yield "install MB", "install", lambda row: None if row.install_bytes is None else row.install_bytes / 1e6, True
    yield "import ms", "import", lambda row: None if row.import_seconds is None else row.import_seconds * 1e3, True
    yield "log() p50 µs", "log", lambda row: row.p50, True
    yield "log() mean µs", "log", lambda row: row.mean, True
    for size in sizes:
        yield f"metrics/s at {size:,}", "rate", _rate(size), False
    yield "recovered after SIGKILL", "recovered", lambda row: row.left, False


def _better(value: float, own: float, lower: bool) -> bool:  # noqa: FBT001  # a column's direction
    return value < own if lower else value > own


def _shown(value: float) -> str:
    return f"{value:,.0f}" if value >= 1_000 else f"{value:.3g}"


def _rate(size: int) -> Callable[[Figures], float | None]:
    return lambda row: row.rate(size)


def _against(
    goal: str,
    peers: Sequence[Figures],
    figure: Callable[[Figures], float | None],
    own: float | None,
    times: float,
    unit: str,
    *,
    lower: bool,
) -> Verdict:
    known = [(value, row.name) for row in peers if (value := figure(row)) is not None]
    if own is None:
        return Verdict(goal, "Tora was not measured", holds=False)
    if not known:
        return Verdict(goal, "no peer was there to compare with", holds=None)
    best, name = min(known) if lower else max(known)
    ratio = best / own if lower else own / best
    return Verdict(
        goal, f"Tora {_shown(own)} {unit}, {name} {_shown(best)} {unit}: {ratio:.2f} x", holds=ratio >= times
    )
