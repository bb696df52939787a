"""What the writing thread remembers of the experiments it wrote to last.

It stands in for the unique indexes that the tables do not have: which series and writers exist, how
many points a name holds, and how far each writer got. It is loaded from the tables when an
experiment is first touched, and dropped when a transaction fails.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import Final

import duckdb

from tora.server.metrics.remembered import ExperimentIndex

__all__ = ["Index"]

_MAX_ENTRIES: Final = 200_000
"""So many series and writers are remembered, about 40 MB; the experiments touched last stay."""


class Index:
    """The experiments touched last, the oldest first. For the writing thread alone."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, ExperimentIndex] = OrderedDict()

    def load(self, connection: duckdb.DuckDBPyConnection, experiments: Iterable[str]) -> dict[str, ExperimentIndex]:
        """Return what is known of these experiments, read from the tables where it must be."""
        wanted = list(dict.fromkeys(experiments))
        if not all(experiment in self._known for experiment in wanted):
            self._trim()
            self._read(connection, [experiment for experiment in wanted if experiment not in self._known])
        for experiment in wanted:
            self._known.move_to_end(experiment)
        return {experiment: self._known[experiment] for experiment in wanted}

    def forget(self, experiments: Iterable[str]) -> None:
        """Drop experiments whose tables may differ from what is remembered."""
        for experiment in experiments:
            self._known.pop(experiment, None)

    def clear(self) -> None:
        """Drop everything."""
        self._known.clear()

    def _trim(self) -> None:
        size = sum(known.size for known in self._known.values())
        while size > _MAX_ENTRIES and len(self._known) > 1:
            _, dropped = self._known.popitem(last=False)
            size -= dropped.size

    def _read(self, connection: duckdb.DuckDBPyConnection, missing: list[str]) -> None:
        found = {experiment: ExperimentIndex(experiment) for experiment in missing}
        rows = connection.execute(
            "SELECT experiment, writer, name, sid, count FROM series WHERE experiment IN (SELECT unnest(?))", [missing]
        )
        for experiment, writer, name, sid, count in rows.fetchall():
            found[experiment].sids[writer][name] = sid
            found[experiment].counts[name] += count
        rows = connection.execute(
            "SELECT experiment, writer, through FROM writers WHERE experiment IN (SELECT unnest(?))", [missing]
        )
        for experiment, writer, through in rows.fetchall():
            found[experiment].marks[writer] = through
        self._known.update(found)
