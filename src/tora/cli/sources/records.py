"""Runs of a source, as the import stores them, and the account of what could not be taken."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, Literal, TypeAlias

from attrs import define, field, frozen

from tora import validation
from tora.cli.points import LATEST, Point
from tora.errors import ToraValidationError

__all__ = ["Kind", "Left", "Run", "Source", "Tally", "instant_of", "writer_of"]

Kind: TypeAlias = Literal["tensorboard", "wandb", "mlflow", "csv", "tora"]

_NAMESPACE: Final = uuid.UUID("6c1cf1d4-9f0e-5c0b-8a35-7a0f5d2b8672")


@frozen
class Left:
    """What was left out: so many of a kind, of these names."""

    kind: str
    count: int
    names: tuple[str, ...]


@define
class Tally:
    """Counts what cannot be taken, by kind and name."""

    _counts: dict[str, dict[str, int]] = field(factory=dict)

    def add(self, kind: str, name: str, count: int = 1) -> None:
        """Count something."""
        names = self._counts.setdefault(kind, {})
        names[name] = names.get(name, 0) + count

    def left(self) -> tuple[Left, ...]:
        """Return what was counted, in the order in which it was met."""
        return tuple(Left(kind, sum(names.values()), tuple(names)) for kind, names in self._counts.items())

    def point(self, name: str, value: float, step: int | None, time: float, writer: str) -> Point | None:
        """Return a point, or None where Tora cannot have it; then it is counted."""
        try:
            validation.metric_name(name)
        except ToraValidationError:
            self.add("points of metrics with a name that is too long or has control characters", name)
            return None
        if step is not None and not 0 <= step <= validation.MAX_STEP:
            self.add("points at negative steps", name)
            return None
        if not 0 <= time <= LATEST:
            self.add("points at times before 1970 or after 9999", name)
            return None
        return Point(name, value, step, time, writer, None)

    def name(self, given: str, otherwise: str) -> str:
        """Return a run's name as an experiment can have it."""
        name = "".join(each for each in given if each.isprintable()).strip()
        if len(name) > validation.MAX_NAME:
            self.add("names that were cut", given)
        return name[: validation.MAX_NAME].strip() or otherwise

    def notes(self, given: str | None) -> str | None:
        """Return a run's notes; None where there are none, or Tora cannot have them."""
        try:
            return validation.notes(given or None)
        except ToraValidationError:
            self.add("notes beyond Tora's limits", "notes")
            return None

    def context(self, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return what made a run, as far as it is not too much."""
        try:
            return validation.context(given)
        except ToraValidationError:
            self.add("contexts beyond Tora's limits", ", ".join(given))
            return {}

    def hyperparams(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return the hyperparameters that Tora takes; nested ones are flattened with dots."""
        found: dict[str, Any] = {}
        for key, value in given.items():
            try:
                flat = validation.hyperparams({key: value})
            except ToraValidationError:
                self.add("hyperparameters beyond Tora's limits", key)
                continue
            for name, each in flat.items():
                if len(found) < validation.MAX_HYPERPARAMS:
                    found[name] = each
                else:
                    self.add("hyperparameters beyond Tora's limits", name)
        return found

    def tags(self, given: Iterable[str]) -> tuple[str, ...]:
        """Return the tags that Tora takes."""
        found: list[str] = []
        for tag in dict.fromkeys(given):
            try:
                found = list(validation.tags([*found, tag]))
            except ToraValidationError:
                self.add("tags beyond Tora's limits", tag)
        return tuple(found)


@frozen(kw_only=True)
class Run:
    """One run.

    Attributes:
        kind: What it comes from.
        identity: What it is known by there, the same however long it grows.
        name: Its name there.
        points: Reads its points from the beginning.
        count: How many there are.
        ended: When it did; None where nobody knows.
        status: ``running`` where the source does not say that it ended.
        left: What could not be taken.
    """

    kind: Kind
    identity: str
    name: str
    points: Callable[[], Iterator[Point]]
    count: int
    description: str | None = None
    hyperparams: Mapping[str, Any] = field(factory=dict)
    tags: Sequence[str] = ()
    context: Mapping[str, Any] = field(factory=dict)
    notes: str | None = None
    started: dt.datetime | None = None
    ended: dt.datetime | None = None
    status: Literal["running", "finished", "failed", "stopped"] = "finished"
    left: Sequence[Left] = ()


@frozen
class Source:
    """What lies at one place: runs, and what belongs to none of them and is left out."""

    runs: Sequence[Run]
    left: Sequence[Left] = ()


def writer_of(kind: Kind, *identity: str) -> str:
    """Return the id of the writer that a part of a run, such as one of its files, is stored as."""
    return f"{kind}-{uuid.uuid5(_NAMESPACE, repr((kind, *identity))).hex}"


def instant_of(seconds: float | None) -> dt.datetime | None:
    """Return Unix seconds as a time; None where there are none, or none of this calendar."""
    if seconds is None or not 0 <= seconds <= LATEST:
        return None
    return dt.datetime.fromtimestamp(seconds, dt.UTC)
