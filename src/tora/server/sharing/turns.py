"""Turns of writing for several servers: locks, and the numbers of groups, in the database that they share.

A lock belongs to a connection, so that a killed server's are free at once. That it was at work stays written down: the
number of its group is among the open ones until somebody has had a turn after it, and seen how it ended.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any, Final, Self

import asyncpg
import sqlalchemy as sa
from attrs import define, field, frozen

from tora.server.metrics.base import StoreError
from tora.server.metrics.turns import Turn, Turns
from tora.server.sharing.address import ERRORS, connect_arguments

__all__ = ["PostgresTurns"]

AT_ONCE: Final = 8
"""Turns that one server has, or waits for, at once: each takes a connection, and none of the catalog's own."""

LOOKS: Final = 2
"""Connections for those who only look, and wait for nobody's turn."""

WAITING: Final = 60.0
"""Seconds to wait for a turn at most: a server that stands still holds up whoever writes to the same experiment."""

STUCK: Final = 120.0
"""Seconds after which a turn is taken away from a server that stands still, if others wait for it."""

ANSWER: Final = 15.0
MAX_REMEMBERED: Final = 100_000

# In the array's order, the same for all, so that no two wait for each other.
_LOCK: Final = "SELECT pg_advisory_lock(key) FROM unnest($1::bigint[]) AS key"
# Whoever held it finds its connection gone, and what it still sends to the engine comes from a turn that was settled.
_EVICT: Final = """
SELECT pg_terminate_backend(pid) FROM pg_locks JOIN pg_stat_activity USING (pid)
WHERE locktype = 'advisory' AND granted AND objsubid = 1 AND datname = current_database()
    AND (classid::bigint << 32 | objid::bigint) = ANY($1::bigint[])
    AND state = 'idle' AND state_change < now() - make_interval(secs => $2)
"""

# A statement of its own: it must see what was written while we waited for the lock.
_OPEN: Final = """
WITH
    number AS MATERIALIZED (SELECT nextval('ticks') AS tick),
    written AS (
        INSERT INTO turns (experiment, tick) SELECT experiment, tick FROM unnest($1::text[]) AS experiment, number
        ON CONFLICT (experiment) DO UPDATE SET tick = excluded.tick
    ),
    opened AS (
        INSERT INTO open_turns (experiment, tick) SELECT experiment, tick FROM unnest($1::text[]) AS experiment, number
    )
SELECT
    number.tick, experiment, turns.tick AS before,
    ARRAY(SELECT open_turns.tick FROM open_turns WHERE open_turns.experiment = wanted.experiment) AS unsettled
FROM number, unnest($1::text[]) AS wanted (experiment) LEFT JOIN turns USING (experiment)
"""
_END: Final = "DELETE FROM open_turns WHERE experiment = ANY($1::text[])"

_FINISHED: Final = """
SELECT experiment, coalesce(
    least(tick, (SELECT min(tick) - 1 FROM open_turns WHERE open_turns.experiment = wanted.experiment)), $2
) AS tick
FROM unnest($1::text[]) AS wanted (experiment) LEFT JOIN turns USING (experiment)
"""
_NEWEST: Final = "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM ticks"
_START_AFTER: Final = "SELECT setval('ticks', $1) FROM ticks WHERE last_value < $1"
_ALONE: Final = "SELECT pg_advisory_xact_lock($1)"


@frozen
class _Last:
    """This server's last turn with an experiment, and the turn before it, whoever had that."""

    tick: int
    before: int


