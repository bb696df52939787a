"""An experiment that another store had, as groups of points."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeVar

import numpy as np

from tora.server.metrics.base import Chunk
from tora.server.metrics.group import Group, NewSeries, SidCounter, running_count

__all__ = ["Restored"]

_NO_STEP: Final = -1

_Key = TypeVar("_Key")


class _Codes(dict[_Key, int]):
    """Numbers what it is asked for, from 0 on."""

    def __missing__(self, key: _Key) -> int:
        code = self[key] = len(self)
        return code


class Restored:
    """An experiment whose chunks become groups, one after the other; for the writing thread alone.

    Args:
        experiment: Its id; the store holds nothing of it.
        sids: Where the numbers of its series come from.

    Attributes:
        points: How many points it has had so far.
    """

    def __init__(self, experiment: str, sids: SidCounter) -> None:
        self.experiment = experiment
        self.points = 0
        self._sids = sids
        self._series: _Codes[tuple[str, str]] = _Codes()
        self._names: _Codes[str] = _Codes()
        self._sid = np.empty(0, np.int64)  # of each series, by its code
        self._name = np.empty(0, np.int64)  # the code of its name
        self._counts = np.empty(0, np.int64)  # of the points of each name, by its code

    def group(self, chunk: Chunk) -> Group:
        """Return the points of a chunk as a group, which counts on from those before."""
        before = len(self._series)
        # Two dictionaries' look-ups a point: names and writers are few objects, whose hashes Python keeps.
        code = np.fromiter(map(self._series.__getitem__, zip(chunk.name, chunk.writer, strict=True)), np.int64)
        begun = self._begin(list(self._series)[before:])
        names = self._name[code]
        ordinal = self._counts[names] + running_count(names)
        self._counts += np.bincount(names, minlength=len(self._counts))
        self.points += len(code)
        return Group(
            kept=np.array([len(code)]),
            sid=self._sid[code],
            ordinal=ordinal,
            step=np.ma.filled(chunk.step, _NO_STEP),
            time=chunk.time,
            value=chunk.value,
            metadata=chunk.metadata if any(one is not None for one in chunk.metadata) else None,
            names={int(sid): "" for sid in np.unique(self._sid[code])},
            begun=begun,
            messages=[],
            through=[],
        )

    def _begin(self, keys: Sequence[tuple[str, str]]) -> list[NewSeries]:
        begun = [NewSeries(self._sids.take(), self.experiment, name, writer) for name, writer in keys]
        self._sid = np.append(self._sid, np.array([one.sid for one in begun], np.int64))
        self._name = np.append(self._name, np.array([self._names[one.name] for one in begun], np.int64))
        self._counts = np.append(self._counts, np.zeros(len(self._names) - len(self._counts), np.int64))
        return begun
