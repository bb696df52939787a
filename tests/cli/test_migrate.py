"""`tora migrate`: all that a server keeps is in the other stores, compared, whatever interrupted it; or nothing is."""

from __future__ import annotations

import asyncio
import json
import math
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from typer.testing import CliRunner, Result

from tests.support import http
from tests.support.clickhouse import ClickHouse
from tests.support.polling import until
from tests.support.postgres import Postgres
from tests.support.serving import clean_environment, serving
from tora.cli import app
from tora.models import Experiment
from tora.server.catalog import console, moves, transfer
from tora.server.metrics.base import Chunk, PointBatch
from tora.server.metrics.duckdb import DuckDBMetrics
from tora.server.moving.checksum import Checksum
from tora.server.moving.errors import DifferenceError, MoveError, TargetTakenError
from tora.server.moving.move import Move
from tora.server.moving.side import Side, opened
from tora.server.options import Options

EXPERIMENTS: Final = 30
POINTS: Final = 400
BATCH: Final = "/experiments/e0/logs/batch"


def migrate(*words: object) -> Result:
    """Run the command to its end, in this process, which has loaded all of it."""
    return CliRunner().invoke(app, ["migrate", *map(str, words)])


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of a server that has ended: people, keys, records, and points of each kind."""
    folder = tmp_path_factory.mktemp("embedded") / "data"
    with serving(folder) as server:
        http.use_key(server.url, server.key)
        http.request("POST", f"{server.url}/workspaces", {"name": "team"})
        http.request("POST", f"{server.url}/api-keys", {"name": "kept", "scope": "full"})
        pairs = [{"key": "lr", "value": 0.1}, {"key": "layers", "value": [1, 2]}]
        body = {
            "name": "first",
            "id": "e0",
            "tags": ["a", "b"],
            "hyperparams": pairs,
            "context": {"git": {"dirty": True}},
        }
        http.request("POST", f"{server.url}/experiments", body)
        lines = [{"line": 1, "time": 1.5, "stream": "stdout", "text": "epoch 1"}]
        http.request("POST", f"{server.url}/experiments/e0/console", {"writer": "w0", "first": 1, "lines": lines})
        logs = [{"name": "loss", "value": 1, "step": 1, "msg_id": f"m{place}"} for place in range(3)]
        http.request("POST", f"{server.url}{BATCH}", {"logs": logs})
    asyncio.run(_fill(folder))
    return folder


async def _fill(folder: Path) -> None:
    async with opened(Options(dir=folder), target=False) as stores:
        for place in range(1, EXPERIMENTS):
            await stores.catalog.create_experiment(Experiment(id=f"e{place}", name=f"number {place}"))
        for place in range(EXPERIMENTS - 1):  # the last has none
            await stores.metrics.append([_batch(f"e{place}", f"w{writer}") for writer in range(2)])
        await stores.metrics.sign("e0", "w1", 1.8e9, "failed", {"rank": "1"})


def _batch(experiment: str, writer: str) -> PointBatch:
    special = [math.nan, math.inf, -math.inf, -0.0, 5e-324]
    return PointBatch(
        experiment=experiment,
        writer=writer,
        first_seq=1,
        names=[("loss", "acc", "train/lr")[place % 3] for place in range(POINTS)],
        values=[*special, *(math.sin(place) for place in range(POINTS - len(special)))],
        steps=[None if place % 7 == 0 else place // 3 for place in range(POINTS)],
        times=[1.7e9 + place / 3 for place in range(POINTS)],
        metadata=['{"ü": "\\u0000"}' if place % 50 == 0 else None for place in range(POINTS)],
        msg_ids=[None] * POINTS,
        received=1.7e9 + 0.1,
    )


async def _contents(options: Options) -> dict[str, Any]:
    """Return all that is in a server's stores, of the points their checksums."""
    async with opened(options, target=False) as stores:
        tables = await stores.catalog.run(transfer.counts)
        ids = await stores.catalog.run(transfer.experiment_ids)
        points = {}
        for id_ in ids:
            checksum = Checksum()
            async for chunk in stores.metrics.export(id_):
                checksum.add(chunk)
            points[id_] = checksum.points, checksum.hexdigest()
        writers = await stores.metrics.writers(ids)
        return {
            "tables": tables,
            "points": points,
            "writers": {id_: {one.writer: one for one in each} for id_, each in writers.items()},
            "summaries": repr(await stores.metrics.summaries(ids)),
            "messages": {id_: sorted(await stores.metrics.messages(id_)) for id_ in ids},
        }


def contents(options: Options) -> dict[str, Any]:
    """Return all that is in a server's stores."""
    return asyncio.run(_contents(options))


@pytest.fixture(scope="module")
def there(source: Path) -> dict[str, Any]:
    """What is in the source before anything is moved."""
    return contents(Options(dir=source))


