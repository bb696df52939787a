"""Summaries, writers and raw points, read from the engine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
from attrs import frozen

from tora.models import Summary
from tora.server.metrics.base import Chunk, Writer
from tora.server.metrics.clickhouse.client import Client
from tora.server.metrics.clickhouse.rows import shape
from tora.server.metrics.clickhouse.text import hash64, integers
from tora.types import Status

__all__ = ["export", "messages", "names", "summaries", "writers"]

_CHUNK: Final = 200_000
_MANY: Final = 5_000  # so many summaries are made in a thread

_SUMMARIES: Final = """
SELECT eid, nid, countMerge(n) AS n_all, argMaxMerge(last_value) AS last_one, countIfMerge(finite) AS n_finite,
    minIfMerge(low) AS lowest, maxIfMerge(high) AS highest, countIfMerge(stepped) AS n_stepped,
    minIfMerge(first_step) AS first_one, maxMerge(last_step) AS last_place, uniqExact(wid) AS n_writers
FROM summaries WHERE eid IN {eids}{named} GROUP BY eid, nid
"""
_SUMMARIES_SHAPE: Final = shape(
    eid="u8", nid="u8", n="u8", last="f8", finite="u8", low="f8", high="f8", stepped="u8", first="i8", end="i8",
    writers="u8",
)  # fmt: skip
_NAMES_OF: Final = "SELECT nid, any(name) FROM series WHERE eid IN {eids} GROUP BY nid"
_HAVE: Final = "SELECT nid, uniqExact(eid) AS n FROM summaries WHERE eid IN {eids} GROUP BY nid"
_HAVE_SHAPE: Final = shape(nid="u8", n="u8")
_SIGNS: Final = """
SELECT eid, writer, argMinMerge(first_seen), maxMerge(last_seen), argMaxIfMerge(last_status),
    argMaxIfMerge(last_labels), maxMerge(top_through)
