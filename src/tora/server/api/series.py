"""What is known of metrics: summaries, writers, and series for charts."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal

import msgspec
import numpy as np
import orjson
from aiohttp import web
from attrs import evolve

from tora import fields, validation, wire
from tora.errors import ToraValidationError
from tora.models import Summary
from tora.server.answers import json_answer
from tora.server.context import ACCESS, CALLER, FEED, METRICS, PRESENCE
from tora.server.instants import instant
from tora.server.metrics.base import MetricsStore, Series, SeriesQuery, Writer
from tora.server.queries import read_query
from tora.server.rights import Right
from tora.types import Status

__all__ = ["SeriesParameters", "metrics", "series", "writers"]

MAX_POINTS: Final = 10_000
MAX_SERIES: Final = 10_000
MAX_ANSWER: Final = 5_000_000
"""Points in one answer; beyond it the answer would not fit into anybody's memory."""

_SMALL: Final = 50_000


_POINTS: Final = msgspec.Meta(
    description="Buckets of a series at most; 0 for every point.",
    extra_json_schema={"minimum": 0, "maximum": MAX_POINTS},
)


_BY: Final = msgspec.Meta(description="With across=writers: the label whose values make a series each.")


class SeriesParameters(msgspec.Struct):
    """The query of ``GET /series``."""

    experiment: Annotated[list[fields.Id], msgspec.Meta(extra_json_schema={"minItems": 1})] = []
    name: Annotated[list[fields.MetricName], msgspec.Meta(description="Every metric where none is named.")] = []
    points: Annotated[int, _POINTS] = 1000
    x: Literal["step", "time"] = "step"
    from_: float | None = msgspec.field(default=None, name="from")
    to: float | None = None
    across: Literal["none", "writers"] = "none"
    by: Annotated[fields.LabelName | None, _BY] = None


async def metrics(request: web.Request) -> web.Response:
    """Return the summary of each metric of an experiment."""
    experiment = request.match_info["id"]
    found = await request.app[METRICS].summaries([experiment])
    return json_answer([wire.summary_to_wire(summary) for summary in found.get(experiment, [])])


async def writers(request: web.Request) -> web.Response:
    """Return the writers of an experiment, the one seen last first."""
    experiment = request.match_info["id"]
    found = await request.app[METRICS].writers([experiment])
    presence = request.app[PRESENCE]

    def status(one: Writer) -> Status:
        lost = one.status == "running" and presence.is_lost(experiment, one.writer or None)
        return "lost" if lost else one.status

    return json_answer([_writer_to_wire(evolve(each, status=status(each))) for each in found.get(experiment, [])])


async def series(request: web.Request) -> web.Response:
    """Return series as columns, at most so many buckets each."""
    asked = read_query(request, SeriesParameters)
    _check(asked)
    for experiment in asked.experiment:
        await request.app[ACCESS].check(request[CALLER], Right.READ, id=experiment)
    store = request.app[METRICS]
    names = await _names(asked, store)
    query = SeriesQuery(asked.experiment, names, asked.points, asked.x, asked.from_, asked.to, asked.across, asked.by)
    # Before the query: live readers that go on from here miss nothing.
    tick = await request.app[FEED].cursor(asked.experiment)
    found = await store.series(query) if names else []
    if sum(len(each.columns["x"]) for each in found) <= _SMALL:
        body = _series_to_wire(found, tick, grouped=asked.by is not None)
    else:
        body = await asyncio.to_thread(_series_to_wire, found, tick, grouped=asked.by is not None)
    return web.Response(body=body, content_type="application/json")


def _check(asked: SeriesParameters) -> None:
    if not asked.experiment:
        raise ToraValidationError("experiment is missing; name at least one, as in ?experiment=ID&name=loss")
    if not 0 <= asked.points <= MAX_POINTS:
        raise ToraValidationError(f"points must be from 1 to {MAX_POINTS:,}, or 0 for every point, got {asked.points}")
    for field, bound in (("from", asked.from_), ("to", asked.to)):
        if bound is not None and not np.isfinite(bound):
            raise ToraValidationError(f"{field} must be a finite number, got {bound}")
    if asked.by is not None:
        asked.by = _label(asked.by, asked.across)
    asked.experiment = list(dict.fromkeys(asked.experiment))
    asked.name = [validation.metric_name(name) for name in dict.fromkeys(asked.name)]


