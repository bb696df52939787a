"""Whoever looks at a list hears which experiments are not what they were."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.server.conftest import Call
from tests.server.stream import Event, Stream, listening
from tests.support.http import Answer
from tests.support.serving import Server
from tora.server.overview import MAX_TOLD, Overviews, Seen

Log = Callable[..., Answer]


@contextmanager
def listening_to_all(server: Server) -> Iterator[Stream]:
    """Follow all experiments; other tests change theirs meanwhile."""
    with listening(server.port, None) as stream:
        yield stream


def about(stream: Stream, experiment: str) -> Event:
    """Return the next event that names an experiment."""
    return next(event for event in stream.events() if experiment in event.data["changed"] + event.data["gone"])


def test_what_happens_to_an_experiment_is_told(server: Server, call: Call, log: Log) -> None:
    """That it is new, has new points, another record, or is gone."""
    with listening_to_all(server) as stream:
        experiment = call("POST", "/experiments", {"name": "seen"}).json()["data"]["id"]
        assert experiment in about(stream, experiment).data["changed"]
        log(experiment, [{"name": "loss", "value": 1, "step": 1}])
        assert experiment in about(stream, experiment).data["changed"]
        call("PATCH", f"/experiments/{experiment}", {"status": "finished"})
        assert experiment in about(stream, experiment).data["changed"]
        call("DELETE", f"/experiments/{experiment}")
        assert experiment in about(stream, experiment).data["gone"]


def test_what_changes_nothing_is_not_told(server: Server, call: Call, log: Log) -> None:
    """The same experiment created again, and a batch that was there, are no news."""
    body = {"name": "again", "id": "overview-again"}
    call("POST", "/experiments", body)
    batch = {"writer": "w", "firstSeq": 1}
    log("overview-again", [{"name": "loss", "value": 1}], **batch)
    with listening_to_all(server) as stream:
        call("POST", "/experiments", body)
        log("overview-again", [{"name": "loss", "value": 1}], **batch)
        end = call("POST", "/experiments", {"name": "end"}).json()["data"]["id"]
        for event in stream.events():
            assert "overview-again" not in event.data["changed"]
            if end in event.data["changed"]:
                break


async def test_too_many_are_a_reload() -> None:
    """Where more changed than is told, the reader is to load its list again; then it begins anew."""
    overviews = Overviews()
    with overviews.watch() as reader:
        for number in range(MAX_TOLD + 1):
            overviews.changed(f"e{number}")
        assert await reader.wait(0)
        assert reader.take() == Seen(frozenset(), frozenset(), reload=True)
        overviews.changed("e")
        overviews.gone("e")
        assert reader.take() == Seen(frozenset(), frozenset({"e"}), reload=False)
        assert not await reader.wait(0)
        overviews.close()
        assert await reader.wait(0)
        assert reader.closed
