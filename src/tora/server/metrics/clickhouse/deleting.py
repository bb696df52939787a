"""Deleting rows: the engine does it by writing anew the parts that have some, and is waited for."""

from __future__ import annotations

import asyncio
import time
from typing import Final

from tora.server.metrics.base import StoreError
from tora.server.metrics.clickhouse.client import Client
from tora.server.metrics.clickhouse.rows import shape
from tora.server.metrics.clickhouse.schema import KEPT, local
from tora.server.metrics.clickhouse.text import double, quoted

__all__ = ["delete", "delete_older"]

_ENDS_WITHIN: Final = 600.0
_LOOK: Final = (0.01, 1.0)
_SOME: Final = "SELECT count() AS n FROM {table} WHERE {condition}"
_SHAPE: Final = shape(n="u8")


async def delete(client: Client, eid: int) -> None:
    """Delete all that is known of an experiment.

    Raises:
        StoreError: A host does not answer or refuses, or takes too long; some of it may be left.
    """
    for table in KEPT:
        await _delete(client, table, f"eid = {eid}")


async def delete_older(client: Client, seconds: float) -> None:
    """Delete the points that are older than a time.

    Raises:
        StoreError: As for `delete`.
    """
    await _delete(client, "points", f"time < {double(seconds)}")


async def _delete(client: Client, table: str, condition: str) -> None:
    name = local(client.address, table)
    hosts = []
    for host in client.address.hosts:
        some = await client.columns(_SOME.format(table=name, condition=condition), _SHAPE, host=host)
        if some["n"][0]:
            await client.execute(f"ALTER TABLE {name} DELETE WHERE {condition}", host=host)
            hosts.append(host)
    for host in hosts:
        await _ended(client, name, host)


async def _ended(client: Client, table: str, host: str) -> None:
    left = (
        f"SELECT count() AS n FROM system.mutations WHERE database = {quoted(client.address.database)} "
        f"AND table = {quoted(table)} AND NOT is_done"
    )
    limit = time.monotonic() + _ENDS_WITHIN
    pause, longest = _LOOK
    while (await client.columns(left, _SHAPE, host=host))["n"][0]:
        if time.monotonic() > limit:
            raise StoreError(
                f"ClickHouse at {host} goes on deleting from {table}; see system.mutations for what holds it up, and "
                "delete again"
            )
        await asyncio.sleep(pause)
        pause = min(pause * 1.5, longest)
