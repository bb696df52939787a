"""What a store knows of experiments besides their points, and whether two stores know the same."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import attrs
from attrs import frozen

from tora.server.metrics.base import MetricsStore, Writer

__all__ = ["Belongings", "belongings"]


@frozen
class Belongings:
    """What belongs to the points of one experiment.

    Attributes:
        summaries: Of each metric, as what can be compared: NaN is equal to nothing.
        writers: By their ids.
        messages: The ids that clients without a writer gave their points, sorted.
    """

    summaries: Mapping[str, tuple[object, ...]]
    writers: Mapping[str, Writer]
    messages: Sequence[str]

    @property
    def points(self) -> int:
        """How many points there are."""
        return sum(count for _, count, *_ in self.summaries.values() if isinstance(count, int))

    def difference(self, other: Belongings) -> str | None:
        """Return in what another store differs, None where it does not."""
        if self.summaries != other.summaries:
            return "other summaries"
        if self.writers != other.writers:
            return "other writers"
        return None if self.messages == other.messages else "other ids of messages"


async def belongings(store: MetricsStore, experiments: Sequence[str]) -> dict[str, Belongings]:
    """Return what belongs to each of these experiments that somebody has written to."""
    summaries, writers = await store.summaries(experiments), await store.writers(experiments)
    return {
        id_: Belongings(
            {one.name: tuple(map(_comparable, attrs.astuple(one))) for one in summaries[id_]},
            {one.writer: one for one in writers[id_]},
            # Those without a writer's id are one writer, whose id is empty.
            sorted(await store.messages(id_)) if any(not one.writer for one in writers[id_]) else [],
        )
        for id_ in experiments
        if summaries[id_] or writers[id_]
    }


def _comparable(value: object) -> object:
    return "NaN" if isinstance(value, float) and math.isnan(value) else value
