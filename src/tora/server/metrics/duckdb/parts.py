"""The tables that the points lie in.

The newest part takes what arrives, as it arrives; when it is large enough another one begins. Older
ones are rewritten sorted by series (`tora.server.metrics.duckdb.clustering`), several into one, so
that a question for some series reads little of them: DuckDB keeps the range of each column for each
122,880 rows, and passes over those that cannot hold what is asked for.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from typing import Final

import duckdb
import numpy as np
from attrs import define, frozen

__all__ = [
    "FAN",
    "PART_ROWS",
    "Part",
    "Tail",
    "begin_part",
    "create_part",
    "due",
    "open_tail",
    "points_of",
    "read_parts",
    "table_of",
]

PART_ROWS: Final = 250_000
"""A part that takes what arrives holds so many rows, and those of the group that filled it."""

FAN: Final = 8
"""So many sorted parts of about the same size become one."""

_RANGES: Final = 4
_PARTS: Final = "SELECT part, clustered, rows FROM parts ORDER BY part"
_TAIL: Final = "SELECT tail FROM meta"
_ALL: Final = "SELECT part FROM parts UNION ALL SELECT tail FROM meta"
# The ordinal counts the points of an experiment's name over all its writers, from 0; the place those of a tick.
_CREATE: Final = """
CREATE TABLE {table} (
    sid INTEGER NOT NULL,
    ordinal BIGINT NOT NULL,
    step BIGINT,
    time DOUBLE NOT NULL,
    value DOUBLE NOT NULL,
    metadata VARCHAR,
    tick BIGINT NOT NULL,
    place INTEGER NOT NULL
)
"""


@frozen
class Part:
    """A table of points that takes no more.

    Attributes:
        clustered: Whether its rows are sorted by series.
        rows: How many it had when it was written.
    """

    number: int
    clustered: bool
    rows: int

    @property
    def table(self) -> str:
        """The table's name."""
        return table_of(self.number)

    @property
    def level(self) -> int:
        """Its place among the sizes, each `FAN` times the one before; -1 where it is not sorted yet."""
        return int(math.log(max(self.rows / PART_ROWS, 1), FAN)) if self.clustered else -1


@define
class Tail:
    """The part that takes what arrives.

    Attributes:
        rows: How many rows it has.
    """

    number: int
    rows: int

    @property
    def table(self) -> str:
        """The table's name."""
        return table_of(self.number)


def table_of(number: int) -> str:
    """Return the name of a part's table."""
    return f"points_{number}"


def read_parts(connection: duckdb.DuckDBPyConnection) -> list[Part]:
    """Return the parts that take no more, the oldest first."""
    return [Part(*row) for row in connection.execute(_PARTS).fetchall()]


def open_tail(connection: duckdb.DuckDBPyConnection) -> Tail:
    """Return the part that takes what arrives."""
    (number,) = connection.execute(_TAIL).fetchall()[0]
    (rows,) = connection.execute(f"SELECT count(*) FROM {table_of(number)}").fetchall()[0]  # noqa: S608  # our names
    return Tail(number, rows)


def create_part(connection: duckdb.DuckDBPyConnection, number: int) -> None:
    """Make the table of a part, empty."""
    connection.execute(_CREATE.format(table=table_of(number)))


def begin_part(connection: duckdb.DuckDBPyConnection, full: Tail, number: int) -> Tail:
    """Let another part take what arrives; the caller holds a transaction."""
    connection.execute("INSERT INTO parts VALUES (?, FALSE, ?)", [full.number, full.rows])
    create_part(connection, number)
    connection.execute("UPDATE meta SET tail = ?", [number])
    return Tail(number, 0)


def due(parts: Sequence[Part]) -> list[Part]:
    """Return the parts that are to become one sorted part; none where all is well."""
    levels: defaultdict[int, list[Part]] = defaultdict(list)
    for part in parts:
        levels[part.level].append(part)
    for level, same in sorted(levels.items()):
        if level < 0 or len(same) >= FAN:
            return same[:FAN]
    return []


def points_of(connection: duckdb.DuckDBPyConnection, columns: str, sids: np.ndarray) -> str:
    """Return the statement that reads the points of some series, and perhaps of others, from all parts.

    Args:
        connection: In a transaction, which the statement has to share.
        columns: What to select.
        sids: The numbers of the series; shape (n,).
    """
    tables = [table_of(number) for (number,) in connection.execute(_ALL).fetchall()]
    return " UNION ALL ".join(
        f"SELECT {columns} FROM {table} WHERE sid BETWEEN {low} AND {high}"  # noqa: S608  # our names and numbers
        for table in tables
        for low, high in _ranges(sids)
    )


def _ranges(sids: np.ndarray) -> list[tuple[int, int]]:
    """Return a few ranges that cover all numbers and leave out the widest gaps between them."""
    if not len(sids):
        return [(0, -1)]
    ordered = np.unique(sids)
    gaps = np.diff(ordered)
    widest = np.sort(np.argsort(gaps)[::-1][: _RANGES - 1])
    cuts = widest[gaps[widest] > 1] + 1
    return [(int(run[0]), int(run[-1])) for run in np.split(ordered, cuts)]
