"""What became of the metrics of a scenario, taken from the server's export and not from its counts."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable

from attrs import field, frozen

from tests.support.http import request
from tora.models import Stats

__all__ = ["Row", "Watch", "stored_values"]


@frozen
class Row:
    """One line of the table.

    Attributes:
        logged: Calls of ``log`` that returned.
        stored: Distinct metrics on the server, of those that were logged.
        waiting: Metrics that the clients say are not on the server.
        dropped: Metrics that the clients say are lost.
        duplicates: Points on the server beyond the distinct ones.
        seconds: How long it took, from the first metric to the last one stored.
        notes: Further figures.
    """

    scenario: str
    logged: int
    stored: int
    waiting: int
    dropped: int
    duplicates: int
    seconds: float
    notes: str = ""

    @property
    def holds(self) -> bool:
        """Whether each metric that was logged is stored exactly once."""
        return self.stored == self.logged and not (self.waiting or self.dropped or self.duplicates)


@frozen
class Watch:
    """Makes the row of a scenario, which began when this was made."""

    scenario: str
    began: float = field(factory=time.monotonic)

    def row(
        self, url: str, experiment: str, values: Iterable[float], stats: Iterable[Stats] = (), notes: str = ""
    ) -> Row:
        """Compare what is stored with what was logged.

        Args:
            url: The server.
            experiment: The experiment.
            values: The values of all calls that returned.
            stats: What the clients said of their metrics in the end, where they lived to say it.
            notes: Further figures.
        """
        seconds = time.monotonic() - self.began
        found = stored_values(url, experiment)
        logged = set(values)
        strangers = set(found) - logged
        if strangers:
            notes = f"{len(strangers)} metrics that nobody logged, such as {min(strangers)}; {notes}"
        ends = list(stats)
        return Row(
            scenario=self.scenario,
            logged=len(logged),
            stored=len(logged.intersection(found)) - len(strangers),
            waiting=sum(end.waiting for end in ends),
            dropped=sum(end.dropped for end in ends),
            duplicates=len(found) - len(set(found)),
            seconds=round(seconds, 2),
            notes=notes,
        )


def stored_values(url: str, experiment: str) -> list[float]:
    """Return the value of every point of an experiment, repetitions among them."""
    answer = request("GET", f"{url}/experiments/{experiment}/export?format=jsonl", timeout=300)
    if answer.status != 200:
        raise AssertionError(f"the export answered {answer.status}: {answer.body[:500]!r}")
    return [json.loads(line)["value"] for line in answer.body.splitlines()]
