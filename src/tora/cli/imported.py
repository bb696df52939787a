"""What is told of an import: what was taken of each run, and what was not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from attrs import asdict, frozen

from tora.cli.sources.records import Left, Run
from tora.cli.words import say, say_json, table

__all__ = ["Imported", "tell"]

_NAMED: Final = 5
_HEAD: Final = ("run", "experiment", "points", "new", "metrics", "params", "tags", "status", "url")


@frozen
class Imported:
    """One run that was imported.

    Attributes:
        source: Where it lay.
        stored: How many of its points were not there before.
    """

    source: str
    run: Run
    experiment: str
    name: str
    url: str
    stored: int
    metrics: int


def tell(done: Sequence[Imported], besides: Mapping[str, Iterable[Left]], *, as_json: bool) -> None:
    """Print what became of an import.

    Args:
        done: Runs that were imported.
        besides: What was left out of each source and belongs to no run.
        as_json: Whether as a document.
    """
    if as_json:
        left = [{"source": source} | asdict(each) for source, lefts in besides.items() for each in lefts]
        say_json({"runs": [_document(one) for one in done], "left": left})
        return
    if done:
        table(_HEAD, [_row(one) for one in done], right=_HEAD[2:7], keep=("url",))
    for one in done:
        if one.run.left:
            say(f"{one.run.name}: not taken: {', '.join(map(_counted, one.run.left))}")
    for source, lefts in besides.items():
        if told := ", ".join(map(_counted, lefts)):
            say(f"{source}: not taken: {told}")


def _document(one: Imported) -> dict[str, Any]:
    return {
        "source": one.source,
        "kind": one.run.kind,
        "run": one.run.name,
        "experiment": one.experiment,
        "name": one.name,
        "url": one.url,
        "points": one.run.count,
        "stored": one.stored,
        "metrics": one.metrics,
        "params": len(one.run.hyperparams),
        "tags": list(one.run.tags),
        "status": one.run.status,
        "left": [asdict(each) for each in one.run.left],
    }


def _row(one: Imported) -> tuple[str, ...]:
    run = one.run
    counts = (run.count, one.stored, one.metrics, len(run.hyperparams), len(run.tags))
    return run.name, one.experiment, *(f"{count:,}" for count in counts), run.status, one.url


def _counted(left: Left) -> str:
    names = ", ".join(left.names[:_NAMED]) + (", ..." if len(left.names) > _NAMED else "")
    return f"{left.count:,} {left.kind} ({names})"
