"""What a server remembers of the experiments it wrote to last, and finding out what it must not get wrong.

The mark of a writer is the highest sequence number that is stored, and nothing else says what it is. The summaries
know it, and views keep them: in the same statement as the points, but not in the same step. So where a statement may
have been cut off, and once for each experiment in a server's life, the points themselves are looked at, and what the
views lack is made good.
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Final

import numpy as np
from attrs import frozen

from tora.server.metrics.base import PointBatch
from tora.server.metrics.clickhouse.client import Client
from tora.server.metrics.clickhouse.mending import mend
from tora.server.metrics.clickhouse.rows import Ids, shape
from tora.server.metrics.clickhouse.text import hash64, integers
from tora.server.metrics.group import NewSeries
from tora.server.metrics.remembered import ExperimentIndex

__all__ = ["Index", "Known"]

_MAX_ENTRIES: Final = 400_000
"""So many series and writers are remembered; the experiments touched last stay."""

_MAX_WHOLE: Final = 200_000
"""So many experiments are known to be whole."""

_LOADED: Final = """
SELECT eid, nid, wid, maxMerge(top_seq) AS seq, maxMerge(top_ordinal) AS ordinal
FROM summaries WHERE eid IN {eids} GROUP BY eid, nid, wid
"""
_LOADED_SHAPE: Final = shape(eid="u8", nid="u8", wid="u8", seq="u8", ordinal="u8")
# What was restored has no sequence numbers; its marks came with it.
_RESTORED: Final = """
SELECT eid, wid, maxMerge(top_through) AS through FROM signs WHERE eid IN {eids} GROUP BY eid, wid HAVING through > 0
"""
_RESTORED_SHAPE: Final = shape(eid="u8", wid="u8", through="u8")
_NAMED: Final = "SELECT DISTINCT eid, nid, wid FROM series WHERE eid IN {eids}"
_NAMED_SHAPE: Final = shape(eid="u8", nid="u8", wid="u8")


class _Counts(defaultdict[str, int]):
    """How many points each name holds, told by the hashes of names until a name is first asked for."""

    def __init__(self, stored: dict[int, int]) -> None:
        super().__init__(int)
        self._stored = stored

    def __missing__(self, name: str) -> int:
        count = self[name] = self._stored.get(hash64(name), 0)
        return count


@frozen
class Known:
    """What is known of one experiment.

    Attributes:
        index: For the group that is gathered.
        marks: The highest sequence number stored, by the hash of the writer.
        named: The series, without their experiment, whose names are in the tables.
        ids: What the numbers of series stand for, of all experiments that are remembered.
    """

    index: ExperimentIndex
    marks: dict[int, int]
    named: set[tuple[int, int]]
    ids: dict[int, Ids]

    @property
    def size(self) -> int:
        """How many entries it takes."""
        return self.index.size + len(self.marks) + len(self.named)

    def meet(self, batch: PointBatch) -> None:
        """Know the mark of a batch's writer by its name."""
        writer = batch.writer or ""
        self.index.marks.setdefault(writer, self.marks.get(hash64(writer), 0))

    def begin(self, series: NewSeries) -> bool:
        """Know what the number of a series stands for, and return whether its names are to be stored."""
        ids = self.ids[series.sid] = hash64(series.experiment), hash64(series.name), hash64(series.writer)
        return ids[1:] not in self.named


class Index:
    """The experiments touched last, the oldest first. For one group at a time.

    Attributes:
        ids: What the numbers of their series stand for.
    """

    def __init__(self, client: Client) -> None:
        self.ids: dict[int, Ids] = {}
        self._client = client
        self._known: OrderedDict[str, Known] = OrderedDict()
        self._whole: OrderedDict[str, None] = OrderedDict()

    async def load(
        self, experiments: Collection[str], stale: Collection[str], doubtful: Collection[str]
    ) -> list[Known]:
        """Return what is known of these experiments, read from the tables where it must be.

        Args:
            experiments: Their ids.
            stale: Those that others may have changed.
            doubtful: Those of which a statement may have been cut off.
        """
        self.forget(stale)
        self.doubt(doubtful)
        if not all(experiment in self._known for experiment in experiments):
            self._trim()
            await self._read([experiment for experiment in experiments if experiment not in self._known])
        for experiment in experiments:
            self._known.move_to_end(experiment)
        return [self._known[experiment] for experiment in experiments]

    def forget(self, experiments: Iterable[str]) -> None:
        """Drop experiments whose tables may differ from what is remembered."""
        for experiment in experiments:
            if (known := self._known.pop(experiment, None)) is not None:
                self._drop(known)

    def doubt(self, experiments: Collection[str]) -> None:
        """Drop experiments whose tables may differ from each other."""
        self.forget(experiments)
        for experiment in experiments:
            self._whole.pop(experiment, None)

    def _drop(self, known: Known) -> None:
        for numbers in known.index.sids.values():
            for sid in numbers.values():
                self.ids.pop(sid, None)

    def _trim(self) -> None:
        size = sum(known.size for known in self._known.values())
        while size > _MAX_ENTRIES and len(self._known) > 1:
            _, dropped = self._known.popitem(last=False)
            size -= dropped.size
            self._drop(dropped)
        while len(self._whole) > _MAX_WHOLE:
            self._whole.popitem(last=False)

    async def _read(self, missing: Sequence[str]) -> None:
        unsure = [experiment for experiment in missing if experiment not in self._whole]
        if unsure:
            await mend(self._client, [hash64(experiment) for experiment in unsure])
        eids = integers(map(hash64, missing))
        stored = await self._client.columns(_LOADED.format(eids=eids), _LOADED_SHAPE)
        restored = await self._client.columns(_RESTORED.format(eids=eids), _RESTORED_SHAPE)
        # Names are stored before their points; but only where nothing was cut off do points prove it.
        named = stored if not unsure else await self._client.columns(_NAMED.format(eids=eids), _NAMED_SHAPE)
        by_eid = [_by_experiment(rows) for rows in (stored, restored, named)]
        for experiment in missing:
            eid = hash64(experiment)
            stored, restored, named = (rows[slice(*parts.get(eid, (0, 0)))] for rows, parts in by_eid)
            self._known[experiment] = _known(experiment, stored, restored, named, self.ids)
            self._whole[experiment] = None


def _by_experiment(rows: np.ndarray) -> tuple[np.ndarray, dict[int, tuple[int, int]]]:
    """Return the rows sorted by their experiment, and where those of each begin and end."""
    rows = rows[np.argsort(rows["eid"], kind="stable")]
    eids, starts = np.unique(rows["eid"], return_index=True)
    ends = np.append(starts, len(rows))[1:]
    return rows, dict(zip(eids.tolist(), zip(starts.tolist(), ends.tolist(), strict=True), strict=True))


def _known(experiment: str, stored: np.ndarray, restored: np.ndarray, named: np.ndarray, ids: dict[int, Ids]) -> Known:
    counts: dict[int, int] = {}
    for nid, ordinal in zip(stored["nid"].tolist(), stored["ordinal"].tolist(), strict=True):
        counts[nid] = max(counts.get(nid, 0), ordinal + 1)
    marks: dict[int, int] = {}
    for rows, column in ((stored, "seq"), (restored, "through")):
        for wid, mark in zip(rows["wid"].tolist(), rows[column].tolist(), strict=True):
            marks[wid] = max(marks.get(wid, 0), mark)
    pairs = set(zip(named["nid"].tolist(), named["wid"].tolist(), strict=True))
    return Known(ExperimentIndex(experiment, counts=_Counts(counts)), marks, pairs, ids)
