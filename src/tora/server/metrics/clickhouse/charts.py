"""A chart's question: the summaries say what there is; the engine makes the buckets, or sends what they are made of.

The engine makes them where one metric's steps, over all its writers, are cut into buckets: the usual chart, of any
length. Where it lacks what that takes (the last by place and then by arrival in one number, quantiles between two
values, a count of each writer's own), the columns come as they are and numpy makes the buckets.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np
from attrs import frozen

from tora.server.metrics import buckets
from tora.server.metrics.base import Series, SeriesQuery
from tora.server.metrics.clickhouse.client import Client
from tora.server.metrics.clickhouse.rows import shape
from tora.server.metrics.clickhouse.text import array, double, hash64, integers

__all__ = ["series"]

Key = tuple[str, str, str | None]
"""The experiment, the name and the group of one answer."""

_FOUND: Final = """
SELECT eid, nid, wid, countMerge(n) AS n_all, countIfMerge(stepped) AS n_stepped, countIfMerge(finite) AS n_finite,
    minIfMerge(first_step) AS low, maxMerge(last_step) AS high, maxMerge(top_ordinal) AS top
FROM summaries WHERE eid IN {eids} AND nid IN {nids} GROUP BY eid, nid, wid
"""
_FOUND_SHAPE: Final = shape(
    eid="u8", nid="u8", wid="u8", n="u8", stepped="u8", finite="u8", low="i8", high="i8", top="u8"
)
_LABELS: Final = "SELECT eid, wid, argMaxIfMerge(last_labels) FROM signs WHERE eid IN {eids} GROUP BY eid, wid"

_OTHER: Final = 2**32 - 1
_MANY: Final = 20_000  # so many points are computed with in a thread

# at numbers the answers, or the series, that a statement is about; a single one is spared the look-up.
_ONE: Final = "SELECT toUInt32(0) AS at, {columns} FROM points WHERE eid = {eid} AND nid = {nid}"
_SEVERAL: Final = """
SELECT toUInt32(transform({key}, {keys}, {places}, toUInt32(4294967295))) AS at, {columns}
FROM points WHERE eid IN {eids} AND nid IN {nids} AND at != 4294967295
"""
_RAW: Final = "SELECT at, x, step < 0 AS bare, ordinal, value FROM ({source}) WHERE 1{within}"
_SPANS: Final = """
SELECT at, count() AS n, min(x) AS low, max(x) AS high, max(ordinal) AS top FROM ({source}) WHERE 1{within} GROUP BY at
"""
_SPANS_SHAPE: Final = shape(at="u4", n="u8", low="i8", high="i8", top="u8")
# order is one number that grows by place and then by arrival.
_BUCKETS: Final = """
SELECT at, max(x) AS last_x, argMax(value, order) AS last_value, minIf(value, is_finite) AS lowest,
    maxIf(value, is_finite) AS highest, avgIf(value, is_finite) AS mean, count() AS n, sum(is_finite) AS n_finite
