"""Writing a group of batches in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import duckdb
import numpy as np

from tora.server.metrics.base import Appended, PointBatch
from tora.server.metrics.duckdb.connection import table, transaction
from tora.server.metrics.duckdb.index import Index
from tora.server.metrics.duckdb.parts import Tail
from tora.server.metrics.group import Group, SidCounter, gather, given_ids, heard, series_changes
from tora.server.metrics.remembered import ExperimentIndex

__all__ = ["append", "write_points", "write_series"]

# DuckDB takes NaN in an array for NULL. Where a column cannot be NULL, it was NaN.
_INSERT_POINTS = """
INSERT INTO {table}
SELECT sid, ordinal, step, time, COALESCE(value, 'NaN'::DOUBLE), {metadata}, $tick, place FROM incoming
"""
_INSERT_SERIES = """
INSERT INTO series
SELECT sid, experiment, name, writer, count, stepped, non_finite, COALESCE(last, 'NaN'::DOUBLE), last_ordinal,
    min, max, first_step, last_step
FROM incoming JOIN begun USING (sid)
"""
_UPDATE_SERIES = """
UPDATE series SET
    count = series.count + incoming.count,
    stepped = series.stepped + incoming.stepped,
    non_finite = series.non_finite + incoming.non_finite,
    last = COALESCE(incoming.last, 'NaN'::DOUBLE),
    last_ordinal = incoming.last_ordinal,
    min = least(series.min, incoming.min),
    max = greatest(series.max, incoming.max),
    first_step = least(series.first_step, incoming.first_step),
    last_step = greatest(series.last_step, incoming.last_step)
FROM incoming WHERE series.sid = incoming.sid
"""
_UPDATE_WRITERS = """
UPDATE writers SET through = incoming.through, last_seen = greatest(writers.last_seen, incoming.seen)
FROM incoming WHERE writers.experiment = incoming.experiment AND writers.writer = incoming.writer
"""
_INSERT_WRITERS = """
INSERT INTO writers
SELECT experiment, writer, through, seen, seen, 'running', NULL FROM incoming
ANTI JOIN writers USING (experiment, writer)
"""
_STORED_IDS = "SELECT experiment, msg_id FROM messages SEMI JOIN incoming USING (experiment, msg_id)"
_INSERT_IDS = "INSERT INTO messages SELECT experiment, msg_id FROM incoming"


def append(
    connection: duckdb.DuckDBPyConnection,
    index: Index,
    sids: SidCounter,
    tail: Tail,
    batches: Sequence[PointBatch],
    tick: int,
) -> list[Appended]:
    """Store a group and return what became of each batch; the group's number is `tick + 1` if it adds points.

    The index is right when this returns and forgets the experiments of the group when it raises.
    """
    experiments = {batch.experiment for batch in batches}
    try:
        with transaction(connection):
            known = index.load(connection, experiments)
            strangers = _strangers(batches, known)
            group = gather(batches, known, sids, _stored_ids(connection, batches))
            if len(group.sid):
                tick += 1
                write_points(connection, tail, group, tick)
                write_series(connection, group)
            if group.messages:
                _write_messages(connection, group)
            _write_writers(connection, _signs(batches, known), strangers)
    except BaseException:
        index.forget(experiments)
        raise
    tail.rows += len(group.sid)
    news = group.news(batches)
    return [
        Appended(len(batch.names), through, tick, new)
        for batch, through, new in zip(batches, group.through, news, strict=True)
    ]


def _strangers(batches: Sequence[PointBatch], known: Mapping[str, ExperimentIndex]) -> set[tuple[str, str]]:
    writers = {(batch.experiment, batch.writer or "") for batch in batches}
    return {(experiment, writer) for experiment, writer in writers if writer not in known[experiment].marks}


def write_points(connection: duckdb.DuckDBPyConnection, tail: Tail, group: Group, tick: int) -> None:
    """Insert the points of a group into the part that takes what arrives; the caller holds a transaction."""
    columns = {
        "sid": group.sid.astype(np.int32),
        "ordinal": group.ordinal,
        "step": np.ma.MaskedArray(group.step, group.step < 0),
        "time": group.time,
        "value": group.value,
        "place": np.arange(len(group.sid), dtype=np.int32),
    }
    if group.metadata is not None:
        columns["metadata"] = group.metadata
    metadata = "NULL" if group.metadata is None else "metadata"
    statement = _INSERT_POINTS.format(table=tail.table, metadata=metadata)
    with table(connection, "incoming", columns):
        connection.execute(statement, {"tick": tick})


def write_series(connection: duckdb.DuckDBPyConnection, group: Group) -> None:
    """Add a group to the summaries of its series; the caller holds a transaction."""
    with table(connection, "incoming", series_changes(group)):
        # First the update: it must not add to the rows that the insert brings.
        if len(group.begun) < len(group.names):
            connection.execute(_UPDATE_SERIES)
        if group.begun:
            begun = {
                "sid": np.array([one.sid for one in group.begun], np.int32),
                "experiment": np.array([one.experiment for one in group.begun], object),
                "name": np.array([one.name for one in group.begun], object),
                "writer": np.array([one.writer for one in group.begun], object),
            }
            with table(connection, "begun", begun):
                connection.execute(_INSERT_SERIES)


def _write_messages(connection: duckdb.DuckDBPyConnection, group: Group) -> None:
    with table(connection, "incoming", _pairs(group.messages, "msg_id")):
        connection.execute(_INSERT_IDS)


def _write_writers(
    connection: duckdb.DuckDBPyConnection, signs: Mapping[str, np.ndarray], strangers: set[tuple[str, str]]
) -> None:
    with table(connection, "incoming", signs):
        if len(strangers) < len(signs["writer"]):
            connection.execute(_UPDATE_WRITERS)
        if strangers:
            connection.execute(_INSERT_WRITERS)


def _signs(batches: Sequence[PointBatch], known: Mapping[str, ExperimentIndex]) -> dict[str, np.ndarray]:
    """Return one row for each writer of the group: its mark, and when it was heard last."""
    seen = heard(batches)
    return {
        **_pairs(list(seen), "writer"),
        "through": np.array([known[experiment].marks[writer] for experiment, writer in seen], np.int64),
        "seen": np.array(list(seen.values()), np.float64),
    }


def _stored_ids(connection: duckdb.DuckDBPyConnection, batches: Sequence[PointBatch]) -> set[tuple[str, str]]:
    given = given_ids(batches)
    if not given:
        return set()
    with table(connection, "incoming", _pairs(list(given), "msg_id")):
        return set(connection.execute(_STORED_IDS).fetchall())


def _pairs(rows: Sequence[tuple[str, str]], second: str) -> dict[str, np.ndarray]:
    return {
        "experiment": np.array([one for one, _ in rows], object),
        second: np.array([other for _, other in rows], object),
    }
