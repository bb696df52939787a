"""Making good what the views lack of an experiment's points, where a statement was cut off between them."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import Final

import numpy as np

from tora.server.metrics.base import StoreError
from tora.server.metrics.clickhouse.client import Client
from tora.server.metrics.clickhouse.errors import NobodyThereError
from tora.server.metrics.clickhouse.rows import row, shape
from tora.server.metrics.clickhouse.schema import SUMMARY
from tora.server.metrics.clickhouse.text import array, integers, texts

__all__ = ["end", "mend", "newest_ended", "newest_stored", "query_id", "settle"]

_ENDS_WITHIN: Final = 60.0
_LOOK: Final = 0.02

_STORED: Final = """
SELECT eid, nid, wid, max(ordinal) AS top, countIf(notEmpty(msg_id)) AS ids
FROM points WHERE eid IN {eids} GROUP BY eid, nid, wid
"""
_STORED_SHAPE: Final = shape(eid="u8", nid="u8", wid="u8", top="u8", ids="u8")
_SUMMED: Final = """
SELECT eid, nid, wid, maxMerge(top_ordinal) AS top FROM summaries WHERE eid IN {eids} GROUP BY eid, nid, wid
"""
_SUMMED_SHAPE: Final = shape(eid="u8", nid="u8", wid="u8", top="u8")
# Of each series that lacks something what comes from there on, and nothing of the others.
_LACKING: Final = """
WHERE eid = {eid} AND ordinal >= transform(bitXor(nid, wid), {keys}, {firsts}, toUInt64(18446744073709551615))
"""
_ADD_IDS: Final = """
INSERT INTO messages SELECT DISTINCT eid, msg_id FROM points
WHERE eid = {eid} AND notEmpty(msg_id) AND msg_id NOT IN (SELECT msg_id FROM messages WHERE eid = {eid})
"""
_RUNNING: Final = "SELECT count() AS n FROM system.processes WHERE initial_query_id IN {ids}"
_NUMBER: Final = shape(n="u8")


def query_id(database: str, tick: int) -> str:
    """Return what the engine calls the statement that stores a group."""
    return f"tora-{database}-{tick}"


async def end(client: Client, ticks: Collection[int]) -> None:
    """Note on every host that some groups bring nothing any more, and that their numbers were given.

    Raises:
        StoreError: A host does not answer.
    """
    rows = b"".join(row("u", tick) for tick in sorted(ticks))
    for host in client.address.hosts:
        with _replaced(client):
            await client.execute("INSERT INTO ended (tick) FORMAT RowBinary", rows, host=host)


async def newest_ended(client: Client) -> int:
    """Return the highest number of the groups that were noted as ended."""
    found = [0]
    for host in client.address.hosts:
        with _replaced(client):
            found.append(await _highest(client, "SELECT max(tick) AS n FROM ended", host))
    return max(found)


async def newest_stored(client: Client) -> int:
    """Return the highest number of the groups whose points are there."""
    return await _highest(client, "SELECT maxMerge(top_tick) AS n FROM summaries", None)


async def _highest(client: Client, statement: str, host: str | None) -> int:
    rows = await client.columns(statement, _NUMBER, host=host)
    return int(rows["n"][0]) if len(rows) else 0


async def settle(client: Client, ticks: Collection[int]) -> None:
    """Return when the engine has ended with some groups, and carries out none that arrives from now on.

    Raises:
        StoreError: A host does not answer, or goes on for too long.
    """
    if not ticks:
        return
    await end(client, ticks)
    running = _RUNNING.format(ids=texts(query_id(client.address.database, tick) for tick in sorted(ticks)))
    limit = time.monotonic() + _ENDS_WITHIN
    for host in client.address.hosts:
        with _replaced(client):
            while (await client.columns(running, _NUMBER, host=host))["n"][0]:
                if time.monotonic() > limit:
                    raise StoreError(
                        f"ClickHouse at {host} still stores what a server sent that is gone; clients send theirs again"
                    )
                await asyncio.sleep(_LOOK)


async def mend(client: Client, eids: Sequence[int]) -> None:
    """Add to the summaries and the ids of some experiments what only their points tell.

    A group is one block, and a series' ordinals only grow: so what a view lacks is the end of a series.
    """
    wanted = integers(eids)
    stored = await client.columns(_STORED.format(eids=wanted), _STORED_SHAPE)
    if not len(stored):
        return
    summed = await client.columns(_SUMMED.format(eids=wanted), _SUMMED_SHAPE)
    tops = {(eid, nid, wid): top for eid, nid, wid, top in summed.tolist()}
    lacking: defaultdict[int, dict[int, int]] = defaultdict(dict)
    for eid, nid, wid, top, _ in stored.tolist():
        first = tops.get((eid, nid, wid), -1) + 1
        if top >= first:
            lacking[eid][nid ^ wid] = first
    for eid, firsts in lacking.items():
        where = _LACKING.format(eid=eid, keys=array(firsts, "UInt64"), firsts=array(firsts.values(), "UInt64"))
        await client.execute(f"INSERT INTO summaries {SUMMARY.format(points='points', where=where)}")
    for eid in np.unique(stored["eid"][stored["ids"] > 0]).tolist():
        await client.execute(_ADD_IDS.format(eid=eid))


def _replaced(client: Client) -> AbstractContextManager[None]:
    """Do without a host that is gone where its replicas know all: what it was doing is gone with it."""
    return suppress(NobodyThereError) if client.address.replicated else nullcontext()
