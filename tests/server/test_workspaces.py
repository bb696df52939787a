"""Workspaces need a key."""

from __future__ import annotations

from typing import Any

import pytest

from tests.server.conftest import Call, refusal
from tests.support.serving import Server

FIELDS = {"id", "name", "description", "role", "createdAt", "updatedAt"}


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/workspaces"), ("POST", "/workspaces"), ("PATCH", "/workspaces/x"), ("DELETE", "/workspaces/x")],
)
def test_without_a_key_there_are_none(call: Call, method: str, path: str) -> None:
    """Every call on workspaces asks for a key, on an anonymous server as well."""
    refusal(call(method, path, {"name": "a"} if method in {"POST", "PATCH"} else None), 401, "unauthorized")


def test_without_a_key_none_can_be_seen(call: Call, server: Server) -> None:
    """On an anonymous server a workspace that is there is answered like one that is not."""
    there = call("POST", "/workspaces", {"name": "hidden"}, key=server.key).json()["data"]["id"]
    for workspace in (there, "nope"):
        refusal(call("GET", f"/workspaces/{workspace}"), 404, "not_found")


def test_a_workspace_lives(call: Call, server: Server) -> None:
    """Create, show, list, change and delete; experiments outlive their workspace."""
    made = call("POST", "/workspaces", {"name": " group ", "description": "of runs"}, key=server.key)
    assert made.status == 201
    workspace = made.json()["data"]
    assert workspace.keys() == FIELDS
    assert (workspace["name"], workspace["description"]) == ("group", "of runs")
    path = f"/workspaces/{workspace['id']}"
    assert call("GET", path, key=server.key).json()["data"] == workspace
    assert workspace in call("GET", "/workspaces", key=server.key).json()["data"]
    new = {"name": "in it", "workspaceId": workspace["id"]}
    experiment = call("POST", "/experiments", new, key=server.key).json()["data"]
    listed = call("GET", f"/experiments?workspace={workspace['id']}", key=server.key).json()["data"]["items"]
    assert [each["id"] for each in listed] == [experiment["id"]]
    changed = call("PATCH", path, {"description": None, "name": "renamed"}, key=server.key).json()["data"]
    assert (changed["name"], changed["description"]) == ("renamed", None)
    assert call("DELETE", path, key=server.key).json()["data"] == {"id": workspace["id"]}
    refusal(call("GET", path, key=server.key), 404, "not_found")
    assert call("GET", f"/experiments/{experiment['id']}", key=server.key).json()["data"]["workspaceId"] is None


@pytest.mark.parametrize(
    "body",
    [{}, {"name": ""}, {"name": "x" * 256}, {"name": 1}, {"name": "a", "description": "x" * 1_001}, {"names": 1}, []],
)
def test_a_wrong_workspace_is_refused(call: Call, server: Server, body: Any) -> None:
    """Names and descriptions have their limits."""
    refusal(call("POST", "/workspaces", body, key=server.key), 400, "validation")


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_an_unknown_workspace_is_not_found(call: Call, server: Server, method: str) -> None:
    """Every call on a workspace that is not there answers 404."""
    refusal(call(method, "/workspaces/nope", {} if method == "PATCH" else None, key=server.key), 404, "not_found")


def test_a_workspace_at_its_limits_is_made(call: Call, server: Server) -> None:
    """255 characters of name and 1,000 of description are taken."""
    body = {"name": "x" * 255, "description": "x" * 1_000}
    assert call("POST", "/workspaces", body, key=server.key).status == 201
