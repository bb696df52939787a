"""What a server tells the others of what it alone knows: gathered for a moment, so that much becomes few messages."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Final

from attrs import define, field

from tora.server.limits import AllowanceName, Limits
from tora.server.presence import Presence
from tora.server.sharing.messages import Called, Failed, Heard, Lost, Message, Points
from tora.server.throttle import Throttle

__all__ = ["Telling"]

POINTS: Final = 0.2
"""Seconds for which points are gathered: readers are told at about that pace."""

CALLS: Final = 0.5
"""Seconds for which calls are gathered: so late others know how much of an allowance is used."""

SIGNS: Final = 5.0
"""Seconds for which signs of life are gathered: a small part of those after which a writer counts as lost."""

_WRITERS: Final = 50
"""Writers in one message at most, so that it fits into a notification."""

_Publish = Callable[[Message], None]
_Take = Callable[[], Iterator[Message]]


@define(eq=False)
class Telling:
    """Gathers what the other servers have to know, and tells them.

    Attributes:
        presence: What knows who was killed: that somebody was heard before is no sign of life.
    """

    presence: Presence
    _points: dict[str, int] = field(factory=dict)
    _calls: Counter[tuple[AllowanceName, str]] = field(factory=Counter)
    _signs: defaultdict[str, set[str | None]] = field(factory=lambda: defaultdict(set))

    def attach(self, publish: _Publish, limits: Limits | None, throttle: Throttle) -> None:
        """Hear from now on what those note; what others must know at once is told at once."""
        self.presence.signed = lambda experiment, writer: self._signs[experiment].add(writer)
        self.presence.killed = lambda experiment, writer: publish(Lost(experiment, writer))
        throttle.failed = lambda kind, digest: publish(Failed(kind, digest))
        if limits is not None:
            limits.calls.used = lambda who: self._calls.update([("calls", who)])
            limits.appends.used = lambda who: self._calls.update([("appends", who)])
            limits.guesses.used = lambda who: self._calls.update([("guesses", who)])

    def points(self, experiment: str, tick: int) -> None:
        """Note that a group of this server has points of an experiment."""
        self._points[experiment] = max(tick, self._points.get(experiment, 0))

    @asynccontextmanager
    async def going_on(self, publish: _Publish) -> AsyncIterator[None]:
        """Tell what has gathered, again and again, and all of it at the end."""
        kinds = ((self._take_points, POINTS), (self._take_calls, CALLS), (self._take_signs, SIGNS))
        tasks = [asyncio.create_task(_again(publish, take, pace), name="telling") for take, pace in kinds]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            for take, _ in kinds:
                _tell(publish, take)

    def _take_points(self) -> Iterator[Message]:
        taken, self._points = self._points, {}
        for experiment, tick in taken.items():
            yield Points(experiment, tick)

    def _take_calls(self) -> Iterator[Message]:
        taken, self._calls = self._calls, Counter()
        for (allowance, who), times in taken.items():
            yield Called(allowance, who, times)

    def _take_signs(self) -> Iterator[Message]:
        taken, self._signs = self._signs, defaultdict(set)
        for experiment, signed in taken.items():
            writers = [one for one in signed if not self.presence.is_killed(experiment, one)]
            for start in range(0, len(writers), _WRITERS):
                yield Heard(experiment, writers[start : start + _WRITERS])


async def _again(publish: _Publish, take: _Take, pace: float) -> None:
    while True:
        await asyncio.sleep(pace)
        _tell(publish, take)


def _tell(publish: _Publish, take: _Take) -> None:
    for message in take():
        publish(message)
