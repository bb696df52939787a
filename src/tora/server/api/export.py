"""Every point of an experiment as a file."""

from __future__ import annotations

import asyncio
import csv
import io
import re
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec
import numpy as np
from aiohttp import web
from attrs import evolve

from tora import fields, validation, wire
from tora.models import Experiment
from tora.server.context import CATALOG, METRICS, OPTIONS
from tora.server.metrics.base import Chunk
from tora.server.queries import read_query

__all__ = ["CONTENT_TYPES", "ExportQuery", "export", "remove_leftovers"]

CONTENT_TYPES: Final = ("text/csv", "application/jsonl", "application/vnd.apache.parquet")

_PREFIX: Final = ".export."
_PART: Final = 1024 * 1024
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_ABOUT: Final = ("name", "description", "hyperparams", "tags", "notes", "status", "createdAt", "endedAt")
_FIELDS: Final = ("name", "value", "step", "time", "writer", "metadata")


class ExportQuery(msgspec.Struct):
    """The query of ``GET /experiments/{id}/export``."""

    format: Literal["csv", "jsonl", "parquet"] = "csv"
    name: list[fields.MetricName] = []
    spreadsheet: Annotated[
        bool, msgspec.Meta(description="A name that would be taken for a formula begins with '.")
    ] = False


async def export(request: web.Request) -> web.StreamResponse:
    """Send every point, or those of some metrics, raw, in the order of arrival."""
    experiment = request.match_info["id"]
    wanted = read_query(request, ExportQuery)
    names = [validation.metric_name(name) for name in wanted.name]
    record = await request.app[CATALOG].experiment(experiment)
    title = " ".join([record.name, *names[:1]])
    headers = {"Content-Disposition": f'attachment; filename="{_file_name(title, experiment)}.{wanted.format}"'}
    chunks = request.app[METRICS].export(experiment)
    if names:
        chunks = _only(chunks, names)
    if wanted.spreadsheet:
        chunks = _harmless(chunks)
    if wanted.format == "parquet":
        return await _parquet(request, chunks, headers, record)
    return await _text(request, chunks, headers, wanted.format)


async def _only(chunks: AsyncIterator[Chunk], names: Sequence[str]) -> AsyncIterator[Chunk]:
    """Yield the points of some metrics alone."""
    async for chunk in chunks:
        kept = np.isin(chunk.name, np.array(names, object))
        yield evolve(chunk, **{field: getattr(chunk, field)[kept] for field in _FIELDS})


async def _harmless(chunks: AsyncIterator[Chunk]) -> AsyncIterator[Chunk]:
    """Yield the points with names that no spreadsheet takes for a formula; nothing else can be taken for one."""
    async for chunk in chunks:
        names = [f"'{name}" if name.startswith(_FORMULA) else name for name in chunk.name.tolist()]
        yield evolve(chunk, name=np.array(names, object))


async def _text(
    request: web.Request, chunks: AsyncIterator[Chunk], headers: Mapping[str, str], kind: Literal["csv", "jsonl"]
) -> web.StreamResponse:
    content_type, head, rows = _TEXTS[kind]
    response = web.StreamResponse(headers={**headers, "Content-Type": content_type})
    await response.prepare(request)
    await response.write(head)
    async for chunk in chunks:
        await response.write(await asyncio.to_thread(rows, chunk))
    await response.write_eof()
    return response


async def _parquet(
    request: web.Request, chunks: AsyncIterator[Chunk], headers: Mapping[str, str], record: Experiment
) -> web.StreamResponse:
    from tora.server.metrics.parquet import write_parquet

    # A columnar file ends with its directory, so it is made whole before its first byte leaves.
    with tempfile.TemporaryDirectory(dir=request.app[OPTIONS].dir, prefix=_PREFIX) as folder:
        path = Path(folder) / "points.parquet"
        await write_parquet(path, chunks, _about(record))
        response = web.StreamResponse(headers={**headers, "Content-Type": "application/vnd.apache.parquet"})
        response.content_length = path.stat().st_size
        await response.prepare(request)
        with path.open("rb") as file:
            while part := await asyncio.to_thread(file.read, _PART):
                await response.write(part)
        await response.write_eof()
    return response


def _about(record: Experiment) -> str:
    """Return what an import makes the same experiment of, as JSON."""
    shown = wire.experiment_to_wire(record)
    return wire.encode({name: shown[name] for name in _ABOUT}).decode()


def remove_leftovers(folder: Path) -> None:
    """Remove files of exports that a killed server was making."""
    for path in folder.glob(f"{_PREFIX}*"):
        shutil.rmtree(path, ignore_errors=True)


def _file_name(name: str, experiment: str) -> str:
    """Return a name that every file system and HTTP header takes."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.")[:80] or experiment


def _csv_head() -> bytes:
    return (",".join(_FIELDS) + "\r\n").encode()


def _csv_rows(chunk: Chunk) -> bytes:
    text = io.StringIO()
    rows = zip(*_columns(chunk), strict=True)
    csv.writer(text).writerows((name, wire.number(value), *others) for name, value, *others in rows)
    return text.getvalue().encode()


def _jsonl_rows(chunk: Chunk) -> bytes:
    return b"".join(
        wire.encode(
            {
                "name": name,
                "value": wire.number(value),
                "step": step,
                "time": time,
                "writer": writer,
                "metadata": None if metadata is None else msgspec.Raw(metadata.encode()),
            }
        )
        + b"\n"
        for name, value, step, time, writer, metadata in zip(*_columns(chunk), strict=True)
    )


def _columns(chunk: Chunk) -> tuple[list[Any], ...]:
    return tuple(getattr(chunk, field).tolist() for field in _FIELDS)


_TEXTS: Final[Mapping[str, tuple[str, bytes, Callable[[Chunk], bytes]]]] = {
    "csv": ("text/csv; charset=utf-8; header=present", _csv_head(), _csv_rows),
    "jsonl": ("application/jsonl; charset=utf-8", b"", _jsonl_rows),
}
