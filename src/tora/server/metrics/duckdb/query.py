"""A chart's question in SQL: few statements for any number of series, no Python object for a point.

Points on the horizontal axis are called x: the step, the ordinal where there is no step, or the time.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any, Final

import duckdb
import numpy as np
from attrs import frozen

from tora.server.metrics.base import Series, SeriesQuery
from tora.server.metrics.duckdb.connection import table
from tora.server.metrics.duckdb.parts import points_of

__all__ = ["series"]

_FOUND: Final = """
SELECT experiment, name, sid, count, non_finite, count > stepped AS bare,
    first_step::DOUBLE AS low, last_step::DOUBLE AS high
FROM series
WHERE experiment IN (SELECT unnest($experiments)) AND name IN (SELECT unnest($names))
"""
# Which of these series belong to writers that have a label, by a JSON pointer to it.
_LABELLED: Final = """
SELECT sid, json_extract_string(labels, $pointer) AS label FROM series JOIN writers USING (experiment, writer)
WHERE experiment IN (SELECT unnest($experiments)) AND name IN (SELECT unnest($names)) AND label IS NOT NULL
"""

# gid numbers the answers; the points of all of them are read together. One series alone, the usual chart, is
# spared the joins, which take a third of the time.
_POINTS: Final = """
WITH placed AS (
    SELECT {gid} AS gid, {x} AS x, ordinal, value, CASE WHEN isfinite(value) THEN value END AS finite FROM {source}
), p AS (
    SELECT * FROM placed WHERE TRUE {within}
)
"""
_SPANS: Final = """
SELECT gid, count(*) AS n, count(*) - count(finite) AS non_finite, min(x)::DOUBLE AS low, max(x)::DOUBLE AS high,
    {distinct} AS distinct_x
FROM p GROUP BY gid
"""
_EVERY_POINT: Final = """
SELECT gid, x, value AS last, finite AS min, finite AS max, finite AS mean, 1::BIGINT AS count
FROM {p} ORDER BY gid, x, ordinal
"""
_BUCKETS: Final = """
SELECT {gid} AS gid, max(x) AS x, arg_max(value, {latest}) AS last,
    min(finite) AS min, max(finite) AS max, avg(finite) AS mean, count(*) AS count
FROM {p} GROUP BY {key} ORDER BY gid, x
"""
_ACROSS: Final = """
SELECT {gid} AS gid, max(x) AS x, avg(finite) AS mean, min(finite) AS min, max(finite) AS max,
    quantile_cont(finite, 0.05) AS p5, quantile_cont(finite, 0.5) AS p50, quantile_cont(finite, 0.95) AS p95,
    count(*) AS count
FROM {p} GROUP BY {key} ORDER BY gid, x
"""
# A quotient that is no integer (the range of times may be infinite) falls into the last bucket.
_BUCKET: Final = "least(TRY_CAST(floor((x - low) / width) AS BIGINT), $last_bucket)"
# One number that orders by x and then by arrival: comparing structs takes twice as long.
_LATEST_STEP: Final = "x::HUGEINT * 18446744073709551616 + ordinal"
_LATEST_TIME: Final = "(x, ordinal)"
_OWN_COUNT: Final = "row_number() OVER (PARTITION BY sid ORDER BY ordinal) - 1"


@frozen
class _Spans:
    """What lies in the asked range, gid by gid."""

    gid: np.ndarray
    n: np.ndarray
    non_finite: np.ndarray
    low: np.ndarray
    high: np.ndarray
    distinct_x: np.ndarray


@frozen
class _Found:
    """The series that a query is about; gid is the place of an answer's experiment, name and group in `keys`."""

    keys: Sequence[tuple[str, str, str | None]]
    sid: np.ndarray
    gid: np.ndarray
    bare: bool
    """Whether some point has no step."""
    summaries: Mapping[str, np.ndarray]
    """What is known of all points of each series."""


def series(connection: duckdb.DuckDBPyConnection, query: SeriesQuery) -> list[Series]:
    """Return one series for each experiment, name and value of the label of the query that has points.

    The caller holds a transaction, so that all statements see the same points.
    """
    found = _find(connection, query)
    if not found.keys:
        return []
    reader = _Reader(connection, query, found)
    with table(connection, "wanted", {"sid": found.sid, "gid": found.gid}):
        spans = reader.spans()
        exact = reader.fits(spans)
        parts = [] if len(exact) and not exact.any() else [reader.read(spans, exact, whole=True)]
        if not exact.all():
            parts.append(reader.read(spans, ~exact, whole=False))
    totals = {gid: place for place, gid in enumerate(spans.gid.tolist())}
    return [
        Series(
            experiment,
            name,
            _columns(parts, gid),
            total=int(spans.n[totals[gid]]) if gid in totals else 0,
            non_finite=int(spans.non_finite[totals[gid]]) if gid in totals else 0,
            group=group,
        )
        for gid, (experiment, name, group) in enumerate(found.keys)
    ]


