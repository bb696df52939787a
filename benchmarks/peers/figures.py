"""What was measured of one peer."""

from __future__ import annotations

from statistics import median
from typing import Any

from attrs import define, field

__all__ = ["Figures"]


@define
class Figures:
    """All figures of one peer, round by round; what was not measured is empty, and `notes` say why.

    Attributes:
        install_bytes: Beyond an empty environment.
        import_seconds: Over the bare interpreter of the same rounds.
        calls: Each round's answer of `drive.calls`, and at which size.
        totals: Each round's answer of `drive.total`, by size.
        recovered: Each round's metrics that were read back after SIGKILL.
    """

    name: str
    settings: str
    version: str = ""
    install_bytes: int | None = None
    distributions: int | None = None
    import_seconds: float | None = None
    calls_size: int = 0
    calls: list[dict[str, Any]] = field(factory=list)
    totals: dict[int, list[dict[str, Any]]] = field(factory=dict)
    killed_after: int = 0
    recovered: list[int] = field(factory=list)
    notes: list[str] = field(factory=list)

    @property
    def p50(self) -> float | None:
        """Return the median microseconds of a call."""
        return median(round_["p50_us"] for round_ in self.calls) if self.calls else None

    @property
    def mean(self) -> float | None:
        """Return the mean microseconds of a call, the middle one of the rounds."""
        return median(round_["mean_us"] for round_ in self.calls) if self.calls else None

    def seconds(self, size: int) -> float | None:
        """Return the seconds from the first call of `log` until all metrics were stored."""
        rounds = self.totals.get(size)
        return median(round_["seconds"] - round_["init_seconds"] for round_ in rounds) if rounds else None

    def whole_seconds(self, size: int) -> float | None:
        """Return the same from before `init`, in which some peers import what others import at the top."""
        rounds = self.totals.get(size)
        return median(round_["seconds"] for round_ in rounds) if rounds else None

    def rate(self, size: int) -> float | None:
        """Return metrics a second, end to end."""
        seconds = self.seconds(size)
        return size / seconds if seconds else None

    @property
    def left(self) -> int | None:
        """Return what was left after SIGKILL, the lowest of the rounds."""
        return min(self.recovered) if self.recovered else None

    @property
    def survives(self) -> bool:
        """Whether each metric was there after each SIGKILL."""
        return self.left is not None and self.left >= self.killed_after

    def summary(self, sizes: tuple[int, ...]) -> dict[str, float | int | None]:
        """Return one figure a column."""
        return {
            "p50_us": self.p50,
            "mean_us": self.mean,
            **{f"rate_{size}": self.rate(size) for size in sizes},
            "recovered": self.left,
        }