FROM (
    SELECT at, x, value, isFinite(value) AS is_finite, {low} AS first_x,
        (toFloat64({high}) - toFloat64(first_x)) / {points} AS extent,
        if(extent > 0, extent, 1. / {points}) AS width,
        bitOr(bitShiftLeft(toUInt64(x - first_x), {shift}), ordinal) AS order,
        greatest(least(toInt64(floor((toFloat64(x) - toFloat64(first_x)) / width)), {last}), 0) AS bucket
    FROM ({source}) WHERE 1{within}
) GROUP BY at, bucket ORDER BY at, last_x
"""
_BUCKETS_SHAPE: Final = shape(at="u4", x="i8", last="f8", min="f8", max="f8", mean="f8", count="u8", finite="u8")


@frozen
class _Found:
    """The series that a query is about.

    Attributes:
        keys: The answers, in the order of the question.
        rows: The series, as `_FOUND_SHAPE` has them.
        gid: Which answer each of them is a part of.
    """

    keys: Sequence[Key]
    rows: np.ndarray
    gid: np.ndarray

    @property
    def bare(self) -> bool:
        """Whether some point has no step."""
        return bool((self.rows["n"] > self.rows["stepped"]).any())


@frozen
class _Spans:
    """What lies in the asked range, answer by answer."""

    n: np.ndarray
    low: np.ndarray
    high: np.ndarray
    top: np.ndarray


async def series(client: Client, query: SeriesQuery) -> list[Series]:
    """Return one series for each experiment, name and value of the label of the query that has points."""
    found = await _find(client, query)
    if not found.keys:
        return []
    if query.across == "writers" or query.by is not None or query.x == "time":
        return await _from_points(client, query, found, np.ones(len(found.keys), bool))
    spans = await _spans(client, query, found)
    fits = (spans.n <= query.points) | (query.points == 0)
    in_engine = ~fits & (_shift(spans) > 0)
    answers = [
        await _from_buckets(client, query, found, spans, in_engine) if in_engine.any() else [],
        await _from_points(client, query, found, ~in_engine) if not in_engine.all() else [],
    ]
    places = {key: place for place, key in enumerate(found.keys)}
    both = itertools.chain.from_iterable(answers)
    return sorted(both, key=lambda one: places[one.experiment, one.name, one.group])


async def _find(client: Client, query: SeriesQuery) -> _Found:
    experiments = {hash64(experiment): experiment for experiment in query.experiments}
    names = {hash64(name): name for name in query.names}
    if not experiments or not names:
        return _Found([], np.empty(0, _FOUND_SHAPE), np.empty(0, np.int64))
    eids = integers(experiments)
    rows = await client.columns(_FOUND.format(eids=eids, nids=integers(names)), _FOUND_SHAPE)
    label_of = {} if query.by is None else await _labels(client, eids, query.by)
    owners = [
        (experiments[eid], names[nid], label_of.get((eid, wid)))
        for eid, nid, wid in rows[["eid", "nid", "wid"]].tolist()
    ]
    there = set(owners)
    groups = sorted({group for _, _, group in owners}, key=_group_order)
    asked_for = dict.fromkeys(itertools.product(query.experiments, query.names))
    keys = [(*key, group) for key in asked_for for group in groups if (*key, group) in there]
    places = {key: place for place, key in enumerate(keys)}
    return _Found(keys, rows, np.array([places[key] for key in owners], np.int64))


async def _labels(client: Client, eids: str, name: str) -> dict[tuple[int, int], str]:
    """Return the value of a label of each writer that has it."""
    found = await client.records(_LABELS.format(eids=eids), tuple[int, int, str])
    labels = {(eid, wid): msgspec.json.decode(text or "{}", type=dict[str, str]) for eid, wid, text in found}
    return {writer: of[name] for writer, of in labels.items() if name in of}


def _group_order(group: str | None) -> tuple[bool, bool, int, str]:
    """Order numbers by what they say, before words; those without a value come last."""
    is_number = group is not None and group.isdecimal()
    return group is None, not is_number, int(group or 0) if is_number else 0, group or ""


async def _spans(client: Client, query: SeriesQuery, found: _Found) -> _Spans:
    """Return how much lies in the asked range, without a look at the points where the summaries tell."""
    size = len(found.keys)
    spans = _Spans(*np.zeros((4, size), np.int64))
    if query.start is None and query.end is None and not found.bare:
        spans.low[:] = np.iinfo(np.int64).max
        rows, at = found.rows, found.gid
    else:
        chosen = np.ones(size, bool)
        statement = _SPANS.format(source=_source(found, chosen, _x(found)), within=_within(query))
        rows = await client.columns(statement, _SPANS_SHAPE)
        at = rows["at"].astype(np.int64)
        spans.low[at] = np.iinfo(np.int64).max
    np.add.at(spans.n, at, rows["n"].astype(np.int64))
    np.minimum.at(spans.low, at, rows["low"])
    np.maximum.at(spans.high, at, rows["high"])
    np.maximum.at(spans.top, at, rows["top"].astype(np.int64))
    return spans


def _shift(spans: _Spans) -> np.ndarray:
    """Return how many bits an ordinal takes below a place in one number; 0 where both do not fit into 64.

    One bit each is to spare, for what is stored between two statements.
    """
    places = [int(high) - int(low) for low, high in zip(spans.low, spans.high, strict=True)]
    room = np.array([63 - place.bit_length() for place in places])
    needed = np.array([int(top).bit_length() + 1 for top in spans.top])
    return np.where(room >= needed, np.minimum(room, 40), 0)


async def _from_buckets(
    client: Client, query: SeriesQuery, found: _Found, spans: _Spans, chosen: np.ndarray
) -> list[Series]:
    places = np.flatnonzero(chosen)
    low, high = spans.low[places].tolist(), spans.high[places].tolist()
    statement = _BUCKETS.format(
        source=_source(found, chosen, _x(found)),
        within=_within(query),
        low=_of_each(low),
        high=_of_each(high),
        points=query.points,
        last=query.points - 1,
        shift=int(_shift(spans)[places].min()),
    )
    rows = await client.columns(statement, _BUCKETS_SHAPE)
    edges = np.searchsorted(rows["at"], np.arange(len(places) + 1))
    return [
        _bucketed(found.keys[place], rows[start:end])
        for place, start, end in zip(places.tolist(), edges[:-1], edges[1:], strict=True)
    ]


def _bucketed(key: Key, rows: np.ndarray) -> Series:
    none = rows["finite"] == 0
    count = rows["count"].astype(np.int64)
    columns = {
        "x": rows["x"].copy(),
        "last": rows["last"].copy(),
        "min": np.where(none, np.nan, rows["min"]),
        "max": np.where(none, np.nan, rows["max"]),
        "mean": np.where(none, np.nan, rows["mean"]),
        "count": count,
    }
    total = int(count.sum())
    return Series(*key[:2], columns, total, total - int(rows["finite"].sum()), key[2])


async def _from_points(client: Client, query: SeriesQuery, found: _Found, chosen: np.ndarray) -> list[Series]:
    own = query.across == "writers" and query.x == "step" and found.bare
    by_writer = own or query.by is not None
    x, kind = ("time", "f8") if query.x == "time" else (_x(found), "i8")
    # Each writer's own count is known where all its points are.
    within = "" if own else _within(query)
    statement = _RAW.format(source=_source(found, chosen, x, by_writer=by_writer), within=within)
    rows = await client.columns(statement, shape(at="u4", x=kind, bare="u1", ordinal="u8", value="f8"))
    places = np.flatnonzero(chosen[found.gid]) if by_writer else np.flatnonzero(chosen)
    gid = found.gid[places][rows["at"]] if by_writer else places[rows["at"]]

    def compute() -> list[Series]:
        return _computed(query, found, chosen, rows, gid, own=own)

    return await asyncio.to_thread(compute) if len(rows) > _MANY else compute()


def _computed(
    query: SeriesQuery, found: _Found, chosen: np.ndarray, rows: np.ndarray, gid: np.ndarray, *, own: bool
) -> list[Series]:
    x = rows["x"]
    if own:
        x = np.where(rows["bare"] > 0, buckets.own_counts(rows["at"], rows["ordinal"]), x)
        inside = np.ones(len(x), bool)
        if query.start is not None:
            inside &= x >= query.start
        if query.end is not None:
            inside &= x <= query.end
        rows, gid, x = rows[inside], gid[inside], x[inside]
    order = np.argsort(gid, kind="stable")
    edges = np.searchsorted(gid[order], np.arange(len(found.keys) + 1))
    answers = []
    for place in np.flatnonzero(chosen).tolist():
        mine = order[edges[place] : edges[place + 1]]
        value = rows["value"][mine]
        if query.across == "writers":
            columns = buckets.across(x[mine], value, query.points)
        else:
            columns = buckets.plain(x[mine], rows["ordinal"][mine], value, query.points)
        experiment, name, group = found.keys[place]
        non_finite = int((~np.isfinite(value)).sum())
        answers.append(Series(experiment, name, columns, len(mine), non_finite, group))
    return answers


def _x(found: _Found) -> str:
    return "if(step < 0, toInt64(ordinal), step)" if found.bare else "step"


def _within(query: SeriesQuery) -> str:
    low = "" if query.start is None else f" AND toFloat64(x) >= {double(query.start)}"
    high = "" if query.end is None else f" AND toFloat64(x) <= {double(query.end)}"
    return low + high


def _source(found: _Found, chosen: np.ndarray, x: str, *, by_writer: bool = False) -> str:
    """Return the points of some answers, numbered by them, or with `by_writer` by their series.

    Args:
        found: What there is.
        chosen: Which of the answers.
        x: Where a point stands.
        by_writer: Number the series of these answers, in the order of `found`.
    """
    columns = f"{x} AS x, step, ordinal, value"
    rows = found.rows[chosen[found.gid]]
    pairs = {
        gid: (eid, nid) for gid, (eid, nid) in zip(found.gid.tolist(), found.rows[["eid", "nid"]].tolist(), strict=True)
    }
    wanted = [pairs[gid] for gid in np.flatnonzero(chosen).tolist()]
    if len(wanted) == 1 and (not by_writer or len(rows) == 1):
        return _ONE.format(columns=columns, eid=wanted[0][0], nid=wanted[0][1])
    if by_writer:
        key, keys = "bitXor(bitXor(eid, nid), wid)", rows["eid"] ^ rows["nid"] ^ rows["wid"]
    else:
        key, keys = "bitXor(eid, nid)", np.array([eid ^ nid for eid, nid in wanted], np.uint64)
    return _SEVERAL.format(
        key=key,
        keys=array(keys.tolist(), "UInt64"),
        places=array(range(len(keys)), "UInt32"),
        columns=columns,
        eids=integers({eid for eid, _ in wanted}),
        nids=integers({nid for _, nid in wanted}),
    )


def _of_each(values: Sequence[int]) -> str:
    """Return each answer's own number, where `at` tells the answer."""
    if len(values) == 1:
        return f"toInt64({values[0]})"
    return f"arrayElement({array(values, 'Int64')}, at + 1)"
