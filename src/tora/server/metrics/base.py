"""What a store of points promises, whatever engine is behind it.

A *series* is one metric of one experiment. A point of a series without a step stands at its ordinal:
how many points the series held when it arrived, over all its writers. A *tick* is the number of one
committed group of batches; it only grows, and is the cursor of live readers.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterable, AsyncIterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import numpy as np
from attrs import field, frozen

from tora.models import Summary
from tora.types import Status

__all__ = [
    "Appended",
    "Chunk",
    "MetricsStore",
    "NewPoints",
    "PointBatch",
    "PointCounts",
    "Series",
    "SeriesQuery",
    "StoreError",
    "StoreFullError",
    "Writer",
]


class StoreError(Exception):
    """The engine failed; what was not acknowledged is not stored."""


class StoreFullError(StoreError):
    """The disk is full: reads go on, writes are refused until there is room."""


@frozen
class PointBatch:
    """The points of one request, column by column, already valid.

    Attributes:
        experiment: The experiment's id.
        writer: The writer's id; None for clients that have none (then `msg_ids` tell repetitions).
        first_seq: The sequence number of the first point; None exactly when `writer` is None.
        times: Unix seconds; the server's clock where the client sent none.
        metadata: JSON objects as text.
        received: Unix seconds by the server's clock.
    """

    experiment: str
    writer: str | None
    first_seq: int | None
    names: Sequence[str]
    values: Sequence[float]
    steps: Sequence[int | None]
    times: Sequence[float]
    metadata: Sequence[str | None]
    msg_ids: Sequence[str | None]
    received: float


@frozen
class PointCounts:
    """How much a store holds.

    Attributes:
        tables: The number of rows of each kind.
        experiments: The number of points of each experiment that has any.
    """

    tables: Mapping[str, int]
    experiments: Mapping[str, int]


@frozen
class NewPoints:
    """The points of one series that one group made durable, in the order of their arrival.

    Attributes:
        x: The step, or the ordinal where there is none; shape (n,), int64.
        time: Unix seconds; shape (n,), float64.
        value: Shape (n,), float64.
        tick: The group; 0 where it is not told.
    """

    name: str
    writer: str
    x: np.ndarray
    time: np.ndarray
    value: np.ndarray
    tick: int = 0


@frozen
class Appended:
    """What became of one batch.

    Attributes:
        accepted: How many points of the batch are durable now, repetitions among them.
        through: The writer's mark: the highest sequence number stored; None without a writer.
        tick: The group that the batch was committed in.
        new: What was not there before, for live readers.
    """

    accepted: int
    through: int | None
    tick: int
    new: Sequence[NewPoints] = ()


@frozen
class Writer:
    """One client instance that wrote to an experiment; "" is all clients that have no id.

    Attributes:
        through: The highest sequence number stored.
        first_seen: Unix seconds of its first sign of life.
        last_seen: Unix seconds of its last sign of life.
        status: What it said of itself last; whether it is lost follows from `last_seen`.
        labels: What it is among the others, such as its rank.
    """

    writer: str
    through: int
    first_seen: float
    last_seen: float
    status: Status = "running"
    labels: Mapping[str, str] = field(factory=dict)


@frozen
class SeriesQuery:
    """A question for the points of some metrics of some experiments.

    Attributes:
        points: At most so many buckets a series; 0 asks for every point.
        x: What the horizontal axis is.
        start: The smallest x wanted, None for no bound.
        end: The largest x wanted, None for no bound.
        across: ``writers`` groups points of equal x over all writers.
        by: Across writers, the name of a label: those of one value are taken together, and make a series.
    """

    experiments: Sequence[str]
    names: Sequence[str]
    points: int = 1000
    x: Literal["step", "time"] = "step"
    start: float | None = None
    end: float | None = None
    across: Literal["none", "writers"] = "none"
    by: str | None = None


@frozen
class Series:
    """The answer for one metric of one experiment, sorted by x, column by column.

    Attributes:
        columns: Arrays of equal length. Always ``x`` and ``count``. With ``across=none`` also
            ``last, min, max, mean``: `last` is the bucket's last value and may be non-finite; the
            others look at finite values only and are NaN where a bucket has none. With
            ``across=writers`` also ``mean, min, max, p5, p50, p95``.
        total: How many points of the series lie in the asked range.
        non_finite: How many of them are NaN or infinite.
        group: The value of the label that the query names; None for writers without it.
    """

    experiment: str
    name: str
    columns: Mapping[str, np.ndarray]
    total: int = 0
    non_finite: int = 0
    group: str | None = None


@frozen
class Chunk:
    """Some points of an experiment, raw, column by column, for export and for moving stores.

    Attributes:
        step: Masked where there is none; shape (n,), int64.
        metadata: JSON text or None; shape (n,), object.
    """

    name: np.ndarray
    writer: np.ndarray
    step: np.ma.MaskedArray
    value: np.ndarray
    time: np.ndarray
    metadata: np.ndarray
    tick: int = field(default=0)


class MetricsStore(ABC):
    """All points, their summaries and their writers. Safe to call from one event loop; never blocks it."""

    @abstractmethod
    async def open(self) -> None:
        """Open or create the store.

        Raises:
            StoreError: It cannot be opened; nothing was changed.
        """

    @abstractmethod
    async def close(self) -> None:
        """Commit what was accepted and close."""

    @abstractmethod
    async def append(self, batches: Sequence[PointBatch]) -> list[Appended]:
        """Store several batches in one transaction; they are durable when this returns.

        Points at or below their writer's mark, and points whose `msg_id` the experiment has, are
        accepted and not stored again. The marks, the summaries and the writers' signs of life are
        part of the same transaction.

        Raises:
            StoreFullError: The disk is full; nothing of the group was stored.
            StoreError: The engine failed; nothing of the group was stored.
        """

    @abstractmethod
    async def sign(
        self, experiment: str, writer: str, seen: float, status: Status, labels: Mapping[str, str] | None = None
    ) -> None:
        """Note a sign of life of a writer, or its end; without labels it keeps those that it has."""

    @abstractmethod
    async def summaries(
        self, experiments: Sequence[str], names: Sequence[str] | None = None
    ) -> dict[str, list[Summary]]:
        """Return the summary of each metric of each experiment, by name; never scans points.

        Args:
            experiments: Their ids.
            names: Only these metrics; None for all.
        """

    @abstractmethod
    async def names(self, experiments: Sequence[str]) -> dict[str, int]:
        """Return how many of these experiments have each metric, the most frequent first; never scans points."""

    @abstractmethod
    async def writers(self, experiments: Sequence[str]) -> dict[str, list[Writer]]:
        """Return the writers of each experiment, the one seen last first."""

    @abstractmethod
    async def series(self, query: SeriesQuery) -> list[Series]:
        """Return one series for each experiment, name and value of the label of the query that has points."""

    @abstractmethod
    def export(self, experiment: str, after_tick: int = 0, through_tick: int | None = None) -> AsyncIterator[Chunk]:
        """Yield the points of an experiment in the order of arrival, chunk by chunk.

        Args:
            experiment: Its id.
            after_tick: Only what later groups brought.
            through_tick: Only what groups up to this one brought; None for all that is there now.
        """

    @abstractmethod
    async def delete(self, experiment: str) -> None:
        """Delete all that is known of an experiment."""

    @abstractmethod
    async def messages(self, experiment: str) -> list[str]:
        """Return the ids that clients without a writer gave their points, in any order."""

    @abstractmethod
    async def restore(
        self, experiment: str, chunks: AsyncIterable[Chunk], writers: Sequence[Writer], messages: Sequence[str]
    ) -> int:
        """Store an experiment as another store had it, and return how many points that are.

        What is there of it goes first, so that it can be done again after it was interrupted. Nobody logs to
        the experiment meanwhile.

        Args:
            experiment: Its id.
            chunks: What `export` of the other store yields; where it raises, nothing of the experiment is left.
            writers: With their marks, labels and signs of life; each that has points, and perhaps others.
            messages: What `messages` of the other store returned.

        Raises:
            StoreFullError: There is no room for it; nothing of the experiment is left.
            StoreError: The engine failed; some of the experiment may be left.
        """

    @abstractmethod
    async def copy_to(self, path: Path) -> None:
        """Write all that is committed to a new file while reads go on; what is to be stored waits meanwhile.

        Raises:
            StoreFullError: There is no room for it.
            StoreError: It cannot be written.
        """

    @property
    def is_elsewhere(self) -> bool:
        """Whether the points are on an engine of their own, not in a file of the data folder."""
        return False

    @property
    @abstractmethod
    def tick(self) -> int:
        """The number of the newest committed group."""

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
