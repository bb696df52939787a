"""One experiment as an expression and an order see it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from attrs import frozen

from tora.models import Summary
from tora.server.catalog import Outline
from tora.server.listing.tree import Field, Param, Source, Stat
from tora.types import Status

__all__ = ["Subject", "duration"]

_SECOND: Final = 1_000_000


@frozen
class Subject:
    """What is known of an experiment.

    Attributes:
        outline: What the catalog knows.
        status: The status of now, which may be ``lost``.
        duration: Seconds; None where nobody knows when it ended.
        metrics: The summaries that were asked for, by name.
    """

    outline: Outline
    status: Status
    duration: float | None
    metrics: Mapping[str, Summary]

    def value(self, source: Source) -> Any:
        """Return what a name means here; None where the experiment has no such thing."""
        match source:
            case Param():
                return self.outline.params.get(source.key)
            case Stat():
                summary = self.metrics.get(source.metric)
                return None if summary is None else getattr(summary, source.stat)
            case Field():
                return self._field(source.name)

    def _field(self, name: str) -> Any:
        match name:
            case "status":
                return self.status
            case "duration":
                return self.duration
            case "tag":
                return self.outline.tags or None
            case _:
                return getattr(self.outline, name)


def duration(created: int, ended: int | None, status: Status, now: int) -> float | None:
    """Return how many seconds an experiment took, or has taken by now; all times are in microseconds."""
    end = now if status == "running" else ended
    return None if end is None else max(end - created, 0) / _SECOND
