"""Waiting for something to tell a reader."""

from __future__ import annotations

import asyncio

from attrs import define, field

__all__ = ["News"]


@define(eq=False)
class News:
    """Whether there is something that a reader has not been told.

    Attributes:
        closed: There will be no more; a reader that waits goes on at once.
    """

    closed: bool = False
    _there: asyncio.Event = field(factory=asyncio.Event, init=False)

    def come(self) -> None:
        """Note that there is something to tell."""
        self._there.set()

    def told(self) -> None:
        """Note that all there was has been told."""
        if not self.closed:
            self._there.clear()

    def close(self) -> None:
        """Let the reader finish."""
        self.closed = True
        self._there.set()

    async def wait(self, timeout: float) -> bool:  # nothing to wait for is the usual case, not a failure
        """Wait for something to tell, at most so many seconds; return whether there is."""
        try:
            async with asyncio.timeout(timeout):
                await self._there.wait()
        except TimeoutError:
            return False
        return True
