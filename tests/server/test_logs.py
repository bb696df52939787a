"""Batches and heartbeats come in."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import pytest

from tests.server.conftest import Call, refusal
from tests.support.http import Answer

Log = Callable[..., Answer]


def summary(call: Call, experiment: str) -> dict[str, dict[str, Any]]:
    """Return an experiment's summaries by name."""
    return {each["name"]: each for each in call("GET", f"/experiments/{experiment}/metrics").json()["data"]}


def test_a_batch_is_acknowledged_with_its_mark(call: Call, experiment: str, log: Log) -> None:
    """The answer says how many metrics are durable and how far the writer has come."""
    logs = [{"name": "loss", "value": 1 / (i + 1), "step": i, "time": 1.5e9 + i} for i in range(10)]
    answer = log(experiment, logs, writer="w1", firstSeq=1)
    assert (answer.status, answer.json()) == (201, {"status": 201, "data": {"accepted": 10, "through": 10}})
    assert summary(call, experiment)["loss"] == {
        "name": "loss",
        "count": 10,
        "last": 0.1,
        "min": 0.1,
        "max": 1.0,
        "firstStep": 0,
        "lastStep": 9,
        "nonFinite": 0,
        "writers": 1,
    }


def test_a_repeated_batch_changes_nothing(call: Call, experiment: str, log: Log) -> None:
    """What is at or below the writer's mark is accepted and not stored again, whole batches and parts."""
    logs = [{"name": "loss", "value": i} for i in range(10)]
    for _ in range(3):
        assert log(experiment, logs, writer="w1", firstSeq=1).json()["data"] == {"accepted": 10, "through": 10}
    overlapping = log(experiment, logs, writer="w1", firstSeq=6)
    assert overlapping.json()["data"] == {"accepted": 10, "through": 15}
    assert log(experiment, logs, writer="w2", firstSeq=1).json()["data"]["through"] == 10
    assert summary(call, experiment)["loss"]["count"] == 25


def test_a_message_id_serves_where_there_is_no_writer(call: Call, experiment: str, log: Log) -> None:
    """Clients without sequence numbers can repeat what has a msg_id."""
    logs = [{"name": "loss", "value": i, "msg_id": f"m{i}"} for i in range(3)]
    for _ in range(2):
        assert log(experiment, logs).json()["data"] == {"accepted": 3, "through": None}
    assert summary(call, experiment)["loss"]["count"] == 3


def test_older_clients_send_to_their_own_path(call: Call, experiment: str) -> None:
    """POST metrics/batch takes the same metrics under another name."""
    path = f"/experiments/{experiment}/metrics/batch"
    answer = call("POST", path, {"metrics": [{"name": "a", "value": 1, "step": None, "metadata": None}]})
    assert answer.json()["data"] == {"accepted": 1, "through": None}
    refusal(call("POST", path, {"logs": []}), 400, "validation")


def test_an_empty_batch_is_taken(experiment: str, log: Log) -> None:
    """Nothing to store is nothing wrong."""
    assert log(experiment, []).json()["data"]["accepted"] == 0


def test_values_that_json_cannot_say_are_kept(call: Call, experiment: str, log: Log) -> None:
    """NaN and the infinities come as their names and are counted; extremes of doubles are exact."""
    values: list[Any] = ["NaN", "Infinity", "-Infinity", 1.7976931348623157e308, 5e-324, -0.0, 2**53, 3]
    assert log(experiment, [{"name": "v", "value": value} for value in values], writer="w", firstSeq=1).status == 201
    found = summary(call, experiment)["v"]
    assert (found["count"], found["nonFinite"]) == (8, 3)
    assert found["max"] == 1.7976931348623157e308
    columns = call("GET", f"/series?experiment={experiment}&name=v&points=0").json()["data"]["series"][0]["columns"]
    assert columns["last"] == [*values[:3], 1.7976931348623157e308, 5e-324, 0.0, 2.0**53, 3.0]
    assert math.copysign(1, columns["last"][5]) == -1


