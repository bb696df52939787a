"""Plots from the JSON of other runs: `python -m benchmarks.plots --grow F --peers F FOLDER`."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from statistics import median
from typing import Any, Final

import matplotlib as mpl
from matplotlib import pyplot as plt

__all__ = ["growth", "peers"]

_TORA: Final = "#6d4aff"
_OTHERS: Final = "#9aa0a6"
# Text stays text, in the reader's own font; the same run gives the same file.
_STYLE: Final[dict[Any, Any]] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "tora",
    "font.family": "sans-serif",
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def growth(rows: list[dict[str, Any]], path: Path) -> None:
    """Draw chart latency and ingest rate over the number of points in the database."""
    sizes = [row["data"] for row in rows if "arrived_ms" in row.get("data", {})]
    points = [size["points"] for size in sizes]
    figure, (charts, ingest) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
    for key, label, style in (
        ("arrived_ms", "store, as they arrived", "o:"),
        ("sorted_ms", "store, sorted", "o--"),
        ("chart_ms", "over HTTP, sorted", "o-"),
    ):
        colour = _OTHERS if key == "arrived_ms" else _TORA
        charts.plot(points, [size[key] for size in sizes], style, color=colour, label=label)
    charts.set(xscale="log", yscale="log", xlabel="points in the database", ylabel="ms", title="Chart of 10,000 points")
    charts.legend(frameon=False)
    ingest.plot(points, [size["rate"] / 1e3 for size in sizes], "o-", color=_TORA)
    ingest.set(xscale="log", xlabel="points in the database", ylabel="1,000 metrics/s", title="Ingest, 64 writers")
    ingest.set_ylim(bottom=0)
    _save(figure, path)


def peers(found: list[dict[str, Any]], path: Path) -> None:
    """Draw the time of one call of `log` of each tracker, and the time of 20,000 metrics from end to end."""
    figure, (calls, whole) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
    _bars(calls, {peer["name"]: _mean_us(peer) for peer in found}, "mean of one log() call, us")
    _bars(whole, {peer["name"]: _seconds(peer) for peer in found}, "20,000 metrics, first log() to stored, s")
    _save(figure, path)


def _mean_us(peer: dict[str, Any]) -> float | None:
    return median(one["mean_us"] for one in peer["calls"]) if peer.get("calls") else None


def _seconds(peer: dict[str, Any]) -> float | None:
    rounds = peer.get("totals", {}).get("20000")
    return median(one["seconds"] - one["init_seconds"] for one in rounds) if rounds else None


def _bars(axes: Any, values: dict[str, float | None], title: str) -> None:
    there = sorted(((value, name) for name, value in values.items() if value is not None), reverse=True)
    names = [name for _, name in there]
    bars = axes.barh(names, [value for value, _ in there], color=[_TORA if n == "tora" else _OTHERS for n in names])
    axes.bar_label(bars, fmt="{:,.3g}", padding=3)
    axes.set(xscale="log", title=title)
    axes.margins(x=0.2)


def _save(figure: Any, path: Path) -> None:
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def main() -> None:
    """Read what was measured and write the pictures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.plots", description=__doc__)
    parser.add_argument("folder", type=Path, help="where the pictures go")
    parser.add_argument("--grow", type=Path, help="what `python -m benchmarks grow --json F` wrote")
    parser.add_argument("--peers", type=Path, help="what `python -m benchmarks.peers --json F` wrote")
    options = parser.parse_args()
    mpl.use("svg")
    mpl.rcParams.update(_STYLE)
    options.folder.mkdir(parents=True, exist_ok=True)
    if options.grow:
        growth(json.loads(options.grow.read_text("utf-8"))["rows"], options.folder / "growth.svg")
    if options.peers:
        peers(json.loads(options.peers.read_text("utf-8"))["peers"], options.folder / "peers.svg")


if __name__ == "__main__":
    main()
