"""A full disk: points are refused, reading goes on, and with room everything is stored once, without a restart."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.server.conftest import refusal
from tests.server.test_lost import World, world
from tests.server.test_process import ended, spawn
from tests.support import http
from tests.support.http import Answer
from tests.support.limits import filled_disk, limited_files, small_disk
from tests.support.polling import aio_until, until
from tests.support.senders import Sender, create, sending, stored
from tests.support.serving import Server, serving
from tora import AsyncTora
from tora.server.metrics.base import StoreFullError
from tora.server.metrics.duckdb import DuckDBMetrics

Full = Callable[[Server], AbstractContextManager[None]]


@pytest.fixture(params=["limit", "disk"])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Path, Full]]:
    """A place for data folders, and what makes it full for a server that uses it."""
    if request.param == "limit":
        yield tmp_path, lambda server: limited_files(server, largest(server.dir) + 10_000)
        return
    with small_disk(tmp_path / "disk", 32) as place:
        yield place, lambda _: filled_disk(place)


def largest(folder: Path) -> int:
    """Return the size of the largest log in a data folder: the file that grows next."""
    return max(path.stat().st_size for path in folder.iterdir() if path.name.endswith((".wal", "-wal")))


def create_large(server: Server, experiment: str) -> Answer:
    """Create an experiment that takes some room."""
    body = {"id": experiment, "name": experiment, "description": "d" * 9000}
    return http.request("POST", f"{server.url}/experiments", body)


def is_full(answer: Answer) -> bool:
    """Return whether an answer is the refusal of a full disk; no other is allowed but success."""
    if answer.status == 201:
        return False
    assert "disk is full" in refusal(answer, 507, "storage_full")
    return True


def check_reading(server: Server, at_least: int) -> None:
    """Check that every way of reading works, down to the page."""
    assert http.data(f"{server.url}/health")["protocol"] == 1
    assert http.summaries(server.url, "x")["loss"]["count"] >= at_least
    assert http.data(f"{server.url}/series?experiment=x&name=loss")["series"][0]["total"] >= at_least
    assert [one["id"] for one in http.data(f"{server.url}/experiments")["items"]][-1] == "x"
    for path in ("/", "/e/x", "/experiments/x/writers", "/experiments/x/export?format=jsonl"):
        assert http.request("GET", f"{server.url}{path}").status == 200


def test_a_full_disk_refuses_batches_and_serves_reads(disk: tuple[Path, Full]) -> None:
    """Senders get 507, readers their answers; with room again each metric is stored once, also after a SIGKILL."""
    place, full = disk
    senders = [Sender(0, "x", f"w{number}", 2000) for number in range(4)]
    with serving(place / "data") as server:
        create(server.url, "x")
        for sender in senders:
            sender.port = server.port
        with sending(senders):
            until(lambda: all(sender.through for sender in senders), "first batch of each sender")
            with full(server):
                until(lambda: all(sender.answers[507] > 2 for sender in senders), "refusal of each sender")
                check_reading(server, sum(sender.through for sender in senders))
        assert {status for sender in senders for status in sender.answers} == {201, 507}
        server.stop(signal.SIGKILL)
        assert "Traceback" not in server.said()
    with serving(place / "data") as again:
        assert stored(again.url, ["x"]) == {sender.writer: list(range(1, 2001)) for sender in senders}


def test_a_full_disk_refuses_experiments(disk: tuple[Path, Full]) -> None:
    """Creating and changing one is answered with 507, reading is not, and nothing is half there."""
    place, full = disk
    with serving(place / "data") as server:
        create(server.url, "x")
        with full(server):
            made = [f"made-{number}" for number in range(50) if not is_full(create_large(server, f"made-{number}"))]
            assert len(made) < 50
            assert is_full(http.request("PATCH", f"{server.url}/experiments/x", {"notes": "n" * 9000}))
            check = [one["id"] for one in http.data(f"{server.url}/experiments")["items"]]
            assert check == [*reversed(made), "x"]
        assert create_large(server, "later").status == 201
        assert http.request("PATCH", f"{server.url}/experiments/x", {"notes": "n" * 9000}).status == 200
        server.stop(signal.SIGKILL)
    with serving(place / "data") as again:
        assert [one["id"] for one in http.data(f"{again.url}/experiments")["items"]] == ["later", *reversed(made), "x"]
        assert http.data(f"{again.url}/experiments/x")["notes"] == "n" * 9000


async def test_a_client_outlives_a_full_disk(tmp_path: Path) -> None:
    """What a client logs meanwhile waits, and is stored once when there is room."""
    with serving(tmp_path / "data") as server:
        client = await AsyncTora.create_experiment("x", server_url=server.url)
        await client.log("loss", 0.0, step=0)
        await client.flush()
        with limited_files(server, (server.dir / "metrics.duckdb.wal").stat().st_size):
            for step in range(1, 1000):
                await client.log("loss", float(step), step=step)
            await aio_until(lambda: client.stats.error, "word of the refusal")
            assert "507" in str(client.stats.error)
        stats = await client.flush()
        assert (stats.stored, stats.waiting, stats.dropped) == (1000, 0, 0)
        [values] = stored(server.url, [client.experiment_id]).values()
        assert values == list(range(1000))
        await client.shutdown()


async def test_who_meets_a_full_disk_is_alive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Writers whose batches are refused for want of room are not shown as lost."""

    async def refuse(*_: object) -> None:
        raise StoreFullError("no room")

    async def log_in_vain(made: World, writer: str | None) -> None:
        headers = {"x-tora-writer": writer} if writer else {}
        body = {"logs": [{"name": "loss", "value": 1}]}
        url = f"{made._base}/experiments/{writer or 'anybody'}/logs/batch"
        async with made._session.post(url, json=body, headers=headers) as answer:
            assert answer.status == 507

    async with world(tmp_path) as made:
        await made.send("POST", "/experiments", {"id": "named", "name": "x"}, writer="named")
        await made.send("POST", "/experiments", {"id": "anybody", "name": "x"})
        await made.send("POST", "/experiments", {"id": "silent", "name": "x"}, writer="silent")
        monkeypatch.setattr(DuckDBMetrics, "append", refuse)
        for _ in range(2):
            made.pass_time(80)
            await log_in_vain(made, "named")
            await log_in_vain(made, None)
        assert [await made.status(each) for each in ("named", "anybody", "silent")] == ["running", "running", "lost"]


@pytest.mark.parametrize("used", [False, True], ids=["new", "used"])
def test_a_start_on_a_full_disk_says_so(tmp_path: Path, *, used: bool) -> None:
    """The server ends with 5, names what it cannot write, and loses nothing; with room it starts."""
    with small_disk(tmp_path / "disk", 32) as place:
        folder = place / "data"
        if used:
            leave_logs(folder)
        with filled_disk(place):
            code, said = ended(spawn(folder, "--port", "0"))
            assert (code, "Traceback" in said) == (5, False), said
            assert str(folder) in said
        with serving(folder) as server:
            create(server.url, "x")
            assert stored(server.url, ["x"]) == ({"w": list(range(1, 501))} if used else {})


def leave_logs(folder: Path) -> None:
    """Run a server and kill it, so that there are logs that were not folded in."""
    with serving(folder) as server:
        create(server.url, "x")
        with sending([Sender(server.port, "x", "w", 500)]):
            pass
        server.stop(signal.SIGKILL)
