"""``tora tail``: the points of a running experiment, as they come."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import TYPE_CHECKING, Annotated, Any, Final

import msgspec
import typer

from tora.cli.words import clean, note, number
from tora.errors import ToraAPIError, ToraNetworkError

if TYPE_CHECKING:
    from aiohttp import StreamReader

    from tora.cli.remote import Remote
    from tora.cli.sse import Event

__all__ = ["tail"]

SILENCE: Final = 60.0
"""Seconds without a sign of the server, which sends one every 15, after which the connection is made anew."""

AGAIN: Final = (1.0, 15.0)
"""Seconds before the connection is tried again, at first and at the most."""

_GOES_ON: Final = "running"


def tail(
    experiment: Annotated[str, typer.Argument(help="Its id, a beginning of it, or its name.")],
    metric: Annotated[list[str] | None, typer.Option(help="A metric to follow; repeatable; all by themselves.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print each point as one line of JSON.")] = False,
) -> None:
    """Print the new points of an experiment as they come, until it ends, or Ctrl-C.

    A connection that breaks is made anew, and goes on with what came meanwhile.
    """
    from tora.cli import finding, remote

    async def work(server: Remote) -> None:
        found = await finding.experiment(server, experiment)
        follower = _Follower(server, finding.path_of(found["id"]), set(metric or ()), as_json=as_json)
        note(f"{found['id']} ({found['name']}) was {await follower.follow()}.")

    remote.run("tail", work)


class _Follower:
    """Reads the events of one experiment until it ends."""

    def __init__(self, server: Remote, path: str, metrics: set[str], *, as_json: bool) -> None:
        self._server = server
        self._path = path
        self._metrics = metrics
        self._as_json = as_json
        self._seen: str | None = None

    async def follow(self) -> str:
        """Return how the experiment ended."""
        first, most = AGAIN
        pause = first
        while True:
            try:
                async with aclosing(self._events()) as events:
                    async for event in events:
                        pause = first
                        if status := await self._take(event):
                            return status
                reason = "the server ended the connection"  # it does when it ends itself
            except ToraAPIError as exc:
                if exc.status is not None and exc.status < 500 and exc.status not in {408, 429}:
                    raise
                reason = str(exc)
            except ToraNetworkError as exc:
                reason = str(exc)
            note(f"waiting: {reason}")
            await asyncio.sleep(pause)
            pause = min(pause * 2, most)
            await self._revive()

    async def _revive(self) -> None:
        try:
            await self._server.revive()
        except ToraNetworkError as exc:
            note(f"waiting: {exc}")

    async def _events(self) -> AsyncGenerator[Event]:
        from tora.cli import sse

        headers = {} if self._seen is None else {"Last-Event-ID": self._seen}
        async with self._server.stream(f"{self._path}/events", headers=headers, silence=SILENCE) as response:
            async for event in sse.events(_lines(response.content)):
                yield event

    async def _take(self, event: Event) -> str | None:
        """Print what an event tells; return how the experiment ended, if it did."""
        told = msgspec.json.decode(event.data)
        status: str | None = None
        if event.name == "points":
            for each in told["metrics"]:
                if not self._metrics or each["name"] in self._metrics:
                    await self._points(each)
        elif event.name == "experiment" and told["status"] != _GOES_ON:
            status = told["status"]
        self._seen = event.id or self._seen
        return status

    async def _points(self, told: dict[str, Any]) -> None:
        name = told["name"]
        if told.get("reload"):
            summaries = await self._server.get(f"{self._path}/metrics")
            summary = next((each for each in summaries if each["name"] == name), None)
            if summary is not None:
                note(
                    f"{name}: more points at once than are told one by one; there are {summary['count']:,} now, the "
                    f"last is {number(summary['last'])}. `tora export` has all."
                )
            return
        lines = (
            self._line(name, told["writer"], x, y, time)
            for x, y, time in zip(told["x"], told["y"], told["time"], strict=True)
        )
        typer.echo("\n".join(lines))

    def _line(self, name: str, writer: str | None, x: float, y: float | str, time: float) -> str:
        if self._as_json:
            point = {"name": name, "value": y, "step": x, "time": time, "writer": writer}
            return json.dumps(point)
        clock = dt.datetime.fromtimestamp(time, dt.UTC).astimezone().strftime("%H:%M:%S")
        return clean(f"{clock}  {x:>10}  {name}  {number(y)}")


async def _lines(content: StreamReader) -> AsyncIterator[bytes]:
    """Yield lines of any length: an event with thousands of points is one."""
    rest = b""
    async for part in content.iter_any():
        *whole, rest = (rest + part).split(b"\n")
        for line in whole:
            yield line
