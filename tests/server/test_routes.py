"""The table of routes is the router, the description and the documentation."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.server.conftest import Call
from tests.support.source import text
from tora.server.app import build_app
from tora.server.options import Options
from tora.server.rights import Right
from tora.server.routes import ROUTES

TABLE = {(route.method, route.path) for route in ROUTES}
PROTOCOL = {(route.method, route.path): route for route in ROUTES if not route.for_people}


def test_the_router_has_the_table_and_nothing_else(tmp_path: Path) -> None:
    """Every route of a running server stands in the table; what is no stream is answered to HEAD as well."""
    app = build_app(Options(dir=tmp_path), port=1, local_key="k")
    found = {(route.method, route.resource.canonical) for route in app.router.routes() if route.resource}
    heads = {("HEAD", route.path) for route in ROUTES if route.answers_head}
    # aiohttp calls a path with a pattern in it by its form without the pattern.
    assert found == {(method, path.replace(":.+", "")) for method, path in TABLE | heads}
    assert len(ROUTES) == len(TABLE)


def test_the_documentation_has_each_call() -> None:
    """The table of docs/protocol.md names exactly the calls that there are."""
    calls = text("docs/protocol.md").partition("\n## Calls\n")[2].partition("\n### ")[0]
    assert set(re.findall(r"^\| `([A-Z]+) (\S+?)` \|", calls, re.MULTILINE)) == PROTOCOL.keys()


def test_the_server_describes_itself(call: Call) -> None:
    """openapi.json has each call with its right, its body and its query."""
    document = call("GET", "/openapi.json").json()
    assert document["openapi"] == "3.1.0"
    described = {
        (method.upper(), path): operation
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    }
    assert described.keys() == PROTOCOL.keys()
    for place, operation in described.items():
        route = PROTOCOL[place]
        assert operation["summary"].endswith(".")
        assert operation["x-right"] == route.right.value
        assert ("requestBody" in operation) == (route.body is not None)
        assert str(route.success) in operation["responses"]
        for reference in re.findall(r"#/components/schemas/(\w+)", str(operation)):
            assert reference in document["components"]["schemas"]


def test_the_described_query_is_what_is_taken(call: Call) -> None:
    """Each parameter that the description names is one that the call takes."""
    paths: dict[str, Any] = call("GET", "/openapi.json").json()["paths"]
    names = {parameter["name"] for parameter in paths["/series"]["get"]["parameters"] if parameter["in"] == "query"}
    assert names == {"experiment", "name", "points", "x", "from", "to", "across", "by"}


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_what_changes_something_needs_a_right(route: Any) -> None:
    """Open are pages, the description, and what lets people in; nothing else is, and reading is no right to change."""
    if route.right is Right.OPEN:
        assert route.for_people or route.path in {"/health", "/openapi.json", "/session", "/password", "/invitations"}
    elif route.method != "GET":
        leaving = route.path == "/workspaces/{id}/members/{user}"  # everybody may leave; the rest is checked there
        assert leaving or route.right not in {Right.VIEW, Right.READ, Right.VISIT, Right.MEMBER}


def test_health_says_who_answers(call: Call) -> None:
    """The version, the protocol's number and the mode."""
    from tora._version import __version__

    assert call("GET", "/health").json() == {
        "status": 200,
        "data": {"version": __version__, "protocol": 1, "mode": "team"},
    }
