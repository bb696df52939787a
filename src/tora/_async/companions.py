"""What goes on beside a writer: tasks of its loop that tell what made the run, how the machine fares, what is printed.

They are for the owner of an experiment alone. None of them raises, holds up a metric, or goes on in a forked
child; the end waits for them for a moment and no longer.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias
from urllib.parse import quote

import anyio

from tora import wire
from tora._async import background
from tora._async.beginning import Beginning
from tora._async.notices import logger
from tora.errors import ToraError, ToraMetricError
from tora.forks import no_fork

if TYPE_CHECKING:
    from tora._async.http import Api
    from tora._async.writer import Writer
    from tora.config import Settings

__all__ = ["Ask", "Companions", "ContextTeller", "MachineWatch", "begin", "known_at_once"]

QUIET_SECONDS: Final = 0.5  # a program has other things to do when it has just begun
TRY_AGAIN: Final = 30.0
FIRST_READING: Final = 1.0  # seconds after the start: rates need one to count from
SYSTEM_EVERY: Final = 15.0

Ask: TypeAlias = Callable[[], "Api"]
"""Return the calls to the server, those of the loop that delivers at the moment."""


class Companion(Protocol):
    """One of them.

    Attributes:
        seconds: How long its `finish` may take.
    """

    seconds: float

    async def run(self) -> None:
        """Go on until cancelled."""

    async def finish(self) -> None:
        """Do what is left at the end; may be cancelled."""

    def drop(self) -> None:
        """Let go of what is held, from any thread."""


class MachineWatch:
    """Logs what the machine is doing, each 15 seconds.

    Args:
        append: Accepts one encoded metric.
    """

    seconds = 0.0

    def __init__(self, append: Callable[[bytes], None]) -> None:
        self._append = append

    async def run(self) -> None:
        """Read and log until the client is closed."""
        due = time.monotonic() + SYSTEM_EVERY
        await asyncio.sleep(min(FIRST_READING, SYSTEM_EVERY))
        # In threads, and the library is loaded there as well: a loop of the user's waits for none of it.
        from tora._async.machine import Machine

        machine = await asyncio.to_thread(Machine)
        with contextlib.suppress(ToraMetricError):
            while True:
                await asyncio.sleep(due - time.monotonic())
                due = max(due, time.monotonic()) + SYSTEM_EVERY  # of a machine that slept, one reading tells enough
                metrics = await asyncio.to_thread(machine.metrics)
                now = time.time()
                for name, value in metrics.items():
                    self._append(wire.encode_metric(name, value, None, None, now))

    async def finish(self) -> None:
        """Do nothing: a reading that is not due tells nothing new."""

    def drop(self) -> None:
        """Do nothing: nothing is held."""


class ContextTeller:
    """Tells the server once what made the run.

    Args:
        path: The experiment's.
        ask: The calls to make.
        secrets: Values that are masked.
    """

    seconds = 1.0

    def __init__(self, path: str, ask: Ask, secrets: Collection[str]) -> None:
        self._path = path
        self._ask = ask
        self._secrets = secrets
        self._beginning = Beginning.now()
        self._found: Mapping[str, Any] | None = None
        self._is_told = False

    async def run(self) -> None:
        """Find out and tell, a little later, and again until the server has answered."""
        await asyncio.sleep(QUIET_SECONDS)
        self._found = await asyncio.to_thread(self._find_out, gpus=True)
        while not self._is_told:
            await self._tell(self._found)
            await asyncio.sleep(TRY_AGAIN)

    async def finish(self) -> None:
        """Tell what can be found out quickly, where nothing has been told."""
        if not self._is_told:
            await self._tell(self._found or await self._quickly())

    def drop(self) -> None:
        """Do nothing: nothing is held."""

    async def _quickly(self) -> Mapping[str, Any]:
        try:
            return await asyncio.to_thread(self._find_out, gpus=False)
        except RuntimeError:  # no thread is started any more when the interpreter ends
            return self._find_out(gpus=False)

    def _find_out(self, *, gpus: bool) -> Mapping[str, Any]:
        with no_fork:
            from tora._async import provenance

        return provenance.in_full(self._beginning, self._secrets, gpus=gpus)

    async def _tell(self, context: Mapping[str, Any]) -> None:
        api = self._ask()
        try:
            answer = await api.call("PATCH", self._path, wire.encode({"context": context}))
        except ToraError as exc:
            logger.debug("the context was not told: %s", exc)
            return
        # Older servers refuse it, and go on refusing.
        self._is_told = not answer.may_pass


class Companions:
    """All that go with one writer."""

    def __init__(self, members: Sequence[Companion] = ()) -> None:
        self._members = members
        self._tasks: list[asyncio.Task[None]] = []
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self) -> None:
        """Go on in the running loop; where they do already, do nothing."""
        if any(not task.done() for task in self._tasks):
            return
        self._loop = asyncio.get_running_loop()
        self._tasks = [background.start(_safely(each.run), f"tora-{type(each).__name__}") for each in self._members]

    def finish(self) -> asyncio.Task[None]:
        """End the tasks, and do what is left to do, which takes a moment; the result can be awaited, or cancelled."""
        self._cancel()
        return background.start(self._finish(), "tora-companions-end")

    async def _finish(self) -> None:
        await asyncio.gather(*(_finished(each) for each in self._members))

    def drop(self) -> None:
        """End the tasks and do nothing more, from any thread."""
        self._cancel()
        members, self._members = self._members, ()
        for each in members:
            each.drop()

    def _cancel(self) -> None:
        tasks, self._tasks = self._tasks, []
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # it was closed, and its tasks with it
                for task in tasks:
                    self._loop.call_soon_threadsafe(task.cancel)


async def _safely(work: Callable[[], Awaitable[None]]) -> None:
    """Do what is no part of training, and must not end it."""
    try:
        await work()
    except RuntimeError:
        logger.debug("no thread is started any more", exc_info=True)  # the interpreter is ending
    except Exception:  # noqa: BLE001  # whatever it is, training goes on
        logger.exception("Tora: what is recorded beside the metrics stops here; metrics are not affected")


async def _finished(companion: Companion) -> None:
    with anyio.move_on_after(companion.seconds):
        await _safely(companion.finish)


def begin(writer: Writer, *, console: bool = False, is_new: bool = False) -> Writer:
    """Return an owner with its companions, as the settings want them, which go on in the running loop.

    Args:
        writer: The owner.
        console: Whether what the program prints was asked for.
        is_new: Whether this writer has created the experiment.
    """
    settings, members = writer.settings, list[Companion]()
    if settings.system:
        members.append(MachineWatch(writer.append))
    if writer.binding.api is not None:
        path, ask = f"/experiments/{quote(writer.experiment.id, safe='')}", partial(_api_of, writer)
        if settings.context and is_new:
            members.append(ContextTeller(path, ask, _secrets(settings)))
        if settings.console or console:
            from tora._async.telling import ConsoleTeller

            members.append(ConsoleTeller(f"{path}/console", writer.id, ask, _openers(writer)))
    writer.companions = Companions(members)
    writer.companions.start()
    return writer


def known_at_once(settings: Settings) -> dict[str, Any]:
    """Return ``context`` of an experiment that no server is asked for; nothing where it is not wanted."""
    if not settings.context:
        return {}
    from tora._async import provenance

    return {"context": provenance.at_once(Beginning.now(), _secrets(settings))}


def _api_of(writer: Writer) -> Api:
    api = writer.binding.api
    assert api is not None  # noqa: S101  # a client that has a server keeps it
    return api


def _openers(writer: Writer) -> tuple[str, ...]:
    """Return what opens something on the server, and is printed at most for the eyes of who runs the program."""
    endpoint, token = _api_of(writer).endpoint, writer.experiment.write_token
    return tuple(secret for secret in (endpoint.opener, endpoint.key, token) if secret)


def _secrets(settings: Settings) -> tuple[str, ...]:
    return (settings.api_key,) if settings.api_key else ()
