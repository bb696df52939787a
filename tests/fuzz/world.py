"""What is on the server that is fuzzed: people, workspaces, experiments and keys, so that ids lead somewhere."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Mapping, Sequence
from typing import Any, Final

from attrs import frozen

from tests.support import http
from tests.support.serving import Server

__all__ = ["World", "populate"]

PASSWORD: Final = "a password of the fuzz"  # noqa: S105  # of a server that lives for a moment
_THROWAWAYS: Final = 40
_OPEN_TO_EDITOR: Final = 2  # one workspace of so many


@frozen
class World:
    """Ids on a server.

    Attributes:
        editor_key: The full key of a user who may edit the workspaces.
        kept: Ids of what the run itself stands on, which no generated request may change or delete.
        ids: What leads somewhere: ids by what they are of, tokens of links, and a password.
    """

    editor_key: str
    kept: frozenset[str]
    ids: Mapping[str, Sequence[str]]


def populate(server: Server, size: int = _THROWAWAYS) -> World:
    """Fill a new server with so many of each kind; what is deleted leaves others."""
    editor = _made(server, "/users", {"name": "editor"})
    editor_key = _key_of(server, editor)
    workspaces = [_made(server, "/workspaces", {"name": f"group {n}"})["id"] for n in range(size)]
    users = [_made(server, "/users", {"name": f"user{n}"})["id"] for n in range(size)]
    members = users[: size // 8 + 1]
    for workspace in workspaces[::_OPEN_TO_EDITOR]:
        for user, role in ((editor["id"], "owner"), *((member, "viewer") for member in members)):
            path = f"/workspaces/{workspace}/members/{user}"
            answer = http.request("PUT", f"{server.url}{path}", {"role": role}, key=server.key)
            assert answer.status == 200, answer.body
    experiments = [_experiment(server, n, workspaces[n - n % _OPEN_TO_EDITOR], editor_key) for n in range(size)]
    keys = [
        _made(server, "/api-keys", {"name": f"key {n}"}, key=key)["id"]
        for n in range(size // 2)
        for key in (server.key, editor_key)
    ]
    shares = [_made(server, f"/experiments/{experiments[0]}/shares") for _ in range(size // 4)]
    invitations = [_made(server, f"/workspaces/{workspaces[0]}/invitations", {}) for _ in range(size // 4)]
    return World(
        editor_key=editor_key,
        kept=frozenset(
            {editor["id"], "owner", *(one["id"] for one in _items(server, editor_key) if one["name"] == "own")}
        ),
        ids={
            "experiments.id": experiments,
            "workspaces.id": workspaces,
            "user": users,
            "key": keys,
            "member": members,
            "share": [one["id"] for one in shares],
            "share.token": [_token_of(one) for one in shares],
            "invitation": [one["id"] for one in invitations],
            "invitation.token": [_token_of(one) for one in invitations],
            "password": [PASSWORD],
        },
    )


def _key_of(server: Server, user: Mapping[str, Any]) -> str:
    """Return a full key of a user, who has to sign in for one."""
    browser = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor())

    def post(path: str, body: Mapping[str, Any]) -> Any:
        made = urllib.request.Request(
            f"{server.url}{path}", json.dumps(body).encode(), {"Content-Type": "application/json"}, method="POST"
        )
        with browser.open(made, timeout=30) as response:
            return json.loads(response.read())["data"]

    post("/password", {"token": _token_of(user), "password": PASSWORD})
    key: str = post("/api-keys", {"name": "own", "scope": "full"})["key"]
    return key


def _experiment(server: Server, number: int, workspace: str, editor_key: str) -> str:
    body = {"name": f"run {number}", "hyperparams": [{"key": "lr", "value": 0.1}], "tags": ["fuzz"]}
    if number % 2:
        body["workspaceId"] = workspace
    made: str = _made(server, "/experiments", body, key=editor_key)["id"]
    logs = [{"name": "loss", "value": 1 / step, "step": step} for step in range(1, 21)]
    _made(server, f"/experiments/{made}/logs/batch", {"logs": [*logs, {"name": "odd", "value": "NaN"}]}, key=editor_key)
    return made


def _token_of(linked: Mapping[str, Any]) -> str:
    token: str = linked["link"].partition("#token=")[2].partition("&")[0]
    return token


def _items(server: Server, key: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = http.data(f"{server.url}/api-keys", key=key)["items"]
    return found


def _made(server: Server, path: str, body: object = None, *, key: str | None = None) -> Any:
    answer = http.request("POST", f"{server.url}{path}", body, key=key or server.key)
    assert answer.status == 201, (path, answer.body)
    return answer.json()["data"]
