"""Old points are sorted by series in the background, and nobody can tell but by the time that a chart takes."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import duckdb
import pytest

from tests.server.parts import small_parts
from tests.server.points import batch, exported, raw
from tests.support.serving import clean_environment
from tora.server.metrics.base import SeriesQuery
from tora.server.metrics.duckdb import DuckDBMetrics, parts

pytestmark = pytest.mark.anyio

NAMES: Final = ["a", "b", "c"]


@pytest.fixture
async def store(file: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[DuckDBMetrics]:
    """An open, empty store of small parts."""
    small_parts(monkeypatch, rows=50, fan=3, piece=40)
    async with DuckDBMetrics(file) as opened:
        yield opened


async def fill(store: DuckDBMetrics, groups: int, *experiments: str) -> None:
    """Append groups of thirty points, ten for each name."""
    for group in range(groups):
        values = [group + place / 100 for place in range(30)]
        steps = [group * 10 + place // 3 for place in range(30)]
        for experiment in experiments:
            await store.append([batch(values, group * 30 + 1, experiment=experiment, names=NAMES * 10, steps=steps)])


async def answers(store: DuckDBMetrics, *experiments: str) -> list[Any]:
    """Return what readers see: every point in the order of arrival, and charts."""
    charts = await store.series(SeriesQuery(experiments, NAMES, points=7))
    return [
        *[await exported(store, experiment) for experiment in experiments],
        *[{name: column.tolist() for name, column in chart.columns.items()} for chart in charts],
    ]


def tables(file: Path) -> list[tuple[parts.Part, list[tuple[int, int]]]]:
    """Return the parts of a closed file, the tail among them, and their rows."""
    with duckdb.connect(file) as connection:
        found = parts.read_parts(connection)
        tail = parts.open_tail(connection)
        return [
            (part, connection.execute(f"SELECT sid, ordinal FROM {part.table}").fetchall())  # noqa: S608  # our names
            for part in [*found, parts.Part(tail.number, clustered=False, rows=tail.rows)]
        ]


async def test_sorting_changes_no_answer(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Points, their order of arrival and charts are what they were; a few sorted parts hold all but the newest."""
    async with DuckDBMetrics(file) as store:
        await fill(store, 40, "e", "f")
        before = await answers(store, "e", "f")
    with duckdb.connect(file) as connection:  # a part that is full is sorted from the next start on
        connection.execute("UPDATE meta SET tail = 2")
        parts.create_part(connection, 2)
        connection.execute("INSERT INTO parts VALUES (1, FALSE, 2400)")
    small_parts(monkeypatch, rows=50, fan=3, piece=40)
    async with DuckDBMetrics(file) as store:
        await store.sort()
        assert await answers(store, "e", "f") == before
        await fill(store, 60, "e", "f")  # of which the first 40 are there
        await store.sort()
        after = await answers(store, "e", "f")
        assert [rows[: len(old)] for rows, old in zip(after[:2], before[:2], strict=True)] == before[:2]
        assert await raw(store, "f", "b") == sorted(await raw(store, "f", "b"))
    *full, tail = tables(file)
    assert sum(len(rows) for _, rows in [*full, tail]) == 3600
    assert len(tail[1]) <= 50 + 30
    for part, rows in full:
        assert part.clustered
        assert rows == sorted(rows)
        assert len(rows) == part.rows
    assert max(Counter(part.level for part, _ in full).values()) < 3


async def test_a_series_longer_than_a_piece_is_cut(store: DuckDBMetrics, file: Path) -> None:
    """One series of more points than are sorted at once is sorted all the same."""
    for group in range(20):
        await store.append([batch([0.0] * 30, group * 30 + 1, steps=list(range(group * 30, group * 30 + 30)))])
    await store.sort()
    assert await raw(store) == [(step, 0.0) for step in range(600)]
    await store.close()
    assert all(rows == sorted(rows) for part, rows in tables(file) if part.clustered)
    assert sum(len(rows) for _, rows in tables(file)) == 600


async def test_deleting_does_not_wait_for_the_sorting(store: DuckDBMetrics, file: Path) -> None:
    """Experiments that are deleted while points are sorted are gone, and the others whole."""
    experiments = [f"e{number}" for number in range(10)]
    for round_ in range(3):
        await fill(store, 6 * (round_ + 1), *experiments)  # what is there already is not stored again
        sorting = asyncio.create_task(store.sort())
        for experiment in experiments[::2]:
            await store.delete(experiment)
        await sorting
        for experiment in experiments[::2]:
            assert await exported(store, experiment) == []
        for experiment in experiments[1::2]:
            assert len(await exported(store, experiment)) == 180 * (round_ + 1)
    await store.sort()
    await store.close()
    assert sum(len(rows) for _, rows in tables(file)) == 5 * 540


async def test_points_are_logged_and_read_while_others_are_sorted(store: DuckDBMetrics) -> None:
    """Writing, reading and sorting go on at once, and a reader sees each point once."""

    async def read() -> None:
        seen = 0
        while not writing.done():
            found = await exported(store)
            assert len({row[2] for row in found if row[0] == "a"}) * 3 == len(found)
            assert len(found) >= seen
            seen = len(found)

    writing = asyncio.create_task(fill(store, 100, "e"))
    await asyncio.gather(writing, read(), read())
    assert len(await exported(store)) == 3000


