"""What every store of points does: the embedded one, and ClickHouse as Debian has it and as it is today."""

from __future__ import annotations

import asyncio
import math
import uuid
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from attrs import evolve
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.server.parts import small_parts
from tests.server.points import batch, column, exported, raw
from tora.server.metrics.base import MetricsStore, Series, SeriesQuery, StoreError, Writer
from tora.server.metrics.clickhouse import ClickHouseMetrics
from tora.server.metrics.clickhouse import index as clickhouse_index
from tora.server.metrics.clickhouse import read as clickhouse_read
from tora.server.metrics.duckdb import DuckDBMetrics
from tora.server.metrics.duckdb import index as duckdb_index
from tora.server.metrics.duckdb import read as duckdb_read
from tora.server.metrics.turns import LocalTurns

pytestmark = pytest.mark.anyio

NAN, INF = math.nan, math.inf


@pytest.fixture(params=["duckdb", "duckdb, sorted all the time", "clickhouse", "chdb"])
def make(request: pytest.FixtureRequest, file: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], MetricsStore]:
    """Make a store of each kind; made again, it holds the same points."""
    if "duckdb" in request.param:
        if "sorted" in request.param:
            small_parts(monkeypatch)
        return lambda: DuckDBMetrics(file)
    url = request.getfixturevalue(request.param).new_database()
    return lambda: ClickHouseMetrics(url, LocalTurns(), pace=0.0)


@pytest.fixture
async def store(make: Callable[[], MetricsStore]) -> AsyncIterator[MetricsStore]:
    """An open, empty store."""
    async with make() as opened:
        yield opened


# --- Appending ------------------------------------------------------------------------------------


async def test_points_come_back_exactly(store: MetricsStore) -> None:
    """Values, NaN and infinities, steps to the largest, times and metadata survive as they were given."""
    values = [0.1, NAN, INF, -INF, 5e-324, -0.0, 1.7976931348623157e308]
    steps = [0, 1, None, 3, 2**63 - 1, None, 2**53 + 1]
    metadata = [None, '{"a":"ü"}', None, None, "{}", None, None]
    times = [1.7e9 + 0.1, -5.0, 0.0, 1e300, 1.0, 2.0, 3.0]
    [answer] = await store.append([batch(values, steps=steps, metadata=metadata, times=times)])
    assert (answer.accepted, answer.through, answer.tick, store.tick) == (7, 7, 1, 1)
    rows = await exported(store)
    assert repr([row[3] for row in rows]) == repr(values)
    assert [row[2] for row in rows] == steps
    assert [row[4] for row in rows] == times
    assert [row[5] for row in rows] == metadata
    assert {row[:2] for row in rows} == {("loss", "w")}


async def test_a_repeated_batch_changes_nothing(store: MetricsStore) -> None:
    """It is accepted, has nothing new, and the mark, the tick and the summary stay."""
    first = await store.append([batch([1.0, 2.0])])
    before = await store.summaries(["e"])
    again = await store.append([batch([1.0, 2.0]), batch([1.0])])
    assert [(one.accepted, one.through, one.tick, one.new) for one in again] == [(2, 2, 1, []), (1, 2, 1, [])]
    assert first[0].tick == 1
    assert await store.summaries(["e"]) == before
    assert await raw(store) == [(0, 1.0), (1, 2.0)]


async def test_only_what_is_beyond_the_mark_is_stored(store: MetricsStore) -> None:
    """Batches that overlap, also within one group, add their unknown ends."""
    await store.append([batch([1.0, 2.0])])
    group = [batch([2.0, 3.0, 4.0], 2, steps=[1, 2, 3]), batch([4.0, 5.0], 4, steps=[3, 4]), batch([5.0], 5, steps=[4])]
    answers = await store.append(group)
    assert [(one.accepted, one.through) for one in answers] == [(3, 4), (2, 5), (1, 5)]
    assert [[new.value.tolist() for new in one.new] for one in answers] == [[[3.0, 4.0]], [[5.0]], []]
    assert await raw(store) == [(place, place + 1.0) for place in range(5)]


