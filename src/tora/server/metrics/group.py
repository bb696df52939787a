"""Several batches as the columns of one transaction: what is new, whose it is, where it stands.

Pure: it reads and updates the index and touches no database. Python works once a batch, once a
series and in a few passes over the lists; the rest is numpy.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import Final, TypeVar

import numpy as np
from attrs import define, frozen

from tora.server.metrics.base import NewPoints, PointBatch
from tora.server.metrics.remembered import ExperimentIndex

__all__ = [
    "Group",
    "NewSeries",
    "SidCounter",
    "StoredIds",
    "gather",
    "given_ids",
    "heard",
    "running_count",
    "series_changes",
]

T = TypeVar("T")

_MAX_SEQ: Final = 2**63 - 1
_NO_STEP: Final = -1


@define
class SidCounter:
    """Gives out the numbers of new series; a number that a failed transaction took is not used again."""

    next: int

    def take(self) -> int:
        """Return the next number."""
        sid = self.next
        self.next += 1
        return sid


StoredIds = Container[tuple[str, str]]
"""The (experiment, msg_id) pairs that are stored already."""


@frozen
class NewSeries:
    """A series that the group begins."""

    sid: int
    experiment: str
    name: str
    writer: str


@frozen
class Group:
    """The new points of a group, in the order of arrival, and what else it changes.

    Attributes:
        kept: How many points of each batch are new, shape (batches,).
        sid, ordinal, step, time, value: Shape (n,); a step of -1 is none.
        metadata: JSON text or None, shape (n,), or None when no point has any.
        names: The name of each sid that occurs.
        begun: The series to insert; all others are there.
        messages: The (experiment, msg_id) pairs to remember.
        through: The mark of each batch's writer after the batch; None without a writer.
        seq: The sequence number of each point, 0 where its client has none; None where nobody knows them.
        msg_ids: The id of each point, for clients without a sequence number; empty when no point has any.
    """

    kept: np.ndarray
    sid: np.ndarray
    ordinal: np.ndarray
    step: np.ndarray
    time: np.ndarray
    value: np.ndarray
    metadata: np.ndarray | None
    names: dict[int, str]
    begun: Sequence[NewSeries]
    messages: Sequence[tuple[str, str]]
    through: Sequence[int | None]
    seq: np.ndarray | None = None
    msg_ids: Sequence[str | None] = ()

    @property
    def x(self) -> np.ndarray:
        """Where each point stands: its step, or its ordinal where there is none."""
        return np.where(self.step == _NO_STEP, self.ordinal, self.step)

    def news(self, batches: Sequence[PointBatch]) -> list[list[NewPoints]]:
        """Return the new points of each batch, series by series."""
        batch = np.repeat(np.arange(len(batches)), self.kept)
        order = np.lexsort((self.sid, batch))  # stable: points of one series stay in their order
        batch, sid = batch[order], self.sid[order]
        x, time, value = self.x[order], self.time[order], self.value[order]
        found: list[list[NewPoints]] = [[] for _ in batches]
        starts, ends = _bounds(batch, sid)
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
            place = int(batch[start])
            found[place].append(
                NewPoints(
                    name=self.names[int(sid[start])],
                    writer=batches[place].writer or "",
                    x=x[start:end],
                    time=time[start:end],
                    value=value[start:end],
                )
            )
        return found


def gather(
    batches: Sequence[PointBatch], known: dict[str, ExperimentIndex], sids: SidCounter, stored: StoredIds
) -> Group:
    """Return what a group of batches adds, and note it in the index.

    Args:
        batches: In the order of arrival.
        known: The index of every experiment in the group; it is changed.
        sids: Where the numbers of new series come from.
        stored: The ids that points without a writer may repeat.
    """
    gatherer = _Gatherer(known, sids, stored)
    for batch in batches:
        gatherer.add(batch)
    return gatherer.finish()


class _Gatherer:
    def __init__(self, known: dict[str, ExperimentIndex], sids: SidCounter, stored: StoredIds) -> None:
        self._known = known
        self._new_sid = sids.take
        self._stored = stored
        self._messages: dict[tuple[str, str], None] = {}
        self._begun: list[NewSeries] = []
        self._kept: list[int] = []
        self._through: list[int | None] = []
        self._owners: dict[int, tuple[ExperimentIndex, str]] = {}
        self._sids: list[int] = []
        self._values: list[float] = []
        self._steps: list[int | None] = []
        self._times: list[float] = []
        self._metadata: list[str | None] = []
        self._first_seqs: list[int] = []
        self._msg_ids: list[str | None] = []

    def add(self, batch: PointBatch) -> None:
        known = self._known[batch.experiment]
        keep = self._beyond_mark(batch, known) if batch.writer is not None else self._unseen(batch, known)
        names = _taken(batch.names, keep)
        sid_of = self._series(known, batch.writer or "", names)
        self._kept.append(len(names))
        self._sids.extend(map(sid_of.__getitem__, names))
        self._values.extend(_taken(batch.values, keep))
        self._steps.extend(_taken(batch.steps, keep))
        self._times.extend(_taken(batch.times, keep))
        self._metadata.extend(_taken(batch.metadata, keep))
        self._msg_ids.extend([None] * len(names) if batch.writer is not None else _taken(batch.msg_ids, keep))

    def _beyond_mark(self, batch: PointBatch, known: ExperimentIndex) -> slice:
        writer, first = batch.writer or "", batch.first_seq or 1
        mark = known.marks.get(writer, 0)
        last = min(first + len(batch.names) - 1, _MAX_SEQ)
        # A gap is accepted: what is missing there was dropped by the client and will never come.
        known.marks[writer] = through = max(mark, last)
        self._through.append(through)
        known_already = max(mark - first + 1, 0)
        self._first_seqs.append(first + known_already)
        return slice(known_already, None)

    def _unseen(self, batch: PointBatch, known: ExperimentIndex) -> slice | list[int]:
        known.marks.setdefault("", 0)
        self._through.append(None)
        self._first_seqs.append(0)
        if not any(batch.msg_ids):
            return slice(None)
        return [place for place, msg_id in enumerate(batch.msg_ids) if self._is_new(batch.experiment, msg_id)]

    def _is_new(self, experiment: str, msg_id: str | None) -> bool:
        if msg_id is None:
            return True
        key = (experiment, msg_id)
        if key in self._stored or key in self._messages:
            return False
        self._messages[key] = None
        return True

    def _series(self, known: ExperimentIndex, writer: str, names: Sequence[str]) -> dict[str, int]:
        sid_of = known.sids[writer]
        for name in dict.fromkeys(names):
            sid = sid_of.get(name)
            if sid is None:
                sid = sid_of[name] = self._new_sid()
                self._begun.append(NewSeries(sid, known.experiment, name, writer))
            self._owners[sid] = known, name
        return sid_of

    def finish(self) -> Group:
        sid = np.array(self._sids, np.int64)
        kept = np.array(self._kept, np.int64)
        return Group(
            kept=kept,
            sid=sid,
            ordinal=self._ordinals(sid),
            step=_steps(self._steps),
            time=np.array(self._times, np.float64),
            value=np.array(self._values, np.float64),
            metadata=_texts(self._metadata),
            names={sid: name for sid, (_, name) in self._owners.items()},
            begun=self._begun,
            messages=list(self._messages),
            through=self._through,
            seq=self._seqs(kept),
            msg_ids=self._msg_ids if self._messages else (),
        )

    def _seqs(self, kept: np.ndarray) -> np.ndarray:
        first = np.repeat(np.array(self._first_seqs, np.uint64), kept)
        within = np.arange(len(first)) - np.repeat(np.cumsum(kept) - kept, kept)
        return np.where(first == 0, 0, np.minimum(first + within.astype(np.uint64), _MAX_SEQ))

    def _ordinals(self, sid: np.ndarray) -> np.ndarray:
        distinct, series = np.unique(sid, return_inverse=True)
        places: dict[tuple[str, str], int] = {}
        owners = [self._owners[one] for one in distinct.tolist()]
        place_of = [places.setdefault((known.experiment, name), len(places)) for known, name in owners]
        counters = {place: (known.counts, name) for place, (known, name) in zip(place_of, owners, strict=True)}
        place = np.array(place_of, np.int64)[series] if place_of else series
        ordinal = running_count(place)
        added = np.bincount(place, minlength=len(places))
        before = np.array([counters[one][0][counters[one][1]] for one in range(len(places))], np.int64)
        for one, count in enumerate(added.tolist()):
            counts, name = counters[one]
            counts[name] += count
        return ordinal + before[place] if len(place) else ordinal


def given_ids(batches: Sequence[PointBatch]) -> set[tuple[str, str]]:
    """Return the (experiment, msg_id) pairs of batches without a writer, which may repeat what is stored."""
    return {
        (batch.experiment, msg_id)
        for batch in batches
        if batch.writer is None
        for msg_id in batch.msg_ids
        if msg_id is not None
    }


def heard(batches: Sequence[PointBatch]) -> dict[tuple[str, str], float]:
    """Return when each writer, after its experiment, was heard of last."""
    seen: dict[tuple[str, str], float] = {}
    for batch in batches:
        key = batch.experiment, batch.writer or ""
        seen[key] = max(batch.received, seen.get(key, batch.received))
    return seen


def series_changes(group: Group) -> dict[str, np.ndarray]:
    """Return what the group adds to the summary of each series it touches, one element a series.

    Where there is no value, doubles are NaN and steps are masked.
    """
    order = np.argsort(group.sid, kind="stable")
    starts, ends = _bounds(group.sid[order])
    value, step = group.value[order], group.step[order]
    finite, stepped = np.isfinite(value), step != _NO_STEP
    first = np.minimum.reduceat(np.where(stepped, step, _MAX_SEQ), starts)
    last = np.maximum.reduceat(step, starts)
    return {
        "sid": group.sid[order][starts],
        "count": ends - starts,
        "stepped": np.add.reduceat(stepped, starts, dtype=np.int64),
        "non_finite": np.add.reduceat(~finite, starts, dtype=np.int64),
        "last": value[ends - 1],
        "last_ordinal": group.ordinal[order][ends - 1],
        "min": _or_nan(np.minimum.reduceat(np.where(finite, value, np.inf), starts)),
        "max": _or_nan(np.maximum.reduceat(np.where(finite, value, -np.inf), starts)),
        "first_step": np.ma.MaskedArray(first, last == _NO_STEP),
        "last_step": np.ma.MaskedArray(last, last == _NO_STEP),
    }


def _or_nan(extreme: np.ndarray) -> np.ndarray:
    return np.where(np.isfinite(extreme), extreme, np.nan)


def _taken(column: Sequence[T], keep: slice | list[int]) -> Sequence[T]:
    if isinstance(keep, slice):
        return column[keep] if keep.start else column
    return [column[place] for place in keep]


def _steps(steps: list[int | None]) -> np.ndarray:
    if None in steps:
        return np.array([_NO_STEP if step is None else step for step in steps], np.int64)
    return np.array(steps, np.int64)


def _texts(texts: list[str | None]) -> np.ndarray | None:
    if texts.count(None) == len(texts):
        return None
    return np.array(texts, object)


def running_count(keys: np.ndarray) -> np.ndarray:
    """Return for each element how many equal ones stand before it."""
    order = np.argsort(keys, kind="stable")
    starts, ends = _bounds(keys[order])
    counts = np.empty(len(keys), np.int64)
    counts[order] = np.arange(len(keys)) - np.repeat(starts, ends - starts)
    return counts


def _bounds(*sorted_keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return where the runs of equal keys start and end."""
    n = len(sorted_keys[0])
    changed = np.zeros(max(n - 1, 0), bool)
    for key in sorted_keys:
        changed |= key[1:] != key[:-1]
    inner = np.flatnonzero(changed) + 1
    if not n:
        return inner, inner
    return np.concatenate(([0], inner)), np.append(inner, n)
