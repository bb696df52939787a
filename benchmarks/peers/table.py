"""The table and what stands below it."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from benchmarks.peers.catalogue import COMMON, TORA
from benchmarks.peers.figures import Figures
from benchmarks.peers.verdicts import Verdict, counting_the_start, wins

__all__ = ["show"]


def show(title: str, rows: Sequence[Figures], sizes: Sequence[int], verdicts: Sequence[Verdict]) -> None:
    """Print everything."""
    console = Console(width=150, highlight=False)
    console.print(_table(title, rows, sizes))
    for row in rows:
        for note in row.notes:
            console.print(f"* {row.name}: {escape(note)}")
        if few := _few(row, rows):
            console.print(f"* {row.name}: {few}")
    console.print("\nGoals")
    for verdict in verdicts:
        console.print(f"  {verdict}", style="red" if verdict.holds is False else None)
    console.print("\nFor information: the rates with the start in the time")
    for line in counting_the_start(rows, sizes):
        console.print(f"  {line}")
    console.print("\nWhere a peer is ahead of Tora")
    for line in list(wins(rows, sizes)) or ["nowhere"]:
        console.print(f"  {escape(line)}")
    console.print("\nSettings")
    for name, text in {**COMMON, **{row.name: row.settings for row in rows}}.items():
        console.print(f"  {name}: {escape(text)}")


def _table(title: str, rows: Sequence[Figures], sizes: Sequence[int]) -> Table:
    [tora] = [row for row in rows if row.name == TORA]
    table = Table(title=title, caption="ratios: the peer's figure over Tora's, for p50, mean and the rate at each size")
    table.add_column("peer")
    rates = [f"k/s at\n{size:,}" for size in sizes]
    killed = f"left of {max(row.killed_after for row in rows):,}\nafter SIGKILL"
    columns = ("version", "install MB\n(packages)", "import\nms", "log()\np50 µs", "log()\nmean µs", *rates, killed)
    for column in (*columns, "p50\nratio", "mean\nratio", *(f"rate ratio\n{size:,}" for size in sizes)):
        table.add_column(column, justify="right")
    for row in rows:
        ratios = [(row.p50, tora.p50), (row.mean, tora.mean), *((row.rate(size), tora.rate(size)) for size in sizes)]
        table.add_row(
            row.name,
            row.version,
            "" if row.install_bytes is None else f"{row.install_bytes / 1e6:,.1f} ({row.distributions})",
            "" if row.import_seconds is None else f"{row.import_seconds * 1e3:,.0f}",
            _number(row.p50),
            _number(row.mean),
            *(_number(None if (rate := row.rate(size)) is None else rate / 1e3) for size in sizes),
            "" if row.left is None else f"{row.left:,}",
            *(_ratio(*pair) for pair in ratios),
        )
    return table


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _ratio(value: float | None, own: float | None) -> str:
    return "-" if value is None or not own else f"{value / own:.3g}"


def _few(row: Figures, rows: Sequence[Figures]) -> str:
    """Say where less was measured of a slow peer than of the others: fewer calls, or a single round."""
    fewer = row.calls and row.calls_size < max(other.calls_size for other in rows)
    size = f"{row.calls_size:,} single calls" if fewer else ""
    if max(len(other.calls) for other in rows) == 1:
        return size
    once = [f"{size:,} end to end" for size, rounds in row.totals.items() if len(rounds) == 1]
    once += ["single calls"] if len(row.calls) == 1 else []
    once += ["SIGKILL"] if len(row.recovered) == 1 else []
    return "; ".join(filter(None, [size, f"one round of {', '.join(once)}" if once else ""]))