class _Reader:
    def __init__(self, connection: duckdb.DuckDBPyConnection, query: SeriesQuery, found: _Found) -> None:
        self._connection = connection
        self._query = query
        self._across = query.across == "writers"
        self._found = found
        bounds = {"start": query.start, "end": query.end}
        self._bounds = {name: bound for name, bound in bounds.items() if bound is not None}
        within = {"start": "AND x >= $start", "end": "AND x <= $end"}
        points = points_of(connection, "sid, ordinal, step, time, value", found.sid)
        self._single = len(found.sid) == 1
        self._gid = "0" if self._single else "gid"
        self._points = _POINTS.format(
            gid=self._gid,
            x=self._x(found),
            source=f"({points})" if self._single else f"({points}) JOIN wanted USING (sid)",
            within=" ".join(within[name] for name in self._bounds),
        )

    def spans(self) -> _Spans:
        """Return how much lies in the asked range, without a look at the points where the summaries tell."""
        if self._query.x == "step" and not (self._bounds or self._across or self._found.bare):
            return _whole(self._found)
        distinct = "count(DISTINCT x)" if self._across else "count(*)"
        return _Spans(**self._fetch(_SPANS.format(distinct=distinct)))

    def fits(self, spans: _Spans) -> np.ndarray:
        """Return which answers need no buckets."""
        return (spans.distinct_x <= self._query.points) | (self._query.points == 0)

    def read(self, spans: _Spans, chosen: np.ndarray, *, whole: bool) -> dict[str, np.ndarray]:
        """Return the columns of the chosen answers one below the other, in whole or in buckets."""
        with np.errstate(over="ignore"):  # see _BUCKET
            extent = spans.high[chosen] - spans.low[chosen]
        bounds = {
            "gid": spans.gid[chosen],
            "low": spans.low[chosen],
            "width": np.where(extent > 0, extent, 1.0) / max(self._query.points, 1),
        }
        with table(self._connection, "spans", bounds):
            if whole and not self._across:
                return self._fetch(_EVERY_POINT.format(p="p" if self._single else "p JOIN spans USING (gid)"))
            return self._bucketed(bounds, "x" if whole else _BUCKET)

    def _bucketed(self, bounds: Mapping[str, np.ndarray], bucket: str) -> dict[str, np.ndarray]:
        parameters: dict[str, float] = {"last_bucket": self._query.points - 1} if bucket is _BUCKET else {}
        p, key = "p JOIN spans USING (gid)", f"gid, {bucket}"
        if self._single:
            p, key = "p", bucket
        if self._single and bucket is _BUCKET:
            p = "(SELECT *, $low::DOUBLE AS low, $width::DOUBLE AS width FROM p)"
            parameters |= {name: float(bounds[name][0]) for name in ("low", "width")}
        latest = _LATEST_TIME if self._query.x == "time" else _LATEST_STEP
        statement = (_ACROSS if self._across else _BUCKETS).format(gid=self._gid, p=p, key=key, latest=latest)
        return self._fetch(statement, parameters)

    def _fetch(self, statement: str, parameters: Mapping[str, Any] | None = None) -> dict[str, np.ndarray]:
        rows = self._connection.execute(self._points + statement, {**self._bounds, **(parameters or {})})
        return {name: _filled(column) for name, column in rows.fetchnumpy().items()}

    def _x(self, found: _Found) -> str:
        if self._query.x == "time":
            return "time"
        if not found.bare:
            return "step"
        # Equal x must mean the same moment of each writer, which the common ordinal does not.
        return f"COALESCE(step, {_OWN_COUNT if self._across else 'ordinal'})"


def _find(connection: duckdb.DuckDBPyConnection, query: SeriesQuery) -> _Found:
    asked = {"experiments": list(query.experiments), "names": list(query.names)}
    rows = connection.execute(_FOUND, asked).fetchnumpy()
    label_of = _labels(connection, query)
    labels = [label_of.get(sid) for sid in rows["sid"].tolist()]
    owners = list(zip(rows["experiment"].tolist(), rows["name"].tolist(), labels, strict=True))
    there = set(owners)
    groups = sorted(set(labels), key=_group_order)
    asked_for = dict.fromkeys(itertools.product(query.experiments, query.names))
    keys = [(*key, group) for key in asked_for for group in groups if (*key, group) in there]
    places = {key: place for place, key in enumerate(keys)}
    gid = np.array([places[key] for key in owners], np.int32)
    return _Found(keys, rows["sid"], gid, bool(rows["bare"].any()), rows)


def _labels(connection: duckdb.DuckDBPyConnection, query: SeriesQuery) -> dict[int, str]:
    """Return the value of the asked label of each series whose writer has it."""
    if query.by is None:
        return {}
    pointer = "/" + query.by.replace("~", "~0").replace("/", "~1")
    asked = {"experiments": list(query.experiments), "names": list(query.names), "pointer": pointer}
    return dict(connection.execute(_LABELLED, asked).fetchall())


def _group_order(group: str | None) -> tuple[bool, bool, int, str]:
    """Order numbers by what they say, before words; those without a value come last."""
    is_number = group is not None and group.isdecimal()
    return group is None, not is_number, int(group or 0) if is_number else 0, group or ""


def _whole(found: _Found) -> _Spans:
    """Return what the summaries say of each answer's points, which all have a step."""
    gid, place = np.unique(found.gid, return_inverse=True)
    n, non_finite = np.zeros((2, len(gid)), np.int64)
    low, high = np.full(len(gid), np.inf), np.full(len(gid), -np.inf)
    np.add.at(n, place, found.summaries["count"])
    np.add.at(non_finite, place, found.summaries["non_finite"])
    np.minimum.at(low, place, found.summaries["low"])
    np.maximum.at(high, place, found.summaries["high"])
    return _Spans(gid, n, non_finite, low, high, distinct_x=n)


def _columns(parts: Sequence[Mapping[str, np.ndarray]], gid: int) -> dict[str, np.ndarray]:
    runs = [(part, _run(part["gid"], gid)) for part in parts]
    # A series with nothing in the asked range is in no part; an empty run of any has the right columns.
    part, run = next(((part, run) for part, run in runs if run.start < run.stop), runs[0])
    return {name: column[run] for name, column in part.items() if name != "gid"}


def _run(gids: np.ndarray, gid: int) -> slice:
    start, end = np.searchsorted(gids, [gid, gid + 1]).tolist()
    return slice(start, end)


def _filled(column: np.ndarray) -> np.ndarray:
    return column.filled(np.nan) if isinstance(column, np.ma.MaskedArray) else column