FROM signs WHERE eid IN {eids} GROUP BY eid, wid, writer
"""
_MARKS: Final = "SELECT eid, wid, maxMerge(top_seq) AS through FROM summaries WHERE eid IN {eids} GROUP BY eid, wid"
_MARKS_SHAPE: Final = shape(eid="u8", wid="u8", through="u8")
_MESSAGES: Final = "SELECT DISTINCT msg_id FROM messages WHERE eid = {eid}"
_TICKS: Final = """
SELECT tick, count() AS n, countIf(notEmpty(metadata)) AS texts
FROM points WHERE eid = {eid} AND tick > {after}{through} GROUP BY tick ORDER BY tick
"""
_TICKS_SHAPE: Final = shape(tick="u8", n="u8", texts="u8")
_SERIES: Final = "SELECT DISTINCT nid, wid, name, writer FROM series WHERE eid = {eid}"
_POINTS: Final = """
SELECT nid, wid, step, value, time FROM points WHERE eid = {eid} AND tick BETWEEN {first} AND {last}
ORDER BY tick, place
"""
_POINTS_SHAPE: Final = shape(nid="u8", wid="u8", step="i8", value="f8", time="f8")
_METADATA: Final = """
SELECT metadata FROM points WHERE eid = {eid} AND tick BETWEEN {first} AND {last} ORDER BY tick, place
"""


class _Sign(NamedTuple):
    eid: int
    writer: str
    first_seen: float
    last_seen: float
    status: Status | str
    labels: str
    through: int


@frozen
class _Span:
    """The ticks of one chunk, both ends among them, and whether some of its points have metadata."""

    first: int
    last: int
    has_metadata: bool


async def summaries(
    client: Client, experiments: Sequence[str], names: Sequence[str] | None = None
) -> dict[str, list[Summary]]:
    """Return the summary of each metric of each experiment, or of the named metrics alone."""
    found: dict[str, list[Summary]] = {experiment: [] for experiment in experiments}
    if not found or (names is not None and not names):
        return found
    eids = {hash64(experiment): experiment for experiment in found}
    wanted = integers(eids)
    named = "" if names is None else f" AND nid IN {integers(map(hash64, names))}"
    asking = client.columns(_SUMMARIES.format(eids=wanted, named=named), _SUMMARIES_SHAPE)
    if names is None:
        rows, name_of = await asyncio.gather(asking, _names_of(client, wanted))
    else:
        rows, name_of = await asking, {hash64(name): name for name in names}

    def add() -> None:
        for row in rows.tolist():
            _add(found[eids[row[0]]], row, name_of)
        for each in found.values():
            each.sort(key=lambda summary: summary.name)

    await asyncio.to_thread(add) if len(rows) > _MANY else add()
    return found


def _add(summaries: list[Summary], row: tuple[Any, ...], name_of: Mapping[int, str]) -> None:
    _, nid, n, last, finite, low, high, stepped, first, end, writers = row
    summaries.append(
        Summary(
            name_of[nid],
            n,
            last,
            low if finite else None,
            high if finite else None,
            first if stepped else None,
            end if stepped else None,
            n - finite,
            writers,
        )
    )


async def names(client: Client, experiments: Sequence[str]) -> dict[str, int]:
    """Return how many of these experiments have each metric, the most frequent first."""
    if not experiments:
        return {}
    eids = integers(map(hash64, experiments))
    have, name_of = await asyncio.gather(client.columns(_HAVE.format(eids=eids), _HAVE_SHAPE), _names_of(client, eids))
    return dict(sorted(((name_of[nid], n) for nid, n in have.tolist()), key=lambda pair: (-pair[1], pair[0])))


async def writers(client: Client, experiments: Sequence[str]) -> dict[str, list[Writer]]:
    """Return the writers of each experiment, the one seen last first."""
    found: dict[str, list[Writer]] = {experiment: [] for experiment in experiments}
    if not found:
        return found
    eids = {hash64(experiment): experiment for experiment in found}
    wanted = integers(eids)
    signs, rows = await asyncio.gather(
        client.records(_SIGNS.format(eids=wanted), _Sign), client.columns(_MARKS.format(eids=wanted), _MARKS_SHAPE)
    )
    marks = {(eid, wid): through for eid, wid, through in rows.tolist()}
    for sign in signs:
        through = max(sign.through, marks.get((sign.eid, hash64(sign.writer)), 0))
        labels = msgspec.json.decode(sign.labels or "{}", type=dict[str, str])
        status = msgspec.convert(sign.status or "running", Status)
        found[eids[sign.eid]].append(Writer(sign.writer, through, sign.first_seen, sign.last_seen, status, labels))
    for each in found.values():
        each.sort(key=lambda writer: (-writer.last_seen, writer.writer))
    return found


async def messages(client: Client, experiment: str) -> list[str]:
    """Return the ids that clients without a writer gave their points."""
    found = await client.records(_MESSAGES.format(eid=hash64(experiment)), tuple[str])
    return [msg_id for (msg_id,) in found]


async def export(client: Client, experiment: str, after: int, through: int | None) -> AsyncIterator[Chunk]:
    """Yield the points that are there now, in the order of arrival; a chunk ends with its `tick`."""
    eid = hash64(experiment)
    bound = "" if through is None else f" AND tick <= {int(through)}"
    statement = _TICKS.format(eid=eid, after=int(after), through=bound)
    ticks, series = await asyncio.gather(
        client.columns(statement, _TICKS_SHAPE), client.records(_SERIES.format(eid=eid), tuple[int, int, str, str])
    )
    name_of = {nid: name for nid, _, name, _ in series}
    writer_of = {wid: writer for _, wid, _, writer in series}
    for span in _spans(ticks):
        within = {"eid": eid, "first": span.first, "last": span.last}
        rows = await client.columns(_POINTS.format(**within), _POINTS_SHAPE)
        texts = await client.records(_METADATA.format(**within), tuple[str]) if span.has_metadata else None
        metadata = np.full(len(rows), None, object)
        if texts is not None:
            metadata[:] = [text or None for (text,) in texts]
        yield Chunk(
            name=_named(rows["nid"], name_of),
            writer=_named(rows["wid"], writer_of),
            step=np.ma.MaskedArray(rows["step"], rows["step"] < 0),
            value=rows["value"],
            time=rows["time"],
            metadata=metadata,
            tick=span.last,
        )


async def _names_of(client: Client, eids: str) -> dict[int, str]:
    return dict(await client.records(_NAMES_OF.format(eids=eids), tuple[int, str]))


def _spans(ticks: np.ndarray) -> Iterator[_Span]:
    """Cut ticks into chunks; a tick is never cut, so that each chunk ends at a cursor."""
    chunk_of = np.cumsum(ticks["n"].astype(np.int64)) // _CHUNK
    starts = np.flatnonzero(np.diff(chunk_of, prepend=-1))
    for start, end in zip(starts.tolist(), [*starts.tolist(), len(ticks)][1:], strict=True):
        yield _Span(int(ticks["tick"][start]), int(ticks["tick"][end - 1]), bool(ticks["texts"][start:end].any()))


def _named(ids: np.ndarray, names: dict[int, str]) -> np.ndarray:
    distinct, place = np.unique(ids, return_inverse=True)
    return np.array([names[one] for one in distinct.tolist()], object)[place] if len(ids) else np.empty(0, object)
