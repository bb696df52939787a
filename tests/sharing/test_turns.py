"""Turns of writing: one server after the other, and a killed one holds up nobody."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final

import asyncpg
import pytest
import sqlalchemy as sa

from tora.server.metrics.base import StoreError
from tora.server.metrics.turns import Turn
from tora.server.sharing import turns as sharing
from tora.server.sharing.address import connect_arguments
from tora.server.sharing.turns import PostgresTurns

CUT: Final = """
SELECT pg_terminate_backend(pid) FROM pg_locks JOIN pg_database ON pg_database.oid = database
WHERE locktype = 'advisory' AND datname = current_database()
"""

CUT_ALL: Final = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


@asynccontextmanager
async def two(address: sa.URL) -> AsyncIterator[tuple[PostgresTurns, PostgresTurns]]:
    """The turns of two servers."""
    async with PostgresTurns(address) as a, PostgresTurns(address) as b:
        yield a, b


@contextmanager
def holding(database: str, *experiments: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Run a process that has a turn; yield it and the turn's number."""
    command = [sys.executable, str(Path(__file__).with_name("holder.py")), database, *experiments]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            yield process, int(process.stdout.readline())
        finally:
            process.kill()


async def failing(turns: PostgresTurns, experiment: str) -> Turn:
    """Have a turn in which something goes wrong."""
    taken = turns.take([experiment])
    turn = await taken.__aenter__()
    assert not await taken.__aexit__(ZeroDivisionError, ZeroDivisionError(), None)
    return turn


async def test_who_writes_again_finds_nothing_changed(address: sa.URL) -> None:
    """What a server remembers of an experiment holds until another had a turn with it, and ticks only grow."""
    async with two(address) as (a, b):
        async with a.take(["t1", "t2"]) as first:
            assert first.stale == {"t1", "t2"}
        async with a.take(["t2", "t1"]) as second:
            assert second.stale == frozenset()
        async with b.take(["t2"]) as third:
            assert third.stale == {"t2"}
        async with a.take(["t1", "t2"]) as fourth:
            assert fourth.stale == {"t2"}
        assert first.tick < second.tick < third.tick < fourth.tick
        assert a.before("t2", fourth.tick) == third.tick
        assert a.before("t1", fourth.tick) == second.tick
        assert await b.newest() >= fourth.tick


async def test_servers_write_to_an_experiment_one_after_the_other(address: sa.URL) -> None:
    """While one has its turn others wait, for that experiment alone; whoever names several does not lock up."""
    running: set[str] = set()

    async def write(turns: PostgresTurns, *experiments: str) -> None:
        async with turns.take(experiments):
            assert running.isdisjoint(experiments)
            running.update(experiments)
            await asyncio.sleep(0)
            running.difference_update(experiments)

    async with two(address) as (a, b):
        async with a.take(["o1"]), asyncio.timeout(30):
            await write(b, "o2")
        await asyncio.gather(*(write(turns, *names) for turns in (a, b) for names in (["o1", "o2"], ["o2", "o1"]) * 5))


async def test_a_killed_server_gives_up_its_turn_and_leaves_word_of_it(database: str, address: sa.URL) -> None:
    """The next one has it at once, and hears which group nobody saw the end of, until somebody has."""
    async with two(address) as (a, b):
        async with a.take(["k1", "k2"]):
            pass
        with holding(database, "k1") as (process, tick):
            waiting = asyncio.create_task(a.take(["k1"]).__aenter__())
            assert await a.finished(["k1"]) == {"k1": tick - 1}
            assert not waiting.done()
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
            process.kill()
            async with asyncio.timeout(30):
                async with b.take(["k2"]) as other:
                    assert other.unsettled == frozenset()
                turn = await failing(a, "k1")
                assert turn.unsettled == {tick}
                assert turn.stale == {"k1"}
                async with b.take(["k1", "k2"]) as after:
                    assert after.unsettled == {tick, turn.tick}
                async with a.take(["k1"]) as last:
                    assert last.unsettled == frozenset()
                assert await a.finished(["k1"]) == {"k1": last.tick}


async def test_a_server_that_stands_still_loses_its_turn(
    database: str, address: sa.URL, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those who wait for it give up after a while, and it is taken from a server that does nothing with it."""
    monkeypatch.setattr(sharing, "WAITING", 0.2)
    async with PostgresTurns(address) as turns:
        with holding(database, "s1", "s2") as (process, tick):
            process.send_signal(signal.SIGSTOP)
            with pytest.raises(StoreError, match="has its turn for too long"):
                await turns.take(["s1"]).__aenter__()
            monkeypatch.setattr(sharing, "STUCK", 0.0)
            with pytest.raises(StoreError, match="has its turn for too long"):
                await turns.take(["s1"]).__aenter__()
            monkeypatch.setattr(sharing, "WAITING", 30.0)
            async with turns.take(["s1"]) as turn:
                assert turn.unsettled == {tick}


async def test_a_turn_whose_connection_broke_does_not_end_well(database: str, address: sa.URL) -> None:
    """Somebody else may have had it meanwhile: the group counts as failed, and the next turn is a good one."""
    async with two(address) as (a, b):
        taken = a.take(["c1"])
        turn = await taken.__aenter__()
        async with b._connection() as connection:
            await connection.execute(CUT)
        with pytest.raises(StoreError, match="the turn was lost") as error:
            await taken.__aexit__(None, None, None)
        assert "p@ss" not in str(error.value)
        async with a.take(["c1"]) as after:
            assert after.unsettled == {turn.tick}
            assert after.stale == {"c1"}


async def test_a_database_that_was_started_again_is_no_error(address: sa.URL) -> None:
    """Connections that broke while nobody used them are made anew."""
    async with PostgresTurns(address) as turns:
        async with turns.take(["r1"]), turns._connection(), turns._connection():
            pass
        connection = await asyncpg.connect(**connect_arguments(address))
        await connection.execute(CUT_ALL)
        await connection.close()
        async with turns.take(["r1"]) as turn:
            assert turn.unsettled == frozenset()
        assert await turns.finished(["r1"]) == {"r1": turn.tick}


async def test_numbers_go_on_after_those_that_a_store_has_seen(address: sa.URL) -> None:
    """A store that was written to under other turns is never given a number again."""
    async with two(address) as (a, b):
        newest = await a.newest()
        await a.start_after(newest + 1000)
        await b.start_after(5)
        async with b.take(["n1"]) as turn:
            assert turn.tick > newest + 1000
        assert await a.finished(["n1", "of before"]) == {"n1": turn.tick, "of before": newest + 1000}


async def test_a_database_that_is_not_there_is_an_error_of_the_store(address: sa.URL) -> None:
    """It says what could not be asked, without the password."""
    with pytest.raises(StoreError, match="the catalog's database cannot be asked") as error:
        async with PostgresTurns(address.set(port=1)):
            pass
    assert "p@ss" not in str(error.value)
    turns = PostgresTurns(address)
    with pytest.raises(StoreError, match="closed"):
        await turns.newest()