@define(eq=False)
class PostgresTurns(Turns):
    """The turns of one of several servers."""

    url: sa.URL
    _pool: Any = None
    _before_all: int = 0
    _last: OrderedDict[str, _Last] = field(factory=OrderedDict)
    _places: asyncio.Semaphore = field(factory=lambda: asyncio.Semaphore(AT_ONCE))

    async def __aenter__(self) -> Self:
        with _translated():
            self._pool = await asyncpg.create_pool(
                **connect_arguments(self.url), min_size=1, max_size=AT_ONCE + LOOKS, command_timeout=ANSWER
            )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._pool is not None:
            await self._pool.close()

    @asynccontextmanager
    async def take(self, experiments: Collection[str]) -> AsyncIterator[Turn]:
        """Wait until no server writes to these experiments, and keep it so."""
        wanted = sorted(set(experiments))
        async with self._places, self._connection() as connection:
            with _translated():
                await self._lock(connection, _keys(wanted))
                rows = await connection.fetch(_OPEN, wanted)
            tick: int = rows[0]["tick"] if rows else await self._number(connection)
            turn = Turn(tick, self._stale(rows), frozenset(one for row in rows for one in row["unsettled"]))
            before = {row["experiment"]: row["before"] or 0 for row in rows}
            for experiment in wanted:  # whatever becomes of this turn: only one that ended well is remembered
                self._last.pop(experiment, None)
            yield turn
            with _translated("the turn was lost, and what was written in it may count or not"):
                await connection.execute(_END, wanted)
            self._remember(tick, before)

    async def newest(self) -> int:
        """Return the number of the newest group of all."""
        async with self._connection() as connection:
            with _translated():
                found: int = await connection.fetchval(_NEWEST)
        return found

    async def start_after(self, tick: int) -> None:
        """Give no group a number up to this one."""
        self._before_all = max(self._before_all, tick)
        async with self._connection() as connection:
            with _translated():
                async with connection.transaction():
                    await connection.execute(_ALONE, _keys([""])[0])
                    await connection.execute(_START_AFTER, tick)

    async def finished(self, experiments: Collection[str]) -> dict[str, int]:
        """Return a number of each of these experiments: all its groups up to this one have ended.

        What has had no turn here may have points from before, when a server wrote alone or they were moved.
        """
        async with self._connection() as connection:
            with _translated():
                rows = await connection.fetch(_FINISHED, [*experiments], self._before_all)
        return {row["experiment"]: row["tick"] for row in rows}

    def before(self, experiment: str, tick: int) -> int | None:
        """Return the number of the group before one of this server; None where that is not remembered."""
        last = self._last.get(experiment)
        return last.before if last is not None and last.tick == tick else None

    async def _lock(self, connection: Any, keys: Sequence[int]) -> None:
        try:
            await connection.execute(_LOCK, keys, timeout=WAITING)
        except TimeoutError:
            await connection.execute(_EVICT, keys, STUCK)
            raise TimeoutError("another server has its turn for too long") from None

    def _stale(self, rows: Sequence[Mapping[str, Any]]) -> frozenset[str]:
        def is_ours(row: Mapping[str, Any]) -> bool:
            last = self._last.get(row["experiment"])
            return last is not None and last.tick == row["before"] and not row["unsettled"]

        return frozenset(row["experiment"] for row in rows if not is_ours(row))

    def _remember(self, tick: int, before: dict[str, int]) -> None:
        for experiment, earlier in before.items():
            self._last[experiment] = _Last(tick, earlier)
        while len(self._last) > MAX_REMEMBERED:
            self._last.popitem(last=False)

    async def _number(self, connection: Any) -> int:
        with _translated():
            found: int = await connection.fetchval("SELECT nextval('ticks')")
        return found

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Any]:
        """Lend a connection; its locks end when it is given back."""
        if self._pool is None:
            raise StoreError("the turns of writing are closed")
        with _translated():
            connection = await self._acquired(self._pool)
        try:
            yield connection
        finally:
            with _translated():
                await self._pool.release(connection, timeout=ANSWER)  # which gives back all locks

    async def _acquired(self, pool: Any) -> Any:
        """Return a connection that works: after a restart of the database all that were kept are broken."""
        for _ in range(AT_ONCE + LOOKS):
            connection = await pool.acquire(timeout=WAITING)
            try:
                await connection.execute("SELECT 1")
            except BaseException as exc:
                with suppress(asyncpg.InterfaceError):  # the pool has seen it too
                    connection.terminate()
                await pool.release(connection)
                if not isinstance(exc, ERRORS):
                    raise
            else:
                return connection
        return await pool.acquire(timeout=WAITING)


def _keys(experiments: Sequence[str]) -> list[int]:
    """Return the numbers of the locks of some experiments, in the order in which everybody takes them."""
    digests = (hashlib.blake2b(b"tora turn " + each.encode(), digest_size=8).digest() for each in experiments)
    return sorted({int.from_bytes(each, "big", signed=True) for each in digests})


@contextmanager
def _translated(failed: str = "no turn to write could be had, and nothing was stored") -> Iterator[None]:
    try:
        yield
    except ERRORS as exc:
        said = str(exc) or type(exc).__name__
        raise StoreError(f"the catalog's database cannot be asked: {said}; {failed}; try again") from exc