async def test_a_gap_is_accepted(store: MetricsStore) -> None:
    """What the client dropped never comes; the mark is the last of the batch."""
    await store.append([batch([1.0])])
    [answer] = await store.append([batch([9.0], 100, steps=[99])])
    assert answer.through == 100
    [late] = await store.append([batch([5.0], 50, steps=[49])])
    assert (late.accepted, late.through, late.new) == (1, 100, [])
    assert await raw(store) == [(0, 1.0), (99, 9.0)]


async def test_writers_and_experiments_have_marks_of_their_own(store: MetricsStore) -> None:
    """The same sequence numbers of another writer, or in another experiment, are other points."""
    await store.append([batch([1.0]), batch([2.0], writer="v"), batch([3.0], experiment="f")])
    assert sorted(await raw(store)) == [(0, 1.0), (0, 2.0)]
    assert await raw(store, "f") == [(0, 3.0)]


async def test_ids_tell_the_repetitions_of_clients_without_a_writer(
    store: MetricsStore, make: Callable[[], MetricsStore]
) -> None:
    """Within a batch, within a group and later; points without an id are always new."""
    one = batch([1.0, 2.0, 1.0, 7.0], writer=None, msg_ids=["a", "b", "a", None])
    other = batch([2.0, 3.0], writer=None, msg_ids=["b", "c"], steps=[1, 5])
    elsewhere = batch([1.0], writer=None, msg_ids=["a"], experiment="f")
    answers = await store.append([one, other, elsewhere])
    assert [(answer.accepted, answer.through) for answer in answers] == [(4, None), (2, None), (1, None)]
    await store.append([one])
    assert await raw(store) == [(0, 1.0), (1, 2.0), (3, 7.0), (3, 7.0), (5, 3.0)]
    await store.close()
    async with make() as again:
        await again.append([other])
        assert len(await raw(again)) == 5
        assert await raw(again, "f") == [(0, 1.0)]


async def test_points_without_a_step_stand_at_their_count_over_all_writers(store: MetricsStore) -> None:
    """The count goes on over batches, groups and writers, name by name."""
    await store.append([batch([1.0, 9.0, 2.0], steps=[None] * 3, names=["loss", "acc", "loss"])])
    await store.append([batch([3.0], steps=[None], writer="v"), batch([4.0, 8.0], 4, steps=[None, 70])])
    assert await raw(store) == [(0, 1.0), (1, 2.0), (2, 3.0), (3, 4.0), (70, 8.0)]
    assert await raw(store, name="acc") == [(0, 9.0)]


async def test_live_readers_get_what_is_new_series_by_series(store: MetricsStore) -> None:
    """Each batch tells its points by name, in order of arrival, with step or count as x."""
    await store.append([batch([0.0], steps=[None])])
    mixed = batch([1.0, 2.0, NAN], 2, steps=[None, 7, None], names=["loss", "acc", "loss"], times=[1.0, 2.0, 3.0])
    [first, second] = await store.append([mixed, batch([5.0], writer="v", steps=[None])])
    told = {new.name: (new.writer, new.x.tolist(), new.time.tolist(), repr(new.value.tolist())) for new in first.new}
    assert told == {"loss": ("w", [1, 2], [1.0, 3.0], "[1.0, nan]"), "acc": ("w", [7], [2.0], "[2.0]")}
    assert [(new.writer, new.x.tolist()) for new in second.new] == [("v", [3])]
    assert first.tick == second.tick == store.tick == 2


