# Made by tools/sync.py from tests/_async/test_client.py; edit that file, then run: python tools/sync.py
"""What a client of one experiment does, against a real server."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import tora
from tests.support.http import data, summaries
from tests.support.polling import until
from tests.support.serving import Server, free_port
from tora import Tora


def test_what_is_logged_is_stored(server: Server) -> None:
    """Every value, step and piece of metadata arrives as it was given."""
    with Tora.create_experiment("stored", server_url=server.url) as client:
        client.log("loss", 0.5, step=1, metadata={"batch": 7})
        client.log("loss", 0.25, step=2)
        client.log("accuracy", 1)
        stats = client.flush()
    assert (stats.logged, stats.stored, stats.waiting, stats.dropped, stats.error) == (3, 3, 0, 0, None)
    found = summaries(server.url, client.experiment_id)
    assert (found["loss"]["count"], found["loss"]["last"], found["loss"]["lastStep"]) == (2, 0.25, 2)
    assert (found["accuracy"]["count"], found["accuracy"]["firstStep"]) == (1, None)


def test_an_experiment_carries_what_it_was_created_with(server: Server) -> None:
    """Name, description, flattened hyperparameters and tags are on the server, and the address opens the page."""
    with Tora.create_experiment(
        "  described  ",
        description="why\nand how",
        hyperparams={"lr": 1e-3, "model": {"layers": 2, "name": "mlp"}, "seeds": [1, 2], "nothing": None},
        tags=["a", "b", "a"],
        server_url=server.url,
    ) as client:
        shown = data(f"{server.url}/experiments/{client.experiment_id}")
    assert shown["name"] == "described"
    assert shown["description"] == "why\nand how"
    assert {pair["key"]: pair["value"] for pair in shown["hyperparams"]} == {
        "lr": 1e-3,
        "model.layers": 2,
        "model.name": "mlp",
        "seeds": [1, 2],
        "nothing": None,
    }
    assert shown["tags"] == ["a", "b"]
    assert client.url == f"{server.url}/e/{client.experiment_id}"


def test_hyperparameters_can_be_added(server: Server) -> None:
    """What is added joins what is there and replaces it under the same name; what is wrong changes nothing."""
    with Tora.create_experiment(
        "added", hyperparams={"lr": 1e-3, "model": {"layers": 2}}, server_url=server.url
    ) as client:
        client.update_hyperparams({"lr": 0.5, "model": {"width": 8}})
        with pytest.raises(tora.ToraValidationError, match="hyperparams"):
            client.update_hyperparams({"lr": object()})
        shown = data(f"{server.url}/experiments/{client.experiment_id}")
    assert {pair["key"]: pair["value"] for pair in shown["hyperparams"]} == {
        "lr": 0.5,
        "model.layers": 2,
        "model.width": 8,
    }
    with pytest.raises(tora.ToraMetricError, match="closed"):
        client.update_hyperparams({"lr": 1})


def test_hyperparameters_cannot_be_added_offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a server adding hyperparameters raises, and says when they can be given."""
    monkeypatch.setenv("TORA_MODE", "offline")
    with Tora.create_experiment("offline") as client:
        with pytest.raises(tora.ToraConfigurationError, match="create_experiment"):
            client.update_hyperparams({"lr": 1})


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        (1, 1.0),
        (True, 1.0),
        (Decimal("0.1"), 0.1),
        (Fraction(1, 4), 0.25),
        (np.float32(0.5), 0.5),
        (np.int64(3), 3.0),
        (np.array(2.5), 2.5),
        (5e-324, 5e-324),
        (-1.7976931348623157e308, -1.7976931348623157e308),
        (math.nan, "NaN"),
        (math.inf, "Infinity"),
        (-math.inf, "-Infinity"),
    ],
)
def test_a_value_is_any_number(server: Server, given: Any, stored: object) -> None:
    """Whatever has ``__float__`` is logged as the double that it stands for, NaN and infinities among them."""
    with Tora.create_experiment("values", server_url=server.url) as client:
        client.log("value", given)
    assert summaries(server.url, client.experiment_id)["value"]["last"] == stored