def _label(by: str, across: str) -> str:
    if across != "writers":
        raise ToraValidationError("by takes writers together by a label of theirs; it goes with across=writers")
    try:
        return validation.label_name(by)
    except ToraValidationError as exc:
        raise ToraValidationError(f"by: {exc}") from exc


async def _names(asked: SeriesParameters, store: MetricsStore) -> Sequence[str]:
    """Return the metrics that are asked for; refuse an answer that would be too large."""
    _check_series(asked, asked.name)
    groups = 1 if asked.by is None else await _groups(asked, store)
    if asked.name and 0 < asked.points * groups * len(asked.experiment) * len(asked.name) <= MAX_ANSWER:
        return asked.name  # however long the series are, their buckets fit
    summaries = await store.summaries(asked.experiment)
    names = asked.name or list(dict.fromkeys(summary.name for each in summaries.values() for summary in each))
    _check_series(asked, names)
    _check_points(asked, names, summaries, groups)
    return names


async def _groups(asked: SeriesParameters, store: MetricsStore) -> int:
    """Return how many values the label has at most in one of the experiments, none among them."""
    found = await store.writers(asked.experiment)
    return max((len({one.labels.get(asked.by or "") for one in each}) for each in found.values()), default=1)


def _check_series(asked: SeriesParameters, names: Sequence[str]) -> None:
    if len(asked.experiment) * len(names) > MAX_SERIES:
        raise ToraValidationError(
            f"experiments times names may be at most {MAX_SERIES:,}, "
            f"got {len(asked.experiment):,} times {len(names):,}; ask in parts"
        )


def _check_points(
    asked: SeriesParameters, names: Sequence[str], summaries: Mapping[str, Sequence[Summary]], groups: int = 1
) -> None:
    wanted = set(names)
    counts = (summary.count for each in summaries.values() for summary in each if summary.name in wanted)
    points = sum(min(count, asked.points * groups or count) for count in counts)
    if points > MAX_ANSWER:
        raise ToraValidationError(
            f"an answer may hold at most {MAX_ANSWER:,} points, this one would hold {points:,}; "
            "ask for fewer points or names, or use GET /experiments/{id}/export"
        )


def _series_to_wire(found: Sequence[Series], tick: int, *, grouped: bool) -> bytes:
    """Return the answer; columns go into it as they lie in memory, without a Python object for each point."""
    data = {
        "series": [
            {
                "experiment": each.experiment,
                "name": each.name,
                **({"group": each.group} if grouped else {}),
                "total": each.total,
                "nonFinite": each.non_finite,
                "columns": {name: _column(name, column) for name, column in each.columns.items()},
            }
            for each in found
        ],
        "tick": tick,
    }
    return orjson.dumps({"status": 200, "data": data}, option=orjson.OPT_SERIALIZE_NUMPY)


def column_to_wire(name: str, column: np.ndarray) -> list[Any]:
    """Return a column; what is not finite is the metric's own in ``last``, and absent elsewhere (null)."""
    values: list[Any] = column.tolist()
    if name == "last" and not np.isfinite(column).all():
        return [wire.number(value) for value in values]
    return values


def _column(name: str, column: np.ndarray) -> np.ndarray | list[Any]:
    if name == "last" and not np.isfinite(column).all():
        return column_to_wire(name, column)
    return np.ascontiguousarray(column)  # NaN becomes null


def _writer_to_wire(writer: Writer) -> dict[str, Any]:
    return {
        "writer": writer.writer,
        "status": writer.status,
        "firstSeen": instant(writer.first_seen),
        "lastSeen": instant(writer.last_seen),
        "through": writer.through,
        "labels": dict(writer.labels),
    }