async def test_a_group_that_fails_stores_nothing(store: MetricsStore) -> None:
    """Its good batches are not stored either, and can be sent again."""
    await store.append([batch([1.0])])
    good, bad = batch([2.0], 2, steps=[1]), batch([3.0], 3, steps=[2**70])
    with pytest.raises(OverflowError):
        await store.append([good, bad])
    assert await raw(store) == [(0, 1.0)]
    [answer] = await store.append([good])
    assert answer.through == 2
    if isinstance(store, DuckDBMetrics):
        assert answer.tick == 2
    assert answer.tick > 1  # an engine that others write to gives a failed group's number to nobody
    assert await raw(store) == [(0, 1.0), (1, 2.0)]


async def test_an_empty_group_and_an_empty_batch_are_fine(store: MetricsStore) -> None:
    """They add nothing; the batch is a sign of life."""
    assert await store.append([]) == []
    [answer] = await store.append([batch([])])
    assert (answer.accepted, answer.through, answer.tick) == (0, 0, 0)
    assert [one.writer for one in (await store.writers(["e"]))["e"]] == ["w"]


@settings(deadline=None, max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    groups=st.lists(
        st.lists(st.tuples(st.sampled_from("uvw"), st.integers(1, 30), st.integers(1, 12)), min_size=1, max_size=5),
        max_size=8,
    )
)
def test_any_repetition_is_stored_once(
    make: Callable[[], MetricsStore], groups: list[list[tuple[str, int, int]]]
) -> None:
    """However batches overlap, repeat and share groups, a writer's points beyond its mark are stored once."""
    expected: set[tuple[str, int]] = set()
    marks = dict.fromkeys("uvw", 0)
    for writer, first, n in (one for group in groups for one in group):
        expected |= {(writer, seq) for seq in range(max(first, marks[writer] + 1), first + n)}
        marks[writer] = max(marks[writer], first + n - 1)
    example = uuid.uuid4().hex  # one store for all examples

    async def run() -> None:
        async with make() as store:
            for group in groups:
                await store.append(
                    [
                        batch([0.0] * n, first, writer=writer, steps=list(range(first, first + n)), experiment=example)
                        for writer, first, n in group
                    ]
                )
            rows = await exported(store, example)
            assert len(rows) == len(expected)
            assert {(row[1], row[2]) for row in rows} == expected
            told = {one.writer: one.through for one in (await store.writers([example]))[example]}
            assert told == {writer: mark for writer, mark in marks.items() if mark}

    asyncio.run(run())


