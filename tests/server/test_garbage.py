"""No body, however odd, makes the server fail."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support import http
from tests.support.serving import Server, serving
from tora.server.routes import ROUTES

CHANGING = [route for route in ROUTES if route.body is not None]

names = st.sampled_from(
    [
        *("name", "value", "step", "metadata", "time", "msg_id", "logs", "metrics", "writer", "firstSeq", "id", "tags"),
        *("hyperparams", "key", "description", "status", "notes", "workspaceId"),
    ]
)
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["NaN", "Infinity", "running", "x" * 300, 2**63, -1, 1e308, "\x00", "a"])
)
json_values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names | st.text(max_size=5), inner, max_size=5)
)
# Close to what is right, so that more than the first check is reached.
metrics = st.fixed_dictionaries(
    {"name": st.just("loss") | scalars, "value": st.floats() | scalars},
    optional={"step": scalars, "metadata": json_values, "time": scalars, "msg_id": scalars},
)
batches = st.fixed_dictionaries(
    {},
    optional={
        "logs": st.lists(metrics, max_size=4),
        "metrics": st.lists(metrics, max_size=4),
        "writer": st.just("w") | scalars,
        "firstSeq": st.integers(-1, 2**64) | scalars,
    },
)
bodies = json_values | batches | st.binary(max_size=60)


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of this module's own, with the experiment and the workspace that the paths name."""
    with serving(Path(tmp_path_factory.mktemp("garbage")) / "data") as running:
        http.request("POST", f"{running.url}/experiments", {"id": "x", "name": "x"})
        yield running


@pytest.mark.parametrize("route", CHANGING, ids=lambda route: f"{route.method} {route.path}")
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(body=bodies)
def test_no_body_makes_the_server_fail(target: Server, route: Any, body: object) -> None:
    """Every call that takes a body answers anything with success or a 4xx in the envelope."""
    path = route.path.replace("{id}", "x")
    answer = http.request(route.method, target.url + path, body if body is not None else b"null", key=target.key)
    assert answer.status < 500, answer.body
    assert answer.json()["status"] == answer.status
    assert ("error" in answer.json()) == (answer.status >= 400)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    path=st.sampled_from(["/experiments", "/series", "/experiments/x/export", "/experiments/x"]),
    query=st.dictionaries(
        st.sampled_from(["limit", "sort", "cursor", "q", "points", "from", "to", "experiment", "name", "format", "zz"]),
        st.text(max_size=20) | st.integers().map(str) | st.floats().map(str) | st.just("x"),
        max_size=4,
    ),
)
def test_no_query_makes_the_server_fail(target: Server, path: str, query: dict[str, str]) -> None:
    """Every call that takes a query answers anything with success or a 4xx."""
    from urllib.parse import urlencode

    text = urlencode(query, errors="replace")
    assert http.request("GET", f"{target.url}{path}?{text}").status < 500
