"""The end of the process, and the beginning of a forked one: every open client is told."""

from __future__ import annotations

import asyncio
import atexit
import concurrent.futures
import contextlib
import os
import signal
import sys
import threading
from types import FrameType
from typing import Final, Protocol
from weakref import WeakSet

from tora.models import Stats
from tora.types import Status

__all__ = ["Client", "end_on_sigterm", "outcome", "register", "unregister"]

GRACE: Final = 2.0  # seconds beyond a client's own limit, for a loop that is busy


class Client(Protocol):
    """What is told of the end and of a fork."""

    @property
    def loop(self) -> asyncio.AbstractEventLoop | None:
        """The loop that the client belongs to."""

    @property
    def limit(self) -> float:
        """How many seconds its end may take."""

    async def end(self, status: Status, timeout: float) -> Stats:
        """Deliver what waits, say how it ended, and close."""

    def begin_anew(self) -> None:
        """Become a new writer in a forked child."""


# Strong references: a client that nobody holds any more may still have metrics to send.
_open: set[Client] = set()
# A forked child renews closed clients too, so that none keeps a descriptor of the parent's.
_alive: WeakSet[Client] = WeakSet()
_watching: Final = threading.Event()


def register(client: Client) -> None:
    """Take care of a client from now on."""
    if not _watching.is_set():
        _watching.set()
        atexit.register(_at_exit)
    _open.add(client)
    _alive.add(client)


def unregister(client: Client) -> None:
    """Let go of a client that has ended."""
    _open.discard(client)


def outcome(exc: BaseException | None) -> Status:
    """Return how a run ended that was left by an exception, or by none."""
    if exc is None or (isinstance(exc, SystemExit) and exc.code in {None, 0}):
        return "finished"
    return "stopped" if isinstance(exc, (KeyboardInterrupt, asyncio.CancelledError)) else "failed"


def _at_exit() -> None:
    # The interpreter keeps the exception that ended the script; a notebook's last error ended nothing.
    by_hand = hasattr(sys, "ps1") or "ipykernel" in sys.modules
    _end_all(outcome(None if by_hand else getattr(sys, "last_value", None)))


def _end_all(status: Status) -> None:
    """End all open clients at once, so that the exit takes as long as the slowest, not as their sum."""
    ends: list[tuple[concurrent.futures.Future[Stats], float]] = []
    stranded: list[Client] = []
    here = _running_loop()
    for client in list(_open):
        loop = client.loop
        if loop is None or not loop.is_running():
            stranded.append(client)
        elif loop is not here:  # the loop that this very call interrupts cannot be waited for
            ends.append((asyncio.run_coroutine_threadsafe(client.end(status, client.limit), loop), client.limit))
    if stranded and here is None:
        asyncio.run(_end_here(stranded, status))
    for end, limit in ends:
        with contextlib.suppress(concurrent.futures.TimeoutError):  # its loop is stuck; the journal has it all
            end.result(limit + GRACE)


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


async def _end_here(clients: list[Client], status: Status) -> None:
    await asyncio.gather(*(client.end(status, client.limit) for client in clients))


def _begin_anew() -> None:
    _open.clear()
    for client in list(_alive):
        client.begin_anew()


os.register_at_fork(after_in_child=_begin_anew)


def end_on_sigterm() -> None:
    """End all clients at SIGTERM, where this is the main thread and nobody else handles the signal."""
    if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _on_sigterm)


def _on_sigterm(number: int, frame: FrameType | None) -> None:
    del frame
    _end_all("stopped")
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)  # so that the parent sees what ended the process
