"""A series as a chart of characters."""

from __future__ import annotations

import math
import shutil
from typing import Any, Final

from tora.cli.words import clean, number

__all__ = ["chart"]

WIDTHS: Final = (40, 100)
LABELS: Final = 16
"""Columns that the axis beside a chart takes."""
HEIGHT: Final = 12
FAR: Final = 1e300
NEAR: Final = 1e-300


def chart(series: dict[str, Any]) -> list[str]:
    """Return the lines of a chart; values that are not finite are counted under it, and leave a gap."""
    columns = series["columns"]
    points = [
        (float(x), float(y))
        for x, y in zip(columns["x"], columns["last"], strict=True)
        if isinstance(y, (int, float)) and math.isfinite(y)
    ]
    title = clean(series["name"])
    missing = f"{series['nonFinite']:,} of {series['total']:,} values are not finite" if series["nonFinite"] else ""
    if not points:
        return [title, missing or "no points"]
    low, high = min(y for _, y in points), max(y for _, y in points)
    if max(-low, high) > FAR or 0 < high - low < NEAR:  # beyond what the library's arithmetic can do
        return [title, f"from {number(low)} to {number(high)}, which cannot be drawn", *([missing] if missing else [])]
    return [*_drawn(title, points), *([missing] if missing else [])]


def _drawn(title: str, points: list[tuple[float, float]]) -> list[str]:
    from uniplot import plot_to_string

    narrow, wide = WIDTHS
    width = max(narrow, min(wide, shutil.get_terminal_size().columns - LABELS))
    x, y = zip(*points, strict=True)
    drawn = plot_to_string(
        list(y), list(x), title=title[:width], lines=len(points) > 1, width=width, height=HEIGHT, color=False
    )
    return [line.rstrip() for line in drawn.split("\n")]
