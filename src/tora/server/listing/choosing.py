"""Making one page out of all that could be in a list. Takes milliseconds: for a thread."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import itemgetter

from attrs import frozen

from tora.models import Summary
from tora.server.catalog import Outline, Outlines
from tora.server.listing.cursor import Cursor, write_cursor
from tora.server.listing.matching import matches
from tora.server.listing.order import Key, place_of
from tora.server.listing.plan import Plan
from tora.server.listing.subject import Subject, duration
from tora.types import Status

__all__ = ["Choice", "choose"]


@frozen
class Choice:
    """The ids of one page in their order, the cursor of the next, and how many experiments match in all."""

    ids: Sequence[str]
    next: str | None
    total: int


def choose(
    plan: Plan,
    outlines: Outlines,
    metrics: Mapping[str, Sequence[Summary]],
    is_lost: Callable[[str, str | None], bool],
    now: int,
    limit: int,
    cursor: Cursor | None,
) -> Choice:
    """Return one page of what the plan asks for.

    Args:
        plan: The expression and the order.
        outlines: All experiments that could be in the list.
        metrics: The summaries that the plan needs, by experiment.
        is_lost: Whether a running experiment with this id and this owner is lost.
        now: Microseconds since 1970; the cursor's, where there is one.
        limit: How many a page holds at most.
        cursor: Where the page begins.
    """
    descending = plan.order.descending
    found = [
        (place_of(key, one, descending=descending), key) for one, key in _keys(plan, outlines, metrics, is_lost, now)
    ]
    total = len(found)
    if cursor is not None:
        after = place_of(cursor.key, cursor.id, descending=descending)
        found = [each for each in found if (each[0] < after if descending else each[0] > after)]
    first = (heapq.nlargest if descending else heapq.nsmallest)(limit, found, key=itemgetter(0))
    ids = [place[-1] for place, _ in first]
    follows = write_cursor(plan.order, first[-1][1], ids[-1], now) if len(found) > len(first) else None
    return Choice(ids, follows, total)


def _keys(
    plan: Plan,
    outlines: Outlines,
    metrics: Mapping[str, Sequence[Summary]],
    is_lost: Callable[[str, str | None], bool],
    now: int,
) -> Iterator[tuple[str, Key | None]]:
    """Yield the id of each experiment that matches, and what it is compared by."""
    for outline in outlines.read():
        summaries = {summary.name: summary for summary in metrics.get(outline.id, ())}
        status = _status(outline, is_lost)
        subject = Subject(outline, status, duration(outline.created, outline.ended, status, now), summaries)
        if plan.status in {None, status} and matches(plan.tree, subject):
            yield outline.id, plan.order.key(subject)


def _status(outline: Outline, is_lost: Callable[[str, str | None], bool]) -> Status:
    return "lost" if outline.status == "running" and is_lost(outline.id, outline.owner) else outline.status
