"""Pickled and copied clients: handles that open the same experiment as new writers, and carry no key."""

from __future__ import annotations

import copy
import pickle
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.http import request
from tests.support.polling import until
from tests.support.programs import journals, status, stored, writers
from tests.support.serving import Server
from tora import AsyncTora, Tora

CODECS: dict[str, Callable[[Any], Any]] = {
    "pickle": lambda client: pickle.loads(pickle.dumps(client)),  # noqa: S301  # made here
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
}


@pytest.mark.parametrize("codec", CODECS)
def test_a_copy_of_a_client_is_a_writer_of_its_own(codec: str, server: Server) -> None:
    """Both log to one experiment; the copy's end shows among the writers and never ends the experiment."""
    with Tora.create_experiment("pickle", server_url=server.url, max_buffer_len=7) as client:
        client.log("original", 1.0)
        other = CODECS[codec](client)
        assert type(other) is Tora
        assert (other.experiment_id, other.url, other.max_buffer_len) == (client.experiment_id, client.url, 7)
        assert other.stats.logged == 0
        with other:
            other.log("copy", 1.0)
        assert other.is_closed
        assert not client.is_closed
        assert status(server.url, client.experiment_id) == "running"
        client.log("original", 2.0)
    assert stored(server.url, client.experiment_id) == {"original": 2, "copy": 1}
    assert list(writers(server.url, client.experiment_id).values()) == ["finished", "finished"]
    assert status(server.url, client.experiment_id) == "finished"


@pytest.mark.parametrize("codec", CODECS)
async def test_a_copy_of_an_async_client_is_one_too(codec: str, server: Server) -> None:
    """The same holds for AsyncTora, whose copy belongs to the loop that uses it first."""
    async with await AsyncTora.create_experiment("pickle", server_url=server.url) as client:
        await client.log("original", 1.0)
        async with CODECS[codec](client) as other:
            assert type(other) is AsyncTora
            await other.log("copy", 1.0)
        assert status(server.url, client.experiment_id) == "running"
    assert stored(server.url, client.experiment_id) == {"original": 1, "copy": 1}


def test_a_failed_copy_fails_no_experiment(server: Server) -> None:
    """An exception that ends a worker's block is the worker's."""
    with Tora.create_experiment("pickle", server_url=server.url) as client:
        with pytest.raises(ZeroDivisionError):  # noqa: SIM117, PT012  # the inner block is what fails
            with copy.copy(client) as other:
                other.log("copy", 1.0)
                raise ZeroDivisionError
        assert status(server.url, client.experiment_id) == "running"
    assert sorted(writers(server.url, client.experiment_id).values()) == ["failed", "finished"]
    assert status(server.url, client.experiment_id) == "finished"


def test_a_handle_carries_a_token_that_may_append_and_nothing_else(own_server: Server) -> None:
    """Neither the user's key nor anything that opens more than one experiment for more than metrics travels."""
    key = own_server.key
    with Tora.create_experiment("pickle", server_url=own_server.url, api_key=key) as client:
        data = pickle.dumps(client)
        assert key.encode() not in data
        other = pickle.loads(data)  # noqa: S301  # made here
        token = other._impl._writer.binding.api.endpoint.key
        assert token
        assert token.encode() in data
        address = f"{own_server.url}/experiments/{client.experiment_id}"
        body = {"logs": [{"name": "copy", "value": 1}]}
        assert request("POST", f"{address}/logs/batch", body, key=token).status == 201
        assert request("PATCH", address, {"status": "failed"}, key=token).status == 403
        assert request("DELETE", address, key=token).status == 403
        assert request("POST", f"{own_server.url}/experiments", {"name": "x"}, key=token).status == 403
        other.log("copy", 2.0)
        assert other.shutdown().stored == 1
    assert stored(own_server.url, client.experiment_id, key) == {"copy": 2}


def test_a_copy_in_a_thread(server: Server) -> None:
    """A thread may open a handle and log through it; without a flush it is delivered within a second or so."""
    with Tora.create_experiment("pickle", server_url=server.url) as client:
        data = pickle.dumps(client)
        opened: list[Tora] = []

        def work() -> None:
            opened.append(pickle.loads(data))  # noqa: S301  # made here
            opened[-1].log("thread", 1.0)

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        until(lambda: stored(server.url, client.experiment_id) == {"thread": 8}, "metrics of all threads")
        for other in opened:
            other.shutdown()


def test_a_handle_of_a_closed_client_is_open(server: Server) -> None:
    """The experiment goes on taking metrics, and stays finished."""
    client = Tora.create_experiment("pickle", server_url=server.url)
    client.shutdown()
    with copy.copy(client) as other:
        other.log("late", 1.0)
    assert client.is_closed
    assert stored(server.url, client.experiment_id) == {"late": 1}
    assert status(server.url, client.experiment_id) == "finished"


def test_a_handle_that_logs_nothing_leaves_nothing(server: Server, own_world: Path) -> None:
    """No file, no writer and no wait comes of it."""
    with Tora.create_experiment("pickle", server_url=server.url) as client:
        copy.copy(client)
        copy.copy(client).shutdown()
        assert len(journals(own_world)) <= 1
    assert len(writers(server.url, client.experiment_id)) == 1


@pytest.mark.parametrize("mode", ["offline", "disabled"])
def test_handles_of_other_modes(mode: str, monkeypatch: pytest.MonkeyPatch, own_world: Path) -> None:
    """An offline client's copy writes a journal for the same experiment; a disabled one's does nothing."""
    monkeypatch.setenv("TORA_MODE", mode)
    with Tora.create_experiment("pickle") as client:
        other = pickle.loads(pickle.dumps(client))  # noqa: S301  # made here
        assert other.experiment_id == client.experiment_id
        other.log("copy", 1.0)
        assert other.shutdown().logged == (1 if mode == "offline" else 0)
    assert len(journals(own_world)) == (2 if mode == "offline" else 0)


def test_the_owner_is_who_loaded_it_last(server: Server) -> None:
    """The end of an earlier owner is no longer the experiment's; loading makes it running again."""
    first = Tora.create_experiment("owners", server_url=server.url)
    second = Tora.load_experiment(first.experiment_id, server_url=server.url)
    first.log("first", 1.0)
    first.shutdown()
    assert status(server.url, first.experiment_id) == "running"
    with pytest.raises(LookupError), second:
        raise LookupError
    assert status(server.url, first.experiment_id) == "failed"
    with Tora.load_experiment(first.experiment_id, server_url=server.url) as third:
        assert status(server.url, first.experiment_id) == "running"
        third.log("third", 1.0)
    assert status(server.url, first.experiment_id) == "finished"
    assert stored(server.url, first.experiment_id) == {"first": 1, "third": 1}
