"""The feed of one of several servers: what each of them stores reaches the readers of all, in the order of the groups.

A reader is told of a group when all earlier ones of the experiment were told. A group of this server's own is told from
memory where it follows the one that was told last; whatever others stored is read from the store.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Coroutine
from contextlib import asynccontextmanager
from typing import Final

from attrs import define, field

from tora.server.catalog import CatalogError
from tora.server.feed import Feed, new_points
from tora.server.known import KnownExperiments
from tora.server.live import MAX_TOLD_POINTS, Watcher
from tora.server.logbook import LOG
from tora.server.metrics.base import Appended, StoreError
from tora.server.refusals import Refusal
from tora.server.sharing.turns import PostgresTurns

__all__ = ["SharedFeed"]

PACE: Final = 0.25
"""Seconds between two looks at one experiment at the least; readers are told no sooner."""

LOOK: Final = 5.0
"""Seconds between two looks for what nobody told: a server may be killed after it stored, and before it said so."""


@define
class _Followed:
    """An experiment that is watched here.

    Attributes:
        told: All its groups up to this one were told.
        reading: Points are being read from the store.
        again: There is more to be read.
    """

    told: int
    reading: bool = False
    again: bool = False
    task: asyncio.Task[None] | None = None


@define(eq=False)
class SharedFeed(Feed):
    """The feed of one of several servers that write to one store.

    Attributes:
        turns: What knows which groups have ended.
        known: What knows which experiments were deleted.
        tell: Tells the other servers that a group of an experiment is stored.
    """

    turns: PostgresTurns
    known: KnownExperiments
    tell: Callable[[str, int], None]
    _followed: dict[str, _Followed] = field(factory=dict)
    _tasks: set[asyncio.Task[None]] = field(factory=set)

    async def cursor(self, experiments: Collection[str]) -> int:
        """Return the number of a group: all points of these experiments up to it are stored."""
        return min((await self.turns.finished(experiments)).values(), default=0)

    @asynccontextmanager
    async def watching(self, experiment: str) -> AsyncIterator[Watcher]:
        """Gather what happens to an experiment from now on, for as long as the block lasts."""
        tick = await self.cursor([experiment])
        followed = self._followed.setdefault(experiment, _Followed(tick))
        try:
            with self.hub.watch(experiment, max(tick, followed.told)) as watcher:
                self._look(experiment)  # something may have been stored since we asked
                yield watcher
        finally:
            if not self.hub.starts(experiment):
                self._followed.pop(experiment, None)

    def points(self, experiment: str, outcome: Appended) -> None:
        """Tell what this server has stored."""
        if self.known.is_gone(experiment):  # deleted on another server while this one stored it
            self._begin(self._remove(experiment))
            return
        if not outcome.new:
            # Stored before, perhaps by a server that could not tell it any more.
            self._look(experiment)
            return
        self.tell(experiment, outcome.tick)
        followed = self._followed.get(experiment)
        before = self.turns.before(experiment, outcome.tick)
        if followed is None:
            self.hub.points(experiment, outcome)
        elif not followed.reading and before is not None and before <= followed.told:
            self.hub.points(experiment, outcome)
            followed.told = max(followed.told, outcome.tick)
        else:
            self.hub.overviews.changed(experiment)
            self._look(experiment)

    def stored_elsewhere(self, experiment: str, tick: int) -> None:
        """Hear that another server has stored a group."""
        self.hub.overviews.changed(experiment)
        followed = self._followed.get(experiment)
        if followed is not None and tick > followed.told:
            self._look(experiment)

    def look(self) -> None:
        """Look for new points of all experiments that are watched here."""
        for experiment in [*self._followed]:
            self._look(experiment)

    @asynccontextmanager
    async def looking(self) -> AsyncIterator[None]:
        """Look now and then for what nobody told."""

        async def now_and_then() -> None:
            while True:
                await asyncio.sleep(LOOK)
                self.look()

        task = asyncio.create_task(now_and_then(), name="looking")
        try:
            yield
        finally:
            for each in (task, *self._tasks):
                each.cancel()

    def _look(self, experiment: str) -> None:
        followed = self._followed.get(experiment)
        if followed is None:
            return
        followed.again = True
        if followed.task is None or followed.task.done():
            followed.task = self._begin(self._keep_up(experiment, followed))

    def _begin(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _remove(self, experiment: str) -> None:
        """Delete what was stored of an experiment that is gone, unless somebody has made it anew."""
        self.known.doubt(experiment)
        try:
            await self.known.place(experiment)
        except Refusal:
            pass
        except CatalogError as exc:
            LOG.warning("points of %s, which may be deleted, are kept: %s", experiment, exc)
            return
        else:
            return
        try:
            await self.store.delete(experiment)
        except StoreError as exc:
            LOG.warning("points of %s, which was deleted, are still there: %s", experiment, exc)

    async def _keep_up(self, experiment: str, followed: _Followed) -> None:
        """Tell what the store has, until nothing more is to be looked for."""
        while followed.again and self._followed.get(experiment) is followed:
            followed.again = False
            followed.reading = True
            try:
                newest = (await self.turns.finished([experiment])).get(experiment, 0)
                if newest > followed.told:
                    await self._read(experiment, followed, newest)
            except StoreError as exc:
                LOG.warning("points that other servers stored could not be read, and are told later: %s", exc)
            finally:
                followed.reading = False
            if followed.again:
                await asyncio.sleep(PACE)

    async def _read(self, experiment: str, followed: _Followed, newest: int) -> None:
        """Tell the groups up to one; readers that came in between begin where they came."""
        told = 0
        starts = {start for start in self.hub.starts(experiment) if followed.told < start < newest}
        for end in (*sorted(starts), newest):
            async for chunk in self.store.export(experiment, followed.told, end):
                told += len(chunk.name)
                if told > MAX_TOLD_POINTS:
                    found = await self.store.summaries([experiment])
                    self.hub.reload(experiment, [each.name for each in found.get(experiment, [])], newest)
                    followed.told = newest
                    return
                points, reload = new_points(chunk)
                self.hub.points(experiment, Appended(len(chunk.name), None, chunk.tick, points))
                self.hub.reload(experiment, reload, chunk.tick)
                followed.told = chunk.tick
            followed.told = end
