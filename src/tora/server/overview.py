"""Who looks at lists of experiments, and which experiments are not what they were when they were told last."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from attrs import define, field, frozen

from tora.server.news import News

__all__ = ["MAX_TOLD", "Overview", "Overviews", "Seen"]

MAX_TOLD: Final = 1_000
"""So many ids are told at once; beyond it the reader is to load its list again."""


@frozen
class Seen:
    """What the reader of a list has to be told.

    Attributes:
        changed: The ids of experiments that are new, have new points, or another record.
        gone: The ids of those that were deleted.
        reload: There is more than is told.
    """

    changed: frozenset[str]
    gone: frozenset[str]
    reload: bool


@define(eq=False)
class Overview(News):
    """One reader of all experiments."""

    _changed: set[str] = field(factory=set)
    _gone: set[str] = field(factory=set)
    _reload: bool = False

    def change(self, experiment: str) -> None:
        """Note that an experiment is new or not what it was."""
        self._changed.add(experiment)
        self._bound()

    def lose(self, experiment: str) -> None:
        """Note that an experiment was deleted."""
        self._changed.discard(experiment)
        self._gone.add(experiment)
        self._bound()

    def take(self) -> Seen:
        """Return all that gathered, whoever may see it, and begin anew."""
        seen = Seen(frozenset(self._changed), frozenset(self._gone), self._reload)
        self._changed.clear()
        self._gone.clear()
        self._reload = False
        self.told()
        return seen

    def reload(self) -> None:
        """Give up telling what has changed; the reader is to load its list again."""
        self._changed.clear()
        self._gone.clear()
        self._reload = True
        self.come()

    def _bound(self) -> None:
        if len(self._changed) + len(self._gone) > MAX_TOLD:
            self.reload()
        self.come()


class Overviews:
    """All readers of lists."""

    def __init__(self) -> None:
        self._all: set[Overview] = set()
        self._closed = False

    def __len__(self) -> int:
        """Return how many readers there are."""
        return len(self._all)

    @contextmanager
    def watch(self) -> Iterator[Overview]:
        """Gather what happens to experiments for as long as the block lasts."""
        overview = Overview(closed=self._closed)
        self._all.add(overview)
        try:
            yield overview
        finally:
            self._all.discard(overview)

    def changed(self, experiment: str) -> None:
        """Tell all readers of an experiment that is new or not what it was."""
        for overview in self._all:
            overview.change(experiment)

    def gone(self, experiment: str) -> None:
        """Tell all readers of an experiment that was deleted."""
        for overview in self._all:
            overview.lose(experiment)

    def reload(self) -> None:
        """Let all readers load their lists again."""
        for overview in self._all:
            overview.reload()

    def close(self) -> None:
        """Send all readers home, and those who come later too."""
        self._closed = True
        for overview in self._all:
            overview.close()
