"""New points and changes arrive as they come."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.server.conftest import Call
from tests.server.stream import listening
from tests.support.http import Answer
from tests.support.serving import Server

Log = Callable[..., Answer]


def test_new_points_are_told(server: Server, experiment: str, log: Log) -> None:
    """A reader gets what is logged after it came, and nothing that was there before."""
    log(experiment, [{"name": "old", "value": 1}])
    with listening(server.port, experiment) as stream:
        assert stream.next("experiment").data["id"] == experiment
        logs = [{"name": "loss", "value": value, "step": 5 + i, "time": 1.5e9} for i, value in enumerate([1, "NaN"])]
        log(experiment, [*logs, {"name": "free", "value": 2, "time": 1.5e9}], writer="w1", firstSeq=1)
        event = stream.next("points")
        tick = event.data["tick"]
        assert event.id == str(tick)
        assert event.data["metrics"] == [
            {"name": "loss", "writer": "w1", "tick": tick, "x": [5, 6], "y": [1.0, "NaN"], "time": [1.5e9, 1.5e9]},
            {"name": "free", "writer": "w1", "tick": tick, "x": [0], "y": [2.0], "time": [1.5e9]},
        ]


def test_repeated_points_are_not_told_again(server: Server, experiment: str, log: Log) -> None:
    """A batch that was there already is no news."""
    with listening(server.port, experiment) as stream:
        for _ in range(3):
            log(experiment, [{"name": "loss", "value": 1, "step": 1}], writer="w", firstSeq=1)
        log(experiment, [{"name": "end", "value": 1}], writer="w", firstSeq=2)
        told: list[dict[str, Any]] = []
        while "end" not in [each["name"] for each in told]:
            told += stream.next("points").data["metrics"]
        assert [each["name"] for each in told] == ["loss", "end"]


def test_many_points_are_told_as_a_reload(server: Server, experiment: str, log: Log) -> None:
    """More than 2,000 new points of one metric are to be fetched as buckets."""
    with listening(server.port, experiment) as stream:
        stream.next("experiment")
        log(experiment, [{"name": "loss", "value": i} for i in range(5_000)] + [{"name": "acc", "value": 1, "step": 1}])
        metrics = stream.next("points").data["metrics"]
        assert {"name": "loss", "reload": True} in metrics
        assert [each["x"] for each in metrics if each["name"] == "acc"] == [[1]]


def test_a_change_is_told(server: Server, experiment: str, call: Call) -> None:
    """A reader sees a new status, name or tags at once."""
    with listening(server.port, experiment) as stream:
        assert stream.next("experiment").data["status"] == "running"
        call("PATCH", f"/experiments/{experiment}", {"status": "finished", "tags": ["done"]})
        event = stream.next("experiment")
        assert (event.data["status"], event.data["tags"]) == ("finished", ["done"])
        assert "writeToken" not in event.data


def test_a_reader_that_comes_back_misses_nothing(server: Server, experiment: str, log: Log) -> None:
    """With the id of the last event, exactly what came after it is told, then what is new."""
    log(experiment, [{"name": "loss", "value": 0, "step": 0}], writer="w", firstSeq=1)
    with listening(server.port, experiment) as stream:
        cursor = stream.next("experiment").id
    for step in (1, 2):
        log(experiment, [{"name": "loss", "value": step, "step": step}], writer="w", firstSeq=1 + step)
    with listening(server.port, experiment, cursor) as stream:
        xs: list[int] = []
        log(experiment, [{"name": "loss", "value": 3, "step": 3}], writer="w", firstSeq=4)
        while len(xs) < 3:
            xs += [x for each in stream.next("points").data["metrics"] for x in each["x"]]
        assert xs == [1, 2, 3]


@pytest.mark.parametrize("cursor", ["999999999", "x", "-1", "9" * 30, ""])
def test_a_strange_cursor_means_reload(server: Server, experiment: str, log: Log, cursor: str) -> None:
    """A cursor that this server never gave makes the reader fetch everything again."""
    log(experiment, [{"name": "loss", "value": 0, "step": 0}])
    with listening(server.port, experiment, cursor) as stream:
        assert stream.next("points").data["metrics"] == [{"name": "loss", "reload": True}]


def test_what_was_missed_too_long_is_a_reload(server: Server, experiment: str, log: Log) -> None:
    """Points without a step, and very many points, are fetched again rather than told."""
    with listening(server.port, experiment) as stream:
        cursor = stream.next("experiment").id
    log(experiment, [{"name": "loss", "value": i, "step": i} for i in range(3_000)] + [{"name": "free", "value": 1}])
    with listening(server.port, experiment, cursor) as stream:
        metrics = stream.next("points").data["metrics"]
    assert metrics == [{"name": "free", "reload": True}, {"name": "loss", "reload": True}]


def test_a_deleted_experiment_ends_its_streams(server: Server, experiment: str, call: Call) -> None:
    """A reader of an experiment that is deleted is sent home."""
    with listening(server.port, experiment) as stream:
        stream.next("experiment")
        call("DELETE", f"/experiments/{experiment}")
        assert list(stream.events()) == []