def test_everything_is_in_the_other_folder(source: Path, there: dict[str, Any], tmp_path: Path) -> None:
    """Records, points, summaries, marks and ids are the same, the source is as before, and the new server goes on."""
    done = migrate("--from", source, "--to", tmp_path / "data", "--json")
    assert done.exit_code == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["experiments"] == EXPERIMENTS
    assert told["points"] == sum(count for count, _ in there["points"].values()) > 20_000
    assert told["rows"] == {name: table.rows for name, table in there["tables"].items()}
    assert contents(Options(dir=tmp_path / "data")) == there == contents(Options(dir=source))
    with serving(tmp_path / "data") as server:
        # A batch that was stored by the old server is known to the new one, by number and by id.
        http.use_key(server.url, server.key)
        points = [{"name": "loss", "value": place, "step": place} for place in range(POINTS + 5)]
        answer = http.request("POST", f"{server.url}{BATCH}", {"writer": "w0", "firstSeq": 1, "logs": points})
        assert answer.json()["data"]["through"] == POINTS + 5
        repeated = [{"name": "loss", "value": 1, "step": 1, "msg_id": f"m{place}"} for place in range(4)]
        assert http.request("POST", f"{server.url}{BATCH}", {"logs": repeated}).status == 201
        count = sum(each["count"] for each in http.summaries(server.url, "e0").values())
        assert count == 3 + 2 * POINTS + 5 + 1


def test_a_killed_one_goes_on(source: Path, there: dict[str, Any], tmp_path: Path) -> None:
    """After a SIGKILL no server takes what is there, the same command moves the rest, and nothing is there twice."""
    target = tmp_path / "data"
    process = subprocess.Popen(
        [sys.executable, "-m", "tora", "migrate", "--from", str(source), "--to", str(target)], env=clean_environment()
    )
    until(lambda: _acknowledged(target) > 3 or process.poll() is not None, "point in the target")
    process.kill()
    assert process.wait() == -9
    server = subprocess.run(
        [sys.executable, "-m", "tora", "server", "--dir", str(target), "--port", "0"],
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert server.returncode == 5
    assert "tora migrate" in server.stderr
    done = migrate("--from", source, "--to", target, "--json")
    assert done.exit_code == 0, done.stderr
    told = json.loads(done.stdout)
    assert 0 < told["resumed"] < told["points"]
    assert contents(Options(dir=target)) == there
    again = migrate("--from", source, "--to", target)
    assert (again.exit_code, again.stdout) == (0, "")
    assert "before" in again.stderr
    assert contents(Options(dir=target)) == there


def _acknowledged(folder: Path) -> int:
    """Return the number of the newest group in a folder that a process has open."""
    try:
        return int((folder / "metrics.duckdb.mark").read_text("ascii") or 0)
    except OSError:
        return 0


def test_to_the_engines_and_back(
    source: Path, there: dict[str, Any], postgres: Postgres, clickhouse: ClickHouse, tmp_path: Path
) -> None:
    """In PostgreSQL and ClickHouse is what was in the folder, and in another folder what is there."""
    urls = postgres.new_database(), clickhouse.new_database()
    done = migrate("--from", source, "--to-catalog", urls[0], "--to-metrics", urls[1])
    assert done.exit_code == 0, done.stderr
    assert "p%40ss" not in done.stdout + done.stderr
    there_now = contents(Options(dir=tmp_path / "none", catalog=urls[0], metrics=urls[1]))
    assert there_now == there
    settings = tmp_path / "server.toml"
    settings.write_text(f'catalog = "{urls[0]}"\nmetrics = "{urls[1]}"\n', encoding="utf-8")
    done = migrate("--from", settings, "--to", tmp_path / "back")
    assert done.exit_code == 0, done.stderr
    assert contents(Options(dir=tmp_path / "back")) == there
    # The database goes on counting where the file was.
    asyncio.run(_print(Options(dir=tmp_path / "none", catalog=urls[0], metrics=urls[1])))


async def _print(options: Options) -> None:
    async with opened(options, target=False) as stores:
        assert await stores.catalog.run(console.append, "e0", "late", 1, [console.Printed(1.0, "stdout", "on")]) == 1


def test_only_empty_places_are_moved_to(source: Path, tmp_path: Path) -> None:
    """What holds something, or is another move's, is refused and stays as it is; a server's folder as well."""
    with serving(tmp_path / "used") as server:
        owned = migrate("--from", source, "--to", server.dir)
        assert owned.exit_code == 3
        assert server.url in owned.stderr
    before = contents(Options(dir=tmp_path / "used"))
    used = migrate("--from", source, "--to", tmp_path / "used")
    assert used.exit_code == 4
    assert "in use" in used.stderr
    assert contents(Options(dir=tmp_path / "used")) == before

    async def begin(source: Path, target: Path) -> None:
        async with _move(source, target) as move:
            await move.begin()

    asyncio.run(begin(tmp_path / "used", tmp_path / "half"))
    other = migrate("--from", source, "--to", tmp_path / "half")
    assert other.exit_code == 4
    assert "another server" in other.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--from", "{source}", "--to", "{source}"], "same stores"),
        (["--from", "{empty}", "--to", "{empty}/new"], "no data folder"),
        (["--from", "{source}"], "--to-catalog and --to-metrics"),
        (["--from-catalog", "sqlite://", "--to", "{empty}"], "--from-metrics"),
    ],
)
def test_what_cannot_be_is_said(source: Path, tmp_path: Path, words: list[str], said: str) -> None:
    """A command that makes no sense says what it lacks, and makes nothing."""
    done = migrate(*(word.format(source=source, empty=tmp_path) for word in words))
    assert done.exit_code == 1
    assert said in done.stderr
    assert list(tmp_path.iterdir()) == []


