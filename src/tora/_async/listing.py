"""Lists of experiments, which servers answer page by page."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final, Generic, TypeVar

import msgspec

from tora._async.remote import Query

__all__ = ["NO_METRIC", "PAGE", "Page", "pages"]

T = TypeVar("T")

PAGE: Final = 1_000
NO_METRIC: Final = "no metric is called this, and so no summaries are made"


class Page(msgspec.Struct, Generic[T]):
    """Some experiments of a list.

    Attributes:
        next: Where the next page begins; None at the end.
        total: How many experiments are on all pages.
    """

    items: list[T]
    next: str | None = None
    total: int = 0


async def pages(
    get: Callable[[Query], Awaitable[Page[T]]], query: Query, most: int | None = None
) -> AsyncIterator[Page[T]]:
    """Yield the pages of a list.

    Args:
        get: Asks for one page.
        query: What is listed.
        most: How many experiments are wanted at most, at least one; None for all.
    """
    cursor: str | None = None
    seen = 0
    while True:
        page = await get({**query, "limit": PAGE if most is None else min(PAGE, most - seen), "cursor": cursor})
        seen += len(page.items)
        yield page
        cursor = page.next
        if cursor is None or seen == most:
            return
