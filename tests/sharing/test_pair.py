"""Two servers on one catalog: what is done on one holds on the other."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

from tests.server.stream import listening
from tests.server.world import PASSWORD, ask
from tests.sharing.conftest import Pair
from tests.support.http import Answer
from tests.support.polling import until
from tests.support.serving import Server, serving


def _from(server: Server, address: str, path: str, body: object = None, key: str = "") -> Answer:
    """Send a request as from an address behind a proxy."""
    headers = {"X-Forwarded-For": address, "X-Forwarded-Proto": "http"} | ({"x-api-key": key} if key else {})
    return ask(server.port, "GET" if body is None else "POST", path, body, headers)


def _signed_in(pair: Pair, name: str) -> tuple[str, dict[str, str]]:
    """Return the id of a new user, and what their browser sends since they signed in on the first server."""
    made: dict[str, Any] = pair.call(pair.a, "POST", "/users", {"name": name}).json()["data"]
    token = made["link"].partition("#token=")[2]
    answer = ask(pair.a.port, "POST", "/password", {"password": PASSWORD, "token": token})
    assert answer.status == 200, answer.body
    return made["id"], {"Cookie": answer.headers["set-cookie"].partition(";")[0]}


def test_a_key_is_made_and_revoked_for_both(pair: Pair) -> None:
    """A key that was made on the one is good on the other, which refuses it as soon as it is revoked."""
    made = pair.call(pair.a, "POST", "/api-keys", {"name": "of a test"}).json()["data"]
    assert [pair.call(each, "GET", "/workspaces", key=made["key"]).status for each in (pair.a, pair.b)] == [200, 200]
    assert pair.call(pair.a, "DELETE", f"/api-keys/{made['id']}").status == 200
    assert pair.call(pair.a, "GET", "/workspaces", key=made["key"]).status == 401
    until(lambda: pair.call(pair.b, "GET", "/workspaces", key=made["key"]).status == 401, "refusal on the other")


def test_a_session_and_a_role_count_on_both(pair: Pair) -> None:
    """Who signed in on the one is known to the other; a role that is given or taken there counts here."""
    user, browser = _signed_in(pair, "dana")
    workspace = pair.call(pair.b, "POST", "/workspaces", {"name": "together"}).json()["data"]["id"]
    body = {"name": "in it", "workspaceId": workspace}
    path = f"/experiments/{pair.call(pair.b, 'POST', '/experiments', body).json()['data']['id']}"
    assert ask(pair.b.port, "GET", path, headers=browser).status == 404
    members = f"/workspaces/{workspace}/members/{user}"
    assert pair.call(pair.a, "PUT", members, {"role": "viewer"}).status == 200
    until(lambda: ask(pair.b.port, "GET", path, headers=browser).status == 200, "sight of it on the other")
    assert pair.call(pair.a, "DELETE", members).status == 200
    until(lambda: ask(pair.b.port, "GET", path, headers=browser).status == 404, "end of that on the other")
    assert pair.call(pair.a, "DELETE", f"/users/{user}").status == 200
    until(lambda: ask(pair.b.port, "GET", "/api-keys", headers=browser).status == 401, "end of the session")


def test_a_write_token_of_one_is_good_on_the_other(pair: Pair) -> None:
    """A worker may log through any of them."""
    record = pair.call(pair.a, "POST", "/experiments", {"name": "w"}).json()["data"]
    batch = {"logs": [{"name": "m", "value": 1}]}
    path = f"/experiments/{record['id']}/logs/batch"
    assert pair.call(pair.b, "POST", path, batch, key=record["writeToken"]).status == 201


def test_a_record_that_changes_shows_in_the_streams_of_both(pair: Pair) -> None:
    """Who watches on the one hears that the experiment was renamed, given a context and deleted on the other."""
    experiment = pair.create()
    path = f"/experiments/{experiment}"
    with listening(pair.b.port, experiment) as stream, listening(pair.b.port, None) as overview:
        assert stream.next("experiment").data["name"] == "shared"
        assert pair.call(pair.a, "PATCH", path, {"name": "renamed"}).status == 200
        assert any(event.data["name"] == "renamed" for event in stream.events())
        assert any(experiment in event.data["changed"] for event in overview.events())
        assert pair.call(pair.a, "PATCH", path, {"context": {"git": "1"}}).status == 200
        assert stream.next("experiment").data["name"] == "renamed"
        assert pair.call(pair.a, "DELETE", path).status == 200
        assert {event.kind for event in stream.events()} <= {"experiment"}  # it ends
        assert any(experiment in event.data["gone"] for event in overview.events())
    assert pair.call(pair.b, "GET", path).status == 404
    assert pair.call(pair.b, "POST", f"{path}/logs/batch", {"logs": [{"name": "m", "value": 1}]}).status == 404


def test_what_was_deleted_can_be_made_again(pair: Pair) -> None:
    """The same id, deleted on the one and made on the other, is an experiment on both."""
    experiment = pair.create()
    path = f"/experiments/{experiment}"
    assert pair.call(pair.b, "DELETE", path).status == 200
    until(lambda: pair.call(pair.a, "GET", path).status == 404, "end on the other")
    assert pair.call(pair.a, "POST", "/experiments", {"id": experiment, "name": "anew"}).status == 201
    for server in (pair.a, pair.b):
        assert until(lambda: pair.call(server, "GET", path).status == 200, "experiment")  # noqa: B023  # now


def test_an_allowance_is_used_up_on_both(pair: Pair) -> None:
    """Unknown keys that one address tries on the one count on the other: together it gets no more than from one."""
    tried = [_from(pair.a, "10.0.0.1", "/workspaces", key=f"tora_{place}").status for place in range(99)]
    assert set(tried) == {401}
    answers: list[int] = []

    def refused() -> bool:
        answers.append(_from(pair.b, "10.0.0.1", "/workspaces", key=f"tora_b{len(answers)}").status)
        return answers[-1] == 429

    until(refused, "refusal on the other", every=0.1)
    assert len(answers) < 80
    assert _from(pair.b, "10.0.0.2", "/workspaces", key="tora_c").status == 401


def test_failed_attempts_count_on_both(pair: Pair) -> None:
    """Who has tried too many links on the one has to wait on the other."""
    tries = [_from(pair.a, "10.0.0.3", "/session", {"token": f"t{place}"}).status for place in range(52)]
    assert tries[0] == 401
    assert tries[-1] == 429
    until(lambda: _from(pair.b, "10.0.0.3", "/session", {"token": "t"}).status == 429, "refusal on the other")


def test_one_is_killed_and_the_other_goes_on(pair: Pair, tmp_path: Path) -> None:
    """What a server did is there when it is killed, and who watches another hears of what comes after."""
    with serving(tmp_path / "c", *pair.engines) as server:
        made = pair.call(server, "POST", "/experiments", {"name": "before"}, key="").json()["data"]["id"]
        with listening(pair.b.port, made) as stream:
            assert stream.next("experiment").data["name"] == "before"
            assert pair.call(server, "PATCH", f"/experiments/{made}", {"name": "between"}).status == 200
            assert server.stop(signal.SIGKILL) != 0
            assert any(event.data["name"] == "between" for event in stream.events())
            assert pair.call(pair.a, "PATCH", f"/experiments/{made}", {"name": "after"}).status == 200
            assert any(event.data["name"] == "after" for event in stream.events())


def test_servers_print_the_same_first_link(pair: Pair) -> None:
    """Whichever server's link the first administrator opens, it sets their password, once."""
    said = [until(lambda: _link(server), "link of the first administrator") for server in (pair.a, pair.b)]  # noqa: B023
    assert said[0] == said[1]
    set_password = {"password": PASSWORD, "token": said[0]}
    assert ask(pair.a.port, "POST", "/password", set_password).status == 200
    assert ask(pair.b.port, "POST", "/password", set_password).status == 401


def _link(server: Server) -> str:
    return server.said().partition("/welcome#token=")[2].partition("\n")[0].strip()
