"""Guesses at passwords and links are slowed down: by the address that they come from, and by the name tried."""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Final, Literal

from aiohttp import web
from attrs import define, field, frozen

from tora.server.proxy import Proxy
from tora.server.refusals import Refusal

__all__ = ["Attempt", "Kind", "Throttle"]

Kind = Literal["address", "name", "links"]
"""What failures are counted by; links belong to nobody, and count by their address."""

FORGOTTEN_AFTER: Final = 3600.0
MAX_WATCHED: Final = 50_000

AT_ONCE: Final = 50
"""Tries of one address, or at one name, that may be under way: a whole room may sign in from behind one."""


@frozen
class _Patience:
    """How failures are answered.

    Attributes:
        free: So many cost nothing: people mistype.
        longest: Seconds of waiting at most.
    """

    free: int
    longest: float


BY_ADDRESS: Final = _Patience(free=10, longest=900.0)
BY_NAME: Final = _Patience(free=50, longest=60.0)
"""Gentler, so that one address, which is stopped long before, cannot keep somebody else out."""

OF_LINKS: Final = _Patience(free=50, longest=60.0)
"""Their tokens cannot be guessed, and an old one may be opened by a whole team."""


_PATIENCE: Final[Mapping[Kind, _Patience]] = {"address": BY_ADDRESS, "name": BY_NAME, "links": OF_LINKS}


@define
class Attempt:
    """One try to get in."""

    has_failed: bool = False

    def failed(self) -> None:
        """Say that it was a wrong one."""
        self.has_failed = True


@define
class _Failures:
    patience: _Patience
    count: int = 0
    last: float = 0.0
    under_way: int = 0

    def wait(self, now: float) -> float:
        """Return how many seconds it takes until the next try."""
        excess = self.count - self.patience.free
        if excess < 0:
            return 0.0 if self.under_way < AT_ONCE else 1.0
        pause = min(2.0 ** min(excess, 20), self.patience.longest)
        return max(self.last + pause - now, 1.0 if self.under_way else 0.0)


@define(eq=False)
class Throttle:
    """Failures by address and by name, in memory; after each beyond some the next try waits twice as long.

    Attributes:
        failed: Is called with each failure, by kind and digest, where there are other servers to tell.
    """

    proxy: Proxy
    clock: Callable[[], float] = time.monotonic
    failed: Callable[[Kind, str], None] | None = None
    _failures: dict[tuple[Kind, str], _Failures] = field(factory=dict)

    @asynccontextmanager
    async def attempt(self, request: web.Request, name: str | None = None) -> AsyncIterator[Attempt]:
        """Let one try happen, or refuse it for now.

        Args:
            request: Where it comes from.
            name: Whose password is tried; None for links, which belong to nobody.

        Raises:
            Refusal: 429, with the seconds to wait.
        """
        now = self.clock()
        origin = self.proxy.origin(request)
        keys: list[tuple[Kind, str]]
        if name is None:
            keys = [("links", _digest(origin))]
        else:
            keys = [("address", _digest(origin)), ("name", _digest(name.casefold()[:100]))]
        watched = [self._watched(*key, now) for key in keys]
        if wait := max(each.wait(now) for each in watched):
            seconds = math.ceil(wait)
            raise Refusal(
                429,
                "too_many_attempts",
                f"too many failed attempts; try again in {seconds} s",
                headers={"Retry-After": str(seconds)},
            )
        attempt = Attempt()
        for each in watched:
            each.under_way += 1
        try:
            yield attempt
        finally:
            for key, each in zip(keys, watched, strict=True):
                each.under_way -= 1
                if attempt.has_failed:
                    self.charge(*key)
                    if self.failed is not None:
                        self.failed(*key)

    def charge(self, kind: Kind, digest: str) -> None:
        """Count a failure, of this server or another."""
        now = self.clock()
        found = self._watched(kind, digest, now)
        found.count += 1
        found.last = now

    def _watched(self, kind: Kind, digest: str, now: float) -> _Failures:
        key = kind, digest
        found = self._failures.get(key)
        if found is None:
            if len(self._failures) >= MAX_WATCHED:
                self._sweep(now)
            found = self._failures[key] = _Failures(_PATIENCE[kind])
        elif now - found.last >= FORGOTTEN_AFTER:
            found.count = 0
        return found

    def _sweep(self, now: float) -> None:
        """Forget what says nothing any more; then, should that not suffice, the half that was heard of first."""
        kept = {
            key: f for key, f in self._failures.items() if f.under_way or (f.count and now - f.last < FORGOTTEN_AFTER)
        }
        if len(kept) > MAX_WATCHED // 2:
            kept = dict([*kept.items()][len(kept) // 2 :])
        self._failures = kept


def _digest(text: str) -> str:
    """Return what a name or an address is known by; a password may have been typed where the name belongs."""
    return hashlib.blake2b(text.encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()
