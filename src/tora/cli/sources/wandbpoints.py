"""The numbers of wandb's records: histories, system metrics, and results that only a summary has."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from attrs import define, field, frozen

from tora.cli.points import Point
from tora.cli.sources.records import Tally, writer_of

__all__ = ["OWN", "Log", "leaves", "put", "seconds_of"]

OWN: Final = frozenset({"_step", "_timestamp", "_runtime", "_wandb"})
"""What wandb itself puts into histories, summaries and configurations."""

_NON_FINITE: Final = frozenset({"NaN", "Infinity", "-Infinity"})


@frozen
class Log:
    """The records of one run.

    Attributes:
        identity: The run's.
        files: Begins to read its files: the name of each and its records.
        history: The names of all that its histories hold.
    """

    identity: str
    files: Callable[[], Iterable[tuple[str, Iterator[Any]]]]
    history: frozenset[str]

    def points(self, tally: Tally) -> Iterator[Point]:
        """Yield the points in the order in which they were logged, and count what is none."""
        results = _Results(self, tally)
        for file, records in self.files():
            yield from self._of_file(file, records, tally, results)
        results.count_differing()

    def writer(self, *part: str) -> str:
        """Return the writer of a part of the run."""
        return writer_of("wandb", self.identity, *part)

    def _of_file(self, file: str, records: Iterator[Any], tally: Tally, results: _Results) -> Iterator[Point]:
        history, system = self.writer(file, "history"), self.writer(file, "system")
        time = 0.0
        for record in records:
            kind = record.WhichOneof("record_type")
            if kind == "history":
                row = _row(record.history.item)
                step, time = int(row.get("_step", record.history.step.num)), row.get("_timestamp", time)
                for name, value in _numbers(row, tally):
                    results.last[name] = repr(value)
                    yield from _taken(tally.point(name, value, step, time, history))
            elif kind == "stats":
                at = seconds_of(record.stats.timestamp)
                for name, value in _numbers({item.key: _value(item.value_json) for item in record.stats.item}, tally):
                    yield from _taken(tally.point(f"system/{name}", value, None, at, system))
            elif kind == "summary":
                yield from results.of(record.summary.update, file, time)
            elif kind == "run":
                time = time or seconds_of(record.run.start_time)


@define
class _Results:
    """What summaries say: a result that has no history is a point, another is what its history ended with."""

    _log: Log
    _tally: Tally
    last: dict[str, str] = field(factory=dict)
    _told: dict[str, str] = field(factory=dict)

    def of(self, items: Iterable[Any], file: str, time: float) -> Iterator[Point]:
        for name, value in leaves(_row(items)):
            number = _number(value)
            told = repr(value if number is None else number)
            # It is told again whenever anything changes: as a point where it is another, NaN or not.
            is_new = self._told.get(name) != told
            self._told[name] = told
            if not is_new or name in self._log.history:
                continue
            if number is None:
                self._tally.add(f"{_kind(value)} in the summary", name)
            else:
                yield from _taken(self._tally.point(name, number, None, time, self._log.writer(file, "summary", name)))

    def count_differing(self) -> None:
        """Count results that were set by hand in place of what their history ended with."""
        for name, last in self.last.items():
            if self._told.get(name, last) != last:
                self._tally.add("results that differ from the end of their history", name)


def put(tree: dict[str, Any], items: Iterable[Any]) -> dict[str, Any]:
    """Put wandb's items, each a leaf of a tree or the whole of a branch, into a tree and return it."""
    for item in items:
        *above, last = [item.key] if item.key else item.nested_key
        place = tree
        for part in above:
            if not isinstance(place.get(part), dict):
                place[part] = {}
            place = place[part]
        place[last] = _value(item.value_json)
    return tree


def leaves(row: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield what a row holds, by names joined with dots as wandb shows them; images and the like are one thing."""
    for key, value in row.items():
        if prefix or key not in OWN:
            if isinstance(value, dict) and "_type" not in value:
                yield from leaves(value, f"{prefix}{key}.")
            else:
                yield f"{prefix}{key}", value


def seconds_of(timestamp: Any) -> float:
    """Return a time of protobuf's as Unix seconds."""
    return float(timestamp.seconds + timestamp.nanos / 1e9)


def _value(text: str) -> Any:
    # wandb writes a zero with a sign as an integer, which has none.
    return json.loads(text, parse_int=lambda digits: -0.0 if digits == "-0" else int(digits))


def _row(items: Iterable[Any]) -> dict[str, Any]:
    return put({}, items)


def _taken(point: Point | None) -> Iterator[Point]:
    if point is not None:
        yield point


def _numbers(row: dict[str, Any], tally: Tally) -> Iterator[tuple[str, float]]:
    """Yield the numbers of a row; what else is in it is counted by its kind."""
    for name, value in leaves(row):
        number = _number(value)
        if number is None:
            tally.add(_kind(value), name)
        else:
            yield name, number


def _number(value: Any) -> float | None:
    # JSON has no NaN: as a text it stands for itself.
    if isinstance(value, (int, float)) or (isinstance(value, str) and value in _NON_FINITE):
        try:
            return float(value)
        except OverflowError:
            return None
    return None


def _kind(value: Any) -> str:
    if isinstance(value, dict):
        return str(value["_type"])
    return {str: "text", list: "lists", int: "integers beyond 1.8e308"}.get(type(value), "empty values")
