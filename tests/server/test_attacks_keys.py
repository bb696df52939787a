"""Getting at keys, and more out of a key than it is for."""

from __future__ import annotations

import datetime as dt
import http.client
import json
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.server.conftest import refusal
from tests.server.world import PASSWORD, World, ask
from tests.support.serving import Server, serving, start
from tora.server.remembered import Remembered
from tora.server.routes import ROUTES

RIGHT = "the right password of this one"


# --- Guessing -------------------------------------------------------------------------------------


def test_ten_thousand_passwords_are_not_tried(tmp_path: Path) -> None:
    """10,000 tries at one account from one address: fewer than 20 reach the password check, the rest get 429 at once.

    The right password is refused from that address while it waits, and taken from another.
    """
    with serving(tmp_path / "data", anonymous=False) as server:
        link = ask(server.port, "POST", "/users", {"name": "ada"}, {"x-api-key": server.key}).json()["data"]["link"]
        body = {"password": RIGHT, "token": link.partition("#token=")[2]}
        assert ask(server.port, "POST", "/password", body).status == 200
        answers = _tries(server, 10_000)
        checked = answers.count(401)
        print(f"login tries: {len(answers)}, reached the check: {checked}, refused at once: {answers.count(429)}")  # noqa: T201  # the figures
        assert checked + answers.count(429) == 10_000
        assert checked < 20
        assert _sign_in(server, RIGHT, "127.0.0.1") == 429
        assert _sign_in(server, RIGHT, "127.0.0.2") == 200


def test_unknown_keys_are_not_looked_up_for_ever(tmp_path: Path) -> None:
    """2,000 wrong keys from one address: the first hundred get 401, then 429; a key that is known goes on working."""
    with serving(tmp_path / "data", "--rate-limit", "200", anonymous=False) as server:
        made = ask(server.port, "POST", "/api-keys", {"name": "k"}, {"x-api-key": server.key}).json()["data"]["key"]
        assert ask(server.port, "GET", "/experiments", None, {"x-api-key": made}).status == 200
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        statuses = [_status(connection, "GET", "/experiments", key=f"tora_{number}") for number in range(2_000)]
        assert statuses[:100] == [401] * 100
        assert statuses.count(429) > 1_800
        assert {401, 429} == set(statuses)
        assert _status(connection, "GET", "/experiments", key=made) == 200
        connection.close()


def _tries(server: Server, count: int) -> list[int]:
    """Return the statuses of so many tries, sent in bundles on one connection as fast as they are answered."""
    found: list[int] = []
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        stream = connection.makefile("rb")
        for first in range(0, count, 100):
            connection.sendall(b"".join(_guess(server.port, number) for number in range(first, first + 100)))
            for _ in range(100):
                found.append(int(stream.readline().split()[1]))
                length = 0
                while line := stream.readline().strip():
                    name, _, value = line.lower().partition(b": ")
                    length = int(value) if name == b"content-length" else length
                stream.read(length)
    return found


def _guess(port: int, number: int) -> bytes:
    body = json.dumps({"name": "ada", "password": f"guess number {number}"}).encode()
    head = f"POST /session HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def _status(connection: http.client.HTTPConnection, method: str, path: str, body: str = "", key: str = "") -> int:
    headers = {"Content-Type": "application/json"} if body else {"x-api-key": key}
    connection.request(method, path, body or None, headers)
    response = connection.getresponse()
    response.read()
    return response.status


def _sign_in(server: Server, password: str, address: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30, source_address=(address, 0))
    found = _status(connection, "POST", "/session", json.dumps({"name": "ada", "password": password}))
    connection.close()
    return found


# --- Where secrets are ----------------------------------------------------------------------------


def test_no_secret_is_where_it_could_be_read(world: World) -> None:
    """Each key, cookie, token, link and password that was used is in no log, no file, no answer's URL and no list."""
    answers = [
        world.ask("admin", "GET", path).body
        for path in ("/users", "/audit?limit=1000", "/api-keys", "/session", "/experiments?limit=1000", "/openapi.json")
    ]
    kept = {
        path: path.read_bytes() for path in world.server.dir.rglob("*") if path.is_file() and path.name != "local-key"
    }
    assert {"catalog.sqlite", "metrics.duckdb"} <= {path.name for path in kept}
    said = world.server.log.read_bytes()
    assert len(world.secrets) > 20
    for secret in (each.encode() for each in {*world.secrets, PASSWORD}):
        assert secret not in said, "the log"
        assert not [path for path, content in kept.items() if secret in content]
        assert not [answer for answer in answers if secret in answer]


def test_links_carry_their_token_where_no_server_sees_it(world: World) -> None:
    """The token of a share, an invitation and a one-time link stands after the #, which browsers send to nobody."""
    links = [
        world.share("in-here")["link"],
        world.invitation(world.here)["link"],
        world.do("admin", "POST", f"/users/{world.user()}/link")["link"],
    ]
    for link in links:
        before, mark, after = link.partition("#token=")
        assert mark
        assert len(after.partition("&")[0]) >= 40
        assert "?" not in before


