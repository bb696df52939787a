"""How data comes from the server that the settings name; `tora._async.reading` says what each call promises."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, Literal

from attrs import frozen

from tora import validation
from tora._async import exporting
from tora._async.columns import Columns, Series
from tora._async.http import Answer, read, refusal
from tora._async.listing import NO_METRIC, Page, pages
from tora._async.records import ExperimentShown, SeriesShown, SummaryShown
from tora._async.remote import Query, Remote, connected, data_of, path_of
from tora.config import Settings
from tora.errors import ToraError, ToraExperimentError, ToraValidationError, ToraWorkspaceError
from tora.forks import no_fork
from tora.models import Experiment, Summary
from tora.types import ExportFormat, Status

__all__ = ["Reader"]

AT_ONCE: Final = 100
"""Experiments in one question for series: their ids stand in the address, and so many answers in memory."""

SILENCE: Final = 60.0


@frozen
class Reader:
    """Asks the server of some settings. Holds no connection between two calls, or while a page is looked at."""

    _settings: Settings

    async def experiments(
        self,
        q: str | None,
        expression: str | None,
        tags: Sequence[str],
        status: Status | None,
        workspace: str | None,
        archived: bool | None,  # noqa: FBT001  # the public call has it by name alone
        sort: str | None,
        limit: int | None,
        metrics: Sequence[str] | None,
    ) -> AsyncIterator[Experiment]:
        """Yield experiments page by page."""
        wanted = validation.tags(tags)
        query: Query = {
            "q": q,
            "filter": _with_tags(expression, wanted[1:]),
            "tag": wanted[0] if wanted else None,
            "status": status,
            "workspace": workspace,
            "archived": _archived(archived),
            "sort": sort,
            "metric": [] if metrics is None else [*_listed("metrics", metrics)] or [NO_METRIC],
        }
        url = ""

        async def get(part: Query) -> Page[ExperimentShown]:
            nonlocal url
            async with self._connected(ToraWorkspaceError) as server:
                url = server.url
                page: Page[ExperimentShown] = await server.get("/experiments", part, Page[ExperimentShown])
                return page

        async for page in pages(get, query, limit):
            for item in page.items:
                yield item.record(url)

    async def experiment(self, experiment_id: str) -> Experiment:
        """Return one experiment."""
        path = path_of(validation.experiment_id(experiment_id))
        async with self._connected() as server:
            shown: ExperimentShown = await server.get(path, shape=ExperimentShown)
            return shown.record(server.url)

    async def metrics(self, experiment_id: str) -> dict[str, Summary]:
        """Return summaries by name."""
        path = path_of(validation.experiment_id(experiment_id))
        async with self._connected() as server:
            shown: list[SummaryShown] = await server.get(f"{path}/metrics", shape=list[SummaryShown])
        return {each.name: each.record() for each in shown}

    async def points(self, experiment_id: str, names: str | Sequence[str] | None) -> Columns:
        """Return points; a Parquet file on the way is the quickest, and the only part that may be large."""
        with TemporaryDirectory(prefix="tora-") as folder:
            path = Path(folder) / "points.parquet"
            await self.export(experiment_id, path, "parquet", names)
            return await asyncio.to_thread(_points, path)

    async def export(
        self,
        experiment_id: str,
        path: str | os.PathLike[str],
        kind: ExportFormat | None,
        names: str | Sequence[str] | None,
        progress: exporting.Progress | None = None,
    ) -> int:
        """Write points to a file."""
        target, wanted = exporting.format_of(path, kind), _names(names)
        found = validation.experiment_id(experiment_id)
        async with self._connected() as server:
            return await exporting.export_to(Path(path), server, found, target, wanted, progress)

    async def series(
        self,
        experiments: str | Sequence[str],
        names: str | Sequence[str] | None,
        points: int,
        x: Literal["step", "time"],
        start: float | None,
        end: float | None,
        across: Literal["none", "writers"],
        by: str | None,
    ) -> list[Series]:
        """Return series as records."""
        ids = [validation.experiment_id(each) for each in _listed("experiments", experiments)]
        query: dict[str, Any] = {"name": _names(names), "points": points, "x": x, "from": start, "to": end}
        query |= {"across": across, "by": by}
        found: list[Series] = []
        async with self._connected() as server:
            for part in _parts(ids):
                found += await self._series(server, {"experiment": part, **query}, x)
        return found

    @staticmethod
    async def _series(server: Remote, query: Query, x: str) -> list[Series]:
        async with server.stream("/series", query, silence=SILENCE) as response:
            answer = await read(f"GET {server.url}/series", response)
        return await asyncio.to_thread(_records, answer, x)

    def _connected(self, missing: type[ToraError] = ToraExperimentError) -> AbstractAsyncContextManager[Remote]:
        """Give the server for a block.

        Args:
            missing: What a 404 means there.
        """
        return connected(self._settings, refused=partial(refusal, missing=missing))


def _points(path: Path) -> Columns:
    with no_fork:
        from tora._async.parquet import read_points
    return read_points(path)


def _records(answer: Answer, x: str) -> list[Series]:
    shown: SeriesShown = data_of(answer, SeriesShown)
    return shown.records(x)


def _archived(wanted: object) -> str:
    if wanted is not None and not isinstance(wanted, bool):
        raise ToraValidationError(f"archived must be True, False or None, got {validation.shown(wanted)}")
    return "all" if wanted is None else "yes" if wanted else "no"


def _parts(ids: list[str]) -> Iterator[list[str]]:
    return (ids[start : start + AT_ONCE] for start in range(0, len(ids), AT_ONCE))


def _listed(field: str, given: str | Sequence[str]) -> list[str]:
    if isinstance(given, str):
        return [given]
    try:
        return list(dict.fromkeys(given))
    except TypeError as exc:
        raise ToraValidationError(
            f"{field} must be a text or a sequence of texts, got {validation.shown(given)}"
        ) from exc


def _names(given: str | Sequence[str] | None) -> list[str]:
    """Return the metrics that are asked for, none for all; what is empty by mistake is not all."""
    if given is None:
        return []
    if not (names := [validation.metric_name(each) for each in _listed("names", given)]):
        raise ToraValidationError("names must hold the name of a metric, got none; leave it out for all metrics")
    return names


def _with_tags(expression: str | None, tags: Sequence[str]) -> str | None:
    """Return a filter that asks for tags as well: a list takes one tag by itself."""
    parts = [f"({expression})"] if expression and tags else [expression] if expression else []
    return " and ".join([*parts, *(f"tag = {_quoted(tag)}" for tag in tags)]) or None


def _quoted(text: str) -> str:
    escaped = text.replace("\\", r"\\").replace('"', r"\"")
    return f'"{escaped}"'
