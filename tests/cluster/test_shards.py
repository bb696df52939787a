"""Points on several shards, of the version of ClickHouse that Debian ships."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.server.points import batch
from tests.support.clickhouse import ClickHouse
from tora.server.metrics.turns import LocalTurns
from tora.server.options import Options
from tora.server.stores import metrics_of

pytestmark = pytest.mark.anyio

EXPERIMENTS = [f"x{number}" for number in range(8)]
GROUPS = 20
POINTS = 10  # of an experiment in a group
LATER = 10**15  # a number that no group of the test has


async def test_groups_for_both_shards_go_in_whatever_groups_have_ended(
    tmp_path: Path, clickhouse_shards: ClickHouse
) -> None:
    """What has ended may be in many parts; read with two threads, it made one group in eight fail on the own shard."""
    url = clickhouse_shards.new_database(2)
    database = urlsplit(url).path.strip("/")
    values = [float(number) for number in range(POINTS)]
    async with metrics_of(Options(dir=tmp_path, metrics=url), LocalTurns()) as store:
        for number in range(GROUPS):
            for node in clickhouse_shards.nodes:
                node.sql(f"INSERT INTO {database}.ended VALUES ({LATER + number})")  # noqa: S608
            await store.append([batch(values, 1 + number * POINTS, experiment=each) for each in EXPERIMENTS])
        found = await store.summaries(EXPERIMENTS)
        assert {each: found[each][0].count for each in EXPERIMENTS} == dict.fromkeys(EXPERIMENTS, GROUPS * POINTS)
    count = f"SELECT sum(rows) FROM system.parts WHERE active AND database = '{database}' AND table = 'points_local'"  # noqa: S608
    held = [int(node.sql(count)) for node in clickhouse_shards.nodes]
    assert sum(held) == GROUPS * POINTS * len(EXPERIMENTS)
    assert all(held)
