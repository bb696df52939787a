# Made by tools/sync.py from tests/_async/test_workers.py; edit that file, then run: python tools/sync.py
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
from tora import Tora
from tora._async.journal import Journal

REFUSAL = {"status": 400, "error": {"code": "validation", "message": "Object contains unknown field `labels`"}}


def labels(server: Server, experiment: str) -> list[dict[str, str]]:
    """Return the labels of the writers that have any, in order."""
    found = data(f"{server.url}/experiments/{experiment}/writers")
    return sorted((one["labels"] for one in found if one["labels"]), key=str)


def heartbeats(script: Scripted) -> list[Any]:
    """Return the bodies of all heartbeats."""
    return [asked.body for asked in script.asked if asked.path.endswith("/heartbeat")]


def test_a_handle_logs_and_ends_nothing(server: Server) -> None:
    """Its metrics and labels arrive; the experiment goes on until its creator says that it is finished."""
    with Tora.create_experiment("handles", server_url=server.url) as client:
        address = f"{server.url}/experiments/{client.experiment_id}"
        worker = tora.handle(client.experiment_id, 7, server_url=server.url, labels={"rank": 3, "role": "a b"})
        with worker:
            assert type(worker) is Tora
            assert (worker.experiment_id, worker.url, worker.max_buffer_len) == (client.experiment_id, client.url, 7)
            worker.log("reward", 1.0, step=1)
        assert data(address)["status"] == "running"
        assert labels(server, client.experiment_id) == [{"rank": "3", "role": "a b"}]
    assert data(address)["status"] == "finished"
    assert summaries(server.url, client.experiment_id)["reward"]["count"] == 1


def test_the_creators_end_does_not_end_a_handle(server: Server) -> None:
    """A worker goes on logging to a finished experiment, which stays finished, also when the worker fails."""
    client = Tora.create_experiment("handles", server_url=server.url)
    worker = tora.handle(client.experiment_id, server_url=server.url)
    client.shutdown()
    with pytest.raises(LookupError):  # noqa: PT012  # the block of the worker is what fails
        with worker:
            worker.log("late", 1.0)
            raise LookupError
    assert data(f"{server.url}/experiments/{client.experiment_id}")["status"] == "finished"
    assert summaries(server.url, client.experiment_id)["late"]["count"] == 1
    statuses = [one["status"] for one in data(f"{server.url}/experiments/{client.experiment_id}/writers")]
    assert sorted(statuses) == ["failed", "finished"]


def test_a_handle_that_logs_nothing_leaves_no_sign(server: Server, own_world: Path) -> None:
    """It is no writer and has no file, however it ends."""
    client = Tora.create_experiment("handles", server_url=server.url)
    tora.handle(client.experiment_id, server_url=server.url)
    (tora.handle(client.experiment_id, server_url=server.url)).shutdown()
    client.shutdown()
    assert len(data(f"{server.url}/experiments/{client.experiment_id}/writers")) == 1
    assert journals(own_world) == []


def test_a_pickled_handle_is_another_worker_with_the_same_labels(server: Server) -> None:
    """So a driver makes one handle for each actor, and gives it away."""
    with Tora.create_experiment("handles", server_url=server.url) as client:
        worker = tora.handle(client.experiment_id, server_url=server.url, labels={"actor": "sampler-7"})
        with pickle.loads(pickle.dumps(worker)) as other:  # noqa: S301  # made here
            other.log("reward", 1.0)
    assert labels(server, client.experiment_id) == [{"actor": "sampler-7"}]


def test_an_unknown_experiment_has_no_handle(server: Server) -> None:
    """As with loading, the error says which experiment."""
    with pytest.raises(tora.ToraExperimentError, match="no-such-experiment"):
        tora.handle("no-such-experiment", server_url=server.url)


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
def test_wrong_arguments_of_a_handle_are_found_before_anything_is_sent(wrong: dict[str, Any]) -> None:
    """What breaks a limit is refused at the call, without a server."""
    arguments: dict[str, Any] = {"experiment_id": "x", "server_url": "http://127.0.0.1:1", **wrong}
    with pytest.raises(tora.ToraValidationError):
        tora.handle(**arguments)


