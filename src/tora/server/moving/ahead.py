"""Reading on while what was read is being stored."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from typing import TypeVar

__all__ = ["ahead"]

T = TypeVar("T")


async def ahead(items: AsyncIterator[T]) -> AsyncGenerator[T]:
    """Yield what an iterator yields, which works on the next item while one is used."""
    coming = asyncio.create_task(_next(items))
    try:
        while item := await coming:
            coming = asyncio.create_task(_next(items))
            yield item[0]
    finally:
        coming.cancel()
        await asyncio.wait([coming])
        if not coming.cancelled():
            coming.exception()  # told already, or of no interest any more


async def _next(items: AsyncIterator[T]) -> list[T]:
    async for item in items:
        return [item]
    return []
