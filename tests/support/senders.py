"""Writers that speak the protocol by themselves, repeat what was not acknowledged, and count."""

from __future__ import annotations

import collections
import http.client
import json
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from attrs import define, field

from tests.support import http as plain
from tests.support.polling import until

__all__ = ["Sender", "create", "exported", "sending", "stored"]

PAUSE = 0.05  # seconds between two tries


@define(eq=False)
class Sender:
    """One writer in a thread of its own: metric number n has the value and the step n.

    Attributes:
        port: Where the server answers, or will again.
        total: How many metrics it sends.
        patient: Whether it goes on after a failure; an impatient one ends with the first.
        through: The number of the last metric that was acknowledged.
        answers: How often each status came; 0 is a connection that failed.
    """

    port: int
    experiment: str
    writer: str
    total: int
    size: int = 50
    patient: bool = True
    through: int = 0
    answers: collections.Counter[int] = field(factory=collections.Counter)
    _stop: threading.Event = field(factory=threading.Event)

    def run(self) -> None:
        """Send everything, or until told to stop."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        while self.through < self.total and not self._stop.is_set():
            status = self._send(connection)
            self.answers[status] += 1
            if status != 201:
                connection.close()
                if not self.patient or self._stop.wait(PAUSE):
                    break
        connection.close()

    def stop(self) -> None:
        """End after the request that is under way."""
        self._stop.set()

    def _send(self, connection: http.client.HTTPConnection) -> int:
        first = self.through + 1
        numbers = range(first, min(self.through + self.size, self.total) + 1)
        logs = [{"name": "loss", "value": number, "step": number} for number in numbers]
        body = json.dumps({"writer": self.writer, "firstSeq": first, "logs": logs})
        try:
            connection.request("POST", f"/experiments/{self.experiment}/logs/batch", body)
            response = connection.getresponse()
            answer = response.read()
        except (OSError, http.client.HTTPException):
            return 0
        if response.status == 201:
            self.through = numbers[-1]
            assert json.loads(answer)["data"] == {"accepted": len(numbers), "through": self.through}
        return response.status


@contextmanager
def sending(senders: Sequence[Sender]) -> Iterator[None]:
    """Let senders send during a block, and wait for their end after it."""
    threads = [threading.Thread(target=sender.run, daemon=True) for sender in senders]
    for thread in threads:
        thread.start()
    try:
        yield
        until(lambda: not any(thread.is_alive() for thread in threads), "end of the senders", within=60)
    finally:
        for sender in senders:
            sender.stop()


def create(url: str, *experiments: str) -> None:
    """Create experiments."""
    for each in experiments:
        answer = plain.request("POST", f"{url}/experiments", {"id": each, "name": each})
        assert answer.status in {200, 201}, answer.body


def exported(url: str, experiment: str) -> list[dict[str, Any]]:
    """Return every point of an experiment, in the order of arrival."""
    answer = plain.request("GET", f"{url}/experiments/{experiment}/export?format=jsonl")
    assert answer.status == 200
    return [json.loads(line) for line in answer.body.splitlines()]


def stored(url: str, experiments: Iterable[str]) -> dict[str, list[float]]:
    """Return the values that are stored of each writer, in the order of arrival."""
    found: dict[str, list[float]] = collections.defaultdict(list)
    for experiment in experiments:
        for point in exported(url, experiment):
            found[point["writer"]].append(point["value"])
    return found