def test_the_environment_labels_each_writer(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rank is found, TORA_LABELS comes before it, what a handle is given before both; each writer looks itself."""
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "4")
    node = socket.gethostname()
    with Tora.create_experiment("ranks", server_url=server.url) as client:
        client.log("loss", 1.0)
        monkeypatch.setenv("TORA_LABELS", "rank=7, role=eval")
        with pickle.loads(pickle.dumps(client)) as second:  # noqa: S301  # made here
            second.log("loss", 1.0)
        with tora.handle(client.experiment_id, server_url=server.url, labels={"rank": 9}) as third:
            third.log("loss", 1.0)
    assert labels(server, client.experiment_id) == [
        {"rank": "1", "node": node},
        {"rank": "7", "role": "eval", "node": node},
        {"rank": "9", "role": "eval", "node": node},
    ]


def test_a_wrong_setting_is_told_at_the_opening(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the variable and what is wrong with it."""
    monkeypatch.setenv("TORA_LABELS", "rank=3,sampler")
    with pytest.raises(tora.ToraConfigurationError, match=r"TORA_LABELS.*'sampler' has no ="):
        Tora.create_experiment("labels", server_url="http://127.0.0.1:1")


def test_an_offline_handle_is_a_journal_of_a_worker(own_world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No request is made; the journal has the labels, and does not create the experiment."""
    monkeypatch.setenv("TORA_MODE", "offline")
    with tora.handle("elsewhere", labels={"rank": 3}) as worker:
        worker.log("reward", 1.0)
    [path] = journals(own_world)
    journal, _, _ = Journal.open(path)
    journal.close(remove=False)
    assert (journal.header.experiment, journal.header.labels) == ("elsewhere", {"rank": "3"})
    assert journal.header.create is None


def test_a_disabled_handle_does_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every call works."""
    monkeypatch.setenv("TORA_MODE", "disabled")
    with tora.handle("elsewhere", labels={"rank": 3}) as worker:
        worker.log("reward", 1.0)
    assert worker.stats.logged == 0


def test_without_labels_nothing_more_is_asked() -> None:
    """A plain single process makes no request for them."""
    with scripted() as script:
        with Tora.create_experiment("plain", server_url=script.url) as client:
            client.log("loss", 1.0)
    assert heartbeats(script) == []


def test_labels_go_before_the_first_metrics_and_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many batches follow, one heartbeat tells them."""
    monkeypatch.setenv("TORA_LABELS", "rank=3")
    with scripted() as script:
        with Tora.create_experiment("labels", server_url=script.url) as client:
            for _ in range(3):
                client.log("loss", 1.0)
                client.flush()
    paths = [asked.path.rpartition("/")[2] for asked in script.asked]
    assert paths[1:3] == ["heartbeat", "batch"]
    assert [beat["labels"] for beat in heartbeats(script)] == [{"rank": "3"}]


def test_an_older_server_that_refuses_labels_gets_the_metrics(monkeypatch: pytest.MonkeyPatch) -> None:
    """Delivery goes on, and it is not asked again."""
    monkeypatch.setenv("TORA_LABELS", "rank=3")

    def answer(asked: Asked) -> Reply | None:
        return Reply(400, REFUSAL) if "labels" in (asked.body or {}) else None

    with scripted(answer) as script:
        with tora.handle("scripted", server_url=script.url) as worker:
            for _ in range(2):
                worker.log("loss", 1.0)
                assert (worker.flush()).waiting == 0
    assert len(script.metrics()) == 2
    assert [(beat.get("labels"), beat.get("status")) for beat in heartbeats(script)] == [
        ({"rank": "3"}, None),
        (None, "finished"),
    ]


def test_labels_that_did_not_arrive_are_told_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that had trouble with the first heartbeat learns them with the next metrics, or at the end."""
    monkeypatch.setenv("TORA_LABELS", "rank=3")
    left = [Reply(503, {}), Reply(0)]

    def answer(asked: Asked) -> Reply | None:
        return left.pop(0) if left and "labels" in (asked.body or {}) else None

    with scripted(answer) as script:
        with Tora.create_experiment("labels", server_url=script.url) as client:
            for _ in range(2):
                client.log("loss", 1.0)
                assert (client.flush()).waiting == 0
    assert len(script.metrics()) == 2
    assert [beat["labels"] for beat in heartbeats(script)] == [{"rank": "3"}] * 3
