"""An asynchronous iterator, fetched in pages: what is ready travels together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Final, Generic, TypeVar

__all__ = ["Pages"]

T = TypeVar("T")

LONGEST: Final = 1000  # bounds the memory of a page and the time until its first item is seen


class Pages(Generic[T]):
    """The items of an asynchronous iterator as lists; made for one loop and one reader."""

    def __init__(self, items: AsyncIterator[T]) -> None:
        self._items = items
        self._upcoming: asyncio.Task[T] | None = None

    async def fetch(self) -> list[T]:
        """Return the next items: waits for one, adds those that are ready; empty at the end."""
        try:
            page = [await self._ahead()]
        except StopAsyncIteration:
            return []
        self._upcoming = None
        while len(page) < LONGEST:
            upcoming = self._ahead()
            await asyncio.sleep(0)  # one turn of the loop: enough for an item that waits for nothing
            if not upcoming.done() or upcoming.exception() is not None:
                break  # the next fetch waits for it, or raises it once the items before it were seen
            page.append(upcoming.result())
            self._upcoming = None
        return page

    def _ahead(self) -> asyncio.Task[T]:
        if self._upcoming is None:
            self._upcoming = asyncio.create_task(self._step())
        return self._upcoming

    async def _step(self) -> T:
        return await anext(self._items)
