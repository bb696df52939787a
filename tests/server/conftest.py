"""Experiments on the shared server, and requests to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.server.world import World
from tests.support import http
from tests.support.http import Answer
from tests.support.serving import Server, serving

Call = Callable[..., Answer]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A metrics file that is not there yet."""
    return tmp_path / "metrics.duckdb"


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A team's server with people, for tests that change nothing of what `World` made."""
    with serving(tmp_path_factory.mktemp("world") / "data", anonymous=False) as running:
        yield World.of(running)


@pytest.fixture
def call(server: Server) -> Call:
    """Send a request to the shared server: ``call("GET", "/health")``."""

    def send(method: str, path: str, body: object = None, **options: Any) -> Answer:
        return http.request(method, f"{server.url}{path}", body, **options)

    return send


@pytest.fixture
def experiment(call: Call) -> str:
    """The id of a new experiment on the shared server."""
    answer = call("POST", "/experiments", {"name": "of a test"})
    assert answer.status == 201
    found: str = answer.json()["data"]["id"]
    return found


@pytest.fixture
def log(call: Call) -> Callable[..., Answer]:
    """Send metrics to an experiment: ``log(id, [{"name": "loss", "value": 1}])``."""

    def send(experiment: str, logs: list[dict[str, Any]], **fields: Any) -> Answer:
        return call("POST", f"/experiments/{experiment}/logs/batch", {"logs": logs, **fields})

    return send


def refusal(answer: Answer, status: int, code: str) -> str:
    """Check that an answer is a refusal of that kind in the protocol's envelope; return its message."""
    assert answer.status == status, answer.body
    assert answer.headers["content-type"].startswith("application/json")
    body = answer.json()
    assert body.keys() == {"status", "error"}
    assert body["status"] == status
    assert body["error"].keys() == {"code", "message"}
    assert body["error"]["code"] == code
    message: str = body["error"]["message"]
    assert message
    return message