async def test_nothing_is_sorted_where_the_disk_has_no_room(
    store: DuckDBMetrics, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sorting needs room for a second copy; without it points stay as they arrived."""
    full = shutil.disk_usage(file.parent)._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: full)
    await fill(store, 10, "e")
    await store.sort()
    assert len(await exported(store)) == 300
    await store.close()
    assert not any(part.clustered for part, _ in tables(file))


PROGRAM: Final = """
import asyncio, sys
from pathlib import Path
import pytest
from tests.server.parts import small_parts
from tests.server.test_clustering import fill
from tora.server.metrics.duckdb import DuckDBMetrics

async def main():
    small_parts(pytest.MonkeyPatch(), rows=50, fan=2, piece=40)
    async with DuckDBMetrics(Path(sys.argv[1])) as store:
        for groups in range(1, 10_000):
            await fill(store, groups, "e")
            print(groups, flush=True)

asyncio.run(main())
"""


@pytest.mark.parametrize("groups", [5, 20, 40])
async def test_a_kill_while_points_are_sorted_loses_nothing(groups: int, file: Path) -> None:
    """What was acknowledged is there, once, however far the sorting was."""
    child = subprocess.Popen(  # noqa: ASYNC220  # nothing else runs meanwhile
        [sys.executable, "-c", PROGRAM, str(file)],
        stdout=subprocess.PIPE,
        text=True,
        env=clean_environment(PYTHONPATH=":".join(filter(None, sys.path))),
    )
    try:
        assert child.stdout is not None
        for line in child.stdout:
            if int(line) >= groups:
                break
    finally:
        child.kill()
        child.communicate()
    async with DuckDBMetrics(file) as store:
        found = await exported(store)
        assert len(found) >= groups * 30
        assert [(row[0], row[2]) for row in found] == [
            (NAMES[n % 3], n // 30 * 10 + n % 30 // 3) for n in range(len(found))
        ]
        ((summary, *_),) = (await store.summaries(["e"])).values()
        assert summary.count * 3 == len(found)


OLDER: Final = """
CREATE TABLE meta (schema_version INTEGER NOT NULL, tick BIGINT NOT NULL);
CREATE TABLE series (
    sid INTEGER NOT NULL, experiment VARCHAR NOT NULL, name VARCHAR NOT NULL, writer VARCHAR NOT NULL,
    count BIGINT NOT NULL, stepped BIGINT NOT NULL, non_finite BIGINT NOT NULL, last DOUBLE NOT NULL,
    last_ordinal BIGINT NOT NULL, min DOUBLE, max DOUBLE, first_step BIGINT, last_step BIGINT
);
CREATE TABLE points (
    sid INTEGER NOT NULL, ordinal BIGINT NOT NULL, step BIGINT, time DOUBLE NOT NULL, value DOUBLE NOT NULL,
    metadata VARCHAR, tick BIGINT NOT NULL
);
CREATE TABLE writers (
    experiment VARCHAR NOT NULL, writer VARCHAR NOT NULL, through BIGINT NOT NULL, first_seen DOUBLE NOT NULL,
    last_seen DOUBLE NOT NULL, status VARCHAR NOT NULL
);
CREATE TABLE messages (experiment VARCHAR NOT NULL, msg_id VARCHAR NOT NULL);
INSERT INTO meta VALUES (1, 0);
INSERT INTO series VALUES (1, 'e', 'b', 'w', 2, 2, 0, 4.0, 1, 2.0, 4.0, 0, 1);
INSERT INTO series VALUES (2, 'e', 'a', 'w', 1, 1, 0, 3.0, 0, 3.0, 3.0, 0, 0);
INSERT INTO points VALUES (1, 0, 0, 1e9, 2.0, NULL, 1), (2, 0, 0, 1e9, 3.0, '{"k":1}', 1), (1, 1, 1, 1e9, 4.0, NULL, 1);
INSERT INTO writers VALUES ('e', 'w', 3, 1e9, 1e9, 'running');
"""


async def test_the_writers_of_an_older_file_have_no_labels_and_can_get_some(file: Path) -> None:
    """The column is added; marks, signs and batches of writers that were there go on."""
    with duckdb.connect(file) as connection:
        connection.execute(OLDER)
    async with DuckDBMetrics(file) as store:
        assert [one.labels for one in (await store.writers(["e"]))["e"]] == [{}]
        await store.sign("e", "w", 2e9, "running", {"rank": "3"})
        (outcome,) = await store.append([batch([5.0], 3, names="b")])
        assert (outcome.accepted, outcome.through) == (1, 3)
        await store.append([batch([1.0], writer="new")])
    async with DuckDBMetrics(file) as store:
        found = {one.writer: (one.through, one.labels) for one in (await store.writers(["e"]))["e"]}
        assert found == {"w": (3, {"rank": "3"}), "new": (1, {})}


async def test_a_file_of_the_first_version_is_taken_over(file: Path) -> None:
    """The points of one table become the first part, in their order of arrival, and what comes joins them."""
    with duckdb.connect(file) as connection:
        connection.execute(OLDER)
    rows = [("b", "w", 0, 2.0, 1e9, None), ("a", "w", 0, 3.0, 1e9, '{"k":1}'), ("b", "w", 1, 4.0, 1e9, None)]
    for _ in range(2):
        async with DuckDBMetrics(file) as store:
            assert await exported(store) == rows
            await store.sort()
            assert await exported(store) == rows
            (outcome,) = await store.append([batch([5.0], len(rows) + 1, names="b", steps=[len(rows)])])
            rows.append(("b", "w", len(rows), 5.0, 1.7e9, None))
            assert (outcome.tick, outcome.through) == (len(rows) - 2, len(rows))
            assert await exported(store) == rows
