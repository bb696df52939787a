"""Points that came to one server reach the readers of another, each once and in order."""

from __future__ import annotations

import signal
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.server.stream import Event, Stream, listening
from tests.sharing.conftest import Pair
from tests.support.serving import Server, serving


def _log(
    pair: Pair, server: Server, experiment: str, steps: Iterable[int | None], *, writer: str = "w", first: int = 1
) -> int:
    """Log a point a step, whose value is its number; return how many of the writer's are stored."""
    logs = [{"name": "loss", "value": first + place, "step": step} for place, step in enumerate(steps)]
    body = {"writer": writer, "firstSeq": first, "logs": logs}
    answer = pair.call(server, "POST", f"/experiments/{experiment}/logs/batch", body, key="")
    assert answer.status == 201, answer.body
    through: int = answer.json()["data"]["through"]
    return through


def _points(stream: Stream) -> Iterator[tuple[Event, list[float]]]:
    for event in stream.events():
        if event.kind == "points":
            yield event, [value for metric in event.data["metrics"] for value in metric.get("y", ())]


def _told(stream: Stream, count: int) -> tuple[list[float], str]:
    """Return the values that a stream brings until so many were told, and the last cursor."""
    values: list[float] = []
    for event, some in _points(stream):
        values += some
        if len(values) >= count:
            assert event.id is not None
            return values, event.id
    raise AssertionError(f"the stream ended after {values}")


def _total(pair: Pair, server: Server, experiment: str) -> int:
    found = pair.call(server, "GET", f"/experiments/{experiment}/metrics", key="").json()["data"]
    return sum(each["count"] for each in found)


def test_who_watches_one_server_sees_what_comes_to_the_others(pair: Pair) -> None:
    """Each point is told once, in the order in which it was stored, whichever server stored it."""
    experiment = pair.create()
    with listening(pair.b.port, experiment) as stream, listening(pair.a.port, experiment) as other:
        for number in range(1, 9):
            server = pair.a if number % 4 < 2 else pair.b
            assert _log(pair, server, experiment, [number], first=number) == number
        assert _told(stream, 8)[0] == [1, 2, 3, 4, 5, 6, 7, 8]
        assert _told(other, 8)[0] == [1, 2, 3, 4, 5, 6, 7, 8]


def test_a_reader_goes_on_at_another_server_where_it_was(pair: Pair) -> None:
    """The cursor of one server is good on the other: nothing is missed and nothing told twice."""
    experiment = pair.create()
    with listening(pair.a.port, experiment) as stream:
        _log(pair, pair.a, experiment, [1, 2])
        assert _told(stream, 2)[0] == [1, 2]
        _log(pair, pair.b, experiment, [3], first=3)
        values, cursor = _told(stream, 1)
        assert values == [3]
    _log(pair, pair.a, experiment, [4, 5], first=4)
    with listening(pair.b.port, experiment, cursor) as stream:
        assert _told(stream, 2)[0] == [4, 5]
        _log(pair, pair.a, experiment, [6], first=6)
        assert _told(stream, 1)[0] == [6]


def test_a_chart_knows_which_points_it_has(pair: Pair) -> None:
    """The tick of a series tells those that are in it from those that come after, on whichever server it was read."""
    experiment = pair.create()
    _log(pair, pair.a, experiment, [1, 2])
    path = f"/series?experiment={experiment}&name=loss&points=0"
    answer = pair.call(pair.b, "GET", path, key="").json()["data"]
    assert answer["series"][0]["columns"]["x"] == [1, 2]
    with listening(pair.b.port, experiment) as stream:
        _log(pair, pair.a, experiment, [3], first=3)
        event, values = next(_points(stream))
        assert values == [3]
        assert event.data["metrics"][0]["tick"] > answer["tick"]
    assert pair.call(pair.a, "GET", path, key="").json()["data"]["tick"] == event.data["tick"]


def test_metrics_without_a_step_are_loaded_again(pair: Pair) -> None:
    """Where such a point stands the store alone knows: who watches another server is told to ask it."""
    experiment = pair.create()
    with listening(pair.b.port, experiment) as stream:
        _log(pair, pair.a, experiment, [None, None])
        event, values = next(_points(stream))
        assert values == []
        assert event.data["metrics"] == [{"name": "loss", "reload": True}]


def test_what_is_sent_again_to_another_server_is_stored_once(pair: Pair, tmp_path: Path) -> None:
    """A writer whose server is killed sends all that was not acknowledged to the next one, which keeps what is new."""
    experiment = pair.create()
    with serving(tmp_path / "c", *pair.engines) as server:
        assert _log(pair, server, experiment, range(50)) == 50
        server.stop(signal.SIGKILL)
    assert _log(pair, pair.a, experiment, range(60)) == 60
    assert _log(pair, pair.b, experiment, range(55), writer="other") == 55
    assert _log(pair, pair.b, experiment, range(60)) == 60
    assert _total(pair, pair.a, experiment) == _total(pair, pair.b, experiment) == 115


def test_an_experiment_that_is_deleted_takes_its_points_along(pair: Pair) -> None:
    """What was deleted on one and made again on another begins empty on both."""
    experiment = pair.create()
    _log(pair, pair.a, experiment, [1, 2])
    _log(pair, pair.b, experiment, [3], first=3)
    assert pair.call(pair.a, "DELETE", f"/experiments/{experiment}", key="").status == 200
    assert pair.call(pair.a, "POST", "/experiments", {"id": experiment, "name": "anew"}, key="").status == 201
    assert _log(pair, pair.a, experiment, [1]) == 1
    assert _total(pair, pair.b, experiment) == 1
