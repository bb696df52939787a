"""tora 0.0.5, 0.0.7 and 0.0.12, as they are on PyPI, against a real server process."""

from __future__ import annotations

import pytest

from tests.published.conftest import Client
from tests.support import http
from tests.support.serving import Server, free_port


def test_a_thousand_metrics_are_stored(client: Client, server: Server) -> None:
    """What a published client logged through its buffer is stored, all of it, once, with its values."""
    seen = client.run("log", url=server.url, count=1000, max_buffer_len=25)

    stored = http.summaries(server.url, seen["id"])
    assert stored["loss"]["count"] == 1000
    assert stored["loss"]["min"] == 1 / 1000
    assert stored["loss"]["max"] == 1
    assert (stored["loss"]["firstStep"], stored["loss"]["lastStep"]) == (0, 999)
    assert stored["after/loading"]["count"] == 1
    assert seen["left"] == 0


def test_loading_gives_back_what_was_created(client: Client, server: Server) -> None:
    """A loaded experiment has the hyperparameters, tags and page address that it was made with."""
    seen = client.run("log", url=server.url, count=1, max_buffer_len=1)

    assert seen["hyperparams"] == {"lr": 0.1, "depth": 3, "optimizer": "adam"}
    assert seen["tags"] == ["published", "old"]
    if client.version != "0.0.5":  # it took its address from the service that it was written for
        assert http.request("GET", seen["url"]).status == 200


def test_the_global_functions_find_the_server_in_the_environment(client: Client, server: Server) -> None:
    """With TORA_BASE_URL set, `setup` and its kin need no argument but a name."""
    seen = client.run("log_globally", settings={"TORA_BASE_URL": server.url}, count=50)

    stored = http.summaries(server.url, seen["id"])
    assert stored["loss"]["count"] == 50
    if client.version == "0.0.12":
        assert stored["accuracy"]["last"] == 0.97


def test_a_batch_sent_again_is_stored_once(client: Client, server: Server) -> None:
    """Where a client numbers its messages, a batch whose answer was lost changes nothing the second time."""
    seen = client.run("send_twice", url=server.url, count=200)

    numbered = client.version == "0.0.12"  # the others give the server nothing to tell a repetition by
    assert http.summaries(server.url, seen["id"])["loss"]["count"] == (200 if numbered else 400)


def test_a_workspace_is_made_with_a_key(client: Client, server: Server) -> None:
    """`create_workspace` returns the workspace, and an experiment can be made in it."""
    seen = client.run("workspace", url=server.url, key=server.key)

    made = seen["workspace"]
    assert (made["name"], made["description"]) == ("of a published client", "made with a key")
    experiment = http.data(f"{server.url}/experiments/{seen['id']}", key=server.key)
    assert experiment["workspaceId"] == made["id"]


@pytest.mark.parametrize("unknown", ["0", "no-such-thing", "00000000-0000-4000-8000-000000000000"])
def test_wrong_use_raises_what_it_always_raised(client: Client, server: Server, unknown: str) -> None:
    """The server's refusals become the errors that each client documents."""
    seen = client.run("refusals", url=server.url, dead_url=f"http://127.0.0.1:{free_port()}", unknown=unknown)

    assert {call: error for call, (error, _) in seen["raised"].items()} == {
        "create, wrong key": "ToraAuthenticationError",
        "load, wrong key": "ToraAuthenticationError",
        "workspace, wrong key": "ToraAuthenticationError",
        "workspace, no key": "ToraAuthenticationError",
        "load, unknown experiment": "ToraExperimentError",
        "create, unknown workspace": "ToraValidationError",
        "create, description too long": "ToraValidationError",
        "create, empty name": "ToraValidationError",
        "log, closed": "ToraMetricError",
        "create, no server": "ToraNetworkError",
    }
    assert seen["raised"]["create, unknown workspace"][1] == "Workspace not found"
    assert seen["raised"]["create, description too long"][1] == "Invalid experiment data"
    assert seen["raised"]["load, unknown experiment"][1] == f"Experiment {unknown} not found"