def test_no_key_is_in_a_clients_journal(own_world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a client keeps on disk until it is sent has neither the user's key nor a write token."""
    from tora import Tora

    monkeypatch.setenv("TORA_MODE", "offline")
    client = Tora.create_experiment("kept", api_key="tora_a-key-of-a-user", server_url="http://127.0.0.1:9")
    client.log("loss", 1.0)
    client.shutdown()
    kept = [path.read_bytes() for path in own_world.rglob("*") if path.is_file()]
    assert any(b"loss" in content for content in kept)
    assert not [content for content in kept if b"a-key-of-a-user" in content or b'"tw_' in content]


def test_files_are_for_their_owner_alone(world: World) -> None:
    """Nobody else on the machine can open a file of the data folder, whoever made the folder."""
    for path in world.server.dir.rglob("*"):
        assert not path.stat().st_mode & 0o077, path


# --- More than a key is for -----------------------------------------------------------------------


def test_a_key_makes_no_wider_key(world: World) -> None:
    """A key for one workspace makes keys for it alone; one that ends makes none that outlives it; others make none."""
    bound = world.do("bound", "POST", "/api-keys", {"name": "wider", "scope": "full"})
    assert bound["workspaceId"] == world.here
    refusal(world.ask("bound", "POST", "/api-keys", {"name": "a", "workspaceId": world.there}), 404, "not_found")
    for who in ("read", "write"):
        refusal(world.ask(who, "POST", "/api-keys", {"name": "a"}), 403, "forbidden")
    soon = dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)
    world.headers["ends"] = {"x-api-key": world.key("owner", expires=soon.isoformat())["key"]}
    for asked in ({}, {"expires": "2099-01-01T00:00:00Z"}):
        made = world.do("ends", "POST", "/api-keys", {"name": "a", **asked})
        assert dt.datetime.fromisoformat(made["expiresAt"]) == soon


def test_a_key_for_a_workspace_stays_in_it(world: World) -> None:
    """It makes no workspace, joins none, takes nothing out of its own, and knows nothing of its user's other keys."""
    refusal(world.ask("bound", "POST", "/workspaces", {"name": "a"}), 403, "forbidden")
    invited = {"token": world.invitation(world.there)["token"], "join": True}
    refusal(world.ask("bound", "POST", "/invitations", invited), 403, "forbidden")
    made = world.experiment("owner", world.here)
    refusal(world.ask("bound", "PATCH", f"/experiments/{made}", {"workspaceId": None}), 403, "forbidden")
    refusal(world.ask("bound", "PATCH", f"/experiments/{made}", {"workspaceId": world.there}), 404, "not_found")
    other = world.key("owner")["id"]
    refusal(world.ask("bound", "DELETE", f"/api-keys/{other}"), 404, "not_found")
    keys = world.do("bound", "GET", "/api-keys")["items"]
    assert {each["workspaceId"] for each in keys} == {world.here}
    assert world.do("bound", "POST", "/experiments", {"name": "a"})["workspaceId"] == world.here


def test_other_peoples_ids_open_nothing(world: World) -> None:
    """IDOR: an id of something else's, in a path whose beginning is one's own, is not found."""
    mine = world.experiment("editor", world.here)
    share, invitation = world.share("in-there")["id"], world.invitation(world.there)["id"]
    key = world.key("viewer")["id"]
    refusal(world.ask("editor", "DELETE", f"/experiments/{mine}/shares/{share}"), 404, "not_found")
    refusal(world.ask("bound", "DELETE", f"/workspaces/{world.here}/invitations/{invitation}"), 404, "not_found")
    for who in ("editor", "owner", "admin", "local"):
        refusal(world.ask(who, "DELETE", f"/api-keys/{key}"), 404, "not_found")
    assert world.ask("viewer-key", "GET", "/session").status == 200


def test_somebodys_own_experiment_is_theirs(world: World) -> None:
    """IDOR: each route of an experiment in no workspace is 404 to everybody but its maker and administrators."""
    for route in (one for one in ROUTES if one.path.startswith("/experiments/{id}")):
        path = route.path.format(id="of-stranger", share="s0")
        body: dict[str, object] | None = {} if route.method in {"POST", "PATCH"} else None
        for who in ("viewer", "editor", "owner", "elsewhere", "bound", "viewer-key"):
            assert world.ask(who, route.method, path, body).status == 404, (route, who)
    refusal(world.ask("editor", "POST", "/experiments", {"id": "of-stranger", "name": "mine now"}), 404, "not_found")
    assert world.do("stranger", "GET", "/experiments/of-stranger")["name"] == "throwaway"


def test_an_editor_does_not_rise(world: World) -> None:
    """An editor can neither invite, nor change a role, nor move somebody else's experiment out of the workspace."""
    editor = world.users["editor"]
    for method, path, body in (
        ("PUT", f"/workspaces/{world.here}/members/{editor}", {"role": "owner"}),
        ("POST", f"/workspaces/{world.here}/invitations", {"role": "owner"}),
        ("PATCH", f"/users/{editor}", {"isAdmin": True}),
    ):
        refusal(world.ask("editor", method, path, body), 403, "forbidden")
    made = world.experiment("owner", world.here)
    refusal(world.ask("editor", "PATCH", f"/experiments/{made}", {"workspaceId": None}), 403, "forbidden")