@asynccontextmanager
async def _move(source: Path, target: Path) -> AsyncIterator[Move]:
    async with opened(Options(dir=source), target=False) as here, opened(Options(dir=target), target=True) as there:
        yield Move(here, there)


class Changing(DuckDBMetrics):
    """A store that gives back a zero without its sign."""

    async def export(
        self, experiment: str, after_tick: int = 0, through_tick: int | None = None
    ) -> AsyncIterator[Chunk]:
        """Yield the points, with one bit changed."""
        async for chunk in super().export(experiment, after_tick, through_tick):
            chunk.value[chunk.value == 0] = 0.0
            yield chunk


async def test_one_changed_bit_is_found(source: Path, tmp_path: Path) -> None:
    """What comes back from the target is compared bit for bit; such experiments are moved again by the next one."""
    async with _move(source, tmp_path / "data") as move:
        bad = Changing(tmp_path / "other.duckdb")
        async with bad:
            wrong = Move(move.source, Side("other", move.target.catalog, bad))
            await wrong.begin()
            await wrong.copy(lambda _: None)
            with pytest.raises(DifferenceError, match="29 of 29"):
                await wrong.check(lambda _: None)
            assert await move.target.catalog.run(moves.noted) == {}


async def test_a_source_that_changes_is_noticed(source: Path, tmp_path: Path) -> None:
    """Points that somebody logs while all is moved are not lost unnoticed: it fails, and the next one moves them."""
    first = tmp_path / "first"
    async with _move(source, first) as move:
        await move.begin()
        await move.copy(lambda _: None)
        await move.check(lambda _: None)
        await move.finish()
    async with _move(first, tmp_path / "second") as move:
        await move.begin()
        await move.copy(lambda _: None)
        await move.check(lambda _: None)
        await move.source.metrics.append([_batch("e5", "late")])
        with pytest.raises(MoveError, match="e5"):
            await move.finish()
        plan = await move.begin()
        assert plan.points - plan.done == 3 * POINTS
        await move.copy(lambda _: None)
        await move.check(lambda _: None)
        await move.finish()
    async with _move(first, tmp_path / "second") as move:
        assert (await move.begin()).finished
        await move.source.metrics.append([_batch("e5", "later")])
        with pytest.raises(TargetTakenError, match="has changed since"):
            await move.begin()


def chunk(values: list[float], **columns: Any) -> Chunk:
    """Make a chunk."""
    import numpy as np

    n = len(values)
    return Chunk(
        name=np.array(columns.get("names", ["a"] * n), object),
        writer=np.array(columns.get("writers", ["w"] * n), object),
        step=np.ma.array(columns.get("steps", range(n)), np.int64, mask=columns.get("bare", [False] * n)),
        value=np.array(values),
        time=np.array(columns.get("times", [1.0] * n)),
        metadata=np.array(columns.get("metadata", [None] * n), object),
    )


def checksum(*chunks: Chunk) -> str:
    """Return the checksum of chunks."""
    found = Checksum()
    for one in chunks:
        found.add(one)
    return found.hexdigest()


def test_the_checksum_is_of_the_points_not_of_the_chunks() -> None:
    """However points are cut into chunks, it is the same."""
    columns: dict[str, list[Any]] = {"names": ["a", "b", "a", "c"], "metadata": [None, "{}", None, '{"k": 1}']}
    whole = chunk([1.0, math.nan, -0.0, 2.0], **columns)
    parts = [
        chunk([value], steps=[place], **{name: column[place : place + 1] for name, column in columns.items()})
        for place, value in enumerate([1.0, math.nan, -0.0, 2.0])
    ]
    assert checksum(whole) == checksum(*parts)


@pytest.mark.parametrize(
    "other",
    [
        lambda: chunk([0.0, 2.0]),
        lambda: chunk([2.0, -0.0], steps=[1, 0]),
        lambda: chunk([-0.0, 2.0], names=["a", "b"]),
        lambda: chunk([-0.0, 2.0], writers=["w", "v"]),
        lambda: chunk([-0.0, 2.0], bare=[True, False]),
        lambda: chunk([-0.0, 2.0], times=[1.0, math.nextafter(1, 2)]),
        lambda: chunk([-0.0, 2.0], metadata=[None, "{}"]),
        lambda: chunk([-0.0]),
    ],
)
def test_the_checksum_sees_every_difference(other: Callable[[], Chunk]) -> None:
    """A sign, an order, a name, a writer, a step, a time, metadata, a missing point: each makes another."""
    assert checksum(other()) != checksum(chunk([-0.0, 2.0]))
