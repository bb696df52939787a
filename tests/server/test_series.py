"""Series for charts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.server.conftest import Call, refusal
from tests.support.http import Answer

Log = Callable[..., Answer]


def series(call: Call, query: str) -> list[dict[str, Any]]:
    """Return the series that a query gets."""
    answer = call("GET", f"/series?{query}")
    assert answer.status == 200, answer.body
    found: list[dict[str, Any]] = answer.json()["data"]["series"]
    return found


def test_a_series_comes_as_columns(call: Call, experiment: str, log: Log) -> None:
    """Columns of equal length, sorted by x whatever the order of arrival; what is not finite keeps its name."""
    values = {3: 3.0, 1: "NaN", 0: 0.5, 2: "-Infinity"}
    log(experiment, [{"name": "loss", "value": value, "step": step} for step, value in values.items()])
    (found,) = series(call, f"experiment={experiment}&name=loss")
    assert found == {
        "experiment": experiment,
        "name": "loss",
        "total": 4,
        "nonFinite": 2,
        "columns": {
            "x": [0, 1, 2, 3],
            "last": [0.5, "NaN", "-Infinity", 3.0],
            "min": [0.5, None, None, 3.0],
            "max": [0.5, None, None, 3.0],
            "mean": [0.5, None, None, 3.0],
            "count": [1, 1, 1, 1],
        },
    }


def test_a_long_series_is_cut_into_buckets(call: Call, experiment: str, log: Log) -> None:
    """No more buckets than asked for, and together they hold every point."""
    log(experiment, [{"name": "loss", "value": i, "step": i} for i in range(10_000)])
    for points in (1, 7, 1000, 10_000):
        (found,) = series(call, f"experiment={experiment}&points={points}")
        assert 1 <= len(found["columns"]["x"]) <= points
        assert sum(found["columns"]["count"]) == found["total"] == 10_000
        assert found["columns"]["last"][-1] == 9_999
    (every,) = series(call, f"experiment={experiment}&points=0")
    assert every["columns"]["last"] == list(range(10_000))
    (zoomed,) = series(call, f"experiment={experiment}&from=100&to=102.5")
    assert zoomed["columns"]["x"] == [100, 101, 102]


def test_without_a_name_every_metric_comes(call: Call, log: Log) -> None:
    """Several experiments and metrics come in one answer; unknown metrics are left out."""
    ids = [call("POST", "/experiments", {"name": "a"}).json()["data"]["id"] for _ in range(2)]
    log(ids[0], [{"name": "a", "value": 1}, {"name": "b", "value": 2}])
    log(ids[1], [{"name": "b", "value": 3}])
    both = f"experiment={ids[0]}&experiment={ids[1]}"
    found = {(each["experiment"], each["name"]) for each in series(call, both)}
    assert found == {(ids[0], "a"), (ids[0], "b"), (ids[1], "b")}
    assert [each["experiment"] for each in series(call, f"{both}&name=a&name=nope")] == [ids[0]]


def test_writers_can_be_taken_together(call: Call, experiment: str, log: Log) -> None:
    """across=writers answers one line with its spread over the writers at each step."""
    for place in range(4):
        logs = [{"name": "reward", "value": place * 10 + step, "step": step} for step in range(3)]
        log(experiment, logs, writer=f"w{place}", firstSeq=1)
    (found,) = series(call, f"experiment={experiment}&name=reward&across=writers")
    columns = found["columns"]
    assert columns.keys() == {"x", "count", "mean", "min", "max", "p5", "p50", "p95"}
    assert columns["x"] == [0, 1, 2]
    assert columns["count"] == [4, 4, 4]
    assert columns["mean"] == [15, 16, 17]
    assert columns["max"] == [30, 31, 32]


def test_writers_can_be_taken_together_by_a_label(call: Call, experiment: str, log: Log) -> None:
    """by=rank answers a series for each rank, in order, and one of the group null for who has none."""
    for place, labels in enumerate([{"rank": "10"}, {"rank": "2"}, {"rank": "2", "node": "a"}, {}]):
        logs = [{"name": "reward", "value": place * 10 + step, "step": step} for step in range(3)]
        log(experiment, logs, writer=f"w{place}", firstSeq=1)
        call("POST", f"/experiments/{experiment}/heartbeat", {"writer": f"w{place}", "labels": labels})
    found = series(call, f"experiment={experiment}&across=writers&by=rank")
    assert [(each["name"], each["group"], each["total"]) for each in found] == [
        ("reward", "2", 6),
        ("reward", "10", 3),
        ("reward", None, 3),
    ]
    assert [each["columns"]["mean"] for each in found] == [[15, 16, 17], [0, 1, 2], [30, 31, 32]]
    assert found[0]["columns"].keys() == {"x", "count", "mean", "min", "max", "p5", "p50", "p95"}
    (whole,) = series(call, f"experiment={experiment}&across=writers")
    assert "group" not in whole


@pytest.mark.parametrize(
    "query", ["by=rank", "across=none&by=rank", "across=writers&by=", f"across=writers&by={'x' * 51}"]
)
def test_a_wrong_label_is_refused(call: Call, experiment: str, query: str) -> None:
    """It has the form of a label's name, and goes with across=writers alone."""
    assert "by" in refusal(call("GET", f"/series?experiment={experiment}&{query}"), 400, "validation")


