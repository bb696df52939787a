"""Summaries, writers and raw points, read on a connection of the caller."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import duckdb
import msgspec
import numpy as np
from attrs import frozen

from tora.models import Summary
from tora.server.metrics.base import Chunk, Writer
from tora.server.metrics.duckdb.parts import points_of

__all__ = ["Span", "chunk", "messages", "names", "spans", "summaries", "writers"]

_CHUNK: Final = 50_000

_SUMMARIES: Final = """
SELECT experiment, name, sum(count)::BIGINT, arg_max(last, last_ordinal), min(min), max(max),
    min(first_step), max(last_step), sum(non_finite)::BIGINT, count(*)
FROM series WHERE experiment IN (SELECT unnest($experiments)) {named} GROUP BY experiment, name ORDER BY name
"""
_NAMED: Final = "AND name IN (SELECT unnest($names))"
_NAMES: Final = """
SELECT name, count(DISTINCT experiment) AS n
FROM series WHERE experiment IN (SELECT unnest(?)) GROUP BY name ORDER BY n DESC, name
"""
_WRITERS: Final = """
SELECT experiment, writer, through, first_seen, last_seen, status, labels
FROM writers WHERE experiment IN (SELECT unnest(?)) ORDER BY last_seen DESC, writer
"""
_MESSAGES: Final = "SELECT msg_id FROM messages WHERE experiment = ?"
_TICKS: Final = """
SELECT tick, count(*) AS n FROM ({points})
WHERE sid IN (SELECT unnest($sids)) AND tick > $after AND tick <= $through
GROUP BY tick ORDER BY tick
"""
_SERIES: Final = "SELECT sid, name, writer FROM series WHERE experiment = ? ORDER BY sid"
_POINTS: Final = """
SELECT sid, step, value, time, metadata FROM ({points})
WHERE sid IN (SELECT unnest($sids)) AND tick BETWEEN $first AND $last
ORDER BY tick, place
"""


@frozen
class Span:
    """The ticks of one chunk, both ends among them."""

    first: int
    last: int


def summaries(
    connection: duckdb.DuckDBPyConnection, experiments: Sequence[str], names: Sequence[str] | None = None
) -> dict[str, list[Summary]]:
    """Return the summary of each metric of each experiment, or of the named metrics alone."""
    found: dict[str, list[Summary]] = {experiment: [] for experiment in experiments}
    wanted = {"experiments": list(experiments)} | ({} if names is None else {"names": list(names)})
    statement = _SUMMARIES.format(named="" if names is None else _NAMED)
    for experiment, *columns in connection.execute(statement, wanted).fetchall():
        found[experiment].append(Summary(*columns))
    return found


def names(connection: duckdb.DuckDBPyConnection, experiments: Sequence[str]) -> dict[str, int]:
    """Return how many of these experiments have each metric, the most frequent first."""
    return dict(connection.execute(_NAMES, [list(experiments)]).fetchall())


def writers(connection: duckdb.DuckDBPyConnection, experiments: Sequence[str]) -> dict[str, list[Writer]]:
    """Return the writers of each experiment, the one seen last first."""
    found: dict[str, list[Writer]] = {experiment: [] for experiment in experiments}
    for experiment, *columns, labels in connection.execute(_WRITERS, [list(experiments)]).fetchall():
        columns.append(msgspec.json.decode(labels or "{}", type=dict[str, str]))
        found[experiment].append(Writer(*columns))
    return found


def messages(connection: duckdb.DuckDBPyConnection, experiment: str) -> list[str]:
    """Return the ids that clients without a writer gave their points."""
    found: list[str] = connection.execute(_MESSAGES, [experiment]).fetchnumpy()["msg_id"].tolist()
    return found


def spans(connection: duckdb.DuckDBPyConnection, experiment: str, after: int, through: int) -> Iterator[Span]:
    """Cut an experiment's ticks into chunks; a tick is never cut, so that each chunk ends at a cursor."""
    sids, _, _ = _series(connection, experiment)
    statement = _TICKS.format(points=points_of(connection, "sid, tick", sids))
    rows = connection.execute(statement, {"sids": sids.tolist(), "after": after, "through": through}).fetchnumpy()
    ticks = rows["tick"]
    chunk_of = np.cumsum(rows["n"]) // _CHUNK
    starts = np.flatnonzero(np.diff(chunk_of, prepend=-1))
    ends = np.append(starts, len(ticks))[1:] - 1
    return (Span(int(ticks[start]), int(ticks[end])) for start, end in zip(starts, ends, strict=True))


def chunk(connection: duckdb.DuckDBPyConnection, experiment: str, span: Span) -> Chunk:
    """Return the points of some ticks in the order of their arrival."""
    sids, names, writer_ids = _series(connection, experiment)
    statement = _POINTS.format(points=points_of(connection, "*", sids))
    rows = connection.execute(statement, {"sids": sids.tolist(), "first": span.first, "last": span.last}).fetchnumpy()
    place = np.searchsorted(sids, rows["sid"])
    return Chunk(
        name=names[place],
        writer=writer_ids[place],
        step=np.ma.asarray(rows["step"]),
        value=rows["value"],
        time=rows["time"],
        metadata=_texts(rows["metadata"]),
        tick=span.last,
    )


def _series(connection: duckdb.DuckDBPyConnection, experiment: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rows = connection.execute(_SERIES, [experiment]).fetchall()
    return (
        np.array([sid for sid, _, _ in rows], np.int32),
        np.array([name for _, name, _ in rows], object),
        np.array([writer for _, _, writer in rows], object),
    )


def _texts(column: np.ndarray) -> np.ndarray:
    if isinstance(column, np.ma.MaskedArray):
        texts = column.data.copy()
        texts[column.mask] = None  # `filled(None)` would fill with numpy's default for text, "?"
        return texts
    return column
