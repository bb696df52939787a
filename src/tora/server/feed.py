"""How live readers begin, and how they hear of points: a server that is alone knows both from its own store."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import asynccontextmanager

import numpy as np
from attrs import define

from tora.server.live import Hub, Watcher
from tora.server.metrics.base import Appended, Chunk, MetricsStore, NewPoints

__all__ = ["Feed", "new_points"]


@define(eq=False)
class Feed:
    """The feed of a server whose store no other server writes to.

    Attributes:
        hub: Who watches.
        store: Where all points are.
    """

    hub: Hub
    store: MetricsStore

    async def cursor(self, experiments: Collection[str]) -> int:  # noqa: ARG002  # several servers have to look
        """Return the number of a group: all points of these experiments up to it are stored."""
        return self.store.tick

    @asynccontextmanager
    async def watching(self, experiment: str) -> AsyncIterator[Watcher]:
        """Gather what happens to an experiment from now on, for as long as the block lasts."""
        with self.hub.watch(experiment, self.store.tick) as watcher:
            yield watcher

    def points(self, experiment: str, outcome: Appended) -> None:
        """Tell what this server has stored."""
        self.hub.points(experiment, outcome)


def new_points(chunk: Chunk) -> tuple[list[NewPoints], set[str]]:
    """Return points of the store as live readers are told them, and the metrics that they have to load instead.

    The store alone knows where points without a step stand.
    """
    without_step = np.ma.getmaskarray(chunk.step)
    return [*_with_step(chunk, ~without_step)], {str(name) for name in chunk.name[without_step]}


def _with_step(chunk: Chunk, wanted: np.ndarray) -> Iterator[NewPoints]:
    names, writers = chunk.name[wanted], chunk.writer[wanted]
    columns = (chunk.step.data[wanted], chunk.time[wanted], chunk.value[wanted])
    for name, writer in dict.fromkeys(zip(names.tolist(), writers.tolist(), strict=True)):
        mine = (names == name) & (writers == writer)
        x, time, value = (column[mine] for column in columns)
        yield NewPoints(name, writer, x, time, value, chunk.tick)
