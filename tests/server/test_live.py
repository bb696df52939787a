"""What a watcher has not been told yet is bounded."""

from __future__ import annotations

import asyncio

import numpy as np

from tora.server.live import MAX_SERIES_POINTS, MAX_TOLD_POINTS, Hub
from tora.server.metrics.base import Appended, NewPoints


def points(name: str, count: int) -> NewPoints:
    """Return so many new points of a metric."""
    return NewPoints(name, "w", np.arange(count), np.zeros(count), np.zeros(count))


def outcome(tick: int, *new: NewPoints) -> Appended:
    """Return a group with these points."""
    return Appended(sum(len(each.x) for each in new), None, tick, new)


def test_a_slow_watcher_costs_no_memory() -> None:
    """However much is logged while it does not look, it holds no more than it will be told."""
    hub = Hub()
    with hub.watch("x", 0) as watcher:
        for tick in range(1, 1_000):
            hub.points("x", outcome(tick, *(points(f"m{place}", 500) for place in range(50))))
            held = sum(len(each.x) for gathered in watcher._points.values() for each in gathered)
            assert held <= MAX_TOLD_POINTS
        update = watcher.take()
    assert update.points == []
    assert len(update.reload) == 50
    assert update.tick == 999


def test_a_series_is_told_up_to_its_bound() -> None:
    """2,000 new points are told, one more makes a reload of that metric alone."""
    hub = Hub()
    with hub.watch("x", 0) as watcher:
        hub.points("x", outcome(1, points("a", MAX_SERIES_POINTS), points("b", MAX_SERIES_POINTS)))
        hub.points("x", outcome(2, points("b", 1)))
        update = watcher.take()
        assert [each.name for each in update.points] == ["a"]
        assert update.reload == {"b"}
        hub.points("x", outcome(3, points("b", 1)))
        assert [each.name for each in watcher.take().points] == ["b"]


def test_a_watcher_is_told_only_of_what_came_after_it() -> None:
    """A group that was committed before the watcher came is the store's to tell."""
    hub = Hub()
    with hub.watch("x", 5) as watcher:
        hub.points("x", outcome(5, points("a", 1)))
        hub.points("y", outcome(6, points("a", 1)))
        assert watcher.take().points == []
        hub.points("x", outcome(6, points("a", 1)))
        assert watcher.take().tick == 6
    assert not hub._watchers


def test_waiting_ends_with_news_or_with_time() -> None:
    """Wait says whether there is something to take."""

    async def story() -> None:
        hub = Hub()
        with hub.watch("x", 0) as watcher:
            assert not await watcher.wait(0.01)
            hub.changed("x")
            assert await watcher.wait(10)
            assert watcher.take().changed
            assert not await watcher.wait(0.01)
            hub.close()
            assert await watcher.wait(10)
            assert watcher.closed
        with hub.watch("x", 0) as late:
            assert late.closed

    asyncio.run(story())
