"""Who watches which experiment, and what they have not been told yet.

A watcher that is slow costs no more than a quick one: what it has not fetched is gathered series by
series, and a series that gathers too much is replaced by the word to load it again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from attrs import define, evolve, field, frozen

from tora.server.metrics.base import Appended, NewPoints
from tora.server.news import News
from tora.server.overview import Overviews

__all__ = ["MAX_SERIES_POINTS", "MAX_TOLD_POINTS", "Hub", "Update", "Watcher"]

MAX_SERIES_POINTS: Final = 2_000
"""So many new points of one series are told; more are loaded again as buckets."""

MAX_TOLD_POINTS: Final = 20_000
"""So many new points of all series are told at once."""


@frozen
class Update:
    """What a watcher has to be told.

    Attributes:
        tick: Everything up to this group is in this update or an earlier one.
        points: New points, in the order of their arrival.
        reload: Names of metrics with more new points than are told.
        changed: The experiment's record is not what it was.
    """

    tick: int
    points: Sequence[NewPoints]
    reload: frozenset[str]
    changed: bool


@define(eq=False, kw_only=True)
class Watcher(News):
    """One reader of one experiment.

    Attributes:
        start: The group after which it was told to watch; what is older it gets from the store.
        tick: The newest group that it knows of.
    """

    start: int
    tick: int = field(init=False)
    _points: dict[str, list[NewPoints]] = field(factory=lambda: defaultdict(list))
    _counts: dict[str, int] = field(factory=lambda: defaultdict(int))
    _reload: set[str] = field(factory=set)
    _missed: dict[str, int] = field(factory=lambda: defaultdict(int))  # how many of the first of `_points` were missed
    _changed: bool = False

    def __attrs_post_init__(self) -> None:
        self.tick = self.start

    def add(self, points: Iterable[NewPoints], tick: int) -> None:
        """Gather what a group made durable."""
        for new in points:
            self._add(evolve(new, tick=tick))
        if sum(self._counts.values()) > MAX_TOLD_POINTS:
            self.reload([*self._points])
        self.tick = max(self.tick, tick)
        self.come()

    def add_missed(self, points: Iterable[NewPoints]) -> None:
        """Gather what the reader missed; it comes before what was made durable since it came back."""
        for new in points:
            if new.name not in self._reload:
                self._points[new.name].insert(self._missed[new.name], new)
                self._missed[new.name] += 1
                self._count(new)
        self.come()

    def reload(self, names: Iterable[str]) -> None:
        """Give up telling the points of some metrics; their reader is to load them again."""
        for name in names:
            self._reload.add(name)
            self._points.pop(name, None)
            self._counts.pop(name, None)
        self.come()

    def change(self) -> None:
        """Note that the experiment's record has changed."""
        self._changed = True
        self.come()

    def take(self) -> Update:
        """Return all that gathered and begin anew."""
        points = [new for gathered in self._points.values() for new in gathered]
        update = Update(self.tick, points, frozenset(self._reload), self._changed)
        self._missed.clear()
        self._points.clear()
        self._counts.clear()
        self._reload.clear()
        self._changed = False
        self.told()
        return update

    def _add(self, new: NewPoints) -> None:
        if new.name in self._reload:
            return
        self._points[new.name].append(new)
        self._count(new)

    def _count(self, new: NewPoints) -> None:
        self._counts[new.name] += len(new.x)
        if self._counts[new.name] > MAX_SERIES_POINTS:
            self.reload([new.name])


class Hub:
    """All watchers by experiment, and those of all experiments.

    Attributes:
        overviews: The readers of lists.
    """

    def __init__(self) -> None:
        self.overviews = Overviews()
        self._watchers: dict[str, set[Watcher]] = defaultdict(set)
        self._closed = False

    @property
    def streams(self) -> int:
        """How many watchers there are, of one experiment or of all."""
        return sum(map(len, list(self._watchers.values()))) + len(self.overviews)

    @contextmanager
    def watch(self, experiment: str, tick: int) -> Iterator[Watcher]:
        """Gather what happens to an experiment after a tick for as long as the block lasts."""
        watcher = Watcher(start=tick, closed=self._closed)
        self._watchers[experiment].add(watcher)
        try:
            yield watcher
        finally:
            self._watchers[experiment].discard(watcher)
            if not self._watchers[experiment]:
                del self._watchers[experiment]

    def points(self, experiment: str, outcome: Appended) -> None:
        """Tell an experiment's watchers what was stored."""
        if outcome.new:
            self.overviews.changed(experiment)
            for watcher in self._of(experiment):
                if outcome.tick > watcher.start:
                    watcher.add(outcome.new, outcome.tick)

    def reload(self, experiment: str, names: Iterable[str], tick: int) -> None:
        """Let an experiment's watchers load some metrics again, of which a group brought points that cannot be told."""
        for watcher in self._of(experiment):
            if tick > watcher.start:
                watcher.reload(names)
                watcher.tick = max(watcher.tick, tick)

    def changed(self, experiment: str) -> None:
        """Tell an experiment's watchers that its record is new or has changed."""
        self.overviews.changed(experiment)
        for watcher in self._of(experiment):
            watcher.change()

    def changed_all(self) -> None:
        """Tell all readers that anything may have changed."""
        for experiment in [*self._watchers]:
            self.changed(experiment)
        self.overviews.reload()

    def gone(self, experiment: str) -> None:
        """Send home the watchers of an experiment that was deleted."""
        self.overviews.gone(experiment)
        self._send_home(experiment)

    def _send_home(self, experiment: str) -> None:
        for watcher in self._of(experiment):
            watcher.close()

    def close(self) -> None:
        """Send all watchers home, and those who come later too."""
        self._closed = True
        for experiment in [*self._watchers]:
            self._send_home(experiment)
        self.overviews.close()

    def starts(self, experiment: str) -> list[int]:
        """Return the group after which each watcher of an experiment was told to watch."""
        return [watcher.start for watcher in self._of(experiment)]

    def _of(self, experiment: str) -> list[Watcher]:
        return [*self._watchers.get(experiment, ())]
