"""One line of the table of budgets, and how measurements become one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median

from attrs import Factory, frozen

__all__ = ["Row", "quantile"]


@frozen
class Row:
    """One budget and what was measured.

    Attributes:
        what: What was done.
        budget: The bound, in words.
        measured: The figure, with its unit.
        floor: What it is measured against, in the same run; empty where the budget is absolute.
        ratio: The figure over the floor, or over the bound where there is no floor; None without a bound.
        holds: Whether the budget holds; None for a row that only informs.
        data: What was measured, for plots.
    """

    what: str
    budget: str
    measured: str
    floor: str = ""
    ratio: float | None = None
    holds: bool | None = None
    data: Mapping[str, float] = Factory(dict)

    @classmethod
    def at_most(cls, what: str, figure: float, bound: float, unit: str) -> Row:
        """Return the row of a figure that must not exceed a bound."""
        return cls(
            what, f"at most {bound:g} {unit}", f"{figure:.3g} {unit}", ratio=figure / bound, holds=figure <= bound
        )

    @classmethod
    def at_least(cls, what: str, figure: float, bound: float, unit: str) -> Row:
        """Return the row of a figure that must reach a bound."""
        return cls(
            what, f"at least {bound:,.0f} {unit}", f"{figure:,.0f} {unit}", ratio=figure / bound, holds=figure >= bound
        )

    @classmethod
    def over_floor(cls, what: str, figure: float, floor: float, bound: float, unit: str) -> Row:
        """Return the row of a figure that must not exceed a multiple of a floor measured in the same run."""
        return cls(
            what,
            f"at most {bound:g} x floor",
            f"{figure:,.0f} {unit}",
            f"{floor:,.0f} {unit}",
            figure / floor,
            figure <= bound * floor,
        )


def quantile(values: Sequence[float], part: float) -> float:
    """Return the value below which this part of all values lies."""
    if part == 0.5:
        return median(values)
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]