@pytest.mark.parametrize(
    ("name", "value", "step", "metadata", "says"),
    [
        ("", 1, None, None, "metric name"),
        ("x" * 251, 1, None, None, "250"),
        ("line\nend", 1, None, None, "control"),
        (7, 1, None, None, "metric name must be a string, got int"),
        (["list"], 1, None, None, "metric name must be a string, got list"),
        ("value", "0.5", None, None, "got str: '0.5'"),
        ("value", None, None, None, "got NoneType"),
        ("value", 1 + 2j, None, None, "got complex"),
        ("value", np.array([1.0, 2.0]), None, None, "one number"),
        ("value", 10**400, None, None, "fit a double"),
        ("value", 1, -1, None, "step must be from 0"),
        ("value", 1, 2**63, None, "2^63 - 1"),
        ("value", 1, 1.5, None, "step must be an integer"),
        ("value", 1, "1", None, "step must be an integer"),
        ("value", 1, None, [1], "metadata must be a mapping"),
        ("value", 1, None, {"blob": "x" * 10_000}, "10,000 bytes"),
        ("value", 1, None, {"thing": object()}, "metadata must be JSON"),
    ],
)
def test_wrong_use_raises_at_the_call_and_loses_nothing(
    server: Server, name: Any, value: Any, step: Any, metadata: Any, says: str
) -> None:
    """A wrong argument names the field and what was given; what was accepted before stays accepted."""
    with Tora.create_experiment("wrong", server_url=server.url) as client:
        client.log("before", 1.0)
        with pytest.raises(tora.ToraValidationError) as raised:
            client.log(name, value, step, metadata)
        assert says in str(raised.value)
        stats = client.flush()
    assert (stats.logged, stats.stored) == (1, 1)


def test_log_metrics_is_all_or_nothing(server: Server) -> None:
    """Several metrics share a step; one wrong value among them and none is logged."""
    with Tora.create_experiment("several", server_url=server.url) as client:
        client.log_metrics({"a": 1, "b": 2.0}, step=5)
        with pytest.raises(tora.ToraValidationError):
            client.log_metrics({"a": 3, "b": "four"}, step=6)  # type: ignore[dict-item]
        with pytest.raises(tora.ToraValidationError, match="mapping"):
            client.log_metrics([("a", 1)])  # type: ignore[arg-type]
        stats = client.flush()
    assert stats.logged == 2
    found = summaries(server.url, client.experiment_id)
    assert {name: (found[name]["last"], found[name]["lastStep"]) for name in found} == {"a": (1, 5), "b": (2, 5)}


def test_loading_goes_on_with_an_experiment(server: Server) -> None:
    """A loaded experiment is running again, takes more metrics, and finishes with its new owner."""
    with Tora.create_experiment("loaded", server_url=server.url) as first:
        first.log("loss", 1.0)
    address = f"{server.url}/experiments/{first.experiment_id}"
    assert data(address)["status"] == "finished"
    with Tora.load_experiment(first.experiment_id, server_url=server.url) as second:
        assert second.experiment_id == first.experiment_id
        assert second.url == first.url
        assert data(address)["status"] == "running"
        second.log("loss", 0.5)
    assert data(address)["status"] == "finished"
    assert summaries(server.url, first.experiment_id)["loss"]["count"] == 2


def test_an_exception_in_the_block_fails_the_experiment(server: Server) -> None:
    """What leaves the context by an exception is delivered, and its experiment is failed."""
    with pytest.raises(ZeroDivisionError):  # noqa: PT012  # what is raised inside is the point
        with Tora.create_experiment("failing", server_url=server.url) as client:
            client.log("loss", 1.0)
            raise ZeroDivisionError
    assert data(f"{server.url}/experiments/{client.experiment_id}")["status"] == "failed"
    assert summaries(server.url, client.experiment_id)["loss"]["count"] == 1


def test_a_closed_client_refuses_metrics(server: Server) -> None:
    """After shutdown a client says that it is closed; flush and a second shutdown do nothing."""
    client = Tora.create_experiment("closed", server_url=server.url)
    client.log("loss", 1.0)
    first = client.shutdown()
    assert client.is_closed
    with pytest.raises(tora.ToraMetricError, match="closed"):
        client.log("loss", 2.0)
    with pytest.raises(tora.ToraMetricError, match="closed"):
        client.log_metrics({"loss": 2.0})
    assert client.shutdown() == first
    assert client.flush() == first
    assert first.stored == 1


def test_metrics_leave_within_a_second_without_a_flush(server: Server) -> None:
    """Fewer metrics than `max_buffer_len` are sent all the same."""
    with Tora.create_experiment("young", server_url=server.url, max_buffer_len=1000) as client:
        client.log("loss", 1.0)
        assert client.buffer_size == 1
        until(lambda: client.stats.stored == 1, "stored metric")
        assert summaries(server.url, client.experiment_id)["loss"]["count"] == 1


def test_max_buffer_len_can_be_set(server: Server) -> None:
    """The threshold is read and written, and refuses what is no positive integer."""
    with Tora.create_experiment("threshold", server_url=server.url) as client:
        assert client.max_buffer_len == 25
        client.max_buffer_len = 3
        assert client.max_buffer_len == 3
        for wrong in (0, -1, 1.5, True, "2"):
            with pytest.raises(tora.ToraValidationError, match="max_buffer_len"):
                client.max_buffer_len = wrong  # type: ignore[assignment]
        assert client.max_buffer_len == 3


