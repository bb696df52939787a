"""Workers: handles of experiments that others created, and their labels."""

from __future__ import annotations

import pickle
import socket
from pathlib import Path
from typing import Any

import pytest

import tora
from tests.support.http import data, summaries
from tests.support.programs import journals
from tests.support.scripted import Asked, Reply, Scripted, scripted
from tests.support.serving import Server
from tora import AsyncTora
from tora._async.journal import Journal

REFUSAL = {"status": 400, "error": {"code": "validation", "message": "Object contains unknown field `labels`"}}


def labels(server: Server, experiment: str) -> list[dict[str, str]]:
    """Return the labels of the writers that have any, in order."""
    found = data(f"{server.url}/experiments/{experiment}/writers")
    return sorted((one["labels"] for one in found if one["labels"]), key=str)


def heartbeats(script: Scripted) -> list[Any]:
    """Return the bodies of all heartbeats."""
    return [asked.body for asked in script.asked if asked.path.endswith("/heartbeat")]


async def test_a_handle_logs_and_ends_nothing(server: Server) -> None:
    """Its metrics and labels arrive; the experiment goes on until its creator says that it is finished."""
    async with await AsyncTora.create_experiment("handles", server_url=server.url) as client:
        address = f"{server.url}/experiments/{client.experiment_id}"
        worker = await tora.aio.handle(
            client.experiment_id, 7, server_url=server.url, labels={"rank": 3, "role": "a b"}
        )
        async with worker:
            assert type(worker) is AsyncTora
            assert (worker.experiment_id, worker.url, worker.max_buffer_len) == (client.experiment_id, client.url, 7)
            await worker.log("reward", 1.0, step=1)
        assert data(address)["status"] == "running"
        assert labels(server, client.experiment_id) == [{"rank": "3", "role": "a b"}]
    assert data(address)["status"] == "finished"
    assert summaries(server.url, client.experiment_id)["reward"]["count"] == 1


async def test_the_creators_end_does_not_end_a_handle(server: Server) -> None:
    """A worker goes on logging to a finished experiment, which stays finished, also when the worker fails."""
    client = await AsyncTora.create_experiment("handles", server_url=server.url)
    worker = await tora.aio.handle(client.experiment_id, server_url=server.url)
    await client.shutdown()
    with pytest.raises(LookupError):  # noqa: PT012  # the block of the worker is what fails
        async with worker:
            await worker.log("late", 1.0)
            raise LookupError
    assert data(f"{server.url}/experiments/{client.experiment_id}")["status"] == "finished"
    assert summaries(server.url, client.experiment_id)["late"]["count"] == 1
    statuses = [one["status"] for one in data(f"{server.url}/experiments/{client.experiment_id}/writers")]
    assert sorted(statuses) == ["failed", "finished"]


async def test_a_handle_that_logs_nothing_leaves_no_sign(server: Server, own_world: Path) -> None:
    """It is no writer and has no file, however it ends."""
    client = await AsyncTora.create_experiment("handles", server_url=server.url)
    await tora.aio.handle(client.experiment_id, server_url=server.url)
    await (await tora.aio.handle(client.experiment_id, server_url=server.url)).shutdown()
    await client.shutdown()
    assert len(data(f"{server.url}/experiments/{client.experiment_id}/writers")) == 1
    assert journals(own_world) == []


async def test_a_pickled_handle_is_another_worker_with_the_same_labels(server: Server) -> None:
    """So a driver makes one handle for each actor, and gives it away."""
    async with await AsyncTora.create_experiment("handles", server_url=server.url) as client:
        worker = await tora.aio.handle(client.experiment_id, server_url=server.url, labels={"actor": "sampler-7"})
        async with pickle.loads(pickle.dumps(worker)) as other:  # noqa: S301  # made here
            await other.log("reward", 1.0)
    assert labels(server, client.experiment_id) == [{"actor": "sampler-7"}]


async def test_an_unknown_experiment_has_no_handle(server: Server) -> None:
    """As with loading, the error says which experiment."""
    with pytest.raises(tora.ToraExperimentError, match="no-such-experiment"):
        await tora.aio.handle("no-such-experiment", server_url=server.url)


@pytest.mark.parametrize(
    "wrong",
    [
        {"labels": ["rank"]},
        {"labels": {"": "3"}},
        {"labels": {"rank": ""}},
        {"labels": {"rank": 1.5}},
        {"labels": {"rank": True}},
        {"labels": {"x" * 51: "3"}},
        {"labels": {"rank": "x" * 101}},
        {"labels": {3: "3"}},
        {"labels": {str(number): "x" for number in range(17)}},
        {"max_buffer_len": 0},
        {"experiment_id": "has blanks"},
    ],
)
async def test_wrong_arguments_of_a_handle_are_found_before_anything_is_sent(wrong: dict[str, Any]) -> None:
    """What breaks a limit is refused at the call, without a server."""
    arguments: dict[str, Any] = {"experiment_id": "x", "server_url": "http://127.0.0.1:1", **wrong}
    with pytest.raises(tora.ToraValidationError):
        await tora.aio.handle(**arguments)


