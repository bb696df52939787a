"""Who may do what."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from tests.server.conftest import refusal
from tests.support import http
from tests.support.serving import Server, serving


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that takes nobody without a key, with an experiment "one" on it."""
    with serving(tmp_path_factory.mktemp("closed") / "data", anonymous=False) as running:
        for made in ("one", "two"):
            body = {"id": made, "name": made}
            assert http.request("POST", f"{running.url}/experiments", body, key=running.key).status == 201
        yield running


@pytest.fixture
def token(closed: Server) -> str:
    """The write token of the experiment "one"."""
    found: str = http.data(f"{closed.url}/experiments/one", key=closed.key)["writeToken"]
    return found


BATCH = {"logs": [{"name": "loss", "value": 1}]}

APPENDING: list[tuple[str, str, Any]] = [
    ("GET", "/experiments/one", None),
    ("POST", "/experiments/one/logs/batch", BATCH),
    ("POST", "/experiments/one/metrics/batch", {"metrics": []}),
    ("POST", "/experiments/one/heartbeat", {"writer": "w"}),
]
MORE: list[tuple[str, str, Any]] = [
    ("GET", "/experiments", None),
    ("POST", "/experiments", {"name": "a"}),
    ("PATCH", "/experiments/one", {"notes": "a"}),
    ("GET", "/experiments/one/metrics", None),
    ("GET", "/experiments/one/writers", None),
    ("GET", "/experiments/one/export", None),
    ("GET", "/series?experiment=one", None),
    ("GET", "/workspaces", None),
]


@pytest.mark.parametrize(("method", "path", "body"), APPENDING + MORE)
def test_without_a_key_nothing_is_open(closed: Server, method: str, path: str, body: object) -> None:
    """A server that is not anonymous answers 401 and says what to do."""
    assert "TORA_API_KEY" in refusal(http.request(method, closed.url + path, body), 401, "unauthorized")


@pytest.mark.parametrize(("method", "path", "body"), APPENDING + MORE)
def test_the_key_of_the_folder_opens_everything(closed: Server, method: str, path: str, body: object) -> None:
    """Who can read the data folder's key may do everything."""
    assert http.request(method, closed.url + path, body, key=closed.key).status < 300


@pytest.mark.parametrize(("method", "path", "body"), APPENDING)
def test_a_write_token_may_append(closed: Server, token: str, method: str, path: str, body: object) -> None:
    """The token of an experiment logs to it and reads its record."""
    answer = http.request(method, closed.url + path, body, key=token)
    assert answer.status < 300
    assert "writeToken" not in (answer.json()["data"] or {})


@pytest.mark.parametrize(("method", "path", "body"), MORE)
def test_a_write_token_may_do_no_more(closed: Server, token: str, method: str, path: str, body: object) -> None:
    """Reading metrics, changing and creating are beyond the token: 403."""
    refusal(http.request(method, closed.url + path, body, key=token), 403, "forbidden")


@pytest.mark.parametrize(("method", "path", "body"), APPENDING)
def test_a_write_token_holds_for_its_experiment(
    closed: Server, token: str, method: str, path: str, body: object
) -> None:
    """On another experiment the token has no rights."""
    path = path.replace("/one", "/two")
    refusal(http.request(method, closed.url + path, body, key=token), 403, "forbidden")


@pytest.mark.parametrize("path", ["/health", "/experiments", "/experiments/one", "/workspaces", "/openapi.json", "/"])
@pytest.mark.parametrize("key", ["wrong", "tw_one.0000", "tw_", "tw_.", "x" * 5_000, "tw_one"])
def test_a_wrong_key_is_refused_everywhere(closed: Server, path: str, key: str) -> None:
    """Whoever sends a key that is unknown hears of it, where none is needed as well."""
    refusal(http.request("GET", closed.url + path, key=key), 401, "unauthorized")


def test_a_wrong_key_is_refused_by_an_anonymous_server(server: Server) -> None:
    """Showing a wrong key is not the same as showing none."""
    refusal(http.request("GET", f"{server.url}/experiments", key="wrong"), 401, "unauthorized")
    refusal(http.request("GET", f"{server.url}/experiments", key="schlüssel"), 401, "unauthorized")


def test_a_key_can_be_a_bearer(closed: Server) -> None:
    """Authorization: Bearer KEY is the same as x-api-key."""
    asked = urllib.request.Request(f"{closed.url}/experiments", headers={"Authorization": f"bearer {closed.key}"})
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(asked, timeout=30) as answer:
        assert answer.status == 200


def test_health_and_the_pages_are_open(closed: Server) -> None:
    """What a browser loads before anybody logs in needs no key, and tells nothing of what is there."""
    for path in ("/health", "/openapi.json", "/", "/e/one", "/e/nope", "/static/app.js"):
        assert http.request("GET", closed.url + path).status == 200


def test_no_key_is_in_the_log(closed: Server, token: str) -> None:
    """Keys, right or wrong, stay out of what the server prints."""
    http.request("GET", f"{closed.url}/experiments", key="a-wrong-key")
    http.request("GET", f"{closed.url}/experiments", key=token)
    said = closed.said()
    assert closed.key not in said
    assert token not in said
    assert "a-wrong-key" not in said
