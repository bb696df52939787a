"""The records that travel between Tora's parts: small, frozen, without behaviour."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from tora.types import Status

__all__ = ["Experiment", "Metric", "Stats", "Summary", "Workspace"]


@frozen
class Metric:
    """One value of one metric.

    Attributes:
        name: 1 to 250 characters without control characters.
        value: Any double, NaN and the infinities among them.
        step: 0 to 2^63 - 1, or None.
        metadata: A JSON object of at most 10,000 bytes, or None.
        time: Unix seconds by the clock of the client that logged it.
    """

    name: str
    value: float
    step: int | None = None
    metadata: Mapping[str, Any] | None = None
    time: float | None = None


@frozen
class Summary:
    """What is known of one metric of one experiment without reading its points.

    Attributes:
        count: How many points, non-finite ones among them.
        last: The value that arrived last; may be NaN or infinite.
        min: The smallest finite value, None when there is none.
        max: The largest finite value, None when there is none.
        first_step: The smallest step, None when no point has one.
        last_step: The largest step, None when no point has one.
        non_finite: How many points are NaN or infinite.
        writers: How many writers have logged it.
    """

    name: str
    count: int
    last: float
    min: float | None
    max: float | None
    first_step: int | None
    last_step: int | None
    non_finite: int
    writers: int


@frozen
class Experiment:
    """What is known of one experiment besides its points.

    Attributes:
        archived: Whether lists leave it out unless they are asked for it.
        ended_at: When it was said to have ended; None for one that runs or is lost.
        duration: Seconds from its creation to its end, or to now while it runs; None where nobody knows
            its end. Not stored: it is told when the experiment is shown.
        metrics: The summaries of its metrics by name, those that were asked for; not stored here either.
    """

    id: str
    name: str
    url: str = ""
    write_token: str | None = None
    workspace_id: str | None = None
    description: str | None = None
    hyperparams: Mapping[str, Any] = field(factory=dict)
    tags: tuple[str, ...] = ()
    notes: str | None = None
    status: Status = "running"
    created_at: dt.datetime | None = None
    updated_at: dt.datetime | None = None
    ended_at: dt.datetime | None = None
    archived: bool = False
    duration: float | None = None
    metrics: Mapping[str, Summary] = field(factory=dict)


@frozen
class Workspace:
    """A named group of experiments."""

    id: str
    name: str
    description: str | None = None
    created_at: dt.datetime | None = None
    updated_at: dt.datetime | None = None


@frozen
class Stats:
    """What became of a client's metrics; ``logged == stored + waiting + dropped`` at every moment.

    Attributes:
        logged: Accepted by ``log`` and its kin.
        stored: Acknowledged by the server, durable there.
        waiting: Not yet acknowledged; kept in the journal.
        dropped: Given up because neither journal nor memory could hold them.
        error: What stands in the way of delivery at the moment, or None.
    """

    logged: int
    stored: int
    waiting: int
    dropped: int
    error: str | None = None
