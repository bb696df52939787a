"""Which ClickHouse a server is given: its address, and engines and databases that cannot be used."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.server.points import batch, raw
from tests.support.clickhouse import PASSWORD, ClickHouse
from tests.support.serving import free_port
from tora.server.metrics.base import StoreError
from tora.server.metrics.clickhouse import ClickHouseMetrics
from tora.server.metrics.clickhouse.address import Address, address
from tora.server.metrics.clickhouse.client import Client
from tora.server.metrics.clickhouse.schema import statements
from tora.server.metrics.clickhouse.text import double, quoted
from tora.server.metrics.turns import LocalTurns

pytestmark = pytest.mark.anyio


def test_an_address_is_read() -> None:
    """Hosts with and without a port, what is escaped in it, and options; the password shows nowhere."""
    found = address("clickhouse://us%40er:p%2Fw%3A@one,[::1]:9000/points_1?cluster=main&replicated=1&quorum=2&secure=1")
    assert found == Address(
        hosts=("one:8443", "[::1]:9000"),
        user="us@er",
        password="p/w:",  # noqa: S106  # a test's own
        database="points_1",
        cluster="main",
        replicated=True,
        quorum=2,
        secure=True,
    )
    assert "p/w:" not in f"{found} {found!r}"
    assert [address(f"clickhouse://host/db{more}").pace_ms for more in ("", "?pace_ms=470")] == [50, 470]
    assert str(address("clickhouse://host")) == "clickhouse://host:8123/tora"


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("postgresql://u:geheim@host/db", "takes a URL such as clickhouse://"),
        ("clickhouse://u:geheim@/db", "names the host ''"),
        ("clickhouse://u:geheim@a,b/db", "not what they are to each other"),
        ("clickhouse://u:geheim@a/db;drop", "the database is 'db;drop'"),
        ("clickhouse://u:geheim@a/db?cluster=x'y", 'cluster is "x\'y"'),
        ("clickhouse://u:geheim@a/db?shards=2", "has no option 'shards'"),
        ("clickhouse://u:geheim@a/db?replicated=yes", "replicated is 0 or 1, got 'yes'"),
        ("clickhouse://u:geheim@a/db?pace_ms=fast", "pace_ms is a whole number from 1 on, got 'fast'"),
        ("clickhouse://u:geheim@a/db?retention_days=0", "retention_days is a whole number from 1 on, got '0'"),
    ],
)
def test_an_address_that_is_none_is_explained(url: str, message: str) -> None:
    """The error says what is wrong and never the password."""
    with pytest.raises(StoreError) as caught:
        address(url)
    assert message in str(caught.value)
    assert "geheim" not in str(caught.value)


def _foreign(node: Any, database: str) -> None:
    node.sql(f"CREATE TABLE {database}.songs (a UInt8) ENGINE = Memory")


def _newer(node: Any, database: str) -> None:
    node.sql(f"CREATE TABLE {database}.tora (version UInt32) ENGINE = MergeTree ORDER BY version")
    node.sql(f"INSERT INTO {database}.tora VALUES (99)")  # noqa: S608  # our name


@pytest.mark.parametrize(
    ("build", "message"),
    [(_foreign, "belongs to another program: it has the table 'songs'"), (_newer, "its schema version is 99")],
)
async def test_a_database_that_cannot_be_used_is_named_and_kept(
    clickhouse: ClickHouse, build: Callable[[Any, str], None], message: str
) -> None:
    """The error says which one and what to do, and no table is made in it."""
    url = clickhouse.new_database()
    database = url.rpartition("/")[2]
    build(clickhouse.nodes[0], database)
    before = clickhouse.nodes[0].sql(f"SHOW TABLES FROM {database}")
    with pytest.raises(StoreError, match=message):
        await ClickHouseMetrics(url, LocalTurns()).open()
    assert clickhouse.nodes[0].sql(f"SHOW TABLES FROM {database}") == before


async def test_an_engine_that_cannot_be_asked_is_explained(clickhouse: ClickHouse) -> None:
    """Nothing answers, or the password is wrong: the error says where and what to do, and no password."""
    url = clickhouse.new_database()
    with pytest.raises(StoreError, match="does not answer"):
        await ClickHouseMetrics(f"clickhouse://tora:geheim@127.0.0.1:{free_port()}/db", LocalTurns()).open()
    with pytest.raises(StoreError, match="check the user and the password") as caught:
        await ClickHouseMetrics(url.replace(url.split(":")[2].split("@")[0], "geheim"), LocalTurns()).open()
    assert "geheim" not in str(caught.value)
    assert PASSWORD not in str(caught.value)


async def test_reads_go_to_another_host_where_one_is_down(clickhouse_shards: ClickHouse) -> None:
    """Any host of the cluster answers for all."""
    url = clickhouse_shards.new_database(shards=2)
    async with ClickHouseMetrics(url, LocalTurns(), pace=0) as store:
        await store.append([batch([1.0])])
        store._client._hosts = (f"127.0.0.1:{free_port()}", *store._client._hosts)
        assert await raw(store) == [(0, 1.0)]
        await store.append([batch([2.0], 2, steps=[1])])
        assert await raw(store) == [(0, 1.0), (1, 2.0)]


async def test_a_copy_is_refused(clickhouse: ClickHouse, tmp_path: Path) -> None:
    """The points are not in the folder; the error says what copies them."""
    async with ClickHouseMetrics(clickhouse.new_database(), LocalTurns()) as store:
        assert store.is_elsewhere
        with pytest.raises(StoreError, match="ClickHouse's own BACKUP"):
            await store.copy_to(tmp_path / "copy")


def test_replicated_tables_are_asked_for(clickhouse: ClickHouse) -> None:
    """Each host's tables replicate by its macros, apart from those that keep nothing; without ZooKeeper it says so."""
    found = [*statements(address("clickhouse://a,b/db?replicated=1"), chained=True)]
    replicated = [one for one in found if "ENGINE = Replicated" in one]
    assert len(replicated) == 6
    assert all("/clickhouse/tables/{shard}/db/" in one and "'{replica}'" in one for one in replicated)
    with pytest.raises(StoreError, match=r"ZooKeeper|macros"):
        asyncio.run(ClickHouseMetrics(f"{clickhouse.new_database()}?replicated=1", LocalTurns()).open())


async def test_texts_and_numbers_stand_in_statements_as_they_are(clickhouse: ClickHouse) -> None:
    """Quotes, backslashes, zeros and any character; doubles to the last bit."""
    client = Client(address(clickhouse.new_database()))
    await client.open()
    try:
        for text in ("it's", "\\'", "a\0b", "ü\n\t\r", "')); DROP TABLE points; --", "{eid}"):
            assert await client.records(f"SELECT {quoted(text)} AS a", tuple[str]) == [(text,)]
        for value in (0.1, 1e-310, 1.7976931348623157e308, -0.0):
            [(told,)] = await client.records(f"SELECT toString({double(value)})", tuple[str])
            assert repr(float(told)) == repr(value)
    finally:
        await client.close()
