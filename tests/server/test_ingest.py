"""Batches become groups, and each request gets its own answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self

import pytest

from tests.server.test_lost import world
from tora import wire
from tora.errors import ToraValidationError
from tora.models import Experiment
from tora.server import ingest as ingest_module
from tora.server.catalog import Catalog
from tora.server.catalog.records import Place
from tora.server.ingest import Ingest
from tora.server.known import KnownExperiments
from tora.server.live import Hub
from tora.server.metrics.base import Appended, PointBatch, StoreError, StoreFullError
from tora.server.metrics.duckdb import DuckDBMetrics
from tora.server.refusals import Refusal

JSON = {"Content-Type": "application/json"}
BODY = b'{"logs": [{"name": "loss", "value": 1}]}'


class SlowStore:
    """A store that commits when the test says so."""

    def __init__(self) -> None:
        self.groups: list[list[str]] = []
        self.go = asyncio.Event()
        self.error: Exception | None = None

    async def append(self, batches: Sequence[PointBatch]) -> list[Appended]:
        """Take a group."""
        await self.go.wait()
        if self.error is not None:
            raise self.error
        self.groups.append([batch.experiment for batch in batches])
        return [Appended(len(batch.names), None, len(self.groups)) for batch in batches]


async def reached(condition: Callable[[], bool]) -> None:
    """Return when a condition holds."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110  # nothing tells of it
            await asyncio.sleep(0.001)


class Bench:
    """An ingest over a slow store and a catalog with the experiments a to e."""

    def __init__(self, folder: Path) -> None:
        self.store = SlowStore()
        self.catalog = Catalog.in_file(folder / "catalog.sqlite")
        self.known = KnownExperiments(self.catalog)
        self.ingest = Ingest(self.known, self.store, Hub())  # type: ignore[arg-type]  # append is all it uses

    async def __aenter__(self) -> Self:
        await self.catalog.open()
        for each in "abcde":
            await self.catalog.create_experiment(Experiment(each, each))
        await self.ingest.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.store.go.set()
        await self.ingest.__aexit__()
        await self.catalog.close()

    def send(self, experiment: str, body: bytes = BODY) -> asyncio.Task[Any]:
        """Store a batch in a task of its own."""
        return asyncio.create_task(self.ingest.store(experiment, body, wire.Batch))

    async def waiting(self, count: int) -> None:
        """Return when so many batches are in the queue."""
        await reached(lambda: len(self.ingest._queue) >= count)


def test_what_waits_becomes_one_group(tmp_path: Path) -> None:
    """While one group is being committed, all others gather into the next."""

    async def story() -> None:
        async with Bench(tmp_path) as bench:
            first = bench.send("a")
            await reached(lambda: "a" in bench.known and not bench.ingest._queue)
            rest = [bench.send(each) for each in "bcde"]
            await bench.waiting(4)
            bench.store.go.set()
            await asyncio.gather(first, *rest)
            assert [sorted(group) for group in bench.store.groups] == [["a"], ["b", "c", "d", "e"]]

    asyncio.run(story())


def test_a_wrong_batch_is_in_no_group(tmp_path: Path) -> None:
    """A batch that cannot be read is refused at once, whatever waits."""

    async def story() -> None:
        async with Bench(tmp_path) as bench:
            good = bench.send("a")
            with pytest.raises(ToraValidationError, match=r"logs\[0\]\.name"):
                await bench.send("a", b'{"logs": [{"name": "", "value": 1}]}')
            with pytest.raises(Refusal, match="no experiment"):
                await bench.send("z")
            bench.store.go.set()
            assert (await good)[1].accepted == 1

    asyncio.run(story())


@pytest.mark.parametrize("error", [StoreFullError("full"), StoreError("broken"), ZeroDivisionError()])
def test_a_group_that_fails_is_answered_and_the_next_is_tried(tmp_path: Path, error: Exception) -> None:
    """Each request of the group gets the error, and the ingest goes on."""

    async def story() -> None:
        async with Bench(tmp_path) as bench:
            bench.store.error = error
            tasks = [bench.send("a"), bench.send("b")]
            bench.store.go.set()
            assert await asyncio.gather(*tasks, return_exceptions=True) == [error, error]
            bench.store.error = None
            assert (await bench.send("a"))[1].accepted == 1

    asyncio.run(story())


def test_batches_of_a_deleted_experiment_are_not_stored(tmp_path: Path) -> None:
    """What still waits when its experiment is deleted is refused."""

    async def story() -> None:
        async with Bench(tmp_path) as bench:
            running = bench.send("a")
            doomed = [bench.send("b"), bench.send("b")]
            await bench.waiting(2)
            await bench.catalog.delete_experiment("b")
            bench.known.remove("b", Place(None, None))
            bench.store.go.set()
            await running
            for refused in await asyncio.gather(*doomed, return_exceptions=True):
                assert isinstance(refused, Refusal)
                assert refused.status == 404
            assert bench.store.groups == [["a"]]

    asyncio.run(story())


def test_the_end_waits_for_what_was_accepted(tmp_path: Path) -> None:
    """Closing stores every batch that is in the queue, though its sender is gone."""

    async def story() -> None:
        async with Bench(tmp_path) as bench:
            tasks = [bench.send(each) for each in "abc"]
            await bench.waiting(2)
            tasks[2].cancel()
        assert sorted(each for group in bench.store.groups for each in group) == ["a", "b", "c"]
        assert (await asyncio.gather(*tasks[:2]))[0][1].accepted == 1

    asyncio.run(story())


def test_bodies_under_way_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who comes when there is no room waits, gets it when some is given back, or is sent away with 503."""
    monkeypatch.setattr(ingest_module, "PATIENCE", 0.05)

    async def story() -> None:
        async with Bench(tmp_path) as bench, asyncio.timeout(10):
            rooms = [bench.ingest.room(None) for _ in range(6)]
            for room in rooms:
                await room.__aenter__()
            with pytest.raises(Refusal) as refused:
                await bench.ingest.room(10 * 1024 * 1024).__aenter__()
            assert (refused.value.status, refused.value.headers["Retry-After"]) == (503, "2")
            async with bench.ingest.room(100):
                pass
            await rooms[0].__aexit__(None, None, None)
            async with bench.ingest.room(None):
                pass
            for room in rooms[1:]:
                await room.__aexit__(None, None, None)

    asyncio.run(story())


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (StoreFullError("secret path"), 507, "storage_full"),
        (StoreError("secret path"), 503, "storage"),
        (ZeroDivisionError("secret path"), 500, "internal"),
    ],
)
def test_a_store_that_fails_is_answered_without_its_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int, code: str
) -> None:
    """The sender hears what to do; what went wrong inside stands in the log alone."""

    async def fail(*_: object) -> list[Appended]:
        raise error

    async def story() -> None:
        async with world(tmp_path) as made:
            await made.send("POST", "/experiments", {"id": "x", "name": "x"})
            monkeypatch.setattr(DuckDBMetrics, "append", fail)
            async with made._session.post(f"{made._base}/experiments/x/logs/batch", data=BODY, headers=JSON) as answer:
                assert answer.status == status
                assert (await answer.json())["error"]["code"] == code
                assert "secret" not in await answer.text()
            assert await made.send("GET", "/experiments/x/metrics") == []

    asyncio.run(story())