@pytest.mark.parametrize(
    ("metric", "field"),
    [
        ({"name": ""}, "logs[1].name"),
        ({"name": "  "}, "logs[1].name"),
        ({"name": "x" * 251}, "logs[1].name"),
        ({"name": "a\u0000b"}, "logs[1].name"),
        ({"name": None}, "logs[1].name"),
        ({"value": "1"}, "logs[1].value"),
        ({"value": None}, "logs[1].value"),
        ({"value": True}, "logs[1].value"),
        ({"value": "nan"}, "logs[1].value"),
        ({"value": [1]}, "logs[1].value"),
        ({"step": -1}, "logs[1].step"),
        ({"step": 2**63}, "logs[1].step"),
        ({"step": 1.5}, "logs[1].step"),
        ({"step": "1"}, "logs[1].step"),
        ({"step": True}, "logs[1].step"),
        ({"metadata": [1]}, "logs[1].metadata"),
        ({"metadata": "x"}, "logs[1].metadata"),
        ({"metadata": {"a": "x" * 10_000}}, "logs[1].metadata"),
        ({"time": "now"}, "logs[1].time"),
        ({"time": -1}, "logs[1].time"),
        ({"time": 1e12}, "logs[1].time"),
        ({"msg_id": ""}, "logs[1].msg_id"),
        ({"msg_id": "x" * 65}, "logs[1].msg_id"),
        ({"msg_id": "a\nb"}, "logs[1].msg_id"),
        ({"colour": 1}, "logs[1]"),
    ],
)
def test_a_wrong_metric_is_named_and_nothing_is_stored(
    call: Call, experiment: str, log: Log, metric: dict[str, Any], field: str
) -> None:
    """The message names the place of the metric and its field; the batch is refused as a whole."""
    good = {"name": "loss", "value": 1}
    message = refusal(log(experiment, [good, {**good, **metric}], writer="w", firstSeq=1), 400, "validation")
    assert message.startswith(field)
    assert summary(call, experiment) == {}


@pytest.mark.parametrize("number", ["1e999", "-1e999", "9" * 400, "NaN", "Infinity"])
def test_a_number_beyond_doubles_is_refused(call: Call, experiment: str, number: str) -> None:
    """What is no JSON number, or fits no double, gets a 400."""
    body = f'{{"logs": [{{"name": "loss", "value": {number}}}]}}'.encode()
    refusal(call("POST", f"/experiments/{experiment}/logs/batch", body), 400, "validation")


@pytest.mark.parametrize(
    "metric",
    [
        {"name": "x" * 250},
        {"name": "Verlust/größe 🔥"},
        {"step": 0},
        {"step": 2**63 - 1},
        {"metadata": {"a": "x" * 9_992}},
        {"metadata": {}},
        {"metadata": {"a": {"b": [1, None, True, "\n"]}}},
        {"time": 0},
        {"time": 253402300799},
        {"msg_id": "x" * 64},
    ],
)
def test_a_metric_at_its_limits_is_stored(call: Call, experiment: str, log: Log, metric: dict[str, Any]) -> None:
    """What reaches a limit comes back exactly."""
    sent = {"name": "loss", "value": 1.5, "step": 7, "time": 1.5e9, "metadata": None, **metric}
    assert log(experiment, [sent]).status == 201
    line = json.loads(call("GET", f"/experiments/{experiment}/export?format=jsonl").body)
    assert line == {**{key: sent[key] for key in ("name", "value", "step", "time", "metadata")}, "writer": ""}


@pytest.mark.parametrize(
    "fields",
    [
        {"writer": "w"},
        {"firstSeq": 1},
        {"writer": "w", "firstSeq": 0},
        {"writer": "w", "firstSeq": 2**63},
        {"writer": "w", "firstSeq": 2**63 - 1},
        {"writer": "w", "firstSeq": "1"},
        {"writer": "", "firstSeq": 1},
        {"writer": "x" * 65, "firstSeq": 1},
        {"writer": "a b", "firstSeq": 1},
        {"writer": 1, "firstSeq": 1},
        {"colour": 1},
    ],
)
def test_a_wrong_writer_is_refused(experiment: str, log: Log, fields: dict[str, Any]) -> None:
    """Writer and sequence number come together and within their limits."""
    refusal(log(experiment, [{"name": "loss", "value": 1}] * 2, **fields), 400, "validation")


