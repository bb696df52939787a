"""Which points the readers of one of several servers are told, and when the store has to be asked for them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager

import numpy as np
import pytest
from attrs import define, field

from tests.support.polling import aio_until
from tora.models import Summary
from tora.server.catalog import NotFoundError, Place
from tora.server.known import KnownExperiments
from tora.server.live import MAX_TOLD_POINTS, Hub, Watcher
from tora.server.metrics.base import Appended, Chunk, NewPoints, StoreError
from tora.server.sharing import feed as feeds
from tora.server.sharing.feed import SharedFeed


@define
class Engines:
    """What several servers stored of the experiment ``x``: a point a group, whose value is the group's number."""

    ticks: list[int] = field(factory=list)
    sizes: dict[int, int] = field(factory=dict)
    own: dict[int, int] = field(factory=dict)
    asked: list[tuple[int, int | None]] = field(factory=list)
    deleted: list[str] = field(factory=list)
    is_down: bool = False
    is_deleted: bool = False

    def store(self, tick: int, *, own: bool) -> Appended:
        """Store a group."""
        if own:
            self.own[tick] = self.ticks[-1] if self.ticks else 0
        self.ticks.append(tick)
        one = NewPoints("m", "w", np.array([tick]), np.zeros(1), np.array([float(tick)]))
        return Appended(1, None, tick, [one])

    async def finished(self, experiments: Collection[str]) -> dict[str, int]:
        """Return the newest group."""
        if self.is_down:
            raise StoreError("it is down")
        return dict.fromkeys(experiments, self.ticks[-1]) if self.ticks else {}

    def before(self, experiment: str, tick: int) -> int | None:  # noqa: ARG002  # there is one
        """Return the group before one of this server's."""
        return self.own.get(tick)

    async def export(self, experiment: str, after: int, through: int | None) -> AsyncIterator[Chunk]:  # noqa: ARG002
        """Yield a chunk a group."""
        self.asked.append((after, through))
        for tick in self.ticks:
            if after < tick <= (through or tick):
                n = self.sizes.get(tick, 1)
                text = [np.array([word] * n, object) for word in ("m", "w", None)]
                step = np.ma.MaskedArray(np.full(n, tick), False)  # noqa: FBT003  # numpy's own way
                value = np.full(n, float(tick))
                yield Chunk(text[0], text[1], step, value, np.zeros(n), text[2], tick)

    async def summaries(self, experiments: Collection[str]) -> dict[str, list[Summary]]:
        """Return that there is one metric."""
        return {each: [Summary("m", 1, 0.0, 0.0, 0.0, 0, 0, 0, 1)] for each in experiments}

    async def place(self, experiment: str) -> Place:
        """Return where an experiment is, if it was not deleted."""
        if self.is_deleted:
            raise NotFoundError("experiment", experiment)
        return Place(None, None)

    async def delete(self, experiment: str) -> None:
        """Note a deletion."""
        self.deleted.append(experiment)


@define
class World:
    """A feed over engines that a test writes to."""

    engines: Engines
    feed: SharedFeed
    known: KnownExperiments
    said: list[tuple[str, int]]

    def own(self, tick: int) -> None:
        """Store a group on this server."""
        self.feed.points("x", self.engines.store(tick, own=True))

    def elsewhere(self, tick: int, *, told: bool = True) -> None:
        """Store a group on another server."""
        self.engines.store(tick, own=False)
        if told:
            self.feed.stored_elsewhere("x", tick)

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[Watcher]:
        """Watch; the first look, which finds nothing, is over."""
        async with self.feed.watching("x") as watcher:
            await aio_until(lambda: not self.feed._tasks, "end of the look")
            yield watcher


