"""Guesses at passwords and links are slowed down: by the address that they come from, and by the name tried."""

from __future__ import annotations

import math
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

from aiohttp import web
from attrs import define, field

from tora.server.proxy import Proxy
from tora.server.refusals import Refusal

__all__ = ["Attempt", "Throttle"]

FREE: Final = 5
"""So many failures cost nothing: people mistype."""

LONGEST: Final = 900.0
"""Seconds of waiting at most: nobody can lock somebody else out for longer by guessing."""

FORGOTTEN_AFTER: Final = 3600.0
MAX_WATCHED: Final = 50_000


@define
class Attempt:
    """One try to get in."""

    has_failed: bool = False

    def failed(self) -> None:
        """Say that it was a wrong one."""
        self.has_failed = True


@define
class _Failures:
    count: int = 0
    last: float = 0.0

    def wait(self, now: float) -> float:
        """Return how many seconds it takes until the next try."""
        if self.count < FREE:
            return 0.0
        pause = min(2.0 ** min(self.count - FREE, 20), LONGEST)
        return max(self.last + pause - now, 0.0)


@define(eq=False)
class Throttle:
    """Failures by address and by name, in memory; after each beyond the fifth the next try waits twice as long."""

    proxy: Proxy
    clock: Callable[[], float] = time.monotonic
    _failures: dict[str, _Failures] = field(factory=dict)

    @asynccontextmanager
    async def attempt(self, request: web.Request, name: str | None = None) -> AsyncIterator[Attempt]:
        """Let one try happen, or refuse it for now.

        Args:
            request: Where it comes from.
            name: Whose password is tried; None for links, which belong to nobody.

        Raises:
            Refusal: 429, with the seconds to wait.
        """
        keys = [f"address {self.proxy.address(request)}", *([] if name is None else [f"name {name.casefold()[:100]}"])]
        now = self.clock()
        if wait := max(self._failures.get(key, _Failures()).wait(now) for key in keys):
            seconds = math.ceil(wait)
            raise Refusal(
                429,
                "too_many_attempts",
                f"too many failed attempts; try again in {seconds} s",
                headers={"Retry-After": str(seconds)},
            )
        # Counted before it is known to have failed, so that many at once are not all let through.
        counted = [self._count(key, now) for key in keys]
        attempt = Attempt()
        try:
            yield attempt
        finally:
            if not attempt.has_failed:
                for each in counted:
                    each.count -= 1

    def _count(self, key: str, now: float) -> _Failures:
        if len(self._failures) >= MAX_WATCHED:
            self._failures = {k: f for k, f in self._failures.items() if now - f.last < FORGOTTEN_AFTER}
        found = self._failures.setdefault(key, _Failures())
        if now - found.last >= FORGOTTEN_AFTER:
            found.count = 0
        found.count += 1
        found.last = now
        return found