def test_a_batch_has_at_most_ten_thousand_metrics(call: Call, experiment: str, log: Log) -> None:
    """10,000 are stored; one more gets a 413, on which clients split."""
    logs = [{"name": "loss", "value": i} for i in range(10_001)]
    assert log(experiment, logs[:10_000], writer="w", firstSeq=1).json()["data"]["accepted"] == 10_000
    assert "10,000" in refusal(log(experiment, logs, writer="w", firstSeq=10_001), 413, "too_large")
    assert summary(call, experiment)["loss"]["count"] == 10_000


def test_a_batch_has_at_most_ten_mebibytes(call: Call, experiment: str) -> None:
    """A body of exactly 10 MiB is stored; one byte more gets a 413."""
    path = f"/experiments/{experiment}/logs/batch"
    body = b'{"logs": [{"name": "loss", "value": 1}]}'
    body += b" " * (10 * 1024 * 1024 - len(body))
    assert call("POST", path, body).status == 201
    assert "10 MiB" in refusal(call("POST", path, body + b" "), 413, "too_large")


def test_a_bad_batch_fails_alone(call: Call, log: Log) -> None:
    """Batches that arrive together are one group; a wrong one among them is refused and the others stored."""
    from concurrent.futures import ThreadPoolExecutor

    made = call("POST", "/experiments", {"name": "many at once"}).json()["data"]["id"]
    good = [{"name": "loss", "value": 1}]
    bad = [{"name": "", "value": 1}]
    with ThreadPoolExecutor(16) as pool:
        statuses = list(
            pool.map(lambda i: log(made, bad if i % 5 == 0 else good, writer=f"w{i}", firstSeq=1).status, range(100))
        )
    assert statuses == [400 if i % 5 == 0 else 201 for i in range(100)]
    assert summary(call, made)["loss"]["count"] == 80


def test_a_heartbeat_shows_the_writer(call: Call, experiment: str) -> None:
    """A writer that has logged nothing is there with its status."""
    path = f"/experiments/{experiment}"
    answer = call("POST", f"{path}/heartbeat", {"writer": "w1"})
    assert answer.json() == {"status": 200, "data": {"writer": "w1", "status": "running"}}
    call("POST", f"{path}/heartbeat", {"writer": "w1", "status": "failed"})
    (writer,) = call("GET", f"{path}/writers").json()["data"]
    assert writer.keys() == {"writer", "status", "firstSeen", "lastSeen", "through", "labels"}
    assert (writer["writer"], writer["status"], writer["through"], writer["labels"]) == ("w1", "failed", 0, {})
    assert call("GET", path).json()["data"]["status"] == "running"


def test_a_heartbeat_may_tell_labels(call: Call, experiment: str) -> None:
    """Blanks around them are taken off; a heartbeat without any leaves them, an empty object clears them."""
    path = f"/experiments/{experiment}"
    for labels, kept in (({" rank ": " 3"}, {"rank": "3"}), (None, {"rank": "3"}), ({}, {})):
        body = {"writer": "w1", **({} if labels is None else {"labels": labels})}
        assert call("POST", f"{path}/heartbeat", body).status == 200
        (writer,) = call("GET", f"{path}/writers").json()["data"]
        assert writer["labels"] == kept


@pytest.mark.parametrize(
    "labels",
    [
        *(["rank"], {"rank": 3}, {"rank": ""}, {"": "3"}, {"x" * 51: "3"}, {"rank": "x" * 101}, {"a": "\n"}),
        {str(number): "x" for number in range(17)},
    ],
)
def test_wrong_labels_are_refused(call: Call, experiment: str, labels: object) -> None:
    """They are at most sixteen, names and values within their lengths; the message says what is wrong."""
    body = {"writer": "w1", "labels": labels}
    assert "label" in refusal(call("POST", f"/experiments/{experiment}/heartbeat", body), 400, "validation")
    assert call("GET", f"/experiments/{experiment}/writers").json()["data"] == []


@pytest.mark.parametrize("body", [{}, {"writer": ""}, {"writer": "w", "status": "gone"}, {"writer": 1}, [], None])
def test_a_wrong_heartbeat_is_refused(call: Call, experiment: str, body: object) -> None:
    """A heartbeat names its writer and a status that a writer can have."""
    refusal(call("POST", f"/experiments/{experiment}/heartbeat", body), 400, "validation")
