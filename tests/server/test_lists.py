"""Lists of experiments that look at hyperparameters and metrics, and what columns they can have."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from tests.server.conftest import Call, refusal
from tests.support import http
from tests.support.serving import Server, serving

RUNS = 9


def fill(url: str) -> str:
    """Make experiments e0 to e8 on a server; e8 has neither hyperparameters, tags nor metrics; return its address."""
    for place in range(RUNS):
        pairs = [{"key": "lr", "value": 10**-place}, {"key": "opt", "value": "sgd" if place % 2 else "adam"}]
        body = {
            "id": f"e{place}",
            "name": f"run {place}",
            "hyperparams": pairs,
            "tags": ["odd" if place % 2 else "even"],
        }
        body = body if place < RUNS - 1 else {"id": f"e{place}", "name": f"run {place}"}
        assert http.request("POST", f"{url}/experiments", body).status == 201
        if place < RUNS - 1:
            values = [place / 10, 1.0, 0.5 + place % 4]
            logs = [{"name": "acc", "value": value, "step": step} for step, value in enumerate(values)]
            logs += [{"name": "a:b c", "value": "Infinity" if place == 3 else "NaN" if place == 4 else -place}]
            assert http.request("POST", f"{url}/experiments/e{place}/logs/batch", {"logs": logs}).status == 201
    return url


@pytest.fixture(scope="module")
def listed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server that is only read."""
    with serving(tmp_path_factory.mktemp("listed") / "data") as running:
        yield fill(running.url)


@pytest.fixture
def base(own_server: Server) -> str:
    """The address of a server that the test may change."""
    return fill(own_server.url)


def ids(base: str, **query: Any) -> list[str]:
    """Return the ids of one page."""
    return [item["id"] for item in http.data(f"{base}/experiments?{urlencode(query, doseq=True)}")["items"]]


def walk(base: str, **query: Any) -> list[str]:
    """Return the ids of all pages, and check that each says how many there are in all."""
    found, totals = list[str](), set[int]()
    while True:
        page = http.data(f"{base}/experiments?{urlencode(query)}")
        found += [item["id"] for item in page["items"]]
        totals.add(page["total"])
        if page["next"] is None:
            assert totals == {len(found)}
            return found
        query["cursor"] = page["next"]


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("lr < 0.01 and acc.max > 2", [3, 6, 7]),
        ("lr >= 0.1", [0, 1]),
        ("opt = sgd and not lr < 1e-4", [1, 3]),
        ("acc.last = 3.5", [3, 7]),
        ("acc.min < 0.15", [0, 1]),
        ("acc.count = 3 and tag = even", [0, 2, 4, 6]),
        ("metrics.`a:b c`.last = inf or metrics.`a:b c`.last = nan", [3, 4]),
        ("lr = null", [8]),
        ("acc = null and tag = null", [8]),
        ("name ~ 'RUN 5' or id = e2", [2, 5]),
        ("status = running", list(range(RUNS))),
        ("status = finished", []),
        ("duration < 0", []),
        ("created > 2000-01-01 and params.opt = adam", [0, 2, 4, 6]),
    ],
)
def test_an_expression_filters_a_list(listed: str, expression: str, found: list[int]) -> None:
    """Hyperparameters, metrics and what every experiment has are compared, page by page or at once."""
    expected = [f"e{place}" for place in found]
    assert ids(listed, filter=expression, sort="name") == expected
    assert walk(listed, filter=expression, sort="-created", limit=2) == expected[::-1]


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("param:lr", [7, 6, 5, 4, 3, 2, 1, 0, 8]),
        ("-param:lr", [0, 1, 2, 3, 4, 5, 6, 7, 8]),
        ("param:opt", [0, 2, 4, 6, 1, 3, 5, 7, 8]),
        ("-param:opt", [7, 5, 3, 1, 6, 4, 2, 0, 8]),
        ("metric:acc:min", [0, 1, 2, 3, 4, 5, 6, 7, 8]),
        ("-metric:acc:max", [7, 3, 6, 2, 5, 1, 4, 0, 8]),
        ("metric:acc:last", [0, 4, 1, 5, 2, 6, 3, 7, 8]),
        ("metric:a:b c:last", [7, 6, 5, 2, 1, 0, 3, 4, 8]),
        ("-metric:a:b c:last", [3, 0, 1, 2, 5, 6, 7, 8, 4]),
        ("duration", [8, 7, 6, 5, 4, 3, 2, 1, 0]),
        ("-duration", [0, 1, 2, 3, 4, 5, 6, 7, 8]),
        ("status", [0, 1, 2, 3, 4, 5, 6, 7, 8]),
        ("param:nothing", [0, 1, 2, 3, 4, 5, 6, 7, 8]),
    ],
)
def test_a_list_is_sorted_by_what_differs(listed: str, sort: str, order: list[int]) -> None:
    """Those without the value come last either way, and pages of any length show the same order."""
    expected = [f"e{place}" for place in order]
    for limit in (100, 4, 1):
        assert walk(listed, sort=sort, limit=limit) == expected


