"""A clock that stands still while this process does."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final

__all__ = ["AwakeClock"]

_TICK: Final = 5.0
_LONGEST: Final = 15.0
"""Seconds between two ticks that count at most; a loop that is merely busy ticks more often."""


class AwakeClock:
    """Seconds for which the event loop has been running.

    Who was silent while the server could not listen (SIGSTOP, a suspended virtual machine) has said nothing
    that anybody could have heard: such a time must count against no one.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._at = clock()
        self._counted = 0.0

    def __call__(self) -> float:
        """Return the seconds up to now."""
        return self._counted + min(self._clock() - self._at, _LONGEST)

    def tick(self) -> None:
        """Count the time since the last tick."""
        self._counted, self._at = self(), self._clock()

    async def run(self) -> None:
        """Tick until cancelled."""
        while True:
            self.tick()
            await asyncio.sleep(_TICK)