def test_time_can_be_the_axis(call: Call, experiment: str, log: Log) -> None:
    """With x=time the points stand at their clients' time."""
    log(experiment, [{"name": "loss", "value": i, "time": 1.5e9 + i} for i in range(3)])
    (found,) = series(call, f"experiment={experiment}&x=time")
    assert found["columns"]["x"] == [1.5e9, 1.5e9 + 1, 1.5e9 + 2]


def test_nothing_logged_is_no_series(call: Call, experiment: str) -> None:
    """An experiment without metrics answers an empty list and a cursor."""
    data = call("GET", f"/series?experiment={experiment}").json()["data"]
    assert data["series"] == []
    assert isinstance(data["tick"], int)


@pytest.mark.parametrize(
    "query",
    [
        *("points=-1", "points=10001", "points=x", "x=epoch", "across=both", "from=x", "from=nan", "to=inf"),
        *("colour=red", "points=1&points=2", "name=", f"name={'x' * 251}"),
    ],
)
def test_a_wrong_query_is_refused(call: Call, experiment: str, query: str) -> None:
    """Each parameter is checked and named."""
    message = refusal(call("GET", f"/series?experiment={experiment}&{query}"), 400, "validation")
    assert query.partition("=")[0] in message


def test_an_experiment_must_be_named_and_be_there(call: Call) -> None:
    """No experiment at all is a wrong query; an unknown one is not found."""
    assert "experiment" in refusal(call("GET", "/series"), 400, "validation")
    refusal(call("GET", "/series?experiment=nope"), 404, "not_found")


def test_an_answer_is_bounded(call: Call, experiment: str) -> None:
    """More than 10,000 series are refused before any is read."""
    ids = [call("POST", "/experiments", {"name": "a"}).json()["data"]["id"] for _ in range(21)]
    names = "&".join(f"name=m{place}" for place in range(500))
    query = "&".join(f"experiment={each}" for each in ids)
    assert "10,000" in refusal(call("GET", f"/series?{query}&{names}"), 400, "validation")


def test_an_answer_has_its_most_points() -> None:
    """More points than fit into anybody's memory are refused by their number, before any is read."""
    from tora.errors import ToraValidationError
    from tora.models import Summary
    from tora.server.api.series import SeriesParameters, _check_points

    long = {"x": [Summary("loss", 5_000_001, 1.0, 1.0, 1.0, None, None, 0, 1)]}
    _check_points(SeriesParameters(["x"], ["loss"], 10_000), ["loss"], long)
    _check_points(SeriesParameters(["x"], [], 0), ["other"], long)
    _check_points(SeriesParameters(["x"], [], 1000), ["loss"], long, groups=5000)
    with pytest.raises(ToraValidationError, match="5,000,001"):
        _check_points(SeriesParameters(["x"], ["loss"], 1001), ["loss"], long, groups=5000)
    with pytest.raises(ToraValidationError, match="5,000,001"):
        _check_points(SeriesParameters(["x"], ["loss"], 0), ["loss"], long)
