"""MLflow's SQLite databases, read as they lie; whoever writes one meanwhile is not hindered."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from tora.cli.points import Point
from tora.cli.sources import mlflow
from tora.cli.sources.records import Run, Source, Tally, instant_of, writer_of
from tora.errors import ToraValidationError

__all__ = ["source"]

_RUNS: Final = """
SELECT run_uuid, runs.name AS name, status, start_time, end_time, artifact_uri, runs.lifecycle_stage AS stage,
    experiments.name AS experiment
FROM runs LEFT JOIN experiments USING (experiment_id) ORDER BY start_time, run_uuid
"""
# The table's own order is that in which points came: a time can be any.
_POINTS: Final = "SELECT key, value, is_nan, step, timestamp FROM metrics WHERE run_uuid = ? ORDER BY rowid"
_ELSEWHERE: Final = {
    "registered_models": "registered models",
    "logged_models": "logged models",
    "trace_info": "traces",
    "datasets": "datasets",
}
"""Tables of what belongs to no run alone, or has no place in Tora."""


def source(path: Path) -> Source:
    """Return the runs of a database.

    Raises:
        ToraValidationError: It cannot be read, or is none of MLflow's.
    """
    tally = Tally()
    runs = []
    try:
        with closing(_opened(path)) as database:
            for row in database.execute(_RUNS).fetchall():
                if row["stage"] == "deleted":
                    tally.add("deleted runs", row["name"] or row["run_uuid"])
                else:
                    runs.append(_run(path, database, row))
            present = {row["name"] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            for table in _ELSEWHERE.keys() & present:
                count = database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608 - names of ours
                if count:
                    tally.add(_ELSEWHERE[table], path.name, count)
    except sqlite3.Error as exc:
        raise ToraValidationError(f"{path} cannot be read as a database of MLflow's: {exc}") from exc
    return Source(runs, tally.left())


def _opened(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode=ro", uri=True)
    database.row_factory = sqlite3.Row
    return database


def _run(path: Path, database: sqlite3.Connection, row: sqlite3.Row) -> Run:
    identity: str = row["run_uuid"]
    tally = Tally()
    tags = _pairs(database, "tags", identity)
    about = mlflow.described(_pairs(database, "params", identity), tags, row["experiment"] or "", tally)
    count = sum(1 for _ in _of_run(database, identity, tally))
    mlflow.count_artifacts(row["artifact_uri"], None, tally)
    return Run(
        kind="mlflow",
        identity=identity,
        name=tally.name(row["name"] or tags.get("mlflow.runName", ""), identity),
        points=lambda: _points(path, identity),
        count=count,
        description=f"Imported from MLflow's run {identity} of the experiment {row['experiment']!r}",
        hyperparams=about.hyperparams,
        tags=about.tags,
        context=about.context,
        notes=about.notes,
        started=instant_of(_seconds(row["start_time"])),
        ended=instant_of(_seconds(row["end_time"])),
        status=mlflow.STATUSES.get(row["status"], "running"),
        left=tally.left(),
    )


def _points(path: Path, identity: str) -> Iterator[Point]:
    try:
        with closing(_opened(path)) as database:
            yield from _of_run(database, identity, Tally())
    except sqlite3.Error as exc:
        raise ToraValidationError(f"{path} cannot be read any more: {exc}") from exc


def _of_run(database: sqlite3.Connection, identity: str, tally: Tally) -> Iterator[Point]:
    writer = writer_of("mlflow", identity)
    for key, value, is_nan, step, timestamp in database.execute(_POINTS, [identity]):
        point = tally.point(key, math.nan if is_nan else float(value), step, timestamp / 1000, writer)
        if point is not None:
            yield point


def _pairs(database: sqlite3.Connection, table: str, identity: str) -> Mapping[str, str]:
    rows = database.execute(f"SELECT key, value FROM {table} WHERE run_uuid = ? ORDER BY key", [identity])  # noqa: S608 - as above
    return {row["key"]: row["value"] or "" for row in rows}


def _seconds(milliseconds: Any) -> float | None:
    return None if milliseconds is None else milliseconds / 1000
