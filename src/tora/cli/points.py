"""Points of a file: what Tora's own exports hold, read back exactly."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, Literal, TextIO

import msgspec
from attrs import frozen

from tora import validation, wire
from tora.errors import ToraValidationError

__all__ = ["COLUMNS", "LATEST", "About", "Point", "read_about", "read_points"]

COLUMNS: Final = ("name", "value", "step", "time", "writer", "metadata")
ROWS: Final = 10_000
LATEST: Final = 253_402_300_799.0
_SELECT: Final = "SELECT name, value, step, time, writer, metadata FROM read_parquet(?)"
_SELECT_ABOUT: Final = "SELECT decode(value) FROM parquet_kv_metadata(?) WHERE decode(key) = 'tora'"
_MAGIC: Final = b"PAR1"


@frozen
class Point:
    """One point.

    Attributes:
        writer: Who logged it; empty where nobody said so.
    """

    name: str
    value: float
    step: int | None
    time: float
    writer: str
    metadata: Mapping[str, Any] | None


class _Line(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    name: str
    value: float | Literal["NaN", "Infinity", "-Infinity"]
    time: float
    step: int | None = None
    writer: str | None = None
    metadata: dict[str, Any] | None = None


def read_points(path: Path) -> Iterator[Point]:
    """Yield the points of a CSV, JSONL or Parquet file in their order.

    Raises:
        ToraValidationError: It is none of these, or something in it is wrong; the message says where.
    """
    known: set[str] = set()
    number = 0
    try:
        with _opened(path) as (rows, line_of):
            for number, row in enumerate(rows, 1):  # noqa: B007  # for the messages
                yield _point(line_of(row), known)
    except (ToraValidationError, msgspec.MsgspecError, UnicodeDecodeError, ValueError) as exc:
        place = f"point {number:,}" if number else "its beginning"
        raise ToraValidationError(f"{path}, {place}: {exc}; it must be an export of Tora's") from exc
    except (OSError, csv.Error) as exc:
        reason = (exc.strerror if isinstance(exc, OSError) else None) or exc
        place = f" beyond point {number:,}" if number else ""
        raise ToraValidationError(f"cannot read {path}{place}: {reason}") from exc


class About(msgspec.Struct, rename="camel"):
    """What an export says of its experiment; of what it does not, nothing is known."""

    name: str | None = None
    description: str | None = None
    hyperparams: list[wire.Hyperparam] = []
    tags: list[str] = []
    notes: str | None = None
    status: str | None = None
    created_at: dt.datetime | None = None
    ended_at: dt.datetime | None = None


def read_about(path: Path) -> About:
    """Return what an export says of its experiment; only Parquet files have a place for it.

    Raises:
        ToraValidationError: What stands there is wrong.
    """
    try:
        with path.open("rb") as file:
            if file.read(len(_MAGIC)) != _MAGIC:
                return About()
        with _connected(path) as (connection, link):
            found = connection.execute(_SELECT_ABOUT, [link]).fetchone()
        return About() if found is None else msgspec.json.decode(found[0], type=About)
    except (OSError, msgspec.MsgspecError) as exc:
        raise ToraValidationError(f"{path}, its metadata: {exc}; it must be an export of Tora's") from exc


def _point(line: _Line, known: set[str]) -> Point:
    if line.name not in known:
        validation.metric_name(line.name)
        known.add(line.name)
    if not 0 <= line.time <= LATEST:
        raise ToraValidationError(f"time must be Unix seconds from 0 to {LATEST:.0f}, got {line.time}")
    return Point(
        line.name,
        float(line.value),
        validation.step(line.step),
        line.time,
        line.writer or "",
        validation.metadata(line.metadata),
    )


_Reading = tuple[Iterator[Any], Callable[[Any], _Line]]


@contextmanager
def _opened(path: Path) -> Iterator[_Reading]:
    """Yield the rows of a file, and what makes a line of one."""
    with path.open("rb") as file:
        begin = file.read(len(_MAGIC))
        file.seek(0)
        if begin == _MAGIC:
            with _parquet(path) as rows:
                yield rows, _of_parquet
        elif begin[:1] == b"{" or (not begin and path.suffix == ".jsonl"):
            yield iter(file), msgspec.json.Decoder(_Line).decode
        else:
            yield _csv(io.TextIOWrapper(file, "utf-8", newline="")), _of_csv


def _csv(text: TextIO) -> Iterator[list[str]]:
    rows = csv.reader(text, strict=True)
    head = tuple(next(rows, ()))
    if head != COLUMNS:
        raise ToraValidationError(f"the first line must be {','.join(COLUMNS)}, got {validation.shown(','.join(head))}")
    return rows


def _of_csv(row: list[str]) -> _Line:
    if len(row) != len(COLUMNS):
        raise ToraValidationError(f"a line must have {len(COLUMNS)} fields, got {len(row)}")
    name, value, step, time, writer, metadata = row
    kept = msgspec.json.decode(metadata, type=dict[str, Any]) if metadata else None
    return _Line(name, float(value), float(time), int(step) if step else None, writer, kept)


@contextmanager
def _parquet(path: Path) -> Iterator[Iterator[tuple[Any, ...]]]:
    with _connected(path) as (connection, link):
        found = connection.execute(_SELECT, [link])
        yield chain.from_iterable(iter(lambda: found.fetchmany(ROWS), []))


@contextmanager
def _connected(path: Path) -> Iterator[tuple[Any, str]]:
    """Yield a connection, and the file's name for it."""
    import duckdb

    # Under a name of ours: in theirs, a * or a [ would mean several files.
    with TemporaryDirectory() as folder:
        link = Path(folder) / "points.parquet"
        link.symlink_to(path.absolute())
        with duckdb.connect(config={"threads": 1, "memory_limit": "512MB"}) as connection:
            try:
                yield connection, str(link)
            except duckdb.Error as exc:
                raise ToraValidationError(f"it cannot be read as Parquet: {exc}") from exc


def _of_parquet(row: tuple[Any, ...]) -> _Line:
    name, value, step, time, writer, metadata = row
    if not isinstance(name, str) or not isinstance(value, float) or not isinstance(time, float):
        raise ToraValidationError("a name must be a text, and value and time doubles")
    kept = None if metadata is None else msgspec.json.decode(metadata, type=dict[str, Any])
    return _Line(name, value, time, step, writer, kept)
