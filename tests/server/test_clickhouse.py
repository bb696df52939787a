"""What the store on ClickHouse does besides: several servers, several shards, statements cut off, and its address."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from attrs import evolve
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.server.points import batch, exported, raw
from tests.support.chdb import Chdb
from tests.support.clickhouse import ClickHouse
from tora.server.metrics.base import PointBatch, SeriesQuery
from tora.server.metrics.clickhouse import ClickHouseMetrics
from tora.server.metrics.clickhouse.address import address
from tora.server.metrics.clickhouse.client import Client
from tora.server.metrics.clickhouse.rows import POINT_COLUMNS, points
from tora.server.metrics.clickhouse.text import hash64
from tora.server.metrics.duckdb import DuckDBMetrics
from tora.server.metrics.group import SidCounter, gather
from tora.server.metrics.remembered import ExperimentIndex
from tora.server.metrics.turns import LocalTurns, Turn

pytestmark = pytest.mark.anyio


class SharedTurns(LocalTurns):
    """Turns of servers that never know whether another one wrote meanwhile."""

    @asynccontextmanager
    async def take(self, experiments: Collection[str]) -> AsyncIterator[Turn]:
        """Wait for a turn."""
        async with super().take(experiments) as turn:
            yield evolve(turn, stale=frozenset(experiments))


@pytest.fixture(params=["one", "two shards", "current"])
def url(request: pytest.FixtureRequest) -> str:
    """An empty database: on one server, on all of a cluster, or on a current engine."""
    if request.param == "two shards":
        both: ClickHouse = request.getfixturevalue("clickhouse_shards")
        return both.new_database(shards=2)
    running: ClickHouse | Chdb = request.getfixturevalue("clickhouse" if request.param == "one" else "chdb")
    return running.new_database()


@asynccontextmanager
async def asking(url: str) -> AsyncIterator[Client]:
    """Yield what sends statements past the store."""
    client = Client(address(url))
    await client.open()
    try:
        yield client
    finally:
        await client.close()


async def counted(url: str, table: str = "points") -> int:
    """Return how many rows a table has."""
    async with asking(url) as client:
        [(count,)] = await client.records(f"SELECT count() FROM {table}", tuple[int])  # noqa: S608  # our table
        return count


def late(experiment: str, tick: int, value: float) -> bytes:
    """Return the next point of an experiment as a statement takes it that a dead server has sent."""
    group = gather(
        [batch([value], 2, experiment=experiment)], {experiment: ExperimentIndex(experiment)}, SidCounter(0), set()
    )
    return points(group, {0: (hash64(experiment), hash64("loss"), hash64("w"))}, tick)


# --- Several servers ------------------------------------------------------------------------------


async def test_what_a_writer_sends_to_several_servers_is_stored_once(url: str) -> None:
    """Two servers take turns; whatever a writer repeats at the other one is cut at what is really there."""
    turns = SharedTurns()
    async with ClickHouseMetrics(url, turns, pace=0) as one, ClickHouseMetrics(url, turns, pace=0) as other:

        async def send(store: ClickHouseMetrics, first: int, n: int) -> None:
            group = [
                batch([float(seq) for seq in range(first, first + n)], first, steps=[None] * n, experiment=experiment)
                for experiment in ("a", "b", "c")
            ]
            await store.append(group)

        for first in (1, 4, 9):
            await asyncio.gather(send(one, first, 6), send(other, first, 8))
        for experiment in ("a", "b", "c"):
            assert await raw(one, experiment) == [(place, place + 1.0) for place in range(16)]
            [summary] = (await other.summaries([experiment]))[experiment]
            assert (summary.count, summary.last, summary.writers) == (16, 16.0, 1)


async def test_a_dead_server_adds_nothing_after_its_turn(url: str) -> None:
    """A group of which nobody knows how it ended is forbidden: if the engine gets it later, it brings nothing."""
    turns = LocalTurns()
    async with ClickHouseMetrics(url, turns, pace=0) as store:
        await store.append([batch([1.0])])
        with pytest.raises(ConnectionError):
            async with turns.take(["e"]) as turn:
                raise ConnectionError
        [answer] = await store.append([batch([1.0, 5.0])])
        assert answer.through == 2
        async with asking(url) as client:
            await client.execute(f"INSERT INTO arrivals ({POINT_COLUMNS}) FORMAT RowBinary", late("e", turn.tick, 9.0))
        assert await raw(store) == [(0, 1.0), (1, 5.0)]
    again = LocalTurns()
    async with ClickHouseMetrics(url, again, pace=0) as store:
        assert store.tick >= turn.tick  # its number is not given to anybody else
        assert [one.through for one in await store.append([batch([7.0], 3, steps=[2])])] == [3]
        assert await raw(store) == [(0, 1.0), (1, 5.0), (2, 7.0)]


async def test_what_a_statement_left_out_when_it_was_cut_off_is_made_good(url: str) -> None:
    """Where points are there and what follows from them is not, the next turn adds it before it trusts it."""
    group = [batch([1.0, 2.0]), batch([3.0], writer=None, msg_ids=["a"], steps=[7])]
    async with ClickHouseMetrics(url, LocalTurns(), pace=0) as store:
        await store.append(group)
        wanted = await store.summaries(["e"]), await exported(store)
        part = "_local" if "cluster" in url else ""
        async with asking(url) as client:
            for host in client.address.hosts:
                for table in ("summaries", "messages"):
                    await client.execute(f"TRUNCATE TABLE {table}{part}", host=host)
        assert await store.summaries(["e"]) == {"e": []}
    async with ClickHouseMetrics(url, LocalTurns(), pace=0) as store:
        answers = await store.append(group)
        assert [(one.through, one.new) for one in answers] == [(2, []), (None, [])]
        assert (await store.summaries(["e"]), await exported(store)) == wanted
        assert await store.messages("e") == ["a"]


async def test_experiments_lie_on_shards_whole(clickhouse_shards: ClickHouse) -> None:
    """One group of many experiments reaches both shards, and what is of one experiment is on one of them."""
    url = clickhouse_shards.new_database(shards=2)
    async with ClickHouseMetrics(url, LocalTurns(), pace=0) as store:
        await store.append([batch([1.0, 2.0], experiment=f"e{place}") for place in range(20)])
        found = await store.summaries([f"e{place}" for place in range(20)])
        assert [summary.count for each in found.values() for summary in each] == [2] * 20
        async with asking(url) as client:
            parts = [
                await client.records("SELECT eid, count() FROM points_local GROUP BY eid", tuple[int, int], host=host)
                for host in client.address.hosts
            ]
    assert all(parts)
    assert sorted(eid for part in parts for eid, _ in part) == sorted(hash64(f"e{place}") for place in range(20))
    assert {count for part in parts for _, count in part} == {2}


async def test_an_experiment_can_be_stored_as_another_store_had_it(url: str, tmp_path: Path) -> None:
    """From a file and back: points in their order, marks, signs of life, labels, ids; twice is the same as once."""
    async with DuckDBMetrics(tmp_path / "m.duckdb") as file, ClickHouseMetrics(url, LocalTurns(), pace=0) as store:
        for turn in range(3):
            values = [float(turn), np.nan, -np.inf]
            metadata = [None, '{"a": 1}', None]
            group = [
                batch(
                    values, turn * 3 + 1, writer=writer, steps=[turn, None, 9], metadata=metadata, received=5.0 + turn
                )
                for writer in ("v", "w")
            ]
            await file.append([*group, batch([1.0], writer=None, msg_ids=[f"id{turn}"], steps=[None])])
        await file.sign("e", "w", 99.0, "finished", {"rank": "1"})
        for _ in range(2):
            moved = await store.restore(
                "e", file.export("e"), (await file.writers(["e"]))["e"], await file.messages("e")
            )
            assert moved == 21
        back = ClickHouseMetrics(url, LocalTurns(), pace=0)
        async with back:
            assert repr(await exported(back)) == repr(await exported(file))
            assert repr(await back.summaries(["e"])) == repr(await file.summaries(["e"]))
            assert await back.writers(["e"]) == await file.writers(["e"])
            assert sorted(await back.messages("e")) == ["id0", "id1", "id2"]
            again = batch([5.0] * 12, 1, steps=list(range(12)))
            [answer, other] = await back.append([again, batch([1.0], writer=None, msg_ids=["id1"])])
            assert [len(new.value) for new in answer.new] == [3]
            assert other.new == []
            await file.restore("f", back.export("e"), (await back.writers(["e"]))["e"], await back.messages("e"))
            assert repr(await file.summaries(["f"])) == repr(await back.summaries(["e"])).replace("'e'", "'f'")


async def test_a_move_that_fails_leaves_nothing(url: str) -> None:
    """Where the chunks break off, what was stored of them goes."""
    async with ClickHouseMetrics(url, LocalTurns(), pace=0) as store:
        await store.append([batch([1.0, 2.0], experiment="from")])

        async def broken() -> AsyncIterator[Any]:
            async for chunk in store.export("from"):
                yield chunk
            raise OSError

        with pytest.raises(OSError):  # noqa: PT011  # that one
            await store.restore("e", broken(), [], [])
        assert (await store.summaries(["e"]), await exported(store)) == ({"e": []}, [])
        assert await counted(url) == 2


async def test_old_points_go_and_are_counted_all_the_same(url: str) -> None:
    """With `retention_days`; marks and counts stay, so that nothing old comes back and ordinals go on."""
    joined = "&" if "?" in url else "?"
    async with ClickHouseMetrics(f"{url}{joined}retention_days=2", LocalTurns(), pace=0) as store:
        now = 1.7e9
        times = [now - 3 * 86_400, now - 86_400, now]
        await store.append([batch([1.0, 2.0, 3.0], steps=[None] * 3, times=times)])
        await store.expire(now)
        assert await raw(store) == [(1, 2.0), (2, 3.0)]
    async with ClickHouseMetrics(url, LocalTurns(), pace=0) as store:
        await store.append([batch([1.0, 2.0, 3.0, 4.0], steps=[None] * 4)])
        assert await raw(store) == [(1, 2.0), (2, 3.0), (3, 4.0)]
        assert (await store.summaries(["e"]))["e"][0].count == 4


# --- The same answers as the embedded store -------------------------------------------------------

_QUERIES: st.SearchStrategy[dict[str, Any]] = st.builds(
    dict,
    points=st.sampled_from([0, 1, 3, 10, 50]),
    x=st.sampled_from(["step", "time"]),
    start=st.sampled_from([None, 3.5, 20.0]),
    end=st.sampled_from([None, 31.0]),
    across=st.sampled_from(["none", "writers"]),
)
_VALUES = st.sampled_from([0.0, 1.5, -2.25, 1e300, float("nan"), float("inf"), 5e-324])
_POINTS = st.lists(
    st.tuples(st.sampled_from("vw"), st.sampled_from(["loss", "acc"]), st.none() | st.integers(0, 60), _VALUES),
    min_size=1,
    max_size=120,
)


@settings(deadline=None, max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(logged=_POINTS, queries=st.lists(_QUERIES, min_size=1, max_size=5))
def test_charts_are_those_of_the_embedded_store(
    clickhouse: ClickHouse, tmp_path_factory: pytest.TempPathFactory, logged: list[Any], queries: list[dict[str, Any]]
) -> None:
    """Whatever is logged and asked, both stores give the same buckets."""
    folder = tmp_path_factory.mktemp("both")
    experiment = uuid.uuid4().hex

    def batches() -> list[PointBatch]:
        return [
            batch(
                [value for _, _, _, value in mine],
                writer=writer,
                experiment=experiment,
                names=[name for _, name, _, _ in mine],
                steps=[step for _, _, step, _ in mine],
                times=[float(place // 2) for place in range(len(mine))],
            )
            for writer in "vw"
            if (mine := [one for one in logged if one[0] == writer])
        ]

    async def run() -> None:
        shared = ClickHouseMetrics(_database(clickhouse), LocalTurns(), pace=0)
        async with DuckDBMetrics(folder / "m.duckdb") as file, shared:
            for store in (file, shared):
                await store.append(batches())
            assert repr(await shared.summaries([experiment])) == repr(await file.summaries([experiment]))
            for query in queries:
                asked = SeriesQuery([experiment], ["acc", "loss"], **query)
                ours, theirs = await shared.series(asked), await file.series(asked)
                assert [(one.name, one.total, one.non_finite) for one in ours] == [
                    (one.name, one.total, one.non_finite) for one in theirs
                ]
                for one, other in zip(ours, theirs, strict=True):
                    assert list(one.columns) == list(other.columns)
                    for name, column in other.columns.items():
                        np.testing.assert_allclose(one.columns[name], column, rtol=1e-9, atol=1e-300, err_msg=name)

    asyncio.run(run())


_databases: dict[int, str] = {}


def _database(clickhouse: ClickHouse) -> str:
    """Return one database for all examples."""
    return _databases.setdefault(id(clickhouse), clickhouse.new_database())
