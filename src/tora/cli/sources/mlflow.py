"""MLflow's stores: databases (``mlflow.db``, SQLite) and folders (``mlruns``).

They are read as they lie, without the package: MLflow refuses databases of other versions than its own until they are
changed, refuses folders of late, makes missing parts of a store when it opens one, and sorts the points of a
metric by their times, by which a point that comes late would change the numbers of all that follow.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import unquote, urlparse

from attrs import frozen

from tora.cli.sources.records import Tally

__all__ = ["DATABASE", "STATUSES", "Described", "count_artifacts", "described", "value_of"]

DATABASE: Final = b"SQLite format 3\x00"
"""How a database begins."""

STATUSES: Final[Mapping[str, Literal["running", "finished", "failed", "stopped"]]] = {
    "FINISHED": "finished",
    "FAILED": "failed",
    "KILLED": "stopped",
}
"""What MLflow's statuses are here; the others are of runs that have not ended."""

_NOTE: Final = "mlflow.note.content"
_ELSEWHERE: Final = frozenset({_NOTE, "mlflow.runName"})
"""Tags that are notes and name here."""

_LARGE: Final = 2_000
"""Bytes of a tag of MLflow's own beyond which it is data, not a remark."""


@frozen
class Described:
    """What a run's parameters and tags are here."""

    hyperparams: Mapping[str, Any]
    tags: tuple[str, ...]
    context: Mapping[str, Any]
    notes: str | None


def described(params: Mapping[str, str], tags: Mapping[str, str], experiment: str, tally: Tally) -> Described:
    """Return what a run's parameters and tags are here.

    Args:
        params: Its parameters, which are all texts there.
        tags: Its tags; those that MLflow sets itself begin with ``mlflow.`` and become context.
        experiment: What MLflow calls the group that the run is in.
        tally: Counts what cannot be taken.
    """
    own: dict[str, str] = {}
    for key, value in tags.items():
        if not key.startswith("mlflow."):
            continue
        if len(value.encode()) > _LARGE and key != _NOTE:
            tally.add("large tags of MLflow's own", key)
        elif key not in _ELSEWHERE:
            own[key.removeprefix("mlflow.")] = value
    return Described(
        hyperparams=tally.hyperparams({key: value_of(text) for key, text in params.items()}),
        tags=tally.tags(
            f"{key}={value}" if value else key for key, value in tags.items() if not key.startswith("mlflow.")
        ),
        context=tally.context({"mlflow": {"experiment": experiment} | own}),
        notes=tally.notes(tags.get(_NOTE)),
    )


def value_of(text: str) -> Any:
    """Return the number or truth value that a parameter's text is written as; the text where it is none exactly."""
    if text in {"True", "False"}:
        return text == "True"
    for number in (int, float):
        try:
            found = number(text)
        except ValueError:
            continue
        if str(found) == text and abs(found) < float("inf"):
            return found
    return text


def count_artifacts(uri: str | None, own: Path | None, tally: Tally) -> None:
    """Count the files of a run.

    Args:
        uri: Where it says that they are; files on this machine are counted one by one.
        own: The run's own folder for them, if it has one.
        tally: Counts them.
    """
    address = urlparse(uri or "")
    if address.scheme not in {"", "file"}:
        tally.add("artifacts that lie elsewhere", str(uri))
    named = Path(unquote(address.path)) if address.scheme == "file" or address.path.startswith("/") else None
    for folder in {each.resolve() for each in (own, named) if each is not None}:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                tally.add("artifacts", file.relative_to(folder).as_posix())
