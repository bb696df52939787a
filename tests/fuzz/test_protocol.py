"""A few hundred generated requests; `nox -s fuzz` sends tens of thousands."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fuzz.running import run
from tests.fuzz.world import World, populate
from tests.support import http
from tests.support.serving import Server, serving


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, World]]:
    """A team's server with something on it, and no limits of rate."""
    with serving(tmp_path_factory.mktemp("team") / "data", "--rate-limit", "0", anonymous=False) as running:
        yield running, populate(running, size=4)


@pytest.mark.timeout(300)
def test_generated_requests_are_answered_as_described(team: tuple[Server, World]) -> None:
    """No 5xx, and no status, content type, header or field that the description does not know."""
    server, world = team
    outcome = run(server, world, server.key, examples=6, seed=7, phases=("fuzzing",))
    assert not outcome.failures, "\n\n".join(f"{title}\n{told}" for title, told in outcome.failures.items())
    assert outcome.requests.total() > 150
    assert not [status for _, status in outcome.requests if status >= "500"]


def test_a_field_that_nobody_described_is_found(team: tuple[Server, World]) -> None:
    """The run can fail: a description that forgets a field does not pass."""
    server, world = team
    document = http.request("GET", f"{server.url}/openapi.json", key=server.key).json()
    document["paths"] = {"/health": document["paths"]["/health"]}
    health = document["components"]["schemas"]["Health"]
    del health["properties"]["protocol"]
    health["required"].remove("protocol")
    outcome = run(server, world, server.key, examples=2, seed=7, phases=("fuzzing",), document=document)
    assert any("response_schema_conformance: GET /health" in title for title in outcome.failures)
