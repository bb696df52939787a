"""Imported points on their way to a server, numbered so that none is stored twice.

Every series of an export of Tora's, which is one metric of one writer, is sent as a writer of its own. Its id follows
from the series' name, its writer and its first point, and a point's number is its place in the series. An export of
the same experiment that is longer, or has other metrics besides, goes on where the one before ended.

The points of other sources name the writers that they are sent as: parts of the source that only grow at their ends.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, Self

from attrs import define, field

from tora import validation, wire
from tora.cli.points import Point
from tora.errors import ToraAPIError, ToraError

if TYPE_CHECKING:
    from tora.cli.remote import Remote

__all__ = ["Storing"]

WINDOW: Final = 100_000
"""Points that are gathered before they are sent: exports mix their series."""

AT_ONCE: Final = 8
MAX_BYTES: Final = 4 * 1024 * 1024
READABLE: Final = 40
"""Characters of the original writer's id that stay in the new one."""


@define
class _Series:
    """What is numbered together: who sends it, how much came, and what waits."""

    writer: str
    through: int
    count: int = 0
    lines: list[bytes] = field(factory=list)


@define
class Storing:
    """Stores points in one experiment.

    Attributes:
        done: Points that were dealt with.
        stored: Those of them that were not there before.
    """

    _server: Remote
    _experiment: str
    _report: Callable[[int], None]
    _through: Mapping[str, int]
    _is_export: bool
    done: int = 0
    stored: int = 0
    _series: dict[tuple[str, str], _Series] = field(factory=dict)
    _names: set[str] = field(factory=set)
    _limit: asyncio.Semaphore = field(factory=lambda: asyncio.Semaphore(AT_ONCE))

    @classmethod
    async def into(
        cls, server: Remote, experiment: str, report: Callable[[int], None], *, is_export: bool = False
    ) -> Self:
        """Return what stores into an experiment.

        Args:
            server: Where it is.
            experiment: Its id.
            report: Told of each number of points that were dealt with.
            is_export: Whether the points are of an export of Tora's; those of others name their new writers.
        """
        writers = await server.get(f"/experiments/{experiment}/writers")
        return cls(server, experiment, report, {each["writer"]: each["through"] for each in writers}, is_export)

    @property
    def metrics(self) -> int:
        """How many metrics the points are of."""
        return len(self._names)

    async def store(self, points: Iterable[Point]) -> None:
        """Store points.

        Raises:
            ToraError: It could not be stored; what was stored before stays.
        """
        waiting = 0
        for point in points:
            self._take(point)
            waiting += 1
            if waiting == WINDOW:
                await self._send()
                waiting = 0
        await self._send()
        await self._together([self._end(one.writer) for one in self._series.values() if one.count > one.through])

    def _take(self, point: Point) -> None:
        line = wire.encode_metric(point.name, point.value, point.step, point.metadata, point.time)
        self._names.add(point.name)
        key = (point.name if self._is_export else "", point.writer)
        one = self._series.get(key)
        if one is None:
            writer = _writer(point.writer, line) if self._is_export else point.writer
            one = self._series[key] = _Series(writer, self._through.get(writer) or 0)
        one.count += 1
        if one.count <= one.through:
            self.done += 1
            self._report(1)
        else:
            one.lines.append(line)

    async def _send(self) -> None:
        """Send what waits, several series at once; each in its order."""
        await self._together([self._send_series(one) for one in self._series.values() if one.lines])

    async def _together(self, calls: Sequence[Coroutine[None, None, None]]) -> None:
        """Make calls at the same time; the first that fails ends the others."""
        failed: ToraError | None = None
        try:
            async with asyncio.TaskGroup() as tasks:
                for call in calls:
                    tasks.create_task(call)
        except* ToraError as group:
            failed = _first(group)
        if failed is not None:
            raise failed

    async def _send_series(self, one: _Series) -> None:
        lines, one.lines = one.lines, []
        first = one.count - len(lines) + 1
        for part in _parts(lines):
            async with self._limit:
                await self._post("logs/batch", wire.batch_body(one.writer, first, b"".join(part)))
            first += len(part)
            self.done += len(part)
            self.stored += len(part)
            self._report(len(part))

    async def _end(self, writer: str) -> None:
        async with self._limit:
            body = wire.encode({"writer": writer, "status": "finished"})
            await self._post("heartbeat", body)

    async def _post(self, call: str, body: bytes) -> None:
        from tora._async.adoption import SendingError, patiently

        path = f"/experiments/{self._experiment}/{call}"
        try:
            await patiently(lambda: self._server.answer("POST", path, body))
        except SendingError as exc:
            raise ToraAPIError(str(exc)) from exc


def _first(group: BaseExceptionGroup[ToraError]) -> ToraError:
    first = group.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first


def _writer(original: str, first: bytes) -> str:
    """Return the id under which a series is sent; what the original is called stays readable in it."""
    mark = hashlib.sha256(original.encode() + b"\n" + first).hexdigest()[:20]
    return f"{re.sub(r'[^A-Za-z0-9_-]', '', original)[:READABLE] or 'import'}-{mark}"


def _parts(lines: Sequence[bytes]) -> list[Sequence[bytes]]:
    """Cut lines into what one request may hold."""
    parts: list[Sequence[bytes]] = []
    begin, size = 0, 0
    for place, line in enumerate(lines):
        if place - begin == validation.MAX_BATCH_METRICS or size + len(line) > MAX_BYTES:
            parts.append(lines[begin:place])
            begin, size = place, 0
        size += len(line)
    return [*parts, lines[begin:]]