async def test_forgetting_the_index_changes_nothing(store: MetricsStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """With room for one experiment alone, marks, counts and series are read back and go on exactly."""
    for remembered in (duckdb_index, clickhouse_index):
        monkeypatch.setattr(remembered, "_MAX_ENTRIES", 1)
    for turn in range(4):
        for experiment in "abc":
            for writer in ("v", "w"):
                points = batch([float(turn)], turn + 1, writer=writer, experiment=experiment, steps=[None])
                await store.append([points, points])
    await store.append([batch([9.0], 5, experiment=experiment, steps=[None]) for experiment in "cab"])
    for experiment in "abc":
        assert [x for x, _ in await raw(store, experiment)] == list(range(9))
        [summary] = (await store.summaries([experiment]))[experiment]
        assert (summary.count, summary.writers) == (9, 2)


# --- What is known without the points -------------------------------------------------------------


async def test_summaries_are_kept_at_ingest(store: MetricsStore) -> None:
    """Count, last arrival, finite extremes, steps, non-finite points and writers; by name; over groups."""
    await store.append([batch([2.0, NAN, -1.0, INF], steps=[5, None, 9, 7])])
    await store.append(
        [batch([8.0], writer="v", steps=[1]), batch([3.0, NAN], 5, names=["loss", "acc"], steps=[6, None])]
    )
    acc, loss = (await store.summaries(["e", "none"]))["e"]
    assert (loss.name, loss.count, loss.last, loss.min, loss.max) == ("loss", 6, 3.0, -1.0, 8.0)
    assert (loss.first_step, loss.last_step, loss.non_finite, loss.writers) == (1, 9, 2, 2)
    assert (acc.name, acc.count, acc.min, acc.max) == ("acc", 1, None, None)
    assert (acc.first_step, acc.last_step, acc.non_finite, acc.writers) == (None, None, 1, 1)
    assert math.isnan(acc.last)
    assert (await store.summaries(["none"])) == {"none": []}


async def test_the_last_value_is_the_last_to_arrive(store: MetricsStore) -> None:
    """Not the one of the largest step, nor the last of the batch that came first; NaN counts."""
    await store.append([batch([1.0, 2.0], steps=[100, 50]), batch([7.0], writer="v", steps=[1])])
    assert (await store.summaries(["e"]))["e"][0].last == 7.0
    await store.append([batch([NAN], 3, steps=[2])])
    assert math.isnan((await store.summaries(["e"]))["e"][0].last)


async def test_writers_are_told_with_their_signs_of_life(store: MetricsStore) -> None:
    """Batches and signs move the last sign of life on, never back; a status stays until the next sign."""
    await store.append([batch([1.0], received=10.0)])
    await store.sign("e", "w", 20.0, "running")
    await store.sign("e", "quiet", 15.0, "running")
    await store.sign("e", "quiet", 12.0, "stopped")
    await store.append([batch([2.0], 2, received=18.0), batch([2.0], writer="quiet", received=16.0)])
    await store.append([batch([2.0], writer=None, received=1.0)])
    assert (await store.writers(["e", "none"])) == {
        "e": [
            Writer("w", 2, 10.0, 20.0, "running"),
            Writer("quiet", 1, 15.0, 16.0, "stopped"),
            Writer("", 0, 1.0, 1.0, "running"),
        ],
        "none": [],
    }


async def test_a_writer_keeps_its_labels(store: MetricsStore, make: Callable[[], MetricsStore]) -> None:
    """They come with a sign of life, before or after the first points; others take their place, none leaves them."""
    await store.append([batch([1.0], writer="late")])
    labels = {'"quoted" ü/~': "ß", "rank": "3"}
    await store.sign("e", "late", 20.0, "running", labels)
    await store.sign("e", "early", 10.0, "running", {"rank": "1"})
    await store.append([batch([1.0], writer="early"), batch([2.0], 2, writer="late")])
    await store.sign("e", "late", 30.0, "finished")
    await store.sign("e", "early", 30.0, "running", {"rank": "2"})
    wanted = {"late": labels, "early": {"rank": "2"}}
    assert {one.writer: one.labels for one in (await store.writers(["e"]))["e"]} == wanted
    await store.close()
    async with make() as again:
        assert {one.writer: one.labels for one in (await again.writers(["e"]))["e"]} == wanted


async def test_a_deleted_experiment_is_gone_and_its_ticks_are_not_used_again(
    store: MetricsStore, make: Callable[[], MetricsStore]
) -> None:
    """Points, summaries, writers and ids go; others stay; the same writer may begin anew."""
    await store.append([batch([1.0], experiment="kept")])
    await store.append([batch([1.0]), batch([1.0], writer=None, msg_ids=["a"])])
    await store.delete("e")
    await store.delete("unknown")
    assert (await raw(store), await exported(store)) == ([], [])
    assert (await store.summaries(["e"]), await store.writers(["e"])) == ({"e": []}, {"e": []})
    await store.close()
    async with make() as again:
        assert again.tick == 2
        answers = await again.append([batch([4.0]), batch([5.0], writer=None, msg_ids=["a"], steps=[1])])
        assert [answer.tick for answer in answers] == [3, 3]
        assert await raw(again) == [(0, 4.0), (1, 5.0)]
        assert await raw(again, "kept") == [(0, 1.0)]


async def test_all_survives_closing(store: MetricsStore, make: Callable[[], MetricsStore]) -> None:
    """Points, marks, counts, writers and the tick go on where they were."""
    await store.append([batch([1.0, 2.0], steps=[None, None])])
    before = (await exported(store), await store.summaries(["e"]), await store.writers(["e"]))
    await store.close()
    await store.close()
    async with make() as again:
        assert (await exported(again), await again.summaries(["e"]), await again.writers(["e"])) == before
        [answer] = await again.append([batch([2.0, 3.0], 2, steps=[None, None])])
        assert (answer.through, answer.tick) == (3, 2)
        assert await raw(again) == [(0, 1.0), (1, 2.0), (2, 3.0)]
    with pytest.raises(StoreError, match="is closed"):
        await store.append([batch([1.0])])


# --- Series ---------------------------------------------------------------------------------------


def _random_points(seed: int, n: int, *, steps: str) -> tuple[list[float], list[int | None]]:
    random = np.random.default_rng(seed)
    values = random.normal(size=n)
    values[random.random(n) < 0.1] = NAN
    values[random.random(n) < 0.05] = INF
    chosen: dict[str, list[int | None]] = {
        "rising": list(range(n)),
        "none": [None] * n,
        "shuffled": random.permutation(n).tolist(),
        "repeated": random.integers(0, max(n // 5, 1), n).tolist(),
        "mixed": [int(step) if step % 3 else None for step in random.integers(0, 2 * n, n)],
        "sparse": random.integers(0, 2**62, n).tolist(),
        "one": [7] * n,
    }
    return values.tolist(), chosen[steps]


def _check_buckets(series: Series, x: np.ndarray, value: np.ndarray, points: int) -> None:
    """Check that the buckets cut the sorted points into runs and say of each run what it holds."""
    columns = series.columns
    order = np.lexsort((np.arange(len(x)), x))
    x, value = x[order], value[order]
    assert list(columns) == ["x", "last", "min", "max", "mean", "count"]
    assert len(columns["x"]) <= max(points, 1) or points == 0
    assert series.total == columns["count"].sum() == len(x)
    assert series.non_finite == (~np.isfinite(value)).sum()
    ends = np.cumsum(columns["count"])
    for place, (start, end) in enumerate(zip(ends - columns["count"], ends, strict=True)):
        run = value[start:end]
        finite = run[np.isfinite(run)]
        wanted = (finite.min(), finite.max(), finite.mean()) if len(finite) else (NAN, NAN, NAN)
        told = [columns[name][place] for name in ("min", "max", "mean")]
        np.testing.assert_allclose(told, wanted, rtol=1e-12)
        np.testing.assert_equal(columns["last"][place], run[-1])
        assert columns["x"][place] == x[end - 1]


@pytest.mark.parametrize("steps", ["rising", "none", "shuffled", "repeated", "mixed", "sparse", "one"])
async def test_buckets_tell_the_truth_about_their_points(store: MetricsStore, steps: str) -> None:
    """For any steps and any number of buckets: last, min, max, mean and count of each, as numpy has them."""
    values, given_steps = _random_points(7, 300, steps=steps)
    for start in range(0, 300, 70):
        await store.append([batch(values[start : start + 70], start + 1, steps=given_steps[start : start + 70])])
    x = np.array([place if step is None else step for place, step in enumerate(given_steps)])
    low, high = np.quantile(x, [0.3, 0.6])
    inside = (x >= low) & (x <= high)
    for points in (0, 1, 10, 99, 1000):
        [series] = await store.series(SeriesQuery(["e"], ["loss"], points=points))
        _check_buckets(series, x, np.array(values), points)
        assert series.columns["x"].dtype == np.int64
        [zoomed] = await store.series(SeriesQuery(["e"], ["loss"], points=points, start=float(low), end=float(high)))
        _check_buckets(zoomed, x[inside], np.array(values)[inside], points)


@pytest.mark.parametrize("points", [10, 5000])
async def test_writers_of_one_metric_are_one_series(store: MetricsStore, points: int) -> None:
    """Buckets span all that the writers logged, wherever each of them began and ended."""
    random = np.random.default_rng(2)
    steps = {"v": range(400, 1400), "w": range(1000), "u": [5000]}
    values = {writer: random.normal(size=len(each)) for writer, each in steps.items()}
    values["w"][7] = NAN
    await store.append(
        [batch(values[writer].tolist(), writer=writer, steps=list(each)) for writer, each in steps.items()]
    )
    [series] = await store.series(SeriesQuery(["e"], ["loss"], points=points))
    assert (series.total, series.non_finite) == (2001, 1)
    _check_buckets(series, np.concatenate([*steps.values()]), np.concatenate([*values.values()]), points)


@pytest.mark.parametrize("points", [0, 7, 500])
async def test_time_can_be_the_axis(store: MetricsStore, points: int) -> None:
    """Buckets go by time then, over any range of times."""
    values, steps = _random_points(3, 300, steps="shuffled")
    times = np.random.default_rng(1).choice([0.0, 1.5e9, 1.7e9 + 0.25, 1.7e9 + 0.5, 1.8e9], 300)
    await store.append([batch(values, steps=steps, times=times.tolist())])
    [series] = await store.series(SeriesQuery(["e"], ["loss"], points=points, x="time"))
    _check_buckets(series, times, np.array(values), points)
    [later] = await store.series(SeriesQuery(["e"], ["loss"], points=points, x="time", start=1.6e9))
    _check_buckets(later, times[times >= 1.6e9], np.array(values)[times >= 1.6e9], points)


async def test_absurd_times_still_make_a_chart(store: MetricsStore) -> None:
    """Times whose range is no finite double neither fail nor lose a point."""
    times = [-1.7e308, 0.0, 1.7e308, 1.0]
    await store.append([batch([1.0, 2.0, 3.0, 4.0], times=times)])
    [series] = await store.series(SeriesQuery(["e"], ["loss"], points=2, x="time"))
    assert series.columns["count"].sum() == 4


async def test_many_series_are_answered_in_the_order_of_the_question(store: MetricsStore) -> None:
    """Experiments first, then names; repeated and unknown ones are left out; long and short ones mix."""
    for experiment in ("a", "b", "c"):
        n = {"a": 1000, "b": 10, "c": 100}[experiment]
        names = ["loss", "acc"] * (n // 2)
        await store.append([batch([float(n)] * n, experiment=experiment, names=names)])
    found = await store.series(SeriesQuery(["c", "none", "a", "b", "c"], ["loss", "x", "acc"], points=50))
    keys = [(one.experiment, one.name, one.total, len(one.columns["x"])) for one in found]
    assert keys == [
        ("c", "loss", 50, 50),
        ("c", "acc", 50, 50),
        ("a", "loss", 500, 50),
        ("a", "acc", 500, 50),
        ("b", "loss", 5, 5),
        ("b", "acc", 5, 5),
    ]
    assert {value for one in found for value in one.columns["last"].tolist()} == {1000.0, 10.0, 100.0}
    assert await store.series(SeriesQuery(["none"], ["loss"])) == []
    assert await store.series(SeriesQuery([], [])) == []


@pytest.mark.parametrize("across", ["none", "writers"])
async def test_a_range_without_points_is_an_empty_series(store: MetricsStore, across: Any) -> None:
    """All columns are there, and empty, also beside a series that has points in the range."""
    await store.append([batch([1.0, 2.0], names=["loss", "acc"], steps=[1, 100])])
    query = SeriesQuery(["e"], ["loss", "acc"], start=50, across=across)
    loss, acc = await store.series(query)
    assert (loss.total, acc.total) == (0, 1)
    assert list(loss.columns) == list(acc.columns)
    assert {len(column) for column in loss.columns.values()} == {0}
    both = await store.series(evolve(query, start=500))
    assert [list(one.columns) for one in both] == [list(acc.columns)] * 2


@pytest.mark.parametrize(("points", "has_steps"), [(0, True), (100, True), (7, True), (100, False), (7, False)])
async def test_across_writers_points_of_equal_x_are_one(store: MetricsStore, points: int, has_steps: bool) -> None:  # noqa: FBT001
    """Mean, extremes and quantiles over all writers per step, or per own count where there are no steps."""
    random = np.random.default_rng(5)
    values = random.normal(size=(9, 40))
    values[2, 3] = NAN
    values[:, 5] = INF
    steps = list(range(0, 80, 2)) if has_steps else [None] * 40
    for start in (0, 25):
        part = slice(start, start + 25)
        await store.append(
            [
                batch(values[one, part].tolist(), start + 1, writer=f"w{one}", steps=steps[part])
                for one in random.permutation(9)
            ]
        )
    [series] = await store.series(SeriesQuery(["e"], ["loss"], points=points, across="writers"))
    columns = series.columns
    assert list(columns) == ["x", "mean", "min", "max", "p5", "p50", "p95", "count"]
    assert (series.total, series.non_finite) == (360, 10)
    assert columns["count"].sum() == 360
    if points == 7:
        assert len(columns["x"]) == 7
        return
    assert columns["x"].tolist() == (list(range(0, 80, 2)) if has_steps else list(range(40)))
    for place in range(40):
        finite = values[:, place][np.isfinite(values[:, place])]
        told = [columns[name][place] for name in ("mean", "min", "max", "p5", "p50", "p95")]
        wanted = (
            [finite.mean(), finite.min(), finite.max(), *np.quantile(finite, [0.05, 0.5, 0.95])]
            if len(finite)
            else [NAN] * 6
        )
        np.testing.assert_allclose(told, wanted, rtol=1e-12)


@pytest.mark.parametrize(("points", "has_steps"), [(100, True), (7, True), (100, False)])
async def test_writers_are_taken_together_by_a_label(store: MetricsStore, points: int, has_steps: bool) -> None:  # noqa: FBT001
    """One series for each value, numbers in their order, and one for those without; each is right by itself."""
    random = np.random.default_rng(6)
    values = random.normal(size=(9, 40))
    steps = list(range(40)) if has_steps else [None] * 40
    groups = {"10": [0, 1, 2], "2": [3, 4], "a": [5, 6, 7], None: [8]}
    for label, places in groups.items():
        for place in places:
            await store.append([batch(values[place].tolist(), writer=f"w{place}", steps=steps)])
            await store.sign("e", f"w{place}", 1.0, "running", {"other": "x", **({"a/~b": label} if label else {})})
    await store.append([batch([1.0], experiment="other"), batch([1.0], names="acc", writer="w3", first_seq=41)])
    query = SeriesQuery(["e", "other"], ["loss", "acc"], points=points, across="writers", by="a/~b")
    found = await store.series(query)
    assert [(one.experiment, one.name, one.group) for one in found] == [
        *(("e", "loss", group) for group in ("2", "10", "a", None)),
        ("e", "acc", "2"),
        ("other", "loss", None),
    ]
    for one in found[:4]:
        members = values[groups[one.group]]
        assert list(one.columns) == ["x", "mean", "min", "max", "p5", "p50", "p95", "count"]
        assert one.total == members.size == one.columns["count"].sum()
        assert one.columns["min"].min() == members.min()
        assert len(one.columns["x"]) == min(points, 40)
        if points == 100:
            np.testing.assert_allclose(one.columns["mean"], members.mean(axis=0), rtol=1e-12)
    [whole] = await store.series(evolve(query, experiments=["e"], names=["loss"], by="nothing"))
    assert (whole.group, whole.total) == (None, 360)
    [alone] = await store.series(evolve(query, experiments=["e"], names=["loss"], by=None))
    for name, values_alone in alone.columns.items():  # the order of a sum is nobody's
        np.testing.assert_allclose(values_alone, whole.columns[name], rtol=1e-12)


async def test_reading_goes_on_while_points_are_written(store: MetricsStore) -> None:
    """A question sees whole groups only, whatever is committed meanwhile."""

    async def write() -> None:
        for turn in range(30):
            await store.append([batch([1.0] * 10, turn * 10 + 1)])

    writing = asyncio.create_task(write())
    totals = []
    while not writing.done():
        totals += [one.total for one in await store.series(SeriesQuery(["e"], ["loss"], points=3))]
    await writing
    assert all(total % 10 == 0 for total in totals)
    assert totals == sorted(totals)
    assert (await store.series(SeriesQuery(["e"], ["loss"])))[0].total == 300


# --- Export ---------------------------------------------------------------------------------------


async def test_an_export_is_in_the_order_of_arrival_and_goes_on_after_a_tick(
    store: MetricsStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chunks end with a whole tick, which is where a later export goes on."""
    for read in (duckdb_read, clickhouse_read):
        monkeypatch.setattr(read, "_CHUNK", 7)
    sent = []
    for turn in range(20):
        group = [batch([float(turn), 0.5], turn * 2 + 1, writer=writer, names=["b", "a"]) for writer in ("v", "u")]
        sent += [(turn, writer, name) for writer in ("v", "u") for name in ("b", "a")]
        await store.append([*group, batch([1.0], turn + 1, experiment="other")])
    chunks = [chunk async for chunk in store.export("e")]
    assert len(chunks) > 5
    arrived = [pair for chunk in chunks for pair in zip(column(chunk, "writer"), column(chunk, "name"), strict=True)]
    assert arrived == [(writer, name) for _, writer, name in sent]
    assert chunks[-1].tick == store.tick
    whole, cut = await exported(store), sum(len(chunk.value) for chunk in chunks[:3])
    assert await exported(store, after=chunks[2].tick) == whole[cut:]
    assert await exported(store, through=chunks[2].tick) == whole[:cut]
    assert await exported(store, after=store.tick) == []
    assert await exported(store, "unknown") == []


# --- Moving ---------------------------------------------------------------------------------------


async def test_an_experiment_is_restored_as_it_was(store: MetricsStore, tmp_path: Path) -> None:
    """Points, ordinals, summaries, writers and ids are those of the other; twice is once, and broken off is nothing."""
    async with DuckDBMetrics(tmp_path / "other.duckdb") as other:
        for first in (1, 4):
            metadata: list[str | None] = [None, "{}", None]
            steps = [None, 7, None]
            await other.append(
                [batch([NAN, -0.0, INF], first, writer=one, names=["a", "b", "a"], steps=steps, metadata=metadata)
                 for one in ("v", "w")]
            )  # fmt: skip
        await other.append([batch([1.0, 2.0], writer=None, msg_ids=["x", "y"], steps=[1, None], names="a")])
        await other.sign("e", "w", 1.8e9, "failed", {"rank": "1"})

        async def restore() -> int:
            return await store.restore(
                "e", other.export("e"), (await other.writers(["e"]))["e"], await other.messages("e")
            )

        assert [await restore() for _ in range(2)] == [14, 14]
        for each in ("a", "b"):
            assert repr(await raw(store, name=each)) == repr(await raw(other, name=each))
        assert repr(await exported(store)) == repr(await exported(other))
        assert repr(await store.summaries(["e"])) == repr(await other.summaries(["e"]))
        assert await store.writers(["e"]) == await other.writers(["e"])
        assert sorted(await store.messages("e")) == ["x", "y"]
        [numbered, named] = await store.append(
            [batch([0.0] * 7, names="a"), batch([0.0] * 2, writer=None, msg_ids=["y", "z"], names="a")]
        )
        assert [len(one.x) for one in numbered.new] == [1]
        assert [one.x.tolist() for one in named.new] == [[1]]

        async def broken() -> AsyncIterator[Any]:
            async for one in other.export("e"):
                yield one
            raise OSError

        with pytest.raises(OSError):  # noqa: PT011  # that one
            await store.restore("e", broken(), [], [])
        assert await store.writers(["e"]) == {"e": []}
        assert await exported(store) == []