def test_a_page_of_a_sorted_list_is_not_shifted_by_what_comes_or_goes(base: str) -> None:
    """The cursor is a value, so that what is new or deleted in between neither repeats nor hides others."""
    first = http.data(f"{base}/experiments?sort=-param:lr&limit=3")
    http.request("DELETE", f"{base}/experiments/e2")
    new = {"id": "new", "name": "n", "hyperparams": [{"key": "lr", "value": 0.5}]}
    http.request("POST", f"{base}/experiments", new)
    assert walk_on(base, first["next"]) == ["e3", "e4", "e5", "e6", "e7", "e8"]


def walk_on(base: str, cursor: str) -> list[str]:
    """Return what follows a cursor in the list of the test above."""
    return ids(base, sort="-param:lr", cursor=cursor)


def test_archived_experiments_are_shown_on_request(base: str) -> None:
    """A PATCH archives and brings back; lists and columns leave the archived out unless asked."""
    changed = http.request("PATCH", f"{base}/experiments/e1", {"archived": True})
    assert changed.json()["data"]["archived"] is True
    assert "e1" not in ids(base)
    assert ids(base, archived="yes") == ["e1"]
    assert ids(base, archived="yes", filter="acc > 0") == ["e1"]
    assert len(ids(base, archived="all")) == RUNS
    assert {"name": "odd", "count": 3} in http.data(f"{base}/columns")["tags"]
    http.request("PATCH", f"{base}/experiments/e1", {"archived": False})
    assert len(ids(base)) == RUNS


def test_an_end_and_a_duration_are_told(base: str) -> None:
    """A running experiment has no end and a growing duration; an ended one has both."""
    http.request("PATCH", f"{base}/experiments/e1", {"status": "failed"})
    items = {item["id"]: item for item in http.data(f"{base}/experiments")["items"]}
    assert items["e0"]["endedAt"] is None
    assert items["e0"]["duration"] > 0
    assert items["e1"]["endedAt"] > items["e1"]["createdAt"]
    assert http.data(f"{base}/experiments/e1")["duration"] == items["e1"]["duration"] > 0


def test_items_carry_the_metrics_that_are_asked_for(listed: str) -> None:
    """Without ``metric`` they carry all."""
    (item,) = http.data(f"{listed}/experiments?id=e3")["items"]
    assert [each["name"] for each in item["metrics"]] == ["a:b c", "acc"]
    (item,) = http.data(f"{listed}/experiments?id=e3&metric=acc&metric=none")["items"]
    assert [each["name"] for each in item["metrics"]] == ["acc"]


def test_a_list_of_ids_has_these_alone(listed: str) -> None:
    """Up to 1,000 ids of any length may be named, whether they are there or not."""
    assert ids(listed, id=["e3", "e1", "nope"], sort="name") == ["e1", "e3"]
    many = [f"{place:064}" for place in range(999)]
    assert ids(listed, id=["e5", *many], filter="acc > 0") == ["e5"]
    answer = http.request("GET", f"{listed}/experiments?{urlencode({'id': ['e'] * 1001}, doseq=True)}")
    assert "id may be given at most 1,000 times" in refusal(answer, 400, "validation")


def test_the_columns_say_what_there_is(base: str) -> None:
    """Names and in how many experiments each is, the most frequent first."""
    http.request("POST", f"{base}/experiments/e0/logs/batch", {"logs": [{"name": "zzz", "value": 1}]})
    assert http.data(f"{base}/columns") == {
        "params": [{"name": "lr", "count": 8}, {"name": "opt", "count": 8}],
        "metrics": [{"name": "a:b c", "count": 8}, {"name": "acc", "count": 8}, {"name": "zzz", "count": 1}],
        "tags": [{"name": "even", "count": 4}, {"name": "odd", "count": 4}],
    }
    refusal(http.request("GET", f"{base}/columns?workspace=nope"), 404, "not_found")


def _cursor(*parts: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode()


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("filter=lr%20%3C", "filter: expected a value"),
        ("filter=" + "x" * 1001, "filter may have at most"),
        *(
            (f"sort={each}", "sort must be")
            for each in ("param:", "metric:acc", "metric:acc:mean", "metric::min", "--duration")
        ),
        ("archived=maybe", "archived"),
        ("sort=duration&limit=0", "limit must be"),
        ("sort=duration&cursor=x", "cursor must be"),
        (f"sort=duration&cursor={_cursor('duration', [0, 'x'], 'a', 1)}", "cursor must be"),
        (f"sort=duration&cursor={_cursor('duration', [0, 'NaN'], 'a', 1)}", "cursor must be"),
        (f"sort=duration&cursor={_cursor('duration', [1, 2], 'a', 1)}", "cursor must be"),
        (f"sort=duration&cursor={_cursor('duration', [7, 'x'], 'a', 1)}", "cursor must be"),
        (f"sort=duration&cursor={_cursor('status', [1, 'x'], 'a', 1)}", "cursor belongs to a list with sort=status"),
    ],
)
def test_a_wrong_list_is_refused(call: Call, query: str, message: str) -> None:
    """The message begins with the parameter and says what it may be."""
    assert message in refusal(call("GET", f"/experiments?{quote(query, safe='=&%')}"), 400, "validation")


def test_a_list_of_an_unknown_workspace_is_not_found(call: Call, server: Server) -> None:
    """With an expression as without one."""
    refusal(call("GET", "/experiments?workspace=nope&sort=duration", key=server.key), 404, "not_found")
