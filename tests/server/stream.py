"""A reader of server-sent events on the standard library."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from attrs import define, frozen

__all__ = ["Event", "Stream", "listening"]


@frozen
class Event:
    """One event."""

    kind: str
    id: str | None
    data: Any


@define
class Stream:
    """An open stream of events."""

    response: http.client.HTTPResponse

    def events(self) -> Iterator[Event]:
        """Yield events until the server ends the stream."""
        fields: dict[str, str] = {}
        while line := self.response.readline():
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if name:
                fields[name] = value
            elif "event" in fields:
                yield Event(fields["event"], fields.get("id"), json.loads(fields["data"]))
                fields = {}

    def next(self, kind: str) -> Event:
        """Return the next event of a kind."""
        return next(event for event in self.events() if event.kind == kind)


@contextmanager
def listening(port: int, experiment: str | None, cursor: str | None = None) -> Iterator[Stream]:
    """Follow an experiment's events, or with None those of all, for the length of a block."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    headers = {} if cursor is None else {"Last-Event-ID": cursor}
    connection.request("GET", "/events" if experiment is None else f"/experiments/{experiment}/events", headers=headers)
    response = connection.getresponse()
    assert response.status == 200
    assert response.headers["Content-Type"] == "text/event-stream"
    try:
        yield Stream(response)
    finally:
        response.close()
        connection.close()