@pytest.fixture
async def world(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    """A feed that looks as soon as it may."""
    monkeypatch.setattr(feeds, "PACE", 0.0)
    engines, said = Engines(), list[tuple[str, int]]()
    known = KnownExperiments(engines)  # type: ignore[arg-type]
    feed = SharedFeed(
        Hub(),
        engines,  # type: ignore[arg-type]  # it has what a feed asks for
        engines,  # type: ignore[arg-type]
        known,
        lambda experiment, tick: said.append((experiment, tick)),
    )
    async with feed.looking():
        yield World(engines, feed, known, said)


def _values(watcher: Watcher) -> list[float]:
    return [value for new in watcher._points.get("m", ()) for value in new.value.tolist()]


async def _told(watcher: Watcher, *values: float) -> None:
    await aio_until(lambda: len(_values(watcher)) >= len(values), "points")
    assert _values(watcher) == [*values]


async def test_a_server_that_writes_alone_asks_nobody(world: World) -> None:
    """Its readers are told from memory, at once; the other servers are told that there is something."""
    async with world.watching() as watcher:
        for tick in (1, 5, 6):
            world.own(tick)
        assert _values(watcher) == [1, 5, 6]
        assert watcher.take().tick == 6
    assert world.engines.asked == []
    assert world.said == [("x", 1), ("x", 5), ("x", 6)]
    assert world.feed._followed == {}


async def test_groups_are_told_in_their_order(world: World) -> None:
    """What another server stored in between is told before this server's own, and nothing twice."""
    async with world.watching() as watcher:
        world.own(1)
        world.elsewhere(2, told=False)
        world.own(3)
        await _told(watcher, 1, 2, 3)
        world.elsewhere(2 + 2)
        await _told(watcher, 1, 2, 3, 4)
        world.own(5)
        assert _values(watcher) == [1, 2, 3, 4, 5]
        world.feed.stored_elsewhere("x", 4)  # late
        await aio_until(lambda: not world.feed._tasks, "end")
        assert _values(watcher) == [1, 2, 3, 4, 5]


async def test_what_nobody_told_is_found(world: World) -> None:
    """A server that was killed before it could tell of its points: a look finds them, or what is sent again does."""
    async with world.watching() as watcher:
        world.elsewhere(1, told=False)
        world.feed.look()
        await _told(watcher, 1)
        world.elsewhere(2, told=False)
        world.feed.points("x", Appended(1, 1, 2, ()))
        await _told(watcher, 1, 2)


async def test_who_comes_later_begins_where_they_came(world: World) -> None:
    """Groups that were stored before a reader came are not told to it, though others wait for them."""
    world.engines.store(1, own=False)
    async with world.watching() as first:
        world.engines.store(2, own=False)
        async with world.feed.watching("x") as second:
            world.elsewhere(3)
            await _told(first, 2, 3)
            await _told(second, 3)


async def test_too_much_is_loaded_again(world: World) -> None:
    """Of more points than are told at once the reader hears that it is to load the metric."""
    async with world.watching() as watcher:
        world.engines.sizes[1] = MAX_TOLD_POINTS + 1
        world.elsewhere(1)
        await aio_until(lambda: watcher._reload, "word to load")
        update = watcher.take()
        assert (update.points, update.reload, update.tick) == ([], frozenset({"m"}), 1)
        world.own(2)
        await _told(watcher, 2)


async def test_an_engine_that_is_down_delays_and_loses_nothing(world: World) -> None:
    """What could not be read is told by the next look."""
    async with world.watching() as watcher:
        world.engines.is_down = True
        world.elsewhere(1)
        await aio_until(lambda: not world.feed._tasks, "end of the look")
        world.engines.is_down = False
        world.feed.look()
        await _told(watcher, 1)


async def test_points_of_what_was_deleted_meanwhile_go(world: World) -> None:
    """Another server deleted the experiment while this one stored a group of it: nothing stays, unless it is anew."""
    world.known.remove("x", Place(None, None))
    world.own(1)
    await aio_until(lambda: not world.feed._tasks, "end")
    assert world.engines.deleted == []
    world.engines.is_deleted = True
    world.known.remove("x", Place(None, None))
    world.own(2)
    await aio_until(lambda: world.engines.deleted == ["x"], "deletion")
    assert world.said == []