def test_a_large_number_of_metrics_arrives_exactly_once(server: Server) -> None:
    """50,000 metrics in any order of steps: each is stored once, with its own value."""
    steps = np.random.default_rng(0).permutation(50_000)
    with Tora.create_experiment("many", server_url=server.url) as client:
        for step in steps.tolist():
            client.log("value", step * 0.5, step)
    [series] = data(f"{server.url}/series?experiment={client.experiment_id}&name=value&points=0")["series"]
    assert series["columns"]["x"] == list(range(50_000))
    assert series["columns"]["last"] == [step * 0.5 for step in range(50_000)]


def test_an_unknown_experiment_is_an_experiment_error(server: Server) -> None:
    """Loading what is not there says which experiment and which server."""
    with pytest.raises(tora.ToraExperimentError) as raised:
        Tora.load_experiment("no-such-experiment", server_url=server.url)
    assert "no-such-experiment" in str(raised.value)
    assert server.url in str(raised.value)


def test_an_unknown_workspace_is_a_workspace_error(server: Server) -> None:
    """Creating an experiment in a workspace that is not there says so."""
    with pytest.raises(tora.ToraWorkspaceError, match="workspace"):
        Tora.create_experiment("lost", workspace_id="nowhere", server_url=server.url)


def test_a_wrong_key_is_an_authentication_error(server: Server) -> None:
    """A key that the server does not know is refused, and the message does not show it."""
    with pytest.raises(tora.ToraAuthenticationError) as raised:
        Tora.create_experiment("locked", api_key="not-a-key", server_url=server.url)
    assert "not-a-key" not in str(raised.value)


def test_no_server_is_a_network_error() -> None:
    """Where nothing listens, the error names the address and what to do."""
    address = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(tora.ToraNetworkError) as raised:
        Tora.create_experiment("nobody", server_url=address)
    assert address in str(raised.value)
    assert "TORA_SERVER_URL" in str(raised.value)


@pytest.mark.parametrize("address", ["nonsense", "ftp://127.0.0.1", "http://", "http://127.0.0.1:99999", "http://a b"])
def test_no_url_is_a_configuration_error(address: str) -> None:
    """A `server_url` that is none is refused before anything is sent."""
    with pytest.raises(tora.ToraConfigurationError, match="server_url"):
        Tora.create_experiment("nowhere", server_url=address)


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": "   "},
        {"name": "x" * 256},
        {"name": None},
        {"name": "bell\a"},
        {"description": "x" * 10_001},
        {"hyperparams": [1]},
        {"hyperparams": {1: 2}},
        {"hyperparams": {"x" * 251: 1}},
        {"hyperparams": {"big": "x" * 10_001}},
        {"hyperparams": {str(number): number for number in range(1001)}},
        {"hyperparams": {"a.b": 1, "a": {"b": 2}}},
        {"tags": "one"},
        {"tags": [""]},
        {"tags": ["x" * 51]},
        {"tags": [str(number) for number in range(51)]},
        {"tags": [1]},
        {"max_buffer_len": 0},
        {"workspace_id": "has blanks"},
    ],
)
def test_wrong_arguments_are_found_before_anything_is_sent(wrong: dict[str, Any]) -> None:
    """What breaks a limit is refused at the call, without a server."""
    arguments: dict[str, Any] = {"name": "right", "server_url": "http://127.0.0.1:1", **wrong}
    with pytest.raises(tora.ToraValidationError):
        Tora.create_experiment(**arguments)


def test_a_workspace_is_created_and_used(server: Server) -> None:
    """With the server's key a workspace is created, and an experiment is put into it."""
    made = tora.create_workspace("vision", "pictures", api_key=server.key, server_url=server.url)
    assert (made["name"], made["description"]) == ("vision", "pictures")
    with Tora.create_experiment("inside", workspace_id=made["id"], api_key=server.key, server_url=server.url) as client:
        shown = data(f"{server.url}/experiments/{client.experiment_id}", key=server.key)
    assert shown["workspaceId"] == made["id"]


def test_a_workspace_requires_a_key(server: Server) -> None:
    """Without a key for a server elsewhere, creating a workspace is an authentication error."""
    with pytest.raises(tora.ToraAuthenticationError, match="TORA_API_KEY"):
        tora.create_workspace("vision", server_url=server.url)


def test_disabled_does_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Under TORA_MODE=disabled every call works and nothing happens."""
    monkeypatch.setenv("TORA_MODE", "disabled")
    with Tora.create_experiment("off") as client:
        client.log("loss", 1.0)
        client.log_metrics({"a": 1})
        stats = client.flush()
    assert stats.logged == 0
    assert client.is_closed
