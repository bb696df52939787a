"""Copies of the metrics file: made whole by themselves, looked at, counted."""

from __future__ import annotations

import re
from collections.abc import Container
from pathlib import Path
from typing import Final

import duckdb

from tora.server.metrics.base import PointCounts
from tora.server.metrics.duckdb.errors import translated
from tora.server.metrics.duckdb.file import MetricsFile
from tora.server.metrics.duckdb.writing import WritingEnd

__all__ = ["count_copy", "finish_copy"]

_MEMORY: Final = "256MB"
_TABLES: Final = "SELECT table_name FROM duckdb_tables() ORDER BY table_name"
_TABLE_OF_POINTS: Final = re.compile(r"points(_\d+)?")
_COUNTED: Final = frozenset({"messages", "series", "writers"})
_EXPERIMENTS: Final = "SELECT experiment, sum(count)::BIGINT FROM series GROUP BY experiment ORDER BY experiment"


def finish_copy(path: Path, experiments: Container[str] | None = None) -> None:
    """Open a copy as a server would, fold its log into it, and close it; all of it is read to find damage.

    One of an older Tora is brought to today's form.

    Args:
        path: The copy, perhaps with its log beside it.
        experiments: Those that are there; what belongs to others is deleted. None keeps everything.

    Raises:
        StoreError: It is damaged, or the disk is full.
    """
    with translated(path):
        file = MetricsFile(path, memory_limit=_MEMORY, threads=1)
        end = WritingEnd(file)
        end.open()
        try:
            if experiments is not None:
                for experiment in _experiments(file.connection):
                    if experiment not in experiments:
                        end.delete(experiment)
        finally:
            end.close()


def count_copy(path: Path) -> PointCounts:
    """Count what a file holds that nobody has open, and change nothing.

    Raises:
        StoreError: It cannot be read.
    """
    with translated(path), duckdb.connect(path, read_only=True, config={"threads": 1}) as connection:
        names = [name for (name,) in connection.execute(_TABLES).fetchall()]
        tables = {name: _rows(connection, name) for name in names if name in _COUNTED}
        tables["points"] = sum(_rows(connection, name) for name in names if _TABLE_OF_POINTS.fullmatch(name))
        return PointCounts(tables, _experiments(connection))


def _experiments(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    return dict(connection.execute(_EXPERIMENTS).fetchall())


def _rows(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    (found,) = connection.execute(f'SELECT count(*) FROM "{table}"').fetchall()[0]  # noqa: S608  # names of its own
    return int(found)