async def test_the_environment_labels_each_writer(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rank is found, TORA_LABELS comes before it, what a handle is given before both; each writer looks itself."""
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "4")
    node = socket.gethostname()
    async with await AsyncTora.create_experiment("ranks", server_url=server.url) as client:
        await client.log("loss", 1.0)
        monkeypatch.setenv("TORA_LABELS", "rank=7, role=eval")
        async with pickle.loads(pickle.dumps(client)) as second:  # noqa: S301  # made here
            await second.log("loss", 1.0)
        async with await tora.aio.handle(client.experiment_id, server_url=server.url, labels={"rank": 9}) as third:
            await third.log("loss", 1.0)
    assert labels(server, client.experiment_id) == [
        {"rank": "1", "node": node},
        {"rank": "7", "role": "eval", "node": node},
        {"rank": "9", "role": "eval", "node": node},
    ]


async def test_a_wrong_setting_is_told_at_the_opening(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the variable and what is wrong with it."""
    monkeypatch.setenv("TORA_LABELS", "rank=3,sampler")
    with pytest.raises(tora.ToraConfigurationError, match=r"TORA_LABELS.*'sampler' has no ="):
        await AsyncTora.create_experiment("labels", server_url="http://127.0.0.1:1")


async def test_an_offline_handle_is_a_journal_of_a_worker(own_world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No request is made; the journal has the labels, and does not create the experiment."""
    monkeypatch.setenv("TORA_MODE", "offline")
    async with await tora.aio.handle("elsewhere", labels={"rank": 3}) as worker:
        await worker.log("reward", 1.0)
    [path] = journals(own_world)
    journal, _, _ = Journal.open(path)
    journal.close(remove=False)
    assert (journal.header.experiment, journal.header.labels) == ("elsewhere", {"rank": "3"})
    assert journal.header.create is None


async def test_a_disabled_handle_does_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every call works."""
    monkeypatch.setenv("TORA_MODE", "disabled")
    async with await tora.aio.handle("elsewhere", labels={"rank": 3}) as worker:
        await worker.log("reward", 1.0)
    assert worker.stats.logged == 0


async def test_without_labels_nothing_more_is_asked() -> None:
    """A plain single process makes no request for them."""
    with scripted() as script:
        async with await AsyncTora.create_experiment("plain", server_url=script.url) as client:
            await client.log("loss", 1.0)
    assert heartbeats(script) == []


async def test_labels_go_before_the_first_metrics_and_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many batches follow, one heartbeat tells them."""
    monkeypatch.setenv("TORA_LABELS", "rank=3")
    with scripted() as script:
        async with await AsyncTora.create_experiment("labels", server_url=script.url) as client:
            for _ in range(3):
                await client.log("loss", 1.0)
                await client.flush()
    paths = [asked.path.rpartition("/")[2] for asked in script.asked]
    assert paths[1:3] == ["heartbeat", "batch"]
    assert [beat["labels"] for beat in heartbeats(script)] == [{"rank": "3"}]


async def test_an_older_server_that_refuses_labels_gets_the_metrics(monkeypatch: pytest.MonkeyPatch) -> None:
    """Delivery goes on, and it is not asked again."""
    monkeypatch.setenv("TORA_LABELS", "rank=3")

    def answer(asked: Asked) -> Reply | None:
        return Reply(400, REFUSAL) if "labels" in (asked.body or {}) else None

    with scripted(answer) as script:
        async with await tora.aio.handle("scripted", server_url=script.url) as worker:
            for _ in range(2):
                await worker.log("loss", 1.0)
                assert (await worker.flush()).waiting == 0
    assert len(script.metrics()) == 2
    assert [(beat.get("labels"), beat.get("status")) for beat in heartbeats(script)] == [
        ({"rank": "3"}, None),
        (None, "finished"),
    ]


async def test_labels_that_did_not_arrive_are_told_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that had trouble with the first heartbeat learns them with the next metrics, or at the end."""
    monkeypatch.setenv("TORA_LABELS", "rank=3")
    left = [Reply(503, {}), Reply(0)]

    def answer(asked: Asked) -> Reply | None:
        return left.pop(0) if left and "labels" in (asked.body or {}) else None

    with scripted(answer) as script:
        async with await AsyncTora.create_experiment("labels", server_url=script.url) as client:
            for _ in range(2):
                await client.log("loss", 1.0)
                assert (await client.flush()).waiting == 0
    assert len(script.metrics()) == 2
    assert [beat["labels"] for beat in heartbeats(script)] == [{"rank": "3"}] * 3
