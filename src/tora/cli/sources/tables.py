"""Tables of others: CSV files with a row for each step and a column for each metric."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from attrs import frozen

from tora import validation
from tora.cli.points import Point
from tora.cli.sources.records import Run, Source, Tally, instant_of, writer_of
from tora.errors import ToraValidationError

__all__ = ["PATTERN", "Columns", "source"]

PATTERN: Final = "*.csv"
_STEPS: Final = frozenset({"step", "_step", "global_step"})
_TIMES: Final = frozenset({"timestamp", "_timestamp", "wall time", "wall_time"})
_DELIMITERS: Final = ",;\t"


@frozen
class Columns:
    """Which columns are no metrics; None takes one of a usual name where there is one."""

    step: str | None = None
    time: str | None = None


@frozen
class _Table:
    path: Path
    delimiter: str
    names: Sequence[str]
    step: int | None
    time: int | None
    otherwise: float
    """The time of points where no column has it: when the file was last written."""


def source(path: Path, columns: Columns) -> Source:
    """Return the run of a file, or one for each file of a folder and all folders in it.

    Raises:
        ToraValidationError: A file cannot be read, or has no such column, or a wrong step or time.
    """
    if path.is_file():
        return Source([_run(path, path.stem, columns)])
    files = sorted(path.rglob(PATTERN))
    return Source([_run(file, file.relative_to(path).with_suffix("").as_posix(), columns) for file in files])


def _run(path: Path, name: str, columns: Columns) -> Run:
    try:
        table = _table(path, columns)
        # Files of other runs may be called the same; a first row tells a file from what replaced it.
        identity = repr((str(path.resolve()), _first(table)))
        tally = Tally()
        times = [point.time for point in _points(table, identity, tally)]
    except (OSError, UnicodeDecodeError, csv.Error) as exc:
        raise ToraValidationError(f"cannot read {path}: {exc}") from exc
    known = times if table.time is not None else []
    return Run(
        kind="csv",
        identity=identity,
        name=tally.name(name, "table"),
        points=lambda: _points(table, identity, Tally()),
        count=len(times),
        description=f"Imported from the table {path.name!r}",
        started=instant_of(min(known, default=None)),
        ended=instant_of(max(known, default=None)),
        left=tally.left(),
    )


def _table(path: Path, columns: Columns) -> _Table:
    with path.open(encoding="utf-8-sig", newline="") as file:
        head = file.readline()
        delimiter = max(_DELIMITERS, key=head.count)
        names = next(csv.reader([head], delimiter=delimiter, strict=True), [])
    if len(set(names)) < len(names) or not any(names):
        raise ToraValidationError(
            f"{path}: its first line must name the columns, each once, got {validation.shown(head.strip())}"
        )
    step, time = _place(path, names, columns.step, _STEPS), _place(path, names, columns.time, _TIMES)
    return _Table(path, delimiter, names, step, time, path.stat().st_mtime)


def _place(path: Path, names: Sequence[str], wanted: str | None, usual: frozenset[str]) -> int | None:
    if wanted is None:
        return next((place for place, name in enumerate(names) if name.strip().lower() in usual), None)
    if wanted not in names:
        raise ToraValidationError(f"{path} has no column {wanted!r}; it has {', '.join(map(repr, names))}")
    return names.index(wanted)


def _rows(table: _Table) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows with their numbers; the first one is the names."""
    with table.path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.reader(file, delimiter=table.delimiter, strict=True)
        next(rows, None)
        for number, row in enumerate(rows, 2):
            if len(row) > len(table.names):
                raise ToraValidationError(
                    f"{table.path}, row {number:,}: it has {len(row)} fields, and there are {len(table.names)} columns"
                )
            if row:
                yield number, row


def _first(table: _Table) -> Mapping[str, str]:
    """Return what is in the first row: columns that come later change nothing in it."""
    for _, row in _rows(table):
        return {name: cell for name, cell in sorted(zip(table.names, row, strict=False)) if cell}
    return {}


def _points(table: _Table, identity: str, tally: Tally) -> Iterator[Point]:
    # A column of its own writer: one that is added later changes no other's numbers.
    writers = {name: writer_of("csv", identity, name) for name in table.names}
    for number, row in _rows(table):
        step, time = _step(table, number, row), _time(table, number, row)
        for place, (name, cell) in enumerate(zip(table.names, row, strict=False)):
            if place in {table.step, table.time} or not cell.strip():
                continue
            try:
                value = float(cell)
            except ValueError:
                tally.add("cells that are no numbers", name)
                continue
            point = tally.point(name, value, step, time, writers[name])
            if point is not None:
                yield point


def _cell(row: Sequence[str], place: int | None) -> str:
    return row[place].strip() if place is not None and place < len(row) else ""


def _step(table: _Table, number: int, row: Sequence[str]) -> int | None:
    cell = _cell(row, table.step)
    if not cell:
        return None
    try:
        return int(cell) if cell.lstrip("+-").isdigit() else validation.step(float(cell))
    except ValueError as exc:
        raise _wrong(table, number, table.step, "a step, which is a whole number", cell) from exc


def _time(table: _Table, number: int, row: Sequence[str]) -> float:
    cell = _cell(row, table.time)
    if not cell:
        return table.otherwise
    try:
        return float(cell)
    except ValueError:
        try:
            found = dt.datetime.fromisoformat(cell)
        except ValueError as exc:
            raise _wrong(table, number, table.time, "a time, in Unix seconds or as ISO 8601", cell) from exc
    return (found if found.tzinfo else found.replace(tzinfo=dt.UTC)).timestamp()


def _wrong(table: _Table, number: int, place: int | None, what: str, cell: str) -> ToraValidationError:
    name = "" if place is None else table.names[place]
    return ToraValidationError(
        f"{table.path}, row {number:,}: the column {name!r} must be {what}, got {validation.shown(cell)}; "
        "--step and --time name other columns"
    )
