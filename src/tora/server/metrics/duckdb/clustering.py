"""Old points are sorted by series, in the background, so that a chart's cost grows with its own points.

A sorted part is written piece by piece in one transaction that also drops the parts that it replaces:
readers see the one or the others, and a server that ends in between loses nothing but the work.
"""

from __future__ import annotations

import contextlib
import itertools
import math
import os
import shutil
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import duckdb

from tora.server.metrics.duckdb.connection import transaction
from tora.server.metrics.duckdb.file import MetricsFile
from tora.server.metrics.duckdb.parts import Part, create_part, due, read_parts, table_of

__all__ = ["Clustering"]

PIECE_ROWS: Final = 1_000_000
"""So many rows are sorted at once; more would not fit into the memory that DuckDB may take."""

_ROW_BYTES: Final = 64  # on disk, generously: a part is not begun where the room is short
_NICE: Final = 10
_RETRY: Final = 0.05  # seconds

_COUNTS: Final = (
    "SELECT sid, count(*) AS n, min(ordinal) AS low, max(ordinal) AS high FROM ({points}) GROUP BY sid ORDER BY sid"
)
_PIECE: Final = """
INSERT INTO {table} SELECT * FROM ({points})
WHERE sid BETWEEN $first AND $last AND ordinal BETWEEN $low AND $high ORDER BY sid, ordinal
"""


class Clustering:
    """Sorts the parts of a file, one step at a time.

    Args:
        file: The open file.
        new_number: Gives the number of a new part.
    """

    def __init__(self, file: MetricsFile, new_number: Callable[[], int]) -> None:
        self._file = file
        self._new_number = new_number
        self._working = threading.Lock()
        self._held = False
        self._connection: duckdb.DuckDBPyConnection | None = None

    def step(self) -> bool:
        """Make one sorted part of those that are due; return whether there may be more to do.

        Raises:
            duckdb.Error: It failed; the file is as before.
        """
        _be_modest()
        with self._working, self._file.reader() as connection:
            self._connection = connection
            try:
                return self._merge(connection)
            except (_HeldError, duckdb.InterruptException):
                return False
            finally:
                self._connection = None

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Keep the parts as they are for the length of the block; a step that is under way is given up."""
        self._held = True
        try:
            while not self._working.acquire(timeout=_RETRY):
                if (connection := self._connection) is not None:
                    connection.interrupt()
            try:
                yield
            finally:
                self._working.release()
        finally:
            self._held = False

    def _merge(self, connection: duckdb.DuckDBPyConnection) -> bool:
        with transaction(connection):
            parts = due(read_parts(connection))
            rows = sum(part.rows for part in parts)
            if not parts or self._lacks_room(rows):
                return False
            number = self._new_number()
            table, points = table_of(number), _all_of(parts)
            create_part(connection, number)
            for piece in self._pieces(connection, points):
                self._check()
                connection.execute(_PIECE.format(table=table, points=points), piece)
            for part in parts:
                connection.execute(f"DROP TABLE {part.table}")
                connection.execute("DELETE FROM parts WHERE part = ?", [part.number])
            connection.execute("INSERT INTO parts VALUES (?, TRUE, ?)", [number, rows])
            self._check()
        return True

    def _pieces(self, connection: duckdb.DuckDBPyConnection, points: str) -> Iterator[dict[str, int]]:
        """Cut what is to be sorted into runs of series, and a long series into runs of ordinals."""
        self._check()
        counts = connection.execute(_COUNTS.format(points=points)).fetchnumpy()
        sid, low, high = (counts[name].tolist() for name in ("sid", "low", "high"))
        for run, rows in _runs(counts["n"].tolist()):
            first, last = min(low[run]), max(high[run]) + 1
            pieces = max(1, math.ceil(rows / PIECE_ROWS))
            edges = [first + (last - first) * piece // pieces for piece in range(pieces + 1)]
            for start, end in itertools.pairwise(edges):
                yield {"first": sid[run][0], "last": sid[run][-1], "low": start, "high": end - 1}

    def _check(self) -> None:
        if self._held:
            raise _HeldError

    def _lacks_room(self, rows: int) -> bool:
        return shutil.disk_usage(self._file.path.parent).free < 2 * rows * _ROW_BYTES


class _HeldError(Exception):
    """Somebody else needs the parts as they are."""


def _runs(counts: Sequence[int]) -> Iterator[tuple[slice, int]]:
    """Cut series into runs that fit into a piece, one that is longer by itself; say how many rows each has."""
    start = rows = 0
    for place, count in enumerate(counts):
        if rows and rows + count > PIECE_ROWS:
            yield slice(start, place), rows
            start, rows = place, 0
        rows += count
    if rows:
        yield slice(start, len(counts)), rows


def _all_of(parts: Sequence[Part]) -> str:
    return " UNION ALL ".join(f"FROM {part.table}" for part in parts)


def _be_modest() -> None:
    # Linux knows a priority for each thread; elsewhere it would be the whole process's.
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
