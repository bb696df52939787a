"""Create, list, show, change and delete experiments."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from tests.server.conftest import Call, refusal
from tests.support.http import Answer
from tests.support.serving import Server

FIELDS = {
    *("id", "name", "url", "workspaceId", "description", "hyperparams", "tags"),
    *("notes", "status", "createdAt", "updatedAt", "archived", "endedAt", "duration"),
}


def create(call: Call, **fields: Any) -> dict[str, Any]:
    """Create an experiment and return it."""
    answer = call("POST", "/experiments", {"name": "of a test", **fields})
    assert answer.status == 201, answer.body
    found: dict[str, Any] = answer.json()["data"]
    return found


def test_a_created_experiment_is_answered_as_published(call: Call, server: Server) -> None:
    """The answer has each field of the protocol, the address of the page and a token."""
    made = create(
        call,
        name="  digits  ",
        description="two\nlines",
        hyperparams=[{"key": "lr", "value": 0.1}, {"key": "layers", "value": [1, 2]}],
        tags=["a", "b", "a"],
    )
    assert made.keys() == FIELDS | {"context", "role", "writeToken"}
    assert made["name"] == "digits"
    assert made["description"] == "two\nlines"
    assert made["hyperparams"] == [{"key": "lr", "value": 0.1}, {"key": "layers", "value": [1, 2]}]
    assert made["tags"] == ["a", "b"]
    assert made["status"] == "running"
    assert made["url"] == f"{server.url}/e/{made['id']}"
    assert dt.datetime.fromisoformat(made["createdAt"]).utcoffset() == dt.timedelta(0)


def test_the_address_of_an_experiment_opens(call: Call) -> None:
    """The url of a created experiment answers 200 with the page."""
    made = create(call)
    page = call("GET", f"/e/{made['id']}")
    assert page.status == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"


def test_the_address_has_the_name_that_the_request_used(call: Call, server: Server, experiment: str) -> None:
    """Whoever asks localhost gets an address of localhost."""
    from tests.support import http

    found = http.data(f"http://localhost:{server.port}/experiments/{experiment}")
    assert found["url"] == f"http://localhost:{server.port}/e/{experiment}"


def test_the_same_id_is_the_same_experiment(call: Call, experiment: str) -> None:
    """Creating an id that is there answers 200 with what is there, unchanged."""
    answer = call("POST", "/experiments", {"id": experiment, "name": "another name"})
    assert answer.status == 200
    assert answer.json()["data"]["name"] == "of a test"
    assert answer.json()["data"]["writeToken"]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": " "}, "name"),
        ({"name": "x" * 256}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"name": 5}, "name"),
        ({"name": None}, "name"),
        ({"id": ""}, "id"),
        ({"id": "x" * 65}, "id"),
        ({"id": "a/b"}, "id"),
        ({"description": "x" * 10_001}, "description"),
        ({"description": ["x"]}, "description"),
        ({"tags": ["x" * 51]}, "tags[0]"),
        ({"tags": [""]}, "tags[0]"),
        ({"tags": [f"t{i}" for i in range(51)]}, "tags"),
        ({"tags": "x"}, "tags"),
        ({"tags": [1]}, "tags[0]"),
        ({"hyperparams": {"lr": 1}}, "hyperparams"),
        ({"hyperparams": [{"key": "a", "value": 1}, {"key": "a", "value": 2}]}, "hyperparams"),
        ({"hyperparams": [{"key": "x" * 251, "value": 1}]}, "hyperparams"),
        ({"hyperparams": [{"key": "", "value": 1}]}, "hyperparams"),
        ({"hyperparams": [{"key": "a", "value": "x" * 10_000}]}, "hyperparams['a']"),
        ({"hyperparams": [{"key": f"k{i}", "value": i} for i in range(1_001)]}, "hyperparams"),
        ({"hyperparams": [{"key": "a"}]}, "hyperparams[0]"),
        ({"colour": "red"}, "colour"),
        ({"workspaceId": "a b"}, "workspace_id"),
    ],
)
def test_what_passes_a_limit_is_refused_by_name(call: Call, fields: dict[str, Any], field: str) -> None:
    """A value beyond its limit, or of a wrong type, gets a 400 that names the field."""
    message = refusal(call("POST", "/experiments", {"name": "of a test", **fields}), 400, "validation")
    assert field.split("[", maxsplit=1)[0].split("_", maxsplit=1)[0] in message


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "x" * 255},
        {"id": None},
        {"description": "x" * 10_000},
        {"description": None, "tags": None, "hyperparams": None, "workspaceId": None},
        {"tags": [f"{i:050}" for i in range(50)]},
        {"hyperparams": [{"key": f"{i:0250}", "value": "x" * 9_998} for i in range(1_000)]},
        {"name": "Größe 模型 🔥"},
    ],
)
def test_what_reaches_a_limit_is_taken(call: Call, fields: dict[str, Any]) -> None:
    """A value at its limit comes back as it was sent."""
    made = create(call, **fields)
    for name, value in fields.items():
        if value is not None:
            assert made[name] == value


def test_an_unknown_workspace_is_not_found(call: Call, server: Server) -> None:
    """An experiment cannot be made in a workspace that is not there, with a key or without one."""
    body = {"name": "a", "workspaceId": "nope"}
    for key in (server.key, ""):
        assert "workspace" in refusal(call("POST", "/experiments", body, key=key), 404, "not_found")


def test_a_change_changes_what_it_names(call: Call) -> None:
    """What a PATCH does not name stays as it was."""
    made = create(call, description="before", tags=["a"], hyperparams=[{"key": "lr", "value": 1}])
    path = f"/experiments/{made['id']}"
    changed = call("PATCH", path, {"notes": "seen\tit", "tags": ["b"], "name": "renamed"}).json()["data"]
    assert changed["notes"] == "seen\tit"
    assert changed["tags"] == ["b"]
    assert changed["name"] == "renamed"
    assert changed["description"] == "before"
    assert changed["hyperparams"] == made["hyperparams"]
    assert changed["createdAt"] == made["createdAt"]
    assert changed["updatedAt"] >= made["updatedAt"]
    assert call("PATCH", path, {"description": None}).json()["data"]["description"] is None
    assert call("GET", path).json()["data"]["name"] == "renamed"


@pytest.mark.parametrize(
    "body",
    [
        {"name": ""},
        {"name": None},
        {"status": "lost"},
        {"status": "done"},
        {"status": 1},
        {"tags": None},
        {"id": "x"},
        {"archived": 1},
    ],
)
def test_a_wrong_change_changes_nothing(call: Call, experiment: str, body: dict[str, Any]) -> None:
    """A PATCH with a wrong field is refused as a whole."""
    before = call("GET", f"/experiments/{experiment}").json()["data"]
    refusal(call("PATCH", f"/experiments/{experiment}", {"notes": "new", **body}), 400, "validation")
    after = call("GET", f"/experiments/{experiment}").json()["data"]
    assert after == before | {"duration": after["duration"]}  # it runs on


def test_a_deleted_experiment_is_gone_with_its_points(call: Call, log: Callable[..., Answer]) -> None:
    """After a DELETE nothing is found, and the same id begins anew without the old points."""
    made = create(call)
    path = f"/experiments/{made['id']}"
    assert log(made["id"], [{"name": "loss", "value": 1}]).status == 201
    assert call("DELETE", path).json() == {"status": 200, "data": {"id": made["id"]}}
    for method, rest in [("GET", ""), ("GET", "/metrics"), ("DELETE", ""), ("GET", "/export"), ("GET", "/writers")]:
        refusal(call(method, path + rest), 404, "not_found")
    refusal(log(made["id"], [{"name": "loss", "value": 1}]), 404, "not_found")
    create(call, id=made["id"])
    assert call("GET", f"{path}/metrics").json()["data"] == []


@pytest.mark.parametrize("unknown", ["nope", "a%20b", "%00", "%ff", "a%2Fb", "%zz", "x" * 200, ".", "%20x", "é"])
@pytest.mark.parametrize(
    ("method", "rest", "body"),
    [
        ("GET", "", None),
        ("PATCH", "", {"name": "a"}),
        ("DELETE", "", None),
        ("POST", "/logs/batch", {"logs": []}),
        ("POST", "/metrics/batch", {"metrics": []}),
        ("POST", "/heartbeat", {"writer": "w"}),
        ("GET", "/metrics", None),
        ("GET", "/writers", None),
        ("GET", "/export", None),
        ("GET", "/events", None),
    ],
)
def test_an_unknown_experiment_is_not_found(call: Call, unknown: str, method: str, rest: str, body: object) -> None:
    """Every call on an experiment that is not there, however odd its id, answers 404."""
    from urllib.parse import quote

    refusal(call(method, f"/experiments/{quote(unknown, safe='%')}{rest}", body), 404, "not_found")


def test_a_list_shows_what_its_filter_says(own_server: Server) -> None:
    """Search, tag, status, order and pages work together; each item has its summaries."""
    from tests.support import http

    base = f"{own_server.url}/experiments"
    for place in range(7):
        body = {"id": f"e{place}", "name": f"run {place}", "tags": ["odd" if place % 2 else "even"]}
        assert http.request("POST", base, body).status == 201
    http.request("POST", f"{base}/e3/logs/batch", {"logs": [{"name": "loss", "value": "NaN", "step": 4}]})
    http.request("PATCH", f"{base}/e5", {"status": "failed"})

    def ids(query: str) -> list[str]:
        return [item["id"] for item in http.data(f"{base}?{query}")["items"]]

    assert ids("") == [f"e{place}" for place in reversed(range(7))]
    assert ids("sort=created") == [f"e{place}" for place in range(7)]
    assert ids("tag=odd&sort=name") == ["e1", "e3", "e5"]
    assert ids("q=RUN%206") == ["e6"]
    assert ids("status=failed") == ["e5"]
    assert ids("status=running&tag=odd&sort=name") == ["e1", "e3"]
    assert ids("status=lost") == []
    first = http.data(f"{base}?limit=3&sort=name")
    second = http.data(f"{base}?limit=3&sort=name&cursor={first['next']}")
    third = http.data(f"{base}?limit=3&sort=name&cursor={second['next']}")
    pages = [[item["id"] for item in page["items"]] for page in (first, second, third)]
    assert pages == [["e0", "e1", "e2"], ["e3", "e4", "e5"], ["e6"]]
    assert third["next"] is None
    item = second["items"][0]
    assert item.keys() == FIELDS | {"metrics"}
    assert item["metrics"] == [
        {
            "name": "loss",
            "count": 1,
            "last": "NaN",
            "min": None,
            "max": None,
            "firstStep": 4,
            "lastStep": 4,
            "nonFinite": 1,
            "writers": 1,
        }
    ]


@pytest.mark.parametrize(
    "query",
    [
        *("limit=0", "limit=1001", "limit=-1", "limit=x", "limit=1.5", "limit=", "sort=colour", "sort=", "status=done"),
        *("cursor=x", "cursor=e30=", "colour=red", "limit=1&limit=2", f"q={'x' * 1_001}"),
    ],
)
def test_a_wrong_query_is_refused(call: Call, query: str) -> None:
    """Each parameter of the list is checked, and unknown ones are named."""
    message = refusal(call("GET", f"/experiments?{query}"), 400, "validation")
    assert query.partition("=")[0] in message


def test_a_list_of_an_unknown_workspace_is_not_found(call: Call, server: Server) -> None:
    """A workspace that is not there is no empty one."""
    refusal(call("GET", "/experiments?workspace=nope", key=server.key), 404, "not_found")


def test_a_run_can_be_told_of_later(call: Call) -> None:
    """Who imports a run says when it began and ended; it is that long, and stays so when its status comes again."""
    made = create(call, createdAt="2024-05-01T12:00:00.5+02:00")
    assert made["createdAt"] == "2024-05-01T10:00:00.500Z"
    path = f"/experiments/{made['id']}"
    ended = call("PATCH", path, {"status": "failed", "endedAt": "2024-05-01T10:01:00Z"}).json()["data"]
    assert (ended["endedAt"], ended["duration"], ended["status"]) == ("2024-05-01T10:01:00.000Z", 59.5, "failed")
    again = call("PATCH", path, {"status": "finished"}).json()["data"]
    assert (again["endedAt"], again["status"]) == (ended["endedAt"], "finished")


@pytest.mark.parametrize(
    ("method", "fields", "said"),
    [
        ("POST", {"createdAt": "2024-05-01T12:00:00"}, "createdAt must name its time zone"),
        ("POST", {"createdAt": "1969-12-31T23:59:59Z"}, "createdAt must be from 1970"),
        ("POST", {"createdAt": "0001-01-01T00:00:00+10:00"}, "createdAt must be from 1970"),
        ("PATCH", {"endedAt": "2024-05-01T12:00:00Z"}, "endedAt goes with the status"),
        ("PATCH", {"endedAt": "2024-05-01T12:00:00Z", "status": "running"}, "endedAt goes with the status"),
        ("PATCH", {"endedAt": "2024-05-01T12:00:00", "status": "failed"}, "endedAt must name its time zone"),
    ],
)
def test_a_wrong_time_is_refused(call: Call, experiment: str, method: str, fields: dict[str, Any], said: str) -> None:
    """A time needs its zone and is of this calendar, and an end needs the status that goes with it."""
    path = f"/experiments/{experiment}" if method == "PATCH" else "/experiments"
    answer = call(method, path, fields if method == "PATCH" else {"name": "n", **fields})
    assert said in refusal(answer, 400, "validation")