def test_who_is_removed_does_not_come_back(world: World) -> None:
    """The links that let members in end when one of them is removed or made less, barred or deleted."""
    workspace = world.workspace()

    def used(act: tuple[str, str, Any]) -> None:
        user = world.user()
        world.do("local", "PUT", f"/workspaces/{workspace}/members/{user}", {"role": "owner"})
        token = world.invitation(workspace, role="owner")["token"]
        method, path, body = act
        world.do("local", method, path.format(user=user), body)
        refusal(world.ask("stranger", "POST", "/invitations", {"token": token, "join": True}), 401, "unauthorized")

    used(("DELETE", f"/workspaces/{workspace}/members/{{user}}", None))
    used(("PUT", f"/workspaces/{workspace}/members/{{user}}", {"role": "viewer"}))
    used(("PATCH", "/users/{user}", {"disabled": True}))
    used(("DELETE", "/users/{user}", None))
    assert workspace not in {each["id"] for each in world.do("stranger", "GET", "/workspaces")}


def test_a_reader_makes_nobody_seem_alive(world: World) -> None:
    """A viewer who names a writer does not count as a sign of life of it."""
    made = world.experiment("editor", world.here)
    world.do("editor", "POST", f"/experiments/{made}/heartbeat", {"writer": "w", "status": "lost"})
    for who, status in (("viewer", "lost"), ("share", "lost"), ("editor", "running")):
        world.headers["as w"] = world.headers[who] | {"x-tora-writer": "w"}
        world.ask("as w", "GET", f"/experiments/{made}")
        writers = world.do("editor", "GET", f"/experiments/{made}/writers")
        assert [each["status"] for each in writers if each["writer"] == "w"] in ([status], ["lost"]), who


def test_a_one_time_link_is_used_once(world: World) -> None:
    """Of four who use one link at the same moment one sets the password, and the others are refused."""
    body = {"password": PASSWORD, "token": world.ticket(world.user())}
    with ThreadPoolExecutor(4) as pool:
        statuses = list(pool.map(lambda _: ask(world.server.port, "POST", "/password", body).status, range(4)))
    assert sorted(statuses) == [200, 401, 401, 401]


def test_a_key_that_is_revoked_while_it_is_looked_up_is_not_remembered() -> None:
    """A finding that is older than the last change counts for nobody else."""
    memory: Remembered[str] = Remembered()
    version = memory.version
    memory.forget()  # the key was revoked meanwhile
    memory.add(b"digest", "a caller", version)
    assert b"digest" not in memory
    memory.add(b"digest", "a caller", memory.version)
    assert memory.get(b"digest") == "a caller"


# --- Streams --------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/experiments/{}/events", "/events"])
@pytest.mark.parametrize("end", ["revoke", "remove", "disable", "sign out"])
def test_no_stream_outlives_its_key(world: World, path: str, end: str) -> None:
    """A stream of events ends when its key is revoked, its member removed or barred, or its session over.

    It ends before it tells anything of what was logged after that.
    """
    workspace = world.workspace()
    made = world.experiment("owner", workspace)
    user = world.user()
    world.do("local", "PUT", f"/workspaces/{workspace}/members/{user}", {"role": "viewer"})
    world.users["watcher"] = user
    world.sign_in("watcher")
    key = world.key("watcher")
    headers = world.headers["watcher"] if end == "sign out" else {"x-api-key": key["key"]}
    connection = http.client.HTTPConnection("127.0.0.1", world.server.port, timeout=30)
    connection.request("GET", path.format(made), headers=headers)
    response = connection.getresponse()
    assert response.status == 200
    assert response.readline().startswith(b"retry")
    ends = {
        "revoke": ("watcher", "DELETE", f"/api-keys/{key['id']}", None),
        "remove": ("local", "DELETE", f"/workspaces/{workspace}/members/{user}", None),
        "disable": ("local", "PATCH", f"/users/{user}", {"disabled": True}),
        "sign out": ("watcher", "DELETE", "/session", None),
    }
    world.do(*ends[end])
    world.do("owner", "POST", f"/experiments/{made}/logs/batch", {"logs": [{"name": "secret-after", "value": 1}]})
    if end == "remove" and path == "/events":  # they are still somebody, and have a list of their own
        own = world.experiment("watcher")
        told = b""
        while own.encode() not in told:
            told += response.readline()
    else:
        told = response.read()
    assert b"secret-after" not in told
    assert path != "/events" or made.encode() not in told
    connection.close()


def test_a_second_server_does_not_take_the_cookie_of_the_first(world: World, tmp_path: Path) -> None:
    """Browsers send a host's cookies to all its ports: another server of the same machine takes none of ours."""
    other = start(tmp_path / "other", anonymous=False)
    try:
        assert ask(other.port, "GET", "/experiments", None, world.headers["admin"]).status == 401
    finally:
        other.stop()
