"""The end that writes: the open file, the index of what is in it, and the newest tick."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb

from tora.server.metrics.base import Appended, PointBatch, StoreError
from tora.server.metrics.duckdb.append import append
from tora.server.metrics.duckdb.connection import transaction
from tora.server.metrics.duckdb.group import SidCounter
from tora.server.metrics.duckdb.index import Index
from tora.server.metrics.duckdb.schema import connect
from tora.types import Status

__all__ = ["WritingEnd"]

_NEWEST = """
SELECT greatest((SELECT tick FROM meta), (SELECT max(tick) FROM points)),
    (SELECT COALESCE(max(sid), 0) FROM series)
"""
_SIGN = """
UPDATE writers SET last_seen = greatest(last_seen, $seen), status = $status
WHERE experiment = $experiment AND writer = $writer
"""
_FIRST_SIGN = "INSERT INTO writers VALUES ($experiment, $writer, 0, $seen, $seen, $status)"


class WritingEnd:
    """What the one writing thread works with; all calls but `tick` and `reader` are for that thread alone."""

    def __init__(self, path: Path, *, memory_limit: str, threads: int) -> None:
        self._path = path
        self._memory_limit = memory_limit
        self._threads = threads
        self._open: duckdb.DuckDBPyConnection | None = None
        self._index = Index()
        self._sids = SidCounter(0)
        self._tick = 0

    @property
    def tick(self) -> int:
        """The number of the newest committed group."""
        return self._tick

    @property
    def _connection(self) -> duckdb.DuckDBPyConnection:
        if self._open is None:
            raise StoreError(f"the metrics file {self._path} is closed")
        return self._open

    def reader(self) -> duckdb.DuckDBPyConnection:
        """Return a connection of its own to the same file, for any thread; close it after use."""
        return self._connection.cursor()

    def open(self) -> None:
        """Open the file, or create it."""
        connection = connect(self._path, memory_limit=self._memory_limit, threads=self._threads)
        tick, newest_sid = connection.execute(_NEWEST).fetchall()[0]
        self._tick, self._sids = tick, SidCounter(newest_sid + 1)
        self._open = connection

    def close(self) -> None:
        """Fold the log into the file and close it; a second call does nothing."""
        connection, self._open = self._open, None
        self._index.clear()
        if connection is not None:
            with connection:
                connection.execute("CHECKPOINT")

    def append(self, batches: Sequence[PointBatch]) -> list[Appended]:
        """Store several batches in one transaction."""
        appended = append(self._connection, self._index, self._sids, batches, self._tick)
        self._tick = max((one.tick for one in appended), default=self._tick)
        return appended

    def sign(self, experiment: str, writer: str, seen: float, status: Status) -> None:
        """Note a sign of life of a writer, or its end."""
        connection = self._connection
        row = {"experiment": experiment, "writer": writer, "seen": seen, "status": status}
        with transaction(connection):
            known = self._index.load(connection, [experiment])[experiment]
            connection.execute(_SIGN if writer in known.marks else _FIRST_SIGN, row)
        known.marks.setdefault(writer, 0)

    def delete(self, experiment: str) -> None:
        """Delete all that is known of an experiment; its ticks are not given again."""
        connection = self._connection
        with transaction(connection):
            connection.execute("UPDATE meta SET tick = ?", [self._tick])
            connection.execute(
                "DELETE FROM points WHERE sid IN (SELECT sid FROM series WHERE experiment = ?)", [experiment]
            )
            for table in ("series", "writers", "messages"):
                connection.execute(f"DELETE FROM {table} WHERE experiment = ?", [experiment])  # noqa: S608  # our names
        self._index.forget([experiment])
