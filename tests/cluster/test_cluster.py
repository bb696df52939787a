"""Several servers with one PostgreSQL and one ClickHouse: any of them may be killed at any time."""

from __future__ import annotations

from pathlib import Path

from benchmarks.cluster import Sizes, servers_killed
from tests.support.clickhouse import ClickHouse
from tests.support.postgres import Postgres


def test_servers_that_are_killed_in_turn_store_everything_once(
    tmp_path: Path, postgres: Postgres, clickhouse_shards: ClickHouse
) -> None:
    """Two servers behind a balancer, each killed twice, store each metric of twenty writers once, on two shards."""
    sizes = Sizes(writers=20, metrics=500, kills=2)
    row = servers_killed(tmp_path, postgres.new_database(), clickhouse_shards.new_database(2), sizes)
    assert row.holds, row
